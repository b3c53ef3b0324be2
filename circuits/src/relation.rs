//! A circuit's constraint system as matrices, and assignments to its variables.
//!
//! The matrices depend on the circuit alone: a proving key holds them, so that a proof costs but
//! the values.

use ark_bls12_381::Fr;
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, Matrix, OptimizationGoal, R1CS_PREDICATE_LABEL,
    SynthesisError, SynthesisMode,
};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    circuit::{Circuit, Shape},
    constraints::Synthesis,
    inputs::Inputs,
    witness::Witness,
};

/// The rows `A`, `B` and `C`: an assignment `z` satisfies them if `Az · Bz = Cz`, row by row.
pub(crate) struct Relation {
    pub(crate) matrices: Vec<Matrix<Fr>>,
    pub(crate) shape: Shape,
}

impl Relation {
    pub(crate) fn of(circuit: Circuit) -> Self {
        #[allow(
            clippy::expect_used,
            reason = "without values, synthesis has nothing to fail on; a test does all circuits"
        )]
        Self::synthesize(circuit).expect("a circuit is synthesised without values")
    }

    fn synthesize(circuit: Circuit) -> Result<Self, SynthesisError> {
        let cs = ConstraintSystem::new_ref();
        cs.set_optimization_goal(OptimizationGoal::Constraints);
        cs.set_mode(SynthesisMode::Setup);
        Synthesis::setup(circuit).generate_constraints(cs.clone())?;
        cs.finalize();
        let matrices = cs
            .to_matrices()?
            .remove(R1CS_PREDICATE_LABEL)
            .ok_or(SynthesisError::PredicateNotFound)?;
        let shape = Shape {
            constraints: cs.num_constraints(),
            instance: cs.num_instance_variables(),
            witness: cs.num_witness_variables(),
        };
        Ok(Self { matrices, shape })
    }

    pub(crate) fn is_satisfied(&self, assignment: &[Fr]) -> bool {
        let [a, b, c] = &self.matrices[..] else {
            return false;
        };
        let value = |row: &[(Fr, usize)]| -> Fr {
            row.iter()
                .filter_map(|(coefficient, at)| Some(*assignment.get(*at)? * coefficient))
                .sum()
        };
        a.iter()
            .zip(b)
            .zip(c)
            .all(|((a, b), c)| value(a) * value(b) == value(c))
    }
}

/// One, then the public inputs, then the private values. They need not satisfy the relation.
pub(crate) fn assign(
    circuit: Circuit,
    inputs: &Inputs,
    witness: &Witness,
) -> Result<Zeroizing<Vec<Fr>>, SynthesisError> {
    let cs = ConstraintSystem::new_ref();
    cs.set_mode(SynthesisMode::Prove {
        construct_matrices: false,
        generate_lc_assignments: false,
    });
    Synthesis::prove(circuit, inputs, witness).generate_constraints(cs.clone())?;
    let mut cs = cs.into_inner().ok_or(SynthesisError::MissingCS)?;
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
    Ok(assignment)
}
