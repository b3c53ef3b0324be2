//! From CBOR items to policies.

use alloy_dyn_abi::DynSolType;

use super::{
    entries::{Entries, address, array, bytes, chain, decode_parts, expected, fault, small, uint},
    key, kind,
};
use crate::{
    cbor::Value,
    policy::{
        AddressList, Balance, Call, Comparison, Function, Leaf, Policy, PolicyError, Rule, Time,
        Token, TokenStandard, VERSION, leaf_check,
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
    let rule = map.required(key::RULE, "rule", |value, _| decode_rule(value, "rule"))?;
    map.end()?;
    Ok(Policy { salt, rule })
}

fn decode_rule(value: Value, path: &str) -> Result<Rule, PolicyError> {
    let mut parts = array(value, path)?.into_iter();
    let mut next = || {
        parts
            .next()
            .ok_or_else(|| fault(path, "the rule is cut short"))
    };
    let number = small(next()?, path)?;
    let rule = match number {
        kind::ALL => Rule::All(decode_rules(next()?, path, "all")?),
        kind::ANY => Rule::Any(decode_rules(next()?, path, "any")?),
        kind::AT_LEAST => {
            let k = small(next()?, path)?;
            let of = decode_rules(next()?, path, "at_least")?;
            let k = usize::try_from(k)
                .ok()
                .filter(|k| (1..=of.len()).contains(k))
                .ok_or_else(|| fault(path, format!("at least {k} of {}", of.len())))?;
            Rule::AtLeast { k, of }
        }
        kind::NOT => Rule::Not(Box::new(decode_rule(next()?, &format!("{path}.not"))?)),
        kind::CALL => Rule::Leaf(decode_leaf(next()?, &format!("{path}.call"), decode_call)?),
        kind::TOKEN => Rule::Leaf(decode_leaf(
            next()?,
            &format!("{path}.token"),
            decode_token,
        )?),
        kind::BALANCE => Rule::Leaf(decode_leaf(next()?, &format!("{path}.balance"), |map| {
            let (chain, tier) = map.place()?;
            let min = map.required(key::MIN, "min", uint)?;
            Ok(Leaf::Balance(Balance { chain, tier, min }))
        })?),
        kind::TIME => Rule::Leaf(decode_leaf(next()?, &format!("{path}.time"), |map| {
            let (chain, tier) = map.place()?;
            Ok(Leaf::Time(Time {
                chain,
                tier,
                after: map.optional(key::AFTER, "after", small)?,
                before: map.optional(key::BEFORE, "before", small)?,
            }))
        })?),
        kind::ADDRESS => Rule::Leaf(decode_leaf(
            next()?,
            &format!("{path}.address"),
            decode_addresses,
        )?),
        unknown => {
            let problem =
                format!("unknown condition number {unknown}; a newer version may know it");
            return Err(fault(path, problem));
        }
    };
    match parts.next() {
        None => Ok(rule),
        Some(_) => Err(fault(path, "the rule has parts too many")),
    }
}

fn decode_rules(value: Value, path: &str, name: &str) -> Result<Vec<Rule>, PolicyError> {
    let items = array(value, path)?;
    if items.is_empty() {
        return Err(fault(path, format!("`{name}` of nothing")));
    }
    items
        .into_iter()
        .enumerate()
        .map(|(i, item)| decode_rule(item, &format!("{path}.{name}[{i}]")))
        .collect()
}

fn decode_leaf(
    value: Value,
    path: &str,
    read: impl FnOnce(&mut Entries) -> Result<Leaf, PolicyError>,
) -> Result<Leaf, PolicyError> {
    let mut map = Entries::new(value, path)?;
    let leaf = read(&mut map)?;
    map.end()?;
    leaf_check(&leaf).map_err(|(field, problem)| fault(&format!("{path}.{field}"), problem))?;
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
