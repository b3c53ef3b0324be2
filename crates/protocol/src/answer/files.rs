//! Receipts in files: what a node exports, and what a reader keeps. SPEC.md "Files of receipts".

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};
use stheno_crypto::NetworkId;

use super::{ReceiptTip, SignedReceipt};
use crate::{ChainId, Domain, wire};

/// What the first line of a node's export calls itself.
pub const EXPORT_FORMAT: &str = "stheno-receipt-export/1";
/// What a reader's file of receipts calls itself.
pub const KEPT_FORMAT: &str = "stheno-receipts/1";

/// The first line of a node's export: whose receipts follow, and which.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportHead {
    /// [`EXPORT_FORMAT`].
    pub format: String,
    /// The network that the receipts are of.
    #[serde(with = "wire::fixed")]
    pub network: NetworkId,
    /// The chain of its committee.
    pub chain_id: ChainId,
    /// The Committee contract.
    #[serde(with = "wire::fixed")]
    pub contract: Address,
    /// The committee's number in it.
    pub committee_id: u64,
    /// The address of the key that signed them.
    #[serde(with = "wire::fixed")]
    pub identity: Address,
    /// The receipt before the first line, or the default at the beginning.
    pub after: ReceiptTip,
    /// The receipt of the last line; that of `after` where no line follows.
    pub last: ReceiptTip,
}

/// A further line of a node's export.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportLine {
    /// The receipt's number.
    pub sequence: u64,
    /// Its link.
    #[serde(with = "wire::fixed")]
    pub link: B256,
    /// The receipt.
    pub receipt: SignedReceipt,
}

/// What a reader keeps of an opened file: the receipts of the nodes that gave shares.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeptReceipts {
    /// [`KEPT_FORMAT`].
    pub format: String,
    /// The network that the receipts are of.
    #[serde(with = "wire::fixed")]
    pub network: NetworkId,
    /// The chain of its committee.
    pub chain_id: ChainId,
    /// The Committee contract.
    #[serde(with = "wire::fixed")]
    pub contract: Address,
    /// The committee's number in it.
    pub committee_id: u64,
    /// One of each node.
    pub receipts: Vec<SignedReceipt>,
}

macro_rules! of_a_committee {
    ($($file:ty, $format:ident);*) => {$(
        impl $file {
            /// What its receipts are signed under; `None` when it is of another format, or calls
            /// a network by a name that its place does not have.
            #[must_use]
            pub fn domain(&self) -> Option<Domain> {
                let domain = Domain::of_committee(self.chain_id, self.contract, self.committee_id);
                let fits = self.format == $format && domain.network == self.network;
                fits.then_some(domain)
            }
        }
    )*};
}

of_a_committee!(ExportHead, EXPORT_FORMAT; KeptReceipts, KEPT_FORMAT);
