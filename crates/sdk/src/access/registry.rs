//! One registry on one chain: what it says, and changes to it.

use alloy::sol_types::SolCall;
use stheno_chain::{
    Block, Chain, ChainError, Instant, Revert, Sender, Sent,
    contracts::AccessRegistryContract as contract,
};
use stheno_crypto::ItemId;
use stheno_protocol::{
    Address, B256, Bytes, ChainId, Policy, Truth, U256, collection_id, item_id, period_id,
    policy::{Grant, Leaf, Rule},
};

use super::{AccessError, Changes, Judged, Roles, Terms, postfix};
use crate::ledger::in_words;

/// Periods that are read with one call.
const PAGE: u64 = 64;

/// An access registry. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AccessRegistry {
    chain: Chain,
    address: Address,
    moment: Moment,
}

/// At which block is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Moment {
    Final,
    Head,
    At(Block),
}

/// What an id names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// One file, or several under one key.
    Item,
    /// A row of periods.
    Collection,
    /// An item of a collection, drawn when it began.
    Period,
}

impl Kind {
    /// For people and scripts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Collection => "collection",
            Self::Period => "period",
        }
    }
}

/// What there is to know of an id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Resource {
    /// What it names.
    pub kind: Kind,
    /// Who owns it; of a period, who owns its collection.
    pub owner: Address,
    /// To whom the ownership is offered.
    pub pending_owner: Option<Address>,
    /// When it was registered or began, in seconds since 1970.
    pub begun: u64,
    /// Of a period: its collection.
    pub collection: Option<B256>,
}

/// A period of a collection, whose item was recomputed from its seed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Period {
    /// Its number, from 1.
    pub number: u64,
    /// Its item.
    pub item: ItemId,
    /// What the item was drawn with.
    pub seed: B256,
    /// When it began, in seconds since 1970.
    pub begun: u64,
}

impl AccessRegistry {
    /// The registry at `address`, read at the chain's final head.
    pub fn new(chain: Chain, address: Address) -> Self {
        Self {
            chain,
            address,
            moment: Moment::Final,
        }
    }

    /// The same, read at the newest block, which may not stay.
    #[must_use]
    pub fn at_head(mut self) -> Self {
        self.moment = Moment::Head;
        self
    }

    /// The same, read at this block.
    #[must_use]
    pub fn at(mut self, block: Block) -> Self {
        self.moment = Moment::At(block);
        self
    }

    /// The same, read at the chain's final head: what is sealed to must stay.
    pub(super) fn finally(&self) -> Self {
        Self::new(self.chain.clone(), self.address)
    }

    /// Its address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Its chain's id.
    pub fn chain_id(&self) -> ChainId {
        self.chain.id()
    }

    /// The policy that asks this registry: what files are sealed under.
    ///
    /// # Errors
    /// Never: one leaf is within all limits.
    pub fn policy(&self) -> Result<Policy, stheno_protocol::PolicyError> {
        let grant = Grant {
            chain: self.chain_id(),
            tier: 0,
            registry: self.address,
            context: None,
        };
        Policy::new(Rule::Leaf(Leaf::Grant(grant)), None)
    }

    /// The item that `owner` registers with `salt`, and nobody else can; computed here.
    pub fn item_id(&self, owner: Address, salt: B256) -> ItemId {
        item_id(self.chain_id(), self.address, owner, salt)
    }

    /// The collection that `owner` creates with `salt`; computed here.
    pub fn collection_id(&self, owner: Address, salt: B256) -> B256 {
        collection_id(self.chain_id(), self.address, owner, salt)
    }

    /// What an id names.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] when it was never registered.
    pub async fn resource(&self, id: B256) -> Result<Resource, AccessError> {
        self.find(id)
            .await?
            .ok_or_else(|| self.unknown(id, "item or collection"))
    }

    /// What an id names, if anything.
    ///
    /// # Errors
    /// [`AccessError`], here and below, when the chain cannot be read or it has no such registry.
    pub async fn find(&self, id: B256) -> Result<Option<Resource>, AccessError> {
        let found = self.read(&contract::resourceCall { id }).await?;
        let kind = match found.kind {
            0 => return Ok(None),
            1 => Kind::Item,
            2 => Kind::Collection,
            3 => Kind::Period,
            other => return Err(self.inconsistent(format!("{id} is of kind {other}"))),
        };
        let pending = Some(found.pendingOwner).filter(|owner| !owner.is_zero());
        let collection = Some(found.collection).filter(|collection| !collection.is_zero());
        if collection.is_some() != (kind == Kind::Period) {
            return Err(self.inconsistent(format!("{id} is no period, and of a collection")));
        }
        Ok(Some(Resource {
            kind,
            owner: found.owner,
            pending_owner: pending,
            begun: found.begun,
            collection,
        }))
    }

    /// Who owns an id.
    ///
    /// # Errors
    /// As [`AccessRegistry::resource`].
    pub async fn owner(&self, id: B256) -> Result<Address, AccessError> {
        Ok(self.resource(id).await?.owner)
    }

    /// The terms that hold for an id: a period's own, or else its collection's. `None`: nobody
    /// reads.
    ///
    /// # Errors
    /// As [`AccessRegistry::resource`].
    pub async fn terms(&self, id: B256) -> Result<Option<Terms>, AccessError> {
        let terms = self.read(&contract::termsOfCall { id }).await?;
        Ok(postfix::decode(&terms)?)
    }

    /// When a reader's grant for this very id ends, in seconds since 1970; 0 without one.
    ///
    /// # Errors
    /// [`AccessError`].
    pub async fn granted_until(&self, id: B256, reader: Address) -> Result<u64, AccessError> {
        self.read(&contract::grantedUntilCall { id, reader }).await
    }

    /// What an account was allowed for this very id.
    ///
    /// # Errors
    /// [`AccessError`].
    pub async fn roles(&self, id: B256, account: Address) -> Result<Roles, AccessError> {
        let bits = self.read(&contract::rolesOfCall { id, account }).await?;
        Ok(Roles::from_bits(bits))
    }

    /// The periods of a collection, in order; each item is recomputed from its seed.
    ///
    /// # Errors
    /// [`AccessError::Inconsistent`] when one is not what its seed gives.
    pub async fn periods(&self, collection: B256) -> Result<Vec<Period>, AccessError> {
        let at = self.block().await?;
        let mut periods = Vec::new();
        loop {
            let first = periods.len() as u64 + 1;
            let page = self.page(at.hash, collection, first, PAGE).await?;
            let is_last = (page.len() as u64) < PAGE;
            periods.extend(page);
            if is_last {
                return Ok(periods);
            }
        }
    }

    /// One period of a collection, from 1; its item is recomputed from its seed.
    ///
    /// # Errors
    /// [`AccessError::NoPeriod`] while it has not begun, [`AccessError::Inconsistent`].
    pub async fn period(&self, collection: B256, number: u64) -> Result<Period, AccessError> {
        let at = self.block().await?;
        let page = self.page(at.hash, collection, number, 1).await?;
        let period = page.into_iter().next();
        period.ok_or(AccessError::NoPeriod { collection, number })
    }

    /// What each term comes to for a reader; `None` without terms, when nobody reads.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] when the item has not begun.
    pub async fn explain(
        &self,
        reader: Address,
        item: B256,
        context: Bytes,
    ) -> Result<Option<Judged>, AccessError> {
        let at = self.block().await?.hash;
        let terms = contract::termsOfCall { id: item };
        let truths = contract::explainCall {
            reader,
            item,
            context,
        };
        let (terms, truths) =
            futures::try_join!(self.read_at(at, &terms), self.read_at(at, &truths))?;
        Ok(Judged::pair(&terms, &truths)?)
    }

    /// Whether a reader reads an item now; unknown where a contract that decides it fails.
    ///
    /// # Errors
    /// [`AccessError::Unknown`] when the item has not begun.
    pub async fn can_read(
        &self,
        reader: Address,
        item: B256,
        context: Bytes,
    ) -> Result<Truth, AccessError> {
        let question = contract::canReadCall {
            reader,
            item,
            context,
        };
        match self.read(&question).await {
            Ok(true) => Ok(Truth::True),
            Ok(false) => Ok(Truth::False),
            Err(AccessError::Refused(revert)) if is_undecided(&revert) => Ok(Truth::Unknown),
            Err(error) => Err(error),
        }
    }

    /// Sends changes as one transaction, all of which happen or none, and waits until it is mined.
    ///
    /// # Errors
    /// [`AccessError`] with what the registry has against it; [`AccessError::Send`].
    pub async fn send(&self, sender: &Sender, changes: &Changes) -> Result<Sent, AccessError> {
        let (registry, chain) = (self.address, self.chain_id());
        if sender.chain().id() != chain {
            return Err(
                self.inconsistent(format!("the sender is on chain {}", sender.chain().id()))
            );
        }
        let sent = sender.send(Some(registry), changes.calldata(), U256::ZERO);
        let sent = sent
            .await
            .map_err(|error| AccessError::of_send(error, registry, chain))?;
        Ok(sent)
    }

    async fn page(
        &self,
        at: B256,
        collection: B256,
        first: u64,
        count: u64,
    ) -> Result<Vec<Period>, AccessError> {
        let question = contract::periodsCall {
            collection,
            first,
            count,
        };
        let page = self.read_at(at, &question).await?;
        if page.len() as u64 > count {
            return Err(self.inconsistent("it gives more periods than it was asked for".to_owned()));
        }
        let periods = (first..).zip(page).map(|(number, period)| {
            let item = period_id(self.chain_id(), self.address, collection, number, period.seed);
            match item.as_bytes() == period.item.as_slice() {
                true => Ok(Period {
                    number,
                    item,
                    seed: period.seed,
                    begun: period.begun,
                }),
                false => Err(self.inconsistent(format!(
                    "period {number} of collection {collection} has item {}, and its seed gives {item}",
                    period.item
                ))),
            }
        });
        periods.collect()
    }

    async fn read<C: SolCall>(&self, call: &C) -> Result<C::Return, AccessError> {
        let at = self.block().await?;
        self.read_at(at.hash, call).await
    }

    async fn read_at<C: SolCall>(&self, at: B256, call: &C) -> Result<C::Return, AccessError> {
        let answer = self.chain.read(at, self.address, call).await;
        answer.map_err(|error| AccessError::of_read(error, self.address, self.chain_id()))
    }

    async fn block(&self) -> Result<Block, AccessError> {
        let block = match self.moment {
            Moment::Final => self.chain.final_head().await,
            Moment::Head => self.chain.head_since(Instant::now()).await,
            Moment::At(block) => Ok(block),
        };
        block.map_err(|error: ChainError| AccessError::Ledger(in_words(error)))
    }

    pub(super) fn unknown(&self, id: B256, wanted: &'static str) -> AccessError {
        AccessError::Unknown {
            id,
            wanted,
            registry: self.address,
            chain: self.chain_id(),
        }
    }

    pub(super) fn inconsistent(&self, why: String) -> AccessError {
        AccessError::Inconsistent {
            registry: self.address,
            chain: self.chain_id(),
            why,
        }
    }
}

fn is_undecided(revert: &Revert) -> bool {
    use alloy::sol_types::SolError;
    revert.data.starts_with(&contract::Undecided::SELECTOR)
}
