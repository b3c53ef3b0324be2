//! Which chunk lies where.

use std::ops::Range;

use super::{MAX_CHUNKS, whole::MAX_WHOLE_BYTES};
use crate::cipher::TAG_BYTES;
use crate::{ChunkSize, EnvelopeError, Header};

/// The arithmetic of a body of known length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BodyLayout {
    chunk_size: u64,
    body_len: u64,
    chunks: u64,
}

impl BodyLayout {
    /// The layout of a body of `body_len` bytes, tags included.
    ///
    /// A body's length can be changed by whoever stores it: the plaintext length
    /// that follows from it is true only once the final chunk authenticated.
    ///
    /// # Errors
    /// [`EnvelopeError::Truncated`] when no body has this length,
    /// [`EnvelopeError::TooManyChunks`].
    pub fn of_body(chunk_size: ChunkSize, body_len: u64) -> Result<Self, EnvelopeError> {
        let chunk_size = chunk_size.get() as u64;
        let tag = TAG_BYTES as u64;
        let chunks = body_len.div_ceil(chunk_size + tag);
        if chunks > MAX_CHUNKS {
            return Err(EnvelopeError::TooManyChunks);
        }
        let last = chunks.saturating_sub(1);
        let rest = body_len - last * (chunk_size + tag);
        // Only the empty file ends with an empty chunk.
        if rest < tag || (rest == tag && last > 0) {
            return Err(EnvelopeError::Truncated { index: last });
        }
        Ok(Self {
            chunk_size,
            body_len,
            chunks,
        })
    }

    /// The layout of the body that belongs to `header`, compared with the chunk
    /// count that the header declares. Algorithm 3 is one chunk of any size.
    ///
    /// # Errors
    /// As [`of_body`](Self::of_body); [`EnvelopeError::ChunkCount`],
    /// [`EnvelopeError::TooLargeForWhole`].
    pub fn of_header(header: &Header, body_len: u64) -> Result<Self, EnvelopeError> {
        if !header.cipher().is_chunked() {
            return Self::of_whole(body_len);
        }
        let layout = Self::of_body(header.chunk_size(), body_len)?;
        match header.chunk_count() {
            Some(declared) if declared != layout.chunks => Err(EnvelopeError::ChunkCount {
                declared,
                found: layout.chunks,
            }),
            _ => Ok(layout),
        }
    }

    /// The layout of a body under algorithm 3, which is one chunk.
    ///
    /// # Errors
    /// [`EnvelopeError::Truncated`] when it is too short, [`EnvelopeError::TooLargeForWhole`].
    pub fn of_whole(body_len: u64) -> Result<Self, EnvelopeError> {
        let tag = TAG_BYTES as u64;
        if body_len < tag {
            return Err(EnvelopeError::Truncated { index: 0 });
        }
        if body_len - tag > MAX_WHOLE_BYTES as u64 {
            return Err(EnvelopeError::TooLargeForWhole {
                limit: MAX_WHOLE_BYTES,
            });
        }
        Ok(Self {
            chunk_size: body_len,
            body_len,
            chunks: 1,
        })
    }

    /// How many chunks a plaintext makes: `max(1, ceil(length / chunk size))`.
    ///
    /// # Errors
    /// [`EnvelopeError::TooManyChunks`] beyond 2³².
    pub fn chunks_of_plaintext(chunk_size: ChunkSize, len: u64) -> Result<u64, EnvelopeError> {
        match len.div_ceil(chunk_size.get() as u64).max(1) {
            chunks if chunks > MAX_CHUNKS => Err(EnvelopeError::TooManyChunks),
            chunks => Ok(chunks),
        }
    }

    /// How many chunks there are; at least one.
    pub fn chunks(&self) -> u64 {
        self.chunks
    }

    /// Bytes of the plaintext, if the body is whole.
    pub fn plaintext_len(&self) -> u64 {
        self.body_len - self.chunks * TAG_BYTES as u64
    }

    /// The chunk that holds a plaintext offset.
    pub fn chunk_at(&self, offset: u64) -> u64 {
        offset / self.chunk_size
    }

    /// The plaintext offset at which a chunk begins.
    pub fn offset_of(&self, index: u64) -> u64 {
        index * self.chunk_size
    }

    /// Where chunk `index` lies in the body, and how many bytes it has, tag included.
    pub fn chunk(&self, index: u64) -> Option<(u64, u64)> {
        if index >= self.chunks {
            return None;
        }
        let stride = self.chunk_size + TAG_BYTES as u64;
        let start = index * stride;
        Some((start, stride.min(self.body_len - start)))
    }

    /// Where consecutive chunks lie in the body, tags included. `None` when
    /// there are none, or not all of them.
    pub fn span(&self, chunks: Range<u64>) -> Option<Range<u64>> {
        let (start, _) = self.chunk(chunks.start)?;
        let (last, length) = self.chunk(chunks.end.checked_sub(1)?)?;
        (chunks.start < chunks.end).then_some(start..last + length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(body_len: u64) -> Result<BodyLayout, EnvelopeError> {
        BodyLayout::of_body(ChunkSize::MIN_WRITTEN, body_len)
    }

    #[test]
    fn layout_finds_chunks_and_lengths() {
        for (body, chunks, plaintext) in [
            (16, 1, 0),
            (17, 1, 1),
            (4112, 1, 4096),
            (4112 + 17, 2, 4097),
            (3 * 4112, 3, 12288),
        ] {
            let layout = layout(body).unwrap();
            assert_eq!(layout.chunks(), chunks);
            assert_eq!(layout.plaintext_len(), plaintext);
            let (start, length) = layout.chunk(chunks - 1).unwrap();
            assert_eq!(start + length, body);
            assert_eq!(layout.chunk(chunks), None);
            assert_eq!(layout.span(0..chunks), Some(0..body));
            assert_eq!(layout.span(0..chunks + 1), None);
            assert_eq!(layout.span(chunks - 1..chunks), Some(start..body));
            assert_eq!(layout.span(0..0), None);
        }
    }

    #[test]
    fn layout_fails_for_lengths_that_no_body_has() {
        for body in [0, 15, 4113, 4112 + 15, 4112 + 16] {
            assert!(matches!(layout(body), Err(EnvelopeError::Truncated { .. })));
        }
        assert!(matches!(
            layout(u64::MAX),
            Err(EnvelopeError::TooManyChunks)
        ));
    }
}
