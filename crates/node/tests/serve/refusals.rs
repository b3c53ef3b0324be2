//! Requests that are refused before the policy is looked at, and with which words.

use crate::double::{Home, Node, Reader, item};
use alloy::primitives::{Bytes, FixedBytes};
use serde_json::{Value, json};
use stheno_protocol::{Authorization, Policy, Request};

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
