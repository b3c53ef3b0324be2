//! Many pieces to one or several stores.

use std::{collections::HashSet, path::Path, sync::Arc};

use stheno_envelope::PieceCid;

use super::{
    At, Lost, PutEvent, Putting, StorageError, Store, TransferError, TransferOptions, Transferred,
    journal::Journal,
    transfer::{Course, Lap, Stop},
};
use crate::{bounds::BoxFuture, source::Source};

/// A piece to be put, and where its bytes are.
#[derive(Clone)]
pub struct Outgoing {
    /// Which.
    pub piece: PieceCid,
    /// Its bytes, which may be read more than once.
    pub source: Arc<dyn Source>,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing")
            .field("piece", &self.piece)
            .finish_non_exhaustive()
    }
}

/// Puts every piece to every store, and keeps a journal at `journal` until all is done.
///
/// A store that has a piece already does not get it again. One that fails, as patiently as it was
/// made, keeps neither the other pieces nor the other stores.
///
/// Dropped, or killed at any point, it is gone on with by calling it again for the same pieces with
/// the same journal: what a store is known to have is not asked about again, and bytes that have
/// all arrived are not sent again, where the store has a way to say so.
///
/// Memory is bounded by [`TransferOptions::parallel`], not by the size of anything.
///
/// # Errors
/// [`TransferError::Incomplete`] names the pieces that are missing, at which store, and why;
/// [`TransferError::Stopped`] when the journal cannot be written, or another upload is at work with
/// it.
pub async fn upload(
    outgoing: Vec<Outgoing>,
    stores: &[Arc<dyn Store>],
    journal: &Path,
    options: TransferOptions,
) -> Result<Transferred, TransferError> {
    let mut seen = HashSet::new();
    let outgoing: Vec<Outgoing> = outgoing
        .into_iter()
        .filter(|outgoing| seen.insert(outgoing.piece))
        .collect();
    let pieces: Vec<PieceCid> = outgoing.iter().map(|outgoing| outgoing.piece).collect();
    let bytes: u64 = pieces.iter().map(PieceCid::payload_len).sum();
    let total = bytes.saturating_mul(stores.len() as u64);
    let name = format!("journal {}", journal.display());
    let journal = Journal::open(journal, "upload", &pieces)
        .map_err(|fault| StorageError::new(&name, At::Itself, fault))?;
    let course = Arc::new(Course::begin(options, journal, total));
    let jobs = outgoing.iter().flat_map(|outgoing| {
        let course = &course;
        stores.iter().map(move |store| {
            let job = Job {
                course: Arc::clone(course),
                store: store.as_ref(),
                outgoing: outgoing.clone(),
            };
            Box::pin(job.run()) as BoxFuture<'_, _>
        })
    });
    let of = pieces.len() * stores.len();
    let done = course.run(of, jobs).await?;
    course.end()?;
    Ok(done)
}

struct Job<'a> {
    course: Arc<Course>,
    store: &'a dyn Store,
    outgoing: Outgoing,
}

impl Job<'_> {
    async fn run(self) -> Result<(), Stop> {
        let (piece, store) = (&self.outgoing.piece, self.store);
        let lap = Arc::new(Lap::new(&self.course));
        let already = match self.put(&lap).await {
            Ok(already) => already,
            Err(error) => {
                let (piece, tried) = (*piece, vec![error]);
                return Err(Stop::Lost(Lost { piece, tried }));
            }
        };
        lap.reach(piece.payload_len());
        let noted = self.course.whole(piece, store.name(), already);
        noted.map_err(|fault| Stop::Here(StorageError::new(store.name(), piece, fault)))
    }

    /// Sees to it that the store has the piece, and says whether it had it already.
    async fn put(&self, lap: &Arc<Lap>) -> Result<bool, StorageError> {
        let (piece, store) = (&self.outgoing.piece, self.store);
        let known = self.course.journal().is_whole(piece, store.name());
        if known || store.has(piece).await? {
            return Ok(true);
        }
        let resume = self
            .course
            .journal()
            .token(piece, store.name())
            .map(str::to_owned);
        let putting = Putting {
            resume,
            observer: Some(self.observer(lap)),
        };
        let source = Arc::clone(&self.outgoing.source);
        store.put(piece, source, putting).await.map(|()| false)
    }

    fn observer(&self, lap: &Arc<Lap>) -> super::PutObserver {
        let (course, lap) = (Arc::clone(&self.course), Arc::clone(lap));
        let (piece, store) = (self.outgoing.piece, self.store.name().to_owned());
        Arc::new(move |event| match event {
            PutEvent::Bytes(at) => lap.reach(*at),
            PutEvent::Sent(token) => {
                // Without it the bytes are sent again after a crash: no reason to stop.
                let _ = course.journal().note_sent(&piece, &store, token);
            }
        })
    }
}
