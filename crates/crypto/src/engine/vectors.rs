//! Other people's vectors, on every engine: RFC 9380 and EIP-2537.

use ark_bls12_381::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{One, PrimeField};
use serde_json::Value;

use super::Engine;
use crate::{
    NetworkKey,
    encoding::{FQ_BYTES, fq_from_bytes, fq_to_bytes, g2_to_eip2537},
    scalar::SecretScalar,
    xmd::expand_message,
};

/// A file of the vectors that are kept beside the checkout, or in `STHENO_VECTORS`.
#[allow(clippy::print_stdout, reason = "a test that is skipped says so")]
fn external(name: &str) -> Option<Value> {
    let folder = std::env::var_os("STHENO_VECTORS").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        Into::into,
    );
    let path = folder.join("external").join(name);
    if !folder.exists() {
        println!("skipped: no vectors in {}", folder.display());
        return None;
    }
    Some(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).unwrap()
}

fn element(value: &Value) -> Fq {
    fq_from_bytes(bytes(value).as_slice().try_into().unwrap()).unwrap()
}

#[test]
fn hashes_to_the_curve_match_rfc_9380() {
    let Some(suite) = external("rfc9380-bls12381g1-sswu-ro.json") else {
        return;
    };
    let dst = suite["dst"].as_str().unwrap().as_bytes();
    let vectors = suite["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 5);
    for vector in vectors {
        let message = vector["msg"].as_str().unwrap().as_bytes();
        let point = G1Affine::new(element(&vector["P"]["x"]), element(&vector["P"]["y"]));
        for engine in Engine::ALL {
            assert_eq!(engine.operations().hash_to_g1(message, dst), point);
        }
        let uniform = expand_message::<128>(dst, &[message]);
        for (u, uniform) in vector["u"]
            .as_array()
            .unwrap()
            .iter()
            .zip(uniform.chunks(64))
        {
            assert_eq!(Fq::from_be_bytes_mod_order(uniform), element(u));
        }
    }
}

/// A point as EIP-2537 writes it, the identity and points outside the subgroup included.
fn g1(bytes: &[u8]) -> Option<G1Affine> {
    let [x, y] = coordinates(bytes)?;
    if [x, y] == [Fq::default(); 2] {
        return Some(G1Affine::zero());
    }
    Some(G1Affine::new_unchecked(x, y)).filter(G1Affine::is_on_curve)
}

fn g2(bytes: &[u8]) -> Option<G2Affine> {
    let [x0, x1, y0, y1] = coordinates(bytes)?;
    if [x0, x1, y0, y1] == [Fq::default(); 4] {
        return Some(G2Affine::zero());
    }
    let point = G2Affine::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1));
    Some(point).filter(G2Affine::is_on_curve)
}

fn coordinates<const N: usize>(bytes: &[u8]) -> Option<[Fq; N]> {
    assert_eq!(bytes.len(), 64 * N);
    let elements = bytes.chunks(64).map(|chunk| {
        let (padding, element) = chunk.split_at(64 - FQ_BYTES);
        if padding.iter().any(|byte| *byte != 0) {
            return None;
        }
        fq_from_bytes(element.try_into().unwrap()).ok()
    });
    elements.collect::<Option<Vec<_>>>()?.try_into().ok()
}

fn write_g1(point: &G1Affine) -> Vec<u8> {
    let Some((x, y)) = point.xy() else {
        return vec![0; 128];
    };
    [x, y]
        .iter()
        .flat_map(|element| [vec![0; 16], fq_to_bytes(element).to_vec()].concat())
        .collect()
}

fn each(name: &str, least: usize, check: impl Fn(&str, &[u8], &[u8])) {
    let Some(vectors) = external(name) else {
        return;
    };
    let vectors = vectors.as_array().unwrap();
    assert!(vectors.len() >= least, "{}", vectors.len());
    for vector in vectors {
        let name = vector["Name"].as_str().unwrap();
        let expected = vector.get("Expected").map(bytes).unwrap_or_default();
        check(name, &bytes(&vector["Input"]), &expected);
    }
}

fn scalar(bytes: &[u8]) -> SecretScalar {
    SecretScalar::from(Fr::from_be_bytes_mod_order(bytes))
}

#[test]
fn operations_in_g1_match_eip_2537() {
    each("eip2537-add_G1_bls.json", 5, |name, input, expected| {
        let points = [g1(&input[..128]).unwrap(), g1(&input[128..]).unwrap()];
        for engine in Engine::ALL {
            let sum = engine.operations().g1_msm(&points, &[Fr::one(); 2]);
            assert_eq!(write_g1(&sum), expected, "{name} {engine:?}");
        }
    });
    each("eip2537-mul_G1_bls.json", 5, |name, input, expected| {
        let point = g1(&input[..128]).unwrap();
        for engine in Engine::ALL {
            let product = engine.operations().g1_mul(&point, &scalar(&input[128..]));
            assert_eq!(write_g1(&product), expected, "{name} {engine:?}");
        }
    });
}

#[test]
fn operations_in_g2_match_eip_2537() {
    each("eip2537-add_G2_bls.json", 5, |name, input, expected| {
        let points = [g2(&input[..256]).unwrap(), g2(&input[256..]).unwrap()];
        for engine in Engine::ALL {
            let sum = engine.operations().g2_msm(&points, &[Fr::one(); 2]);
            assert_eq!(g2_to_eip2537(&sum)[..], *expected, "{name} {engine:?}");
        }
    });
    each("eip2537-mul_G2_bls.json", 5, |name, input, expected| {
        let point = g2(&input[..256]).unwrap();
        for engine in Engine::ALL {
            let product = engine.operations().g2_mul(&point, &scalar(&input[256..]));
            assert_eq!(g2_to_eip2537(&product)[..], *expected, "{name} {engine:?}");
            if !product.is_zero() {
                let key = NetworkKey::from_eip2537(expected).unwrap();
                assert_eq!(key.to_eip2537()[..], *expected);
                assert_eq!(NetworkKey::from_bytes(&key.to_bytes()).unwrap(), key);
            }
        }
    });
}

#[test]
fn pairings_match_eip_2537() {
    each(
        "eip2537-pairing_check_bls.json",
        5,
        |name, input, expected| {
            let pairs: Vec<_> = input
                .chunks(384)
                .map(|pair| (g1(&pair[..128]).unwrap(), g2(&pair[128..]).unwrap()))
                .collect();
            for engine in Engine::ALL {
                let one = engine.operations().pairing_product_is_one(&pairs);
                assert_eq!(one, expected[31] == 1, "{name} {engine:?}");
            }
        },
    );
}

#[test]
fn maps_to_g1_match_eip_2537() {
    each(
        "eip2537-map_fp_to_G1_bls.json",
        5,
        |name, input, expected| {
            let [element] = coordinates(input).unwrap();
            let point = super::arkworks::map_to_g1(element);
            let point = G1Affine::from(point).clear_cofactor();
            assert_eq!(write_g1(&point), expected, "{name}");
        },
    );
}

#[test]
fn bad_points_of_eip_2537_are_refused() {
    for (name, width) in [
        ("eip2537-fail-add_G2_bls.json", 256),
        ("eip2537-fail-mul_G2_bls.json", 288),
        ("eip2537-fail-pairing_check_bls.json", 384),
    ] {
        each(name, 5, |name, input, _| {
            if input.is_empty() || input.len() % width != 0 {
                assert!(NetworkKey::from_eip2537(input).is_err(), "{name}");
                return;
            }
            for engine in Engine::ALL {
                let operations = engine.operations();
                let all_good = input.chunks(width).all(|chunk| {
                    let (head, tail) = chunk.split_at(if width == 384 { 128 } else { 0 });
                    let first =
                        head.is_empty() || g1(head).is_some_and(|p| operations.g1_in_subgroup(&p));
                    let second = engine.scope(|| NetworkKey::from_eip2537(&tail[..256]));
                    first && second.is_ok()
                });
                assert!(!all_good, "{name} {engine:?}");
            }
        });
    }
}
