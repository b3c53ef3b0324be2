//! What keeps a group's root from being read or changed on chain.

use stheno_chain::{ChainError, Revert, SendError, contracts};
use stheno_circuits::Depth;
use stheno_protocol::{Address, ChainId};

use super::GroupError;
use crate::ledger::{LedgerError, in_words};

/// Why a group's contract was not read or changed.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum GroupContractError {
    /// The file's fault.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// There is no contract, or another one, where the group should be.
    #[error("there is no group at {contract} on chain {chain}: {why}")]
    NoGroup {
        /// Where it should be.
        contract: Address,
        /// The chain.
        chain: ChainId,
        /// What was found.
        why: String,
    },
    /// The contract is of groups of another depth.
    #[error(
        "{contract} is for groups of depth {}, and the file's has depth {}",
        .theirs.levels(), .ours.levels()
    )]
    OtherDepth {
        /// The contract.
        contract: Address,
        /// The contract's depth.
        theirs: Depth,
        /// The file's depth.
        ours: Depth,
    },
    /// The contract was made for another kind of tree.
    #[error("{contract} calls another root that of an empty group of depth {}", .depth.levels())]
    OtherTree {
        /// The contract.
        contract: Address,
        /// Its depth.
        depth: Depth,
    },
    /// The change was made for another state of the group: somebody else changed it meanwhile.
    #[error(
        "the group at {contract} has had {index} changes, and this one was to follow {following}"
    )]
    Stale {
        /// The contract.
        contract: Address,
        /// What the change was to follow.
        following: u64,
        /// How many there were.
        index: u64,
    },
    /// The last change is not one that was noted for this file.
    #[error(
        "change {index} of the group at {contract} was not made from this file: FILE.published does not have it"
    )]
    NotFromHere {
        /// The contract.
        contract: Address,
        /// How many changes there were.
        index: u64,
    },
    /// There are no notes of what was published from the file, and the last change does not name a
    /// file that this one was before.
    #[error(
        "whether change {index} of the group at {contract} was made from this file cannot be told: FILE.published, which would tell, is missing"
    )]
    Unrecorded {
        /// The contract.
        contract: Address,
        /// How many changes there were.
        index: u64,
    },
    /// The file is older than what was published from it: who was removed since stands in it.
    #[error(
        "the file is older than change {index} of the group at {contract}, which was published from it: place {place} is not as it was then"
    )]
    OlderFile {
        /// The contract.
        contract: Address,
        /// How many changes there were.
        index: u64,
        /// The first place, from 0, that was emptied then, or given, and is not so now.
        place: u64,
    },
    /// Roots end at once where there is none after them.
    #[error("nobody is in the group any more, so that its roots end at once")]
    MustRevoke,
    /// The sender does not own the group.
    #[error("the group at {contract} belongs to {owner}, not to {account}")]
    NotOwner {
        /// The contract.
        contract: Address,
        /// Who owns it.
        owner: Address,
        /// The sender.
        account: Address,
    },
    /// The sender has no vote.
    #[error("account {account} has no vote about the group at {contract}")]
    NotAVoter {
        /// The contract.
        contract: Address,
        /// The sender.
        account: Address,
    },
    /// The chain's answers contradict each other: an endpoint lies, or it is no group.
    #[error("the group at {contract} on chain {chain} is inconsistent: {why}")]
    Inconsistent {
        /// The contract.
        contract: Address,
        /// The chain.
        chain: ChainId,
        /// The contradiction.
        why: String,
    },
    /// The contract refused for another reason.
    #[error("the group's contract refused: {0}")]
    Refused(Revert),
    /// The transaction was not sent, or not mined in time.
    #[error(transparent)]
    Send(SendError),
    /// The chain could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl GroupContractError {
    /// A stable name, for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Group(error) => error.code(),
            Self::NoGroup { .. } => "no_group",
            Self::OtherDepth { .. } | Self::OtherTree { .. } => "group_differs",
            Self::Stale { .. }
            | Self::NotFromHere { .. }
            | Self::Unrecorded { .. }
            | Self::OlderFile { .. } => "group_stale",
            Self::MustRevoke => "group_must_revoke",
            Self::NotOwner { .. } | Self::NotAVoter { .. } => "group_not_yours",
            Self::Inconsistent { .. } => "group_inconsistent",
            Self::Refused(_) => "group_refused",
            Self::Send(SendError::Funds { .. }) => "no_funds",
            Self::Send(SendError::Pending { .. }) => "transaction_pending",
            Self::Send(_) => "transaction_failed",
            Self::Ledger(LedgerError::NoEndpoint { .. }) => "rpc_missing",
            Self::Ledger(LedgerError::OtherChain { .. }) => "rpc_other_chain",
            Self::Ledger(_) => "rpc_unreadable",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Group(error) => error.hint(),
            Self::NoGroup { .. } => {
                "check the address, and that the endpoint is of the right chain"
            }
            Self::OtherDepth { .. } | Self::OtherTree { .. } => {
                "give the contract that was deployed for this group, or deploy one with `stheno group deploy`"
            }
            Self::Stale { .. } => {
                "look what was published with `stheno group show`, and publish again"
            }
            Self::NotFromHere { .. } => {
                "get the file from who published it; to replace what they published, name their change with --following"
            }
            Self::Unrecorded { .. } => {
                "bring FILE.published back from where you published last; if the file has all who are members and nobody who was removed, name the change with --following"
            }
            Self::OlderFile { .. } => {
                "get the newest file back: who was removed would be a member again; to publish this one all the same, name the change with --following"
            }
            Self::MustRevoke => "leave --keep-old-roots out",
            Self::NotOwner { .. } => "use the owner's wallet",
            Self::NotAVoter { .. } => "use the wallet of a voter; `stheno group show` lists them",
            Self::Inconsistent { .. } => {
                "ask endpoints of other operators; if they say the same, do not rely on the group"
            }
            Self::Refused(_) => "`stheno group show` tells the contract's state",
            Self::Send(SendError::Funds { .. }) => "send the account some coins for gas",
            Self::Send(SendError::Pending { .. }) => {
                "run the same command again: it goes on where it is"
            }
            Self::Send(_) => "check the account and the rpc endpoint, and try again",
            Self::Ledger(LedgerError::NoEndpoint { .. }) => "give an rpc endpoint of the chain",
            Self::Ledger(_) => "check the rpc endpoint, or give another",
        }
    }

    /// What a revert of either kind of group means.
    fn of_revert(revert: Revert, contract: Address, account: Option<Address>) -> Self {
        use alloy::sol_types::SolInterface;
        use contracts::{
            OwnedGroupContract::OwnedGroupContractErrors as Owned,
            VotedGroupContract::VotedGroupContractErrors as Voted,
        };
        if let Ok(Voted::NotAVoter(of)) = Voted::abi_decode(&revert.data) {
            let account = of.sender;
            return Self::NotAVoter { contract, account };
        }
        match Owned::abi_decode(&revert.data) {
            Ok(Owned::Stale(of)) => Self::Stale {
                contract,
                following: of.following,
                index: of.index,
            },
            // Who owns it instead is asked before.
            Ok(Owned::OwnableUnauthorizedAccount(of)) => Self::NotOwner {
                contract,
                owner: Address::ZERO,
                account: account.unwrap_or(of.account),
            },
            _ => Self::Refused(revert),
        }
    }

    pub(super) fn of_read(error: ChainError, contract: Address, chain: ChainId) -> Self {
        match error {
            // Errors of groups have names.
            ChainError::Refused { reason, .. } if reason.data.is_empty() => Self::NoGroup {
                contract,
                chain,
                why: "it does not answer as a group does".to_owned(),
            },
            ChainError::Refused { reason, .. } => Self::of_revert(reason, contract, None),
            ChainError::Inconsistent { problem, .. } => Self::NoGroup {
                contract,
                chain,
                why: problem,
            },
            other => Self::Ledger(in_words(other)),
        }
    }

    pub(super) fn of_send(
        error: SendError,
        contract: Address,
        chain: ChainId,
        account: Address,
    ) -> Self {
        match error {
            SendError::Reverted(revert) => Self::of_revert(revert, contract, Some(account)),
            SendError::Chain(error) => Self::of_read(error, contract, chain),
            other => Self::Send(other),
        }
    }
}
