//! A file in an envelope, to be read anywhere, asynchronously: only the chunks that are needed are
//! fetched and opened.

mod runs;

use std::{
    collections::VecDeque,
    fmt,
    future::{poll_fn, ready},
    io::{self, SeekFrom, Write},
    ops::Range,
    pin::{Pin, pin},
    sync::{Arc, atomic::Ordering},
    task::{self, Context, Poll},
};

use futures::{AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, Stream, StreamExt, stream};
use stheno_crypto::Cek;
use stheno_envelope::{BodyLayout, EnvelopeError, Header};
use zeroize::Zeroizing;

use crate::{Error, Opened, bounds::BoxFuture, runs::RunOpener, source::Source};

pub(crate) use runs::Runs;

/// What opened chunks may take in memory, one run at least.
const CACHE_BYTES: usize = 8 << 20;

/// A file in an envelope, read through [`AsyncRead`] and [`AsyncSeek`], or by ranges.
///
/// What lies where follows from the size that the storage reports, and every chunk says of itself
/// whether it stands in its place. The final chunk, which alone says that it is final, is opened
/// before a size, an end of file or a seek from the end is reported.
///
/// A read fetches the chunks under the caller's buffer, up to 2 MiB at once, so large buffers make
/// few requests. The last 8 MiB that were opened are kept.
pub struct FileReader<S> {
    runs: Runs<S>,
    /// What was opened, the most recently used first.
    cache: VecDeque<Run>,
    position: u64,
    /// Whether the final chunk has been opened, so that the layout is true.
    complete: bool,
    fetching: Option<BoxFuture<'static, Result<Run, Error>>>,
}

/// Consecutive chunks that were fetched together.
struct Run {
    chunks: Range<u64>,
    /// Where in the file they begin.
    offset: u64,
    plaintext: Zeroizing<Vec<u8>>,
}

impl Run {
    /// The plaintext from `position` on, if it begins here.
    fn from(&self, position: u64) -> Option<&[u8]> {
        let skip = usize::try_from(position.checked_sub(self.offset)?).ok()?;
        self.plaintext.get(skip..).filter(|rest| !rest.is_empty())
    }
}

impl Opened {
    /// The file under `header`, whose whole envelope is `source`, to be read anywhere.
    ///
    /// # Errors
    /// As [`FileReader::new`].
    pub fn reader<S: Source + 'static>(
        &self,
        header: &Header,
        source: S,
    ) -> Result<FileReader<S>, Error> {
        FileReader::new(header, &self.cek, source)
    }
}

impl<S> FileReader<S> {
    /// Whether the range is in the file, as far as its length can be believed.
    pub(crate) fn may_have(&self, range: &Range<u64>) -> bool {
        range.start <= range.end && range.end <= self.runs.layout.plaintext_len()
    }

    /// What is fetched and opened at once.
    pub(crate) fn runs(&self) -> &Runs<S> {
        &self.runs
    }

    /// Bytes of the file, where its end was opened.
    pub(crate) fn known_size(&self) -> Option<u64> {
        self.complete.then(|| self.runs.layout.plaintext_len())
    }

    /// Its end was opened.
    pub(crate) fn ended(&mut self) -> u64 {
        self.complete = true;
        self.runs.layout.plaintext_len()
    }
}

impl<S: Source + 'static> FileReader<S> {
    /// The file under `header`, whose whole envelope is `source`.
    ///
    /// # Errors
    /// [`Error::Envelope`] when the key does not belong to the header, or no body has this size.
    pub fn new(header: &Header, cek: &Cek, source: S) -> Result<Self, Error> {
        let body = header.as_bytes().len() as u64..source.size();
        Self::within(header, cek, source, body)
    }

    /// The file under `header`, whose body is a part of `source`, as for a detached header.
    ///
    /// # Errors
    /// As [`FileReader::new`].
    pub fn within(header: &Header, cek: &Cek, source: S, body: Range<u64>) -> Result<Self, Error> {
        let opener = RunOpener::new(header, cek)?;
        let layout = BodyLayout::of_header(header, body.end.saturating_sub(body.start))?;
        Ok(Self {
            runs: Runs {
                source: Arc::new(source),
                start: body.start,
                layout,
                opener: Arc::new(opener),
                fetched: Arc::default(),
            },
            cache: VecDeque::new(),
            position: 0,
            complete: false,
            fetching: None,
        })
    }

    /// Bytes of the file. Opens the final chunk, once.
    ///
    /// # Errors
    /// [`Error::Source`], [`Error::Envelope`].
    pub async fn size(&mut self) -> Result<u64, Error> {
        poll_fn(|cx| self.poll_size(cx)).await
    }

    /// A range of the file, for ranges that fit in memory.
    ///
    /// # Errors
    /// As [`FileReader::copy_range`].
    pub async fn read_range(&mut self, range: Range<u64>) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.check(&range).await?;
        let length = usize::try_from(range.end - range.start).map_err(|_| beyond_memory())?;
        let mut plaintext = Zeroizing::new(vec![0; length]);
        let before = self.position;
        let read = async {
            self.seek(SeekFrom::Start(range.start)).await?;
            self.read_exact(&mut plaintext).await
        };
        let read = read.await;
        self.position = before;
        read.map_err(out_of_io)?;
        Ok(plaintext)
    }

    /// A range of the file as it comes, fetching ahead; a part is 2 MiB at most, or one chunk.
    ///
    /// # Errors
    /// As [`FileReader::copy_range`]: at once, or as the last item.
    pub async fn stream_range(
        &mut self,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Zeroizing<Vec<u8>>, Error>> + use<S>, Error> {
        self.check(&range).await?;
        let runs = self.opened_under(range.clone());
        Ok(runs.map(move |run| {
            let mut run = run?;
            let skip = range.start.saturating_sub(run.offset);
            let end = range.end - run.offset;
            let bounds = (usize::try_from(skip), usize::try_from(end));
            if let (Ok(skip), Ok(end)) = bounds {
                let length = run.plaintext.len();
                // Only the first and the last run of a range have more than belongs to it.
                if skip > 0 {
                    let part = run.plaintext.get(skip..end.min(length));
                    return Ok(Zeroizing::new(part.unwrap_or_default().to_vec()));
                }
                run.plaintext.truncate(end);
            }
            Ok(run.plaintext)
        }))
    }

    /// Writes a range of the file to `sink`, fetching ahead of it. Blocks while `sink` does.
    ///
    /// # Errors
    /// [`EnvelopeError::OutOfRange`] in [`Error::Envelope`] when the file, authenticated to its
    /// end, has no such range; [`Error::Source`], [`Error::Envelope`]. Every byte that was written
    /// had authenticated.
    pub async fn copy_range(
        &mut self,
        range: Range<u64>,
        mut sink: impl Write,
    ) -> Result<(), Error> {
        self.check(&range).await?;
        let mut runs = pin!(self.opened_under(range.clone()));
        while let Some(run) = runs.next().await {
            let run = run?;
            let from = run.from(range.start.max(run.offset)).unwrap_or_default();
            let left = usize::try_from(range.end - range.start.max(run.offset));
            let piece = left.ok().and_then(|left| from.get(..left)).unwrap_or(from);
            sink.write_all(piece).map_err(EnvelopeError::Write)?;
            self.complete |= run.chunks.end == self.runs.layout.chunks();
        }
        sink.flush().map_err(EnvelopeError::Write)?;
        Ok(())
    }

    /// Bytes of the body that were fetched so far.
    pub fn bytes_fetched(&self) -> u64 {
        self.runs.fetched.load(Ordering::Relaxed)
    }

    /// Where the envelope lies.
    pub fn source(&self) -> &S {
        &self.runs.source
    }

    /// The same file over another way to the same source.
    #[cfg(all(feature = "http", not(target_family = "wasm")))]
    pub(crate) fn over(self, source: S) -> Self {
        let source = Arc::new(source);
        Self {
            runs: Runs {
                source,
                ..self.runs
            },
            fetching: None,
            ..self
        }
    }

    async fn check(&mut self, range: &Range<u64>) -> Result<(), Error> {
        if self.may_have(range) {
            return Ok(());
        }
        let size = self.size().await?;
        Err(out_of_range(range, size))
    }

    /// Opens all chunks under a range, in order; a run is fetched when its turn comes.
    fn opened_under(&self, range: Range<u64>) -> impl Stream<Item = Result<Run, Error>> + use<S> {
        let runs = self.runs.clone();
        let under = stream::iter(runs.under(range));
        let at_once = runs.at_once();
        under
            .map(move |chunks| fetch(runs.clone(), chunks))
            .buffered(at_once)
    }

    /// Sees to it that the chunk at `position`, which is in the file, is opened.
    fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
        position: u64,
        end: u64,
    ) -> Poll<Result<(), Error>> {
        loop {
            if let Some(fetching) = &mut self.fetching {
                let run = task::ready!(fetching.as_mut().poll(cx));
                self.fetching = None;
                self.keep(run?);
            }
            let is_here = |run: &Run| run.from(position).is_some();
            if let Some(place) = self.cache.iter().position(is_here) {
                let found = self.cache.remove(place);
                self.cache.extend(found);
                self.cache.rotate_right(1);
                return Poll::Ready(Ok(()));
            }
            let chunks = self.runs.at(position, end);
            self.fetching = Some(fetch(self.runs.clone(), chunks));
        }
    }

    fn poll_size(&mut self, cx: &mut Context<'_>) -> Poll<Result<u64, Error>> {
        while !self.complete {
            if self.fetching.is_none() {
                let last = self.runs.layout.chunks() - 1;
                self.fetching = Some(fetch(self.runs.clone(), last..last + 1));
            }
            if let Some(fetching) = &mut self.fetching {
                let run = task::ready!(fetching.as_mut().poll(cx));
                self.fetching = None;
                self.keep(run?);
            }
        }
        Poll::Ready(Ok(self.runs.layout.plaintext_len()))
    }

    fn keep(&mut self, run: Run) {
        self.complete |= run.chunks.end == self.runs.layout.chunks();
        let mut room = CACHE_BYTES.saturating_sub(run.plaintext.len());
        self.cache.retain(|kept| {
            let fits = kept.plaintext.len() <= room;
            room = room.saturating_sub(kept.plaintext.len());
            fits
        });
        self.cache.push_front(run);
    }
}

impl<S: Source + 'static> AsyncRead for FileReader<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let position = self.position;
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if position >= self.runs.layout.plaintext_len() {
            return Poll::Ready(match task::ready!(self.poll_size(cx)) {
                Ok(_) => Ok(0),
                Err(error) => Err(into_io(error)),
            });
        }
        let end = position.saturating_add(buffer.len() as u64);
        task::ready!(self.poll_chunk(cx, position, end)).map_err(into_io)?;
        let opened = self.cache.front().and_then(|run| run.from(position));
        let read = io::Read::read(&mut opened.unwrap_or_default(), buffer)?;
        self.position += read as u64;
        Poll::Ready(Ok(read))
    }
}

impl<S: Source + 'static> AsyncSeek for FileReader<S> {
    fn poll_seek(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        let (base, offset) = match to {
            SeekFrom::Start(position) => (position, 0),
            SeekFrom::Current(offset) => (self.position, offset),
            SeekFrom::End(offset) => (task::ready!(self.poll_size(cx)).map_err(into_io)?, offset),
        };
        let before = || {
            let problem = "cannot seek to before the start";
            io::Error::new(io::ErrorKind::InvalidInput, problem)
        };
        self.position = base.checked_add_signed(offset).ok_or_else(before)?;
        Poll::Ready(Ok(self.position))
    }
}

// The future is boxed; nothing here is pinned in place.
impl<S> Unpin for FileReader<S> {}

impl<S: fmt::Debug> fmt::Debug for FileReader<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileReader")
            .field("source", &self.runs.source)
            .field("layout", &self.runs.layout)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// Fetches a run of chunks and opens them.
fn fetch<S: Source + 'static>(
    runs: Runs<S>,
    chunks: Range<u64>,
) -> BoxFuture<'static, Result<Run, Error>> {
    Box::pin(async move {
        let last = chunks.end == runs.layout.chunks();
        let open = |sealed: Vec<u8>| -> BoxFuture<'_, _> {
            let mut plaintext = Zeroizing::default();
            let opened = runs
                .opener
                .open(chunks.start, last, &sealed, &mut plaintext);
            Box::pin(ready(opened.map(|()| plaintext)))
        };
        let fetch = |copy, span| runs.source.fetch_copy(copy, span);
        Ok(Run {
            offset: runs.layout.offset_of(chunks.start),
            plaintext: runs.of_any_copy(chunks.clone(), fetch, open).await?,
            chunks,
        })
    })
}

pub(crate) fn out_of_range(range: &Range<u64>, size: u64) -> Error {
    let (start, end) = (range.start, range.end);
    EnvelopeError::OutOfRange { start, end, size }.into()
}

/// A fault of the source as it was; any other as invalid data, with its cause.
pub(crate) fn into_io(error: Error) -> io::Error {
    match error {
        Error::Source(error) => error.into(),
        Error::Envelope(EnvelopeError::Read(error) | EnvelopeError::Write(error)) => error,
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}

/// The way back.
fn out_of_io(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => match error.downcast::<crate::source::SourceError>() {
            Ok(error) => error.into(),
            Err(error) => EnvelopeError::Read(error).into(),
        },
    }
}

fn beyond_memory() -> Error {
    EnvelopeError::Read(io::ErrorKind::OutOfMemory.into()).into()
}
