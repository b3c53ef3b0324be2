//! From a proof to a yes or no.

use ark_bls12_381::{Bls12_381, Fr, G1Projective};
use ark_ec::{
    AffineRepr, CurveGroup, VariableBaseMSM,
    pairing::{Pairing, PairingOutput},
};
use ark_groth16::Groth16;
use ark_std::rand::{CryptoRng, RngCore};

use crate::{
    circuit::Circuit, inputs::Inputs, keys::PreparedVerifyingKey, proof::Proof, tree::empty_root,
    weights::weight,
};

/// So few are sooner checked one by one than by halves.
const FEW: usize = 4;

/// Why a proof is not taken.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VerifyError {
    /// The inputs are those of another statement than the key's.
    #[error("the key is for {circuit}, whose public inputs are others than these")]
    OtherInputs {
        /// What the key is for.
        circuit: Circuit,
    },
    /// The root is that of a tree without leaves.
    #[error("the root is that of an empty tree")]
    EmptyTree,
    /// The proof does not show what these inputs say.
    #[error("the proof does not verify")]
    Invalid,
}

/// Some proofs of several are bad.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("these of the proofs do not verify, counted from 0: {culprits:?}")]
pub struct BatchError {
    /// Their positions, ascending.
    pub culprits: Vec<usize>,
}

/// Checks one proof. A few milliseconds.
///
/// # Errors
/// [`VerifyError`].
pub fn verify(
    key: &PreparedVerifyingKey,
    inputs: &Inputs,
    proof: &Proof,
) -> Result<(), VerifyError> {
    check_inputs(key, inputs)?;
    match Groth16::<Bls12_381>::verify_proof(&key.groth16, &proof.0, &inputs.elements()) {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(VerifyError::Invalid),
    }
}

/// Checks many proofs of one circuit at once, in less than half the time of each alone.
///
/// Each proof's equation gets a random weight of 128 bits; where their sum fails, it is searched by
/// halves whose fault it is. `rng` must be unpredictable to those who made the proofs.
///
/// # Errors
/// [`BatchError`], naming the culprits.
pub fn verify_batch(
    key: &PreparedVerifyingKey,
    proofs: &[(Inputs, Proof)],
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<(), BatchError> {
    let culprits = culprits(proofs, &mut |some: &[(Inputs, Proof)]| match some {
        [(inputs, proof)] => verify(key, inputs, proof).is_ok(),
        some => {
            let mut inputs = some.iter().map(|(inputs, _)| inputs);
            inputs.all(|inputs| check_inputs(key, inputs).is_ok()) && all_hold(key, some, rng)
        }
    });
    if culprits.is_empty() {
        return Ok(());
    }
    Err(BatchError { culprits })
}

/// The positions of those that are bad, where `hold` says of several whether all are good.
///
/// One bad among many is found with some `2·log₂` questions.
fn culprits<T>(all: &[T], hold: &mut impl FnMut(&[T]) -> bool) -> Vec<usize> {
    let mut found = Vec::new();
    if !all.is_empty() && !hold(all) {
        search(all, 0, hold, &mut found);
    }
    found
}

/// Searches some of which not all are good; the first stands at `first` of the whole.
fn search<T>(
    some: &[T],
    first: usize,
    hold: &mut impl FnMut(&[T]) -> bool,
    found: &mut Vec<usize>,
) {
    if some.len() <= FEW {
        let alone = some.chunks(1).enumerate();
        found.extend(alone.filter_map(|(at, one)| (!hold(one)).then_some(first + at)));
        return;
    }
    let (left, right) = some.split_at(some.len() / 2);
    let left_holds = hold(left);
    if !left_holds {
        search(left, first, hold, found);
    }
    // Where the left is good, the right is to blame: nobody needs to ask.
    if left_holds || !hold(right) {
        search(right, first + left.len(), hold, found);
    }
}

fn check_inputs(key: &PreparedVerifyingKey, inputs: &Inputs) -> Result<(), VerifyError> {
    let circuit = key.circuit;
    if inputs.statement() != circuit.statement {
        return Err(VerifyError::OtherInputs { circuit });
    }
    if inputs.root == empty_root(circuit.depth) {
        return Err(VerifyError::EmptyTree);
    }
    Ok(())
}

/// `Π e(w·A, B) · e(Σ w·IC(inputs), −γ) · e(Σ w·C, −δ) = e(α, β)^(Σ w)`, weights `w`.
fn all_hold(
    key: &PreparedVerifyingKey,
    proofs: &[(Inputs, Proof)],
    rng: &mut (impl RngCore + CryptoRng),
) -> bool {
    let key = &key.groth16;
    let weights: Vec<Fr> = proofs.iter().map(|_| weight(rng)).collect();
    let sum: Fr = weights.iter().sum();

    let mut scalars = vec![Fr::from(0u8); key.vk.gamma_abc_g1.len()];
    for ((inputs, _), weight) in proofs.iter().zip(&weights) {
        let elements = std::iter::once(Fr::from(1u8)).chain(inputs.elements());
        for (scalar, element) in scalars.iter_mut().zip(elements) {
            *scalar += element * weight;
        }
    }
    let cs: Vec<_> = proofs.iter().map(|(_, proof)| proof.0.c).collect();
    let (Ok(public), Ok(c)) = (
        G1Projective::msm(&key.vk.gamma_abc_g1, &scalars),
        G1Projective::msm(&cs, &weights),
    ) else {
        return false;
    };

    let weighted = proofs
        .iter()
        .zip(&weights)
        .map(|((_, proof), weight)| (proof.0.a.into_group() * weight).into_affine());
    let left = weighted.chain([public.into_affine(), c.into_affine()]);
    let right = proofs
        .iter()
        .map(|(_, proof)| proof.0.b.into())
        .chain([key.gamma_g2_neg_pc.clone(), key.delta_g2_neg_pc.clone()]);
    let (left, right): (Vec<_>, Vec<<Bls12_381 as Pairing>::G2Prepared>) =
        (left.collect(), right.collect());
    let product = Bls12_381::multi_pairing(left, right);
    product == PairingOutput(key.alpha_g1_beta_g2) * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The culprits that are found among `count`, and how many questions it took.
    fn search_for(bad: &[usize], count: usize) -> (Vec<usize>, usize) {
        let all: Vec<usize> = (0..count).collect();
        let mut questions = 0;
        let found = culprits(&all, &mut |some| {
            questions += 1;
            some.iter().all(|one| !bad.contains(one))
        });
        (found, questions)
    }

    #[test]
    fn one_culprit_among_many_is_found_with_few_questions() {
        assert_eq!(search_for(&[], 64), (vec![], 1));
        assert_eq!(search_for(&[], 0), (vec![], 0));
        for bad in 0..64 {
            let (found, questions) = search_for(&[bad], 64);
            assert_eq!(found, [bad]);
            // The whole, four times a half or both, and the last four.
            assert!(questions <= 1 + 2 * 4 + 4, "{bad}: {questions} questions");
        }
    }

    #[test]
    fn all_culprits_are_found_in_order_wherever_they_stand() {
        for count in 1..=12_usize {
            for set in 0..1_u32 << count {
                let bad: Vec<usize> = (0..count).filter(|at| set >> at & 1 == 1).collect();
                assert_eq!(search_for(&bad, count).0, bad, "of {count}");
            }
        }
    }
}
