//! One dealer's message: commitments, a proof, sealed shares. SPEC.md §9.2.

use ark_bls12_381::{Fr, G2Affine};
use sha2::{Digest, Sha256};

use super::{
    CeremonyContext, CeremonyKey, DealerSeed,
    ceremony_key::SEALED_BYTES,
    polynomial::{Polynomial, commitment_bytes},
};
use crate::{
    DecodeError, KeyShare, NodeIndex, NodePublicKey,
    encoding::{self, G2_BYTES},
    labels,
    scalar::{self, SecretScalar},
    schnorr::{self, PROOF_BYTES},
};

/// What a dealer shares out.
#[derive(Clone, Copy, Debug)]
pub enum Constant<'a> {
    /// A fresh value, derived from the seed: the first ceremony.
    Fresh,
    /// The dealer's key share of the current epoch: a reshare.
    Share(&'a KeyShare),
}

/// One dealer's message: `t` commitments, a proof of knowledge of the constant term, and one
/// sealed share per receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dealing {
    pub(super) commitments: Vec<G2Affine>,
    /// The commitments as they are written: canonical, so they are these bytes and no others.
    pub(super) committed: Vec<u8>,
    pub(super) proof: [u8; PROOF_BYTES],
    sealed: Vec<[u8; SEALED_BYTES]>,
}

impl Dealing {
    /// Deals to `receivers`, of whom the one at position `i` has index `i + 1`.
    ///
    /// # Errors
    /// [`DealingError::Terms`] unless `1 ≤ threshold ≤ receivers ≤ 65,535`;
    /// [`DealingError::Dealer`] when the shared-out key share is another node's.
    pub fn deal(
        context: &CeremonyContext,
        dealer: NodeIndex,
        threshold: u16,
        receivers: &[CeremonyKey],
        constant: Constant<'_>,
        seed: &DealerSeed,
    ) -> Result<Self, DealingError> {
        check_terms(threshold, receivers.len())?;
        if let Constant::Share(share) = constant
            && share.index() != dealer
        {
            return Err(DealingError::Dealer {
                dealer,
                share: share.index(),
            });
        }
        let polynomial = Polynomial::derive(context, dealer, threshold, constant, seed);
        let commitments = polynomial.commitments();
        let committed = commitment_bytes(&commitments);
        let digest = Sha256::digest(&committed);

        let Some(secret) = polynomial.constant() else {
            return Err(DealingError::Terms {
                threshold,
                receivers: receivers.len(),
            });
        };
        // Bound to the commitments: another statement never meets the same nonce.
        let nonce = SecretScalar::derive(
            labels::DEALING_NONCE,
            &[
                seed.expose_secret(),
                context.as_bytes(),
                &dealer.get().to_be_bytes(),
                &digest,
            ],
        );
        let proof = schnorr::prove(secret, &nonce, |commitment| {
            challenge(context, dealer, &committed, commitment)
        });

        let sealed = (1u16..)
            .zip(receivers)
            .map(|(index, key)| {
                let receiver = NodeIndex::new(index)?;
                let share = polynomial.at(receiver);
                // Bound to the key and the commitments: another share never meets the same key.
                let ephemeral = labels::DEALING_EPHEMERAL.hkdf(
                    seed.expose_secret(),
                    &[
                        context.as_bytes(),
                        &dealer.get().to_be_bytes(),
                        &index.to_be_bytes(),
                        &key.to_bytes(),
                        &digest,
                    ],
                );
                let info = share_info(context, dealer, receiver);
                Ok(key.seal(&info, &committed, share.as_bytes(), ephemeral))
            })
            .collect::<Result<_, DecodeError>>()?;
        Ok(Self {
            commitments,
            committed,
            proof,
            sealed,
        })
    }

    /// Length of an encoded dealing: `96·t + 128 + 80·n`.
    #[must_use]
    pub const fn encoded_len(threshold: u16, receivers: usize) -> usize {
        G2_BYTES * threshold as usize + PROOF_BYTES + SEALED_BYTES * receivers
    }

    /// The bytes that are posted: commitments, proof, sealed shares.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.committed.clone();
        bytes.extend_from_slice(&self.proof);
        self.sealed
            .iter()
            .for_each(|sealed| bytes.extend_from_slice(sealed));
        bytes
    }

    /// Decodes a posted dealing of a ceremony with these terms.
    ///
    /// # Errors
    /// [`DealingError::Malformed`]: the length is exact, and each commitment is a canonical point
    /// of the subgroup other than the identity (so that the degree is exact, too).
    pub fn decode(bytes: &[u8], threshold: u16, receivers: usize) -> Result<Self, DealingError> {
        Self::decode_with(bytes, threshold, receivers, |commitments| {
            let points = commitments.chunks(G2_BYTES);
            Ok(points
                .map(encoding::g2_from_compressed)
                .collect::<Result<_, _>>()?)
        })
    }

    /// Decodes with `points` for the commitments.
    pub(super) fn decode_with(
        bytes: &[u8],
        threshold: u16,
        receivers: usize,
        points: impl FnOnce(&[u8]) -> Result<Vec<G2Affine>, DealingError>,
    ) -> Result<Self, DealingError> {
        check_terms(threshold, receivers)?;
        let length = DecodeError::Length {
            want: Self::encoded_len(threshold, receivers),
            got: bytes.len(),
        };
        if bytes.len() != Self::encoded_len(threshold, receivers) {
            return Err(length.into());
        }
        let (commitments, rest) = bytes
            .split_at_checked(G2_BYTES * usize::from(threshold))
            .ok_or(length)?;
        let (proof, sealed) = rest.split_at_checked(PROOF_BYTES).ok_or(length)?;
        Ok(Self {
            commitments: points(commitments)?,
            committed: commitments.to_vec(),
            proof: *encoding::sized(proof)?,
            sealed: sealed
                .chunks(SEALED_BYTES)
                .map(|chunk| encoding::sized(chunk).copied())
                .collect::<Result<_, _>>()?,
        })
    }

    /// Checks the proof of knowledge, for this ceremony and dealer; in a reshare also that the
    /// constant is the dealer's public key of the current epoch, `expected_constant`.
    ///
    /// # Errors
    /// [`DealingError::Constant`], [`DealingError::Proof`].
    pub fn verify(
        &self,
        context: &CeremonyContext,
        dealer: NodeIndex,
        expected_constant: Option<&NodePublicKey>,
    ) -> Result<VerifiedDealing, DealingError> {
        let constant = self.commitments.first().ok_or(DealingError::Proof)?;
        if expected_constant.is_some_and(|expected| expected.0 != *constant) {
            return Err(DealingError::Constant);
        }
        let proven = schnorr::verify(constant, &self.proof, |commitment| {
            challenge(context, dealer, &self.committed, commitment)
        });
        if !proven {
            return Err(DealingError::Proof);
        }
        Ok(VerifiedDealing {
            context: *context,
            dealer,
            reshares: expected_constant.is_some(),
            dealing: self.clone(),
        })
    }
}

/// A dealing whose proof holds for one ceremony and dealer; only such count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedDealing {
    pub(super) context: CeremonyContext,
    pub(super) dealer: NodeIndex,
    /// Whether the constant was compared with the dealer's public key.
    pub(super) reshares: bool,
    pub(super) dealing: Dealing,
}

impl VerifiedDealing {
    /// Who dealt.
    #[must_use]
    pub fn dealer(&self) -> NodeIndex {
        self.dealer
    }

    pub(super) fn commitments(&self) -> &[G2Affine] {
        &self.dealing.commitments
    }

    pub(super) fn committed(&self) -> &[u8] {
        &self.dealing.committed
    }

    pub(super) fn receivers(&self) -> usize {
        self.dealing.sealed.len()
    }

    pub(super) fn sealed(&self, receiver: NodeIndex) -> Option<&[u8; SEALED_BYTES]> {
        self.dealing.sealed.get(usize::from(receiver.get()) - 1)
    }
}

/// HPKE's info: `length ‖ tag ‖ context ‖ dealer ‖ receiver`.
pub(super) fn share_info(
    context: &CeremonyContext,
    dealer: NodeIndex,
    receiver: NodeIndex,
) -> Vec<u8> {
    let label = labels::DEALING_SHARE;
    [
        label.length().as_slice(),
        label.as_bytes(),
        context.as_bytes(),
        &dealer.get().to_be_bytes(),
        &receiver.get().to_be_bytes(),
    ]
    .concat()
}

/// `c = hash_to_field(context ‖ dealer ‖ R ‖ commitments)`.
pub(super) fn challenge(
    context: &CeremonyContext,
    dealer: NodeIndex,
    committed: &[u8],
    r: &[u8],
) -> Fr {
    scalar::hash_to_field(
        labels::DEALING_CHALLENGE,
        &[
            context.as_bytes(),
            &dealer.get().to_be_bytes(),
            r,
            committed,
        ],
    )
}

fn check_terms(threshold: u16, receivers: usize) -> Result<(), DealingError> {
    if threshold == 0 || receivers < usize::from(threshold) || receivers > usize::from(u16::MAX) {
        return Err(DealingError::Terms {
            threshold,
            receivers,
        });
    }
    Ok(())
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
    /// A dealer shares out its own key share only.
    #[error("dealer {dealer} cannot share out the key share of node {share}")]
    Dealer {
        /// Who deals.
        dealer: NodeIndex,
        /// Whose share it is.
        share: NodeIndex,
    },
    /// The bytes are no dealing.
    #[error("the dealing is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// The dealer does not know its constant term, or the dealing is another ceremony's.
    #[error("the proof of knowledge does not verify")]
    Proof,
    /// In a reshare, the dealer shares out something else than its key share.
    #[error("the constant term is not the dealer's public key")]
    Constant,
}
