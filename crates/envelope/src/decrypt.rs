//! Reading a body, in one pass.

use std::io::{Read, Write};
use std::num::NonZeroUsize;

use stheno_crypto::Cek;

use crate::{EnvelopeError, Header};

/// What was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Decrypted {
    /// Bytes that were written.
    pub plaintext_len: u64,
    /// Bytes of the body, tags included.
    pub ciphertext_len: u64,
    /// Chunks of the body; 1 for algorithm 3.
    pub chunks: u64,
}

/// Opens the body of one envelope.
#[derive(Debug)]
pub struct Decryptor {}

impl Decryptor {
    /// Prepares to open the body under `header`; checks the key commitment if there is one.
    ///
    /// # Errors
    /// [`EnvelopeError::WrongKey`] when the commitment does not match.
    #[allow(clippy::todo)]
    pub fn new(_header: &Header, _cek: &Cek) -> Result<Self, EnvelopeError> {
        todo!()
    }

    /// Sets how many threads decrypt, instead of as many as the machine has cores.
    pub fn threads(self, _threads: NonZeroUsize) -> Self {
        self
    }

    /// Opens the body, which begins where [`Header::read`] left the source, to its end.
    ///
    /// Every byte written has been authenticated; but only `Ok` says that it was
    /// all of them, so let no output appear under its final name before.
    ///
    /// # Errors
    /// [`EnvelopeError::Chunk`], [`EnvelopeError::Truncated`],
    /// [`EnvelopeError::ChunkCount`], [`EnvelopeError::Read`],
    /// [`EnvelopeError::Write`], [`EnvelopeError::TooManyChunks`],
    /// [`EnvelopeError::TooLargeForWhole`].
    #[allow(clippy::todo)]
    pub fn decrypt(
        self,
        _body: impl Read + Send,
        _plaintext: impl Write + Send,
    ) -> Result<Decrypted, EnvelopeError> {
        todo!()
    }
}
