//! Reading a manifest, entry by entry, in bounded memory.

use std::io::{self, BufReader, Read};

use sha2::{Digest, Sha256};
use stheno_crypto::NetworkId;

use super::encode::{Order, encode_header};
use super::entry::optional;
use super::{
    Entry, EntryError, FORMAT, MAX_MANIFEST_BYTES, ManifestDigest, ManifestError, ManifestHeader,
    hints,
};
use crate::cbor::cursor::Cursor;
use crate::cbor::scan;
use crate::{EnvelopeError, HeaderError, labels};

/// The largest header that is read.
const MAX_HEADER_BYTES: usize = 128 << 10;
/// The largest entry that is read.
const MAX_ENTRY_BYTES: usize = 2 << 20;

/// Reads a manifest that is all of a source, strictly: every item in its one form.
#[derive(Debug)]
pub struct ManifestReader<R> {
    source: BufReader<Hashed<R>>,
    header: ManifestHeader,
    order: Order,
    failed: bool,
}

impl<R: Read> ManifestReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn new(source: R) -> Result<Self, ManifestError> {
        let mut source = BufReader::with_capacity(
            16 << 10,
            Hashed {
                source,
                hash: Sha256::new(),
                left: MAX_MANIFEST_BYTES,
            },
        );
        let no_manifest = || ManifestError::NotAManifest;
        let front = |error| match error {
            EnvelopeError::Read(error) => ManifestError::Read(error),
            _ => ManifestError::NotAManifest,
        };
        if array(&mut source)? != Some(4) {
            return Err(no_manifest());
        }
        let kind = scan::item(&mut source, 2 + labels::MANIFEST_TYPE.len()).map_err(front)?;
        if Cursor::new(&kind).text() != Some(labels::MANIFEST_TYPE) {
            return Err(no_manifest());
        }
        let format = scan::item(&mut source, 9).map_err(front)?;
        match Cursor::new(&format).unsigned() {
            Some(FORMAT) => {}
            Some(found) => return Err(ManifestError::Format { found }),
            None => return Err(no_manifest()),
        }
        let bad = |problem| ManifestError::Header { problem };
        let bytes = scan::item(&mut source, MAX_HEADER_BYTES).map_err(|error| match error {
            EnvelopeError::Read(error) => read_error(error),
            _ => bad("it is cut short, too large, or not strict CBOR"),
        })?;
        let mut header = decode_header(&bytes).ok_or(bad("a field has another form"))?;
        if encode_header(&header) != bytes {
            return Err(bad("it is not in its one form"));
        }
        header.entries = array(&mut source)?.ok_or(bad("no list of files follows it"))?;
        header.check()?;
        Ok(Self {
            source,
            header,
            order: Order::default(),
            failed: false,
        })
    }

    /// What it says of all files.
    pub fn header(&self) -> &ManifestHeader {
        &self.header
    }

    /// The next file; `None` behind the last.
    ///
    /// # Errors
    /// [`ManifestError`]; after one nothing more is read.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, ManifestError> {
        if self.failed || self.order.index == self.header.entries {
            return Ok(None);
        }
        let entry = self.entry();
        self.failed = entry.is_err();
        entry.map(Some)
    }

    /// Confirms that nothing follows the last file, and gives the digest.
    ///
    /// # Errors
    /// [`ManifestError::Trailing`]; [`ManifestError::Truncated`] when not all files
    /// have been read.
    pub fn finish(mut self) -> Result<ManifestDigest, ManifestError> {
        if self.failed || self.order.index != self.header.entries {
            return Err(self.truncated());
        }
        let mut byte = [0];
        match self.source.read(&mut byte) {
            Ok(0) => Ok(ManifestDigest(
                self.source.into_inner().hash.finalize().into(),
            )),
            Ok(_) => Err(ManifestError::Trailing),
            Err(error) => Err(read_error(error)),
        }
    }

    fn entry(&mut self) -> Result<Entry, ManifestError> {
        let refuse = |path, problem| ManifestError::Entry {
            index: self.order.index,
            path,
            problem,
        };
        let bytes = match scan::item(&mut self.source, MAX_ENTRY_BYTES) {
            Ok(bytes) => bytes,
            Err(EnvelopeError::Header(HeaderError::Truncated)) => return Err(self.truncated()),
            Err(EnvelopeError::Header(HeaderError::Cbor { problem, .. })) => {
                return Err(refuse(None, EntryError::Malformed(problem)));
            }
            Err(EnvelopeError::Read(error)) => return Err(read_error(error)),
            Err(_) => return Err(refuse(None, EntryError::Malformed("it is too large"))),
        };
        let entry = Entry::decode(&bytes).map_err(|problem| refuse(None, problem))?;
        self.order.next(&entry, &self.header)?;
        Ok(entry)
    }

    fn truncated(&self) -> ManifestError {
        ManifestError::Truncated {
            index: self.order.index,
            entries: self.header.entries,
        }
    }
}

fn decode_header(bytes: &[u8]) -> Option<ManifestHeader> {
    let mut from = Cursor::new(bytes);
    (from.array()? == 6).then_some(())?;
    let header = ManifestHeader {
        network: optional(&mut from, |from| {
            from.byte_array().map(NetworkId::from_bytes)
        })?,
        collection: from.text()?.to_owned(),
        version: from.unsigned()?,
        previous: optional(&mut from, |from| {
            from.byte_array().map(ManifestDigest::from_bytes)
        })?,
        created: from.unsigned()?,
        hints: hints::decode(&mut from)?,
        entries: 0,
    };
    from.is_at_end().then_some(header)
}

/// The head of an array in its shortest form; its items follow.
fn array(source: &mut impl Read) -> Result<Option<u64>, ManifestError> {
    let mut head = [0; 9];
    let mut read = |place: Option<&mut [u8]>| match source.read_exact(place.unwrap_or_default()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(read_error(error)),
    };
    if !read(head.get_mut(..1))? {
        return Ok(None);
    }
    let width = match head[0] {
        0x80..=0x97 => 0,
        0x98..=0x9b => 1 << (head[0] - 0x98),
        _ => return Ok(None),
    };
    if !read(head.get_mut(1..=width))? {
        return Ok(None);
    }
    let raw = head.get(..=width).unwrap_or_default();
    let count = Cursor::new(raw).array();
    // Written again it must be the same: the shortest form.
    Ok(count.filter(|count| {
        let again = crate::cbor::write::Writer::new().array(*count).finish();
        again == raw
    }))
}

/// Hashes what is read of a source, and reads no more than a manifest may have.
#[derive(Debug)]
struct Hashed<R> {
    source: R,
    hash: Sha256,
    left: u64,
}

/// What the source says when a manifest is larger than is read.
#[derive(Debug, thiserror::Error)]
#[error("too large")]
struct TooLarge;

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::other(TooLarge))?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

fn read_error(error: io::Error) -> ManifestError {
    if error.get_ref().is_some_and(|inner| inner.is::<TooLarge>()) {
        return ManifestError::TooLarge {
            limit: MAX_MANIFEST_BYTES,
        };
    }
    ManifestError::Read(error)
}
