//! Private conditions: what becomes of a proof that somebody has verified.

use alloy_primitives::{U256, keccak256};
use stheno_circuits::{KeyHash, Nullifier, PROOF_BYTES, Root};

use super::*;
use crate::{
    policy::Zk,
    private::{Presentation, Proven},
};

const GROUP: &str = "0x00000000000000000000000000000000000000bb";
const UNTIL: u64 = 1_800_000_000;

fn root(number: u8) -> Root {
    let mut bytes = [0; 32];
    bytes[31] = number;
    Root::from_bytes(&bytes).unwrap()
}

fn zk(group: &str) -> Policy {
    let key = KeyHash::of(b"a key");
    policy(&format!(
        "{{\"zk\": {{\"circuit\": \"membership-20-v1\", \"key\": \"{key}\", {group}, \"proof\": \":me\"}}}}"
    ))
}

fn of_root(number: u8) -> Policy {
    zk(&format!("\"root\": \"{}\"", root(number)))
}

fn of_contract() -> Policy {
    zk(&format!("\"chain\": 314, \"group\": \"{GROUP}\""))
}

fn leaf(policy: &Policy) -> &Zk {
    policy.private().next().unwrap()
}

fn holds(number: u8) -> Proven {
    Proven::Holds {
        root: root(number),
        until: UNTIL,
    }
}

/// A reader without an account, whose proof came to this.
fn proven(policy: &Policy, proven: Proven) -> Subject {
    let mut proofs = Proofs::default();
    proofs.insert(leaf(policy), proven);
    Subject {
        account: None,
        proofs,
        ..subject()
    }
}

fn only(policy: &Policy, subject: &Subject, view: &View) -> LeafReport {
    evaluate(policy, subject, view).leaves.remove(0)
}

#[test]
fn proof_holds_for_the_root_that_the_policy_names_alone() {
    let policy = of_root(7);
    let judged = |proven_: Proven| only(&policy, &proven(&policy, proven_), &View::new());
    assert_eq!(judged(holds(7)).truth, Truth::True);
    let other = judged(holds(8));
    assert_eq!(other.truth, Truth::False);
    assert!(other.found.contains("which is not the group's"), "{other}");
    let wrong = judged(Proven::Wrong("the proof does not verify".to_owned()));
    assert_eq!(
        (wrong.truth, wrong.found.as_str()),
        (Truth::False, "the proof does not verify")
    );
    let unknown = judged(Proven::Unknown("no key".to_owned()));
    assert_eq!((unknown.truth, unknown.transient), (Truth::Unknown, false));
    assert!(reads(&policy, &proven(&policy, holds(7))).is_empty());
}

#[test]
fn contract_is_asked_whether_the_root_is_valid_until_the_request_ends() {
    let policy = of_contract();
    let subject = proven(&policy, holds(7));
    let reads = reads(&policy, &subject);
    let read = reads.iter().next().unwrap();
    assert_eq!(reads.len(), 1);
    let Read::Call {
        chain, to, data, ..
    } = read
    else {
        panic!("{read:?}");
    };
    assert_eq!(
        (*chain, to.to_string().to_lowercase()),
        (314, GROUP.to_owned())
    );
    let mut wanted = keccak256(b"isValid(uint256,uint64)")[..4].to_vec();
    wanted.extend(root(7).to_bytes());
    wanted.extend(U256::from(UNTIL).to_be_bytes::<32>());
    assert_eq!(data.as_ref(), wanted);

    let answered = |word: U256| {
        let bytes = Reading::Bytes(word.to_be_bytes::<32>().to_vec().into());
        only(&policy, &subject, &View::from([(read.clone(), Ok(bytes))])).truth
    };
    assert_eq!(answered(U256::ONE), Truth::True);
    assert_eq!(answered(U256::ZERO), Truth::False);
    assert_eq!(answered(U256::from(2)), Truth::Unknown, "no boolean");
    for unknown in [
        Unknown::Reverted,
        Unknown::NoCode,
        Unknown::Rpc("down".to_owned()),
    ] {
        let view = View::from([(read.clone(), Err(unknown))]);
        assert_eq!(only(&policy, &subject, &view).truth, Truth::Unknown);
    }
    assert_eq!(policy.chains(), [(314, 0)].into());
    assert_eq!(policy.contracts().count(), 1);
}

#[test]
fn account_beside_a_proof_makes_it_unknown() {
    let policy = of_root(7);
    let shown = Subject {
        account: key_account(),
        ..proven(&policy, holds(7))
    };
    let report = only(&policy, &shown, &View::new());
    assert_eq!(report.truth, Truth::Unknown);
    assert!(report.found.contains("would tell who asks"), "{report}");
    assert!(report.remedy.contains("without an account"), "{report}");
}

#[test]
fn proof_that_nobody_has_verified_is_unknown_and_says_what_is_amiss() {
    let policy = of_root(7);
    let bringing = |value: Option<ContextValue>| {
        let mut nobody = Subject {
            account: None,
            ..subject()
        };
        if let Some(value) = value {
            nobody.context.insert("me", value).unwrap();
        }
        let report = only(&policy, &nobody, &View::new());
        assert_eq!(report.truth, Truth::Unknown);
        report.found
    };
    let of_key = |key: &[u8]| {
        let presentation = Presentation {
            root: root(7),
            nullifier: Nullifier::from_bytes(&[1; 32]).unwrap(),
            proof: [1; PROOF_BYTES],
            key: key.to_vec(),
        };
        assert_eq!(
            Presentation::from_bytes(&presentation.to_bytes()).as_ref(),
            Ok(&presentation)
        );
        Some(ContextValue::Bytes(presentation.to_bytes().into()))
    };
    for (value, part) in [
        (None, "has no proof `me`"),
        (Some(ContextValue::Bool(true)), "is not a byte string"),
        (
            Some(ContextValue::Bytes(vec![0; 256].into())),
            "these are 256",
        ),
        (
            Some(ContextValue::Bytes(vec![0; 256 + 2_049].into())),
            "these are 2305",
        ),
        (
            Some(ContextValue::Bytes(vec![0xff; 300].into())),
            "the root is not below",
        ),
        (of_key(b"another"), "and the policy names"),
        (of_key(b"a key"), "with its own request alone"),
    ] {
        let found = bringing(value);
        assert!(found.contains(part), "{found}");
    }
}

#[test]
fn proof_of_one_leaf_says_nothing_of_another() {
    let (one, other) = (of_root(7), of_contract());
    let subject = proven(&one, holds(7));
    assert_eq!(only(&other, &subject, &View::new()).truth, Truth::Unknown);
    let weekly = Zk {
        period: Some(604_800),
        ..leaf(&one).clone()
    };
    assert_eq!(subject.proofs.of(&weekly), None);
}

#[test]
fn private_condition_needs_no_account_and_leaves_the_choice() {
    let alone = of_root(7);
    assert!(alone.is_private() && !alone.needs_account() && !alone.requires_account());
    let either = policy(&format!(
        "{{\"any\": [{}, {{\"balance\": {{\"chain\": 314, \"min\": 1}}}}]}}",
        "{\"zk\": {\"circuit\": \"membership-20-v1\", \"key\": \"0x1717171717171717171717171717171717171717171717171717171717171717\", \"root\": \"0x1717171717171717171717171717171717171717171717171717171717171717\", \"proof\": \":me\"}}"
    ));
    assert!(either.needs_account() && !either.requires_account());
}
