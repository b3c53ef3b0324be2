//! Proofs of the crate and of arkworks, judged by the contract.

use alloy_primitives::{Address, B256, Bytes, U256, U512, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use serde_json::Value;

use stheno_fevm::chain::{BLOCK_GAS, Chain};
use stheno_fevm::contracts::double;
use stheno_fevm::contracts::doubles::FilecoinProbe::{askCall, codeCall};
use stheno_fevm::contracts::groth16_verifier::Groth16VerifierContract::{self, *};
use stheno_fevm::gas::OF_A_PROOF;
use stheno_fevm::people::{Person, precompile};
use stheno_fevm::receipt::Receipt;
use stheno_fevm::vectors::{self, bytes};
use stheno_fevm::{run, run_before_eip2537};

use super::{Proven, R, deploy_verifier, simulated};

const EXIT_OUT_OF_GAS: u32 = 7;
/// With so much less than it uses a call fails.
const SLACK: u64 = 1_000_000;
/// Steps in which gas is withheld.
const STEP: u64 = 300_000_000;
/// Where the points of a key and of a proof begin.
const KEY_POINTS: [usize; 6] = [0, 128, 384, 640, 896, 1_024];
const PROOF_POINTS: [(&str, usize, usize); 3] = [("A", 0, 128), ("B", 128, 384), ("C", 384, 512)];

#[test]
fn proofs_are_true_and_with_any_input_altered_false() {
    let judge = Person::named("judge");
    run("Groth16Verifier", vec![judge.clone()], |chain| {
        let probe = chain.deploy_double(&judge, &double("FilecoinProbe", "FilecoinProbe"));
        for (key, proven) in [circuit(0), arkworks(0), circuit(1)] {
            let verifier = deploy_verifier(chain, &judge, &key);
            let count = proven.inputs.len();
            assert_eq!(
                chain.look(&judge, verifier, &inputCountCall {}),
                U256::from(count)
            );
            assert_eq!(chain.look(&judge, verifier, &verifyingKeyCall {}), key);
            let digest = sha256(chain, &judge, probe, &key);
            assert_eq!(chain.look(&judge, verifier, &keyDigestCall {}), digest);
            let what = format!("verify, {count} inputs");
            assert!(judge_it(chain, &judge, verifier, &what, &proven));
            for place in 0..count {
                let mut altered = proven.clone();
                altered.inputs[place] ^= U256::ONE;
                let what = format!("verify, {count} inputs, one altered");
                assert!(
                    !judge_it(chain, &judge, verifier, &what, &altered),
                    "input {place}"
                );
            }
        }
        let (key, proven) = simulated::key_and_proof(chain, &judge, 16);
        let verifier = deploy_verifier(chain, &judge, &key);
        assert!(judge_it(
            chain,
            &judge,
            verifier,
            "verify, 16 inputs",
            &proven
        ));
        let mut altered = proven;
        altered.inputs[15] ^= U256::ONE;
        assert!(!judge_it(
            chain,
            &judge,
            verifier,
            "verify, 16 inputs, one altered",
            &altered
        ));
    });
}

/// None costs more than 15 % above a true one: after a point that is none, a pairing is tried that must hold.
#[test]
fn proofs_that_are_none_are_false_and_hardly_dearer() {
    let judge = Person::named("judge");
    run("Groth16Verifier, malformed", vec![judge.clone()], |chain| {
        let (key, proven) = circuit(0);
        let verifier = deploy_verifier(chain, &judge, &key);
        let (right, _) = verify(chain, &judge, verifier, &proven);
        for (what, proof) in malformed(&proven.proof) {
            let what = format!("verify, {what}");
            let wrong = Proven {
                inputs: proven.inputs.clone(),
                proof,
            };
            let (receipt, verdict) = verify(chain, &judge, verifier, &wrong);
            assert!(!verdict, "{what}");
            assert!(
                receipt.gas * 100 < right.gas * 115,
                "{what}: {}",
                receipt.gas
            );
            chain.record(what, &receipt, OF_A_PROOF);
        }
    });
}

#[test]
fn inputs_that_are_none_revert() {
    let judge = Person::named("judge");
    run("Groth16Verifier, inputs", vec![judge.clone()], |chain| {
        let (key, proven) = circuit(0);
        let verifier = chain.unrecorded(|chain| deploy_verifier(chain, &judge, &key));
        let attempt = |chain: &mut Chain, inputs: &[U256]| {
            let call = verifyCall {
                inputs: inputs.to_vec(),
                proof: proven.proof.clone(),
            };
            chain.attempt(&judge, verifier, U256::ZERO, BLOCK_GAS, &call)
        };
        for place in 0..proven.inputs.len() {
            // The same number by another name, the order itself, and the largest word.
            for input in [proven.inputs[place] + R, R, U256::MAX] {
                let mut inputs = proven.inputs.clone();
                inputs[place] = input;
                attempt(chain, &inputs).assert_reverted_with::<InputNotCanonical>();
            }
        }
        let more = [&proven.inputs[..], &[U256::ZERO]].concat();
        for inputs in [&more[..], &proven.inputs[1..], &[]] {
            attempt(chain, inputs).assert_reverted_with::<WrongInputCount>();
        }
    });
}

/// The constructor creates a contract in its turn, at the address that Ethereum has for it (EIP-1014), and what is read is
/// its code.
#[test]
fn key_is_the_code_of_a_contract_that_the_constructor_made() {
    let judge = Person::named("judge");
    run(
        "Groth16Verifier, the key's place",
        vec![judge.clone()],
        |chain| {
            let probe = chain.deploy_double(&judge, &double("FilecoinProbe", "FilecoinProbe"));
            let keys = [circuit(0).0, simulated::key_and_proof(chain, &judge, 16).0];
            for key in keys {
                let verifier = chain.unrecorded(|chain| deploy_verifier(chain, &judge, &key));
                let kept = [&[0][..], &key].concat();
                let account = verifier.create2_from_code(B256::ZERO, code_that_returns(&kept));
                let found = chain.look(&judge, probe, &codeCall { account });
                let expected = (U256::from(kept.len()), keccak256(&kept));
                assert_eq!((found.length, found.hash), expected);
                // It begins with STOP: whoever calls it calls nothing.
                let ask = askCall {
                    target: account,
                    gasLimit: U256::from(BLOCK_GAS),
                    question: vec![1].into(),
                };
                let asked = chain.look(&judge, probe, &ask);
                assert!(asked.done && asked.answer.is_empty());
            }
            // The same code, as long as code may be.
            let longest = chain.deploy_double(&judge, &code_that_returns(&[0; 24_576]));
            let found = chain.look(&judge, probe, &codeCall { account: longest });
            assert_eq!(found.length, U256::from(24_576));
            let longer = chain.attempt_deploy(&judge, &code_that_returns(&[0; 24_577]), &[]);
            assert!(!longer.succeeded());
        },
    );
}

/// What a constructor reverts with comes back, as it does on Ethereum.
#[test]
fn keys_that_are_none_are_refused() {
    let judge = Person::named("judge");
    run("Groth16Verifier, keys", vec![judge.clone()], |chain| {
        let (key, _) = circuit(0);
        let refused = |chain: &mut Chain, key: Vec<u8>| {
            let arguments = (Bytes::from(key),).abi_encode_params();
            chain.attempt_deploy(&judge, &Groth16VerifierContract::BYTECODE, &arguments)
        };
        for key in [
            &key[..0],
            &key[..896],
            &key[..1_024],
            &key[1..],
            &[0; 896 + 18 * 128][..],
        ] {
            refused(chain, key.to_vec()).assert_reverted_with::<KeyLength>();
        }
        let [in_g1, in_g2] = outside();
        for (at, end) in KEY_POINTS
            .into_iter()
            .zip([128, 384, 640, 896, 1_024, 1_152])
        {
            let outside = if end - at == 128 { &in_g1 } else { &in_g2 };
            for point in [&off_the_curve(&key[at..end])[..], &outside[..]] {
                let receipt = refused(chain, with(&key, at, point).to_vec());
                receipt.assert_reverted_with::<KeyNotOfPoints>();
            }
            let nothing = with(&key, at, &vec![0; end - at]);
            refused(chain, nothing.to_vec()).assert_reverted_with::<KeyAtInfinity>();
        }
        for [from, to] in [[384, 640], [128, 384], [128, 640]] {
            let forgeable = with(&key, to, &key[from..from + 256]);
            refused(chain, forgeable.to_vec()).assert_reverted_with::<KeyProvesAnything>();
        }
    });
}

/// As for verdicts: want of gas ends the contract's call, and there is no answer.
#[test]
fn verifier_is_never_wrong_for_want_of_gas() {
    let judge = Person::named("judge");
    run("Groth16Verifier, starved", vec![judge.clone()], |chain| {
        let (key, proven) = circuit(0);
        let verifier = chain.unrecorded(|chain| deploy_verifier(chain, &judge, &key));
        let mut altered = proven.clone();
        altered.inputs[1] ^= U256::ONE;
        let mut none = proven.clone();
        none.proof = with(&proven.proof, 384, &outside()[0]);
        for (proven, truth) in [(proven, true), (altered, false), (none, false)] {
            starve(chain, &judge, verifier, &proven, truth);
        }
    });
}

/// Nobody finds out whether a key is one, so nobody gets a verifier.
#[test]
fn verifier_is_not_deployed_without_the_precompiles() {
    let judge = Person::named("judge");
    run_before_eip2537(
        "Groth16Verifier, network version 26",
        vec![judge.clone()],
        |chain| {
            let arguments = (circuit(0).0,).abi_encode_params();
            let code = &Groth16VerifierContract::BYTECODE;
            let receipt = chain.attempt_deploy(&judge, code, &arguments);
            receipt.assert_reverted_with::<KeyNotOfPoints>();
        },
    );
}

fn starve(chain: &mut Chain, judge: &Person, verifier: Address, proven: &Proven, truth: bool) {
    let call = call(proven);
    let used = chain
        .attempt(judge, verifier, U256::ZERO, BLOCK_GAS, &call)
        .gas;
    let steps = (1..).map(|step| step * STEP).take_while(|gas| *gas < used);
    for gas in steps.chain([used - SLACK]) {
        let receipt = chain.attempt(judge, verifier, U256::ZERO, gas, &call);
        assert_eq!(
            receipt.exit, EXIT_OUT_OF_GAS,
            "with {gas} gas: {}",
            receipt.failure
        );
        assert!(receipt.data.is_empty());
    }
    let enough = chain.attempt(judge, verifier, U256::ZERO, used, &call);
    enough.assert_success("with what it uses");
    assert_eq!(enough.returned::<verifyCall>(), truth);
}

/// The verdict: a row of the table.
fn judge_it(
    chain: &mut Chain,
    by: &Person,
    verifier: Address,
    what: &str,
    proven: &Proven,
) -> bool {
    chain.act_within(OF_A_PROOF, what, by, verifier, U256::ZERO, &call(proven))
}

/// The same, without one.
fn verify(chain: &mut Chain, by: &Person, verifier: Address, proven: &Proven) -> (Receipt, bool) {
    let receipt = chain.attempt(by, verifier, U256::ZERO, BLOCK_GAS, &call(proven));
    receipt.assert_success("verify");
    let verdict = receipt.returned::<verifyCall>();
    (receipt, verdict)
}

fn call(proven: &Proven) -> verifyCall {
    verifyCall {
        inputs: proven.inputs.clone(),
        proof: proven.proof.clone(),
    }
}

/// Of a right proof what is none, or none of these inputs.
fn malformed(right: &Bytes) -> Vec<(String, Bytes)> {
    let [in_g1, in_g2] = outside();
    let mut cases = vec![
        ("of another circuit".to_owned(), circuit(1).1.proof),
        (
            "A and C exchanged".to_owned(),
            [&right[384..], &right[128..384], &right[..128]]
                .concat()
                .into(),
        ),
        ("a byte too short".to_owned(), right.slice(..511)),
        (
            "a byte too long".to_owned(),
            [&right[..], &[0]].concat().into(),
        ),
        ("no bytes".to_owned(), Bytes::new()),
    ];
    for (name, at, end) in PROOF_POINTS {
        let outside = if end - at == 128 { &in_g1 } else { &in_g2 };
        let mut padded = right.to_vec();
        padded[at] = 1;
        let kinds = [
            (
                "off the curve",
                with(right, at, &off_the_curve(&right[at..end])),
            ),
            ("outside the subgroup", with(right, at, outside)),
            ("at infinity", with(right, at, &vec![0; end - at])),
            (
                "x not below p",
                with(right, at, &plus_p(&right[at..at + 64])),
            ),
            (
                "y not below p",
                with(right, end - 64, &plus_p(&right[end - 64..end])),
            ),
            ("with padding that is not zero", padded.into()),
        ];
        cases.extend(kinds.map(|(kind, proof)| (format!("{name} {kind}"), proof)));
    }
    cases
}

fn with(bytes: &Bytes, at: usize, part: &[u8]) -> Bytes {
    [&bytes[..at], part, &bytes[at + part.len()..]]
        .concat()
        .into()
}

fn off_the_curve(point: &[u8]) -> Vec<u8> {
    let mut point = point.to_vec();
    *point.last_mut().expect("a point") ^= 1;
    point
}

/// A coordinate by another name.
fn plus_p(coordinate: &[u8]) -> [u8; 64] {
    let p = "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
    let p = U512::from_str_radix(p, 16).expect("digits");
    (U512::from_be_slice(coordinate) + p).to_be_bytes()
}

/// What makes a contract of which these bytes are the code: see `CodeData`.
fn code_that_returns(code: &[u8]) -> Vec<u8> {
    let length = u16::try_from(code.len()).expect("short code").to_be_bytes();
    [
        &[0x61][..],
        &length[..],
        &[0x80, 0x60, 0x0a, 0x5f, 0x39, 0x5f, 0xf3],
        code,
    ]
    .concat()
}

fn sha256(chain: &mut Chain, by: &Person, probe: Address, data: &Bytes) -> B256 {
    let ask = askCall {
        target: precompile(2),
        gasLimit: U256::from(BLOCK_GAS),
        question: data.clone(),
    };
    B256::from_slice(&chain.look(by, probe, &ask).answer)
}

/// Key, inputs and proof of one of the crate's circuits: membership with 4 inputs, credential with 13.
fn circuit(number: usize) -> (Bytes, Proven) {
    let proof = &vectors::read("tests/vectors/circuits.json")["proofs"][number];
    let key = bytes(&proof["verifyingKeyEip2537"]);
    (key, proven(&proof["inputs"], &proof["proofEip2537"]))
}

/// The same of a toy circuit, by arkworks alone.
fn arkworks(number: usize) -> (Bytes, Proven) {
    let vectors = vectors::read("contracts/test/vectors/groth16.json");
    let proof = &vectors["proofs"][number];
    (
        bytes(&vectors["key"]),
        proven(&proof["inputs"], &proof["proof"]),
    )
}

fn proven(inputs: &Value, proof: &Value) -> Proven {
    let inputs = inputs.as_array().expect("a list").iter();
    Proven {
        inputs: inputs
            .map(|input| U256::from_be_slice(&bytes(input)))
            .collect(),
        proof: bytes(proof),
    }
}

/// Points on the curves of G1 and G2 that are in no subgroup.
fn outside() -> [Bytes; 2] {
    let vectors = vectors::read("contracts/test/vectors/groth16.json");
    ["g1", "g2"].map(|group| bytes(&vectors["outside"][group]))
}
