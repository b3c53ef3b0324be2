//! A chain under the test's hand, a proxy in front of it, and a node that reads it through the proxy.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    signers::local::PrivateKeySigner,
    sol,
    sol_types::{SolCall, SolConstructor},
};
use serde_json::{Value, json};
use stheno_chain::contracts::AccessPassContract as Pass;
use stheno_protocol::{Account, AccountKind, Anchor, Authorization, Policy, Request};
use tokio::sync::OnceCell;

use super::{
    CHAIN, SECONDS,
    anvil::{Anvil, Mined},
    double::{self, Node},
    history::{Block, History, Version},
    mischief::Mischief,
    node::{HEAD_TTL, served},
    proxy::Proxy,
    rights::{Fact, Facts, Holder, context},
};
use crate::solidity;

sol! {
    function tell(bytes question, bytes answer);
}

/// Blocks of the history that are kept: more than an anchor may be old.
const KEPT: usize = 64;
/// How many blocks there are before anything happens.
const BEGINNINGS: u64 = 30;
/// How many endpoints a node has, and how many of them must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) endpoints: usize,
    pub(super) min_agree: usize,
}

/// What changes in a block.
pub(super) type Changes = Vec<(Fact, u64)>;

/// All of it.
pub(super) struct World {
    pub(super) anvil: Anvil,
    pub(super) proxy: Proxy,
    pub(super) node: Node,
    pub(super) history: History,
    pub(super) holder: Holder,
    pub(super) shape: Shape,
    wallet: PrivateKeySigner,
    /// Canonical blocks, the head last; only the newest are kept.
    chain: Vec<Arc<Block>>,
    finalized: u64,
    /// The highest block that was ever called final: what lies below is not undone.
    floor: u64,
    latest_is_parent: bool,
    /// What is done to each of the node's endpoints.
    mischief: Vec<Vec<Mischief>>,
    /// The newest time of any block, undone ones too.
    time: u64,
    /// How many requests were made.
    asked: AtomicU64,
}

impl World {
    pub(super) async fn start(shape: Shape) -> Self {
        Self::start_with(shape, Some(shape.min_agree)).await
    }

    /// The same with a node that is told how many must agree, or is not.
    pub(super) async fn start_with(shape: Shape, min_agree: Option<usize>) -> Self {
        let began = double::now() - SECONDS * BEGINNINGS;
        let mut time = began;
        let anvil = Anvil::start(time).await;
        let constructor = Pass::constructorCall {
            name_: "Pass".to_owned(),
            symbol_: "PASS".to_owned(),
            price_: U256::ZERO,
            owner_: anvil.rich,
        };
        let code = [Pass::BYTECODE.as_ref(), &constructor.abi_encode()].concat();
        let mut mined = Vec::new();
        let mut deploy = async |code: &Bytes| {
            time += SECONDS;
            let (address, block) = anvil.deploy(code, time).await;
            mined.push((block, time));
            address
        };
        let pass = deploy(&code.into()).await;
        let scripted = deploy(&scripted_code().await).await;
        let proxy = Proxy::start(&anvil.url, shape.endpoints).await;
        let genesis = anvil
            .ask("eth_getBlockByNumber", json!(["0x0", false]))
            .await;
        let hash = serde_json::from_value(genesis["hash"].clone()).unwrap();
        Arc::make_mut(&mut proxy.told().nature).add(0, 0, hash, began);
        let mut world = Self {
            chain: vec![Arc::new(Block {
                at: 0,
                number: 0,
                hash,
                time: began,
                facts: Facts::default(),
            })],
            node: served(&proxy, shape, min_agree).await,
            anvil,
            proxy,
            history: History::default(),
            holder: Holder {
                reader: Address::ZERO,
                item: B256::from(*double::item(0).as_bytes()),
                pass,
                scripted,
            },
            shape,
            wallet: PrivateKeySigner::from_slice(&[1; 32]).unwrap(),
            finalized: 0,
            floor: 0,
            latest_is_parent: false,
            mischief: vec![Vec::new(); shape.endpoints],
            time,
            asked: AtomicU64::new(0),
        };
        for (block, time) in mined {
            world.append(block, time, 0, Facts::default());
        }
        for _ in 0..BEGINNINGS {
            world.grow(&Vec::new(), 0).await;
        }
        world.finalize(world.head().at);
        world
    }

    /// Another reader comes, who has nothing; all that was before is final.
    pub(super) fn welcome(&mut self, wallet: PrivateKeySigner) {
        self.holder.reader = wallet.address();
        self.wallet = wallet;
        let nothing = Facts {
            sold: self.head().facts.sold,
            ..Facts::default()
        };
        for block in &mut self.chain {
            let facts = nothing.clone();
            *block = Arc::new(Block {
                facts,
                ..Block::clone(block)
            });
        }
        self.latest_is_parent = false;
        self.conduct(&[]);
        self.finalize(self.head().at);
        self.history.forget();
    }

    pub(super) fn head(&self) -> &Arc<Block> {
        self.chain.last().unwrap()
    }

    pub(super) fn chain(&self) -> &[Arc<Block>] {
        &self.chain
    }

    /// The canonical block with this number of anvil's.
    pub(super) fn block(&self, at: u64) -> &Arc<Block> {
        let first = self.chain[0].at;
        &self.chain[usize::try_from(at - first).unwrap()]
    }

    pub(super) const fn finalized(&self) -> u64 {
        self.finalized
    }

    pub(super) const fn floor(&self) -> u64 {
        self.floor
    }

    /// What honest endpoints call the head.
    pub(super) fn told_head(&self) -> &Arc<Block> {
        self.block(self.head().at - u64::from(self.latest_is_parent))
    }

    /// A block with these changes, after so many null rounds.
    pub(super) async fn grow(&mut self, changes: &Changes, null_rounds: u64) {
        self.mine(changes, null_rounds).await;
        self.publish();
    }

    /// Other blocks instead of the newest, and one more.
    pub(super) async fn reorganise(&mut self, depth: u64, instead: &[Changes]) {
        assert!(self.head().at - depth >= self.floor, "what is final stays");
        let keep = self.chain.len() - usize::try_from(depth).unwrap();
        self.chain.truncate(keep);
        self.publish();
        let mut held = self.proxy.hold().await;
        held.clear();
        self.anvil.undo(depth).await;
        drop(held);
        for changes in instead {
            self.mine(changes, 0).await;
        }
        self.publish();
    }

    /// Deploys a contract in a block of its own.
    pub(super) async fn deploy(&mut self, code: &Bytes) -> Address {
        let time = self.time + SECONDS;
        let held = self.proxy.hold().await;
        let (address, block) = self.anvil.deploy(code, time).await;
        drop(held);
        self.append(block, time, 0, self.head().facts.clone());
        self.publish();
        address
    }

    /// A block after which these accounts have no code. No contract of this hard fork can do so, but
    /// on the chains that are read some can. It is anvil's doing, in the newest block, which is told
    /// only then.
    pub(super) async fn destroy(&mut self, contracts: &[Address]) {
        let empty: Vec<_> = contracts.iter().map(|own| (*own, Bytes::new())).collect();
        self.set_code(&empty).await;
    }

    /// A block after which these accounts have this code.
    pub(super) async fn set_code(&mut self, codes: &[(Address, Bytes)]) {
        self.mine(&Changes::new(), 0).await;
        let held = self.proxy.hold().await;
        for (contract, code) in codes {
            let set = json!([contract, code]);
            self.anvil.ask("anvil_setCode", set).await;
        }
        drop(held);
        self.publish();
    }

    /// Goes on as a reader who was here before, and has this.
    pub(super) fn become_again(&mut self, wallet: PrivateKeySigner, facts: Facts) {
        self.holder.reader = wallet.address();
        self.wallet = wallet;
        let head = self.chain.pop().unwrap();
        let facts = Facts {
            sold: head.facts.sold,
            ..facts
        };
        self.chain.push(Arc::new(Block {
            facts,
            ..Block::clone(&head)
        }));
    }

    /// From now on this block is told to be final; lower than before, if endpoints fall back.
    pub(super) fn finalize(&mut self, at: u64) {
        self.finalized = at;
        self.floor = self.floor.max(at);
        self.publish();
    }

    /// From now on `latest` is the head, or its parent.
    pub(super) fn tell_the_parent(&mut self, latest_is_parent: bool) {
        self.latest_is_parent = latest_is_parent;
        self.publish();
    }

    /// From now on this is done to some endpoints, and nothing to the others.
    pub(super) fn conduct(&mut self, mischief: &[(usize, Vec<Mischief>)]) {
        self.mischief = vec![Vec::new(); self.shape.endpoints];
        for (caller, mischief) in mischief {
            self.mischief[*caller].clone_from(mischief);
        }
        self.publish();
    }

    /// Waits until nothing that the node may go by is older than what is told now.
    pub(super) async fn settle(&self) {
        let since = self.history.changed();
        let wait = (HEAD_TTL + Duration::from_millis(1)).saturating_sub(since.elapsed());
        tokio::time::sleep(wait).await;
    }

    /// The reader's signed request.
    pub(super) fn request(&self, policy: &Policy, anchors: Vec<Anchor>) -> Value {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let reader = double::Reader {
            wallet: self.wallet.clone(),
            secret: double::Reader::new().secret,
        };
        let mut nonce = [0; 32];
        getrandom::fill(&mut nonce).unwrap();
        let now = double::now();
        reader.signed(Request {
            network: double::domain().network,
            epoch: 1,
            account: Some(Account {
                address: self.wallet.address(),
                chain: CHAIN,
                kind: AccountKind::Key,
            }),
            policy: policy.to_cbor().into(),
            items: vec![double::item(0)],
            reader_key: alloy::primitives::FixedBytes(reader.secret.public().to_bytes()),
            anchors,
            issued_at: now,
            expires_at: now + 120,
            nonce: B256::from(nonce),
            context: context(),
            authorization: Authorization::None {},
        })
    }

    /// Whether the chain itself, asked past the proxy, says of the reader what the history has.
    pub(super) async fn compare(&self, block: &Block, facts: &[Fact]) {
        if facts.is_empty() {
            return;
        }
        let asked = facts
            .iter()
            .map(|fact| self.holder.asks(*fact, block.hash))
            .collect();
        let answers = self.anvil.ask_several(asked).await;
        for (fact, answer) in facts.iter().zip(answers) {
            // A block that was undone since cannot be asked any more.
            let Ok(said) = answer else { continue };
            let said: U256 = said.as_str().unwrap().parse().unwrap();
            let known = U256::from(block.facts.of(*fact));
            assert_eq!(said, known, "{fact:?} of block {}", block.at);
        }
    }

    /// Stops everything, and says how much was asked.
    pub(super) async fn end(self, name: &str) {
        let asked = self.asked.into_inner();
        eprintln!("hostile: {name}: {asked} requests");
        self.node.stop().await;
    }

    async fn mine(&mut self, changes: &Changes, null_rounds: u64) {
        let mut facts = self.head().facts.clone();
        for (fact, value) in changes {
            self.send(&mut facts, *fact, *value).await;
        }
        // Never the time of a block that was undone, which this would be again.
        let from = self.head().time + SECONDS * (1 + null_rounds);
        let time = if from <= self.time {
            self.time + 1
        } else {
            from
        };
        self.time = time;
        let held = self.proxy.hold().await;
        let block = self.anvil.mine(time).await;
        drop(held);
        self.append(block, time, null_rounds, facts);
    }

    async fn send(&self, facts: &mut Facts, fact: Fact, value: u64) {
        let Holder {
            reader,
            pass,
            scripted,
            ..
        } = self.holder;
        let (anvil, rich) = (&self.anvil, self.anvil.rich);
        match fact {
            Fact::Passes => {
                while facts.of(fact) < value {
                    let buy = Pass::buyForCall { holder: reader }.abi_encode().into();
                    anvil.send(rich, Some(pass), &buy, U256::ZERO).await;
                    facts.sold += 1;
                    facts.passes.push(facts.sold);
                }
                while facts.of(fact) > value {
                    let sell = Pass::transferFromCall {
                        from: reader,
                        to: rich,
                        tokenId: U256::from(facts.passes.pop().unwrap()),
                    };
                    let sell = sell.abi_encode().into();
                    anvil.send(reader, Some(pass), &sell, U256::ZERO).await;
                }
            }
            Fact::Money => {
                let has = facts.of(fact);
                let (from, to) = if has < value {
                    (rich, reader)
                } else {
                    (reader, rich)
                };
                let amount = U256::from(has.abs_diff(value));
                anvil.send(from, Some(to), &Bytes::new(), amount).await;
            }
            _ => {
                for (question, answer) in self.holder.script(fact, value) {
                    let tell = tellCall { question, answer }.abi_encode().into();
                    anvil.send(rich, Some(scripted), &tell, U256::ZERO).await;
                }
            }
        }
        facts.set(fact, value);
    }

    /// Takes a block that anvil has made into the chain; it is not told yet.
    pub(super) fn append(&mut self, block: Mined, time: u64, null_rounds: u64, facts: Facts) {
        assert_eq!(
            block.at,
            self.head().at + 1,
            "blocks come one after the other"
        );
        let number = {
            let mut told = self.proxy.told();
            let nature = Arc::make_mut(&mut told.nature);
            nature.add(block.at, null_rounds, block.hash, time);
            nature.told(block.at)
        };
        self.time = self.time.max(time);
        self.chain.push(Arc::new(Block {
            at: block.at,
            number,
            hash: block.hash,
            time,
            facts,
        }));
        let surplus = self.chain.len().saturating_sub(KEPT);
        self.chain.drain(..surplus);
    }

    /// Tells what is so now.
    pub(super) fn publish(&mut self) {
        let lags = |mischief: &Vec<Mischief>| mischief.contains(&Mischief::LatestIsParent);
        let finalized = self.finalized.min(self.head().at);
        let mut told = self.proxy.told();
        let from = Instant::now();
        let nature = Arc::make_mut(&mut told.nature);
        nature.head = self.head().at;
        nature.finalized = finalized;
        nature.latest_is_parent = self.latest_is_parent;
        told.mischief.clone_from(&self.mischief);
        self.history.add(Version {
            chain: self.chain.clone(),
            finalized,
            parent_is_told: self.latest_is_parent || self.mischief.iter().any(lags),
            head_is_told: !self.latest_is_parent,
            mischief: self.mischief.clone(),
            from,
            until: None,
        });
    }
}

async fn scripted_code() -> Bytes {
    static COMPILED: OnceCell<Value> = OnceCell::const_new();
    const SOURCE: &str = "Scripted.sol";
    let compiled = COMPILED.get_or_init(|| solidity::compile(SOURCE)).await;
    solidity::code(compiled, SOURCE, "Scripted")
}
