//! A range of a file that can be read anywhere.

use std::{ops::Range, sync::Arc};

use futures::{Stream, StreamExt, future::try_join_all, stream};
use stheno_envelope::cipher::TAG_BYTES;

use super::{PlatformBytes, PlatformKey, PlatformSource, body::open, cut::Chunk};
use crate::{
    Error, FileReader,
    file_reader::{Runs, out_of_range},
};

impl<S: 'static> FileReader<S> {
    /// [`FileReader::size`] by the platform's AES.
    ///
    /// # Errors
    /// As [`FileReader::size`], and [`Error::Platform`].
    pub async fn size_with<K: PlatformKey>(&mut self, key: &Arc<K>) -> Result<u64, Error>
    where
        S: PlatformSource<K::Bytes>,
    {
        if let Some(size) = self.known_size() {
            return Ok(size);
        }
        let last = self.runs().layout.chunks() - 1;
        fetch(self.runs().clone(), Arc::clone(key), last..last + 1).await?;
        Ok(self.ended())
    }

    /// [`FileReader::stream_range`] by the platform's AES, where the platform has its bytes.
    ///
    /// # Errors
    /// As [`FileReader::stream_range`], and [`Error::Platform`].
    pub async fn stream_range_with<K: PlatformKey>(
        &mut self,
        range: Range<u64>,
        key: &Arc<K>,
    ) -> Result<impl Stream<Item = Result<Vec<K::Bytes>, Error>> + use<S, K>, Error>
    where
        S: PlatformSource<K::Bytes>,
    {
        if !self.may_have(&range) {
            return Err(out_of_range(&range, self.size_with(key).await?));
        }
        let (runs, key) = (self.runs().clone(), Arc::clone(key));
        let at_once = runs.at_once();
        let under = stream::iter(runs.under(range.clone()));
        let parts = under.map(move |chunks| {
            let (runs, key, range) = (runs.clone(), Arc::clone(&key), range.clone());
            let offset = runs.layout.offset_of(chunks.start);
            async move { Ok(within(fetch(runs, key, chunks).await?, offset, &range)) }
        });
        Ok(parts.buffered(at_once))
    }
}

/// What of the parts, the first of which begins at `offset`, is in a range.
fn within<B: PlatformBytes>(parts: Vec<B>, mut offset: u64, range: &Range<u64>) -> Vec<B> {
    let cut = parts.into_iter().filter_map(|part| {
        let length = part.length();
        let here = |at: u64| {
            usize::try_from(at.saturating_sub(offset)).map_or(length, |at| at.min(length))
        };
        let (start, end) = (here(range.start), here(range.end));
        offset += length as u64;
        match (start, end) {
            (start, end) if start >= end => None,
            (0, end) if end == length => Some(part),
            (start, end) => Some(part.part(start..end)),
        }
    });
    cut.collect()
}

/// Fetches a run of chunks and has the platform open them.
async fn fetch<S, K: PlatformKey>(
    runs: Runs<S>,
    key: Arc<K>,
    chunks: Range<u64>,
) -> Result<Vec<K::Bytes>, Error>
where
    S: PlatformSource<K::Bytes> + 'static,
{
    let (source, opener) = (Arc::clone(&runs.source), Arc::clone(&runs.opener));
    let stride = runs.layout.offset_of(1);
    let last = chunks.end == runs.layout.chunks();
    let open_all = |sealed: K::Bytes| {
        let length = sealed.length();
        let stride = usize::try_from(stride)
            .unwrap_or(length)
            .saturating_add(TAG_BYTES);
        let opening = (chunks.clone())
            .zip((0..).step_by(stride))
            .map(|(index, at)| {
                let bytes = sealed.part(at.min(length)..(at + stride).min(length));
                let last = last && index + 1 == chunks.end;
                open(&*key, opener.chunks(), Chunk { index, last, bytes })
            });
        opening.collect::<Result<Vec<_>, _>>().map(try_join_all)
    };
    runs.of_any_copy(
        chunks.clone(),
        |copy, span| source.fetch_there(copy, span),
        |sealed| Box::pin(async { open_all(sealed)?.await }),
    )
    .await
}
