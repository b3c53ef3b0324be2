//! A virtual chain: blocks, forks, null rounds, finality that lags, stalls or breaks, and a mempool
//! that delays, reorders and drops.

use std::rc::Rc;

use alloy::primitives::{Address, B256, Bytes, keccak256};
use stheno_node::ceremony::{Event, Slot};

use crate::{
    contract::Contract,
    schedule::{Dice, Plan},
};

/// A block, with the state after it.
#[derive(Clone, Debug)]
pub struct Block {
    pub number: u64,
    pub hash: B256,
    pub events: Vec<Placed>,
    pub state: Rc<Contract>,
    transactions: Vec<Transaction>,
}

/// An event in its block. No two have the same `uid`, in all branches.
#[derive(Clone, Debug)]
pub struct Placed {
    pub uid: u64,
    pub block: u64,
    pub ceremony: u64,
    pub event: Rc<Event>,
}

/// A call on its way.
#[derive(Clone, Debug)]
pub struct Transaction {
    pub sender: Address,
    pub call: Bytes,
    /// Whom to tell what became of it.
    pub ticket: Option<Ticket>,
    /// In no block before this one.
    ready: u64,
}

/// A member's message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ticket {
    pub member: u16,
    /// Its process: after a restart nobody waits for it any more.
    pub life: u64,
    pub ceremony: u64,
    pub slot: Slot,
}

/// What became of a message.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    Mined(u64),
    Refused(u64),
}

/// The chain.
#[derive(Debug)]
pub struct Chain {
    pub blocks: Vec<Block>,
    mempool: Vec<Transaction>,
    /// Position of the last final block.
    final_at: usize,
    stalled: u64,
    uids: u64,
    salt: u64,
    fates: Vec<(Ticket, Fate)>,
    /// How often blocks that were final have been undone.
    pub broken: u64,
    /// How often the head moved to another branch.
    pub reorgs: u64,
}

impl Chain {
    pub fn new(contract: Contract) -> Self {
        let genesis = Block {
            number: 10,
            hash: keccak256("genesis"),
            events: Vec::new(),
            state: Rc::new(contract),
            transactions: Vec::new(),
        };
        Self {
            blocks: vec![genesis],
            mempool: Vec::new(),
            final_at: 0,
            stalled: 0,
            uids: 0,
            salt: 0,
            fates: Vec::new(),
            broken: 0,
            reorgs: 0,
        }
    }

    pub fn head(&self) -> &Block {
        &self.blocks[self.blocks.len() - 1]
    }

    /// The last block that is final.
    pub fn final_block(&self) -> &Block {
        &self.blocks[self.final_at]
    }

    /// The state at the head.
    pub fn state(&self) -> &Contract {
        &self.head().state
    }

    pub fn block_at(&self, number: u64) -> Option<&Block> {
        let at = self
            .blocks
            .binary_search_by_key(&number, |block| block.number);
        at.ok().map(|at| &self.blocks[at])
    }

    pub fn fresh_uid(&mut self) -> u64 {
        self.uids += 1;
        self.uids
    }

    pub fn fates(&mut self) -> Vec<(Ticket, Fate)> {
        std::mem::take(&mut self.fates)
    }

    /// Takes a call into the mempool, or loses it.
    pub fn send(
        &mut self,
        sender: Address,
        call: Bytes,
        ticket: Option<Ticket>,
        plan: &Plan,
        dice: &mut Dice,
    ) {
        let head = self.head().number;
        if dice.chance(plan.drops) {
            self.fates
                .extend(ticket.map(|ticket| (ticket, Fate::Refused(head))));
            return;
        }
        self.mempool.push(Transaction {
            sender,
            call,
            ticket,
            ready: head + 1 + dice.below(plan.delay + 1),
        });
    }

    /// The next block, perhaps after a change of branch; then finality moves, or does not.
    pub fn advance(&mut self, plan: &Plan, dice: &mut Dice) {
        if dice.chance(plan.rollbacks) {
            // As deep as a phase is long, and never past what the overlap of epochs allows for.
            let deepest = self.blocks.len() - self.final_at + dice.between(1, 6) as usize;
            self.reorganise(deepest, plan, dice);
        } else if dice.chance(plan.reorgs) {
            let unfinal = self.blocks.len() - 1 - self.final_at;
            let depth = dice.below(unfinal as u64 + 1) as usize;
            self.reorganise(depth, plan, dice);
        }
        self.mine(plan, dice);
        self.finalise(plan, dice);
    }

    fn mine(&mut self, plan: &Plan, dice: &mut Dice) {
        // Filecoin's null rounds: numbers without a block.
        let skipped = u64::from(plan.reorgs > 0 && dice.chance(20));
        let parent = self.head();
        let number = parent.number + 1 + skipped;
        let (hash, mut state) = (parent.hash, parent.state.clone());
        let mut ready = Vec::new();
        let mut waiting = Vec::new();
        for transaction in std::mem::take(&mut self.mempool) {
            if transaction.ready <= number {
                ready.push(transaction);
            } else {
                waiting.push(transaction);
            }
        }
        self.mempool = waiting;
        if plan.delay > 0 || plan.reorgs > 0 {
            dice.shuffle(&mut ready);
        }
        let mut events = Vec::new();
        let mut transactions = Vec::new();
        for transaction in ready {
            let mut after = Contract::clone(&state);
            let done = after.execute(number, transaction.sender, &transaction.call);
            let fate = match done {
                Ok(written) => {
                    for (ceremony, event) in written {
                        self.uids += 1;
                        events.push(Placed {
                            uid: self.uids,
                            block: number,
                            ceremony,
                            event: Rc::new(event),
                        });
                    }
                    state = Rc::new(after);
                    Fate::Mined(number)
                }
                Err(_) => Fate::Refused(number),
            };
            self.fates
                .extend(transaction.ticket.map(|ticket| (ticket, fate)));
            if matches!(fate, Fate::Mined(_)) {
                transactions.push(transaction);
            }
        }
        self.salt += 1;
        let preimage = [
            hash.as_slice(),
            &number.to_be_bytes(),
            &self.salt.to_be_bytes(),
        ];
        self.blocks.push(Block {
            number,
            hash: keccak256(preimage.concat()),
            events,
            state,
            transactions,
        });
    }

    /// Another branch takes the place of the last `depth` blocks, as long as they are.
    fn reorganise(&mut self, depth: usize, plan: &Plan, dice: &mut Dice) {
        let depth = depth.min(self.blocks.len() - 1);
        if depth == 0 {
            return;
        }
        self.reorgs += 1;
        let target = self.head().number;
        let undone = self.blocks.split_off(self.blocks.len() - depth);
        if self.final_at >= self.blocks.len() {
            self.final_at = self.blocks.len() - 1;
            self.broken += 1;
        }
        for block in undone {
            for mut transaction in block.transactions {
                // Most come back, some with a delay, and some are lost.
                if dice.chance(800) {
                    transaction.ready = self.head().number + 1 + dice.below(4);
                    transaction.ticket = None;
                    self.mempool.push(transaction);
                }
            }
        }
        while self.head().number < target {
            self.mine(plan, dice);
        }
    }

    fn finalise(&mut self, plan: &Plan, dice: &mut Dice) {
        if self.stalled > 0 {
            self.stalled -= 1;
            return;
        }
        if dice.chance(plan.stalls) {
            self.stalled = dice.between(2, 14);
            return;
        }
        let Some(last) = self.head().number.checked_sub(plan.lag) else {
            return;
        };
        let final_at = self.blocks.partition_point(|block| block.number <= last);
        self.final_at = self.final_at.max(final_at.saturating_sub(1));
    }

    /// Finality goes on at once.
    pub fn end_stall(&mut self) {
        self.stalled = 0;
    }
}
