//! Writing an envelope: header, then body, in one pass.

use std::io::{Read, Write};

use ciborium::Value;
use stheno_crypto::Cek;

use crate::{BaseNonce, ChunkSize, Cipher, EnvelopeError, Header, Recipient};

/// How to write an envelope.
#[derive(Clone, Debug, Default)]
pub struct EncryptOptions {
    /// Body cipher.
    pub cipher: Cipher,
    /// Plaintext bytes per chunk. Ignored by [`Cipher::Aes256Gcm`].
    pub chunk_size: ChunkSize,
    /// A map of the application's, stored in the clear and unauthenticated.
    pub metadata: Option<Value>,
    /// Length of the plaintext, where it is known before: the header then
    /// carries the chunk count, and an input of another length is an error.
    pub plaintext_len: Option<u64>,
    /// How many threads encrypt. `None`: as many as the machine has cores.
    pub threads: Option<std::num::NonZeroUsize>,
}

/// What was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Encrypted {
    /// Bytes of the header.
    pub header_len: u64,
    /// Bytes that were read.
    pub plaintext_len: u64,
    /// Bytes of the body, tags included.
    pub ciphertext_len: u64,
    /// Chunks of the body; 1 for algorithm 3.
    pub chunks: u64,
}

impl Encrypted {
    /// Bytes of the whole envelope.
    pub fn total_len(&self) -> u64 {
        self.header_len.saturating_add(self.ciphertext_len)
    }
}

/// Writes one envelope under one content-encryption key.
#[derive(Debug)]
pub struct Encryptor {
    header: Header,
}

impl Encryptor {
    /// Lays down the header. With no recipients the reader must bring the key.
    ///
    /// `cek` and `nonce` must be fresh: one key, one file.
    ///
    /// # Errors
    /// [`EnvelopeError::Unwritable`] when the options make no valid header.
    #[allow(clippy::todo)]
    pub fn new(
        _options: EncryptOptions,
        _recipients: Vec<Recipient>,
        _cek: &Cek,
        _nonce: BaseNonce,
    ) -> Result<Self, EnvelopeError> {
        todo!()
    }

    /// The header that will be written.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Writes header and body; reads `plaintext` to its end.
    ///
    /// # Errors
    /// [`EnvelopeError::Read`], [`EnvelopeError::Write`],
    /// [`EnvelopeError::LengthChanged`], [`EnvelopeError::TooManyChunks`],
    /// [`EnvelopeError::TooLargeForWhole`].
    #[allow(clippy::todo)]
    pub fn encrypt(
        self,
        _plaintext: impl Read + Send,
        _envelope: impl Write + Send,
    ) -> Result<Encrypted, EnvelopeError> {
        todo!()
    }
}
