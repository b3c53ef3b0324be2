//! Reading parts of a file: only the chunks that a range touches are fetched and opened.
//!
//! What stores the file says how long it is, and may lie. So the final chunk,
//! which says of itself that it is final, is opened before a size, an end of
//! file or a seek from the end is reported.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use stheno_crypto::Cek;

use crate::body::Buffer;
use crate::body::layout::BodyLayout;
use crate::{ChunkOpener, EnvelopeError, Header};

/// What opened chunks may take in memory, one chunk at least.
const CACHE_BYTES: usize = 8 << 20;
/// How many opened chunks are kept at most.
const CACHE_CHUNKS: usize = 8;

/// A file in an envelope, to be read anywhere: `Read + Seek` over `Read + Seek`.
#[derive(Debug)]
pub struct RangeReader<S> {
    source: S,
    /// Where in the source the body begins.
    start: u64,
    layout: BodyLayout,
    opener: ChunkOpener,
    /// Opened chunks, the most recently used first.
    cache: VecDeque<(u64, Buffer)>,
    sealed: Vec<u8>,
    position: u64,
    /// Whether the final chunk has been opened, so that the layout is true.
    complete: bool,
}

impl<S: Read + Seek> RangeReader<S> {
    /// Takes a source that stands where [`Header::read`] left it; the body goes to its end.
    ///
    /// # Errors
    /// [`EnvelopeError::WrongKey`], [`EnvelopeError::Read`], and
    /// [`EnvelopeError::Truncated`], [`EnvelopeError::ChunkCount`],
    /// [`EnvelopeError::TooManyChunks`] or [`EnvelopeError::TooLargeForWhole`]
    /// when the body's length cannot be right.
    pub fn new(header: &Header, cek: &Cek, mut source: S) -> Result<Self, EnvelopeError> {
        let start = source.stream_position().map_err(EnvelopeError::Read)?;
        let end = source.seek(SeekFrom::End(0)).map_err(EnvelopeError::Read)?;
        Self::within(header, cek, source, start..end)
    }

    /// Takes a source of which the body is a part, as for a detached header.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn within(
        header: &Header,
        cek: &Cek,
        source: S,
        body: Range<u64>,
    ) -> Result<Self, EnvelopeError> {
        let opener = ChunkOpener::new(header, cek)?;
        let body_len = body.end.saturating_sub(body.start);
        let layout = BodyLayout::of_header(header, body_len)?;
        Ok(Self {
            source,
            start: body.start,
            layout,
            opener,
            cache: VecDeque::new(),
            sealed: Vec::new(),
            position: 0,
            complete: false,
        })
    }

    /// Bytes of the plaintext. Opens the final chunk, once.
    ///
    /// # Errors
    /// As [`Decryptor::decrypt`](crate::Decryptor::decrypt).
    pub fn size(&mut self) -> Result<u64, EnvelopeError> {
        if !self.complete {
            self.chunk(self.layout.chunks() - 1)?;
        }
        Ok(self.layout.plaintext_len())
    }

    /// Writes a range of the plaintext to `sink`.
    ///
    /// # Errors
    /// [`EnvelopeError::OutOfRange`] when the file, authenticated to its end,
    /// has no such range; otherwise as [`Decryptor::decrypt`](crate::Decryptor::decrypt).
    pub fn copy_range(
        &mut self,
        range: Range<u64>,
        mut sink: impl Write,
    ) -> Result<(), EnvelopeError> {
        if range.start > range.end || range.end > self.layout.plaintext_len() {
            let size = self.size()?;
            return Err(EnvelopeError::OutOfRange {
                start: range.start,
                end: range.end,
                size,
            });
        }
        let mut position = range.start;
        while position < range.end {
            let rest = self.rest_of_chunk(position)?;
            let wanted = usize::try_from(range.end - position).unwrap_or(usize::MAX);
            let piece = rest.get(..wanted).unwrap_or(rest);
            sink.write_all(piece).map_err(EnvelopeError::Write)?;
            position += piece.len() as u64;
        }
        sink.flush().map_err(EnvelopeError::Write)
    }

    /// Gives the source back.
    pub fn into_inner(self) -> S {
        self.source
    }

    /// Plaintext from `position` to the end of its chunk; empty at the end of the file.
    fn rest_of_chunk(&mut self, position: u64) -> Result<&[u8], EnvelopeError> {
        if position >= self.layout.plaintext_len() {
            self.size()?;
            return Ok(&[]);
        }
        let index = self.layout.chunk_at(position);
        let offset = usize::try_from(position - self.layout.offset_of(index)).unwrap_or(usize::MAX);
        Ok(self.chunk(index)?.get(offset..).unwrap_or_default())
    }

    /// Opens a chunk, or finds it among the opened ones.
    fn chunk(&mut self, index: u64) -> Result<&[u8], EnvelopeError> {
        let found = self.cache.iter().position(|(cached, _)| *cached == index);
        let opened = match found.and_then(|place| self.cache.remove(place)) {
            Some(opened) => opened,
            None => (index, self.fetch(index)?),
        };
        let room = CACHE_BYTES / opened.1.len().max(1);
        self.cache.truncate(room.clamp(1, CACHE_CHUNKS) - 1);
        self.cache.push_front(opened);
        Ok(self.cache.front().map_or(&[], |(_, chunk)| chunk))
    }

    fn fetch(&mut self, index: u64) -> Result<Buffer, EnvelopeError> {
        let last = index + 1 == self.layout.chunks();
        let cut = EnvelopeError::Truncated { index };
        let Some((offset, length)) = self.layout.chunk(index) else {
            return Err(cut);
        };
        let place = SeekFrom::Start(self.start + offset);
        self.source.seek(place).map_err(EnvelopeError::Read)?;
        self.sealed.clear();
        // Takes memory as bytes arrive, whatever length was announced.
        let read = (&mut self.source)
            .take(length)
            .read_to_end(&mut self.sealed)
            .map_err(EnvelopeError::Read)?;
        if (read as u64) < length {
            return Err(cut);
        }
        let plaintext = self.opener.open(index, last, &self.sealed)?;
        self.complete |= last;
        Ok(plaintext)
    }
}

impl<S: Read + Seek> Read for RangeReader<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let mut rest = self.rest_of_chunk(self.position).map_err(into_io)?;
        let read = rest.read(buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl<S: Read + Seek> Seek for RangeReader<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (base, offset) = match to {
            SeekFrom::Start(position) => (position, 0),
            SeekFrom::Current(offset) => (self.position, offset),
            SeekFrom::End(offset) => (self.size().map_err(into_io)?, offset),
        };
        self.position = base.checked_add_signed(offset).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "cannot seek to before the start",
            )
        })?;
        Ok(self.position)
    }
}

/// A fault of the source as it was; any other as invalid data, with its cause.
fn into_io(error: EnvelopeError) -> io::Error {
    match error {
        EnvelopeError::Read(error) => error,
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}
