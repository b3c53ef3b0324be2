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

use crate::bounds::{BoxFuture, Shareable};

#[cfg(all(feature = "http", not(target_family = "wasm")))]
pub use download::HttpDownload;
pub use error::SourceError;
#[cfg(feature = "http")]
pub use http::HttpSource;
pub use local::Local;
#[cfg(feature = "http")]
pub use patience::{HttpOptions, Redirects};

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
