//! Keys for development.

use ark_bls12_381::Bls12_381;
use ark_groth16::Groth16;
use ark_std::rand::SeedableRng;
use rand_chacha_of_arkworks::ChaCha20Rng;

use super::{
    file::{Header, Kind, Role},
    proving::ProvingKey,
};
use crate::{circuit::Circuit, constraints::Synthesis, relation::Relation};

/// Makes a key whose trapdoor follows from `seed`, and marks it as such.
///
/// Whoever has the seed proves whatever they want under this key. So it is for tests, devnets and
/// demonstrations; the same seed gives the same file on every machine.
///
/// Some seconds.
#[must_use]
pub fn setup(circuit: Circuit, seed: &[u8; 32]) -> ProvingKey {
    let mut rng = ChaCha20Rng::from_seed(*seed);
    #[allow(
        clippy::expect_used,
        reason = "the circuits are ours, and are far below the field's largest domain"
    )]
    let groth16 = Groth16::<Bls12_381>::generate_random_parameters_with_reduction(
        Synthesis::setup(circuit),
        &mut rng,
    )
    .expect("keys are made for every circuit");
    let header = Header {
        role: Role::Proving,
        kind: Kind::Development,
        circuit,
    };
    #[allow(
        clippy::expect_used,
        reason = "gamma and delta are drawn from 2^255 numbers: they are neither equal nor 1"
    )]
    ProvingKey::check(header, groth16, Relation::of(circuit))
        .expect("a key that was just drawn is sound")
}
