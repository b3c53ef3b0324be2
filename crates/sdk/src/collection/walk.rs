//! What is in a folder: its files, and what cannot be taken.

use std::{
    fs::{self, DirEntry, FileType, Metadata},
    io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use stheno_envelope::manifest::SafePath;

use super::{CollectionError, desk::is_reserved};

/// What to do with links, pipes, devices, unreadable folders and names that are none.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Oddities {
    /// Refuse the folder.
    #[default]
    Refuse,
    /// Leave them out, and say so.
    Skip,
}

/// A file in a folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Found {
    /// Its path below the folder.
    pub(super) path: SafePath,
    /// What it was when it was looked at.
    pub(super) stamp: Stamp,
}

/// What tells a file from its later self.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Stamp {
    pub(super) size: u64,
    /// Nanoseconds since 1970.
    pub(super) modified: i128,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let modified = metadata
            .modified()
            .ok()
            .map(|time| match time.duration_since(UNIX_EPOCH) {
                Ok(after) => i128::try_from(after.as_nanos()).unwrap_or(i128::MAX),
                Err(before) => i128::try_from(before.duration().as_nanos()).map_or(0, |n| -n),
            });
        Self {
            size: metadata.len(),
            modified: modified.unwrap_or_default(),
        }
    }

    /// In whole seconds, as a manifest has it.
    pub(super) fn seconds(&self) -> Option<i64> {
        i64::try_from(self.modified.div_euclid(1_000_000_000)).ok()
    }
}

/// The files below `root`, sorted by path, and in words what was left out. No link is followed, so
/// nothing outside of it is read and no loop is walked.
pub(super) fn walk(
    root: &Path,
    oddities: Oddities,
) -> Result<(Vec<Found>, Vec<CollectionError>), CollectionError> {
    let mut walk = Walk {
        oddities,
        found: Vec::new(),
        skipped: Vec::new(),
    };
    // The folder itself may be named through a link.
    walk.folder(root, &mut Vec::new())?;
    walk.found.sort_by(|a, b| a.path.cmp(&b.path));
    if walk.found.is_empty() {
        let path = root.display().to_string();
        return Err(CollectionError::Empty { path });
    }
    Ok((walk.found, walk.skipped))
}

struct Walk {
    oddities: Oddities,
    found: Vec<Found>,
    skipped: Vec<CollectionError>,
}

impl Walk {
    /// As deep as a path may be, so the depth of the stack is bounded.
    fn folder(&mut self, at: &Path, names: &mut Vec<String>) -> Result<(), CollectionError> {
        let entries = match fs::read_dir(at) {
            Ok(entries) => entries,
            Err(error) => return self.odd(CollectionError::disk("read", at, &error), names),
        };
        for entry in entries {
            match entry {
                Ok(entry) => self.entry(&entry, names)?,
                Err(error) => self.odd(CollectionError::disk("read", at, &error), names)?,
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &DirEntry, names: &mut Vec<String>) -> Result<(), CollectionError> {
        let at = entry.path();
        let name = match entry.file_name().into_string() {
            Ok(name) => name,
            Err(_) => return self.odd(nameless(&at, "it is not UTF-8"), &["".to_owned()]),
        };
        names.push(name);
        let done = self.named(entry, &at, names);
        names.pop();
        done
    }

    fn named(
        &mut self,
        entry: &DirEntry,
        at: &Path,
        names: &mut Vec<String>,
    ) -> Result<(), CollectionError> {
        let path = match SafePath::of_names(names.iter().map(String::as_str)) {
            Ok(path) => path,
            Err(error) => return self.odd(nameless(at, error.problem), names),
        };
        if names.len() == 1 && is_reserved(path.as_str()) {
            return self.odd(nameless(at, "it is kept for work in a folder"), names);
        }
        // Of the entry itself, not of what a link leads to.
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(error) => return self.odd(CollectionError::disk("read", at, &error), names),
        };
        if metadata.is_dir() {
            return self.folder(at, names);
        }
        if !metadata.is_file() {
            let error = CollectionError::NoFile {
                path: at.display().to_string(),
                what: what(metadata.file_type()),
            };
            return self.odd(error, names);
        }
        // Asked now rather than after hours of encrypting.
        if let Err(error) = fs::File::open(at) {
            return self.odd(CollectionError::disk("read", at, &error), names);
        }
        let stamp = Stamp::of(&metadata);
        self.found.push(Found { path, stamp });
        Ok(())
    }

    /// Refuses, or leaves out; the folder that was asked for itself cannot be left out.
    fn odd(&mut self, error: CollectionError, names: &[String]) -> Result<(), CollectionError> {
        match self.oddities {
            Oddities::Skip if !names.is_empty() => {
                self.skipped.push(error);
                Ok(())
            }
            _ => Err(error),
        }
    }
}

fn nameless(at: &Path, problem: &str) -> CollectionError {
    CollectionError::Name {
        path: at.display().to_string().escape_debug().to_string(),
        problem: problem.to_owned(),
    }
}

fn what(kind: FileType) -> &'static str {
    if kind.is_symlink() {
        "is a link, which could lead anywhere"
    } else {
        "is a pipe, a socket or a device, and no file"
    }
}

/// Where a file of a folder is.
pub(super) fn place_of(root: &Path, path: &SafePath) -> PathBuf {
    path.names().fold(root.to_owned(), |at, name| at.join(name))
}

/// Refuses an output inside of what is encrypted.
pub(super) fn check_apart(root: &Path, output: &Path) -> Result<(), CollectionError> {
    let failed = |error: io::Error| CollectionError::disk("read", root, &error);
    let root = fs::canonicalize(root).map_err(failed)?;
    // What does not exist yet lies where the nearest folder above it does.
    let mut above = output;
    let found = loop {
        match fs::canonicalize(above) {
            Ok(found) => break found,
            Err(_) => match above.parent() {
                Some(parent) if parent.as_os_str().is_empty() => {
                    break fs::canonicalize(".").map_err(failed)?;
                }
                Some(parent) => above = parent,
                None => return Ok(()),
            },
        }
    };
    if found.starts_with(&root) {
        let path = output.display().to_string();
        return Err(CollectionError::Inside { path });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(found: &[Found]) -> Vec<&str> {
        found.iter().map(|found| found.path.as_str()).collect()
    }

    #[test]
    fn walk_finds_all_files_sorted_name_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a/z", "a-b", "a/b/c", "Μέδουσα/日本語"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        fs::create_dir(folder.path().join("empty")).unwrap();
        let (found, skipped) = walk(folder.path(), Oddities::Refuse).unwrap();
        assert_eq!(
            paths(&found),
            ["a/b/c", "a/z", "a-b", "b", "Μέδουσα/日本語"]
        );
        assert!(skipped.is_empty());
        assert_eq!(found[0].stamp.size, 5);
    }

    #[test]
    fn walk_refuses_a_folder_without_files() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("deep")).unwrap();
        let error = walk(folder.path(), Oddities::Skip).unwrap_err();
        assert_eq!(error.code(), "folder_empty");
        let gone = walk(&folder.path().join("gone"), Oddities::Skip).unwrap_err();
        assert_eq!(gone.code(), "folder_unusable");
    }

    #[cfg(unix)]
    #[test]
    fn walk_refuses_or_skips_links_loops_and_pipes() {
        use std::os::unix::{fs::symlink, net::UnixListener};
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "x").unwrap();
        let odd: [fn(&Path); 3] = [
            |at| symlink("/etc/passwd", at.join("odd")).unwrap(),
            |at| symlink(at, at.join("odd")).unwrap(),
            |at| drop(UnixListener::bind(at.join("odd")).unwrap()),
        ];
        for make in odd {
            make(folder.path());
            let error = walk(folder.path(), Oddities::Refuse).unwrap_err();
            assert_eq!(error.code(), "folder_entry_refused", "{error}");
            let (found, skipped) = walk(folder.path(), Oddities::Skip).unwrap();
            assert_eq!(paths(&found), ["file"]);
            assert_eq!(skipped.len(), 1);
            fs::remove_file(folder.path().join("odd")).unwrap();
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn walk_refuses_names_that_are_no_text_or_control_a_terminal() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        for name in [&b"\xff"[..], b"a\x1b[31m", b"a\\b", b".stheno-work"] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("file"), "x").unwrap();
            fs::write(folder.path().join(OsStr::from_bytes(name)), "x").unwrap();
            let error = walk(folder.path(), Oddities::Refuse).unwrap_err();
            assert_eq!(error.code(), "folder_name_refused");
            assert!(!error.to_string().contains('\x1b'), "{error}");
            let (found, _) = walk(folder.path(), Oddities::Skip).unwrap();
            assert_eq!(paths(&found), ["file"]);
        }
    }

    #[test]
    fn output_inside_of_the_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("data");
        fs::create_dir(&root).unwrap();
        for inside in ["data", "data/out", "data/a/b/c"] {
            let error = check_apart(&root, &folder.path().join(inside)).unwrap_err();
            assert_eq!(error.code(), "output_in_folder");
        }
        check_apart(&root, &folder.path().join("data2")).unwrap();
        check_apart(&root, &folder.path().join("out/deep")).unwrap();
    }
}
