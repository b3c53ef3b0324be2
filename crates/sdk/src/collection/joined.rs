//! Envelopes whose pieces are files of a folder, put together.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use stheno_envelope::manifest::{Part, StoredEnvelope};

/// The bytes of an envelope whose pieces are files of a folder, in order; one file is open at a time.
pub(super) struct StoredBytes<'a> {
    folder: PathBuf,
    parts: std::slice::Iter<'a, Part>,
    current: Option<io::Take<File>>,
}

impl<'a> StoredBytes<'a> {
    pub(super) fn new(folder: &Path, envelope: &'a StoredEnvelope) -> Self {
        Self {
            folder: folder.to_owned(),
            parts: envelope.parts.iter(),
            current: None,
        }
    }
}

impl Read for StoredBytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(current) = &mut self.current {
                match current.read(buffer)? {
                    0 if !buffer.is_empty() && current.limit() > 0 => {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    0 if !buffer.is_empty() => {}
                    read => return Ok(read),
                }
            }
            let Some(part) = self.parts.next() else {
                return Ok(0);
            };
            let mut file = File::open(self.folder.join(part.piece.to_string()))?;
            file.seek(SeekFrom::Start(part.offset))?;
            self.current = Some(file.take(part.len));
        }
    }
}
