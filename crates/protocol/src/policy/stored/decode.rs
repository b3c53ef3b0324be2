//! From CBOR items to policies.

use alloy_dyn_abi::DynSolType;
use alloy_primitives::B256;

use stheno_circuits::{Circuit, KeyHash, Range, Root, spec::ATTRIBUTES};

use super::{
    entries::{
        Entries, address, array, bytes, chain, decode_arg, decode_parts, expected, fault, small,
        text, uint,
    },
    key, kind,
};
use crate::{
    cbor::Value,
    policy::{
        AddressList, Allowlist, Balance, Call, Comparison, Function, Grant, Group, Leaf, Paid,
        Policy, PolicyError, Rule, Storage, Subscription, Time, Token, TokenStandard, VERSION, Zk,
        leaf_check,
        typing::{operand_type, type_at},
    },
};

/// The policy in a CBOR item; limits are the caller's to check.
pub(in crate::policy) fn decode(value: Value) -> Result<Policy, PolicyError> {
    let mut map = Entries::new(value, "policy")?;
    let version: u64 = map.required(key::VERSION, "version", small)?;
    if version != VERSION {
        let problem = format!("version {version} is not known, only {VERSION} is");
        return Err(fault("policy.version", problem));
    }
    let salt = map.optional(key::SALT, "salt", |value, path| {
        let bytes = bytes(value, path)?;
        let found = bytes.len();
        <[u8; 16]>::try_from(bytes)
            .map_err(|_| fault(path, format!("a salt has 16 bytes, this has {found}")))
    })?;
    let rule = map.required(key::RULE, "rule", |value, _| {
        decode_rule(value, "rule", false)
    })?;
    map.end()?;
    Ok(Policy { salt, rule })
}

/// `negated` tells whether the rule stands under an odd number of `not`s.
fn decode_rule(value: Value, path: &str, negated: bool) -> Result<Rule, PolicyError> {
    let mut parts = array(value, path)?.into_iter();
    let mut next = || {
        parts
            .next()
            .ok_or_else(|| fault(path, "the rule is cut short"))
    };
    let number = small(next()?, path)?;
    let rule = match number {
        kind::ALL => Rule::All(decode_rules(next()?, path, "all", negated)?),
        kind::ANY => Rule::Any(decode_rules(next()?, path, "any", negated)?),
        kind::AT_LEAST => {
            let k = small(next()?, path)?;
            let of = decode_rules(next()?, path, "at_least", negated)?;
            let k = usize::try_from(k)
                .ok()
                .filter(|k| (1..=of.len()).contains(k))
                .ok_or_else(|| fault(path, format!("at least {k} of {}", of.len())))?;
            Rule::AtLeast { k, of }
        }
        kind::NOT => {
            let inside = format!("{path}.not");
            Rule::Not(Box::new(decode_rule(next()?, &inside, !negated)?))
        }
        condition => Rule::Leaf(decode_leaf(condition, next()?, path, negated)?),
    };
    match parts.next() {
        None => Ok(rule),
        Some(_) => Err(fault(path, "the rule has parts too many")),
    }
}

fn decode_rules(
    value: Value,
    path: &str,
    name: &str,
    negated: bool,
) -> Result<Vec<Rule>, PolicyError> {
    let items = array(value, path)?;
    if items.is_empty() {
        return Err(fault(path, format!("`{name}` of nothing")));
    }
    items
        .into_iter()
        .enumerate()
        .map(|(i, item)| decode_rule(item, &format!("{path}.{name}[{i}]"), negated))
        .collect()
}

type Decoder = fn(&mut Entries) -> Result<Leaf, PolicyError>;

fn decode_leaf(number: u64, value: Value, path: &str, negated: bool) -> Result<Leaf, PolicyError> {
    let (name, decoder): (_, Decoder) = match number {
        kind::CALL => ("call", decode_call),
        kind::TOKEN => ("token", decode_token),
        kind::BALANCE => ("balance", decode_balance),
        kind::TIME => ("time", decode_time),
        kind::ADDRESS => ("address", decode_addresses),
        kind::ALLOWLIST => ("allowlist", decode_allowlist),
        kind::SUBSCRIPTION => ("subscription", decode_subscription),
        kind::STORAGE => ("storage", decode_storage),
        kind::GRANT => ("grant", decode_grant),
        kind::ZK => ("zk", decode_zk),
        unknown => {
            let problem =
                format!("unknown condition number {unknown}; a newer version may know it");
            return Err(fault(path, problem));
        }
    };
    let path = format!("{path}.{name}");
    let mut map = Entries::new(value, &path)?;
    let leaf = decoder(&mut map)?;
    map.end()?;
    leaf_check(&leaf, negated)
        .map_err(|(field, problem)| fault(&format!("{path}.{field}"), problem))?;
    Ok(leaf)
}

fn decode_call(map: &mut Entries) -> Result<Leaf, PolicyError> {
    let (chain, tier) = map.place()?;
    let to = map.required(key::CONTRACT, "to", address)?;
    let function = map.required(key::FUNCTION, "function", |value, path| match value {
        Value::Text(text) => Function::from_canonical(&text).map_err(|p| fault(path, p)),
        other => Err(expected(path, "a function", &other)),
    })?;
    let args = map.required(key::ARGS, "args", |value, path| {
        let items = array(value, path)?;
        decode_parts(
            items,
            path,
            &function.inputs().iter().collect::<Vec<_>>(),
            true,
        )
    })?;
    let path = map.required(key::PATH, "path", |value, path| {
        array(value, path)?
            .into_iter()
            .map(|step| {
                u32::try_from(small(step, path)?)
                    .map_err(|_| fault(path, "a position does not fit in 32 bits"))
            })
            .collect::<Result<Vec<u32>, _>>()
    })?;
    let comparison = map.required(key::COMPARISON, "comparison", |value, path| {
        let number = small(value, path)?;
        usize::try_from(number)
            .ok()
            .and_then(|number| Comparison::ALL.get(number).copied())
            .ok_or_else(|| fault(path, format!("unknown comparison {number}")))
    })?;
    let operands = map.required(key::OPERANDS, "operands", |value, at| {
        let ty = type_at(&function, &path)
            .and_then(|ty| operand_type(comparison, ty))
            .map_err(|problem| fault(at, problem))?;
        let items = array(value, at)?;
        if items.is_empty() || (comparison != Comparison::In && items.len() != 1) {
            let problem = format!("{} operands for `{}`", items.len(), comparison.as_str());
            return Err(fault(at, problem));
        }
        let types = vec![ty; items.len()];
        decode_parts(items, at, &types, false)
    })?;
    Ok(Leaf::Call(Box::new(Call {
        chain,
        tier,
        to,
        function,
        args,
        path,
        comparison,
        operands,
    })))
}

fn decode_token(map: &mut Entries) -> Result<Leaf, PolicyError> {
    let (chain, tier) = map.place()?;
    let ids = map.optional(key::IDS, "ids", |value, path| {
        let items = array(value, path)?;
        if items.is_empty() {
            return Err(fault(path, "an empty list of ids is left out"));
        }
        let types = vec![&DynSolType::Uint(256); items.len()];
        decode_parts(items, path, &types, true)
    })?;
    Ok(Leaf::Token(Token {
        chain,
        tier,
        contract: map.required(key::CONTRACT, "contract", address)?,
        standard: map.required(key::STANDARD, "standard", |value, path| {
            let number = small(value, path)?;
            TokenStandard::ALL
                .into_iter()
                .find(|standard| u64::from(standard.number()) == number)
                .ok_or_else(|| fault(path, format!("unknown standard ERC-{number}")))
        })?,
        min: map.required(key::MIN, "min", uint)?,
        ids: ids.unwrap_or_default(),
    }))
}

fn decode_balance(map: &mut Entries) -> Result<Leaf, PolicyError> {
    let (chain, tier) = map.place()?;
    let min = map.required(key::MIN, "min", uint)?;
    Ok(Leaf::Balance(Balance { chain, tier, min }))
}

fn decode_time(map: &mut Entries) -> Result<Leaf, PolicyError> {
    let (chain, tier) = map.place()?;
    Ok(Leaf::Time(Time {
        chain,
        tier,
        after: map.optional(key::AFTER, "after", small)?,
        before: map.optional(key::BEFORE, "before", small)?,
    }))
}

fn decode_addresses(map: &mut Entries) -> Result<Leaf, PolicyError> {
    let chain = map.optional(key::CHAIN, "chain", chain)?;
    let list = map.required(key::LIST, "in", |value, path| {
        let items = array(value, path)?.into_iter();
        items
            .map(|item| address(item, path))
            .collect::<Result<Vec<_>, _>>()
    })?;
    Ok(Leaf::Address(AddressList { chain, list }))
}

fn decode_allowlist(map: &mut Entries) -> Result<Leaf, PolicyError> {
    Ok(Leaf::Allowlist(Allowlist {
        chain: map.optional(key::CHAIN, "chain", chain)?,
        root: map.required(key::ROOT, "root", |value, path| {
            let bytes = bytes(value, path)?;
            B256::try_from(bytes.as_slice()).map_err(|_| {
                fault(
                    path,
                    format!("a root has 32 bytes, this has {}", bytes.len()),
                )
            })
        })?,
        proof: map.required(key::PROOF, "proof", text)?,
    }))
}

fn decode_subscription(map: &mut Entries) -> Result<Leaf, PolicyError> {
    let (chain, tier) = map.place()?;
    Ok(Leaf::Subscription(Subscription {
        chain,
        tier,
        contract: map.required(key::CONTRACT, "contract", address)?,
        token: map.required(key::TOKEN, "token", |value, path| {
            decode_arg(value, path, &DynSolType::Uint(256), true)
        })?,
    }))
}

fn decode_storage(map: &mut Entries) -> Result<Leaf, PolicyError> {
    let (chain, tier) = map.place()?;
    Ok(Leaf::Storage(Storage {
        chain,
        tier,
        verifier: map.required(key::CONTRACT, "verifier", address)?,
        data_set: map.required(key::DATA_SET, "dataSet", uint)?,
        proven_within: map.optional(key::PROVEN_WITHIN, "provenWithin", small)?,
        paid: map.optional(key::PAID, "paid", |value, path| {
            let mut map = Entries::new(value, path)?;
            let paid = Paid {
                pay: map.required(key::CONTRACT, "pay", address)?,
                rail: map.required(key::RAIL, "rail", uint)?,
                payer: map.required(key::PAYER, "payer", address)?,
                token: map.required(key::PAID_TOKEN, "token", address)?,
            };
            map.end()?;
            Ok(paid)
        })?,
    }))
}

fn decode_grant(map: &mut Entries) -> Result<Leaf, PolicyError> {
    let (chain, tier) = map.place()?;
    Ok(Leaf::Grant(Grant {
        chain,
        tier,
        registry: map.required(key::CONTRACT, "registry", address)?,
        context: map.optional(key::CONTEXT, "context", text)?,
    }))
}

fn decode_zk(map: &mut Entries) -> Result<Leaf, PolicyError> {
    let group = match map.optional(key::CONTRACT, "group", address)? {
        Some(contract) => {
            let (chain, tier) = map.place()?;
            Group::Contract {
                chain,
                tier,
                contract,
            }
        }
        None => Group::Root(map.required(key::ROOT, "root", |value, path| {
            Root::from_bytes(&word(value, path)?).map_err(|error| fault(path, error.to_string()))
        })?),
    };
    Ok(Leaf::Zk(Zk {
        group,
        proof: map.required(key::PROOF, "proof", text)?,
        circuit: map.required(key::CIRCUIT, "circuit", |value, path| {
            let name: Result<Circuit, _> = text(value, path)?.parse();
            name.map_err(|error| fault(path, error.to_string()))
        })?,
        key: map.required(key::KEY, "key", |value, path| {
            word(value, path).map(KeyHash::from_bytes)
        })?,
        period: map.optional(key::PERIOD, "period", small)?,
        attributes: map.optional(key::ATTRIBUTES, "attributes", ranges)?,
    }))
}

/// The ends of the attributes' ranges, low and high in turn.
fn ranges(value: Value, path: &str) -> Result<[Range; ATTRIBUTES], PolicyError> {
    let items = array(value, path)?.into_iter();
    let ends: Result<Vec<u64>, _> = items.map(|item| small(item, path)).collect();
    let ends = ends?;
    let (pairs, rest) = ends.as_chunks();
    let ranges: Vec<Range> = pairs
        .iter()
        .map(|[low, high]| Range {
            low: *low,
            high: *high,
        })
        .collect();
    let count = ends.len();
    match (ranges.try_into(), rest) {
        (Ok(ranges), []) => Ok(ranges),
        _ => Err(fault(
            path,
            format!(
                "{} ends of ranges where {} are needed",
                count,
                2 * ATTRIBUTES
            ),
        )),
    }
}

fn word(value: Value, path: &str) -> Result<[u8; 32], PolicyError> {
    let bytes = bytes(value, path)?;
    let found = bytes.len();
    <[u8; 32]>::try_from(bytes)
        .map_err(|_| fault(path, format!("expected 32 bytes, found {found}")))
}
