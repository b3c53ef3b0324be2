//! Why a folder was not encrypted, read or written.

use std::{io, path::Path};

use stheno_envelope::{
    SplitError,
    manifest::{ExtractError, ManifestError},
    unixfs::UnixfsError,
};

/// What went wrong with a collection.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum CollectionError {
    /// There is nothing to encrypt.
    #[error("{path} holds no files")]
    Empty {
        /// The folder.
        path: String,
    },
    /// Something in the folder is no file.
    #[error("{path} {what}")]
    NoFile {
        /// What it is called.
        path: String,
        /// What it is: a link, a pipe.
        what: &'static str,
    },
    /// A name cannot stand in a manifest.
    #[error("{path} cannot be named: {problem}")]
    Name {
        /// The name, made printable.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The output lies in the input, or is it.
    #[error("the output {path} lies in the folder that is encrypted")]
    Inside {
        /// The output.
        path: String,
    },
    /// A file was written to while it was read.
    #[error("{path} was changed while it was read")]
    Changed {
        /// The file.
        path: String,
    },
    /// The output holds a collection already.
    #[error("{path} holds a collection already")]
    Occupied {
        /// The output.
        path: String,
    },
    /// There is no manifest.
    #[error("{path} holds no manifest of a collection")]
    NoManifest {
        /// The folder.
        path: String,
    },
    /// Somebody else works there.
    #[error("another command is at work in {path}")]
    Busy {
        /// The folder.
        path: String,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {doing} {path}: {why}")]
    Disk {
        /// What was done.
        doing: &'static str,
        /// With what.
        path: String,
        /// What the system says.
        why: String,
        /// Whether there is no room left.
        full: bool,
    },
    /// The manifest cannot be read or written.
    #[error("{}{}", .0, cause(.0))]
    Manifest(#[from] ManifestError),
    /// An envelope cannot be cut into pieces.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// A name cannot be written here.
    #[error(transparent)]
    Place(#[from] ExtractError),
    /// A CAR of it cannot be made.
    #[error(transparent)]
    Unixfs(#[from] UnixfsError),
    /// There is no such file in the manifest.
    #[error("the collection has no file {path:?}")]
    NoSuchFile {
        /// What was asked for.
        path: String,
    },
    /// What the manifest says of a file is not what is stored.
    #[error("{path:?} is not the file of the manifest: {how}")]
    Other {
        /// The file.
        path: String,
        /// In what it differs.
        how: &'static str,
    },
    /// A file is there already, with other bytes.
    #[error("{path} exists already, with other bytes")]
    Exists {
        /// The file.
        path: String,
    },
    /// A link, or another thing that is no folder, stands where a folder must.
    #[error("{path} is no folder, and what is written below it would go elsewhere")]
    NoFolder {
        /// What is in the way.
        path: String,
    },
    /// A text is no link to a collection or an envelope.
    #[error("this is no link: {problem}")]
    BadLink {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Something in IPFS was named, and no gateway that may have it.
    #[error("no gateway is named that may have {address}")]
    NoGateway {
        /// What was named.
        address: String,
    },
    /// A text is no place where pieces are.
    #[error("{place} is no place for pieces: {problem}")]
    BadPlace {
        /// The text, without what may be secret.
        place: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl CollectionError {
    pub(super) fn disk(doing: &'static str, path: &Path, error: &io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        Self::Disk {
            doing,
            path: path.display().to_string(),
            why: error.to_string(),
            full: matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge),
        }
    }

    /// A stable name, for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "folder_empty",
            Self::NoFile { .. } => "folder_entry_refused",
            Self::Name { .. } => "folder_name_refused",
            Self::Inside { .. } => "output_in_folder",
            Self::Changed { .. } => "file_changed",
            Self::Occupied { .. } => "collection_exists",
            Self::NoManifest { .. } => "no_manifest",
            Self::Busy { .. } => "folder_busy",
            Self::Disk { full: true, .. } => "folder_full",
            Self::Disk { .. } => "folder_unusable",
            Self::Manifest(_) => "bad_manifest",
            Self::Split(_) => "not_to_be_split",
            Self::Place(_) => "name_not_here",
            Self::Unixfs(_) => "not_unixfs",
            Self::NoSuchFile { .. } => "no_such_file",
            Self::Other { .. } => "file_differs",
            Self::Exists { .. } => "file_exists",
            Self::NoFolder { .. } => "not_a_folder",
            Self::BadLink { .. } => "bad_link",
            Self::NoGateway { .. } => "no_gateway",
            Self::BadPlace { .. } => "bad_place",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "give a folder with at least one file in it",
            Self::NoFile { .. } => "take it away, or skip what is no file with --skip",
            Self::Name { .. } => "rename it, or skip what cannot be taken with --skip",
            Self::Inside { .. } => "give an output beside the folder",
            Self::Changed { .. } => "wait until nothing writes to the folder, and run it again",
            Self::Occupied { .. } => "add to it with `stheno add`, or give another output",
            Self::NoManifest { .. } => {
                "give the folder that `stheno encrypt` or `stheno get` wrote"
            }
            Self::Busy { .. } => "wait until it is done, or end it",
            Self::Disk { full: true, .. } => "make room and run it again: what is whole is kept",
            Self::Disk { .. } => "check the name, its disk and its rights",
            Self::Manifest(ManifestError::OtherNetwork { .. }) => {
                "give the network file that belongs to the collection"
            }
            Self::Manifest(ManifestError::Format { .. }) => "a newer program may read it",
            Self::Manifest(_) => "give the manifest of a collection, whole",
            Self::Split(_) => "use other limits, or other chunks with --chunk-size",
            Self::Place(_) => "write it with --escape-names, or on another file system",
            Self::Unixfs(_) => "give the folder that `stheno encrypt` wrote",
            Self::NoSuchFile { .. } => "`stheno ls` lists the files",
            Self::Other { .. } => "fetch it from another place; if it stays so, tell the publisher",
            Self::Exists { .. } => "give another folder, or --force to replace it",
            Self::NoFolder { .. } => "take it away, or give another folder",
            Self::BadLink { .. } => "`stheno put` prints links; copy it whole",
            Self::NoGateway { .. } => {
                "give --gateway URL, or https://GATEWAY/ipfs/CID instead of ipfs://CID"
            }
            Self::BadPlace { .. } => {
                "give a folder, https://HOST/PATH for a server, pdp+https://HOST for a provider, or https://GATEWAY/ipfs/CID"
            }
        }
    }
}

fn cause(error: &ManifestError) -> String {
    match error {
        ManifestError::Read(error) | ManifestError::Write(error) => format!(": {error}"),
        _ => String::new(),
    }
}
