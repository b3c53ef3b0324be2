//! Writing policies as people read them, in one spelling.

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};

use super::{
    AddressList, Allowlist, Arg, Balance, Call, Comparison, Grant, Group, Leaf, Paid, Policy, Rule,
    Scalar, Storage, Subscription, Tier, Time, Token, VERSION, Zk, literal::time_text,
};
use crate::wire;
use stheno_circuits::Range;

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("version", &VERSION)?;
        if let Some(salt) = &self.salt {
            map.serialize_entry("salt", &wire::text(salt))?;
        }
        map.serialize_entry("rule", &self.rule)?;
        map.end()
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(1))?;
        match self {
            Self::All(of) => map.serialize_entry("all", of)?,
            Self::Any(of) => map.serialize_entry("any", of)?,
            Self::AtLeast { k, of } => {
                #[derive(Serialize)]
                struct AtLeast<'a> {
                    k: usize,
                    of: &'a [Rule],
                }
                map.serialize_entry("at_least", &AtLeast { k: *k, of })?;
            }
            Self::Not(rule) => map.serialize_entry("not", rule)?,
            Self::Leaf(leaf) => match leaf {
                Leaf::Call(body) => map.serialize_entry(leaf.name(), &**body)?,
                Leaf::Token(body) => map.serialize_entry(leaf.name(), body)?,
                Leaf::Balance(body) => map.serialize_entry(leaf.name(), body)?,
                Leaf::Time(body) => map.serialize_entry(leaf.name(), body)?,
                Leaf::Address(body) => map.serialize_entry(leaf.name(), body)?,
                Leaf::Allowlist(body) => map.serialize_entry(leaf.name(), body)?,
                Leaf::Subscription(body) => map.serialize_entry(leaf.name(), body)?,
                Leaf::Storage(body) => map.serialize_entry(leaf.name(), body)?,
                Leaf::Grant(body) => map.serialize_entry(leaf.name(), body)?,
                Leaf::Zk(body) => map.serialize_entry(leaf.name(), body)?,
            },
        }
        map.end()
    }
}

impl Serialize for Call {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("chain", &self.chain)?;
        map.serialize_entry("to", &self.to.to_checksum(None))?;
        map.serialize_entry("function", &self.function.declaration())?;
        if !self.args.is_empty() {
            map.serialize_entry("args", &self.args)?;
        }
        map.serialize_entry("returns", &Test(self))?;
        finality(&mut map, self.tier)?;
        map.end()
    }
}

/// The path and the comparison of a call.
struct Test<'a>(&'a Call);

impl Serialize for Test<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self(call) = self;
        let mut map = to.serialize_map(None)?;
        if call.path != [0] || call.function.outputs().len() != 1 {
            map.serialize_entry("path", &call.path)?;
        }
        match (call.comparison, call.operands.as_slice()) {
            (Comparison::In, list) => map.serialize_entry("in", list)?,
            (comparison, operands) => {
                map.serialize_entry(comparison.as_str(), &operands.first())?;
            }
        }
        map.end()
    }
}

impl Serialize for Arg {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::List(items) => {
                let mut seq = to.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Self::Placeholder(placeholder) => to.collect_str(placeholder),
            Self::Literal(scalar) => match scalar {
                Scalar::Bool(value) => to.serialize_bool(*value),
                Scalar::Uint(value) => to.collect_str(value),
                Scalar::Int(value) => to.collect_str(value),
                Scalar::Address(address) => to.serialize_str(&address.to_checksum(None)),
                Scalar::Word(word, size) => {
                    to.serialize_str(&wire::text(word.get(..*size).unwrap_or_default()))
                }
                Scalar::Bytes(bytes) => to.serialize_str(&wire::text(bytes)),
                Scalar::Text(text) if text.starts_with(':') => {
                    to.collect_str(&format_args!(":{text}"))
                }
                Scalar::Text(text) => to.serialize_str(text),
            },
        }
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("chain", &self.chain)?;
        map.serialize_entry("standard", self.standard.as_str())?;
        map.serialize_entry("contract", &self.contract.to_checksum(None))?;
        map.serialize_entry("min", &self.min.to_string())?;
        if !self.ids.is_empty() {
            map.serialize_entry("ids", &self.ids)?;
        }
        finality(&mut map, self.tier)?;
        map.end()
    }
}

impl Serialize for Balance {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("chain", &self.chain)?;
        map.serialize_entry("min", &self.min.to_string())?;
        finality(&mut map, self.tier)?;
        map.end()
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("chain", &self.chain)?;
        if let Some(after) = self.after {
            map.serialize_entry("after", &time_text(after))?;
        }
        if let Some(before) = self.before {
            map.serialize_entry("before", &time_text(before))?;
        }
        finality(&mut map, self.tier)?;
        map.end()
    }
}

impl Serialize for AddressList {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(chain) = self.chain {
            map.serialize_entry("chain", &chain)?;
        }
        let list: Vec<String> = self.list.iter().map(|a| a.to_checksum(None)).collect();
        map.serialize_entry("in", &list)?;
        map.end()
    }
}

impl Serialize for Allowlist {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(chain) = self.chain {
            map.serialize_entry("chain", &chain)?;
        }
        map.serialize_entry("root", &wire::text(self.root.as_slice()))?;
        map.serialize_entry("proof", &format_args!(":{}", self.proof))?;
        map.end()
    }
}

impl Serialize for Subscription {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("chain", &self.chain)?;
        map.serialize_entry("contract", &self.contract.to_checksum(None))?;
        map.serialize_entry("token", &self.token)?;
        finality(&mut map, self.tier)?;
        map.end()
    }
}

impl Serialize for Storage {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("chain", &self.chain)?;
        map.serialize_entry("verifier", &self.verifier.to_checksum(None))?;
        map.serialize_entry("dataSet", &self.data_set.to_string())?;
        if let Some(epochs) = self.proven_within {
            map.serialize_entry("provenWithin", &epochs)?;
        }
        if let Some(paid) = &self.paid {
            map.serialize_entry("paid", paid)?;
        }
        finality(&mut map, self.tier)?;
        map.end()
    }
}

impl Serialize for Paid {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("pay", &self.pay.to_checksum(None))?;
        map.serialize_entry("rail", &self.rail.to_string())?;
        map.serialize_entry("payer", &self.payer.to_checksum(None))?;
        map.serialize_entry("token", &self.token.to_checksum(None))?;
        map.end()
    }
}

impl Serialize for Grant {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("chain", &self.chain)?;
        map.serialize_entry("registry", &self.registry.to_checksum(None))?;
        if let Some(context) = &self.context {
            map.serialize_entry("context", &format_args!(":{context}"))?;
        }
        finality(&mut map, self.tier)?;
        map.end()
    }
}

impl Serialize for Zk {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("circuit", &format_args!("{}", self.circuit))?;
        map.serialize_entry("key", &format_args!("{}", self.key))?;
        match &self.group {
            Group::Root(root) => map.serialize_entry("root", root)?,
            Group::Contract {
                chain, contract, ..
            } => {
                map.serialize_entry("chain", chain)?;
                map.serialize_entry("group", &contract.to_checksum(None))?;
            }
        }
        if let Some(ranges) = &self.attributes {
            let asked = ranges.iter().rposition(|range| *range != Range::ANY);
            let asked = ranges.iter().take(asked.map_or(0, |last| last + 1));
            map.serialize_entry("attributes", &asked.map(Bounds).collect::<Vec<_>>())?;
        }
        if let Some(period) = self.period {
            map.serialize_entry("period", &period)?;
        }
        map.serialize_entry("proof", &format_args!(":{}", self.proof))?;
        if let Group::Contract { tier, .. } = self.group {
            finality(&mut map, tier)?;
        }
        map.end()
    }
}

/// What an attribute is compared with.
struct Bounds<'a>(&'a Range);

impl Serialize for Bounds<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self(Range { low, high }) = self;
        let mut map = to.serialize_map(None)?;
        if low == high {
            map.serialize_entry("==", &low.to_string())?;
            return map.end();
        }
        if *low > 0 {
            map.serialize_entry(">=", &low.to_string())?;
        }
        if *high < u64::MAX {
            map.serialize_entry("<=", &high.to_string())?;
        }
        map.end()
    }
}

fn finality<M: SerializeMap>(map: &mut M, tier: Tier) -> Result<(), M::Error> {
    #[derive(Serialize)]
    struct Confirmations {
        confirmations: Tier,
    }
    match tier {
        0 => Ok(()),
        confirmations => map.serialize_entry("finality", &Confirmations { confirmations }),
    }
}
