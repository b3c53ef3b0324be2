//! Sinks that can be written anywhere, by several cores at once.

use std::fs::File;
use std::io::{self, Write};

/// A sink that can be written at any offset without a place of its own.
pub trait WriteAt: Sync {
    /// Writes some bytes at `offset`.
    ///
    /// # Errors
    /// What the sink reports.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Writes all bytes at `offset`.
    ///
    /// # Errors
    /// What the sink reports.
    fn write_all_at(&self, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write_at(bytes, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    offset += written as u64;
                    bytes = bytes.get(written..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The sink from `offset` on, to be written in order.
    fn writer(&self, offset: u64) -> PartWriter<'_, Self> {
        PartWriter { sink: self, offset }
    }
}

impl WriteAt for File {
    #[cfg(unix)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(self, bytes, offset)
    }

    #[cfg(windows)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_write(self, bytes, offset)
    }

    #[cfg(not(any(unix, windows)))]
    fn write_at(&self, _: &[u8], _: u64) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A part of a sink, written in order. See [`WriteAt::writer`].
#[derive(Debug)]
pub struct PartWriter<'a, S: ?Sized> {
    sink: &'a S,
    offset: u64,
}

impl<S: WriteAt + ?Sized> Write for PartWriter<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write_at(bytes, self.offset)?;
        self.offset += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
