//! A folder to work in, and the command to run there.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use stheno::{NetworkFile, protocol::Bytes, testing::Committee};

/// A policy that the tests' networks would judge.
pub(crate) const POLICY: &str =
    r#"{ "version": 1, "rule": { "balance": { "chain": 31415926, "min": "1" } } }"#;

/// A folder of a test's own.
pub(crate) struct Folder {
    root: tempfile::TempDir,
}

/// What the command said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    /// With `policy.json`, and `text`, which says `some text`.
    pub(crate) fn new() -> Self {
        let folder = Self {
            root: tempfile::tempdir().unwrap(),
        };
        folder.put("policy.json", POLICY);
        folder.put("text", "some text");
        folder
    }

    /// Adds the file of a network that exists nowhere else, its key included.
    pub(crate) fn network(&self, name: &str, number: u64) {
        let committee = Committee::numbered(number, 2, 3).unwrap();
        let network = NetworkFile {
            network_key: Some(Bytes::from(committee.network_key().to_bytes().to_vec())),
            name: name.to_owned(),
            ..committee.network_file()
        };
        self.put(name, network.to_json());
    }

    /// Makes a key pair; gives the public key.
    pub(crate) fn keygen(&self, name: &str) -> String {
        self.done(&["keygen", "-o", name]).stdout.trim().to_owned()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The names of all files, hidden ones included.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.root.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The command, ready to run here.
    pub(crate) fn stheno(&self, args: &[&str]) -> Command {
        self.here(env!("CARGO_BIN_EXE_stheno"), args)
    }

    /// Any program, ready to run here.
    pub(crate) fn here(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.root.path())
            .env_remove("STHENO_PRIVATE_KEY")
            .env_remove("STHENO_KEYSTORE")
            .env_remove("STHENO_NETWORK")
            .env_remove("STHENO_RPC")
            .stdin(Stdio::null());
        command
    }

    /// Runs, and expects that it works.
    pub(crate) fn done(&self, args: &[&str]) -> Said {
        let said = Said::of(self.stheno(args).output().unwrap());
        assert_eq!(said.code, Some(0), "{args:?}: {}", said.stderr);
        said
    }

    /// Runs with `--json`, and expects one object.
    pub(crate) fn json(&self, args: &[&str]) -> serde_json::Value {
        let said = self.done(&[args, &["--json"]].concat());
        serde_json::from_str(&said.stdout).unwrap()
    }

    /// Runs, expects exit code 2, an `error:` with these words, a `hint:`, and no new file.
    pub(crate) fn fails(&self, args: &[&str], words: &[&str]) -> String {
        let before = self.names();
        let said = Said::of(self.stheno(args).output().unwrap());
        assert_eq!(said.code, Some(2), "{args:?}: {}", said.stderr);
        assert_eq!(said.stdout, "", "{args:?}");
        said.complains(words);
        assert_eq!(self.names(), before, "{args:?} left something behind");
        said.stderr
    }
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Expects a fault with these words, and a remedy.
    pub(crate) fn complains(&self, words: &[&str]) {
        let said = &self.stderr;
        assert!(said.contains("error: "), "{said}");
        assert!(said.contains("\nhint: "), "{said}");
        for word in words {
            assert!(said.contains(word), "no `{word}` in: {said}");
        }
    }
}
