//! Who gets shares, who is told to wait, who is denied, and why.

use crate::double::{CHAIN_ID, Home, Node, PASS, Reader, domain, item, key_share, policy};
use crate::receipts;
use serde_json::{Value, json};
use std::time::Duration;
use stheno_crypto::{Capsule, Cek, CommitteeKeys, Identity, NodeIndex, SHARE_BYTES, Share};
use stheno_protocol::{Answer, Policy};

#[tokio::test]
async fn reader_with_a_pass_gets_a_share_that_opens() {
    let node = Node::serving().await;
    let reader = Reader::new();
    node.home
        .chain
        .lock()
        .passes
        .push((500, reader.wallet.address(), 1));
    let request = reader.request(&node.home.chain, 2);
    let (status, answer) = node.post(&reader.signed(request.clone())).await;
    assert_eq!(status, 200, "{answer}");
    let answer: Answer = serde_json::from_value(answer).unwrap();
    let identity_key = node.home.chain.lock().identities[1];
    answer.verify(&request, &domain(), 2, identity_key).unwrap();
    assert_eq!(answer.shares.len(), 2);
    assert!(answer.shares.iter().all(|share| share.len() == SHARE_BYTES));

    // With the share of node 1, which the test makes itself, it opens what was sealed.
    let (keys, network_key) = {
        let ledger = node.home.chain.lock();
        (ledger.keys.clone(), ledger.network_key.clone())
    };
    let id = Identity::new(
        &domain().network,
        &network_key.fingerprint(),
        &policy().digest(),
        &item(1),
    );
    let cek = Cek::from_bytes([5; 32]);
    let capsule = Capsule::seal(&network_key, &id, b"aad", &cek, &[6; 32]);
    let node_keys = (1..)
        .map(|i| NodeIndex::new(i).unwrap())
        .zip(keys)
        .collect();
    let committee = CommitteeKeys {
        threshold: 2,
        network_key,
        node_keys,
    };
    let ours = Share::decode(NodeIndex::new(2).unwrap(), &answer.shares[1]).unwrap();
    let other = key_share(1).share(1, &id, &reader.secret.public(), &[1; 32], &[2; 32]);
    let shares = [ours, other];
    let opened = stheno_crypto::open(
        &committee,
        &reader.secret,
        &id,
        &capsule,
        b"aad",
        &shares,
        &[3; 32],
    );
    assert_eq!(opened.unwrap().cek.expose_secret(), cek.expose_secret());
    node.stop().await;
}

#[tokio::test]
async fn reader_without_a_pass_is_told_which_condition_failed() {
    let node = Node::serving().await;
    let reader = Reader::new();
    let body = reader.signed(reader.request(&node.home.chain, 1));
    let (status, problem) = node.post(&body).await;
    assert_eq!(status, 403);
    assert_eq!(problem["code"], "condition_not_met");
    assert_eq!(problem["retryable"], false);
    let leaf = &problem["leaves"][0];
    assert_eq!(leaf["truth"], "false");
    assert!(leaf["what"].as_str().unwrap().contains("ERC-721"), "{leaf}");
    assert!(
        problem["detail"].as_str().unwrap().contains('0'),
        "{problem}"
    );
    node.stop().await;
}

#[tokio::test]
async fn rights_count_when_final_and_end_at_the_head() {
    let node = Node::serving().await;
    let reader = Reader::new();
    let me = reader.wallet.address();
    let request = || reader.signed(reader.request(&node.home.chain, 1));
    assert_eq!(node.code(&request()).await, "condition_not_met");
    // Bought in the newest block, which the node has yet to see.
    let asked = request();
    {
        let mut ledger = node.home.chain.lock();
        ledger.head += 1;
        ledger.passes.push((1_001, me, 1));
    }
    let (_, problem) = node.post(&asked).await;
    assert_eq!(problem["code"], "not_final_yet");
    assert_eq!(problem["blocksToWait"], 3);
    assert_eq!(problem["retryable"], true);
    node.home.chain.lock().head += 2;
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(node.code(&request()).await, "ok");
    // Sold in the newest block.
    {
        let mut ledger = node.home.chain.lock();
        ledger.head += 1;
        let head = ledger.head;
        ledger.passes.push((head, me, 0));
    }
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(node.code(&request()).await, "no_longer_met");
    node.stop().await;
}

#[tokio::test]
async fn head_that_cannot_be_read_is_not_taken_for_granted() {
    let node = Node::serving().await;
    let reader = Reader::new();
    node.home
        .chain
        .lock()
        .passes
        .push((500, reader.wallet.address(), 1));
    node.home.chain.lock().headless = true;
    tokio::time::sleep(Duration::from_millis(150)).await;
    let (status, problem) = node
        .post(&reader.signed(reader.request(&node.home.chain, 1)))
        .await;
    assert_eq!(
        (status, problem["code"].as_str().unwrap()),
        (503, "head_unavailable")
    );
    assert_eq!(problem["retryable"], true);
    node.stop().await;
}

#[tokio::test]
async fn time_lock_needs_no_account_and_keeps_no_receipt() {
    let node = Node::serving().await;
    let reader = Reader::new();
    let chain = node.home.chain.clone();
    let ask = |rule: Value| {
        let policy = json!({ "version": 1, "rule": { "time": rule } });
        let policy = Policy::from_json(&policy.to_string()).unwrap();
        let mut request = reader.request(&chain, 1);
        request.account = None;
        request.policy = policy.to_cbor().into();
        serde_json::to_value(request).unwrap()
    };
    let past = ask(json!({ "chain": CHAIN_ID, "after": "2020-01-01T00:00:00Z" }));
    assert_eq!(node.code(&past).await, "ok");
    let future = ask(json!({ "chain": CHAIN_ID, "after": "2120-01-01T00:00:00Z" }));
    assert_eq!(node.code(&future).await, "condition_not_met");
    // A policy that asks about an account is another matter.
    let mut nobody = reader.request(&chain, 1);
    nobody.account = None;
    assert_eq!(
        node.code(&serde_json::to_value(nobody).unwrap()).await,
        "account_required"
    );
    let home = node.stop().await;
    assert_eq!(receipts(&home).await, 0);
}

#[tokio::test]
async fn replay_gets_the_same_answer_and_costs_its_account_nothing() {
    let home = Home::new().await;
    let node = home
        .run_with("", "[limits]\naccount_items_per_minute = 1")
        .await;
    node.until_ready().await;
    let reader = Reader::new();
    let chain = node.home.chain.clone();
    chain.lock().passes.push((500, reader.wallet.address(), 1));
    // The bucket holds one full request of 256 items.
    let body = reader.signed(reader.request(&chain, 200));
    let (status, first) = node.post(&body).await;
    assert_eq!(status, 200);
    for _ in 0..3 {
        assert_eq!(node.post(&body).await, (200, first.clone()));
    }
    let (status, problem) = node.post(&reader.signed(reader.request(&chain, 100))).await;
    assert_eq!(
        (status, problem["code"].as_str().unwrap()),
        (429, "rate_limited")
    );
    assert!(problem["retryAfter"].as_u64().unwrap() > 0);
    assert_eq!(
        node.code(&reader.signed(reader.request(&chain, 50))).await,
        "ok"
    );
    let home = node.stop().await;
    assert_eq!(
        receipts(&home).await,
        2,
        "one for each request answered, none for replays"
    );
}

#[tokio::test]
async fn state_is_not_read_where_the_blocks_decide() {
    let node = Node::serving().await;
    let reader = Reader::new();
    let rule = |after: &str| {
        let text = json!({ "version": 1, "rule": { "any": [
            { "token": { "chain": CHAIN_ID, "standard": "erc721", "contract": PASS } },
            { "time": { "chain": CHAIN_ID, "after": after } },
        ] } });
        Policy::from_json(&text.to_string()).unwrap()
    };
    let calls = || node.home.chain.lock().policy_calls;
    let asked = |policy: Policy| {
        reader.changed(&node.home.chain, |request| {
            request.policy = policy.to_cbor().into();
        })
    };
    let before = calls();
    assert_eq!(node.code(&asked(rule("2020-01-01T00:00:00Z"))).await, "ok");
    assert_eq!(calls(), before);
    // Where they deny, everything is read, and told.
    let (_, problem) = node.post(&asked(rule("2100-01-01T00:00:00Z"))).await;
    assert_eq!(problem["code"], "condition_not_met");
    assert_eq!(problem["leaves"][0]["found"], "balance 0");
    assert!(calls() > before);
    node.stop().await;
}
