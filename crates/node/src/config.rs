//! The node's configuration: one documented struct.
//!
//! Read from TOML; every field may be overridden by an environment variable
//! `STHENO_NODE_<FIELD>`, or `STHENO_NODE_<SECTION>__<FIELD>` inside a section
//! (see [`overrides`]). Relative paths are relative to the file's folder.
//! The defaults serve a laptop.

mod overrides;
mod template;

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::primitives::Address;
use serde::Deserialize;
use stheno_chain::{ChainConfig, Finality};
use stheno_circuits::Development;
use url::Url;

pub use template::Template;

use crate::{epochs::schedule::Schedule, recovery::Trustees};

/// The environment variable that holds the vault's passphrase unless the
/// configuration names another.
pub const PASSPHRASE_ENV: &str = "STHENO_NODE_PASSPHRASE";

/// Everything a node is told from outside.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the vault, the database and the lock lie. Default `data`.
    #[serde(default = "default_data_dir")]
    pub data_dir: PathBuf,
    /// The socket to serve on. Port 0 takes any free one. Default `127.0.0.1:8440`.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Where readers reach this node; what `register` puts on the chain.
    /// Default: none, then `register --endpoint` must say.
    #[serde(default)]
    pub endpoint: Option<Url>,
    /// Web origins whose pages may ask this node, exactly as the browser sends
    /// them (`https://app.example`), or `*` for all. Default: none.
    #[serde(default)]
    pub cors_origins: Vec<String>,
    /// The committee that this node belongs to.
    pub network: Network,
    /// The chains that this node reads; the committee's own must be among them.
    #[serde(rename = "chain")]
    pub chains: Vec<ChainSection>,
    /// How the vault is unlocked. Default `passphrase_env = "STHENO_NODE_PASSPHRASE"`.
    #[serde(default)]
    pub vault: Unlock,
    /// How much this node takes on.
    #[serde(default)]
    pub limits: Limits,
    /// Epochs that follow each other.
    #[serde(default)]
    pub epochs: Epochs,
    /// Conditions that readers prove without showing who they are.
    #[serde(default)]
    pub private: Private,
    /// Trustees among whom this node's share is split after each ceremony. Default: none.
    #[serde(default)]
    pub recovery: Option<Trustees>,
    /// What it logs, and how.
    #[serde(default)]
    pub logs: Logs,
}

/// Names one committee: a chain, a contract, a number.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The chain that the committee contract lives on.
    pub chain_id: u64,
    /// The committee contract.
    pub contract: Address,
    /// The committee's number within the contract.
    pub committee_id: u64,
}

/// One chain and the endpoints through which the node reads it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainSection {
    /// The chain's id; every endpoint must report it.
    pub chain_id: u64,
    /// JSON-RPC endpoints, ideally of independent operators.
    pub rpc: Vec<Url>,
    /// How many endpoints must give the same answer. A quorum that falls short
    /// denies; it never falls back to fewer. More than half. Default: a majority.
    #[serde(default)]
    pub min_agree: Option<usize>,
    /// What counts as final: `"finalized"` (the endpoint's block of that tag) or
    /// `{ depth = N }`. Default `"finalized"`.
    #[serde(default)]
    pub finality: Finality,
    /// How often the heads are read, in milliseconds. Default 1000.
    #[serde(default = "default_poll_ms")]
    pub poll_ms: u64,
    /// The longest that an endpoint may take to answer one question, in
    /// milliseconds; then it counts as silent. Default 10000.
    #[serde(default = "default_answer_ms")]
    pub answer_ms: u64,
}

/// Where the key comes from that seals the vault. Exactly one.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Unlock {
    /// A passphrase in this environment variable; asked for on a terminal when unset.
    PassphraseEnv(String),
    /// A passphrase in the first line of this file (mode 0600).
    PassphraseFile(PathBuf),
    /// 32 random bytes in hex in this file (mode 0600), made by `init`.
    KeyFile(PathBuf),
    /// The same 32 bytes, handed over by the service manager as this file
    /// of `$CREDENTIALS_DIRECTORY` (systemd's `LoadCredentialEncrypted=`).
    Credential(String),
}

/// How much a node takes on. Rates count items, not requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The largest request body, in bytes. Default 131072.
    pub body_bytes: usize,
    /// The longest that a request may take, in milliseconds. Default 20000.
    pub request_ms: u64,
    /// Requests evaluated at one time; more wait, up to `request_ms`. Default 128.
    pub concurrent_evaluations: usize,
    /// Items a minute from one IP address (IPv6: one /64). Default 6000.
    pub ip_items_per_minute: u32,
    /// Items a minute for one account, or for one nullifier. Default 3000.
    pub account_items_per_minute: u32,
    /// Items a minute for all requests without an account and without a proof together. Default 600.
    pub anonymous_items_per_minute: u32,
    /// Proxies in front of this node: from these addresses the last entry of
    /// `X-Forwarded-For` is believed. Default: none.
    pub trusted_proxies: Vec<IpAddr>,
    /// How long a stop waits for requests in flight, in milliseconds. Default 10000.
    pub shutdown_ms: u64,
}

/// Epochs that follow each other.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Epochs {
    /// For how many blocks of the committee's chain, at least, the epoch before the active one
    /// answers as well. Its share is erased afterwards. Default 240: two hours of Filecoin.
    pub overlap_blocks: u64,
    /// How many days old an epoch becomes before this node proposes to renew the shares of the
    /// unchanged committee. 0 for never. Default 30.
    pub refresh_every_days: f64,
    /// How many hours old an epoch must be before this node proposes a refresh, or approves one in
    /// the place of its operator. Default 24.
    pub refresh_gap_hours: f64,
}

impl Epochs {
    /// The longest that makes sense: a century.
    const MOST_DAYS: f64 = 36_500.0;

    /// When shares are renewed.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        let every = Duration::from_secs_f64(self.refresh_every_days * 86_400.0);
        Schedule {
            every: (!every.is_zero()).then_some(every),
            gap: Duration::from_secs_f64(self.refresh_gap_hours * 3_600.0),
        }
    }
}

/// Conditions that readers prove without showing who they are.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Private {
    /// Whether verifying keys are taken whose trapdoor somebody knows, and can prove anything with: for devnets and
    /// tests alone. Default false.
    pub development: bool,
}

impl Private {
    /// Which verifying keys are taken.
    #[must_use]
    pub const fn keys(self) -> Development {
        match self.development {
            true => Development::Allowed,
            false => Development::Refused,
        }
    }
}

/// What the node logs, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Logs {
    /// A `tracing` filter such as `info,stheno_node=debug`. Default `info`.
    pub filter: String,
    /// `text` or `json`, on stderr. Default `text`.
    pub format: LogFormat,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Why a configuration was refused.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML of the expected shape.
    #[error("the configuration {path} is not valid: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, column and fault.
        message: String,
    },
    /// A value is well formed but makes no sense.
    #[error("configuration: {0}")]
    Value(String),
}

impl Config {
    /// Reads `path`, applies `STHENO_NODE_*` from the environment and checks the result.
    ///
    /// # Errors
    /// Any [`ConfigError`]; the message names the field.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    /// As [`load`](Self::load), from text that stands, or will stand, at `path`.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let syntax = |message: String| ConfigError::Syntax {
            path: path.to_owned(),
            message,
        };
        let mut table: toml::Table = toml::from_str(text).map_err(|e| syntax(e.to_string()))?;
        // Parsed from the text when nothing was overridden, so that errors keep their line.
        let mut config: Self = if overrides::apply(&mut table, std::env::vars()) {
            table.try_into()
        } else {
            toml::from_str(text)
        }
        .map_err(|e| syntax(e.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        config.resolve_paths(folder);
        config.check()?;
        Ok(config)
    }

    /// The section of the chain that the committee lives on.
    ///
    /// # Errors
    /// [`ConfigError::Value`] when there is none.
    pub fn home_chain(&self) -> Result<&ChainSection, ConfigError> {
        let id = self.network.chain_id;
        self.chains
            .iter()
            .find(|chain| chain.chain_id == id)
            .ok_or_else(|| {
                ConfigError::Value(format!(
                    "network.chain_id is {id}, but no [[chain]] has that chain_id"
                ))
            })
    }

    fn resolve_paths(&mut self, folder: &Path) {
        self.data_dir = folder.join(&self.data_dir);
        if let Unlock::KeyFile(path) | Unlock::PassphraseFile(path) = &mut self.vault {
            *path = folder.join(&*path);
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        let refuse = |message: String| Err(ConfigError::Value(message));
        self.home_chain()?;
        for (position, chain) in self.chains.iter().enumerate() {
            let id = chain.chain_id;
            if self
                .chains
                .iter()
                .take(position)
                .any(|other| other.chain_id == id)
            {
                return refuse(format!("chain {id} has two [[chain]] sections"));
            }
            if chain.answer_ms == 0 {
                return refuse(format!("chain {id}: answer_ms must be at least 1"));
            }
            chain
                .chain_config()
                .check()
                .map_err(|e| ConfigError::Value(e.to_string()))?;
        }
        for origin in &self.cors_origins {
            if !is_origin(origin) {
                return refuse(format!(
                    "cors_origins: `{origin}` is not an origin such as https://app.example"
                ));
            }
        }
        let epochs = &self.epochs;
        for (name, days) in [
            ("refresh_every_days", epochs.refresh_every_days),
            ("refresh_gap_hours", epochs.refresh_gap_hours / 24.0),
        ] {
            if !(0.0..=Epochs::MOST_DAYS).contains(&days) {
                return refuse(format!("epochs.{name} must be 0 or more, and no century"));
            }
        }
        if let Some(recovery) = &self.recovery
            && let Err(error) = recovery.check()
        {
            return refuse(format!("recovery: {error}"));
        }
        let limits = &self.limits;
        let positive = [
            ("body_bytes", limits.body_bytes as u64),
            ("request_ms", limits.request_ms),
            (
                "concurrent_evaluations",
                limits.concurrent_evaluations as u64,
            ),
            ("ip_items_per_minute", limits.ip_items_per_minute.into()),
            (
                "account_items_per_minute",
                limits.account_items_per_minute.into(),
            ),
        ];
        for (name, value) in positive {
            if value == 0 {
                return refuse(format!("limits.{name} must be at least 1"));
            }
        }
        Ok(())
    }
}

impl ChainSection {
    /// The same, as the chain's reader takes it.
    #[must_use]
    pub fn chain_config(&self) -> ChainConfig {
        let mut config = ChainConfig::new(self.chain_id, self.rpc.clone());
        config.min_agree = self.min_agree.unwrap_or(config.min_agree);
        config.finality = self.finality;
        config
    }

    /// How often the heads are read.
    #[must_use]
    pub fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms.max(50))
    }
}

// Endpoint URLs often carry an API key: the reader's `Debug` shows hosts alone.
impl std::fmt::Debug for ChainSection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChainSection")
            .field("chain", &self.chain_config())
            .field("poll_ms", &self.poll_ms)
            .finish()
    }
}

impl Default for Unlock {
    fn default() -> Self {
        Self::PassphraseEnv(PASSPHRASE_ENV.to_owned())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 128 * 1024,
            request_ms: 20_000,
            concurrent_evaluations: 128,
            ip_items_per_minute: 6_000,
            account_items_per_minute: 3_000,
            anonymous_items_per_minute: 600,
            trusted_proxies: Vec::new(),
            shutdown_ms: 10_000,
        }
    }
}

impl Default for Epochs {
    fn default() -> Self {
        Self {
            overlap_blocks: 240,
            refresh_every_days: 30.0,
            refresh_gap_hours: 24.0,
        }
    }
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

fn is_origin(text: &str) -> bool {
    text == "*"
        || Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
        })
}

fn default_data_dir() -> PathBuf {
    PathBuf::from("data")
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8440))
}

fn default_poll_ms() -> u64 {
    1_000
}

fn default_answer_ms() -> u64 {
    10_000
}

#[cfg(test)]
mod tests;
