//! The public keys that ceremonies made.

use alloy::primitives::B256;
use sqlx::Row;
use stheno_crypto::{NetworkKey, NodePublicKey};

use super::{Store, StoreError};

/// What a ceremony made, as everybody can compute it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EpochKeys {
    /// The committee's key.
    pub network_key: NetworkKey,
    /// The members' keys; index `i` stands at `i − 1`.
    pub node_keys: Vec<NodePublicKey>,
}

impl Store {
    /// Keeps the keys that the ceremony with this context made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_epoch_keys(
        &self,
        context: &B256,
        keys: &EpochKeys,
    ) -> Result<(), StoreError> {
        let node_keys: Vec<u8> = keys
            .node_keys
            .iter()
            .flat_map(NodePublicKey::to_bytes)
            .collect();
        sqlx::query(
            "INSERT INTO epoch_keys (context, network_key, node_keys) VALUES (?, ?, ?) \
             ON CONFLICT (context) DO NOTHING",
        )
        .bind(context.as_slice())
        .bind(keys.network_key.to_bytes().as_slice())
        .bind(node_keys)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The keys of the ceremony with this context, if this node followed it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn epoch_keys(&self, context: &B256) -> Result<Option<EpochKeys>, StoreError> {
        let row = sqlx::query("SELECT network_key, node_keys FROM epoch_keys WHERE context = ?")
            .bind(context.as_slice())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| {
            let (network_key, node_keys): (&[u8], &[u8]) = (row.try_get(0)?, row.try_get(1)?);
            let damaged = |_| StoreError::Damaged("a public key");
            Ok(EpochKeys {
                network_key: NetworkKey::from_bytes(network_key).map_err(damaged)?,
                node_keys: node_keys
                    .chunks(96)
                    .map(NodePublicKey::from_bytes)
                    .collect::<Result<_, _>>()
                    .map_err(damaged)?,
            })
        })
        .transpose()
    }
}
