//! What people, disks and networks get wrong: an error that names the fault, a hint, no output file.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use axum::{Json, Router, routing::post};
use serde_json::{Value, json};

use crate::{
    command::{run, stheno},
    desk::{Desk, noise},
    someone::Someone,
    stage, trials,
};

trials![
    missing_or_unreadable_file_is_named,
    output_that_exists_is_kept_without_force,
    output_in_a_missing_directory_is_named,
    file_that_is_no_envelope_is_refused,
    truncated_envelope_leaves_no_file,
    tampered_envelope_leaves_no_file,
    policy_syntax_error_has_line_and_column,
    policy_with_an_unknown_leaf_names_it,
    network_file_of_another_key_is_refused_for_writing,
    network_file_of_another_network_is_refused_for_reading,
    network_file_that_is_none_is_refused,
    rpc_that_is_down_is_named,
    rpc_of_another_chain_is_named,
    rpc_that_is_silent_is_named_in_bounded_time,
    rpcs_that_disagree_are_both_named,
    rpc_that_is_slow_is_waited_for,
    rpc_that_was_not_given_is_asked_for,
    wallet_that_is_missing_or_none_is_told,
    node_with_a_wrong_passphrase_does_not_start,
    node_in_a_directory_in_use_does_not_start,
];

async fn missing_or_unreadable_file_is_named() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_money(&devnet, "missing").await;
    let said = desk.encrypt("nothing", "out", &[]).await;
    said.expect_error(2, &["nothing"]).expect_hint();
    let said = desk.decrypt(&reader, "nothing", "out", &[]).await;
    said.expect_error(2, &["nothing"]).expect_hint();
    let said = run(&mut stheno(["inspect", &desk.path("nothing")])).await;
    said.expect_error(2, &["nothing"]);
    // A folder becomes a collection, if there is something in it.
    std::fs::create_dir(desk.path("folder")).unwrap();
    let said = desk.encrypt("folder", "out", &[]).await;
    said.expect_error(2, &["folder", "holds no files"]);
    let policy = desk.path("nothing.json");
    let mut command = stheno(["encrypt", &desk.put("data", "x"), "-o", &desk.path("out")]);
    command
        .args(["--policy", &policy])
        .arg("--network")
        .arg(desk.network());
    run(&mut command).await.expect_error(2, &["nothing.json"]);
    assert_eq!(desk.names(), ["data", "folder"]);
}

async fn output_that_exists_is_kept_without_force() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "exists").await;
    desk.put("data", noise(10, 1_000));
    desk.put("out", "precious");
    let said = desk.encrypt("data", "out", &[]).await;
    said.expect_error(2, &["out", "exists"]).expect_hint();
    assert_eq!(desk.read("out"), b"precious");
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let said = desk.decrypt(&reader, "data.fee", "out", &[]).await;
    said.expect_error(2, &["out", "exists"]).expect_hint();
    assert_eq!(desk.read("out"), b"precious");
    desk.decrypt(&reader, "data.fee", "out", &["--force"])
        .await
        .expect_done();
    assert_eq!(desk.read("out"), noise(10, 1_000));
    // The input as its own output.
    let said = desk
        .decrypt(&reader, "data.fee", "data.fee", &["--force"])
        .await;
    said.expect_error(2, &["input"]);
}

async fn output_in_a_missing_directory_is_named() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    desk.put("data", "x");
    let said = desk.encrypt("data", "no/such/place", &[]).await;
    said.expect_error(2, &["no/such/place"]).expect_hint();
}

async fn file_that_is_no_envelope_is_refused() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_money(&devnet, "no envelope").await;
    let cases: [(&str, &[u8]); 5] = [
        ("empty", b""),
        ("text", b"this is no envelope at all"),
        ("noise", &noise(11, 4_000)),
        ("cbor", b"\xd8\x60\x84\x40\xa0\xf6\x80"),
        ("huge", b"\xd8\x60\x84\x5b\x7f\xff\xff\xff\xff\xff\xff\xff"),
    ];
    for (name, bytes) in cases {
        desk.put(name, bytes);
        let said = desk.decrypt(&reader, name, "out", &[]).await;
        said.expect_error(2, &[]).expect_hint();
        let said = run(&mut stheno(["inspect", &desk.path(name)])).await;
        said.expect_error(2, &[]);
    }
    assert!(!desk.names().contains(&"out".to_owned()));
}

async fn truncated_envelope_leaves_no_file() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "truncated").await;
    desk.put("data", noise(12, 600_000));
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let whole = desk.read("data.fee");
    // In the header, in the first chunk, at a chunk's border, in the last tag.
    let header = whole.len() - 600_000 - 3 * 16;
    for length in [
        header / 2,
        header + 5,
        header + (256 << 10) + 16,
        whole.len() - 1,
    ] {
        desk.put("cut.fee", &whole[..length]);
        let said = desk.decrypt(&reader, "cut.fee", "out", &[]).await;
        said.expect_error(2, &[]).expect_hint();
        assert_eq!(desk.names(), ["cut.fee", "data", "data.fee"], "{length}");
    }
}

async fn tampered_envelope_leaves_no_file() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "tampered").await;
    desk.put("data", noise(13, 300_000));
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let whole = desk.read("data.fee");
    let header = whole.len() - 300_000 - 2 * 16;
    // The wrapped key is the last thing in the header; then a byte of each chunk.
    for at in [header - 20, header + 100, whole.len() - 100] {
        let mut bad = whole.clone();
        bad[at] ^= 1;
        desk.put("bad.fee", &bad);
        let said = desk.decrypt(&reader, "bad.fee", "out", &[]).await;
        said.expect_error(2, &[]).expect_hint();
        assert_eq!(desk.names(), ["bad.fee", "data", "data.fee"], "{at}");
    }
    let mut longer = whole;
    longer.push(0);
    desk.put("bad.fee", &longer);
    let said = desk.decrypt(&reader, "bad.fee", "out", &[]).await;
    said.expect_error(2, &[]);
    assert_eq!(desk.names(), ["bad.fee", "data", "data.fee"]);
}

async fn policy_syntax_error_has_line_and_column() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let policy = desk.put(
        "policy.json",
        "{ \"version\": 1,\n  \"rule\": { \"all\": [ ] }, }\n",
    );
    let said = run(&mut stheno(["policy", "check", &policy])).await;
    said.expect_error(2, &["policy.json", "line 2", "column"]);
    let mut command = stheno(["encrypt", &desk.put("data", "x"), "-o", &desk.path("out")]);
    command
        .args(["--policy", &policy])
        .arg("--network")
        .arg(desk.network());
    run(&mut command)
        .await
        .expect_error(2, &["line 2", "column"])
        .expect_hint();
    assert_eq!(desk.names(), ["data", "policy.json"]);
}

async fn policy_with_an_unknown_leaf_names_it() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let text = r#"{ "version": 1, "rule": { "all": [ { "tokn": { "chain": 1 } } ] } }"#;
    let policy = desk.put("policy.json", text);
    let said = run(&mut stheno(["policy", "check", &policy])).await;
    said.expect_error(2, &["tokn", "token"]);
}

async fn network_file_of_another_key_is_refused_for_writing() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    desk.put("data", "x");
    let mut file: Value = serde_json::from_slice(&std::fs::read(desk.network()).unwrap()).unwrap();
    file["networkKeyFingerprint"] = json!(format!("0x{}", "11".repeat(32)));
    // The key in the file contradicts the fingerprint; without it, the chain's key does.
    for (without_key, word) in [(false, "fingerprint"), (true, "pins")] {
        if without_key {
            file.as_object_mut().unwrap().remove("networkKey");
        }
        let network = desk.put("network.json", file.to_string());
        let mut command = stheno(["encrypt", &desk.path("data"), "-o", &desk.path("out")]);
        command
            .args(["--network", &network])
            .arg("--policy")
            .arg(desk.policy());
        run(&mut command)
            .await
            .expect_error(2, &[word])
            .expect_hint();
    }
    assert_eq!(desk.names(), ["data", "network.json"]);
}

async fn network_file_of_another_network_is_refused_for_reading() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "network file").await;
    desk.put("data", "x");
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let mut file: Value = serde_json::from_slice(&std::fs::read(desk.network()).unwrap()).unwrap();
    file["committeeId"] = json!(2);
    let network = desk.put("network.json", file.to_string());
    let said = desk
        .decrypt(&reader, "data.fee", "out", &["--network", &network])
        .await;
    said.expect_error(2, &["committee"]).expect_hint();
    assert!(!desk.names().contains(&"out".to_owned()));
}

async fn network_file_that_is_none_is_refused() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    desk.put("data", "x");
    let cases = [("{", "line 1"), ("{}", "missing field"), ("[1]", "line 1")];
    for (text, word) in cases {
        let network = desk.put("network.json", text);
        let mut command = stheno(["encrypt", &desk.path("data"), "-o", &desk.path("out")]);
        command
            .args(["--network", &network])
            .arg("--policy")
            .arg(desk.policy());
        let said = run(&mut command).await;
        said.expect_error(2, &["network.json", word]).expect_hint();
    }
}

async fn rpc_that_is_down_is_named() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    desk.put("data", "x");
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let rpc = format!("http://127.0.0.1:{port}");
    let said = decrypt_through(&desk, &devnet, &rpc).await;
    said.expect_error(2, &[&port.to_string()]).expect_hint();
    assert_eq!(desk.names(), ["data", "data.fee"]);
}

async fn rpc_of_another_chain_is_named() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    desk.put("data", "x");
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let answer = |Json(asked): Json<Value>| async move {
        let result = if asked["method"] == "eth_chainId" {
            json!("0x1")
        } else {
            Value::Null
        };
        Json(json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rpc = format!("http://{}", listener.local_addr().unwrap());
    let serving =
        tokio::spawn(
            async move { axum::serve(listener, Router::new().route("/", post(answer))).await },
        );
    let said = decrypt_through(&desk, &devnet, &rpc).await;
    serving.abort();
    said.expect_error(2, &["chain 1,", "31415926"])
        .expect_hint();
    assert_eq!(desk.names(), ["data", "data.fee"]);
}

async fn rpc_that_is_silent_is_named_in_bounded_time() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    desk.put("data", "x");
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let silent = Detour::start(&devnet, Harm::Silence).await;
    let began = Instant::now();
    let said = decrypt_through(&desk, &devnet, silent.url()).await;
    said.expect_error(2, &[silent.url()]).expect_hint();
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(desk.names(), ["data", "data.fee"]);
}

async fn rpcs_that_disagree_are_both_named() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    desk.put("data", "x");
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let liar = Detour::start(&devnet, Harm::Lies).await;
    let both = format!("{},{}", devnet.rpc(), liar.url());
    let said = decrypt_through(&desk, &devnet, &both).await;
    let port = devnet.rpc().port().unwrap().to_string();
    said.expect_error(2, &["agree", liar.url(), &port])
        .expect_hint();
    assert_eq!(desk.names(), ["data", "data.fee"]);
}

async fn rpc_that_is_slow_is_waited_for() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "slow rpc").await;
    desk.put("data", "x");
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let slow = Detour::start(&devnet, Harm::Delay).await;
    let mut command = stheno(["decrypt", &desk.path("data.fee"), "-o", &desk.path("out")]);
    command.args(["--rpc", slow.url()]);
    run(command.env("STHENO_PRIVATE_KEY", reader.key()))
        .await
        .expect_done();
    assert_eq!(desk.read("out"), b"x");
}

async fn rpc_that_was_not_given_is_asked_for() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    desk.put("data", "x");
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let mut command = stheno(["decrypt", &desk.path("data.fee"), "-o", &desk.path("out")]);
    run(&mut command)
        .await
        .expect_error(2, &["chain"])
        .expect_hint();
}

async fn wallet_that_is_missing_or_none_is_told() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    desk.put("data", "x");
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let decrypt = || {
        let mut command = stheno(["decrypt", &desk.path("data.fee"), "-o", &desk.path("out")]);
        command.args(["--rpc", desk.rpc()]);
        command
    };
    run(&mut decrypt())
        .await
        .expect_error(2, &["who is reading"])
        .expect_hint();
    let secret = "0x1234567890nothex";
    let said = run(decrypt().env("STHENO_PRIVATE_KEY", secret)).await;
    said.expect_error(2, &["STHENO_PRIVATE_KEY"]).expect_hint();
    assert!(
        !said.stderr.contains("1234567890"),
        "the key is shown: {said:?}"
    );
    let keystore = desk.put("keystore.json", "{}");
    let mut command = decrypt();
    command
        .args(["--keystore", &keystore])
        .env("STHENO_KEYSTORE_PASSWORD", "x");
    run(&mut command)
        .await
        .expect_error(2, &["keystore.json"])
        .expect_hint();
}

async fn node_with_a_wrong_passphrase_does_not_start() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let config = desk.path("node.toml");
    let contract = devnet.contracts().committee.to_string();
    let mut init = stheno(["node", "--config", &config, "init", "--contract", &contract]);
    init.args([
        "--chain-id",
        "31415926",
        "--committee",
        "1",
        "--rpc",
        desk.rpc(),
    ]);
    init.args([
        "--listen",
        "127.0.0.1:0",
        "--endpoint",
        "http://127.0.0.1:9/",
    ]);
    run(init.env("STHENO_NODE_PASSPHRASE", "right"))
        .await
        .expect_done();
    let mut start = stheno(["node", "--config", &config, "run"]);
    let said = run(start.env("STHENO_NODE_PASSPHRASE", "wrong")).await;
    said.expect_error(2, &["passphrase", "give the one that it was made with"]);
    assert!(
        !said.stderr.contains("wrong\""),
        "the passphrase is shown: {said:?}"
    );
}

async fn node_in_a_directory_in_use_does_not_start() {
    let devnet = stage::shared().await;
    let member = &devnet.members()[0];
    let config = member.operator().config();
    let mut command = stheno(["node", "--config", config.to_str().unwrap(), "run"]);
    let said = run(&mut command).await;
    said.expect_error(2, &["another process", &member.pid().unwrap().to_string()]);
}

/// What an endpoint does to those who ask it.
#[derive(Clone, Copy)]
enum Harm {
    /// Takes the question and says nothing.
    Silence,
    /// Answers every call with something else than the chain.
    Lies,
    /// Answers truly, half a second late.
    Delay,
}

/// An endpoint in front of the devnet's own.
struct Detour {
    url: String,
    server: tokio::task::JoinHandle<()>,
}

impl Detour {
    async fn start(devnet: &stheno_cli::devnet::Devnet, harm: Harm) -> Self {
        let (http, rpc) = (reqwest::Client::new(), devnet.rpc().clone());
        let answer = move |Json(asked): Json<Value>| async move {
            match harm {
                Harm::Silence => std::future::pending().await,
                Harm::Delay => tokio::time::sleep(Duration::from_millis(500)).await,
                Harm::Lies => {}
            }
            let said = http.post(rpc).json(&asked).send().await.unwrap();
            let mut said: Value = said.json().await.unwrap();
            if matches!(harm, Harm::Lies) && asked["method"] == "eth_call" {
                let truth = said["result"].as_str().unwrap_or("0x").to_owned();
                // The first word becomes another one.
                said["result"] = json!(truth.replacen("0x0", "0x1", 1));
            }
            Json(said)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(answer));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, server }
    }

    fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Detour {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn decrypt_through(
    desk: &Desk,
    devnet: &stheno_cli::devnet::Devnet,
    rpc: &str,
) -> crate::command::Said {
    let reader = Someone::with_money(devnet, "through").await;
    let mut command = stheno(["decrypt", &desk.path("data.fee"), "-o", &desk.path("out")]);
    command.args(["--rpc", rpc]);
    run(command.env("STHENO_PRIVATE_KEY", reader.key())).await
}
