//! An encrypted folder that was named: by itself, by its manifest, or by a link.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use stheno::{
    collection::{
        Access, Collection, CollectionError, Link, LinkKind, Place, gateway, latest_manifest,
    },
    storage::{Gateway, GatewayPieces, IpfsAddress, Store},
};
use url::Url;

use crate::failure::Failure;

/// Where a manifest is.
#[derive(Clone, Debug)]
pub enum Located {
    /// In a file; its pieces may lie beside it.
    File(PathBuf),
    /// Where a link leads to.
    Link(Link),
    /// In IPFS.
    Ipfs(IpfsAddress),
}

/// Where pieces are, as the command line says it.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// Places to be tried first.
    pub from: &'a [Place],
    /// Gateways that may have what is named by a CID.
    pub gateways: &'a [Url],
}

impl Places<'_> {
    /// The stores at these places, to be read; an address without a gateway at each of the gateways.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub fn stores(&self) -> Result<Vec<Arc<dyn Store>>, Failure> {
        let mut stores = Vec::new();
        for place in self.from {
            match place {
                Place::Ipfs(address) if address.gateway.is_none() && !self.gateways.is_empty() => {
                    for gateway in self.gateways {
                        stores.push(Place::Ipfs(address.at(gateway)).store(false)?);
                    }
                }
                other => stores.push(other.store(false)?),
            }
        }
        Ok(stores)
    }

    /// The gateways as stores of what manifests name.
    ///
    /// # Errors
    /// When one of them has no address of http.
    pub fn gateway_stores(&self) -> Result<Vec<Arc<dyn Store>>, Failure> {
        let mut stores: Vec<Arc<dyn Store>> = Vec::new();
        for base in self.gateways {
            stores.push(Arc::new(GatewayPieces::new(gateway(base)?)));
        }
        Ok(stores)
    }

    /// The gateways that may have what an address leads to, its own first.
    ///
    /// # Errors
    /// As [`gateway_stores`](Self::gateway_stores).
    pub fn gateways_of(&self, address: &IpfsAddress) -> Result<Vec<Gateway>, Failure> {
        let own = address.gateway.iter();
        let others = self.gateways.iter();
        let others = others.filter(|base| Some(*base) != address.gateway.as_ref());
        let all: Result<Vec<Gateway>, stheno::Error> = own.chain(others).map(gateway).collect();
        Ok(all?)
    }
}

/// What was written for something in IPFS.
///
/// # Errors
/// When it is no such address.
pub fn ipfs_address(text: &str) -> Result<IpfsAddress, Failure> {
    text.parse().map_err(|error| {
        let shown = text.split(['?', '#']).next().unwrap_or_default();
        let shown = shown.rsplit('@').next().unwrap_or_default();
        Failure::new("bad_url", format_args!("{shown}: {error}"))
            .hint("an address looks like ipfs://bafy…/PATH or https://gateway.example/ipfs/bafy…")
    })
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
        if IpfsAddress::is_meant(text) {
            return Ok(Self::Ipfs(ipfs_address(text)?));
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

    /// Opens it. Pieces are looked for at the given places, beside the manifest, at gateways, and where
    /// link and manifest say.
    ///
    /// # Errors
    /// What keeps the manifest from being read; a denial above all.
    pub async fn open(&self, places: Places<'_>, access: &Access) -> Result<Collection, Failure> {
        let mut stores = places.stores()?;
        Ok(match self {
            Self::File(manifest) => {
                let beside = match manifest.parent() {
                    Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
                    _ => PathBuf::from("."),
                };
                stores.push(Place::Folder(beside).store(false)?);
                stores.extend(places.gateway_stores()?);
                Collection::open(manifest, stores, access).await?
            }
            Self::Link(link) => {
                stores.extend(places.gateway_stores()?);
                Collection::follow(link, stores, access).await?
            }
            Self::Ipfs(address) => {
                let gateways = places.gateways_of(address)?;
                Collection::in_ipfs(address, &gateways, stores, access).await?
            }
        })
    }
}
