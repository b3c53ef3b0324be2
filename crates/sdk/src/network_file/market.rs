//! What a network has besides its committee: a registry of terms, sales, a catalogue, and the
//! tokens that prices are told in.
//!
//! All of it lives on the committee's chain. A writer seals to the registry, a buyer pays to the
//! sales: so both take their addresses from this file, and not from whoever offers something.

use serde::{Deserialize, Serialize};
use stheno_protocol::Address;

/// The contracts for access and trade.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Market {
    /// Terms of access that their owners edit.
    pub registry: Address,
    /// Sells items and collections, for good or for a time.
    pub pay_per_access: Address,
    /// Sells them against a guarantee that they stay stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escrow: Option<Address>,
    /// What is for sale.
    pub catalogue: Address,
    /// Items whose keys become public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timed_release: Option<Address>,
}

impl Market {
    /// What this network calls one of its sales.
    pub fn name_of(&self, sale: Address) -> Option<&'static str> {
        if sale == self.pay_per_access {
            return Some("PayPerAccess");
        }
        (Some(sale) == self.escrow).then_some("Escrow")
    }
}

/// A token (ERC-20) that prices are told in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Token {
    /// Its contract.
    pub address: Address,
    /// How many digits of an amount stand behind the point.
    pub decimals: u8,
}
