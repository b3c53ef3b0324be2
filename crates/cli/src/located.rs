//! An encrypted folder that was named: by itself, by its manifest, or by a link.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use stheno::{
    Error,
    collection::{Access, Collection, CollectionError, Link, LinkKind, Place, latest_manifest},
    storage::Store,
};

use crate::failure::Failure;

/// Where a manifest is.
#[derive(Clone, Debug)]
pub enum Located {
    /// In a file; its pieces may lie beside it.
    File(PathBuf),
    /// Where a link leads to.
    Link(Link),
}

impl Located {
    /// Takes what was named for a collection.
    ///
    /// # Errors
    /// When it is a folder without a manifest, or a link to something else.
    pub fn of(text: &str) -> Result<Self, Failure> {
        if Link::is_meant(text) {
            let link: Link = text.parse()?;
            return match link.kind {
                LinkKind::Collection => Ok(Self::Link(link)),
                LinkKind::File => Err(Failure::new(
                    "usage",
                    "the link leads to an envelope, and not to an encrypted folder",
                )
                .hint("fetch it with `stheno get`, and decrypt what comes")),
            };
        }
        let path = Path::new(text);
        if !path.is_dir() {
            return Ok(Self::File(path.to_owned()));
        }
        match latest_manifest(path)? {
            Some((_, manifest)) => Ok(Self::File(manifest)),
            None => {
                let path = text.to_owned();
                Err(CollectionError::NoManifest { path }.into())
            }
        }
    }

    /// Whether it can only be a collection: a folder, or a link.
    pub fn is_meant(text: &str) -> bool {
        Link::is_meant(text) || Path::new(text).is_dir()
    }

    /// Opens it. Pieces are looked for at the given places, beside the manifest, and where link and
    /// manifest say.
    ///
    /// # Errors
    /// What keeps the manifest from being read; a denial above all.
    pub async fn open(&self, from: &[Place], access: &Access) -> Result<Collection, Failure> {
        let mut stores = stores(from)?;
        Ok(match self {
            Self::File(manifest) => {
                let beside = match manifest.parent() {
                    Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
                    _ => PathBuf::from("."),
                };
                stores.push(Place::Folder(beside).store(false)?);
                Collection::open(manifest, stores, access).await?
            }
            Self::Link(link) => Collection::follow(link, stores, access).await?,
        })
    }
}

/// The stores at places that are read.
///
/// # Errors
/// When one of them cannot be used.
pub fn stores(places: &[Place]) -> Result<Vec<Arc<dyn Store>>, Failure> {
    let stores: Result<Vec<_>, Error> = places.iter().map(|place| place.store(false)).collect();
    Ok(stores?)
}
