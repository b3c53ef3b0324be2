//! What the committee gives out, judged by a contract: the crate's own vectors.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use serde_json::Value;

use stheno_fevm::chain::{BLOCK_GAS, Chain};
use stheno_fevm::contracts::double;
use stheno_fevm::contracts::doubles::FilecoinProbe::askCall;
use stheno_fevm::contracts::doubles::MeasuredVerifier::{openedKeyCall, reencryptionShareCall};
use stheno_fevm::contracts::doubles::{ReencryptionShare, Verdict};
use stheno_fevm::gas::{OF_A_SHARE, OF_AN_OPENED_KEY};
use stheno_fevm::people::Person;
use stheno_fevm::vectors::{self, bytes};
use stheno_fevm::{run, run_before_eip2537};

const EXIT_OUT_OF_GAS: u32 = 7;
/// With so much less than it uses a call fails.
const SLACK: u64 = 1_000_000;
/// Steps in which gas is withheld.
const STEP: u64 = 150_000_000;

#[test]
fn verdicts_are_the_crates() {
    let judge = Person::named("judge");
    run("ThresholdVerifier", vec![judge.clone()], |chain| {
        let verifier = chain.deploy_double(&judge, &double("MeasuredVerifier", "MeasuredVerifier"));
        let vectors = frozen();
        for case in cases(&vectors["openedKeys"], 12) {
            let what = format!("openedKey, {}", name(case));
            let call = opened_key(&vectors, case);
            let verdict =
                chain.act_within(OF_AN_OPENED_KEY, &what, &judge, verifier, U256::ZERO, &call);
            assert_eq!(verdict, expected(case), "{what}");
        }
        for list in ["combinedShares", "nodeShares"] {
            for case in cases(&vectors[list]["cases"], 23) {
                let what = format!("reencryptionShare, {}", name(case));
                let call = share(case);
                let verdict =
                    chain.act_within(OF_A_SHARE, &what, &judge, verifier, U256::ZERO, &call);
                assert_eq!(verdict, expected(case), "{what}");
            }
        }
    });
}

/// On Ethereum twice the gas of a pairing must be at hand. On Filecoin what is used is enough.
#[test]
fn verdict_takes_no_more_gas_at_hand_than_it_uses() {
    let judge = Person::named("judge");
    run(
        "ThresholdVerifier, gas at hand",
        vec![judge.clone()],
        |chain| {
            let verifier =
                chain.deploy_double(&judge, &double("MeasuredVerifier", "MeasuredVerifier"));
            let vectors = frozen();
            let key = opened_key(&vectors, &vectors["openedKeys"][0]);
            let of_key = chain
                .attempt(&judge, verifier, U256::ZERO, BLOCK_GAS, &key)
                .gas;
            let share = share(&vectors["combinedShares"]["cases"][0]);
            let of_share = chain
                .attempt(&judge, verifier, U256::ZERO, BLOCK_GAS, &share)
                .gas;
            let attempts = [of_key, of_key - SLACK, of_share, of_share - SLACK];
            let receipts = attempts.map(|gas| match gas > OF_AN_OPENED_KEY {
                true => chain.attempt(&judge, verifier, U256::ZERO, gas, &share),
                false => chain.attempt(&judge, verifier, U256::ZERO, gas, &key),
            });
            let exits = receipts.each_ref().map(|receipt| receipt.exit);
            assert_eq!(exits, [0, EXIT_OUT_OF_GAS, 0, EXIT_OUT_OF_GAS]);
            assert_eq!(verdict_of(&receipts[0].data), Verdict::Valid);
            assert_eq!(verdict_of(&receipts[2].data), Verdict::Valid);
        },
    );
}

#[test]
fn verdict_is_undecided_if_the_terms_are_no_keys() {
    let judge = Person::named("judge");
    run(
        "ThresholdVerifier, terms that are no keys",
        vec![judge.clone()],
        |chain| {
            let verifier =
                chain.deploy_double(&judge, &double("MeasuredVerifier", "MeasuredVerifier"));
            let vectors = frozen();
            let mut call = opened_key(&vectors, &vectors["openedKeys"][0]);
            call.networkKey = off_the_curve(&call.networkKey);
            assert_eq!(chain.look(&judge, verifier, &call), Verdict::Undecided);
            let mut call = share(&vectors["combinedShares"]["cases"][0]);
            call.readerKey = off_the_curve(&call.readerKey);
            assert_eq!(chain.look(&judge, verifier, &call), Verdict::Undecided);
        },
    );
}

/// The FEVM runs precompiles inside the contract that calls them: want of gas ends the contract's own call. Whoever
/// called gets no verdict, and so none that is wrong.
#[test]
fn verdict_is_never_wrong_for_want_of_gas() {
    let judge = Person::named("judge");
    run("ThresholdVerifier, starved", vec![judge.clone()], |chain| {
        let verifier = chain.deploy_double(&judge, &double("MeasuredVerifier", "MeasuredVerifier"));
        let probe = chain.deploy_double(&judge, &double("FilecoinProbe", "FilecoinProbe"));
        let vectors = frozen();
        let keys = &vectors["openedKeys"];
        for case in [
            &keys[0],
            named(keys, "another item's key"),
            named(keys, "off the curve"),
        ] {
            starve(
                chain,
                &judge,
                [verifier, probe],
                &opened_key(&vectors, case),
                expected(case),
            );
        }
        let shares = &vectors["combinedShares"]["cases"];
        for case in [&shares[0], named(shares, "C3 with torsion")] {
            starve(
                chain,
                &judge,
                [verifier, probe],
                &share(case),
                expected(case),
            );
        }
    });
}

#[test]
fn verdict_is_undecided_without_the_precompiles() {
    let judge = Person::named("judge");
    run_before_eip2537(
        "ThresholdVerifier, network version 26",
        vec![judge.clone()],
        |chain| {
            let verifier =
                chain.deploy_double(&judge, &double("MeasuredVerifier", "MeasuredVerifier"));
            let vectors = frozen();
            for case in cases(&vectors["openedKeys"], 12) {
                let verdict = chain.look(&judge, verifier, &opened_key(&vectors, case));
                assert_undecided(case, verdict);
            }
            for case in cases(&vectors["combinedShares"]["cases"], 23) {
                let verdict = chain.look(&judge, verifier, &share(case));
                assert_undecided(case, verdict);
            }
        },
    );
}

/// By itself, and called by another contract, with more and more gas until it is decided.
fn starve(
    chain: &mut Chain,
    judge: &Person,
    [verifier, probe]: [Address; 2],
    call: &impl SolCall<Return = Verdict>,
    expected: Verdict,
) {
    for (undecided, gas) in (1..).map(|step| step * STEP).enumerate() {
        assert!(gas <= BLOCK_GAS, "a block's gas is not enough");
        let receipt = chain.attempt(judge, verifier, U256::ZERO, gas, call);
        let ask = askCall {
            target: verifier,
            gasLimit: U256::from(gas),
            question: call.abi_encode().into(),
        };
        let asked = chain.look(judge, probe, &ask);
        if !receipt.succeeded() {
            assert_eq!(receipt.exit, EXIT_OUT_OF_GAS, "{}", receipt.failure);
        }
        if !asked.done {
            assert!(asked.answer.is_empty(), "{}", asked.answer);
        }
        let answers = [
            (receipt.succeeded(), &receipt.data),
            (asked.done, &asked.answer),
        ];
        let verdicts = answers.map(|(answered, data)| match answered {
            true => verdict_of(data),
            false => Verdict::Undecided,
        });
        for verdict in &verdicts {
            assert!(
                [&expected, &Verdict::Undecided].contains(&verdict),
                "{verdict:?} with {gas} gas"
            );
        }
        if verdicts.iter().all(|verdict| *verdict == expected) {
            assert!(undecided > 1, "the first step was enough");
            return;
        }
    }
}

fn verdict_of(data: &Bytes) -> Verdict {
    openedKeyCall::abi_decode_returns(data).expect("a verdict")
}

/// What is not a point by its very form is told without a precompile, on every chain.
fn assert_undecided(case: &Value, verdict: Verdict) {
    if name(case).contains("infinity") {
        assert_eq!(verdict, Verdict::Invalid, "{}", name(case));
    } else {
        assert_eq!(verdict, Verdict::Undecided, "{}", name(case));
    }
}

fn frozen() -> Value {
    vectors::read("tests/vectors/crypto-onchain.json")
}

fn cases(list: &Value, count: usize) -> &Vec<Value> {
    let list = list.as_array().expect("a list");
    assert_eq!(list.len(), count);
    list
}

fn named<'a>(list: &'a Value, called: &str) -> &'a Value {
    let mut list = list.as_array().expect("a list").iter();
    list.find(|case| name(case) == called)
        .expect("a case of that name")
}

fn name(case: &Value) -> &str {
    case["name"].as_str().expect("a name")
}

fn expected(case: &Value) -> Verdict {
    if case["valid"].as_bool().expect("a truth") {
        Verdict::Valid
    } else {
        Verdict::Invalid
    }
}

fn opened_key(vectors: &Value, case: &Value) -> openedKeyCall {
    openedKeyCall {
        identity: bytes(&case["identity"]),
        networkKey: bytes(&vectors["networkKey"]),
        key: bytes(&case["key"]),
    }
}

fn share(case: &Value) -> reencryptionShareCall {
    let share = ReencryptionShare {
        c1: bytes(&case["c1"]),
        c2: bytes(&case["c2"]),
        c3: bytes(&case["c3"]),
    };
    reencryptionShareCall {
        identity: bytes(&case["identity"]),
        signer: bytes(&case["signer"]),
        readerKey: bytes(&case["readerKey"]),
        share,
    }
}

fn off_the_curve(point: &Bytes) -> Bytes {
    let mut bytes = point.to_vec();
    bytes[40] ^= 1;
    bytes.into()
}
