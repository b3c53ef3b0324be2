//! Values that the reader chooses, and conditions that such a value satisfies by being unknown.
//!
//! A contract answers zero, false or nothing of a value that it has never heard of, and a reader can
//! always name one. So "not: ticket `:t` is revoked" keeps nobody out, nor does "`revoked(:t)` is
//! false", nor "strikes of `:t` are below 3": three spellings of one mistake. Such a condition is
//! called *open* here. It means something beside another that an unheard-of value fails, in one
//! `all`: "owns `:t`, and `:t` is not revoked".
//!
//! The rule, for every name: let all conditions fail that an unheard-of value fails, and let those
//! that do not ask about the name be as they may. Then it must make no difference to the policy
//! whether the open ones hold.
//!
//! What is absent: whether the value belongs to the reader (a code that is told to friends may be
//! what is meant), contracts that answer something else than zero of what they do not know, and
//! accounts, of which a reader can have as many as he likes, too.

use std::collections::BTreeSet;

use alloy_dyn_abi::DynSolType;
use alloy_primitives::{Address, I256};

use super::{Arg, Call, Comparison, Leaf, Placeholder, PolicyError, Rule, Scalar, typing};

/// Checks that no open condition decides anything by itself.
pub(super) fn check(rule: &Rule) -> Result<(), PolicyError> {
    let mut open = Vec::new();
    collect(rule, "rule", false, &mut open);
    let names: BTreeSet<&str> = open.iter().map(|condition| condition.name).collect();
    match names.into_iter().find(|name| decides(rule, name)) {
        None => Ok(()),
        Some(name) => Err(PolicyError::At {
            path: open
                .into_iter()
                .find(|condition| condition.name == name)
                .map_or_else(String::new, |condition| condition.path),
            position: None,
            problem: format!(
                "a reader can always name a value that was never heard of, for which this holds, so it \
                 keeps nobody out; write the value in place of `:{name}`, or join this by `all` with a \
                 condition that such a value fails, such as who owns `:{name}`"
            ),
        }),
    }
}

/// An open condition that asks about a name.
struct Open<'a> {
    name: &'a str,
    path: String,
}

fn collect<'a>(rule: &'a Rule, path: &str, negated: bool, open: &mut Vec<Open<'a>>) {
    let mut group = |kind: &str, of: &'a [Rule]| {
        for (i, part) in of.iter().enumerate() {
            collect(part, &format!("{path}.{kind}[{i}]"), negated, open);
        }
    };
    match rule {
        Rule::All(of) => group("all", of),
        Rule::Any(of) => group("any", of),
        Rule::AtLeast { of, .. } => group("at_least.of", of),
        Rule::Not(rule) => collect(rule, &format!("{path}.not"), !negated, open),
        Rule::Leaf(leaf) if holds_of_the_unheard_of(leaf) != negated => {
            let path = format!("{path}.{}", leaf.name());
            open.extend(names(leaf).into_iter().map(|(name, _)| Open {
                name,
                path: path.clone(),
            }));
        }
        Rule::Leaf(_) => {}
    }
}

/// Whether the open conditions on `name` can decide the policy when its value was never heard of.
fn decides(rule: &Rule, name: &str) -> bool {
    reach(rule, name, false).contains(Reach::DECIDED)
}

/// How a part of the tree can come out for a value that was never heard of, whatever is true
/// otherwise: a set of three possibilities.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Reach(u8);

impl Reach {
    /// It does not hold, open conditions or not.
    const FAILS: Self = Self(1);
    /// It holds because the open conditions do.
    const DECIDED: Self = Self(2);
    /// It holds, open conditions or not.
    const HOLDS: Self = Self(4);
    /// Anything but that the open conditions decide.
    const EITHER: Self = Self(1 | 4);

    const fn contains(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

fn reach(rule: &Rule, name: &str, negated: bool) -> Reach {
    match rule {
        Rule::Not(rule) => reach(rule, name, !negated),
        Rule::All(of) => of_several(of, of.len(), name, negated),
        Rule::Any(of) => of_several(of, 1, name, negated),
        Rule::AtLeast { k, of } => of_several(of, *k, name, negated),
        Rule::Leaf(leaf) => {
            let own = names(leaf).into_iter().filter(|(own, _)| *own == name);
            let alone: Vec<bool> = own.map(|(_, is_alone)| is_alone).collect();
            match alone.as_slice() {
                [] => Reach::EITHER,
                _ if holds_of_the_unheard_of(leaf) != negated => Reach::DECIDED,
                alone if alone.iter().all(|is_alone| *is_alone) => Reach::FAILS,
                _ => Reach::EITHER,
            }
        }
    }
}

/// At least `k` of these; the parts come out independently of each other.
fn of_several(of: &[Rule], k: usize, name: &str, negated: bool) -> Reach {
    // Not at least k of n: at least n - k + 1 fail.
    let k = match negated {
        true => (of.len() + 1).saturating_sub(k),
        false => k,
    };
    let parts: Vec<Reach> = of.iter().map(|part| reach(part, name, negated)).collect();
    let count = |is: &dyn Fn(&Reach) -> bool| parts.iter().filter(|part| is(part)).count();
    let can = |what: Reach| move |part: &Reach| part.contains(what);
    let mut reached = 0;
    if count(&|part| !part.contains(Reach::FAILS)) < k {
        reached |= Reach::FAILS.0;
    }
    if count(&can(Reach::HOLDS)) >= k {
        reached |= Reach::HOLDS.0;
    }
    // Fewer than k hold anyway, and those that are decided make up for the rest.
    let anyway = count(&|part| *part == Reach::HOLDS);
    let decided = count(&can(Reach::DECIDED));
    let helping = count(&|part| part.contains(Reach::HOLDS) && !part.contains(Reach::DECIDED));
    if anyway < k && decided + helping.min(k.saturating_sub(1)) >= k {
        reached |= Reach::DECIDED.0;
    }
    Reach(reached)
}

/// Whether a leaf holds for a value of which nothing is stored anywhere.
fn holds_of_the_unheard_of(leaf: &Leaf) -> bool {
    match leaf {
        Leaf::Call(call) => compares_with_nothing(call),
        // Nobody holds it, owns it, or was granted anything for it.
        Leaf::Token(_)
        | Leaf::Subscription(_)
        | Leaf::Allowlist(_)
        | Leaf::Grant(_)
        | Leaf::Zk(_) => false,
        // They take no value of the reader's.
        Leaf::Balance(_) | Leaf::Time(_) | Leaf::Address(_) | Leaf::Storage(_) => false,
    }
}

/// Whether a comparison holds for zero, false, or nothing.
fn compares_with_nothing(call: &Call) -> bool {
    let sign = call.operands.first().map_or(Sign::Other, sign);
    match call.comparison {
        Comparison::Equal => sign == Sign::Zero,
        Comparison::NotEqual => sign != Sign::Zero,
        Comparison::Less => sign == Sign::Positive,
        Comparison::LessOrEqual => sign != Sign::Negative,
        Comparison::Greater => sign == Sign::Negative,
        Comparison::GreaterOrEqual => sign != Sign::Positive,
        Comparison::In => call
            .operands
            .iter()
            .any(|arg| self::sign(arg) == Sign::Zero),
        // An array of a fixed length has elements, an empty one has none, nor has a text parts.
        Comparison::Contains => {
            let ty = typing::type_at(&call.function, &call.path);
            matches!(ty, Ok(DynSolType::FixedArray(..))) && sign == Sign::Zero
        }
    }
}

/// A value as it compares with nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sign {
    Zero,
    Positive,
    Negative,
    /// Not zero, and no number.
    Other,
}

fn sign(arg: &Arg) -> Sign {
    let zero_or = |is_zero: bool, other: Sign| if is_zero { Sign::Zero } else { other };
    let Arg::Literal(scalar) = arg else {
        // Nobody's account is zero, and no item.
        return Sign::Other;
    };
    match scalar {
        Scalar::Bool(value) => zero_or(!*value, Sign::Other),
        Scalar::Uint(value) => zero_or(value.is_zero(), Sign::Positive),
        Scalar::Int(value) if *value < I256::ZERO => Sign::Negative,
        Scalar::Int(value) => zero_or(value.is_zero(), Sign::Positive),
        Scalar::Address(address) => zero_or(*address == Address::ZERO, Sign::Other),
        Scalar::Word(word, _) => zero_or(word.is_zero(), Sign::Other),
        Scalar::Bytes(bytes) => zero_or(bytes.is_empty(), Sign::Other),
        Scalar::Text(text) => zero_or(text.is_empty(), Sign::Other),
    }
}

/// The names that a leaf asks about, each with whether it asks about that value alone: of several
/// tokens, or of the entries of a list, another one may make it hold.
fn names(leaf: &Leaf) -> Vec<(&str, bool)> {
    match leaf {
        Leaf::Call(call) => call.args.iter().flat_map(|arg| of_arg(arg, true)).collect(),
        Leaf::Token(token) => {
            let is_alone = token.ids.len() == 1;
            let ids = token.ids.iter();
            ids.flat_map(|id| of_arg(id, is_alone)).collect()
        }
        Leaf::Subscription(subscription) => of_arg(&subscription.token, true),
        Leaf::Allowlist(allowlist) => vec![(&allowlist.proof, true)],
        Leaf::Zk(zk) => vec![(&zk.proof, true)],
        Leaf::Grant(grant) => {
            let context = grant.context.as_deref();
            context.into_iter().map(|name| (name, true)).collect()
        }
        Leaf::Balance(_) | Leaf::Time(_) | Leaf::Address(_) | Leaf::Storage(_) => Vec::new(),
    }
}

fn of_arg(arg: &Arg, is_alone: bool) -> Vec<(&str, bool)> {
    match arg {
        Arg::Placeholder(Placeholder::Named(name)) => vec![(name, is_alone)],
        Arg::Placeholder(Placeholder::Reader | Placeholder::Item) | Arg::Literal(_) => Vec::new(),
        Arg::List(parts) => {
            let is_alone = is_alone && parts.len() == 1;
            let parts = parts.iter();
            parts.flat_map(|part| of_arg(part, is_alone)).collect()
        }
    }
}

#[cfg(test)]
mod tests;
