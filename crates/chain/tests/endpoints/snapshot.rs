//! The reads of a policy, over several chains at once.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use alloy::primitives::{Address, Bytes, U256, address, bytes};
use serde_json::json;
use stheno_chain::{Chain, ChainConfig, Chains, Positions, Snapshot};
use stheno_protocol::{ChainView, Code, Read, Reading, Unknown};

use crate::double::{
    CHAIN, Double, GENESIS, Ledger, Reply, connect, connect_impatient, doubles, options,
};

const TO: Address = address!("00000000000000000000000000000000000000aa");
const OTHER: u64 = 314;

fn call(chain: u64, tier: u64) -> Read {
    Read::Call {
        chain,
        tier,
        to: TO,
        data: bytes!("12345678"),
    }
}

/// One double for `CHAIN`, one for `OTHER`, both with a contract at `TO`.
async fn two_chains() -> ([Double; 2], Chains) {
    let all: [Double; 2] = doubles(&Ledger::new(100, 90, &[])).await;
    for double in &all {
        let reply = Reply::Result(json!("0x2a"));
        double.on_call(TO, &bytes!("12345678"), reply);
        double.script(|script| script.balances.insert(TO, U256::from(5)));
    }
    all[1].script(|script| script.chain_id = OTHER);
    let config = ChainConfig::new(OTHER, vec![all[1].url.clone()]);
    let other = Chain::connect(config, options()).await.unwrap();
    let chains = Chains::of([connect(&all[..1], 1).await, other]);
    (all, chains)
}

#[tokio::test]
async fn snapshot_holds_every_read_at_its_own_place() {
    let (all, chains) = two_chains().await;
    let (here, there) = (chains.get(CHAIN).unwrap(), chains.get(OTHER).unwrap());
    let mut at = Positions::new();
    at.insert(0, here.final_head().await.unwrap());
    at.insert(5, here.confirmed(5).await.unwrap());
    at.insert(0, there.confirmed(20).await.unwrap());
    let balance = Read::Balance {
        chain: OTHER,
        tier: 0,
        of: TO,
    };
    let time = |chain, tier| Read::BlockTime { chain, tier };
    let number = |chain, tier| Read::BlockNumber { chain, tier };
    let reads = BTreeSet::from([
        call(CHAIN, 0),
        call(CHAIN, 5),
        call(OTHER, 0),
        balance.clone(),
        time(CHAIN, 5),
        time(OTHER, 0),
        number(CHAIN, 5),
        number(OTHER, 0),
    ]);
    let snapshot = chains.snapshot(&reads, &at).await;
    for read in [call(CHAIN, 0), call(CHAIN, 5), call(OTHER, 0)] {
        assert_eq!(snapshot.read(&read), Ok(Reading::Bytes(bytes!("2a"))));
    }
    assert_eq!(snapshot.read(&balance), Ok(Reading::Balance(U256::from(5))));
    let at_95 = Reading::Time(GENESIS + 30 * 95);
    assert_eq!(snapshot.read(&time(CHAIN, 5)), Ok(at_95));
    let at_80 = Reading::Time(GENESIS + 30 * 80);
    assert_eq!(snapshot.read(&time(OTHER, 0)), Ok(at_80));
    assert_eq!(snapshot.read(&number(CHAIN, 5)), Ok(Reading::Number(95)));
    assert_eq!(snapshot.read(&number(OTHER, 0)), Ok(Reading::Number(80)));
    let blocks = |double: &Double| -> BTreeSet<String> {
        let asked = double.asked("eth_call").into_iter();
        asked
            .map(|params| params[1]["blockHash"].to_string())
            .collect()
    };
    assert_eq!(blocks(&all[0]).len(), 2);
    assert_eq!(blocks(&all[1]).len(), 1);
}

#[tokio::test]
async fn snapshot_is_unknown_where_it_could_not_read() {
    let (_all, chains) = two_chains().await;
    let mut at = Positions::new();
    at.insert(0, chains.get(CHAIN).unwrap().final_head().await.unwrap());
    let reads = BTreeSet::from([call(CHAIN, 0), call(CHAIN, 3), call(1, 0)]);
    let snapshot = chains.snapshot(&reads, &at).await;
    assert!(snapshot.read(&call(CHAIN, 0)).is_ok());
    assert_eq!(snapshot.read(&call(CHAIN, 3)), Err(Unknown::Missing));
    assert!(matches!(snapshot.read(&call(1, 0)), Err(Unknown::Rpc(_))));
    assert_eq!(snapshot.read(&call(CHAIN, 9)), Err(Unknown::Missing));
}

#[tokio::test]
async fn snapshot_reads_in_parallel_and_equal_reads_once() {
    let (all, chains) = two_chains().await;
    all[0].instead("eth_call", Reply::Late(Duration::from_millis(200)));
    let head = chains.get(CHAIN).unwrap().head().await.unwrap();
    // Thirty tiers at one block are one read; thirty contracts are thirty.
    let at: Positions = (0..30).map(|tier| (tier, head)).collect();
    let same = (0..30).map(|tier| call(CHAIN, tier));
    let different = (0..30_u8).map(|number| Read::Call {
        chain: CHAIN,
        tier: 0,
        to: TO,
        data: vec![number].into(),
    });
    let reads: BTreeSet<Read> = same.chain(different).collect();
    let begun = Instant::now();
    chains.snapshot(&reads, &at).await;
    assert_eq!(all[0].asked("eth_call").len(), 31);
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "one after the other"
    );
}

#[tokio::test]
async fn heads_are_every_tier_s_position_at_the_head() {
    let (_all, chains) = two_chains().await;
    let places = BTreeSet::from([(CHAIN, 0), (CHAIN, 5), (OTHER, 0)]);
    let heads = chains.heads(&places).await.unwrap();
    assert_eq!(heads.iter().count(), 3);
    assert!(heads.iter().all(|(_, block)| block.number == 100));
    let unknown = BTreeSet::from([(1, 0)]);
    let refused = chains.heads(&unknown).await.unwrap_err();
    assert_eq!(refused.code(), Code::ChainNotConfigured);
}

/// Ten calls, and where each is read.
async fn ten_calls(doubles: &[Double]) -> (Chains, BTreeSet<Read>, [Positions; 2]) {
    let chain = connect(doubles, doubles.len()).await;
    let mut at = [Positions::new(), Positions::new()];
    at[0].insert(0, chain.final_head().await.unwrap());
    at[1].insert(0, chain.head().await.unwrap());
    let calls = (0..10_u8).map(|i| {
        let data = Bytes::from(vec![i; 4]);
        for double in doubles {
            double.on_call(TO, &data, Reply::Result(json!(format!("0x{i:02x}"))));
        }
        Read::Call {
            chain: CHAIN,
            tier: 0,
            to: TO,
            data,
        }
    });
    (Chains::of([chain.clone()]), calls.collect(), at)
}

fn expect_ten(snapshots: &[Snapshot; 2], reads: &BTreeSet<Read>) {
    for snapshot in snapshots {
        for (i, read) in (0..).zip(reads) {
            assert_eq!(snapshot.read(read), Ok(Reading::Bytes(vec![i].into())));
        }
    }
}

#[tokio::test]
async fn ten_reads_at_anchor_and_head_cost_one_round_trip() {
    let all: [Double; 2] = doubles(&Ledger::new(100, 90, &[])).await;
    let (chains, reads, [then, now]) = ten_calls(&all).await;
    all.iter().for_each(|d| d.script(|script| script.posts = 0));
    let snapshots = chains.snapshots(&reads, [&then, &now]).await;
    expect_ten(&snapshots, &reads);
    for double in &all {
        assert_eq!(double.script(|script| script.posts), 1);
        assert_eq!(double.asked("eth_call").len(), 20);
    }
}

#[tokio::test]
async fn endpoint_that_takes_no_batches_is_asked_one_by_one() {
    let all: [Double; 1] = doubles(&Ledger::new(100, 90, &[])).await;
    let (chains, reads, [then, now]) = ten_calls(&all).await;
    all[0].script(|script| (script.takes_no_batches, script.posts) = (true, 0));
    let snapshots = chains.snapshots(&reads, [&then, &now]).await;
    expect_ten(&snapshots, &reads);
    assert_eq!(all[0].script(|script| script.posts), 21);
}

/// One call whose answer is garbage or missing does not spoil the others.
#[tokio::test]
async fn answer_that_is_missing_in_a_batch_is_asked_for_alone() {
    let all: [Double; 1] = doubles(&Ledger::new(100, 90, &[])).await;
    let (chains, reads, [then, _]) = ten_calls(&all).await;
    let bad = bytes!("03030303");
    all[0].on_call(TO, &bad, Reply::Garbage);
    let snapshot = chains.snapshot(&reads, &then).await;
    let unknown: Vec<_> = reads.iter().filter(|r| snapshot.read(r).is_err()).collect();
    assert!(matches!(unknown[..], [Read::Call { data, .. }] if *data == bad));
}

/// Nor does one that is never answered.
#[tokio::test]
async fn call_without_an_end_does_not_take_the_others_along() {
    let all: [Double; 1] = doubles(&Ledger::new(100, 90, &[])).await;
    let (_, reads, [then, _]) = ten_calls(&all).await;
    let chains = Chains::of([connect_impatient(&all, 1).await]);
    let endless = bytes!("05050505");
    all[0].on_call(TO, &endless, Reply::Silence);
    let snapshot = chains.snapshot(&reads, &then).await;
    let unknown: Vec<_> = reads.iter().filter(|r| snapshot.read(r).is_err()).collect();
    assert!(matches!(unknown[..], [Read::Call { data, .. }] if *data == endless));
}
