//! Wrong, repeated, missing and poisoned shares.

use ark_ec::{AffineRepr, CurveGroup};
use stheno_crypto::*;

use crate::fixture::*;

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
