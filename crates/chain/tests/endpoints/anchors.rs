//! May conditions be read at this block?

use alloy::primitives::B256;
use stheno_chain::{AnchorError, Chain};
use stheno_protocol::{Anchor, Code};

use crate::double::{CHAIN, Double, GENESIS, Ledger, Reply, connect, doubles};

/// Head 200, final 190, 150 a null round; and the time of the final head.
async fn setting() -> (Chain, [Double; 2], Ledger, u64) {
    let ledger = Ledger::new(200, 190, &[150]);
    let all: [Double; 2] = doubles(&ledger).await;
    (connect(&all, 2).await, all, ledger, GENESIS + 30 * 190)
}

fn anchor(number: u64, hash: B256, confirmations: u64) -> Anchor {
    Anchor {
        chain_id: CHAIN,
        confirmations,
        number,
        hash,
    }
}

#[tokio::test]
async fn anchor_passes_when_final_recent_and_canonical() {
    let (chain, _all, ledger, now) = setting().await;
    for number in [190, 189, 170] {
        let found = chain
            .check_anchor(&anchor(number, ledger.hash(number), 0), now + 60)
            .await
            .unwrap();
        assert_eq!(found.number, number);
        assert_eq!(found.time, GENESIS + 30 * number);
        assert_eq!(found.anchor(0), anchor(number, ledger.hash(number), 0));
    }
}

#[tokio::test]
async fn anchor_is_refused_when_not_final() {
    let (chain, _all, ledger, now) = setting().await;
    let refused = chain
        .check_anchor(&anchor(193, ledger.hash(193), 0), now)
        .await
        .unwrap_err();
    assert!(matches!(
        refused,
        AnchorError::NotDeepEnough { wait: 3, .. }
    ));
    assert_eq!(refused.code(), Code::AnchorNotFinal);
    assert!(refused.retryable());
}

#[tokio::test]
async fn anchor_passes_when_as_deep_as_its_leaf_asks() {
    let (chain, _all, ledger, now) = setting().await;
    let deep = anchor(195, ledger.hash(195), 5);
    assert_eq!(chain.check_anchor(&deep, now).await.unwrap().number, 195);
    let refused = chain
        .check_anchor(&anchor(196, ledger.hash(196), 5), now)
        .await
        .unwrap_err();
    assert!(matches!(
        refused,
        AnchorError::NotDeepEnough { wait: 1, .. }
    ));
    // Finality does not excuse from depth.
    let refused = chain
        .check_anchor(&anchor(190, ledger.hash(190), 11), now)
        .await
        .unwrap_err();
    assert!(matches!(
        refused,
        AnchorError::NotDeepEnough { wait: 1, .. }
    ));
    let never = anchor(190, ledger.hash(190), u64::MAX);
    assert!(chain.check_anchor(&never, now).await.is_err());
}

#[tokio::test]
async fn anchor_is_refused_when_another_block_stands_there() {
    let (chain, _all, ledger, now) = setting().await;
    for number in [190, 180, 150, 195] {
        let depth = if number > 190 { 1 } else { 0 };
        let wrong = anchor(number, B256::repeat_byte(7), depth);
        let refused = chain.check_anchor(&wrong, now).await.unwrap_err();
        let AnchorError::NotCanonical { found, .. } = refused else {
            panic!("{refused:?}");
        };
        let there = (number != 150).then(|| ledger.hash(number));
        assert_eq!(found, there);
    }
}

#[tokio::test]
async fn anchor_is_refused_when_old() {
    let (chain, _all, ledger, now) = setting().await;
    let refused = chain
        .check_anchor(&anchor(169, ledger.hash(169), 0), now)
        .await
        .unwrap_err();
    assert!(matches!(refused, AnchorError::TooOld { behind: 630, .. }));
    assert_eq!(refused.code(), Code::AnchorTooOld);
}

#[tokio::test]
async fn anchor_is_refused_when_the_chain_is_stale() {
    let (chain, _all, ledger, now) = setting().await;
    let good = anchor(190, ledger.hash(190), 0);
    chain.check_anchor(&good, now + 1800).await.unwrap();
    let refused = chain.check_anchor(&good, now + 1801).await.unwrap_err();
    assert!(matches!(refused, AnchorError::StaleChain { age: 1801, .. }));
    assert_eq!(refused.code(), Code::ChainStale);
    assert!(refused.retryable());
}

#[tokio::test]
async fn anchor_is_refused_when_of_another_chain() {
    let (chain, _all, ledger, now) = setting().await;
    let other = Anchor {
        chain_id: 314,
        ..anchor(190, ledger.hash(190), 0)
    };
    let refused = chain.check_anchor(&other, now).await.unwrap_err();
    assert_eq!(refused.code(), Code::AnchorUnknown);
}

#[tokio::test]
async fn anchor_is_refused_when_endpoints_differ_on_it() {
    let (chain, all, ledger, now) = setting().await;
    let good = anchor(180, ledger.hash(180), 0);
    let lie = serde_json::json!({ "number": "0xb4", "hash": B256::repeat_byte(1),
        "parentHash": ledger.hash(179), "timestamp": "0x1" });
    all[1].instead("eth_getBlockByNumber", Reply::Result(lie));
    let refused = chain.check_anchor(&good, now).await.unwrap_err();
    assert!(matches!(refused, AnchorError::Chain(_)), "{refused}");
    assert!(refused.retryable());
}
