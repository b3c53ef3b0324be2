//! The body: a file cut into chunks, each sealed for its place. SPEC.md §3.
//!
//! - this file: one chunk, its nonce and its place.
//! - [`layout`]: which chunk lies where.
//! - [`feed`]: a source, cut into batches of chunks.
//! - [`pipeline`]: batches through all cores, in order, in bounded memory.
//! - [`whole`]: algorithm 3, the file as one chunk.

pub(crate) mod feed;
pub(crate) mod layout;
pub(crate) mod pipeline;
pub(crate) mod whole;

use stheno_crypto::Cek;
use zeroize::Zeroizing;

use crate::aead::{BodyKey, Forged};
use crate::cipher::{NONCE_BYTES, TAG_BYTES};
use crate::{BaseNonce, Cipher, EnvelopeError, Header, commitment};

/// The most chunks of a body: an index has 32 bits.
pub(crate) const MAX_CHUNKS: u64 = 1 << 32;

/// What sealing and opening chunks of one body needs.
#[derive(Debug)]
pub(crate) struct Body {
    cipher: Cipher,
    key: BodyKey,
    aad: Vec<u8>,
    nonce: BaseNonce,
    chunk_size: usize,
}

impl Body {
    /// Checks the key against the header's commitment, if there is one.
    pub(crate) fn new(header: &Header, cek: &Cek) -> Result<Self, EnvelopeError> {
        commitment::check(header, cek)?;
        Ok(Self {
            cipher: header.cipher(),
            key: BodyKey::new(header.cipher(), cek),
            aad: header.body_aad(),
            nonce: *header.nonce(),
            chunk_size: header.chunk_size().get(),
        })
    }

    pub(crate) fn cipher(&self) -> Cipher {
        self.cipher
    }

    /// Plaintext bytes of every chunk but the last.
    pub(crate) fn chunk_size(&self) -> usize {
        self.chunk_size
    }

    /// Body bytes of every chunk but the last.
    pub(crate) fn sealed_chunk_size(&self) -> usize {
        self.chunk_size + TAG_BYTES
    }

    /// Seals one chunk; `sealed` is 16 bytes longer than `plaintext`.
    pub(crate) fn seal(
        &self,
        place: Place,
        plaintext: &[u8],
        sealed: &mut [u8],
    ) -> Result<(), EnvelopeError> {
        let nonce = self.nonce(place)?;
        self.key.seal(&nonce, &self.aad, plaintext, sealed);
        Ok(())
    }

    /// Opens one chunk; `plaintext` is 16 bytes shorter than `sealed`, and
    /// without meaning unless the result is `Ok`.
    pub(crate) fn open(
        &self,
        place: Place,
        sealed: &[u8],
        plaintext: &mut [u8],
    ) -> Result<(), EnvelopeError> {
        let nonce = self.nonce(place)?;
        self.key
            .open(&nonce, &self.aad, sealed, plaintext)
            .map_err(|Forged| self.diagnose(place, sealed, plaintext))
    }

    /// A chunk that opens with the other end mark was cut off after, or added to.
    fn diagnose(&self, place: Place, sealed: &[u8], scratch: &mut [u8]) -> EnvelopeError {
        let index = place.index;
        let other = Place {
            last: !place.last,
            ..place
        };
        let opens = self
            .chunk_nonce(other)
            .is_ok_and(|nonce| self.key.open(&nonce, &self.aad, sealed, scratch).is_ok());
        scratch.fill(0);
        match (opens, place.last) {
            (false, _) => EnvelopeError::Chunk { index },
            (true, true) => EnvelopeError::Truncated { index: index + 1 },
            (true, false) => EnvelopeError::Appended { index },
        }
    }

    /// What every chunk is authenticated with besides itself.
    pub(crate) fn aad(&self) -> &[u8] {
        &self.aad
    }

    /// The nonce of a chunk; that of algorithm 3 is the header's.
    pub(crate) fn nonce(&self, place: Place) -> Result<[u8; NONCE_BYTES], EnvelopeError> {
        match self.cipher.is_chunked() {
            true => self.chunk_nonce(place),
            false => Ok(*self.nonce.as_bytes()),
        }
    }

    /// `base nonce (7) ‖ index (4, BE) ‖ last (1)`.
    fn chunk_nonce(&self, place: Place) -> Result<[u8; NONCE_BYTES], EnvelopeError> {
        let index = u32::try_from(place.index).map_err(|_| EnvelopeError::TooManyChunks)?;
        let [a, b, c, d, e, f, g, ..] = *self.nonce.as_bytes();
        let [h, i, j, k] = index.to_be_bytes();
        Ok([a, b, c, d, e, f, g, h, i, j, k, u8::from(place.last)])
    }
}

/// Where in a body a chunk stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    /// From 0.
    pub(crate) index: u64,
    /// Whether it is the final one.
    pub(crate) last: bool,
}

/// A buffer that plaintext passes through: wiped when it is dropped.
pub(crate) type Buffer = Zeroizing<Vec<u8>>;

/// The first `length` bytes of `buffer`, which grows where it is shorter and
/// never shrinks, so that it is zeroed once. What it held moves along, and no
/// copy stays behind in freed memory.
pub(crate) fn room(buffer: &mut Buffer, length: usize) -> &mut [u8] {
    if buffer.len() < length {
        let mut grown = Zeroizing::new(vec![0; length]);
        for (to, from) in grown.iter_mut().zip(buffer.iter()) {
            *to = *from;
        }
        *buffer = grown;
    }
    buffer.get_mut(..length).unwrap_or_default()
}
