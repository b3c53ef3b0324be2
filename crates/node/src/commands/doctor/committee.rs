//! The epoch, ceremonies that wait, the registration, money for gas.

use alloy::primitives::{Address, B256, U256, utils::format_ether};
use alloy::sol_types::SolCall;
use stheno_chain::{
    Block, Chain, ChainError, Committee, contracts::committee::CommitteeContract as contract,
    read_committee,
};

use super::report::Report;
use crate::{Config, data_dir::DataDir};

/// Most ceremonies that are looked back at for one that is still open.
const LOOK_BACK: u64 = 8;
/// Less than this is worth a look: a ceremony of 64 members takes about 50 million gas of each, at a
/// nanocoin per gas in bad times.
const SCARCE: u128 = 50_000_000_000_000_000;

/// The contract's states of a ceremony that is not over.
const KEYS: u8 = 1;
const APPROVAL: u8 = 2;
const RUNNING: u8 = 3;

/// Looks at the committee at the final head; gives its active epoch, if there is one.
pub(super) async fn look(
    config: &Config,
    chain: &Chain,
    identity: Option<Address>,
    report: &mut Report,
) -> Result<Option<Committee>, ChainError> {
    let at = chain.final_head().await?;
    let locator = config.network.locator();
    let view = View {
        chain,
        contract: locator.contract,
        committee_id: locator.committee_id,
        at,
    };
    let info = view
        .read(&contract::committeeCall {
            committeeId: locator.committee_id,
        })
        .await?;
    let committee = match read_committee(chain, &locator, Some(at)).await {
        Ok(committee) => Some(committee),
        Err(ChainError::NoEpoch { .. }) => None,
        Err(error) => return Err(error),
    };
    epoch(committee.as_ref(), identity, report);
    let operator = operator(config, committee.as_ref(), identity, report);
    ceremonies(&view, &info, identity, operator, report).await?;
    registration(config, &view, identity, operator, report).await?;
    money(chain, at, identity, operator, report).await;
    Ok(committee)
}

fn epoch(committee: Option<&Committee>, identity: Option<Address>, report: &mut Report) {
    let Some(committee) = committee else {
        report.warn(
            "epoch",
            "the committee has no key yet",
            "its first ceremony has to end first; `stheno ceremony audit` shows how far it is",
        );
        return;
    };
    let (number, size) = (committee.epoch, committee.members.len());
    let what = format!(
        "epoch {number} is active, any {} of {size} open",
        committee.threshold
    );
    let me = committee
        .members
        .iter()
        .find(|member| Some(member.identity) == identity);
    match me {
        Some(me) => report.fine("epoch", format_args!("{what}; this is node {}", me.index)),
        None => report.warn(
            "epoch",
            format_args!("{what}; this node is no member of it"),
            "it has nothing to serve until a reshare takes it in",
        ),
    }
}

/// Whose approval the node waits for; by the data directory, and by the chain.
fn operator(
    config: &Config,
    committee: Option<&Committee>,
    identity: Option<Address>,
    report: &mut Report,
) -> Option<Address> {
    let on_chain = committee.and_then(|committee| {
        let mut members = committee.members.iter();
        let me = members.find(|member| Some(member.identity) == identity)?;
        Some(me.operator)
    });
    match (DataDir::new(&config.data_dir).operator(), on_chain) {
        (Ok(Some(pinned)), Some(listed)) if pinned != listed => {
            report.wrong(
                "config",
                format_args!("the data directory names operator {pinned}, the chain {listed}"),
                "the node will not deal; is it the right data_dir?",
            );
            Some(pinned)
        }
        (Ok(Some(pinned)), _) => Some(pinned),
        (Ok(None), listed) => {
            report.warn(
                "config",
                "the node does not know its operator, and takes part in no ceremony as a dealer",
                "run `register` with the operator's key",
            );
            listed
        }
        (Err(error), listed) => {
            report.wrong("config", error, "run `register` with the operator's key");
            listed
        }
    }
}

/// Ceremonies that are open, and whom they wait for.
async fn ceremonies(
    view: &View<'_>,
    committee: &contract::CommitteeInfo,
    identity: Option<Address>,
    operator: Option<Address>,
    report: &mut Report,
) -> Result<(), ChainError> {
    for number in (1..=committee.ceremony).rev().take(LOOK_BACK as usize) {
        let (committee_id, ceremony) = (view.committee_id, number);
        let info = view
            .read(&contract::ceremonyInfoCall {
                committeeId: committee_id,
                ceremony,
            })
            .await?;
        let state = info.state as u8;
        if !(KEYS..=RUNNING).contains(&state) || info.fromEpoch != committee.epoch {
            continue;
        }
        let progress = view
            .read(&contract::ceremonyProgressCall {
                committeeId: committee_id,
                ceremony,
            })
            .await?;
        let members = view
            .read(&contract::ceremonyMembersCall {
                committeeId: committee_id,
                ceremony,
            })
            .await?;
        let dealers = view
            .read(&contract::ceremonyDealersCall {
                committeeId: committee_id,
                ceremony,
            })
            .await?;
        let receiver = members.iter().position(|m| Some(m.identity) == identity);
        let dealer = dealers.iter().position(|m| Some(m.operator) == operator);
        let size = info.size;
        match state {
            KEYS if receiver.is_some_and(|at| !progress.keys.bit(at)) => report.warn(
                "ceremony",
                format_args!(
                    "ceremony {number} waits for this node's key until block {}",
                    info.consentCloses
                ),
                "start the node; it posts the key by itself",
            ),
            KEYS => report.fine(
                "ceremony",
                format_args!(
                    "ceremony {number} has {} of {size} keys, and waits for the others' until block {}",
                    progress.keys.count_ones(),
                    info.consentCloses
                ),
            ),
            _ if dealer.is_some_and(|at| !progress.approvals.bit(at)) => report.warn(
                "ceremony",
                format_args!("ceremony {number} waits for your approval; without it this node does not deal"),
                format_args!("look at its members: `stheno-node approve --ceremony {number}`"),
            ),
            APPROVAL => report.fine(
                "ceremony",
                format_args!(
                    "ceremony {number} has {} approvals, and waits for the others' until block {}",
                    progress.approvals.count_ones(),
                    info.consentCloses
                ),
            ),
            _ => report.fine(
                "ceremony",
                format_args!("ceremony {number} is under way until block {}", info.closes[3]),
            ),
        }
    }
    Ok(())
}

/// Where readers are told to find this node.
async fn registration(
    config: &Config,
    view: &View<'_>,
    identity: Option<Address>,
    operator: Option<Address>,
    report: &mut Report,
) -> Result<(), ChainError> {
    let Some(operator) = operator else {
        return Ok(());
    };
    let question = contract::memberOfCall {
        committeeId: view.committee_id,
        operator,
    };
    let member = match view.read(&question).await {
        Ok(member) if !member.identity.is_zero() => member,
        Ok(_) => {
            unregistered(operator, report);
            return Ok(());
        }
        Err(ChainError::Refused { reason, .. }) if reason.name == "NotRegistered" => {
            unregistered(operator, report);
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if identity.is_some_and(|identity| identity != member.identity) {
        report.wrong(
            "config",
            format_args!(
                "operator {operator} has registered node {}, and this is another",
                member.identity
            ),
            "an operator's identity is fixed for good: use the old vault or its backup",
        );
    }
    match &config.endpoint {
        Some(endpoint) if endpoint.as_str() != member.endpoint => report.wrong(
            "config",
            format_args!(
                "readers are told {}, the configuration says {endpoint}",
                member.endpoint
            ),
            "run `register` to change what readers are told, or correct `endpoint`",
        ),
        Some(endpoint) => report.fine("config", format_args!("readers are told {endpoint}")),
        None => report.warn(
            "config",
            format_args!(
                "readers are told {}, and the configuration has no endpoint",
                member.endpoint
            ),
            "set `endpoint` in the configuration, so that the two can be compared",
        ),
    }
    Ok(())
}

fn unregistered(operator: Address, report: &mut Report) {
    report.wrong(
        "config",
        format_args!("operator {operator} is not in the committee's registry"),
        "run `register`",
    );
}

/// What pays for messages: the node's account, and the operator's for approvals.
async fn money(
    chain: &Chain,
    at: Block,
    identity: Option<Address>,
    operator: Option<Address>,
    report: &mut Report,
) {
    let head = chain.head().await.unwrap_or(at);
    let accounts = [("node", identity), ("operator", operator)];
    for (whose, account) in accounts {
        let Some(account) = account else {
            continue;
        };
        match chain.balance(head.hash, account).await {
            Ok(balance) => balance_of(whose, account, balance, report),
            Err(error) => report.warn(
                "gas",
                format_args!("the balance of {account} is not known: {error}"),
                "try again",
            ),
        }
    }
}

fn balance_of(whose: &str, account: Address, balance: U256, report: &mut Report) {
    let what = format!(
        "the {whose}'s account {account} has {}",
        format_ether(balance)
    );
    let hint = format!("send it some coins; it pays for the {whose}'s transactions");
    if balance.is_zero() && whose == "node" {
        report.wrong("gas", what, hint);
    } else if balance < U256::from(SCARCE) {
        report.warn("gas", what, hint);
    } else {
        report.fine("gas", what);
    }
}

/// The committee contract at one final block.
struct View<'a> {
    chain: &'a Chain,
    contract: Address,
    committee_id: u64,
    at: Block,
}

impl View<'_> {
    async fn read<C: SolCall>(&self, call: &C) -> Result<C::Return, ChainError> {
        let at: B256 = self.at.hash;
        self.chain.read(at, self.contract, call).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_wrong_when_the_node_has_none_and_a_warning_when_it_has_little() {
        let found = |whose: &str, balance: u128| {
            let mut report = Report::default();
            balance_of(whose, Address::ZERO, U256::from(balance), &mut report);
            report.marks()
        };
        assert_eq!(found("node", 0), [("gas", "wrong")]);
        assert_eq!(found("operator", 0), [("gas", "warning")]);
        assert_eq!(found("node", SCARCE - 1), [("gas", "warning")]);
        assert_eq!(found("node", SCARCE), [("gas", "ok")]);
    }
}
