//! Whole files through asynchronous streams.
//!
//! | module | idea |
//! |---|---|
//! | `threaded` | on all cores, by a thread of its own; not in a browser, which has none |
//! | `single` | in the caller's task alone; with a platform's AES see `platform` |

mod single;
#[cfg(not(target_family = "wasm"))]
mod threaded;

pub use single::decrypt_body;

use futures::{AsyncRead, AsyncReadExt};
use stheno_envelope::{EnvelopeError, Header, HeaderError, header::MAX_HEADER_BYTES};

use crate::Error;

/// How much of an envelope is read to find its header, at first.
const FIRST: usize = 4 << 10;

/// Reads a header, and gives what was read beyond it.
///
/// # Errors
/// [`Error::Envelope`] when it is no envelope, or cannot be read.
pub async fn read_header(
    source: &mut (impl AsyncRead + Unpin),
) -> Result<(Header, Vec<u8>), Error> {
    let mut start = Vec::new();
    let mut wanted = FIRST;
    loop {
        let limit = (wanted - start.len()) as u64;
        let read = source.take(limit).read_to_end(&mut start).await;
        let read = read.map_err(EnvelopeError::Read)?;
        let mut rest = start.as_slice();
        match Header::read(&mut rest) {
            Err(EnvelopeError::Header(HeaderError::Truncated))
                if read as u64 == limit && wanted <= MAX_HEADER_BYTES =>
            {
                wanted *= 2;
            }
            header => {
                let header = header?;
                let rest = rest.to_vec();
                return Ok((header, rest));
            }
        }
    }
}

/// A file is as long as it was announced.
pub(crate) fn check_length(
    announced: Option<u64>,
    found: u64,
    last: bool,
) -> Result<(), EnvelopeError> {
    match announced {
        Some(declared) if found > declared || (last && found != declared) => {
            Err(EnvelopeError::LengthChanged { declared, found })
        }
        _ => Ok(()),
    }
}
