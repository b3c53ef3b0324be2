//! Final logs, in order, without holes.

use std::collections::BTreeSet;
use std::time::Duration;

use alloy::primitives::{Address, B256, U64, address};
use alloy::rpc::types::Filter;
use serde_json::{Value, json};
use stheno_chain::{Batch, Chain, ChainError, Cursor, HttpOptions, LogFollower};

use crate::double::{
    Double, Ledger, Reply, config, connect, connect_impatient, doubles, options, testimony,
};

const CONTRACT: Address = address!("00000000000000000000000000000000000000cc");
const TOPIC: B256 = B256::repeat_byte(0x11);

fn log(ledger: &Ledger, number: u64, index: u64) -> Value {
    json!({
        "address": CONTRACT,
        "topics": [TOPIC],
        "data": format!("0x{index:064x}"),
        "blockNumber": U64::from(number),
        "blockHash": ledger.hash(number),
        "transactionHash": B256::repeat_byte(3),
        "transactionIndex": "0x0",
        "logIndex": U64::from(index),
        "removed": false,
    })
}

fn script_logs(all: &[Double], logs: &[Value]) {
    for double in all {
        double.script(|script| script.logs = logs.to_vec());
    }
}

fn follow(chain: Chain, cursor: Cursor) -> LogFollower {
    let filter = Filter::new().address(CONTRACT).event_signature(TOPIC);
    LogFollower::new(chain, filter, cursor)
}

fn places(batch: &Batch) -> Vec<(u64, u64)> {
    let events = batch.events.iter();
    events
        .map(|log| (log.block_number.unwrap(), log.log_index.unwrap()))
        .collect()
}

/// The (first, last) of every log query that a double saw.
fn ranges(double: &Double) -> Vec<(u64, u64)> {
    let number = |value: &Value| serde_json::from_value::<U64>(value.clone()).unwrap().to();
    let asked = double.asked("eth_getLogs").into_iter();
    asked
        .map(|params| {
            (
                number(&params[0]["fromBlock"]),
                number(&params[0]["toBlock"]),
            )
        })
        .collect()
}

#[tokio::test]
async fn follower_gives_final_logs_in_order_and_each_once() {
    let ledger = Ledger::new(100, 90, &[85, 86, 91]);
    let all: [Double; 2] = doubles(&ledger).await;
    let logs = [(95, 0), (90, 7), (82, 1), (82, 0), (87, 2)];
    script_logs(
        &all,
        &logs.map(|(number, index)| log(&ledger, number, index)),
    );
    let mut follower = follow(connect(&all, 2).await, Cursor::From(80));
    let batch = follower.poll().await.unwrap().unwrap();
    assert_eq!(places(&batch), [(82, 0), (82, 1), (87, 2), (90, 7)]);
    assert_eq!(batch.up_to.number, 90);
    assert_eq!(follower.cursor(), Cursor::After(batch.up_to.at()));
    assert!(follower.poll().await.unwrap().is_none());
    for double in &all {
        double.script(|script| script.ledger.finalized = 96);
    }
    let batch = follower.poll().await.unwrap().unwrap();
    assert_eq!(places(&batch), [(95, 0)]);
    assert_eq!(ranges(&all[0]).last(), Some(&(91, 96)));
    // Walked along parents, over the null round 91.
    assert_eq!(all[0].asked("eth_getBlockByHash").len(), 4);
}

#[tokio::test]
async fn follower_waits_when_nothing_new_is_final() {
    let ledger = Ledger::new(100, 90, &[]);
    let all: [Double; 2] = doubles(&ledger).await;
    script_logs(&all, &[log(&ledger, 92, 0)]);
    let mut follower = follow(connect(&all, 2).await, Cursor::From(91));
    assert!(follower.poll().await.unwrap().is_none());
    let every = Duration::from_millis(20);
    let (batch, ()) = tokio::join!(follower.next(every), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        for double in &all {
            double.script(|script| script.ledger.finalized = 93);
        }
    });
    assert_eq!(places(&batch.unwrap()), [(92, 0)]);
}

#[tokio::test]
async fn follower_asks_for_2880_blocks_at_most_when_it_is_far_behind() {
    // Null rounds at the end of the first range, too.
    let ledger = Ledger::new(7000, 6990, &[5, 2879, 2880, 5000]);
    let all: [Double; 2] = doubles(&ledger).await;
    let logs = [1, 2878, 2881, 5760, 6990].map(|number| log(&ledger, number, 0));
    script_logs(&all, &logs);
    let mut follower = follow(connect(&all, 2).await, Cursor::From(0));
    let mut seen = Vec::new();
    let mut ends = Vec::new();
    while let Some(batch) = follower.poll().await.unwrap() {
        seen.extend(places(&batch));
        ends.push(batch.up_to.number);
    }
    assert_eq!(ends, [2878, 5758, 6990]);
    assert_eq!(seen, [(1, 0), (2878, 0), (2881, 0), (5760, 0), (6990, 0)]);
    let mut asked = ranges(&all[0]);
    asked.dedup();
    assert_eq!(asked, [(0, 2878), (2879, 5758), (5759, 6990)]);
}

#[tokio::test]
async fn follower_splits_when_a_range_is_too_much_for_one_endpoint() {
    let ledger = Ledger::new(2000, 1990, &[]);
    let all: [Double; 2] = doubles(&ledger).await;
    let numbers = [0, 499, 500, 999, 1000, 1990];
    script_logs(&all, &numbers.map(|number| log(&ledger, number, 0)));
    all[1].script(|script| script.log_range = Some(300));
    let mut follower = follow(connect(&all, 2).await, Cursor::From(0));
    let batch = follower.poll().await.unwrap().unwrap();
    assert_eq!(places(&batch), numbers.map(|number| (number, 0)));
    assert_eq!(ranges(&all[0]).len(), 1);
    let good: Vec<_> = ranges(&all[1])
        .into_iter()
        .filter(|(first, last)| last - first < 300)
        .collect();
    let covered: BTreeSet<u64> = good
        .iter()
        .flat_map(|(first, last)| *first..=*last)
        .collect();
    assert_eq!(covered.len(), 1991);
}

#[tokio::test]
async fn follower_splits_when_an_answer_is_too_long() {
    let ledger = Ledger::new(100, 90, &[]);
    let all: [Double; 1] = doubles(&ledger).await;
    let logs: Vec<Value> = (0..90).map(|number| log(&ledger, number, 0)).collect();
    script_logs(&all, &logs);
    let options = HttpOptions {
        max_logs_answer: 12_000,
        ..options()
    };
    let chain = Chain::connect(config(&all, 1), options).await.unwrap();
    let batch = follow(chain, Cursor::From(0))
        .poll()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(batch.events.len(), 90);
    assert!(ranges(&all[0]).len() > 3);
}

#[tokio::test]
async fn follower_gives_up_on_an_endpoint_that_finds_everything_too_much() {
    let ledger = Ledger::new(2900, 2890, &[]);
    let all: [Double; 2] = doubles(&ledger).await;
    all[1].script(|script| script.log_range = Some(1));
    let mut follower = follow(connect(&all, 2).await, Cursor::From(0));
    let refused = follower.poll().await.unwrap_err();
    assert!(testimony(&refused)[&all[1].label()].1.contains("too long"));
    assert!(ranges(&all[1]).len() <= 256);
    assert_eq!(follower.cursor(), Cursor::From(0));
}

#[tokio::test]
async fn follower_ignores_logs_that_were_removed() {
    let ledger = Ledger::new(100, 90, &[]);
    let all: [Double; 2] = doubles(&ledger).await;
    script_logs(&all, &[log(&ledger, 80, 0)]);
    let mut removed = log(&ledger, 81, 0);
    removed["removed"] = json!(true);
    removed["blockHash"] = json!(B256::repeat_byte(5));
    all[1].script(|script| script.logs.push(removed));
    let mut follower = follow(connect(&all, 2).await, Cursor::From(70));
    assert_eq!(places(&follower.poll().await.unwrap().unwrap()), [(80, 0)]);
}

#[tokio::test]
async fn follower_stops_when_one_endpoint_leaves_a_log_out() {
    let ledger = Ledger::new(100, 90, &[]);
    let all: [Double; 2] = doubles(&ledger).await;
    script_logs(&all, &[log(&ledger, 80, 0), log(&ledger, 81, 0)]);
    all[1].script(|script| script.logs.pop());
    let mut follower = follow(connect(&all, 2).await, Cursor::From(70));
    let refused = follower.poll().await.unwrap_err();
    let said = testimony(&refused);
    assert!(said[&all[0].label()].1.starts_with("2 logs"));
    assert!(said[&all[1].label()].1.starts_with("1 logs"));
    // And goes on where it was, once they agree.
    script_logs(&all, &[log(&ledger, 80, 0), log(&ledger, 81, 0)]);
    assert_eq!(follower.poll().await.unwrap().unwrap().events.len(), 2);
}

#[tokio::test]
async fn follower_stops_when_one_endpoint_changes_a_log() {
    let ledger = Ledger::new(100, 90, &[]);
    let changes: [(&str, Value); 3] = [
        ("data", json!("0x01")),
        ("topics", json!([TOPIC, TOPIC])),
        ("logIndex", json!("0x5")),
    ];
    for (field, value) in changes {
        let all: [Double; 2] = doubles(&ledger).await;
        script_logs(&all, &[log(&ledger, 80, 0)]);
        all[1].script(|script| script.logs[0][field] = value);
        let mut follower = follow(connect(&all, 2).await, Cursor::From(70));
        assert!(follower.poll().await.is_err(), "{field}");
    }
}

#[tokio::test]
async fn follower_refuses_logs_that_were_not_asked_for() {
    let ledger = Ledger::new(100, 90, &[]);
    let changes: [(&str, Value); 5] = [
        ("address", json!(Address::ZERO)),
        ("topics", json!([])),
        ("blockNumber", json!("0x5b")),
        ("blockHash", json!(B256::repeat_byte(5))),
        ("blockHash", Value::Null),
    ];
    for (field, value) in changes {
        let all: [Double; 1] = doubles(&ledger).await;
        let mut strange = log(&ledger, 80, 0);
        strange[field] = value;
        all[0].instead("eth_getLogs", Reply::Result(json!([strange])));
        let chain = connect(&all, 1).await;
        for cursor in [Cursor::From(70), Cursor::After(block(&chain, 70).await)] {
            let refused = follow(chain.clone(), cursor).poll().await;
            assert!(refused.is_err(), "{field} {cursor:?}");
        }
    }
}

async fn block(chain: &Chain, number: u64) -> stheno_chain::BlockRef {
    chain.block_at(number).await.unwrap().unwrap().at()
}

#[tokio::test]
async fn follower_is_told_when_a_final_block_was_reorganised() {
    let ledger = Ledger::new(100, 90, &[]);
    let all: [Double; 2] = doubles(&ledger).await;
    let mut follower = follow(connect(&all, 2).await, Cursor::From(80));
    follower.poll().await.unwrap().unwrap();
    for finalized in [90, 95] {
        let mut fork = ledger.forked(85, 9);
        fork.finalized = finalized;
        for double in &all {
            double.script(|script| script.ledger = fork.clone());
        }
        let refused = follower.poll().await.unwrap_err();
        let ChainError::Reorganised { was, now, .. } = refused else {
            panic!("{refused:?}");
        };
        assert_eq!((was, now), (ledger.hash(90), Some(fork.hash(90))));
    }
}

#[tokio::test]
async fn follower_continues_from_its_cursor_after_a_restart() {
    let ledger = Ledger::new(100, 90, &[]);
    let all: [Double; 2] = doubles(&ledger).await;
    let logs: Vec<Value> = (80..=90).map(|number| log(&ledger, number, 0)).collect();
    script_logs(&all, &logs);
    let chain = connect(&all, 2).await;
    let cursor = Cursor::After(block(&chain, 84).await);
    let stored = serde_json::to_string(&cursor).unwrap();
    let mut follower = follow(chain, serde_json::from_str(&stored).unwrap());
    let batch = follower.poll().await.unwrap().unwrap();
    assert_eq!(batch.events.first().unwrap().block_number, Some(85));
    assert_eq!(batch.events.len(), 6);
}

#[tokio::test]
async fn follower_keeps_its_place_when_an_endpoint_is_silent() {
    let ledger = Ledger::new(100, 90, &[]);
    let all: [Double; 2] = doubles(&ledger).await;
    let mut follower = follow(connect_impatient(&all, 2).await, Cursor::From(80));
    all[0].instead("eth_getLogs", Reply::Silence);
    let refused = follower.poll().await.unwrap_err();
    assert!(refused.retryable());
    all[0].usual("eth_getLogs");
    let batch = follower.poll().await.unwrap().unwrap();
    assert_eq!(batch.up_to.number, 90);
    assert_eq!(ranges(&all[1]).last(), Some(&(80, 90)));
}

#[tokio::test]
async fn last_log_is_looked_for_backwards_and_not_for_ever() {
    let ledger = Ledger::new(7000, 6990, &[]);
    let all: [Double; 2] = doubles(&ledger).await;
    let logs = [(1_200, 3), (1_200, 4), (900, 0)];
    script_logs(
        &all,
        &logs.map(|(number, index)| log(&ledger, number, index)),
    );
    let chain = connect(&all, 2).await;
    let filter = Filter::new().address(CONTRACT).event_signature(TOPIC);
    let head = chain.head().await.unwrap();
    let found = async |blocks| chain.last_log(&filter, &head, blocks).await;
    let newest = found(6_000).await.unwrap().unwrap();
    assert_eq!(
        (newest.block_number, newest.log_index),
        (Some(1_200), Some(4))
    );
    assert_eq!(
        ranges(&all[0]),
        [(4_121, 7_000), (1_241, 4_120), (1_000, 1_240)]
    );
    assert!(found(5_799).await.unwrap().is_none());
    // Of another contract, or of other blocks than were asked about.
    all[0].script(|script| script.logs[1]["address"] = json!(Address::ZERO));
    assert!(matches!(
        found(6_000).await,
        Err(ChainError::NoAgreement { .. })
    ));
}
