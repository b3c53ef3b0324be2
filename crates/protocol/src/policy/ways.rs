//! Which proofs, together, make a rule hold for a reader who shows no account.
//!
//! A *way* is a set of private conditions that are proven; a search goes bottom-up and keeps those of
//! which no part is a way already. What keeps two proofs from standing in one request keeps their
//! sets out: two conditions with one name, more bytes than its context takes.

use super::{Leaf, Rule, Zk};
use crate::{context::entry_bytes, private::Presentation};

/// Most ways that are kept of a part, the smallest. As few private conditions as a policy may have
/// never make so many.
const MOST_WAYS: usize = 128;

/// Private conditions, by their places among the distinct ones of a search.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Way(u64);

/// What a leaf is to a reader without an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    /// It comes out as it should without a proof.
    Free,
    /// It holds once it is proven.
    Proof,
    /// It cannot come out as it should.
    Never,
}

/// What is searched, and how.
pub(crate) struct Search<'a, F> {
    /// Every private condition once, in the policy's order.
    leaves: Vec<&'a Zk>,
    room: usize,
    one_proof_a_name: bool,
    part: F,
}

impl Way {
    /// No proof at all.
    const NONE: Self = Self(0);

    const fn contains(self, at: usize) -> bool {
        self.0 >> at & 1 == 1
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Fewest first, then by the policy's order.
    const fn rank(self) -> (u32, std::cmp::Reverse<u64>) {
        (
            self.0.count_ones(),
            std::cmp::Reverse(self.0.reverse_bits()),
        )
    }
}

impl<'a, F: Fn(&Leaf, bool) -> Part> Search<'a, F> {
    /// Of what can be proven for `rule` in a context that has so many bytes left. `part` says what a
    /// leaf is; whether it stands under an odd number of `not`s, it is told.
    pub(crate) fn new(rule: &'a Rule, room: usize, part: F) -> Self {
        let mut leaves: Vec<&Zk> = Vec::new();
        for leaf in rule.leaves() {
            if let Leaf::Zk(zk) = leaf
                && !leaves.contains(&zk)
            {
                leaves.push(zk);
            }
        }
        Self {
            leaves,
            room,
            one_proof_a_name: true,
            part,
        }
    }

    /// As if a name could stand for several proofs.
    pub(super) fn names_aside(mut self) -> Self {
        self.one_proof_a_name = false;
        self
    }

    /// The ways, the best first; none where there is no way.
    pub(crate) fn ways(&self, rule: &Rule, negated: bool) -> Vec<Way> {
        match rule {
            Rule::Not(rule) => self.ways(rule, !negated),
            Rule::Leaf(leaf) => self.of_leaf(leaf, negated),
            Rule::All(of) | Rule::Any(of) | Rule::AtLeast { of, .. } => {
                let parts = of.iter().map(|part| self.ways(part, negated));
                self.of_several(parts, needed(rule, negated))
            }
        }
    }

    fn of_leaf(&self, leaf: &Leaf, negated: bool) -> Vec<Way> {
        match ((self.part)(leaf, negated), leaf) {
            (Part::Free, _) => vec![Way::NONE],
            (Part::Proof, Leaf::Zk(zk)) => {
                let at = self.leaves.iter().position(|known| *known == zk);
                let way = at.map(|at| Way(1 << at));
                way.filter(|way| self.fits(*way)).into_iter().collect()
            }
            (Part::Proof | Part::Never, _) => Vec::new(),
        }
    }

    /// At least `k` of these.
    pub(super) fn of_several(&self, parts: impl Iterator<Item = Vec<Way>>, k: usize) -> Vec<Way> {
        let (free, parts): (Vec<_>, Vec<_>) = parts
            .filter(|ways| !ways.is_empty())
            .partition(|ways| ways.contains(&Way::NONE));
        // By how many of the parts so far hold.
        let mut tables = vec![Vec::new(); k.saturating_sub(free.len()) + 1];
        if let Some(none) = tables.first_mut() {
            none.push(Way::NONE);
        }
        for part in parts {
            for held in (1..tables.len()).rev() {
                let fewer = tables.get(held - 1).into_iter().flatten();
                let more = fewer.flat_map(|a| part.iter().map(|b| a.and(*b)));
                let more: Vec<Way> = more.filter(|way| self.fits(*way)).collect();
                if let Some(table) = tables.get_mut(held) {
                    table.extend(more);
                    smallest(table);
                }
            }
        }
        tables.pop().unwrap_or_default()
    }

    /// The conditions of a way, in the policy's order.
    pub(crate) fn leaves(&self, way: Way) -> impl Iterator<Item = &'a Zk> {
        let leaves = self.leaves.iter().copied().enumerate();
        leaves.filter_map(move |(at, leaf)| way.contains(at).then_some(leaf))
    }

    fn fits(&self, way: Way) -> bool {
        let mut names: Vec<&str> = self.leaves(way).map(|leaf| leaf.proof.as_str()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        (!self.one_proof_a_name || names.len() == count)
            && self.leaves(way).map(bytes).sum::<usize>() <= self.room
    }
}

/// How many of its parts a rule needs. Not at least k of n: at least n - k + 1 fail.
pub(super) fn needed(rule: &Rule, negated: bool) -> usize {
    let (k, of) = match rule {
        Rule::All(of) => (of.len(), of.len()),
        Rule::Any(of) => (1, of.len()),
        Rule::AtLeast { k, of } => (*k, of.len()),
        Rule::Not(_) | Rule::Leaf(_) => (1, 1),
    };
    match negated {
        true => (of + 1).saturating_sub(k),
        false => k,
    }
}

/// What a proof takes up in a context.
pub(super) fn bytes(leaf: &Zk) -> usize {
    entry_bytes(&leaf.proof, Presentation::bytes(leaf.circuit.statement))
}

/// Leaves out what contains another, and all but the best.
fn smallest(ways: &mut Vec<Way>) {
    ways.sort_unstable_by_key(|way| way.rank());
    let mut kept: Vec<Way> = Vec::new();
    for way in ways.iter() {
        if !kept.iter().any(|less| less.and(*way) == *way) {
            kept.push(*way);
        }
    }
    kept.truncate(MOST_WAYS);
    *ways = kept;
}
