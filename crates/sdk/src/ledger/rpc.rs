//! Committees and blocks, read over JSON-RPC.

use std::{collections::BTreeMap, fmt};

use futures::{future::join_all, lock::Mutex};
use stheno_chain::{
    Block, Chain, ChainConfig, ChainError, HttpOptions, read_committee, read_epoch, read_identities,
};
use stheno_circuits::Root;
use stheno_crypto::NetworkId;
use stheno_envelope::Locator;
use stheno_protocol::{Address, B256, ChainId, Position};
use url::Url;

use super::{Committee, Ledger, LedgerError, Member};
use crate::{NetworkFile, bounds::BoxFuture};

/// Reads chains through endpoints; connects to a chain when it is first asked about.
///
/// Endpoints whose chain is known are given with [`RpcLedger::with_chain`]; of the others each is
/// asked which chain it serves.
pub struct RpcLedger {
    unsorted: Vec<Url>,
    sorted: BTreeMap<ChainId, Vec<Url>>,
    options: HttpOptions,
    connected: Mutex<BTreeMap<ChainId, Chain>>,
    /// Of each network the committee that was read last, and the block it was read at. Checking its
    /// keys takes longer than everything else, and at one block it stays what it is.
    last_read: Mutex<BTreeMap<NetworkId, (B256, Committee)>>,
}

impl RpcLedger {
    /// `rpc`, endpoints of whatever chains; when empty, those of the network file.
    pub fn of_network(network: &NetworkFile, rpc: &[Url]) -> Self {
        let mut ledger = Self::new(rpc.iter().cloned());
        if rpc.is_empty() {
            for (chain, endpoints) in &network.rpc {
                ledger = ledger.with_chain(*chain, endpoints.iter().cloned());
            }
        }
        ledger
    }

    /// Endpoints of whatever chains.
    pub fn new(endpoints: impl IntoIterator<Item = Url>) -> Self {
        Self {
            unsorted: endpoints.into_iter().collect(),
            sorted: BTreeMap::new(),
            options: HttpOptions::default(),
            connected: Mutex::new(BTreeMap::new()),
            last_read: Mutex::new(BTreeMap::new()),
        }
    }

    /// Adds endpoints that must all serve `chain`, and of which a majority must agree.
    #[must_use]
    pub fn with_chain(mut self, chain: ChainId, endpoints: impl IntoIterator<Item = Url>) -> Self {
        self.sorted.entry(chain).or_default().extend(endpoints);
        self
    }

    /// Sets the limits of one question.
    #[must_use]
    pub fn with_options(mut self, options: HttpOptions) -> Self {
        self.options = options;
        self
    }

    /// One of the chains, connected to when it is first asked for.
    ///
    /// # Errors
    /// [`LedgerError::NoEndpoint`] when no endpoint serves it; [`LedgerError::OtherChain`],
    /// [`LedgerError::Unreadable`].
    pub async fn chain(&self, id: ChainId) -> Result<Chain, LedgerError> {
        let mut connected = self.connected.lock().await;
        if let Some(chain) = connected.get(&id) {
            return Ok(chain.clone());
        }
        let endpoints = match self.sorted.get(&id) {
            Some(endpoints) if !endpoints.is_empty() => endpoints.clone(),
            _ => self.those_that_serve(id).await?,
        };
        let chain = self.connect(id, endpoints).await?;
        connected.insert(id, chain.clone());
        Ok(chain)
    }

    async fn connect(&self, id: ChainId, endpoints: Vec<Url>) -> Result<Chain, LedgerError> {
        Chain::connect(ChainConfig::new(id, endpoints), self.options.clone())
            .await
            .map_err(in_words)
    }

    /// Those of the unsorted endpoints that serve this chain.
    async fn those_that_serve(&self, id: ChainId) -> Result<Vec<Url>, LedgerError> {
        let probes = self
            .unsorted
            .iter()
            .map(|url| self.connect(id, vec![url.clone()]));
        let mut refused = None;
        let mut serve = Vec::new();
        for (url, probe) in self.unsorted.iter().zip(join_all(probes).await) {
            match (probe, &refused) {
                (Ok(_), _) => serve.push(url.clone()),
                // A silent endpoint tells more than one of another chain.
                (Err(error @ LedgerError::Unreadable { .. }), _) => refused = Some(error),
                (Err(error), None) => refused = Some(error),
                (Err(_), Some(_)) => {}
            }
        }
        match refused {
            _ if !serve.is_empty() => Ok(serve),
            Some(error) => Err(error),
            None => Err(LedgerError::NoEndpoint { chain_id: id }),
        }
    }

    /// The addresses that sign for the members of an epoch, past or present, in order of their
    /// indices, as the chain's final head has them.
    ///
    /// # Errors
    /// [`LedgerError`]; [`LedgerError::NoCommittee`] when the contract knows no such epoch.
    pub async fn identities(
        &self,
        locator: &Locator,
        epoch: u64,
    ) -> Result<Vec<Address>, LedgerError> {
        let chain = self.chain(locator.chain_id).await?;
        let place = place_of(locator);
        let read = read_identities(&chain, &place, epoch, None).await;
        read.map_err(|error| match error {
            ChainError::Refused { reason, .. } => LedgerError::NoCommittee {
                why: format!(
                    "committee {} of contract {} on chain {} has no epoch {epoch}: {reason}",
                    place.committee_id, place.contract, place.chain_id
                ),
            },
            other => in_words(other),
        })
    }

    /// The committee at the chain's final head.
    async fn read_committee(&self, locator: &Locator) -> Result<Committee, LedgerError> {
        let chain = self.chain(locator.chain_id).await?;
        let head = chain.final_head().await.map_err(in_words)?;
        let network = locator.network();
        if let Some((at, committee)) = self.last_read.lock().await.get(&network)
            && *at == head.hash
        {
            return Ok(committee.clone());
        }
        let committee = read_at(&chain, locator, None, head).await?;
        let mut last_read = self.last_read.lock().await;
        last_read.insert(network, (head.hash, committee.clone()));
        Ok(committee)
    }
}

fn place_of(locator: &Locator) -> stheno_chain::Locator {
    stheno_chain::Locator {
        chain_id: locator.chain_id,
        contract: locator.contract.into(),
        committee_id: locator.committee_id,
    }
}

async fn read_at(
    chain: &Chain,
    locator: &Locator,
    epoch: Option<u64>,
    at: Block,
) -> Result<Committee, LedgerError> {
    let place = place_of(locator);
    let read = match epoch {
        None => read_committee(chain, &place, Some(at)).await,
        Some(epoch) => read_epoch(chain, &place, epoch, at).await,
    };
    let read = read.map_err(|error| match error {
        ChainError::Refused { reason, .. } => LedgerError::NoCommittee {
            why: format!(
                "contract {} on chain {} has no committee {} that serves: {reason}",
                place.contract, place.chain_id, place.committee_id
            ),
        },
        other => in_words(other),
    })?;
    let members = read.members.into_iter().map(|member| Member {
        index: member.index,
        endpoint: member.endpoint,
        identity: member.identity,
        node_key: member.node_key,
    });
    Ok(Committee {
        locator: *locator,
        epoch: read.epoch,
        threshold: read.threshold,
        network_key: read.network_key,
        members: members.collect(),
    })
}

impl Ledger for RpcLedger {
    fn committee<'a>(
        &'a self,
        locator: &'a Locator,
    ) -> BoxFuture<'a, Result<Committee, LedgerError>> {
        Box::pin(self.read_committee(locator))
    }

    fn committee_in<'a>(
        &'a self,
        locator: &'a Locator,
        epoch: u64,
    ) -> BoxFuture<'a, Result<Option<Committee>, LedgerError>> {
        Box::pin(async move {
            let chain = self.chain(locator.chain_id).await?;
            let head = chain.final_head().await.map_err(in_words)?;
            read_at(&chain, locator, Some(epoch), head).await.map(Some)
        })
    }

    fn block_at(
        &self,
        chain: ChainId,
        number: u64,
    ) -> BoxFuture<'_, Result<Option<Position>, LedgerError>> {
        Box::pin(async move {
            let block = self
                .chain(chain)
                .await?
                .block_at(number)
                .await
                .map_err(in_words)?;
            Ok(block.map(|block| Position {
                number: block.number,
                hash: block.hash,
                time: block.time,
            }))
        })
    }

    fn valid_root<'a>(
        &'a self,
        chain: ChainId,
        contract: Address,
        roots: &'a [Root],
        until: u64,
    ) -> BoxFuture<'a, Result<Option<Root>, LedgerError>> {
        Box::pin(self.root_of(chain, contract, roots, until))
    }
}

impl fmt::Debug for RpcLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Endpoints' paths often carry access keys.
        f.debug_struct("RpcLedger")
            .field("chains", &self.sorted.keys())
            .field("others", &self.unsorted.len())
            .finish_non_exhaustive()
    }
}

impl From<ChainError> for LedgerError {
    fn from(error: ChainError) -> Self {
        in_words(error)
    }
}

pub(crate) fn in_words(error: ChainError) -> LedgerError {
    match error {
        ChainError::WrongChain {
            endpoint,
            expected,
            found,
        } => LedgerError::OtherChain {
            endpoint,
            expected,
            found,
        },
        other => LedgerError::Unreadable {
            retryable: other.retryable(),
            why: other.to_string(),
        },
    }
}
