//! What can go wrong between a seller and a buyer.

use alloy_primitives::U256;
use stheno_chain::{ChainError, SendError};
use stheno_protocol::{Address, B256, ChainId, FixedBytes};

use crate::{access::AccessError, ledger::in_words, wallet::WalletError};

/// Why something was not sold or bought.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum MarketError {
    /// The network file names no contracts for trade.
    #[error("the network file names no market")]
    NoMarket,
    /// What was written is no amount.
    #[error("`{text}` is no amount: {why}")]
    BadAmount {
        /// What was written.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// The link is none.
    #[error("the link to a sale is damaged: {why}")]
    BadLink {
        /// What is wrong.
        why: String,
    },
    /// The catalogue, or its registry, is not the network file's.
    #[error("{what} {found} is not the network file's, {expected}")]
    OtherMarket {
        /// What it is about.
        what: &'static str,
        /// What was found.
        found: Address,
        /// What the network file says.
        expected: Address,
    },
    /// The catalogue lists no such thing, or it is not on sale.
    #[error("{listed} is not for sale: {why}")]
    NotForSale {
        /// The item or collection.
        listed: B256,
        /// What the contract says.
        why: String,
    },
    /// The offer is to be taken by a call that is not known here.
    #[error("the offer asks for an unknown call, selector {selector}, and is not taken")]
    UnknownOffer {
        /// The first bytes of its calldata.
        selector: FixedBytes<4>,
    },
    /// The offer contradicts itself, or what is sold.
    #[error("the offer is not taken: {why}")]
    BadOffer {
        /// How.
        why: String,
    },
    /// The files are not sealed to what is sold.
    #[error("what is sold does not open these files: {why}")]
    NotTheseFiles {
        /// How.
        why: String,
    },
    /// Paying would not be enough.
    #[error("paying does not let {reader} read: the terms ask for more")]
    MoreThanMoney {
        /// The reader.
        reader: Address,
    },
    /// The price is above what the buyer would pay.
    #[error("it costs {price}, and at most {most} was to be paid")]
    TooDear {
        /// What is asked.
        price: String,
        /// What was allowed.
        most: String,
    },
    /// There is a licence to be accepted.
    #[error("its licence, SHA-256 {licence}, has to be accepted")]
    LicenceNeeded {
        /// Its hash.
        licence: B256,
    },
    /// The licence that was accepted is another.
    #[error("the licence that was given has SHA-256 {given}, the offer's has {licence}")]
    OtherLicence {
        /// What was given.
        given: B256,
        /// What the offer says.
        licence: B256,
    },
    /// The buyer has too little of the token.
    #[error("account {account} has {balance}, and it costs {price}")]
    Funds {
        /// Who pays.
        account: Address,
        /// What it has.
        balance: String,
        /// What it costs.
        price: String,
    },
    /// The seller may not sell this.
    #[error("account {account} is not the owner of {id}, whose owner is {owner}")]
    NotTheOwner {
        /// The item or collection.
        id: B256,
        /// Who was to sell it.
        account: Address,
        /// Who owns it.
        owner: Address,
    },
    /// A transaction did not happen, or its end is not known.
    #[error("{what}: {source}")]
    Send {
        /// What it was to do.
        what: &'static str,
        /// Why.
        source: Box<SendError>,
    },
    /// The registry could not be read or changed.
    #[error(transparent)]
    Access(Box<AccessError>),
    /// The wallet did not sign.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The chain could not be read.
    #[error("{}", in_words(ChainError::clone(.0)))]
    Chain(Box<ChainError>),
    /// A permit cannot be made for this token.
    #[error("token {token} takes no permit: {why}")]
    NoPermit {
        /// The token.
        token: Address,
        /// Why.
        why: String,
    },
    /// A signed purchase is for another chain.
    #[error("the purchase is for chain {expected}, and the endpoint serves {found}")]
    OtherChain {
        /// What it says.
        expected: ChainId,
        /// Where it was to be sent.
        found: ChainId,
    },
    /// Not what was agreed to.
    #[error("the amount {units} is none: nothing is sold for nothing")]
    Nothing {
        /// The amount.
        units: U256,
    },
}

impl From<AccessError> for MarketError {
    fn from(error: AccessError) -> Self {
        Self::Access(Box::new(error))
    }
}

impl From<ChainError> for MarketError {
    fn from(error: ChainError) -> Self {
        Self::Chain(Box::new(error))
    }
}

impl MarketError {
    /// A stable name, for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoMarket => "no_market",
            Self::BadAmount { .. } | Self::Nothing { .. } => "bad_amount",
            Self::BadLink { .. } => "bad_sale_link",
            Self::OtherMarket { .. } => "other_market",
            Self::NotForSale { .. } => "not_for_sale",
            Self::UnknownOffer { .. } => "unknown_offer",
            Self::BadOffer { .. } => "bad_offer",
            Self::NotTheseFiles { .. } => "not_these_files",
            Self::MoreThanMoney { .. } => "more_than_money",
            Self::TooDear { .. } => "too_dear",
            Self::LicenceNeeded { .. } => "licence_needed",
            Self::OtherLicence { .. } => "other_licence",
            Self::Funds { .. } => "no_funds",
            Self::NotTheOwner { .. } => "not_allowed",
            Self::Send { source, .. } => match **source {
                SendError::Funds { .. } => "no_funds",
                SendError::Pending { .. } => "transaction_pending",
                SendError::Reverted(_) => "transaction_refused",
                _ => "transaction_failed",
            },
            Self::Access(error) => error.code(),
            Self::Wallet(_) => "bad_wallet",
            Self::Chain(_) => "rpc_unreadable",
            Self::NoPermit { .. } => "no_permit",
            Self::OtherChain { .. } => "rpc_other_chain",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoMarket => {
                "give a network file with `market`; `stheno network deploy` makes the contracts"
            }
            Self::BadAmount { .. } => "write it as 5usdfc or 0.25fil",
            Self::Nothing { .. } => {
                "what costs nothing is not sold: use `stheno access set --open`"
            }
            Self::BadLink { .. } => "copy it again, whole and in quotes",
            Self::OtherMarket { .. } => {
                "do not pay: get the network file and the link again from where you trust them"
            }
            Self::NotForSale { .. } => "ask the seller; nothing was paid",
            Self::UnknownOffer { .. } | Self::BadOffer { .. } | Self::NotTheseFiles { .. } => {
                "nothing was paid; do not make this call by other means unless you know what it does"
            }
            Self::MoreThanMoney { .. } => {
                "nothing was paid; `stheno access show` tells what else is asked for"
            }
            Self::TooDear { .. } => "nothing was paid; raise --most if it is worth it",
            Self::LicenceNeeded { .. } => {
                "read its text, and accept it with --accept-licence FILE; nothing was paid"
            }
            Self::OtherLicence { .. } => "get the text from the seller; nothing was paid",
            Self::Funds { .. } => "send it funds, or pay with another wallet; nothing was paid",
            Self::NotTheOwner { .. } => "use the owner's wallet, or another folder",
            Self::Send { source, .. } => match **source {
                SendError::Pending { .. } => "run the same command again: it goes on",
                SendError::Funds { .. } => "send the account funds, and run the same again",
                _ => "run the same command again: what is done already is not done twice",
            },
            Self::Access(error) => error.hint(),
            Self::Wallet(error) => error.hint(),
            Self::Chain(_) | Self::OtherChain { .. } => "check the rpc endpoint, or give another",
            Self::NoPermit { .. } => "pay by yourself, without --sign",
        }
    }

    pub(super) fn send(what: &'static str) -> impl FnOnce(SendError) -> Self {
        move |source| Self::Send {
            what,
            source: Box::new(source),
        }
    }
}
