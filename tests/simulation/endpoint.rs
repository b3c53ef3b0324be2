//! What a member's endpoints tell it, truly or not.
//!
//! A lie is told by all of a member's endpoints alike: where fewer lie, the node does not believe
//! them, and other tests show that.

use std::rc::Rc;

use alloy::primitives::{B256, Bytes};
use stheno_node::ceremony::Event;

use crate::{
    chain::{Chain, Placed},
    schedule::Dice,
};

/// How endpoints lie.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lie {
    /// A message is left out.
    Omit,
    /// A message is left out, and the running hash is made to fit.
    OmitAndCover,
    /// A message that was never sent, with a signature that is none.
    Invent,
    /// Two messages in the other order.
    Reorder,
    /// Another member's key for the ceremony.
    OtherKeys,
    /// A dealing with a bit turned.
    Garble,
    /// Blocks are called final that are not: perhaps another branch's.
    NotFinal,
    /// Nothing new is final.
    Stall,
    /// What was final is said not to be any more.
    RollBack,
    /// Another member list.
    OtherMembers,
}

impl Lie {
    pub const ALL: [Self; 10] = [
        Self::Omit,
        Self::OmitAndCover,
        Self::Invent,
        Self::Reorder,
        Self::OtherKeys,
        Self::Garble,
        Self::NotFinal,
        Self::Stall,
        Self::RollBack,
        Self::OtherMembers,
    ];
}

/// Final events since the last time.
pub struct Batch {
    pub events: Vec<Placed>,
    /// Number and hash of the last block.
    pub up_to: (u64, B256),
    /// Whether the running hash is made to fit.
    pub covered: bool,
}

/// What was final is on no branch that this endpoint knows.
#[derive(Debug)]
pub struct Reorganised;

/// Number and hash of what is called the last final block.
fn final_at(chain: &Chain, lie: Option<Lie>) -> (u64, B256) {
    let block = match lie {
        Some(Lie::NotFinal) => chain.head(),
        Some(Lie::RollBack) => {
            let number = chain.final_block().number.saturating_sub(5);
            chain.block_at(number).unwrap_or(&chain.blocks[0])
        }
        _ => chain.final_block(),
    };
    (block.number, block.hash)
}

/// Number and hash of the last final block, truly.
pub fn last_final(chain: &Chain) -> (u64, B256) {
    let block = chain.final_block();
    (block.number, block.hash)
}

/// The final events after the cursor, or without one from the block `first` on, as far as this
/// endpoint tells.
pub fn follow(
    chain: &mut Chain,
    cursor: Option<(u64, B256)>,
    first: u64,
    lie: Option<Lie>,
    dice: &mut Dice,
) -> Result<Option<Batch>, Reorganised> {
    if lie == Some(Lie::Stall) {
        return Ok(None);
    }
    let up_to = final_at(chain, lie);
    let after = match cursor {
        None => first.saturating_sub(1),
        Some((number, hash)) => {
            let known = chain
                .block_at(number)
                .is_some_and(|block| block.hash == hash);
            if number <= up_to.0 && !known {
                return Err(Reorganised);
            }
            number
        }
    };
    if up_to.0 <= after {
        return Ok(None);
    }
    let from = chain.blocks.partition_point(|block| block.number <= after);
    let to = chain
        .blocks
        .partition_point(|block| block.number <= up_to.0);
    let events = chain.blocks[from..to]
        .iter()
        .flat_map(|block| block.events.clone());
    let mut events: Vec<Placed> = events.collect();
    if let Some(lie) = lie {
        bend(chain, &mut events, lie, dice);
    }
    Ok(Some(Batch {
        events,
        up_to,
        covered: lie == Some(Lie::OmitAndCover),
    }))
}

fn bend(chain: &mut Chain, events: &mut Vec<Placed>, lie: Lie, dice: &mut Dice) {
    if events.is_empty() {
        return;
    }
    let at = dice.below(events.len() as u64) as usize;
    match lie {
        Lie::Omit | Lie::OmitAndCover => {
            let victim = events[at].clone();
            // A dealing goes with its parts.
            events.retain(|placed| match (&*placed.event, &*victim.event) {
                (
                    Event::DealingPart { dealer, .. } | Event::DealingPosted { dealer, .. },
                    Event::DealingPart { dealer: other, .. }
                    | Event::DealingPosted { dealer: other, .. },
                ) => dealer != other,
                _ => placed.uid != victim.uid,
            });
        }
        Lie::Reorder => {
            let other = dice.below(events.len() as u64) as usize;
            events.swap(at, other);
        }
        Lie::Invent => {
            let mut forged = events[at].clone();
            forged.uid = chain.fresh_uid();
            let accusations = Vec::new();
            forged.event = Rc::new(Event::Complained {
                receiver: 1,
                part: 0,
                parts: 1,
                accusations,
                signature: Bytes::from(vec![27; 65]),
            });
            events.insert(at, forged);
        }
        Lie::OtherKeys | Lie::Garble | Lie::OtherMembers => {
            for placed in events.iter_mut() {
                let mut event = Event::clone(&placed.event);
                let bent = match (&mut event, lie) {
                    (Event::KeyPosted { key, .. }, Lie::OtherKeys) => {
                        // Whatever the liar would like dealers to seal to.
                        key.0[7] ^= 0x10;
                        true
                    }
                    (Event::DealingPart { data, .. }, Lie::Garble) => {
                        let mut bytes = data.to_vec();
                        let place = bytes.len() - 1 - dice.below(80) as usize;
                        bytes[place] ^= 1;
                        *data = bytes.into();
                        true
                    }
                    (Event::Members { members, .. }, Lie::OtherMembers) => {
                        members.reverse();
                        true
                    }
                    _ => false,
                };
                if bent {
                    placed.uid = chain.fresh_uid();
                    placed.event = Rc::new(event);
                }
            }
        }
        Lie::NotFinal | Lie::Stall | Lie::RollBack => {}
    }
}
