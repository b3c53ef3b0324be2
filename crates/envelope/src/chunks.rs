//! Single chunks, for callers that fetch and store them in their own way.
//!
//! A caller with a faster cipher at hand, such as a browser's, takes nonce and
//! associated data from here and does the rest itself; a chunk that does not open
//! there is opened here again, for an error that says why.

use stheno_crypto::Cek;
use zeroize::Zeroizing;

use crate::body::{Body, Place, whole};
use crate::cipher::{NONCE_BYTES, TAG_BYTES};
use crate::{EnvelopeError, Header};

/// Seals single chunks of a body whose header is laid down. Every chunk must be
/// sealed once, and once only.
#[derive(Debug)]
pub struct ChunkSealer {
    body: Body,
}

impl ChunkSealer {
    /// Prepares to seal the body under `header`.
    ///
    /// # Errors
    /// [`EnvelopeError::WrongKey`] when the header commits to another key.
    pub fn new(header: &Header, cek: &Cek) -> Result<Self, EnvelopeError> {
        Ok(Self {
            body: Body::new(header, cek)?,
        })
    }

    pub(crate) fn of(body: Body) -> Self {
        Self { body }
    }

    /// What another implementation of the cipher needs to seal chunk `index`.
    ///
    /// # Errors
    /// [`EnvelopeError::TooManyChunks`].
    pub fn nonce(&self, index: u64, last: bool) -> Result<[u8; NONCE_BYTES], EnvelopeError> {
        self.body.nonce(Place { index, last })
    }

    /// What every chunk is authenticated with besides itself.
    pub fn aad(&self) -> &[u8] {
        self.body.aad()
    }

    /// Seals chunk `index` into `sealed`, which is 16 bytes longer. Every chunk but
    /// the last has the header's chunk size; algorithm 3 has one, number 0.
    ///
    /// # Errors
    /// [`EnvelopeError::TooManyChunks`]; [`EnvelopeError::Chunk`] when the sizes are wrong.
    pub fn seal(
        &self,
        index: u64,
        last: bool,
        plaintext: &[u8],
        sealed: &mut [u8],
    ) -> Result<(), EnvelopeError> {
        let whole = !self.body.cipher().is_chunked();
        let fits = match (whole, last) {
            (true, _) => index == 0 && last && plaintext.len() <= whole::MAX_WHOLE_BYTES,
            (false, true) => plaintext.len() <= self.body.chunk_size(),
            (false, false) => plaintext.len() == self.body.chunk_size(),
        };
        if !fits || plaintext.len().checked_add(TAG_BYTES) != Some(sealed.len()) {
            return Err(EnvelopeError::Chunk { index });
        }
        self.body.seal(Place { index, last }, plaintext, sealed)
    }
}

/// Opens single chunks, for callers that fetch them in their own way.
#[derive(Debug)]
pub struct ChunkOpener {
    body: Body,
}

impl ChunkOpener {
    /// Prepares to open chunks of the body under `header`; checks the key
    /// commitment if there is one.
    ///
    /// # Errors
    /// [`EnvelopeError::WrongKey`] when the commitment does not match.
    pub fn new(header: &Header, cek: &Cek) -> Result<Self, EnvelopeError> {
        Ok(Self {
            body: Body::new(header, cek)?,
        })
    }

    /// What another implementation of the cipher needs to open chunk `index`.
    ///
    /// # Errors
    /// As [`ChunkSealer::nonce`].
    pub fn nonce(&self, index: u64, last: bool) -> Result<[u8; NONCE_BYTES], EnvelopeError> {
        self.body.nonce(Place { index, last })
    }

    /// What every chunk is authenticated with besides itself.
    pub fn aad(&self) -> &[u8] {
        self.body.aad()
    }

    /// Opens chunk `index` with its tag. `last`: whether the body ends with it,
    /// which is checked too. The one chunk of algorithm 3 is number 0 and last.
    ///
    /// # Errors
    /// [`EnvelopeError::Chunk`], [`EnvelopeError::Truncated`],
    /// [`EnvelopeError::Appended`], [`EnvelopeError::TooManyChunks`].
    pub fn open(
        &self,
        index: u64,
        last: bool,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        if !self.body.cipher().is_chunked() {
            return if index == 0 && last {
                whole::open(&self.body, sealed)
            } else {
                Err(EnvelopeError::Chunk { index })
            };
        }
        let size = sealed
            .len()
            .checked_sub(TAG_BYTES)
            .ok_or(EnvelopeError::Truncated { index })?;
        let mut plaintext = Zeroizing::new(vec![0; size]);
        self.body
            .open(Place { index, last }, sealed, &mut plaintext)?;
        Ok(plaintext)
    }

    /// Opens chunk `index` of a chunked body into `plaintext`, which is 16 bytes
    /// shorter and without meaning after an error.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_into(
        &self,
        index: u64,
        last: bool,
        sealed: &[u8],
        plaintext: &mut [u8],
    ) -> Result<(), EnvelopeError> {
        if !self.body.cipher().is_chunked() || sealed.len() != plaintext.len() + TAG_BYTES {
            return Err(EnvelopeError::Chunk { index });
        }
        self.body.open(Place { index, last }, sealed, plaintext)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BaseNonce, Cipher, Decryptor, EncryptOptions, Encryptor};

    fn header(cipher: Cipher, cek: &Cek) -> Header {
        let options = EncryptOptions {
            cipher,
            chunk_size: crate::ChunkSize::MIN_WRITTEN,
            ..Default::default()
        };
        let nonce = BaseNonce::from_bytes([7; 12]);
        let encryptor = Encryptor::new(options, Vec::new(), cek, nonce);
        encryptor.unwrap().header().clone()
    }

    #[test]
    fn chunks_sealed_one_by_one_are_a_body() {
        let cek = Cek::from_bytes([9; 32]);
        for cipher in [
            Cipher::ChunkedAes256Gcm,
            Cipher::ChunkedChaCha20Poly1305,
            Cipher::Aes256Gcm,
        ] {
            for len in [0, 1, 4095, 4096, 4097, 3 * 4096] {
                let header = header(cipher, &cek);
                let sealer = ChunkSealer::new(&header, &cek).unwrap();
                let file: Vec<u8> = (0..len).map(|at| at as u8).collect();
                let size = if cipher.is_chunked() {
                    4096
                } else {
                    len.max(1)
                };
                let chunks: Vec<&[u8]> = match len {
                    0 => vec![&[]],
                    _ => file.chunks(size).collect(),
                };
                let mut body = Vec::new();
                for (index, chunk) in chunks.iter().enumerate() {
                    let last = index + 1 == chunks.len();
                    let mut sealed = vec![0; chunk.len() + TAG_BYTES];
                    sealer.seal(index as u64, last, chunk, &mut sealed).unwrap();
                    body.extend(sealed);
                }
                let mut opened = Vec::new();
                let decryptor = Decryptor::new(&header, &cek).unwrap();
                decryptor.decrypt(body.as_slice(), &mut opened).unwrap();
                assert_eq!(opened, file, "{cipher} {len}");
            }
        }
    }

    #[test]
    fn chunk_of_another_size_is_not_sealed() {
        let cek = Cek::from_bytes([9; 32]);
        let sealer = ChunkSealer::new(&header(Cipher::default(), &cek), &cek).unwrap();
        let file = vec![0; 5000];
        for (last, len, sealed) in [
            (false, 4095, 4111),
            (true, 4097, 4113),
            (true, 10, 10),
            (true, 10, 27),
        ] {
            let mut sealed = vec![0; sealed];
            let result = sealer.seal(0, last, &file[..len], &mut sealed);
            assert!(matches!(result, Err(EnvelopeError::Chunk { index: 0 })));
        }
    }

    #[test]
    fn nonce_and_associated_data_are_what_another_implementation_needs() {
        use aes_gcm::aead::{Aead, KeyInit, Payload};
        let cek = Cek::from_bytes([9; 32]);
        for cipher in [Cipher::ChunkedAes256Gcm, Cipher::Aes256Gcm] {
            let header = header(cipher, &cek);
            let sealer = ChunkSealer::new(&header, &cek).unwrap();
            let mut ours = [0; 21];
            sealer.seal(0, true, b"hello", &mut ours).unwrap();
            let other = aes_gcm::Aes256Gcm::new_from_slice(cek.expose_secret()).unwrap();
            let nonce = sealer.nonce(0, true).unwrap();
            let payload = Payload {
                msg: b"hello",
                aad: sealer.aad(),
            };
            let theirs = other.encrypt(&nonce.into(), payload).unwrap();
            assert_eq!(theirs, ours);
            let opener = ChunkOpener::new(&header, &cek).unwrap();
            assert_eq!(opener.nonce(0, true).unwrap(), nonce);
            assert_eq!(opener.aad(), sealer.aad());
        }
    }
}
