//! An envelope that lies in pieces, as a source of any part of it.

use std::{ops::Range, sync::Arc};

use stheno_envelope::manifest::{PartRange, StoredEnvelope};

use super::Link;
use crate::{
    bounds::BoxFuture,
    source::{Source, SourceError},
    storage::{StorageError, StorageFault, Store, Trust, read_range},
};

/// An envelope in pieces, each of which one or several stores have.
///
/// A range costs one request for each piece that it touches. Nothing is verified: an envelope's chunks
/// verify themselves, and a [`FileReader`](crate::FileReader) goes on to the next copy when one does not.
pub struct StoredSource {
    envelope: StoredEnvelope,
    stores: Vec<Arc<dyn Store>>,
    trust: Trust,
}

impl StoredSource {
    /// The envelope, and who may have its pieces, whom to ask first in front.
    pub fn new(envelope: StoredEnvelope, stores: Vec<Arc<dyn Store>>) -> Self {
        Self {
            envelope,
            trust: Trust::in_all(&stores),
            stores,
        }
    }

    /// The envelope that a link leads to.
    pub fn of_link(link: &Link, stores: Vec<Arc<dyn Store>>) -> Self {
        Self::new(link.envelope(), stores)
    }

    async fn read_copy(&self, copy: usize, range: Range<u64>) -> Result<Vec<u8>, SourceError> {
        let parts = self.envelope.locate(range.clone());
        let parts = parts.ok_or_else(|| SourceError::Unreadable {
            why: "what is asked for is not in the pieces of the envelope".to_owned(),
        })?;
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend(self.part(copy, part).await?);
        }
        Ok(bytes)
    }

    /// From this copy; where it does not have the piece, from another.
    async fn part(&self, copy: usize, part: PartRange) -> Result<Vec<u8>, SourceError> {
        let mut order = self.copies();
        order.retain(|other| *other != copy);
        order.insert(0, copy);
        let mut telling: Option<StorageError> = None;
        for copy in order {
            let Some(store) = self.stores.get(copy) else {
                continue;
            };
            match read_range(store.as_ref(), &part.piece, part.bytes.clone()).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) => {
                    self.distrust(copy);
                    // That somebody does not have it says less than that somebody fails.
                    if telling.as_ref().is_none_or(is_absence) {
                        telling = Some(error);
                    }
                }
            }
        }
        Err(telling.map_or_else(
            || SourceError::Unreadable {
                why: format!("no place is known that has piece {}", part.piece),
            },
            |error: StorageError| SourceError::Storage(Box::new(error)),
        ))
    }
}

fn is_absence(error: &StorageError) -> bool {
    *error.fault == StorageFault::NotFound
}

impl Source for StoredSource {
    fn size(&self) -> u64 {
        self.envelope.len
    }

    fn fetch(&self, range: Range<u64>) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        let first = self.copies().first().copied().unwrap_or_default();
        Box::pin(self.read_copy(first, range))
    }

    fn copies(&self) -> Vec<usize> {
        self.trust.order()
    }

    fn fetch_copy(
        &self,
        copy: usize,
        range: Range<u64>,
    ) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        Box::pin(self.read_copy(copy, range))
    }

    fn distrust(&self, copy: usize) {
        self.trust.lose(copy);
    }
}

impl std::fmt::Debug for StoredSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stores: Vec<&str> = self.stores.iter().map(|store| store.name()).collect();
        f.debug_struct("StoredSource")
            .field("len", &self.envelope.len)
            .field("pieces", &self.envelope.parts.len())
            .field("stores", &stores)
            .finish_non_exhaustive()
    }
}
