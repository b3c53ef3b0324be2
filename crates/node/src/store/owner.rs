//! Whose database it is.

use alloy::primitives::Address;
use sqlx::{Row, SqliteExecutor, SqlitePool};
use stheno_chain::Locator;

use super::{StoreError, integer, unsigned};

/// A committee's member, by the key that signs for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Owner {
    /// The committee.
    pub committee: Locator,
    /// The address of the node's identity key.
    pub identity: Address,
}

impl Owner {
    /// Makes a new database this owner's; refuses another's.
    pub(super) async fn claim(&self, pool: &SqlitePool) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO owner (id, chain_id, contract, committee_id, identity) \
             VALUES (1, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        )
        .bind(integer(self.committee.chain_id)?)
        .bind(self.committee.contract.as_slice())
        .bind(integer(self.committee.committee_id)?)
        .bind(self.identity.as_slice())
        .execute(pool)
        .await?;
        match Self::read(pool).await? {
            Some(found) if found == *self => Ok(()),
            Some(found) => Err(StoreError::OtherOwner {
                found: Box::new(found),
                expected: Box::new(*self),
            }),
            None => Err(StoreError::Damaged("its owner vanished")),
        }
    }

    /// Whose it is, once somebody claimed it.
    pub(super) async fn read(from: impl SqliteExecutor<'_>) -> Result<Option<Self>, StoreError> {
        let row = sqlx::query("SELECT chain_id, contract, committee_id, identity FROM owner")
            .fetch_optional(from)
            .await?;
        row.map(|row| {
            let (contract, identity): (&[u8], &[u8]) = (row.try_get(1)?, row.try_get(3)?);
            let address =
                |bytes| Address::try_from(bytes).map_err(|_| StoreError::Damaged("its owner"));
            Ok(Self {
                committee: Locator {
                    chain_id: unsigned(row.try_get(0)?)?,
                    contract: address(contract)?,
                    committee_id: unsigned(row.try_get(2)?)?,
                },
                identity: address(identity)?,
            })
        })
        .transpose()
    }
}
