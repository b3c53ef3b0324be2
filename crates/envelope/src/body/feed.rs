//! A source, cut into batches of chunks.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Buffer, room};
use crate::body::pipeline::lock;
use crate::{EnvelopeError, ReadAt};

/// About how many bytes a batch has: enough to hide a lock, few enough for a core's cache.
const BATCH_BYTES: usize = 256 << 10;
/// Memory is taken as bytes arrive, beginning with this much.
const FIRST: usize = 4 << 10;

/// How a source is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    /// Bytes of every chunk but the last, on the source's side.
    pub(crate) chunk: usize,
    /// Chunks to a batch.
    chunks: usize,
}

impl Cut {
    pub(crate) fn new(chunk: usize) -> Self {
        Self {
            chunk,
            chunks: (BATCH_BYTES / chunk).max(1),
        }
    }

    /// How many chunks a full batch has.
    pub(crate) fn chunks(&self) -> u64 {
        self.chunks as u64
    }

    /// Bytes of a full batch.
    pub(crate) fn batch(&self) -> usize {
        self.chunk * self.chunks
    }
}

/// Some consecutive chunks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    /// Index of its first chunk.
    pub(crate) first: u64,
    /// Bytes of it in the buffer.
    pub(crate) len: usize,
    /// Whether the source ends with it.
    pub(crate) last: bool,
}

/// Gives out batches, to several threads.
pub(crate) trait Feed: Sync {
    /// Fills `buffer` with the next batch. `None` when all have been given out.
    ///
    /// A fault is given out as a batch of its own, at its place in the order.
    fn next(&self, buffer: &mut Buffer) -> Option<(u64, Result<Batch, EnvelopeError>)>;
}

/// A source that can only be read on.
pub(crate) struct Stream<R> {
    cut: Cut,
    state: Mutex<State<R>>,
}

struct State<R> {
    source: R,
    /// One byte read ahead: whether a batch is the last must be known before it is sealed.
    ahead: Option<u8>,
    batches: u64,
    done: bool,
}

impl<R: Read + Send> Stream<R> {
    pub(crate) fn new(source: R, cut: Cut) -> Self {
        Self {
            cut,
            state: Mutex::new(State {
                source,
                ahead: None,
                batches: 0,
                done: false,
            }),
        }
    }
}

impl<R: Read + Send> Feed for Stream<R> {
    fn next(&self, buffer: &mut Buffer) -> Option<(u64, Result<Batch, EnvelopeError>)> {
        let mut state = lock(&self.state);
        if state.done {
            return None;
        }
        let number = state.batches;
        state.batches += 1;
        let filled = state.fill(buffer, self.cut.batch());
        let batch = filled.map(|(len, last)| Batch {
            first: number * self.cut.chunks as u64,
            len,
            last,
        });
        state.done = batch.as_ref().map_or(true, |batch| batch.last);
        Some((number, batch.map_err(EnvelopeError::Read)))
    }
}

impl<R: Read> State<R> {
    /// Fills the buffer with up to `want` bytes; says how many, and whether the source ended.
    fn fill(&mut self, buffer: &mut Buffer, want: usize) -> io::Result<(usize, bool)> {
        let mut filled = 0;
        if let (Some(byte), [first, ..]) = (self.ahead.take(), room(buffer, 1)) {
            *first = byte;
            filled = 1;
        }
        let want_ahead = want + 1;
        while filled < want_ahead {
            let end = if filled == buffer.len() {
                (2 * filled).clamp(FIRST, want_ahead.max(FIRST))
            } else {
                buffer.len()
            };
            let space = room(buffer, end)
                .get_mut(filled..end.min(want_ahead))
                .unwrap_or_default();
            match self.source.read(space) {
                Ok(0) => return Ok((filled, true)),
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.ahead = buffer.get(want).copied();
        Ok((want, false))
    }
}

/// A source that can be read anywhere, so that workers do not wait for each other.
pub(crate) struct Positioned<'a, S: ?Sized> {
    cut: Cut,
    source: &'a S,
    range: Range<u64>,
    batches: AtomicU64,
}

impl<'a, S: ReadAt + ?Sized> Positioned<'a, S> {
    /// All of `range` is fed; whether the source ends with it does not matter.
    pub(crate) fn new(source: &'a S, range: Range<u64>, cut: Cut) -> Self {
        Self {
            cut,
            source,
            range,
            batches: AtomicU64::new(0),
        }
    }

    /// Reads exactly what lies at `offset`; fails where the source is shorter.
    fn fill(&self, space: &mut [u8], mut offset: u64) -> Result<(), EnvelopeError> {
        let mut rest = space;
        while !rest.is_empty() {
            match self.source.read_at(rest, offset) {
                Ok(0) => {
                    return Err(EnvelopeError::LengthChanged {
                        declared: self.range.end.saturating_sub(self.range.start),
                        found: offset.saturating_sub(self.range.start),
                    });
                }
                Ok(read) => {
                    offset += read as u64;
                    rest = rest.get_mut(read..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(EnvelopeError::Read(error)),
            }
        }
        Ok(())
    }
}

impl<S: ReadAt + ?Sized> Feed for Positioned<'_, S> {
    fn next(&self, buffer: &mut Buffer) -> Option<(u64, Result<Batch, EnvelopeError>)> {
        let number = self.batches.fetch_add(1, Ordering::Relaxed);
        let size = self.cut.batch() as u64;
        let left = self.range.end.saturating_sub(self.range.start);
        let left = match number
            .checked_mul(size)
            .map(|before| left.checked_sub(before))
        {
            Some(Some(left)) if left > 0 || number == 0 => left,
            _ => return None,
        };
        let len = usize::try_from(left).map_or(self.cut.batch(), |left| left.min(self.cut.batch()));
        let filled = self.fill(room(buffer, len), self.range.start + number * size);
        let batch = filled.map(|()| Batch {
            first: number * self.cut.chunks as u64,
            len,
            last: left <= size,
        });
        Some((number, batch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Dribble<'a>(&'a [u8], usize);

    impl Read for Dribble<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let step = self.1.min(buffer.len());
            self.0.read(&mut buffer[..step])
        }
    }

    #[test]
    fn positioned_source_gives_every_byte_once_and_marks_the_end() {
        let cut = Cut {
            chunk: 10,
            chunks: 3,
        };
        let source: Vec<u8> = (0..200).collect();
        for len in [0, 1, 29, 30, 31, 59, 60, 61, 90] {
            let range = 7..7 + len as u64;
            let feed = Positioned::new(source.as_slice(), range, cut);
            let (mut buffer, mut joined, mut ended) = (Buffer::default(), Vec::new(), false);
            while let Some((number, batch)) = feed.next(&mut buffer) {
                let batch = batch.unwrap();
                assert!(!ended);
                assert_eq!(batch.first, number * 3);
                assert!(batch.last || batch.len == 30);
                joined.extend_from_slice(&buffer[..batch.len]);
                ended = batch.last;
            }
            assert!(ended);
            assert_eq!(joined, source[7..7 + len]);
        }
    }

    #[test]
    fn positioned_source_fails_where_it_is_shorter_than_announced() {
        let cut = Cut::new(10);
        let feed = Positioned::new([0; 25].as_slice(), 5..30, cut);
        let (_, batch) = feed.next(&mut Buffer::default()).unwrap();
        assert!(matches!(
            batch,
            Err(EnvelopeError::LengthChanged {
                declared: 25,
                found: 20
            })
        ));
    }

    #[test]
    fn stream_gives_every_byte_once_and_marks_the_end() {
        let cut = Cut {
            chunk: 10,
            chunks: 3,
        };
        for len in [0, 1, 29, 30, 31, 59, 60, 61, 90] {
            for step in [1, 7, 1000] {
                let source: Vec<u8> = (0..len).collect();
                let feed = Stream::new(Dribble(&source, step), cut);
                let (mut buffer, mut joined, mut ended) = (Buffer::default(), Vec::new(), false);
                let mut number = 0;
                while let Some((n, batch)) = feed.next(&mut buffer) {
                    let batch = batch.unwrap();
                    assert!(!ended);
                    assert_eq!((n, batch.first), (number, number * 3));
                    assert!(batch.last || batch.len == 30);
                    assert!(batch.len > 0 || len == 0);
                    joined.extend_from_slice(&buffer[..batch.len]);
                    ended = batch.last;
                    number += 1;
                }
                assert!(ended);
                assert_eq!(joined, source);
            }
        }
    }
}
