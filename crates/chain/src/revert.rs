//! Why a contract refused, in its own error's name.

use std::fmt;

use alloy::primitives::Bytes;
use alloy::sol_types::{Panic, Revert as RevertString, SolError, SolInterface};

use crate::contracts::{
    AccessPassContract, AccessRegistryContract, CatalogueContract, CommitteeContract,
    DevnetDollarContract, EscrowContract, Groth16VerifierContract, NullifiersContract,
    OwnedGroupContract, PayPerAccessContract, SealedBidAuctionContract, TimedReleaseContract,
    VotedGroupContract,
};

/// Why a contract refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Revert {
    /// The contract's error by name, such as `AlreadyDone`; `Error` for a text,
    /// `Panic` for a fault of the contract, `unnamed` for what is not known here.
    pub name: String,
    /// The error's arguments, such as `index: 3`; empty when there are none.
    pub detail: String,
    /// The bytes.
    pub data: Bytes,
}

impl Revert {
    /// Names the error in what a call reverted with.
    pub fn decode(data: Bytes) -> Self {
        let (name, detail) = named(&data).unwrap_or_else(|| {
            let detail = match data.len() {
                0 => String::new(),
                _ => data.to_string(),
            };
            ("unnamed".to_owned(), detail)
        });
        Self { name, detail, data }
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name.as_str(), self.detail.is_empty()) {
            ("unnamed", true) => f.write_str("it reverted without a reason"),
            (name, true) => f.write_str(name),
            (name, false) => write!(f, "{name}({})", self.detail),
        }
    }
}

fn named(data: &[u8]) -> Option<(String, String)> {
    if let Ok(text) = RevertString::abi_decode(data) {
        return Some(("Error".to_owned(), one_line(&text.reason)));
    }
    if let Ok(panic) = Panic::abi_decode(data) {
        return Some(("Panic".to_owned(), panic.to_string()));
    }
    KNOWN.iter().find_map(|named| named(data))
}

/// Name and fields, if it is one of a contract's errors.
type Named = fn(&[u8]) -> Option<(String, String)>;

/// Whose errors are known, in the order in which they are tried.
const KNOWN: [Named; 13] = [
    of::<CommitteeContract::CommitteeContractErrors>,
    of::<AccessPassContract::AccessPassContractErrors>,
    of::<AccessRegistryContract::AccessRegistryContractErrors>,
    of::<PayPerAccessContract::PayPerAccessContractErrors>,
    of::<EscrowContract::EscrowContractErrors>,
    of::<CatalogueContract::CatalogueContractErrors>,
    of::<TimedReleaseContract::TimedReleaseContractErrors>,
    of::<SealedBidAuctionContract::SealedBidAuctionContractErrors>,
    of::<OwnedGroupContract::OwnedGroupContractErrors>,
    of::<VotedGroupContract::VotedGroupContractErrors>,
    of::<NullifiersContract::NullifiersContractErrors>,
    of::<Groth16VerifierContract::Groth16VerifierContractErrors>,
    // Those of OpenZeppelin's ERC-20.
    of::<DevnetDollarContract::DevnetDollarContractErrors>,
];

fn of<E: SolInterface + fmt::Debug>(data: &[u8]) -> Option<(String, String)> {
    let error = E::abi_decode(data).ok()?;
    // `Name(Name { a: 1 })`.
    let text = format!("{error:?}");
    let name = text.split('(').next().unwrap_or_default().to_owned();
    Some((name, fields(&text)))
}

/// The fields of `Name(Name { a: 1, b: 2 })` without the names around them.
fn fields(text: &str) -> String {
    let inner = text
        .split_once('{')
        .and_then(|(_, rest)| rest.rsplit_once('}'));
    inner.map_or(String::new(), |(inner, _)| inner.trim().to_owned())
}

/// A contract may write what it likes; it gets one line of it.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::{U256, bytes};

    #[test]
    fn revert_is_named_when_the_contract_is_ours() {
        let error = CommitteeContract::AlreadyDone { index: 3 };
        let revert = Revert::decode(error.abi_encode().into());
        assert_eq!(revert.name, "AlreadyDone");
        assert_eq!(revert.to_string(), "AlreadyDone(index: 3)");

        let plain = CommitteeContract::BadWindows {};
        assert_eq!(
            Revert::decode(plain.abi_encode().into()).to_string(),
            "BadWindows"
        );

        let price = PayPerAccessContract::PriceRose {
            price: U256::from(2),
            agreed: U256::from(1),
        };
        let revert = Revert::decode(price.abi_encode().into());
        assert_eq!(revert.to_string(), "PriceRose(price: 2, agreed: 1)");
        let registry = AccessRegistryContract::TooManyTerms {
            count: U256::from(17),
        };
        assert_eq!(
            Revert::decode(registry.abi_encode().into()).to_string(),
            "TooManyTerms(count: 17)"
        );

        let stale = VotedGroupContract::Stale {
            following: 1,
            index: 2,
        };
        let revert = Revert::decode(stale.abi_encode().into());
        assert_eq!(revert.to_string(), "Stale(following: 1, index: 2)");

        let pass = AccessPassContract::WrongPayment {
            paid: U256::from(1),
            price: U256::from(2),
        };
        let revert = Revert::decode(pass.abi_encode().into());
        assert_eq!(revert.to_string(), "WrongPayment(paid: 1, price: 2)");
    }

    #[test]
    fn revert_keeps_texts_panics_and_strangers_apart() {
        let text = RevertString::from("no\nway").abi_encode();
        assert_eq!(Revert::decode(text.into()).to_string(), "Error(no way)");
        let panic = Panic::from(0x11).abi_encode();
        assert_eq!(Revert::decode(panic.into()).name, "Panic");
        let strange = Revert::decode(bytes!("deadbeef01"));
        assert_eq!(strange.to_string(), "unnamed(0xdeadbeef01)");
        let nothing = Revert::decode(Bytes::new());
        assert_eq!(nothing.to_string(), "it reverted without a reason");
    }
}
