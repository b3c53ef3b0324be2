//! An envelope that is larger than a piece, cut at the borders of its chunks. SPEC.md §10.
//!
//! Providers take pieces of 127 bytes to 1,065,353,216 bytes. The first piece is
//! the header and as many chunks as fit, the others as many chunks as fit, and
//! the last is the rest. A rest that is too small to be a piece takes chunks from
//! the piece before it. So the cut follows from four numbers, and a chunk is
//! never in two pieces.

use std::ops::Range;

use crate::body::layout::BodyLayout;
use crate::cipher::TAG_BYTES;
use crate::{ChunkSize, EnvelopeError, Header};

/// Where the header and the chunks of an envelope lie.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EnvelopeLayout {
    header_len: u64,
    chunk_size: Option<ChunkSize>,
    envelope_len: u64,
    body: BodyLayout,
}

impl EnvelopeLayout {
    /// An envelope of this length whose chunks have this size; `None` for
    /// algorithm 3, whose body is one chunk.
    ///
    /// # Errors
    /// [`EnvelopeError::Truncated`] when no envelope has this length, and as
    /// [`BodyLayout::of_body`].
    pub fn new(
        header_len: u64,
        chunk_size: Option<ChunkSize>,
        envelope_len: u64,
    ) -> Result<Self, EnvelopeError> {
        let body_len = envelope_len
            .checked_sub(header_len)
            .ok_or(EnvelopeError::Truncated { index: 0 })?;
        let body = match chunk_size {
            Some(chunk_size) => BodyLayout::of_body(chunk_size, body_len)?,
            None => BodyLayout::of_whole(body_len)?,
        };
        Ok(Self {
            header_len,
            chunk_size,
            envelope_len,
            body,
        })
    }

    /// The envelope that begins with this header.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_header(header: &Header, envelope_len: u64) -> Result<Self, EnvelopeError> {
        let chunk_size = header.cipher().is_chunked().then(|| header.chunk_size());
        Self::new(header.as_bytes().len() as u64, chunk_size, envelope_len)
    }

    /// Bytes of the header.
    pub fn header_len(&self) -> u64 {
        self.header_len
    }

    /// Plaintext bytes of every chunk but the last; `None` for algorithm 3.
    pub fn chunk_size(&self) -> Option<ChunkSize> {
        self.chunk_size
    }

    /// Bytes of the whole envelope.
    pub fn envelope_len(&self) -> u64 {
        self.envelope_len
    }

    /// The body, from the end of the header on.
    pub fn body(&self) -> &BodyLayout {
        &self.body
    }

    /// The bytes of the envelope that hold the chunks of a part of the plaintext,
    /// the header not among them. `None` where the plaintext has no such part; of
    /// nothing, nothing.
    pub fn bytes_of(&self, plaintext: Range<u64>) -> Option<Range<u64>> {
        if plaintext.start > plaintext.end || plaintext.end > self.body.plaintext_len() {
            return None;
        }
        if plaintext.is_empty() {
            return Some(self.header_len..self.header_len);
        }
        let first = self.body.chunk_at(plaintext.start);
        let last = self.body.chunk_at(plaintext.end - 1);
        let span = self.body.span(first..last + 1)?;
        Some(self.header_len + span.start..self.header_len + span.end)
    }

    /// Bytes of every chunk but the last, tag included.
    fn stride(&self) -> u64 {
        match self.chunk_size {
            Some(size) => size.get() as u64 + TAG_BYTES as u64,
            None => (self.envelope_len - self.header_len).max(1),
        }
    }
}

/// What a provider takes as one piece.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PieceLimits {
    /// Bytes at least.
    pub min: u64,
    /// Bytes at most.
    pub max: u64,
}

impl PieceLimits {
    /// Providers of Filecoin Onchain Cloud: 127 bytes to 1,065,353,216 bytes.
    pub const PROVIDER: Self = Self {
        min: 127,
        max: 1_065_353_216,
    };
}

/// Why an envelope cannot be cut.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SplitError {
    /// The envelope is smaller than any piece.
    #[error(
        "the envelope has {len} bytes, a piece has at least {min}; store it in a CAR, or with others"
    )]
    TooSmall {
        /// Bytes of the envelope.
        len: u64,
        /// The limit.
        min: u64,
    },
    /// Header and one chunk, or one chunk, are larger than a piece.
    #[error("header and one chunk have {len} bytes, a piece at most {max}; use smaller chunks")]
    ChunkTooLarge {
        /// Bytes of the two.
        len: u64,
        /// The limit.
        max: u64,
    },
    /// Between the limits there is no room for whole chunks.
    #[error("no pieces of whole chunks have between {min} and {max} bytes; use smaller chunks")]
    TooNarrow {
        /// The lower limit.
        min: u64,
        /// The upper limit.
        max: u64,
    },
}

/// How an envelope is cut into pieces.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Split {
    layout: EnvelopeLayout,
    /// Chunks of the first piece.
    first: u64,
    /// Chunks of the following ones.
    full: u64,
    /// How many more the last one has, taken from the one before it.
    moved: u64,
    pieces: u64,
}

impl Split {
    /// Cuts an envelope.
    ///
    /// # Errors
    /// [`SplitError`].
    pub fn new(layout: EnvelopeLayout, limits: PieceLimits) -> Result<Self, SplitError> {
        let PieceLimits { min, max } = limits;
        let (len, header, stride) = (layout.envelope_len, layout.header_len, layout.stride());
        let chunks = layout.body.chunks();
        if len < min {
            return Err(SplitError::TooSmall { len, min });
        }
        if len <= max {
            return Ok(Self {
                layout,
                first: chunks,
                full: chunks,
                moved: 0,
                pieces: 1,
            });
        }
        let (first, full) = (max.saturating_sub(header) / stride, max / stride);
        if first == 0 {
            return Err(SplitError::ChunkTooLarge {
                len: header.saturating_add(stride),
                max,
            });
        }
        let behind = chunks.saturating_sub(first);
        let mut split = Self {
            layout,
            first,
            full,
            moved: 0,
            pieces: 1 + behind.div_ceil(full),
        };
        let last = split.piece_len(split.pieces - 1);
        split.moved = min.saturating_sub(last).div_ceil(stride);
        // The pieces in the middle are alike, so four of them stand for all.
        let told = [0, 1, split.pieces.saturating_sub(2), split.pieces - 1];
        let fits = |piece: u64| (min..=max).contains(&split.piece_len(piece));
        let before = if split.pieces == 2 { first } else { full };
        if split.moved < before && told.into_iter().all(fits) {
            Ok(split)
        } else {
            Err(SplitError::TooNarrow { min, max })
        }
    }

    /// How many pieces there are.
    pub fn pieces(&self) -> u64 {
        self.pieces
    }

    /// The envelope that is cut.
    pub fn layout(&self) -> &EnvelopeLayout {
        &self.layout
    }

    /// The bytes of the envelope that a piece holds, counted from 0.
    pub fn piece(&self, index: u64) -> Option<Range<u64>> {
        (index < self.pieces).then(|| self.start(index)..self.start(index + 1))
    }

    /// All pieces, in order.
    pub fn iter(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        (0..self.pieces).map(|index| self.start(index)..self.start(index + 1))
    }

    /// Which bytes of which pieces hold bytes of the envelope: `(piece, bytes of
    /// it)`. `None` beyond the envelope.
    ///
    /// A part of the plaintext that is no longer than the plaintext of the smallest
    /// piece but the first and the last lies in two pieces at most.
    pub fn locate(&self, bytes: Range<u64>) -> Option<Vec<(u64, Range<u64>)>> {
        if bytes.start > bytes.end || bytes.end > self.layout.envelope_len {
            return None;
        }
        let mut found = Vec::new();
        let mut at = bytes.start;
        let mut index = self.piece_at(at);
        while at < bytes.end {
            let piece = self.piece(index)?;
            let end = piece.end.min(bytes.end);
            found.push((index, at - piece.start..end - piece.start));
            at = end;
            index += 1;
        }
        Some(found)
    }

    fn piece_len(&self, index: u64) -> u64 {
        self.start(index + 1).saturating_sub(self.start(index))
    }

    /// Where a piece begins; the envelope's length for the one after the last.
    fn start(&self, index: u64) -> u64 {
        if index == 0 {
            return 0;
        }
        if index >= self.pieces {
            return self.layout.envelope_len;
        }
        let moved = if index + 1 == self.pieces {
            self.moved
        } else {
            0
        };
        let chunk = (self.first + (index - 1) * self.full).saturating_sub(moved);
        self.layout.header_len + chunk * self.layout.stride()
    }

    fn piece_at(&self, offset: u64) -> u64 {
        let (mut low, mut high) = (0, self.pieces);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.start(middle) <= offset {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }
}

#[cfg(test)]
mod tests;
