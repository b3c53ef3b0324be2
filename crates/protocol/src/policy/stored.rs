//! The stored form of policies: deterministic CBOR. `policy.cddl` is its grammar.

use alloy_dyn_abi::DynSolType;
use alloy_primitives::{Address, B256, I256, U256};

use super::{
    AddressList, Arg, Balance, Call, Comparison, Function, Leaf, MAX_CONFIRMATIONS, Placeholder,
    Policy, PolicyError, Rule, Scalar, Tier, Time, Token, TokenStandard, VERSION, function,
    leaf_check,
    typing::{check_placeholder, fits_int, fits_uint, operand_type, type_at},
};
use crate::{ChainId, cbor::Value, context::is_name};

/// Numbers of rules and conditions.
mod kind {
    pub(super) const ALL: u64 = 0;
    pub(super) const ANY: u64 = 1;
    pub(super) const AT_LEAST: u64 = 2;
    pub(super) const NOT: u64 = 3;
    pub(super) const CALL: u64 = 16;
    pub(super) const TOKEN: u64 = 17;
    pub(super) const BALANCE: u64 = 18;
    pub(super) const TIME: u64 = 19;
    pub(super) const ADDRESS: u64 = 20;
}

/// Keys of maps. Keys up to `CONFIRMATIONS` mean the same in every condition.
mod key {
    pub(super) const VERSION: u64 = 1;
    pub(super) const RULE: u64 = 2;
    pub(super) const SALT: u64 = 3;

    pub(super) const CHAIN: u64 = 1;
    pub(super) const CONTRACT: u64 = 2;
    pub(super) const CONFIRMATIONS: u64 = 3;

    pub(super) const FUNCTION: u64 = 4;
    pub(super) const ARGS: u64 = 5;
    pub(super) const PATH: u64 = 6;
    pub(super) const COMPARISON: u64 = 7;
    pub(super) const OPERANDS: u64 = 8;

    pub(super) const STANDARD: u64 = 4;
    pub(super) const MIN: u64 = 5;
    pub(super) const IDS: u64 = 6;

    pub(super) const AFTER: u64 = 4;
    pub(super) const BEFORE: u64 = 5;

    pub(super) const LIST: u64 = 4;

    /// The one key of a placeholder.
    pub(super) const NAME: u64 = 0;
}

/// The policy as CBOR.
pub(super) fn encode(policy: &Policy) -> Value {
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
    };
    (kind, map)
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

/// The policy in a CBOR item; limits are the caller's to check.
pub(super) fn decode(value: Value) -> Result<Policy, PolicyError> {
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

fn decode_parts(
    items: Vec<Value>,
    path: &str,
    types: &[&DynSolType],
    chosen: bool,
) -> Result<Vec<Arg>, PolicyError> {
    if items.len() != types.len() {
        let problem = format!("{} values where {} are needed", items.len(), types.len());
        return Err(fault(path, problem));
    }
    items
        .into_iter()
        .zip(types)
        .enumerate()
        .map(|(i, (item, ty))| decode_arg(item, &format!("{path}[{i}]"), ty, chosen))
        .collect()
}

fn decode_arg(value: Value, path: &str, ty: &DynSolType, chosen: bool) -> Result<Arg, PolicyError> {
    if let Value::Map(_) = value {
        let mut map = Entries::new(value, path)?;
        let placeholder = map.required(key::NAME, "name", |value, path| match value {
            Value::Text(name) if name == "reader" => Ok(Placeholder::Reader),
            Value::Text(name) if name == "item" => Ok(Placeholder::Item),
            Value::Text(name) if is_name(&name) => Ok(Placeholder::Named(name)),
            other => Err(expected(path, "a placeholder's name", &other)),
        })?;
        map.end()?;
        check_placeholder(&placeholder, ty, chosen).map_err(|problem| fault(path, problem))?;
        return Ok(Arg::Placeholder(placeholder));
    }
    let types: Vec<&DynSolType> = match (ty, &value) {
        (DynSolType::Tuple(types), _) => types.iter().collect(),
        (DynSolType::FixedArray(of, size), _) => vec![of; *size],
        (DynSolType::Array(of), Value::Array(items)) => vec![of; items.len()],
        _ => return decode_scalar(value, path, ty).map(Arg::Literal),
    };
    decode_parts(array(value, path)?, path, &types, chosen).map(Arg::List)
}

fn decode_scalar(value: Value, path: &str, ty: &DynSolType) -> Result<Scalar, PolicyError> {
    match (ty, value) {
        (DynSolType::Bool, Value::Bool(value)) => Ok(Scalar::Bool(value)),
        (DynSolType::Uint(bits), Value::Uint(value)) if fits_uint(value, *bits) => {
            Ok(Scalar::Uint(value))
        }
        (DynSolType::Int(bits), Value::Uint(value)) => {
            let value = I256::from_raw(value);
            if value.is_negative() || !fits_int(value, *bits) {
                return Err(fault(path, format!("an integer beyond int{bits}")));
            }
            Ok(Scalar::Int(value))
        }
        (DynSolType::Int(bits), Value::Negative(value)) if fits_int(value, *bits) => {
            Ok(Scalar::Int(value))
        }
        (DynSolType::Address, value @ Value::Bytes(_)) => address(value, path).map(Scalar::Address),
        (DynSolType::FixedBytes(size), Value::Bytes(bytes)) if bytes.len() == *size => {
            Ok(Scalar::Word(B256::right_padding_from(&bytes), *size))
        }
        (DynSolType::Bytes, Value::Bytes(bytes)) => Ok(Scalar::Bytes(bytes.into())),
        (DynSolType::String, Value::Text(text)) => Ok(Scalar::Text(text)),
        (_, other) => Err(expected(path, &function::type_name(ty), &other)),
    }
}

/// The entries of a map with small integer keys.
struct Entries {
    path: String,
    entries: Vec<(Value, Value)>,
}

impl Entries {
    fn new(value: Value, path: &str) -> Result<Self, PolicyError> {
        match value {
            Value::Map(entries) => Ok(Self {
                path: path.to_owned(),
                entries,
            }),
            other => Err(expected(path, "a map", &other)),
        }
    }

    fn optional<T>(
        &mut self,
        key: u64,
        name: &str,
        read: impl FnOnce(Value, &str) -> Result<T, PolicyError>,
    ) -> Result<Option<T>, PolicyError> {
        let key = Value::uint(key);
        match self.entries.iter().position(|(other, _)| *other == key) {
            Some(at) => {
                let (_, value) = self.entries.remove(at);
                read(value, &format!("{}.{name}", self.path)).map(Some)
            }
            None => Ok(None),
        }
    }

    fn required<T>(
        &mut self,
        key: u64,
        name: &str,
        read: impl FnOnce(Value, &str) -> Result<T, PolicyError>,
    ) -> Result<T, PolicyError> {
        self.optional(key, name, read)?
            .ok_or_else(|| fault(&self.path, format!("`{name}` is missing")))
    }

    fn place(&mut self) -> Result<(ChainId, Tier), PolicyError> {
        let chain = self.required(key::CHAIN, "chain", chain)?;
        let tier = self.optional(
            key::CONFIRMATIONS,
            "confirmations",
            |value, path| match small(value, path)? {
                tier @ 1..=MAX_CONFIRMATIONS => Ok(tier),
                other => Err(fault(path, format!("{other} confirmations"))),
            },
        )?;
        Ok((chain, tier.unwrap_or(0)))
    }

    fn end(self) -> Result<(), PolicyError> {
        match self.entries.first() {
            None => Ok(()),
            Some((Value::Uint(key), _)) => Err(fault(&self.path, format!("unknown key {key}"))),
            Some((key, _)) => Err(expected(&self.path, "an integer as key", key)),
        }
    }
}

fn array(value: Value, path: &str) -> Result<Vec<Value>, PolicyError> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(expected(path, "an array", &other)),
    }
}

fn bytes(value: Value, path: &str) -> Result<Vec<u8>, PolicyError> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        other => Err(expected(path, "a byte string", &other)),
    }
}

fn uint(value: Value, path: &str) -> Result<U256, PolicyError> {
    match value {
        Value::Uint(value) => Ok(value),
        other => Err(expected(path, "an unsigned integer", &other)),
    }
}

fn small(value: Value, path: &str) -> Result<u64, PolicyError> {
    let value = uint(value, path)?;
    u64::try_from(value).map_err(|_| fault(path, format!("{value} does not fit in 64 bits")))
}

fn chain(value: Value, path: &str) -> Result<ChainId, PolicyError> {
    match small(value, path)? {
        0 => Err(fault(path, "0 is not a chain id")),
        chain => Ok(chain),
    }
}

fn address(value: Value, path: &str) -> Result<Address, PolicyError> {
    let bytes = bytes(value, path)?;
    Address::try_from(bytes.as_slice()).map_err(|_| {
        fault(
            path,
            format!("an address has 20 bytes, this has {}", bytes.len()),
        )
    })
}

fn expected(path: &str, what: &str, found: &Value) -> PolicyError {
    fault(path, format!("expected {what}, found {}", found.kind()))
}

fn fault(path: &str, problem: impl Into<String>) -> PolicyError {
    PolicyError::At {
        path: path.to_owned(),
        position: None,
        problem: problem.into(),
    }
}
