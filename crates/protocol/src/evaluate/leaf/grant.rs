//! What a contract says of the reader and the item, by `IAccessCondition`.

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::B256;

use super::{call_of, odd_reading, returned};
use crate::{
    evaluate::{
        ChainView, Read, Subject, fill,
        outcome::{Obstacle, Outcome},
    },
    policy::Grant,
};

/// `canRead(address,bytes32,bytes)`.
const CAN_READ: [u8; 4] = [0x8c, 0x55, 0x5c, 0x7e];

pub(super) fn read(grant: &Grant, subject: &Subject) -> Result<Read, Obstacle> {
    let reader = fill::reader(subject, grant.chain)?;
    let context = match &grant.context {
        Some(name) => fill::named(name, &DynSolType::Bytes, subject)?,
        None => DynSolValue::Bytes(Vec::new()),
    };
    let args = vec![
        DynSolValue::Address(reader),
        DynSolValue::FixedBytes(B256::from(*subject.item.as_bytes()), 32),
        context,
    ];
    let place = (grant.chain, grant.tier);
    Ok(call_of(place, grant.registry, &CAN_READ, args))
}

pub(super) fn judge(
    grant: &Grant,
    subject: &Subject,
    view: &impl ChainView,
    wanted: bool,
) -> Result<Outcome, Obstacle> {
    let read = read(grant, subject)?;
    let Grant {
        registry, chain, ..
    } = grant;
    let granted = returned(view, &read, &[DynSolType::Bool]).map_err(|obstacle| {
        obstacle.or(|| {
            format!(
                "the item must have begun in {registry} on chain {chain}, and each contract that its \
                 terms ask must answer; ask who keeps it"
            )
        })
    })?;
    let granted = match granted.as_slice() {
        [DynSolValue::Bool(granted)] => *granted,
        _ => return Err(odd_reading()),
    };
    let found = match granted {
        true => "granted",
        false => "not granted",
    };
    Ok(Outcome::known(
        granted,
        found.to_owned(),
        wanted,
        || match wanted {
            true => format!("ask who keeps {registry} on chain {chain} for a grant of this item"),
            false => format!("the grant in {registry} on chain {chain} must end"),
        },
    ))
}
