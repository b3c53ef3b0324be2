//! Pieces in a local folder: one file each, named by its PieceCID.

use std::{
    fs::{self, File},
    io,
    num::NonZeroUsize,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::stream;
use stheno_envelope::{PieceCid, ReadAt};

use super::{
    At, Parts, PutEvent, Putting, StorageError, StorageFault, Store,
    landing::{Landing, Verdict, disk, hash_file, part_of},
    reading::check_range,
};
use crate::{bounds::BoxFuture, source::Source};

/// Bytes that are read at once.
const PART: u64 = 256 << 10;

/// A local folder with pieces.
///
/// A file has its name only when it is whole, verified and durable; before, it is `NAME.part`, which
/// [`put`](Store::put) and [`download`](super::download) go on with. Reads on the calling thread, and
/// writes on one of its own for each piece.
#[derive(Clone, Debug)]
pub struct Folder {
    name: String,
    path: PathBuf,
}

impl Folder {
    /// A folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`StorageFault::Disk`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StorageError> {
        let path = path.into();
        let name = format!("folder {}", path.display());
        fs::create_dir_all(&path)
            .map_err(|error| StorageError::new(&name, At::Itself, disk("make it", &error)))?;
        Ok(Self { name, path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a piece is, if it is there.
    pub fn path_of(&self, piece: &PieceCid) -> PathBuf {
        self.path.join(piece.to_string())
    }

    /// Compares all of a piece that is there with its PieceCID, on one thread of its own.
    ///
    /// # Errors
    /// [`StorageFault::NotFound`], [`StorageFault::OtherBytes`], [`StorageFault::Disk`].
    pub async fn verify(&self, piece: &PieceCid) -> Result<(), StorageError> {
        let path = self.path_of(piece);
        let (tell, told) = tokio::sync::oneshot::channel();
        let hash = move || {
            // Nobody is left to tell when the caller went away.
            let _ = tell.send(File::open(&path).and_then(|file| {
                let one = Some(NonZeroUsize::MIN);
                hash_file(&file, one)
            }));
        };
        let started = std::thread::Builder::new()
            .name("stheno-verify".to_owned())
            .spawn(hash);
        let gone = || io::Error::other("its thread is gone");
        let hashed = match started {
            Ok(_) => told.await.unwrap_or_else(|_| Err(gone())),
            Err(error) => Err(error),
        };
        let (found, len) = hashed.map_err(|error| self.unreadable(piece, &error))?;
        if found.as_ref() == Some(piece) {
            return Ok(());
        }
        let found = found.map(|found| format!("piece {found}"));
        Err(StorageError::new(
            &self.name,
            piece,
            StorageFault::OtherBytes { found, len },
        ))
    }

    /// Begins to write a piece, after what is there of it.
    pub(super) fn land(
        &self,
        piece: &PieceCid,
        threads: Option<NonZeroUsize>,
    ) -> Result<Landing, StorageError> {
        Landing::begin(&self.path, piece, threads).map_err(|fault| self.error(piece, fault))
    }

    /// Forgets what is there of a piece that is not whole.
    pub(super) fn forget_part(&self, piece: &PieceCid) -> Result<(), StorageError> {
        match fs::remove_file(part_of(&self.path, piece)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.error(piece, disk("remove a file", &error)))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn error(&self, piece: &PieceCid, fault: StorageFault) -> StorageError {
        StorageError::new(&self.name, piece, fault)
    }

    fn unreadable(&self, piece: &PieceCid, error: &io::Error) -> StorageError {
        let fault = match error.kind() {
            io::ErrorKind::NotFound => StorageFault::NotFound,
            _ => disk("read a file", error),
        };
        self.error(piece, fault)
    }

    /// A file under the piece's name that has its length.
    fn file(&self, piece: &PieceCid) -> Result<File, StorageError> {
        let file =
            File::open(self.path_of(piece)).map_err(|error| self.unreadable(piece, &error))?;
        let len = file
            .size()
            .map_err(|error| self.unreadable(piece, &error))?;
        if len == piece.payload_len() {
            return Ok(file);
        }
        Err(self.error(piece, StorageFault::OtherBytes { found: None, len }))
    }

    async fn take(
        &self,
        piece: &PieceCid,
        source: &dyn Source,
        putting: &Putting,
    ) -> Result<(), StorageError> {
        let len = piece.payload_len();
        if source.size() != len {
            return Err(self.error(piece, StorageFault::SourceChanged));
        }
        loop {
            let mut landing = self.land(piece, None)?;
            let before = landing.have();
            let mut at = before;
            while at < len {
                let end = len.min(at + PART);
                let part = source.fetch(at..end).await.map_err(|error| {
                    let why = error.to_string();
                    self.error(piece, StorageFault::Unreadable { why })
                })?;
                let written = landing.write(part).await;
                written.map_err(|fault| self.error(piece, fault))?;
                at = end;
                putting.tell(&PutEvent::Bytes(at));
            }
            let verdict = landing.finish().await;
            match verdict.map_err(|fault| self.error(piece, fault))? {
                Verdict::Whole => return Ok(()),
                // It may be what lay there before that was something else.
                Verdict::Other { .. } if before > 0 => {}
                Verdict::Other { .. } => return Err(self.error(piece, StorageFault::SourceChanged)),
            }
        }
    }
}

impl Store for Folder {
    fn name(&self) -> &str {
        &self.name
    }

    /// Whether there is a file of the piece's name and length.
    fn has<'a>(&'a self, piece: &'a PieceCid) -> BoxFuture<'a, Result<bool, StorageError>> {
        let has = match self.file(piece) {
            Ok(_) => Ok(true),
            Err(error) if *error.fault == StorageFault::NotFound => Ok(false),
            Err(error) => Err(error),
        };
        Box::pin(std::future::ready(has))
    }

    fn read<'a>(
        &'a self,
        piece: &'a PieceCid,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Parts, StorageError>> {
        let open = || {
            check_range(piece, &range).map_err(|fault| self.error(piece, fault))?;
            let (file, folder, piece) = (self.file(piece)?, self.clone(), *piece);
            let parts = stream::try_unfold(range.start, move |at| {
                let part = (at < range.end).then(|| read_part(&file, at..range.end));
                let part = part.transpose();
                let part = part.map_err(|error| folder.unreadable(&piece, &error));
                let part = part.map(|part| part.map(|part| (at + part.len() as u64, part)));
                std::future::ready(part.map(|part| part.map(|(at, part)| (part, at))))
            });
            Ok(Box::pin(parts) as Parts)
        };
        Box::pin(std::future::ready(open()))
    }

    fn put<'a>(
        &'a self,
        piece: &'a PieceCid,
        source: Arc<dyn Source>,
        putting: Putting,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        Box::pin(async move { self.take(piece, source.as_ref(), &putting).await })
    }
}

fn read_part(file: &File, range: Range<u64>) -> io::Result<Vec<u8>> {
    let wanted = (range.end - range.start).min(PART) as usize;
    let mut part = vec![0; wanted];
    loop {
        match file.read_at(&mut part, range.start) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                part.truncate(read);
                return Ok(part);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
