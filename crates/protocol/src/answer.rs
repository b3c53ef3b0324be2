//! What a node gives back: shares, and a receipt that it signs for them.

mod files;
mod link;

use alloy_primitives::{Address, B256, Bytes, FixedBytes, keccak256};
use serde::{Deserialize, Serialize};
use stheno_crypto::{ItemId, PolicyDigest};

use crate::{Anchor, Domain, Request, SignatureError, signature, typed, wire};

pub use files::{EXPORT_FORMAT, ExportHead, ExportLine, KEPT_FORMAT, KeptReceipts};
pub use link::{RECEIPT_LINK_TAG, ReceiptTip};

/// A node's answer to a request.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Index of the node that answers.
    pub node: u16,
    /// Epoch of the share that it used.
    pub epoch: u64,
    /// Blocks at which it evaluated the policy: those of the request.
    pub anchors: Vec<Anchor>,
    /// One share per item, 288 bytes each, in the request's order.
    pub shares: Vec<Bytes>,
    /// The node's signature for it.
    pub receipt: SignedReceipt,
}

/// What a node released, to whom, under which policy, at which blocks. SPEC.md "Receipt".
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receipt {
    /// The committee's epoch.
    pub epoch: u64,
    /// Index of the node.
    pub node: u16,
    /// EIP-712 digest of the request.
    #[serde(with = "wire::fixed")]
    pub request_digest: B256,
    /// Digest of the policy that was evaluated.
    #[serde(with = "wire::fixed")]
    pub policy_digest: PolicyDigest,
    /// Items released.
    #[serde(with = "wire::list")]
    pub items: Vec<ItemId>,
    /// The account; zero where none was needed.
    #[serde(with = "wire::fixed")]
    pub account: Address,
    /// The reader's one-time key.
    #[serde(with = "wire::fixed")]
    pub reader_key: FixedBytes<48>,
    /// Blocks of the evaluation.
    pub anchors: Vec<Anchor>,
    /// [`shares_digest`] of what was sent.
    #[serde(with = "wire::fixed")]
    pub shares_digest: B256,
    /// When, Unix seconds.
    pub time: u64,
}

/// A receipt and the signature of the node's identity key.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedReceipt {
    /// What is signed.
    pub body: Receipt,
    /// 65 bytes `r ‖ s ‖ v`.
    #[serde(with = "wire::bytes")]
    pub signature: Bytes,
}

/// Why a receipt was refused.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReceiptError {
    /// Not signed by the node's identity key.
    #[error("receipt signature: {0}")]
    Signature(#[from] SignatureError),
    /// It speaks of something else than the answer that carries it.
    #[error("the {field} of the answer and its receipt are not those of the request")]
    Mismatch {
        /// Which field.
        field: &'static str,
    },
}

/// keccak-256 of the concatenated shares.
#[must_use]
pub fn shares_digest<T: AsRef<[u8]>>(shares: &[T]) -> B256 {
    let mut all = Vec::with_capacity(shares.iter().map(|s| s.as_ref().len()).sum());
    for share in shares {
        all.extend_from_slice(share.as_ref());
    }
    keccak256(&all)
}

impl Receipt {
    /// The receipt of `node` for `shares` released on `request`, at `time` (Unix seconds).
    #[must_use]
    pub fn of<T: AsRef<[u8]>>(
        request: &Request,
        domain: &Domain,
        node: u16,
        shares: &[T],
        time: u64,
    ) -> Self {
        Self {
            epoch: request.epoch,
            node,
            request_digest: request.digest(domain),
            policy_digest: request.policy_digest(),
            items: request.items.clone(),
            account: request.account.map(|a| a.address).unwrap_or_default(),
            reader_key: request.reader_key,
            anchors: request.anchors.clone(),
            shares_digest: shares_digest(shares),
            time,
        }
    }

    /// What the node signs (EIP-712), under `domain`.
    #[must_use]
    pub fn digest(&self, domain: &Domain) -> B256 {
        typed::digest(&self.typed(), domain)
    }

    /// The typed data that is signed.
    #[must_use]
    pub fn typed(&self) -> typed::Receipt {
        typed::Receipt {
            epoch: self.epoch,
            node: self.node,
            requestDigest: self.request_digest,
            policyDigest: B256::from(*self.policy_digest.as_bytes()),
            items: self
                .items
                .iter()
                .map(|i| B256::from(*i.as_bytes()))
                .collect(),
            account: self.account,
            readerKey: Bytes::copy_from_slice(self.reader_key.as_slice()),
            anchors: self.anchors.iter().map(Anchor::typed).collect(),
            sharesDigest: self.shares_digest,
            time: self.time,
        }
    }
}

impl SignedReceipt {
    /// The address of the key that signed this receipt.
    ///
    /// # Errors
    /// [`ReceiptError::Signature`].
    pub fn signer(&self, domain: &Domain) -> Result<Address, ReceiptError> {
        Ok(signature::recover(
            self.body.digest(domain),
            &self.signature,
        )?)
    }

    /// Checks that `identity` signed this receipt.
    ///
    /// # Errors
    /// [`ReceiptError::Signature`].
    pub fn verify(&self, domain: &Domain, identity: Address) -> Result<(), ReceiptError> {
        Ok(signature::verify(
            self.body.digest(domain),
            &self.signature,
            identity,
        )?)
    }
}

impl Answer {
    /// Checks that node `node` with key `identity` signed for exactly these shares, in answer to `request`.
    ///
    /// The shares themselves are judged by opening (`stheno_crypto::open`); a
    /// bad share with a good receipt is evidence against the node.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn verify(
        &self,
        request: &Request,
        domain: &Domain,
        node: u16,
        identity: Address,
    ) -> Result<(), ReceiptError> {
        let body = &self.receipt.body;
        let expected = Receipt::of(request, domain, node, &self.shares, body.time);
        let checks = [
            ("number of shares", self.shares.len() == request.items.len()),
            ("node", self.node == node && body.node == node),
            (
                "epoch",
                self.epoch == request.epoch && body.epoch == request.epoch,
            ),
            (
                "anchors",
                self.anchors == request.anchors && body.anchors == request.anchors,
            ),
            (
                "requestDigest",
                body.request_digest == expected.request_digest,
            ),
            ("policyDigest", body.policy_digest == expected.policy_digest),
            ("items", body.items == expected.items),
            ("account", body.account == expected.account),
            ("readerKey", body.reader_key == expected.reader_key),
            ("sharesDigest", body.shares_digest == expected.shares_digest),
        ];
        if let Some((field, _)) = checks.into_iter().find(|(_, equal)| !equal) {
            return Err(ReceiptError::Mismatch { field });
        }
        self.receipt.verify(domain, identity)
    }
}

#[cfg(test)]
mod tests;
