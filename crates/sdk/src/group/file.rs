//! A group on the disk: whole or as it was before, whatever happens, and changed by one at a time.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use stheno_circuits::{Depth, Group, Leaf};

use super::{
    GroupDigest, GroupError, group_digest, group_from_bytes, group_to_bytes,
    stored::{MAX_BYTES, group_of},
};
use crate::whole_file::{is_at, replace, sync_name, write};

/// How long another command may take to change the file.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks whether it has.
const LOOK: Duration = Duration::from_millis(20);

/// A group as it was read, and what its file is called by.
#[derive(Clone, Debug)]
pub struct GroupAsStored {
    /// The group.
    pub group: Group,
    /// SHA-256 over the file's bytes.
    pub digest: GroupDigest,
}

/// A group's file that nobody else changes while this value lives.
///
/// A change is written beside the file, made durable, and renamed over it: a reader, and whoever comes
/// after `kill -9`, finds the group as it was before or as it is after. Two commands at once change it
/// one after the other.
#[derive(Debug)]
pub struct GroupFile {
    path: PathBuf,
    /// The file itself, locked. It loses its name with the first change.
    _lock: File,
    group: Group,
}

impl GroupAsStored {
    /// Reads a group's file. Nothing is locked: a file is always whole.
    ///
    /// # Errors
    /// [`GroupError`].
    pub fn read(path: &Path) -> Result<Self, GroupError> {
        let file = File::open(path).map_err(|error| disk(path, "open it", &error))?;
        Self::of(&file, path)
    }

    fn of(file: &File, path: &Path) -> Result<Self, GroupError> {
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| disk(path, "read it", &error))?;
        Ok(Self {
            group: group_from_bytes(&bytes).map_err(|error| error.within(path))?,
            digest: group_digest(&bytes),
        })
    }
}

impl GroupFile {
    /// Makes the file of a group without members.
    ///
    /// # Errors
    /// [`GroupError::Exists`]: no group is ever replaced.
    pub fn create(path: &Path, depth: Depth) -> Result<(), GroupError> {
        if path.symlink_metadata().is_ok() {
            return Err(exists(path));
        }
        let part = beside(path, &format!(".{}.part", std::process::id()));
        let bytes = group_to_bytes(&Group::new(depth));
        let made = write(&part, &bytes, None).and_then(|()| match fs::hard_link(&part, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => rename_new(&part, path),
            linked => linked,
        });
        // What cannot be removed is a whole file of an unused name.
        let _ = fs::remove_file(&part);
        made.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => exists(path),
            _ => disk(path, "make it", &error),
        })?;
        sync_name(path);
        Ok(())
    }

    /// Opens a group's file to change it; waits up to a minute for another command that does.
    ///
    /// # Errors
    /// [`GroupError::Busy`], and whatever is wrong with the file.
    pub fn open(path: &Path) -> Result<Self, GroupError> {
        Self::open_within(path, PATIENCE)
    }

    fn open_within(path: &Path, patience: Duration) -> Result<Self, GroupError> {
        // The file that a link names is changed, not the link.
        let path = fs::canonicalize(path).map_err(|error| disk(path, "open it", &error))?;
        let lock = locked_within(&path, patience)?;
        let stored = GroupAsStored::of(&lock, &path)?;
        Ok(Self {
            path,
            _lock: lock,
            group: stored.group,
        })
    }

    /// The group, as it will be.
    #[must_use]
    pub const fn group(&self) -> &Group {
        &self.group
    }

    /// Adds leaves, all or none, and gives the place of the first.
    ///
    /// # Errors
    /// [`GroupError::Duplicate`], [`GroupError::Full`], [`GroupError::EmptyLeaf`].
    pub fn add(&mut self, leaves: &[Leaf]) -> Result<u64, GroupError> {
        let first = self.group.tree().len();
        let known = |leaf: &Leaf| Some((*leaf, self.group.place_of(leaf)?));
        if let Some((leaf, place)) = leaves.iter().find_map(known) {
            return Err(GroupError::Duplicate { leaf, place });
        }
        // A tree from scratch hashes each node once, and one that grows each path.
        let all = self.group.tree().leaves();
        let all: Vec<Option<Leaf>> = all.chain(leaves.iter().copied().map(Some)).collect();
        let depth = self.group.tree().depth();
        if leaves.len().saturating_mul(depth.levels().into()) > all.len() {
            self.group = group_of(depth, &all)?;
            return Ok(first);
        }
        let mut grown = self.group.clone();
        for leaf in leaves {
            // Once more from scratch, for the words of the fault.
            if grown.add(*leaf).is_err() {
                grown = group_of(depth, &all)?;
                break;
            }
        }
        self.group = grown;
        Ok(first)
    }

    /// Takes leaves out, all or none.
    ///
    /// # Errors
    /// [`GroupError::NotAMember`].
    pub fn remove(&mut self, leaves: &[Leaf]) -> Result<(), GroupError> {
        let mut group = self.group.clone();
        for leaf in leaves {
            group.remove(leaf).map_err(|_| GroupError::NotAMember {
                named: leaf.to_string(),
            })?;
        }
        self.group = group;
        Ok(())
    }

    /// Writes the group, whole and durable, and gives the file's digest.
    ///
    /// # Errors
    /// [`GroupError::Disk`]: the file is as it was.
    pub fn save(self) -> Result<GroupDigest, GroupError> {
        let bytes = group_to_bytes(&self.group);
        let rights = fs::metadata(&self.path).map(|found| found.permissions());
        // Nobody else writes to it, since the lock is held; what a killed command left is replaced.
        let part = beside(&self.path, ".part");
        let replaced = replace(&self.path, &part, &bytes, rights.ok());
        replaced.map_err(|error| disk(&self.path, "write it", &error))?;
        Ok(group_digest(&bytes))
    }
}

/// Keeps other commands from a file and from what lies beside it, until it is dropped; waits up to a
/// minute for one that does so.
pub(super) fn locked(path: &Path) -> Result<File, GroupError> {
    locked_within(path, PATIENCE)
}

fn locked_within(path: &Path, patience: Duration) -> Result<File, GroupError> {
    let until = Instant::now() + patience;
    loop {
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.map_err(|error| disk(path, "open it", &error))?;
        match file.try_lock() {
            Ok(()) if is_at(&file, path) => return Ok(file),
            // Whoever had it has put another one in its place.
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                std::thread::sleep(LOOK);
            }
            Err(TryLockError::WouldBlock) => {
                let path = path.display().to_string();
                return Err(GroupError::Busy { path });
            }
            Err(TryLockError::Error(error)) => return Err(disk(path, "lock it", &error)),
        }
    }
}

/// A hidden neighbour, so that the last step is a rename and cannot cross file systems.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".stheno-group");
    name.push(end);
    path.with_file_name(name)
}

/// Gives a file a name that nobody has, where there are no links, such as on exFAT. Somebody who looks
/// between the two steps finds an empty file, which is no group.
fn rename_new(part: &Path, path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path)?;
    fs::rename(part, path).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

fn exists(path: &Path) -> GroupError {
    let path = path.display().to_string();
    GroupError::Exists { path }
}

pub(super) fn disk(path: &Path, doing: &'static str, error: &io::Error) -> GroupError {
    GroupError::Disk {
        path: path.display().to_string(),
        doing,
        why: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(number: u64) -> Leaf {
        let mut bytes = [0; 32];
        bytes[24..].copy_from_slice(&number.to_be_bytes());
        Leaf::from_bytes(&bytes).unwrap()
    }

    fn made(depth: u8) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("group.json");
        GroupFile::create(&path, Depth::new(depth).unwrap()).unwrap();
        (folder, path)
    }

    fn names(folder: &tempfile::TempDir) -> Vec<OsString> {
        let entries = fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn group_is_changed_in_place_and_leaves_nothing_beside_it() {
        let (folder, path) = made(4);
        let refused = GroupFile::create(&path, Depth::D20).unwrap_err();
        assert_eq!(refused.code(), "group_exists");
        let mut file = GroupFile::open(&path).unwrap();
        assert_eq!(file.add(&[leaf(1), leaf(2), leaf(3)]).unwrap(), 0);
        let digest = file.save().unwrap();
        let stored = GroupAsStored::read(&path).unwrap();
        assert_eq!((stored.digest, stored.group.members()), (digest, 3));

        let mut file = GroupFile::open(&path).unwrap();
        file.remove(&[leaf(2)]).unwrap();
        assert_eq!(file.add(&[leaf(4)]).unwrap(), 3);
        file.save().unwrap();
        let stored = GroupAsStored::read(&path).unwrap();
        let leaves: Vec<_> = stored.group.tree().leaves().collect();
        assert_eq!(leaves, [Some(leaf(1)), None, Some(leaf(3)), Some(leaf(4))]);
        assert_eq!(names(&folder), ["group.json"]);
    }

    #[test]
    fn changes_are_made_all_or_none() {
        let (_folder, path) = made(2);
        let mut file = GroupFile::open(&path).unwrap();
        file.add(&[leaf(1)]).unwrap();
        let root = file.group().root();
        for (leaves, code) in [
            (vec![leaf(2), leaf(1)], "group_duplicate"),
            (vec![leaf(2), leaf(2)], "group_duplicate"),
            (vec![leaf(2), leaf(0)], "bad_group"),
            (vec![leaf(2), leaf(3), leaf(4), leaf(5)], "group_full"),
        ] {
            assert_eq!(file.add(&leaves).unwrap_err().code(), code);
            assert_eq!(file.group().root(), root);
        }
        let gone = file.remove(&[leaf(1), leaf(9)]).unwrap_err();
        assert_eq!(gone.code(), "not_in_group");
        assert_eq!(file.group().root(), root);
    }

    #[test]
    fn file_is_made_without_links_and_replaces_none() {
        let folder = tempfile::tempdir().unwrap();
        let [part, path] = ["part", "group.json"].map(|name| folder.path().join(name));
        fs::write(&part, "one").unwrap();
        rename_new(&part, &path).unwrap();
        fs::write(&part, "two").unwrap();
        let error = rename_new(&part, &path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        // Nothing is left where the last step fails.
        fs::remove_file(&path).unwrap();
        fs::remove_file(&part).unwrap();
        rename_new(&part, &path).unwrap_err();
        assert_eq!(names(&folder).len(), 0);
    }

    /// However many are added at once, the tree is that of one by one.
    #[test]
    fn many_leaves_make_the_tree_that_each_by_itself_makes() {
        let (_folder, path) = made(8);
        let mut file = GroupFile::open(&path).unwrap();
        let leaves: Vec<Leaf> = (1..=100).map(leaf).collect();
        file.add(&leaves).unwrap();
        file.add(&[leaf(101)]).unwrap();
        let mut group = Group::new(Depth::new(8).unwrap());
        for number in 1..=101 {
            group.add(leaf(number)).unwrap();
        }
        assert_eq!(file.group().root(), group.root());
    }

    #[test]
    fn changes_of_several_at_once_are_all_kept() {
        let (_folder, path) = made(8);
        std::thread::scope(|scope| {
            for number in 1..=16 {
                let path = &path;
                scope.spawn(move || {
                    let mut file = GroupFile::open(path).unwrap();
                    file.add(&[leaf(number)]).unwrap();
                    file.save().unwrap();
                });
            }
        });
        assert_eq!(GroupAsStored::read(&path).unwrap().group.members(), 16);
    }

    #[test]
    fn file_that_another_command_holds_is_waited_for_and_given_up() {
        let (_folder, path) = made(4);
        let held = GroupFile::open(&path).unwrap();
        let busy = GroupFile::open_within(&path, Duration::from_millis(60)).unwrap_err();
        assert_eq!(busy.code(), "group_busy");
        GroupAsStored::read(&path).unwrap();
        drop(held);
        GroupFile::open(&path).unwrap();
    }

    #[test]
    fn what_a_killed_command_left_does_no_harm() {
        let (folder, path) = made(4);
        fs::write(beside(&path, ".part"), b"{\"depth\":4,\"leav").unwrap();
        let mut file = GroupFile::open(&path).unwrap();
        file.add(&[leaf(1)]).unwrap();
        file.save().unwrap();
        assert_eq!(GroupAsStored::read(&path).unwrap().group.members(), 1);
        assert_eq!(names(&folder), ["group.json"]);
    }

    #[cfg(unix)]
    #[test]
    fn rights_and_links_stay_as_they_are() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, path) = made(4);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let link = folder.path().join("link.json");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut file = GroupFile::open(&link).unwrap();
        file.add(&[leaf(1)]).unwrap();
        file.save().unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(GroupAsStored::read(&path).unwrap().group.members(), 1);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }

    #[test]
    fn file_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nothing.json");
        for error in [
            GroupFile::open(&path).unwrap_err(),
            GroupAsStored::read(&path).unwrap_err(),
        ] {
            assert_eq!(error.code(), "group_unreadable");
            assert!(error.to_string().contains("nothing.json"), "{error}");
        }
    }
}
