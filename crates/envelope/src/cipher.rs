//! Body ciphers and their parameters.

use crate::labels;

/// Key bytes of every body cipher.
pub const KEY_BYTES: usize = 32;
/// Authentication tag bytes of every body cipher.
pub const TAG_BYTES: usize = 16;
/// Nonce bytes of every body cipher.
pub const NONCE_BYTES: usize = 12;

/// How a body is encrypted.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Hash)]
pub enum Cipher {
    /// Chunked AES-256-GCM STREAM (−65793): the format's own, readable by every FEE tool.
    #[default]
    ChunkedAes256Gcm,
    /// AES-256-GCM over the whole file (3): for small files and interoperability.
    Aes256Gcm,
    /// Chunked ChaCha20-Poly1305 STREAM (−65800, private use): where AES is slow.
    ChunkedChaCha20Poly1305,
}

impl Cipher {
    /// The COSE algorithm number.
    pub fn algorithm(self) -> i64 {
        match self {
            Self::ChunkedAes256Gcm => labels::CHUNKED_A256GCM,
            Self::Aes256Gcm => labels::A256GCM,
            Self::ChunkedChaCha20Poly1305 => labels::CHUNKED_CHACHA20_POLY1305,
        }
    }

    /// The cipher of a COSE algorithm number, if it is one of ours.
    pub fn from_algorithm(algorithm: i64) -> Option<Self> {
        match algorithm {
            labels::CHUNKED_A256GCM => Some(Self::ChunkedAes256Gcm),
            labels::A256GCM => Some(Self::Aes256Gcm),
            labels::CHUNKED_CHACHA20_POLY1305 => Some(Self::ChunkedChaCha20Poly1305),
            _ => None,
        }
    }

    /// Whether the body is a sequence of chunks, so that parts of it can be read.
    pub fn is_chunked(self) -> bool {
        self != Self::Aes256Gcm
    }

    /// Bytes of the nonce in the header: 7 for chunked bodies, 12 for a whole one.
    pub fn base_nonce_bytes(self) -> usize {
        if self.is_chunked() { 7 } else { NONCE_BYTES }
    }
}

impl std::fmt::Display for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ChunkedAes256Gcm => "aes-256-gcm",
            Self::Aes256Gcm => "aes-256-gcm-whole",
            Self::ChunkedChaCha20Poly1305 => "chacha20-poly1305",
        })
    }
}

impl std::str::FromStr for Cipher {
    type Err = UnknownCipher;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [
            Self::ChunkedAes256Gcm,
            Self::Aes256Gcm,
            Self::ChunkedChaCha20Poly1305,
        ]
        .into_iter()
        .find(|cipher| cipher.to_string() == name)
        .ok_or(UnknownCipher)
    }
}

/// A cipher's name was not recognised.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unknown cipher; use aes-256-gcm, chacha20-poly1305 or aes-256-gcm-whole")]
pub struct UnknownCipher;

/// Plaintext bytes in every chunk but the last.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct ChunkSize(u32);

impl ChunkSize {
    /// What is written unless another size is asked for, and what an absent label means: 256 KiB.
    pub const DEFAULT: Self = Self(256 << 10);
    /// The smallest size that is written: 4 KiB.
    pub const MIN_WRITTEN: Self = Self(4 << 10);
    /// The largest size that is written: 16 MiB.
    pub const MAX_WRITTEN: Self = Self(16 << 20);
    /// The largest size that is read: 64 MiB. The smallest is one byte.
    pub const MAX_READ: Self = Self(64 << 20);

    /// A size that may be written.
    ///
    /// # Errors
    /// Outside 4 KiB to 16 MiB.
    pub fn new(bytes: u32) -> Result<Self, ChunkSizeError> {
        if (Self::MIN_WRITTEN.0..=Self::MAX_WRITTEN.0).contains(&bytes) {
            Ok(Self(bytes))
        } else {
            Err(ChunkSizeError { bytes })
        }
    }

    /// A size found in a header: 1 byte to 64 MiB.
    pub(crate) fn from_header(bytes: u64) -> Option<Self> {
        u32::try_from(bytes)
            .ok()
            .filter(|bytes| (1..=Self::MAX_READ.0).contains(bytes))
            .map(Self)
    }

    /// The size in bytes.
    pub fn get(self) -> usize {
        self.0 as usize
    }
}

impl Default for ChunkSize {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A chunk size that this crate does not write.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("chunk size {bytes} is outside 4096 to 16777216 bytes")]
pub struct ChunkSizeError {
    /// What was asked for.
    pub bytes: u32,
}

/// Fresh randomness for the nonce of one body.
///
/// Twelve random bytes; chunked bodies use the first seven (the other five of a
/// chunk's nonce are its index and the last-chunk flag). A content-encryption
/// key is made for one file, so a pair of key and nonce never returns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BaseNonce([u8; NONCE_BYTES]);

impl BaseNonce {
    /// Takes twelve bytes from a cryptographic random source.
    pub fn from_bytes(bytes: [u8; NONCE_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; NONCE_BYTES] {
        &self.0
    }

    /// The part that stands in the header and enters every chunk's nonce.
    pub(crate) fn for_header(&self, cipher: Cipher) -> &[u8] {
        self.0
            .get(..cipher.base_nonce_bytes())
            .unwrap_or(self.0.as_slice())
    }
}
