//! What storage does wrong.

use std::io;

use crate::storage::StorageError;

/// Why bytes did not come from where they are stored.
///
/// Addresses are shown without user, password and query, which may be secret.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SourceError {
    /// It cannot be read.
    #[error("cannot read: {why}")]
    Unreadable {
        /// Why.
        why: String,
    },
    /// No such address.
    #[error("{url} is not an address of http or https")]
    BadAddress {
        /// What was given.
        url: String,
    },
    /// The server was not reached, or stopped in the middle, as often as it was tried.
    #[error("{url}: {}", self.what())]
    Unreachable {
        /// The address.
        url: String,
        /// What happened last.
        why: String,
    },
    /// The server refused.
    #[error("{url}: {}", self.what())]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The server points elsewhere.
    #[error("{url}: {}", self.what())]
    Redirected {
        /// The address.
        url: String,
        /// Where it points.
        to: String,
    },
    /// The server answers a request for a part with the whole.
    #[error("{url}: {}", self.what())]
    RangeIgnored {
        /// The address.
        url: String,
    },
    /// The object is no longer the one that the first request met.
    #[error("{url}: {}", self.what())]
    Changed {
        /// The address.
        url: String,
    },
    /// The server's answer contradicts itself, or what it said before.
    #[error("{url}: {}", self.what())]
    Contradiction {
        /// The address.
        url: String,
        /// In what.
        how: String,
    },
    /// The server keeps from a page in a browser which part of the object it sends.
    #[error("{url}: {}", self.what())]
    Hidden {
        /// The address.
        url: String,
    },
    /// A piece does not come from its store.
    #[error(transparent)]
    Storage(Box<StorageError>),
}

impl SourceError {
    /// A stable name, for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "source_unreadable",
            Self::BadAddress { .. } => "bad_url",
            Self::Unreachable { .. } => "source_unreachable",
            Self::Status { .. } => "source_refused",
            Self::Redirected { .. } => "source_redirects",
            Self::RangeIgnored { .. } => "ranges_not_served",
            Self::Changed { .. } => "source_changed",
            Self::Contradiction { .. } => "source_contradicts_itself",
            Self::Hidden { .. } => "source_hides_headers",
            Self::Storage(error) => error.code(),
        }
    }

    /// What happened, without the address.
    pub fn what(&self) -> String {
        match self {
            Self::Unreadable { why } => format!("cannot read: {why}"),
            Self::BadAddress { .. } => "not an address of http or https".to_owned(),
            Self::Unreachable { why, .. } => why.clone(),
            Self::Status { status, .. } => format!("the server answers {status}"),
            Self::Redirected { to, .. } => format!("the server redirects to {to}"),
            Self::RangeIgnored { .. } => {
                "the server sends the whole object instead of the part that was asked for"
                    .to_owned()
            }
            Self::Changed { .. } => "the object changed while it was read".to_owned(),
            Self::Contradiction { how, .. } => format!("the server's answer is wrong: {how}"),
            Self::Hidden { .. } => {
                "the server does not let this page see the Content-Range of its answer".to_owned()
            }
            Self::Storage(error) => error.to_string(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "check the file, its disk and its rights",
            Self::BadAddress { .. } => "give an address that begins with https:// or http://",
            Self::Unreachable { .. } => "check the address and the network, or try again later",
            Self::Status { .. } => "check the address, and whether it needs a right to be read",
            Self::Redirected { .. } => "give that address instead, if you trust it",
            Self::RangeIgnored { .. } => {
                "read it from a server that supports Range requests, or without a range"
            }
            Self::Changed { .. } => "start again, with the object as it is now",
            Self::Contradiction { .. } => "fetch the file from another server",
            Self::Hidden { .. } => {
                "its operator can let pages see it: Access-Control-Expose-Headers: Content-Range, ETag"
            }
            Self::Storage(error) => error.hint(),
        }
    }

    /// The source's fault inside of an I/O error, if it is one.
    pub fn inside(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<SourceError> for io::Error {
    fn from(error: SourceError) -> Self {
        let kind = match &error {
            SourceError::Unreachable { .. } => io::ErrorKind::ConnectionAborted,
            SourceError::BadAddress { .. } => io::ErrorKind::InvalidInput,
            SourceError::Changed { .. } | SourceError::Contradiction { .. } => {
                io::ErrorKind::InvalidData
            }
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
