//! Many pieces into a folder, from whoever has them.

use std::{collections::HashMap, sync::Arc};

use futures::StreamExt;
use stheno_envelope::PieceCid;

use super::{
    At, Folder, Lost, StorageError, StorageFault, Store, TransferError, TransferEvent,
    TransferOptions, Transferred,
    journal::Journal,
    landing::Verdict,
    transfer::{Course, Lap, Stop},
};
use crate::{bounds::BoxFuture, source::SourceError};

/// What a download keeps in its folder until it is done.
const JOURNAL: &str = ".stheno-download";

/// A piece to be had, and who may have it, whom to ask first in front.
#[derive(Clone)]
pub struct Wanted {
    /// Which.
    pub piece: PieceCid,
    /// Who may have it.
    pub copies: Vec<Arc<dyn Store>>,
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let copies: Vec<&str> = self.copies.iter().map(|copy| copy.name()).collect();
        f.debug_struct("Wanted")
            .field("piece", &self.piece)
            .field("copies", &copies)
            .finish()
    }
}

/// Downloads pieces into a folder, where each appears under its PieceCID when it is whole, verified
/// and durable.
///
/// The copies of a piece are tried in turn, those last that did not answer for another piece, each as
/// patiently as it was made; what one sent before it failed, the next goes on with, and the whole is
/// verified by its PieceCID. One piece that is lost does not keep the others.
///
/// Dropped, or killed at any point, it is gone on with by calling it again for the same pieces: what
/// is whole is not asked for again, what has come of a piece is kept. A file that lies under a piece's
/// name, and of which the journal does not know, is hashed before it counts.
///
/// Memory is bounded by [`TransferOptions::parallel`], not by the size of anything.
///
/// # Errors
/// [`TransferError::Incomplete`] names the pieces that no copy gave, and what each copy did;
/// [`TransferError::Stopped`] when the disk is full or fails, or another download is at work in the
/// folder.
pub async fn download(
    wanted: Vec<Wanted>,
    folder: &Folder,
    options: TransferOptions,
) -> Result<Transferred, TransferError> {
    let wanted = merged(wanted);
    let pieces: Vec<PieceCid> = wanted.iter().map(|wanted| wanted.piece).collect();
    let total = pieces.iter().map(PieceCid::payload_len).sum();
    let journal = Journal::open(&folder.path().join(JOURNAL), "download", &pieces)
        .map_err(|fault| StorageError::new(folder.name(), At::Itself, fault))?;
    let course = Arc::new(Course::begin(options, journal, total));
    let jobs = wanted.into_iter().map(|wanted| {
        let job = Job {
            lap: Lap::new(&course),
            course: Arc::clone(&course),
            folder,
            wanted,
        };
        Box::pin(job.run()) as BoxFuture<'_, _>
    });
    let done = course.run(pieces.len(), jobs).await?;
    course.end()?;
    Ok(done)
}

/// Every piece once, with all its copies.
fn merged(wanted: Vec<Wanted>) -> Vec<Wanted> {
    let mut places = HashMap::new();
    let mut once: Vec<Wanted> = Vec::new();
    for one in wanted {
        let place = *places.entry(one.piece).or_insert(once.len());
        match once.get_mut(place) {
            Some(first) => first.copies.extend(one.copies),
            None => once.push(one),
        }
    }
    once
}

struct Job<'a> {
    course: Arc<Course>,
    lap: Lap,
    folder: &'a Folder,
    wanted: Wanted,
}

impl Job<'_> {
    async fn run(self) -> Result<(), Stop> {
        if self.is_here().await? {
            return self.whole(self.folder.name(), true);
        }
        let mut tried = Vec::new();
        let mut again = true;
        while again {
            again = false;
            for copy in self.course.in_order(&self.wanted.copies) {
                let error = match self.fetch(copy.as_ref()).await {
                    Ok(()) => {
                        self.course.note(copy.name(), true);
                        return self.whole(copy.name(), false);
                    }
                    Err(error) if error.store == self.folder.name() => {
                        return Err(Stop::Here(error));
                    }
                    Err(error) => error,
                };
                self.course.note(copy.name(), !is_silence(&error));
                self.course.tell(&TransferEvent::CopyFailed(error.clone()));
                // Who serves no parts may serve the whole, if nobody else does.
                again |= serves_no_parts(&error);
                tried.push(error);
            }
            if again {
                self.folder.forget_part(self.piece()).map_err(Stop::Here)?;
                self.started_again();
            }
        }
        let piece = *self.piece();
        Err(Stop::Lost(Lost { piece, tried }))
    }

    fn piece(&self) -> &PieceCid {
        &self.wanted.piece
    }

    /// Whether the piece is in the folder, as far as the journal knows or it hashes to its name.
    async fn is_here(&self) -> Result<bool, Stop> {
        let name = self.folder.name();
        match self.folder.has(self.piece()).await {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) if is_other(&error) => return Ok(false),
            Err(error) => return Err(Stop::Here(error)),
        }
        let known = self.course.journal().is_whole(self.piece(), name);
        let known = known
            || self.wanted.copies.iter().any(|copy| {
                let journal = self.course.journal();
                journal.is_whole(self.piece(), copy.name())
            });
        if known {
            return Ok(true);
        }
        match self.folder.verify(self.piece()).await {
            Ok(()) => Ok(true),
            Err(error) if is_other(&error) => Ok(false),
            Err(error) => Err(Stop::Here(error)),
        }
    }

    /// All that is missing from one copy; once more from the start, if it does not fit what was there.
    async fn fetch(&self, copy: &dyn Store) -> Result<(), StorageError> {
        loop {
            let (verdict, from) = self.attempt(copy).await?;
            match verdict {
                Verdict::Whole => return Ok(()),
                Verdict::Other { .. } if from > 0 => self.started_again(),
                Verdict::Other { found, len } => {
                    let found = found.map(|found| format!("piece {found}"));
                    let fault = StorageFault::OtherBytes { found, len };
                    return Err(StorageError::new(copy.name(), self.piece(), fault));
                }
            }
        }
    }

    async fn attempt(&self, copy: &dyn Store) -> Result<(Verdict, u64), StorageError> {
        let (piece, len) = (self.piece(), self.piece().payload_len());
        let here = |fault| self.folder.error(piece, fault);
        let mut landing = self.folder.land(piece, self.course.threads())?;
        let from = landing.have();
        if from > 0 {
            let piece = *piece;
            self.course.tell(&TransferEvent::Resumed { piece, from });
        }
        let mut at = from;
        self.lap.reach(at);
        if at < len {
            let mut parts = copy.read(piece, at..len).await?;
            while let Some(part) = parts.next().await {
                let part = part?;
                at += part.len() as u64;
                if at > len {
                    let fault = StorageFault::OtherBytes {
                        found: None,
                        len: at,
                    };
                    return Err(StorageError::new(copy.name(), piece, fault));
                }
                landing.write(part).await.map_err(here)?;
                self.lap.reach(at);
            }
        }
        Ok((landing.finish().await.map_err(here)?, from))
    }

    fn whole(&self, store: &str, already: bool) -> Result<(), Stop> {
        self.lap.reach(self.piece().payload_len());
        let noted = self.course.whole(self.piece(), store, already);
        noted.map_err(|fault| Stop::Here(self.folder.error(self.piece(), fault)))
    }

    fn started_again(&self) {
        let piece = *self.piece();
        self.course.tell(&TransferEvent::StartedAgain { piece });
    }
}

fn is_other(error: &StorageError) -> bool {
    matches!(*error.fault, StorageFault::OtherBytes { .. })
}

/// It was not reached, or stopped in the middle, as often as it was tried.
fn is_silence(error: &StorageError) -> bool {
    matches!(
        *error.fault,
        StorageFault::Source(SourceError::Unreachable { .. })
    )
}

/// Asked for a part, it sent the whole: that happens only when there is a part already.
fn serves_no_parts(error: &StorageError) -> bool {
    matches!(
        *error.fault,
        StorageFault::Source(SourceError::RangeIgnored { .. })
    )
}
