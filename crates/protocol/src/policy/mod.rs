//! Policies: who may read, as a tree of conditions.
//!
//! JSON for people and tools, deterministic CBOR for storage and for the
//! digest: one policy, one byte string. SPEC.md "Policy", `policy.cddl`.
//!
//! What is absent: deciding. See [`evaluate`](crate::evaluate::evaluate).

mod check;
mod chosen;
mod error;
mod filecoin;
mod from_json;
mod function;
mod leaf;
mod literal;
mod nearest;
mod rule;
mod satisfiable;
pub(crate) mod schema;
mod stored;
#[cfg(test)]
mod tests;
mod text;
mod to_json;
pub(crate) mod typing;
pub(crate) mod ways;

use check::leaf_check;
pub use error::{Limit, PolicyError, Position};
pub use function::Function;
pub(crate) use function::head_words;
pub use leaf::{
    AddressList, Allowlist, Balance, Grant, Group, Leaf, Paid, Storage, Subscription, Time, Token,
    TokenStandard, Zk,
};
pub use literal::time_text;
pub(crate) use nearest::nearest;
pub use rule::{Arg, Call, Comparison, Placeholder, Rule, Scalar};
pub use schema::SCHEMA;

use std::collections::BTreeSet;

use alloy_primitives::Address;
use stheno_crypto::PolicyDigest;

use crate::{ChainId, cbor};

/// Confirmations that a leaf's block needs; 0 stands for finality.
pub type Tier = u64;

/// Version of the policy language.
pub const VERSION: u64 = 1;
/// Most bytes of a policy's CBOR.
pub const MAX_BYTES: usize = 16 * 1024;
/// Most leaves of a policy.
pub const MAX_LEAVES: usize = 64;
/// Most private conditions of a policy that differ: each is a proof to verify.
pub const MAX_PRIVATE: usize = 8;
/// Most levels of a policy's tree, leaves included.
pub const MAX_DEPTH: usize = 8;
/// Most bytes of a literal, or of an entry of a literal list.
pub const MAX_LITERAL_BYTES: usize = 256;
/// Most token ids of a leaf.
pub const MAX_IDS: usize = 64;
/// Most nodes of a Merkle proof, which is most levels of an allowlist's tree.
pub const MAX_PROOF_NODES: usize = 64;
/// Most confirmations that a leaf can ask for.
pub const MAX_CONFIRMATIONS: Tier = 100_000;

/// A policy: well typed, within all limits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    salt: Option<[u8; 16]>,
    rule: Rule,
}

impl Policy {
    /// A policy from parts made by a program, checked as if it had been read.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn new(rule: Rule, salt: Option<[u8; 16]>) -> Result<Self, PolicyError> {
        // Depth first: the encoder follows it.
        Limit::Depth.check(rule.depth())?;
        Self::from_cbor(&Self { salt, rule }.to_cbor())
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// [`PolicyError`] with line and column, and the nearest valid name where a name is wrong.
    pub fn from_json(text: &str) -> Result<Self, PolicyError> {
        let policy = from_json::policy(text)?;
        check::limits(&policy.rule)?;
        chosen::check(&policy.rule)?;
        satisfiable::check(&policy.rule)?;
        Limit::Bytes.check(policy.to_cbor().len())?;
        Ok(policy)
    }

    /// Reads the stored form, which must be canonical: one policy has one byte string.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn from_cbor(bytes: &[u8]) -> Result<Self, PolicyError> {
        Limit::Bytes.check(bytes.len())?;
        let value = cbor::decode(bytes).map_err(|error| PolicyError::Malformed {
            offset: error.offset,
            message: error.message.to_owned(),
        })?;
        let policy = stored::decode(value)?;
        check::limits(&policy.rule)?;
        chosen::check(&policy.rule)?;
        satisfiable::check(&policy.rule)?;
        // The decoders accept canonical forms alone; should one of them ever be wrong, this holds.
        if policy.to_cbor() != bytes {
            return Err(PolicyError::Malformed {
                offset: 0,
                message: "encoding it again gives other bytes".to_owned(),
            });
        }
        Ok(policy)
    }

    /// The JSON form, pretty-printed, in one canonical spelling.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Maps with string keys, strings and integers: this serialises into memory always.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The stored form: deterministic CBOR.
    #[must_use]
    pub fn to_cbor(&self) -> Vec<u8> {
        stored::encode(self).encode()
    }

    /// What envelopes, requests and receipts name this policy by.
    #[must_use]
    pub fn digest(&self) -> PolicyDigest {
        PolicyDigest::of(&self.to_cbor())
    }

    /// The tree of conditions.
    #[must_use]
    pub const fn rule(&self) -> &Rule {
        &self.rule
    }

    /// The salt that keeps the digest of a hidden policy from being guessed.
    #[must_use]
    pub const fn salt(&self) -> Option<&[u8; 16]> {
        self.salt.as_ref()
    }

    /// The same conditions under another salt, or none.
    #[must_use]
    pub fn with_salt(mut self, salt: Option<[u8; 16]>) -> Self {
        self.salt = salt;
        self
    }

    /// Every chain and tier that is read, so that a request needs an anchor for.
    #[must_use]
    pub fn chains(&self) -> BTreeSet<(ChainId, Tier)> {
        self.rule.leaves().filter_map(Leaf::place).collect()
    }

    /// Every contract that some leaf reads, as often as it does.
    pub fn contracts(&self) -> impl Iterator<Item = (ChainId, Address)> + '_ {
        self.rule.leaves().flat_map(Leaf::contracts)
    }

    /// Whether some leaf asks about the reader's account.
    #[must_use]
    pub fn needs_account(&self) -> bool {
        self.rule.leaves().any(Leaf::needs_account)
    }

    /// Its private conditions, which are asked without an account.
    pub fn private(&self) -> impl Iterator<Item = &Zk> + '_ {
        self.rule.leaves().filter_map(|leaf| match leaf {
            Leaf::Zk(zk) => Some(zk),
            _ => None,
        })
    }

    /// Whether it has a private condition.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.private().next().is_some()
    }

    /// Whether nobody can be let in without an account.
    ///
    /// Where some condition is private, a reader may ask without one; what asks about the account is
    /// unknown then.
    #[must_use]
    pub fn requires_account(&self) -> bool {
        self.needs_account() && !self.is_private()
    }
}
