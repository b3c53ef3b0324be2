//! A real server on a real socket, against a chain in memory: who gets shares, and who is refused
//! with which words.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod double;

use std::time::Duration;

use alloy::primitives::{Bytes, FixedBytes};
use double::{CHAIN_ID, Home, Node, Reader, domain, item, key_share, policy};
use serde_json::{Value, json};
use stheno_crypto::{Capsule, Cek, CommitteeKeys, Identity, NodeIndex, SHARE_BYTES, Share};
use stheno_node::{Server, ServerError};
use stheno_protocol::{Answer, Authorization, Policy, Request};

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
async fn malformed_requests_are_refused_with_the_field_that_is_wrong() {
    let node = Node::serving().await;
    let reader = Reader::new();
    let good = || reader.signed(reader.request(&node.home.chain, 1));
    let cases: [(&str, Value, &str); 8] = [
        ("nonce", json!("0xzz"), "hex"),
        ("nonce", json!("0x00"), "32"),
        ("readerKey", json!("0x00"), "48"),
        ("policy", json!("00"), "0x"),
        ("items", json!("0x00"), "list"),
        ("epoch", json!(-1), "u64"),
        ("identity", json!("0x00"), "identity"),
        ("accountKind", json!("god"), "god"),
    ];
    for (field, value, word) in cases {
        let mut body = good();
        body[field] = value;
        let (status, problem) = node.post(&body).await;
        assert_eq!(
            (status, problem["code"].as_str().unwrap()),
            (400, "malformed"),
            "{field}"
        );
        assert!(
            problem["detail"].as_str().unwrap().contains(word),
            "{field}: {problem}"
        );
    }
    let mut body = good();
    body.as_object_mut().unwrap().remove("items");
    let (_, problem) = node.post(&body).await;
    assert!(
        problem["detail"].as_str().unwrap().contains("items"),
        "{problem}"
    );
    node.stop().await;
}

#[tokio::test]
async fn requests_are_refused_by_the_first_check_that_fails() {
    let node = Node::serving().await;
    let reader = Reader::new();
    let chain = node.home.chain.clone();
    chain.lock().passes.push((500, reader.wallet.address(), 1));
    type Change = fn(&mut Request);
    let cases: [(&str, Change); 12] = [
        ("wrong_network", |r| {
            r.network = stheno_crypto::NetworkId::from_bytes([1; 32])
        }),
        ("wrong_epoch", |r| r.epoch = 2),
        ("bad_items", |r| r.items.clear()),
        ("bad_items", |r| r.items = vec![item(1), item(1)]),
        ("bad_times", |r| r.expires_at = r.issued_at + 301),
        ("from_future", |r| {
            r.issued_at += 100;
            r.expires_at += 100;
        }),
        ("expired", |r| {
            r.issued_at -= 200;
            r.expires_at -= 200;
        }),
        ("invalid_policy", |r| r.policy = Bytes::from_static(&[0xa0])),
        ("bad_anchors", |r| r.anchors.clear()),
        ("bad_reader_key", |r| {
            r.reader_key = FixedBytes::repeat_byte(0x91)
        }),
        ("anchor_unknown", |r| {
            r.anchors[0].hash = alloy::primitives::B256::repeat_byte(1)
        }),
        ("ok", |_| {}),
    ];
    for (code, change) in cases {
        let body = reader.changed(&chain, change);
        assert_eq!(node.code(&body).await, code);
    }
    let old = reader.changed(&chain, |r| r.anchors = vec![chain.anchor(300)]);
    assert_eq!(node.code(&old).await, "anchor_too_old");
    let newer = reader.changed(&chain, |r| r.anchors = vec![chain.anchor(1_000)]);
    assert_eq!(node.code(&newer).await, "anchor_not_final");
    let elsewhere = json!({ "version": 1, "rule": { "time": {
        "chain": 1, "after": "2020-01-01T00:00:00Z",
    } } });
    let elsewhere = Policy::from_json(&elsewhere.to_string()).unwrap();
    let body = reader.changed(&chain, |r| {
        r.policy = elsewhere.to_cbor().into();
        r.anchors[0].chain_id = 1;
    });
    assert_eq!(node.code(&body).await, "chain_not_configured");
    node.stop().await;
}

#[tokio::test]
async fn nothing_is_read_from_the_chain_before_the_signature_holds() {
    let node = Node::serving().await;
    let reader = Reader::new();
    let chain = node.home.chain.clone();
    let calls = || chain.lock().policy_calls;

    let unsigned = serde_json::to_value(reader.request(&chain, 1)).unwrap();
    assert_eq!(node.code(&unsigned).await, "authorization_missing");

    let mut of_another = reader.request(&chain, 1);
    of_another.account.as_mut().unwrap().address = alloy::primitives::Address::repeat_byte(9);
    assert_eq!(
        node.code(&reader.signed(of_another)).await,
        "signature_invalid"
    );

    // Signed, then changed: the signature is of another request.
    let mut changed = reader.signed(reader.request(&chain, 1));
    changed["items"] = json!([format!("{}", item(9))]);
    assert_eq!(node.code(&changed).await, "signature_invalid");

    let mut short = reader.request(&chain, 1);
    short.authorization = Authorization::Wallet {
        signature: Bytes::from_static(&[1; 64]),
    };
    let short = serde_json::to_value(short).unwrap();
    assert_eq!(node.code(&short).await, "signature_invalid");

    // Cheaper checks come first, whatever else is wrong.
    let mut expired = reader.request(&chain, 1);
    expired.issued_at -= 200;
    expired.expires_at -= 200;
    expired.anchors[0].hash = alloy::primitives::B256::ZERO;
    assert_eq!(
        node.code(&serde_json::to_value(expired).unwrap()).await,
        "expired"
    );
    let mut unknown = reader.request(&chain, 1);
    unknown.anchors[0].hash = alloy::primitives::B256::ZERO;
    assert_eq!(
        node.code(&serde_json::to_value(unknown).unwrap()).await,
        "authorization_missing"
    );

    assert_eq!(calls(), 0);
    node.code(&reader.signed(reader.request(&chain, 1))).await;
    assert!(calls() > 0);
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
async fn address_is_limited_before_any_signature_is_looked_at() {
    let home = Home::new().await;
    let node = home.run_with("", "[limits]\nip_items_per_minute = 1").await;
    node.until_ready().await;
    let reader = Reader::new();
    let unsigned = serde_json::to_value(reader.request(&node.home.chain, 250)).unwrap();
    assert_eq!(node.code(&unsigned).await, "authorization_missing");
    assert_eq!(node.code(&unsigned).await, "rate_limited");
    let mut expired = unsigned.clone();
    expired["expiresAt"] = json!(1);
    expired["issuedAt"] = json!(0);
    assert_eq!(node.code(&expired).await, "expired", "cheaper still");
    node.stop().await;
}

#[tokio::test]
async fn router_refuses_with_problems_too() {
    let node = Node::serving().await;
    let send = |request: reqwest::RequestBuilder| async {
        let answer = request.send().await.unwrap();
        let kind = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(kind, "application/problem+json");
        let status = answer.status().as_u16();
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["status"], status);
        (status, problem["code"].as_str().unwrap().to_owned())
    };
    let url = |path: &str| format!("{}{path}", node.url);
    let http = &node.http;
    let json = "application/json";
    let shares = url("/v1/reencrypt");
    let cases = [
        (http.get(url("/v2/everything")), (404, "not_found")),
        (http.get(&shares), (405, "method_not_allowed")),
        (http.post(url("/v1/status")), (405, "method_not_allowed")),
        (
            http.post(&shares).body("{}"),
            (415, "unsupported_media_type"),
        ),
        (
            http.post(&shares).header("content-type", json),
            (400, "malformed"),
        ),
        (
            http.post(&shares).header("content-type", json).body("[1"),
            (400, "malformed"),
        ),
        (
            http.post(&shares)
                .header("content-type", json)
                .body(vec![b' '; 200_000]),
            (413, "too_large"),
        ),
    ];
    for (request, (status, code)) in cases {
        assert_eq!(send(request).await, (status, code.to_owned()));
    }
    node.stop().await;
}

#[tokio::test]
async fn pages_of_the_configured_origins_may_ask_and_no_others() {
    let home = Home::new().await;
    let node = home
        .run_with("cors_origins = [\"https://app.example\"]", "")
        .await;
    node.until_ready().await;
    let allowed = |origin: &'static str| {
        let preflight = node
            .http
            .request(
                reqwest::Method::OPTIONS,
                format!("{}/v1/reencrypt", node.url),
            )
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
        let refused = node
            .http
            .post(format!("{}/v1/reencrypt", node.url))
            .header("origin", origin)
            .json(&json!({}));
        async move {
            let header = "access-control-allow-origin";
            let preflight = preflight.send().await.unwrap();
            let refused = refused.send().await.unwrap();
            assert_eq!(refused.status(), 400);
            let read = |answer: &reqwest::Response| {
                answer
                    .headers()
                    .get(header)
                    .map(|value| value.to_str().unwrap().to_owned())
            };
            (read(&preflight), read(&refused))
        }
    };
    let ours = Some("https://app.example".to_owned());
    assert_eq!(allowed("https://app.example").await, (ours.clone(), ours));
    assert_eq!(allowed("https://evil.example").await, (None, None));
    node.stop().await;
}

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

/// How many receipts the node has on disk.
async fn receipts(home: &Home) -> i64 {
    use sqlx::{Connection, sqlite::SqliteConnectOptions};
    let path = home.folder.path().join("data/node.db");
    let options = SqliteConnectOptions::new().filename(path);
    let mut connection = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    sqlx::query_scalar("SELECT count(*) FROM receipt")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}
