//! A folder that is larger than a piece goes out and is opened by who passes the policy, and both ways
//! survive `kill -9`.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    time::Duration,
};

use crate::{
    command::{run, stheno},
    desk::{Desk, noise},
    someone::Someone,
    stage,
};

/// The tests of this module. In full size one of them moves gigabytes.
pub(crate) fn trials() -> Vec<libtest_mimic::Trial> {
    vec![stage::patient_trial(
        module_path!(),
        "folder_larger_than_a_piece_goes_out_and_is_opened_by_who_may",
        Duration::from_secs(900),
        folder_larger_than_a_piece_goes_out_and_is_opened_by_who_may,
    )]
}

/// How large the folder is, and its pieces.
struct Scale {
    /// Bytes of the large file.
    large: usize,
    /// How `encrypt` cuts, and how `put` names the manifest's pieces.
    encrypt: &'static [&'static str],
    put: &'static [&'static str],
    /// So many files are there when a command is killed.
    kill: usize,
    /// So many pieces at least need not be moved again.
    kept: u64,
    /// Where in the large file the second piece begins.
    border: usize,
}

impl Scale {
    /// Pieces of 64 KiB; with `STHENO_FOLDER_MIB` a file of that size, and pieces as providers take
    /// them, up to 1,065,353,216 bytes.
    fn of_environment() -> Self {
        match std::env::var("STHENO_FOLDER_MIB") {
            Err(_) => Self {
                large: 32 << 20,
                encrypt: &["--chunk-size", "4096", "--max-piece", "65536"],
                put: &["--max-piece", "65536"],
                kill: 12,
                kept: 6,
                border: 15 * 4096,
            },
            Ok(mib) => Self {
                large: mib.parse::<usize>().expect("a number of MiB") << 20,
                encrypt: &[],
                put: &[],
                kill: 2,
                kept: 0,
                border: 4063 * (256 << 10),
            },
        }
    }
}

async fn folder_larger_than_a_piece_goes_out_and_is_opened_by_who_may() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "collections").await;
    let stranger = Someone::with_money(&devnet, "no collections").await;
    let scale = Scale::of_environment();
    fs::create_dir_all(desk.path("data/deep")).unwrap();
    write_noise(&desk.path("data/large"), scale.large);
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
        command.args(scale.encrypt).arg("--json");
        command
    };
    kill_at(encrypt(), &desk.path("sealed"), scale.kill).await;
    let said = run(&mut encrypt()).await;
    let sealed = said.expect_done().json();
    assert_eq!(sealed["files"], 3);
    // Two files of a piece, the manifest, and a file of several.
    assert!(fs::read_dir(desk.path("sealed")).unwrap().count() > 4);
    let put = || {
        let mut command = stheno(["put", &desk.path("sealed"), "--to", &desk.path("store")]);
        command.args(["--parallel", "1", "--json"]).args(scale.put);
        command
    };
    kill_at(put(), &desk.path("store"), scale.kill).await;
    let said = run(&mut put()).await;
    let stored = said.expect_done().json();
    assert!(
        stored["already"].as_u64().unwrap() >= scale.kept,
        "{stored}"
    );
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
    kill_at(get(&reader), &desk.path("got"), scale.kill).await;
    let said = run(&mut get(&reader)).await;
    let got = said.expect_done().json();
    assert!(got["already"].as_u64().unwrap() >= scale.kept, "{got}");
    let said = desk.decrypt(&reader, "got", "copy", &["--json"]).await;
    let opened = said.expect_done().json();
    // One for the manifest, one for the items of all files.
    assert_eq!(opened["requests"].as_array().unwrap().len(), 2, "{opened}");
    for name in ["large", "deep/Μέδουσα.csv", "empty"] {
        let at = |folder: &str| Path::new(&desk.path(folder)).join(name);
        assert!(
            fs::read(at("copy")).unwrap() == fs::read(at("data")).unwrap(),
            "{name}"
        );
    }
    let denied = desk.decrypt(&stranger, "got", "none", &[]).await;
    denied.expect_error(1, &["access denied"]).expect_hint();
    assert!(!desk.names().contains(&"none".to_owned()));

    // A part across the border of two pieces, without fetching the rest.
    let range = format!("{}:8192", scale.border - 4096);
    let store = desk.path("store");
    let more = ["--file", "large", "--range", &range, "--from", &store];
    let said = desk
        .decrypt(&reader, "sealed/manifest-1.fee", "part", &more)
        .await;
    said.expect_done();
    let part = scale.border - 4096..scale.border + 4096;
    assert!(desk.read("part") == desk.read("data/large")[part]);
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

/// A file of so many bytes, whose mebibytes differ.
fn write_noise(path: &str, len: usize) {
    let block = noise(31, 1 << 20);
    let mut file = BufWriter::new(File::create(path).unwrap());
    let mut left = len;
    let mut number = 0_u64;
    while left > 0 {
        let part = left.min(block.len());
        file.write_all(&number.to_be_bytes()[..part.min(8)])
            .unwrap();
        file.write_all(&block[part.min(8)..part]).unwrap();
        left -= part;
        number += 1;
    }
    file.flush().unwrap();
}
