//! Conditions on the account itself: its native balance, its address.

use super::odd_reading;
use crate::{
    Address, ChainId,
    evaluate::{
        AccountKind, ChainView, Read, Reading, Subject, fill,
        outcome::{Obstacle, Outcome},
    },
    policy::{AddressList, Balance},
};

pub(super) fn balance_read(balance: &Balance, subject: &Subject) -> Result<Read, Obstacle> {
    Ok(Read::Balance {
        chain: balance.chain,
        tier: balance.tier,
        of: fill::reader(subject, balance.chain)?,
    })
}

pub(super) fn balance(
    balance: &Balance,
    subject: &Subject,
    view: &impl ChainView,
    wanted: bool,
) -> Result<Outcome, Obstacle> {
    let Reading::Balance(found) = view.read(&balance_read(balance, subject)?)? else {
        return Err(odd_reading());
    };
    let Balance { chain, min, .. } = balance;
    Ok(Outcome::known(
        found >= *min,
        format!("balance {found}"),
        wanted,
        || match wanted {
            true => format!(
                "have a native balance of at least {min} on chain {chain}, {} more than now",
                min.saturating_sub(found)
            ),
            false => format!("have a native balance of less than {min} on chain {chain}"),
        },
    ))
}

pub(super) fn listed(
    addresses: &AddressList,
    subject: &Subject,
    wanted: bool,
) -> Result<Outcome, Obstacle> {
    let address = own(subject, addresses.chain)?;
    Ok(Outcome::known(
        addresses.list.binary_search(&address).is_ok(),
        format!("account {address}"),
        wanted,
        || match (wanted, addresses.list.as_slice()) {
            (true, [one]) => format!("ask with the account {one}"),
            (true, list) => format!("ask with one of the {} listed accounts", list.len()),
            (false, _) => "ask with an account that is not listed".to_owned(),
        },
    ))
}

/// The reader's address for a list of addresses. A contract account's counts on its own chain
/// alone, and only where the list names that.
pub(super) fn own(subject: &Subject, chain: Option<ChainId>) -> Result<Address, Obstacle> {
    let account = subject.account.ok_or_else(Obstacle::no_account)?;
    match (account.kind, chain) {
        (AccountKind::Key, _) => Ok(account.address),
        (AccountKind::Contract, Some(chain)) => fill::reader(subject, chain),
        (AccountKind::Contract, None) => Err(Obstacle::elsewhere(
            format!(
                "the account is a contract on chain {}, and the list names no chain",
                account.chain
            ),
            None,
        )),
    }
}
