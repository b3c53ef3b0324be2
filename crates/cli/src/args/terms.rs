//! What it takes to read, as it is typed.

use std::{path::PathBuf, str::FromStr};

use clap::Args;
use stheno::protocol::{Address, B256, U256};

/// What it takes to read.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "What it takes to read (of several, any one does)")]
pub struct TermsArgs {
    /// Terms in JSON, for what the other options cannot say; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "nobody", "open", "granted", "holds_erc20", "holds_erc721", "holds_erc1155", "paid",
        "listed", "condition",
    ])]
    pub terms: Option<PathBuf>,

    /// Nothing suffices. Of a period: its collection's terms hold again.
    #[arg(long, conflicts_with_all = [
        "open", "granted", "holds_erc20", "holds_erc721", "holds_erc1155", "paid", "listed",
        "condition",
    ])]
    pub nobody: bool,

    /// Nothing is needed: everybody reads.
    #[arg(long)]
    pub open: bool,

    /// A grant, by `stheno access grant`.
    #[arg(long)]
    pub granted: bool,

    /// A balance of this ERC-20 token, of so many of its smallest units.
    #[arg(long, value_name = "CONTRACT:MIN")]
    pub holds_erc20: Vec<HoldingArg>,

    /// An ERC-721 token of this contract, or so many.
    #[arg(long, value_name = "CONTRACT[:MIN]")]
    pub holds_erc721: Vec<HoldingArg>,

    /// The ERC-1155 token of this id, or so many.
    #[arg(long, value_name = "CONTRACT:ID[:MIN]")]
    pub holds_erc1155: Vec<MultiHoldingArg>,

    /// A payment to this sale.
    #[arg(long, value_name = "SALE")]
    pub paid: Vec<Address>,

    /// To be in a list, by the Merkle root of a policy's `allowlist`.
    #[arg(long, value_name = "ROOT")]
    pub listed: Vec<B256>,

    /// What another contract says, an IAccessCondition.
    #[arg(long, value_name = "CONTRACT")]
    pub condition: Vec<Address>,
}

/// A token, and how much of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HoldingArg {
    /// The token's contract.
    pub contract: Address,
    /// The least that does.
    pub min: U256,
}

impl FromStr for HoldingArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = match text.split_once(':') {
            None => text.parse().ok().map(|contract| (contract, U256::from(1))),
            Some((contract, min)) => contract.parse().ok().zip(decimal(min)),
        };
        let (contract, min) =
            parsed.ok_or_else(|| format!("`{text}` is not CONTRACT:MIN, such as 0x…:1"))?;
        Ok(Self { contract, min })
    }
}

/// A token among several of a contract, and how much of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MultiHoldingArg {
    /// The tokens' contract.
    pub contract: Address,
    /// Which token.
    pub id: U256,
    /// The least that does.
    pub min: U256,
}

impl FromStr for MultiHoldingArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let mut parsed = || {
            let contract = parts.next()?.parse().ok()?;
            let id = decimal(parts.next()?)?;
            let min = parts.next().map_or(Some(U256::from(1)), decimal)?;
            parts.next().is_none().then_some(Self { contract, id, min })
        };
        parsed().ok_or_else(|| format!("`{text}` is not CONTRACT:ID or CONTRACT:ID:MIN"))
    }
}

fn decimal(text: &str) -> Option<U256> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

    #[test]
    fn holdings_are_contracts_with_numbers() {
        let one: HoldingArg = TOKEN.parse().unwrap();
        assert_eq!(one.min, U256::from(1));
        let many: HoldingArg = format!("{TOKEN}:250").parse().unwrap();
        assert_eq!(many.min, U256::from(250));
        let multi: MultiHoldingArg = format!("{TOKEN}:7:3").parse().unwrap();
        assert_eq!((multi.id, multi.min), (U256::from(7), U256::from(3)));
        for text in ["", "0x12", &format!("{TOKEN}:"), &format!("{TOKEN}:-1")] {
            assert!(text.parse::<HoldingArg>().is_err(), "{text}");
            assert!(text.parse::<MultiHoldingArg>().is_err(), "{text}");
        }
        for text in [TOKEN, &format!("{TOKEN}:1:2:3")] {
            assert!(text.parse::<MultiHoldingArg>().is_err(), "{text}");
        }
    }
}
