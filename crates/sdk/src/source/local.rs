//! Files and bytes at hand, as a source.

use std::{io, ops::Range};

use stheno_envelope::ReadAt;

use super::{Source, SourceError};
use crate::bounds::{BoxFuture, Shareable};

/// A file, or bytes in memory. Reads on the calling thread, for as long as the disk takes.
#[derive(Debug)]
pub struct Local<R> {
    inner: R,
    size: u64,
}

impl<R: ReadAt> Local<R> {
    /// Notes the size that it has now.
    ///
    /// # Errors
    /// What the file system says; also for pipes and devices, which cannot be read anywhere.
    pub fn new(inner: R) -> io::Result<Self> {
        let size = inner.size()?;
        Ok(Self { inner, size })
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<u8>, SourceError> {
        let unreadable = |why: String| SourceError::Unreadable { why };
        if range.end > self.size || range.start > range.end {
            return Err(unreadable("the file ends before".to_owned()));
        }
        let length = usize::try_from(range.end - range.start)
            .map_err(|_| unreadable("more than memory holds".to_owned()))?;
        let mut bytes = vec![0; length];
        let mut rest = bytes.as_mut_slice();
        let mut offset = range.start;
        while !rest.is_empty() {
            match self.inner.read_at(rest, offset) {
                Ok(0) => return Err(unreadable("the file became shorter".to_owned())),
                Ok(read) => {
                    offset += read as u64;
                    rest = rest.get_mut(read..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(error.to_string())),
            }
        }
        Ok(bytes)
    }
}

impl<R: ReadAt + Shareable> Source for Local<R> {
    fn size(&self) -> u64 {
        self.size
    }

    fn fetch(&self, range: Range<u64>) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        Box::pin(std::future::ready(self.read(range)))
    }
}
