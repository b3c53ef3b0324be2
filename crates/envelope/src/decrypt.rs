//! Reading a body, in one pass.

use std::io::{Read, Write};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use stheno_crypto::Cek;

use crate::body::feed::{Batch, Cut, Feed, Positioned, Stream};
use crate::body::pipeline::{self, Transform};
use crate::body::{Body, Buffer, Place, room, whole};
use crate::cipher::TAG_BYTES;
use crate::{EnvelopeError, Header, ReadAt, WriteAt};

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
pub struct Decryptor {
    body: Body,
    declared: Option<u64>,
    threads: Option<NonZeroUsize>,
}

impl Decryptor {
    /// Prepares to open the body under `header`; checks the key commitment if there is one.
    ///
    /// # Errors
    /// [`EnvelopeError::WrongKey`] when the commitment does not match.
    pub fn new(header: &Header, cek: &Cek) -> Result<Self, EnvelopeError> {
        Ok(Self {
            body: Body::new(header, cek)?,
            declared: header.chunk_count(),
            threads: None,
        })
    }

    /// Sets how many threads decrypt, instead of as many as the machine has cores.
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Opens the body, which begins where [`Header::read`] left the source, to its end.
    ///
    /// Every byte written has been authenticated; but only `Ok` says that it was
    /// all of them, so let no output appear under its final name before.
    ///
    /// # Errors
    /// [`EnvelopeError::Chunk`], [`EnvelopeError::Truncated`],
    /// [`EnvelopeError::Appended`], [`EnvelopeError::ChunkCount`],
    /// [`EnvelopeError::Read`], [`EnvelopeError::Write`],
    /// [`EnvelopeError::TooManyChunks`], [`EnvelopeError::TooLargeForWhole`].
    pub fn decrypt(
        self,
        body: impl Read + Send,
        mut plaintext: impl Write + Send,
    ) -> Result<Decrypted, EnvelopeError> {
        if self.body.cipher().is_chunked() {
            let feed = Stream::new(body, self.cut());
            return self.run(&feed, plaintext);
        }
        let file = whole::open(&self.body, body)?;
        plaintext
            .write_all(&file)
            .and_then(|()| plaintext.flush())
            .map_err(EnvelopeError::Write)?;
        Ok(Decrypted {
            plaintext_len: file.len() as u64,
            ciphertext_len: (file.len() + TAG_BYTES) as u64,
            chunks: 1,
        })
    }

    /// Opens a body that is a part of a source which can be read anywhere, such
    /// as a file: faster than [`decrypt`](Self::decrypt), since cores read at once.
    ///
    /// # Errors
    /// As [`decrypt`](Self::decrypt); [`EnvelopeError::LengthChanged`] when the
    /// source ends before the range.
    pub fn decrypt_at(
        self,
        source: &impl ReadAt,
        body: Range<u64>,
        plaintext: impl Write + Send,
    ) -> Result<Decrypted, EnvelopeError> {
        if self.body.cipher().is_chunked() {
            let feed = Positioned::new(source, body, self.cut());
            self.run(&feed, plaintext)
        } else {
            self.decrypt(source.reader(body), plaintext)
        }
    }

    /// Opens such a body into a sink that takes bytes anywhere, such as a file:
    /// faster still, since cores write at once. The plaintext begins where the
    /// sink does.
    ///
    /// # Errors
    /// As [`decrypt_at`](Self::decrypt_at). Every byte written has been
    /// authenticated, but after a fault there may be gaps.
    pub fn decrypt_to_file(
        self,
        source: &impl ReadAt,
        body: Range<u64>,
        plaintext: &impl WriteAt,
    ) -> Result<Decrypted, EnvelopeError> {
        if !self.body.cipher().is_chunked() {
            return self.decrypt_at(source, body, plaintext.writer(0));
        }
        let cut = self.cut();
        let feed = Positioned::new(source, body, cut);
        let stride = cut.chunks() * self.body.chunk_size() as u64;
        let open = self.open();
        let workers = pipeline::workers(self.threads, cut.batch());
        pipeline::run_at(&feed, &open, plaintext, (0, stride), workers)?;
        Ok(open.opened())
    }

    fn open(&self) -> Open<'_> {
        Open {
            body: &self.body,
            declared: self.declared,
            ciphertext_len: AtomicU64::new(0),
        }
    }

    fn cut(&self) -> Cut {
        Cut::new(self.body.sealed_chunk_size())
    }

    fn run(
        self,
        feed: &impl Feed,
        plaintext: impl Write + Send,
    ) -> Result<Decrypted, EnvelopeError> {
        let open = self.open();
        let workers = pipeline::workers(self.threads, self.cut().batch());
        pipeline::run(feed, &open, plaintext, workers)?;
        Ok(open.opened())
    }
}

/// Opens batches of ciphertext.
struct Open<'a> {
    body: &'a Body,
    declared: Option<u64>,
    ciphertext_len: AtomicU64,
}

impl Open<'_> {
    /// What there was, when all of it has been opened.
    fn opened(&self) -> Decrypted {
        let ciphertext_len = self.ciphertext_len.load(Ordering::Relaxed);
        let chunks = ciphertext_len.div_ceil(self.body.sealed_chunk_size() as u64);
        Decrypted {
            plaintext_len: ciphertext_len - chunks * TAG_BYTES as u64,
            ciphertext_len,
            chunks,
        }
    }

    /// Compares with what the header declares, as far as it can be told yet.
    fn count(&self, found: u64, last: bool) -> Result<(), EnvelopeError> {
        match self.declared {
            Some(declared) if found > declared || (last && found != declared) => {
                Err(EnvelopeError::ChunkCount { declared, found })
            }
            _ => Ok(()),
        }
    }
}

impl Transform for Open<'_> {
    fn batch(
        &self,
        batch: &Batch,
        input: &[u8],
        output: &mut Buffer,
    ) -> Result<usize, EnvelopeError> {
        let size = self.body.sealed_chunk_size();
        let chunks = input.len().div_ceil(size).max(1);
        let end = batch.first + chunks as u64;
        // What remains for the batch's last chunk: at least a tag, and more
        // unless it is the only one, since only the empty file ends with an
        // empty chunk.
        let shortest = if end > 1 { TAG_BYTES + 1 } else { TAG_BYTES };
        if input.len() < (chunks - 1) * size + shortest {
            return Err(EnvelopeError::Truncated { index: end - 1 });
        }
        let made = input.len() - chunks * TAG_BYTES;
        let mut space = room(output, made);
        for (chunk, sealed) in input.chunks(size).enumerate() {
            let place = Place {
                index: batch.first + chunk as u64,
                last: batch.last && chunk + 1 == chunks,
            };
            let (plaintext, left) = space.split_at_mut(sealed.len() - TAG_BYTES);
            self.body.open(place, sealed, plaintext)?;
            space = left;
        }
        self.count(end, batch.last)?;
        self.ciphertext_len.fetch_max(
            batch.first * size as u64 + input.len() as u64,
            Ordering::Relaxed,
        );
        Ok(made)
    }
}
