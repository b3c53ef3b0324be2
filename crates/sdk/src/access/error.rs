//! What keeps access from being read or changed.

use stheno_chain::{ChainError, Revert, SendError};
use stheno_protocol::{Address, B256, ChainId, U256};

use super::{Roles, TermsError};
use crate::ledger::{LedgerError, in_words};

/// Why a registry was not read, changed or sealed to.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AccessError {
    /// Terms that the registry would refuse, or that are none.
    #[error("terms: {0}")]
    Terms(#[from] TermsError),
    /// There is no contract, or another one, where the registry should be.
    #[error("there is no access registry at {registry} on chain {chain}: {why}")]
    NoRegistry {
        /// Where it should be.
        registry: Address,
        /// The chain.
        chain: ChainId,
        /// What was found.
        why: String,
    },
    /// Nothing of this id was registered, or not as what it was taken for.
    #[error("{id} is no {wanted} of registry {registry} on chain {chain}")]
    Unknown {
        /// The id.
        id: B256,
        /// What it was taken for.
        wanted: &'static str,
        /// The registry.
        registry: Address,
        /// The chain.
        chain: ChainId,
    },
    /// The sender may not do this.
    #[error("account {account} may not change {id}: it lacks the role {}", role_words(*role))]
    NotAllowed {
        /// The id.
        id: B256,
        /// The sender.
        account: Address,
        /// What it would need; more than any role is the owner's own.
        role: Roles,
    },
    /// An item that the owner had is another's now, who says who reads it.
    #[error("item {id} belongs to {owner} now, who says who reads it")]
    ChangedHands {
        /// The item.
        id: B256,
        /// Its owner now.
        owner: Address,
    },
    /// The ownership of a period goes with its collection.
    #[error("{id} is a period, which belongs to whoever owns its collection")]
    BelongsToCollection {
        /// The period.
        id: B256,
    },
    /// Nobody can hold a grant, a role or an item by this address.
    #[error("{account} is no account that can be kept: {why}")]
    Account {
        /// The address.
        account: Address,
        /// What it is.
        why: &'static str,
    },
    /// There is no contract where a term asks one.
    #[error("there is no contract at {target}, which term {position} asks")]
    NoContract {
        /// The term, from 0, parts before what combines them.
        position: U256,
        /// Where a contract should be.
        target: Address,
    },
    /// A grant, or a revocation, of nobody's.
    #[error("no reader is named")]
    NoReaders,
    /// A grant that would end before it begins.
    #[error("a grant until {until} seconds since 1970 would end before it begins")]
    Expired {
        /// Its end.
        until: u64,
    },
    /// The period has not begun, or its beginning is not final.
    #[error("period {number} of collection {collection} has not begun, or that is not final yet")]
    NoPeriod {
        /// The collection.
        collection: B256,
        /// The period, from 1.
        number: u64,
    },
    /// The chain's answers contradict what is computed here: an endpoint lies, or it is no registry.
    #[error("registry {registry} on chain {chain} is inconsistent: {why}")]
    Inconsistent {
        /// The registry.
        registry: Address,
        /// The chain.
        chain: ChainId,
        /// The contradiction.
        why: String,
    },
    /// The registry refused for another reason.
    #[error("the registry refused: {0}")]
    Refused(Revert),
    /// The transaction was not sent, or not mined in time.
    #[error(transparent)]
    Send(SendError),
    /// The chain could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl AccessError {
    /// A stable name, for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Terms(TermsError::Malformed { .. }) => "registry_inconsistent",
            Self::Terms(_) => "bad_terms",
            Self::NoRegistry { .. } => "no_registry",
            Self::Unknown { .. } => "no_such_item",
            Self::NotAllowed { .. } => "not_allowed",
            Self::ChangedHands { .. } => "item_changed_hands",
            Self::BelongsToCollection { .. } => "item_is_a_period",
            Self::Account { .. } => "bad_account",
            Self::NoContract { .. } => "no_contract",
            Self::NoReaders => "no_readers",
            Self::Expired { .. } => "grant_expired",
            Self::NoPeriod { .. } => "no_such_period",
            Self::Inconsistent { .. } => "registry_inconsistent",
            Self::Refused(_) => "registry_refused",
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
            Self::Terms(TermsError::Malformed { .. }) | Self::Inconsistent { .. } => {
                "ask endpoints of other operators; if they say the same, do not rely on the registry"
            }
            Self::Terms(_) => "`stheno help access set` has examples of terms",
            Self::NoRegistry { .. } => {
                "check the network file or the address, and that the endpoint is of the right chain"
            }
            Self::Unknown { .. } => {
                "check the id; one that was created a moment ago is read when it is final"
            }
            Self::NotAllowed { .. } => {
                "use the owner's wallet, or ask the owner for the role with `stheno access roles`"
            }
            Self::ChangedHands { .. } => "create an item of your own, and seal to that",
            Self::BelongsToCollection { .. } => "transfer the collection instead",
            Self::Account { .. } => {
                "give an Ethereum-style address, such as that of an f410 account"
            }
            Self::NoContract { .. } => "check the address, and that it is of this chain",
            Self::NoReaders => "name at least one",
            Self::Expired { .. } => "give a time to come",
            Self::NoPeriod { .. } => "begin it, or wait until its beginning is final",
            Self::Refused(_) => "`stheno access show` tells who owns the id, and its terms",
            Self::Send(SendError::Funds { .. }) => "send the account some coins for gas",
            Self::Send(SendError::Pending { .. }) => {
                "look again later whether it happened; if not, run the same command again"
            }
            Self::Send(_) => "check the account and the rpc endpoint, and try again",
            Self::Ledger(LedgerError::NoEndpoint { .. }) => "give an rpc endpoint of the chain",
            Self::Ledger(_) => "check the rpc endpoint, or give another",
        }
    }

    /// What a revert of the registry's means.
    pub(super) fn of_revert(revert: Revert, registry: Address, chain: ChainId) -> Self {
        use alloy::sol_types::SolInterface;
        use stheno_chain::contracts::AccessRegistryContract::AccessRegistryContractErrors as Known;
        match Known::abi_decode(&revert.data) {
            Ok(Known::Unknown(of)) => Self::Unknown {
                id: of.id,
                wanted: "item or collection",
                registry,
                chain,
            },
            Ok(Known::NotAllowed(of)) => Self::NotAllowed {
                id: of.id,
                account: of.account,
                role: Roles::from_bits(of.role),
            },
            Ok(Known::BelongsToCollection(of)) => Self::BelongsToCollection { id: of.item },
            Ok(Known::NoContract(of)) => Self::NoContract {
                position: of.position,
                target: of.target,
            },
            Ok(Known::Expired(of)) => Self::Expired { until: of.until },
            _ => Self::Refused(revert),
        }
    }

    pub(super) fn of_read(error: ChainError, registry: Address, chain: ChainId) -> Self {
        match error {
            ChainError::Refused { reason, .. } => Self::of_revert(reason, registry, chain),
            ChainError::Inconsistent { problem, .. } => Self::NoRegistry {
                registry,
                chain,
                why: problem,
            },
            other => Self::Ledger(in_words(other)),
        }
    }

    pub(super) fn of_send(error: SendError, registry: Address, chain: ChainId) -> Self {
        match error {
            SendError::Reverted(revert) => Self::of_revert(revert, registry, chain),
            SendError::Chain(error) => Self::of_read(error, registry, chain),
            other => Self::Send(other),
        }
    }
}

fn role_words(role: Roles) -> String {
    match role.names().len() {
        0 | 2.. => "of its owner".to_owned(),
        1 => format!("`{role}`"),
    }
}
