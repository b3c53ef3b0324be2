//! What is wrong around a node, and what it says then: its share, its clock, its endpoints, bodies
//! that are no requests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod double;

use std::time::{Duration, Instant};

use alloy::signers::local::PrivateKeySigner;
use serde_json::{Value, json};
use stheno_protocol::{AccountKind, Anchor};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use double::{CHAIN_ID, Home, Node, Reader};

#[tokio::test]
async fn node_without_its_share_says_so_and_does_not_serve() {
    let node = Home::without_share().await.run().await;
    let reason = not_ready(&node, "no key share").await;
    assert!(
        reason.contains("epoch 1") && reason.contains("repair"),
        "{reason}"
    );
    assert_eq!(node.get("/v1/status").await.1["state"], "degraded");
    let reader = Reader::new();
    let body = reader.signed(reader.request(&node.home.chain, 1));
    let problem = refused(&node, &body, 503, "not_serving").await;
    assert!(detail(&problem).contains("no key share"), "{problem}");
    node.stop().await;
}

#[tokio::test]
async fn node_whose_clock_is_ahead_releases_nothing_and_names_the_clock() {
    let home = Home::new().await;
    // The same as a clock that is an hour ahead: every block is an hour older.
    home.chain.lock().start -= 3_600;
    let node = home.run().await;
    let reason = not_ready(&node, "old").await;
    assert!(reason.contains("clock is ahead"), "{reason}");
    until_serving(&node).await;
    let reader = Reader::new();
    let body = reader.signed(reader.request(&node.home.chain, 1));
    let problem = refused(&node, &body, 503, "chain_stale").await;
    assert!(detail(&problem).contains("s old"), "{problem}");
    node.stop().await;
}

#[tokio::test]
async fn node_whose_clock_is_behind_is_not_ready_and_names_the_clock() {
    let home = Home::new().await;
    home.chain.lock().start += 3_600;
    let node = home.run().await;
    let reason = not_ready(&node, "in the future").await;
    assert!(reason.contains("clock is behind"), "{reason}");
    until_serving(&node).await;
    // What an honest reader's request looks like then.
    let reader = Reader::new();
    let body = reader.changed(&node.home.chain, |request| {
        request.issued_at += 3_600;
        request.expires_at += 3_600;
    });
    let problem = refused(&node, &body, 400, "from_future").await;
    assert!(
        detail(&problem).contains("ahead of this node's clock"),
        "{problem}"
    );
    node.stop().await;
}

#[tokio::test]
async fn endpoint_that_disagrees_with_its_peer_is_not_believed() {
    let mut home = Home::new().await;
    let reader = Reader::new();
    let pass = (500, reader.wallet.address(), 1);
    home.twins.push(home.chain.twin().await);
    home.twins[0].lock().passes.push(pass);
    let node = home.run().await;
    node.until_ready().await;
    // One says that there is a pass, the other that there is none: neither grants nor denies.
    let body = reader.signed(reader.request(&node.home.chain, 1));
    let problem = refused(&node, &body, 503, "chain_unavailable").await;
    assert!(detail(&problem).contains("agree"), "{problem}");
    node.home.chain.lock().passes.push(pass);
    let again = reader.signed(reader.request(&node.home.chain, 1));
    assert_eq!(node.code(&again).await, "ok");
    node.stop().await;
}

#[tokio::test]
async fn endpoint_that_is_slow_is_waited_for_and_one_that_is_silent_is_not() {
    let mut home = Home::new().await;
    let reader = Reader::new();
    home.chain
        .lock()
        .passes
        .push((500, reader.wallet.address(), 1));
    home.twins.push(home.chain.twin().await);
    let node = home.run().await;
    node.until_ready().await;
    node.home.twins[0].lock().slow = Duration::from_millis(300);
    let body = reader.signed(reader.request(&node.home.chain, 1));
    assert_eq!(node.code(&body).await, "ok");

    node.home.twins[0].lock().slow = Duration::from_secs(3_600);
    // Of somebody else, so that nothing is known already.
    let other = Reader {
        wallet: PrivateKeySigner::from_slice(&[0x44; 32]).unwrap(),
        ..Reader::new()
    };
    let body = other.signed(other.request(&node.home.chain, 1));
    let began = Instant::now();
    let (status, problem) = node.post(&body).await;
    let code = problem["code"].as_str().unwrap();
    assert!(
        matches!(
            (status, code),
            (503, "chain_unavailable") | (504, "timeout")
        ),
        "{problem}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(40),
        "{:?}",
        began.elapsed()
    );
    node.stop().await;
}

#[tokio::test]
async fn body_that_is_nested_deep_is_malformed() {
    let node = Node::serving().await;
    for opening in ["[", "{\"a\":", "{\"items\":[{\"policy\":["] {
        let deep = opening.repeat(100_000 / opening.len());
        let (status, problem) = post_text(&node, deep).await;
        assert_eq!((status, &problem["code"]), (400, &json!("malformed")));
    }
    // In a place where a value is expected.
    let reader = Reader::new();
    let mut body = reader.signed(reader.request(&node.home.chain, 1));
    body["items"] = json!("DEEP");
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let (status, problem) = post_text(&node, body.to_string().replace("\"DEEP\"", &deep)).await;
    assert_eq!((status, &problem["code"]), (400, &json!("malformed")));
    assert_eq!(node.get("/health").await.0, 200);
    node.stop().await;
}

#[tokio::test]
async fn body_that_announces_too_much_is_refused_before_it_comes() {
    let node = Node::serving().await;
    for length in ["200000", "99999999999", "18446744073709551615"] {
        let mut socket = tokio::net::TcpStream::connect(node.url.trim_start_matches("http://"))
            .await
            .unwrap();
        let head = format!(
            "POST /v1/reencrypt HTTP/1.1\r\nhost: node\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{{"
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = socket.read_to_string(&mut answer);
        tokio::time::timeout(Duration::from_secs(10), read)
            .await
            .expect("the node does not wait for the body")
            .unwrap();
        assert!(answer.starts_with("HTTP/1.1 4"), "{length}: {answer}");
        if length == "200000" {
            assert!(
                answer.contains("413") && answer.contains("too_large"),
                "{answer}"
            );
        }
    }
    node.stop().await;
}

#[tokio::test]
async fn request_is_refused_for_an_account_of_another_kind_or_chain() {
    let node = Node::serving().await;
    let reader = Reader::new();
    let chain = node.home.chain.clone();
    chain.lock().passes.push((500, reader.wallet.address(), 1));
    // A wallet's signature for a contract's account.
    let body = reader.changed(&chain, |request| {
        request.account.as_mut().unwrap().kind = AccountKind::Contract;
    });
    let problem = refused(&node, &body, 401, "signature_invalid").await;
    assert!(detail(&problem).contains("contract"), "{problem}");
    // A contract's account on a chain that nobody anchored.
    let body = reader.changed(&chain, |request| {
        let account = request.account.as_mut().unwrap();
        (account.kind, account.chain) = (AccountKind::Contract, 1);
    });
    refused(&node, &body, 400, "bad_anchors").await;
    // An account that is none.
    let mut body = reader.signed(reader.request(&chain, 1));
    body["accountKind"] = json!("none");
    let problem = refused(&node, &body, 400, "malformed").await;
    assert!(detail(&problem).contains("accountChain"), "{problem}");
    node.stop().await;
}

#[tokio::test]
async fn anchors_are_refused_with_what_is_wrong_with_them() {
    let node = Node::serving().await;
    let reader = Reader::new();
    let chain = node.home.chain.clone();
    let good = chain.final_anchor();
    let cases = [
        (chain.anchor(999), "anchor_not_final", "final"),
        (chain.anchor(5_000), "anchor_not_final", "final"),
        (chain.anchor(300), "anchor_too_old", "behind the final head"),
        (
            Anchor {
                hash: alloy::primitives::B256::repeat_byte(1),
                ..good
            },
            "anchor_unknown",
            "not 0x0101",
        ),
    ];
    for (anchor, code, word) in cases {
        let body = reader.changed(&chain, |request| request.anchors = vec![anchor]);
        let problem = refused(&node, &body, 409, code).await;
        assert!(detail(&problem).contains(word), "no {word} in {problem}");
        assert!(
            detail(&problem).contains(&CHAIN_ID.to_string()),
            "no chain in {problem}"
        );
    }
    node.stop().await;
}

async fn post_text(node: &Node, body: String) -> (u16, Value) {
    let answer = node
        .http
        .post(format!("{}/v1/reencrypt", node.url))
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn refused(node: &Node, body: &Value, status: u16, code: &str) -> Value {
    let (given, problem) = node.post(body).await;
    assert_eq!(
        (given, &problem["code"]),
        (status, &json!(code)),
        "{problem}"
    );
    problem
}

fn detail(problem: &Value) -> &str {
    problem["detail"].as_str().unwrap()
}

/// Waits until the node has found its epoch and its share, whatever else is wrong.
async fn until_serving(node: &Node) {
    for _ in 0..200 {
        if node.get("/v1/status").await.1["state"] == "serving" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not serving: {:?}", node.get("/v1/status").await);
}

/// Waits until the node says, with this word, why it is not ready.
async fn not_ready(node: &Node, word: &str) -> String {
    for _ in 0..200 {
        let (status, ready) = node.get("/ready").await;
        let reasons = ready["reasons"].as_array().cloned().unwrap_or_default();
        let mut reasons = reasons.iter().filter_map(Value::as_str);
        if let Some(reason) = reasons.find(|reason| reason.contains(word)) {
            assert_eq!(status, 503, "{ready}");
            return reason.to_owned();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never said `{word}`: {:?}", node.get("/ready").await);
}
