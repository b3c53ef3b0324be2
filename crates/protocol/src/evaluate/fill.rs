//! Filling in placeholders: from a policy's arguments to ABI values.

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, B256, I256, U256};

use super::{Subject, outcome::Obstacle};
use crate::{
    ChainId, ContextValue,
    policy::{
        Arg, Placeholder, Scalar,
        typing::{fits_int, fits_uint},
    },
};

/// The reader's address on `chain`, or why there is none.
pub(super) fn reader(subject: &Subject, chain: ChainId) -> Result<Address, Obstacle> {
    let account = subject.account.ok_or_else(Obstacle::no_account)?;
    account.on(chain).ok_or_else(|| {
        Obstacle::elsewhere(
            format!(
                "the account is a contract on chain {}, which proves nothing on chain {chain}",
                account.chain
            ),
            Some(chain),
        )
    })
}

/// The value of `arg` for `subject`, as a `ty`, or what is missing.
pub(super) fn value(
    arg: &Arg,
    ty: &DynSolType,
    subject: &Subject,
    chain: ChainId,
) -> Result<DynSolValue, Obstacle> {
    match (arg, ty) {
        (Arg::Literal(scalar), _) => Ok(literal(scalar, ty)),
        (Arg::Placeholder(Placeholder::Reader), _) => {
            reader(subject, chain).map(DynSolValue::Address)
        }
        (Arg::Placeholder(Placeholder::Item), ty) => {
            let item = B256::from(*subject.item.as_bytes());
            Ok(match ty {
                DynSolType::Uint(bits) => DynSolValue::Uint(U256::from_be_bytes(item.0), *bits),
                _ => DynSolValue::FixedBytes(item, 32),
            })
        }
        (Arg::Placeholder(Placeholder::Named(name)), _) => named(name, ty, subject),
        (Arg::List(items), DynSolType::Tuple(types)) => {
            all(items.iter().zip(types), subject, chain).map(DynSolValue::Tuple)
        }
        (Arg::List(items), DynSolType::FixedArray(of, _)) => {
            all(items.iter().map(|item| (item, &**of)), subject, chain).map(DynSolValue::FixedArray)
        }
        (Arg::List(items), DynSolType::Array(of)) => {
            all(items.iter().map(|item| (item, &**of)), subject, chain).map(DynSolValue::Array)
        }
        (Arg::List(_), _) => Err(Obstacle::new(
            format!("a list is not a {ty}"),
            "report this as a fault of the node",
        )),
    }
}

/// The context's value called `name`, as a `ty`.
pub(super) fn named(
    name: &str,
    ty: &DynSolType,
    subject: &Subject,
) -> Result<DynSolValue, Obstacle> {
    let remedy = || format!("send a value `{name}` of type {ty} in the request's context");
    let given = subject
        .context
        .value(name)
        .ok_or_else(|| Obstacle::new(format!("the context has no value `{name}`"), remedy()))?;
    chosen(given, ty).ok_or_else(|| {
        Obstacle::new(
            format!("the context's value `{name}` is not a {ty}"),
            remedy(),
        )
    })
}

fn all<'a>(
    items: impl Iterator<Item = (&'a Arg, &'a DynSolType)>,
    subject: &Subject,
    chain: ChainId,
) -> Result<Vec<DynSolValue>, Obstacle> {
    items
        .map(|(item, ty)| value(item, ty, subject, chain))
        .collect()
}

/// A literal, which was checked against its type when the policy was read.
fn literal(scalar: &Scalar, ty: &DynSolType) -> DynSolValue {
    match (scalar, ty) {
        (Scalar::Bool(value), _) => DynSolValue::Bool(*value),
        (Scalar::Uint(value), DynSolType::Uint(bits)) => DynSolValue::Uint(*value, *bits),
        (Scalar::Uint(value), _) => DynSolValue::Uint(*value, 256),
        (Scalar::Int(value), DynSolType::Int(bits)) => DynSolValue::Int(*value, *bits),
        (Scalar::Int(value), _) => DynSolValue::Int(*value, 256),
        (Scalar::Address(address), _) => DynSolValue::Address(*address),
        (Scalar::Word(word, size), _) => DynSolValue::FixedBytes(*word, *size),
        (Scalar::Bytes(bytes), _) => DynSolValue::Bytes(bytes.to_vec()),
        (Scalar::Text(text), _) => DynSolValue::String(text.clone()),
    }
}

/// A context value as a `ty`, if it is one.
fn chosen(given: &ContextValue, ty: &DynSolType) -> Option<DynSolValue> {
    match (given, ty) {
        (ContextValue::Bool(value), DynSolType::Bool) => Some(DynSolValue::Bool(*value)),
        (ContextValue::Uint(value), DynSolType::Uint(bits)) => {
            fits_uint(*value, *bits).then_some(DynSolValue::Uint(*value, *bits))
        }
        (ContextValue::Uint(value), DynSolType::Int(bits)) => {
            let value = I256::from_raw(*value);
            (!value.is_negative() && fits_int(value, *bits))
                .then_some(DynSolValue::Int(value, *bits))
        }
        (ContextValue::Negative(value), DynSolType::Int(bits)) => {
            fits_int(*value, *bits).then_some(DynSolValue::Int(*value, *bits))
        }
        (ContextValue::Text(text), DynSolType::String) => Some(DynSolValue::String(text.clone())),
        (ContextValue::Bytes(bytes), DynSolType::Bytes) => Some(DynSolValue::Bytes(bytes.to_vec())),
        (ContextValue::Bytes(bytes), DynSolType::FixedBytes(size)) => (bytes.len() == *size)
            .then(|| DynSolValue::FixedBytes(B256::right_padding_from(bytes), *size)),
        (ContextValue::Bytes(bytes), DynSolType::Address) => Address::try_from(bytes.as_ref())
            .ok()
            .map(DynSolValue::Address),
        _ => None,
    }
}
