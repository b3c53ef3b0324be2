//! A source, cut into batches of chunks.

use std::io::{self, Read};
use std::sync::Mutex;

use super::{Buffer, room};
use crate::EnvelopeError;
use crate::body::pipeline::lock;

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
