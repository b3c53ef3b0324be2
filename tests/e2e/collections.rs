//! A folder that is larger than a piece goes out and is opened by who passes the policy, and both ways
//! survive `kill -9`.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use crate::{
    command::{run, stheno},
    desk::{Desk, noise},
    someone::Someone,
    stage, trials,
};

trials![folder_larger_than_a_piece_goes_out_and_is_opened_by_who_may];

/// Pieces of the test; real ones have up to 1,065,353,216 bytes.
const SMALL: [&str; 4] = ["--chunk-size", "4096", "--max-piece", "65536"];

async fn folder_larger_than_a_piece_goes_out_and_is_opened_by_who_may() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "collections").await;
    let stranger = Someone::with_money(&devnet, "no collections").await;
    fs::create_dir_all(desk.path("data/deep")).unwrap();
    desk.put("data/large", noise(31, 4 << 20));
    desk.put("data/deep/Μέδουσα.csv", "a,b\n1,2\n");
    desk.put("data/empty", "");

    // Out: encrypted and stored, killed on the way each time.
    let (network, policy) = (desk.network(), desk.policy());
    let encrypt = || {
        let mut command = stheno(["encrypt", &desk.path("data"), "-o", &desk.path("sealed")]);
        command
            .arg("--policy")
            .arg(policy)
            .arg("--network")
            .arg(network);
        command.args(SMALL).arg("--json");
        command
    };
    kill_at(encrypt(), &desk.path("sealed"), 12).await;
    let said = run(&mut encrypt()).await;
    let sealed = said.expect_done().json();
    assert_eq!(sealed["files"], 3);
    assert!(fs::read_dir(desk.path("sealed")).unwrap().count() > 60);
    let put = || {
        let mut command = stheno(["put", &desk.path("sealed"), "--to", &desk.path("store")]);
        command.args(["--parallel", "1", "--max-piece", "65536", "--json"]);
        command
    };
    kill_at(put(), &desk.path("store"), 12).await;
    let said = run(&mut put()).await;
    let stored = said.expect_done().json();
    assert!(stored["already"].as_u64().unwrap() > 5, "{stored}");
    let link = stored["link"].as_str().unwrap().to_owned();

    // Back: by the link, which says where and what; the policy says who.
    let get = |who: &Someone| {
        let mut command = stheno(["get", &link, "--from", &desk.path("store"), "--json"]);
        command.args([
            "-o",
            &desk.path("got"),
            "--rpc",
            desk.rpc(),
            "--parallel",
            "1",
        ]);
        command.env("STHENO_PRIVATE_KEY", who.key());
        command
    };
    let said = run(&mut get(&stranger)).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stderr.contains("condition_not_met"), "{said:?}");
    kill_at(get(&reader), &desk.path("got"), 12).await;
    let said = run(&mut get(&reader)).await;
    let got = said.expect_done().json();
    assert!(got["already"].as_u64().unwrap() > 5, "{got}");
    let said = desk.decrypt(&reader, "got", "copy", &["--json"]).await;
    let opened = said.expect_done().json();
    // One for the manifest, one for the items of all files.
    assert_eq!(opened["requests"].as_array().unwrap().len(), 2, "{opened}");
    assert_eq!(content(&desk.path("copy")), content(&desk.path("data")));
    let denied = desk.decrypt(&stranger, "got", "none", &[]).await;
    denied.expect_error(1, &["access denied"]).expect_hint();
    assert!(!desk.names().contains(&"none".to_owned()));

    // A part across the border of two pieces, without fetching the rest.
    let more = [
        "--file",
        "large",
        "--range",
        "61440:8192",
        "--from",
        &desk.path("store"),
    ];
    let said = desk
        .decrypt(&reader, "sealed/manifest-1.fee", "part", &more)
        .await;
    said.expect_done();
    assert!(desk.read("part") == desk.read("data/large")[61_440..69_632]);
}

/// Runs a command until so many files are there, and ends it with `kill -9` before it is done.
async fn kill_at(mut command: tokio::process::Command, folder: &str, count: usize) {
    let mut child = command.spawn().unwrap();
    let there = || fs::read_dir(folder).map_or(0, |entries| entries.count());
    let waiting = async {
        while there() < count {
            tokio::time::sleep(Duration::from_micros(300)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    waited.expect("it begins in time");
    child.kill().await.unwrap();
    let ended = child.wait().await.unwrap();
    assert!(!ended.success(), "it was done before it was killed");
}

/// All files below a folder, and what is in them.
fn content(root: &str) -> BTreeMap<String, Vec<u8>> {
    let root = Path::new(root);
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.insert(name.to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}
