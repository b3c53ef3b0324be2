//! Receipts in a row: each is bound to all before it, so that none can be left out unnoticed.

use alloy_primitives::{B256, Keccak256, keccak256};
use serde::{Deserialize, Serialize};

use crate::wire;

/// What the bytes that a link is the hash of begin with.
pub const RECEIPT_LINK_TAG: &[u8; 22] = b"stheno/v1/receipt-link";

/// Where a row of receipts ends. SPEC.md "Receipts in a row".
///
/// The link of the last receipt is a hash over all of them in their order: two rows with the same
/// tip hold the same receipts. The default is the row without any.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReceiptTip {
    /// Number of the last receipt; they are numbered from 1, without gaps.
    pub sequence: u64,
    /// Its link; zero where there is none.
    #[serde(with = "wire::fixed")]
    pub link: B256,
}

impl ReceiptTip {
    /// The tip after one more receipt, of this EIP-712 digest and with this signature.
    #[must_use]
    pub fn then(&self, digest: &B256, signature: &[u8]) -> Self {
        let sequence = self.sequence.saturating_add(1);
        let mut hasher = Keccak256::new();
        hasher.update(RECEIPT_LINK_TAG);
        hasher.update(self.link);
        hasher.update(sequence.to_be_bytes());
        hasher.update(digest);
        hasher.update(keccak256(signature));
        Self {
            sequence,
            link: hasher.finalize(),
        }
    }
}
