//! Proving keys that were checked, in a folder: each file with its own hash beside it.

use std::{
    ffi::OsStr,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use stheno_circuits::{Development, KeyHash, ProvingKey};

use crate::whole_file::replace;

/// What a program that was killed left behind is younger than this for as long as it may be somebody's.
const STALE: Duration = Duration::from_secs(3_600);

/// A folder.
#[derive(Clone)]
pub(super) struct Kept(pub(super) PathBuf);

impl Kept {
    /// The file of this name, if it is the one that was kept.
    pub(super) fn take(&self, name: &str) -> Option<(ProvingKey, KeyHash)> {
        let path = self.0.join(name);
        let hash = self.hash(&path)?;
        let file = fs::read(path).ok()?;
        // Whose trapdoor is known can make proofs of what is not true, and take nothing from a prover.
        let key = ProvingKey::read(&file, &hash, Development::Allowed).ok()?;
        Some((key, hash))
    }

    /// The key first, then its hash: a key without one is not taken.
    pub(super) fn put(&self, name: &str, file: &[u8], hash: &KeyHash) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        self.tidy();
        let path = self.0.join(name);
        write_whole(&path, file)?;
        write_whole(&hash_path(&path), hash.to_string().as_bytes())
    }

    /// Removes the file, unless it is another one by now.
    pub(super) fn remove(&self, name: &str, hash: &KeyHash) {
        let path = self.0.join(name);
        if self.hash(&path).as_ref() == Some(hash) {
            // Without its hash it is not taken, whatever becomes of the file.
            let _ = (fs::remove_file(hash_path(&path)), fs::remove_file(path));
        }
    }

    fn hash(&self, key: &Path) -> Option<KeyHash> {
        let text = fs::read_to_string(hash_path(key)).ok()?;
        text.trim().parse().ok()
    }

    /// Removes parts of files that nobody will finish.
    fn tidy(&self) {
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let is_stale = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
            if is_part(&entry.path()) && is_stale().is_some_and(|age| age > STALE) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn hash_path(key: &Path) -> PathBuf {
    key.with_extension("proving.sha256")
}

/// No two writers have one part: neither two processes, nor two readers in one.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let part = path.with_extension(format!("part{process}-{number}"));
    replace(path, &part, bytes, None)
}

fn is_part(path: &Path) -> bool {
    let number = path
        .extension()
        .and_then(OsStr::to_str)
        .and_then(|extension| extension.strip_prefix("part"));
    number.is_some_and(|number| {
        number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
    })
}

#[cfg(test)]
mod tests {
    use std::{fs::File, time::SystemTime};

    use super::*;

    #[test]
    fn writers_at_once_take_no_part_from_each_other_and_stale_parts_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let hour = Duration::from_secs(3_600);
        for (name, age) in [
            ("0a.part17-0", hour * 2),
            ("0a.proving.part17", hour * 2),
            ("0b.part17-1", hour / 2),
            ("0a.partial", hour * 2),
            ("0c.proving", hour * 2),
        ] {
            let file = File::create(at(name)).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        }
        let kept = Kept(folder.path().to_owned());
        std::thread::scope(|scope| {
            for writer in 0..8u8 {
                let kept = &kept;
                scope.spawn(move || {
                    let file = vec![writer; 1 << 20];
                    for _ in 0..5 {
                        kept.put("0d.proving", &file, &KeyHash::of(&file)).unwrap();
                    }
                });
            }
        });
        let file = fs::read(at("0d.proving")).unwrap();
        assert_eq!(file.len(), 1 << 20);
        assert!(file.iter().all(|byte| *byte == file[0]), "of one writer");
        let mut names: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let left = [
            "0a.partial",
            "0b.part17-1",
            "0c.proving",
            "0d.proving",
            "0d.proving.sha256",
        ];
        assert_eq!(names, left);

        // What is another one by now stays.
        kept.remove("0d.proving", &KeyHash::of(b"another"));
        assert!(at("0d.proving").exists());
        let hash = fs::read_to_string(at("0d.proving.sha256")).unwrap();
        kept.remove("0d.proving", &hash.parse().unwrap());
        assert!(!at("0d.proving").exists() && !at("0d.proving.sha256").exists());
    }
}
