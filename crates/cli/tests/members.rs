//! Members at the command line: no secret is repeated, and what the environment says harms nobody.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use stheno::group::MemberKey;
use stheno_cli::key_file;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stheno"));
        command.args(args).current_dir(self.0.path());
        for name in ["NETWORK", "RPC", "PRIVATE_KEY", "KEYSTORE", "PROVING_KEYS"] {
            command.env_remove(format!("STHENO_{name}"));
        }
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn done(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Fails with exit code 2, for people and for scripts, and with these words; both texts.
    fn fails(&self, args: &[&str], words: &str) -> String {
        let args_json = [args, &["--json"]].concat();
        let mut both = String::new();
        for args in [args, args_json.as_slice()] {
            let output = self.run(args);
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
            assert!(said.contains(words), "{args:?}: no `{words}` in {said}");
            both += &said;
        }
        both
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.0.path().join(name), text).unwrap();
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn key_in(path: &Path) -> MemberKey {
    key_file::member(path).unwrap()
}

#[test]
fn key_that_is_given_for_something_else_is_not_repeated() {
    let folder = Folder::new();
    folder.done(&["member", "create", "-o", "member.key"]);
    folder.done(&["group", "create", "group.json"]);
    let key = key_in(&folder.0.path().join("member.key"));
    let text = key.expose_text();
    let (text, digits) = (text.as_str(), &text[text.len() - 64..]);
    let secret = "is a member's secret key";
    let member = ["--member", "member.key", "--group"];
    for (args, words) in [
        (
            vec!["group", "add", "group.json", "--from", "member.key"],
            secret,
        ),
        (vec!["group", "add", "group.json", text], secret),
        (vec!["group", "remove", "group.json", text], secret),
        (
            vec!["group", "add", "group.json", "--expires", text],
            "expires",
        ),
        (vec!["group", "create", text, "--depth", text], "depth"),
        (vec!["group", "show", text], "cannot open it"),
        (vec!["group", text], "unrecognized"),
        (vec![text], "unrecognized"),
        (vec!["policy", "check", "member.key"], "member.key"),
        (vec!["prove", "try", text], ""),
        (
            [&["prove", "try", "member.key"], &member[..], &[text]].concat(),
            "",
        ),
        (vec!["inspect", "member.key"], ""),
        (
            vec!["encrypt", "group.json", "-o", "out", "--also-to", text],
            "",
        ),
        (vec!["delegation", "new", "-o", "out", "--to", text], "--to"),
        (vec!["session", "show", "member.key"], "member.key"),
        (
            vec!["decrypt", "group.json", "-o", "out", "-i", "member.key"],
            "",
        ),
        (vec!["ls", "member.key", "--rpc", text], "Envelope"),
    ] {
        let said = folder.fails(&args, words);
        assert!(
            !said.contains(&digits[..8]),
            "{args:?} repeats the secret: {said}"
        );
    }
}

#[test]
fn attributes_come_from_a_file_and_are_not_repeated() {
    let folder = Folder::new();
    let commitment = folder.done(&["member", "create", "-o", "member.key"]);
    folder.done(&["group", "create", "group.json"]);
    let add = ["group", "add", "group.json", &commitment, "-o", "out"];
    folder.write("attributes", "# an age\n90218,0,0,0\n");
    folder.write("three", "90218,0,0\n");
    let said = folder.fails(
        &[&add[..], &["--attributes-from", "three"]].concat(),
        "does not hold four whole numbers",
    );
    assert!(!said.contains("90218"), "{said}");
    folder.done(&[&add[..], &["--attributes-from", "attributes"]].concat());
    let credential = fs::read_to_string(folder.0.path().join("out")).unwrap();
    assert!(credential.contains("90218"));
    for (from, to) in [("\"90218\"", "90218"), ("\"90218\"", "\"90217\"")] {
        folder.write("bad.json", credential.replace(from, to));
        let said = folder.fails(
            &[
                "decrypt",
                "x",
                "-o",
                "y",
                "--member",
                "member.key",
                "--group",
                "group.json",
                "--credential",
                "bad.json",
            ],
            "",
        );
        assert!(!said.contains("9021"), "{said}");
    }
}

/// A variable that is set for members stands in nobody else's way.
#[test]
fn proving_keys_in_the_environment_ask_for_no_member() {
    let folder = Folder::new();
    folder.done(&["keygen", "-o", "me.key"]);
    for args in [
        &["decrypt", "missing.fee", "-o", "out", "-i", "me.key"][..],
        &["ls", "missing.fee", "-i", "me.key"],
        &["decrypt", "missing.fee", "-o", "out"],
    ] {
        let mut command = folder.command(args);
        command.env("STHENO_PROVING_KEYS", "keys,https://example.org/keys");
        let hashes = format!("0x{},0x{}", "1b".repeat(32), "2c".repeat(32));
        command.env("STHENO_PROVING_KEY_HASH", hashes);
        let said = stderr(&command.output().unwrap());
        assert!(said.contains("missing.fee"), "{args:?}: {said}");
    }
}

#[test]
fn who_asks_is_one() {
    let folder = Folder::new();
    let zero = format!("0x{}", "00".repeat(20));
    let ways = [
        &["--member", "k", "--group", "g"][..],
        &["--session", "s"],
        &["--delegation", "d"],
        &["--account", &zero],
    ];
    for (at, one) in ways.iter().enumerate() {
        for other in &ways[at + 1..] {
            let args = [&["decrypt", "x", "-o", "y"], *one, *other].concat();
            folder.fails(&args, "cannot be used with");
        }
    }
}

#[test]
fn standard_input_is_one_thing() {
    let folder = Folder::new();
    let twice = "standard input cannot be two things";
    let member = ["--member", "-", "--group", "g"];
    folder.fails(&[&["prove", "try", "-"], &member[..]].concat(), twice);
    let credential = ["--member", "k", "--group", "g", "--credential", "-"];
    folder.fails(
        &[&["decrypt", "-", "-o", "y"], &credential[..]].concat(),
        twice,
    );
    let both = [
        &["decrypt", "x", "-o", "y"],
        &member[..],
        &["--credential", "-"],
    ];
    folder.fails(&both.concat(), twice);
}

#[test]
fn credential_of_another_member_is_named() {
    let folder = Folder::new();
    let ann = folder.done(&["member", "create", "-o", "ann.key"]);
    folder.done(&["member", "create", "-o", "eve.key"]);
    folder.done(&["group", "create", "group.json"]);
    folder.done(&["group", "create", "deep.json", "--depth", "32"]);
    folder.write("ann", "18,0,0,0");
    folder.done(&[
        "group",
        "add",
        "group.json",
        &ann,
        "--attributes-from",
        "ann",
        "-o",
        "credential.json",
    ]);
    let policy = format!(
        r#"{{ "version": 1, "rule": {{ "zk": {{ "circuit": "credential-20-v1", "key": "0x{}",
            "root": "0x{}", "attributes": [{{ ">=": 1 }}], "proof": ":me" }} }} }}"#,
        "11".repeat(32),
        "12".repeat(32),
    );
    folder.write("policy.json", policy);
    let tried = |key, group, words| {
        let args = [
            "prove",
            "try",
            "policy.json",
            "--member",
            key,
            "--group",
            group,
            "--credential",
            "credential.json",
        ];
        let said = folder.fails(&args, words);
        assert!(said.contains("\"code\":\"bad_credential\""), "{said}");
    };
    tried(
        "eve.key",
        "group.json",
        "credential.json is another member's",
    );
    tried("ann.key", "deep.json", "is for a group of depth 20");
    // With its own it is the policy's root that no group has: that is no error, but a denial.
    let args = [
        "prove",
        "try",
        "policy.json",
        "--member",
        "ann.key",
        "--group",
        "group.json",
        "--credential",
        "credential.json",
    ];
    let output = folder.run(&args);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("give its file of then"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn commitment_with_which_everybody_could_prove_is_refused() {
    let folder = Folder::new();
    folder.done(&["group", "create", "group.json"]);
    // H₃(0, 0), computed apart from this code.
    let zero = "0x0aabdfeff9823b24ae308aae2403da885be469083a38dcd36b6a87bcfce30d83";
    folder.fails(&["group", "add", "group.json", zero], "of the secret 0");
}
