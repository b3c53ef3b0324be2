//! What has become of epochs and of the secrets of their ceremonies, once and for good.

use std::collections::BTreeSet;

use alloy::primitives::B256;

use super::{Store, StoreError, integer};

const CANARY: &str = "canary";
const ERASED: &str = "erased";

impl Store {
    /// Notes that the canary of the epoch with this context opened through the new shares.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn canary_has_opened(&self, context: &B256, now: u64) -> Result<(), StoreError> {
        self.mark(context, CANARY, now).await
    }

    /// Whether the canary of the epoch with this context ever opened.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_canary_opened(&self, context: &B256) -> Result<bool, StoreError> {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM mark WHERE about = ? AND what = ?")
                .bind(context.as_slice())
                .bind(CANARY)
                .fetch_optional(&self.pool)
                .await?;
        Ok(found.is_some())
    }

    /// Notes that the secret of this name is to be erased, before it is: from now on it is gone,
    /// whatever is left of it on disk.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_erasure(&self, about: &B256, now: u64) -> Result<(), StoreError> {
        self.mark(about, ERASED, now).await
    }

    /// The contexts and proposals whose secrets were erased, or are to be.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn erasures(&self) -> Result<BTreeSet<B256>, StoreError> {
        let found: Vec<Vec<u8>> = sqlx::query_scalar("SELECT about FROM mark WHERE what = ?")
            .bind(ERASED)
            .fetch_all(&self.pool)
            .await?;
        found
            .iter()
            .map(|about| B256::try_from(about.as_slice()))
            .collect::<Result<_, _>>()
            .map_err(|_| StoreError::Damaged("what a mark is about"))
    }

    async fn mark(&self, about: &B256, what: &str, now: u64) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO mark (about, what, marked_at) VALUES (?, ?, ?) \
             ON CONFLICT (about, what) DO NOTHING",
        )
        .bind(about.as_slice())
        .bind(what)
        .bind(integer(now)?)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
