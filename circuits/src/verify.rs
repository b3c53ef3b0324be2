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
/// Each proof's equation gets a random weight of 128 bits; where their sum fails, each is checked
/// alone to find whose fault it is. `rng` must be unpredictable to those who made the proofs.
///
/// # Errors
/// [`BatchError`], naming the culprits.
pub fn verify_batch(
    key: &PreparedVerifyingKey,
    proofs: &[(Inputs, Proof)],
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<(), BatchError> {
    let fitting = proofs
        .iter()
        .all(|(inputs, _)| check_inputs(key, inputs).is_ok());
    if fitting && all_hold(key, proofs, rng) {
        return Ok(());
    }
    let culprits: Vec<usize> = proofs
        .iter()
        .enumerate()
        .filter(|(_, (inputs, proof))| verify(key, inputs, proof).is_err())
        .map(|(at, _)| at)
        .collect();
    if culprits.is_empty() {
        return Ok(());
    }
    Err(BatchError { culprits })
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
