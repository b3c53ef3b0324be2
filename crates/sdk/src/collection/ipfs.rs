//! A collection that trustless gateways have: its folder, or the manifest in it, by its CID.

use std::sync::{Arc, OnceLock};

use stheno_envelope::manifest::{Hint, Manifest};
use url::Url;

use super::{
    Access, Collection, CollectionError,
    place::{gateway, manifest_name, version_of},
};
use crate::{
    Error,
    storage::{
        FoundInIpfs, Gateway, GatewayPieces, IpfsAddress, KnownFiles, Store, UnixfsFile,
        UnixfsSource, find_in_ipfs, latest_in_folder,
    },
};

/// What an address in IPFS leads to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum InIpfs {
    /// The manifest of a collection: named, or the latest one in the folder that was named.
    Manifest {
        /// The manifest's envelope.
        file: UnixfsFile,
        /// The version in its name.
        version: u64,
    },
    /// Another file.
    File(UnixfsFile),
}

/// Finds what an address leads to. A folder must have a manifest in it, under the name that
/// `stheno encrypt` gives it; in a folder that is sharded, a version of at most 256.
///
/// # Errors
/// [`CollectionError::NoManifest`] for another folder, [`CollectionError::NoGateway`] without any;
/// as [`find_in_ipfs`].
pub async fn find_in_gateways(
    gateways: &[Gateway],
    address: &IpfsAddress,
) -> Result<InIpfs, Error> {
    if gateways.is_empty() {
        let address = address.to_string();
        return Err(CollectionError::NoGateway { address }.into());
    }
    let found = find_in_ipfs(gateways, &address.root, &address.path).await?;
    let folder = match found {
        FoundInIpfs::File(file) => {
            let name = address.path.last();
            return Ok(match name.and_then(|name| version_of(name)) {
                Some(version) => InIpfs::Manifest { file, version },
                None => InIpfs::File(file),
            });
        }
        FoundInIpfs::Folder(folder) => folder,
    };
    let latest = latest_in_folder(gateways, &folder, version_of, manifest_name).await?;
    let none = || CollectionError::NoManifest {
        path: address.to_string(),
    };
    let version = latest.ok_or_else(none)?;
    match find_in_ipfs(gateways, &folder, &[manifest_name(version)]).await? {
        FoundInIpfs::File(file) => Ok(InIpfs::Manifest { file, version }),
        FoundInIpfs::Folder(_) => Err(none().into()),
    }
}

impl Collection {
    /// Opens the manifest that an address in IPFS leads to. `stores` are asked before the gateways for
    /// what the manifest names; gateways find it by the CIDs that it has, or under the names of pieces
    /// beside the manifest.
    ///
    /// # Errors
    /// [`CollectionError::NoManifest`] when the address leads to something else; as
    /// [`find_in_gateways`] and [`Collection::open`].
    pub async fn in_ipfs(
        address: &IpfsAddress,
        gateways: &[Gateway],
        mut stores: Vec<Arc<dyn Store>>,
        access: &Access,
    ) -> Result<Self, Error> {
        let file = match find_in_gateways(gateways, address).await? {
            InIpfs::Manifest { file, .. } | InIpfs::File(file) => file,
        };
        for gateway in gateways {
            let pieces = GatewayPieces::new(gateway.clone());
            let folder = folder_of(address);
            stores.push(Arc::new(pieces.in_folder(folder.root, folder.path)));
        }
        let source = || Ok(UnixfsSource::new(file, gateways.to_vec()));
        Self::of_source(source, stores, access).await
    }

    /// Tells stores that know blocks and no pieces where the pieces of the files are.
    pub(super) fn teach(&self) {
        let known = OnceLock::new();
        for store in self.stores() {
            store.learn(&|| Arc::clone(known.get_or_init(|| Arc::new(self.known_files()))));
        }
    }

    fn known_files(&self) -> KnownFiles {
        let mut known = KnownFiles::default();
        for entry in self.manifest().entries() {
            let envelope = &entry.envelope;
            let Some(cid) = envelope.cid else {
                continue;
            };
            // A piece that holds other envelopes, too, is no stretch of this one.
            let whole = envelope
                .parts
                .iter()
                .filter(|part| part.offset == 0 && part.len == part.piece.payload_len());
            known.add(cid, envelope.len, whole.map(|part| (part.piece, part.at)));
        }
        known
    }
}

/// Below the addresses that a manifest hints at, blocks are, too: at `/ipfs/`. Asked for nothing where no
/// file has a CID.
pub(super) fn hinted(manifest: &Manifest) -> Vec<Arc<dyn Store>> {
    let mut stores: Vec<Arc<dyn Store>> = Vec::new();
    if manifest
        .entries()
        .iter()
        .all(|entry| entry.envelope.cid.is_none())
    {
        return stores;
    }
    for hint in &manifest.header().hints {
        let Hint::Url(url) = hint else {
            continue;
        };
        // A hint that cannot be used is none.
        if let Some(Ok(there)) = Url::parse(url).ok().map(|base| gateway(&base)) {
            stores.push(Arc::new(GatewayPieces::new(there)));
        }
    }
    stores
}

/// The address of the folder, where one of a manifest in it was given by its name.
#[must_use]
pub fn folder_of(address: &IpfsAddress) -> IpfsAddress {
    let mut folder = address.clone();
    if folder
        .path
        .last()
        .is_some_and(|name| version_of(name).is_some())
    {
        folder.path.pop();
    }
    folder
}
