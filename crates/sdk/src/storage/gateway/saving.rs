//! A file from gateways to the disk: whole or not there, and gone on with after `kill -9`.
//!
//! It grows in a hidden file beside its target. What lies there from an earlier run is believed as far
//! as it is the leaves of the file: nodes are fetched again, and each leaf is compared with its CID.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

use futures::StreamExt;
use stheno_envelope::{ReadAt, WriteAt, unixfs::FileVerifier};

use super::{Gateway, UnixfsFile, in_order, reading};
use crate::storage::{
    At, MAX_BLOCK_BYTES, StorageError, StorageFault, TransferError, TransferEvent,
    TransferObserver, block::check_block, landing::disk,
};

/// Who is to blame for the disk.
const HERE: &str = "disk";

/// Writes a file of UnixFS to `target`, which must not be there, and gives how many bytes were there
/// from an earlier run.
///
/// The gateways are tried in turn; what one sent before it failed, the next goes on with. Dropped, or
/// killed at any point, it is gone on with by calling it again: what has come lies in a hidden file
/// beside the target.
///
/// # Errors
/// [`TransferError::Unfetched`] says what each gateway did; [`TransferError::Stopped`] when the disk is
/// full or fails, or somebody else saves the same file.
pub async fn save_file(
    gateways: &[Gateway],
    file: UnixfsFile,
    target: &Path,
    observer: Option<TransferObserver>,
) -> Result<u64, TransferError> {
    let saving = Saving {
        gateways,
        file,
        part: unfinished_file(target),
        observer,
    };
    saving.run(target).await
}

/// Where the bytes of a file lie until it is whole.
fn unfinished_file(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".stheno-get.part");
    target.with_file_name(name)
}

struct Saving<'a> {
    gateways: &'a [Gateway],
    file: UnixfsFile,
    part: PathBuf,
    observer: Option<TransferObserver>,
}

impl Saving<'_> {
    async fn run(&self, target: &Path) -> Result<u64, TransferError> {
        let file = self.open()?;
        let have = self.good(&file).await?;
        file.set_len(have)
            .map_err(|error| self.here("shorten a file", &error))?;
        let mut at = have;
        self.tell(at);
        let mut tried = Vec::new();
        for gateway in in_order(self.gateways) {
            match self.append(gateway, &file, &mut at).await {
                Ok(()) => break,
                Err(error) if error.store == HERE => return Err(error.into()),
                Err(error) => {
                    self.event(&TransferEvent::CopyFailed(error.clone()));
                    tried.push(error);
                }
            }
        }
        if at < self.file.size {
            let cid = self.file.root.to_string();
            return Err(TransferError::Unfetched { cid, tried });
        }
        file.sync_all()
            .map_err(|error| self.here("make a file durable", &error))?;
        fs::rename(&self.part, target).map_err(|error| self.here("rename a file", &error))?;
        Ok(have)
    }

    /// The unfinished file, which nobody else writes to.
    fn open(&self) -> Result<File, StorageError> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&self.part)
            .map_err(|error| self.here("create a file", &error))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => {
                let path = self.part.display().to_string();
                Err(self.fault(StorageFault::Busy { path }))
            }
            Err(TryLockError::Error(error)) => Err(self.here("lock a file", &error)),
        }
    }

    /// How many bytes from the start are the file's.
    async fn good(&self, file: &File) -> Result<u64, TransferError> {
        let have = ReadAt::size(file).map_err(|error| self.here("read a file's size", &error))?;
        let mut good = 0;
        let mut verifier = FileVerifier::new(self.file.root).expect_size(self.file.size);
        while let (Some(wanted), Some((offset, size))) =
            (verifier.wanted().copied(), verifier.wanted_at())
        {
            if good >= have.min(self.file.size) {
                break;
            }
            let size = size.filter(|size| *size <= MAX_BLOCK_BYTES as u64);
            let leaf = match size {
                Some(size) if offset + size <= have => {
                    let mut leaf = vec![0; usize::try_from(size).unwrap_or_default()];
                    let mut lies = ReadAt::reader(file, offset..offset + size);
                    std::io::Read::read_exact(&mut lies, &mut leaf)
                        .map_err(|error| self.here("read a file", &error))?;
                    Some(leaf).filter(|leaf| check_block(&wanted, leaf).is_ok())
                }
                _ => None,
            };
            let is_leaf = wanted.codec() == RAW;
            let block = match leaf {
                Some(leaf) => leaf,
                // What is not here of the leaves is what is left to do.
                None if is_leaf => break,
                None => self.node(&wanted).await?,
            };
            let pushed = verifier.push(&block);
            let bytes = pushed.map_err(|error| self.fault(error.into()))?;
            if !is_leaf && !bytes.is_empty() {
                // Bytes of a node are not compared with what lies here.
                break;
            }
            good = offset + bytes.len() as u64;
        }
        Ok(good)
    }

    async fn node(&self, cid: &cid::Cid) -> Result<Vec<u8>, TransferError> {
        let mut tried = Vec::new();
        for gateway in in_order(self.gateways) {
            match gateway.verified(cid).await {
                Ok(block) => return Ok(block.to_vec()),
                Err(error) => tried.push(error),
            }
        }
        let cid = cid.to_string();
        Err(TransferError::Unfetched { cid, tried })
    }

    async fn append(
        &self,
        gateway: &Gateway,
        file: &File,
        at: &mut u64,
    ) -> Result<(), StorageError> {
        let rest = *at..self.file.size;
        let mut parts = Box::pin(reading::parts(gateway.clone(), self.file, rest));
        while let Some(part) = parts.next().await {
            let part = part?;
            file.write_all_at(&part, *at)
                .map_err(|error| self.here("write a file", &error))?;
            *at += part.len() as u64;
            self.tell(*at);
        }
        Ok(())
    }

    fn tell(&self, done: u64) {
        let total = self.file.size;
        self.event(&TransferEvent::Progress { done, total });
    }

    fn event(&self, event: &TransferEvent) {
        if let Some(observer) = &self.observer {
            observer(event);
        }
    }

    fn here(&self, doing: &'static str, error: &std::io::Error) -> StorageError {
        self.fault(disk(doing, error))
    }

    fn fault(&self, fault: StorageFault) -> StorageError {
        StorageError::new(HERE, At::File(self.file.root.to_string()), fault)
    }
}

/// Multicodec of a leaf.
const RAW: u64 = 0x55;
