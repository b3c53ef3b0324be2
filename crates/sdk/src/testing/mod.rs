//! A committee in this process and a chain in memory, for tests of applications.
//!
//! The cryptography, the signatures, the receipts and the evaluation of policies are the real ones;
//! there is no network, and the chain's state is whatever the test wrote.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use stheno::{EncryptOptions, Policy, Wallet, protocol::Address, testing::{CHAIN_ID, Committee}};
//!
//! let committee = Committee::new(3, 5)?; // three of five nodes
//! let client = committee.client();
//! let pass = Address::repeat_byte(0xaa);
//! let policy = Policy::from_json(&format!(
//!     r#"{{ "version": 1, "rule": {{ "token":
//!          {{ "chain": {CHAIN_ID}, "standard": "erc721", "contract": "{pass}", "min": "1" }} }} }}"#
//! ))?;
//! let mut envelope = Vec::new();
//! client.encrypt(&policy, &b"for members"[..], &mut envelope, EncryptOptions::default()).await?;
//!
//! let wallet = Wallet::random()?;
//! committee.chain().set_tokens(pass, wallet.address(), 0);
//! let denied = client.decrypt(&wallet, envelope.as_slice(), Vec::new()).await.unwrap_err();
//! assert!(denied.is_denial());
//!
//! committee.chain().set_tokens(pass, wallet.address(), 1);
//! committee.chain().finalize();
//! let mut plaintext = Vec::new();
//! client.decrypt(&wallet, envelope.as_slice(), &mut plaintext).await?;
//! assert_eq!(plaintext, b"for members");
//! # Ok(()) })
//! # }
//! ```

mod chain;
mod fault;
mod ledger;
mod node;
mod proofs;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use stheno_crypto::{
    CommitteeKeys, KeyShare, NetworkKey, NodeIndex, NodePublicKey,
    dkg::{self, CeremonyContext, CeremonySecret, Constant, Dealing, Kind},
};
use stheno_envelope::Locator;
use stheno_protocol::{Answer, ChainId, Domain, Request, Status};

pub use chain::{BLOCK_TIME, FINAL_LAG, FakeChain};
pub use fault::Fault;

use crate::{
    Client, Error, NETWORK_FILE_VERSION, NetworkFile, NetworkNode, Tuning,
    bounds::BoxFuture,
    clock::Clock,
    entropy::fresh,
    ledger::Member,
    transport::{CallError, Transport},
};
use node::{Node, Surroundings};

/// The chain that a test's committee lives on: Filecoin's local devnet.
pub const CHAIN_ID: ChainId = 31_415_926;
/// The epoch that a test's committee serves at first.
const FIRST_EPOCH: u64 = 1;
/// When a test's chain begins, unless it says otherwise: 2026-01-01, Unix seconds.
const BEGIN: u64 = 1_767_225_600;

/// A committee in this process. Clones are the same committee.
#[derive(Clone)]
pub struct Committee {
    inner: Arc<Inner>,
}

struct Inner {
    locator: Locator,
    keys: CommitteeKeys,
    chain: FakeChain,
    state: Mutex<State>,
}

struct State {
    nodes: BTreeMap<NodeIndex, Node>,
    chains: BTreeMap<ChainId, FakeChain>,
    node_keys_published: bool,
    /// Served by the nodes, the newest first.
    epochs: Vec<u64>,
    /// How many reads of the committee still show the epoch before the nodes' newest.
    behind: u32,
    /// How many epochs the chain is ahead of the nodes.
    ahead: u64,
}

impl Committee {
    /// A committee of `size` nodes with fresh keys, of which `threshold` open, and its chain.
    ///
    /// # Errors
    /// [`Error::Committee`] when there is no such committee.
    pub fn new(threshold: u16, size: u16) -> Result<Self, Error> {
        Self::numbered(1, threshold, size)
    }

    /// The same with another number in the contract, so that it is another network.
    ///
    /// # Errors
    /// As [`Committee::new`].
    pub fn numbered(number: u64, threshold: u16, size: u16) -> Result<Self, Error> {
        let (network_key, shares) = ceremony(threshold, size)?;
        let node_keys: BTreeMap<NodeIndex, NodePublicKey> = shares
            .iter()
            .map(|share| (share.index(), share.public_key()))
            .collect();
        let nodes: Result<BTreeMap<NodeIndex, Node>, Error> = shares
            .into_iter()
            .map(|share| Ok((share.index(), Node::new(share)?)))
            .collect();
        let chain = FakeChain::new(CHAIN_ID, BEGIN);
        let locator = Locator {
            chain_id: CHAIN_ID,
            contract: [0xc0; 20],
            committee_id: number,
        };
        Ok(Self {
            inner: Arc::new(Inner {
                locator,
                keys: CommitteeKeys {
                    threshold,
                    network_key,
                    node_keys,
                },
                state: Mutex::new(State {
                    nodes: nodes?,
                    chains: BTreeMap::from([(CHAIN_ID, chain.clone())]),
                    node_keys_published: true,
                    epochs: vec![FIRST_EPOCH],
                    behind: 0,
                    ahead: 0,
                }),
                chain,
            }),
        })
    }

    /// The chain that it lives on.
    pub fn chain(&self) -> &FakeChain {
        &self.inner.chain
    }

    /// Lets its nodes read another chain as well.
    pub fn add_chain(&self, chain: FakeChain) {
        self.lock().chains.insert(chain.id(), chain);
    }

    /// A client that is pinned to this committee: it writes and reads.
    pub fn client(&self) -> Client {
        self.reading_client()
            .pinned_to(self.network_file(), self.inner.keys.network_key.clone())
    }

    /// A client that pins nothing, as a reader's without a network file.
    pub fn reading_client(&self) -> Client {
        let clock = TestClock {
            chain: self.chain().clone(),
        };
        Client::new(self.clone(), self.clone(), clock).with_tuning(quick())
    }

    /// Its network file.
    pub fn network_file(&self) -> NetworkFile {
        let members = self.members();
        NetworkFile {
            version: NETWORK_FILE_VERSION,
            name: "test".to_owned(),
            chain_id: self.inner.locator.chain_id,
            contract: self.inner.locator.contract.into(),
            committee_id: self.inner.locator.committee_id,
            network_key_fingerprint: (*self.inner.keys.network_key.fingerprint().as_bytes()).into(),
            network_key: None,
            rpc: BTreeMap::new(),
            market: None,
            tokens: BTreeMap::new(),
            threshold: self.inner.keys.threshold,
            nodes: members
                .into_iter()
                .filter_map(|member| {
                    Some(NetworkNode {
                        index: member.index.get(),
                        endpoint: member.endpoint?,
                        operator: None,
                        identity: Some(member.identity),
                    })
                })
                .collect(),
        }
    }

    /// The key that files are sealed to.
    pub fn network_key(&self) -> &NetworkKey {
        &self.inner.keys.network_key
    }

    /// Makes node `index` misbehave from now on. No such node: nothing happens.
    pub fn set_fault(&self, index: u16, fault: Fault) {
        if let Some((_, node)) = self
            .lock()
            .nodes
            .iter_mut()
            .find(|(at, _)| at.get() == index)
        {
            node.fault = fault;
        }
    }

    /// Takes the nodes' public keys from the chain, so that a bad share cannot be pinned on
    /// anybody; or puts them back.
    pub fn publish_node_keys(&self, published: bool) {
        self.lock().node_keys_published = published;
    }

    /// Lets the nodes serve the next epoch, and with `overlap` the one before as well. So many reads
    /// of the committee still show the one before, as on a chain that lags. Members and shares stay
    /// the same, which a reader cannot tell.
    pub fn move_on(&self, overlap: bool, reads_behind: u32) {
        let mut state = self.lock();
        let newest = state.epochs.first().copied().unwrap_or(FIRST_EPOCH);
        state.epochs = match overlap {
            true => vec![newest + 1, newest],
            false => vec![newest + 1],
        };
        state.behind = reads_behind;
    }

    /// Lets the chain show the next epoch while the nodes serve the one before alone, as when its
    /// shares do not work.
    pub fn move_on_in_vain(&self) {
        let mut state = self.lock();
        let newest = state.epochs.first().copied().unwrap_or(FIRST_EPOCH);
        state.ahead = 1;
        state.epochs = vec![newest];
    }

    /// The epoch that the chain shows, read once more.
    fn epoch_on_chain(&self) -> u64 {
        let mut state = self.lock();
        let newest = state.epochs.first().copied().unwrap_or(FIRST_EPOCH);
        match state.behind.checked_sub(1) {
            Some(left) => {
                state.behind = left;
                newest - 1
            }
            None => newest + state.ahead,
        }
    }

    fn members(&self) -> Vec<Member> {
        let state = self.lock();
        let member = |(index, node): (&NodeIndex, &Node)| Member {
            index: *index,
            endpoint: format!("http://node-{index}.test/").parse().ok(),
            identity: node.identity.address(),
            node_key: match state.node_keys_published {
                true => self.inner.keys.node_keys.get(index).cloned(),
                false => None,
            },
        };
        state.nodes.iter().map(member).collect()
    }

    fn domain(&self) -> Domain {
        let Locator {
            chain_id,
            contract,
            committee_id,
        } = self.inner.locator;
        Domain::of_committee(chain_id, contract.into(), committee_id)
    }

    /// What `ask` gets from an honest node, in the surroundings of now.
    fn at<T>(
        &self,
        index: NodeIndex,
        ask: impl FnOnce(&Node, &Surroundings<'_>) -> T,
    ) -> Result<T, CallError> {
        let state = self.lock();
        let node = state
            .nodes
            .get(&index)
            .ok_or_else(|| unreachable("no such node"))?;
        let around = Surroundings {
            domain: self.domain(),
            epochs: &state.epochs,
            fingerprint: self.inner.keys.network_key.fingerprint(),
            chains: &state.chains,
            now: self.inner.chain.head().time,
        };
        Ok(ask(node, &around))
    }

    fn fault(&self, index: NodeIndex) -> Fault {
        self.lock()
            .nodes
            .get(&index)
            .map(|node| node.fault.clone())
            .unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Committee {
    fn status<'a>(&'a self, member: &'a Member) -> BoxFuture<'a, Result<Status, CallError>> {
        Box::pin(async move {
            let mut status = self.at(member.index, Node::status)?;
            match self.fault(member.index) {
                Fault::Down => return Err(unreachable("connection refused")),
                Fault::Slow(by) => tokio::time::sleep(by).await,
                Fault::Status(change) => change(&mut status),
                _ => {}
            }
            Ok(status)
        })
    }

    fn reencrypt<'a>(
        &'a self,
        member: &'a Member,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<Answer, CallError>> {
        Box::pin(async move {
            let fault = self.fault(member.index);
            if let Some(problem) = fault.refusal() {
                return Err(CallError::Refused(Box::new(problem)));
            }
            match fault {
                Fault::Down => return Err(unreachable("connection refused")),
                Fault::Silent => std::future::pending().await,
                Fault::Slow(by) => tokio::time::sleep(by).await,
                Fault::Garbage => {
                    let why = "its answer: expected value at line 1 column 1".to_owned();
                    return Err(CallError::Garbage { why });
                }
                _ => {}
            }
            self.at(member.index, |node, around| node.answer(request, around))?
                .map_err(|problem| CallError::Refused(Box::new(problem)))
        })
    }
}

impl fmt::Debug for Committee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Committee")
            .field("threshold", &self.inner.keys.threshold)
            .field("nodes", &self.lock().nodes.len())
            .finish_non_exhaustive()
    }
}

/// The time of the chain's head; waiting takes real time.
struct TestClock {
    chain: FakeChain,
}

impl Clock for TestClock {
    fn now(&self) -> u64 {
        self.chain.head().time
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Limits for nodes that are in the same process.
fn quick() -> Tuning {
    Tuning {
        status_timeout: Duration::from_secs(2),
        answer_timeout: Duration::from_secs(2),
        hedge_after: Duration::from_millis(50),
        finality_patience: Duration::from_secs(1),
        patience: Duration::from_millis(200),
        pause: Duration::from_millis(20),
        ..Tuning::default()
    }
}

fn unreachable(why: &str) -> CallError {
    CallError::Unreachable {
        why: why.to_owned(),
    }
}

/// A real key ceremony among nodes that are all honest and in one place.
fn ceremony(threshold: u16, size: u16) -> Result<(NetworkKey, Vec<KeyShare>), Error> {
    let fail = |error: &dyn fmt::Display| Error::Committee {
        why: error.to_string(),
    };
    let context = CeremonyContext::from_bytes(*fresh()?);
    let indices: Vec<NodeIndex> = (1..=size)
        .map(NodeIndex::new)
        .collect::<Result<_, _>>()
        .map_err(|error| fail(&error))?;
    let secrets: Vec<CeremonySecret> = indices
        .iter()
        .map(|_| Ok(CeremonySecret::from_seed(&*fresh()?)))
        .collect::<Result<_, Error>>()?;
    let receivers: Vec<_> = secrets.iter().map(CeremonySecret::public).collect();

    let mut verified = Vec::new();
    for dealer in indices.iter().copied().take(usize::from(threshold)) {
        let seed = dkg::DealerSeed::from_bytes(*fresh()?);
        let dealing = Dealing::deal(
            &context,
            dealer,
            threshold,
            &receivers,
            Constant::Fresh,
            &seed,
        )
        .and_then(|dealing| dealing.verify(&context, dealer, None))
        .map_err(|error| fail(&error))?;
        verified.push((dealer, dealing));
    }
    let qualified: Vec<_> = verified
        .iter()
        .map(|(dealer, dealing)| (*dealer, dealing))
        .collect();
    let outcome = dkg::outcome(Kind::First, &qualified, size).map_err(|error| fail(&error))?;

    let mut shares = Vec::new();
    for (me, secret) in indices.iter().zip(&secrets) {
        let dealt: Result<Vec<_>, _> = verified
            .iter()
            .map(|(dealer, dealing)| Ok((*dealer, dealing.receive(*me, secret)?)))
            .collect();
        let dealt = dealt.map_err(|error: dkg::ReceiveError| fail(&error))?;
        shares.push(dkg::combine_shares(Kind::First, *me, &dealt).map_err(|error| fail(&error))?);
    }
    Ok((outcome.network_key, shares))
}
