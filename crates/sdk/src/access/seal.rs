//! What to seal a file to, so that the registry says who reads it.

use stheno_crypto::ItemId;
use stheno_protocol::{Address, B256, Policy, PolicyError};

use super::{AccessError, AccessRegistry, Kind};
use crate::{EncryptOptions, Error};

/// An item of a registry, and the policy that asks the registry about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sealing {
    /// What nodes evaluate.
    pub policy: Policy,
    /// What the file is sealed to.
    pub item: ItemId,
}

impl Sealing {
    /// Options that seal to the item.
    #[must_use]
    pub fn options(&self, options: EncryptOptions) -> EncryptOptions {
        options.item(self.item)
    }
}

impl AccessRegistry {
    /// The item that `owner` registered with `salt`: computed here, found at the final head, and
    /// still the owner's.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] while it is not registered or that is not final,
    /// [`AccessError::ChangedHands`].
    pub async fn item_to_seal(&self, owner: Address, salt: B256) -> Result<Sealing, Error> {
        let item = self.item_id(owner, salt);
        let id = B256::from(*item.as_bytes());
        let found = self.finally().find(id).await?;
        let found = found
            .filter(|found| found.kind == Kind::Item)
            .ok_or_else(|| self.unknown(id, "item"))?;
        if found.owner != owner {
            let owner = found.owner;
            return Err(AccessError::ChangedHands { id, owner }.into());
        }
        Ok(self.sealing(item)?)
    }

    /// A period of a collection, from 1: begun at the final head, its item recomputed from its seed.
    ///
    /// # Errors
    /// [`AccessError::NoPeriod`] while it has not begun or that is not final,
    /// [`AccessError::Inconsistent`] when the registry tells another item.
    pub async fn period_to_seal(&self, collection: B256, number: u64) -> Result<Sealing, Error> {
        let period = self.finally().period(collection, number).await?;
        Ok(self.sealing(period.item)?)
    }

    /// An id that somebody wrote down, if it is an item or a period at the final head. A period's
    /// collection is asked for the seed that its item must come from.
    ///
    /// # Errors
    /// [`AccessError::Unknown`], [`AccessError::Inconsistent`].
    pub async fn known_to_seal(&self, item: ItemId) -> Result<Sealing, Error> {
        let id = B256::from(*item.as_bytes());
        let registry = self.finally();
        let found = registry.find(id).await?;
        let is_item = match found.map(|found| (found.kind, found.collection)) {
            Some((Kind::Item, _)) => true,
            Some((Kind::Period, Some(collection))) => {
                let periods = registry.periods(collection).await?;
                periods.iter().any(|period| period.item == item)
            }
            _ => false,
        };
        match is_item {
            true => Ok(self.sealing(item)?),
            false => Err(self.unknown(id, "item").into()),
        }
    }

    fn sealing(&self, item: ItemId) -> Result<Sealing, PolicyError> {
        Ok(Sealing {
            policy: self.policy()?,
            item,
        })
    }
}
