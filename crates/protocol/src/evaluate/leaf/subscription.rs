//! A subscription by ERC-5643, and who owns it.

use alloy_dyn_abi::{DynSolType, DynSolValue};

use super::{block_time, call_of, returned};
use crate::{
    evaluate::{
        ChainView, Read, Subject, fill,
        outcome::{Obstacle, Outcome},
        words,
    },
    policy::{Subscription, time_text},
};

/// `expiresAt(uint256)` of ERC-5643.
const EXPIRES_AT: [u8; 4] = [0x17, 0xc9, 0x57, 0x09];
/// `ownerOf(uint256)` of ERC-721.
const OWNER_OF: [u8; 4] = [0x63, 0x52, 0x21, 0x1e];

pub(super) fn reads(subscription: &Subscription, subject: &Subject) -> Result<Vec<Read>, Obstacle> {
    fill::reader(subject, subscription.chain)?;
    let (chain, tier) = place(subscription);
    Ok(vec![
        ask(subscription, subject, EXPIRES_AT)?,
        ask(subscription, subject, OWNER_OF)?,
        Read::BlockTime { chain, tier },
    ])
}

pub(super) fn judge(
    subscription: &Subscription,
    subject: &Subject,
    view: &impl ChainView,
    wanted: bool,
) -> Result<Outcome, Obstacle> {
    // Without an account or a token there is nothing to ask.
    reads(subscription, subject)?;
    let parts = [
        owned(subscription, subject, view, wanted),
        running(subscription, subject, view, wanted),
    ];
    let parts = parts.map(|part| part.unwrap_or_else(Outcome::from));
    Ok(Outcome::all(parts.into(), wanted))
}

fn owned(
    subscription: &Subscription,
    subject: &Subject,
    view: &impl ChainView,
    wanted: bool,
) -> Result<Outcome, Obstacle> {
    let reader = fill::reader(subject, subscription.chain)?;
    let read = ask(subscription, subject, OWNER_OF)?;
    let owner = match returned(view, &read, &[DynSolType::Address])?.as_slice() {
        [DynSolValue::Address(owner)] => *owner,
        _ => return Err(super::odd_reading()),
    };
    let found = format!("owner {owner}");
    Ok(Outcome::known(owner == reader, found, wanted, || {
        let token = words::subscribed(subscription);
        match wanted {
            true => format!("ask with the account that owns {token}"),
            false => format!("ask with an account that does not own {token}"),
        }
    }))
}

fn running(
    subscription: &Subscription,
    subject: &Subject,
    view: &impl ChainView,
    wanted: bool,
) -> Result<Outcome, Obstacle> {
    let read = ask(subscription, subject, EXPIRES_AT)?;
    let end = match returned(view, &read, &[DynSolType::Uint(64)])?.as_slice() {
        [DynSolValue::Uint(end, _)] => end.saturating_to::<u64>(),
        _ => return Err(super::odd_reading()),
    };
    let now = block_time(view, place(subscription))?;
    let found = format!(
        "runs until {}, block time {}",
        time_text(end),
        time_text(now)
    );
    Ok(Outcome::known(end > now, found, wanted, || match wanted {
        true => format!("renew {}", words::subscribed(subscription)),
        false => format!("wait until {}", time_text(end)),
    }))
}

const fn place(subscription: &Subscription) -> (u64, u64) {
    (subscription.chain, subscription.tier)
}

fn ask(
    subscription: &Subscription,
    subject: &Subject,
    selector: [u8; 4],
) -> Result<Read, Obstacle> {
    let Subscription { chain, token, .. } = subscription;
    let token = fill::value(token, &DynSolType::Uint(256), subject, *chain)?;
    let (place, to) = (place(subscription), subscription.contract);
    Ok(call_of(place, to, &selector, vec![token]))
}
