//! The attacks that the scheme was chosen to withstand, each by its name in the threat table,
//! on every engine. SPEC.md §11.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing
)]

mod fixture;

use ark_bls12_381::{Fr, G1Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{PrimeField, Zero};
use fixture::*;
use stheno_crypto::{dkg, *};

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
fn small_subgroup() {
    on_every_engine(|| {
        let fixture = Fixture::new(2, 1, 6);
        let outside = DecodeError::NotInSubgroup;
        for number in 1..20 {
            let (g1, g2) = (g1_outside(number), g2_outside(number));
            assert_eq!(ReaderKey::from_bytes(&compressed(&g1)), Err(outside));
            assert_eq!(NetworkKey::from_bytes(&compressed(&g2)), Err(outside));
            assert_eq!(NodePublicKey::from_bytes(&compressed(&g2)), Err(outside));
            assert_eq!(NetworkKey::from_eip2537(&eip2537(&g2)), Err(outside));

            let good = uncompressed(&G1Affine::generator());
            for pair in [[&uncompressed(&g1), &good], [&good, &uncompressed(&g1)]] {
                assert_eq!(
                    CombinedShare::decode(&pair.map(|p| &p[..]).concat()),
                    Err(outside)
                );
            }

            let (c1, c3, c2) = parts(&fixture.shares(&[1])[0]);
            let c2_outside = compressed(&g2);
            for share in [
                from_parts(1, g1, c3, &c2),
                from_parts(1, c1, g1, &c2),
                from_parts(1, c1, c3, &c2_outside),
            ] {
                let node = &fixture.keys.node_keys[&index(1)];
                let error = share.verify(node, &fixture.id, &fixture.reader.public());
                assert_eq!(error, Err(ShareError::Invalid { culprit: index(1) }));
            }
        }
        for order in [3, 11] {
            let point = compressed(&g1_torsion(order));
            assert_eq!(ReaderKey::from_bytes(&point), Err(outside));
        }
        let mut dealing = some_dealing().encode();
        dealing[96..192].copy_from_slice(&compressed(&g2_outside(1)));
        assert_eq!(
            dkg::Dealing::decode(&dealing, 2, 3),
            Err(dkg::DealingError::Malformed(outside))
        );
        assert_eq!(
            dkg::CeremonyKey::from_bytes(&[0; 32]),
            Err(DecodeError::LowOrder)
        );
    });
}

#[test]
fn identity_point() {
    on_every_engine(refuse_identity_point);
}

fn refuse_identity_point() {
    let identity = DecodeError::Identity;
    let mut g1 = [0; 48];
    let mut g2 = [0; 96];
    let mut raw = [0; 96];
    (g1[0], g2[0], raw[0]) = (0xc0, 0xc0, 0x40);
    assert_eq!(ReaderKey::from_bytes(&g1), Err(identity));
    assert_eq!(NetworkKey::from_bytes(&g2), Err(identity));
    assert_eq!(NodePublicKey::from_bytes(&g2), Err(identity));
    assert_eq!(NetworkKey::from_eip2537(&[0; 256]), Err(identity));

    let share = Fixture::new(1, 1, 7).shares(&[1])[0].encode();
    for (at, point) in [(0, &raw), (96, &raw), (192, &g2)] {
        let mut bytes = share;
        bytes[at..at + 96].copy_from_slice(point);
        let error = ShareError::Malformed {
            culprit: index(1),
            source: identity,
        };
        assert_eq!(Share::decode(index(1), &bytes), Err(error));
        if at < 192 {
            assert_eq!(CombinedShare::decode(&bytes[..192]), Err(identity));
        }
    }
    let mut dealing = some_dealing().encode();
    dealing[96..192].copy_from_slice(&g2);
    assert_eq!(
        dkg::Dealing::decode(&dealing, 2, 3),
        Err(dkg::DealingError::Malformed(identity))
    );
    let zero = KeyShare::from_secret_bytes(index(1), &[0; 32]);
    assert_eq!(zero.unwrap_err(), DecodeError::ZeroScalar);
}

#[test]
fn non_canonical() {
    on_every_engine(|| {
        let fixture = Fixture::new(1, 1, 8);
        let b = fixture.reader.public().to_bytes();
        let key = fixture.keys.network_key.to_bytes();
        let share = fixture.shares(&[1])[0].encode();

        // Every wrong length.
        for length in (0..200).filter(|length| *length != 48) {
            let got = ReaderKey::from_bytes(&vec![b[0]; length]);
            assert_eq!(
                got,
                Err(DecodeError::Length {
                    want: 48,
                    got: length
                })
            );
        }
        assert!(NetworkKey::from_bytes(&key[..95]).is_err());
        assert!(NetworkKey::from_eip2537(&[1; 255]).is_err());
        assert!(Share::decode(index(1), &share[..287]).is_err());
        assert!(CombinedShare::decode(&share[..191]).is_err());

        // Every wrong combination of the three flag bits.
        for flags in (0u8..8).map(|bits| bits << 5) {
            let with = |bytes: &[u8]| {
                let mut bytes = bytes.to_vec();
                bytes[0] = bytes[0] & 0x1f | flags;
                bytes
            };
            if flags & 0xc0 != 0x80 {
                assert_eq!(
                    ReaderKey::from_bytes(&with(&b)),
                    Err(DecodeError::NonCanonical)
                );
                assert_eq!(
                    NetworkKey::from_bytes(&with(&key)),
                    Err(DecodeError::NonCanonical)
                );
            }
            if flags != 0 {
                let error = Share::decode(index(1), &with(&share)).unwrap_err();
                let source = DecodeError::NonCanonical;
                assert_eq!(
                    error,
                    ShareError::Malformed {
                        culprit: index(1),
                        source
                    }
                );
            }
        }
        // An infinity with anything beside it.
        let mut infinity = [0; 48];
        (infinity[0], infinity[47]) = (0xc0, 1);
        assert_eq!(
            ReaderKey::from_bytes(&infinity),
            Err(DecodeError::NonCanonical)
        );

        // A coordinate plus the modulus is the same residue, and another encoding.
        let modulus = ark_bls12_381::Fq::MODULUS;
        let (c1, _, _) = parts(&fixture.shares(&[1])[0]);
        let mut x = c1.x.into_bigint();
        assert!(!ark_ff::BigInteger::add_with_carry(&mut x, &modulus));
        let mut bytes = share;
        bytes[..48].copy_from_slice(&ark_ff::BigInteger::to_bytes_be(&x));
        assert!(Share::decode(index(1), &bytes).is_err());
        let mut bytes = [0; 48];
        bytes.copy_from_slice(&ark_ff::BigInteger::to_bytes_be(&modulus));
        bytes[0] |= 0x80;
        assert_eq!(
            ReaderKey::from_bytes(&bytes),
            Err(DecodeError::NonCanonical)
        );

        // Off the curve.
        let mut bytes = share;
        bytes[95] ^= 1;
        let source = DecodeError::NotOnCurve;
        assert_eq!(
            Share::decode(index(1), &bytes),
            Err(ShareError::Malformed {
                culprit: index(1),
                source
            })
        );
        let refused = (0..64u8).filter(|last| {
            let mut bytes = b;
            bytes[47] = *last;
            ReaderKey::from_bytes(&bytes) == Err(DecodeError::NotOnCurve)
        });
        assert!(refused.count() > 10);

        // Scalars from the order on, and EIP-2537's padding.
        let order: [u8; 32] = ark_ff::BigInteger::to_bytes_be(&Fr::MODULUS)
            .try_into()
            .unwrap();
        for scalar in [order, [0xff; 32]] {
            let error = KeyShare::from_secret_bytes(index(1), &scalar).unwrap_err();
            assert_eq!(error, DecodeError::NonCanonical);
        }
        for at in (0..256).filter(|at| at % 64 < 16) {
            let mut bytes = fixture.keys.network_key.to_eip2537();
            bytes[at] = 1;
            assert_eq!(
                NetworkKey::from_eip2537(&bytes),
                Err(DecodeError::NonCanonical)
            );
        }
        let padded = fixture.keys.network_key.to_eip2537();
        assert_eq!(
            NetworkKey::from_eip2537(&padded).unwrap(),
            fixture.keys.network_key
        );
    });
}

#[test]
fn nonce_reuse() {
    on_every_engine(|| {
        // The system's randomness repeats, and still no two answers have the same mask.
        let fixture = Fixture::new(2, 2, 9);
        let key = &fixture.keys.network_key;
        let reader = fixture.reader.public();
        let other_reader = ReaderSecret::from_seed(&[1; 32]).public();
        let other_id = identity(key, b"policy", [2; 32]);
        let other_policy = identity(key, b"another", [1; 32]);
        let [first, second] = &fixture.nodes[..] else {
            panic!()
        };
        let id = &fixture.id;
        let shares = [
            first.share(1, id, &reader, &SEED, &[0; 32]),
            first.share(1, &other_id, &reader, &SEED, &[0; 32]),
            first.share(1, &other_policy, &reader, &SEED, &[0; 32]),
            first.share(1, id, &other_reader, &SEED, &[0; 32]),
            first.share(2, id, &reader, &SEED, &[0; 32]),
            second.share(1, id, &reader, &SEED, &[0; 32]),
            first.share(1, id, &reader, &[1; 32], &[0; 32]),
            first.share(1, id, &reader, &SEED, &[1; 32]),
        ];
        for (at, share) in shares.iter().enumerate() {
            for other in &shares[..at] {
                assert_ne!(parts(share).0, parts(other).0);
            }
        }
        // The same question under the same randomness is the same answer, not a second equation.
        assert_eq!(shares[0], first.share(1, id, &reader, &SEED, &[0; 32]));
    });
}

#[test]
fn index_zero() {
    assert_eq!(NodeIndex::new(0), Err(DecodeError::IndexZero));
    assert!(NodeIndex::new(1).is_ok() && NodeIndex::new(u16::MAX).is_ok());
}

#[test]
fn duplicate_index() {
    on_every_engine(|| {
        let fixture = Fixture::new(5, 3, 10);
        let shares = fixture.shares(&[1, 2, 4, 2]);
        let error = OpenError::DuplicateIndex { index: index(2) };
        assert_eq!(fixture.open(&shares).unwrap_err(), error);
        let reader = fixture.reader.public();
        assert_eq!(
            combine(&fixture.keys, &reader, &fixture.id, &shares, &SEED),
            Err(error)
        );
    });
}

#[test]
fn share_substitution() {
    on_every_engine(|| {
        let fixture = Fixture::new(6, 3, 11);
        let reader = fixture.reader.public();
        let other_reader = ReaderSecret::from_seed(&[1; 32]).public();
        let other_item = identity(&fixture.keys.network_key, b"policy", [2; 32]);
        let as_node =
            |number: u16, share: &Share| Share::decode(index(number), &share.encode()).unwrap();
        let honest = fixture.shares(&[1, 2, 3, 4, 5]);
        for wrong in [
            as_node(6, &honest[0]),
            fixture.share_of(6, &other_item, &reader),
            fixture.share_of(6, &fixture.id, &other_reader),
            Fixture::new(6, 3, 12).share_of(6, &fixture.id, &reader),
        ] {
            let node = &fixture.keys.node_keys[&index(6)];
            let invalid = Err(ShareError::Invalid { culprit: index(6) });
            assert_eq!(wrong.verify(node, &fixture.id, &reader), invalid);

            // Among enough good ones it costs nothing but its name, wherever it stands.
            for at in 0..4 {
                let mut shares = honest[..3].to_vec();
                shares.insert(at, wrong.clone());
                let opened = fixture.open(&shares).unwrap();
                assert_eq!(opened.cek.expose_secret(), &fixture.cek);
                let examined = at < 3;
                let culprits = if examined { vec![index(6)] } else { vec![] };
                assert_eq!(opened.culprits, culprits);

                let combined = combine(&fixture.keys, &reader, &fixture.id, &shares, &SEED);
                assert_eq!(combined.unwrap().culprits, culprits);
                let opened = fixture.open_without_node_keys(&shares).unwrap();
                assert_eq!(opened.cek.expose_secret(), &fixture.cek);
            }
            // Two good ones are one too few.
            let shares = [honest[0].clone(), wrong, honest[1].clone()];
            let culprits = vec![index(6)];
            assert_eq!(
                fixture.open(&shares).unwrap_err(),
                OpenError::TooFewShares {
                    need: 3,
                    good: 2,
                    culprits
                }
            );
        }
    });
}

#[test]
fn torsion() {
    on_every_engine(|| {
        let fixture = Fixture::new(5, 3, 13);
        for order in [3, 11] {
            let small = g1_torsion(order);
            for (on_c1, on_c3) in [(1u64, 0u64), (0, 1), (1, 1), (1, 2)] {
                let add = |share: &Share| {
                    let (c1, c3, c2) = parts(share);
                    let c1 = c1 + small.mul_bigint([on_c1]);
                    let c3 = c3 + small.mul_bigint([on_c3]);
                    from_parts(share.index().get(), c1.into_affine(), c3.into_affine(), &c2)
                };
                // At one node: it is named, and the others' shares open.
                let mut shares = fixture.shares(&[2, 4, 1, 5]);
                shares[1] = add(&shares[1]);
                let opened = fixture.open(&shares).unwrap();
                assert_eq!(opened.cek.expose_secret(), &fixture.cek);
                assert!(opened.culprits.is_empty() || opened.culprits == [index(4)]);
                let node = &fixture.keys.node_keys[&index(4)];
                let verified = shares[1].verify(node, &fixture.id, &fixture.reader.public());
                assert_eq!(verified, Err(ShareError::Invalid { culprit: index(4) }));

                // On the way to a gateway's client: the combination never meets the secret.
                let combined = [0, 1].map(|_| {
                    let reader = fixture.reader.public();
                    let shares = fixture.shares(&[1, 2, 3]);
                    combine(&fixture.keys, &reader, &fixture.id, &shares, &SEED)
                        .unwrap()
                        .share
                });
                let bytes = combined[0].encode();
                let c1 = read_g1(&bytes[..96]) + small.mul_bigint([on_c1]);
                let c3 = read_g1(&bytes[96..]) + small.mul_bigint([on_c3]);
                let changed = [
                    uncompressed(&c1.into_affine()),
                    uncompressed(&c3.into_affine()),
                ]
                .concat();
                assert_eq!(
                    CombinedShare::decode(&changed),
                    Err(DecodeError::NotInSubgroup)
                );

                // At every node: nothing opens, except where the torsion cancels, and then the
                // result is the right one. All are named.
                let every: Vec<Share> = fixture.shares(&[1, 2, 3, 4, 5]).iter().map(add).collect();
                match fixture.open(&every) {
                    Ok(opened) => assert_eq!(opened.cek.expose_secret(), &fixture.cek),
                    Err(error) => assert_eq!(
                        error,
                        OpenError::TooFewShares {
                            need: 3,
                            good: 0,
                            culprits: (1..=5).map(index).collect()
                        }
                    ),
                }
            }
        }
    });
}

#[test]
fn t_minus_one() {
    on_every_engine_in_steps(2, |step| {
        // All of them; on the slow engine up to n = 4.
        for n in 1..=if step == 1 { 7 } else { 4u16 } {
            for t in 1..=n {
                let fixture = Fixture::new(n, t, 100 + u64::from(n * 8 + t));
                let all: Vec<u16> = (1..=n).collect();
                let shares = fixture.shares(&all);
                for set in 0..1u32 << n {
                    let subset: Vec<Share> = shares
                        .iter()
                        .filter(|share| set >> (share.index().get() - 1) & 1 == 1)
                        .cloned()
                        .collect();
                    if subset.len() != usize::from(t) - 1 {
                        continue;
                    }
                    let too_few = OpenError::TooFewShares {
                        need: t,
                        good: t - 1,
                        culprits: vec![],
                    };
                    assert_eq!(fixture.open(&subset).unwrap_err(), too_few);
                    // A cheat who interpolates what there is has another key.
                    if !subset.is_empty() {
                        let keys = CommitteeKeys {
                            threshold: t - 1,
                            ..fixture.keys.clone()
                        };
                        let Fixture {
                            reader,
                            id,
                            capsule,
                            ..
                        } = &fixture;
                        let error = open(&keys, reader, id, capsule, AAD, &subset, &SEED);
                        assert_eq!(error.unwrap_err(), OpenError::ForeignNodeKeys);
                    }
                }
            }
        }
    });
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

fn some_dealing() -> dkg::Dealing {
    let keys = [1, 2, 3].map(|n| dkg::CeremonySecret::from_seed(&[n; 32]).public());
    dkg::Dealing::deal(
        &dkg::CeremonyContext::from_bytes([1; 32]),
        index(1),
        2,
        &keys,
        dkg::Constant::Fresh,
        &dkg::DealerSeed::from_bytes([2; 32]),
    )
    .unwrap()
}

fn eip2537(point: &ark_bls12_381::G2Affine) -> Vec<u8> {
    [point.x.c0, point.x.c1, point.y.c0, point.y.c1]
        .iter()
        .flat_map(|element| {
            let mut bytes = vec![0; 16];
            bytes.extend(ark_ff::BigInteger::to_bytes_be(&element.into_bigint()));
            bytes
        })
        .collect()
}
