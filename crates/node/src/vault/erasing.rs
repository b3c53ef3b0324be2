//! Erasing what is needed no longer: overwritten, taken from its folder, and both on disk.
//!
//! A file system that copies on write, and a disk that spreads its wear, may still have the old
//! bytes somewhere. They are sealed; who wants certainty erases the sealing key with the machine.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use alloy::primitives::B256;

use super::{SEEDS, SHARE, Vault, VaultError, io_error, seeds_name, share_name};
use crate::new_file::sync_dir;

impl Vault {
    /// The contexts of which there is a key share.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn shares(&self) -> Result<BTreeSet<B256>, VaultError> {
        self.named(SHARE)
    }

    /// The proposals of which there are seeds.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn seeds(&self) -> Result<BTreeSet<B256>, VaultError> {
        self.named(SEEDS)
    }

    /// Erases the key share of the ceremony with this context. Once more does no harm.
    ///
    /// # Errors
    /// [`VaultError::Io`]; then it is to be erased again.
    pub fn erase_share(&self, context: &B256) -> Result<(), VaultError> {
        self.erase(&share_name(context))
    }

    /// Erases the seeds of the ceremony with this proposal digest. Once more does no harm.
    ///
    /// # Errors
    /// [`VaultError::Io`]; then they are to be erased again.
    pub fn erase_seeds(&self, proposal: &B256) -> Result<(), VaultError> {
        self.erase(&seeds_name(proposal))
    }

    fn named(&self, prefix: &str) -> Result<BTreeSet<B256>, VaultError> {
        let names = self.names()?;
        let digests = names.iter().filter_map(|name| name.strip_prefix(prefix));
        Ok(digests.filter_map(|digest| digest.parse().ok()).collect())
    }

    /// With what a `kill -9` in the middle of writing left of the same secret.
    fn erase(&self, name: &str) -> Result<(), VaultError> {
        let beginning = format!(".{name}.");
        for found in self.names()? {
            if found == name || found.starts_with(&beginning) {
                let path = self.folder.join(found);
                overwrite_and_remove(&path).map_err(|error| io_error(&path, error))?;
            }
        }
        sync_dir(&self.folder).map_err(|error| io_error(&self.folder, error))
    }

    fn names(&self) -> Result<Vec<String>, VaultError> {
        let refused = |error| io_error(&self.folder, error);
        fs::read_dir(&self.folder)
            .map_err(refused)?
            .map(|entry| Ok(entry.map_err(refused)?.file_name()))
            .filter_map(|name| name.map(|name| name.into_string().ok()).transpose())
            .collect()
    }
}

fn overwrite_and_remove(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
    file.write_all(&vec![0; length])?;
    file.sync_all()?;
    fs::remove_file(path)
}
