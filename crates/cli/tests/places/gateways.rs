//! What was encrypted with `--car`, read through trustless gateways that lie, refuse or are not there.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use stheno::envelope::PieceCid;

use crate::{
    Desk, Said, large, nobody, pieces, shown,
    trustless::{Trustless, Twist, blocks_of},
};

#[test]
fn folder_in_ipfs_is_listed_fetched_and_decrypted_through_gateways() {
    let desk = Desk::new();
    let (liar, honest) = (desk.lying(Twist::OtherBytes), desk.gateway());
    let gone = nobody();
    let (ipfs, bad, good) = (desk.ipfs(), liar.url.to_string(), honest.url.to_string());
    let through = [
        "--gateway",
        &bad,
        "--gateway",
        &gone,
        "--gateway",
        &good,
        "-i",
        "owner.key",
    ];
    let with = |args: &[&str]| {
        let all: Vec<&str> = args.iter().copied().chain(through).collect();
        desk.run(&all)
    };
    let said = with(&["ls", &ipfs, "--json"]).done().json();
    assert_eq!(said["files"].as_array().unwrap().len(), 2);
    with(&["get", &ipfs, "-o", "got"]).done();
    // The same pieces and the same manifest as were written.
    for piece in pieces(&desk.path("sealed")) {
        let got = fs::read(desk.path("got").join(piece.cid.to_string())).unwrap();
        assert!(got == piece.bytes, "{}", piece.cid);
    }
    let at = |folder: &str| fs::read(desk.path(folder).join("manifest-1.fee")).unwrap();
    assert!(at("got") == at("sealed"));
    let names = fs::read_dir(desk.path("got"))
        .unwrap()
        .map(|e| e.unwrap().file_name());
    assert!(
        names
            .into_iter()
            .all(|name| !name.to_str().unwrap().starts_with('.'))
    );
    with(&["decrypt", &ipfs, "--all", "-o", "copy"]).done();
    desk.assert_same("copy");
    with(&[
        "decrypt",
        &ipfs,
        "--file",
        "large",
        "--range",
        "2MiB:1KiB",
        "-o",
        "part",
    ])
    .done();
    assert!(fs::read(desk.path("part")).unwrap() == large()[2 << 20..(2 << 20) + 1024]);
    // The same by a gateway's address, by the manifest's name, and with a manifest at hand.
    let address = format!("{good}ipfs/{}", desk.cid);
    for (number, what) in [address.clone(), format!("{address}/manifest-1.fee")]
        .iter()
        .enumerate()
    {
        let part = format!("part-{number}");
        let mut args = vec!["decrypt", what, "--file", "tables/2025.csv", "-o", &part];
        args.extend(["-i", "owner.key"]);
        desk.run(&args).done();
        assert_eq!(fs::read(desk.path(&part)).unwrap(), b"a,b\n1,2\n");
    }
    fs::create_dir(desk.path("at")).unwrap();
    fs::copy(
        desk.path("sealed/manifest-1.fee"),
        desk.path("at/manifest-1.fee"),
    )
    .unwrap();
    for (copy, place) in [("from-1", &address), ("from-2", &ipfs)] {
        let mut args = vec!["decrypt", "at/manifest-1.fee", "--all", "-o", copy];
        args.extend(["-i", "owner.key", "--from", place, "--gateway", &good]);
        desk.run(&args).done();
        desk.assert_same(copy);
    }
    let mut args = vec!["get", "at/manifest-1.fee", "-o", "got-3", "-i", "owner.key"];
    args.extend(["--gateway", &good]);
    desk.run(&args).done();
}

#[test]
fn envelope_in_ipfs_is_fetched_and_decrypted_by_its_cid() {
    let desk = Desk::new();
    let public = fs::read_to_string(desk.path("public")).unwrap();
    let mut args = vec![
        "encrypt",
        "data/large",
        "-o",
        "large.fee",
        "--also-to",
        &public,
    ];
    args.extend(["--car", "large.car", "--json"]);
    let said = desk.run(&args).done().json();
    let cid = said["root"].as_str().unwrap();
    let gateway = Trustless::with(&blocks_of(File::open(desk.path("large.car")).unwrap()));
    let (ipfs, url) = (format!("ipfs://{cid}"), gateway.url.to_string());
    desk.run(&["get", &ipfs, "--gateway", &url, "-o", "got.fee"])
        .done();
    let at = |name: &str| fs::read(desk.path(name)).unwrap();
    assert!(at("got.fee") == at("large.fee"));
    let again = desk.run(&["get", &ipfs, "--gateway", &url, "-o", "got.fee"]);
    again.fails(&["got.fee"]);
    let decrypt = ["decrypt", &ipfs, "--gateway", &url, "-i", "owner.key", "-o"];
    let with = |more: &[&str]| {
        let all: Vec<&str> = decrypt.iter().chain(more).copied().collect();
        desk.run(&all)
    };
    with(&["large"]).done();
    assert!(at("large") == at("data/large"));
    let before = gateway.count().0;
    let said = with(&["part", "--range", "1500000:100", "--json"])
        .done()
        .json();
    assert!(at("part") == large()[1_500_000..1_500_100]);
    assert!(said["bodyBytesRead"].as_u64().unwrap() < 2 << 20);
    // The node, the leaf with the header, the leaf or two with the chunk, and the last one.
    assert!(gateway.count().0 - before <= 5, "{:?}", gateway.count());
    with(&["x", "--piece", "bafkzcibca"]).fails_in_some_way();
    desk.run(&["decrypt", &ipfs, "-i", "owner.key", "-o", "x"])
        .fails(&["no gateway is named", "--gateway URL"]);
    desk.run(&["get", "ipfs://bafk", "-o", "x", "--gateway", &url])
        .fails(&["what it names is no CID"]);
}

impl Said {
    #[track_caller]
    fn fails_in_some_way(&self) {
        assert_eq!(self.code, Some(2), "{self:?}");
    }
}

#[test]
fn gateway_that_fails_is_named_with_what_to_do() {
    let desk = Desk::new();
    let elsewhere = nobody();
    for (twist, words) in [
        (Twist::Status(500), "the server answers 500"),
        (Twist::Busy(3600), "the server answers 429"),
        (Twist::Status(404), "it is not there"),
        (Twist::OtherBytes, "other bytes are there"),
        (
            Twist::Redirect(format!("{elsewhere}/x")),
            "the server redirects to",
        ),
    ] {
        let gateway = desk.lying(twist.clone());
        let (ipfs, url) = (desk.ipfs(), gateway.url.to_string());
        for command in ["ls", "get", "decrypt"] {
            let mut args = vec![command, &ipfs, "--gateway", &url, "-i", "owner.key"];
            match command {
                "get" => args.extend(["-o", "got"]),
                "decrypt" => args.extend(["--all", "-o", "got"]),
                _ => {}
            }
            let said = desk.run(&args);
            said.fails(&[shown(&gateway.url), words, "gateway"]);
        }
    }
}

#[test]
fn get_from_a_gateway_goes_on_after_kill_9() {
    let desk = Desk::new();
    let gateway = desk.gateway();
    let (ipfs, url) = (desk.ipfs(), gateway.url.to_string());
    // One file by its CID: the CAR of the folder has a block of it as a leaf of 1 MiB.
    let public = fs::read_to_string(desk.path("public")).unwrap();
    let many: Vec<u8> = (0..8).flat_map(|_| large()).collect();
    fs::write(desk.path("many"), &many).unwrap();
    let mut args = vec!["encrypt", "many", "-o", "many.fee", "--also-to", &public];
    args.extend(["--car", "many.car", "--json"]);
    let said = desk.run(&args).done().json();
    let cid = said["root"].as_str().unwrap();
    let blocks = blocks_of(File::open(desk.path("many.car")).unwrap());
    gateway.desk().blocks.extend(blocks);
    gateway.desk().delay = Duration::from_millis(3);
    let file = format!("ipfs://{cid}");
    let get = ["get", &file, "--gateway", &url, "-o", "got.fee", "--json"];
    let part = desk.path(".got.fee.stheno-get.part");
    kill_when(desk.command(&get), || {
        fs::metadata(&part).is_ok_and(|part| part.len() > 8 << 20)
    });
    gateway.desk().delay = Duration::ZERO;
    assert!(!desk.path("got.fee").exists());
    let said = desk.run(&get).done().json();
    assert!(said["alreadyBytes"].as_u64().unwrap() >= 8 << 20, "{said}");
    let at = |name: &str| fs::read(desk.path(name)).unwrap();
    assert!(at("got.fee") == at("many.fee"));
    assert!(!part.exists());

    // A folder: what is whole is not fetched again.
    let mut get = vec![
        "get",
        &ipfs,
        "--gateway",
        &url,
        "-o",
        "got",
        "-i",
        "owner.key",
    ];
    get.extend(["--parallel", "1", "--json"]);
    let there = || pieces_there(&desk.path("got")) >= 2;
    kill_when(desk.command(&get), there);
    let said = desk.run(&get).done().json();
    assert!(said["already"].as_u64().unwrap() >= 2, "{said}");
    desk.run(&["decrypt", "got", "-i", "owner.key", "-o", "copy"])
        .done();
    desk.assert_same("copy");
}

fn pieces_there(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, |entries| {
        let names = entries.filter_map(|entry| entry.unwrap().file_name().into_string().ok());
        names
            .filter(|name| name.parse::<PieceCid>().is_ok())
            .count()
    })
}

/// Runs a command until something is so, and ends it with `kill -9` before it is done.
fn kill_when(mut command: Command, so: impl Fn() -> bool) {
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet.spawn().unwrap();
    let began = Instant::now();
    while !so() {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "it does not begin"
        );
        std::thread::sleep(Duration::from_micros(200));
    }
    child.kill().unwrap();
    assert!(
        !child.wait().unwrap().success(),
        "it was done before it was killed"
    );
}

#[test]
fn add_takes_cipher_chunks_and_a_car_as_encrypt_does() {
    let desk = Desk::new();
    fs::create_dir(desk.path("more")).unwrap();
    fs::write(desk.path("more/new"), "something new").unwrap();
    let public = fs::read_to_string(desk.path("public")).unwrap();
    let mut args = vec!["add", "more", "--to", "sealed", "-i", "owner.key"];
    args.extend(["--also-to", &public, "--max-piece", "1048576"]);
    let mut bad = args.clone();
    bad.extend(["--chunk-size", "7"]);
    desk.run(&bad).fails(&["chunk"]);
    let mut taken = args.clone();
    taken.extend(["--car", "sealed.car"]);
    desk.run(&taken).fails(&["sealed.car"]);
    args.extend(["--cipher", "chacha20-poly1305", "--chunk-size", "65536"]);
    args.extend(["--car", "two.car", "--json"]);
    let said = desk.run(&args).done().json();
    assert_eq!(said["version"], 2);
    let root = said["root"].as_str().unwrap();
    let gateway = Trustless::with(&blocks_of(File::open(desk.path("two.car")).unwrap()));
    let mut args = vec!["decrypt", "--all", "-o", "copy", "-i", "owner.key"];
    let (ipfs, url) = (format!("ipfs://{root}"), gateway.url.to_string());
    args.extend([ipfs.as_str(), "--gateway", &url]);
    desk.run(&args).done();
    desk.assert_same("copy");
    assert_eq!(fs::read(desk.path("copy/new")).unwrap(), b"something new");
    // The new envelope is as it was asked for.
    let listed = desk
        .run(&["ls", "sealed", "-i", "owner.key", "--json"])
        .done()
        .json();
    let files = listed["files"].as_array().unwrap();
    let new = files.iter().find(|file| file["path"] == "new").unwrap();
    let piece = new["pieces"][0].as_str().unwrap();
    let said = desk.run(&["inspect", &format!("sealed/{piece}")]).done();
    assert!(
        said.stdout.to_lowercase().contains("chacha20"),
        "{}",
        said.stdout
    );
}
