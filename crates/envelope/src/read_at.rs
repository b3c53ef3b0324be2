//! Sources that can be read anywhere, by several cores at once.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;

/// A source that can be read at any offset without a place of its own.
pub trait ReadAt: Sync {
    /// Reads some bytes at `offset`, none at the end.
    ///
    /// # Errors
    /// What the source reports.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// How many bytes there are now.
    ///
    /// # Errors
    /// What the source reports.
    fn size(&self) -> io::Result<u64>;

    /// A part of the source, to be read in order.
    fn reader(&self, range: Range<u64>) -> PartReader<'_, Self> {
        PartReader {
            source: self,
            range,
        }
    }
}

impl ReadAt for File {
    #[cfg(unix)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, buffer, offset)
    }

    #[cfg(not(any(unix, windows)))]
    fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn size(&self) -> io::Result<u64> {
        let metadata = self.metadata()?;
        if metadata.is_file() {
            Ok(metadata.len())
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file: read it as a stream",
            ))
        }
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        self.get(start..).unwrap_or_default().read(buffer)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.as_slice().read_at(buffer, offset)
    }

    fn size(&self) -> io::Result<u64> {
        self.as_slice().size()
    }
}

/// A part of a source, read in order. See [`ReadAt::reader`].
#[derive(Debug)]
pub struct PartReader<'a, S: ?Sized> {
    source: &'a S,
    range: Range<u64>,
}

impl<S: ReadAt + ?Sized> Read for PartReader<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.range.end.saturating_sub(self.range.start);
        let wanted = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let space = buffer.get_mut(..wanted).unwrap_or_default();
        let read = self.source.read_at(space, self.range.start)?;
        self.range.start += read as u64;
        Ok(read)
    }
}
