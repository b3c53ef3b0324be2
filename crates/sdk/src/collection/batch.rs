//! Files that get their names together.
//!
//! To make a file durable takes a disk milliseconds, and hardly more for many that are asked for at
//! once. So of small files many wait for each other: their bytes become durable, then they get their
//! names, then the names become durable.

use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    thread,
};

use super::{CollectionError, desk::Draft};
use crate::whole_file::sync_folder;

/// The most files that wait for each other. Each is open meanwhile.
const MAX_FILES: usize = 128;
/// And the most bytes of them: larger files are the disk's to write anyhow.
const MAX_BYTES: u64 = 16 << 20;
/// Others wait for files with fewer bytes.
const SMALL: u64 = 1 << 20;
/// So many are made durable side by side.
const SIDE_BY_SIDE: NonZeroUsize = NonZeroUsize::new(16).unwrap();

/// Whole files that wait for their names. Dropped, they are gone.
#[derive(Debug, Default)]
pub(super) struct Batch {
    drafts: Vec<(Draft, PathBuf)>,
    bytes: u64,
}

impl Batch {
    /// Takes a file of `len` bytes that is to be called `target`.
    pub(super) fn push(&mut self, draft: Draft, target: PathBuf, len: u64) {
        self.drafts.push((draft, target));
        self.bytes = self.bytes.saturating_add(len);
    }

    /// Whether a file of `len` bytes is small enough for the others to wait for it.
    pub(super) fn has_room(&self, len: u64) -> bool {
        len < SMALL && self.bytes.saturating_add(len) < MAX_BYTES
    }

    /// Whether there is no use in waiting for more.
    pub(super) fn is_full(&self) -> bool {
        self.drafts.len() >= MAX_FILES || self.bytes >= MAX_BYTES
    }

    /// Gives all their names, durably. What has such a name already is replaced.
    pub(super) fn keep(&mut self) -> Result<(), CollectionError> {
        let drafts = std::mem::take(&mut self.drafts);
        self.bytes = 0;
        sync(&drafts)?;
        let mut folders = BTreeSet::new();
        for (draft, target) in drafts {
            draft.name(&target)?;
            folders.extend(target.parent().map(Path::to_owned));
        }
        folders.iter().for_each(|folder| sync_folder(folder));
        Ok(())
    }
}

/// Makes the bytes of all durable.
fn sync(drafts: &[(Draft, PathBuf)]) -> Result<(), CollectionError> {
    let sync = |drafts: &[(Draft, PathBuf)]| {
        let mut drafts = drafts.iter();
        drafts.try_for_each(|(draft, target)| draft.sync(target))
    };
    let each = drafts.len().div_ceil(SIDE_BY_SIDE.get()).max(1);
    if drafts.len() <= 1 {
        return sync(drafts);
    }
    thread::scope(|scope| {
        let some: Vec<_> = drafts
            .chunks(each)
            .map(|some| scope.spawn(move || sync(some)))
            .collect();
        some.into_iter().try_for_each(|some| {
            some.join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::desk::{Desk, unfinished};
    use super::*;
    use std::{fs, io::Write};

    fn push(desk: &Desk, batch: &mut Batch, name: &str) {
        let draft = desk.draft().unwrap();
        let mut file = draft.file();
        file.write_all(name.as_bytes()).unwrap();
        batch.push(draft, desk.folder().join(name), name.len() as u64);
    }

    #[test]
    fn batch_gives_all_their_names_at_once_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let desk = Desk::open(&target).unwrap();
        fs::create_dir(target.join("below")).unwrap();
        let mut batch = Batch::default();
        batch.keep().unwrap();
        let names = |number: usize| match number % 2 {
            0 => format!("file {number}"),
            _ => format!("below/file {number}"),
        };
        for number in 0..MAX_FILES {
            assert!(!batch.is_full());
            push(&desk, &mut batch, &names(number));
        }
        assert!(batch.is_full());
        assert!((0..MAX_FILES).all(|number| !target.join(names(number)).exists()));
        batch.keep().unwrap();
        assert!(!batch.is_full());
        for number in 0..MAX_FILES {
            let there = fs::read_to_string(target.join(names(number))).unwrap();
            assert_eq!(there, names(number));
        }
        desk.clear().unwrap();
        assert!(!unfinished(&target).exists());
    }

    #[test]
    fn batch_that_is_dropped_or_fails_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let desk = Desk::open(&target).unwrap();
        let mut batch = Batch::default();
        push(&desk, &mut batch, "one");
        drop(batch);
        let mut batch = Batch::default();
        push(&desk, &mut batch, "no such folder/two");
        let error = batch.keep().unwrap_err();
        assert!(error.to_string().contains("two"), "{error}");
        drop(desk);
        assert!(!target.exists());
    }

    #[test]
    fn desk_forgets_what_was_unfinished_and_follows_no_link_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        fs::create_dir_all(unfinished(&target)).unwrap();
        fs::write(unfinished(&target).join("0"), "half").unwrap();
        let desk = Desk::open(&target).unwrap();
        assert!(!unfinished(&target).exists());
        let mut batch = Batch::default();
        push(&desk, &mut batch, "one");
        batch.keep().unwrap();
        drop(desk);
        #[cfg(unix)]
        {
            let kept = folder.path().join("kept");
            fs::create_dir(&kept).unwrap();
            fs::write(kept.join("file"), "mine").unwrap();
            std::os::unix::fs::symlink(&kept, unfinished(&target)).unwrap();
            drop(Desk::open(&target).unwrap());
            assert!(kept.join("file").exists());
            assert!(!unfinished(&target).exists());
        }
    }
}
