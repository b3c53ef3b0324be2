//! The envelope's header: read strictly, kept as it stood on the wire.

use std::io::Read;

use ciborium::Value;

use crate::{BaseNonce, ChunkSize, Cipher, EnvelopeError, Recipient};

/// The largest header that is read: 1 MiB.
pub const MAX_HEADER_BYTES: usize = 1 << 20;
/// The size up to which other tools read a header in their first request: 4 KiB.
pub const COMMON_HEADER_BYTES: usize = 4096;

/// A parsed header.
///
/// The bytes are kept: the protected part is authenticated as it stood, and
/// fields that this version does not know survive a rewrap.
#[derive(Clone, Debug)]
pub struct Header {
    raw: Vec<u8>,
    cipher: Cipher,
    chunk_size: ChunkSize,
    chunk_count: Option<u64>,
    nonce: BaseNonce,
    recipients: Vec<Recipient>,
    metadata: Option<Value>,
}

impl Header {
    /// Reads a header, and not one byte more, so that `source` stands at the body.
    ///
    /// # Errors
    /// [`EnvelopeError::Header`] when it is not an envelope or malformed,
    /// [`EnvelopeError::Read`] when the source fails.
    #[allow(clippy::todo)]
    pub fn read(_source: &mut impl Read) -> Result<Self, EnvelopeError> {
        todo!()
    }

    /// The header's bytes as they stood on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.raw
    }

    /// How the body is encrypted.
    pub fn cipher(&self) -> Cipher {
        self.cipher
    }

    /// Plaintext bytes in every chunk but the last. Without meaning for [`Cipher::Aes256Gcm`].
    pub fn chunk_size(&self) -> ChunkSize {
        self.chunk_size
    }

    /// How many chunks the header says follow. Advisory and unauthenticated.
    pub fn chunk_count(&self) -> Option<u64> {
        self.chunk_count
    }

    /// The nonce of the body. Chunked bodies use the first seven bytes.
    pub fn nonce(&self) -> &BaseNonce {
        &self.nonce
    }

    /// Who can recover the content-encryption key. Empty when it comes from elsewhere.
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }

    /// The application's own map (−65792). Unauthenticated.
    pub fn metadata(&self) -> Option<&Value> {
        self.metadata.as_ref()
    }

    /// Whether the header commits to the content-encryption key (−65803).
    #[allow(clippy::todo)]
    pub fn commits_to_key(&self) -> bool {
        todo!()
    }
}
