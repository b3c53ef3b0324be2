//! Bad input at the command line: the fault is named, the remedy is given, the exit code is 2, and
//! no output appears.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use stheno::envelope::Header;
use stheno::{EncryptOptions, NetworkFile, Policy, protocol::Bytes, testing::Committee};

const POLICY: &str =
    r#"{ "version": 1, "rule": { "balance": { "chain": 31415926, "min": "1" } } }"#;

/// A folder with a policy, a network file that carries its key, a text, and an envelope of it.
struct Folder {
    root: tempfile::TempDir,
}

impl Folder {
    async fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let committee = Committee::new(2, 3).unwrap();
        let network = NetworkFile {
            network_key: Some(Bytes::from(committee.network_key().to_bytes().to_vec())),
            ..committee.network_file()
        };
        fs::write(root.path().join("network.json"), network.to_json()).unwrap();
        fs::write(root.path().join("policy.json"), POLICY).unwrap();
        fs::write(root.path().join("text"), b"some text").unwrap();
        let policy = Policy::from_json(POLICY).unwrap();
        let mut envelope = Vec::new();
        committee
            .client()
            .encrypt(
                &policy,
                &b"some text"[..],
                &mut envelope,
                EncryptOptions::default(),
            )
            .await
            .unwrap();
        fs::write(root.path().join("text.fee"), envelope).unwrap();
        Self { root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn run(&self, args: &[&str]) -> Output {
        stheno(self.root.path(), args)
    }

    /// Runs, expects exit code 2, an `error:` with these words, a `hint:`, and no file `out`.
    fn fails(&self, args: &[&str], words: &[&str]) -> String {
        let before = self.names();
        let output = self.run(args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(output.stdout.is_empty(), "{args:?}: {:?}", output.stdout);
        assert!(said.starts_with("error: "), "{args:?}: {said}");
        assert!(said.contains("\nhint: "), "{args:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{args:?}: no `{word}` in: {said}");
        }
        assert_eq!(self.names(), before, "{args:?} left something behind");
        said
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn stheno(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stheno"))
        .args(args)
        .current_dir(folder)
        .env_remove("STHENO_PRIVATE_KEY")
        .env_remove("STHENO_KEYSTORE")
        .env_remove("STHENO_NETWORK")
        .env_remove("STHENO_RPC")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

const ENCRYPT: [&str; 8] = [
    "encrypt",
    "text",
    "--policy",
    "policy.json",
    "--network",
    "network.json",
    "-o",
    "out",
];

fn encrypt_with(option: &str, value: &'static str) -> Vec<&'static str> {
    let mut args = ENCRYPT.to_vec();
    match args.iter().position(|arg| *arg == option) {
        Some(at) => args[at + 1] = value,
        None if option == "FILE" => args[1] = value,
        None => panic!("no {option}"),
    }
    args
}

#[tokio::test]
async fn encrypt_works_offline_when_the_network_file_carries_its_key() {
    let folder = Folder::new().await;
    let output = folder.run(&ENCRYPT);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    assert!(said.contains("encrypted 9 bytes into out"), "{said}");
    assert!(said.contains("item      0x"), "{said}");
    assert_eq!(output.stderr, b"");
    let inspected = folder.run(&["inspect", "out", "--json"]);
    let object: serde_json::Value = serde_json::from_slice(&inspected.stdout).unwrap();
    assert_eq!(object["cipher"], "aes-256-gcm");
    assert_eq!(
        object["recipients"][0]["policy"]["rule"]["balance"]["min"],
        "1"
    );
}

#[tokio::test]
async fn inspect_tells_people_where_the_key_is() {
    let folder = Folder::new().await;
    let output = folder.run(&["inspect", "text.fee"]);
    let said = String::from_utf8(output.stdout).unwrap();
    for word in [
        "threshold committee",
        "chain 31415926",
        "aes-256-gcm",
        "has a native balance of at least 1 on chain 31415926",
        "0x",
    ] {
        assert!(said.contains(word), "{said}");
    }
}

#[tokio::test]
async fn inspect_reads_standard_input() {
    let folder = Folder::new().await;
    let output = Command::new(env!("CARGO_BIN_EXE_stheno"))
        .args(["inspect", "-"])
        .stdin(fs::File::open(folder.path("text.fee")).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success());
}

#[tokio::test]
async fn input_that_is_missing_or_unreadable_is_named() {
    let folder = Folder::new().await;
    folder.fails(
        &encrypt_with("FILE", "nothing"),
        &["nothing cannot be read"],
    );
    folder.fails(
        &encrypt_with("FILE", "."),
        &["lies in the folder that is encrypted"],
    );
    folder.fails(&["inspect", "."], &["is a directory"]);
    folder.fails(
        &encrypt_with("--policy", "nothing"),
        &["nothing cannot be read"],
    );
    folder.fails(
        &encrypt_with("--network", "nothing"),
        &["network file nothing"],
    );
    folder.fails(&["inspect", "nothing"], &["nothing cannot be read"]);
    folder.fails(&["policy", "check", "nothing"], &["nothing cannot be read"]);
    folder.fails(
        &[
            "decrypt",
            "nothing",
            "--rpc",
            "http://127.0.0.1:1",
            "-o",
            "out",
        ],
        &["nothing cannot be read"],
    );
}

#[tokio::test]
async fn output_that_exists_is_refused_without_force() {
    let folder = Folder::new().await;
    folder.write("out", b"mine");
    folder.fails(&ENCRYPT, &["out exists already", "--force"]);
    folder.fails(
        &[
            "decrypt",
            "text.fee",
            "--rpc",
            "http://127.0.0.1:1",
            "-o",
            "out",
        ],
        &["out exists already"],
    );
    assert_eq!(fs::read(folder.path("out")).unwrap(), b"mine");
    let forced = folder.run(&[&ENCRYPT[..], &["--force"]].concat());
    assert!(forced.status.success());
    assert_ne!(fs::read(folder.path("out")).unwrap(), b"mine");
}

#[tokio::test]
async fn output_that_cannot_be_or_is_the_input_is_refused() {
    let folder = Folder::new().await;
    folder.fails(
        &encrypt_with("-o", "no/such/folder/out"),
        &["cannot be created"],
    );
    folder.fails(&encrypt_with("-o", "."), &["is a directory"]);
    let same = [&encrypt_with("-o", "text")[..], &["--force"]].concat();
    folder.fails(&same, &["the output is the input"]);
}

#[tokio::test]
async fn file_that_is_no_envelope_is_refused() {
    let folder = Folder::new().await;
    folder.fails(
        &["inspect", "text"],
        &["not a Filecoin Encryption Envelope"],
    );
    let decrypt = [
        "decrypt",
        "text",
        "--rpc",
        "http://127.0.0.1:1",
        "-o",
        "out",
    ];
    folder.fails(&decrypt, &["not a Filecoin Encryption Envelope"]);
    folder.write("empty", b"");
    folder.fails(&["inspect", "empty"], &["error"]);
}

#[tokio::test]
async fn envelope_that_is_cut_inside_its_header_is_refused() {
    let folder = Folder::new().await;
    let envelope = fs::read(folder.path("text.fee")).unwrap();
    folder.write("cut", &envelope[..60]);
    folder.fails(&["inspect", "cut"], &["ends inside the header"]);
}

/// The body's algorithm stands in the protected header: `01` is the label, `3a…` the number.
#[tokio::test]
async fn envelope_of_an_unknown_algorithm_or_version_is_refused_by_name() {
    let folder = Folder::new().await;
    let envelope = fs::read(folder.path("text.fee")).unwrap();
    let header = Header::from_bytes(&envelope[..]).map(|h| h.as_bytes().len());
    let header = header.unwrap_or(envelope.len());
    let algorithm = envelope[..header]
        .windows(2)
        .position(|pair| pair == [0x01, 0x3a])
        .expect("the protected header names an algorithm");
    let mut other = envelope.clone();
    other[algorithm + 5] ^= 0x40;
    folder.write("other", &other);
    folder.fails(&["inspect", "other"], &["body algorithm", "not supported"]);
    let decrypt = ["decrypt", "other", "-o", "out"];
    folder.fails(&decrypt, &["body algorithm", "not supported"]);
}

#[tokio::test]
async fn policy_beyond_what_may_be_is_refused_with_the_place_and_the_limit() {
    let folder = Folder::new().await;
    let leaf = r#"{"balance": {"chain": 1, "min": 1}}"#;
    let cases = [
        (
            r#"{"balance": {"chain": 1, "min": 1.5}}"#.to_owned(),
            "count in the smallest unit",
        ),
        (
            r#"{"balance": {"chain": 1, "min": 1e18}}"#.to_owned(),
            "count in the smallest unit",
        ),
        (
            format!(
                r#"{{"balance": {{"chain": 1, "min": "1{}"}}}}"#,
                "0".repeat(78)
            ),
            "256 bits",
        ),
        (
            r#"{"balance": {"chain": 1, "min": 1, "min": 2}}"#.to_owned(),
            "stands here twice",
        ),
        (
            r#"{"address": {"in": ["0x5B38Da6a701c568545dCfcB03FcB875f56beddC5"]}}"#.to_owned(),
            "checksum",
        ),
        (
            r#"{"address": {"in": ["f410fabc"]}}"#.to_owned(),
            "is not an address",
        ),
        (
            r#"{"call": {"chain": 1, "to": "0x5B38Da6a701c568545dCfcB03FcB875f56beddC4",
                "function": "f(uint7) view returns (bool)", "args": [1], "returns": {"==": true}}}"#
                .to_owned(),
            "uint7",
        ),
        (
            format!(r#"{{"all": [{}]}}"#, vec![leaf; 65].join(",")),
            "at most 64 are allowed",
        ),
    ];
    for (rule, word) in cases {
        folder.write("bad.json", format!(r#"{{ "version": 1, "rule": {rule} }}"#));
        folder.fails(&["policy", "check", "bad.json"], &["bad.json", word]);
    }
    folder.write("bad.json", format!(r#"{{ "version": 2, "rule": {leaf} }}"#));
    folder.fails(
        &["policy", "check", "bad.json"],
        &["version 2 is not known, only 1 is"],
    );
    let deep = format!(
        "{}{leaf}{}",
        r#"{"not": "#.repeat(20_000),
        "}".repeat(20_000)
    );
    folder.write("bad.json", format!(r#"{{ "version": 1, "rule": {deep} }}"#));
    folder.fails(&["policy", "check", "bad.json"], &["deep"]);
}

#[tokio::test]
async fn policy_with_a_syntax_error_is_named_by_line_and_column() {
    let folder = Folder::new().await;
    folder.write(
        "bad.json",
        "{ \"version\": 1,\n  \"rule\": { \"balance\" }\n}\n",
    );
    folder.fails(
        &encrypt_with("--policy", "bad.json"),
        &["bad.json", "line 2, column"],
    );
    folder.fails(
        &["policy", "check", "bad.json"],
        &["bad.json", "line 2, column"],
    );
}

#[tokio::test]
async fn policy_with_an_unknown_leaf_is_named_with_its_place() {
    let folder = Folder::new().await;
    folder.write(
        "bad.json",
        r#"{ "version": 1, "rule": { "balanse": { "chain": 1, "min": "1" } } }"#,
    );
    let said = folder.fails(
        &["policy", "check", "bad.json"],
        &["balanse", "line 1, column"],
    );
    assert!(
        said.contains("`balance`"),
        "the nearest name is offered: {said}"
    );
}

#[tokio::test]
async fn network_file_that_is_wrong_is_refused() {
    let folder = Folder::new().await;
    folder.write("bad.json", "{ \"version\": 1 }");
    folder.fails(
        &encrypt_with("--network", "bad.json"),
        &["network file bad.json", "line 1"],
    );

    // The key of one network with the fingerprint of another: what an attacker would hand out.
    let mut network: NetworkFile = NetworkFile::load(folder.path("network.json")).unwrap();
    network.network_key_fingerprint = Committee::new(2, 3)
        .unwrap()
        .network_file()
        .network_key_fingerprint;
    folder.write("bad.json", network.to_json());
    folder.fails(&encrypt_with("--network", "bad.json"), &["fingerprint"]);
    folder.fails(
        &["network", "show", "bad.json", "--offline"],
        &["fingerprint"],
    );
}

#[tokio::test]
async fn rpc_that_is_down_or_missing_is_named() {
    let folder = Folder::new().await;
    let network = NetworkFile {
        network_key: None,
        ..NetworkFile::load(folder.path("network.json")).unwrap()
    };
    folder.write("unkeyed.json", network.to_json());
    folder.fails(
        &encrypt_with("--network", "unkeyed.json"),
        &["no rpc endpoint for chain 31415926"],
    );
    // Port 1 is never listened on.
    let rpc = ["--rpc", "http://127.0.0.1:1"];
    let args = [&encrypt_with("--network", "unkeyed.json")[..], &rpc].concat();
    folder.fails(&args, &["127.0.0.1:1"]);
    let decrypt = [
        "decrypt",
        "text.fee",
        "--rpc",
        "http://127.0.0.1:1",
        "-o",
        "out",
    ];
    let output = Command::new(env!("CARGO_BIN_EXE_stheno"))
        .args(decrypt)
        .current_dir(folder.root.path())
        .env("STHENO_PRIVATE_KEY", "1".repeat(64))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("127.0.0.1:1") && said.contains("hint: "),
        "{said}"
    );
    assert!(!folder.path("out").exists());
    folder.fails(&["decrypt", "text.fee", "-o", "out"], &["--rpc"]);
}

#[tokio::test]
async fn wallet_that_is_missing_or_wrong_is_named_and_never_printed() {
    let folder = Folder::new().await;
    let decrypt = [
        "decrypt",
        "text.fee",
        "--rpc",
        "http://127.0.0.1:1",
        "-o",
        "out",
    ];
    folder.fails(&decrypt, &["the policy asks who is reading"]);
    let secret = "5ec4e75ec4e75ec4e7";
    let output = Command::new(env!("CARGO_BIN_EXE_stheno"))
        .args(decrypt)
        .current_dir(folder.root.path())
        .env("STHENO_PRIVATE_KEY", secret)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("STHENO_PRIVATE_KEY") && !said.contains(secret),
        "{said}"
    );
    folder.write("keystore.json", "{}");
    let keystore = [&decrypt[..], &["--keystore", "keystore.json"]].concat();
    folder.fails(&keystore, &["passphrase", "STHENO_KEYSTORE_PASSWORD"]);
}

#[tokio::test]
async fn errors_are_one_object_with_json() {
    let folder = Folder::new().await;
    let output = folder.run(&["policy", "check", "nothing", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let object: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(object["code"], "input_unreadable");
    assert_eq!(object["denied"], false);
    assert!(object["error"].as_str().unwrap().contains("nothing"));
}

#[tokio::test]
async fn command_line_that_makes_no_sense_is_refused_with_code_2() {
    let folder = Folder::new().await;
    for args in [
        &["encrypt"][..],
        &["encrypt", "text", "--cipher", "rot13"],
        &["nonsense"],
        &["decrypt", "text.fee", "-o", "out", "--private-key", "0x1"],
        &encrypt_with("-o", ""),
    ] {
        assert_eq!(folder.run(args).status.code(), Some(2), "{args:?}");
    }
    let item = [&ENCRYPT[..], &["--item", "0x12"]].concat();
    folder.fails(&item, &["--item"]);
}

#[tokio::test]
async fn help_explains_commands_and_codes() {
    let folder = Folder::new().await;
    for (topic, words) in [
        (&["help"][..], "Exit code: 0 done"),
        (&["help", "encrypt"], "--policy"),
        (&["help", "policy", "check"], "policy"),
        (&["help", "condition_not_met"], "does not grant access"),
        (&["help", "condition_not_met"], "at fault    who asks"),
        (&["help", "rpc_unreadable"], "contradict each other"),
        (&["help", "devnet_ports"], "--ports"),
    ] {
        let output = folder.run(topic);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && said.contains(words),
            "{topic:?}: {said}"
        );
    }
    folder.fails(
        &["help", "condition_not_mett"],
        &["did you mean `condition_not_met`?"],
    );
    folder.fails(&["help", "encrpyt"], &["did you mean `encrypt`?"]);
    let json = folder.run(&["--json", "help", "rate_limited"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["status"], 429);
    assert_eq!(json["retryable"], true);
    for field in ["title", "fault", "explanation", "remedy"] {
        assert!(json[field].as_str().unwrap().len() > 5, "{field}: {json}");
    }
}

/// Encrypting from a pipe that does not end leaves a part of a file; Ctrl-C removes it.
#[cfg(unix)]
#[tokio::test]
async fn interrupt_leaves_nothing_behind() {
    use std::{
        io::Write,
        time::{Duration, Instant},
    };

    let folder = Folder::new().await;
    let before = folder.names();
    for signal in ["-INT", "-TERM"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_stheno"))
            .args(encrypt_with("FILE", "-"))
            .current_dir(folder.root.path())
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(&[0; 1 << 20]).unwrap();
        let begin = Instant::now();
        while folder.names() == before {
            assert!(
                begin.elapsed() < Duration::from_secs(20),
                "nothing was begun"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let pid = child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
        assert_eq!(folder.names(), before, "{signal}");
    }
}
