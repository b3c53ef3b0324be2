//! Ranges, addresses and pieces at the command line.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{StatusCode, header},
    response::Response,
};

/// A folder with a file, its key, its envelope and the envelope's PieceCID.
struct Folder {
    root: tempfile::TempDir,
    plaintext: Vec<u8>,
    piece: String,
}

const CHUNK: usize = 4096 + 16;

impl Folder {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let plaintext: Vec<u8> = (0..100_000_u32)
            .map(|i| (i.wrapping_mul(0x9e37_79b9) >> 16) as u8)
            .collect();
        fs::write(root.path().join("plain"), &plaintext).unwrap();
        let key = root.path().join("key");
        fs::write(&key, "7".repeat(64)).unwrap();
        // Else the command warns of it.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let mut folder = Self {
            root,
            plaintext,
            piece: String::new(),
        };
        let said = folder.run(&[
            "encrypt",
            "plain",
            "-o",
            "sealed",
            "--cek-file",
            "key",
            "--chunk-size",
            "4096",
            "--piece",
            "--json",
        ]);
        let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
        folder.piece = said["piece"].as_str().unwrap().to_owned();
        assert_eq!(said["pieceBytes"], said["envelopeBytes"]);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn sealed(&self) -> Vec<u8> {
        fs::read(self.path("sealed")).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stheno"));
        command.args(args).current_dir(self.root.path());
        for name in [
            "STHENO_PRIVATE_KEY",
            "STHENO_KEYSTORE",
            "STHENO_NETWORK",
            "STHENO_RPC",
        ] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        output
    }

    /// Runs with bytes on standard input.
    fn through(&self, args: &[&str], input: &[u8]) -> Output {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        thread::scope(|scope| {
            // A command that has seen enough closes the pipe.
            scope.spawn(move || drop(stdin.write_all(input)));
            child.wait_with_output().unwrap()
        })
    }

    /// Expects exit code 2, these words, a hint, and no file `out`.
    fn fails(&self, args: &[&str], words: &[&str]) {
        let output = self.command(args).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(
            said.starts_with("error: ") && said.contains("\nhint: "),
            "{said}"
        );
        for word in words {
            assert!(said.contains(word), "{args:?}: no `{word}` in: {said}");
        }
        assert!(!self.path("out").exists(), "{args:?}");
        let left = fs::read_dir(self.root.path()).unwrap().count();
        assert_eq!(left, 3, "{args:?} left something behind");
    }
}

fn decrypt<'a>(file: &'a str, output: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["decrypt", file, "-o", output, "--cek-file", "key"], more].concat()
}

/// How the server misbehaves.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Manner {
    Good,
    WithoutRanges,
    Redirects,
}

type Seen = Arc<Mutex<Vec<Option<String>>>>;

/// Serves an object until the test's process ends; notes the `Range` of each request.
fn serve(object: Vec<u8>, manner: Manner) -> (String, Seen) {
    let seen = Seen::default();
    let answer = move |State(seen): State<Seen>, request: Request| async move {
        let range = request.headers().get(header::RANGE);
        let range = range.map(|range| range.to_str().unwrap().to_owned());
        seen.lock().unwrap().push(range.clone());
        let response = Response::builder();
        if manner == Manner::Redirects {
            let response = response.status(StatusCode::FOUND);
            return response
                .header(header::LOCATION, "https://elsewhere.example/x")
                .body(Body::empty())
                .unwrap();
        }
        let Some(range) = range.filter(|_| manner == Manner::Good) else {
            return response.body(Body::from(object)).unwrap();
        };
        let (first, last) = range
            .strip_prefix("bytes=")
            .unwrap()
            .split_once('-')
            .unwrap();
        let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
        let last = last.min(object.len() - 1);
        response
            .status(StatusCode::PARTIAL_CONTENT)
            .header(
                header::CONTENT_RANGE,
                format!("bytes {first}-{last}/{}", object.len()),
            )
            .body(Body::from(object[first..=last].to_vec()))
            .unwrap()
    };
    let router = Router::new().fallback(answer).with_state(Arc::clone(&seen));
    let (bound, address) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            bound.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
    (format!("http://{}/piece", address.recv().unwrap()), seen)
}

#[test]
fn range_of_a_file_is_that_part_of_it() {
    let folder = Folder::new();
    let size = folder.plaintext.len();
    for (range, part) in [
        ("5000:10000", 5000..15_000),
        ("0:0", 0..0),
        ("99999:", 99_999..size),
        ("100000:", size..size),
        (":1KiB", 0..1024),
        ("4KiB:4KiB", 4096..8192),
    ] {
        let said = folder.run(&decrypt("sealed", "-", &["--range", range]));
        assert!(said.stdout == folder.plaintext[part], "{range}");
    }
    let said = folder.run(&decrypt("sealed", "out", &["--range", "5000:10", "--json"]));
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(said["bytes"], 10);
    assert_eq!(said["bodyBytesRead"], CHUNK);
    assert_eq!(
        fs::read(folder.path("out")).unwrap(),
        folder.plaintext[5000..5010]
    );
}

#[test]
fn range_that_the_file_does_not_have_is_refused() {
    let folder = Folder::new();
    for range in ["99999:2", "100001:", "100001:0", "1024GiB:"] {
        let args = decrypt("sealed", "out", &["--range", range]);
        folder.fails(&args, &["is not within the file, which has 100000 bytes"]);
    }
    let args = decrypt("-", "out", &["--range", "1:2"]);
    let said = folder.through(&args, &folder.sealed());
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(said.contains("a part needs a file or an address"), "{said}");
    for (more, words) in [
        (&["--range", "1-2"][..], "OFFSET:LENGTH"),
        (
            &["--range", "1:2", "--piece", &folder.piece],
            "cannot be used with",
        ),
        (&["--verify-first"], "--piece"),
        (&["--piece", "bafy"], "not a PieceCID v2"),
    ] {
        let output = folder
            .command(&decrypt("sealed", "out", more))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn range_of_an_address_fetches_the_header_and_what_it_needs() {
    let folder = Folder::new();
    let (url, seen) = serve(folder.sealed(), Manner::Good);
    let said = folder.run(&decrypt(&url, "-", &["--range", "50000:10000"]));
    assert!(said.stdout == folder.plaintext[50_000..60_000]);
    // Chunks 12 to 14.
    let start = folder.sealed().len() - folder.plaintext.len() - 25 * 16 + 12 * CHUNK;
    let expected = [
        Some("bytes=0-4095".to_owned()),
        Some(format!("bytes={start}-{}", start + 3 * CHUNK - 1)),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn address_is_decrypted_whole_by_one_request() {
    let folder = Folder::new();
    for manner in [Manner::Good, Manner::WithoutRanges] {
        let (url, seen) = serve(folder.sealed(), manner);
        let said = folder.run(&decrypt(&url, "-", &[]));
        assert!(said.stdout == folder.plaintext);
        assert_eq!(*seen.lock().unwrap(), [None]);
    }
}

#[test]
fn inspect_asks_an_address_for_its_first_bytes() {
    let folder = Folder::new();
    let local = folder.run(&["inspect", "sealed", "--json"]);
    let local: serde_json::Value = serde_json::from_slice(&local.stdout).unwrap();
    for (manner, requests) in [(Manner::Good, 1), (Manner::WithoutRanges, 2)] {
        let (url, seen) = serve(folder.sealed(), manner);
        let said = folder.run(&["inspect", &url, "--json"]);
        let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
        assert_eq!(said["bodyBytes"], local["bodyBytes"]);
        assert_eq!(said["chunks"], local["chunks"]);
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), requests);
        assert_eq!(seen[0].as_deref(), Some("bytes=0-4095"));
    }
}

#[test]
fn server_that_misbehaves_is_named_with_a_remedy() {
    let folder = Folder::new();
    let (without, _) = serve(folder.sealed(), Manner::WithoutRanges);
    let args = decrypt(&without, "out", &["--range", "5:5"]);
    folder.fails(&args, &["sends the whole object", "without a range"]);
    let (redirects, _) = serve(folder.sealed(), Manner::Redirects);
    for more in [&[][..], &["--range", "5:5"]] {
        let args = decrypt(&redirects, "out", more);
        folder.fails(
            &args,
            &[
                "redirects to https://elsewhere.example/x",
                "if you trust it",
            ],
        );
    }
    folder.fails(&["inspect", "http://"], &["the address http://"]);
    let (damaged, _) = serve(folder.sealed()[..50_000].to_vec(), Manner::Good);
    folder.fails(&decrypt(&damaged, "out", &[]), &["error: "]);
    folder.fails(&decrypt(&damaged, "out", &["--range", "5:5"]), &["chunks"]);
}

#[test]
fn piece_of_a_file_is_that_of_the_vectors_and_of_encrypting() {
    let folder = Folder::new();
    let said = folder.run(&["piece", "sealed"]);
    assert_eq!(String::from_utf8(said.stdout).unwrap().trim(), folder.piece);
    let said = folder.through(&["piece", "-", "--json"], &folder.sealed());
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(said["piece"], folder.piece);
    assert_eq!(said["paddedPieceBytes"], 128 << 10);

    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/piece-cid.json"
    );
    let vectors: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let case = &vectors["cases"][0];
    let name = case["name"].as_str().unwrap();
    let payload: Vec<u8> = (0..4)
        .flat_map(|i| {
            use sha2::{Digest, Sha256};
            Sha256::digest(format!("public/{name}/{i}"))
        })
        .take(case["payload_len"].as_u64().unwrap() as usize)
        .collect();
    let said = folder.through(&["piece", "-"], &payload);
    let said = String::from_utf8(said.stdout).unwrap();
    assert_eq!(said.trim(), case["piece_cid_v2"]);
    folder.fails(&["piece", "key"], &["at least 65 bytes, this one has 64"]);
}

#[test]
fn piece_is_verified_while_decrypting() {
    let folder = Folder::new();
    let right = ["--piece", &folder.piece];
    let first = [&right[..], &["--verify-first"]].concat();
    for more in [&right[..], &first] {
        let said = folder.run(&decrypt("sealed", "-", more));
        assert!(said.stdout == folder.plaintext);
        let said = folder.through(&decrypt("-", "-", more), &folder.sealed());
        assert!(said.stdout == folder.plaintext, "{said:?}");
        let (url, _) = serve(folder.sealed(), Manner::WithoutRanges);
        let said = folder.run(&decrypt(&url, "-", more));
        assert!(said.stdout == folder.plaintext);
    }
}

#[test]
fn other_piece_lets_no_file_appear_and_says_so_in_a_pipe() {
    let folder = Folder::new();
    // Another file under the same key, as whoever has the key could make it.
    let said = folder.through(
        &["encrypt", "-", "-o", "-", "--cek-file", "key", "--piece"],
        b"another text, of as many bytes as it takes to be a piece",
    );
    assert!(said.status.success());
    let other = folder.through(&["piece", "-"], &said.stdout);
    let other = String::from_utf8(other.stdout).unwrap();
    let wrong = ["--piece", other.trim()];
    let first = [&wrong[..], &["--verify-first"]].concat();

    let words = ["are not those of piece", "nothing was written"];
    folder.fails(&decrypt("sealed", "out", &wrong), &words);
    folder.fails(&decrypt("sealed", "out", &first), &words);

    let output = folder
        .command(&decrypt("sealed", "-", &wrong))
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        output.stdout == folder.plaintext,
        "it shows only at the end"
    );
    assert!(told.contains("discard it"), "{told}");

    for output in [
        folder
            .command(&decrypt("sealed", "-", &first))
            .output()
            .unwrap(),
        folder.through(&decrypt("-", "-", &first), &folder.sealed()),
    ] {
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty(), "nothing is written before");
    }
}
