//! A part of a file from one gateway: as a CAR where it is long, and block by block where it is short,
//! or the gateway has no CARs.

use std::ops::Range;

use cid::Cid;
use futures::{future::join_all, stream};
use stheno_envelope::unixfs::FileVerifier;

use super::{
    Gateway, UnixfsFile,
    car::{CarFault, CarStream},
};
use crate::{
    source::patience::Trials,
    storage::{At, Parts, StorageError, StorageFault},
};

/// From so many bytes on a CAR is asked for: a few blocks are better fetched, and kept, one by one.
const CAR_FROM: u64 = 8 << 20;
/// Bytes of a CAR, about: what is asked for at once.
const CAR_BYTES: u64 = 64 << 20;
/// Bytes that are fetched block by block before they are handed on.
const BLOCKS_BYTES: u64 = 4 << 20;
/// Blocks that are fetched at once.
const BLOCKS_AT_ONCE: usize = 4;

/// Reads `range` of a file. What comes is verified; after an error there is nothing more.
pub(super) fn parts(gateway: Gateway, file: UnixfsFile, range: Range<u64>) -> Parts {
    let reading = Reading {
        trials: gateway.trials(),
        gateway,
        file,
        at: range.start,
        range,
        car: None,
    };
    Box::pin(stream::try_unfold(reading, async |mut reading| {
        let part = reading.next().await?;
        Ok(part.map(|part| (part, reading)))
    }))
}

struct Reading {
    gateway: Gateway,
    file: UnixfsFile,
    range: Range<u64>,
    at: u64,
    car: Option<CarStream>,
    trials: Trials,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, StorageError> {
        loop {
            if let Some(car) = &mut self.car {
                match car.next().await {
                    Ok(Some(bytes)) => return Ok(Some(self.reached(bytes))),
                    Ok(None) => self.car = None,
                    Err(fault) => self.failed(fault).await?,
                }
            } else if self.at >= self.range.end {
                return Ok(None);
            } else if self.range.end - self.at >= CAR_FROM && self.gateway.has_cars() {
                let end = self.range.end.min(self.at + CAR_BYTES);
                match CarStream::open(&self.gateway, &self.file, self.at..end).await {
                    Ok(car) => {
                        self.gateway.note(true);
                        self.car = Some(car);
                    }
                    Err(fault) => self.failed(fault).await?,
                }
            } else {
                let end = self.range.end.min(self.at + BLOCKS_BYTES);
                let bytes = self.blocks(self.at..end).await?;
                return Ok(Some(self.reached(bytes)));
            }
        }
    }

    fn reached(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        self.at += bytes.len() as u64;
        bytes
    }

    /// Goes on after a fault that may pass, from where it was.
    async fn failed(&mut self, fault: CarFault) -> Result<(), StorageError> {
        self.car = None;
        let fault = match fault {
            CarFault::None => {
                self.gateway.note_no_cars();
                return Ok(());
            }
            CarFault::Way(fault) => {
                let reached = self.at - self.range.start;
                match self.trials.failed(fault, reached).await {
                    Ok(()) => return Ok(()),
                    Err(error) => {
                        self.gateway.note(false);
                        StorageFault::Source(error)
                    }
                }
            }
            CarFault::Wrong(fault) => fault,
        };
        let at = At::File(self.file.root.to_string());
        Err(StorageError::new(&self.gateway.name, at, fault))
    }

    /// These bytes, from the blocks that hold them and no others.
    async fn blocks(&self, range: Range<u64>) -> Result<Vec<u8>, StorageError> {
        let file = &self.file;
        let mut bytes = Vec::new();
        let mut verifier = FileVerifier::of_range(file.root, range).expect_size(file.size);
        while verifier.wanted().is_some() {
            let next: Vec<Cid> = verifier.ahead().take(BLOCKS_AT_ONCE).copied().collect();
            // What is below a node comes before what stands beside it.
            let nodes = next.iter().position(|cid| cid.codec() != RAW);
            let count = nodes.map_or(next.len(), |first| first.max(1));
            let next = next.get(..count).unwrap_or_default();
            let fetched = join_all(next.iter().map(|cid| self.gateway.verified(cid))).await;
            for block in fetched {
                let block = block?;
                let part = verifier.push(&block).map_err(|error| {
                    let at = At::File(file.root.to_string());
                    StorageError::new(&self.gateway.name, at, error)
                });
                bytes.extend_from_slice(part?);
            }
        }
        Ok(bytes)
    }
}

/// Multicodec of a leaf.
const RAW: u64 = 0x55;
