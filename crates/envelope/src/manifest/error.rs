//! Why a manifest was refused.

use std::io;

use stheno_crypto::NetworkId;

use super::{FORMAT, PathError};

/// Why a manifest could not be written or read.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The bytes do not begin like one.
    #[error("this is no manifest of a folder")]
    NotAManifest,
    /// It has a form that is not known.
    #[error("a manifest of format {found}, and this program knows format {FORMAT}")]
    Format {
        /// Its format.
        found: u64,
    },
    /// It belongs to another network.
    #[error("the manifest is of network {found}, not of {expected}")]
    OtherNetwork {
        /// The reader's.
        expected: NetworkId,
        /// The manifest's.
        found: NetworkId,
    },
    /// It does not follow the version that it should.
    #[error("the manifest has version {found}, and does not follow version {version}")]
    NotTheNext {
        /// The version that it should follow.
        version: u64,
        /// Its own.
        found: u64,
    },
    /// What it says of all files makes no sense.
    #[error("the manifest's header makes no sense: {problem}")]
    Header {
        /// What is wrong.
        problem: &'static str,
    },
    /// It has more files than are read.
    #[error("the manifest has {found} files, more than {limit}")]
    TooManyEntries {
        /// How many it has.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// It is larger than is read.
    #[error("the manifest is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// An entry was refused.
    #[error("file {index} of the manifest{}: {problem}", path.as_deref().map(|path| format!(", {path:?}")).unwrap_or_default())]
    Entry {
        /// Its place, from 0.
        index: u64,
        /// Its path, where there is one.
        path: Option<String>,
        /// What is wrong with it.
        problem: EntryError,
    },
    /// It ends before its last entry.
    #[error("the manifest is cut short in file {index} of {entries}")]
    Truncated {
        /// The entry in which it ends, from 0.
        index: u64,
        /// How many it announces.
        entries: u64,
    },
    /// Bytes follow its last entry.
    #[error("bytes follow the manifest's last file")]
    Trailing,
    /// Another number of entries was written than announced.
    #[error("{found} files were written of {declared} that the manifest announces")]
    Count {
        /// What its header says.
        declared: u64,
        /// What was written.
        found: u64,
    },
    /// Reading failed.
    #[error("cannot read the manifest")]
    Read(#[source] io::Error),
    /// Writing failed.
    #[error("cannot write the manifest")]
    Write(#[source] io::Error),
}

/// Why an entry was refused.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EntryError {
    /// Its bytes are no entry in its one form.
    #[error("{0}")]
    Malformed(&'static str),
    /// Its path is not safe.
    #[error(transparent)]
    Path(#[from] PathError),
    /// It stands behind one that comes after it.
    #[error("it stands behind {before:?}: entries are sorted by path")]
    Unsorted {
        /// The one before it.
        before: String,
    },
    /// It stands there twice.
    #[error("it stands there twice")]
    Duplicate,
    /// Its path leads through a file.
    #[error("its path leads through {file:?}, which is a file")]
    UnderAFile {
        /// The file.
        file: String,
    },
    /// Its parts have bytes twice.
    #[error("part {part} begins at byte {at} of the envelope, before the end of the one before it")]
    Overlap {
        /// The part, from 0.
        part: usize,
        /// Where it begins.
        at: u64,
    },
    /// Its parts leave bytes out.
    #[error("no part holds the envelope's bytes from {from} on")]
    Hole {
        /// The first of them.
        from: u64,
    },
    /// Its parts reach beyond the envelope.
    #[error("part {part} reaches beyond the envelope's end")]
    BeyondTheEnd {
        /// The part, from 0.
        part: usize,
    },
    /// A part is not within its piece.
    #[error("part {part} is not within its piece, which has {piece_len} bytes")]
    BeyondThePiece {
        /// The part, from 0.
        part: usize,
        /// Bytes of the piece.
        piece_len: u64,
    },
    /// File and envelope have lengths that do not fit together.
    #[error("no envelope of {envelope} bytes holds a file of {size}")]
    Sizes {
        /// Bytes of the file.
        size: u64,
        /// Bytes of the envelope.
        envelope: u64,
    },
    /// It is sealed to an item, and the manifest names no network.
    #[error("it has an item, and the manifest no network")]
    ItemWithoutNetwork,
}
