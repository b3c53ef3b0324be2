//! What uploads and downloads of many pieces share: how many at once, and what is told of them.

use std::{
    collections::HashSet,
    num::NonZeroUsize,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use futures::{StreamExt, stream};
use stheno_envelope::PieceCid;

use super::{At, Lost, StorageError, StorageFault, Store, TransferError, journal::Journal};
use crate::bounds::BoxFuture;

/// How many pieces pass at once, and who is told.
#[derive(Clone)]
#[non_exhaustive]
pub struct TransferOptions {
    /// Pieces that pass at once. Default 4; each takes a few MiB of memory, whatever its size.
    pub parallel: NonZeroUsize,
    /// Is told what is going on.
    pub observer: Option<TransferObserver>,
}

impl Default for TransferOptions {
    fn default() -> Self {
        Self {
            parallel: const { NonZeroUsize::new(4).unwrap() },
            observer: None,
        }
    }
}

impl TransferOptions {
    /// Sets how many pieces pass at once.
    #[must_use]
    pub fn parallel(mut self, parallel: NonZeroUsize) -> Self {
        self.parallel = parallel;
        self
    }

    /// Sets who is told what is going on.
    #[must_use]
    pub fn observer(mut self, observer: TransferObserver) -> Self {
        self.observer = Some(observer);
        self
    }
}

impl std::fmt::Debug for TransferOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TransferOptions")
            .field("parallel", &self.parallel)
            .finish_non_exhaustive()
    }
}

/// Is told what is going on, from whatever thread it happens on; it should return at once.
pub type TransferObserver = Arc<dyn Fn(&TransferEvent) + Send + Sync>;

/// What happens during a transfer.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum TransferEvent {
    /// So many bytes are done, those of earlier runs included. Goes back where a piece begins again.
    Progress {
        /// Bytes that are done.
        done: u64,
        /// Bytes that there are.
        total: u64,
    },
    /// The journal, or its end, was thrown away: what is there is looked at again.
    JournalDropped {
        /// Where it is.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// A piece goes on where an earlier transfer, or another copy, broke off.
    Resumed {
        /// Which.
        piece: PieceCid,
        /// Bytes that are there.
        from: u64,
    },
    /// What was there of a piece was something else, and is gone: it begins again.
    StartedAgain {
        /// Which.
        piece: PieceCid,
    },
    /// A copy failed. The next one, if there is one, is tried.
    CopyFailed(StorageError),
    /// A piece is where it should be, verified.
    Whole {
        /// Which.
        piece: PieceCid,
        /// Who gave or took it.
        store: String,
        /// Whether it was there already.
        already: bool,
    },
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Transferred {
    /// Pieces that are there, once for each store that they were put to.
    pub pieces: usize,
    /// Those of them that were there already.
    pub already: usize,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// What the jobs of a transfer share.
pub(super) struct Course {
    options: TransferOptions,
    journal: Mutex<Journal>,
    done: AtomicU64,
    total: u64,
    already: AtomicU64,
    /// Stores that did not answer, by name.
    silent: Mutex<HashSet<String>>,
}

impl Course {
    pub(super) fn begin(options: TransferOptions, journal: Journal, total: u64) -> Self {
        let course = Self {
            options,
            done: AtomicU64::new(0),
            already: AtomicU64::new(0),
            silent: Mutex::default(),
            total,
            journal: Mutex::new(journal),
        };
        let dropped = {
            let journal = course.journal();
            journal.dropped().map(|why| TransferEvent::JournalDropped {
                path: journal.path().to_owned(),
                why,
            })
        };
        if let Some(event) = dropped {
            course.tell(&event);
        }
        course
    }

    pub(super) fn tell(&self, event: &TransferEvent) {
        if let Some(observer) = &self.options.observer {
            observer(event);
        }
    }

    /// Notes that a store answers, or does not: waiting for it once is enough for many pieces.
    pub(super) fn note(&self, store: &str, answers: bool) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        match answers {
            true => silent.remove(store),
            false => silent.insert(store.to_owned()),
        };
    }

    /// Copies in the order in which to try them: those that did not answer last.
    pub(super) fn in_order<'a>(&self, copies: &'a [Arc<dyn Store>]) -> Vec<&'a Arc<dyn Store>> {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        let mut order: Vec<&Arc<dyn Store>> = copies.iter().collect();
        order.sort_by_key(|copy| silent.contains(copy.name()));
        order
    }

    /// Locked for moments only, never while waiting.
    pub(super) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Threads for the hashing of one piece, so that all together have one to a core.
    pub(super) fn threads(&self) -> Option<NonZeroUsize> {
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        NonZeroUsize::new(cores.get() / self.options.parallel).or(Some(NonZeroUsize::MIN))
    }

    /// Notes that a piece is where it should be.
    pub(super) fn whole(
        &self,
        piece: &PieceCid,
        store: &str,
        already: bool,
    ) -> Result<(), StorageFault> {
        self.journal().note_whole(piece, store)?;
        if already {
            self.already.fetch_add(1, Ordering::Relaxed);
        }
        self.tell(&TransferEvent::Whole {
            piece: *piece,
            store: store.to_owned(),
            already,
        });
        Ok(())
    }

    /// Runs `of` jobs, so many at once, each of which is made when its turn comes. What is lost does
    /// not keep the others; a fault of this machine does.
    pub(super) async fn run<'a>(
        self: &Arc<Self>,
        of: usize,
        jobs: impl Iterator<Item = BoxFuture<'a, Result<(), Stop>>>,
    ) -> Result<Transferred, TransferError> {
        let mut running = stream::iter(jobs).buffer_unordered(self.options.parallel.get());
        let mut lost = Vec::new();
        while let Some(done) = running.next().await {
            match done {
                Ok(()) => {}
                Err(Stop::Lost(one)) => lost.push(one),
                Err(Stop::Here(error)) => return Err(TransferError::Stopped(error)),
            }
        }
        if !lost.is_empty() {
            return Err(TransferError::Incomplete { lost, of });
        }
        Ok(Transferred {
            pieces: of,
            already: usize::try_from(self.already.load(Ordering::Relaxed)).unwrap_or(of),
            bytes: self.total,
        })
    }

    /// Removes the journal of a transfer that is done.
    pub(super) fn end(self: Arc<Self>) -> Result<(), TransferError> {
        let Some(course) = Arc::into_inner(self) else {
            return Ok(());
        };
        let journal = course.journal.into_inner();
        let journal = journal.unwrap_or_else(PoisonError::into_inner);
        let name = format!("journal {}", journal.path().display());
        let removed = journal.remove();
        removed.map_err(|fault| StorageError::new(&name, At::Itself, fault).into())
    }
}

/// Why a job ends.
pub(super) enum Stop {
    /// This piece cannot be had, or put.
    Lost(Lost),
    /// Nothing more can be done here.
    Here(StorageError),
}

/// How far one piece is, as a part of the whole.
pub(super) struct Lap {
    course: Arc<Course>,
    at: AtomicU64,
}

impl Lap {
    pub(super) fn new(course: &Arc<Course>) -> Self {
        Self {
            course: Arc::clone(course),
            at: AtomicU64::new(0),
        }
    }

    /// The piece is now so far, which may be less than before.
    pub(super) fn reach(&self, at: u64) {
        let before = self.at.swap(at, Ordering::Relaxed);
        if before == at {
            return;
        }
        let sum = &self.course.done;
        let done = if at > before {
            sum.fetch_add(at - before, Ordering::Relaxed) + (at - before)
        } else {
            sum.fetch_sub(before - at, Ordering::Relaxed) - (before - at)
        };
        let total = self.course.total;
        self.course.tell(&TransferEvent::Progress { done, total });
    }
}
