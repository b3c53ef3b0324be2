//! What fits where: literals, placeholders, paths and comparisons against declared types.

use alloy_dyn_abi::DynSolType;
use alloy_primitives::{I256, U256};

use super::{Comparison, Function, Placeholder, function::type_name};

/// The type of the output, or of the part of one, that `path` leads to.
pub(crate) fn type_at<'t>(function: &'t Function, path: &[u32]) -> Result<&'t DynSolType, String> {
    let (first, inner) = path
        .split_first()
        .ok_or_else(|| "a path begins with the position of an output".to_owned())?;
    let mut ty = function.outputs().get(*first as usize).ok_or_else(|| {
        format!(
            "there is no output {first}, the function has {} (counted from 0)",
            function.outputs().len()
        )
    })?;
    for step in inner {
        let at = *step as usize;
        ty = match ty {
            DynSolType::Tuple(types) => types.get(at).ok_or_else(|| {
                format!(
                    "there is no component {step} in {} (counted from 0)",
                    type_name(ty)
                )
            })?,
            DynSolType::FixedArray(of, size) if at < *size => of,
            DynSolType::FixedArray(..) => {
                return Err(format!(
                    "there is no element {step} in {} (counted from 0)",
                    type_name(ty)
                ));
            }
            DynSolType::Array(of) => of,
            simple => {
                return Err(format!(
                    "{} has no parts, the path goes one step too far",
                    type_name(simple)
                ));
            }
        };
    }
    Ok(ty)
}

/// The type that operands of `comparison` have when the compared value is an `output`.
pub(crate) fn operand_type(
    comparison: Comparison,
    output: &DynSolType,
) -> Result<&DynSolType, String> {
    match (comparison, output) {
        (Comparison::Contains, DynSolType::Array(of) | DynSolType::FixedArray(of, _)) => scalar(of)
            .ok_or_else(|| {
                format!(
                    "`contains` looks for elements without parts, not for {}",
                    type_name(of)
                )
            }),
        (Comparison::Contains, DynSolType::String) => Ok(output),
        (Comparison::Contains, _) => Err(format!(
            "`contains` needs an array or a string, this is {}",
            type_name(output)
        )),
        (
            Comparison::Less
            | Comparison::LessOrEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual,
            DynSolType::Uint(_) | DynSolType::Int(_),
        ) => Ok(output),
        (
            Comparison::Less
            | Comparison::LessOrEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual,
            _,
        ) => Err(format!(
            "`{}` compares integers, this is {}",
            comparison.as_str(),
            type_name(output)
        )),
        (Comparison::Equal | Comparison::NotEqual | Comparison::In, _) => scalar(output)
            .ok_or_else(|| {
                format!(
                    "{} cannot be compared as a whole; give a path to a part of it",
                    type_name(output)
                )
            }),
    }
}

/// Checks that `placeholder` can stand for a value of type `ty`.
///
/// `chosen` tells whether values that the reader chooses are allowed here.
pub(crate) fn check_placeholder(
    placeholder: &Placeholder,
    ty: &DynSolType,
    chosen: bool,
) -> Result<(), String> {
    match (placeholder, ty) {
        (Placeholder::Reader, DynSolType::Address)
        | (Placeholder::Item, DynSolType::FixedBytes(32) | DynSolType::Uint(256)) => Ok(()),
        (Placeholder::Reader, _) => Err(format!(
            "`:reader` is an address, {} is needed here",
            type_name(ty)
        )),
        (Placeholder::Item, _) => Err(format!(
            "`:item` is a bytes32 or a uint256, {} is needed here",
            type_name(ty)
        )),
        (Placeholder::Named(name), _) if !chosen => Err(format!(
            "the reader chooses the value of `:{name}`, so it cannot decide a comparison"
        )),
        (Placeholder::Named(name), _) => match scalar(ty) {
            Some(_) => Ok(()),
            None => Err(format!(
                "`:{name}` stands for one value, {} has parts",
                type_name(ty)
            )),
        },
    }
}

/// Whether an integer is in the range of `uintN`.
pub(crate) fn fits_uint(value: U256, bits: usize) -> bool {
    value.bit_len() <= bits
}

/// Whether an integer is in the range of `intN`.
pub(crate) fn fits_int(value: I256, bits: usize) -> bool {
    value.bits() as usize <= bits
}

fn scalar(ty: &DynSolType) -> Option<&DynSolType> {
    match ty {
        DynSolType::Bool
        | DynSolType::Uint(_)
        | DynSolType::Int(_)
        | DynSolType::Address
        | DynSolType::FixedBytes(_)
        | DynSolType::Bytes
        | DynSolType::String => Some(ty),
        _ => None,
    }
}
