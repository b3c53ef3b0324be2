//! The statements as constraint systems. Each row is derived in this crate's README.

use ark_bls12_381::Fr;
use ark_r1cs_std::{
    alloc::AllocVar, boolean::Boolean, eq::EqGadget, fields::FieldVar, fields::fp::FpVar,
};
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, SynthesisError};

use crate::{
    circuit::{Circuit, Statement},
    inputs::Inputs,
    poseidon,
    spec::{self, ATTRIBUTES, Domain, position},
    witness::Witness,
};

type Result<T> = core::result::Result<T, SynthesisError>;
type Cs = ConstraintSystemRef<Fr>;

/// A circuit, with or without values.
pub(crate) struct Synthesis<'a> {
    circuit: Circuit,
    values: Option<(&'a Inputs, &'a Witness)>,
}

impl<'a> Synthesis<'a> {
    /// For a key: the system alone.
    pub(crate) const fn setup(circuit: Circuit) -> Self {
        Self {
            circuit,
            values: None,
        }
    }

    /// For a proof. The values need not satisfy the system.
    pub(crate) const fn prove(circuit: Circuit, inputs: &'a Inputs, witness: &'a Witness) -> Self {
        Self {
            circuit,
            values: Some((inputs, witness)),
        }
    }

    /// A private value, where there are values.
    fn private<T>(&self, value: impl FnOnce(&Inputs, &Witness) -> Option<T>) -> Result<T> {
        self.values
            .and_then(|(inputs, witness)| value(inputs, witness))
            .ok_or(SynthesisError::AssignmentMissing)
    }

    /// The public inputs, in order.
    fn inputs(&self, cs: &Cs) -> Result<Vec<FpVar<Fr>>> {
        let elements = self.values.map(|(inputs, _)| inputs.elements());
        let value = |at: usize| elements.as_ref()?.get(at).copied();
        (0..self.circuit.statement.input_count())
            .map(|at| {
                FpVar::new_input(cs.clone(), || {
                    value(at).ok_or(SynthesisError::AssignmentMissing)
                })
            })
            .collect()
    }

    /// A number of 64 bits. Each bit is a variable that is 0 or 1, so that it cannot wrap around.
    fn number(
        &self,
        cs: &Cs,
        value: impl Fn(&Inputs, &Witness) -> Option<u64>,
    ) -> Result<FpVar<Fr>> {
        let bits = (0..u64::BITS)
            .map(|at| {
                let bit = |inputs: &_, witness: &_| Some((value(inputs, witness)? >> at) & 1 == 1);
                Boolean::new_witness(cs.clone(), || self.private(bit))
            })
            .collect::<Result<Vec<_>>>()?;
        Boolean::le_bits_to_fp(&bits)
    }

    /// The root that the path leads to from a leaf.
    fn climb(&self, cs: &Cs, leaf: FpVar<Fr>) -> Result<FpVar<Fr>> {
        let mut node = leaf;
        for height in 0..usize::from(self.circuit.depth.levels()) {
            let is_right = Boolean::new_witness(cs.clone(), || {
                self.private(|_, witness| Some((witness.path.index >> height) & 1 == 1))
            })?;
            let sibling = FpVar::new_witness(cs.clone(), || {
                self.private(|_, witness| Some(witness.path.siblings.get(height)?.0))
            })?;
            // The other side costs nothing: both together are always node and sibling.
            let left = is_right.select(&sibling, &node)?;
            let right = &node + &sibling - &left;
            node = poseidon::hash_gadget(cs, Domain::Node, [left, right])?;
        }
        Ok(node)
    }

    /// The attributes' hash, of attributes that are within the public bounds.
    fn credential(&self, cs: &Cs, inputs: &[FpVar<Fr>]) -> Result<FpVar<Fr>> {
        let mut values = Vec::with_capacity(ATTRIBUTES);
        for (at, (low, high)) in position::LOW.into_iter().zip(position::HIGH).enumerate() {
            let value = self.number(cs, |_, witness| {
                witness.attributes.as_ref()?.values.get(at).copied()
            })?;
            // value = low + a and high = value + b, with a and b of 64 bits. What does not
            // satisfy a bound makes these wrap, and then no such a or b exists.
            let above = self.number(cs, |inputs, witness| {
                let value = witness.attributes.as_ref()?.values.get(at)?;
                Some(value.wrapping_sub(inputs.bounds?.ranges.get(at)?.low))
            })?;
            let below = self.number(cs, |inputs, witness| {
                let value = witness.attributes.as_ref()?.values.get(at)?;
                Some(inputs.bounds?.ranges.get(at)?.high.wrapping_sub(*value))
            })?;
            (input(inputs, low)? + above).enforce_equal(&value)?;
            (&value + below).enforce_equal(&input(inputs, high)?)?;
            values.push(value);
        }

        let expiry = self.number(cs, |_, witness| Some(witness.attributes.as_ref()?.expiry))?;
        let left_over = self.number(cs, |inputs, witness| {
            let expiry = witness.attributes.as_ref()?.expiry;
            Some(expiry.wrapping_sub(inputs.bounds?.now))
        })?;
        (input(inputs, position::NOW)? + left_over).enforce_equal(&expiry)?;

        let [v0, v1, v2, v3] = <[FpVar<Fr>; ATTRIBUTES]>::try_from(values)
            .map_err(|_| SynthesisError::Unsatisfiable)?;
        let [word, two_words] = spec::packing();
        let first = v0 + v1 * word + v2 * two_words;
        let second = v3 + expiry * word;
        poseidon::hash_gadget(cs, Domain::Attributes, [first, second])
    }
}

fn input(inputs: &[FpVar<Fr>], position: usize) -> Result<FpVar<Fr>> {
    inputs
        .get(position)
        .cloned()
        .ok_or(SynthesisError::AssignmentMissing)
}

impl ConstraintSynthesizer<Fr> for Synthesis<'_> {
    fn generate_constraints(self, cs: Cs) -> Result<()> {
        let inputs = self.inputs(&cs)?;
        let secret = FpVar::new_witness(cs.clone(), || {
            self.private(|_, witness| Some(witness.secret.element()))
        })?;

        // Nothing else speaks of the binding, and an input that no row uses binds nothing.
        let _bound = input(&inputs, position::BINDING)?.square()?;

        let commitment =
            poseidon::hash_gadget(&cs, Domain::Commitment, [secret.clone(), FpVar::zero()])?;
        let attributes = match self.circuit.statement {
            Statement::MembershipV1 => FpVar::zero(),
            Statement::CredentialV1 => self.credential(&cs, &inputs)?,
        };
        let leaf = poseidon::hash_gadget(&cs, Domain::Leaf, [commitment, attributes])?;
        self.climb(&cs, leaf)?
            .enforce_equal(&input(&inputs, position::ROOT)?)?;

        let scope = input(&inputs, position::SCOPE)?;
        poseidon::hash_gadget(&cs, Domain::Nullifier, [scope, secret])?
            .enforce_equal(&input(&inputs, position::NULLIFIER)?)
    }
}

#[cfg(test)]
mod tests;
