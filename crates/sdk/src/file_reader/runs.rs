//! What is fetched and opened at once: chunks that follow each other.

use std::{
    iter,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use stheno_envelope::{BodyLayout, EnvelopeError};

use crate::{
    Error,
    bounds::BoxFuture,
    platform::PlatformBytes,
    runs::RunOpener,
    source::{Source, SourceError},
};

/// How much is asked for at once, one chunk at least.
const RUN_BYTES: u64 = 2 << 20;

/// A body in a source, run by run.
pub(crate) struct Runs<S> {
    pub(crate) source: Arc<S>,
    /// Where in the source the body begins.
    pub(super) start: u64,
    pub(crate) layout: BodyLayout,
    pub(crate) opener: Arc<RunOpener>,
    /// Bytes that were fetched so far.
    pub(super) fetched: Arc<AtomicU64>,
}

// Whatever the source is.
impl<S> Clone for Runs<S> {
    fn clone(&self) -> Self {
        Self {
            source: Arc::clone(&self.source),
            start: self.start,
            layout: self.layout,
            opener: Arc::clone(&self.opener),
            fetched: Arc::clone(&self.fetched),
        }
    }
}

impl<S> Runs<S> {
    /// The chunks to fetch together, from `position` on towards `end`.
    pub(super) fn at(&self, position: u64, end: u64) -> Range<u64> {
        let layout = &self.layout;
        let first = layout.chunk_at(position);
        let most = first.saturating_add((RUN_BYTES / layout.offset_of(1)).max(1));
        let end = end.min(layout.plaintext_len());
        let last = layout.chunk_at(end.saturating_sub(1)).max(first);
        first..most.min(last + 1)
    }

    /// All runs under a range of the file, in order.
    pub(crate) fn under(&self, range: Range<u64>) -> impl Iterator<Item = Range<u64>> + use<S> {
        let runs = self.clone();
        let mut position = range.start;
        iter::from_fn(move || {
            (position < range.end).then(|| {
                let chunks = runs.at(position, range.end);
                position = runs.layout.offset_of(chunks.end);
                chunks
            })
        })
    }

    /// Two runs at once keep the line busy, where two fit.
    pub(crate) fn at_once(&self) -> usize {
        match self.layout.offset_of(1) > RUN_BYTES {
            true => 1,
            false => 2,
        }
    }
}

impl<S: Source> Runs<S> {
    /// Fetches a run and opens it, from the first copy that has it as it was sealed.
    pub(crate) async fn of_any_copy<'a, B: PlatformBytes, T>(
        &self,
        chunks: Range<u64>,
        fetch: impl Fn(usize, Range<u64>) -> BoxFuture<'a, Result<B, SourceError>>,
        open: impl Fn(B) -> BoxFuture<'a, Result<T, Error>>,
    ) -> Result<T, Error> {
        let cut = |index| Error::from(EnvelopeError::Truncated { index });
        let span = self.layout.span(chunks.clone());
        let span = span.ok_or_else(|| cut(chunks.start))?;
        let span = self.start + span.start..self.start + span.end;
        let copies = self.source.copies();
        let mut left = copies.len();
        for copy in copies {
            left = left.saturating_sub(1);
            let sealed = match fetch(copy, span.clone()).await {
                Err(_) if left > 0 => continue,
                sealed => sealed?,
            };
            let length = sealed.length() as u64;
            self.fetched.fetch_add(length, Ordering::Relaxed);
            let opened = match length == span.end - span.start {
                true => open(sealed).await,
                false => Err(cut(chunks.end - 1)),
            };
            match opened {
                // The tag decides, and another copy may have the chunk as it was sealed.
                Err(_) if left > 0 => self.source.distrust(copy),
                opened => return opened,
            }
        }
        let why = "no copy of the envelope is known".to_owned();
        Err(SourceError::Unreadable { why }.into())
    }
}
