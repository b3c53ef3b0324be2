//! A file, a policy, five nodes, through the command line as a person types it.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;

use crate::{
    command::{Said, run, stheno},
    desk::{Desk, noise},
    someone::Someone,
    stage, trials,
};

trials![
    file_is_refused_sold_opened_and_survives_dead_nodes,
    both_ciphers_open_and_differ,
    files_of_awkward_sizes_open,
    pipes_carry_data_and_nothing_else,
    inspect_says_what_an_envelope_needs_without_a_network,
    hidden_policy_is_brought_by_the_reader,
    policy_that_names_no_reader_needs_no_wallet,
    network_show_tells_how_the_nodes_are,
    demo_tells_its_story_and_leaves_nothing_behind,
];

/// The story of the demo, with what a script would check.
async fn file_is_refused_sold_opened_and_survives_dead_nodes() {
    let mut devnet = stage::alone().await;
    let desk = Desk::new(&devnet);
    let original = noise(1, 3 << 20);
    desk.put("data", &original);
    let said = desk.encrypt("data", "data.fee", &["--json"]).await;
    let encrypted = said.expect_done().json();
    assert_eq!(encrypted["plaintextBytes"], original.len());
    assert_eq!(encrypted["envelopeBytes"], desk.read("data.fee").len());

    // No pass: every node says no, and which condition failed.
    let reader = Someone::with_money(&devnet, "main job").await;
    let said = desk.decrypt(&reader, "data.fee", "copy", &[]).await;
    let words = [
        "access denied by 5 of 5",
        "condition_not_met",
        "not met: holds at least 1",
        "balance 0",
    ];
    said.expect_error(1, &words).expect_hint();
    let said = desk.decrypt(&reader, "data.fee", "copy", &["--json"]).await;
    let denial: Value = serde_json::from_str(&said.stderr).unwrap();
    assert_eq!(
        (said.code, &denial["denied"]),
        (Some(1), &Value::Bool(true))
    );
    assert_eq!(outcomes(&denial), ["refused"; 5]);
    assert_eq!(desk.names(), ["data", "data.fee"]);

    // Bought: it opens, waiting until the purchase is final.
    devnet.buy_pass(reader.signer.clone()).await.unwrap();
    let said = desk.decrypt(&reader, "data.fee", "copy", &["--json"]).await;
    let opened = said.expect_done().json();
    assert_eq!(opened["threshold"], 3);
    assert!(
        outcomes(&opened).iter().filter(|o| *o == "shared").count() >= 3,
        "{opened}"
    );
    assert!(desk.read("copy") == original);

    // Two of five down.
    devnet.kill_node(1);
    devnet.kill_node(4);
    let said = desk.decrypt(&reader, "data.fee", "copy-2", &[]).await;
    said.expect_done();
    assert!(desk.read("copy-2") == original);

    // Three of five down: how many of how many, and why.
    devnet.kill_node(2);
    let said = desk.decrypt(&reader, "data.fee", "copy-3", &[]).await;
    let words = [
        "2 of 5 nodes",
        "3 are needed",
        "node 1 ",
        "node 2 ",
        "node 4 ",
    ];
    said.expect_error(2, &words).expect_hint();
    assert!(!desk.names().contains(&"copy-3".to_owned()));

    // One comes back.
    devnet.start_node(2).await.unwrap();
    let said = desk.decrypt(&reader, "data.fee", "copy-3", &[]).await;
    said.expect_done();
    assert!(desk.read("copy-3") == original);
    devnet.start_node(1).await.unwrap();
    devnet.start_node(4).await.unwrap();
}

async fn both_ciphers_open_and_differ() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "ciphers").await;
    let original = noise(2, 700_000);
    desk.put("data", &original);
    for cipher in ["aes-256-gcm", "chacha20-poly1305"] {
        let sealed = format!("{cipher}.fee");
        let said = desk.encrypt("data", &sealed, &["--cipher", cipher]).await;
        said.expect_done();
        let said = run(&mut stheno(["inspect", &desk.path(&sealed), "--json"])).await;
        let inspected = said.expect_done().json();
        let expected = if cipher == "aes-256-gcm" {
            -65_793
        } else {
            -65_800
        };
        assert_eq!(inspected["algorithm"], expected);
        let said = desk.decrypt(&reader, &sealed, cipher, &[]).await;
        said.expect_done();
        assert!(desk.read(cipher) == original);
    }
}

async fn files_of_awkward_sizes_open() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "sizes").await;
    // Around a chunk of 256 KiB.
    for size in [0, 1, (256 << 10) - 1, 256 << 10, (256 << 10) + 1] {
        let (name, sealed, copy) = (
            format!("{size}"),
            format!("{size}.fee"),
            format!("{size}.copy"),
        );
        let original = noise(3, size);
        desk.put(&name, &original);
        desk.encrypt(&name, &sealed, &[]).await.expect_done();
        desk.decrypt(&reader, &sealed, &copy, &[])
            .await
            .expect_done();
        assert!(desk.read(&copy) == original, "{size}");
    }
}

async fn pipes_carry_data_and_nothing_else() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "pipes").await;
    let original = noise(4, 300_000);

    let mut command = stheno(["encrypt", "-", "-o", "-", "--json"]);
    command.arg("--policy").arg(desk.policy());
    command.arg("--network").arg(desk.network());
    let (envelope, said) = through(&mut command, &original).await;
    said.expect_done();
    serde_json::from_str::<Value>(&said.stderr).expect("the result goes to stderr");

    let mut command = stheno(["decrypt", "-", "-o", "-", "--rpc", desk.rpc()]);
    command.env("STHENO_PRIVATE_KEY", reader.key());
    let (copy, said) = through(&mut command, &envelope).await;
    said.expect_done();
    assert!(copy == original);
}

async fn inspect_says_what_an_envelope_needs_without_a_network() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    desk.put("data", noise(5, 1_000));
    let said = desk.encrypt("data", "data.fee", &["--json"]).await;
    let encrypted = said.expect_done().json();
    let said = run(&mut stheno(["inspect", &desk.path("data.fee"), "--json"])).await;
    let inspected = said.expect_done().json();
    let recipient = &inspected["recipients"][0];
    assert_eq!(
        recipient["network"],
        devnet.network().network_id().to_string()
    );
    assert_eq!(recipient["committeeId"], 1);
    assert_eq!(recipient["item"], encrypted["item"]);
    assert_eq!(recipient["policyDigest"], encrypted["policyDigest"]);
    let wanted: Value = serde_json::from_str(&devnet.pass_policy()).unwrap();
    let contract = "/rule/token/contract";
    let lower = |value: &Value| {
        value
            .pointer(contract)
            .map(|v| v.to_string().to_lowercase())
    };
    assert_eq!(lower(&recipient["policy"]), lower(&wanted));
}

async fn hidden_policy_is_brought_by_the_reader() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "hidden").await;
    let original = noise(6, 5_000);
    desk.put("data", &original);
    desk.encrypt("data", "data.fee", &["--hide-policy"])
        .await
        .expect_done();
    let said = desk.decrypt(&reader, "data.fee", "copy", &[]).await;
    said.expect_error(2, &["digest of its policy"])
        .expect_hint();
    let policy = desk.policy().to_str().unwrap().to_owned();
    let said = desk
        .decrypt(&reader, "data.fee", "copy", &["--policy", &policy])
        .await;
    said.expect_done();
    assert!(desk.read("copy") == original);
}

async fn policy_that_names_no_reader_needs_no_wallet() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let original = noise(7, 5_000);
    desk.put("data", &original);
    for (name, rule, opens) in [
        (
            "past",
            r#"{ "time": { "chain": 31415926, "after": "2020-01-01T00:00:00Z" } }"#,
            true,
        ),
        (
            "future",
            r#"{ "time": { "chain": 31415926, "after": "2120-01-01T00:00:00Z" } }"#,
            false,
        ),
    ] {
        let text = format!(r#"{{ "version": 1, "rule": {rule} }}"#);
        let policy = desk.put(&format!("{name}.json"), text);
        let sealed = desk.path(&format!("{name}.fee"));
        let mut command = stheno(["encrypt", &desk.path("data"), "-o", &sealed]);
        command
            .args(["--policy", &policy])
            .arg("--network")
            .arg(desk.network());
        run(&mut command).await.expect_done();
        let copy = desk.path(&format!("{name}.copy"));
        let said = run(&mut stheno([
            "decrypt",
            &sealed,
            "-o",
            &copy,
            "--rpc",
            desk.rpc(),
        ]))
        .await;
        if opens {
            said.expect_done();
            assert!(std::fs::read(&copy).unwrap() == original);
        } else {
            said.expect_error(1, &["denied", "2120"]);
        }
    }
}

async fn network_show_tells_how_the_nodes_are() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let network = desk.network().to_str().unwrap();
    let said = run(&mut stheno(["network", "show", network])).await;
    let said = said.expect_done();
    for member in devnet.members() {
        let endpoint = member.endpoint().as_str();
        assert!(said.stdout.contains(endpoint), "no {endpoint} in {said:?}");
    }
}

async fn demo_tells_its_story_and_leaves_nothing_behind() {
    // The tenth part of the file; everything else as told.
    let said = run(&mut stheno(["demo", "--json", "--size", "6MiB"])).await;
    let facts = said.expect_done().json();
    for (fact, value) in [
        ("nodes", Value::from(5)),
        ("threshold", 3.into()),
        ("file_bytes", (6 << 20).into()),
        ("sha256_equal", true.into()),
        ("granted_with_two_down", true.into()),
        ("refused_with_three_down", true.into()),
        ("recovered", true.into()),
    ] {
        assert_eq!(facts[fact], value, "{fact} in {facts}");
    }
    let codes = facts["denied_codes"].as_array().unwrap();
    assert_eq!(codes.len(), 5);
    assert!(
        codes.iter().all(|code| code == "condition_not_met"),
        "{facts}"
    );
    // The middle of six MiB begins with a chunk, so that a mebibyte is four of 256 KiB.
    assert_eq!(facts["range_bytes"], 1 << 20);
    assert_eq!(facts["range_read_bytes"], 4 * ((256 << 10) + 16));
    for time in ["dkg_ms", "encrypt_ms", "grant_ms", "decrypt_ms", "range_ms"] {
        assert!(facts[time].as_f64().unwrap() > 0.0, "{time} in {facts}");
    }
    assert!(
        facts["refusal"].as_str().unwrap().contains("2 of 5"),
        "{facts}"
    );
}

/// Runs a command with bytes on its stdin, and gives its stdout as bytes.
async fn through(command: &mut tokio::process::Command, input: &[u8]) -> (Vec<u8>, Said) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let write = async move {
        stdin.write_all(input).await.unwrap();
        drop(stdin);
    };
    let ((), output) = tokio::join!(write, child.wait_with_output());
    let output = output.unwrap();
    (output.stdout.clone(), Said::from(output))
}

fn outcomes(object: &Value) -> Vec<String> {
    let nodes = object["nodes"]
        .as_array()
        .unwrap_or_else(|| panic!("no nodes in {object}"));
    let outcomes = nodes
        .iter()
        .map(|node| node["outcome"].as_str().unwrap().to_owned());
    outcomes.collect()
}
