//! Recovery trustees: a node's share, split among people who are not members.
//!
//! The mathematics is the ceremony's own. The node deals its share `s_i` to `m` trustees with
//! threshold `t`, as a dealer of a reshare does to new members, with commitments that everybody can
//! check against `X_i`. To give it back, each of `t` trustees deals its part to one receiver with
//! threshold 1, and the parts are interpolated at zero, as a reshare's are:
//!
//! ```text
//! node       f(0) = s_i, degree t − 1        A_k = a_k·P2,  A_0 = X_i      f(j) sealed to trustee j
//! trustee j  g_j(x) = f(j)                   f(j)·P2 = Σ j^k·A_k           f(j) sealed to the operator
//! operator   s_i = Σ λ_j·f(j)                s_i·P2 = X_i, as the chain has it
//! ```
//!
//! So a wrong part is named, and fewer than `t` trustees know nothing. `t` of them together hold
//! this node's share, and nothing else. The bytes are in `crates/node/SPEC.md`.

mod key_text;
pub mod trustees;

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stheno_chain::Locator;
use stheno_crypto::{
    DecodeError, KeyShare, NodeIndex, NodePublicKey,
    dkg::{
        CeremonyContext, CeremonySecret, Constant, DealerSeed, Dealing, DealingError, Kind,
        OutcomeError, ReceiveError, VerifiedDealing, combine_shares, outcome,
    },
};

pub use key_text::{KeyTextError, TrusteeKey};
pub use trustees::Trustees;

/// Most trustees of a node.
pub const MOST_TRUSTEES: usize = 64;

const SPLIT: &[u8] = b"stheno-node recovery v1 split";
const PART: &[u8] = b"stheno-node recovery v1 part";
/// The one receiver of a part.
const OPERATOR: u16 = 1;

/// A node's share, split. No secret: the parts are sealed to the trustees.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recovery {
    /// Says what it is.
    pub kind: RecoveryKind,
    /// The committee.
    pub committee: Locator,
    /// The node's identity address.
    pub identity: Address,
    /// The node's index.
    pub node: u16,
    /// Its epoch, as the chain had it when this was made.
    pub epoch: u64,
    /// The ceremony that made the share.
    pub context: B256,
    /// How many trustees give it back.
    pub threshold: u16,
    /// Their keys; the first is trustee 1.
    pub trustees: Vec<TrusteeKey>,
    /// The dealing, as `stheno-crypto` encodes it.
    pub dealing: Bytes,
}

/// What a trustee gave back. No secret: it is sealed to the operator.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Part {
    /// Says what it is.
    pub kind: PartKind,
    /// SHA-256 of what was split: the context of the split and its dealing.
    pub of: B256,
    /// Which trustee.
    pub trustee: u16,
    /// The key that it is sealed to.
    pub to: TrusteeKey,
    /// The dealing, as `stheno-crypto` encodes it.
    pub dealing: Bytes,
}

/// Format 1 of a split share.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum RecoveryKind {
    /// The only one.
    #[serde(rename = "stheno recovery 1")]
    One,
}

/// Format 1 of a part.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum PartKind {
    /// The only one.
    #[serde(rename = "stheno recovery part 1")]
    One,
}

/// Why a share could not be split or given back.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RecoveryError {
    /// No trustees, too many, or a threshold that is none.
    #[error(
        "{threshold} of {trustees} trustees is no choice; at least 2 of at most {MOST_TRUSTEES}, since one alone would hold the share"
    )]
    Terms {
        /// The threshold.
        threshold: u16,
        /// How many trustees.
        trustees: usize,
    },
    /// One key stands twice.
    #[error("trustee {0} stands in the list twice")]
    Twice(TrusteeKey),
    /// The node's index is none.
    #[error("the node's index is wrong: {0}")]
    Index(DecodeError),
    /// What was split does not fit together.
    #[error("the file does not hold a share that was split: {0}")]
    Split(DealingError),
    /// The key is no trustee's.
    #[error("the key {0} is none of the trustees'")]
    NotATrustee(TrusteeKey),
    /// A trustee's part does not open or match; the node split it wrongly.
    #[error("the part of trustee {trustee} is not good: {why}")]
    Sealed {
        /// Which trustee.
        trustee: u16,
        /// What is wrong.
        why: ReceiveError,
    },
    /// A part is of another share, or sealed to another key.
    #[error("the part of trustee {trustee} is {what}")]
    Foreign {
        /// Which trustee.
        trustee: u16,
        /// What it is instead.
        what: &'static str,
    },
    /// A part is not what the trustee was given.
    #[error("trustee {trustee} gave back something else than it was given: {why}")]
    Wrong {
        /// Who.
        trustee: u16,
        /// What is wrong.
        why: DealingError,
    },
    /// Too few parts.
    #[error("{needed} trustees are needed, and {found} gave their parts")]
    TooFew {
        /// How many it takes.
        needed: u16,
        /// How many there are.
        found: usize,
    },
    /// The parts do not add up, which takes a break of the cryptography.
    #[error("the parts do not add up: {0}")]
    Sum(OutcomeError),
}

impl Recovery {
    /// Splits a share. `seed` is fresh randomness.
    ///
    /// # Errors
    /// [`RecoveryError::Terms`], [`RecoveryError::Twice`].
    pub fn split(
        blank: Blank,
        trustees: Vec<TrusteeKey>,
        threshold: u16,
        share: Constant<'_>,
        seed: &DealerSeed,
    ) -> Result<Self, RecoveryError> {
        check_terms(&trustees, threshold)?;
        let mut recovery = Self {
            kind: RecoveryKind::One,
            committee: blank.committee,
            identity: blank.identity,
            node: blank.node.get(),
            epoch: blank.epoch,
            context: blank.context,
            threshold,
            trustees,
            dealing: Bytes::new(),
        };
        let keys: Vec<_> = recovery.trustees.iter().map(TrusteeKey::key).collect();
        let context = recovery.split_context();
        let dealing = Dealing::deal(&context, blank.node, threshold, &keys, share, seed)
            .map_err(RecoveryError::Split)?;
        recovery.dealing = dealing.encode().into();
        Ok(recovery)
    }

    /// Checks that it holds a share that was split among these trustees, and of which public key.
    ///
    /// # Errors
    /// [`RecoveryError`].
    pub fn check(&self) -> Result<NodePublicKey, RecoveryError> {
        let (_, keys) = self.verify()?;
        Ok(keys.node)
    }

    /// A trustee's part, sealed to `to`. `seed` is fresh randomness.
    ///
    /// # Errors
    /// [`RecoveryError::NotATrustee`], [`RecoveryError::Sealed`].
    pub fn part(
        &self,
        secret: &CeremonySecret,
        to: TrusteeKey,
        seed: &DealerSeed,
    ) -> Result<Part, RecoveryError> {
        let (dealing, _) = self.verify()?;
        let own = TrusteeKey::of(secret);
        let trustee = (1_u16..)
            .zip(&self.trustees)
            .find_map(|(index, key)| (*key == own).then_some(index))
            .ok_or(RecoveryError::NotATrustee(own))?;
        let index = NodeIndex::new(trustee).map_err(RecoveryError::Index)?;
        let bad = |why| RecoveryError::Sealed { trustee, why };
        let mine = dealing.receive(index, secret).map_err(bad)?;
        // One dealer, so the sum is the part itself.
        let mine = combine_shares(Kind::First, index, &[(dealing.dealer(), mine)])
            .map_err(RecoveryError::Sum)?;
        let of = self.digest();
        let dealing = Dealing::deal(
            &part_context(&of, &to),
            index,
            1,
            &[to.key()],
            Constant::Share(&mine),
            seed,
        );
        Ok(Part {
            kind: PartKind::One,
            of,
            trustee,
            to,
            dealing: dealing.map_err(RecoveryError::Split)?.encode().into(),
        })
    }

    /// Puts the share together from the parts that trustees sealed to this key.
    ///
    /// # Errors
    /// [`RecoveryError`]; a part that is wrong is named.
    pub fn recover(
        &self,
        parts: &[Part],
        secret: &CeremonySecret,
    ) -> Result<KeyShare, RecoveryError> {
        let (_, keys) = self.verify()?;
        let (own, of) = (TrusteeKey::of(secret), self.digest());
        let operator = NodeIndex::new(OPERATOR).map_err(RecoveryError::Index)?;
        let mut shares = Vec::with_capacity(parts.len());
        let mut seen = BTreeSet::new();
        for part in parts {
            let trustee = part.trustee;
            let foreign = |what| RecoveryError::Foreign { trustee, what };
            if part.of != of {
                return Err(foreign("of another share"));
            }
            if part.to != own {
                return Err(foreign("sealed to another key"));
            }
            let expected = usize::from(trustee)
                .checked_sub(1)
                .and_then(|at| keys.parts.get(at))
                .ok_or(foreign("of nobody who is a trustee"))?;
            if !seen.insert(trustee) {
                continue;
            }
            let index = NodeIndex::new(trustee).map_err(RecoveryError::Index)?;
            let wrong = |why| RecoveryError::Wrong { trustee, why };
            let dealing = Dealing::decode(&part.dealing, 1, 1)
                .and_then(|dealing| dealing.verify(&part_context(&of, &own), index, Some(expected)))
                .map_err(wrong)?;
            let share = dealing.receive(operator, secret);
            shares.push((
                index,
                share.map_err(|why| RecoveryError::Sealed { trustee, why })?,
            ));
        }
        if shares.len() < usize::from(self.threshold) {
            return Err(RecoveryError::TooFew {
                needed: self.threshold,
                found: shares.len(),
            });
        }
        // All of them belong to one polynomial, so any t do.
        shares.truncate(usize::from(self.threshold));
        // The contexts are one, and the receiver is: a reshare to a committee of one.
        let share = combine_shares(Kind::Reshare, operator, &shares).map_err(RecoveryError::Sum)?;
        let node = NodeIndex::new(self.node).map_err(RecoveryError::Index)?;
        let share = KeyShare::from_secret_bytes(node, &share.expose_secret_bytes())
            .map_err(RecoveryError::Index)?;
        match share.public_key() == keys.node {
            true => Ok(share),
            false => Err(RecoveryError::Sum(OutcomeError::Empty)),
        }
    }

    fn verify(&self) -> Result<(VerifiedDealing, Keys), RecoveryError> {
        check_terms(&self.trustees, self.threshold)?;
        let node = NodeIndex::new(self.node).map_err(RecoveryError::Index)?;
        let dealing = Dealing::decode(&self.dealing, self.threshold, self.trustees.len())
            .and_then(|dealing| dealing.verify(&self.split_context(), node, None))
            .map_err(RecoveryError::Split)?;
        let receivers = u16::try_from(self.trustees.len()).unwrap_or(u16::MAX);
        let made =
            outcome(Kind::First, &[(node, &dealing)], receivers).map_err(RecoveryError::Sum)?;
        let keys = Keys {
            node: NodePublicKey::from_bytes(&made.network_key.to_bytes())
                .map_err(RecoveryError::Index)?,
            parts: made.node_keys,
        };
        Ok((dealing, keys))
    }

    /// What the split is bound to. All but the last are of fixed width.
    fn split_context(&self) -> CeremonyContext {
        let mut hash = Sha256::new();
        hash.update(SPLIT);
        hash.update(self.committee.network().as_bytes());
        hash.update(self.identity);
        hash.update(self.context);
        hash.update(self.epoch.to_be_bytes());
        hash.update(self.node.to_be_bytes());
        hash.update(self.threshold.to_be_bytes());
        for trustee in &self.trustees {
            hash.update(trustee.key().to_bytes());
        }
        CeremonyContext::from_bytes(hash.finalize().into())
    }

    fn digest(&self) -> B256 {
        let mut hash = Sha256::new();
        hash.update(self.split_context().as_bytes());
        hash.update(&self.dealing);
        B256::from(<[u8; 32]>::from(hash.finalize()))
    }
}

/// Whose share is split.
#[derive(Clone, Copy, Debug)]
pub struct Blank {
    /// The committee.
    pub committee: Locator,
    /// The node's identity address.
    pub identity: Address,
    /// The node's index.
    pub node: NodeIndex,
    /// The epoch of the share.
    pub epoch: u64,
    /// The ceremony that made the share.
    pub context: B256,
}

/// The public keys behind a split: `X_i`, and `f(j)·P2` of each trustee.
struct Keys {
    node: NodePublicKey,
    parts: Vec<NodePublicKey>,
}

fn part_context(of: &B256, to: &TrusteeKey) -> CeremonyContext {
    let mut hash = Sha256::new();
    hash.update(PART);
    hash.update(of);
    hash.update(to.key().to_bytes());
    CeremonyContext::from_bytes(hash.finalize().into())
}

fn check_terms(trustees: &[TrusteeKey], threshold: u16) -> Result<(), RecoveryError> {
    let count = trustees.len();
    if threshold < 2 || usize::from(threshold) > count || count > MOST_TRUSTEES {
        return Err(RecoveryError::Terms {
            threshold,
            trustees: count,
        });
    }
    let mut seen = BTreeSet::new();
    match trustees
        .iter()
        .find(|key| !seen.insert(key.key().to_bytes()))
    {
        Some(twice) => Err(RecoveryError::Twice(*twice)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
