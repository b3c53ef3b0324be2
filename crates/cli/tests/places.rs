//! `put`, `get`, `ls`, `decrypt` and `add` with servers, providers and gateways on loopback that are
//! honest, lie, refuse or are not there: who is to blame is named, with what to do; the next copy is
//! tried; the exit code tells. The servers are the doubles of the SDK's tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[allow(dead_code, reason = "the SDK's tests use the rest")]
#[path = "../../sdk/tests/storage/double.rs"]
mod double;
#[path = "../../sdk/tests/remote/serving.rs"]
mod serving;
#[allow(dead_code, reason = "the SDK's tests use the rest")]
#[path = "../../sdk/tests/storage/trustless.rs"]
mod trustless;

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use double::{Double, Fault, Route};
use serde_json::Value;
use stheno::{envelope::PieceCid, source::HttpOptions};
use trustless::{Trustless, Twist, blocks_of};

/// A piece and its bytes, as the double takes them.
struct Piece {
    cid: PieceCid,
    bytes: Vec<u8>,
}

fn quick() -> HttpOptions {
    HttpOptions::default()
}

/// An encrypted folder, its CAR, and what opens it.
struct Desk {
    root: tempfile::TempDir,
    /// Of the CAR.
    cid: String,
}

/// What a command said.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Said {
    #[track_caller]
    fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    /// Exit code 2, these words, and a hint.
    #[track_caller]
    fn fails(&self, words: &[&str]) {
        assert_eq!(self.code, Some(2), "{self:?}");
        assert!(self.stdout.is_empty(), "{self:?}");
        assert!(self.stderr.contains("error: "), "{self:?}");
        assert!(self.stderr.contains("\nhint: "), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "no `{word}` in {self:?}");
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn large() -> Vec<u8> {
    let numbers = (0..3_000_000_u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u8);
    numbers.collect()
}

impl Desk {
    fn new() -> Self {
        let mut desk = Self {
            root: tempfile::tempdir().unwrap(),
            cid: String::new(),
        };
        desk.run(&["keygen", "-o", "owner.key"]).done();
        let key = fs::read_to_string(desk.path("owner.key")).unwrap();
        let public = key
            .split_whitespace()
            .find(|word| word.starts_with("stheno1"));
        let public = public.unwrap().to_owned();
        fs::write(desk.path("public"), &public).unwrap();
        fs::create_dir_all(desk.path("data/tables")).unwrap();
        fs::write(desk.path("data/large"), large()).unwrap();
        fs::write(desk.path("data/tables/2025.csv"), "a,b\n1,2\n").unwrap();
        let said = desk.run(&[
            "encrypt",
            "data",
            "-o",
            "sealed",
            "--also-to",
            &public,
            "--max-piece",
            "1048576",
            "--car",
            "sealed.car",
            "--json",
        ]);
        desk.cid = said.done().json()["root"].as_str().unwrap().to_owned();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stheno"));
        command
            .args(args)
            .current_dir(self.root.path())
            .env_remove("STHENO_GATEWAY")
            .env("NO_PROXY", "*")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Said {
        self.command(args).output().unwrap().into()
    }

    fn ipfs(&self) -> String {
        format!("ipfs://{}", self.cid)
    }

    /// A gateway with the blocks of the CAR.
    fn gateway(&self) -> Trustless {
        Trustless::with(&blocks_of(File::open(self.path("sealed.car")).unwrap()))
    }

    fn lying(&self, twist: Twist) -> Trustless {
        let gateway = self.gateway();
        gateway.desk().always = Some(twist);
        gateway
    }

    /// A provider with the pieces of the folder.
    fn provider(&self) -> Double {
        let pieces: Vec<Piece> = pieces(&self.path("sealed"));
        Double::with(&pieces.iter().collect::<Vec<&Piece>>())
    }

    #[track_caller]
    fn assert_same(&self, copy: &str) {
        for name in ["large", "tables/2025.csv"] {
            let at = |folder: &str| fs::read(self.path(folder).join(name)).unwrap();
            assert!(at(copy) == at("data"), "{name}");
        }
    }
}

fn pieces(folder: &Path) -> Vec<Piece> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let named = entries.filter_map(|entry| {
        let cid = entry.file_name().to_str()?.parse().ok()?;
        let bytes = fs::read(entry.path()).unwrap();
        Some(Piece { cid, bytes })
    });
    named.collect()
}

/// An address where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn shown(url: &url::Url) -> &str {
    url.as_str().trim_end_matches('/')
}

#[test]
fn get_names_the_server_that_fails_and_goes_on_to_the_next() {
    let desk = Desk::new();
    let honest = desk.provider();
    let good = honest.url.join("piece").unwrap();
    let elsewhere = nobody();
    for (number, (fault, words)) in [
        (Fault::Busy(3600), "the server answers 429"),
        (Fault::Status(500), "the server answers 500"),
        (Fault::Status(404), "it is not there"),
        (Fault::OtherBytes, "other bytes are there"),
        (Fault::Shorter, "the server's answer is wrong"),
        (Fault::TooMuch, "the server's answer is wrong"),
        (Fault::CutAfter(1000), ""),
        (
            Fault::Redirect(format!("{elsewhere}/x")),
            "the server redirects to",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let liar = desk.provider();
        liar.always(Route::Read, fault.clone());
        let bad = liar.url.join("piece").unwrap();
        let output = format!("got-{number}");
        // The manifest alone, so that no piece lies beside it.
        fs::create_dir(desk.path(&format!("at-{number}"))).unwrap();
        let manifest = format!("at-{number}/manifest-1.fee");
        fs::copy(desk.path("sealed/manifest-1.fee"), desk.path(&manifest)).unwrap();
        let mut args = vec!["get", &manifest, "-o", &output, "-i", "owner.key"];
        args.extend(["--from", bad.as_str()]);
        let said = desk.run(&args);
        said.fails(&[shown(&bad), words, "pieces are missing"]);
        assert!(
            !desk.path(&output).join("manifest-1.fee").exists(),
            "{fault:?}"
        );
        args.extend(["--from", good.as_str()]);
        let said = desk.run(&args).done();
        let told = format!("trying another copy: server {}", shown(&bad));
        assert!(said.stderr.contains(&told), "{fault:?}: {}", said.stderr);
        let mut decrypt = vec!["decrypt", &output, "-i", "owner.key", "-o"];
        let copy = format!("copy-{number}");
        decrypt.push(&copy);
        desk.run(&decrypt).done();
        desk.assert_same(&copy);
    }
}

#[test]
fn get_names_the_server_that_is_not_there_and_the_one_that_ignores_ranges() {
    let desk = Desk::new();
    let gone = nobody();
    fs::create_dir(desk.path("at")).unwrap();
    fs::copy(
        desk.path("sealed/manifest-1.fee"),
        desk.path("at/manifest-1.fee"),
    )
    .unwrap();
    let mut args = vec!["get", "at/manifest-1.fee", "-o", "got", "-i", "owner.key"];
    args.extend(["--from", &gone]);
    let said = desk.run(&args);
    said.fails(&[&gone, "pieces are missing"]);

    // Who sends the whole where a part was asked for: of what began to come it is asked for the whole.
    let provider = desk.provider();
    let place = provider.url.join("piece").unwrap();
    provider.always(Route::Read, Fault::CutAfter(200_000));
    let mut args = vec!["get", "at/manifest-1.fee", "-o", "parts", "-i", "owner.key"];
    args.extend(["--from", place.as_str()]);
    desk.run(&args).fails(&[shown(&place)]);
    provider.always(Route::Read, Fault::NoRange);
    let said = desk.run(&args).done();
    assert!(
        said.stderr.contains("the whole object instead of the part"),
        "{said:?}"
    );
    let mut args = vec![
        "decrypt",
        "at/manifest-1.fee",
        "--file",
        "large",
        "--range",
        "1MiB:10",
    ];
    args.extend(["-i", "owner.key", "-o", "part", "--from", place.as_str()]);
    desk.run(&args)
        .fails(&[shown(&place), "the whole object instead of the part"]);
    assert!(!desk.path("part").exists());
}

#[test]
fn put_names_the_provider_that_fails_and_stores_with_the_others() {
    let desk = Desk::new();
    let gone = nobody();
    for (route, fault, words) in [
        (Route::Begin, Fault::Status(500), "500"),
        (Route::Begin, Fault::Busy(3600), "429"),
        (Route::Send, Fault::Status(507), "no space is left"),
        (Route::Finalise, Fault::Status(400), "400"),
        (
            Route::Begin,
            Fault::Redirect(format!("{gone}/x")),
            "redirects",
        ),
    ] {
        let (bad, good) = (Double::start(), Double::start());
        bad.always(route, fault.clone());
        let (bad_place, good_place) = (format!("pdp+{}", bad.url), format!("pdp+{}", good.url));
        let mut args = vec!["put", "sealed", "--max-piece", "1048576"];
        args.extend(["--to", &bad_place, "--to", &good_place]);
        desk.run(&args).fails(&[shown(&bad.url), words]);
        // The other has all of it by now.
        let stored = good.desk().pieces.len();
        assert_eq!(stored, pieces(&desk.path("sealed")).len() + 1, "{fault:?}");
        bad.always(route, Fault::None);
        let said = desk.run(&args).done();
        assert!(said.stdout.starts_with("stheno:collection/"), "{said:?}");
        assert_eq!(bad.desk().pieces.len(), stored, "{fault:?}");
    }
    let place = format!("pdp+{gone}");
    desk.run(&["put", "sealed", "--to", &place]).fails(&[&gone]);
}

#[test]
fn put_refuses_places_that_are_only_read_before_it_does_anything() {
    let desk = Desk::new();
    for place in ["https://a.example/piece".to_owned(), desk.ipfs()] {
        desk.run(&["put", "sealed", "--to", &place])
            .fails(&["nothing can be put"]);
    }
}

#[test]
fn dry_runs_ask_nobody_for_pieces() {
    let desk = Desk::new();
    let place = format!("pdp+{}", nobody());
    let mut args = vec![
        "put",
        "sealed",
        "--to",
        &place,
        "--dry-run",
        "--price",
        "2.5",
        "--json",
    ];
    args.extend(["--max-piece", "1048576"]);
    let plan = desk.run(&args).done().json();
    let there = pieces(&desk.path("sealed"));
    assert_eq!(plan["pieces"], there.len() + 1);
    let manifest = fs::metadata(desk.path("sealed/manifest-1.fee"))
        .unwrap()
        .len();
    let bytes: usize = there.iter().map(|piece| piece.bytes.len()).sum();
    assert_eq!(plan["bytes"], bytes as u64 + manifest);
    let double = desk.provider();
    double.always(Route::Read, Fault::Status(500));
    let from = double.url.join("piece").unwrap();
    let mut args = vec![
        "get",
        "sealed",
        "-o",
        "got",
        "-i",
        "owner.key",
        "--dry-run",
        "--json",
    ];
    args.extend(["--from", from.as_str()]);
    let plan = desk.run(&args).done().json();
    assert_eq!(plan["pieces"], there.len());
    assert_eq!(plan["bytes"], bytes as u64);
    assert_eq!(double.count(Route::Read), 0);
    // From a gateway the manifest is fetched, and nothing else.
    let gateway = desk.gateway();
    let mut args = vec![
        "get",
        "-o",
        "got2",
        "-i",
        "owner.key",
        "--dry-run",
        "--json",
    ];
    let (ipfs, url) = (desk.ipfs(), gateway.url.to_string());
    args.extend([ipfs.as_str(), "--gateway", &url]);
    let plan = desk.run(&args).done().json();
    assert_eq!(plan["pieces"], there.len());
    assert!(gateway.count().0 <= 3, "{:?}", gateway.count());
}

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
