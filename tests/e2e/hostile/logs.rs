//! Logs over null rounds, with limits on ranges, and where filters know no tags.

use std::time::Duration;

use alloy::{primitives::U256, rpc::types::Filter, sol_types::SolEvent};
use serde_json::json;
use stheno_chain::{
    Chain, ChainConfig, Cursor, HttpOptions, LogFollower, contracts::AccessPassContract as Pass,
};

use super::{
    CHAIN,
    mischief::Mischief,
    rights::Fact,
    world::{Shape, World},
};
use crate::trials;

trials![
    logs_are_followed_to_the_end_over_null_rounds_caps_and_refused_tags,
    tags_that_filecoin_does_not_know_are_refused_by_the_proxy,
];

const SHAPE: Shape = Shape {
    endpoints: 3,
    min_agree: 2,
};

async fn logs_are_followed_to_the_end_over_null_rounds_caps_and_refused_tags() {
    let mut world = World::start(SHAPE).await;
    let wallet = alloy::signers::local::PrivateKeySigner::from_slice(&[7; 32]).unwrap();
    world.welcome(wallet);
    world.tell_the_parent(true);
    let cap = |blocks, other: Mischief| vec![Mischief::LogCap(blocks), other];
    world.conduct(&[
        (0, cap(4, Mischief::Reorders)),
        (1, cap(7, Mischief::NoBatches)),
        (2, cap(5, Mischief::Slow(Duration::from_millis(3)))),
    ]);
    let rpc = (0..SHAPE.endpoints).map(|caller| world.proxy.url(caller).parse().unwrap());
    let options = HttpOptions {
        head_ttl: Duration::ZERO,
        ..HttpOptions::default()
    };
    let chain = Chain::connect(ChainConfig::new(CHAIN, rpc.collect()), options)
        .await
        .unwrap();
    let filter = Filter::new()
        .address(world.holder.pass)
        .event_signature(Pass::Transfer::SIGNATURE_HASH);
    let mut follower = LogFollower::new(chain, filter, Cursor::From(0));
    let (mut bought, mut seen) = (Vec::new(), Vec::new());
    for round in 0..12_u64 {
        // Catches up over a long range in the middle, block by block before and after it.
        let empty = if round == 6 { 60 } else { round % 3 };
        world
            .grow(&vec![(Fact::Passes, round + 1)], round % 4)
            .await;
        bought.push(world.head().number);
        for _ in 0..empty {
            world.grow(&Vec::new(), 2).await;
        }
        world.grow(&Vec::new(), 0).await;
        world.finalize(world.head().at - 1);
        while let Some(batch) = follower.poll().await.unwrap() {
            assert!(batch.up_to.number <= world.block(world.finalized()).number);
            seen.extend(batch.events);
        }
        let numbers: Vec<u64> = seen.iter().map(|log| log.block_number.unwrap()).collect();
        assert_eq!(numbers, bought);
    }
    for (log, id) in seen.iter().zip(1_u64..) {
        let transfer = Pass::Transfer::decode_log(&log.inner).unwrap();
        assert_eq!(transfer.tokenId, U256::from(id));
        assert_eq!(transfer.to, world.holder.reader);
    }
    world.node.stop().await;
}

/// What the proxy says itself is what Lotus says.
async fn tags_that_filecoin_does_not_know_are_refused_by_the_proxy() {
    let mut world = World::start(SHAPE).await;
    world.grow(&Vec::new(), 2).await;
    let head = world.head().number;
    let ask = async |method: &str, params: serde_json::Value| {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let post = reqwest::Client::new().post(world.proxy.url(0)).json(&body);
        let answer: serde_json::Value = post.send().await.unwrap().json().await.unwrap();
        answer
    };
    let null_round = ask(
        "eth_getBlockByNumber",
        json!([format!("{:#x}", head - 1), false]),
    )
    .await;
    assert_eq!(null_round["error"]["code"], json!(12), "{null_round}");
    let earliest = ask("eth_getBlockByNumber", json!(["earliest", false])).await;
    assert!(
        earliest["error"]["message"]
            .as_str()
            .unwrap()
            .contains("not supported")
    );
    for tag in ["finalized", "safe", "earliest"] {
        let logs = ask(
            "eth_getLogs",
            json!([{ "fromBlock": tag, "toBlock": "latest" }]),
        )
        .await;
        assert!(
            logs["error"]["message"].as_str().unwrap().contains(tag),
            "{logs}"
        );
    }
    let found = ask("eth_getBlockByNumber", json!(["latest", false])).await;
    assert_eq!(found["result"]["number"], json!(format!("{head:#x}")));
    world.node.stop().await;
}
