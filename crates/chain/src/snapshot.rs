//! Several chains, and the reads of a policy taken at once.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join_all, try_join_all};
use stheno_protocol::{ChainId, ChainView, Read, Reading, Tier, Unknown};

use crate::block::Block;
use crate::chain::{Chain, Reads};
use crate::clock::Instant;
use crate::config::ChainConfig;
use crate::error::{ChainError, ConfigError};
use crate::transport::HttpOptions;

/// The chains that a node or a reader can see.
#[derive(Clone, Debug, Default)]
pub struct Chains(BTreeMap<ChainId, Chain>);

impl Chains {
    /// Connects to all of them, in parallel.
    ///
    /// # Errors
    /// [`ConfigError::ChainTwice`]; the first that failed, see [`Chain::connect`].
    pub async fn connect(
        configs: Vec<ChainConfig>,
        options: HttpOptions,
    ) -> Result<Self, ChainError> {
        let mut seen = BTreeSet::new();
        for config in &configs {
            if !seen.insert(config.chain_id) {
                let chain_id = config.chain_id;
                return Err(ConfigError::ChainTwice { chain_id }.into());
            }
        }
        let connections = configs
            .into_iter()
            .map(|config| Chain::connect(config, options.clone()));
        Ok(Self::of(try_join_all(connections).await?))
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

    /// All of them, by chain id.
    pub fn iter(&self) -> impl Iterator<Item = &Chain> {
        self.0.values()
    }

    /// The head of every chain of `places`, as the position of each of its
    /// tiers: for the second look at a policy, after the anchors.
    ///
    /// # Errors
    /// [`ChainError::Unconfigured`], [`ChainError::NoAgreement`].
    pub async fn heads(&self, places: &BTreeSet<(ChainId, Tier)>) -> Result<Positions, ChainError> {
        let head = |chain: Chain, _| async move { chain.head().await };
        self.positions(places, head).await
    }

    /// [`Self::heads`], asked for at `since` or later.
    ///
    /// # Errors
    /// As [`Self::heads`].
    pub async fn heads_since(
        &self,
        places: &BTreeSet<(ChainId, Tier)>,
        since: Instant,
    ) -> Result<Positions, ChainError> {
        let head = |chain: Chain, _| async move { chain.head_since(since).await };
        self.positions(places, head).await
    }

    /// The newest block of every place that is as deep as its tier says.
    ///
    /// # Errors
    /// As [`Self::heads`].
    pub async fn confirmed(
        &self,
        places: &BTreeSet<(ChainId, Tier)>,
    ) -> Result<Positions, ChainError> {
        let block = |chain: Chain, tier| async move { chain.confirmed(tier).await };
        self.positions(places, block).await
    }

    /// A block for every place.
    async fn positions<F: Future<Output = Result<Block, ChainError>>>(
        &self,
        places: &BTreeSet<(ChainId, Tier)>,
        block: impl Fn(Chain, Tier) -> F,
    ) -> Result<Positions, ChainError> {
        let blocks = places.iter().map(|(chain_id, tier)| {
            let block = self.get(*chain_id).map(|chain| block(chain.clone(), *tier));
            async move { Ok::<_, ChainError>((*tier, block?.await?)) }
        });
        Ok(try_join_all(blocks).await?.into_iter().collect())
    }

    /// Makes all `reads` in parallel, each at its place's position. Never
    /// fails: what could not be read is [`Unknown`] in the snapshot. Reads that
    /// are equal at one block, here or in another snapshot, are made once.
    pub async fn snapshot(&self, reads: &BTreeSet<Read>, at: &Positions) -> Snapshot {
        let [snapshot] = self.snapshots(reads, [at]).await;
        snapshot
    }

    /// The same at several positions, in one round trip to each endpoint.
    pub async fn snapshots<const N: usize>(
        &self,
        reads: &BTreeSet<Read>,
        at: [&Positions; N],
    ) -> [Snapshot; N] {
        let chains: BTreeMap<ChainId, Reads> = reads
            .iter()
            .filter_map(|read| self.0.get(&read.place().0))
            .map(|chain| (chain.id(), chain.gathered_reads()))
            .collect();
        let readings = at.iter().flat_map(|at| {
            let chains = &chains;
            reads.iter().map(move |read| reading(chains, read, at))
        });
        let mut readings = join_all(readings).await.into_iter();
        at.map(|_| {
            let of_one = reads.iter().cloned().zip(readings.by_ref());
            Snapshot(of_one.collect())
        })
    }
}

async fn reading(
    chains: &BTreeMap<ChainId, Reads>,
    read: &Read,
    at: &Positions,
) -> Result<Reading, Unknown> {
    let (chain_id, tier) = read.place();
    let unconfigured = || Unknown::Rpc(ChainError::Unconfigured { chain_id }.to_string());
    let chain = chains.get(&chain_id).ok_or_else(unconfigured)?;
    let block = at.at(chain_id, tier).ok_or(Unknown::Missing)?;
    match read {
        Read::Call { to, data, .. } => chain
            .call(block.hash, *to, data.clone())
            .await
            .map(Reading::Bytes),
        Read::Balance { of, .. } => chain.balance(block.hash, *of).await.map(Reading::Balance),
        Read::BlockTime { .. } => Ok(Reading::Time(block.time)),
        Read::BlockNumber { .. } => Ok(Reading::Number(block.number)),
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

impl FromIterator<(Tier, Block)> for Positions {
    fn from_iter<I: IntoIterator<Item = (Tier, Block)>>(blocks: I) -> Self {
        let mut positions = Self::new();
        for (tier, block) in blocks {
            positions.insert(tier, block);
        }
        positions
    }
}

/// What a set of reads found; a policy is judged against it without further I/O.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Snapshot(BTreeMap<Read, Result<Reading, Unknown>>);

impl Snapshot {
    /// Adds what another snapshot found at the same positions.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Every read, with what it found.
    #[must_use]
    pub fn into_readings(self) -> BTreeMap<Read, Result<Reading, Unknown>> {
        self.0
    }
}

impl ChainView for Snapshot {
    fn read(&self, read: &Read) -> Result<Reading, Unknown> {
        self.0.read(read)
    }
}
