//! Runs of chunks: what is sealed or opened at once, in memory that is used again.

use std::fmt;

use stheno_crypto::Cek;
use stheno_envelope::{
    ChunkOpener, ChunkSealer, EnvelopeError, Header, MAX_WHOLE_BYTES, cipher::TAG_BYTES,
};
use zeroize::Zeroizing;

use crate::Error;

/// Seals runs of chunks. Algorithm 3, the whole file, is one chunk.
pub(crate) struct RunSealer {
    sealer: ChunkSealer,
    chunk_size: usize,
}

/// Opens runs of chunks.
pub(crate) struct RunOpener {
    opener: ChunkOpener,
    chunk_size: usize,
    /// Algorithm 3: the one chunk is the whole file.
    whole: bool,
}

impl RunSealer {
    pub(crate) fn new(header: &Header, sealer: ChunkSealer) -> Self {
        Self {
            sealer,
            chunk_size: match header.cipher().is_chunked() {
                true => header.chunk_size().get(),
                false => MAX_WHOLE_BYTES,
            },
        }
    }

    /// Seals consecutive chunks, of which `first` is the first, into `sealed`; `last`: whether the body
    /// ends with them. All but the last chunk of a body are full; an empty run is one empty chunk.
    pub(crate) fn seal(
        &self,
        first: u64,
        last: bool,
        mut plaintext: &[u8],
        sealed: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let count = plaintext.len().div_ceil(self.chunk_size).max(1);
        let size = plaintext.len() + count * TAG_BYTES;
        if size > sealed.capacity() {
            *sealed = vec![0; size];
        }
        sealed.resize(size, 0);
        let mut spaces = sealed.as_mut_slice();
        for at in 0..count {
            let (chunk, rest) = plaintext.split_at(self.chunk_size.min(plaintext.len()));
            let (space, left) = spaces.split_at_mut(chunk.len() + TAG_BYTES);
            (plaintext, spaces) = (rest, left);
            let last = last && at + 1 == count;
            self.sealer.seal(first + at as u64, last, chunk, space)?;
        }
        Ok(())
    }
}

impl RunOpener {
    pub(crate) fn new(header: &Header, cek: &Cek) -> Result<Self, Error> {
        Ok(Self {
            opener: ChunkOpener::new(header, cek)?,
            chunk_size: header.chunk_size().get(),
            whole: !header.cipher().is_chunked(),
        })
    }

    /// Single chunks, for whoever opens them by another cipher.
    pub(crate) fn chunks(&self) -> &ChunkOpener {
        &self.opener
    }

    /// Opens consecutive chunks, of which `first` is the first, into `plaintext`; `last`: whether the
    /// body ends with them, which is checked too. After an error `plaintext` is without meaning.
    pub(crate) fn open(
        &self,
        first: u64,
        last: bool,
        mut sealed: &[u8],
        plaintext: &mut Zeroizing<Vec<u8>>,
    ) -> Result<(), Error> {
        if self.whole {
            *plaintext = self.opener.open(first, last, sealed)?;
            return Ok(());
        }
        let stride = self.chunk_size + TAG_BYTES;
        let count = sealed.len().div_ceil(stride).max(1);
        let cut = |index| EnvelopeError::Truncated { index };
        let size = sealed.len().checked_sub(count * TAG_BYTES);
        resize(plaintext, size.ok_or(cut(first))?);
        let mut space = plaintext.as_mut_slice();
        for at in 0..count {
            let index = first + at as u64;
            let last = last && at + 1 == count;
            let (chunk, rest) = sealed.split_at(stride.min(sealed.len()));
            let size = chunk.len().checked_sub(TAG_BYTES).ok_or(cut(index))?;
            let (opened, left) = space.split_at_mut_checked(size).ok_or(cut(index))?;
            (sealed, space) = (rest, left);
            self.opener.open_into(index, last, chunk, opened)?;
        }
        Ok(())
    }
}

impl fmt::Debug for RunOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.opener.fmt(f)
    }
}

/// Another length for a secret: what it outgrows is wiped.
pub(crate) fn resize(secret: &mut Zeroizing<Vec<u8>>, length: usize) {
    if length > secret.capacity() {
        // Zeros of the allocator's: `resize` writes them byte by byte where code is built for size.
        let mut larger = Zeroizing::new(vec![0; length]);
        if let Some(start) = larger.get_mut(..secret.len()) {
            start.copy_from_slice(secret);
        }
        *secret = larger;
    }
    secret.resize(length, 0);
}
