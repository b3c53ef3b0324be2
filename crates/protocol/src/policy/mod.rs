//! Policies: who may read, as a tree of conditions.
//!
//! JSON for people and tools, deterministic CBOR for storage and for the
//! digest: one policy, one byte string. SPEC.md "Policy", `policy.cddl`.

mod error;
mod nearest;
mod rule;

pub use error::{Limit, PolicyError, Position};
pub(crate) use nearest::nearest;
pub use rule::{
    Arg, Call, Comparison, Function, Leaf, Operand, Placeholder, Rule, Scalar, Token, TokenStandard,
};

use std::collections::BTreeSet;

use stheno_crypto::PolicyDigest;

use crate::ChainId;

/// Confirmations that a leaf's block needs; 0 stands for finality.
pub type Tier = u64;

/// Most bytes of a policy's CBOR.
pub const MAX_BYTES: usize = 16 * 1024;
/// Most leaves of a policy.
pub const MAX_LEAVES: usize = 64;
/// Most levels of a policy's tree, leaves included.
pub const MAX_DEPTH: usize = 8;
/// Most bytes of a literal, or of an entry of a literal list.
pub const MAX_LITERAL_BYTES: usize = 256;

/// A policy within all limits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    salt: Option<[u8; 16]>,
    rule: Rule,
}

#[allow(clippy::todo)]
impl Policy {
    /// Reads the JSON form.
    ///
    /// # Errors
    /// [`PolicyError`] with line and column, and the nearest valid name where a name is wrong.
    pub fn from_json(_text: &str) -> Result<Self, PolicyError> {
        todo!()
    }

    /// Reads the stored form, which must be canonical.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn from_cbor(_bytes: &[u8]) -> Result<Self, PolicyError> {
        todo!()
    }

    /// The JSON form, pretty-printed, in one canonical spelling.
    #[must_use]
    pub fn to_json(&self) -> String {
        todo!()
    }

    /// The stored form: deterministic CBOR.
    #[must_use]
    pub fn to_cbor(&self) -> Vec<u8> {
        todo!()
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

    /// Every chain and tier that a request needs an anchor for.
    #[must_use]
    pub fn chains(&self) -> BTreeSet<(ChainId, Tier)> {
        todo!()
    }

    /// Whether some leaf asks about the reader's account.
    #[must_use]
    pub fn needs_account(&self) -> bool {
        todo!()
    }
}
