//! From what a prover knows to a proof.

use ark_bls12_381::{Bls12_381, Fr};
use ark_ff::UniformRand;
use ark_groth16::Groth16;
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, Matrix, OptimizationGoal, R1CS_PREDICATE_LABEL,
    SynthesisError, SynthesisMode,
};
use ark_std::rand::{CryptoRng, RngCore};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    circuit::Circuit,
    constraints::Synthesis,
    inputs::Inputs,
    keys::ProvingKey,
    proof::Proof,
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
    /// Building the constraint system.
    Synthesize,
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

    progress(Phase::Synthesize);
    let system =
        System::synthesize(key.circuit(), inputs, witness).map_err(|_| ProveError::Inconsistent)?;
    if !system.is_satisfied() {
        return Err(ProveError::Inconsistent);
    }

    progress(Phase::Prove);
    let (r, s) = (Zeroizing::new(Fr::rand(rng)), Zeroizing::new(Fr::rand(rng)));
    let proof = Groth16::<Bls12_381>::create_proof_with_reduction_and_matrices(
        key.groth16(),
        *r,
        *s,
        &system.matrices,
        system.inputs,
        system.constraints,
        &system.assignment,
    );
    let proof = Proof(proof.map_err(|_| ProveError::BrokenKey)?);

    progress(Phase::Verify);
    let prepared = key.verifying_key().prepare();
    verify(&prepared, inputs, &proof).map_err(|_| ProveError::BrokenKey)?;
    Ok(proof)
}

/// A constraint system with its values: rows `A`, `B` and `C` over one assignment.
pub(crate) struct System {
    pub(crate) matrices: Vec<Matrix<Fr>>,
    pub(crate) inputs: usize,
    pub(crate) constraints: usize,
    /// One, then the public inputs, then the private values.
    pub(crate) assignment: Zeroizing<Vec<Fr>>,
}

impl System {
    pub(crate) fn synthesize(
        circuit: Circuit,
        inputs: &Inputs,
        witness: &Witness,
    ) -> Result<Self, SynthesisError> {
        let cs = ConstraintSystem::new_ref();
        cs.set_optimization_goal(OptimizationGoal::Constraints);
        cs.set_mode(SynthesisMode::Prove {
            construct_matrices: true,
            generate_lc_assignments: false,
        });
        Synthesis::prove(circuit, inputs, witness).generate_constraints(cs.clone())?;
        cs.finalize();
        let mut cs = cs.into_inner().ok_or(SynthesisError::MissingCS)?;
        let matrices = cs
            .to_matrices()?
            .remove(R1CS_PREDICATE_LABEL)
            .ok_or(SynthesisError::PredicateNotFound)?;
        let values = &mut cs.assignments;
        let assignment = Zeroizing::new(
            [
                &values.instance_assignment[..],
                &values.witness_assignment[..],
            ]
            .concat(),
        );
        values.witness_assignment.zeroize();
        values.lc_assignment.zeroize();
        Ok(Self {
            matrices,
            inputs: cs.num_instance_variables(),
            constraints: cs.num_constraints(),
            assignment,
        })
    }

    fn is_satisfied(&self) -> bool {
        let [a, b, c] = &self.matrices[..] else {
            return false;
        };
        let value = |row: &[(Fr, usize)]| -> Fr {
            row.iter()
                .filter_map(|(coefficient, at)| Some(*self.assignment.get(*at)? * coefficient))
                .sum()
        };
        a.iter()
            .zip(b)
            .zip(c)
            .all(|((a, b), c)| value(a) * value(b) == value(c))
    }
}
