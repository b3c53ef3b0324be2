//! Writing a manifest, entry by entry.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use super::entry::or_null;
use super::{
    Entry, FORMAT, MAX_MANIFEST_BYTES, ManifestDigest, ManifestError, ManifestHeader, SafePath,
    hints,
};
use crate::cbor::write::Writer;
use crate::labels;

/// Writes a manifest. What it refuses, readers refuse, and the other way round.
#[derive(Debug)]
pub struct ManifestWriter<W> {
    sink: W,
    hash: Sha256,
    header: ManifestHeader,
    order: Order,
    written: u64,
}

impl<W: Write> ManifestWriter<W> {
    /// Writes the header; as many entries must follow as it says.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn new(sink: W, header: ManifestHeader) -> Result<Self, ManifestError> {
        header.check()?;
        let front = Writer::new()
            .array(4)
            .text(labels::MANIFEST_TYPE)
            .unsigned(FORMAT)
            .raw(&encode_header(&header))
            .array(header.entries)
            .finish();
        let mut writer = Self {
            sink,
            hash: Sha256::new(),
            header,
            order: Order::default(),
            written: 0,
        };
        writer.put(&front).map_err(ManifestError::Write)?;
        Ok(writer)
    }

    /// Writes the next file. Files come sorted by path.
    ///
    /// # Errors
    /// [`ManifestError::Entry`], [`ManifestError::Count`], [`ManifestError::TooLarge`],
    /// [`ManifestError::Write`].
    pub fn push(&mut self, entry: &Entry) -> Result<(), ManifestError> {
        let index = self.order.index;
        if index >= self.header.entries {
            return Err(ManifestError::Count {
                declared: self.header.entries,
                found: index + 1,
            });
        }
        self.order.next(entry, &self.header)?;
        let bytes = entry.encode();
        if self.written + bytes.len() as u64 > MAX_MANIFEST_BYTES {
            return Err(ManifestError::TooLarge {
                limit: MAX_MANIFEST_BYTES,
            });
        }
        self.put(&bytes).map_err(ManifestError::Write)
    }

    /// Flushes, and gives the digest and the sink.
    ///
    /// # Errors
    /// [`ManifestError::Count`] when entries are missing, [`ManifestError::Write`].
    pub fn finish(mut self) -> Result<(ManifestDigest, W), ManifestError> {
        if self.order.index != self.header.entries {
            return Err(ManifestError::Count {
                declared: self.header.entries,
                found: self.order.index,
            });
        }
        self.sink.flush().map_err(ManifestError::Write)?;
        let digest = ManifestDigest(self.hash.finalize().into());
        Ok((digest, self.sink))
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sink.write_all(bytes)?;
        self.hash.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }
}

/// `[network, collection, version, previous, created, hints]`.
pub(super) fn encode_header(header: &ManifestHeader) -> Vec<u8> {
    let to = Writer::new().array(6);
    let to = or_null(to, header.network.as_ref(), |to, network| {
        to.bytes(network.as_bytes())
    });
    let to = to.text(&header.collection).unsigned(header.version);
    let to = or_null(to, header.previous.as_ref(), |to, digest| {
        to.bytes(digest.as_bytes())
    });
    hints::encode(&header.hints, to.unsigned(header.created)).finish()
}

/// Where in a manifest one is: entries are checked one by one, and against the
/// one before.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// How many entries have been.
    pub(super) index: u64,
    before: Option<SafePath>,
}

impl Order {
    pub(super) fn next(
        &mut self,
        entry: &Entry,
        header: &ManifestHeader,
    ) -> Result<(), ManifestError> {
        use super::EntryError::{Duplicate, UnderAFile, Unsorted};
        let refuse = |problem| ManifestError::Entry {
            index: self.index,
            path: Some(entry.path.as_str().to_owned()),
            problem,
        };
        if let Some(before) = &self.before {
            let text = || before.as_str().to_owned();
            match before.cmp(&entry.path) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => return Err(refuse(Duplicate)),
                std::cmp::Ordering::Greater => return Err(refuse(Unsorted { before: text() })),
            }
            // What is below a path follows it at once, so one look back is enough.
            if before.contains(&entry.path) {
                return Err(refuse(UnderAFile { file: text() }));
            }
        }
        entry.check(header.network.as_ref()).map_err(refuse)?;
        self.before = Some(entry.path.clone());
        self.index += 1;
        Ok(())
    }
}
