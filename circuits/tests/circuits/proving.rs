//! Proving keys made to betray who uses them: their proofs would verify.

use ark_bls12_381::{Bls12_381, Fq, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{Field, UniformRand};
use ark_groth16::ProvingKey as Raw;
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use stheno_circuits::*;

use crate::fixture::*;

type RawKey = Raw<Bls12_381>;
const HEADER: usize = 23;

fn changed(change: impl Fn(&mut RawKey)) -> Vec<u8> {
    let file = membership().to_bytes();
    let (header, body) = file.split_at(HEADER);
    let mut raw = RawKey::deserialize_uncompressed_unchecked(body).unwrap();
    change(&mut raw);
    let mut file = header.to_vec();
    raw.serialize_uncompressed(&mut file).unwrap();
    file
}

/// Whoever knows the hash.
fn pinned(file: &[u8]) -> Result<ProvingKey, KeyError> {
    ProvingKey::read(file, &KeyHash::of(file), Development::Allowed)
}

fn unknown(file: &[u8]) -> Result<ProvingKey, KeyError> {
    ProvingKey::read_unknown(file, Development::Allowed, &mut rng())
}

fn refused(file: &[u8], error: KeyError) {
    assert_eq!(pinned(file).unwrap_err(), error);
    assert_eq!(unknown(file).unwrap_err(), error);
}

/// `A = α + Σ z·a + r·δ` has then nothing of `r`, and is the same whenever the same member proves.
#[test]
fn proving_key_that_does_not_blind_is_refused() {
    refused(
        &changed(|key| {
            key.beta_g1 = G1Affine::identity();
            key.delta_g1 = G1Affine::identity();
            key.b_g1_query.fill(G1Affine::identity());
        }),
        KeyError::Point {
            name: "beta of G1",
            error: PointError::Identity,
        },
    );
    for (name, pick) in singles() {
        let file = changed(|key| *pick(key) = G1Affine::identity());
        let error = PointError::Identity;
        refused(&file, KeyError::Point { name, error });
    }
}

/// Each by itself, and both together.
#[test]
fn proving_key_whose_beta_and_delta_are_not_those_of_its_b_is_refused() {
    for (_, pick) in singles() {
        let file = changed(|key| *pick(key) = G1Affine::generator());
        refused(&file, KeyError::Parts);
    }
    let file = changed(|key| {
        for (_, pick) in singles() {
            let point = pick(key);
            *point = (*point * Fr::from(2)).into_affine();
        }
    });
    assert_eq!(unknown(&file).unwrap_err(), KeyError::Parts);
}

/// What no check can see, and none has to: it is as if `r` were drawn twice as large.
#[test]
fn proving_key_that_blinds_by_a_multiple_of_delta_makes_good_proofs() {
    let file = changed(|key| {
        let singles = [&mut key.beta_g1, &mut key.delta_g1];
        for point in singles.into_iter().chain(&mut key.b_g1_query) {
            *point = (*point * Fr::from(2)).into_affine();
        }
    });
    let (inputs, witness) = member();
    let key = unknown(&file).unwrap();
    assert_eq!(key.verifying_key(), membership().verifying_key());
    let [one, other] = [1, 2].map(|_| prove_quietly(&key, &inputs, &witness));
    assert!(one == other, "by the same randomness");
    assert!(one != prove_quietly(membership(), &inputs, &witness));
}

/// Though a file whose hash is known is taken without looking at each point.
#[test]
fn single_points_of_a_proving_key_are_looked_at_always() {
    let mut rng = rng();
    let outside = loop {
        let x = Fq::rand(&mut rng);
        if let Some(point) = G1Affine::get_point_from_x_unchecked(x, true) {
            break point;
        }
    };
    // A subgroup's point, and something that no pairing by itself sees.
    let small = outside.mul_bigint(<Fr as ark_ff::PrimeField>::MODULUS);
    for (name, pick) in singles() {
        for (point, error) in [
            (outside, PointError::NotInSubgroup),
            (small.into_affine(), PointError::NotInSubgroup),
            (
                G1Affine::new_unchecked(Fq::ONE, Fq::ONE),
                PointError::NotOnCurve,
            ),
        ] {
            let file = changed(|key| *pick(key) = point);
            let found = pinned(&file).unwrap_err();
            assert_eq!(found, KeyError::Point { name, error });
            assert_eq!(unknown(&file).unwrap_err(), KeyError::Parts);
        }
        let file = changed(|key| {
            let point = pick(key);
            *point = (*point + small).into_affine();
        });
        let error = PointError::NotInSubgroup;
        assert_eq!(pinned(&file).unwrap_err(), KeyError::Point { name, error });
    }
}

/// A `B` of G1 that is another than that of G2 makes proofs fail for those whose witness shows it.
#[test]
fn proving_key_whose_lists_of_b_differ_is_refused() {
    let used = changed_at(|key| {
        let is_used = |point: &G1Affine| !point.is_zero();
        key.b_g1_query.iter().rposition(is_used).unwrap()
    });
    let absent = changed_at(|key| key.b_g1_query.iter().position(G1Affine::is_zero).unwrap());
    let changes: [&dyn Fn(&mut RawKey); 6] = [
        &|key| key.b_g1_query[used] = G1Affine::generator(),
        &|key| key.b_g1_query[used] = G1Affine::identity(),
        &|key| key.b_g1_query[absent] = G1Affine::generator(),
        &|key| key.b_g2_query[used] = G2Affine::generator(),
        &|key| key.b_g1_query.swap(used, absent),
        // Their sum stays: no weight is 1.
        &|key| {
            let (one, other) = (key.b_g1_query[used], key.b_g1_query[absent]);
            let more: G1Projective = one + G1Affine::generator();
            key.b_g1_query[used] = more.into_affine();
            key.b_g1_query[absent] = (other - G1Affine::generator()).into_affine();
        },
    ];
    for (at, change) in changes.iter().enumerate() {
        assert_eq!(
            unknown(&changed(change)).unwrap_err(),
            KeyError::Parts,
            "{at}"
        );
    }
}

/// What no look at the file finds; a proof does.
#[test]
fn proving_key_with_sound_points_in_wrong_places_makes_no_proof() {
    let changes: [&dyn Fn(&mut RawKey); 4] = [
        &|key| key.a_query.swap(1, 6),
        &|key| key.h_query.swap(0, 1),
        &|key| key.l_query.swap(0, 1),
        &|key| key.l_query.iter_mut().for_each(|point| *point = -*point),
    ];
    for (at, change) in changes.iter().enumerate() {
        let key = unknown(&changed(change)).unwrap();
        assert_eq!(trial(&key, &mut rng()), Err(ProveError::BrokenKey), "{at}");
    }
    let sound = unknown(&changed(|_| ())).unwrap();
    assert_eq!(trial(&sound, &mut rng()), Ok(()));
    assert_eq!(trial(credential(), &mut rng()), Ok(()));
}

type Pick = fn(&mut RawKey) -> &mut G1Affine;

fn singles() -> [(&'static str, Pick); 2] {
    [
        ("beta of G1", |key| &mut key.beta_g1),
        ("delta of G1", |key| &mut key.delta_g1),
    ]
}

fn changed_at(find: impl Fn(&RawKey) -> usize) -> usize {
    let file = membership().to_bytes();
    find(&RawKey::deserialize_uncompressed_unchecked(&file[HEADER..]).unwrap())
}
