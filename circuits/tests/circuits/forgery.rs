//! The verifying key of a setup that was never finished, and what anybody can prove under it.
//!
//! Verifiers were deployed whose γ and δ are both the group's generator, as a setup's first phase
//! leaves them: the contribution that draws δ was left out. They were emptied.

use ark_bls12_381::{Bls12_381, Fr, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_groth16::{Groth16, Proof as Raw, VerifyingKey as RawKey, prepare_verifying_key};
use ark_serialize::CanonicalDeserialize;
use stheno_circuits::*;

use crate::{fixture::*, points::written};

const HEADER: usize = 23;

fn sound() -> (Vec<u8>, RawKey<Bls12_381>) {
    let file = membership().verifying_key().to_bytes();
    let key = RawKey::deserialize_compressed(&file[HEADER..]).unwrap();
    (file[..HEADER].to_vec(), key)
}

fn read(header: &[u8], key: &RawKey<Bls12_381>) -> Result<VerifyingKey, KeyError> {
    let file = [header, &written(key)].concat();
    VerifyingKey::read(&file, Development::Allowed)
}

/// `A = α`, `B = β`, `C = −IC(inputs)`: both sides are then e(α, β), whatever the inputs say.
fn forge(key: &RawKey<Bls12_381>, inputs: &[Fr]) -> Raw<Bls12_381> {
    let prepared = prepare_verifying_key(key);
    let public = Groth16::<Bls12_381>::prepare_inputs(&prepared, inputs).unwrap();
    Raw {
        a: key.alpha_g1,
        b: key.beta_g2,
        c: (-public).into_affine(),
    }
}

#[test]
fn key_whose_gamma_is_delta_is_forged_against_and_refused() {
    let (header, sound) = sound();
    assert!(read(&header, &sound).is_ok());
    // No member of anything, no path, no secret.
    let inputs = [1, 2, 3, 4].map(Fr::from);
    let raw_verify = |key: &RawKey<Bls12_381>| {
        let proof = forge(key, &inputs);
        assert!(Proof::try_from(&written(&proof)[..]).is_ok());
        let prepared = prepare_verifying_key(key);
        Groth16::<Bls12_381>::verify_proof(&prepared, &proof, &inputs).unwrap()
    };
    assert!(!raw_verify(&sound), "a sound key takes no such proof");

    let generator = G2Affine::generator();
    for point in [sound.gamma_g2, sound.delta_g2, generator] {
        let broken = RawKey {
            gamma_g2: point,
            delta_g2: point,
            ..sound.clone()
        };
        assert!(raw_verify(&broken), "Groth16 itself takes the forgery");
        assert_eq!(read(&header, &broken), Err(KeyError::GammaIsDelta));
    }
    let error = KeyError::GammaIsDelta.to_string();
    assert!(error.contains("anybody can forge"), "{error}");
}

#[test]
fn key_that_was_never_drawn_is_refused() {
    let (header, sound) = sound();
    let generator = G2Affine::generator();
    let gamma = RawKey {
        gamma_g2: generator,
        ..sound.clone()
    };
    assert_eq!(
        read(&header, &gamma),
        Err(KeyError::Generator { name: "gamma" })
    );
    let delta = RawKey {
        delta_g2: generator,
        ..sound
    };
    assert_eq!(
        read(&header, &delta),
        Err(KeyError::Generator { name: "delta" })
    );
}

/// A proving key carries its verifying half; the same is asked of it.
#[test]
fn proving_key_whose_gamma_is_delta_is_refused() {
    let mut file = membership().to_bytes();
    let (gamma, delta) = (HEADER + 96 + 192, HEADER + 96 + 2 * 192);
    file.copy_within(delta..delta + 192, gamma);
    let read = |file: &[u8]| ProvingKey::read(file, &KeyHash::of(file), Development::Allowed);
    assert_eq!(read(&file).unwrap_err(), KeyError::GammaIsDelta);
}
