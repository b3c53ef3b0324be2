//! A file that several gateways have, as a source of any part of it.

use std::ops::Range;

use futures::StreamExt;
use stheno_envelope::{EnvelopeError, Header, HeaderError, header::COMMON_HEADER_BYTES};

use super::{Gateway, UnixfsFile, reading};
use crate::{
    Error,
    bounds::BoxFuture,
    source::{Source, SourceError},
    storage::{StorageError, Trust},
};

/// A file of UnixFS. The gateways are asked in turn, one that failed after the others.
///
/// Unlike a range of a piece, what it gives is verified: a block by its CID, and the file's bytes by
/// the blocks above them. A part costs the blocks that it touches, those that were fetched last not
/// again; a long one is asked for as a CAR.
#[derive(Debug)]
pub struct UnixfsSource {
    file: UnixfsFile,
    gateways: Vec<Gateway>,
    trust: Trust,
}

impl UnixfsSource {
    /// The file, and who has it, whom to ask first at the start.
    pub fn new(file: UnixfsFile, gateways: Vec<Gateway>) -> Self {
        Self {
            file,
            trust: Trust::in_so_many(gateways.len()),
            gateways,
        }
    }

    /// Reads the header of an envelope, and gives it with the source.
    ///
    /// # Errors
    /// [`Error::Source`], and [`Error::Envelope`] when it is no envelope.
    pub async fn open_envelope(self) -> Result<(Header, Self), Error> {
        let mut wanted = COMMON_HEADER_BYTES as u64;
        loop {
            let end = wanted.min(self.file.size);
            let start = self.fetch(0..end).await?;
            match Header::read(&mut start.as_slice()) {
                Err(EnvelopeError::Header(HeaderError::Truncated)) if end < self.file.size => {
                    wanted = end.saturating_mul(2);
                }
                read => return Ok((read?, self)),
            }
        }
    }

    async fn fetch_any(&self, range: Range<u64>) -> Result<Vec<u8>, SourceError> {
        let mut last = SourceError::Unreadable {
            why: format!("no gateway is known that has {}", self.file.root),
        };
        for copy in self.copies() {
            match self.fetch_one(copy, range.clone()).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn fetch_one(&self, copy: usize, range: Range<u64>) -> Result<Vec<u8>, SourceError> {
        let gateway = self.gateways.get(copy).ok_or(SourceError::Unreadable {
            why: format!("there is no gateway {copy}"),
        })?;
        let mut bytes = Vec::new();
        let mut parts = reading::parts(gateway.clone(), self.file, range);
        while let Some(part) = parts.next().await {
            let part = part.map_err(|error: StorageError| {
                self.distrust(copy);
                SourceError::Storage(Box::new(error))
            });
            bytes.extend(part?);
        }
        Ok(bytes)
    }
}

impl Source for UnixfsSource {
    fn size(&self) -> u64 {
        self.file.size
    }

    fn fetch(&self, range: Range<u64>) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        Box::pin(self.fetch_any(range))
    }

    fn copies(&self) -> Vec<usize> {
        self.trust.order()
    }

    fn fetch_copy(
        &self,
        copy: usize,
        range: Range<u64>,
    ) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        Box::pin(self.fetch_one(copy, range))
    }

    fn distrust(&self, copy: usize) {
        self.trust.lose(copy);
    }
}
