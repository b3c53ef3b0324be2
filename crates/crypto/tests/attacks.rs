//! The attacks that the scheme was chosen to withstand, each by its name in the threat table,
//! on every engine. SPEC.md §11.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing
)]

mod fixture;

#[path = "attacks/encodings.rs"]
mod encodings;
#[path = "attacks/shares.rs"]
mod shares;

use ark_bls12_381::{Fr, G1Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{PrimeField, Zero};
use fixture::*;
use stheno_crypto::*;

/// Tries a candidate for the identity's key `K`, as an attacker would: a reader `b` of its own,
/// and the "combined share" `(P1, K + B)`.
fn opens_with_key(capsule: &Capsule, key: &NetworkKey, id: &Identity, candidate: G1Affine) -> bool {
    let reader = ReaderSecret::from_seed(&[0xbb; 32]);
    let b = read_compressed(&reader.public());
    let c3 = (candidate + b).into_affine();
    let bytes = [uncompressed(&G1Affine::generator()), uncompressed(&c3)].concat();
    CombinedShare::decode(&bytes)
        .is_ok_and(|share| share.open(key, &reader, id, capsule, AAD).is_ok())
}

fn read_compressed(key: &ReaderKey) -> G1Affine {
    let mut x = key.to_bytes();
    let largest = x[0] & 0x20 != 0;
    x[0] &= 0x1f;
    G1Affine::get_point_from_x_unchecked(ark_bls12_381::Fq::from_be_bytes_mod_order(&x), largest)
        .unwrap()
}

/// `Q`, as anybody can compute it: a node whose share is 1 answers the reader `b = 1` with
/// `C3 − C1 = Q`.
fn point_of(id: &Identity) -> G1Affine {
    let mut one = [0; 32];
    one[31] = 1;
    let node = KeyShare::from_secret_bytes(index(1), &one).unwrap();
    let reader = ReaderKey::from_bytes(&compressed(&G1Affine::generator())).unwrap();
    let (c1, c3, _) = parts(&node.share(1, id, &reader, &SEED, &[0; 32]));
    (c3 - c1).into_affine()
}

#[test]
fn rogue_reader_key() {
    // Medusa's readers choose B as a combination of the victim's ciphertext and their own, and
    // read the victim's key from the reply. Here a reply is k·B + s·Q, with Q fixed by the policy
    // that the node evaluated: whatever B is, the victim's s·Q' does not occur in it.
    on_every_engine(|| {
        let victim = Fixture::new(1, 1, 1);
        let network_key = &victim.keys.network_key;
        let own_id = identity(network_key, b"a policy that the attacker passes", [2; 32]);
        let own = Capsule::seal(
            network_key,
            &own_id,
            AAD,
            &Cek::from_bytes([1; 32]),
            &[2; 32],
        );
        let (q_victim, q_own) = (point_of(&victim.id), point_of(&own_id));
        assert!(opens_with_key(&own, network_key, &own_id, {
            let honest = ReaderKey::from_bytes(&compressed(&G1Affine::generator())).unwrap();
            let (c1, c3, _) = parts(&victim.share_of(1, &own_id, &honest));
            (c3 - c1).into_affine()
        }));

        let secret = Fr::from_be_bytes_mod_order(&victim.nodes[0].expose_secret_bytes()[..]);
        let victims_key = q_victim * secret;
        assert!(opens_with_key(
            &victim.capsule,
            network_key,
            &victim.id,
            victims_key.into_affine()
        ));

        let beta = Fr::from(0xbe7a_u64);
        for rogue in [
            q_victim.into_group(),
            -q_victim.into_group(),
            q_victim - q_own,
            q_victim + q_own,
            q_victim + G1Affine::generator() * beta,
            q_victim - q_own + G1Affine::generator() * beta,
        ] {
            let reader = ReaderKey::from_bytes(&compressed(&rogue.into_affine())).unwrap();
            let (c1, c3, _) = parts(&victim.share_of(1, &own_id, &reader));
            // All small combinations of everything that the attacker holds.
            let known = [
                q_victim.into_group(),
                q_own.into_group(),
                c1.into_group(),
                c1 * beta,
                c3.into_group(),
                rogue,
            ];
            for mut code in 0..3u32.pow(6) {
                let mut candidate = -victims_key;
                for point in known {
                    match code % 3 {
                        0 => {}
                        1 => candidate += point,
                        _ => candidate -= point,
                    }
                    code /= 3;
                }
                assert!(!candidate.is_zero());
            }
            let candidate = (c3 - c1 * beta).into_affine();
            assert!(!opens_with_key(
                &victim.capsule,
                network_key,
                &victim.id,
                candidate
            ));
            assert!(!opens_with_key(
                &victim.capsule,
                network_key,
                &victim.id,
                c3
            ));
        }
    });
}

#[test]
fn capsule_tamper() {
    on_every_engine_in_steps(61, |step| {
        let fixture = Fixture::new(3, 2, 2);
        let network_key = &fixture.keys.network_key;
        let answer = |id: &Identity| {
            let reader = fixture.reader.public();
            let shares = [1, 3].map(|node| fixture.share_of(node, id, &reader));
            combine(&fixture.keys, &reader, id, &shares, &SEED)
                .unwrap()
                .share
        };
        let open = |id: &Identity, answer: &CombinedShare, capsule: &Capsule, aad: &[u8]| {
            answer.open(network_key, &fixture.reader, id, capsule, aad)
        };
        let right = answer(&fixture.id);
        assert!(open(&fixture.id, &right, &fixture.capsule, AAD).is_ok());

        let check = |capsule: Capsule| {
            let error = open(&fixture.id, &right, &capsule, AAD).unwrap_err();
            assert_eq!(error, OpenError::Capsule);
        };
        let flips = |bytes: usize| {
            let bits = (0..8 * bytes).step_by(step);
            bits.map(|bit| (bit / 8, 1u8 << (bit % 8)))
        };
        for (at, bit) in flips(96) {
            let mut capsule = fixture.capsule;
            capsule.u[at] ^= bit;
            check(capsule);
        }
        for (at, bit) in flips(32) {
            let mut capsule = fixture.capsule;
            capsule.v[at] ^= bit;
            check(capsule);
        }
        for (at, bit) in flips(48) {
            let mut capsule = fixture.capsule;
            capsule.wrapped[at] ^= bit;
            check(capsule);
        }
        for (at, bit) in flips(AAD.len()) {
            let mut aad = AAD.to_vec();
            aad[at] ^= bit;
            let error = open(&fixture.id, &right, &fixture.capsule, &aad).unwrap_err();
            assert_eq!(error, OpenError::Capsule);
        }
        // Another policy or item is another identity; the committee answers for that one.
        for (at, bit) in flips(32) {
            let mut item = [1; 32];
            item[at] ^= bit;
            for id in [
                identity(network_key, b"policy", item),
                identity(network_key, &[b"policy", &item[..]].concat(), [1; 32]),
            ] {
                let error = open(&id, &answer(&id), &fixture.capsule, AAD).unwrap_err();
                assert_eq!(error, OpenError::Capsule);
            }
        }
    });
}

#[test]
fn policy_swap() {
    on_every_engine(|| {
        let fixture = Fixture::new(5, 3, 3);
        let own = identity(&fixture.keys.network_key, b"everybody may read", [1; 32]);
        assert_ne!(own, fixture.id);
        let reader = fixture.reader.public();
        let shares = [1, 2, 3].map(|node| fixture.share_of(node, &own, &reader));

        // The capsule names its policy, so the attacker opens it under either identity: with its
        // own the capsule is wrong, with the victim's the shares are.
        let Fixture { keys, capsule, .. } = &fixture;
        let error = open(keys, &fixture.reader, &own, capsule, AAD, &shares, &SEED).unwrap_err();
        assert_eq!(error, OpenError::Capsule);
        let culprits = vec![index(1), index(2), index(3)];
        assert_eq!(
            fixture.open(&shares).unwrap_err(),
            OpenError::TooFewShares {
                need: 3,
                good: 0,
                culprits
            }
        );
    });
}

#[test]
fn network_swap() {
    on_every_engine(|| {
        let fixture = Fixture::new(1, 1, 4);
        let Fixture {
            keys,
            reader,
            capsule,
            ..
        } = &fixture;
        let fingerprint = keys.network_key.fingerprint();
        let policy = PolicyDigest::of(b"policy");
        let item = ItemId::from_bytes([1; 32]);
        for network in [
            NetworkId::derive(315, &[9; 20], 1),
            NetworkId::derive(314, &[8; 20], 1),
            NetworkId::derive(314, &[9; 20], 2),
        ] {
            // The very same key behind another chain, contract or committee.
            let id = Identity::new(&network, &fingerprint, &policy, &item);
            let shares = [fixture.share_of(1, &id, &reader.public())];
            let error = open(keys, reader, &id, capsule, AAD, &shares, &SEED).unwrap_err();
            assert_eq!(error, OpenError::Capsule);
            assert!(!fixture.opens(&shares));
        }
        // Another committee's shares under the right identity.
        let other = Fixture::new(1, 1, 5);
        let shares = [other.share_of(1, &fixture.id, &reader.public())];
        assert!(!fixture.opens(&shares));
    });
}

#[test]
fn identity_injection() {
    // An identity has no constructor but from its four parts (see the failing example on
    // `Identity`), each of which stands at its own place.
    let parts = [[1u8; 32], [2; 32], [3; 32], [4; 32]];
    let [network, key, policy, item] = parts;
    let id = Identity::new(
        &NetworkId::from_bytes(network),
        &KeyFingerprint::from_bytes(key),
        &PolicyDigest::from_bytes(policy),
        &ItemId::from_bytes(item),
    );
    assert_eq!(id.as_bytes()[..], parts.concat());
}

#[test]
fn error_oracle() {
    on_every_engine(|| {
        // Every way in which a capsule can be wrong, with good shares: one error.
        let fixture = Fixture::new(3, 2, 14);
        let Fixture {
            keys,
            reader,
            id,
            capsule,
            ..
        } = &fixture;
        let shares = fixture.shares(&[3, 1]);
        let no_point = Capsule {
            u: [0xff; 96],
            ..*capsule
        };
        let mut infinity = Capsule {
            u: [0; 96],
            ..*capsule
        };
        infinity.u[0] = 0xc0;
        let outside = compressed(&g2_outside(1)).try_into().unwrap();
        let outside = Capsule {
            u: outside,
            ..*capsule
        };
        let other_point = Capsule {
            u: keys.network_key.to_bytes(),
            ..*capsule
        };
        let other_mask = Capsule {
            v: [0; 32],
            ..*capsule
        };
        let other_wrap = Capsule {
            wrapped: [0; 48],
            ..*capsule
        };
        let sealed_elsewhere = Fixture::new(1, 1, 15).capsule;
        for wrong in [
            no_point,
            infinity,
            outside,
            other_point,
            other_mask,
            other_wrap,
            sealed_elsewhere,
        ] {
            let error = open(keys, reader, id, &wrong, AAD, &shares, &SEED).unwrap_err();
            assert_eq!(error, OpenError::Capsule);
            assert_eq!(error.to_string(), "the capsule does not open");
        }
        let error = open(keys, reader, id, capsule, b"other", &shares, &SEED).unwrap_err();
        assert_eq!(error, OpenError::Capsule);
    });
}

#[test]
fn key_prefetch() {
    keys_of_one_item_do_not_open_another([10; 32], [11; 32]);
}

#[test]
fn after_lapse() {
    keys_of_one_item_do_not_open_another([11; 32], [12; 32]);
}

/// The part of these two attacks that is cryptography; the rest is that items are random and
/// registered when their period begins.
fn keys_of_one_item_do_not_open_another(held: [u8; 32], wanted: [u8; 32]) {
    on_every_engine(|| {
        let fixture = Fixture::new(3, 2, 16);
        let key = &fixture.keys.network_key;
        let today = identity(key, b"policy", held);
        let tomorrow = identity(key, b"policy", wanted);
        let file = Capsule::seal(key, &tomorrow, AAD, &Cek::from_bytes([1; 32]), &[2; 32]);
        let shares = [1, 2].map(|n| fixture.share_of(n, &today, &fixture.reader.public()));
        for id in [&today, &tomorrow] {
            let opened = open(
                &fixture.keys,
                &fixture.reader,
                id,
                &file,
                AAD,
                &shares,
                &SEED,
            );
            assert!(opened.is_err());
        }
    });
}

#[test]
fn writer_key_swap() {
    on_every_engine(|| {
        let (fixture, other) = (Fixture::new(1, 1, 17), Fixture::new(1, 1, 18));
        let lying = &other.keys.network_key;
        assert_ne!(lying.fingerprint(), fixture.keys.network_key.fingerprint());
        // Sealed to the liar's point under the pinned identity, it opens for nobody's shares of
        // that identity but the liar's; under the liar's own fingerprint it is another identity.
        let cek = Cek::from_bytes([1; 32]);
        let capsule = Capsule::seal(lying, &fixture.id, AAD, &cek, &[2; 32]);
        let shares = fixture.shares(&[1]);
        let Fixture {
            keys, reader, id, ..
        } = &fixture;
        let error = open(keys, reader, id, &capsule, AAD, &shares, &SEED).unwrap_err();
        assert_eq!(error, OpenError::Capsule);
        assert_ne!(identity(lying, b"policy", [1; 32]), fixture.id);
    });
}
