//! Where an envelope's bytes come from when they are not simply read on: something of a fixed
//! size that can be asked for any part of itself.
//!
//! | module | idea |
//! |---|---|
//! | `error` | what storage does wrong |
//! | `local` | files and bytes at hand |
//! | `http` | an object behind an HTTP server, by Range requests |
//! | `answer` | what a server's answer must say before a byte of it is taken |
//! | `download` | the whole object, in order, as a blocking [`std::io::Read`] |
//!
//! Nothing that comes from here is believed: it is opened by its chunks' own authentication.

mod error;
mod local;

#[cfg(feature = "http")]
mod answer;
#[cfg(feature = "http")]
mod download;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
pub(crate) mod own_thread;

use std::ops::Range;

use crate::bounds::{BoxFuture, Shareable};

#[cfg(feature = "http")]
pub use download::HttpDownload;
pub use error::SourceError;
#[cfg(feature = "http")]
pub use http::{HttpOptions, HttpSource};
pub use local::Local;

/// Something of a fixed size, any part of which can be fetched.
pub trait Source: Shareable {
    /// How many bytes it has, as far as its storage can be believed.
    fn size(&self) -> u64;

    /// Fetches exactly these bytes.
    fn fetch(&self, range: Range<u64>) -> BoxFuture<'_, Result<Vec<u8>, SourceError>>;
}
