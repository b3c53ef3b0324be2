//! Final events of ceremonies, and how far they have been read.

use alloy::primitives::{B256, Bytes, LogData};
use sqlx::Row;
use stheno_chain::BlockRef;

use super::{Store, StoreError, integer, unsigned};

/// One event as the chain has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredLog {
    /// The ceremony that it belongs to.
    pub ceremony: u64,
    /// Its block.
    pub block: u64,
    /// Its place in the block.
    pub index: u64,
    /// Topics and data.
    pub data: LogData,
}

impl Store {
    /// How far the final log has been read; `None` for a new node.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn followed_to(&self) -> Result<Option<BlockRef>, StoreError> {
        let row = sqlx::query("SELECT block_number, block_hash FROM follower")
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| {
            let hash: &[u8] = row.try_get(1)?;
            Ok(BlockRef {
                number: unsigned(row.try_get(0)?)?,
                hash: B256::try_from(hash).map_err(|_| StoreError::Damaged("a block hash"))?,
            })
        })
        .transpose()
    }

    /// Keeps `logs` and moves to `up_to`, both or neither.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn append_logs(&self, logs: &[StoredLog], up_to: BlockRef) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for log in logs {
            let topics: Vec<u8> = log.data.topics().iter().flat_map(|topic| topic.0).collect();
            sqlx::query(
                "INSERT OR REPLACE INTO ceremony_log (ceremony, block_number, log_index, topics, data) \
                 VALUES (?, ?, ?, ?, ?)",
            )
            .bind(integer(log.ceremony)?)
            .bind(integer(log.block)?)
            .bind(integer(log.index)?)
            .bind(topics)
            .bind(log.data.data.as_ref())
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query(
            "INSERT INTO follower (id, block_number, block_hash) VALUES (1, ?, ?) \
             ON CONFLICT (id) DO UPDATE SET block_number = excluded.block_number, \
             block_hash = excluded.block_hash",
        )
        .bind(integer(up_to.number)?)
        .bind(up_to.hash.as_slice())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The numbers of the ceremonies that have events here, ascending.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ceremonies(&self) -> Result<Vec<u64>, StoreError> {
        let numbers: Vec<i64> =
            sqlx::query_scalar("SELECT DISTINCT ceremony FROM ceremony_log ORDER BY ceremony")
                .fetch_all(&self.pool)
                .await?;
        numbers.into_iter().map(unsigned).collect()
    }

    /// The events of a ceremony, in their order on the chain.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ceremony_logs(&self, ceremony: u64) -> Result<Vec<StoredLog>, StoreError> {
        let rows = sqlx::query(
            "SELECT block_number, log_index, topics, data FROM ceremony_log \
             WHERE ceremony = ? ORDER BY block_number, log_index",
        )
        .bind(integer(ceremony)?)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let topics: &[u8] = row.try_get(2)?;
                let data: &[u8] = row.try_get(3)?;
                let topics = topics
                    .chunks(32)
                    .map(B256::try_from)
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|_| StoreError::Damaged("the topics of an event"))?;
                Ok(StoredLog {
                    ceremony,
                    block: unsigned(row.try_get(0)?)?,
                    index: unsigned(row.try_get(1)?)?,
                    data: LogData::new(topics, Bytes::copy_from_slice(data))
                        .ok_or(StoreError::Damaged("an event has too many topics"))?,
                })
            })
            .collect()
    }

    /// Forgets all events and the position, to read them again from the chain.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget_logs(&self) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for statement in ["DELETE FROM ceremony_log", "DELETE FROM follower"] {
            sqlx::query(statement).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
