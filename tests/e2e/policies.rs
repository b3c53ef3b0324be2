//! Policies as their authors meet them.

use stheno_cli::devnet::Devnet;

use crate::{
    command::{Said, run, stheno},
    desk::Desk,
    someone::Someone,
    stage, trials,
};

trials![
    explain_says_what_is_missing_and_when_nothing_is,
    node_explains_what_its_endpoints_say,
    recorded_answers_are_a_test_of_the_policy,
];

async fn explain_says_what_is_missing_and_when_nothing_is() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let pass = devnet.contracts().access_pass;
    let policy = format!(
        r#"{{ "version": 1, "rule": {{ "any": [
            {{ "token": {{ "chain": 31415926, "standard": "erc721", "contract": "{pass}" }} }},
            {{ "not": {{ "time": {{ "chain": 31415926, "before": "2100-01-01T00:00:00Z" }} }} }} ] }} }}"#
    );
    let policy = desk.put("policy.json", policy);
    let reader = Someone::with_money(&devnet, "explained").await;
    let explain = async |more: &[&str]| explained(&devnet, &policy, &reader, more).await;

    let said = explain(&[]).await;
    for words in [
        "not granted",
        "✗ any",
        "✗ holds at least 1 of ERC-721",
        "– balance 0",
        "✗ not",
        "✓ the block time on chain 31415926 is before 2100-01-01",
        "→ ",
    ] {
        assert!(said.stdout.contains(words), "no `{words}`: {}", said.stdout);
    }

    reader.buys_a_pass(&devnet).await;
    let said = explain(&["--json"]).await;
    let said: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(said["granted"], true);
    assert_eq!(said["then"]["tree"]["of"][0]["leaf"]["found"], "balance 1");
    let (then, now) = (&said["then"]["blocks"][0], &said["now"]["blocks"][0]);
    assert!(then["number"].as_u64() < now["number"].as_u64(), "{said}");
}

async fn explained(devnet: &Devnet, policy: &str, who: &Someone, more: &[&str]) -> Said {
    let mut command = stheno(["policy", "explain", policy]);
    command.args(["--rpc", devnet.rpc().as_str()]).args(more);
    command.args(["--reader", &who.signer.address().to_string()]);
    let said = run(&mut command).await;
    said.expect_done();
    said
}

async fn node_explains_what_its_endpoints_say() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let policy = desk.put("policy.json", devnet.pass_policy());
    let reader = Someone::with_money(&devnet, "explained by a node").await;
    let address = reader.signer.address().to_string();
    let node = devnet.network().nodes[0].endpoint.to_string();
    let explain = ["policy", "explain", &policy, "--reader", &address];
    let said = run(stheno(explain).args(["--node", &node])).await;
    said.expect_done();
    assert!(said.stdout.contains("not granted"), "{}", said.stdout);
    assert!(said.stdout.contains("balance 0"), "{}", said.stdout);

    let said = run(stheno(explain).args(["--node", "http://127.0.0.1:1"])).await;
    said.expect_error(2, &["gave no explanation"]).expect_hint();
}

async fn recorded_answers_are_a_test_of_the_policy() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let policy = desk.put("policy.json", devnet.pass_policy());
    let reader = Someone::with_pass(&devnet, "recorded").await;
    let mut record = stheno(["policy", "record", &policy, "--name", "a buyer"]);
    record.args(["--rpc", devnet.rpc().as_str()]);
    record.args(["--reader", &reader.signer.address().to_string()]);
    let said = run(&mut record).await;
    said.expect_done();
    let fixtures = desk.put("fixtures.json", said.stdout.clone());
    let said = run(&mut stheno(["policy", "test", &fixtures])).await;
    said.expect_done();
    assert!(
        said.stdout.contains("ok      a buyer: granted"),
        "{}",
        said.stdout
    );
}
