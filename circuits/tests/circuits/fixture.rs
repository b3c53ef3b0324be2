//! Small circuits, whose keys are made once, and a member who proves.

use std::sync::OnceLock;

use stheno_circuits::{
    rand::{SeedableRng, rngs::StdRng},
    *,
};
use stheno_crypto::{ItemId, NetworkId, PolicyDigest};

pub const SEED: [u8; 32] = [0x5e; 32];

pub fn rng() -> StdRng {
    StdRng::from_seed([0x12; 32])
}

pub fn depth() -> Depth {
    Depth::new(3).unwrap()
}

pub fn membership() -> &'static ProvingKey {
    static KEY: OnceLock<ProvingKey> = OnceLock::new();
    KEY.get_or_init(|| setup(Circuit::new(Statement::MembershipV1, depth()), &SEED))
}

pub fn credential() -> &'static ProvingKey {
    static KEY: OnceLock<ProvingKey> = OnceLock::new();
    KEY.get_or_init(|| setup(Circuit::new(Statement::CredentialV1, depth()), &SEED))
}

pub fn secret() -> Secret {
    Secret::from_seed(&[7; 32])
}

pub fn attributes() -> Attributes {
    Attributes {
        values: [10, 20, 30, 40],
        expiry: 1_800_000_000,
    }
}

fn group(leaf: Leaf) -> Group {
    let mut group = Group::new(depth());
    for seed in [1, 2] {
        let other = Secret::from_seed(&[seed; 32]).commitment();
        group.add(Leaf::of_member(&other)).unwrap();
    }
    group.add(leaf).unwrap();
    group
}

fn inputs(root: Root, bounds: Option<Bounds>) -> Inputs {
    let scope = Scope {
        network: NetworkId::from_bytes([1; 32]),
        policy: PolicyDigest::from_bytes([2; 32]),
        period: 3,
    };
    let binding = Binding {
        network: scope.network,
        epoch: 4,
        items: vec![ItemId::from_bytes([5; 32])],
        reader_key: [6; 48],
        anchors: vec![],
        expires_at: 7,
    };
    Inputs {
        root,
        nullifier: secret().nullifier(&scope.to_field()),
        scope: scope.to_field(),
        binding: binding.to_field(),
        bounds,
    }
}

pub fn member() -> (Inputs, Witness) {
    let leaf = Leaf::of_member(&secret().commitment());
    let group = group(leaf);
    let path = group.path(&leaf).unwrap();
    let witness = Witness::member(secret(), path);
    (inputs(group.root().unwrap(), None), witness)
}

pub fn holder() -> (Inputs, Witness) {
    let leaf = Leaf::of_credential(&secret().commitment(), &attributes());
    let group = group(leaf);
    let path = group.path(&leaf).unwrap();
    let witness = Witness::credential(secret(), path, attributes());
    let bounds = Bounds {
        ranges: [
            Range::exactly(10),
            Range::at_least(18),
            Range { low: 25, high: 35 },
            Range::ANY,
        ],
        now: 1_790_000_000,
    };
    (inputs(group.root().unwrap(), Some(bounds)), witness)
}

pub fn prove_quietly(key: &ProvingKey, inputs: &Inputs, witness: &Witness) -> Proof {
    prove(key, inputs, witness, &mut rng(), &mut |_| ()).unwrap()
}

/// A true proof of a membership, made once.
pub fn member_proof() -> &'static (Inputs, Proof) {
    static PROOF: OnceLock<(Inputs, Proof)> = OnceLock::new();
    PROOF.get_or_init(|| {
        let (inputs, witness) = member();
        let proof = prove_quietly(membership(), &inputs, &witness);
        (inputs, proof)
    })
}

/// A true proof of a credential, made once.
pub fn holder_proof() -> &'static (Inputs, Proof) {
    static PROOF: OnceLock<(Inputs, Proof)> = OnceLock::new();
    PROOF.get_or_init(|| {
        let (inputs, witness) = holder();
        let proof = prove_quietly(credential(), &inputs, &witness);
        (inputs, proof)
    })
}
