//! What lies on disk, and the lock that keeps a second process away.
//!
//! ```text
//! <data_dir>/         0700
//!   lock              held while a process uses the directory
//!   operator          the operator's address, pinned by `register`
//!   vault/            sealed secrets, see [`crate::vault`]
//!   recovery/         this node's share, split among trustees; nobody's secret
//!   node.db           journal, ceremonies, receipts, see [`crate::store`]
//! ```

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use alloy::primitives::Address;

use crate::new_file::write_new;

/// A node's data directory.
#[derive(Clone, Debug)]
pub struct DataDir {
    root: PathBuf,
}

/// Why a data directory cannot be used.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process holds the lock.
    #[error("another process{} uses the data directory {root}", holder.as_deref().map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    Locked {
        /// The directory.
        root: PathBuf,
        /// The process that holds it, as it wrote into the lock file.
        holder: Option<String>,
    },
    /// There is no data directory yet.
    #[error("there is no node in {root}; run `stheno-node init` first")]
    Missing {
        /// The directory.
        root: PathBuf,
    },
    /// A file there is not what this program writes.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file is there already, and says something else.
    #[error("{path} names operator {pinned}, not {given}; a node belongs to one operator")]
    OtherOperator {
        /// The file.
        path: PathBuf,
        /// The operator pinned before.
        pinned: Address,
        /// The operator given now.
        given: Address,
    },
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Held while this process uses the directory; released when dropped or when the process ends.
#[derive(Debug)]
pub struct DataDirLock {
    _file: File,
}

impl DataDir {
    /// The directory at `root`; nothing is touched yet.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// Makes the directory, readable by its owner alone. An existing one is kept.
    ///
    /// # Errors
    /// [`DataDirError::Io`].
    pub fn create(&self) -> Result<(), DataDirError> {
        create_private_dir(&self.root).map_err(|e| Self::io(&self.root, e))
    }

    /// Takes the lock.
    ///
    /// # Errors
    /// [`DataDirError::Locked`] when another process holds it, [`DataDirError::Missing`] when
    /// there is no such directory.
    pub fn lock(&self) -> Result<DataDirLock, DataDirError> {
        if !self.root.is_dir() {
            return Err(DataDirError::Missing {
                root: self.root.clone(),
            });
        }
        let path = self.root.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| Self::io(&path, e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let read = file.read_to_string(&mut holder);
                return Err(DataDirError::Locked {
                    root: self.root.clone(),
                    holder: read
                        .is_ok()
                        .then(|| holder.trim().to_owned())
                        .filter(|p| !p.is_empty()),
                });
            }
            Err(TryLockError::Error(e)) => return Err(Self::io(&path, e)),
        }
        // Only for the message above; the lock itself is the system's.
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(|e| Self::io(&path, e))?;
        Ok(DataDirLock { _file: file })
    }

    /// Where the vault lies.
    #[must_use]
    pub fn vault(&self) -> PathBuf {
        self.root.join("vault")
    }

    /// Where the share lies, split among trustees.
    #[must_use]
    pub fn recovery(&self) -> PathBuf {
        self.root.join("recovery")
    }

    /// Where the database lies.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("node.db")
    }

    /// The operator's address, pinned by [`pin_operator`](Self::pin_operator); `None` before.
    ///
    /// # Errors
    /// [`DataDirError::Damaged`] when the file holds anything else.
    pub fn operator(&self) -> Result<Option<Address>, DataDirError> {
        let path = self.root.join("operator");
        match fs::read_to_string(&path) {
            Ok(text) => text
                .trim()
                .parse()
                .map(Some)
                .map_err(|_| DataDirError::Damaged {
                    path,
                    reason: "it should hold one address",
                }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Self::io(&path, e)),
        }
    }

    /// Pins the operator: whose approval of a ceremony this node waits for.
    /// An endpoint that lies about the chain cannot put another in its place.
    ///
    /// # Errors
    /// [`DataDirError::OtherOperator`] when another is pinned already.
    pub fn pin_operator(&self, given: Address) -> Result<(), DataDirError> {
        let path = self.root.join("operator");
        match self.operator()? {
            Some(pinned) if pinned == given => Ok(()),
            Some(pinned) => Err(DataDirError::OtherOperator {
                path,
                pinned,
                given,
            }),
            None => {
                write_new(&path, format!("{given}\n").as_bytes()).map_err(|e| Self::io(&path, e))
            }
        }
    }

    fn io(path: &Path, source: io::Error) -> DataDirError {
        DataDirError::Io {
            path: path.to_owned(),
            source,
        }
    }
}

/// Makes a directory (and its parents) with mode 0700.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_is_refused_while_another_holds_it_and_given_after() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(folder.path());
        let lock = data_dir.lock().unwrap();
        let refused = data_dir.lock().unwrap_err();
        let message = refused.to_string();
        assert!(matches!(refused, DataDirError::Locked { .. }), "{message}");
        assert!(
            message.contains(&std::process::id().to_string()),
            "{message}"
        );
        drop(lock);
        data_dir.lock().unwrap();
    }

    #[test]
    fn lock_says_to_init_when_there_is_no_directory() {
        let folder = tempfile::tempdir().unwrap();
        let error = DataDir::new(&folder.path().join("none"))
            .lock()
            .unwrap_err();
        assert!(error.to_string().contains("init"));
    }

    #[test]
    fn operator_is_pinned_once() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(folder.path());
        assert_eq!(data_dir.operator().unwrap(), None);
        let (one, other) = (Address::repeat_byte(1), Address::repeat_byte(2));
        data_dir.pin_operator(one).unwrap();
        data_dir.pin_operator(one).unwrap();
        assert!(data_dir.pin_operator(other).is_err());
        assert_eq!(data_dir.operator().unwrap(), Some(one));
    }
}
