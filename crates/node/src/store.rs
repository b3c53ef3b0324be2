//! What the node must remember: ceremony logs, its own messages, public keys, receipts.
//!
//! One SQLite file in write-ahead mode; a commit is on disk when it returns.
//! No secrets: those are the [vault](crate::vault)'s.

mod ceremony_log;
mod journal;
mod keys;
mod marks;
mod owner;
mod receipt_archive;
mod receipts;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    SqlSafeStr, SqlitePool,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub use ceremony_log::StoredLog;
pub use keys::EpochKeys;
pub use owner::Owner;
pub use receipt_archive::ReceiptArchive;
pub use receipts::ReceiptLog;

/// SQLite's codes of a file that is malformed, and of one that is no database.
const CORRUPT: [&str; 2] = ["11", "26"];

/// The node's database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
    receipts: ReceiptLog,
}

/// Why the store failed.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The file is of another version of this program, or no database of it.
    #[error("the database cannot be brought to this version: {0}")]
    Migration(#[from] MigrateError),
    /// The file is cut, overwritten, or nothing of SQLite's.
    #[error(
        "{path} is damaged or no database: {why}; put a copy of it back, or move it away with the files \
         beside it: the node reads the chain again, but the receipts in it are lost"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        why: String,
    },
    /// A version of this program that is newer wrote it.
    #[error(
        "{path} was written by a newer version of this program, in format {format}; update the program"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: i64,
    },
    /// A row does not hold what this program writes.
    #[error("the database is damaged: {0}")]
    Damaged(&'static str),
    /// The file is another node's, or of another committee.
    #[error(
        "it belongs to node {} of network {}, not to node {} of network {}; is it the right data_dir?",
        found.identity, found.committee.network(), expected.identity, expected.committee.network()
    )]
    OtherOwner {
        /// Whose it is.
        found: Box<Owner>,
        /// Who opens it.
        expected: Box<Owner>,
    },
    /// A receipt that was kept is gone, or is not what was kept.
    #[error("receipt {sequence} {why}; restore the database from a backup")]
    Receipt {
        /// Its number.
        sequence: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The writer is gone: the node is stopping.
    #[error("the receipt writer has stopped")]
    Stopped,
}

impl Store {
    /// Opens the database of `owner`, makes it if it does not exist, and brings it to this version.
    ///
    /// # Errors
    /// [`StoreError`]: above all when it is another's, or its last receipt is not what was kept.
    pub async fn open(path: &Path, owner: &Owner) -> Result<Self, StoreError> {
        let opened = Self::open_file(path, owner).await;
        opened.map_err(|error| error.about(path))
    }

    async fn open_file(path: &Path, owner: &Owner) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // In write-ahead mode only FULL syncs at every commit.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new()
            .max_connections(3)
            .connect_with(options)
            .await?;
        migrations().run(&pool).await?;
        owner.claim(&pool).await?;
        let receipts = ReceiptLog::start(pool.clone(), owner.committee.domain()).await?;
        Ok(Self { pool, receipts })
    }

    /// Where receipts go.
    #[must_use]
    pub fn receipts(&self) -> &ReceiptLog {
        &self.receipts
    }

    /// Writes what is queued and closes the file.
    pub async fn close(&self) {
        self.receipts.stop().await;
        self.pool.close().await;
    }
}

impl StoreError {
    /// Says what is wrong with a file, where it is the file that is wrong.
    fn about(self, path: &Path) -> Self {
        let path = path.to_owned();
        match &self {
            Self::Migration(MigrateError::VersionMissing(format)) => Self::Newer {
                path,
                format: *format,
            },
            Self::Database(error) | Self::Migration(MigrateError::Execute(error)) => {
                let why = error.as_database_error().filter(|error| {
                    let code = error.code();
                    code.is_some_and(|code| CORRUPT.contains(&code.as_ref()))
                });
                match why.map(ToString::to_string) {
                    Some(why) => Self::Corrupt { path, why },
                    None => self,
                }
            }
            _ => self,
        }
    }
}

fn migrations() -> Migrator {
    let migration = |number, name: &'static str, text: &'static str| {
        let text = text.into_sql_str();
        Migration::new(number, name.into(), MigrationType::Simple, text, false)
    };
    Migrator::with_migrations(vec![
        migration(1, "start", include_str!("../migrations/0001_start.sql")),
        migration(2, "epochs", include_str!("../migrations/0002_epochs.sql")),
    ])
}

/// SQLite's integers are signed; block numbers and indices fit.
fn integer(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Damaged("a number is above 2^63"))
}

fn unsigned(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Damaged("a number is negative"))
}

#[cfg(test)]
mod tests;
