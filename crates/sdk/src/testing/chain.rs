//! A chain in memory, whose state a test writes.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy_primitives::keccak256;
use stheno_protocol::{
    Address, B256, Bytes, ChainHeads, ChainId, Position, Reading, U256, Unknown,
};

/// Seconds between two blocks, as on Filecoin.
pub const BLOCK_TIME: u64 = 30;
/// How many blocks the newest final one lies below the head.
pub const FINAL_LAG: u64 = 2;
/// Selector of `balanceOf(address)`, which ERC-20 and ERC-721 share.
const BALANCE_OF: [u8; 4] = [0x70, 0xa0, 0x82, 0x31];

/// A chain in memory. Every change to its state comes with a block of its own, and is final
/// [`FINAL_LAG`] blocks later; [`FakeChain::finalize`] adds those.
///
/// Clones are the same chain.
#[derive(Clone)]
pub struct FakeChain {
    state: Arc<Mutex<State>>,
}

struct State {
    id: ChainId,
    blocks: Vec<Position>,
    /// What was written, with the block from which on it holds; ascending.
    facts: BTreeMap<Fact, Vec<(u64, Answer)>>,
    contracts: BTreeMap<Address, Contract>,
}

#[derive(Clone, Eq, PartialEq, Ord, PartialOrd)]
enum Fact {
    Balance(Address),
    Call(Address, Bytes),
}

type Answer = Result<Reading, Unknown>;
type Contract = Arc<dyn Fn(&[u8], u64) -> Result<Bytes, Unknown> + Send + Sync>;

impl FakeChain {
    /// A chain with a few blocks, the newest at `now` (Unix seconds).
    pub fn new(id: ChainId, now: u64) -> Self {
        let chain = Self {
            state: Arc::new(Mutex::new(State {
                id,
                blocks: Vec::new(),
                facts: BTreeMap::new(),
                contracts: BTreeMap::new(),
            })),
        };
        let blocks = FINAL_LAG + 2;
        chain.lock().mine_from(
            blocks,
            now.saturating_sub(blocks.saturating_sub(1) * BLOCK_TIME),
        );
        chain
    }

    /// Its chain id.
    pub fn id(&self) -> ChainId {
        self.lock().id
    }

    /// Adds blocks, each [`BLOCK_TIME`] later.
    pub fn mine(&self, blocks: u64) {
        let mut state = self.lock();
        let next = state.head().time + BLOCK_TIME;
        state.mine_from(blocks, next);
    }

    /// Adds blocks until the present state is final.
    pub fn finalize(&self) {
        self.mine(FINAL_LAG);
    }

    /// The newest block.
    pub fn head(&self) -> Position {
        self.lock().head()
    }

    /// The newest final block.
    pub fn final_head(&self) -> Position {
        self.lock().final_head()
    }

    /// The block at `number`.
    pub fn block_at(&self, number: u64) -> Option<Position> {
        self.lock().block(number)
    }

    /// Sets an account's native balance, in the smallest unit, from the next block on.
    pub fn set_balance(&self, account: Address, amount: u128) {
        self.write(
            Fact::Balance(account),
            Ok(Reading::Balance(U256::from(amount))),
        );
    }

    /// Sets how many tokens of an ERC-20 or ERC-721 contract `holder` has, from the next block on.
    /// Everybody else has none.
    pub fn set_tokens(&self, contract: Address, holder: Address, amount: u128) {
        let mut data = BALANCE_OF.to_vec();
        data.extend_from_slice(holder.into_word().as_slice());
        let word = U256::from(amount).to_be_bytes::<32>();
        self.write(
            Fact::Call(contract, data.into()),
            Ok(Reading::Bytes(word.to_vec().into())),
        );
    }

    /// Sets what a call with exactly this data returns, from the next block on.
    pub fn set_call(
        &self,
        contract: Address,
        data: impl Into<Bytes>,
        returns: Result<Bytes, Unknown>,
    ) {
        self.write(
            Fact::Call(contract, data.into()),
            returns.map(Reading::Bytes),
        );
    }

    /// Gives a contract code: what a call returns, by its data and the block number. What was set
    /// with [`FakeChain::set_call`] and [`FakeChain::set_tokens`] goes first.
    pub fn set_contract(
        &self,
        contract: Address,
        code: impl Fn(&[u8], u64) -> Result<Bytes, Unknown> + Send + Sync + 'static,
    ) {
        self.lock().contracts.insert(contract, Arc::new(code));
        self.mine(1);
    }

    /// Where a node sees this chain.
    pub(super) fn heads(&self) -> ChainHeads {
        let state = self.lock();
        ChainHeads {
            chain_id: state.id,
            finalized: Some(state.final_head()),
            head: Some(state.head()),
        }
    }

    /// A native balance as of a block.
    pub(super) fn balance(&self, of: Address, number: u64) -> Answer {
        let state = self.lock();
        state
            .fact(&Fact::Balance(of), number)
            .unwrap_or(Ok(Reading::Balance(U256::ZERO)))
    }

    /// A call as of a block.
    pub(super) fn call(&self, to: Address, data: &Bytes, number: u64) -> Answer {
        let state = self.lock();
        if let Some(answer) = state.fact(&Fact::Call(to, data.clone()), number) {
            return answer;
        }
        let contract = state.contracts.get(&to).cloned();
        let has_facts = state
            .facts
            .keys()
            .any(|fact| matches!(fact, Fact::Call(at, _) if *at == to));
        drop(state);
        match contract {
            Some(code) => code(data, number).map(Reading::Bytes),
            None if has_facts && data.starts_with(&BALANCE_OF) => {
                Ok(Reading::Bytes(vec![0; 32].into()))
            }
            None if has_facts => Err(Unknown::Reverted),
            None => Err(Unknown::NoCode),
        }
    }

    fn write(&self, fact: Fact, answer: Answer) {
        let mut state = self.lock();
        let next = state.head().number + 1;
        state.facts.entry(fact).or_default().push((next, answer));
        drop(state);
        self.mine(1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn mine_from(&mut self, blocks: u64, mut time: u64) {
        for _ in 0..blocks {
            let number = self.blocks.len() as u64;
            let name = [self.id.to_be_bytes(), number.to_be_bytes()].concat();
            self.blocks.push(Position {
                number,
                hash: keccak256(name),
                time,
            });
            time += BLOCK_TIME;
        }
    }

    fn head(&self) -> Position {
        self.blocks.last().copied().unwrap_or(NOWHERE)
    }

    fn final_head(&self) -> Position {
        self.block(self.head().number.saturating_sub(FINAL_LAG))
            .unwrap_or(NOWHERE)
    }

    fn block(&self, number: u64) -> Option<Position> {
        self.blocks.get(usize::try_from(number).ok()?).copied()
    }

    fn fact(&self, fact: &Fact, number: u64) -> Option<Answer> {
        let written = self.facts.get(fact)?;
        let (_, answer) = written.iter().rev().find(|(since, _)| *since <= number)?;
        Some(answer.clone())
    }
}

/// Stands for a block of a chain without blocks; [`FakeChain::new`] makes some.
const NOWHERE: Position = Position {
    number: 0,
    hash: B256::ZERO,
    time: 0,
};

impl fmt::Debug for FakeChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("FakeChain")
            .field("id", &state.id)
            .field("head", &state.head().number)
            .finish_non_exhaustive()
    }
}
