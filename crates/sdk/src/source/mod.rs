//! Where an envelope's bytes come from when they are not simply read on: something of a fixed
//! size that can be asked for any part of itself.
//!
//! | module | idea |
//! |---|---|
//! | `error` | what storage does wrong |
//! | `local` | files and bytes at hand |
//! | `http` | an object behind an HTTP server, by Range requests |
//! | `patience` | how long to wait for a server, how often to ask it again |
//! | `answer` | what a server's answer must say before a byte of it is taken |
//! | `download` | the whole object, in order, as a blocking [`std::io::Read`] |
//!
//! In a browser there is no `download`, which needs a thread; [`HttpSource`] asks by `fetch`.
//!
//! Nothing that comes from here is believed: it is opened by its chunks' own authentication.

mod error;
mod local;

#[cfg(feature = "http")]
pub(crate) mod answer;
#[cfg(all(feature = "http", not(target_family = "wasm")))]
mod download;
#[cfg(feature = "http")]
pub(crate) mod http;
#[cfg(all(feature = "http", not(target_family = "wasm")))]
pub(crate) mod own_thread;
#[cfg(feature = "http")]
pub(crate) mod patience;

use std::{ops::Range, sync::Arc};

use stheno_envelope::{EnvelopeError, Header, HeaderError, header::COMMON_HEADER_BYTES};

use crate::{
    Error,
    bounds::{BoxFuture, Shareable},
};

#[cfg(all(feature = "http", not(target_family = "wasm")))]
pub use download::HttpDownload;
pub use error::SourceError;
#[cfg(feature = "http")]
pub use http::HttpSource;
pub use local::Local;
#[cfg(feature = "http")]
pub use patience::{HttpOptions, Redirects};

/// The header of the envelope that a source is: 4 KiB, and more only where it is longer.
///
/// # Errors
/// [`Error::Source`]; [`Error::Envelope`] when it is no envelope.
pub async fn header_of(source: &impl Source) -> Result<Header, Error> {
    let first = source.size().min(COMMON_HEADER_BYTES as u64);
    let start = source.fetch(0..first).await?;
    rest_of_header(source, start).await
}

/// The same, where its first bytes are there already.
pub(crate) async fn rest_of_header(
    source: &impl Source,
    mut start: Vec<u8>,
) -> Result<Header, Error> {
    loop {
        let have = start.len() as u64;
        match Header::read(&mut start.as_slice()) {
            Err(EnvelopeError::Header(HeaderError::Truncated)) if have < source.size() => {
                let more = have..(2 * have).min(source.size());
                start.extend(source.fetch(more).await?);
            }
            header => return Ok(header?),
        }
    }
}

/// Something of a fixed size, any part of which can be fetched.
pub trait Source: Shareable {
    /// How many bytes it has, as far as its storage can be believed.
    fn size(&self) -> u64;

    /// Fetches exactly these bytes.
    fn fetch(&self, range: Range<u64>) -> BoxFuture<'_, Result<Vec<u8>, SourceError>>;

    /// Numbers of the copies that there are, in the order in which to try them, where one that
    /// gives what does not authenticate is no reason to give up. By default one.
    fn copies(&self) -> Vec<usize> {
        vec![0]
    }

    /// Fetches exactly these bytes from one copy.
    fn fetch_copy(
        &self,
        copy: usize,
        range: Range<u64>,
    ) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        let _ = copy;
        self.fetch(range)
    }

    /// What a copy gave did not authenticate: others are better tried first.
    fn distrust(&self, copy: usize) {
        let _ = copy;
    }
}

impl<S: Source + ?Sized> Source for Arc<S> {
    fn size(&self) -> u64 {
        (**self).size()
    }

    fn fetch(&self, range: Range<u64>) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        (**self).fetch(range)
    }

    fn copies(&self) -> Vec<usize> {
        (**self).copies()
    }

    fn fetch_copy(
        &self,
        copy: usize,
        range: Range<u64>,
    ) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        (**self).fetch_copy(copy, range)
    }

    fn distrust(&self, copy: usize) {
        (**self).distrust(copy);
    }
}
