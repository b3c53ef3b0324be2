//! A folder that one command at a time works in, and files in it that are whole or not there.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use super::CollectionError;
use crate::whole_file::{is_at, sync_folder};

/// What is locked while somebody works in a folder, and where unfinished files are.
const LOCK: &str = ".stheno-work";
const UNFINISHED: &str = ".stheno-work.part";

/// The folder of unfinished files in a folder: for who removes it when a command is interrupted.
pub fn unfinished(folder: &Path) -> PathBuf {
    folder.join(UNFINISHED)
}

/// Whether a name directly in a folder is one of those: nobody's file may have it.
pub(super) fn is_reserved(name: &str) -> bool {
    [LOCK, UNFINISHED]
        .iter()
        .any(|ours| name.eq_ignore_ascii_case(ours))
}

/// A folder that nobody else works in.
#[derive(Debug)]
pub(super) struct Desk {
    folder: PathBuf,
    lock: File,
    /// Whether the folder was not there before.
    made: bool,
    /// How many files were begun.
    drafts: AtomicU64,
}

impl Desk {
    /// Makes the folder if it is not there, and removes what an earlier command left unfinished.
    pub(super) fn open(folder: &Path) -> Result<Self, CollectionError> {
        let made = !folder.exists();
        fs::create_dir_all(folder)
            .map_err(|error| CollectionError::disk("make folder", folder, &error))?;
        let path = folder.join(LOCK);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            // It may name what is being encrypted.
            options.mode(0o600);
        }
        let lock = options
            .open(&path)
            .map_err(|error| CollectionError::disk("open", &path, &error))?;
        match lock.try_lock() {
            Ok(()) if is_at(&lock, &path) => {}
            // It was removed by who worked here, between opening and locking.
            Ok(()) | Err(TryLockError::WouldBlock) => {
                let path = folder.display().to_string();
                return Err(CollectionError::Busy { path });
            }
            Err(TryLockError::Error(error)) => {
                return Err(CollectionError::disk("lock", &path, &error));
            }
        }
        let desk = Self {
            folder: folder.to_owned(),
            lock,
            made,
            drafts: AtomicU64::new(0),
        };
        desk.forget_unfinished()?;
        Ok(desk)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file that keeps notes for the next command, should this one end early.
    pub(super) fn notes(&self) -> &File {
        &self.lock
    }

    /// A new file without its name. [`Draft::keep`] gives it one, or a [`Batch`](super::batch::Batch).
    pub(super) fn draft(&self) -> Result<Draft, CollectionError> {
        let number = self.drafts.fetch_add(1, Ordering::Relaxed);
        let folder = unfinished(&self.folder);
        if number == 0 {
            fs::create_dir(&folder)
                .map_err(|error| CollectionError::disk("make folder", &folder, &error))?;
        }
        let path = folder.join(number.to_string());
        let file = OpenOptions::new()
            .create_new(true)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| CollectionError::disk("make", &path, &error))?;
        Ok(Draft {
            file,
            path,
            kept: false,
        })
    }

    /// The work is done: nothing is left but what was kept.
    pub(super) fn clear(self) -> Result<(), CollectionError> {
        let failed = |error: io::Error| CollectionError::disk("clear", &self.folder, &error);
        self.lock.set_len(0).map_err(failed)
    }

    fn forget_unfinished(&self) -> Result<(), CollectionError> {
        let path = unfinished(&self.folder);
        let removed = match fs::symlink_metadata(&path) {
            // A link is removed, and nothing of what it leads to.
            Ok(there) if there.is_dir() => fs::remove_dir_all(&path),
            Ok(_) => fs::remove_file(&path),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(CollectionError::disk("remove", &path, &error))
            }
            _ => Ok(()),
        }
    }
}

/// Without notes nothing is left to go on with.
impl Drop for Desk {
    fn drop(&mut self) {
        // Drafts are gone before their desk, so it is empty.
        let _ = fs::remove_dir(unfinished(&self.folder));
        if self.lock.metadata().is_ok_and(|notes| notes.len() == 0) {
            // The next command copes with what cannot be removed, and a folder that holds something
            // stays.
            let _ = fs::remove_file(self.folder.join(LOCK));
            if self.made {
                let _ = fs::remove_dir(&self.folder);
            }
        }
    }
}

/// A file that is not whole. Dropped, it is gone.
#[derive(Debug)]
pub(super) struct Draft {
    file: File,
    path: PathBuf,
    kept: bool,
}

impl Draft {
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, durably. What has that name already is replaced.
    pub(super) fn keep(self, target: &Path) -> Result<(), CollectionError> {
        self.sync(target)?;
        self.name(target)?;
        if let Some(folder) = target.parent() {
            sync_folder(folder);
        }
        Ok(())
    }

    /// Makes its bytes durable. Only then may it get its name.
    pub(super) fn sync(&self, target: &Path) -> Result<(), CollectionError> {
        let failed = |error: io::Error| CollectionError::disk("write", target, &error);
        self.file.sync_all().map_err(failed)
    }

    /// Gives it its name, which is durable with its folder.
    pub(super) fn name(mut self, target: &Path) -> Result<(), CollectionError> {
        let failed = |error: io::Error| CollectionError::disk("write", target, &error);
        fs::rename(&self.path, target).map_err(failed)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed now is removed by the next command.
            let _ = fs::remove_file(&self.path);
        }
    }
}
