//! Pieces that lie in files which a gateway has.
//!
//! A gateway knows nothing of pieces. A piece is found in the file of UnixFS that it is a stretch of,
//! as a manifest says, or under its own name in a folder of UnixFS.

use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

use cid::Cid;
use stheno_envelope::{
    PieceCid,
    unixfs::{Look, Resolver, UnixfsError},
};

use super::{Gateway, UnixfsFile, latest_in_folder, reading};
use crate::{
    bounds::BoxFuture,
    storage::{
        Blocks, KnownFiles, Parts, StorageError, StorageFault, Store, TransferError,
        reading::check_range,
    },
};

/// One gateway as a store of pieces. What it gives is verified, block by block.
#[derive(Debug)]
pub struct GatewayPieces {
    gateway: Gateway,
    /// A folder that may have pieces under their names.
    folder: Option<Cid>,
    /// Names below that folder.
    path: Vec<String>,
    /// How a file in that folder is called that is a piece under another name.
    latest: Option<Versions>,
    known: OnceLock<Arc<KnownFiles>>,
}

/// Files of which a folder has several versions: the version that a name says, and its name.
#[derive(Clone, Copy, Debug)]
struct Versions {
    of: fn(&str) -> Option<u64>,
    name: fn(u64) -> String,
}

impl GatewayPieces {
    /// Pieces of files that [`Store::learn`] tells of.
    pub fn new(gateway: Gateway) -> Self {
        Self {
            gateway,
            folder: None,
            path: Vec::new(),
            latest: None,
            known: OnceLock::new(),
        }
    }

    /// Besides, each piece at `root`/`path`/PieceCID.
    #[must_use]
    pub fn in_folder(self, root: Cid, path: Vec<String>) -> Self {
        Self {
            folder: Some(root),
            path,
            ..self
        }
    }

    /// Besides, the file of the highest version in that folder, if it has the piece's length: a manifest
    /// is not called by its PieceCID there.
    #[must_use]
    pub(crate) fn or_latest(self, of: fn(&str) -> Option<u64>, name: fn(u64) -> String) -> Self {
        Self {
            latest: Some(Versions { of, name }),
            ..self
        }
    }

    /// Where a piece lies: a file, and the piece's first byte in it.
    async fn locate(&self, piece: &PieceCid) -> Result<(UnixfsFile, u64), StorageError> {
        let known = self.known.get().and_then(|known| known.find(piece));
        if let Some((root, size, at)) = known {
            return Ok((UnixfsFile { root, size }, at));
        }
        let Some(root) = self.folder else {
            return Err(self.lacks(piece));
        };
        let folder = self.resolve(piece, root, &self.path).await?;
        let named = self.resolve(piece, folder, &[piece.to_string()]).await;
        let root = match (named, &self.latest) {
            (Err(error), Some(latest)) if *error.fault == StorageFault::NotFound => {
                self.latest(piece, folder, latest).await?
            }
            (named, _) => named?,
        };
        let block = self.gateway.verified(&root).await?;
        match Look::at(&root, &block) {
            Ok(Look::File { size }) if size == piece.payload_len() => {
                Ok((UnixfsFile { root, size }, 0))
            }
            _ => Err(self.lacks(piece)),
        }
    }

    async fn latest(
        &self,
        piece: &PieceCid,
        folder: Cid,
        versions: &Versions,
    ) -> Result<Cid, StorageError> {
        let gateways = std::slice::from_ref(&self.gateway);
        let latest = latest_in_folder(gateways, &folder, versions.of, versions.name).await;
        match latest {
            Ok(Some(version)) => {
                self.resolve(piece, folder, &[(versions.name)(version)])
                    .await
            }
            Err(TransferError::Unfetched { tried, .. }) => {
                let first = tried.into_iter().next();
                Err(first.unwrap_or_else(|| self.lacks(piece)))
            }
            _ => Err(self.lacks(piece)),
        }
    }

    /// What a path below a folder leads to. One that is not there is a piece that is not.
    async fn resolve(
        &self,
        piece: &PieceCid,
        folder: Cid,
        path: &[String],
    ) -> Result<Cid, StorageError> {
        let mut resolver = Resolver::new(folder, path.iter().cloned());
        while let Some(wanted) = resolver.wanted().copied() {
            let block = self.gateway.verified(&wanted).await?;
            resolver.push(&block).map_err(|error| {
                let fault = match error {
                    UnixfsError::NotFound { .. } | UnixfsError::NotAFolder { .. } => {
                        StorageFault::NotFound
                    }
                    other => other.into(),
                };
                StorageError::new(&self.gateway.name, piece, fault)
            })?;
        }
        Ok(resolver.target().copied().unwrap_or(folder))
    }

    fn lacks(&self, piece: &PieceCid) -> StorageError {
        StorageError::new(&self.gateway.name, piece, StorageFault::NotFound)
    }
}

impl Store for GatewayPieces {
    fn name(&self) -> &str {
        Blocks::name(&self.gateway)
    }

    fn has<'a>(&'a self, piece: &'a PieceCid) -> BoxFuture<'a, Result<bool, StorageError>> {
        Box::pin(async move {
            let root = match self.locate(piece).await {
                Ok((file, _)) => file.root,
                Err(error) if *error.fault == StorageFault::NotFound => return Ok(false),
                Err(error) => return Err(error),
            };
            match self.gateway.verified(&root).await {
                Ok(_) => Ok(true),
                Err(error) if *error.fault == StorageFault::NotFound => Ok(false),
                Err(error) => Err(error),
            }
        })
    }

    fn read<'a>(
        &'a self,
        piece: &'a PieceCid,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Parts, StorageError>> {
        Box::pin(async move {
            check_range(piece, &range)
                .map_err(|fault| StorageError::new(&self.gateway.name, piece, fault))?;
            let (file, at) = self.locate(piece).await?;
            let range = at + range.start..at + range.end;
            Ok(reading::parts(self.gateway.clone(), file, range))
        })
    }

    fn learn(&self, files: &dyn Fn() -> Arc<KnownFiles>) {
        self.known.get_or_init(files);
    }
}
