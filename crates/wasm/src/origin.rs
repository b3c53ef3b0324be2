//! Where an envelope lies.

use std::{ops::Range, sync::Arc};

use js_sys::{ArrayBuffer, Promise, Uint8Array};
use stheno::{
    PlatformBytes, PlatformSource,
    bounds::BoxFuture,
    collection::{Link, LinkKind, StoredSource},
    source::{HttpOptions, HttpSource, Source, SourceError},
};
use url::Url;
use wasm_bindgen::{JsCast, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use crate::{
    bytes::words,
    error::{Failure, Result},
    webcrypto::Bytes,
};

#[wasm_bindgen]
extern "C" {
    /// A file that somebody chose, or bytes that the browser keeps, on the disk perhaps.
    pub type Blob;

    #[wasm_bindgen(method, getter)]
    fn size(this: &Blob) -> f64;

    #[wasm_bindgen(method)]
    fn slice(this: &Blob, start: f64, end: f64) -> Blob;

    #[wasm_bindgen(method, js_name = arrayBuffer)]
    fn array_buffer(this: &Blob) -> Promise;
}

/// Something of a fixed size, any part of which can be fetched.
#[derive(Clone)]
pub(crate) enum Origin {
    Blob(Blob),
    Bytes(Uint8Array),
    Http(HttpSource),
    Stored(Arc<StoredSource>),
}

impl Clone for Blob {
    fn clone(&self) -> Self {
        self.obj.clone().unchecked_into()
    }
}

impl Origin {
    /// The object at an address, which is asked for its first bytes; or what a `stheno:file/` link
    /// leads to.
    pub(crate) async fn at(address: &str) -> Result<Self> {
        if Link::is_meant(address) {
            let link: Link = address.parse().map_err(stheno::Error::from)?;
            if link.kind != LinkKind::File {
                return Err(Failure::argument(
                    "the link leads to a folder, not to a file",
                ));
            }
            let mut stores = Vec::new();
            for place in &link.places {
                stores.push(place.store(false)?);
            }
            return Ok(Self::Stored(Arc::new(StoredSource::of_link(&link, stores))));
        }
        let url = Url::parse(address).map_err(|error| {
            let hint = "give an address that begins with https:// or http://";
            Failure::of("bad_url", format!("it is no address: {error}"), hint)
        })?;
        let (source, _) = HttpSource::open(url, 1, HttpOptions::default()).await?;
        Ok(Self::Http(source))
    }
}

impl Source for Origin {
    fn size(&self) -> u64 {
        match self {
            // Sizes of a browser are whole and below 2⁵³.
            Self::Blob(blob) => blob.size() as u64,
            Self::Bytes(bytes) => u64::from(bytes.length()),
            Self::Http(source) => source.size(),
            Self::Stored(source) => source.size(),
        }
    }

    fn fetch(&self, range: Range<u64>) -> BoxFuture<'_, std::result::Result<Vec<u8>, SourceError>> {
        match self {
            Self::Blob(_) | Self::Bytes(_) => Box::pin(async {
                let bytes: Bytes = self.fetch_there(0, range).await?;
                Ok(bytes.to_vec())
            }),
            Self::Http(source) => source.fetch(range),
            Self::Stored(source) => source.fetch(range),
        }
    }

    fn copies(&self) -> Vec<usize> {
        match self {
            Self::Stored(source) => source.copies(),
            _ => vec![0],
        }
    }

    fn fetch_copy(
        &self,
        copy: usize,
        range: Range<u64>,
    ) -> BoxFuture<'_, std::result::Result<Vec<u8>, SourceError>> {
        match self {
            Self::Stored(source) => source.fetch_copy(copy, range),
            _ => self.fetch(range),
        }
    }

    fn distrust(&self, copy: usize) {
        if let Self::Stored(source) = self {
            source.distrust(copy);
        }
    }
}

impl PlatformSource<Bytes> for Origin {
    fn fetch_there(
        &self,
        copy: usize,
        range: Range<u64>,
    ) -> BoxFuture<'_, std::result::Result<Bytes, SourceError>> {
        Box::pin(async move {
            let bytes = match self {
                Self::Blob(blob) => {
                    let part = blob.slice(range.start as f64, range.end as f64);
                    let buffer = JsFuture::from(part.array_buffer()).await;
                    let buffer = buffer.map_err(|reason| unreadable(words(&reason)))?;
                    Uint8Array::new(buffer.unchecked_ref::<ArrayBuffer>())
                }
                Self::Bytes(bytes) => {
                    let wide = |at| u32::try_from(at).unwrap_or(u32::MAX);
                    bytes.subarray(wide(range.start), wide(range.end))
                }
                _ => return Ok(Bytes::of(&self.fetch_copy(copy, range).await?)),
            };
            match u64::from(bytes.length()) == range.end.saturating_sub(range.start) {
                true => Ok(Bytes::lent(bytes)),
                false => Err(unreadable(
                    "the file ends before what is asked for".to_owned(),
                )),
            }
        })
    }
}

fn unreadable(why: String) -> SourceError {
    SourceError::Unreadable { why }
}
