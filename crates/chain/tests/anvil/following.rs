//! Logs, until they are final and if they cease to be.

use std::time::Duration;

use alloy::primitives::U256;
use alloy::rpc::types::Filter;
use alloy::sol_types::{SolCall, SolEvent};
use serde_json::json;
use stheno_chain::contracts::AccessPassContract as Pass;
use stheno_chain::{ChainError, Cursor, LogFollower, Sender};

use crate::process::{Anvil, account, deploy_pass};

const EVERY: Duration = Duration::from_millis(200);

#[tokio::test]
async fn follower_gives_each_log_once_it_is_final() {
    let anvil = Anvil::start();
    let chain = anvil.chain().await;
    let sender = Sender::new(chain.clone(), account(0));
    let pass = deploy_pass(&sender).await;
    let filter = Filter::new()
        .address(pass)
        .event_signature(Pass::Transfer::SIGNATURE_HASH);
    let mut follower = LogFollower::new(chain.clone(), filter, Cursor::From(0));
    let mut bought = Vec::new();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let buy = Pass::buyCall {}.abi_encode();
        let sent = sender.send(Some(pass), buy.into(), U256::from(1000)).await;
        bought.push(sent.unwrap().hash);
        while seen.len() < bought.len() {
            let batch = follower.next(EVERY).await.unwrap();
            let last = chain.final_head().await.unwrap();
            assert!(batch.up_to.number <= last.number);
            seen.extend(batch.events);
        }
    }
    let hashes: Vec<_> = seen
        .iter()
        .map(|log| log.transaction_hash.unwrap())
        .collect();
    assert_eq!(hashes, bought);
    for log in &seen {
        let transfer = Pass::Transfer::decode_log(&log.inner).unwrap();
        assert_eq!(transfer.to, sender.address());
    }
}

#[tokio::test]
async fn follower_is_told_when_final_blocks_are_reorganised() {
    let anvil = Anvil::start();
    let chain = anvil.chain().await;
    anvil.command("anvil_mine", json!([50])).await;
    let mut follower = LogFollower::new(chain, Filter::new(), Cursor::From(0));
    follower.next(EVERY).await.unwrap();
    anvil.command("anvil_reorg", json!([20, []])).await;
    let refused = loop {
        match follower.next(EVERY).await {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(
        matches!(refused, ChainError::Reorganised { .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn follower_catches_up_over_a_long_range() {
    let anvil = Anvil::start();
    let chain = anvil.chain().await;
    let sender = Sender::new(chain.clone(), account(0));
    let pass = deploy_pass(&sender).await;
    let mut bought = Vec::new();
    for _ in 0..3 {
        let buy = Pass::buyCall {}.abi_encode();
        let sent = sender.send(Some(pass), buy.into(), U256::from(1000)).await;
        bought.push(sent.unwrap().block.number);
        anvil.command("anvil_mine", json!([100])).await;
    }
    let filter = Filter::new().address(pass);
    let mut follower = LogFollower::new(chain, filter, Cursor::From(0));
    let mut seen = Vec::new();
    while let Some(batch) = follower.poll().await.unwrap() {
        let transfers = batch.events.iter();
        let transfers =
            transfers.filter(|log| log.topic0() == Some(&Pass::Transfer::SIGNATURE_HASH));
        seen.extend(transfers.map(|log| log.block_number.unwrap()));
    }
    assert_eq!(seen, bought);
}
