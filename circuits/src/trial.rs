//! Proofs of nothing in particular, to see whether a key from anywhere makes any.

use ark_bls12_381::Fr;
use ark_ff::UniformRand;
use ark_std::rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use crate::{
    circuit::{Circuit, Statement},
    field::{BindingHash, Leaf, Node, ScopeHash},
    inputs::{Bounds, Inputs, Range},
    keys::ProvingKey,
    prove::{ProveError, prove},
    secret::{Attributes, Secret},
    spec::ATTRIBUTES,
    tree::Path,
    witness::Witness,
};

/// Proves what is true of somebody who was just made up, and verifies it: as long as a proof takes.
///
/// A point of the key that stands for an element of the field is always found if it is another one;
/// one that stands for a bit, if the bit is 1, which a bit of the place is in half of all trials, and a
/// bit of a credential's differences in three of eight.
///
/// # Errors
/// [`ProveError::BrokenKey`].
pub fn trial(key: &ProvingKey, rng: &mut (impl RngCore + CryptoRng)) -> Result<(), ProveError> {
    let (inputs, witness) = anybody(key.circuit(), rng);
    prove(key, &inputs, &witness, rng, &mut |_| ()).map(drop)
}

/// A random member of a random group, at a random place.
fn anybody(circuit: Circuit, rng: &mut (impl RngCore + CryptoRng)) -> (Inputs, Witness) {
    let mut seed = Zeroizing::new([0; 32]);
    rng.fill_bytes(&mut seed[..]);
    let secret = Secret::from_seed(&seed);
    let levels = 0..circuit.depth.levels();
    let path = Path {
        index: rng.next_u64() & (circuit.depth.capacity() - 1),
        siblings: levels.map(|_| Node(Fr::rand(rng))).collect(),
    };
    let commitment = secret.commitment();
    let held = match circuit.statement {
        Statement::MembershipV1 => None,
        Statement::CredentialV1 => Some(credential(rng)),
    };
    let leaf = match &held {
        None => Leaf::of_member(&commitment),
        Some((attributes, _)) => Leaf::of_credential(&commitment, attributes),
    };
    let scope = ScopeHash(Fr::rand(rng));
    let inputs = Inputs {
        root: path.root(&leaf),
        nullifier: secret.nullifier(&scope),
        scope,
        binding: BindingHash(Fr::rand(rng)),
        bounds: held.as_ref().map(|(_, bounds)| *bounds),
    };
    let witness = match held {
        None => Witness::member(secret, path),
        Some((attributes, _)) => Witness::credential(secret, path, attributes),
    };
    (inputs, witness)
}

/// Attributes, and bounds that they are within. Where every bit would be as likely 1 as 0, sums would
/// overflow: a number has a bit with a chance of one in two, its distance from a bound of three in eight.
fn credential(rng: &mut impl RngCore) -> (Attributes, Bounds) {
    let mut few = || rng.next_u64() & rng.next_u64();
    let masks = [(); ATTRIBUTES].map(|()| (few(), !few()));
    let until = few();
    let attributes = Attributes {
        values: [(); ATTRIBUTES].map(|()| rng.next_u64()),
        expiry: rng.next_u64(),
    };
    let mut ranges = [Range::ANY; ATTRIBUTES];
    for ((range, value), (low, high)) in ranges.iter_mut().zip(attributes.values).zip(masks) {
        *range = Range {
            low: value & low,
            high: value | high,
        };
    }
    let now = attributes.expiry & until;
    (attributes, Bounds { ranges, now })
}

#[cfg(test)]
mod tests {
    use ark_bls12_381::{Bls12_381, G1Affine};
    use ark_ec::AffineRepr;
    use ark_ff::{One, Zero};
    use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
    use ark_std::rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::{
        Depth, Development, KeyHash, relation::assign, setup, verify, witness::StatementError,
    };

    fn circuit(statement: Statement) -> Circuit {
        Circuit::new(statement, Depth::new(3).unwrap())
    }

    #[test]
    fn trial_is_of_a_true_statement_and_of_another_one_each_time() {
        let mut rng = StdRng::from_seed([1; 32]);
        for statement in Statement::ALL {
            let circuit = circuit(statement);
            let mut nullifiers = std::collections::BTreeSet::new();
            let mut places = std::collections::BTreeSet::new();
            for _ in 0..200 {
                let (inputs, witness) = anybody(circuit, &mut rng);
                assert_eq!(
                    witness.check(circuit, &inputs),
                    Ok::<(), StatementError>(())
                );
                nullifiers.insert(inputs.nullifier.to_bytes());
                places.insert(witness.path.index);
            }
            assert_eq!((nullifiers.len(), places.len()), (200, 8));
        }
    }

    /// Every bit of the circuit is 1 often enough to be found.
    #[test]
    fn trial_has_every_bit_of_a_credential_in_both_values() {
        let mut rng = StdRng::from_seed([2; 32]);
        let circuit = circuit(Statement::CredentialV1);
        let rounds: Vec<_> = (0..64)
            .map(|_| {
                let (inputs, witness) = anybody(circuit, &mut rng);
                assign(circuit, &inputs, &witness).unwrap()
            })
            .collect();
        let mut bits = 0;
        for at in 1..rounds[0].len() {
            if rounds
                .iter()
                .all(|values| values[at].is_zero() || values[at].is_one())
            {
                let ones = rounds.iter().filter(|values| values[at].is_one()).count();
                assert!((8..=48).contains(&ones), "variable {at}: {ones} of 64");
                bits += 1;
            }
        }
        assert_eq!(bits, 14 * 64 + 3, "all numbers and the place");
    }

    /// What one trial cannot do: a key with one point of a bit exchanged works for who has a 0 there.
    #[test]
    fn trial_finds_a_wrong_point_always_and_that_of_a_bit_in_half_of_all_rounds() {
        let mut rng = StdRng::from_seed([3; 32]);
        let circuit = circuit(Statement::MembershipV1);
        let sound = setup(circuit, &[0; 32]);
        trial(&sound, &mut rng).unwrap();

        let people: Vec<_> = (0..16)
            .map(|_| {
                let (inputs, witness) = anybody(circuit, &mut rng);
                let values = assign(circuit, &inputs, &witness).unwrap();
                (witness.path.index, values)
            })
            .collect();
        let inputs = circuit.shape().instance;
        let bit = (inputs..people[0].1.len())
            .find(|at| {
                people
                    .iter()
                    .all(|(place, values)| values[*at] == Fr::from(place & 1))
            })
            .unwrap();
        // The first private variable is the secret.
        for (at, finds) in [(0, 8..=8), (bit - inputs, 1..=7)] {
            let file = sound.to_bytes();
            let (header, body) = file.split_at(23);
            let mut raw =
                ark_groth16::ProvingKey::<Bls12_381>::deserialize_uncompressed(body).unwrap();
            raw.l_query[at] = G1Affine::generator();
            let mut file = header.to_vec();
            raw.serialize_uncompressed(&mut file).unwrap();
            assert!(ProvingKey::read(&file, &KeyHash::of(&file), Development::Allowed).is_ok());
            let key = ProvingKey::read_unknown(&file, Development::Allowed, &mut rng).unwrap();
            let found = (0..8).filter(|_| trial(&key, &mut rng).is_err()).count();
            assert!(finds.contains(&found), "{at}: {found} of 8");

            // What it tells whoever served it: whether the bit is 1.
            let (inputs, witness) = anybody(circuit, &mut rng);
            let made = prove(&key, &inputs, &witness, &mut rng, &mut |_| ());
            if at > 0 {
                assert_eq!(made.is_err(), witness.path.index & 1 == 1);
            }
            if let Ok(proof) = made {
                verify(&key.verifying_key().prepare(), &inputs, &proof).unwrap();
            }
        }
    }
}
