//! A gateway that is not ours: Helia's verified-fetch behind Node's HTTP server, with the blocks of our
//! CAR. See `tests/interop/gateway`; `make test-gateway` installs it.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{Desk, large};

/// The gateway; it ends when it is dropped, and by itself with its standard input.
struct Helia {
    process: Child,
    url: String,
}

impl Helia {
    /// `None` where it, or Node, is not installed.
    #[allow(
        clippy::print_stdout,
        reason = "who runs the tests should know what was left out"
    )]
    fn start(cars: &[PathBuf]) -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop/gateway");
        if !folder.join("node_modules").exists() {
            println!("skipped: the gateway is not installed; `make test-gateway` does it");
            return None;
        }
        let mut process = Command::new("node")
            .arg(folder.join("gateway.mjs"))
            .args(cars)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let mut url = String::new();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        said.read_line(&mut url).unwrap();
        let url = url.trim().to_owned();
        assert!(
            url.starts_with("http://127.0.0.1:"),
            "it does not begin: {url}"
        );
        Some(Self { process, url })
    }
}

impl Drop for Helia {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn folder_is_read_from_a_gateway_that_is_not_ours() {
    let desk = Desk::new();
    // Large enough for CARs of a part: pieces of 20 MB in an envelope of 24.
    let public = fs::read_to_string(desk.path("public")).unwrap();
    fs::create_dir(desk.path("more")).unwrap();
    let many: Vec<u8> = (0..8).flat_map(|_| large()).collect();
    fs::write(desk.path("more/many"), &many).unwrap();
    let mut args = vec!["encrypt", "more", "-o", "many", "--also-to", &public];
    args.extend(["--max-piece", "20000000", "--car", "many.car", "--json"]);
    let said = desk.run(&args).done().json();
    let root = said["root"].as_str().unwrap();
    let Some(helia) = Helia::start(&[desk.path("sealed.car"), desk.path("many.car")]) else {
        return;
    };
    let with = |args: &[&str]| {
        let through = ["--gateway", &helia.url, "-i", "owner.key"];
        let all: Vec<&str> = args.iter().copied().chain(through).collect();
        desk.run(&all)
    };
    let (ipfs, second) = (desk.ipfs(), format!("ipfs://{root}"));
    let listed = with(&["ls", &ipfs, "--json"]).done().json();
    assert_eq!(listed["files"].as_array().unwrap().len(), 2);
    with(&["decrypt", &ipfs, "--all", "-o", "copy"]).done();
    desk.assert_same("copy");
    with(&[
        "decrypt",
        &second,
        "--file",
        "many",
        "--range",
        "13MiB:5KiB",
        "-o",
        "part",
    ])
    .done();
    let part = 13 << 20..(13 << 20) + (5 << 10);
    assert!(fs::read(desk.path("part")).unwrap() == many[part]);
    // Whole pieces come as CARs of a part of the file.
    with(&["get", &second, "-o", "got"]).done();
    let mut args = vec!["decrypt", "got", "--file", "many", "-o", "same"];
    args.extend(["-i", "owner.key"]);
    desk.run(&args).done();
    assert!(fs::read(desk.path("same")).unwrap() == many);
    // And a file by its own CID.
    let listed = with(&["ls", &second, "--json"]).done().json();
    let file = format!("ipfs://{}", listed["files"][0]["cid"].as_str().unwrap());
    let mut args = vec!["get", &file, "-o", "many.fee", "--gateway", &helia.url];
    desk.run(&args).done();
    args = vec!["decrypt", "many.fee", "-o", "again", "-i", "owner.key"];
    desk.run(&args).done();
    assert!(fs::read(desk.path("again")).unwrap() == many);
}
