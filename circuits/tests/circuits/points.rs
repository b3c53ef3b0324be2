//! Points that are none, compressed.

use ark_bls12_381::{Fq, Fq2, G1Affine, G2Affine};
use ark_ff::UniformRand;
use ark_serialize::CanonicalSerialize;

use crate::fixture::rng;

/// What a point must not be, with what is said of it.
pub fn bad_g1() -> Vec<(Vec<u8>, &'static str)> {
    let mut rng = rng();
    let on_curve = loop {
        let x = Fq::rand(&mut rng);
        if let Some(point) = G1Affine::get_point_from_x_unchecked(x, true) {
            break point;
        }
    };
    assert!(!on_curve.is_in_correct_subgroup_assuming_on_curve());
    let off_curve = (0..)
        .map(Fq::from)
        .find(|x| G1Affine::get_point_from_x_unchecked(*x, true).is_none());
    let mut off = Vec::new();
    off_curve.unwrap().serialize_uncompressed(&mut off).unwrap();
    off.reverse();
    bad(48, written(&on_curve), off)
}

/// The same in G2.
pub fn bad_g2() -> Vec<(Vec<u8>, &'static str)> {
    let mut rng = rng();
    let on_curve = loop {
        let x = Fq2::rand(&mut rng);
        if let Some(point) = G2Affine::get_point_from_x_unchecked(x, true) {
            break point;
        }
    };
    assert!(!on_curve.is_in_correct_subgroup_assuming_on_curve());
    let off_curve = (0u8..)
        .map(|number| Fq2::new(Fq::from(number), Fq::from(0)))
        .find(|x| G2Affine::get_point_from_x_unchecked(*x, true).is_none());
    // c1 stands before c0, each big-endian.
    let mut off = Vec::new();
    off_curve.unwrap().serialize_uncompressed(&mut off).unwrap();
    off.reverse();
    bad(96, written(&on_curve), off)
}

fn bad(
    length: usize,
    wrong_subgroup: Vec<u8>,
    mut off_curve: Vec<u8>,
) -> Vec<(Vec<u8>, &'static str)> {
    let not_a_point = "not the canonical encoding of a point on the curve";
    let mut identity = vec![0; length];
    identity[0] = 0xc0;
    let flagged = |flags: u8| {
        let mut bytes = identity.clone();
        bytes[0] = flags;
        bytes
    };
    let mut long_identity = identity.clone();
    long_identity[length - 1] = 1;
    off_curve[0] |= 0x80;
    vec![
        (off_curve, not_a_point),
        (wrong_subgroup, "outside the subgroup of prime order"),
        (identity.clone(), "the identity"),
        (flagged(0xe0), not_a_point),
        (flagged(0x40), not_a_point),
        (flagged(0x00), not_a_point),
        (long_identity, not_a_point),
        // x from p on.
        (vec![0x9f; length], not_a_point),
        (vec![0xff; length], not_a_point),
    ]
}

pub fn written(point: &impl CanonicalSerialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    point.serialize_compressed(&mut bytes).unwrap();
    bytes
}
