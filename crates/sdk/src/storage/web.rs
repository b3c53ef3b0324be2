//! Pieces on any HTTP server, to be read.

use std::ops::Range;

use futures::StreamExt;
use reqwest::{Client, StatusCode, header};
use stheno_envelope::PieceCid;
use url::Url;

use super::{Parts, StorageError, StorageFault, Store, reading::check_range, stream};
use crate::{
    bounds::BoxFuture,
    source::{
        HttpOptions, SourceError,
        answer::{Fault, refusal, shown},
        http::Line,
        patience::{Trials, client},
    },
};

/// An HTTP server that has pieces, read with GET and Range. It is not believed, see
/// [`storage`](super).
///
/// What it sends must have the piece's length. What breaks off is asked for again, as patiently as
/// [`HttpOptions`] say.
#[derive(Clone, Debug)]
pub struct HttpStore {
    name: String,
    client: Client,
    place: Place,
    options: HttpOptions,
}

#[derive(Clone, Debug)]
enum Place {
    /// Each piece under its name.
    Folder(Url),
    /// One piece.
    Object(Url),
}

impl HttpStore {
    /// A server with each piece at `base`/PieceCID, such as `https://provider.example/piece`.
    ///
    /// # Errors
    /// [`SourceError::BadAddress`] in [`StorageFault::Source`].
    pub fn folder(base: Url, options: HttpOptions) -> Result<Self, StorageError> {
        Self::new(Place::Folder(base.clone()), &base, options)
    }

    /// The address of one piece, whatever it is called there.
    ///
    /// # Errors
    /// As [`HttpStore::folder`].
    pub fn object(url: Url, options: HttpOptions) -> Result<Self, StorageError> {
        Self::new(Place::Object(url.clone()), &url, options)
    }

    fn new(place: Place, url: &Url, options: HttpOptions) -> Result<Self, StorageError> {
        let name = format!("server {}", shown(url).trim_end_matches('/'));
        let client = web_client(&name, url, &options)?;
        Ok(Self {
            name,
            client,
            place,
            options,
        })
    }

    fn line(&self, piece: &PieceCid) -> Line {
        let url = match &self.place {
            Place::Folder(base) => below(base, &[&piece.to_string()]),
            Place::Object(url) => url.clone(),
        };
        Line::over(self.client.clone(), url, self.options.clone())
    }
}

impl Store for HttpStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn has<'a>(&'a self, piece: &'a PieceCid) -> BoxFuture<'a, Result<bool, StorageError>> {
        Box::pin(async move {
            let has = has(&self.client, &self.line(piece), piece.payload_len()).await;
            has.map_err(|error| StorageError::new(&self.name, piece, error))
        })
    }

    fn read<'a>(
        &'a self,
        piece: &'a PieceCid,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Parts, StorageError>> {
        let parts = read(&self.name, self.line(piece), piece, range);
        Box::pin(std::future::ready(parts))
    }
}

/// A client, once the address is one of http.
pub(super) fn web_client(
    name: &str,
    url: &Url,
    options: &HttpOptions,
) -> Result<Client, StorageError> {
    let here = |error| StorageError::new(name, super::At::Itself, StorageFault::Source(error));
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(here(SourceError::BadAddress { url: shown(url) }));
    }
    client(options).map_err(here)
}

/// An address below another, whether or not that ends with a slash; its query is kept.
pub(crate) fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// The piece's bytes from there.
pub(super) fn read(
    name: &str,
    line: Line,
    piece: &PieceCid,
    range: Range<u64>,
) -> Result<Parts, StorageError> {
    let fault = {
        let (name, piece) = (name.to_owned(), *piece);
        move |fault: StorageFault| StorageError::new(&name, &piece, fault)
    };
    check_range(piece, &range).map_err(&fault)?;
    let parts = stream::parts(line, piece.payload_len(), range);
    Ok(Box::pin(parts.map(move |part| {
        part.map_err(|error| fault(absent_or(error)))
    })))
}

/// An object that is not there is not a server that refuses.
fn absent_or(error: SourceError) -> StorageFault {
    match error {
        SourceError::Status {
            status: 404 | 410, ..
        } => StorageFault::NotFound,
        other => StorageFault::Source(other),
    }
}

/// Asks with HEAD, or for the first byte where that is not served.
async fn has(client: &Client, line: &Line, size: u64) -> Result<bool, SourceError> {
    let mut trials = Trials::new(line.options().clone());
    loop {
        match head(client, line, size).await {
            Ok(has) => return Ok(has),
            Err(fault) if is_no_head(&fault) => {
                let mut first = stream::parts(line.clone(), size, 0..1);
                return match first.next().await {
                    Some(Err(error)) if absent_or(error.clone()) == StorageFault::NotFound => {
                        Ok(false)
                    }
                    Some(Err(error)) => Err(error),
                    _ => Ok(true),
                };
            }
            Err(fault) => trials.failed(fault, 0).await?,
        }
    }
}

fn is_no_head(fault: &Fault) -> bool {
    matches!(
        fault.error,
        SourceError::Status {
            status: 405 | 501,
            ..
        }
    )
}

async fn head(client: &Client, line: &Line, size: u64) -> Result<bool, Fault> {
    let request = client
        .head(line.url.clone())
        .header(header::ACCEPT_ENCODING, "identity");
    let response = line.send(request).await?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(false),
        _ => return Err(refusal(&line.url, &response)),
    }
    let length = response.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    // To a browser a server may tell how long it would be compressed.
    let length = length.filter(|_| cfg!(not(target_family = "wasm")));
    match length {
        Some(length) if length != size => Err(Fault::lasting(SourceError::Contradiction {
            url: shown(&line.url),
            how: format!("{length} bytes, where {size} belong"),
        })),
        _ => Ok(true),
    }
}
