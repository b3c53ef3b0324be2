//! How bytes become a file that is whole or not there.
//!
//! They go into `NAME.part`, on a thread that writes and hashes them, since both block. Only when
//! they are the piece, and durable, does the file get its name. What was written stays when a
//! transfer ends early, and is hashed again before more is added: nothing is believed because it
//! lies there.

use std::{
    fs::{self, File, OpenOptions},
    io,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use stheno_envelope::{PieceCid, PieceHasher, ReadAt, WriteAt};
use tokio::sync::{mpsc, oneshot};

use super::StorageFault;

/// Parts that wait to be written.
const AHEAD: usize = 4;
/// Bytes that are read at once.
const PART: usize = 256 << 10;

/// A piece on its way into a folder. Dropped, it keeps what has come, for the next one.
pub(super) struct Landing {
    queue: Option<mpsc::Sender<Message>>,
    verdict: Option<oneshot::Receiver<Result<Verdict, StorageFault>>>,
    thread: Option<JoinHandle<()>>,
    have: u64,
    /// Set when nobody wants a verdict any more.
    unwanted: Arc<AtomicBool>,
}

enum Message {
    Bytes(Vec<u8>),
    End,
}

/// What the bytes were.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// The piece, which now has its name.
    Whole,
    /// Something else, which is gone.
    Other { found: Option<PieceCid>, len: u64 },
}

impl Landing {
    /// Opens the part of a piece in `folder`, and begins to hash what it has already.
    pub(super) fn begin(
        folder: &Path,
        piece: &PieceCid,
        threads: Option<NonZeroUsize>,
    ) -> Result<Self, StorageFault> {
        let whole = folder.join(piece.to_string());
        let part = part_of(folder, piece);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&part)
            .map_err(|error| disk("create a file", &error))?;
        let mut have = file
            .metadata()
            .map_err(|error| disk("read a file's size", &error))?
            .len();
        if have > piece.payload_len() {
            file.set_len(0)
                .map_err(|error| disk("shorten a file", &error))?;
            have = 0;
        }
        let (queue, inbox) = mpsc::channel(AHEAD);
        let (tell, verdict) = oneshot::channel();
        let unwanted = Arc::new(AtomicBool::new(false));
        let writer = Writer {
            unwanted: Arc::clone(&unwanted),
            file,
            part,
            whole,
            piece: *piece,
            hasher: PieceHasher::new(threads),
        };
        let thread = std::thread::Builder::new()
            .name("stheno-landing".to_owned())
            .spawn(move || {
                if let Some(verdict) = writer.run(have, inbox).transpose() {
                    // Nobody is left to tell when the transfer was dropped.
                    let _ = tell.send(verdict);
                }
            })
            .map_err(|error| disk("start a thread", &error))?;
        Ok(Self {
            queue: Some(queue),
            verdict: Some(verdict),
            thread: Some(thread),
            have,
            unwanted,
        })
    }

    /// Bytes that are there from before.
    pub(super) fn have(&self) -> u64 {
        self.have
    }

    /// Adds the next bytes; waits while the disk is behind.
    pub(super) async fn write(&mut self, bytes: Vec<u8>) -> Result<(), StorageFault> {
        let sent = match &self.queue {
            Some(queue) => queue.send(Message::Bytes(bytes)).await.is_ok(),
            None => false,
        };
        if sent {
            return Ok(());
        }
        // The thread has ended, and left word why.
        self.verdict().await.map(|_| ())
    }

    /// Says that this was all, and waits for the verdict.
    pub(super) async fn finish(mut self) -> Result<Verdict, StorageFault> {
        if let Some(queue) = self.queue.take() {
            // It fails when the thread has ended, and left word why.
            let _ = queue.send(Message::End).await;
        }
        self.verdict().await
    }

    async fn verdict(&mut self) -> Result<Verdict, StorageFault> {
        let lost = || StorageFault::Disk {
            doing: "write a file",
            why: "its thread is gone".to_owned(),
        };
        let verdict = self.verdict.take().ok_or_else(lost)?;
        verdict.await.map_err(|_| lost())?
    }
}

impl Drop for Landing {
    /// Waits until what was queued is written, so that the next one finds the file at rest.
    fn drop(&mut self) {
        self.unwanted.store(true, Ordering::Relaxed);
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic here would be another one on top of the caller's.
            let _ = thread.join();
        }
    }
}

/// Where a piece's bytes lie before they are whole.
pub(super) fn part_of(folder: &Path, piece: &PieceCid) -> PathBuf {
    folder.join(format!("{piece}.part"))
}

/// Hashes a file.
pub(super) fn hash_file(
    file: &File,
    threads: Option<NonZeroUsize>,
) -> io::Result<(Option<PieceCid>, u64)> {
    let mut hasher = PieceHasher::new(threads);
    hash_until(file, u64::MAX, &mut hasher, &AtomicBool::new(false))?;
    let len = hasher.len();
    Ok((hasher.finish().ok(), len))
}

/// Hashes on until `end`, or the end of the file, or it is no longer wanted.
fn hash_until(
    file: &File,
    end: u64,
    hasher: &mut PieceHasher,
    unwanted: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = vec![0; PART];
    while hasher.len() < end && !unwanted.load(Ordering::Relaxed) {
        let left = usize::try_from(end - hasher.len()).unwrap_or(PART);
        let space = buffer.get_mut(..left.min(PART)).unwrap_or_default();
        match file.read_at(space, hasher.len()) {
            Ok(0) => break,
            Ok(read) => hasher.update(space.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What the thread has.
struct Writer {
    unwanted: Arc<AtomicBool>,
    file: File,
    part: PathBuf,
    whole: PathBuf,
    piece: PieceCid,
    hasher: PieceHasher,
}

impl Writer {
    /// `None` when the transfer was dropped.
    fn run(
        mut self,
        have: u64,
        mut inbox: mpsc::Receiver<Message>,
    ) -> Result<Option<Verdict>, StorageFault> {
        hash_until(&self.file, have, &mut self.hasher, &self.unwanted)
            .map_err(|error| disk("read a file", &error))?;
        if self.hasher.len() < have {
            return Ok(None);
        }
        loop {
            match inbox.blocking_recv() {
                Some(Message::Bytes(bytes)) => {
                    self.file
                        .write_all_at(&bytes, self.hasher.len())
                        .map_err(|error| disk("write a file", &error))?;
                    self.hasher.update(&bytes);
                }
                Some(Message::End) => return self.judge().map(Some),
                None => return Ok(None),
            }
        }
    }

    fn judge(self) -> Result<Verdict, StorageFault> {
        let len = self.hasher.len();
        let found = self.hasher.finish().ok();
        if found != Some(self.piece) {
            fs::remove_file(&self.part).map_err(|error| disk("remove a file", &error))?;
            return Ok(Verdict::Other { found, len });
        }
        self.file
            .sync_all()
            .map_err(|error| disk("make a file durable", &error))?;
        fs::rename(&self.part, &self.whole).map_err(|error| disk("rename a file", &error))?;
        if let Some(folder) = self.whole.parent() {
            sync_folder(folder).map_err(|error| disk("make a name durable", &error))?;
        }
        Ok(Verdict::Whole)
    }
}

/// Makes names in a folder durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere folders cannot be opened.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// What a file system's error means.
pub(super) fn disk(doing: &'static str, error: &io::Error) -> StorageFault {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StorageFault::Full {
                why: error.to_string(),
            }
        }
        _ => StorageFault::Disk {
            doing,
            why: error.to_string(),
        },
    }
}
