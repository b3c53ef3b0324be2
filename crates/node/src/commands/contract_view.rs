//! The committee contract at one block, as operators' commands look at it.

use alloy::{
    primitives::{Address, B256},
    sol_types::SolCall,
};
use stheno_chain::{
    Block, Chain, ChainError, Locator, SendError,
    contracts::committee::CommitteeContract as contract,
};

use super::outcome::Failure;

/// The contract's states of a ceremony.
pub(super) const KEYS: u8 = 1;
pub(super) const APPROVAL: u8 = 2;
pub(super) const RUNNING: u8 = 3;

/// How many ceremonies back are looked at.
const LOOK_BACK: usize = 32;

/// The contract at one block.
pub(super) struct ContractView<'c> {
    pub(super) chain: &'c Chain,
    pub(super) locator: Locator,
    pub(super) at: Block,
}

/// A ceremony, by its number.
pub(super) struct Numbered {
    pub(super) number: u64,
    pub(super) info: contract::CeremonyInfo,
}

impl ContractView<'_> {
    pub(super) async fn committee(&self) -> Result<contract::CommitteeInfo, Failure> {
        let committee_id = self.locator.committee_id;
        let question = contract::committeeCall {
            committeeId: committee_id,
        };
        match self.ask(&question).await {
            Err(ChainError::Refused { reason, .. }) => Err(Failure::new(format!(
                "contract {} has no committee {committee_id}: {reason}",
                self.locator.contract
            ))
            .hint("check [network] in the configuration")),
            answer => Ok(answer?),
        }
    }

    pub(super) async fn ceremony(&self, number: u64) -> Result<Numbered, Failure> {
        let question = contract::ceremonyInfoCall {
            committeeId: self.locator.committee_id,
            ceremony: number,
        };
        let info = self.read(&question).await?;
        Ok(Numbered { number, info })
    }

    pub(super) async fn progress(
        &self,
        number: u64,
    ) -> Result<contract::CeremonyProgress, Failure> {
        let question = contract::ceremonyProgressCall {
            committeeId: self.locator.committee_id,
            ceremony: number,
        };
        self.read(&question).await
    }

    /// The members of a ceremony, in order of index.
    pub(super) async fn members(&self, number: u64) -> Result<Vec<contract::Member>, Failure> {
        let question = contract::ceremonyMembersCall {
            committeeId: self.locator.committee_id,
            ceremony: number,
        };
        self.read(&question).await
    }

    /// The dealers of a ceremony, in order of index.
    pub(super) async fn dealers(&self, number: u64) -> Result<Vec<contract::Member>, Failure> {
        let question = contract::ceremonyDealersCall {
            committeeId: self.locator.committee_id,
            ceremony: number,
        };
        self.read(&question).await
    }

    /// The latest ceremonies that may still make an epoch, the newest first.
    pub(super) async fn open_ceremonies(
        &self,
        committee: &contract::CommitteeInfo,
    ) -> Result<Vec<Numbered>, Failure> {
        let mut open = Vec::new();
        for number in (1..=committee.ceremony).rev().take(LOOK_BACK) {
            let ceremony = self.ceremony(number).await?;
            let is_open = (KEYS..=RUNNING).contains(&(ceremony.info.state as u8));
            if is_open && ceremony.info.fromEpoch == committee.epoch {
                open.push(ceremony);
            }
        }
        Ok(open)
    }

    /// The identity of an operator's node; none where it has not registered one.
    pub(super) async fn identity_of(&self, operator: Address) -> Result<Option<Address>, Failure> {
        let question = contract::memberOfCall {
            committeeId: self.locator.committee_id,
            operator,
        };
        match self.ask(&question).await {
            Ok(member) => Ok((!member.identity.is_zero()).then_some(member.identity)),
            Err(ChainError::Refused { reason, .. }) if reason.name == "NotRegistered" => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn read<C: SolCall>(&self, question: &C) -> Result<C::Return, Failure> {
        Ok(self.ask(question).await?)
    }

    async fn ask<C: SolCall>(&self, question: &C) -> Result<C::Return, ChainError> {
        let hash: B256 = self.at.hash;
        self.chain.read(hash, self.locator.contract, question).await
    }
}

/// A refused proposal or withdrawal, with what to do about it.
pub(super) fn explain_refusal(error: &SendError) -> Failure {
    let SendError::Reverted(revert) = error else {
        return super::register::explain(error);
    };
    let (fault, hint) = match revert.name.as_str() {
        "NotAProposer" => (
            "this account may not propose a ceremony",
            "the committee's owner may, and the operators of members that serve",
        ),
        "CeremonyOpen" => (
            "a ceremony runs already, or this account has a proposal open",
            "see `stheno-node status`; an own proposal can be taken back with `withdraw`",
        ),
        "NotFailed" => (
            "this ceremony cannot be withdrawn now",
            "only who proposed it may, and only until it runs",
        ),
        "WrongState" | "UnknownCeremony" => (
            "there is no such proposal, or it is over",
            "see `stheno-node status`",
        ),
        _ => return super::register::explain(error),
    };
    Failure::new(format!("{fault} ({revert})")).hint(hint)
}
