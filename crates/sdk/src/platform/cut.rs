//! Chunks, from bytes as they come.

use std::{collections::VecDeque, io};

use futures::{Stream, TryStreamExt, stream};
use stheno_envelope::EnvelopeError;

use super::PlatformBytes;
use crate::Error;

/// A chunk of a body.
pub(super) struct Chunk<B> {
    pub(super) index: u64,
    /// Whether the body ends with it.
    pub(super) last: bool,
    pub(super) bytes: B,
}

/// Chunks of `size` bytes; the last one has what is left, which is nothing only where there is nothing at all.
pub(super) fn cut<B: PlatformBytes>(
    input: impl Stream<Item = io::Result<B>> + Unpin,
    size: usize,
) -> impl Stream<Item = Result<Chunk<B>, Error>> {
    let cutter = Cutter {
        input,
        parts: VecDeque::new(),
        held: 0,
        index: 0,
    };
    stream::try_unfold(Some(cutter), move |cutter| async move {
        match cutter {
            Some(cutter) => Ok(Some(cutter.next(size).await?)),
            None => Ok(None),
        }
    })
}

struct Cutter<S, B> {
    input: S,
    /// What came and is in no chunk yet, `held` bytes of it.
    parts: VecDeque<B>,
    held: usize,
    index: u64,
}

impl<S: Stream<Item = io::Result<B>> + Unpin, B: PlatformBytes> Cutter<S, B> {
    async fn next(mut self, size: usize) -> Result<(Chunk<B>, Option<Self>), Error> {
        let index = self.index;
        // Whether a chunk is the last, only a byte after it tells.
        while self.held <= size {
            let part = self.input.try_next().await.map_err(EnvelopeError::Read)?;
            let Some(part) = part else {
                let bytes = self.take(self.held);
                let last = true;
                return Ok((Chunk { index, last, bytes }, None));
            };
            self.held += part.length();
            self.parts.push_back(part);
        }
        let bytes = self.take(size);
        self.index += 1;
        let last = false;
        Ok((Chunk { index, last, bytes }, Some(self)))
    }

    /// The first bytes of those that are held.
    fn take(&mut self, size: usize) -> B {
        self.held -= size;
        let mut left = size;
        let mut taken = Vec::new();
        while left > 0
            && let Some(part) = self.parts.pop_front()
        {
            let length = part.length();
            if length > left {
                self.parts.push_front(part.part(left..length));
                taken.push(part.part(0..left));
                break;
            }
            left -= length;
            taken.push(part);
        }
        match (taken.pop(), taken.is_empty()) {
            (Some(only), true) => only,
            (last, _) => {
                taken.extend(last);
                B::joined(&taken)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn chunks_are_all_bytes_in_order_and_full_but_for_the_last(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..12),
            size in 1..30_usize,
        ) {
            let whole = parts.concat();
            let input = stream::iter(parts.into_iter().map(Ok));
            let chunks: Vec<Chunk<Vec<u8>>> = block_on(cut(input, size).try_collect()).unwrap();
            let wanted = whole.len().div_ceil(size).max(1);
            prop_assert_eq!(chunks.len(), wanted);
            for (at, chunk) in chunks.iter().enumerate() {
                prop_assert_eq!(chunk.index, at as u64);
                prop_assert_eq!(chunk.last, at + 1 == wanted);
                prop_assert!(chunk.last || chunk.bytes.len() == size);
            }
            let joined: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.bytes).collect();
            prop_assert_eq!(joined, whole);
        }
    }

    #[test]
    fn chunks_before_a_fault_come_before_it() {
        let input = [Ok(vec![1; 7]), Err(io::Error::other("gone"))];
        let mut chunks = Box::pin(cut(stream::iter(input), 3));
        for at in 0..2 {
            let chunk = block_on(chunks.try_next()).unwrap().unwrap();
            assert_eq!((chunk.index, chunk.last, chunk.bytes.len()), (at, false, 3));
        }
        assert!(block_on(chunks.try_next()).is_err());
    }
}
