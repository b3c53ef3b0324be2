//! One node of the devnet, and the operator who types its commands.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    signers::local::PrivateKeySigner,
};
use tokio::process::Command;
use url::Url;

use super::{
    DevnetError,
    anvil::CHAIN_ID,
    contracts::Contracts,
    control::Control,
    log_tail::log_tail,
    process::{Nursery, Process, Program, without_node_settings},
};

/// How often a node looks at the chain. Its blocks come faster than anywhere else.
const POLL_MS: u64 = 100;
/// For how long the epoch before answers as well: as long as a ceremony takes.
const OVERLAP_BLOCKS: u64 = 30;
/// How long one of the operator's commands may take.
const COMMAND_PATIENCE: Duration = Duration::from_secs(60);
/// How long a node may take to finish what it is doing.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// The operator of one node: the commands that set it up, as a person would type them.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The `stheno` executable.
    pub stheno: PathBuf,
    /// The node's index in the committee, from 1.
    pub index: u16,
    /// The operator's account.
    pub account: Address,
    /// Where the node will serve.
    pub endpoint: Url,
    /// The node's own directory.
    pub dir: PathBuf,
}

impl Operator {
    /// The operator of the node of this index, with its files under `root`; nothing is touched yet.
    ///
    /// # Errors
    /// Never: the parsers cannot know that the URL and the key are well formed.
    pub fn new(stheno: &Path, index: u16, port: u16, root: &Path) -> Result<Self, DevnetError> {
        let endpoint = format!("http://127.0.0.1:{port}/").parse();
        Ok(Self {
            stheno: stheno.to_owned(),
            index,
            account: signer(index)?.address(),
            endpoint: endpoint
                .map_err(|e| DevnetError::io("name an endpoint", std::io::Error::other(e)))?,
            dir: root.join(format!("node-{index}")),
        })
    }

    /// What the node is called.
    pub fn name(&self) -> String {
        format!("node {}", self.index)
    }

    /// The node's configuration file.
    pub fn config(&self) -> PathBuf {
        self.dir.join("node.toml")
    }

    /// What the node writes.
    pub fn log(&self) -> PathBuf {
        self.dir.join("node.log")
    }

    /// The key of the operator's account: everybody can compute it.
    pub fn well_known_key(&self) -> String {
        key(self.index).to_string()
    }

    /// `init`: its keys and its configuration; and money for its transactions.
    ///
    /// # Errors
    /// [`DevnetError`] with what the command said; here and below.
    pub async fn init(
        &self,
        contracts: &Contracts,
        rpc: &Url,
        control: &Control,
    ) -> Result<(), DevnetError> {
        std::fs::create_dir_all(&self.dir).map_err(|e| DevnetError::write(&self.dir, e))?;
        let port = self.endpoint.port().unwrap_or_default();
        let output = self
            .command(&[
                "init",
                "--chain-id",
                &CHAIN_ID.to_string(),
                "--contract",
                &contracts.committee.to_string(),
                "--committee",
                &contracts.committee_id.to_string(),
                "--rpc",
                rpc.as_str(),
                "--poll-ms",
                &POLL_MS.to_string(),
                "--overlap-blocks",
                &OVERLAP_BLOCKS.to_string(),
                // Shares are renewed when somebody says so, and then at once.
                "--refresh-every-days",
                "0",
                "--refresh-gap-hours",
                "0",
                // Its keys of private conditions come from a seed.
                "--development-keys",
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--endpoint",
                self.endpoint.as_str(),
                // Web pages under development come from anywhere.
                "--cors-origin",
                "*",
                "--key-file",
                "vault.key",
            ])
            .await?;
        let identity = identity_of(&output).ok_or_else(|| DevnetError::Chain {
            what: format!("init {}", self.name()),
            message: format!("`node init --json` did not name an identity: {output}"),
        })?;
        control.set_balance(identity, a_thousand_fil()).await?;
        control.set_balance(self.account, a_thousand_fil()).await
    }

    /// `register`: the operator puts the node on chain.
    pub async fn register(&self) -> Result<(), DevnetError> {
        let metadata = format!("{{\"name\":\"devnet {}\"}}", self.name());
        self.command(&["register", "--metadata", &metadata])
            .await
            .map(drop)
    }

    /// `approve`: the operator agrees to the open ceremony, once its keys are posted.
    pub async fn approve(&self) -> Result<(), DevnetError> {
        self.command(&["approve", "--wait", "60", "--yes"])
            .await
            .map(drop)
    }

    /// Runs one of the operator's commands and gives what it printed.
    pub(super) async fn command(&self, args: &[&str]) -> Result<String, DevnetError> {
        let what = format!("{} for {}", args.first().unwrap_or(&""), self.name());
        let mut command = Command::new(&self.stheno);
        without_node_settings(command.as_std_mut());
        let run = command
            .args(["node", "--json", "--config"])
            .arg(self.config())
            .args(args)
            .env("STHENO_OPERATOR_KEY", key(self.index).to_string())
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(COMMAND_PATIENCE, run)
            .await
            .map_err(|_| DevnetError::TooLong {
                what: what.clone(),
                waited: COMMAND_PATIENCE,
                detail: format!("the node's log:\n{}", log_tail(&self.log())),
            })?
            .map_err(|e| DevnetError::io(format!("run {what}"), e))?;
        if !output.status.success() {
            return Err(DevnetError::Chain {
                what,
                message: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            });
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// A node of the committee: who runs it, and its process while it runs.
#[derive(Debug)]
pub struct Member {
    operator: Operator,
    process: Option<Process>,
}

impl Member {
    /// A node that does not run yet.
    pub fn new(operator: Operator) -> Self {
        Self {
            operator,
            process: None,
        }
    }

    /// Who runs it, and where its files are.
    pub fn operator(&self) -> &Operator {
        &self.operator
    }

    /// Its index in the committee, from 1.
    pub fn index(&self) -> u16 {
        self.operator.index
    }

    /// What it is called.
    pub fn name(&self) -> String {
        self.operator.name()
    }

    /// Where it serves.
    pub fn endpoint(&self) -> &Url {
        &self.operator.endpoint
    }

    /// `run`: starts the process, if it does not run.
    pub fn start(&mut self, nursery: &Nursery) -> Result<(), DevnetError> {
        if self.is_running() {
            return Ok(());
        }
        let program = Program::new(self.name(), nursery.stheno(), self.operator.log())
            .args(["node", "--config"])
            .args([self.operator.config()])
            .args(["run"]);
        let process = nursery.spawn(&program);
        let process = process.map_err(|e| DevnetError::io(format!("start {}", self.name()), e))?;
        self.process = Some(process);
        Ok(())
    }

    /// Whether its process lives.
    pub fn is_running(&mut self) -> bool {
        self.process
            .as_mut()
            .is_some_and(|process| process.exited().is_none())
    }

    /// Its process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// The last lines of its log.
    pub fn log_tail(&self) -> String {
        log_tail(&self.operator.log())
    }

    /// Ends its process as a power cut would.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Ends its process politely.
    pub async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop(STOP_PATIENCE).await;
        }
    }

    /// An error when the process ended although nobody asked it to.
    pub fn check(&mut self) -> Result<(), DevnetError> {
        match &mut self.process {
            Some(process) => match process.exited() {
                Some(status) => Err(DevnetError::ended(process, status)),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// How its process ended, if it did although nobody asked it to; told once.
    pub fn lost(&mut self) -> Option<DevnetError> {
        let ended = self.check().err()?;
        self.process = None;
        Some(ended)
    }

    /// Whether it says that it serves this epoch.
    pub async fn serves(&self, http: &reqwest::Client, epoch: u64) -> bool {
        let Ok(url) = self.endpoint().join("v1/status") else {
            return false;
        };
        let answer = http.get(url).timeout(Duration::from_secs(2)).send().await;
        let Ok(answer) = answer else {
            return false;
        };
        let status = answer.json::<serde_json::Value>().await;
        status.is_ok_and(|status| {
            let epochs = status.get("epochs").and_then(serde_json::Value::as_array);
            let number = |served: &serde_json::Value| served.get("epoch")?.as_u64();
            epochs.is_some_and(|epochs| epochs.iter().any(|e| number(e) == Some(epoch)))
        })
    }

    /// Whether it says that it serves.
    pub async fn is_ready(&self, http: &reqwest::Client) -> bool {
        let Ok(url) = self.endpoint().join("ready") else {
            return false;
        };
        let answer = http.get(url).timeout(Duration::from_secs(2)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }
}

/// The key of the operator of node `index`: as public as the accounts in [`super::accounts`].
fn key(index: u16) -> B256 {
    keccak256(format!("stheno devnet operator {index}"))
}

fn signer(index: u16) -> Result<PrivateKeySigner, DevnetError> {
    PrivateKeySigner::from_bytes(&key(index))
        .map_err(|e| DevnetError::chain("use an operator's account", e))
}

fn a_thousand_fil() -> U256 {
    U256::from(1_000) * U256::from(10).pow(U256::from(18))
}

fn identity_of(output: &str) -> Option<Address> {
    let line = output.lines().find(|line| line.starts_with('{'))?;
    let object: serde_json::Value = serde_json::from_str(line).ok()?;
    object.get("identity")?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_distinct_and_the_same_every_day() {
        let one = signer(1).unwrap().address();
        assert_ne!(one, signer(2).unwrap().address());
        assert_eq!(one, signer(1).unwrap().address());
    }

    #[test]
    fn identity_is_read_from_inits_output() {
        let output = "{\"identity\":\"0x70997970C51812dc3A010C7d01b50e0d17dc79C8\"}\n";
        assert!(identity_of(output).is_some());
        assert_eq!(identity_of("made a node"), None);
    }
}
