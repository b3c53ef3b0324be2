//! A node's secrets in one file, for the day when its machine is gone.
//!
//! The file says in the clear whose it is and how it is sealed; everything else is sealed under a
//! passphrase or key of its own. Its bytes are in `crates/node/SPEC.md`.
//!
//! What is absent, and why:
//! - **Seeds of ceremonies.** A share can be drawn from a ceremony's seeds and the public log, so
//!   whoever finds a backup would find the shares of epochs that came after it, too. And the journal,
//!   without which a node does not know what it has said, is not here either: a node that is restored
//!   in the middle of a ceremony sits it out and is repaired by the next reshare.
//! - **Shares that are over.** Only those that the vault holds are taken, and only those of the
//!   active epoch are restored; what was erased does not come back.
//! - **Receipts and the journal**, which are `node.db`'s, have no secrets, and are exported.

mod contents;
mod file;
mod sealing;

use std::path::PathBuf;

pub use contents::{Contents, SharePart};
pub use file::{BackupFile, Head};
pub use sealing::Method;

/// Why a backup was refused.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is something else.
    #[error("{0} is no backup of a node")]
    NotABackup(PathBuf),
    /// Some of it is missing or was changed.
    #[error("{0} is damaged: bytes of it are missing or changed")]
    Damaged(PathBuf),
    /// A newer version of this program made it.
    #[error("{path} is a backup of format {found}, and this program knows format {known}")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u16,
        /// The format that is known.
        known: u16,
    },
    /// The passphrase or key is not its own, or the sealed part was replaced as a whole. The two
    /// cannot be told apart.
    #[error("the {what} does not open {path}")]
    WrongSecret {
        /// `passphrase` or `key`.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// It is sealed in the other way.
    #[error("{path} is sealed with a {sealed}, not with a {given}")]
    WrongMethod {
        /// The file.
        path: PathBuf,
        /// How it is sealed.
        sealed: &'static str,
        /// What was given.
        given: &'static str,
    },
    /// The system has no randomness.
    #[error("the system gives no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
}

impl BackupError {
    /// What to do about it. Exhaustive: a new variant must choose.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } => "check the name and the rights",
            Self::NotABackup(_) => "`stheno-node backup` makes such a file",
            Self::Damaged(_) => "take another copy of it",
            Self::Newer { .. } => "update this program",
            Self::WrongSecret { .. } => "give the one that it was made with",
            Self::WrongMethod { sealed, .. } => match *sealed {
                "key" => "give --key-file FILE",
                _ => "give --passphrase-file FILE, or leave --key-file out to be asked",
            },
            Self::Randomness(_) => "check the system",
        }
    }
}

#[cfg(test)]
mod tests;
