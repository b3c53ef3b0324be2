//! The verifying key of a setup that was never finished, and what anybody can prove under it.
//!
//! Verifiers were deployed whose γ and δ are both the group's generator, as a setup's first phase
//! leaves them: the contribution that draws δ was left out. They were emptied.

use ark_bls12_381::{Bls12_381, Fr, G1Projective, G2Affine, G2Projective};
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

const GAMMA_IS_DELTA: KeyError = KeyError::ProvesAnything {
    one: "gamma",
    other: "delta",
};

/// Whether Groth16 itself takes a proof of inputs that nobody can prove: no member of anything, no
/// path, no secret.
fn takes(
    key: &RawKey<Bls12_381>,
    forge: impl Fn(&RawKey<Bls12_381>, G1Projective) -> Raw<Bls12_381>,
) -> bool {
    let inputs = [1, 2, 3, 4].map(Fr::from);
    let prepared = prepare_verifying_key(key);
    let statement = Groth16::<Bls12_381>::prepare_inputs(&prepared, &inputs).unwrap();
    let proof = forge(key, statement);
    assert!(Proof::try_from(&written(&proof)[..]).is_ok());
    Groth16::<Bls12_381>::verify_proof(&prepared, &proof, &inputs).unwrap()
}

fn raw(
    a: impl Into<G1Projective>,
    b: impl Into<G2Projective>,
    c: impl Into<G1Projective>,
) -> Raw<Bls12_381> {
    Raw {
        a: a.into().into_affine(),
        b: b.into().into_affine(),
        c: c.into().into_affine(),
    }
}

#[test]
fn key_whose_gamma_is_delta_is_forged_against_and_refused() {
    let (header, sound) = sound();
    assert!(read(&header, &sound).is_ok());
    // Both sides are then e(α, β), whatever the inputs say.
    let forge = |key: &RawKey<Bls12_381>, statement: G1Projective| {
        raw(key.alpha_g1, key.beta_g2, -statement)
    };
    assert!(!takes(&sound, forge), "a sound key takes no such proof");

    let generator = G2Affine::generator();
    for point in [sound.gamma_g2, sound.delta_g2, generator] {
        let broken = RawKey {
            gamma_g2: point,
            delta_g2: point,
            ..sound.clone()
        };
        assert!(takes(&broken, forge), "Groth16 itself takes the forgery");
        assert_eq!(read(&header, &broken), Err(GAMMA_IS_DELTA));
    }
    let error = GAMMA_IS_DELTA.to_string();
    assert!(error.contains("anybody can forge"), "{error}");
}

/// The same by other coincidences: each side of the equation is a sum of what the other has.
#[test]
fn key_with_any_two_points_alike_is_forged_against_and_refused() {
    let (header, sound) = sound();
    let (beta, gamma, delta) = (sound.beta_g2, sound.gamma_g2, sound.delta_g2);
    let with = |beta_g2: G2Affine, gamma_g2: G2Affine, delta_g2: G2Affine| RawKey {
        beta_g2,
        gamma_g2,
        delta_g2,
        ..sound.clone()
    };
    type Forge = fn(&RawKey<Bls12_381>, G1Projective) -> Raw<Bls12_381>;
    let broken: [(RawKey<Bls12_381>, Forge, &str, &str); 5] = [
        (
            with(beta, -delta, delta),
            |key, statement| raw(key.alpha_g1, key.beta_g2, statement),
            "gamma",
            "delta",
        ),
        (
            with(delta, gamma, delta),
            |key, statement| raw(statement, key.gamma_g2, -key.alpha_g1.into_group()),
            "delta",
            "beta",
        ),
        (
            with(-delta, gamma, delta),
            |key, statement| raw(statement, key.gamma_g2, key.alpha_g1),
            "delta",
            "beta",
        ),
        (
            with(gamma, gamma, delta),
            |key, statement| {
                let a = statement + key.alpha_g1;
                raw(a, key.beta_g2 + key.delta_g2, a)
            },
            "gamma",
            "beta",
        ),
        (
            with(-gamma, gamma, delta),
            |key, statement| {
                let a = -statement + key.alpha_g1;
                raw(a, key.beta_g2 + key.delta_g2, a)
            },
            "gamma",
            "beta",
        ),
    ];
    for (key, forge, one, other) in broken {
        assert!(takes(&key, forge), "{one} and {other}");
        assert!(!takes(&sound, forge), "{one} and {other}");
        assert_eq!(
            read(&header, &key),
            Err(KeyError::ProvesAnything { one, other })
        );
    }
}

#[test]
fn key_that_was_never_drawn_is_refused() {
    let (header, sound) = sound();
    for generator in [G2Affine::generator(), -G2Affine::generator()] {
        for one in ["beta", "gamma", "delta"] {
            let mut key = sound.clone();
            match one {
                "beta" => key.beta_g2 = generator,
                "gamma" => key.gamma_g2 = generator,
                _ => key.delta_g2 = generator,
            }
            let other = "generator";
            assert_eq!(
                read(&header, &key),
                Err(KeyError::ProvesAnything { one, other })
            );
        }
    }
}

/// A proving key carries its verifying half; the same is asked of it.
#[test]
fn proving_key_whose_gamma_is_delta_is_refused() {
    let mut file = membership().to_bytes();
    let (gamma, delta) = (HEADER + 96 + 192, HEADER + 96 + 2 * 192);
    file.copy_within(delta..delta + 192, gamma);
    let read = |file: &[u8]| ProvingKey::read(file, &KeyHash::of(file), Development::Allowed);
    assert_eq!(read(&file).unwrap_err(), GAMMA_IS_DELTA);
}
