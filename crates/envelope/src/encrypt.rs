//! Writing an envelope: header, then body, in one pass.

use std::io::{Read, Write};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

use ciborium::Value;
use stheno_crypto::Cek;

use crate::body::feed::{Batch, Cut, Feed, Positioned, Stream};
use crate::body::layout::BodyLayout;
use crate::body::pipeline::{self, Transform};
use crate::body::{Body, Buffer, Place, room, whole};
use crate::cipher::TAG_BYTES;
use crate::header::Draft;
use crate::{
    BaseNonce, ChunkSealer, ChunkSize, Cipher, EnvelopeError, Header, ReadAt, Recipient, WriteAt,
    commitment,
};

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
    pub threads: Option<NonZeroUsize>,
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
    body: Body,
    plaintext_len: Option<u64>,
    threads: Option<NonZeroUsize>,
}

impl Encryptor {
    /// Lays down the header. With no recipients the reader must bring the key.
    ///
    /// `cek` and `nonce` must be fresh: one key, one file.
    ///
    /// # Errors
    /// [`EnvelopeError::Unwritable`] when the options make no valid header,
    /// [`EnvelopeError::TooManyChunks`] or [`EnvelopeError::TooLargeForWhole`]
    /// when the announced length is too large.
    pub fn new(
        options: EncryptOptions,
        recipients: Vec<Recipient>,
        cek: &Cek,
        nonce: BaseNonce,
    ) -> Result<Self, EnvelopeError> {
        let chunk_count = match options.plaintext_len {
            None => None,
            Some(len) if options.cipher.is_chunked() => {
                Some(BodyLayout::chunks_of_plaintext(options.chunk_size, len)?)
            }
            Some(len) if len <= whole::MAX_WHOLE_BYTES as u64 => None,
            Some(_) => {
                return Err(EnvelopeError::TooLargeForWhole {
                    limit: whole::MAX_WHOLE_BYTES,
                });
            }
        };
        let header = Draft {
            cipher: options.cipher,
            chunk_size: options.chunk_size,
            chunk_count,
            nonce: &nonce,
            commitment: &commitment::commit(cek, options.cipher, &nonce),
            metadata: options.metadata.as_ref(),
            recipients: &recipients,
        }
        .lay_down()?;
        Ok(Self {
            body: Body::new(&header, cek)?,
            header,
            plaintext_len: options.plaintext_len,
            threads: options.threads,
        })
    }

    /// The header that will be written.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Bytes that the envelope will have, where the plaintext's length was announced.
    pub fn envelope_len(&self) -> Option<u64> {
        let plaintext = self.plaintext_len?;
        let chunks = if self.body.cipher().is_chunked() {
            self.header.chunk_count()?
        } else {
            1
        };
        let header = self.header.as_bytes().len() as u64;
        Some(header + plaintext + chunks * TAG_BYTES as u64)
    }

    /// The header, and what seals the body chunk by chunk, for callers that write both.
    pub fn into_chunks(self) -> (Header, ChunkSealer) {
        (self.header, ChunkSealer::of(self.body))
    }

    /// Writes header and body; reads `plaintext` to its end.
    ///
    /// On an error what was written is no envelope: let it not be kept.
    ///
    /// # Errors
    /// [`EnvelopeError::Read`], [`EnvelopeError::Write`],
    /// [`EnvelopeError::LengthChanged`], [`EnvelopeError::TooManyChunks`],
    /// [`EnvelopeError::TooLargeForWhole`].
    pub fn encrypt(
        self,
        plaintext: impl Read + Send,
        envelope: impl Write + Send,
    ) -> Result<Encrypted, EnvelopeError> {
        if self.body.cipher().is_chunked() {
            let feed = Stream::new(plaintext, self.cut());
            return self.run(&feed, envelope);
        }
        let seal = Seal::new(&self.body, self.plaintext_len);
        let envelope = self.begin(envelope)?;
        let len = whole::seal(&self.body, plaintext, envelope)?;
        seal.account(len as u64, true)?;
        seal.chunks.store(1, Ordering::Relaxed);
        Ok(seal.written(&self.header))
    }

    /// Writes header and body of a source that can be read anywhere, such as a
    /// file: faster than [`encrypt`](Self::encrypt), since cores read at once.
    ///
    /// # Errors
    /// As [`encrypt`](Self::encrypt); [`EnvelopeError::LengthChanged`] also when
    /// the source no longer has the size that it had at the start.
    pub fn encrypt_at(
        self,
        plaintext: &impl ReadAt,
        envelope: impl Write + Send,
    ) -> Result<Encrypted, EnvelopeError> {
        let declared = plaintext.size().map_err(EnvelopeError::Read)?;
        let written = if self.body.cipher().is_chunked() {
            let feed = Positioned::new(plaintext, 0..declared, self.cut());
            self.run(&feed, envelope)?
        } else {
            self.encrypt(plaintext.reader(0..declared), envelope)?
        };
        unchanged(plaintext, declared, written)
    }

    /// Writes header and body of such a source into a sink that takes bytes
    /// anywhere, such as a file: faster still, since cores write at once. The
    /// envelope begins where the sink does.
    ///
    /// # Errors
    /// As [`encrypt_at`](Self::encrypt_at). What was written then may have gaps.
    pub fn encrypt_to_file(
        self,
        plaintext: &impl ReadAt,
        envelope: &impl WriteAt,
    ) -> Result<Encrypted, EnvelopeError> {
        if !self.body.cipher().is_chunked() {
            return self.encrypt_at(plaintext, envelope.writer(0));
        }
        let declared = plaintext.size().map_err(EnvelopeError::Read)?;
        self.begin(envelope.writer(0))?;
        let cut = self.cut();
        let feed = Positioned::new(plaintext, 0..declared, cut);
        let seal = Seal::new(&self.body, self.plaintext_len);
        let start = self.header.as_bytes().len() as u64;
        let stride = cut.chunks() * self.body.sealed_chunk_size() as u64;
        let workers = pipeline::workers(self.threads, cut.batch());
        pipeline::run_at(&feed, &seal, envelope, (start, stride), workers)?;
        unchanged(plaintext, declared, seal.written(&self.header))
    }

    fn cut(&self) -> Cut {
        Cut::new(self.body.chunk_size())
    }

    fn run(
        self,
        feed: &impl Feed,
        envelope: impl Write + Send,
    ) -> Result<Encrypted, EnvelopeError> {
        let seal = Seal::new(&self.body, self.plaintext_len);
        let envelope = self.begin(envelope)?;
        let workers = pipeline::workers(self.threads, self.cut().batch());
        pipeline::run(feed, &seal, envelope, workers)?;
        Ok(seal.written(&self.header))
    }

    fn begin<W: Write>(&self, mut envelope: W) -> Result<W, EnvelopeError> {
        envelope
            .write_all(self.header.as_bytes())
            .map_err(EnvelopeError::Write)?;
        Ok(envelope)
    }
}

/// Refuses a source that has not the size that it had at the start.
fn unchanged(
    plaintext: &impl ReadAt,
    declared: u64,
    written: Encrypted,
) -> Result<Encrypted, EnvelopeError> {
    match plaintext.size().map_err(EnvelopeError::Read)? {
        found if found == declared && written.plaintext_len == declared => Ok(written),
        found => Err(EnvelopeError::LengthChanged { declared, found }),
    }
}

/// Seals batches of plaintext.
struct Seal<'a> {
    body: &'a Body,
    announced: Option<u64>,
    plaintext_len: AtomicU64,
    chunks: AtomicU64,
}

impl<'a> Seal<'a> {
    fn new(body: &'a Body, announced: Option<u64>) -> Self {
        Self {
            body,
            announced,
            plaintext_len: AtomicU64::new(0),
            chunks: AtomicU64::new(0),
        }
    }

    fn written(&self, header: &Header) -> Encrypted {
        let plaintext_len = self.plaintext_len.load(Ordering::Relaxed);
        let chunks = self.chunks.load(Ordering::Relaxed);
        Encrypted {
            header_len: header.as_bytes().len() as u64,
            plaintext_len,
            ciphertext_len: plaintext_len + chunks * TAG_BYTES as u64,
            chunks,
        }
    }

    /// Notes where a batch ends, and compares with what was announced.
    fn account(&self, end: u64, last: bool) -> Result<(), EnvelopeError> {
        let found = self
            .plaintext_len
            .fetch_max(end, Ordering::Relaxed)
            .max(end);
        match self.announced {
            Some(declared) if end > declared || (last && end != declared) => {
                Err(EnvelopeError::LengthChanged { declared, found })
            }
            _ => Ok(()),
        }
    }
}

impl Transform for Seal<'_> {
    fn batch(
        &self,
        batch: &Batch,
        input: &[u8],
        output: &mut Buffer,
    ) -> Result<usize, EnvelopeError> {
        let size = self.body.chunk_size();
        self.account(batch.first * size as u64 + input.len() as u64, batch.last)?;
        // The empty file is one empty chunk.
        let chunks = input.len().div_ceil(size).max(1);
        let made = input.len() + chunks * TAG_BYTES;
        let mut space = room(output, made);
        let mut rest = input;
        for chunk in 0..chunks {
            let (plaintext, after) = rest.split_at(size.min(rest.len()));
            let (sealed, left) = space.split_at_mut(plaintext.len() + TAG_BYTES);
            let place = Place {
                index: batch.first + chunk as u64,
                last: batch.last && chunk + 1 == chunks,
            };
            self.body.seal(place, plaintext, sealed)?;
            (rest, space) = (after, left);
        }
        self.chunks
            .fetch_max(batch.first + chunks as u64, Ordering::Relaxed);
        Ok(made)
    }
}
