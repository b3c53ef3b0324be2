//! Where the head is when endpoints see different ones.

use std::time::{Duration, Instant};

use stheno_chain::{Chain, ChainConfig, Finality, HttpOptions};
use stheno_protocol::Code;

use crate::double::{
    Double, Ledger, Reply, config, connect, connect_impatient, doubles, error, options, testimony,
};

#[tokio::test]
async fn final_head_is_the_lower_when_one_endpoint_lags() {
    let ledger = Ledger::new(100, 90, &[]);
    let all: [Double; 2] = doubles(&ledger).await;
    all[1].script(|script| script.ledger = Ledger::new(98, 87, &[]));
    let head = connect(&all, 2).await.final_head().await.unwrap();
    assert_eq!((head.number, head.hash), (87, ledger.hash(87)));
    assert_eq!(head.parent, ledger.hash(86));
}

#[tokio::test]
async fn final_head_is_the_newest_of_enough_when_a_third_lags_or_boasts() {
    let ledger = Ledger::new(100, 90, &[]);
    let all: [Double; 3] = doubles(&ledger).await;
    let chain = connect(&all, 2).await;
    all[2].script(|script| script.ledger = Ledger::new(50, 40, &[]));
    assert_eq!(chain.final_head().await.unwrap().number, 90);
    all[2].script(|script| script.ledger = ledger.forked(80, 9));
    all[2].script(|script| script.ledger.finalized = 100);
    let head = chain.final_head().await.unwrap();
    assert_eq!((head.number, head.hash), (90, ledger.hash(90)));
}

#[tokio::test]
async fn final_head_is_refused_when_final_blocks_differ() {
    let ledger = Ledger::new(100, 90, &[]);
    let all: [Double; 2] = doubles(&ledger).await;
    all[1].script(|script| script.ledger = ledger.forked(80, 9));
    let refused = connect(&all, 2).await.final_head().await.unwrap_err();
    let said = testimony(&refused);
    for double in &all {
        let hash = double.script(|script| script.ledger.hash(90));
        assert_eq!(said[&double.label()], (true, format!("block 90 {hash}")));
    }
    assert_eq!(refused.code(), Code::ChainDisagreement);
}

#[tokio::test]
async fn final_head_is_refused_when_one_of_two_is_silent() {
    let all: [Double; 2] = doubles(&Ledger::new(100, 90, &[])).await;
    let chain = connect_impatient(&all, 2).await;
    all[0].instead("eth_getBlockByNumber", Reply::Silence);
    let begun = Instant::now();
    let refused = chain.final_head().await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(5));
    let said = testimony(&refused);
    assert_eq!(
        said[&all[0].label()],
        (false, "nothing within 400ms".to_owned())
    );
    assert!(said[&all[1].label()].0);
    assert_eq!(refused.code(), Code::ChainUnavailable);
}

#[tokio::test]
async fn final_head_does_not_wait_when_a_third_is_silent() {
    let all: [Double; 3] = doubles(&Ledger::new(100, 90, &[])).await;
    let options = HttpOptions {
        timeout: Duration::from_secs(60),
        ..options()
    };
    let chain = Chain::connect(config(&all, 2), options).await.unwrap();
    all[0].instead("eth_getBlockByNumber", Reply::Silence);
    let begun = Instant::now();
    assert_eq!(chain.final_head().await.unwrap().number, 90);
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn head_is_the_newest_that_enough_have() {
    let ledger = Ledger::new(100, 90, &[]);
    let all: [Double; 3] = doubles(&ledger).await;
    all[0].script(|script| script.ledger.grow(101, 90));
    let head = connect(&all, 2).await.head().await.unwrap();
    assert_eq!((head.number, head.hash), (100, ledger.hash(100)));
}

#[tokio::test]
async fn head_is_where_branches_part_when_every_endpoint_has_its_own() {
    let ledger = Ledger::new(100, 90, &[]);
    let all: [Double; 2] = doubles(&ledger).await;
    all[1].script(|script| script.ledger = ledger.forked(98, 9));
    let head = connect(&all, 2).await.head().await.unwrap();
    assert_eq!((head.number, head.hash), (98, ledger.hash(98)));
    // Further down could be a lie that hides what happened since.
    all[1].script(|script| script.ledger = ledger.forked(97, 9));
    let refused = connect(&all, 2).await.head().await.unwrap_err();
    assert_eq!(refused.code(), Code::ChainDisagreement);
}

#[tokio::test]
async fn head_is_refused_when_fewer_than_enough_may_hide_a_newer_one() {
    let ledger = |head| Ledger::new(head, 90, &[]);
    let two: [Double; 2] = doubles(&ledger(100)).await;
    let four: [Double; 4] = doubles(&ledger(100)).await;
    for (all, need) in [(&two[..], 2), (&four[..], 3)] {
        for (old, fine) in [(98, true), (97, false)] {
            for liar in &all[..need - 1] {
                liar.script(|script| script.ledger = ledger(old));
            }
            let head = connect(all, need).await.head().await;
            match fine {
                true => assert_eq!(head.unwrap().number, old),
                false => assert_eq!(head.unwrap_err().code(), Code::ChainDisagreement),
            }
        }
    }
    // Where so many show a head that one of them must be honest, it is fresh, whoever boasts.
    let three: [Double; 3] = doubles(&ledger(100)).await;
    three[0].script(|script| script.ledger = ledger(5_000));
    assert_eq!(connect(&three, 2).await.head().await.unwrap().number, 100);
    // And a liar hides nothing from two who know better.
    three[0].script(|script| script.ledger = ledger(10));
    assert_eq!(connect(&three, 2).await.head().await.unwrap().number, 100);
}

#[tokio::test]
async fn head_is_refused_when_branches_part_far_below() {
    let ledger = Ledger::new(100, 90, &[]);
    let all: [Double; 2] = doubles(&ledger).await;
    all[1].script(|script| script.ledger = ledger.forked(50, 9));
    let refused = connect(&all, 2).await.head().await.unwrap_err();
    assert_eq!(refused.code(), Code::ChainDisagreement);
}

#[tokio::test]
async fn head_is_read_again_only_when_it_is_old() {
    let all: [Double; 1] = doubles(&Ledger::new(100, 90, &[])).await;
    let options = HttpOptions {
        head_ttl: Duration::from_secs(3600),
        ..options()
    };
    let chain = Chain::connect(config(&all, 1), options).await.unwrap();
    let heads = futures::future::join_all((0..20).map(|_| chain.head())).await;
    assert!(
        heads
            .iter()
            .all(|head| head.as_ref().unwrap().number == 100)
    );
    all[0].script(|script| script.ledger.grow(101, 91));
    assert_eq!(chain.head().await.unwrap().number, 100);
    assert_eq!(all[0].asked("eth_getBlockByNumber").len(), 1);
}

#[tokio::test]
async fn head_is_read_anew_when_one_has_been_under_way_for_too_long() {
    let all: [Double; 1] = doubles(&Ledger::new(100, 90, &[])).await;
    let options = HttpOptions {
        head_ttl: Duration::from_millis(50),
        ..options()
    };
    let chain = Chain::connect(config(&all, 1), options).await.unwrap();
    // It says what was so when it was asked.
    let late = Reply::Late(Duration::from_millis(600));
    all[0].instead("eth_getBlockByNumber", late);
    let first = tokio::spawn({
        let chain = chain.clone();
        async move { chain.head().await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    all[0].script(|script| script.ledger.grow(101, 91));
    assert_eq!(chain.head().await.unwrap().number, 101);
    assert!(first.await.unwrap().is_ok());
}

#[tokio::test]
async fn block_is_none_when_its_round_was_null() {
    let ledger = Ledger::new(100, 90, &[40, 41]);
    let all: [Double; 2] = doubles(&ledger).await;
    let chain = connect(&all, 2).await;
    assert_eq!(chain.block_at(40).await.unwrap(), None);
    // As older nodes say it.
    let old = error(1, "requested epoch was a null round");
    all[1].instead("eth_getBlockByNumber", old);
    assert_eq!(chain.block_at(41).await.unwrap(), None);
    let refused = chain.block_at(42).await.unwrap_err();
    assert!(
        testimony(&refused)[&all[1].label()]
            .1
            .contains("null round")
    );
}

#[tokio::test]
async fn block_is_refused_when_it_is_not_the_one_asked_for() {
    let ledger = Ledger::new(100, 90, &[]);
    let all: [Double; 1] = doubles(&ledger).await;
    let chain = connect(&all, 1).await;
    assert!(chain.block_at(101).await.is_err());
    let other = serde_json::json!({ "number": "0x7", "hash": ledger.hash(7),
        "parentHash": ledger.hash(6), "timestamp": "0x1" });
    all[0].instead("eth_getBlockByNumber", Reply::Result(other));
    let refused = chain.block_at(8).await.unwrap_err();
    assert!(
        testimony(&refused)[&all[0].label()]
            .1
            .contains("block 7 for 8")
    );
}

#[tokio::test]
async fn confirmed_steps_down_over_null_rounds() {
    let ledger = Ledger::new(100, 90, &[92, 93, 94, 95]);
    let all: [Double; 2] = doubles(&ledger).await;
    let chain = connect(&all, 2).await;
    assert_eq!(chain.confirmed(0).await.unwrap().number, 90);
    assert_eq!(chain.confirmed(4).await.unwrap().number, 96);
    let block = chain.confirmed(5).await.unwrap();
    assert_eq!((block.number, block.hash), (91, ledger.hash(91)));
    assert_eq!(chain.confirmed(1000).await.unwrap().number, 0);
}

#[tokio::test]
async fn final_head_is_a_depth_when_so_configured() {
    let all: [Double; 2] = doubles(&Ledger::new(100, 3, &[70])).await;
    let config = ChainConfig {
        finality: Finality::Depth(30),
        ..config(&all, 2)
    };
    let chain = Chain::connect(config, options()).await.unwrap();
    assert_eq!(chain.final_head().await.unwrap().number, 69);
}
