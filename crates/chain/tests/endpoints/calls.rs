//! Calls, pinned to a block: what is a value, what is unknown, and who disagrees.

use std::time::{Duration, Instant};

use alloy::primitives::{Address, B256, Bytes, U256, address, bytes};
use serde_json::{Value, json};
use stheno_chain::{Chain, ChainError, contracts::CommitteeContract};
use stheno_protocol::{RETURN_CAP, Unknown, call_gas_cap};

use crate::double::{
    CHAIN, Double, Ledger, Reply, connect, connect_impatient, doubles, error, testimony,
};

const TO: Address = address!("00000000000000000000000000000000000000aa");
const DATA: Bytes = bytes!("12345678");

fn ledger() -> Ledger {
    Ledger::new(100, 90, &[])
}

fn at() -> B256 {
    ledger().hash(90)
}

/// What a call comes to when the only endpoint replies so.
async fn call_when(reply: Reply) -> Result<Bytes, Unknown> {
    let all: [Double; 1] = doubles(&ledger()).await;
    all[0].on_call(TO, &DATA, reply);
    connect(&all, 1).await.call(at(), TO, DATA).await
}

fn value(text: &str) -> Reply {
    Reply::Result(json!(text))
}

fn rpc_words(found: Result<Bytes, Unknown>) -> String {
    match found {
        Err(Unknown::Rpc(words)) => words,
        other => panic!("expected a fault of the endpoints, got {other:?}"),
    }
}

#[tokio::test]
async fn call_is_pinned_and_made_as_the_protocol_says() {
    let all: [Double; 2] = doubles(&ledger()).await;
    let chain = connect(&all, 2).await;
    for double in &all {
        double.on_call(TO, &DATA, value("0x01"));
    }
    assert_eq!(chain.call(at(), TO, DATA).await, Ok(bytes!("01")));
    for double in &all {
        let params = double.asked("eth_call").pop().unwrap();
        assert_eq!(params.as_array().unwrap().len(), 2, "no state override");
        assert_eq!(
            params[1],
            json!({ "blockHash": at(), "requireCanonical": true })
        );
        let call = &params[0];
        assert_eq!(call["from"], json!(Address::ZERO));
        assert_eq!(call["to"], json!(TO));
        assert_eq!(call["data"], json!(DATA));
        assert_eq!(call["gas"], json!(format!("{:#x}", call_gas_cap(CHAIN))));
        assert_eq!(call.get("value"), None);
    }
}

#[tokio::test]
async fn call_is_unknown_when_endpoints_disagree() {
    let all: [Double; 2] = doubles(&ledger()).await;
    let chain = connect(&all, 2).await;
    all[0].on_call(TO, &DATA, value("0x01"));
    all[1].on_call(TO, &DATA, value("0x00"));
    let words = rpc_words(chain.call(at(), TO, DATA).await);
    for said in [
        format!("{} says 0x01", all[0].label()),
        format!("{} says 0x00", all[1].label()),
    ] {
        assert!(words.contains(&said), "{words}");
    }
}

#[tokio::test]
async fn call_is_unknown_when_one_says_a_value_and_one_a_revert() {
    let all: [Double; 2] = doubles(&ledger()).await;
    let chain = connect(&all, 2).await;
    all[0].on_call(TO, &DATA, value("0x01"));
    all[1].on_call(TO, &DATA, error(3, "execution reverted"));
    let words = rpc_words(chain.call(at(), TO, DATA).await);
    assert!(words.contains("that it reverts"), "{words}");
}

#[tokio::test]
async fn call_is_the_majority_s_when_one_of_three_lies() {
    let all: [Double; 3] = doubles(&ledger()).await;
    let chain = connect(&all, 2).await;
    for (double, said) in all.iter().zip(["0x00", "0x01", "0x01"]) {
        double.on_call(TO, &DATA, value(said));
    }
    assert_eq!(chain.call(at(), TO, DATA).await, Ok(bytes!("01")));
}

#[tokio::test]
async fn call_is_unknown_when_all_three_differ() {
    let all: [Double; 3] = doubles(&ledger()).await;
    let chain = connect(&all, 2).await;
    for (double, said) in all.iter().zip(["0x00", "0x01", "0x02"]) {
        double.on_call(TO, &DATA, value(said));
    }
    rpc_words(chain.call(at(), TO, DATA).await);
}

#[tokio::test]
async fn call_never_falls_back_when_one_of_two_is_silent() {
    let all: [Double; 2] = doubles(&ledger()).await;
    let chain = connect_impatient(&all, 2).await;
    all[0].on_call(TO, &DATA, value("0x01"));
    all[1].on_call(TO, &DATA, Reply::Silence);
    let begun = Instant::now();
    let words = rpc_words(chain.call(at(), TO, DATA).await);
    assert!(begun.elapsed() < Duration::from_secs(5));
    let said = format!("{} says nothing within 400ms", all[1].label());
    assert!(words.contains(&said), "{words}");
    // It was a fault, so it is asked again, not remembered.
    all[1].on_call(TO, &DATA, value("0x01"));
    assert_eq!(chain.call(at(), TO, DATA).await, Ok(bytes!("01")));
}

#[tokio::test]
async fn call_is_unknown_when_the_block_is_not_canonical() {
    let all: [Double; 2] = doubles(&ledger()).await;
    let chain = connect(&all, 2).await;
    let words = rpc_words(chain.call(B256::repeat_byte(9), TO, DATA).await);
    assert!(words.contains("header not found"), "{words}");
}

#[tokio::test]
async fn call_is_reverted_when_the_contract_says_so() {
    let lotus = "message execution failed (exit=[33], revert reason=[0x], vm error=[])";
    for reply in [
        Reply::Error(3, "execution reverted".to_owned(), json!("0xdeadbeef")),
        Reply::Error(3, lotus.to_owned(), Value::Null),
        error(-32000, "execution reverted: no"),
        error(-32003, "EVM error InvalidFEOpcode"),
        error(-32000, "invalid opcode: INVALID"),
    ] {
        assert_eq!(call_when(reply).await, Err(Unknown::Reverted));
    }
}

#[tokio::test]
async fn call_is_out_of_gas_when_it_used_it_up() {
    let lotus = "message execution failed (exit=[7], revert reason=[none], vm error=[])";
    for reply in [
        error(-32000, "out of gas"),
        error(-32603, "EVM error OutOfGas"),
        error(3, lotus),
    ] {
        assert_eq!(call_when(reply).await, Err(Unknown::OutOfGas));
    }
}

#[tokio::test]
async fn call_is_no_value_when_an_endpoint_fails() {
    for reply in [
        error(-32002, "upgrade epoch"),
        error(-32001, "header not found"),
        error(-32601, "method not found"),
        error(-32603, "internal error"),
        Reply::Garbage,
        Reply::Status(429),
        Reply::Redirect("http://127.0.0.1:1/".to_owned()),
        Reply::Result(Value::Null),
        Reply::Result(json!({ "not": "bytes" })),
        value("0x0"),
        value("0xzz"),
        value("plain"),
    ] {
        rpc_words(call_when(reply).await);
    }
}

#[tokio::test]
async fn call_is_no_code_when_nothing_is_there() {
    let all: [Double; 2] = doubles(&ledger()).await;
    let chain = connect(&all, 2).await;
    assert_eq!(chain.call(at(), TO, DATA).await, Err(Unknown::NoCode));
    for double in &all {
        double.script(|script| script.codes.insert(TO, bytes!("00")));
    }
    // Remembered for this block; at another it is a contract that returns nothing.
    let later = ledger().hash(91);
    assert_eq!(chain.call(later, TO, DATA).await, Ok(Bytes::new()));
}

#[tokio::test]
async fn call_is_too_long_when_it_returns_more_than_the_cap() {
    let exact = Bytes::from(vec![7; RETURN_CAP]);
    assert_eq!(call_when(Reply::Result(json!(exact))).await, Ok(exact));
    let more = Bytes::from(vec![7; RETURN_CAP + 1]);
    let found = call_when(Reply::Result(json!(more))).await;
    assert_eq!(found, Err(Unknown::TooLong));
}

#[tokio::test]
async fn call_is_made_once_when_asked_many_times() {
    let all: [Double; 2] = doubles(&ledger()).await;
    let chain = connect(&all, 2).await;
    for double in &all {
        double.on_call(TO, &DATA, value("0x01"));
        double.instead("eth_call", Reply::Late(Duration::from_millis(50)));
    }
    let calls = (0..50).map(|_| chain.call(at(), TO, DATA));
    let found = futures::future::join_all(calls).await;
    assert!(found.iter().all(|found| *found == Ok(bytes!("01"))));
    chain.call(at(), TO, DATA).await.unwrap();
    for double in &all {
        assert_eq!(double.asked("eth_call").len(), 1);
    }
}

#[tokio::test]
async fn balance_is_read_at_the_block() {
    let all: [Double; 2] = doubles(&ledger()).await;
    let chain = connect(&all, 2).await;
    for double in &all {
        double.script(|script| script.balances.insert(TO, U256::MAX));
    }
    assert_eq!(chain.balance(at(), TO).await, Ok(U256::MAX));
    let later = ledger().hash(91);
    all[0].script(|script| script.balances.insert(TO, U256::ZERO));
    assert!(matches!(
        chain.balance(later, TO).await,
        Err(Unknown::Rpc(_))
    ));
}

async fn read_when(reply: Reply) -> ChainError {
    let all: [Double; 1] = doubles(&ledger()).await;
    let call = CommitteeContract::networkIdCall { committeeId: 1 };
    let data = alloy::sol_types::SolCall::abi_encode(&call).into();
    all[0].on_call(TO, &data, reply);
    let chain: Chain = connect(&all, 1).await;
    let Err(refused) = chain.read(at(), TO, &call).await else {
        panic!("expected an error");
    };
    refused
}

#[tokio::test]
async fn read_names_the_contract_s_error_when_it_reverts() {
    use alloy::sol_types::SolError;
    let data = CommitteeContract::UnknownCommittee { committeeId: 1 }.abi_encode();
    let reply = Reply::Error(3, "reverted".to_owned(), json!(Bytes::from(data)));
    let refused = read_when(reply).await;
    assert!(
        refused
            .to_string()
            .contains("UnknownCommittee(committeeId: 1)"),
        "{refused}"
    );
}

#[tokio::test]
async fn read_is_inconsistent_when_the_answer_does_not_decode() {
    for reply in [value("0x"), value("0x1234"), error(-32000, "out of gas")] {
        let refused = read_when(reply).await;
        assert!(
            matches!(refused, ChainError::Inconsistent { .. }),
            "{refused}"
        );
    }
    let refused = read_when(Reply::Garbage).await;
    assert_eq!(testimony(&refused).len(), 1);
}
