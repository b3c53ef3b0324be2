//! What a path in IPFS leads to: a file, or a folder and the manifest of a collection in it.

use std::sync::Arc;

use cid::Cid;
use stheno_envelope::unixfs::{Look, Resolver, UnixfsError};

use super::{Gateway, UnixfsFile, in_order};
use crate::storage::{At, StorageError, StorageFault, TransferError};

/// Who is to blame where all gateways agree.
const NOBODY: &str = "ipfs";
/// The most versions of a manifest that are looked for in a folder of many blocks.
const MOST_VERSIONS: u64 = 256;

/// What an address leads to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FoundInIpfs {
    /// A file.
    File(UnixfsFile),
    /// A folder.
    Folder(Cid),
}

/// Follows a path below a root. The gateways are tried in turn for every block.
///
/// # Errors
/// [`TransferError::Unfetched`] when none of them has a block; [`TransferError::Stopped`] with
/// [`StorageFault::Unixfs`] when there is no such path, or it leads to something else.
pub async fn find_in_ipfs(
    gateways: &[Gateway],
    root: &Cid,
    path: &[String],
) -> Result<FoundInIpfs, TransferError> {
    let target = resolve(gateways, root, path).await?;
    let block = any_block(gateways, &target).await?;
    match Look::at(&target, &block).map_err(|error| nobodys(&target, error))? {
        Look::File { size } => Ok(FoundInIpfs::File(UnixfsFile { root: target, size })),
        Look::Folder { .. } | Look::Sharded => Ok(FoundInIpfs::Folder(target)),
    }
}

/// The file in a folder for which `version_of` gives the highest number; in a folder of many blocks
/// they are looked for by `name_of`, from 1 on.
pub(crate) async fn latest_in_folder(
    gateways: &[Gateway],
    folder: &Cid,
    version_of: impl Fn(&str) -> Option<u64>,
    name_of: impl Fn(u64) -> String,
) -> Result<Option<u64>, TransferError> {
    let block = any_block(gateways, folder).await?;
    match Look::at(folder, &block).map_err(|error| nobodys(folder, error))? {
        Look::File { .. } => {
            let error = UnixfsError::NotAFolder {
                cid: *folder,
                kind: "file",
            };
            return Err(nobodys(folder, error));
        }
        Look::Folder { entries } => {
            let versions = entries.iter().filter_map(|(name, _)| version_of(name));
            return Ok(versions.max());
        }
        Look::Sharded => {}
    }
    let mut latest = None;
    for version in 1..=MOST_VERSIONS {
        match resolve(gateways, folder, &[name_of(version)]).await {
            Ok(_) => latest = Some(version),
            Err(error) if is_not_there(&error) && latest.is_none() => {}
            Err(error) if is_not_there(&error) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(latest)
}

async fn resolve(gateways: &[Gateway], root: &Cid, path: &[String]) -> Result<Cid, TransferError> {
    let mut resolver = Resolver::new(*root, path.iter().cloned());
    while let Some(wanted) = resolver.wanted().copied() {
        let block = any_block(gateways, &wanted).await?;
        let pushed = resolver.push(&block);
        pushed.map_err(|error| nobodys(&wanted, error))?;
    }
    Ok(resolver.target().copied().unwrap_or(*root))
}

async fn any_block(gateways: &[Gateway], cid: &Cid) -> Result<Arc<Vec<u8>>, TransferError> {
    let mut tried = Vec::new();
    for gateway in in_order(gateways) {
        match gateway.verified(cid).await {
            Ok(block) => return Ok(block),
            Err(error) => tried.push(error),
        }
    }
    let cid = cid.to_string();
    Err(TransferError::Unfetched { cid, tried })
}

/// What the blocks say, which are the right ones.
fn nobodys(cid: &Cid, error: UnixfsError) -> TransferError {
    StorageError::new(NOBODY, At::File(cid.to_string()), error).into()
}

fn is_not_there(error: &TransferError) -> bool {
    let TransferError::Stopped(error) = error else {
        return false;
    };
    match error.fault.as_ref() {
        StorageFault::Unixfs(error) => matches!(**error, UnixfsError::NotFound { .. }),
        _ => false,
    }
}
