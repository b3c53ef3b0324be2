//! The Filecoin Encryption Envelope (FEE): a COSE header followed by ciphertext.
//!
//! Pure and streaming: no network, no clock, no global randomness. Every source
//! of bytes is a [`std::io::Read`], every sink a [`std::io::Write`]; memory does
//! not grow with the file. The bytes are written down in `SPEC.md`.
//!
//! # Layout
//!
//! - [`cipher`]: which body ciphers there are, chunk sizes, base nonces.
//! - [`header`]: the COSE header, read strictly and kept as it stood on the wire.
//! - [`recipient`]: who can recover the content-encryption key, and how.
//! - [`encrypt`], [`decrypt`]: whole bodies, in one pass, on all cores.
//! - [`read_at`], [`write_at`]: sources that can be read anywhere and sinks that can be written
//!   anywhere, by several cores at once.
//! - [`chunks`]: single chunks, for callers that fetch and store them in their own way.
//! - [`range`]: parts of a file.
//! - [`piece`]: PieceCID v2 of what passes.
//! - [`car`], [`unixfs`]: blocks, files and folders as IPFS has them, written and verified.
//! - [`split`]: an envelope cut into pieces that providers take.
//! - [`manifest`]: the index of an encrypted folder, and names that are safe to write.
//! - [`error`]: why an envelope was refused.
//! - [`labels`]: every COSE label and algorithm number, in one place.
//! - inside: `cbor`, `varint` (strict bytes), `block` (bytes and their CID), `aead` (the seam to the ciphers), `body`
//!   (chunks, their nonces, the pipeline), `commitment` (to the key).
//!
//! What is absent: finding shares or keys. This crate says what the header asks
//! for; the caller brings the content-encryption key.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

mod aead;
mod block;
mod body;
pub mod car;
mod cbor;
pub mod chunks;
pub mod cipher;
mod commitment;
pub mod decrypt;
pub mod encrypt;
pub mod error;
pub mod header;
pub mod labels;
pub mod manifest;
pub mod piece;
pub mod range;
pub mod read_at;
pub mod recipient;
pub mod split;
pub mod unixfs;
mod varint;
pub mod write_at;

pub use block::{BlockError, MAX_BLOCK_BYTES, check_block};
pub use body::layout::BodyLayout;
pub use body::whole::MAX_WHOLE_BYTES;
pub use chunks::{ChunkOpener, ChunkSealer};
pub use ciborium::Value;
pub use cid::Cid;
pub use cipher::{BaseNonce, ChunkSize, Cipher};
pub use decrypt::{Decrypted, Decryptor};
pub use encrypt::{EncryptOptions, Encrypted, Encryptor};
pub use error::{EnvelopeError, HeaderError};
pub use header::{Header, Location, ParseCidError, UnknownField};
pub use piece::{PieceCid, PieceHasher, PieceReader, PieceWriter, VerifyError};
pub use range::RangeReader;
pub use read_at::ReadAt;
pub use recipient::{
    Aes256KwRecipient, Locator, ParseKeyError, PolicyField, Recipient, SharedKey,
    ThresholdRecipient, UnknownRecipient, X25519Public, X25519Recipient, X25519Secret,
};
pub use split::{EnvelopeLayout, PieceLimits, Split, SplitError};
pub use write_at::WriteAt;
