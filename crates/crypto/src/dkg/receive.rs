//! What a receiver gets from a dealing, sealed or revealed. SPEC.md §9.3.

use core::fmt;

use ark_bls12_381::{Fr, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{One, Zero};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{
    CeremonyContext, CeremonySecret, Constant, DealerSeed, VerifiedDealing, dealing::share_info,
    polynomial::Polynomial,
};
use crate::{
    NodeIndex,
    blame::split_weights,
    engine, labels,
    scalar::{self, SecretScalar},
};

impl VerifiedDealing {
    /// Opens the share for `me`, and checks it against the commitments.
    ///
    /// # Errors
    /// [`ReceiveError`]: all but [`ReceiveError::NoSuchReceiver`] are grounds for a complaint.
    pub fn receive(
        &self,
        me: NodeIndex,
        secret: &CeremonySecret,
    ) -> Result<DealtShare, ReceiveError> {
        let opened = self.open(me, secret)?;
        self.check_revealed(me, &opened)
    }

    /// Opens the share for `me`; nothing is checked about what it says.
    pub(super) fn open(
        &self,
        me: NodeIndex,
        secret: &CeremonySecret,
    ) -> Result<Zeroizing<[u8; 32]>, ReceiveError> {
        let sealed = self
            .sealed(me)
            .ok_or(ReceiveError::NoSuchReceiver { receiver: me })?;
        let info = share_info(&self.context, self.dealer, me);
        secret
            .open(&info, self.committed(), sealed)
            .ok_or(ReceiveError::Sealed {
                dealer: self.dealer,
            })
    }

    /// Checks a share that the dealer posted in the clear for `receiver`:
    /// `share·P2 = Σ receiver^k·A_k`.
    ///
    /// # Errors
    /// [`ReceiveError::NoSuchReceiver`], [`ReceiveError::Mismatch`].
    pub fn check_revealed(
        &self,
        receiver: NodeIndex,
        share: &[u8; 32],
    ) -> Result<DealtShare, ReceiveError> {
        if usize::from(receiver.get()) > self.receivers() {
            return Err(ReceiveError::NoSuchReceiver { receiver });
        }
        let mismatch = ReceiveError::Mismatch {
            dealer: self.dealer,
        };
        let secret = SecretScalar::from_canonical(share).map_err(|_| mismatch.clone())?;
        let engine = engine::active();
        let expected = engine.g2_polynomial(self.commitments(), receiver.get());
        if engine.g2_mul(&G2Affine::generator(), &secret) != expected {
            return Err(mismatch);
        }
        Ok(DealtShare {
            context: self.context,
            dealer: self.dealer,
            receiver,
            secret,
        })
    }

    /// Whether all of these revealed shares are right, checked together with 128-bit weights:
    /// several times faster than one by one. `weights_seed` is 32 fresh random bytes.
    ///
    /// The shares are public by now: no secret may be checked this way.
    #[must_use]
    pub fn all_revealed_match(
        &self,
        shares: &[(NodeIndex, [u8; 32])],
        weights_seed: &[u8; 32],
    ) -> bool {
        let mut transcript = Sha256::new();
        transcript.update(self.committed());
        for (receiver, share) in shares {
            transcript.update(receiver.get().to_be_bytes());
            transcript.update(share);
        }
        let transcript = transcript.finalize();

        // Σ w_j·share_j·P2 = Σ_k (Σ_j w_j·j^k)·A_k
        let mut sum = Fr::zero();
        let mut powers = vec![Fr::zero(); self.commitments().len()];
        for (place, (receiver, share)) in (0u32..).zip(shares) {
            let Ok(share) = scalar::from_bytes(share) else {
                return false;
            };
            if usize::from(receiver.get()) > self.receivers() {
                return false;
            }
            let hash = labels::DEALING_WEIGHTS.sha256(&[
                weights_seed,
                transcript.as_slice(),
                &place.to_be_bytes(),
            ]);
            let [weight, _] = split_weights(&hash);
            sum += weight * share;
            let mut power = Fr::one();
            for coefficient in &mut powers {
                *coefficient += weight * power;
                power *= Fr::from(receiver.get());
            }
        }
        let mut points = self.commitments().to_vec();
        points.push(G2Affine::generator());
        powers.push(-sum);
        engine::active().g2_msm(&points, &powers).is_zero()
    }
}

/// What one dealer dealt to one receiver; it matches the dealer's commitments.
pub struct DealtShare {
    pub(super) context: CeremonyContext,
    pub(super) dealer: NodeIndex,
    pub(super) receiver: NodeIndex,
    pub(super) secret: SecretScalar,
}

impl DealtShare {
    /// Who dealt it.
    #[must_use]
    pub fn dealer(&self) -> NodeIndex {
        self.dealer
    }
}

impl fmt::Debug for DealtShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DealtShare")
            .field("dealer", &self.dealer)
            .field("receiver", &self.receiver)
            .field("secret", &"<redacted>")
            .finish()
    }
}

/// A dealer's share for one receiver in the clear, to answer that receiver's complaint.
///
/// At most `t − 1` of a dealing's shares may ever be revealed: one more gives the polynomial away.
/// The caller counts.
#[must_use]
pub fn reveal(
    context: &CeremonyContext,
    dealer: NodeIndex,
    threshold: u16,
    receiver: NodeIndex,
    constant: Constant<'_>,
    seed: &DealerSeed,
) -> Zeroizing<[u8; 32]> {
    Polynomial::derive(context, dealer, threshold, constant, seed)
        .at(receiver)
        .as_bytes()
        .clone()
}

/// Why a dealt share was refused.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dkg::{CeremonyKey, Dealing};

    #[test]
    fn wrong_share_is_refused_though_it_was_sealed_well() {
        let context = CeremonyContext::from_bytes([1; 32]);
        let dealer = NodeIndex::new(1).unwrap();
        let secrets = [1, 2, 3].map(|n| CeremonySecret::from_seed(&[n; 32]));
        let keys = secrets.each_ref().map(CeremonySecret::public);
        let seed = DealerSeed::from_bytes([2; 32]);
        let (t, n) = (2, keys.len());
        let bytes = Dealing::deal(&context, dealer, t, &keys, Constant::Fresh, &seed)
            .unwrap()
            .encode();

        for (receiver, key) in (1..).zip(&keys) {
            let me = NodeIndex::new(receiver).unwrap();
            let right = reveal(&context, dealer, t, me, Constant::Fresh, &seed);
            let mut wrong = *right;
            wrong[31] ^= 1;
            for (share, expected) in [
                (*right, Ok(())),
                (wrong, Err(ReceiveError::Mismatch { dealer })),
                ([0; 32], Err(ReceiveError::Mismatch { dealer })),
                ([0xff; 32], Err(ReceiveError::Mismatch { dealer })),
            ] {
                let bytes = resealed(&bytes, &context, dealer, me, key, &share);
                let dealing = Dealing::decode(&bytes, t, n).unwrap();
                let dealing = dealing.verify(&context, dealer, None).unwrap();
                let received = dealing.receive(me, &secrets[usize::from(receiver) - 1]);
                assert_eq!(received.map(drop), expected);
            }
        }
    }

    /// The dealing with another share for one receiver, sealed as it should be.
    fn resealed(
        dealing: &[u8],
        context: &CeremonyContext,
        dealer: NodeIndex,
        receiver: NodeIndex,
        key: &CeremonyKey,
        share: &[u8; 32],
    ) -> Vec<u8> {
        let info = share_info(context, dealer, receiver);
        let sealed = key.seal(&info, &dealing[..192], share, Zeroizing::new([9; 32]));
        let mut dealing = dealing.to_vec();
        let at = 192 + 128 + 80 * (usize::from(receiver.get()) - 1);
        dealing[at..at + 80].copy_from_slice(&sealed);
        dealing
    }
}
