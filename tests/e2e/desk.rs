//! A desk to work at: a folder of a test's own, with the devnet's network file and policy at hand.

use std::path::{Path, PathBuf};

use stheno_cli::devnet::Devnet;
use tempfile::TempDir;

use crate::{
    command::{Said, run, stheno},
    someone::Someone,
};

/// A folder, and what a person needs beside it.
pub(crate) struct Desk {
    folder: TempDir,
    network: PathBuf,
    policy: PathBuf,
    rpc: String,
}

impl Desk {
    pub(crate) fn new(devnet: &Devnet) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            network: devnet.network_path(),
            policy: devnet.policy_path(),
            rpc: devnet.rpc().to_string(),
        }
    }

    /// A path on the desk.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Puts a file on the desk.
    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// A file's content.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The names of all files on the desk.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn network(&self) -> &Path {
        &self.network
    }

    pub(crate) fn policy(&self) -> &Path {
        &self.policy
    }

    pub(crate) fn rpc(&self) -> &str {
        &self.rpc
    }

    /// `stheno encrypt FROM -o TO` to the holders of a pass.
    pub(crate) async fn encrypt(&self, from: &str, to: &str, more: &[&str]) -> Said {
        let mut command = stheno(["encrypt", &self.path(from), "-o", &self.path(to)]);
        command.arg("--policy").arg(&self.policy);
        command.arg("--network").arg(&self.network);
        run(command.args(more)).await
    }

    /// `stheno decrypt FROM -o TO` as somebody.
    pub(crate) async fn decrypt(&self, who: &Someone, from: &str, to: &str, more: &[&str]) -> Said {
        let mut command = stheno(["decrypt", &self.path(from), "-o", &self.path(to)]);
        command.args(["--rpc", &self.rpc]).args(more);
        run(command.env("STHENO_PRIVATE_KEY", who.key())).await
    }
}

/// Bytes that look like nothing in particular, the same for the same seed.
pub(crate) fn noise(seed: u8, length: usize) -> Vec<u8> {
    let blocks = (0..).map(|number: u32| {
        let mut bytes = [seed; 5];
        bytes[1..].copy_from_slice(&number.to_be_bytes());
        alloy::primitives::keccak256(bytes)
    });
    blocks.flatten().take(length).collect()
}
