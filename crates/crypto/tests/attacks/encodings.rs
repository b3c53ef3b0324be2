//! Bad bytes for every point, scalar and index.

use ark_bls12_381::{Fr, G1Affine};
use ark_ec::AffineRepr;
use ark_ff::PrimeField;
use stheno_crypto::{dkg, *};

use crate::fixture::*;

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
fn index_zero() {
    assert_eq!(NodeIndex::new(0), Err(DecodeError::IndexZero));
    assert!(NodeIndex::new(1).is_ok() && NodeIndex::new(u16::MAX).is_ok());
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
