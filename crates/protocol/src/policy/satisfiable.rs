//! Conditions that nobody can ever satisfy.
//!
//! A request shows an account or is without one, and a private condition is proven without. So no
//! request satisfies "holds the pass, and proves to be a member"; nor two private conditions whose proofs have
//! one name in the context, nor so many that their proofs do not fit into it. A policy with a part that can
//! never hold is refused, since nobody could read what is sealed to it, or not by that part.
//!
//! What is absent: what can be known of values alone, such as a time that is over.

use super::{
    Leaf, PolicyError, Rule, Zk,
    ways::{Part, Search, Way, bytes, needed},
};
use crate::context::MAX_CONTEXT_BYTES;

/// Bytes of a context that nothing is in.
const EMPTY: usize = 1;
const ROOM: usize = MAX_CONTEXT_BYTES - EMPTY;

/// Checks that each part can hold, for some reader.
pub(super) fn check(rule: &Rule) -> Result<(), PolicyError> {
    if !rule.leaves().any(|leaf| matches!(leaf, Leaf::Zk(_))) {
        return Ok(());
    }
    let search = Search::new(rule, ROOM, without_account);
    reach(&search, rule, "rule", false).map(|_| ())
}

/// What a leaf is to somebody without an account, who proves whatever there is to prove.
fn without_account(leaf: &Leaf, _negated: bool) -> Part {
    match leaf {
        Leaf::Zk(_) => Part::Proof,
        leaf if leaf.needs_account() => Part::Never,
        _ => Part::Free,
    }
}

/// For whom a part can hold.
struct Reach {
    /// Who shows an account, and so proves nothing.
    by_account: bool,
    /// Who shows none.
    by_proofs: Vec<Way>,
}

fn reach<'a, F: Fn(&Leaf, bool) -> Part>(
    search: &Search<'a, F>,
    rule: &'a Rule,
    path: &str,
    negated: bool,
) -> Result<Reach, PolicyError> {
    let of = match rule {
        Rule::Not(rule) => return reach(search, rule, &format!("{path}.not"), !negated),
        Rule::Leaf(leaf) => {
            return Ok(Reach {
                by_account: !matches!(leaf, Leaf::Zk(_)),
                by_proofs: search.ways(rule, negated),
            });
        }
        Rule::All(of) | Rule::Any(of) | Rule::AtLeast { of, .. } => of,
    };
    let mut parts = Vec::with_capacity(of.len());
    for (part, path) in of.iter().zip(paths(rule, path)) {
        parts.push(reach(search, part, &path, negated)?);
    }
    let k = needed(rule, negated);
    let whole = Reach {
        by_account: parts.iter().filter(|part| part.by_account).count() >= k,
        by_proofs: search.of_several(parts.iter().map(|part| part.by_proofs.clone()), k),
    };
    if whole.by_account || !whole.by_proofs.is_empty() {
        return Ok(whole);
    }
    Err(why_never(rule, path, negated, &parts))
}

fn paths(rule: &Rule, path: &str) -> impl Iterator<Item = String> {
    let kind = match rule {
        Rule::All(_) => "all",
        Rule::Any(_) => "any",
        _ => "at_least.of",
    };
    (0..).map(move |at| format!("{path}.{kind}[{at}]"))
}

/// Which two of a rule's conditions, each of whose parts can hold by itself, exclude each other.
fn why_never(rule: &Rule, path: &str, negated: bool, parts: &[Reach]) -> PolicyError {
    let mut leaves = Vec::new();
    listed(rule, path, &mut leaves);
    let within = |part: Option<usize>| {
        let own = part.and_then(|at| paths(rule, path).nth(at));
        let leaves = leaves.iter();
        leaves.filter(move |(path, _)| {
            own.as_ref()
                .is_some_and(|own| path.starts_with(own.as_str()))
        })
    };
    let proven = within(parts.iter().position(|part| !part.by_account))
        .find(|(_, leaf)| matches!(leaf, Leaf::Zk(_)));
    let shown = within(parts.iter().position(|part| part.by_proofs.is_empty()))
        .find(|(_, leaf)| leaf.needs_account());
    if let (Some((proven, _)), Some((shown, leaf))) = (proven, shown) {
        let problem = format!(
            "this asks about the reader's account, and is never true together with {proven}, which is proven \
             by a request that shows no account: nobody could ever read by both. Join them by `any`; or let the \
             keeper of the group admit those alone who satisfy this `{}`, and leave it out here",
            leaf.name()
        );
        return unsatisfiable(shown, problem);
    }
    let search = Search::new(rule, ROOM, without_account).names_aside();
    match twice_named(&leaves) {
        Some([one, other]) if !search.ways(rule, negated).is_empty() => {
            let (name, one) = (&other.zk.proof, one.path);
            let problem = format!(
                "`:{name}` is one proof, and cannot be that of {one} as well, with which this has to hold: give \
                 this another name, such as \":{name}2\""
            );
            unsatisfiable(&format!("{}.proof", other.path), problem)
        }
        _ => too_large(path, &leaves),
    }
}

/// A private condition, and where it stands.
#[derive(Clone, Copy)]
struct Proven<'a> {
    path: &'a str,
    zk: &'a Zk,
}

/// Two different private conditions whose proofs have one name.
fn twice_named<'a>(leaves: &'a [(String, &'a Leaf)]) -> Option<[Proven<'a>; 2]> {
    let proven: Vec<Proven<'_>> = private(leaves).collect();
    let mut others = proven.iter().enumerate();
    others.find_map(|(at, other)| {
        let mut before = proven.iter().take(at);
        let one = before.find(|one| one.zk != other.zk && one.zk.proof == other.zk.proof);
        Some([*one?, *other])
    })
}

fn too_large(path: &str, leaves: &[(String, &Leaf)]) -> PolicyError {
    let mut distinct: Vec<Proven<'_>> = Vec::new();
    for proven in private(leaves) {
        if !distinct.iter().any(|known| known.zk == proven.zk) {
            distinct.push(proven);
        }
    }
    let total: usize = distinct.iter().map(|proven| bytes(proven.zk)).sum();
    let names: Vec<&str> = distinct.iter().map(|proven| proven.path).collect();
    let problem = format!(
        "so many proofs as this needs do not fit into one request: those of {} take up {total} bytes, and there is \
         room for {ROOM}. Ask for fewer together; a credential proves several things at once",
        names.join(", ")
    );
    unsatisfiable(path, problem)
}

fn private<'a>(leaves: &'a [(String, &'a Leaf)]) -> impl Iterator<Item = Proven<'a>> {
    leaves.iter().filter_map(|(path, leaf)| match leaf {
        Leaf::Zk(zk) => Some(Proven { path, zk }),
        _ => None,
    })
}

/// Every leaf with its path, in order.
fn listed<'a>(rule: &'a Rule, path: &str, leaves: &mut Vec<(String, &'a Leaf)>) {
    match rule {
        Rule::Leaf(leaf) => leaves.push((format!("{path}.{}", leaf.name()), leaf)),
        Rule::Not(rule) => listed(rule, &format!("{path}.not"), leaves),
        Rule::All(of) | Rule::Any(of) | Rule::AtLeast { of, .. } => {
            for (part, path) in of.iter().zip(paths(rule, path)) {
                listed(part, &path, leaves);
            }
        }
    }
}

fn unsatisfiable(path: &str, problem: String) -> PolicyError {
    PolicyError::Unsatisfiable {
        path: path.to_owned(),
        problem,
    }
}

#[cfg(test)]
mod tests;
