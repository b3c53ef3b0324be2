//! Several chains, and the reads of a policy taken at once.
#![allow(clippy::todo, reason = "skeleton")]

use std::collections::{BTreeMap, BTreeSet};

use stheno_protocol::{ChainId, ChainView, Read, Reading, Tier, Unknown};

use crate::chain::{Block, Chain};
use crate::config::ChainConfig;
use crate::error::ChainError;
use crate::transport::HttpOptions;

/// The chains that a node or a reader can see.
#[derive(Clone, Debug, Default)]
pub struct Chains(BTreeMap<ChainId, Chain>);

impl Chains {
    /// Connects to all of them, in parallel.
    ///
    /// # Errors
    /// The first chain's that failed; see [`Chain::connect`].
    pub async fn connect(
        configs: Vec<ChainConfig>,
        options: HttpOptions,
    ) -> Result<Self, ChainError> {
        let mut chains = BTreeMap::new();
        for config in configs {
            let chain = Chain::connect(config, options.clone()).await?;
            chains.insert(chain.id(), chain);
        }
        Ok(Self(chains))
    }

    /// Chains that are connected already.
    pub fn of(chains: impl IntoIterator<Item = Chain>) -> Self {
        Self(
            chains
                .into_iter()
                .map(|chain| (chain.id(), chain))
                .collect(),
        )
    }

    /// One of them.
    ///
    /// # Errors
    /// [`ChainError::Unconfigured`].
    pub fn get(&self, chain_id: ChainId) -> Result<&Chain, ChainError> {
        self.0
            .get(&chain_id)
            .ok_or(ChainError::Unconfigured { chain_id })
    }

    /// The head of every chain of `places`, as the position of each of its tiers.
    ///
    /// # Errors
    /// [`ChainError::Unconfigured`], [`ChainError::NoAgreement`].
    pub async fn heads(&self, places: &BTreeSet<(ChainId, Tier)>) -> Result<Positions, ChainError> {
        let _ = places;
        todo!()
    }

    /// Makes all `reads` in parallel, each at its place's position. Never fails:
    /// what could not be read is [`Unknown`] in the snapshot.
    pub async fn snapshot(&self, reads: &BTreeSet<Read>, at: &Positions) -> Snapshot {
        let _ = (reads, at);
        todo!()
    }

    /// All of them, by chain id.
    pub fn iter(&self) -> impl Iterator<Item = &Chain> {
        self.0.values()
    }
}

/// The block at which each (chain, tier) is read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Positions(BTreeMap<(ChainId, Tier), Block>);

impl Positions {
    /// No position yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads leaves of `block`'s chain and this tier (0 = final) at `block`.
    pub fn insert(&mut self, tier: Tier, block: Block) {
        self.0.insert((block.chain_id, tier), block);
    }

    /// The block of a chain and tier.
    pub fn at(&self, chain_id: ChainId, tier: Tier) -> Option<&Block> {
        self.0.get(&(chain_id, tier))
    }

    /// All positions in ascending order of chain and tier.
    pub fn iter(&self) -> impl Iterator<Item = (Tier, &Block)> {
        self.0.iter().map(|((_, tier), block)| (*tier, block))
    }
}

/// What a set of reads found; a policy is judged against it without further I/O.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Snapshot(BTreeMap<Read, Result<Reading, Unknown>>);

impl ChainView for Snapshot {
    fn read(&self, read: &Read) -> Result<Reading, Unknown> {
        self.0.read(read)
    }
}
