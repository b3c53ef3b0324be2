//! `put`, `get`, `ls`, `decrypt` and `add` with servers, providers and gateways on loopback that are
//! honest, lie, refuse or are not there: who is to blame is named, with what to do; the next copy is
//! tried; the exit code tells. The servers are the doubles of the SDK's tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[allow(dead_code, reason = "the SDK's tests use the rest")]
#[path = "../../../sdk/tests/storage/double.rs"]
mod double;
mod gateways;
mod helia;
mod servers;
#[path = "../../../sdk/tests/remote/serving.rs"]
mod serving;
#[allow(dead_code, reason = "the SDK's tests use the rest")]
#[path = "../../../sdk/tests/storage/trustless.rs"]
mod trustless;

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use double::Double;
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
