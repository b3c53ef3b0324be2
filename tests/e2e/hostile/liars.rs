//! Which endpoints misbehave, and how, at random.

use std::time::Duration;

use alloy::primitives::{B256, U256};

use super::{dice::Dice, mischief::Mischief, world::Shape};

/// So many blocks below the newest do liars show a head: more than a node takes for a lag, also where
/// an honest endpoint is a block behind.
const HIDDEN: (u64, u64) = (4, 10);

/// Fewer endpoints than must agree do anything; any number of them is slow or limited. `state` is a
/// block at which the policy is true, if there is one.
pub(super) fn random(dice: &mut Dice, shape: Shape, state: B256) -> Vec<(usize, Vec<Mischief>)> {
    let Shape {
        endpoints,
        min_agree,
    } = shape;
    let mut conduct: Vec<(usize, Vec<Mischief>)> = Vec::new();
    let first = dice.below(endpoints);
    let many = match dice.percent(80) {
        true => min_agree - 1,
        false => dice.below(min_agree),
    };
    let are_alike = dice.percent(60);
    let mut lie = one(dice, state);
    for liar in 0..many {
        if !are_alike && liar > 0 {
            lie = one(dice, state);
        }
        conduct.push(((first + liar) % endpoints, vec![lie.clone()]));
    }
    for caller in 0..endpoints {
        if dice.percent(15) {
            let slow = Duration::from_millis(dice.between(2, 25));
            let harmless = dice.pick(&[
                Mischief::Slow(slow),
                Mischief::NoBatches,
                Mischief::DropsEntries,
                Mischief::Reorders,
                Mischief::LatestIsParent,
            ]);
            match conduct.iter_mut().find(|(liar, _)| *liar == caller) {
                Some((_, mischief)) => mischief.push(harmless),
                None => conduct.push((caller, vec![harmless])),
            }
        }
    }
    conduct
}

/// What a liar does. `state` is a block at which the policy is true, if there is one.
fn one(dice: &mut Dice, state: B256) -> Mischief {
    let blocks = dice.between(1, 10);
    let usual = [
        Mischief::StateOf(state),
        Mischief::StateOf(state),
        Mischief::StateOf(state),
        Mischief::Word(U256::ONE),
        Mischief::Word(U256::MAX),
        Mischief::Word(U256::ZERO),
        Mischief::WordInOneEntry(U256::ONE),
        Mischief::WordInOneEntry(U256::from(2_000)),
        Mischief::Reverts,
        Mischief::InventedHead,
        Mischief::Disguise(state),
        Mischief::Disguise(state),
        Mischief::FinalIsHead,
        Mischief::FinalIsHead,
        Mischief::FinalIsHead,
        Mischief::OldFinal(blocks),
        Mischief::OtherBranch,
        Mischief::NothingButNullRounds,
        Mischief::OtherChain,
        Mischief::Errors,
        Mischief::WrongTypes,
        Mischief::NotJson,
        Mischief::Truncated,
        Mischief::Down,
    ];
    // They cost time.
    let dear = [Mischief::Silent, Mischief::NoHead, Mischief::Huge];
    let far = dice.between(HIDDEN.0, HIDDEN.1);
    let hidden = [Mischief::OldHead(far), Mischief::OtherTop(far)];
    match dice.below(100) {
        0..=3 => dice.pick(&dear),
        4..=18 => dice.pick(&hidden),
        _ => dice.pick(&usual),
    }
}
