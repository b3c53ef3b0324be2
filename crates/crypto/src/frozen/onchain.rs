//! What contracts check: the same points as the precompiles of EIP-2537 take them, right and wrong, with
//! this crate's verdict on each. `contracts/test/release` recomputes them in Solidity.

use ark_bls12_381::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, PrimeField};
use serde_json::{Value, json};

use super::{hex, identity, index, network_key, node};
use crate::{
    encoding::{g1_from_eip2537, g1_to_eip2537, g2_from_eip2537, g2_to_compressed, g2_to_eip2537},
    engine::active,
    labels::Label,
    lagrange,
    scalar::SecretScalar,
    xmd::expand_message,
    *,
};

const EPOCH: u64 = 3;
const SEED: [u8; 32] = [0x5e; 32];
const ENTROPY: [u8; 32] = [0xe7; 32];

pub(super) fn onchain() -> Value {
    let reader = reader(0xbb);
    json!({
        "networkKey": hex(network_key().to_eip2537()),
        "fingerprint": hex(network_key().fingerprint().as_bytes()),
        "readerKey": hex(g1_bytes(&reader.0)),
        "expandMessage": expansions(),
        "hashToG1": hashes_to_g1(),
        "identities": identities(),
        "openedKeys": opened_keys(),
        "nodeShares": node_shares(&reader),
        "combinedShares": combined_shares(&reader),
        "seals": seals(),
    })
}

fn reader(seed: u8) -> ReaderKey {
    ReaderSecret::from_seed(&[seed; 32]).public()
}

fn expansions() -> Value {
    let dst = Label::FROZEN.as_bytes();
    let long = "m".repeat(200);
    let build = |message: &&str| {
        let parts = [message.as_bytes()];
        json!({
            "tag": hex(dst),
            "message": hex(message),
            "of32": hex(&expand_message::<32>(dst, &parts)[..]),
            "of48": hex(&expand_message::<48>(dst, &parts)[..]),
            "of128": hex(&expand_message::<128>(dst, &parts)[..]),
        })
    };
    ["", "abc", &long].iter().map(build).collect()
}

fn hashes_to_g1() -> Value {
    let dst = Label::FROZEN.as_bytes();
    let build = |number: u8| {
        let message = vec![number; usize::from(number)];
        let point = active().hash_to_g1(&message, dst);
        json!({ "tag": hex(dst), "message": hex(&message), "point": hex(g1_bytes(&point)) })
    };
    (0..12).map(build).collect()
}

fn identities() -> Value {
    let build = |item: u8| {
        let id = identity(item);
        json!({ "identity": hex(id.as_bytes()), "point": hex(g1_bytes(&id.point())) })
    };
    (1..6).map(build).collect()
}

fn opened_keys() -> Value {
    let id = identity(9);
    let key = times(&id.point(), 7);
    let cases = [
        ("the key of the identity", g1_bytes(&key)),
        (
            "another item's key",
            g1_bytes(&times(&identity(8).point(), 7)),
        ),
        ("the key's negative", g1_bytes(&-key)),
        ("the identity's point itself", g1_bytes(&id.point())),
        ("the generator", g1_bytes(&G1Affine::generator())),
        (
            "a key of another network key",
            g1_bytes(&times(&id.point(), 8)),
        ),
        ("off the curve", plus_one(g1_bytes(&key))),
        ("outside the subgroup", g1_bytes(&with_torsion(&key))),
        ("x not below p", plus_p(g1_bytes(&key), 0)),
        ("y not below p", plus_p(g1_bytes(&key), 1)),
        ("padding that is not zero", padded(g1_bytes(&key))),
        ("the point at infinity", vec![0; 128]),
    ];
    let build = |(name, key): &(&str, Vec<u8>)| {
        let valid = ItemKey::from_eip2537(&network_key(), &id, key).is_ok();
        json!({ "name": name, "identity": hex(id.as_bytes()), "key": hex(key), "valid": valid })
    };
    cases.iter().map(build).collect()
}

/// A statement about a share, as a contract gets it.
struct Statement {
    name: &'static str,
    id: Identity,
    key: G2Affine,
    reader: ReaderKey,
    c1: Vec<u8>,
    c2: Vec<u8>,
    c3: Vec<u8>,
}

impl Statement {
    fn holds(&self) -> bool {
        let decode = || {
            Some((
                g1(&self.c1)?,
                g2_from_eip2537(&self.c2).ok()?,
                g1(&self.c3)?,
            ))
        };
        decode().is_some_and(|(c1, c2, c3)| {
            Share::new(index(1), c1, c3, g2_to_compressed(&c2))
                .verify(&NodePublicKey(self.key), &self.id, &self.reader)
                .is_ok()
        })
    }

    fn shown(&self) -> Value {
        json!({
            "name": self.name,
            "identity": hex(self.id.as_bytes()),
            "signer": hex(g2_to_eip2537(&self.key)),
            "readerKey": hex(g1_bytes(&self.reader.0)),
            "c1": hex(&self.c1),
            "c2": hex(&self.c2),
            "c3": hex(&self.c3),
            "valid": self.holds(),
        })
    }
}

/// The statement that `right` makes, and what is wrong in one thing alone.
fn statements(right: impl Fn() -> Statement, other: &G1Affine, other_key: G2Affine) -> Value {
    let wrong = |name: &'static str, change: &dyn Fn(&mut Statement)| {
        let mut statement = right();
        change(&mut statement);
        statement.name = name;
        statement.shown()
    };
    let bend =
        |bytes: &[u8], by: &dyn Fn(&G1Affine) -> G1Affine| g1_bytes(&by(&g1(bytes).unwrap()));
    vec![
        right().shown(),
        wrong("for another item", &|s| s.id = identity(8)),
        wrong("of another key", &|s| s.key = other_key),
        wrong("for another reader", &|s| s.reader = reader(0xcc)),
        wrong("C1 and C3 exchanged", &|s| {
            core::mem::swap(&mut s.c1, &mut s.c3)
        }),
        wrong("C1 of another share", &|s| s.c1 = g1_bytes(other)),
        wrong("C2 of another share", &|s| {
            s.c2 = g2_to_eip2537(&other_key).to_vec()
        }),
        wrong("C3 of another share", &|s| s.c3 = g1_bytes(other)),
        wrong("C1 negative", &|s| s.c1 = bend(&s.c1, &|p| -*p)),
        wrong("C1 at infinity", &|s| s.c1 = vec![0; 128]),
        wrong("C2 at infinity", &|s| s.c2 = vec![0; 256]),
        wrong("C3 at infinity", &|s| s.c3 = vec![0; 128]),
        wrong("all at infinity", &|s| {
            (s.c1, s.c2, s.c3) = (vec![0; 128], vec![0; 256], vec![0; 128])
        }),
        wrong("C1 with torsion", &|s| s.c1 = bend(&s.c1, &with_torsion)),
        wrong("C2 outside the subgroup", &|s| {
            let outside = (g2_from_eip2537(&s.c2).unwrap() + g2_torsion()).into_affine();
            s.c2 = g2_to_eip2537(&outside).to_vec();
        }),
        wrong("C3 with torsion", &|s| s.c3 = bend(&s.c3, &with_torsion)),
        wrong("C1 off the curve", &|s| s.c1 = plus_one(s.c1.clone())),
        wrong("C2 off the curve", &|s| s.c2 = plus_one(s.c2.clone())),
        wrong("C3 off the curve", &|s| s.c3 = plus_one(s.c3.clone())),
        wrong("C1 not below p", &|s| s.c1 = plus_p(s.c1.clone(), 1)),
        wrong("C2 not below p", &|s| s.c2 = plus_p(s.c2.clone(), 2)),
        wrong("C3 not below p", &|s| s.c3 = plus_p(s.c3.clone(), 0)),
        wrong("C3 with padding that is not zero", &|s| {
            s.c3 = padded(s.c3.clone())
        }),
    ]
    .into()
}

fn share_of(number: u16, reader: &ReaderKey) -> Share {
    node(number).share(EPOCH, &identity(9), reader, &SEED, &ENTROPY)
}

fn node_shares(reader: &ReaderKey) -> Value {
    let right = || {
        let share = share_of(5, reader);
        Statement {
            name: "a node's share",
            id: identity(9),
            key: node(5).public_key().0,
            reader: reader.clone(),
            c1: g1_bytes(&share.c1),
            c2: g2_to_eip2537(&share.c2().unwrap()).to_vec(),
            c3: g1_bytes(&share.c3),
        }
    };
    let wire = share_of(5, reader).encode();
    json!({
        "wire": hex(wire),
        "cases": statements(right, &share_of(4, reader).c1, node(4).public_key().0),
    })
}

fn combined_shares(reader: &ReaderKey) -> Value {
    let answers = [5, 1, 4].map(|number| share_of(number, reader));
    let committee = CommitteeKeys {
        threshold: 3,
        network_key: network_key(),
        node_keys: Default::default(),
    };
    let combined = combine(&committee, reader, &identity(9), &answers, &[0; 32]).unwrap();
    let c2 = answers.each_ref().map(|share| share.c2().unwrap());
    let c2 = active().g2_msm(&c2, &lagrange::at_zero(&[index(5), index(1), index(4)]));
    let right = || Statement {
        name: "the combined share",
        id: identity(9),
        key: network_key().0,
        reader: reader.clone(),
        c1: g1_bytes(&combined.share.c1),
        c2: g2_to_eip2537(&c2).to_vec(),
        c3: g1_bytes(&combined.share.c3),
    };
    json!({ "cases": statements(right, &share_of(4, reader).c1, node(5).public_key().0) })
}

/// Encapsulations, and what a contract finds out about them once `σ` is known.
fn seals() -> Value {
    let build = |number: u8| {
        let (id, sigma) = (identity(number), [number | 0x40; 32]);
        let (sealed, _) = encapsulate(&network_key(), &id, &sigma);
        let key = g1_bytes(&times(&id.point(), 7));
        let u = sealed.u_to_eip2537().unwrap();
        let read = Encapsulation::from_eip2537(&u, sealed.v).unwrap();
        let opened = ItemKey::from_eip2537(&network_key(), &id, &key).unwrap();
        assert_eq!(opened.decapsulate(&read).unwrap().expose_secret(), &sigma);
        json!({
            "identity": hex(id.as_bytes()),
            "identityKey": hex(&key),
            "sigma": hex(sigma),
            "u": hex(u),
            "v": hex(sealed.v),
        })
    };
    (1..6).map(build).collect()
}

fn times(point: &G1Affine, by: u64) -> G1Affine {
    active().g1_mul(point, &SecretScalar::from(Fr::from(by)))
}

/// `point` and a point of order 3, which is outside the subgroup.
fn with_torsion(point: &G1Affine) -> G1Affine {
    let torsion = G1Affine::new_unchecked(Fq::from(0), Fq::from(2));
    assert!(torsion.is_on_curve() && (torsion + torsion).into_affine() == -torsion);
    (*point + torsion).into_affine()
}

/// The part of a point outside the subgroup whose order is prime to `r`.
fn g2_torsion() -> G2Affine {
    let find = |x: u64| {
        let x = Fq2::new(Fq::from(x), Fq::from(1));
        let point = G2Affine::get_point_from_x_unchecked(x, true)?.mul_bigint(Fr::MODULUS);
        Some(point.into_affine()).filter(|point| !point.is_zero())
    };
    (1..).find_map(find).unwrap()
}

/// A point of G1 as EIP-2537 writes it.
fn g1_bytes(point: &G1Affine) -> Vec<u8> {
    g1_to_eip2537(point).to_vec()
}

/// Decodes a point of G1 as EIP-2537 writes it: canonical, in the subgroup, not the identity.
fn g1(bytes: &[u8]) -> Option<G1Affine> {
    g1_from_eip2537(bytes).ok()
}

/// 1 added to the last coordinate.
fn plus_one(mut point: Vec<u8>) -> Vec<u8> {
    *point.last_mut().unwrap() += 1;
    point
}

/// p added to a coordinate, which then still fits in its 48 bytes.
fn plus_p(mut point: Vec<u8>, coordinate: usize) -> Vec<u8> {
    let place = &mut point[64 * coordinate..][16..64];
    let mut carry = 0;
    for (byte, p) in place.iter_mut().rev().zip(Fq::MODULUS.to_bytes_le()) {
        let sum = u16::from(*byte) + u16::from(p) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    assert_eq!(carry, 0);
    point
}

fn padded(mut point: Vec<u8>) -> Vec<u8> {
    point[64] = 1;
    point
}
