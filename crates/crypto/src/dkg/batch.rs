//! All dealings of a ceremony at once: the verdicts of [`Dealing::verify`] and
//! [`VerifiedDealing::receive`], for a part of the work. SPEC.md §9.5.
//!
//! What is checked with random weights is only ever *accepted* by them. Where a sum does not come
//! out, halves are looked at, down to the dealings that are to blame; about those the functions
//! for one dealing decide. So everybody comes to the same verdict about every dealer, whatever
//! random bytes each has, and an error is the one that a single check gives.

use std::collections::BTreeSet;

use ark_bls12_381::{Fr, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{PrimeField, Zero};
use sha2::{Digest, Sha256};

use super::{
    CeremonyContext, CeremonySecret, Dealing, DealingError, DealtShare, ReceiveError,
    VerifiedDealing, dealing::challenge,
};
use crate::{
    NodeIndex, NodePublicKey,
    encoding::{self, G2_BYTES},
    engine::{self, Signs},
    labels,
    scalar::SecretScalar,
    schnorr,
};

/// With fewer points than this, their subgroups are checked faster one by one.
const WORTH_IT: usize = 160;

/// A dealing as it was posted, by whom, and in a reshare the dealer's public key.
#[derive(Clone, Copy, Debug)]
pub struct Posted<'a> {
    /// Who dealt.
    pub dealer: NodeIndex,
    /// The bytes that [`Dealing::encode`] made, or others.
    pub bytes: &'a [u8],
    /// In a reshare the dealer's key of the epoch before, which the constant must be.
    pub expected_constant: Option<&'a NodePublicKey>,
}

impl Posted<'_> {
    fn verify(
        &self,
        context: &CeremonyContext,
        threshold: u16,
        receivers: usize,
    ) -> Result<VerifiedDealing, DealingError> {
        Dealing::decode(self.bytes, threshold, receivers)?.verify(
            context,
            self.dealer,
            self.expected_constant,
        )
    }
}

/// Decodes and verifies all dealings of a ceremony: what [`Dealing::decode`] and
/// [`Dealing::verify`] say of each, in the same order.
///
/// `weights_seed` is 32 fresh random bytes, drawn when all dealings are there. A dealing that those
/// would refuse is accepted with a probability below 2^−128.
#[must_use]
pub fn verify_all(
    context: &CeremonyContext,
    threshold: u16,
    receivers: usize,
    posted: &[Posted<'_>],
    weights_seed: &[u8; 32],
) -> Vec<Result<VerifiedDealing, DealingError>> {
    let mut candidates: Vec<Candidate> = (0..)
        .zip(posted)
        .filter_map(|(place, posted)| Candidate::read(place, context, threshold, receivers, posted))
        .collect();
    draw(&mut candidates, context, posted, weights_seed);
    let mut accepted = candidates.iter().collect();
    keep(&mut accepted, &|candidates| all_hold(candidates));
    let mut stands = vec![false; posted.len()];
    for candidate in accepted {
        if let Some(stands) = stands.get_mut(candidate.place) {
            *stands = true;
        }
    }

    let mut candidates = candidates.into_iter().peekable();
    (0..)
        .zip(posted.iter().zip(stands))
        .map(|(place, (posted, stands))| {
            let candidate = candidates.next_if(|candidate| candidate.place == place);
            match candidate {
                Some(candidate) if stands => Ok(VerifiedDealing {
                    context: *context,
                    dealer: posted.dealer,
                    reshares: posted.expected_constant.is_some(),
                    dealing: candidate.dealing,
                }),
                _ => posted.verify(context, threshold, receivers),
            }
        })
        .collect()
}

/// A dealing that is good if its points are in the subgroup and its proof holds.
struct Candidate {
    place: usize,
    dealing: Dealing,
    /// The proof's `R`, `c` and `z`.
    commitment: G2Affine,
    challenge: Fr,
    response: Fr,
    /// A row for each commitment, and one for `R`.
    signs: Vec<Signs>,
    weight: Fr,
}

impl Candidate {
    /// Reads a dealing as far as this can be done without the subgroups and the proof.
    fn read(
        place: usize,
        context: &CeremonyContext,
        threshold: u16,
        receivers: usize,
        posted: &Posted<'_>,
    ) -> Option<Self> {
        // The proof begins with R, so that its bytes lie behind those of the commitments.
        let points = posted
            .bytes
            .get(..G2_BYTES * (usize::from(threshold) + 1))?;
        let mut points = encoding::g2_all_on_curve(points).ok()?;
        let commitment = points.pop()?;
        let decoded = |_: &[u8]| Ok(points);
        let dealing = Dealing::decode_with(posted.bytes, threshold, receivers, decoded).ok()?;
        let constant = dealing.commitments.first()?;
        if posted
            .expected_constant
            .is_some_and(|expected| expected.0 != *constant)
        {
            return None;
        }
        let (r, response) = schnorr::split(&dealing.proof)?;
        let challenge = challenge(context, posted.dealer, &dealing.committed, r);
        Some(Self {
            place,
            commitment,
            challenge,
            response,
            signs: Vec::new(),
            weight: Fr::zero(),
            dealing,
        })
    }

    fn points(&self) -> impl Iterator<Item = &G2Affine> {
        self.dealing.commitments.iter().chain([&self.commitment])
    }
}

/// Signs and weights, fixed only once every dealing is.
fn draw(
    candidates: &mut [Candidate],
    context: &CeremonyContext,
    posted: &[Posted<'_>],
    weights_seed: &[u8; 32],
) {
    let mut transcript = Sha256::new();
    transcript.update(context.as_bytes());
    for posted in posted {
        transcript.update(posted.dealer.get().to_be_bytes());
        transcript.update(Sha256::digest(posted.bytes));
    }
    let transcript = transcript.finalize();
    let mut places = 0u32..;
    let mut row = || {
        let place = places.next().unwrap_or(u32::MAX).to_be_bytes();
        let hash = labels::BATCH_SIGNS.sha256(&[weights_seed, transcript.as_slice(), &place]);
        Signs(*hash.first_chunk().unwrap_or(&[0; 18]))
    };
    for candidate in candidates.iter_mut() {
        candidate.signs = candidate.points().map(|_| row()).collect();
    }
    for (place, candidate) in (0u32..).zip(candidates) {
        let place = place.to_be_bytes();
        let hash = labels::BATCH_PROOFS.sha256(&[weights_seed, transcript.as_slice(), &place]);
        candidate.weight = weight(&hash);
    }
}

/// A hash's first 144 bits.
fn weight(hash: &[u8; 32]) -> Fr {
    Fr::from_be_bytes_mod_order(hash.first_chunk::<18>().unwrap_or(&[0; 18]))
}

/// Keeps of `items` those that pass, together or, where that fails, by halves.
fn keep<T>(items: &mut Vec<T>, pass: &impl Fn(&[T]) -> bool) {
    if items.is_empty() || pass(items) {
        return;
    }
    if items.len() == 1 {
        items.clear();
        return;
    }
    let mut upper = items.split_off(items.len() / 2);
    keep(items, pass);
    keep(&mut upper, pass);
    items.append(&mut upper);
}

/// Whether all points are in the subgroup, and all proofs hold.
fn all_hold(candidates: &[&Candidate]) -> bool {
    let engine = engine::active();
    let points: Vec<_> = candidates
        .iter()
        .flat_map(|candidate| candidate.points().copied())
        .collect();
    let in_subgroup = if points.len() < WORTH_IT {
        points.iter().all(|point| engine.g2_in_subgroup(point))
    } else {
        let signs = candidates.iter().flat_map(|candidate| &candidate.signs);
        engine.g2_all_in_subgroup(&points, &signs.copied().collect::<Vec<_>>())
    };
    in_subgroup && proofs_hold(candidates)
}

/// `Σ w_d·z_d·P2 − Σ w_d·c_d·A_{d,0} = Σ w_d·R_d`.
fn proofs_hold(candidates: &[&Candidate]) -> bool {
    let engine = engine::active();
    let mut sum = Fr::zero();
    let (mut constants, mut by) = (Vec::new(), Vec::new());
    let (mut commitments, mut weights) = (Vec::new(), Vec::new());
    for candidate in candidates {
        sum += candidate.weight * candidate.response;
        constants.extend(candidate.dealing.commitments.first());
        by.push(-candidate.weight * candidate.challenge);
        commitments.push(candidate.commitment);
        weights.push(candidate.weight);
    }
    constants.push(G2Affine::generator());
    by.push(sum);
    engine.g2_msm(&constants, &by) == engine.g2_msm(&commitments, &weights)
}

/// Opens and checks the shares for `me` in all these dealings: what [`VerifiedDealing::receive`]
/// says of each, in the same order.
///
/// `weights_seed` is 32 fresh random bytes. A share that does not match its dealer's commitments
/// is accepted with a probability below 2^−128.
#[must_use]
pub fn receive_all(
    dealings: &[&VerifiedDealing],
    me: NodeIndex,
    secret: &CeremonySecret,
    weights_seed: &[u8; 32],
) -> Vec<Result<DealtShare, ReceiveError>> {
    let mut transcript = Sha256::new();
    transcript.update(me.get().to_be_bytes());
    for dealing in dealings {
        transcript.update(dealing.context.as_bytes());
        transcript.update(dealing.dealer.get().to_be_bytes());
        transcript.update(Sha256::digest(dealing.committed()));
        dealing
            .sealed(me)
            .into_iter()
            .for_each(|sealed| transcript.update(sealed));
    }
    let transcript = transcript.finalize();

    let commitments: Vec<_> = dealings
        .iter()
        .map(|dealing| dealing.commitments())
        .collect();
    let expected = engine::active().g2_polynomials(&commitments, me.get());
    let opened: Vec<Result<Opened, ReceiveError>> = (0u32..)
        .zip(dealings.iter().zip(expected))
        .map(|(place, (dealing, expected))| {
            let opened = dealing.open(me, secret)?;
            let at = place.to_be_bytes();
            let hash = labels::BATCH_SHARES.sha256(&[weights_seed, transcript.as_slice(), &at]);
            Ok(Opened {
                place,
                secret: SecretScalar::from_canonical(&opened)
                    .map_err(|_| mismatch(dealing.dealer))?,
                expected,
                weight: weight(&hash),
            })
        })
        .collect();
    let mut matching: Vec<_> = opened.iter().flatten().collect();
    keep(&mut matching, &|opened| all_match(opened));
    let matching: BTreeSet<_> = matching.iter().map(|opened| opened.place).collect();
    dealings
        .iter()
        .zip(opened)
        .map(|(dealing, opened)| {
            let opened = opened?;
            if !matching.contains(&opened.place) {
                return Err(mismatch(dealing.dealer));
            }
            Ok(DealtShare {
                context: dealing.context,
                dealer: dealing.dealer,
                receiver: me,
                secret: opened.secret,
            })
        })
        .collect()
}

fn mismatch(dealer: NodeIndex) -> ReceiveError {
    ReceiveError::Mismatch { dealer }
}

/// What a dealing's sealed share says, and what its commitments do.
struct Opened {
    place: u32,
    secret: SecretScalar,
    expected: G2Affine,
    weight: Fr,
}

/// `(Σ w_d·f_d(j))·P2 = Σ w_d·(Σ_k j^k·A_{d,k})`: the shares are summed in secret.
fn all_match(opened: &[&Opened]) -> bool {
    let engine = engine::active();
    let zero = SecretScalar::from(0);
    let sum = opened.iter().fold(zero, |sum, opened| {
        opened.secret.mul_add(&opened.weight.into(), &sum)
    });
    let (expected, weights): (Vec<_>, Vec<_>) = opened
        .iter()
        .map(|opened| (opened.expected, opened.weight))
        .unzip();
    engine.g2_mul(&G2Affine::generator(), &sum) == engine.g2_msm(&expected, &weights)
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
