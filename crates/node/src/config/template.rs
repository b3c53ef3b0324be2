//! The configuration that `init` writes: every field, with its meaning beside it.

use std::{net::SocketAddr, path::PathBuf};

use alloy::primitives::Address;
use stheno_chain::Finality;
use url::Url;

use super::{Epochs, Private, Unlock};

/// What `init` was told; [`render`](Self::render) makes a configuration file of it.
#[derive(Clone, Debug)]
pub struct Template {
    /// See [`Config::data_dir`](super::Config::data_dir).
    pub data_dir: PathBuf,
    /// See [`Config::listen`](super::Config::listen).
    pub listen: SocketAddr,
    /// See [`Config::endpoint`](super::Config::endpoint).
    pub endpoint: Option<Url>,
    /// See [`Config::cors_origins`](super::Config::cors_origins).
    pub cors_origins: Vec<String>,
    /// See [`Network::chain_id`](super::Network::chain_id).
    pub chain_id: u64,
    /// See [`Network::contract`](super::Network::contract).
    pub contract: Address,
    /// See [`Network::committee_id`](super::Network::committee_id).
    pub committee_id: u64,
    /// See [`ChainSection::rpc`](super::ChainSection::rpc).
    pub rpc: Vec<Url>,
    /// See [`ChainSection::min_agree`](super::ChainSection::min_agree).
    pub min_agree: Option<usize>,
    /// See [`ChainSection::finality`](super::ChainSection::finality).
    pub finality: Finality,
    /// See [`ChainSection::poll_ms`](super::ChainSection::poll_ms).
    pub poll_ms: u64,
    /// See [`Config::vault`](super::Config::vault).
    pub vault: Unlock,
    /// See [`Config::epochs`](super::Config::epochs).
    pub epochs: Epochs,
    /// See [`Config::private`](super::Config::private).
    pub private: Private,
}

impl Template {
    /// The file's text.
    #[must_use]
    pub fn render(&self) -> String {
        let quote = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let list = |items: Vec<String>| {
            let items: Vec<_> = items.iter().map(|item| quote(item)).collect();
            format!("[{}]", items.join(", "))
        };
        let endpoint = match &self.endpoint {
            Some(url) => format!("endpoint = {}", quote(url.as_str())),
            None => "# endpoint = \"https://node.example/\"".to_owned(),
        };
        let min_agree = match self.min_agree {
            Some(k) => format!("min_agree = {k}"),
            None => "# min_agree = 2      # default: a majority".to_owned(),
        };
        let finality = match self.finality {
            Finality::Tag => quote("finalized"),
            Finality::Depth(depth) => format!("{{ depth = {depth} }}"),
        };
        let (kind, source) = match &self.vault {
            Unlock::PassphraseEnv(name) => ("passphrase_env", name.clone()),
            Unlock::PassphraseFile(path) => ("passphrase_file", path.display().to_string()),
            Unlock::KeyFile(path) => ("key_file", path.display().to_string()),
            Unlock::Credential(name) => ("credential", name.clone()),
        };
        format!(
            "\
# A Stheno node. Every field and its default: crates/node/README.md.
# STHENO_NODE_LISTEN, STHENO_NODE_LIMITS__BODY_BYTES and so on override fields.

# Relative paths are relative to this file.
data_dir = {data_dir}
listen = {listen}
# Where readers reach this node; `register` puts it on the chain.
{endpoint}
# Web pages that may ask this node: origins, or \"*\".
cors_origins = {cors_origins}

[network]
chain_id = {chain_id}
contract = {contract}
committee_id = {committee_id}

# One section for each chain that policies may name.
[[chain]]
chain_id = {chain_id}
# Several endpoints of independent operators; `min_agree` of them must say the same.
rpc = {rpc}
{min_agree}
# \"finalized\" (the endpoint's own word) or {{ depth = 900 }}.
finality = {finality}
poll_ms = {poll_ms}
# How long an endpoint may take to answer, in milliseconds.
answer_ms = 10000

# What unlocks the vault: passphrase_env, passphrase_file, key_file or credential.
[vault]
{kind} = {source}

[limits]

# How long the epoch before answers as well, once another is active.
[epochs]
overlap_blocks = {overlap_blocks}
# How old an epoch becomes before its shares are renewed; 0 for never.
refresh_every_days = {refresh_every_days:?}
# How old it must be before this node proposes or approves that without its operator.
refresh_gap_hours = {refresh_gap_hours:?}

# Private conditions. true takes verifying keys whose trapdoor somebody knows: for devnets alone.
[private]
development = {development}

# Trustees among whom this node's share is split after each ceremony: RECOVERY.md.
# [recovery]
# trustees = [\"trustee-…\", \"trustee-…\", \"trustee-…\"]
# threshold = 2

[logs]
filter = \"info\"
format = \"text\"
",
            data_dir = quote(&self.data_dir.display().to_string()),
            listen = quote(&self.listen.to_string()),
            cors_origins = list(self.cors_origins.clone()),
            chain_id = self.chain_id,
            contract = quote(&self.contract.to_string()),
            committee_id = self.committee_id,
            rpc = list(self.rpc.iter().map(Url::to_string).collect()),
            poll_ms = self.poll_ms,
            source = quote(&source),
            overlap_blocks = self.epochs.overlap_blocks,
            refresh_every_days = self.epochs.refresh_every_days,
            refresh_gap_hours = self.epochs.refresh_gap_hours,
            development = self.private.development,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Config, *};

    #[test]
    fn template_reads_back_as_what_it_was_made_of() {
        let template = Template {
            data_dir: PathBuf::from("/tmp/a \"quoted\" folder"),
            listen: "127.0.0.1:0".parse().unwrap(),
            endpoint: Some("http://127.0.0.1:9/".parse().unwrap()),
            cors_origins: vec!["https://app.example".to_owned()],
            chain_id: 31_415_926,
            contract: Address::repeat_byte(7),
            committee_id: 3,
            rpc: vec!["http://127.0.0.1:8545/".parse().unwrap()],
            min_agree: Some(1),
            finality: Finality::Depth(5),
            poll_ms: 250,
            vault: Unlock::KeyFile(PathBuf::from("/tmp/key")),
            epochs: Epochs {
                overlap_blocks: 30,
                refresh_every_days: 0.0,
                refresh_gap_hours: 1.5,
            },
            private: Private { development: true },
        };
        let config: Config = toml::from_str(&template.render()).unwrap();
        assert_eq!(config.data_dir, template.data_dir);
        assert_eq!(config.endpoint, template.endpoint);
        assert_eq!(config.network.contract, template.contract);
        assert_eq!(config.chains[0].rpc, template.rpc);
        assert_eq!(config.chains[0].finality, template.finality);
        assert_eq!(config.vault, template.vault);
        assert_eq!(config.epochs, template.epochs);
        assert_eq!(config.private, template.private);
        assert_eq!(config.cors_origins, template.cors_origins);
    }
}
