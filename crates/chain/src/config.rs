//! Which chain, which endpoints, and how many of them must agree.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use stheno_protocol::ChainId;
use url::Url;

use crate::error::ConfigError;

/// One chain and the endpoints through which it is read.
///
/// Serde form (node TOML, network files): `chain_id`, `rpc`, and optionally
/// `min_agree` (a majority of `rpc` when absent) and `finality`
/// (`"finalized"` when absent, or `{ depth = 30 }`).
///
/// `Debug` shows endpoints by scheme and host only, since paths and queries of
/// RPC URLs often carry access keys.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(from = "ConfigForm")]
pub struct ChainConfig {
    /// EIP-155 chain id; every endpoint must report it.
    pub chain_id: ChainId,
    /// JSON-RPC endpoints, http or https. All are asked, always.
    pub rpc: Vec<Url>,
    /// How many endpoints must give the same answer. More than half of `rpc`,
    /// so that two answers can never both win.
    pub min_agree: usize,
    /// What this chain calls final.
    pub finality: Finality,
}

/// What a chain calls final.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finality {
    /// The block behind the tag `finalized`.
    #[default]
    #[serde(rename = "finalized")]
    Tag,
    /// So many blocks below the head, for chains without the tag.
    Depth(u64),
}

impl ChainConfig {
    /// A chain whose answers need a majority of `rpc`, final by the tag.
    pub fn new(chain_id: ChainId, rpc: Vec<Url>) -> Self {
        Self {
            chain_id,
            min_agree: majority(rpc.len()),
            rpc,
            finality: Finality::Tag,
        }
    }

    /// Checks what can be checked without asking anybody.
    ///
    /// # Errors
    /// [`ConfigError`], naming the setting and what it must be.
    pub fn check(&self) -> Result<(), ConfigError> {
        check_agreement(self.chain_id, self.rpc.len(), self.min_agree)?;
        let mut seen = BTreeSet::new();
        for url in &self.rpc {
            if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
                return Err(ConfigError::NotHttp {
                    chain_id: self.chain_id,
                    endpoint: endpoint_label(url),
                });
            }
            if !seen.insert(url) {
                return Err(ConfigError::Twice {
                    chain_id: self.chain_id,
                    endpoint: endpoint_label(url),
                });
            }
        }
        Ok(())
    }
}

/// Checks that `min_agree` of `endpoints` is possible and is a majority.
pub(crate) fn check_agreement(
    chain_id: ChainId,
    endpoints: usize,
    min_agree: usize,
) -> Result<(), ConfigError> {
    if endpoints == 0 {
        return Err(ConfigError::NoEndpoint { chain_id });
    }
    if min_agree < majority(endpoints) || min_agree > endpoints {
        return Err(ConfigError::MinAgree {
            chain_id,
            min_agree,
            endpoints,
            majority: majority(endpoints),
        });
    }
    Ok(())
}

/// The endpoint as it may be shown: scheme, host and port, without path, query
/// or user, where access keys live.
pub fn endpoint_label(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{}://{host}:{port}", url.scheme()),
        (Some(host), None) => format!("{}://{host}", url.scheme()),
        (None, _) => format!("{}:", url.scheme()),
    }
}

const fn majority(endpoints: usize) -> usize {
    endpoints / 2 + 1
}

/// [`ChainConfig`] as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigForm {
    chain_id: ChainId,
    rpc: Vec<Url>,
    min_agree: Option<usize>,
    #[serde(default)]
    finality: Finality,
}

impl From<ConfigForm> for ChainConfig {
    fn from(form: ConfigForm) -> Self {
        Self {
            chain_id: form.chain_id,
            min_agree: form.min_agree.unwrap_or(majority(form.rpc.len())),
            rpc: form.rpc,
            finality: form.finality,
        }
    }
}

impl fmt::Debug for ChainConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<String> = self.rpc.iter().map(endpoint_label).collect();
        f.debug_struct("ChainConfig")
            .field("chain_id", &self.chain_id)
            .field("rpc", &labels)
            .field("min_agree", &self.min_agree)
            .field("finality", &self.finality)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn config_defaults_to_a_majority_when_min_agree_is_absent() {
        for (endpoints, want) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)] {
            let rpc: Vec<String> = (0..endpoints).map(|i| format!("http://h{i}")).collect();
            let text = serde_json::json!({ "chain_id": 314, "rpc": rpc }).to_string();
            let config: ChainConfig = serde_json::from_str(&text).unwrap();
            assert_eq!(config.min_agree, want);
            assert_eq!(config.finality, Finality::Tag);
            config.check().unwrap();
        }
    }

    #[test]
    fn config_reads_depth_and_writes_it_back() {
        let text = r#"{"chain_id":1,"rpc":["http://a/"],"min_agree":1,"finality":{"depth":30}}"#;
        let config: ChainConfig = serde_json::from_str(text).unwrap();
        assert_eq!(config.finality, Finality::Depth(30));
        assert_eq!(serde_json::to_string(&config).unwrap(), text);
        assert!(serde_json::to_string(&Finality::Tag).unwrap() == r#""finalized""#);
    }

    #[test]
    fn config_is_refused_when_agreement_is_no_majority() {
        let mut config = ChainConfig::new(314, vec![url("http://a"), url("http://b")]);
        config.min_agree = 1;
        let error = config.check().unwrap_err().to_string();
        assert!(error.contains("min_agree is 1 of 2"), "{error}");
        config.min_agree = 3;
        config.check().unwrap_err();
        config.rpc.clear();
        assert_eq!(
            config.check().unwrap_err(),
            ConfigError::NoEndpoint { chain_id: 314 }
        );
    }

    #[test]
    fn config_is_refused_when_an_endpoint_stands_twice_or_is_not_http() {
        let twice = ChainConfig::new(314, vec![url("http://a/x"), url("http://a/x")]);
        assert!(matches!(twice.check(), Err(ConfigError::Twice { .. })));
        let ftp = ChainConfig::new(314, vec![url("ftp://a")]);
        assert!(matches!(ftp.check(), Err(ConfigError::NotHttp { .. })));
    }

    #[test]
    fn config_debug_hides_keys_in_urls() {
        let config = ChainConfig::new(
            314,
            vec![url("https://u:pw@rpc.example:8443/v1/k3y?t=s3cr")],
        );
        let shown = format!("{config:?}");
        assert!(shown.contains("https://rpc.example:8443"), "{shown}");
        for secret in ["pw", "k3y", "s3cr"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
