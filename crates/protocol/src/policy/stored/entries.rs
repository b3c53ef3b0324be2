//! Reading CBOR items: maps with small integer keys, numbers, arguments by their type.

use alloy_dyn_abi::DynSolType;
use alloy_primitives::{Address, B256, I256, U256};

use super::key;
use crate::{
    ChainId,
    cbor::Value,
    context::is_name,
    policy::{
        Arg, MAX_CONFIRMATIONS, Placeholder, PolicyError, Scalar, Tier, function,
        typing::{check_placeholder, fits_int, fits_uint},
    },
};

/// The entries of a map with small integer keys.
pub(super) struct Entries {
    path: String,
    entries: Vec<(Value, Value)>,
}

impl Entries {
    pub(super) fn new(value: Value, path: &str) -> Result<Self, PolicyError> {
        match value {
            Value::Map(entries) => Ok(Self {
                path: path.to_owned(),
                entries,
            }),
            other => Err(expected(path, "a map", &other)),
        }
    }

    pub(super) fn optional<T>(
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

    pub(super) fn required<T>(
        &mut self,
        key: u64,
        name: &str,
        read: impl FnOnce(Value, &str) -> Result<T, PolicyError>,
    ) -> Result<T, PolicyError> {
        self.optional(key, name, read)?
            .ok_or_else(|| fault(&self.path, format!("`{name}` is missing")))
    }

    pub(super) fn place(&mut self) -> Result<(ChainId, Tier), PolicyError> {
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

    pub(super) fn end(self) -> Result<(), PolicyError> {
        match self.entries.first() {
            None => Ok(()),
            Some((Value::Uint(key), _)) => Err(fault(&self.path, format!("unknown key {key}"))),
            Some((key, _)) => Err(expected(&self.path, "an integer as key", key)),
        }
    }
}

pub(super) fn array(value: Value, path: &str) -> Result<Vec<Value>, PolicyError> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(expected(path, "an array", &other)),
    }
}

pub(super) fn bytes(value: Value, path: &str) -> Result<Vec<u8>, PolicyError> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        other => Err(expected(path, "a byte string", &other)),
    }
}

pub(super) fn text(value: Value, path: &str) -> Result<String, PolicyError> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(expected(path, "a text string", &other)),
    }
}

pub(super) fn uint(value: Value, path: &str) -> Result<U256, PolicyError> {
    match value {
        Value::Uint(value) => Ok(value),
        other => Err(expected(path, "an unsigned integer", &other)),
    }
}

pub(super) fn small(value: Value, path: &str) -> Result<u64, PolicyError> {
    let value = uint(value, path)?;
    u64::try_from(value).map_err(|_| fault(path, format!("{value} does not fit in 64 bits")))
}

pub(super) fn chain(value: Value, path: &str) -> Result<ChainId, PolicyError> {
    match small(value, path)? {
        0 => Err(fault(path, "0 is not a chain id")),
        chain => Ok(chain),
    }
}

pub(super) fn address(value: Value, path: &str) -> Result<Address, PolicyError> {
    let bytes = bytes(value, path)?;
    Address::try_from(bytes.as_slice()).map_err(|_| {
        fault(
            path,
            format!("an address has 20 bytes, this has {}", bytes.len()),
        )
    })
}

pub(super) fn expected(path: &str, what: &str, found: &Value) -> PolicyError {
    fault(path, format!("expected {what}, found {}", found.kind()))
}

pub(super) fn fault(path: &str, problem: impl Into<String>) -> PolicyError {
    PolicyError::At {
        path: path.to_owned(),
        position: None,
        problem: problem.into(),
    }
}

pub(super) fn decode_parts(
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

pub(super) fn decode_arg(
    value: Value,
    path: &str,
    ty: &DynSolType,
    chosen: bool,
) -> Result<Arg, PolicyError> {
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
