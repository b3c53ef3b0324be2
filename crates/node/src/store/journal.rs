//! What this node says in ceremonies, written down before it is sent.

use alloy::primitives::{B256, Bytes};

use super::{Store, StoreError, integer};

impl Store {
    /// Writes down the call with which this node takes `step`. `scope` is what it is said under:
    /// the context of a ceremony, or before there is one the digest of its proposal. If one is there already, that one stands and is returned: a node never says two
    /// different things.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn journal(
        &self,
        scope: &B256,
        step: &str,
        call: &Bytes,
        now: u64,
    ) -> Result<Bytes, StoreError> {
        sqlx::query(
            "INSERT INTO journal (scope, step, call, written_at) VALUES (?, ?, ?, ?) \
             ON CONFLICT (scope, step) DO NOTHING",
        )
        .bind(scope.as_slice())
        .bind(step)
        .bind(call.as_ref())
        .bind(integer(now)?)
        .execute(&self.pool)
        .await?;
        self.journalled(scope, step)
            .await?
            .ok_or(StoreError::Damaged("a journal entry vanished"))
    }

    /// The call that was written down for a step, if any.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn journalled(&self, scope: &B256, step: &str) -> Result<Option<Bytes>, StoreError> {
        let call: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT call FROM journal WHERE scope = ? AND step = ?")
                .bind(scope.as_slice())
                .bind(step)
                .fetch_optional(&self.pool)
                .await?;
        Ok(call.map(Bytes::from))
    }
}
