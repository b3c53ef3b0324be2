//! What a node gives back: shares, and a receipt that it signs for them.

use alloy_primitives::{Address, B256, Bytes, FixedBytes, keccak256};
use serde::{Deserialize, Serialize};
use stheno_crypto::{ItemId, PolicyDigest};

use crate::{Anchor, Domain, SignatureError, signature, typed, wire};

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
#[serde(rename_all = "camelCase")]
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
#[serde(rename_all = "camelCase")]
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
    #[error("the receipt's {field} is not the answer's")]
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

#[allow(clippy::todo)]
impl Receipt {
    /// What the node signs (EIP-712), under `domain`.
    #[must_use]
    pub fn digest(&self, domain: &Domain) -> B256 {
        typed::digest(&self.typed(), domain)
    }

    fn typed(&self) -> typed::Receipt {
        todo!()
    }
}

impl SignedReceipt {
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

#[allow(clippy::todo)]
impl Answer {
    /// Checks that node `node` with key `identity` signed for exactly these shares, in answer to `request`.
    ///
    /// The shares themselves are judged by opening (`stheno_crypto::open`).
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn verify(
        &self,
        _request: &crate::Request,
        _domain: &Domain,
        _node: u16,
        _identity: Address,
    ) -> Result<(), ReceiptError> {
        todo!()
    }
}
