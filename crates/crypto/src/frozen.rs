//! Our own vectors, frozen in `tests/vectors/crypto-*.json`: every engine meets them, and so must
//! every other implementation. SPEC.md §10.
//!
//! `cargo test --release -p stheno-crypto frozen -- --ignored` writes them anew, which is right
//! only before a release, and never by the way.

mod onchain;

use std::path::PathBuf;

use ark_bls12_381::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use serde_json::{Value, json};

use crate::{
    dkg::*,
    encoding::{g1_to_compressed, g2_to_compressed},
    engine::{Engine, active},
    labels::Label,
    scalar::{SecretScalar, hash_to_field},
    *,
};

#[test]
fn frozen_vectors_are_met_by_every_engine() {
    for (name, build) in FILES {
        let text = std::fs::read_to_string(path(name)).unwrap();
        let frozen: Value = serde_json::from_str(&text).unwrap();
        for engine in Engine::ALL {
            assert_eq!(engine.scope(build), frozen, "{name} {engine:?}");
        }
    }
}

#[test]
#[ignore = "writes the frozen vectors anew"]
fn frozen_vectors_are_written() {
    for (name, build) in FILES {
        let text = serde_json::to_string_pretty(&build()).unwrap();
        std::fs::write(path(name), text + "\n").unwrap();
    }
}

type Build = fn() -> Value;

const FILES: [(&str, Build); 7] = [
    ("crypto-identity.json", identities),
    ("crypto-hash.json", hashes),
    ("crypto-gt.json", pairings),
    ("crypto-capsule.json", capsules),
    ("crypto-share.json", shares),
    ("crypto-ceremony.json", ceremonies),
    ("crypto-onchain.json", onchain::onchain),
];

fn path(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors");
    PathBuf::from(folder).join(name)
}

fn hex(bytes: impl AsRef<[u8]>) -> Value {
    format!("0x{}", hex::encode(bytes)).into()
}

fn index(number: u16) -> NodeIndex {
    NodeIndex::new(number).unwrap()
}

/// The shares of `f(x) = 7 + 11·x + 13·x²`, of whose committee the threshold is 3.
fn node(number: u16) -> KeyShare {
    let x = u32::from(number);
    let mut secret = [0; 32];
    secret[28..].copy_from_slice(&(7 + 11 * x + 13 * x * x).to_be_bytes());
    KeyShare::from_secret_bytes(index(number), &secret).unwrap()
}

fn network_key() -> NetworkKey {
    NetworkKey((G2Affine::generator() * Fr::from(7)).into_affine())
}

const CONTRACT: [u8; 20] = [0xc0; 20];

fn identity(item: u8) -> Identity {
    Identity::new(
        &NetworkId::derive(314, &CONTRACT, 1),
        &network_key().fingerprint(),
        &PolicyDigest::of(b"a canonical policy"),
        &ItemId::from_bytes([item; 32]),
    )
}

fn identities() -> Value {
    let cases = [
        (314, CONTRACT, 1, "a canonical policy"),
        (u64::MAX, [0; 20], 0, ""),
    ];
    let build = |(chain, contract, committee, policy): (u64, [u8; 20], u64, &str)| {
        let network = NetworkId::derive(chain, &contract, committee);
        let digest = PolicyDigest::of(policy.as_bytes());
        let item = ItemId::from_bytes([0x17; 32]);
        let id = Identity::new(&network, &network_key().fingerprint(), &digest, &item);
        json!({
            "chainId": chain.to_string(),
            "contract": hex(contract),
            "committeeId": committee.to_string(),
            "networkKey": hex(network_key().to_bytes()),
            "networkKeyEip2537": hex(network_key().to_eip2537()),
            "canonicalPolicy": hex(policy),
            "item": hex(item.as_bytes()),
            "networkId": hex(network.as_bytes()),
            "fingerprint": hex(network_key().fingerprint().as_bytes()),
            "policyDigest": hex(digest.as_bytes()),
            "identity": hex(id.as_bytes()),
            "point": hex(g1_to_compressed(&id.point())),
        })
    };
    cases.map(build).to_vec().into()
}

/// The primitives themselves, under a tag of their own.
fn hashes() -> Value {
    let messages = [
        "",
        "abc",
        "a message that is longer than one block of SHA-256, which has 64 bytes",
    ];
    let build = |message: &str| {
        let label = Label::FROZEN;
        let dst = label.as_bytes();
        let scalar = hash_to_field(label, &[message.as_bytes()]);
        let secret = SecretScalar::derive(label, &[message.as_bytes()]);
        assert_eq!(SecretScalar::from(scalar).as_bytes(), secret.as_bytes());
        json!({
            "tag": String::from_utf8(dst.to_vec()).unwrap(),
            "message": hex(message),
            "sha256": hex(label.sha256(&[message.as_bytes()])),
            "hkdf": hex(&label.hkdf(message.as_bytes(), &[b"info"])[..]),
            "hashToField": hex(&secret.as_bytes()[..]),
            "hashToCurve": hex(g1_to_compressed(&active().hash_to_g1(message.as_bytes(), dst))),
        })
    };
    messages.map(build).to_vec().into()
}

fn pairings() -> Value {
    let build = |(a, b): (u64, u64)| {
        let p = (G1Affine::generator() * Fr::from(a)).into_affine();
        let q = (G2Affine::generator() * Fr::from(b)).into_affine();
        json!({
            "p": hex(g1_to_compressed(&p)),
            "q": hex(g2_to_compressed(&q)),
            "pairing": hex(&active().pairing(&p, &q)[..]),
        })
    };
    [(1, 1), (2, 3), (3, 2)].map(build).to_vec().into()
}

fn capsules() -> Value {
    let build = |number: u8| {
        let (id, aad, sigma) = (
            identity(number),
            vec![0xaa; usize::from(number)],
            [number; 32],
        );
        let cek = Cek::from_bytes([0xce; 32]);
        let capsule = Capsule::seal(&network_key(), &id, &aad, &cek, &sigma);
        let key = (id.point() * Fr::from(7)).into_affine();
        let opened = capsule.open(&id, &aad, &key).unwrap();
        assert_eq!(opened.expose_secret(), cek.expose_secret());
        json!({
            "networkKey": hex(network_key().to_bytes()),
            "identity": hex(id.as_bytes()),
            "identityKey": hex(g1_to_compressed(&key)),
            "aad": hex(aad),
            "sigma": hex(sigma),
            "cek": hex(cek.expose_secret()),
            "u": hex(capsule.u),
            "v": hex(capsule.v),
            "wrapped": hex(capsule.wrapped),
        })
    };
    [0, 1, 200].map(build).to_vec().into()
}

fn shares() -> Value {
    let (epoch, seed, entropy) = (3, [0x5e; 32], [0xe7; 32]);
    let id = identity(9);
    let reader = ReaderSecret::from_seed(&[0xbb; 32]);
    let capsule = Capsule::seal(
        &network_key(),
        &id,
        b"aad",
        &Cek::from_bytes([1; 32]),
        &[2; 32],
    );
    let answers: Vec<Share> = [5, 1, 4]
        .iter()
        .map(|number| node(*number).share(epoch, &id, &reader.public(), &seed, &entropy))
        .collect();
    let committee = CommitteeKeys {
        threshold: 3,
        network_key: network_key(),
        node_keys: (1..=5).map(|n| (index(n), node(n).public_key())).collect(),
    };
    let combined = combine(&committee, &reader.public(), &id, &answers, &[0; 32]).unwrap();
    let opened = open(
        &committee, &reader, &id, &capsule, b"aad", &answers, &[0; 32],
    )
    .unwrap();
    let answers = answers.iter().map(|share| {
        let node = node(share.index().get());
        let proof = node.prove(&[0x33; 32], &entropy);
        assert!(node.public_key().verify_proof(&[0x33; 32], &proof));
        json!({
            "node": share.index().get(),
            "keyShare": hex(&node.expose_secret_bytes()[..]),
            "nodeKey": hex(node.public_key().to_bytes()),
            "share": hex(share.encode()),
            "possession": hex(proof.as_bytes()),
        })
    });
    json!({
        "threshold": 3,
        "networkKey": hex(network_key().to_bytes()),
        "identity": hex(id.as_bytes()),
        "epoch": epoch,
        "seed": hex(seed),
        "entropy": hex(entropy),
        "readerSeed": hex([0xbb; 32]),
        "readerSecret": hex(&reader.0.as_bytes()[..]),
        "readerKey": hex(reader.public().to_bytes()),
        "possessionMessage": hex([0x33; 32]),
        "shares": answers.collect::<Vec<_>>(),
        "combined": hex(combined.share.encode()),
        "capsule": { "u": hex(capsule.u), "v": hex(capsule.v), "wrapped": hex(capsule.wrapped) },
        "aad": hex(b"aad"),
        "cek": hex(opened.cek.expose_secret()),
    })
}

fn ceremonies() -> Value {
    let secrets: Vec<_> = (1..=3u8)
        .map(|m| CeremonySecret::from_seed(&[m; 32]))
        .collect();
    let keys: Vec<_> = secrets.iter().map(CeremonySecret::public).collect();
    let run = |kind: Kind, context: u8, old: &[KeyShare]| {
        let context = CeremonyContext::from_bytes([context; 32]);
        let dealers: &[u16] = if kind == Kind::First {
            &[1, 2, 3]
        } else {
            &[1, 3]
        };
        let dealings = dealers.iter().map(|dealer| {
            let (seed, dealer) = ([*dealer as u8 | 0xd0; 32], index(*dealer));
            let share = old.get(usize::from(dealer.get()) - 1);
            let constant = share.map_or(Constant::Fresh, Constant::Share);
            let expected = share.map(KeyShare::public_key);
            let seeded = DealerSeed::from_bytes(seed);
            let dealing = Dealing::deal(&context, dealer, 2, &keys, constant, &seeded).unwrap();
            let bytes = dealing.encode();
            let shown = json!({
                "dealer": dealer.get(),
                "seed": hex(seed),
                "dealing": hex(&bytes),
                "revealedToSecond":
                    hex(&reveal(&context, dealer, 2, index(2), constant, &seeded)[..]),
            });
            let decoded = Dealing::decode(&bytes, 2, 3).unwrap();
            (
                shown,
                decoded.verify(&context, dealer, expected.as_ref()).unwrap(),
            )
        });
        let (shown, dealings): (Vec<_>, Vec<_>) = dealings.unzip();
        let qualified: Vec<_> = dealings.iter().map(|d| (d.dealer(), d)).collect();
        let outcome = outcome(kind, &qualified, 3).unwrap();
        let shares: Vec<KeyShare> = (1..)
            .zip(&secrets)
            .map(|(me, secret)| {
                let received: Vec<_> = dealings
                    .iter()
                    .map(|d| (d.dealer(), d.receive(index(me), secret).unwrap()))
                    .collect();
                combine_shares(kind, index(me), &received).unwrap()
            })
            .collect();
        let members = shares.iter().zip(&outcome.node_keys).map(|(share, key)| {
            assert_eq!(share.public_key(), *key);
            json!({
                "keyShare": hex(&share.expose_secret_bytes()[..]),
                "nodeKey": hex(key.to_bytes()),
            })
        });
        let shown = json!({
            "context": hex(context.as_bytes()),
            "dealings": shown,
            "networkKey": hex(outcome.network_key.to_bytes()),
            "members": members.collect::<Vec<_>>(),
        });
        (shown, outcome, shares)
    };
    let (first, made, old) = run(Kind::First, 1, &[]);
    let (reshare, kept, _) = run(Kind::Reshare, 2, &old);
    assert_eq!(made.network_key, kept.network_key);
    json!({
        "threshold": 2,
        "ceremonySeeds": (1..=3u8).map(|m| hex([m; 32])).collect::<Vec<_>>(),
        "ceremonyKeys": keys.iter().map(|key| hex(key.to_bytes())).collect::<Vec<_>>(),
        "first": first,
        "reshare": reshare,
    })
}
