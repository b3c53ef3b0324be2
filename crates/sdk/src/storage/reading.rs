//! Pieces from a store: a range, the whole, several copies as one source.

use std::{
    fmt,
    io::Write,
    num::NonZeroUsize,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use futures::StreamExt;
use stheno_envelope::{PieceCid, PieceHasher};

use super::{StorageError, StorageFault, Store};
use crate::{
    bounds::BoxFuture,
    source::{Source, SourceError},
};

/// A range of a piece, for ranges that fit in memory. **Not verified**, see [the module](super).
///
/// # Errors
/// [`StorageError`]; in any case there are exactly the bytes of `range` or none.
pub async fn read_range(
    store: &dyn Store,
    piece: &PieceCid,
    range: Range<u64>,
) -> Result<Vec<u8>, StorageError> {
    let wanted = range.end.saturating_sub(range.start);
    let mut parts = store.read(piece, range).await?;
    let mut bytes = Vec::new();
    while let Some(part) = parts.next().await {
        bytes.extend(part?);
        if bytes.len() as u64 > wanted {
            break;
        }
    }
    if bytes.len() as u64 == wanted {
        return Ok(bytes);
    }
    Err(other_bytes(store, piece, None, bytes.len() as u64))
}

/// Writes a whole piece to `sink`, and verifies it by its PieceCID as it passes.
///
/// Hashes on the calling thread; memory does not grow with the piece. What was written is the piece
/// only when this returns `Ok`.
///
/// # Errors
/// [`StorageFault::OtherBytes`] when it is another; [`StorageFault::Disk`] from `sink`;
/// [`StorageError`].
pub async fn read_whole(
    store: &dyn Store,
    piece: &PieceCid,
    mut sink: impl Write,
) -> Result<(), StorageError> {
    let mut hasher = PieceHasher::new(Some(NonZeroUsize::MIN));
    let mut parts = store.read(piece, 0..piece.payload_len()).await?;
    let unwritten = |error: std::io::Error| {
        let fault = StorageFault::Disk {
            doing: "write what was read",
            why: error.to_string(),
        };
        StorageError::new(store.name(), piece, fault)
    };
    while let Some(part) = parts.next().await {
        let part = part?;
        hasher.update(&part);
        if hasher.len() > piece.payload_len() {
            break;
        }
        sink.write_all(&part).map_err(unwritten)?;
    }
    let len = hasher.len();
    match hasher.finish() {
        Ok(found) if found == *piece => sink.flush().map_err(unwritten),
        found => Err(other_bytes(store, piece, found.ok(), len)),
    }
}

/// That a range lies within a piece.
#[cfg(feature = "storage")]
pub(super) fn check_range(piece: &PieceCid, range: &Range<u64>) -> Result<(), StorageFault> {
    if range.start <= range.end && range.end <= piece.payload_len() {
        return Ok(());
    }
    Err(StorageFault::OutOfRange {
        start: range.start,
        end: range.end,
        size: piece.payload_len(),
    })
}

fn other_bytes(
    store: &dyn Store,
    piece: &PieceCid,
    found: Option<PieceCid>,
    len: u64,
) -> StorageError {
    let found = found.map(|found| format!("piece {found}"));
    StorageError::new(store.name(), piece, StorageFault::OtherBytes { found, len })
}

/// A piece that several stores have, as a source of any part of it.
///
/// The copies are asked in turn, one that failed or gave what did not authenticate after the others.
/// Not verified, see [the module](super); for envelopes, whose chunks verify themselves.
pub struct Copies {
    piece: PieceCid,
    stores: Vec<Arc<dyn Store>>,
    trust: Trust,
}

impl Copies {
    /// The piece, and who has it, whom to ask first at the start.
    pub fn new(piece: PieceCid, stores: Vec<Arc<dyn Store>>) -> Self {
        Self {
            piece,
            trust: Trust::in_all(&stores),
            stores,
        }
    }

    async fn fetch_from_any(&self, range: Range<u64>) -> Result<Vec<u8>, SourceError> {
        let mut last = SourceError::Unreadable {
            why: format!("no copy of piece {} is known", self.piece),
        };
        for copy in self.copies() {
            match self.fetch_from(copy, range.clone()).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn fetch_from(&self, copy: usize, range: Range<u64>) -> Result<Vec<u8>, SourceError> {
        let store = self.stores.get(copy).ok_or(SourceError::Unreadable {
            why: format!("there is no copy {copy} of piece {}", self.piece),
        })?;
        let read = read_range(store.as_ref(), &self.piece, range).await;
        read.map_err(|error| {
            self.distrust(copy);
            SourceError::Storage(Box::new(error))
        })
    }
}

impl Source for Copies {
    fn size(&self) -> u64 {
        self.piece.payload_len()
    }

    fn fetch(&self, range: Range<u64>) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        Box::pin(self.fetch_from_any(range))
    }

    fn copies(&self) -> Vec<usize> {
        self.trust.order()
    }

    fn fetch_copy(
        &self,
        copy: usize,
        range: Range<u64>,
    ) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        Box::pin(self.fetch_from(copy, range))
    }

    fn distrust(&self, copy: usize) {
        self.trust.lose(copy);
    }
}

/// Which copies to believe, by their numbers: one that failed or lied comes after the others.
#[derive(Debug)]
pub(crate) struct Trust(Mutex<Vec<usize>>);

impl Trust {
    /// The first is believed most at the start.
    pub(crate) fn in_all(stores: &[Arc<dyn Store>]) -> Self {
        Self::in_so_many(stores.len())
    }

    /// The same of copies without a store.
    pub(crate) fn in_so_many(copies: usize) -> Self {
        Self(Mutex::new((0..copies).collect()))
    }

    /// The most trusted first.
    pub(crate) fn order(&self) -> Vec<usize> {
        let order = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        order.clone()
    }

    pub(crate) fn lose(&self, copy: usize) {
        let mut order = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = order.iter().position(|other| *other == copy) {
            order.remove(place);
            order.push(copy);
        }
    }
}

impl fmt::Debug for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stores: Vec<&str> = self.stores.iter().map(|store| store.name()).collect();
        f.debug_struct("Copies")
            .field("piece", &self.piece)
            .field("stores", &stores)
            .finish_non_exhaustive()
    }
}

/// A part of a source, as a source: one piece of a file that has several.
#[derive(Clone)]
pub struct Section {
    source: Arc<dyn Source>,
    range: Range<u64>,
}

impl Section {
    /// These bytes of `source`. What is beyond its end cannot be fetched.
    pub fn new(source: Arc<dyn Source>, range: Range<u64>) -> Self {
        Self { source, range }
    }
}

impl Source for Section {
    fn size(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }

    fn fetch(&self, range: Range<u64>) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        let end = self.range.start.checked_add(range.end);
        match end.filter(|end| *end <= self.range.end) {
            Some(end) => self.source.fetch(self.range.start + range.start..end),
            None => Box::pin(std::future::ready(Err(SourceError::Unreadable {
                why: "what is asked for is beyond the section".to_owned(),
            }))),
        }
    }
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section")
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}
