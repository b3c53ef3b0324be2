//! Identity-based encryption, re-encryption shares and key ceremonies on BLS12-381.
//!
//! A writer seals a content key to an [`Identity`], which names a network, its key, a policy and
//! an item. Nodes that hold [`KeyShare`]s of the network's key turn an identity into [`Share`]s
//! for one reader's one-time key; a threshold of them [`open`]s the capsule. The exact bytes and
//! formulas are in this crate's `SPEC.md`, whose sections the modules cite.
//!
//! # Layout
//!
//! | | |
//! |---|---|
//! | [`Identity`] | what a key is encrypted to |
//! | [`NetworkKey`], [`NodePublicKey`], [`KeyShare`] | the committee's keys, and a node's two operations |
//! | [`ReaderSecret`], [`ReaderKey`] | the reader's one-time key |
//! | [`Capsule`], [`encapsulate`] | sealing a content key |
//! | [`Share`] | what a node returns |
//! | [`open`](fn@open), [`combine`](fn@combine) | from shares to the content key, and whom to blame |
//! | [`combine_key`], [`ItemKey`] | from shares to an identity's key itself, which can become public |
//! | [`dkg`] | the mathematics of key ceremonies |
//! | [`engine`] | arkworks and blst behind one seam |
//!
//! # What is absent
//!
//! Policies, I/O, clocks, sources of randomness and serialisation of secrets. Callers decide
//! *whether* and bring random bytes; this crate decides *how*.
//!
//! # Example
//!
//! ```
//! use stheno_crypto::*;
//!
//! // A committee of one, whose share is the whole key.
//! let share = KeyShare::from_secret_bytes(NodeIndex::new(1)?, &[7; 32])?;
//! let network_key = NetworkKey::from_bytes(&share.public_key().to_bytes())?;
//! let id = Identity::new(
//!     &NetworkId::derive(314, &[0; 20], 1),
//!     &network_key.fingerprint(),
//!     &PolicyDigest::of(b"a policy"),
//!     &ItemId::from_bytes([1; 32]),
//! );
//!
//! // The writer. Random bytes are the caller's; these are an example.
//! let capsule = Capsule::seal(&network_key, &id, b"header", &Cek::from_bytes([2; 32]), &[3; 32]);
//!
//! // The reader asks with a one-time key, the node answers, the reader opens.
//! let reader = ReaderSecret::from_seed(&[4; 32]);
//! let answer = share.share(1, &id, &reader.public(), &[5; 32], &[6; 32]);
//! let committee = CommitteeKeys { threshold: 1, network_key, node_keys: Default::default() };
//! let opened = open(&committee, &reader, &id, &capsule, b"header", &[answer], &[8; 32])?;
//! assert_eq!(opened.cek.expose_secret(), &[2; 32]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

mod blame;
mod capsule;
mod combine;
mod committee;
mod decode;
pub mod dkg;
mod encoding;
pub mod engine;
#[cfg(test)]
mod frozen;
mod identity;
mod interpolation;
mod item_key;
mod keys;
mod labels;
mod lagrange;
mod open;
mod reader;
mod scalar;
mod schnorr;
mod share;
mod subsets;
mod xmd;

pub use capsule::{Capsule, Cek, Encapsulation, Kek, encapsulate};
pub use combine::{Combined, CombinedShare, combine};
pub use committee::CommitteeKeys;
pub use decode::{DecodeError, ParseHexError};
pub use identity::{Identity, ItemId, KeyFingerprint, NetworkId, PolicyDigest};
pub use item_key::{CombinedKey, ItemKey, ItemKeyError, SealSecret, combine_key};
pub use keys::{KeyShare, NetworkKey, NodeIndex, NodePublicKey, PossessionProof};
pub use open::{OpenError, Opened, open};
pub use reader::{ReaderKey, ReaderSecret};
pub use share::{SHARE_BYTES, Share, ShareError};
pub use xmd::expand_message;
