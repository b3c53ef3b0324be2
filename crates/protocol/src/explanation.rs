//! `POST /v1/explain`: what a policy says of a reader, told without shares.
//!
//! Nobody proves who he is, since nothing is told but what anybody can read from the chain.

use alloy_primitives::{Address, Bytes};
use serde::{Deserialize, Serialize};
use stheno_crypto::ItemId;

use crate::{
    Account, Anchor, ChainId, Context, Explained, Policy, Problem, Subject, Truth,
    request::{AccountForm, decode_policy, flat_account},
    wire,
};

/// The question: what would this policy say of this reader?
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct ExplainRequest {
    /// The reader; none where the policy needs no account.
    pub account: Option<Account>,
    /// The policy's canonical CBOR; not yet decoded.
    pub policy: Bytes,
    /// The item; zeros where the policy does not ask for it.
    pub item: ItemId,
    /// Values for the policy's placeholders.
    pub context: Context,
}

impl ExplainRequest {
    /// The question about `policy`, for `subject`.
    #[must_use]
    pub fn new(policy: &Policy, subject: &Subject) -> Self {
        Self {
            account: subject.account,
            policy: policy.to_cbor().to_vec().into(),
            item: subject.item,
            context: subject.context.clone(),
        }
    }

    /// Decodes the policy that this question carries.
    ///
    /// # Errors
    /// `invalid_policy`, `policy_limit`, `unsatisfiable_policy`.
    pub fn decode_policy(&self) -> Result<Policy, Problem> {
        decode_policy(&self.policy)
    }

    /// What the policy is judged with.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject {
            account: self.account,
            item: self.item,
            context: self.context.clone(),
            proofs: Default::default(),
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    #[serde(with = "wire::fixed")]
    account: Address,
    account_chain: ChainId,
    account_kind: AccountForm,
    #[serde(with = "wire::bytes")]
    policy: Bytes,
    #[serde(with = "wire::fixed")]
    item: ItemId,
    #[serde(with = "wire::bytes")]
    context: Bytes,
}

impl TryFrom<Wire> for ExplainRequest {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Self, String> {
        Ok(Self {
            account: wire
                .account_kind
                .account(wire.account, wire.account_chain)?,
            policy: wire.policy,
            item: wire.item,
            context: Context::from_cbor(&wire.context).map_err(|error| error.to_string())?,
        })
    }
}

impl From<ExplainRequest> for Wire {
    fn from(request: ExplainRequest) -> Self {
        let (account, account_chain, _) = flat_account(request.account);
        Self {
            account,
            account_chain,
            account_kind: AccountForm::of(request.account),
            policy: request.policy,
            item: request.item,
            context: request.context.to_cbor().into(),
        }
    }
}

/// What a policy says at the newest final blocks, and what it says at the heads.
///
/// A node grants where both are true: the first makes all nodes agree, the second denies what was
/// sold or revoked a minute ago.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Whether both are true.
    pub granted: bool,
    /// At the newest final block of each chain, or so many confirmations below its head.
    pub then: Moment,
    /// At each chain's head.
    pub now: Moment,
}

impl Explanation {
    /// Both moments, and what follows from them.
    #[must_use]
    pub fn new(then: Moment, now: Moment) -> Self {
        Self {
            granted: then.tree.truth == Truth::True && now.tree.truth == Truth::True,
            then,
            now,
        }
    }
}

/// A policy, judged at one block of each chain and tier.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    /// The blocks, ascending by chain and confirmations.
    pub blocks: Vec<Anchor>,
    /// The tree, with what was found.
    pub tree: Explained,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AccountKind;

    fn question() -> ExplainRequest {
        let policy = r#"{ "version": 1, "rule": { "time": { "chain": 1, "after": "2027-01-01T00:00:00Z" } } }"#;
        let account = Account {
            address: Address::repeat_byte(7),
            chain: 314,
            kind: AccountKind::Contract,
        };
        let subject = Subject {
            account: Some(account),
            item: ItemId::from_bytes([9; 32]),
            context: Context::default(),
            proofs: Default::default(),
        };
        ExplainRequest::new(&Policy::from_json(policy).unwrap(), &subject)
    }

    #[test]
    fn question_survives_its_json() {
        let question = question();
        let json = serde_json::to_string(&question).unwrap();
        let read: ExplainRequest = serde_json::from_str(&json).unwrap();
        assert_eq!(read, question);
        assert_eq!(read.subject().account, question.account);
        assert!(read.decode_policy().is_ok());
    }

    #[test]
    fn question_is_refused_with_what_it_does_not_ask_for() {
        let json = serde_json::to_value(question()).unwrap();
        for (field, value) in [
            ("accountKind", serde_json::json!("none")),
            ("accountChain", serde_json::json!(0)),
            ("readerKey", serde_json::json!("0x00")),
            ("context", serde_json::json!("0x")),
        ] {
            let mut json = json.clone();
            json[field] = value;
            assert!(
                serde_json::from_value::<ExplainRequest>(json).is_err(),
                "{field}"
            );
        }
    }
}
