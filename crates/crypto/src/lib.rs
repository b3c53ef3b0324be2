//! Identity-based encryption, re-encryption shares and key ceremonies on BLS12-381. Pure.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]
#![allow(clippy::todo, unused_variables, dead_code)]

mod capsule;
mod decode;
pub mod dkg;
mod identity;
mod keys;
mod labels;
mod open;
mod reader;
mod share;

pub use capsule::{Capsule, Cek, Encapsulation, Kek, encapsulate};
pub use decode::{DecodeError, ParseHexError};
pub use identity::{Identity, ItemId, KeyFingerprint, NetworkId, PolicyDigest};
pub use keys::{KeyShare, NetworkKey, NodeIndex, NodePublicKey, PossessionProof};
pub use open::{Combined, CombinedShare, CommitteeKeys, OpenError, Opened, combine, open};
pub use reader::{ReaderKey, ReaderSecret};
pub use share::{SHARE_BYTES, Share, ShareError};
