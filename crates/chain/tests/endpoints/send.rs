//! Sending when endpoints are unhelpful.

use std::time::Duration;

use alloy::consensus::{Transaction, TxEnvelope};
use alloy::eips::eip2718::Decodable2718;
use alloy::primitives::{Address, Bytes, U256, address, bytes};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolError;
use serde_json::json;
use stheno_chain::contracts::CommitteeContract;
use stheno_chain::{Chain, SendError, SendOptions, Sender};

use crate::double::{Double, Ledger, Reply, connect, doubles, error};

const TO: Address = address!("00000000000000000000000000000000000000aa");
const DATA: Bytes = bytes!("12345678");

fn signer() -> PrivateKeySigner {
    PrivateKeySigner::from_slice(&[7; 32]).unwrap()
}

async fn setting() -> ([Double; 2], Chain) {
    let all: [Double; 2] = doubles(&Ledger::new(100, 90, &[])).await;
    for double in &all {
        let rich = U256::from(10).pow(U256::from(20));
        double.script(|script| script.balances.insert(signer().address(), rich));
    }
    let chain = connect(&all, 2).await;
    (all, chain)
}

fn impatient(chain: &Chain) -> Sender {
    let options = SendOptions {
        patience: Duration::from_millis(300),
        max_fee_per_gas: None,
    };
    Sender::with_options(chain.clone(), signer(), options)
}

/// The transactions that a double took.
fn pool(double: &Double) -> Vec<TxEnvelope> {
    let raw = double.script(|script| script.pool.clone());
    raw.iter()
        .map(|raw| TxEnvelope::decode_2718(&mut &raw[..]).unwrap())
        .collect()
}

#[tokio::test]
async fn transaction_is_eip1559_and_given_to_every_endpoint() {
    let (all, chain) = setting().await;
    all[0].script(|script| script.nonce = 4);
    all[1].script(|script| script.nonce = 4);
    let sender = Sender::new(chain, signer());
    let sent = sender.send(Some(TO), DATA, U256::from(3)).await.unwrap();
    for double in &all {
        let pool = pool(double);
        assert_eq!(pool.len(), 1);
        let TxEnvelope::Eip1559(signed) = &pool[0] else {
            panic!("{pool:?}");
        };
        assert_eq!(*signed.hash(), sent.hash);
        let prehash = signed.signature_hash();
        let sender = signed.signature().recover_address_from_prehash(&prehash);
        assert_eq!(sender.unwrap(), signer().address());
        let transaction = signed.tx();
        assert_eq!(transaction.chain_id, 31_415_926);
        assert_eq!(transaction.nonce, 4);
        assert_eq!(transaction.gas_limit, 1_200_000);
        assert_eq!(transaction.max_fee_per_gas, 202);
        assert_eq!(transaction.max_priority_fee_per_gas, 2);
        assert_eq!(transaction.value, U256::from(3));
        assert_eq!(transaction.input, DATA);
    }
    assert_eq!((sent.block.number, sent.gas_used), (100, 50_000));
}

#[tokio::test]
async fn transaction_is_not_sent_when_it_would_revert() {
    let (all, chain) = setting().await;
    let data = CommitteeContract::AlreadyDone { index: 2 }.abi_encode();
    let reverts = Reply::Error(3, "reverted".to_owned(), json!(Bytes::from(data)));
    for double in &all {
        double.script(|script| script.estimate = Some(reverts.clone()));
    }
    let refused = Sender::new(chain, signer())
        .send(Some(TO), DATA, U256::ZERO)
        .await
        .unwrap_err();
    let SendError::Reverted(revert) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(revert.to_string(), "AlreadyDone(index: 2)");
    assert!(pool(&all[0]).is_empty());
}

#[tokio::test]
async fn transaction_is_not_sent_when_only_one_says_that_it_reverts() {
    let (all, chain) = setting().await;
    all[0].script(|script| script.estimate = Some(error(3, "reverted")));
    let refused = Sender::new(chain, signer())
        .send(Some(TO), DATA, U256::ZERO)
        .await
        .unwrap_err();
    assert!(matches!(refused, SendError::Chain(_)), "{refused}");
}

#[tokio::test]
async fn transaction_is_refused_when_the_account_is_poor() {
    let (all, chain) = setting().await;
    for double in &all {
        let little = U256::from(1_000_000);
        double.script(|script| script.balances.insert(signer().address(), little));
    }
    let sender = Sender::new(chain, signer());
    let refused = sender.send(Some(TO), DATA, U256::ZERO).await.unwrap_err();
    let SendError::Funds { need, .. } = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(need, U256::from(1_200_000_u64 * 202));
    let refused = sender.send(Some(TO), DATA, U256::MAX).await.unwrap_err();
    assert!(matches!(
        refused,
        SendError::Funds {
            need: U256::MAX,
            ..
        }
    ));
}

#[tokio::test]
async fn transaction_is_refused_when_fees_are_over_the_limit() {
    let (_all, chain) = setting().await;
    let options = SendOptions {
        max_fee_per_gas: Some(201),
        ..SendOptions::default()
    };
    let sender = Sender::with_options(chain, signer(), options);
    let refused = sender.send(Some(TO), DATA, U256::ZERO).await.unwrap_err();
    let asked = SendError::Fees {
        asked: 202,
        limit: 201,
    };
    assert_eq!(refused, asked);
}

#[tokio::test]
async fn transaction_is_not_accepted_when_every_endpoint_refuses() {
    let (all, chain) = setting().await;
    for double in &all {
        double.instead("eth_sendRawTransaction", error(-32000, "pool is full"));
    }
    let sender = Sender::new(chain, signer());
    let refused = sender.send(Some(TO), DATA, U256::ZERO).await.unwrap_err();
    let words = refused.to_string();
    assert!(words.contains("pool is full"), "{words}");
    assert!(words.contains(&all[0].label()), "{words}");
    // Nothing is left behind: the next one goes its own way.
    all.iter()
        .for_each(|double| double.usual("eth_sendRawTransaction"));
    sender.send(Some(TO), DATA, U256::from(1)).await.unwrap();
    assert_eq!(pool(&all[0]).len(), 1);
}

#[tokio::test]
async fn transaction_goes_on_when_one_endpoint_refuses_or_knows_it() {
    let (all, chain) = setting().await;
    let sender = Sender::new(chain, signer());
    // It hears of it from the other.
    all[1].instead("eth_sendRawTransaction", error(-32000, "already known"));
    let share = async {
        loop {
            let taken = all[0].script(|script| script.pool.clone());
            all[1].script(|script| script.pool = taken);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        sent = sender.send(Some(TO), DATA, U256::ZERO) => sent.unwrap(),
        () = share => unreachable!(),
    };
}

#[tokio::test]
async fn receipt_counts_only_when_enough_endpoints_have_it() {
    let (all, chain) = setting().await;
    all[1].script(|script| script.mines = None);
    let refused = impatient(&chain)
        .send(Some(TO), DATA, U256::ZERO)
        .await
        .unwrap_err();
    assert!(matches!(refused, SendError::Pending { .. }), "{refused}");
}

#[tokio::test]
async fn transaction_is_continued_when_sent_again_after_a_wait_in_vain() {
    let (all, chain) = setting().await;
    let sender = impatient(&chain);
    let mines = |status| {
        for double in &all {
            double.script(|script| script.mines = status);
        }
    };
    mines(None);
    let refused = sender.send(Some(TO), DATA, U256::ZERO).await.unwrap_err();
    let SendError::Pending { hash, .. } = refused else {
        panic!("{refused:?}");
    };
    let refused = sender.send(Some(TO), DATA, U256::ZERO).await.unwrap_err();
    assert!(matches!(refused, SendError::Pending { hash: again, .. } if again == hash));
    mines(Some(1));
    let sent = sender.send(Some(TO), DATA, U256::ZERO).await.unwrap();
    assert_eq!(sent.hash, hash);
    for double in &all {
        assert_eq!(pool(double).len(), 1);
    }
    // Done is done: the same again is another transaction.
    let another = sender.send(Some(TO), DATA, U256::ZERO).await.unwrap();
    assert_ne!(another.hash, hash);
    assert_eq!(pool(&all[0])[1].nonce(), 1);
}

#[tokio::test]
async fn transaction_pays_more_for_the_same_nonce_when_fees_outran_it() {
    let (all, chain) = setting().await;
    let sender = impatient(&chain);
    for double in &all {
        double.script(|script| script.mines = None);
    }
    sender.send(Some(TO), DATA, U256::ZERO).await.unwrap_err();
    for double in &all {
        double.script(|script| script.base_fee = 110);
        double.script(|script| script.mines = Some(1));
        double.script(|script| script.pool.clear());
    }
    let sent = sender.send(Some(TO), DATA, U256::ZERO).await.unwrap();
    let pool = pool(&all[0]);
    assert_eq!(pool.len(), 1);
    assert_eq!(pool[0].tx_hash(), &sent.hash);
    assert_eq!(pool[0].nonce(), 0);
    assert!(pool[0].max_fee_per_gas() >= 202 * 13 / 10);
    assert!(pool[0].max_priority_fee_per_gas().unwrap() > 2);
}

#[tokio::test]
async fn transaction_starts_afresh_when_another_took_its_nonce() {
    let (all, chain) = setting().await;
    let sender = impatient(&chain);
    for double in &all {
        double.script(|script| script.mines = None);
    }
    sender.send(Some(TO), DATA, U256::ZERO).await.unwrap_err();
    for double in &all {
        double.script(|script| {
            script.pool.clear();
            script.nonce = 1;
            script.mines = Some(1);
        });
        double.instead("eth_sendRawTransaction", error(-32000, "nonce too low"));
    }
    let heal = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        all.iter()
            .for_each(|double| double.usual("eth_sendRawTransaction"));
        std::future::pending::<()>().await;
    };
    let sent = tokio::select! {
        sent = sender.send(Some(TO), DATA, U256::ZERO) => sent,
        () = heal => unreachable!(),
    };
    sent.unwrap();
    assert_eq!(pool(&all[0])[0].nonce(), 1);
}

#[tokio::test]
async fn transaction_that_reverted_when_mined_says_why() {
    let (all, chain) = setting().await;
    let data = CommitteeContract::AlreadyDone { index: 2 }.abi_encode();
    for double in &all {
        double.script(|script| script.mines = Some(0));
        let reply = Reply::Error(3, "reverted".to_owned(), json!(Bytes::from(data.clone())));
        double.on_call(TO, &DATA, reply);
    }
    let sender = Sender::new(chain, signer());
    let refused = sender.send(Some(TO), DATA, U256::ZERO).await.unwrap_err();
    assert!(refused.to_string().contains("AlreadyDone"), "{refused}");
    // Its nonce is used all the same.
    for double in &all {
        double.script(|script| script.mines = Some(1));
    }
    sender.send(Some(TO), DATA, U256::ZERO).await.unwrap();
    assert_eq!(pool(&all[0])[1].nonce(), 1);
}

#[tokio::test]
async fn transactions_wait_for_each_other_when_sent_at_once() {
    let (all, chain) = setting().await;
    let sender = Sender::new(chain, signer());
    let sends = (0..8).map(|value| sender.send(Some(TO), DATA, U256::from(value)));
    for sent in futures::future::join_all(sends).await {
        sent.unwrap();
    }
    let nonces: Vec<u64> = pool(&all[0]).iter().map(Transaction::nonce).collect();
    assert_eq!(nonces, (0..8).collect::<Vec<_>>());
}

#[tokio::test]
async fn transaction_is_repeated_at_once_when_endpoints_return_without_it() {
    let (all, chain) = setting().await;
    all.iter()
        .for_each(|d| d.script(|script| script.mines = None));
    let sender = Sender::new(chain, signer());
    let sending = tokio::spawn(async move { sender.send(Some(TO), DATA, U256::ZERO).await });
    let until = async |what: &dyn Fn(&Double) -> bool| {
        while !all.iter().all(what) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    until(&|double| !pool(double).is_empty()).await;

    let receipts = |double: &Double| double.asked("eth_getTransactionReceipt").len();
    let before: usize = all.iter().map(receipts).max().unwrap();
    for double in &all {
        double.instead("eth_getTransactionReceipt", Reply::Status(503));
        double.script(|script| script.pool.clear());
    }
    until(&|double| receipts(double) > before + 1).await;
    for double in &all {
        double.script(|script| script.mines = Some(1));
        double.usual("eth_getTransactionReceipt");
    }
    // Long before it would be repeated in any case.
    let sent = tokio::time::timeout(Duration::from_secs(10), sending).await;
    sent.unwrap().unwrap().unwrap();
    for double in &all {
        assert_eq!(pool(double).len(), 1);
    }
}
