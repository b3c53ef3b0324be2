//! A ceremony as the chain has it at its head, for those who wait for it.

use stheno_chain::contracts::CommitteeContract as contract;

use super::{DevnetError, contracts::Contracts, control::Control};

/// Where a ceremony stands: the contract's `CeremonyState`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// Nothing was proposed.
    None,
    /// Members post their ceremony keys.
    Keys,
    /// Operators approve.
    Approval,
    /// The timetable is fixed.
    Running,
    /// It made an epoch.
    Active,
    /// It ended without one.
    Failed,
}

/// Terms, timetable and progress of a committee's latest ceremony.
#[derive(Clone, Debug)]
pub struct Ceremony {
    /// Where it stands.
    pub state: State,
    /// Its number; 0 when there is none.
    pub number: u64,
    /// Terms and timetable.
    pub info: contract::CeremonyInfo,
    /// Who has done what.
    pub progress: contract::CeremonyProgress,
}

impl Ceremony {
    /// Reads the latest ceremony; `None` before the first proposal.
    ///
    /// # Errors
    /// [`DevnetError::Chain`].
    pub async fn latest(
        control: &Control,
        contracts: &Contracts,
    ) -> Result<Option<Self>, DevnetError> {
        let (at, committee_id) = (contracts.committee, contracts.committee_id);
        let committee = contract::committeeCall {
            committeeId: committee_id,
        };
        let number = control.view(at, &committee).await?.ceremony;
        if number == 0 {
            return Ok(None);
        }
        let info = contract::ceremonyInfoCall {
            committeeId: committee_id,
            ceremony: number,
        };
        let progress = contract::ceremonyProgressCall {
            committeeId: committee_id,
            ceremony: number,
        };
        let info = control.view(at, &info).await?;
        Ok(Some(Self {
            state: State::from_contract(info.state),
            number,
            info,
            progress: control.view(at, &progress).await?,
        }))
    }

    /// How far it got, for people.
    pub fn in_words(&self) -> String {
        let progress = &self.progress;
        format!(
            "ceremony {} is in state {:?}: {} keys, {} approvals, {} dealings, {} confirmations of {}",
            self.number,
            self.state,
            progress.keys.count_ones(),
            progress.approvals.count_ones(),
            progress.dealt.count_ones(),
            progress.confirmed.count_ones(),
            self.info.size,
        )
    }
}

impl State {
    fn from_contract(number: u8) -> Self {
        match number {
            0 => Self::None,
            1 => Self::Keys,
            2 => Self::Approval,
            3 => Self::Running,
            4 => Self::Active,
            _ => Self::Failed,
        }
    }
}
