//! Frozen bytes: `tests/vectors/circuits.json` at the root of the workspace.
//!
//! Other implementations, in Solidity and in browsers, test against this file, and this one must
//! never come out otherwise. `STHENO_BLESS=1` writes it anew, for additions; a changed line in its
//! diff is a break with every tree and every key that exists.

use std::path::PathBuf;

use ark_bls12_381::Fr;
use rand_chacha_of_arkworks::ChaCha20Rng;
use serde_json::{Value, json};
use stheno_crypto::{ItemId, NetworkId, PolicyDigest};

use crate::{field::to_bytes, rand::SeedableRng, spec::Domain, *};

#[test]
fn frozen_vectors_are_met() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/circuits.json");
    let computed = json!({
        "poseidon": poseidon(),
        "leaves": leaves(),
        "tree": tree(),
        "emptyRoots": empty_roots(),
        "scopes": scopes(),
        "bindings": bindings(),
        "nullifiers": nullifiers(),
        "proofs": [proof(Circuit::MEMBERSHIP_20), proof(Circuit::CREDENTIAL_20)],
    });
    if std::env::var_os("STHENO_BLESS").is_some() {
        let text = serde_json::to_string_pretty(&computed).unwrap() + "\n";
        std::fs::write(&path, text).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let frozen: Value = serde_json::from_str(&text).unwrap();
    for (name, value) in computed.as_object().unwrap() {
        assert_eq!(&frozen[name], value, "{name}");
    }
    assert_eq!(frozen.as_object().unwrap().len(), 8);
}

fn hex(bytes: impl AsRef<[u8]>) -> Value {
    format!("0x{}", hex::encode(bytes)).into()
}

fn element(element: Fr) -> Value {
    hex(to_bytes(&element))
}

fn secret() -> Secret {
    Secret::from_seed(&[7; 32])
}

fn attributes() -> Attributes {
    Attributes {
        values: [756, 1990, u64::MAX, 0],
        expiry: 1_800_000_000,
    }
}

fn poseidon() -> Value {
    let pairs = [(0u64, 0u64), (1, 2), (u64::MAX, 1)];
    let hashes = Domain::ALL.into_iter().flat_map(|domain| {
        pairs.map(|(x, y)| {
            let [x, y] = [x, y].map(Fr::from);
            json!({
                "domain": domain as u8,
                "name": format!("{domain:?}").to_lowercase(),
                "inputs": [element(x), element(y)],
                "hash": element(crate::poseidon::hash(domain, [x, y])),
            })
        })
    });
    hashes.collect()
}

fn leaves() -> Value {
    let secret = secret();
    let commitment = secret.commitment();
    json!({
        "seed": hex([7; 32]),
        "secret": hex(&secret.expose_bytes()[..]),
        "commitment": commitment,
        "member": Leaf::of_member(&commitment),
        "attributes": attributes().values.map(|value| value.to_string()),
        "expiry": attributes().expiry.to_string(),
        "attributesHash": element(spec::attributes(&attributes().values, attributes().expiry)),
        "credential": Leaf::of_credential(&commitment, &attributes()),
    })
}

fn group(leaf: Leaf) -> Group {
    let mut group = Group::new(Depth::D20);
    for seed in [1, 2] {
        let other = Secret::from_seed(&[seed; 32]).commitment();
        group.add(Leaf::of_member(&other)).unwrap();
    }
    group.add(leaf).unwrap();
    group
}

fn tree() -> Value {
    let leaf = Leaf::of_member(&secret().commitment());
    let mut group = group(leaf);
    let first = group.tree().leaf(0).unwrap();
    let full = group.root();
    group.remove(&first).unwrap();
    json!({
        "depth": 20,
        "rootBeforeRemoval": full,
        "group": group,
        "root": group.root(),
        "path": group.path(&leaf).unwrap(),
    })
}

fn empty_roots() -> Value {
    let roots = (1..=spec::MAX_DEPTH).map(|depth| empty_root(Depth::new(depth).unwrap()));
    json!(roots.collect::<Vec<_>>())
}

fn scope() -> Scope {
    Scope {
        network: NetworkId::from_bytes([1; 32]),
        policy: PolicyDigest::of(b"a canonical policy"),
        period: 0,
    }
}

fn scopes() -> Value {
    let later = Scope {
        period: u64::MAX,
        ..scope()
    };
    let show = |scope: Scope| {
        json!({
            "network": hex(scope.network.as_bytes()),
            "policyDigest": hex(scope.policy.as_bytes()),
            "period": scope.period.to_string(),
            "scope": scope.to_field(),
        })
    };
    [scope(), later].map(show).to_vec().into()
}

fn binding() -> Binding {
    Binding {
        network: NetworkId::from_bytes([1; 32]),
        epoch: 2,
        items: vec![ItemId::from_bytes([3; 32]), ItemId::from_bytes([4; 32])],
        reader_key: [5; 48],
        anchors: vec![Anchor {
            chain_id: 314,
            confirmations: 0,
            number: 5_000_000,
            hash: [6; 32],
        }],
        expires_at: 1_790_000_300,
    }
}

fn bindings() -> Value {
    let bare = Binding {
        items: vec![],
        anchors: vec![],
        ..binding()
    };
    let show = |binding: Binding| {
        let anchors = binding.anchors.iter().map(|anchor| {
            json!({
                "chainId": anchor.chain_id.to_string(),
                "confirmations": anchor.confirmations.to_string(),
                "number": anchor.number.to_string(),
                "hash": hex(anchor.hash),
            })
        });
        json!({
            "network": hex(binding.network.as_bytes()),
            "epoch": binding.epoch.to_string(),
            "items": binding.items.iter().map(|item| hex(item.as_bytes())).collect::<Vec<_>>(),
            "readerKey": hex(binding.reader_key),
            "anchors": anchors.collect::<Vec<_>>(),
            "expiresAt": binding.expires_at.to_string(),
            "binding": binding.to_field(),
        })
    };
    [binding(), bare].map(show).to_vec().into()
}

fn nullifiers() -> Value {
    let scope = scope().to_field();
    json!([{
        "secret": hex(&secret().expose_bytes()[..]),
        "scope": scope,
        "nullifier": secret().nullifier(&scope),
    }])
}

/// A development key and a proof, both of which follow from their seeds.
fn proof(circuit: Circuit) -> Value {
    let (seed, proof_seed) = ([0x5e; 32], [0x12; 32]);
    let key = setup(circuit, &seed);
    let commitment = secret().commitment();
    let (leaf, bounds) = match circuit.statement {
        Statement::MembershipV1 => (Leaf::of_member(&commitment), None),
        Statement::CredentialV1 => {
            let ranges = [
                Range::exactly(756),
                Range::at_most(2008),
                Range::at_least(1 << 63),
                Range::ANY,
            ];
            let bounds = Bounds {
                ranges,
                now: 1_790_000_000,
            };
            let leaf = Leaf::of_credential(&commitment, &attributes());
            (leaf, Some(bounds))
        }
    };
    let group = group(leaf);
    let path = group.path(&leaf).unwrap();
    let scope = scope().to_field();
    let inputs = Inputs {
        root: group.root().unwrap(),
        nullifier: secret().nullifier(&scope),
        scope,
        binding: binding().to_field(),
        bounds,
    };
    let witness = match bounds {
        None => Witness::member(secret(), path),
        Some(_) => Witness::credential(secret(), path, attributes()),
    };
    let mut rng = ChaCha20Rng::from_seed(proof_seed);
    let proof = prove(&key, &inputs, &witness, &mut rng, &mut |_| ()).unwrap();
    let verifying = key.verifying_key();
    json!({
        "circuit": circuit.to_string(),
        "setupSeed": hex(seed),
        "provingKeyHash": key.hash().to_string(),
        "verifyingKey": hex(verifying.to_bytes()),
        "verifyingKeyHash": verifying.hash().to_string(),
        "verifyingKeyEip2537": hex(verifying.to_eip2537()),
        "inputs": inputs.to_bytes().iter().map(hex).collect::<Vec<_>>(),
        "proofSeed": hex(proof_seed),
        "proof": proof,
        "proofEip2537": hex(proof.to_eip2537()),
    })
}
