//! Which private conditions a reader proves: as few as will do.
//!
//! Whoever proves to be in two groups is one of those in both, and a proof that nobody needed tells
//! something for nothing. So no more is proven than the policy's rule asks for.

use crate::{
    Context, Policy,
    context::MAX_CONTEXT_BYTES,
    policy::{
        Leaf, Time, Zk,
        ways::{Part, Search},
    },
};

/// By how much a reader's clock and a chain's final blocks may differ, in seconds. Finality on Filecoin
/// takes up to 900 rounds of 30 s.
const DOUBT: u64 = 12 * 3600;

/// Which leaves that do not ask about the reader are taken to come out as they should.
#[derive(Clone, Copy)]
enum Trust {
    /// Times of which the clock says so; nothing else.
    Sure,
    /// All but times of which the clock says otherwise.
    Likely,
    /// All.
    Possible,
}

/// What to prove so that `policy` can hold for a reader without an account: the fewest conditions, and of
/// equally many the first in the policy's order. None where no proofs suffice.
///
/// `provable` tells which can be proven; `now` is Unix seconds; the proofs are to fit into a request beside
/// `context`. A set that suffices whatever else is true goes before one that needs something else to be
/// true, such as what a contract says.
#[must_use]
pub fn choose<'a>(
    policy: &'a Policy,
    context: &Context,
    now: u64,
    provable: impl Fn(&Zk) -> bool,
) -> Option<Vec<&'a Zk>> {
    let room = MAX_CONTEXT_BYTES.saturating_sub(context.to_cbor().len());
    [Trust::Sure, Trust::Likely, Trust::Possible]
        .into_iter()
        .find_map(|trust| {
            let part = |leaf: &Leaf, negated: bool| match leaf {
                Leaf::Zk(zk) if provable(zk) => Part::Proof,
                Leaf::Zk(_) => Part::Never,
                leaf if leaf.needs_account() => Part::Never,
                leaf if comes_out(leaf, !negated, now, trust) => Part::Free,
                _ => Part::Never,
            };
            let search = Search::new(policy.rule(), room, part);
            let best = search.ways(policy.rule(), false).first().copied()?;
            Some(search.leaves(best).collect())
        })
}

/// Whether a leaf that does not ask about the reader is taken to be as it is `wanted`.
fn comes_out(leaf: &Leaf, wanted: bool, now: u64, trust: Trust) -> bool {
    let known = match leaf {
        Leaf::Time(time) => by_the_clock(time, now),
        _ => None,
    };
    match trust {
        Trust::Sure => known == Some(wanted),
        Trust::Likely => known != Some(!wanted),
        Trust::Possible => true,
    }
}

/// Whether a time has come and is not over, where that is beyond doubt.
fn by_the_clock(time: &Time, now: u64) -> Option<bool> {
    let holds = |now: u64| {
        time.after.is_none_or(|after| now >= after) && time.before.is_none_or(|before| now < before)
    };
    let (early, late) = (now.saturating_sub(DOUBT), now.saturating_add(DOUBT));
    let begins = time
        .after
        .is_some_and(|after| (early..=late).contains(&after));
    let ends = time
        .before
        .is_some_and(|before| (early..=late).contains(&before));
    (!begins && !ends).then(|| holds(now))
}

#[cfg(test)]
mod tests;
