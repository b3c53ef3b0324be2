//! The mathematics of a key ceremony: deal, verify, receive, reveal, combine. SPEC.md §9.
//!
//! Deterministic: everything a dealer draws comes from its seed and the ceremony's context.

use core::fmt;

use zeroize::Zeroizing;

use crate::{DecodeError, KeyShare, NetworkKey, NodeIndex, NodePublicKey};

/// Names one ceremony with all its terms; computed by the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CeremonyContext([u8; 32]);

impl CeremonyContext {
    /// Takes the 32 bytes of the digest.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A member's X25519 public key, made for one ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CeremonyKey([u8; 32]);

impl CeremonyKey {
    /// Takes the 32 bytes of a canonical point that is not of low order.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        todo!()
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 32] {
        self.0
    }
}

/// A member's X25519 secret key, made for one ceremony.
pub struct CeremonySecret(Zeroizing<[u8; 32]>);

impl CeremonySecret {
    /// Derives the key from 32 fresh random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        todo!()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> CeremonyKey {
        todo!()
    }
}

impl fmt::Debug for CeremonySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CeremonySecret(<redacted>)")
    }
}

/// A dealer's secret seed; it is on disk before anything made from it is sent.
pub struct DealerSeed(Zeroizing<[u8; 32]>);

impl DealerSeed {
    /// Takes 32 fresh random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The seed: for the dealer's journal only.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DealerSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DealerSeed(<redacted>)")
    }
}

/// What a dealer shares out.
#[derive(Clone, Copy, Debug)]
pub enum Constant<'a> {
    /// A fresh random value: the first ceremony.
    Fresh,
    /// The dealer's own key share: a reshare.
    Share(&'a KeyShare),
}

/// Which ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Makes a network's key: the dealings are added.
    First,
    /// Hands a network's key to a new membership: the dealings are interpolated.
    Reshare,
}

/// Why a dealing was refused.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DealingError {
    /// The numbers make no committee.
    #[error("a threshold of {threshold} among {receivers} receivers is not possible")]
    Terms {
        /// Threshold of the new committee.
        threshold: u16,
        /// Members of the new committee.
        receivers: usize,
    },
    /// The bytes are no dealing.
    #[error("the dealing is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// The dealer does not know its constant term, or the dealing is another ceremony's.
    #[error("the proof of knowledge does not verify")]
    Proof,
    /// In a reshare, the dealer shared out something else than its key share.
    #[error("the constant term is not the dealer's public key")]
    Constant,
}

/// Why a dealt share was refused; grounds for a complaint.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReceiveError {
    /// There is no such receiver in this dealing.
    #[error("there is no receiver {receiver} in this dealing")]
    NoSuchReceiver {
        /// The receiver asked for.
        receiver: NodeIndex,
    },
    /// The sealed share does not decrypt.
    #[error("the share from dealer {dealer} does not decrypt")]
    Sealed {
        /// Who dealt.
        dealer: NodeIndex,
    },
    /// The share does not match the dealer's commitments.
    #[error("the share from dealer {dealer} does not match its commitments")]
    Mismatch {
        /// Who dealt.
        dealer: NodeIndex,
    },
}

/// Why dealings or shares could not be put together.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OutcomeError {
    /// No dealing was given.
    #[error("there is no qualified dealing")]
    Empty,
    /// One dealer appears twice.
    #[error("dealer {dealer} appears twice")]
    DuplicateDealer {
        /// Who.
        dealer: NodeIndex,
    },
    /// A dealing belongs to another ceremony, dealer, threshold or committee.
    #[error("the dealing of dealer {dealer} belongs elsewhere")]
    Foreign {
        /// Who.
        dealer: NodeIndex,
    },
    /// A key came out as the identity.
    #[error("a key came out as the identity")]
    Identity,
}

/// One dealer's message: commitments, proof of knowledge, sealed shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dealing {
    bytes: Vec<u8>,
}

impl Dealing {
    /// Deals.
    ///
    /// # Errors
    /// [`DealingError::Terms`].
    pub fn deal(
        context: &CeremonyContext,
        dealer: NodeIndex,
        threshold: u16,
        receivers: &[CeremonyKey],
        constant: Constant<'_>,
        seed: &DealerSeed,
    ) -> Result<Self, DealingError> {
        todo!()
    }

    /// Length of an encoded dealing: `96·t + 128 + 80·n`.
    #[must_use]
    pub const fn encoded_len(threshold: u16, receivers: usize) -> usize {
        96 * threshold as usize + 128 + 80 * receivers
    }

    /// The bytes that are posted.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// Decodes a posted dealing.
    ///
    /// # Errors
    /// [`DealingError`].
    pub fn decode(bytes: &[u8], threshold: u16, receivers: usize) -> Result<Self, DealingError> {
        todo!()
    }

    /// Checks the proof, and in a reshare the constant term.
    ///
    /// # Errors
    /// [`DealingError::Proof`], [`DealingError::Constant`].
    pub fn verify(
        &self,
        context: &CeremonyContext,
        dealer: NodeIndex,
        expected_constant: Option<&NodePublicKey>,
    ) -> Result<VerifiedDealing, DealingError> {
        todo!()
    }
}

/// A dealing whose proof holds; only such count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedDealing {
    dealing: Dealing,
}

impl VerifiedDealing {
    /// Opens and checks the share for `me`.
    ///
    /// # Errors
    /// [`ReceiveError`].
    pub fn receive(
        &self,
        me: NodeIndex,
        secret: &CeremonySecret,
    ) -> Result<DealtShare, ReceiveError> {
        todo!()
    }

    /// Checks a share that the dealer posted in the clear.
    ///
    /// # Errors
    /// [`ReceiveError`].
    pub fn check_revealed(
        &self,
        receiver: NodeIndex,
        share: &[u8; 32],
    ) -> Result<DealtShare, ReceiveError> {
        todo!()
    }
}

/// What one dealer dealt to one receiver; checked.
pub struct DealtShare {
    receiver: NodeIndex,
    secret: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for DealtShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DealtShare(<redacted>)")
    }
}

/// The share of one receiver in the clear, to answer a complaint.
#[must_use]
pub fn reveal(
    context: &CeremonyContext,
    dealer: NodeIndex,
    threshold: u16,
    receiver: NodeIndex,
    constant: Constant<'_>,
    seed: &DealerSeed,
) -> Zeroizing<[u8; 32]> {
    todo!()
}

/// What a ceremony makes, as everybody can compute it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The committee's key.
    pub network_key: NetworkKey,
    /// The members' keys; index `i` is at position `i − 1`.
    pub node_keys: Vec<NodePublicKey>,
}

/// Computes the outcome from the qualified dealings.
///
/// # Errors
/// [`OutcomeError`].
pub fn outcome(
    kind: Kind,
    qualified: &[(NodeIndex, &VerifiedDealing)],
    receivers: u16,
) -> Result<Outcome, OutcomeError> {
    todo!()
}

/// Puts a member's dealt shares together to its key share.
///
/// # Errors
/// [`OutcomeError`].
pub fn combine_shares(
    kind: Kind,
    me: NodeIndex,
    shares: &[(NodeIndex, DealtShare)],
) -> Result<KeyShare, OutcomeError> {
    todo!()
}
