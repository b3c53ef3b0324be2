//! The receipts of a node, read beside it: the node may run meanwhile, and is not disturbed.

use std::path::Path;

use alloy::primitives::B256;
use sqlx::{
    Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use stheno_protocol::{ExportLine, ReceiptTip};

use super::{Owner, StoreError, integer, receipts::receipt_of, unsigned};

/// A reader of a node's receipts. It takes no lock that a writer waits for.
#[derive(Debug)]
pub struct ReceiptArchive {
    connection: SqliteConnection,
}

impl ReceiptArchive {
    /// Opens the database at `path` to read it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let connection = SqliteConnection::connect_with(&options).await?;
        Ok(Self { connection })
    }

    /// Whose receipts they are; `None` when the node has never run.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn owner(&mut self) -> Result<Option<Owner>, StoreError> {
        Owner::read(&mut self.connection).await
    }

    /// Where the row ends now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn last(&mut self) -> Result<ReceiptTip, StoreError> {
        let row = sqlx::query("SELECT sequence, link FROM receipt ORDER BY sequence DESC LIMIT 1")
            .fetch_optional(&mut self.connection)
            .await?;
        row.map_or(Ok(ReceiptTip::default()), |row| tip_of(&row))
    }

    /// Where the row ended with receipt `sequence`; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn at(&mut self, sequence: u64) -> Result<Option<ReceiptTip>, StoreError> {
        if sequence == 0 {
            return Ok(Some(ReceiptTip::default()));
        }
        let Ok(sequence) = integer(sequence) else {
            return Ok(None);
        };
        let row = sqlx::query("SELECT sequence, link FROM receipt WHERE sequence = ?")
            .bind(sequence)
            .fetch_optional(&mut self.connection)
            .await?;
        row.map(|row| tip_of(&row)).transpose()
    }

    /// The receipts after number `after`, up to number `up_to`, ascending; at most `most`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn page(
        &mut self,
        after: u64,
        up_to: u64,
        most: u32,
    ) -> Result<Vec<ExportLine>, StoreError> {
        let rows = sqlx::query(
            "SELECT sequence, link, receipt FROM receipt WHERE sequence > ? AND sequence <= ? \
             ORDER BY sequence LIMIT ?",
        )
        .bind(integer(after)?)
        .bind(integer(up_to)?)
        .bind(most)
        .fetch_all(&mut self.connection)
        .await?;
        rows.iter()
            .map(|row| {
                let ReceiptTip { sequence, link } = tip_of(row)?;
                Ok(ExportLine {
                    sequence,
                    link,
                    receipt: receipt_of(sequence, row.try_get(2)?)?,
                })
            })
            .collect()
    }

    /// Closes the file.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn close(self) -> Result<(), StoreError> {
        Ok(self.connection.close().await?)
    }
}

/// Number and link of a row whose first columns they are.
pub(super) fn tip_of(row: &SqliteRow) -> Result<ReceiptTip, StoreError> {
    let link: &[u8] = row.try_get(1)?;
    Ok(ReceiptTip {
        sequence: unsigned(row.try_get(0)?)?,
        link: B256::try_from(link).map_err(|_| StoreError::Damaged("the link of a receipt"))?,
    })
}
