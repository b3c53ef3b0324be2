//! From policies to CBOR items.

use alloy_primitives::Address;

use super::{key, kind};
use crate::{
    cbor::Value,
    policy::{Arg, Group, Leaf, Placeholder, Policy, Rule, Scalar, VERSION, Zk},
};

/// The policy as CBOR.
pub(in crate::policy) fn encode(policy: &Policy) -> Value {
    let mut map = vec![
        (key::VERSION, Value::uint(VERSION)),
        (key::RULE, encode_rule(&policy.rule)),
    ];
    if let Some(salt) = policy.salt {
        map.push((key::SALT, Value::Bytes(salt.to_vec())));
    }
    keyed(map)
}

fn keyed(entries: Vec<(u64, Value)>) -> Value {
    Value::Map(
        entries
            .into_iter()
            .map(|(key, value)| (Value::uint(key), value))
            .collect(),
    )
}

fn encode_rule(rule: &Rule) -> Value {
    let list = |of: &[Rule]| Value::Array(of.iter().map(encode_rule).collect());
    Value::Array(match rule {
        Rule::All(of) => vec![Value::uint(kind::ALL), list(of)],
        Rule::Any(of) => vec![Value::uint(kind::ANY), list(of)],
        Rule::AtLeast { k, of } => {
            vec![
                Value::uint(kind::AT_LEAST),
                Value::uint(*k as u64),
                list(of),
            ]
        }
        Rule::Not(rule) => vec![Value::uint(kind::NOT), encode_rule(rule)],
        Rule::Leaf(leaf) => {
            let (kind, map) = encode_leaf(leaf);
            vec![Value::uint(kind), keyed(map)]
        }
    })
}

fn encode_leaf(leaf: &Leaf) -> (u64, Vec<(u64, Value)>) {
    let address = |address: &Address| Value::Bytes(address.to_vec());
    let mut map = Vec::new();
    if let Some((chain, tier)) = leaf.place() {
        map.push((key::CHAIN, Value::uint(chain)));
        if tier > 0 {
            map.push((key::CONFIRMATIONS, Value::uint(tier)));
        }
    }
    let kind = match leaf {
        Leaf::Call(call) => {
            map.extend([
                (key::CONTRACT, address(&call.to)),
                (key::FUNCTION, Value::Text(call.function.canonical())),
                (key::ARGS, encode_args(&call.args)),
                (
                    key::PATH,
                    Value::Array(call.path.iter().map(|step| Value::uint(*step)).collect()),
                ),
                (key::COMPARISON, Value::uint(call.comparison as u64)),
                (key::OPERANDS, encode_args(&call.operands)),
            ]);
            kind::CALL
        }
        Leaf::Token(token) => {
            map.extend([
                (key::CONTRACT, address(&token.contract)),
                (key::STANDARD, Value::uint(token.standard.number())),
                (key::MIN, Value::Uint(token.min)),
            ]);
            if !token.ids.is_empty() {
                map.push((key::IDS, encode_args(&token.ids)));
            }
            kind::TOKEN
        }
        Leaf::Balance(balance) => {
            map.push((key::MIN, Value::Uint(balance.min)));
            kind::BALANCE
        }
        Leaf::Time(time) => {
            let ends = [(key::AFTER, time.after), (key::BEFORE, time.before)];
            map.extend(
                ends.into_iter()
                    .filter_map(|(key, end)| Some((key, Value::uint(end?)))),
            );
            kind::TIME
        }
        Leaf::Address(addresses) => {
            if let Some(chain) = addresses.chain {
                map.push((key::CHAIN, Value::uint(chain)));
            }
            map.push((
                key::LIST,
                Value::Array(addresses.list.iter().map(address).collect()),
            ));
            kind::ADDRESS
        }
        Leaf::Allowlist(allowlist) => {
            if let Some(chain) = allowlist.chain {
                map.push((key::CHAIN, Value::uint(chain)));
            }
            map.extend([
                (key::ROOT, Value::Bytes(allowlist.root.to_vec())),
                (key::PROOF, Value::Text(allowlist.proof.clone())),
            ]);
            kind::ALLOWLIST
        }
        Leaf::Subscription(subscription) => {
            map.extend([
                (key::CONTRACT, address(&subscription.contract)),
                (key::TOKEN, encode_arg(&subscription.token)),
            ]);
            kind::SUBSCRIPTION
        }
        Leaf::Storage(storage) => {
            map.extend([
                (key::CONTRACT, address(&storage.verifier)),
                (key::DATA_SET, Value::Uint(storage.data_set)),
            ]);
            if let Some(epochs) = storage.proven_within {
                map.push((key::PROVEN_WITHIN, Value::uint(epochs)));
            }
            if let Some(paid) = &storage.paid {
                let paid = keyed(vec![
                    (key::CONTRACT, address(&paid.pay)),
                    (key::RAIL, Value::Uint(paid.rail)),
                    (key::PAYER, address(&paid.payer)),
                    (key::PAID_TOKEN, address(&paid.token)),
                ]);
                map.push((key::PAID, paid));
            }
            kind::STORAGE
        }
        Leaf::Grant(grant) => {
            map.push((key::CONTRACT, address(&grant.registry)));
            if let Some(context) = &grant.context {
                map.push((key::CONTEXT, Value::Text(context.clone())));
            }
            kind::GRANT
        }
        Leaf::Zk(zk) => {
            map.extend(encode_zk(zk));
            kind::ZK
        }
    };
    (kind, map)
}

fn encode_zk(zk: &Zk) -> Vec<(u64, Value)> {
    let group = match &zk.group {
        Group::Contract { contract, .. } => (key::CONTRACT, Value::Bytes(contract.to_vec())),
        Group::Root(root) => (key::ROOT, Value::Bytes(root.to_bytes().to_vec())),
    };
    let mut map = vec![
        group,
        (key::PROOF, Value::Text(zk.proof.clone())),
        (key::CIRCUIT, Value::Text(zk.circuit.to_string())),
        (key::KEY, Value::Bytes(zk.key.as_bytes().to_vec())),
    ];
    if let Some(period) = zk.period {
        map.push((key::PERIOD, Value::uint(period)));
    }
    if let Some(ranges) = &zk.attributes {
        let ends = ranges.iter().flat_map(|range| [range.low, range.high]);
        map.push((
            key::ATTRIBUTES,
            Value::Array(ends.map(Value::uint).collect()),
        ));
    }
    map
}

fn encode_args(args: &[Arg]) -> Value {
    Value::Array(args.iter().map(encode_arg).collect())
}

fn encode_arg(arg: &Arg) -> Value {
    match arg {
        Arg::List(items) => encode_args(items),
        Arg::Placeholder(placeholder) => {
            let name = match placeholder {
                Placeholder::Reader => "reader",
                Placeholder::Item => "item",
                Placeholder::Named(name) => name,
            };
            keyed(vec![(key::NAME, Value::Text(name.to_owned()))])
        }
        Arg::Literal(scalar) => match scalar {
            Scalar::Bool(value) => Value::Bool(*value),
            Scalar::Uint(value) => Value::Uint(*value),
            Scalar::Int(value) if value.is_negative() => Value::Negative(*value),
            Scalar::Int(value) => Value::Uint(value.into_raw()),
            Scalar::Address(address) => Value::Bytes(address.to_vec()),
            Scalar::Word(word, size) => Value::Bytes(word.iter().take(*size).copied().collect()),
            Scalar::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
            Scalar::Text(text) => Value::Text(text.clone()),
        },
    }
}
