//! One condition: what it reads, and what it makes of the readings.

mod account;
mod allowlist;
mod call;
mod grant;
mod storage;
mod subscription;
mod token;
mod zk;

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, Bytes};

use super::{
    ChainView, RETURN_CAP, Read, Reading, Subject, Unknown, abi,
    outcome::{Obstacle, Outcome},
};
use crate::{
    ChainId, Tier,
    policy::{Leaf, Time, time_text},
};

/// What `leaf` has to read for `subject`; nothing where something is missing.
pub(super) fn reads(leaf: &Leaf, subject: &Subject) -> Vec<Read> {
    let one = |read: Result<Read, Obstacle>| read.map(|read| vec![read]);
    let reads = match leaf {
        Leaf::Call(call) => one(call::read(call, subject)),
        Leaf::Token(token) => one(token::read(token, subject)),
        Leaf::Balance(balance) => one(account::balance_read(balance, subject)),
        Leaf::Time(time) => one(Ok(time_read(time))),
        Leaf::Subscription(subscription) => subscription::reads(subscription, subject),
        Leaf::Storage(storage) => Ok(storage::reads(storage)),
        Leaf::Grant(grant) => one(grant::read(grant, subject)),
        Leaf::Zk(zk) => zk::reads(zk, subject),
        Leaf::Address(_) | Leaf::Allowlist(_) => Ok(Vec::new()),
    };
    reads.unwrap_or_default()
}

/// Judges `leaf` for `subject`; `wanted` is whether it should hold, for the remedy.
pub(super) fn judge(
    leaf: &Leaf,
    subject: &Subject,
    view: &impl ChainView,
    wanted: bool,
) -> Outcome {
    match leaf {
        Leaf::Call(call) => call::judge(call, subject, view, wanted),
        Leaf::Token(token) => token::judge(token, subject, view, wanted),
        Leaf::Balance(balance) => account::balance(balance, subject, view, wanted),
        Leaf::Time(time) => judge_time(time, view, wanted),
        Leaf::Address(addresses) => account::listed(addresses, subject, wanted),
        Leaf::Allowlist(allowlist) => allowlist::judge(allowlist, subject, wanted),
        Leaf::Subscription(subscription) => {
            subscription::judge(subscription, subject, view, wanted)
        }
        Leaf::Storage(storage) => Ok(storage::judge(storage, view, wanted)),
        Leaf::Grant(grant) => grant::judge(grant, subject, view, wanted),
        Leaf::Zk(zk) => zk::judge(zk, subject, view, wanted),
    }
    .unwrap_or_else(Outcome::from)
}

/// A call of the function with this selector.
fn call_of(
    (chain, tier): (ChainId, Tier),
    to: Address,
    selector: &[u8],
    args: Vec<DynSolValue>,
) -> Read {
    let mut data = selector.to_vec();
    data.extend(DynSolValue::Tuple(args).abi_encode_params());
    Read::Call {
        chain,
        tier,
        to,
        data: data.into(),
    }
}

/// What a call returned, within the cap and decodable.
fn returned(
    view: &impl ChainView,
    read: &Read,
    types: &[DynSolType],
) -> Result<Vec<DynSolValue>, Obstacle> {
    let data: Bytes = match view.read(read)? {
        Reading::Bytes(data) => data,
        _ => return Err(odd_reading()),
    };
    if data.len() > RETURN_CAP {
        return Err(Unknown::TooLong.into());
    }
    if data.is_empty() {
        return Err(Obstacle::answer(
            "the call returned nothing; is there a contract with this function?",
        ));
    }
    abi::decode(types, &data).ok_or_else(|| {
        Obstacle::answer(format!(
            "the call returned {} bytes that are not the declared outputs",
            data.len()
        ))
    })
}

fn block_time(view: &impl ChainView, (chain, tier): (ChainId, Tier)) -> Result<u64, Obstacle> {
    match view.read(&Read::BlockTime { chain, tier })? {
        Reading::Time(time) => Ok(time),
        _ => Err(odd_reading()),
    }
}

fn block_number(view: &impl ChainView, (chain, tier): (ChainId, Tier)) -> Result<u64, Obstacle> {
    match view.read(&Read::BlockNumber { chain, tier })? {
        Reading::Number(number) => Ok(number),
        _ => Err(odd_reading()),
    }
}

fn odd_reading() -> Obstacle {
    Obstacle::new(
        "the reading is of another kind than was asked for",
        "report this as a fault of the node",
    )
}

const fn time_read(time: &Time) -> Read {
    Read::BlockTime {
        chain: time.chain,
        tier: time.tier,
    }
}

fn judge_time(time: &Time, view: &impl ChainView, wanted: bool) -> Result<Outcome, Obstacle> {
    let now = block_time(view, (time.chain, time.tier))?;
    let begun = time.after.is_none_or(|after| now >= after);
    let lasting = time.before.is_none_or(|before| now < before);
    let found = format!("block time {}", time_text(now));
    Ok(Outcome::known(begun && lasting, found, wanted, || {
        let next = match (wanted, begun) {
            (true, false) => time.after,
            (true, true) => None,
            (false, _) => time.before,
        };
        match (next, wanted) {
            (Some(next), _) => format!("wait until {}", time_text(next)),
            (None, true) => "the time is over, and no waiting brings it back".to_owned(),
            (None, false) => "it holds from now on, and no waiting ends it".to_owned(),
        }
    }))
}
