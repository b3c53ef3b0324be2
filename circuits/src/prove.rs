//! From what a prover knows to a proof.

use ark_bls12_381::{Bls12_381, Fr};
use ark_ff::UniformRand;
use ark_groth16::Groth16;
use ark_std::rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use crate::{
    inputs::Inputs,
    keys::ProvingKey,
    proof::Proof,
    relation::assign,
    verify::verify,
    witness::{StatementError, Witness},
};

/// Why there is no proof.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ProveError {
    /// The statement is not true of the witness.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The proof that the key led to does not verify: the key is broken.
    #[error("the proving key makes proofs that do not verify")]
    BrokenKey,
    /// The constraint system and the native check disagree: a fault of this program.
    #[error("the constraint system refuses a statement that holds")]
    Inconsistent,
}

/// What a prover is doing; told before each begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// Checking the statement natively.
    Check,
    /// Computing every value of the constraint system.
    Assign,
    /// Computing the proof, which takes nearly all of the time.
    Prove,
    /// Verifying it.
    Verify,
}

/// Proves that `inputs` are true of a witness that nobody gets to see.
///
/// About a second. The witness is checked first, so that what is not true is an error in words.
///
/// # Errors
/// [`ProveError`].
pub fn prove(
    key: &ProvingKey,
    inputs: &Inputs,
    witness: &Witness,
    rng: &mut (impl RngCore + CryptoRng),
    progress: &mut dyn FnMut(Phase),
) -> Result<Proof, ProveError> {
    progress(Phase::Check);
    witness.check(key.circuit(), inputs)?;

    progress(Phase::Assign);
    let relation = key.relation();
    let assignment =
        assign(key.circuit(), inputs, witness).map_err(|_| ProveError::Inconsistent)?;
    if !relation.is_satisfied(&assignment) {
        return Err(ProveError::Inconsistent);
    }

    progress(Phase::Prove);
    let (r, s) = (Zeroizing::new(Fr::rand(rng)), Zeroizing::new(Fr::rand(rng)));
    let proof = Groth16::<Bls12_381>::create_proof_with_reduction_and_matrices(
        key.groth16(),
        *r,
        *s,
        &relation.matrices,
        relation.shape.instance,
        relation.shape.constraints,
        &assignment,
    );
    let proof = Proof(proof.map_err(|_| ProveError::BrokenKey)?);

    progress(Phase::Verify);
    let prepared = key.verifying_key().prepare();
    verify(&prepared, inputs, &proof).map_err(|_| ProveError::BrokenKey)?;
    Ok(proof)
}
