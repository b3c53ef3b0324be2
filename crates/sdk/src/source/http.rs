//! An object behind an HTTP server, by Range requests.

use std::{
    fmt,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use reqwest::{Client, RequestBuilder, header};
use stheno_envelope::{Header, header::COMMON_HEADER_BYTES};
use url::Url;

use super::{
    Source, SourceError,
    answer::{self, Fault, Version, shown},
    patience::{HttpOptions, Trials, client},
    rest_of_header,
};
use crate::{
    Error,
    bounds::BoxFuture,
    http::{Response, came_from, in_parts, in_words},
    timer,
};

/// An object on an HTTP server: one version of it, whose size the first answer told.
///
/// The server is not believed. An answer that is not about the same version (by `ETag`,
/// `Last-Modified` and size), not exactly the part that was asked for, compressed or longer than it
/// said is an error; so is a redirect, which may lead to where the reader would not have gone. What
/// breaks off is fetched again from there.
#[derive(Clone)]
pub struct HttpSource {
    line: Line,
    version: Version,
}

impl HttpSource {
    /// Asks for the first bytes, and gives them too. `wanted` is at least 1.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn open(
        url: Url,
        wanted: u64,
        options: HttpOptions,
    ) -> Result<(Self, Vec<u8>), SourceError> {
        let line = Line::new(url, options)?;
        let asked = 0..wanted.max(1);
        let mut trials = line.trials();
        loop {
            let mut first = Vec::new();
            let fault = match line.request(Some(&asked), None).await {
                Ok(response) => match answer::part(&line.url, &response, &asked, None) {
                    Ok(part) => {
                        let length = part.range.end;
                        let taken = line.take(response, length, &mut first).await;
                        let version = part.version;
                        match taken {
                            // A server may send less than was asked for; the object may be shorter.
                            Ok(()) => return Ok((Self { line, version }, first)),
                            Err(fault) => fault,
                        }
                    }
                    Err(fault) => fault,
                },
                Err(fault) => fault,
            };
            trials.failed(fault, 0).await?;
        }
    }

    /// Reads the header of an envelope: one request of 4 KiB, and more only where it is larger.
    ///
    /// # Errors
    /// [`Error::Source`], and [`Error::Envelope`] when it is no envelope.
    pub async fn open_envelope(url: Url, options: HttpOptions) -> Result<(Header, Self), Error> {
        let (source, start) = Self::open(url, COMMON_HEADER_BYTES as u64, options).await?;
        let header = rest_of_header(&source, start).await?;
        Ok((header, source))
    }

    /// As [`open_envelope`](Self::open_envelope), for callers that block. Not in a browser.
    ///
    /// # Errors
    /// The same.
    #[cfg(not(target_family = "wasm"))]
    pub fn open_envelope_blocking(url: Url, options: HttpOptions) -> Result<(Header, Self), Error> {
        super::own_thread::wait(move || async move {
            let (header, source) = Self::open_envelope(url, options).await?;
            // Its connections end with the thread.
            Ok((header, source.renewed()?))
        })
        .map_err(|error| SourceError::Unreadable {
            why: error.to_string(),
        })?
    }

    /// How many requests were made.
    pub fn requests(&self) -> u64 {
        self.line.traffic.requests.load(Ordering::Relaxed)
    }

    /// How many bytes of answers' bodies arrived.
    pub fn bytes_fetched(&self) -> u64 {
        self.line.traffic.bytes.load(Ordering::Relaxed)
    }

    /// The same, with connections of its own, for use on another runtime.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn renewed(&self) -> Result<Self, SourceError> {
        Ok(Self {
            line: Line {
                client: client(&self.line.options)?,
                ..self.line.clone()
            },
            version: self.version.clone(),
        })
    }

    async fn fetch_range(&self, range: Range<u64>) -> Result<Vec<u8>, SourceError> {
        if range.start >= range.end {
            return Ok(Vec::new());
        }
        if range.end > self.version.size {
            return Err(SourceError::Contradiction {
                url: shown(&self.line.url),
                how: format!(
                    "the object has {} bytes, and {} are needed",
                    self.version.size, range.end
                ),
            });
        }
        let mut bytes = Vec::new();
        let mut trials = self.line.trials();
        loop {
            let left = range.start + bytes.len() as u64..range.end;
            if left.start == left.end {
                return Ok(bytes);
            }
            if let Err(fault) = self.append(&left, &mut bytes).await {
                trials.failed(fault, bytes.len() as u64).await?;
            }
        }
    }

    /// One request; what arrives is kept, also of one that breaks off.
    async fn append(&self, asked: &Range<u64>, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        let response = self.line.request(Some(asked), Some(&self.version)).await?;
        let part = answer::part(&self.line.url, &response, asked, Some(&self.version))?;
        let length = part.range.end - part.range.start;
        self.line.take(response, length, bytes).await
    }
}

impl Source for HttpSource {
    fn size(&self) -> u64 {
        self.version.size
    }

    fn fetch(&self, range: Range<u64>) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        Box::pin(self.fetch_range(range))
    }
}

impl fmt::Debug for HttpSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSource")
            .field("url", &shown(&self.line.url))
            .field("size", &self.version.size)
            .finish_non_exhaustive()
    }
}

/// The way to an address.
#[derive(Clone)]
pub(crate) struct Line {
    client: Client,
    pub(crate) url: Url,
    options: HttpOptions,
    traffic: Arc<Traffic>,
}

#[derive(Debug, Default)]
struct Traffic {
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl Line {
    pub(crate) fn new(url: Url, options: HttpOptions) -> Result<Self, SourceError> {
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(SourceError::BadAddress { url: shown(&url) });
        }
        Ok(Self {
            client: client(&options)?,
            url,
            options,
            traffic: Arc::default(),
        })
    }

    /// The same over a client that others use, too, and that has the same options.
    #[cfg(feature = "storage")]
    pub(crate) fn over(client: Client, url: Url, options: HttpOptions) -> Self {
        Self {
            client,
            url,
            options,
            traffic: Arc::default(),
        }
    }

    /// Asks for a part, or for all of it.
    pub(crate) async fn request(
        &self,
        part: Option<&Range<u64>>,
        known: Option<&Version>,
    ) -> Result<Response, Fault> {
        let mut request = self.client.get(self.url.clone());
        request = request.header(header::ACCEPT_ENCODING, "identity");
        if let Some(part) = part {
            let last = part.end.saturating_sub(1);
            request = request.header(header::RANGE, format!("bytes={}-{last}", part.start));
            // A browser would have to ask the server for leave to send it, each time. Without it
            // another version is noticed just as well, by its own tag.
            let tag = known.and_then(Version::strong_tag);
            if let Some(tag) = tag.filter(|_| cfg!(not(target_family = "wasm"))) {
                request = request.header(header::IF_RANGE, tag);
            }
        }
        self.traffic.requests.fetch_add(1, Ordering::Relaxed);
        self.send(request).await
    }

    /// Makes a request to this address, and waits for the head of its answer.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Response, Fault> {
        let response = match timer::timeout(self.options.stall, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(self.broken(in_words(&error))),
            Err(_) => return Err(self.stalled()),
        };
        match came_from(&self.url, response.url(), self.options.redirects) {
            None => Ok(in_parts(response)),
            Some(elsewhere) => Err(Fault::lasting(SourceError::Redirected {
                url: shown(&self.url),
                to: shown(elsewhere),
            })),
        }
    }

    /// Takes the next bytes of an answer; none at its end.
    pub(crate) async fn next(&self, response: &mut Response) -> Result<Vec<u8>, Fault> {
        loop {
            match timer::timeout(self.options.stall, response.chunk()).await {
                Ok(Ok(Some(bytes))) if bytes.is_empty() => {}
                Ok(Ok(bytes)) => {
                    #[cfg_attr(
                        target_family = "wasm",
                        expect(clippy::useless_conversion, reason = "natively they are `Bytes`")
                    )]
                    let bytes = bytes.map(Vec::from).unwrap_or_default();
                    let count = bytes.len() as u64;
                    self.traffic.bytes.fetch_add(count, Ordering::Relaxed);
                    return Ok(bytes);
                }
                Ok(Err(error)) => return Err(self.broken(in_words(&error))),
                Err(_) => return Err(self.stalled()),
            }
        }
    }

    /// Takes an answer of known length to its end.
    async fn take(
        &self,
        mut response: Response,
        length: u64,
        to: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let mut taken = 0;
        loop {
            let bytes = self.next(&mut response).await?;
            taken += bytes.len() as u64;
            if bytes.is_empty() && taken < length {
                return Err(self.broken(format!("{taken} of {length} bytes arrived")));
            }
            if taken > length {
                return Err(Fault::lasting(self.too_much(length)));
            }
            to.extend(bytes);
            // Not before its end: a server may still be about to send too much.
            if taken == length && self.next(&mut response).await?.is_empty() {
                return Ok(());
            }
            if taken == length {
                return Err(Fault::lasting(self.too_much(length)));
            }
        }
    }

    pub(crate) fn too_much(&self, announced: u64) -> SourceError {
        SourceError::Contradiction {
            url: shown(&self.url),
            how: format!("more bytes than the {announced} that it announced"),
        }
    }

    pub(crate) fn broken(&self, why: String) -> Fault {
        Fault::passing(SourceError::Unreachable {
            url: shown(&self.url),
            why,
        })
    }

    #[cfg(feature = "storage")]
    pub(crate) fn too_large(&self, most: u64) -> SourceError {
        SourceError::Contradiction {
            url: shown(&self.url),
            how: format!("more than {most} bytes"),
        }
    }

    #[cfg(feature = "storage")]
    pub(crate) fn options(&self) -> &HttpOptions {
        &self.options
    }

    pub(crate) fn stalled(&self) -> Fault {
        self.broken(format!("nothing arrived for {:?}", self.options.stall))
    }

    pub(crate) fn trials(&self) -> Trials {
        Trials::new(self.options.clone())
    }
}
