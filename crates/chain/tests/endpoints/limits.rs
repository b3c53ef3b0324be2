//! An endpoint cannot take more time or memory than it is given.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use alloy::primitives::{Address, B256, Bytes, U256};
use serde_json::json;
use stheno_chain::contracts::CommitteeContract;
use stheno_chain::{Chain, ChainError, HttpOptions};

use crate::double::{
    Double, Ledger, Reply, config, connect_impatient, doubles, options, testimony,
};

/// More than sockets on one machine hold between sender and receiver.
const IN_FLIGHT: u64 = 32 << 20;

async fn refusal_when(reply: Reply) -> String {
    let all: [Double; 2] = doubles(&Ledger::new(10, 8, &[])).await;
    let chain = connect_impatient(&all, 2).await;
    all[1].instead("eth_getBlockByNumber", reply);
    let begun = Instant::now();
    let refused = chain.block_at(5).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(10));
    testimony(&refused)[&all[1].label()].1.clone()
}

#[tokio::test]
async fn answer_is_cut_off_when_it_announces_a_gigabyte() {
    let sent = Arc::new(AtomicU64::new(0));
    let flood = Reply::Flood {
        announced: true,
        sent: Arc::clone(&sent),
    };
    let said = refusal_when(flood).await;
    assert_eq!(said, "more than 4194304 bytes");
    assert!(sent.load(Ordering::SeqCst) < IN_FLIGHT);
}

#[tokio::test]
async fn answer_is_cut_off_when_it_does_not_end() {
    let all: [Double; 1] = doubles(&Ledger::new(10, 8, &[])).await;
    let options = HttpOptions {
        timeout: Duration::from_secs(60),
        max_answer: 1 << 20,
        ..options()
    };
    let chain = Chain::connect(config(&all, 1), options).await.unwrap();
    let sent = Arc::new(AtomicU64::new(0));
    let flood = Reply::Flood {
        announced: false,
        sent: Arc::clone(&sent),
    };
    all[0].instead("eth_getBlockByNumber", flood);
    let begun = Instant::now();
    let refused = chain.block_at(5).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(30));
    let said = &testimony(&refused)[&all[0].label()].1;
    assert_eq!(said, "more than 1048576 bytes");
    assert!(sent.load(Ordering::SeqCst) < (1 << 20) + IN_FLIGHT);
}

/// `bytes[]` whose 1,500 offsets all point to the same 40 kB: 60 MB, if one follows them.
#[tokio::test]
async fn answer_is_refused_when_its_offsets_share_what_they_point_to() {
    let (count, length) = (1_500_usize, 40_000_usize);
    let word = |number: usize| U256::from(number).to_be_bytes_vec();
    let mut answer = [word(32), word(count)].concat();
    for _ in 0..count {
        answer.extend(word(32 * count));
    }
    answer.extend(word(length));
    answer.resize(answer.len() + length, 7);

    let all: [Double; 1] = doubles(&Ledger::new(10, 8, &[])).await;
    let chain = connect_impatient(&all, 1).await;
    all[0].instead("eth_call", Reply::Result(json!(Bytes::from(answer))));
    let call = CommitteeContract::epochKeysCall {
        committeeId: 1,
        epoch: 1,
        first: 1,
        count: 16,
    };
    let refused = chain.read(B256::ZERO, Address::ZERO, &call).await;
    assert!(
        matches!(refused, Err(ChainError::Inconsistent { .. })),
        "{:?}",
        refused.map(|keys| keys.len())
    );
}

#[tokio::test]
async fn answer_is_not_awaited_when_it_is_late() {
    let said = refusal_when(Reply::Late(Duration::from_secs(3600))).await;
    assert_eq!(said, "nothing within 400ms");
}

#[tokio::test]
async fn answer_is_told_on_one_line_when_it_is_garbage() {
    let said = refusal_when(Reply::Garbage).await;
    assert!(said.contains("no answer"), "{said}");
    assert!(!said.contains(['\n', '\u{7}']), "{said}");
    let long = "x".repeat(100_000);
    let said = refusal_when(Reply::Error(-32000, long, serde_json::Value::Null)).await;
    assert!(said.len() < 300, "{}", said.len());
}

#[tokio::test]
async fn endpoint_s_redirect_is_not_followed() {
    let elsewhere: [Double; 1] = doubles(&Ledger::new(10, 8, &[])).await;
    let said = refusal_when(Reply::Redirect(elsewhere[0].url.to_string())).await;
    assert!(said.contains("http status 307"), "{said}");
    assert!(elsewhere[0].asked("eth_getBlockByNumber").is_empty());
}
