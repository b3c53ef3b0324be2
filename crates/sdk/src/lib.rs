//! The Stheno SDK: encrypt to an on-chain condition, request, combine, open.

pub mod bounds;
pub mod clock;
pub mod ledger;
pub mod tally;
pub mod transport;

mod anchors;
mod client;
mod decrypt;
mod encrypt;
mod entropy;
mod error;
mod gather;
mod network_file;
mod request;
mod survey;
mod tuning;
mod wallet;

pub use client::Client;
pub use decrypt::{DecryptOptions, Decrypted, Event, Observer, Opened};
pub use encrypt::{EncryptOptions, Encrypted};
pub use error::Error;
pub use network_file::{NETWORK_FILE_VERSION, NetworkFile, NetworkFileError, NetworkNode};
pub use stheno_crypto as crypto;
pub use stheno_envelope as envelope;
pub use stheno_protocol as protocol;
pub use stheno_protocol::{ItemId, NetworkId, Policy, PolicyError};
pub use survey::Survey;
pub use tally::{Misbehaviour, NodeReport, Outcome, Tally};
pub use tuning::Tuning;
#[cfg(feature = "wallet")]
pub use wallet::Wallet;
pub use wallet::{Nobody, Reader, WalletError};
