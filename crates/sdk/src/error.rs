//! Everything that can go wrong in the SDK, and whose doing it was.

pub mod codes;
mod hints;

use std::fmt;

use hints::{envelope_hint, ledger_hint};
use stheno_crypto::{KeyFingerprint, NetworkId};
use stheno_envelope::EnvelopeError;
use stheno_protocol::{Address, ChainId, Code, PolicyError};

#[cfg(all(feature = "chain", feature = "wallet"))]
use crate::access::AccessError;
#[cfg(feature = "storage")]
use crate::collection::CollectionError;
#[cfg(all(feature = "chain", feature = "wallet"))]
use crate::group::GroupContractError;
#[cfg(all(feature = "chain", feature = "storage", feature = "wallet"))]
use crate::market::MarketError;
use crate::{
    group::GroupError,
    ledger::LedgerError,
    network_file::NetworkFileError,
    private::ProveError,
    source::SourceError,
    storage::{StorageError, TransferError},
    tally::Tally,
    wallet::WalletError,
};

/// Why a file was not encrypted or decrypted.
///
/// [`Error::code`] is stable; [`Error::hint`] says what helps.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network file cannot be used.
    #[error(transparent)]
    NetworkFile(#[from] NetworkFileError),
    /// The policy, or the policy in an envelope, is none.
    #[error("policy: {0}")]
    Policy(#[from] PolicyError),
    /// The wallet cannot be used.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// A private condition could not be proven.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// The envelope cannot be written or read.
    #[error("{}{}", .0, cause(.0))]
    Envelope(#[from] EnvelopeError),
    /// The envelope did not come from where it is stored.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Something is not stored, or does not come from where it is stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Not all pieces were transferred.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// An encrypted folder cannot be written or read.
    #[cfg(feature = "storage")]
    #[error(transparent)]
    Collection(Box<CollectionError>),
    /// An access registry could not be read, changed or sealed to.
    #[cfg(all(feature = "chain", feature = "wallet"))]
    #[error(transparent)]
    Access(Box<AccessError>),
    /// A group, a credential or a member's key cannot be used.
    #[error(transparent)]
    Group(Box<GroupError>),
    /// A group's contract could not be read or changed.
    #[cfg(all(feature = "chain", feature = "wallet"))]
    #[error(transparent)]
    GroupContract(Box<GroupContractError>),
    /// Something was not sold or bought.
    #[cfg(all(feature = "chain", feature = "storage", feature = "wallet"))]
    #[error(transparent)]
    Market(Box<MarketError>),
    /// A chain could not be read.
    #[error("{0}")]
    Ledger(#[from] LedgerError),

    /// The network has another key than the network file pins: somebody lies, or the file is of
    /// another network.
    #[error("the network's key has fingerprint {found}, the network file pins {pinned}")]
    WrongKey {
        /// What the file says.
        pinned: KeyFingerprint,
        /// What the chain says.
        found: KeyFingerprint,
    },
    /// Encrypting needs a network file, or one that says more.
    #[error("{why}")]
    NoNetwork {
        /// What is missing.
        why: &'static str,
    },
    /// The envelope is for other networks than the network file's.
    #[error("the envelope is for network {}, not for {wanted}", list(found))]
    WrongNetwork {
        /// The network file's.
        wanted: NetworkId,
        /// The envelope's.
        found: Vec<NetworkId>,
    },
    /// No recipient of the envelope is a committee.
    #[error("the envelope has no threshold recipient: no committee can give out its key")]
    NoThresholdRecipient,
    /// Nobody could ever open what would be written.
    #[error("nobody is named who could open the file")]
    NoRecipient,
    /// The policy asks the network's registry about the item, and nobody could register a fresh one.
    #[error("the policy leaves it to registry {registry} who reads an item, and no item is given")]
    ItemNeeded {
        /// The registry.
        registry: Address,
    },
    /// None of one's own keys opens the envelope.
    #[error("none of the given keys opens the envelope")]
    KeyDoesNotOpen {
        /// How many of its recipients are X25519 keys.
        x25519: usize,
        /// How many are shared symmetric keys.
        shared: usize,
    },
    /// A recipient can be added only by who can open the file.
    #[error("adding a recipient needs the file's key")]
    KeyNeeded,
    /// The envelope has no such recipient.
    #[error("there is no recipient {number}: the envelope has {found}")]
    NoSuchRecipient {
        /// The number, from 1.
        number: usize,
        /// How many there are.
        found: usize,
    },
    /// The envelope hides its policy, and none was given.
    #[error("the envelope says only the digest of its policy")]
    PolicyHidden,
    /// The policy that was given is not the envelope's.
    #[error("the policy that was given has another digest than the envelope's")]
    PolicyMismatch,
    /// A key that becomes public is everybody's, and the policy asks who is reading.
    #[error("the policy asks who is reading, so the item's key is not everybody's")]
    NotForEverybody,
    /// The policy asks about the reader, and there is no wallet.
    #[error("the policy asks who is reading")]
    WalletNeeded,

    /// The policy does not hold for this reader: so many nodes said so that the others cannot help.
    #[error("{}: {}", self.headline(), .0.reasons())]
    Denied(Box<Tally>),
    /// The right is there, but not final yet, and the time to wait is over.
    #[error("{}: {}", self.headline(), .0.reasons())]
    NotFinalYet(Box<Tally>),
    /// Nodes refused the request itself, not the reader.
    #[error("{}: {}", self.headline(), .0.reasons())]
    Refused(Box<Tally>),
    /// Fewer nodes than needed gave a share.
    #[error("{}: {}", self.headline(), .0.reasons())]
    TooFewNodes(Box<Tally>),
    /// The nodes do not agree on a recent block well enough to ask them.
    #[error("no block of chain {chain_id} is final at {need} nodes: {why}")]
    NoAnchor {
        /// The chain.
        chain_id: ChainId,
        /// How many nodes must have it.
        need: u16,
        /// What they said.
        why: String,
    },
    /// Enough good shares came, and the capsule does not open: the envelope was changed.
    #[error("the envelope's key does not open: the file is damaged, or was made for another key")]
    Unopenable,
    /// None of several committees opened the envelope.
    #[error("none of {} recipients opened: {}", .0.len(), several(.0))]
    NoneOpened(Vec<Self>),

    /// There is no committee of this shape.
    #[error("no committee: {why}")]
    Committee {
        /// Why.
        why: String,
    },
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system: {why}")]
    Entropy {
        /// Why.
        why: String,
    },
    /// The platform's cipher does not work.
    #[error("the platform's cipher failed: {why}")]
    Platform {
        /// Why.
        why: String,
    },
    /// The HTTP client cannot be set up.
    #[error("the http client does not start: {why}")]
    Http {
        /// Why.
        why: String,
    },
}

#[cfg(feature = "storage")]
impl From<CollectionError> for Error {
    fn from(error: CollectionError) -> Self {
        Self::Collection(Box::new(error))
    }
}

#[cfg(all(feature = "chain", feature = "storage", feature = "wallet"))]
impl From<MarketError> for Error {
    fn from(error: MarketError) -> Self {
        Self::Market(Box::new(error))
    }
}

#[cfg(all(feature = "chain", feature = "wallet"))]
impl From<AccessError> for Error {
    fn from(error: AccessError) -> Self {
        Self::Access(Box::new(error))
    }
}

impl From<GroupError> for Error {
    fn from(error: GroupError) -> Self {
        Self::Group(Box::new(error))
    }
}

#[cfg(all(feature = "chain", feature = "wallet"))]
impl From<GroupContractError> for Error {
    fn from(error: GroupContractError) -> Self {
        Self::GroupContract(Box::new(error))
    }
}

impl Error {
    /// A stable name, for scripts: one of [`codes`], or for refusals by nodes the most frequent
    /// node's [`Code`].
    pub fn code(&self) -> &'static str {
        match self {
            Self::NetworkFile(_) => "bad_network_file",
            Self::Policy(PolicyError::Unsatisfiable { .. }) => "unsatisfiable_policy",
            Self::Policy(_) => "invalid_policy",
            Self::Wallet(_) => "bad_wallet",
            Self::Prove(error) => error.code(),
            Self::Envelope(error) => source_inside(error).map_or("bad_envelope", SourceError::code),
            Self::Source(error) => error.code(),
            Self::Storage(error) => error.code(),
            Self::Transfer(error) => error.code(),
            #[cfg(feature = "storage")]
            Self::Collection(error) => error.code(),
            #[cfg(all(feature = "chain", feature = "wallet"))]
            Self::Access(error) => error.code(),
            Self::Group(error) => error.code(),
            #[cfg(all(feature = "chain", feature = "wallet"))]
            Self::GroupContract(error) => error.code(),
            #[cfg(all(feature = "chain", feature = "storage", feature = "wallet"))]
            Self::Market(error) => error.code(),
            Self::Ledger(LedgerError::NoEndpoint { .. }) => "rpc_missing",
            Self::Ledger(LedgerError::OtherChain { .. }) => "rpc_other_chain",
            Self::Ledger(LedgerError::NoCommittee { .. }) => "no_committee",
            Self::Ledger(LedgerError::Unreadable { .. }) => "rpc_unreadable",
            Self::WrongKey { .. } => "wrong_network_key",
            Self::NoNetwork { .. } => "network_file_needed",
            Self::WrongNetwork { .. } => "wrong_network",
            Self::NoThresholdRecipient => "no_threshold_recipient",
            Self::NoRecipient => "no_recipient",
            Self::ItemNeeded { .. } => "item_needed",
            Self::KeyDoesNotOpen { .. } => "key_does_not_open",
            Self::KeyNeeded => "key_needed",
            Self::NoSuchRecipient { .. } => "no_such_recipient",
            Self::PolicyHidden => "policy_hidden",
            Self::PolicyMismatch => "policy_mismatch",
            Self::NotForEverybody => "not_for_everybody",
            Self::WalletNeeded => "wallet_needed",
            Self::Denied(tally) | Self::Refused(tally) => tally
                .refusals()
                .first()
                .map_or("refused", |refusal| refusal.problem.code.as_str()),
            Self::NotFinalYet(_) => Code::NotFinalYet.as_str(),
            Self::TooFewNodes(_) => "too_few_nodes",
            Self::NoAnchor { .. } => "no_anchor",
            Self::Unopenable => "unopenable",
            Self::NoneOpened(errors) => errors.first().map_or("unopenable", Self::code),
            Self::Committee { .. } => "bad_committee",
            Self::Entropy { .. } => "no_entropy",
            Self::Platform { .. } => "platform_failed",
            Self::Http { .. } => "http_unavailable",
        }
    }

    /// The error without what each node said; that is in [`Error::tally`].
    pub fn headline(&self) -> String {
        match self {
            Self::Denied(tally) => {
                format!(
                    "access denied by {} of {} nodes",
                    tally.denied(),
                    tally.total()
                )
            }
            Self::NotFinalYet(tally) => {
                let waiting = tally.deferred();
                format!("not final yet, say {waiting} of {} nodes", tally.total())
            }
            Self::Refused(tally) => {
                format!(
                    "the request was refused by {} of {} nodes",
                    tally.refused(),
                    tally.total()
                )
            }
            Self::TooFewNodes(tally) if tally.shared() + tally.refused() == 0 => format!(
                "{} of {} nodes answered, {} are needed",
                tally.answered(),
                tally.total(),
                tally.threshold
            ),
            Self::TooFewNodes(tally) => format!(
                "{} of {} nodes gave a share, {} are needed ({} answered)",
                tally.shared(),
                tally.total(),
                tally.threshold,
                tally.answered()
            ),
            other => other.to_string(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NetworkFile(_) => "get the network file again from where you trust it".to_owned(),
            Self::Policy(_) => "correct it and try it with `stheno policy check`".to_owned(),
            Self::Wallet(error) => error.hint().to_owned(),
            Self::Prove(error) => error.hint().to_owned(),
            Self::Envelope(error) => source_inside(error)
                .map_or_else(|| envelope_hint(error), SourceError::hint)
                .to_owned(),
            Self::Source(error) => error.hint().to_owned(),
            Self::Storage(error) => error.hint().to_owned(),
            Self::Transfer(error) => error.hint().to_owned(),
            #[cfg(feature = "storage")]
            Self::Collection(error) => error.hint().to_owned(),
            #[cfg(all(feature = "chain", feature = "wallet"))]
            Self::Access(error) => error.hint().to_owned(),
            Self::Group(error) => error.hint().to_owned(),
            #[cfg(all(feature = "chain", feature = "wallet"))]
            Self::GroupContract(error) => error.hint().to_owned(),
            #[cfg(all(feature = "chain", feature = "storage", feature = "wallet"))]
            Self::Market(error) => error.hint().to_owned(),
            Self::Ledger(error) => ledger_hint(error),
            Self::WrongKey { .. } => {
                "do not encrypt to this key; check the endpoint, and get the network file from a \
                 trusted place"
                    .to_owned()
            }
            Self::NoNetwork { .. } => "give a network file that you trust".to_owned(),
            Self::WrongNetwork { .. } => {
                "give the network file that belongs to the envelope, or none: reading needs none"
                    .to_owned()
            }
            Self::NoThresholdRecipient => {
                "open it with a key of one of its recipients; `stheno inspect` lists them"
                    .to_owned()
            }
            Self::NoRecipient => "name a policy and a network, or a key to encrypt to".to_owned(),
            Self::ItemNeeded { .. } => {
                "create an item with `stheno access create`, and give it with --item".to_owned()
            }
            Self::KeyDoesNotOpen {
                x25519: 0,
                shared: 0,
            } => "no recipient of this envelope is a key; `stheno inspect` lists them".to_owned(),
            Self::KeyDoesNotOpen { x25519, shared } => format!(
                "the envelope is for {x25519} X25519 and {shared} shared keys; `stheno inspect` \
                 shows which"
            ),
            Self::KeyNeeded => {
                "open the envelope with a key or a wallet that can read it".to_owned()
            }
            Self::NoSuchRecipient { .. } => {
                "`stheno inspect` numbers the recipients, from 1".to_owned()
            }
            Self::PolicyHidden => "give the policy that its author handed out".to_owned(),
            Self::PolicyMismatch => {
                "`stheno inspect` shows the digest that the policy must have".to_owned()
            }
            Self::NotForEverybody => {
                "seal what is to become public under a policy that asks nothing about the reader"
                    .to_owned()
            }
            Self::WalletNeeded => "give the wallet of the account that may read".to_owned(),
            Self::NotFinalYet(tally) => {
                let refusals = tally.refusals();
                let blocks = refusals
                    .iter()
                    .filter_map(|refusal| refusal.problem.blocks_to_wait);
                match blocks.max() {
                    Some(blocks) => format!("ask again when {blocks} more blocks are final"),
                    None => "ask again when it is final".to_owned(),
                }
            }
            Self::Denied(tally) | Self::Refused(tally) => tally
                .refusals()
                .first()
                .map_or("", |refusal| refusal.problem.code.remedy())
                .to_owned(),
            Self::TooFewNodes(tally) => {
                let have = tally
                    .shared()
                    .max(tally.answered().saturating_sub(tally.refused()));
                let missing = usize::from(tally.threshold).saturating_sub(have);
                format!(
                    "{missing} more must give a share; try again later, or tell their operators"
                )
            }
            Self::NoAnchor { .. } => "nodes may be catching up; try again in a minute".to_owned(),
            Self::Committee { .. } => "more than half of the nodes, at most all, open".to_owned(),
            Self::Unopenable => "fetch the file again from its source".to_owned(),
            Self::NoneOpened(errors) => errors.first().map(Self::hint).unwrap_or_default(),
            Self::Entropy { .. } | Self::Platform { .. } | Self::Http { .. } => {
                "this is a fault of the machine or of its configuration".to_owned()
            }
        }
    }

    /// Whether the policy does not hold for this reader, as opposed to something being wrong.
    pub fn is_denial(&self) -> bool {
        match self {
            Self::Denied(_) => true,
            Self::Prove(error) => error.is_denial(),
            Self::NoneOpened(errors) => errors.iter().any(Self::is_denial),
            _ => false,
        }
    }

    /// What each node said, where nodes were asked.
    pub fn tally(&self) -> Option<&Tally> {
        match self {
            Self::Denied(tally)
            | Self::NotFinalYet(tally)
            | Self::Refused(tally)
            | Self::TooFewNodes(tally) => Some(tally),
            Self::NoneOpened(errors) => {
                let denied = errors.iter().filter(|error| error.is_denial());
                denied.chain(errors).find_map(Self::tally)
            }
            _ => None,
        }
    }
}

/// A source that is read as a stream reports its faults through the envelope.
fn source_inside(error: &EnvelopeError) -> Option<&SourceError> {
    match error {
        EnvelopeError::Read(error) => SourceError::inside(error),
        _ => None,
    }
}

/// The envelope's own messages leave the system's cause to the chain of sources.
fn cause(error: &EnvelopeError) -> String {
    std::error::Error::source(error)
        .filter(|_| matches!(error, EnvelopeError::Read(_) | EnvelopeError::Write(_)))
        .map(|source| format!(": {source}"))
        .unwrap_or_default()
}

fn list(networks: &[impl fmt::Display]) -> String {
    let names: Vec<String> = networks.iter().map(ToString::to_string).collect();
    names.join(", ")
}

fn several(errors: &[Error]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join(" | ")
}
