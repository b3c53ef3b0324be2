//! A view function and what must come of it.

use alloy_dyn_abi::DynSolValue;

use super::{call_of, returned};
use crate::{
    evaluate::{
        ChainView, Read, Subject, fill,
        outcome::{Obstacle, Outcome},
        words,
    },
    policy::{Call, Comparison, typing},
};

pub(super) fn read(call: &Call, subject: &Subject) -> Result<Read, Obstacle> {
    let values = call
        .args
        .iter()
        .zip(call.function.inputs())
        .map(|(arg, ty)| fill::value(arg, ty, subject, call.chain))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(call_of(
        (call.chain, call.tier),
        call.to,
        call.function.selector().as_slice(),
        values,
    ))
}

pub(super) fn judge(
    call: &Call,
    subject: &Subject,
    view: &impl ChainView,
    wanted: bool,
) -> Result<Outcome, Obstacle> {
    let outputs = returned(view, &read(call, subject)?, call.function.outputs())?;
    let mut values = outputs.as_slice();
    let mut value = None;
    for step in &call.path {
        let next = values.get(*step as usize).ok_or_else(|| {
            Obstacle::answer(format!(
                "the array has {} elements, none at position {step}",
                values.len()
            ))
        })?;
        values = parts(next);
        value = Some(next);
    }
    let value = value.ok_or_else(ill_typed)?;
    let ty = typing::type_at(&call.function, &call.path)
        .and_then(|ty| typing::operand_type(call.comparison, ty))
        .map_err(|_| ill_typed())?;
    let operands = call
        .operands
        .iter()
        .map(|arg| fill::value(arg, ty, subject, call.chain))
        .collect::<Result<Vec<_>, _>>()?;
    let holds = compare(call.comparison, value, &operands).ok_or_else(ill_typed)?;
    let found = format!("returned {}", words::value(value));
    Ok(Outcome::known(holds, found, wanted, || {
        format!("it must come so that {}", words::call(call, !wanted))
    }))
}

/// Which reading the policy rules out.
fn ill_typed() -> Obstacle {
    Obstacle::new(
        "the policy is not well typed",
        "report this as a fault of the node",
    )
}

fn parts(value: &DynSolValue) -> &[DynSolValue] {
    match value {
        DynSolValue::Tuple(values)
        | DynSolValue::Array(values)
        | DynSolValue::FixedArray(values) => values,
        _ => &[],
    }
}

/// None where the types do not fit, which reading the policy rules out.
fn compare(comparison: Comparison, value: &DynSolValue, operands: &[DynSolValue]) -> Option<bool> {
    let (first, _) = operands.split_first()?;
    let order = || match (value, first) {
        (DynSolValue::Uint(a, _), DynSolValue::Uint(b, _)) => Some(a.cmp(b)),
        (DynSolValue::Int(a, _), DynSolValue::Int(b, _)) => Some(a.cmp(b)),
        _ => None,
    };
    let same_type = |other: &DynSolValue| value.as_type() == other.as_type();
    match comparison {
        Comparison::Equal => same_type(first).then(|| value == first),
        Comparison::NotEqual => same_type(first).then(|| value != first),
        Comparison::In => operands
            .iter()
            .all(same_type)
            .then(|| operands.contains(value)),
        Comparison::Less => Some(order()?.is_lt()),
        Comparison::LessOrEqual => Some(order()?.is_le()),
        Comparison::Greater => Some(order()?.is_gt()),
        Comparison::GreaterOrEqual => Some(order()?.is_ge()),
        Comparison::Contains => match (value, first) {
            (DynSolValue::String(text), DynSolValue::String(part)) => Some(text.contains(part)),
            (DynSolValue::Array(items) | DynSolValue::FixedArray(items), _) => {
                Some(items.contains(first))
            }
            _ => None,
        },
    }
}
