//! One devnet a directory.
//!
//! Two locks. The devnet itself holds `devnet.pid` and nobody inherits that: who finds it held meets
//! a devnet that runs. Every child inherits `devnet.lock` as its standard input, so it is free when
//! the last process of a devnet has ended: a chain that still writes its state after `kill -9` of
//! the devnet holds it, and is waited for.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use super::DevnetError;

/// How long the processes of a devnet that has ended may take to end as well.
const PATIENCE: Duration = Duration::from_secs(20);
/// A child that is about to become another program holds whatever its parent held, for so long.
const MOMENT: Duration = Duration::from_secs(1);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// A state directory's locks, held as long as this value lives; one of them also as long as a child
/// that was given it.
#[derive(Debug)]
pub struct Lock {
    /// Held for the devnet itself.
    _own: File,
    /// Held for it and its children.
    family: File,
}

impl Lock {
    /// Takes the locks of `dir`; waits for the processes of a devnet that was killed there.
    ///
    /// # Errors
    /// [`DevnetError::StateInUse`] when a devnet runs there.
    pub async fn take(dir: &Path) -> Result<Self, DevnetError> {
        let in_use = |pid| {
            let dir = dir.to_owned();
            DevnetError::StateInUse { dir, pid }
        };
        let own_path = dir.join("devnet.pid");
        let own = open(&own_path)?;
        if !lock_within(MOMENT, &own, &own_path).await? {
            return Err(in_use(holder(&own_path)));
        }
        let path = path(dir);
        let family = open(&path)?;
        if !lock_within(PATIENCE, &family, &path).await? {
            return Err(in_use(None));
        }
        name_holder(&own).map_err(|e| DevnetError::write(&own_path, e))?;
        Ok(Self { _own: own, family })
    }

    /// Whether a devnet was ever begun in `dir`.
    pub fn was_taken(dir: &Path) -> bool {
        path(dir).exists()
    }

    /// A share of the lock for a child, as its standard input.
    ///
    /// # Errors
    /// When the system has no more file descriptors.
    pub fn as_stdin(&self) -> io::Result<Stdio> {
        self.family.try_clone().map(Stdio::from)
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join("devnet.lock")
}

fn open(path: &Path) -> Result<File, DevnetError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    options.open(path).map_err(|e| DevnetError::write(path, e))
}

/// Whether the lock could be had in this time.
async fn lock_within(patience: Duration, file: &File, path: &Path) -> Result<bool, DevnetError> {
    let began = Instant::now();
    while !try_lock(file, path)? {
        if began.elapsed() > patience {
            return Ok(false);
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(true)
}

fn try_lock(file: &File, path: &Path) -> Result<bool, DevnetError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(DevnetError::write(path, source)),
    }
}

/// Writes down whom to name when somebody else wants the lock.
fn name_holder(mut file: &File) -> io::Result<()> {
    file.set_len(0)?;
    file.write_all(std::process::id().to_string().as_bytes())
}

fn holder(path: &Path) -> Option<u32> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lock_is_refused_while_its_holder_lives() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path()).await.unwrap();
        let refused = Lock::take(folder.path()).await.unwrap_err();
        let me = std::process::id();
        assert!(
            matches!(&refused, DevnetError::StateInUse { pid: Some(pid), .. } if *pid == me),
            "{refused}"
        );
        drop(lock);
        Lock::take(folder.path()).await.unwrap();
    }

    #[tokio::test]
    async fn lock_is_waited_for_while_only_a_child_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path()).await.unwrap();
        let mut child = std::process::Command::new("sleep")
            .arg("0.5")
            .stdin(lock.as_stdin().unwrap())
            .spawn()
            .unwrap();
        drop(lock);
        let began = Instant::now();
        Lock::take(folder.path()).await.unwrap();
        assert!(began.elapsed() > Duration::from_millis(300));
        assert!(child.wait().unwrap().success());
    }
}
