//! What a member's endpoints tell it, truly or not.
//!
//! A lie is told by all of a member's endpoints alike: where fewer lie, the node does not believe
//! them, and other tests show that.

use std::rc::Rc;

use alloy::primitives::{B256, Bytes, keccak256};
use stheno_node::ceremony::Event;
use stheno_protocol::ceremony::{Accusation, Approval, CeremonyKey, Phase};

use crate::{
    cast::{self, Person},
    chain::{Chain, Placed},
    contract::{Ceremony, State},
    schedule::{Dice, Plan},
    world::number_of,
};

/// How endpoints lie.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lie {
    /// A message is left out.
    Omit,
    /// A message is left out, and the running hash is made to fit.
    OmitAndCover,
    /// A message that was never sent, with a signature that is none or another's.
    Invent,
    /// The same, and the running hash is made to fit.
    InventAndCover,
    /// Two messages in the other order.
    Reorder,
    /// Another member's key for the ceremony: where that member is corrupt, it has signed both.
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
    pub const ALL: [Self; 11] = [
        Self::Omit,
        Self::OmitAndCover,
        Self::Invent,
        Self::InventAndCover,
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
    victim: &Person,
    plan: &Plan,
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
        if matches!(lie, Lie::Invent | Lie::InventAndCover) {
            invent(chain, &mut events, up_to.0, victim, dice);
        } else {
            bend(chain, &mut events, lie, plan, dice);
        }
    }
    Ok(Some(Batch {
        events,
        up_to,
        covered: matches!(lie, Some(Lie::OmitAndCover | Lie::InventAndCover)),
    }))
}

/// Puts a message among the events, in the name of somebody who did not send it.
fn invent(
    chain: &mut Chain,
    events: &mut Vec<Placed>,
    last: u64,
    victim: &Person,
    dice: &mut Dice,
) {
    let contract = &chain.final_block().state;
    let open = |ceremony: &&Rc<Ceremony>| {
        let state = ceremony.state;
        matches!(state, State::Keys | State::Approval | State::Running)
    };
    let Some(ceremony) = contract.ceremonies.values().rev().find(open).cloned() else {
        return;
    };
    let at = dice.below(events.len() as u64 + 1) as usize;
    let block = at
        .checked_sub(1)
        .and_then(|before| events.get(before))
        .or(events.first())
        .map_or(last, |placed| placed.block);
    // None at all, or one that somebody made for something else.
    let signature = match dice.chance(500) {
        true => Bytes::from(vec![27; 65]),
        false => cast::signature(&Person::of(0, 1).identity, &approval(&ceremony)),
    };
    let member = dice.between(1, ceremony.terms.members.len() as u64) as u16;
    let phase = ceremony
        .timetable
        .and_then(|timetable| timetable.phase_at(block));
    let event = match (ceremony.state, phase) {
        (State::Keys, _) => Event::KeyPosted {
            member,
            key: keccak256("invented"),
            signature,
        },
        (State::Running, Some(Phase::Complain)) if dice.chance(700) => {
            let about: Vec<_> = ceremony.dealings.iter().collect();
            if about.is_empty() {
                return;
            }
            let (dealer, hash) = *dice.pick(&about);
            Event::Complained {
                receiver: member,
                part: 0,
                parts: 1,
                accusations: vec![Accusation {
                    dealer: *dealer,
                    dealingHash: *hash,
                }],
                signature,
            }
        }
        _ => {
            // The consent that it waits for.
            Event::Approved {
                operator: victim.operator.address(),
                signature,
            }
        }
    };
    let placed = Placed {
        uid: chain.fresh_uid(),
        block,
        ceremony: ceremony.number,
        event: Rc::new(event),
    };
    events.insert(at, placed);
}

fn approval(ceremony: &Ceremony) -> Approval {
    Approval {
        ceremony: ceremony.number,
        context: ceremony.context,
    }
}

/// The signature of a corrupt member under a second key of its own, or the one that there is.
fn signed_anew(chain: &Chain, ceremony: u64, member: u16, key: B256, plan: &Plan) -> Option<Bytes> {
    let ceremony = chain.state().ceremonies.get(&ceremony)?;
    let named = ceremony.terms.members.get(usize::from(member) - 1)?;
    let number = number_of(named.identity).filter(|number| plan.vices.contains_key(number))?;
    let message = CeremonyKey {
        ceremony: ceremony.number,
        proposal: ceremony.proposal,
        member,
        key,
    };
    let person = Person::of(plan.cast, number);
    Some(cast::signature(&person.identity, &message))
}

fn bend(chain: &mut Chain, events: &mut Vec<Placed>, lie: Lie, plan: &Plan, dice: &mut Dice) {
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
        Lie::OtherKeys | Lie::Garble | Lie::OtherMembers => {
            for placed in events.iter_mut() {
                let mut event = Event::clone(&placed.event);
                let bent = match (&mut event, lie) {
                    (
                        Event::KeyPosted {
                            member,
                            key,
                            signature,
                        },
                        Lie::OtherKeys,
                    ) => {
                        // Whatever the liar would like dealers to seal to.
                        key.0[7] ^= 0x10;
                        let anew = signed_anew(chain, placed.ceremony, *member, *key, plan);
                        // A mix of both lies: all keys are bent, or those of the corrupt alone.
                        let alone = plan.seed.is_multiple_of(2);
                        let bent = anew.is_some() || !alone;
                        *signature = anew.unwrap_or_else(|| signature.clone());
                        bent
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
        Lie::Invent | Lie::InventAndCover | Lie::NotFinal | Lie::Stall | Lie::RollBack => {}
    }
}
