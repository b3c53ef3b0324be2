//! A node's start, what it says of itself, and its end.

use crate::double::{Home, Node, Reader, key_share};
use crate::receipts;
use serde_json::{Value, json};
use std::time::Duration;
use stheno_crypto::NodeIndex;
use stheno_node::{Server, ServerError};

#[tokio::test]
async fn status_readiness_and_metrics_tell_the_same_story() {
    let node = Node::serving().await;
    let (_, status) = node.get("/v1/status").await;
    assert_eq!(status["state"], "serving");
    assert_eq!(
        (status["epoch"].as_u64(), status["node"].as_u64()),
        (Some(1), Some(2))
    );
    assert_eq!(status["heads"][0]["final"]["number"], 998);
    assert_eq!(status["heads"][0]["head"]["number"], 1_000);
    assert_eq!(node.get("/health").await, (200, json!({ "status": "ok" })));
    let reader = Reader::new();
    node.code(&reader.signed(reader.request(&node.home.chain, 1)))
        .await;
    let text = node
        .http
        .get(format!("{}/metrics", node.url))
        .send()
        .await
        .unwrap();
    let text = text.text().await.unwrap();
    for line in [
        "stheno_requests_total{code=\"condition_not_met\"} 1",
        "stheno_serving 1",
        "stheno_epoch 1",
        "stheno_chain_block{chain=\"31415926\",which=\"final\"} 998",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let endpoint = node.home.chain.address;
    let asked = |outcome: &str| {
        let series = format!(
            "stheno_endpoint_questions_total{{chain=\"31415926\",endpoint=\"http://{endpoint}\",outcome=\"{outcome}\"}} "
        );
        let line = text.lines().find_map(|line| line.strip_prefix(&series));
        line.unwrap_or_else(|| panic!("no {series} in\n{text}"))
            .parse::<u64>()
            .unwrap()
    };
    assert!(asked("answered") > 2);
    assert_eq!((asked("failed"), asked("contradicted")), (0, 0));
    node.stop().await;
}

#[tokio::test]
async fn node_with_another_share_than_the_chain_knows_refuses_to_serve() {
    // The share of node 1 in the vault of node 2, and a share of some other key.
    for share in [key_share(1), {
        let secret =
            stheno_crypto::KeyShare::from_secret_bytes(NodeIndex::new(2).unwrap(), &[1; 32]);
        secret.unwrap()
    }] {
        let node = Home::with_share(share).await.run().await;
        let mut state = Value::Null;
        for _ in 0..100 {
            state = node.get("/v1/status").await.1["state"].clone();
            if state == "degraded" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(state, "degraded");
        let (status, ready) = node.get("/ready").await;
        assert_eq!(status, 503);
        let reason = ready["reasons"][0].as_str().unwrap();
        assert!(reason.contains("does not match"), "{reason}");
        let reader = Reader::new();
        let body = reader.signed(reader.request(&node.home.chain, 1));
        assert_eq!(node.code(&body).await, "not_serving");
        node.stop().await;
    }
}

#[tokio::test]
async fn stop_finishes_the_requests_in_flight() {
    let mut node = Node::serving().await;
    let reader = Reader::new();
    {
        let mut ledger = node.home.chain.lock();
        ledger.passes.push((500, reader.wallet.address(), 1));
        ledger.delay = Duration::from_millis(700);
    }
    let body = reader.signed(reader.request(&node.home.chain, 1));
    let request = node
        .http
        .post(format!("{}/v1/reencrypt", node.url))
        .json(&body);
    let in_flight = tokio::spawn(request.send());
    tokio::time::sleep(Duration::from_millis(200)).await;
    node.tell_to_stop();
    assert_eq!(in_flight.await.unwrap().unwrap().status(), 200);
    (&mut node.task).await.unwrap().unwrap();
    assert!(
        node.http
            .get(format!("{}/health", node.url))
            .send()
            .await
            .is_err()
    );
    assert_eq!(receipts(&node.home).await, 1);
}

#[tokio::test]
async fn second_process_is_refused_and_a_restart_is_not() {
    let node = Node::serving().await;
    let second = Server::bind(node.home.config("", "")).await.unwrap_err();
    assert!(matches!(second, ServerError::DataDir(_)), "{second}");
    assert!(second.to_string().contains("another process"), "{second}");
    let home = node.stop().await;
    let node = home.run().await;
    node.until_ready().await;
    node.stop().await;
}

#[tokio::test]
async fn wrong_key_does_not_open_the_vault() {
    let home = Home::new().await;
    let path = home.folder.path().join("vault.key");
    std::fs::write(&path, "00".repeat(32)).unwrap();
    let error = Server::bind(home.config("", "")).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the key does not open the vault"),
        "{error}"
    );
}

#[tokio::test]
async fn endpoint_of_another_chain_is_refused_at_start() {
    let home = Home::new().await;
    let mut config = home.config("", "");
    config.network.chain_id = 314;
    config.chains[0].chain_id = 314;
    let error = Server::bind(config).await.unwrap_err();
    assert!(error.to_string().contains("31415926"), "{error}");
}
