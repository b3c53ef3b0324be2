//! A manifest as a source: its bytes are made as they are read, and never all in memory.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    sync::{Arc, Mutex, PoisonError},
};

use stheno_envelope::manifest::{
    Entry, ManifestDigest, ManifestError, ManifestHeader, ManifestWriter,
};

/// A manifest's bytes, made entry by entry as they are read.
pub(super) struct Rendered<'a> {
    writer: Option<ManifestWriter<Shared>>,
    entries: std::slice::Iter<'a, Entry>,
    buffer: Shared,
    /// Once all of it has been read.
    pub(super) digest: Option<ManifestDigest>,
    /// Why reading failed.
    pub(super) failed: Option<ManifestError>,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<VecDeque<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> Rendered<'a> {
    pub(super) fn new(header: ManifestHeader, entries: &'a [Entry]) -> Result<Self, ManifestError> {
        let buffer = Shared::default();
        Ok(Self {
            writer: Some(ManifestWriter::new(buffer.clone(), header)?),
            entries: entries.iter(),
            buffer,
            digest: None,
            failed: None,
        })
    }

    /// The next entry into the buffer; `false` behind the last.
    fn next(&mut self) -> Result<bool, ManifestError> {
        let Some(mut writer) = self.writer.take() else {
            return Ok(false);
        };
        match self.entries.next() {
            Some(entry) => {
                writer.push(entry)?;
                self.writer = Some(writer);
            }
            None => self.digest = Some(writer.finish()?.0),
        }
        Ok(true)
    }
}

impl Read for Rendered<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = {
                let mut buffer = self.buffer.0.lock().unwrap_or_else(PoisonError::into_inner);
                buffer.read(to)?
            };
            if read > 0 || to.is_empty() {
                return Ok(read);
            }
            match self.next() {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                Err(error) => {
                    let told = io::Error::other(error.to_string());
                    self.failed = Some(error);
                    return Err(told);
                }
            }
        }
    }
}
