//! Encrypted folders.

use std::sync::Arc;

use js_sys::{Function, Promise};
use serde_json::{Value, json};
use stheno::{
    Nobody, Reader,
    collection::{Access, Collection, Link, Place},
    market::SaleLink,
    storage::Store,
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    abort::unless,
    envelope::Envelope,
    error::{Failure, Result, to_js},
    network::{NetworkClient, read_options},
    opened::{OpenedFile, keyring},
    origin::Origin,
    reader::{AskingReader, Shared},
};

/// An opened manifest, and where its pieces are.
#[wasm_bindgen]
pub struct OpenedFolder {
    collection: Collection,
}

#[wasm_bindgen]
impl NetworkClient {
    /// Follows a link of a folder, or of one that is for sale, and opens its manifest.
    ///
    /// # Errors
    /// As [`NetworkClient::open`]; `bad_link`.
    #[wasm_bindgen(js_name = followFolder)]
    pub async fn follow_folder(
        &self,
        link: String,
        reader: Option<AskingReader>,
        keys: Vec<String>,
        on_event: Option<Function>,
        aborted: Option<Promise>,
    ) -> std::result::Result<OpenedFolder, JsValue> {
        let followed = async {
            let link = folder_link(&link)?;
            let access = self.access(reader, keys, on_event)?;
            let collection = Collection::follow(&link, Vec::new(), &access).await?;
            Ok(OpenedFolder { collection })
        };
        unless(aborted, followed).await
    }

    /// Opens the manifest that an envelope is; `places` may have the pieces.
    ///
    /// # Errors
    /// As [`NetworkClient::open`]; `bad_place`.
    #[wasm_bindgen(js_name = openFolder)]
    pub async fn open_folder(
        &self,
        manifest: &Envelope,
        places: Vec<String>,
        reader: Option<AskingReader>,
        keys: Vec<String>,
        on_event: Option<Function>,
        aborted: Option<Promise>,
    ) -> std::result::Result<OpenedFolder, JsValue> {
        let opened = async {
            let origin = manifest.origin.clone();
            let origin = origin.ok_or_else(|| {
                Failure::argument("a manifest cannot be opened from a stream; give its bytes")
            })?;
            let mut stores: Vec<Arc<dyn Store>> = Vec::new();
            for place in places {
                let place: Place = place.parse().map_err(stheno::Error::from)?;
                stores.push(place.store(false)?);
            }
            let access = self.access(reader, keys, on_event)?;
            let collection = Collection::of_manifest(origin, stores, &access).await?;
            Ok(OpenedFolder { collection })
        };
        unless(aborted, opened).await
    }

    /// A file of a folder.
    ///
    /// # Errors
    /// As [`NetworkClient::open`]; `no_such_file`.
    #[wasm_bindgen(js_name = openEntry)]
    pub async fn open_entry(
        &self,
        folder: &OpenedFolder,
        path: String,
        reader: Option<AskingReader>,
        keys: Vec<String>,
        on_event: Option<Function>,
        aborted: Option<Promise>,
    ) -> std::result::Result<OpenedFile, JsValue> {
        let opened = async {
            let collection = &folder.collection;
            let entry = collection.find(&path).map_err(stheno::Error::from)?;
            let access = self.access(reader, keys, on_event)?;
            let (header, key) = collection.unlock(entry, &access).await?;
            let origin = Origin::Stored(Arc::new(collection.source(entry)));
            OpenedFile::new(header, key, Some(origin)).await
        };
        unless(aborted, opened).await
    }
}

impl NetworkClient {
    fn access(
        &self,
        reader: Option<AskingReader>,
        keys: Vec<String>,
        on_event: Option<Function>,
    ) -> Result<Access> {
        let reader: Box<dyn Reader> = match reader {
            Some(reader) => Box::new(Shared(reader.0)),
            None => Box::new(Nobody),
        };
        let options = read_options(None, on_event)?;
        Ok(Access::new(keyring(keys)?).asking(self.client.clone(), reader, options))
    }
}

/// The folder behind a link, for sale or not.
pub(crate) fn folder_link(text: &str) -> Result<Link> {
    if SaleLink::is_meant(text) {
        let sale: SaleLink = text.parse().map_err(stheno::Error::from)?;
        return Ok(sale.folder);
    }
    Ok(text.parse().map_err(stheno::Error::from)?)
}

#[wasm_bindgen]
impl OpenedFolder {
    /// `[{ path, size, type, modified }]`, `modified` in Unix seconds.
    #[wasm_bindgen(getter)]
    pub fn entries(&self) -> JsValue {
        let entries = self.collection.manifest().entries().iter().map(|entry| {
            json!({
                "path": entry.path.to_string(),
                "size": entry.size,
                "type": entry.media_type,
                "modified": entry.modified,
            })
        });
        to_js(&entries.collect::<Value>())
    }
}
