//! A data set of Filecoin Onchain Cloud: live, proven lately, paid for.

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, U256};

use super::{block_number, call_of, odd_reading, returned};
use crate::{
    evaluate::{
        ChainView, Read,
        outcome::{Obstacle, Outcome},
    },
    policy::{Paid, Storage},
};

/// `dataSetLive(uint256)` of PDPVerifier.
const DATA_SET_LIVE: [u8; 4] = [0xca, 0x75, 0x9f, 0x27];
/// `getDataSetLastProvenEpoch(uint256)` of PDPVerifier.
const LAST_PROVEN_EPOCH: [u8; 4] = [0x04, 0x59, 0x5c, 0x1a];
/// `getRail(uint256)` of FilecoinPayV1.
const RAIL: [u8; 4] = [0x22, 0xe4, 0x40, 0xb3];
/// `getAccountInfoIfSettled(address,address)` of FilecoinPayV1.
const ACCOUNT_INFO: [u8; 4] = [0x05, 0xf4, 0xc5, 0x36];

pub(super) fn reads(storage: &Storage) -> Vec<Read> {
    let (chain, tier) = place(storage);
    let mut reads = vec![live_read(storage)];
    if storage.proven_within.is_some() {
        reads.push(proven_read(storage));
    }
    if let Some(paid) = &storage.paid {
        reads.extend([rail_read(storage, paid), funds_read(storage, paid)]);
    }
    if reads.len() > 1 {
        reads.push(Read::BlockNumber { chain, tier });
    }
    reads
}

pub(super) fn judge(storage: &Storage, view: &impl ChainView, wanted: bool) -> Outcome {
    let mut parts = vec![live(storage, view, wanted)];
    if let Some(within) = storage.proven_within {
        parts.push(proven(storage, within, view, wanted));
    }
    if let Some(paid) = &storage.paid {
        parts.push(railed(storage, paid, view, wanted));
        parts.push(funded(storage, paid, view, wanted));
    }
    let parts = parts
        .into_iter()
        .map(|part| part.unwrap_or_else(Outcome::from));
    Outcome::all(parts.collect(), wanted)
}

fn live(storage: &Storage, view: &impl ChainView, wanted: bool) -> Result<Outcome, Obstacle> {
    let live = match returned(view, &live_read(storage), &[DynSolType::Bool])?.as_slice() {
        [DynSolValue::Bool(live)] => *live,
        _ => return Err(odd_reading()),
    };
    let id = storage.data_set;
    let found = match live {
        true => format!("data set {id} is live"),
        false => format!("data set {id} is not live"),
    };
    Ok(Outcome::known(live, found, wanted, || match wanted {
        true => format!("data set {id} must be live; what was deleted does not come back"),
        false => format!("data set {id} must be deleted"),
    }))
}

fn proven(
    storage: &Storage,
    within: u64,
    view: &impl ChainView,
    wanted: bool,
) -> Result<Outcome, Obstacle> {
    let last = match returned(view, &proven_read(storage), &[DynSolType::Uint(256)])?.as_slice() {
        [DynSolValue::Uint(last, _)] => *last,
        _ => return Err(odd_reading()),
    };
    let now = U256::from(block_number(view, place(storage))?);
    let id = storage.data_set;
    if last > now {
        return Err(Obstacle::answer(format!(
            "data set {id} was last proven in epoch {last}, later than the block's {now}"
        )));
    }
    let age = now - last;
    // Epoch 0 stands for never.
    let holds = !last.is_zero() && age <= U256::from(within);
    let found = match last.is_zero() {
        true => "never proven".to_owned(),
        false => format!("last proven in epoch {last}, {age} epochs ago"),
    };
    Ok(Outcome::known(holds, found, wanted, || match wanted {
        true => format!("the provider must prove data set {id}"),
        false => format!(
            "wait {} epochs without a proof",
            U256::from(within) - age + U256::ONE
        ),
    }))
}

/// The rail is the one that was meant, and has not ended.
fn railed(
    storage: &Storage,
    paid: &Paid,
    view: &impl ChainView,
    wanted: bool,
) -> Result<Outcome, Obstacle> {
    let rail = returned(view, &rail_read(storage, paid), &[rail_view()]).map_err(|obstacle| {
        obstacle.or(|| {
            format!(
                "rail {} must exist and not be settled to its end",
                paid.rail
            )
        })
    })?;
    let Some((token, payer, end)) = rail_parts(&rail) else {
        return Err(odd_reading());
    };
    let id = paid.rail;
    let same = payer == paid.payer && token == paid.token;
    if !same {
        let found = format!("rail {id} draws {token} from {payer}");
        return Ok(Outcome::known(false, found, wanted, || {
            format!(
                "the policy must name a rail that draws {} from {}",
                paid.token, paid.payer
            )
        }));
    }
    if end.is_zero() {
        let found = format!("rail {id} has no end");
        return Ok(Outcome::known(true, found, wanted, || {
            format!("rail {id} must be ended")
        }));
    }
    let now = U256::from(block_number(view, place(storage))?);
    let found = match end > now {
        true => format!("rail {id} ends in epoch {end}"),
        false => format!("rail {id} ended in epoch {end}"),
    };
    Ok(Outcome::known(end > now, found, wanted, || match wanted {
        true => format!("rail {id} is over; a policy must name a new one"),
        false => format!("wait until epoch {end}"),
    }))
}

fn funded(
    storage: &Storage,
    paid: &Paid,
    view: &impl ChainView,
    wanted: bool,
) -> Result<Outcome, Obstacle> {
    let word = DynSolType::Uint(256);
    let types = [word.clone(), word.clone(), word.clone(), word];
    let until = match returned(view, &funds_read(storage, paid), &types)?.as_slice() {
        [DynSolValue::Uint(until, _), ..] => *until,
        _ => return Err(odd_reading()),
    };
    let now = U256::from(block_number(view, place(storage))?);
    let found = match until == U256::MAX {
        true => "the payer owes nothing".to_owned(),
        false => format!("the payer is funded until epoch {until}, the block's is {now}"),
    };
    Ok(Outcome::known(
        until >= now,
        found,
        wanted,
        || match wanted {
            true => format!("{} must deposit more of {}", paid.payer, paid.token),
            false => format!("wait until the funds of {} are used up", paid.payer),
        },
    ))
}

/// `FilecoinPayV1.RailView`.
fn rail_view() -> DynSolType {
    let (address, word) = (DynSolType::Address, DynSolType::Uint(256));
    DynSolType::Tuple(vec![
        address.clone(), // token
        address.clone(), // from
        address.clone(), // to
        address.clone(), // operator
        address.clone(), // validator
        word.clone(),    // paymentRate
        word.clone(),    // lockupPeriod
        word.clone(),    // lockupFixed
        word.clone(),    // settledUpTo
        word.clone(),    // endEpoch
        word,            // commissionRateBps
        address,         // serviceFeeRecipient
    ])
}

/// Token, payer and end of a [`rail_view`].
fn rail_parts(outputs: &[DynSolValue]) -> Option<(Address, Address, U256)> {
    let rail = outputs.first()?.as_tuple()?;
    let (end, _) = rail.get(9)?.as_uint()?;
    Some((rail.first()?.as_address()?, rail.get(1)?.as_address()?, end))
}

const fn place(storage: &Storage) -> (u64, u64) {
    (storage.chain, storage.tier)
}

fn live_read(storage: &Storage) -> Read {
    let id = vec![DynSolValue::Uint(storage.data_set, 256)];
    call_of(place(storage), storage.verifier, &DATA_SET_LIVE, id)
}

fn proven_read(storage: &Storage) -> Read {
    let id = vec![DynSolValue::Uint(storage.data_set, 256)];
    call_of(place(storage), storage.verifier, &LAST_PROVEN_EPOCH, id)
}

fn rail_read(storage: &Storage, paid: &Paid) -> Read {
    let id = vec![DynSolValue::Uint(paid.rail, 256)];
    call_of(place(storage), paid.pay, &RAIL, id)
}

fn funds_read(storage: &Storage, paid: &Paid) -> Read {
    let account = vec![
        DynSolValue::Address(paid.token),
        DynSolValue::Address(paid.payer),
    ];
    call_of(place(storage), paid.pay, &ACCOUNT_INFO, account)
}
