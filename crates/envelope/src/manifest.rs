//! The index of an encrypted folder: which file is where, and what it must be. SPEC.md §11.
//!
//! A manifest is itself the plaintext of an ordinary envelope. It is one
//! deterministic CBOR item that is written and read entry by entry, so a million
//! files take no more memory than one. Adding files later makes a new version,
//! which names the one before by its digest, and rewrites nothing that is stored.
//!
//! - [`ManifestHeader`], [`Entry`]: what it says.
//! - [`ManifestWriter`], [`ManifestReader`]: one entry after the other, sorted by path.
//! - [`Manifest`]: all of it in memory.
//! - [`SafePath`]: a name that leads nowhere else.
//! - [`Extraction`]: such names as a file system can take them.

mod decode;
mod encode;
mod entry;
mod error;
mod extract;
mod hints;
mod path;

use std::fmt;
use std::io::Read;

use sha2::{Digest, Sha256};
use stheno_crypto::NetworkId;

pub use decode::ManifestReader;
pub use encode::ManifestWriter;
pub use entry::{Entry, Part, PartRange, StoredEnvelope};
pub use error::{EntryError, ManifestError};
pub use extract::{ExtractError, Extraction, FileSystem, Naming, restored_name};
pub use hints::Hint;
pub use path::{PathError, SafePath};

/// The most files of a manifest.
pub const MAX_ENTRIES: u64 = 1_000_000;
/// The largest manifest that is read: 1 GiB.
pub const MAX_MANIFEST_BYTES: u64 = 1 << 30;
/// The longest name of a collection, in bytes.
pub const MAX_COLLECTION_BYTES: usize = 255;
/// The form of manifests that is written and read.
pub const FORMAT: u64 = 1;

/// SHA-256 of a manifest's bytes: what the next version names it by.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash)]
pub struct ManifestDigest([u8; 32]);

impl ManifestDigest {
    /// The digest of a manifest's bytes, which are not looked into.
    pub fn of(manifest: &[u8]) -> Self {
        Self(Sha256::digest(manifest).into())
    }

    /// Takes the 32 bytes as they are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ManifestDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a manifest says of all its files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ManifestHeader {
    /// The network whose items the files are sealed to; `None` where no file is
    /// sealed to a committee.
    pub network: Option<NetworkId>,
    /// What the collection is called: 1 to 255 bytes of printable text.
    pub collection: String,
    /// From 1.
    pub version: u64,
    /// The version before; `None` of the first alone.
    pub previous: Option<ManifestDigest>,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// Who has pieces and blocks of the collection: addresses below which they
    /// can be asked for (`/piece/…`, `/ipfs/…`), and providers.
    pub hints: Vec<Hint>,
    /// How many entries follow.
    pub entries: u64,
}

impl ManifestHeader {
    /// Refuses a manifest of another network than the reader's.
    ///
    /// # Errors
    /// [`ManifestError::OtherNetwork`].
    pub fn check_network(&self, expected: &NetworkId) -> Result<(), ManifestError> {
        match self.network {
            Some(found) if found != *expected => Err(ManifestError::OtherNetwork {
                expected: *expected,
                found,
            }),
            _ => Ok(()),
        }
    }

    /// Refuses a manifest that is not the next version after another.
    ///
    /// # Errors
    /// [`ManifestError::NotTheNext`].
    pub fn check_follows(
        &self,
        version: u64,
        digest: &ManifestDigest,
    ) -> Result<(), ManifestError> {
        let next = version.checked_add(1) == Some(self.version);
        if next && self.previous.as_ref() == Some(digest) {
            Ok(())
        } else {
            Err(ManifestError::NotTheNext {
                version,
                found: self.version,
            })
        }
    }

    /// Refuses what is not written and not read.
    fn check(&self) -> Result<(), ManifestError> {
        let refuse = |problem| Err(ManifestError::Header { problem });
        let name = &self.collection;
        if name.is_empty() || name.len() > MAX_COLLECTION_BYTES || name.contains(char::is_control) {
            return refuse("the collection's name is not 1 to 255 bytes of printable text");
        }
        if self.version == 0 || (self.version == 1) != self.previous.is_none() {
            return refuse("versions begin with 1, and every other names the one before");
        }
        if let Some(problem) = hints::problem(&self.hints) {
            return refuse(problem);
        }
        if self.entries > MAX_ENTRIES {
            return Err(ManifestError::TooManyEntries {
                found: self.entries,
                limit: MAX_ENTRIES,
            });
        }
        Ok(())
    }
}

/// A whole manifest in memory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Manifest {
    header: ManifestHeader,
    entries: Vec<Entry>,
    digest: ManifestDigest,
}

impl Manifest {
    /// Reads a manifest that is all of a source.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn read(source: impl Read) -> Result<Self, ManifestError> {
        let mut reader = ManifestReader::new(source)?;
        let mut entries = Vec::new();
        while let Some(entry) = reader.next_entry()? {
            entries.push(entry);
        }
        let header = reader.header().clone();
        Ok(Self {
            header,
            entries,
            digest: reader.finish()?,
        })
    }

    /// What it says of all files.
    pub fn header(&self) -> &ManifestHeader {
        &self.header
    }

    /// The files, sorted by path.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What the next version names this one by.
    pub fn digest(&self) -> &ManifestDigest {
        &self.digest
    }

    /// The file with this path.
    pub fn find(&self, path: &SafePath) -> Option<&Entry> {
        let at = self.entries.binary_search_by(|entry| entry.path.cmp(path));
        self.entries.get(at.ok()?)
    }
}
