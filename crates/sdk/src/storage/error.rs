//! What went wrong, at which store, with which piece or block.

use std::fmt;

use stheno_envelope::{PieceCid, unixfs::UnixfsError};

use crate::source::SourceError;

/// A fault of a store, or of what it was given.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{store} at {at}: {fault}")]
pub struct StorageError {
    /// Which store: what [`Store::name`](super::Store::name) says.
    pub store: String,
    /// With what.
    pub at: At,
    /// What it is.
    pub fault: Box<StorageFault>,
}

/// What a store was asked about.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum At {
    /// A piece.
    Piece(PieceCid),
    /// A block, by its CID in text.
    Block(String),
    /// A file of UnixFS, by its CID in text.
    File(String),
    /// A data set, by its number or the transaction that makes it.
    DataSet(String),
    /// The store itself.
    Itself,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Piece(piece) => write!(f, "piece {piece}"),
            Self::Block(cid) => write!(f, "block {cid}"),
            Self::File(cid) => write!(f, "file {cid}"),
            Self::DataSet(which) => write!(f, "data set {which}"),
            Self::Itself => f.write_str("start"),
        }
    }
}

impl From<&PieceCid> for At {
    fn from(piece: &PieceCid) -> Self {
        Self::Piece(*piece)
    }
}

/// Why something is not stored, or not to be had.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StorageFault {
    /// The way there, or the answer: not reached, refused, redirected, no Range, cut off, changed.
    #[error("{}", .0.what())]
    Source(#[from] SourceError),
    /// The store does not have it.
    #[error("it is not there")]
    NotFound,
    /// What came, all of it, is something else.
    #[error("other bytes are there: {len} bytes{}", .found.as_ref().map(|found| format!(" of {found}")).unwrap_or_default())]
    OtherBytes {
        /// What they are; nothing where they are too few to have a name.
        found: Option<String>,
        /// How many.
        len: u64,
    },
    /// A gateway sends a CAR that is not the one that was asked for.
    #[error("the CAR that it sends is wrong: {why}")]
    BadCar {
        /// In what.
        why: String,
    },
    /// The blocks are the right ones, and are not the file or folder that was asked for.
    #[error(transparent)]
    Unixfs(Box<UnixfsError>),
    /// What was asked for is beyond the piece's end.
    #[error("bytes {start}-{end} are beyond its {size} bytes")]
    OutOfRange {
        /// First byte that was asked for.
        start: u64,
        /// One after the last.
        end: u64,
        /// Bytes of the piece.
        size: u64,
    },
    /// The store refuses, and says why.
    #[error("it answers {status}: {words}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it says, cut and made printable.
        words: String,
    },
    /// The disk or the quota is full, there or here.
    #[error("no space is left: {why}")]
    Full {
        /// What the system or the provider says.
        why: String,
    },
    /// The disk fails.
    #[error("cannot {doing}: {why}")]
    Disk {
        /// What was done.
        doing: &'static str,
        /// What the system says.
        why: String,
    },
    /// Another transfer works with the same journal.
    #[error("another transfer is at work with {path}")]
    Busy {
        /// The journal.
        path: String,
    },
    /// No piece of this size is stored there.
    #[error("it takes pieces of {min} to {max} bytes, this one has {len}")]
    Size {
        /// Bytes of the piece.
        len: u64,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// What is to be stored is not the piece that it is said to be: it changed since it was named.
    #[error("what is to be stored has other bytes than the piece")]
    SourceChanged,
    /// What is to be stored cannot be read.
    #[error("what is to be stored cannot be read: {why}")]
    Unreadable {
        /// Why.
        why: String,
    },
    /// It can be read only.
    #[error("it can only be read")]
    ReadOnly,
    /// It took the bytes, and did not confirm that it holds them in time.
    #[error("the bytes are there, but it did not say within {seconds} s that they are stored")]
    Unconfirmed {
        /// How long was waited.
        seconds: u64,
    },
    /// So many pieces are not added to a data set at once.
    #[error("{pieces} pieces at once, where 1 to {most} are taken")]
    Batch {
        /// How many there are.
        pieces: usize,
        /// How many there may be.
        most: usize,
    },
    /// The chain refused what the provider sent.
    #[error("the chain rejected transaction {transaction}")]
    Rejected {
        /// Its hash.
        transaction: String,
    },
    /// The name of a block is of a kind that cannot be verified.
    #[error("it is named by a hash of kind {code:#x}, which is not known here")]
    UnknownHash {
        /// The multihash code.
        code: u64,
    },
}

impl From<UnixfsError> for StorageFault {
    fn from(error: UnixfsError) -> Self {
        Self::Unixfs(Box::new(error))
    }
}

fn is_absence(error: &UnixfsError) -> bool {
    matches!(error, UnixfsError::NotFound { .. })
}

impl StorageError {
    /// A fault of this store.
    pub fn new(store: &str, at: impl Into<At>, fault: impl Into<StorageFault>) -> Self {
        Self {
            store: store.to_owned(),
            at: at.into(),
            fault: Box::new(fault.into()),
        }
    }

    /// A stable name, for scripts.
    pub fn code(&self) -> &'static str {
        match self.fault.as_ref() {
            StorageFault::Source(error) => error.code(),
            StorageFault::NotFound => "not_stored",
            StorageFault::OtherBytes { .. } => "other_bytes_stored",
            StorageFault::BadCar { .. } => "bad_car",
            StorageFault::Unixfs(_) => "not_unixfs",
            StorageFault::OutOfRange { .. } => "beyond_piece",
            StorageFault::Refused { .. } => "storage_refuses",
            StorageFault::Full { .. } => "storage_full",
            StorageFault::Disk { .. } => "storage_disk",
            StorageFault::Busy { .. } => "transfer_busy",
            StorageFault::Size { .. } => "piece_size",
            StorageFault::SourceChanged => "piece_changed",
            StorageFault::Unreadable { .. } => "piece_unreadable",
            StorageFault::ReadOnly => "storage_read_only",
            StorageFault::Unconfirmed { .. } => "storage_unconfirmed",
            StorageFault::Batch { .. } => "batch_size",
            StorageFault::Rejected { .. } => "data_set_rejected",
            StorageFault::UnknownHash { .. } => "unknown_hash",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self.fault.as_ref() {
            StorageFault::Source(error) => error.hint(),
            StorageFault::NotFound => "check the name, or ask another copy",
            StorageFault::OtherBytes { .. } => "fetch it from another copy, and tell the operator",
            StorageFault::BadCar { .. } => "fetch it from another gateway, and tell the operator",
            StorageFault::Unixfs(error) if is_absence(error) => "check the path below the CID",
            StorageFault::Unixfs(_) => "check the CID, and what was published under it",
            StorageFault::OutOfRange { .. } => "ask for a part that the piece has",
            StorageFault::Refused { .. } => "do as it says, or store it elsewhere",
            StorageFault::Full { .. } => "make space and run it again: what has arrived is kept",
            StorageFault::Disk { .. } => "check the folder, its disk and its rights",
            StorageFault::Busy { .. } => "wait until it is done, or end it",
            StorageFault::Size { .. } => "split what is larger, and fill up what is smaller",
            StorageFault::SourceChanged => {
                "wait until nothing writes to it, and compute the PieceCID again"
            }
            StorageFault::Unreadable { .. } => "check the file, its disk and its rights",
            StorageFault::ReadOnly => "store it in a folder or with a provider",
            StorageFault::Unconfirmed { .. } => "run it again later: no bytes are sent twice",
            StorageFault::Batch { .. } => "add them in several batches",
            StorageFault::Rejected { .. } => {
                "check what was signed, the payer's funds and the approval of the service"
            }
            StorageFault::UnknownHash { .. } => "use CIDs with sha2-256",
        }
    }
}

/// A piece that no copy gave, or that a store did not take.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lost {
    /// Which.
    pub piece: PieceCid,
    /// What each store said that was tried. Empty where no copy was known.
    pub tried: Vec<StorageError>,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "piece {}: {}", self.piece, each(&self.tried))
    }
}

/// Why not all pieces were transferred. What was is kept, and is not transferred again.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TransferError {
    /// It could not begin, or not go on: the disk is full, say.
    #[error(transparent)]
    Stopped(#[from] StorageError),
    /// It is done with the rest.
    #[error("{} of {of} pieces are missing: {}", .lost.len(), named(.lost))]
    Incomplete {
        /// What is missing, and why.
        lost: Vec<Lost>,
        /// How many there were.
        of: usize,
    },
    /// A file, or a block on the way to it, came from none of the gateways.
    #[error("{cid} is missing: {}", each(.tried))]
    Unfetched {
        /// Its CID, in text.
        cid: String,
        /// What each gateway said that was tried. Empty where none was known.
        tried: Vec<StorageError>,
    },
}

impl TransferError {
    /// A stable name, for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Stopped(error) => error.code(),
            Self::Incomplete { .. } | Self::Unfetched { .. } => "transfer_incomplete",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Stopped(error) => error.hint(),
            Self::Incomplete { .. } => {
                "run it again, or name more copies: what has arrived is kept"
            }
            Self::Unfetched { .. } => {
                "run it again, or name more gateways: what has arrived is kept"
            }
        }
    }
}

/// What each store said.
fn each(tried: &[StorageError]) -> String {
    if tried.is_empty() {
        return "no copy of it is known".to_owned();
    }
    let said = tried
        .iter()
        .map(|error| format!("{}: {}", error.store, error.fault));
    said.collect::<Vec<String>>().join("; ")
}

/// The first few, since there may be thousands.
fn named(lost: &[Lost]) -> String {
    let mut names: Vec<String> = lost.iter().take(3).map(ToString::to_string).collect();
    if lost.len() > names.len() {
        names.push(format!("and {} more", lost.len() - names.len()));
    }
    names.join(" | ")
}
