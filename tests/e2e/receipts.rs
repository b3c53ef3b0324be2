//! What nodes sign for having released: kept through kills, exported beside them, verified.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures::future::join_all;
use serde_json::Value;
use stheno_cli::devnet::Devnet;
use stheno_protocol::{Answer, ExportLine};

use crate::{
    bad_requests::Asker,
    command::{Said, run, stheno},
    desk::{Desk, noise},
    someone::Someone,
    stage, trials,
};

trials![
    receipts_are_an_unbroken_row_whenever_the_node_is_killed,
    reader_keeps_receipts_that_verify_until_they_are_changed,
    answer_verifies_with_the_shares_that_were_signed_for_alone,
];

/// Every answer that was received has its receipt in the row, however the node ended.
async fn receipts_are_an_unbroken_row_whenever_the_node_is_killed() {
    let mut devnet = stage::alone().await;
    let desk = Desk::new(&devnet);
    let asker = Asker::with_pass(&devnet, "row of receipts").await;
    let mut answered = BTreeSet::new();
    let mut parts = Vec::new();
    for round in 0..3_u64 {
        let killed = AtomicBool::new(false);
        let asking = join_all((0..8).map(|_| ask_until(&asker, &killed)));
        let killing = async {
            // Somewhere in the stream of commits, each time elsewhere.
            tokio::time::sleep(Duration::from_millis(700 + 130 * round)).await;
            devnet.kill_node(1);
            killed.store(true, Ordering::Relaxed);
        };
        let (digests, ()) = tokio::join!(asking, killing);
        let before = answered.len();
        answered.extend(digests.into_iter().flatten());
        assert!(answered.len() > before, "nothing was answered in {round}");

        // Beside a node that is dead, then beside one that runs.
        let dead = export(&devnet, &desk, &format!("dead-{round}"), 0).await;
        devnet.start_node(1).await.unwrap();
        let alive = export(&devnet, &desk, &format!("alive-{round}"), 0).await;
        assert_eq!(dead, alive);
        let after = parts.last().map_or(0, |(_, last)| *last);
        let name = format!("part-{round}");
        let (_, last) = export(&devnet, &desk, &name, after).await;
        assert!(last > after);
        parts.push((desk.path(&name), last));
    }

    // All of it in one, and the parts behind one another.
    let whole = desk.path("alive-2");
    let said = verify(&desk, &[whole.as_str()]).await;
    let file = said.expect_done().json()["files"][0].clone();
    assert_eq!(file["kind"], "export");
    assert_eq!(file["nodes"], serde_json::json!([1]));
    assert_eq!(file["receipts"], parts[2].1);
    let in_parts: Vec<&str> = parts.iter().map(|(part, _)| part.as_str()).collect();
    verify(&desk, &in_parts).await.expect_done();
    let said = verify(&desk, &[in_parts[0], in_parts[2]]).await;
    said.expect_error_json(&["goes on behind"]);

    let text = String::from_utf8(desk.read("alive-2")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let kept: BTreeSet<_> = lines[1..]
        .iter()
        .map(|line| serde_json::from_str::<ExportLine>(line).unwrap())
        .map(|line| line.receipt.body.shares_digest)
        .collect();
    let lost: Vec<_> = answered.difference(&kept).collect();
    assert!(lost.is_empty(), "{} answers without receipts", lost.len());

    // What is done to it is told by line and number.
    let mut fewer = lines.clone();
    fewer.remove(2);
    desk.put("fewer", fewer.join("\n"));
    let said = verify(&desk, &[&desk.path("fewer")]).await;
    said.expect_error_json(&["\"line\":3,", "receipt 2 is missing before it"]);
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    desk.put("swapped", swapped.join("\n"));
    let said = verify(&desk, &[&desk.path("swapped")]).await;
    said.expect_error_json(&["receipt 1 is missing before it", "out of order"]);
    let cut = text.len() - 100;
    desk.put("cut", &text[..cut]);
    let said = verify(&desk, &[&desk.path("cut")]).await;
    said.expect_error_json(&["it was cut off"]);
    let mut later: ExportLine = serde_json::from_str(lines[2]).unwrap();
    later.receipt.body.time += 60;
    let later = serde_json::to_string(&later).unwrap();
    let mut changed = lines.clone();
    changed[2] = &later;
    desk.put("changed", changed.join("\n"));
    let said = verify(&desk, &[&desk.path("changed")]).await;
    said.expect_error_json(&["\"line\":3,", "one of them was changed", "it is signed by"]);
}

async fn reader_keeps_receipts_that_verify_until_they_are_changed() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "keeps receipts").await;
    desk.put("data", noise(31, 5_000));
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let receipts = desk.path("receipts");
    let keep = ["--receipts", receipts.as_str()];
    let said = desk.decrypt(&reader, "data.fee", "copy", &keep).await;
    said.expect_done();
    let said = desk.decrypt(&reader, "data.fee", "copy-2", &keep).await;
    said.expect_error(2, &["receipts exists already"])
        .expect_hint();

    let said = verify(&desk, &[&receipts]).await;
    let file = said.expect_done().json()["files"][0].clone();
    assert_eq!(file["kind"], "receipts");
    assert!(file["receipts"].as_u64().unwrap() >= 3, "{file}");
    assert_eq!(
        file["nodes"].as_array().unwrap().len(),
        file["signers"].as_array().unwrap().len()
    );

    // One of them, by itself: without the network it means nothing.
    let all: Value = serde_json::from_slice(&desk.read("receipts")).unwrap();
    let one = &all["receipts"][0];
    let path = desk.put("one", one.to_string());
    let node = one["body"]["node"].as_u64().unwrap();
    let identity = |at: u64| {
        let node = &devnet.network().nodes[usize::try_from(at).unwrap() - 1];
        node.identity.unwrap().to_string()
    };
    let mut command = stheno(["receipt", "verify", &path, "--rpc", desk.rpc()]);
    let said = run(&mut command).await;
    said.expect_error(2, &["does not say of which network"])
        .expect_hint();
    let network = desk.network().to_str().unwrap();
    let by_identity = async |identity: &str| {
        let mut command = stheno(["receipt", "verify", &path, "--network", network]);
        run(command.args(["--identity", identity])).await
    };
    let said = by_identity(&identity(node)).await;
    assert!(said.expect_done().stdout.contains("not the chain"));
    let other = identity(node % 5 + 1);
    let said = by_identity(&other).await;
    said.expect_error(2, &["it is signed by", &other])
        .expect_hint();

    // Changed, and as if from another node or another epoch.
    for (field, value, words) in [
        ("time", 1, "it is signed by"),
        ("node", node % 5 + 1, "it is signed by"),
        ("node", 6, "has no node 6"),
        ("epoch", 7, "has no epoch 7"),
    ] {
        let mut changed = one.clone();
        changed["body"][field] = value.into();
        let path = desk.put("changed", changed.to_string());
        let mut command = stheno(["receipt", "verify", &path, "--network", network]);
        run(&mut command)
            .await
            .expect_error(2, &[words])
            .expect_hint();
    }
    desk.put("garbage", "{}");
    let said = verify(&desk, &[&desk.path("garbage")]).await;
    said.expect_error_json(&["not_receipts", "neither format nor receipt nor body"]);
}

async fn answer_verifies_with_the_shares_that_were_signed_for_alone() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let asker = Asker::with_pass(&devnet, "verified answer").await;
    let (status, body) = asker.post(&asker.signed(asker.request())).await;
    assert_eq!(status, 200, "{body}");
    let network = desk.network().to_str().unwrap();
    let check = async |answer: &Answer| {
        let path = desk.put("answer", serde_json::to_string_pretty(answer).unwrap());
        let mut command = stheno(["receipt", "verify", &path, "--network", network]);
        run(&mut command).await
    };
    let good: Answer = serde_json::from_value(body).unwrap();
    let said = check(&good).await;
    assert!(said.expect_done().stdout.contains("and the shares"));
    let mut bad = good.clone();
    let mut share = bad.shares[0].to_vec();
    share[100] ^= 1;
    bad.shares[0] = share.into();
    check(&bad).await.expect_error(2, &["its shares have"]);
    let mut bad = good.clone();
    bad.shares.clear();
    check(&bad).await.expect_error(2, &["0 shares for 1 items"]);
    let mut bad = good;
    bad.epoch += 1;
    check(&bad).await.expect_error(2, &["its epoch is not"]);
}

/// Asks again and again, until the node is killed; gives the share digests of the answers.
async fn ask_until(asker: &Asker, killed: &AtomicBool) -> Vec<stheno_protocol::B256> {
    let mut digests = Vec::new();
    while !killed.load(Ordering::Relaxed) {
        let body = asker.signed(asker.request());
        let sent = asker.http.post(asker.url.clone()).json(&body).send().await;
        let Ok(answer) = sent else { continue };
        if !answer.status().is_success() {
            panic!("{:?}", answer.text().await);
        }
        // One that was cut off was not received.
        let Ok(answer) = answer.json::<Answer>().await else {
            continue;
        };
        digests.push(answer.receipt.body.shares_digest);
    }
    digests
}

/// Exports the receipts of node 1; gives the numbers before the first and of the last.
async fn export(devnet: &Devnet, desk: &Desk, name: &str, after: u64) -> (u64, u64) {
    let config = devnet.members()[0].operator().config();
    let mut command = stheno(["node", "--json", "--config"]);
    command.arg(config).args(["export-receipts", "--out"]);
    command.arg(desk.path(name));
    let said = run(command.args(["--after", &after.to_string()])).await;
    let object = said.expect_done().json();
    let number = |place: &str| object[place]["sequence"].as_u64().unwrap();
    (number("after"), number("last"))
}

async fn verify(desk: &Desk, files: &[&str]) -> Said {
    let mut command = stheno(["--json", "receipt", "verify"]);
    run(command.args(files).args(["--rpc", desk.rpc()])).await
}

impl Said {
    /// Insists on exit code 2 and an object that mentions all of `words`.
    fn expect_error_json(&self, words: &[&str]) {
        assert_eq!(self.code, Some(2), "{self:?}");
        serde_json::from_str::<Value>(&self.stderr).unwrap_or_else(|e| panic!("{e}: {self:?}"));
        for word in words {
            assert!(self.stderr.contains(word), "no `{word}` in {}", self.stderr);
        }
    }
}
