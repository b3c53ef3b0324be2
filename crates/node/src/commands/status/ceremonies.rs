//! What the committee is about, as the chain's head has it: its epoch, open ceremonies, and for
//! whom each of them waits.

use std::fmt::Write;

use alloy::primitives::{Address, U256};
use serde::Serialize;
use stheno_chain::contracts::committee::CommitteeContract as contract;

use crate::{
    Config,
    commands::{
        contract_view::{APPROVAL, ContractView, KEYS, Numbered},
        operator::home_chain,
        outcome::Failure,
    },
};

/// The committee's affairs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Affairs {
    /// The active epoch at the head; 0 before the first.
    epoch: u64,
    /// Those that may still make an epoch, the newest first.
    ceremonies: Vec<Affair>,
}

/// An open ceremony.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Affair {
    ceremony: u64,
    /// `keys`, `approval`, `deal`, `complain`, `answer`, `confirm`, `activation`, or `pause`.
    stage: &'static str,
    /// What it waits for, in words.
    waits_for: String,
    /// Operators of those who have not done what the stage asks of them.
    missing: Vec<Address>,
}

impl Affairs {
    pub(super) async fn read(config: &Config) -> Result<Self, Failure> {
        let chain = home_chain(config).await?;
        let view = ContractView {
            at: chain.head().await?,
            chain: &chain,
            locator: config.network.locator(),
        };
        let committee = view.committee().await?;
        let mut ceremonies = Vec::new();
        for open in view.open_ceremonies(&committee).await? {
            ceremonies.push(affair(&view, open).await?);
        }
        Ok(Self {
            epoch: committee.epoch,
            ceremonies,
        })
    }

    pub(super) fn in_words(&self) -> String {
        let mut text = match self.epoch {
            0 => "committee no epoch yet".to_owned(),
            epoch => format!("committee epoch {epoch} is active at the head"),
        };
        for affair in &self.ceremonies {
            // Writing into a string cannot fail.
            let _ = write!(
                text,
                "\nceremony {}: {}; {}",
                affair.ceremony, affair.stage, affair.waits_for
            );
            for operator in &affair.missing {
                let _ = write!(text, "\n         missing: {operator}");
            }
        }
        if self.ceremonies.is_empty() {
            text.push_str("\nceremony none is open");
        }
        text
    }
}

async fn affair(view: &ContractView<'_>, open: Numbered) -> Result<Affair, Failure> {
    let Numbered { number, info } = open;
    let progress = view.progress(number).await?;
    let members = operators(view.members(number).await?);
    let dealers = operators(view.dealers(number).await?);
    let head = view.at.number;
    let (stage, waits_for, missing) = match info.state {
        KEYS => (
            "keys",
            format!(
                "the members' nodes post their keys, until block {}",
                info.consentCloses
            ),
            without(&members, progress.keys),
        ),
        APPROVAL => {
            let needed = match info.oldThreshold {
                0 => info.dealers,
                old => old,
            };
            (
                "approval",
                format!(
                    "{} of {needed} approvals are there; run `approve`, until block {}",
                    progress.approvals.count_ones(),
                    info.consentCloses
                ),
                without(&dealers, progress.approvals),
            )
        }
        _ => phase(&info, &progress, head, (&members, &dealers)),
    };
    Ok(Affair {
        ceremony: number,
        stage,
        waits_for,
        missing,
    })
}

/// Where a ceremony that runs is at this block, and who has not spoken yet.
fn phase(
    info: &contract::CeremonyInfo,
    progress: &contract::CeremonyProgress,
    head: u64,
    (members, dealers): (&[Address], &[Address]),
) -> (&'static str, String, Vec<Address>) {
    let stages = ["deal", "complain", "answer", "confirm"];
    for (stage, (opens, closes)) in stages.into_iter().zip(info.opens.iter().zip(info.closes)) {
        if head < *opens {
            let words = format!("block {opens} opens {stage}");
            return ("pause", words, Vec::new());
        }
        if head < closes {
            let missing = match stage {
                "deal" => without(dealers, progress.dealt),
                "confirm" => without(members, progress.confirmed),
                // Who has nothing to complain about, or to answer, is silent.
                _ => Vec::new(),
            };
            return (stage, format!("closes in block {closes}"), missing);
        }
    }
    let words = "the nodes activate it, or close it if too few confirmed".to_owned();
    ("activation", words, Vec::new())
}

fn operators(members: Vec<contract::Member>) -> Vec<Address> {
    members.into_iter().map(|member| member.operator).collect()
}

/// Those whose bit is not in the set.
fn without(operators: &[Address], set: U256) -> Vec<Address> {
    let missing = operators.iter().enumerate().filter(|(at, _)| !set.bit(*at));
    missing.map(|(_, operator)| *operator).collect()
}
