//! `threshold_crypto` as an independent oracle for polynomial shares and Lagrange combination.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod fixture;

use fixture::*;
use stheno_crypto::{dkg::*, *};
use threshold_crypto as peer;
use threshold_crypto::ff::PrimeField;

fn to_peer(bytes: &[u8; 32]) -> peer::Fr {
    let mut repr = peer::FrRepr::default();
    for (limb, bytes) in repr.0.iter_mut().zip(bytes.rchunks(8)) {
        *limb = u64::from_be_bytes(bytes.try_into().unwrap());
    }
    peer::Fr::from_repr(repr).unwrap()
}

fn from_peer(scalar: peer::Fr) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (limb, out) in scalar.into_repr().0.iter().zip(bytes.rchunks_mut(8)) {
        out.copy_from_slice(&limb.to_be_bytes());
    }
    bytes
}

fn random(numbers: &mut Numbers) -> peer::Fr {
    to_peer(&scalar_bytes(&numbers.scalar()))
}

/// A committee whose polynomial and shares the oracle made.
fn committee(numbers: &mut Numbers, n: u16, t: u16) -> (Vec<KeyShare>, CommitteeKeys) {
    let coefficients: Vec<_> = (0..t).map(|_| random(numbers)).collect();
    let polynomial = peer::poly::Poly::from(coefficients);
    let share = |x: u16, at: u64| {
        let secret = from_peer(polynomial.evaluate(at));
        KeyShare::from_secret_bytes(index(x), &secret).unwrap()
    };
    let shares: Vec<_> = (1..=n).map(|x| share(x, x.into())).collect();
    let network_key = NetworkKey::from_bytes(&share(1, 0).public_key().to_bytes()).unwrap();
    let node_keys = shares.iter().map(|s| (s.index(), s.public_key())).collect();
    (
        shares,
        CommitteeKeys {
            threshold: t,
            network_key,
            node_keys,
        },
    )
}

#[test]
fn shares_that_the_oracle_made_combine_here() {
    on_every_engine(|| {
        let mut numbers = Numbers(1);
        for (n, t) in [(1, 1), (3, 2), (5, 3), (16, 9), (64, 43)] {
            let (shares, keys) = committee(&mut numbers, n, t);
            let id = identity(&keys.network_key, b"policy", numbers.bytes());
            let reader = ReaderSecret::from_seed(&numbers.bytes());
            let capsule = Capsule::seal(
                &keys.network_key,
                &id,
                AAD,
                &Cek::from_bytes([1; 32]),
                &[2; 32],
            );
            let answers: Vec<Share> = numbers
                .subset(n, t)
                .iter()
                .map(|node| &shares[usize::from(*node) - 1])
                .map(|share| share.share(1, &id, &reader.public(), &SEED, &[3; 32]))
                .collect();
            let opened = open(&keys, &reader, &id, &capsule, AAD, &answers, &SEED).unwrap();
            assert_eq!(opened.cek.expose_secret(), &[1; 32]);
        }
    });
}

#[test]
fn shares_that_a_ceremony_made_interpolate_in_the_oracle() {
    on_every_engine(|| {
        let (t, n) = (3, 5);
        let context = CeremonyContext::from_bytes([1; 32]);
        let secrets: Vec<_> = (1..=n)
            .map(|m| CeremonySecret::from_seed(&[m; 32]))
            .collect();
        let keys: Vec<_> = secrets.iter().map(CeremonySecret::public).collect();
        let dealings: Vec<_> = (1..=n)
            .map(|dealer| {
                let seed = DealerSeed::from_bytes([dealer; 32]);
                let dealer = index(dealer.into());
                Dealing::deal(&context, dealer, t, &keys, Constant::Fresh, &seed)
                    .and_then(|dealing| dealing.verify(&context, dealer, None))
                    .unwrap()
            })
            .collect();
        let qualified: Vec<_> = dealings.iter().map(|d| (d.dealer(), d)).collect();
        let outcome = outcome(Kind::First, &qualified, n.into()).unwrap();
        let samples: Vec<(u64, peer::Fr)> = (1u16..)
            .zip(&secrets)
            .map(|(me, secret)| {
                let received: Vec<_> = dealings
                    .iter()
                    .map(|d| (d.dealer(), d.receive(index(me), secret).unwrap()))
                    .collect();
                let share = combine_shares(Kind::First, index(me), &received).unwrap();
                (me.into(), to_peer(&share.expose_secret_bytes()))
            })
            .collect();

        // The first three give a polynomial of degree exactly two, on which all five lie, and
        // whose value at 0 is the secret.
        let polynomial = peer::poly::Poly::interpolate(samples[..t.into()].to_vec());
        assert_eq!(polynomial.degree(), usize::from(t) - 1);
        for (x, y) in &samples {
            assert_eq!(from_peer(polynomial.evaluate(*x)), from_peer(*y));
        }
        let secret = from_peer(polynomial.evaluate(0u64));
        let public = KeyShare::from_secret_bytes(index(1), &secret)
            .unwrap()
            .public_key();
        assert_eq!(public.to_bytes(), outcome.network_key.to_bytes());
        for triple in [[0, 1, 2], [4, 2, 0], [3, 1, 4]] {
            let part = peer::poly::Poly::interpolate(triple.map(|at| samples[at]).to_vec());
            assert_eq!(from_peer(part.evaluate(0u64)), secret);
        }

        // The oracle signs with the shares, combines by its own Lagrange, and verifies.
        let keys = peer::SecretKeySet::from(polynomial).public_keys();
        let signatures: Vec<_> = [4usize, 0, 2]
            .map(|at| {
                let mut fr = samples[at].1;
                // It counts nodes from 0 and evaluates at the next number.
                (at, peer::SecretKeyShare::from_mut(&mut fr).sign("message"))
            })
            .to_vec();
        let signature = keys
            .combine_signatures(signatures.iter().map(|(at, s)| (*at, s)))
            .unwrap();
        assert!(keys.public_key().verify(&signature, "message"));
    });
}
