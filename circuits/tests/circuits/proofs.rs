//! Proofs: true ones, altered ones, and those of something else.

use ark_bls12_381::Bls12_381;
use ark_groth16::Groth16;
use ark_serialize::CanonicalDeserialize;
use stheno_circuits::{spec::position, *};

use crate::{
    fixture::*,
    points::{bad_g1, bad_g2, written},
};

type Raw = ark_groth16::Proof<Bls12_381>;

fn raw_key(key: &ProvingKey) -> ark_groth16::VerifyingKey<Bls12_381> {
    let file = key.verifying_key().to_bytes();
    ark_groth16::VerifyingKey::deserialize_compressed(&file[23..]).unwrap()
}

#[test]
fn proof_verifies_and_is_written_and_read() {
    for (key, (inputs, proof)) in [
        (membership(), member_proof()),
        (credential(), holder_proof()),
    ] {
        let prepared = key.verifying_key().prepare();
        assert_eq!(prepared.circuit(), key.circuit());
        assert_eq!(prepared.kind(), Kind::Development);
        assert_eq!(prepared.hash(), key.verifying_key().hash());
        assert_eq!(verify(&prepared, inputs, proof), Ok(()));

        let bytes = proof.to_bytes();
        assert_eq!(bytes.len(), 192);
        assert_eq!(Proof::from_bytes(&bytes).unwrap(), *proof);
        let json = serde_json::to_string(proof).unwrap();
        assert_eq!(json, format!("\"0x{}\"", hex::encode(bytes)));
        assert_eq!(serde_json::from_str::<Proof>(&json).unwrap(), *proof);
        assert_eq!(proof.to_eip2537().len(), 512);

        let statement = key.circuit().statement;
        let again = Inputs::from_bytes(statement, &inputs.to_bytes()).unwrap();
        assert_eq!(verify(&prepared, &again, proof), Ok(()));
    }
}

#[test]
fn proof_fails_when_any_public_input_is_another() {
    for (key, (inputs, proof), count) in [
        (membership(), member_proof(), position::MEMBERSHIP_COUNT),
        (credential(), holder_proof(), position::CREDENTIAL_COUNT),
    ] {
        let prepared = key.verifying_key().prepare();
        let statement = key.circuit().statement;
        for position in 0..count {
            for bit in [0, 7, 63] {
                let mut bytes = inputs.to_bytes();
                bytes[position][31 - bit / 8] ^= 1 << (bit % 8);
                let altered = Inputs::from_bytes(statement, &bytes).unwrap();
                assert_eq!(
                    verify(&prepared, &altered, proof),
                    Err(VerifyError::Invalid),
                    "input {position}, bit {bit}"
                );
            }
        }
    }
}

/// Groth16's proofs can be made anew by everybody who has one. So no two are told apart by their
/// bytes: the nullifier is what is unique.
#[test]
fn proof_that_was_made_anew_by_somebody_else_verifies_too() {
    let (inputs, proof) = member_proof();
    let raw = Raw::deserialize_compressed(&proof.to_bytes()[..]).unwrap();
    let key = raw_key(membership());
    let anew = Groth16::<Bls12_381>::rerandomize_proof(&key, &raw, &mut rng());
    let anew = Proof::try_from(&written(&anew)[..]).unwrap();
    assert_ne!(anew.to_bytes(), proof.to_bytes());
    let prepared = membership().verifying_key().prepare();
    assert_eq!(verify(&prepared, inputs, &anew), Ok(()));

    // The plainest way: both signs of A and B.
    let turned = Raw {
        a: -raw.a,
        b: -raw.b,
        c: raw.c,
    };
    let turned = Proof::try_from(&written(&turned)[..]).unwrap();
    assert_eq!(verify(&prepared, inputs, &turned), Ok(()));
}

#[test]
fn points_of_a_proof_that_are_none_are_refused() {
    let good = member_proof().1.to_bytes();
    for (name, at, points) in [
        ('A', 0, bad_g1()),
        ('B', 48, bad_g2()),
        ('C', 144, bad_g1()),
    ] {
        for (point, what) in points {
            let mut bytes = good;
            bytes[at..at + point.len()].copy_from_slice(&point);
            let error = Proof::from_bytes(&bytes).unwrap_err().to_string();
            assert_eq!(error, format!("the proof's point {name} is bad: {what}"));
        }
    }
    for length in [0, 1, 48, 191, 193, 384] {
        let error = Proof::try_from(&vec![0x80; length][..]).unwrap_err();
        assert_eq!(error, ProofError::Length(length));
    }
    for text in ["", "\"\"", "\"0x\"", "\"0x00\"", "\"zz\"", "\"0xzz\""] {
        assert!(serde_json::from_str::<Proof>(text).is_err(), "{text}");
    }
}

/// Every bit of a proof matters: altered, it is no proof, or not of this.
#[test]
fn proof_fails_when_any_bit_is_altered() {
    let (inputs, proof) = member_proof();
    let prepared = membership().verifying_key().prepare();
    for bit in (0..192 * 8).step_by(5) {
        let mut bytes = proof.to_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(altered) = Proof::from_bytes(&bytes) {
            assert!(verify(&prepared, inputs, &altered).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn proof_is_of_one_key_and_one_circuit() {
    let (inputs, proof) = member_proof();
    let other_seed = setup(membership().circuit(), &[9; 32]);
    let prepared = other_seed.verifying_key().prepare();
    assert_eq!(verify(&prepared, inputs, proof), Err(VerifyError::Invalid));

    let deeper = Circuit::new(Statement::MembershipV1, Depth::new(4).unwrap());
    let deeper = setup(deeper, &SEED).verifying_key().prepare();
    assert_eq!(verify(&deeper, inputs, proof), Err(VerifyError::Invalid));

    let circuit = credential().circuit();
    let prepared = credential().verifying_key().prepare();
    let error = verify(&prepared, inputs, proof).unwrap_err();
    assert_eq!(error, VerifyError::OtherInputs { circuit });
}

#[test]
fn root_of_an_empty_tree_is_refused() {
    let (inputs, proof) = member_proof();
    let empty = Inputs {
        root: empty_root(depth()),
        ..inputs.clone()
    };
    let prepared = membership().verifying_key().prepare();
    assert_eq!(
        verify(&prepared, &empty, proof),
        Err(VerifyError::EmptyTree)
    );
}

#[test]
fn proving_tells_its_phases_and_why_it_cannot() {
    let (inputs, witness) = holder();
    let mut phases = Vec::new();
    let mut progress = |phase| phases.push(phase);
    prove(credential(), &inputs, &witness, &mut rng(), &mut progress).unwrap();
    assert_eq!(
        phases,
        [Phase::Check, Phase::Assign, Phase::Prove, Phase::Verify]
    );

    type Change = fn(&mut Bounds);
    let changes: [(Change, &str); 5] = [
        (
            |bounds| bounds.ranges[2].low = 31,
            "attribute 2 is below the bound",
        ),
        (
            |bounds| bounds.ranges[3].high = 39,
            "attribute 3 is above the bound",
        ),
        (
            |bounds| bounds.ranges[0] = Range::exactly(9),
            "attribute 0 is above the bound",
        ),
        (
            |bounds| bounds.now = 1_800_000_001,
            "the credential has expired",
        ),
        (|bounds| bounds.now = u64::MAX, "the credential has expired"),
    ];
    for (change, what) in changes {
        let mut wrong = inputs.clone();
        change(wrong.bounds.as_mut().unwrap());
        let mut phases = Vec::new();
        let mut progress = |phase| phases.push(phase);
        let error = prove(credential(), &wrong, &witness, &mut rng(), &mut progress);
        assert_eq!(error.unwrap_err().to_string(), what);
        assert_eq!(phases, [Phase::Check], "before anything is proven");
    }

    let wrong = Inputs {
        root: member().0.root,
        ..inputs.clone()
    };
    let error = prove(credential(), &wrong, &witness, &mut rng(), &mut |_| ()).unwrap_err();
    assert_eq!(error, StatementError::NotInTree.into());
    let wrong = Inputs {
        nullifier: Secret::from_seed(&[8; 32]).nullifier(&inputs.scope),
        ..inputs
    };
    let error = prove(credential(), &wrong, &witness, &mut rng(), &mut |_| ()).unwrap_err();
    assert_eq!(error, StatementError::Nullifier.into());
}

#[test]
fn nullifier_is_the_same_twice_and_another_elsewhere() {
    let (one, _) = member();
    let (other, _) = holder();
    assert_eq!(
        one.nullifier, other.nullifier,
        "a secret's, whatever is proven with it"
    );
    let scope = Scope {
        network: stheno_crypto::NetworkId::from_bytes([1; 32]),
        policy: stheno_crypto::PolicyDigest::from_bytes([2; 32]),
        period: 4,
    };
    assert_ne!(secret().nullifier(&scope.to_field()), one.nullifier);
}

#[test]
fn batch_verifies_and_names_its_culprits() {
    let key = membership();
    let prepared = key.verifying_key().prepare();
    let (inputs, witness) = member();
    let (_, proof) = member_proof();
    let mut batch: Vec<(Inputs, Proof)> = (0..5u8)
        .map(|number| {
            let rng = &mut <rand::rngs::StdRng as rand::SeedableRng>::from_seed([number; 32]);
            let proof = prove(key, &inputs, &witness, rng, &mut |_| ()).unwrap();
            (inputs.clone(), proof)
        })
        .collect();
    let check = |batch: &[_]| verify_batch(&prepared, batch, &mut rng());
    assert_eq!(check(&batch), Ok(()));
    assert_eq!(check(&[]), Ok(()));

    let culprits = |culprits| Err(BatchError { culprits });
    let (other, other_proof) = holder_proof();
    batch[1].1 = other_proof.clone();
    assert_eq!(check(&batch), culprits(vec![1]));
    batch[4].0.binding = other.scope_as_binding();
    assert_eq!(check(&batch), culprits(vec![1, 4]));
    batch[0].0 = other.clone();
    assert_eq!(check(&batch), culprits(vec![0, 1, 4]));
    let error = check(&batch).unwrap_err().to_string();
    assert_eq!(
        error,
        "these of the proofs do not verify, counted from 0: [0, 1, 4]"
    );

    // Two faults that would cancel each other without weights: C + D and C − D.
    let raw = Raw::deserialize_compressed(&proof.to_bytes()[..]).unwrap();
    let shifted = |c: ark_bls12_381::G1Projective| {
        let raw = Raw {
            c: c.into(),
            ..raw.clone()
        };
        (inputs.clone(), Proof::try_from(&written(&raw)[..]).unwrap())
    };
    let pair = [shifted(raw.c + raw.a), shifted(raw.c - raw.a)];
    assert_eq!(check(&pair), culprits(vec![0, 1]));
}

trait Misplaced {
    fn scope_as_binding(&self) -> BindingHash;
}

impl Misplaced for Inputs {
    fn scope_as_binding(&self) -> BindingHash {
        BindingHash::from_bytes(&self.scope.to_bytes()).unwrap()
    }
}
