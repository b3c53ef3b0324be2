//! What the parts of Stheno say to each other, and what a policy means.
//!
//! Policies and their evaluation, requests, answers, receipts, the messages of
//! the key ceremony, problem codes: the types, their JSON, CBOR and EIP-712
//! bytes, and every check that needs no network. See `SPEC.md` beside this
//! crate; `policy.cddl` has the grammar of stored policies, `schema/policy.schema.json`
//! that of written ones.
//!
//! # Layout
//!
//! | module | idea |
//! |---|---|
//! | [`policy`] | a tree of conditions: JSON in, deterministic CBOR out, limits, digest |
//! | [`mod@evaluate`] | which reads a policy needs, and its verdict over a snapshot of them |
//! | [`context`] | named values that a reader sends along |
//! | [`private`] | what a reader proves without showing who they are |
//! | [`request`] | the question a reader signs; its form and its digest |
//! | [`authorization`] | how a request proves who is asking |
//! | [`siwe`] | EIP-4361 messages, which wallets show and sign |
//! | [`explanation`] | what a policy says of a reader, told without shares |
//! | [`answer`] | a node's shares with the receipt that it signs for them; receipts in a row |
//! | [`problem`] | every way to be refused: code, status, explanation, remedy |
//! | [`canary`] | how members try the shares of a new epoch |
//! | [`status`] | what a node says of itself and of its committee |
//! | [`registry_item`] | ids that an access registry gives out |
//! | [`ceremony`] | messages, digests and timetable of the key ceremony |
//! | [`domain`], [`typed`], `typed_data`, [`signature`] | EIP-712: the domain, the type strings, the JSON for wallets, recovery |
//!
//! What is absent: I/O, clocks, randomness, keys. [`evaluate`](evaluate::evaluate)
//! judges readings that somebody else fetched; digests are signed elsewhere.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

pub mod answer;
pub mod authorization;
pub mod canary;
mod cbor;
pub mod ceremony;
pub mod context;
pub mod domain;
pub mod evaluate;
pub mod explanation;
mod labels;
pub mod policy;
pub mod private;
pub mod problem;
pub mod registry_item;
pub mod request;
pub mod signature;
pub mod siwe;
pub mod status;
pub mod typed;
mod typed_data;
mod wire;

pub use alloy_primitives::{Address, B256, Bytes, FixedBytes, I256, U256};
pub use stheno_crypto::{ItemId, KeyFingerprint, NetworkId, PolicyDigest};

pub use answer::{
    Answer, ExportHead, ExportLine, KeptReceipts, Receipt, ReceiptError, ReceiptTip, SignedReceipt,
    shares_digest,
};
pub use authorization::{
    Application, Authorization, Consent, ContractConsent, DelegateKey, Delegation, Scope, Session,
};
pub use canary::{CanaryAnswer, CanaryRequest};
pub use context::{Context, ContextError, ContextValue};
pub use domain::Domain;
pub use evaluate::{
    Account, AccountKind, CALLER, ChainView, Explained, LeafReport, RETURN_CAP, Read, Reading,
    Subject, Truth, Unknown, Verdict, call_gas_cap, evaluate, explain, reads,
};
pub use explanation::{ExplainRequest, Explanation, Moment};
pub use policy::{Policy, PolicyError, Tier};
pub use private::{Presentation, Proofs, Proven};
pub use problem::{Code, Problem};
pub use registry_item::{collection_id, item_id, period_id};
pub use request::{Anchor, Request};
pub use signature::SignatureError;
pub use status::{ChainHeads, CommitteeView, MemberView, NodeState, Position, ServedEpoch, Status};

/// An EIP-155 chain id, such as 314 for Filecoin's mainnet.
pub type ChainId = u64;
