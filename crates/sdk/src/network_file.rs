//! The network file: which committee a writer seals to, and the fingerprint that pins its key.
//!
//! A reader needs none: an envelope leads to its committee. A writer does, because whoever answers
//! a writer's question "what is the committee's key?" could answer with a key of their own.
//! So a network file is obtained from a trusted place, and a key with another fingerprint is refused.

mod market;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use stheno_crypto::{KeyFingerprint, NetworkId, NetworkKey};
use stheno_envelope::Locator;
use stheno_protocol::{Address, B256, Bytes, ChainId, Domain};
use url::Url;

pub use market::{Market, Token};

/// The only version of the file that exists.
pub const NETWORK_FILE_VERSION: u32 = 1;

/// A committee, as a writer trusts it.
///
/// JSON with camelCase names; see [`NetworkFile::to_json`] for the layout.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkFile {
    /// [`NETWORK_FILE_VERSION`].
    pub version: u32,
    /// What people call this network.
    pub name: String,
    /// The chain on which the committee lives.
    pub chain_id: ChainId,
    /// Its Committee contract.
    pub contract: Address,
    /// Its number in that contract.
    pub committee_id: u64,
    /// SHA-256 of the compressed network key: what a writer pins.
    pub network_key_fingerprint: B256,
    /// The compressed network key itself, 96 bytes. With it a writer needs no RPC endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_key: Option<Bytes>,
    /// JSON-RPC endpoints by chain id. Suggestions: they are not trusted with the key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rpc: BTreeMap<ChainId, Vec<Url>>,
    /// The contracts for access and trade, on the committee's chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market: Option<Market>,
    /// The tokens that prices are told in, by a name in lower case, such as `usdfc`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tokens: BTreeMap<String, Token>,
    /// How many nodes must answer. For people; the chain decides.
    pub threshold: u16,
    /// The nodes when the file was written. For people; the chain decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NetworkNode>,
}

/// A node, as listed for people.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkNode {
    /// Its index in the committee, from 1.
    pub index: u16,
    /// Where it answers.
    pub endpoint: Url,
    /// Who runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Address>,
    /// The address that signs its receipts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Address>,
}

impl NetworkFile {
    /// Reads a network file.
    ///
    /// # Errors
    /// [`NetworkFileError::Unreadable`] or whatever [`NetworkFile::from_json`] finds, with the path.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, NetworkFileError> {
        let path = path.as_ref();
        let text =
            std::fs::read_to_string(path).map_err(|source| NetworkFileError::Unreadable {
                path: path.to_owned(),
                source,
            })?;
        Self::from_json(&text).map_err(|source| NetworkFileError::In {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    /// Parses a network file's text and checks that it agrees with itself.
    ///
    /// # Errors
    /// [`NetworkFileError::Syntax`], [`NetworkFileError::Version`] or [`NetworkFileError::Key`].
    pub fn from_json(text: &str) -> Result<Self, NetworkFileError> {
        let file: Self = serde_json::from_str(text).map_err(|error| NetworkFileError::Syntax {
            line: error.line(),
            column: error.column(),
            message: without_position(&error),
        })?;
        if file.version != NETWORK_FILE_VERSION {
            return Err(NetworkFileError::Version {
                found: file.version,
            });
        }
        file.key()?;
        Ok(file)
    }

    /// The file's text, for people to read.
    pub fn to_json(&self) -> String {
        // A struct of strings, numbers and maps with integer keys always serialises.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// What members and readers of this network sign under.
    pub fn domain(&self) -> Domain {
        Domain::of_committee(self.chain_id, self.contract, self.committee_id)
    }

    /// Where the committee lives: what an envelope will say.
    pub fn locator(&self) -> Locator {
        Locator {
            chain_id: self.chain_id,
            contract: self.contract.into_array(),
            committee_id: self.committee_id,
        }
    }

    /// The network's id, derived from the locator.
    pub fn network_id(&self) -> NetworkId {
        NetworkId::derive(
            self.chain_id,
            &self.contract.into_array(),
            self.committee_id,
        )
    }

    /// The fingerprint that the network's key must have.
    pub fn fingerprint(&self) -> KeyFingerprint {
        KeyFingerprint::from_bytes(self.network_key_fingerprint.0)
    }

    /// The key, when the file carries it: valid, and of the pinned fingerprint.
    ///
    /// # Errors
    /// [`NetworkFileError::Key`].
    pub fn key(&self) -> Result<Option<NetworkKey>, NetworkFileError> {
        let Some(bytes) = &self.network_key else {
            return Ok(None);
        };
        let key = NetworkKey::from_bytes(bytes).map_err(|error| NetworkFileError::Key {
            problem: error.to_string(),
        })?;
        if key.fingerprint() != self.fingerprint() {
            return Err(NetworkFileError::Key {
                problem: "its fingerprint is not networkKeyFingerprint".to_owned(),
            });
        }
        Ok(Some(key))
    }

    /// The JSON-RPC endpoints for one chain, none when the file lists none.
    pub fn rpc_of(&self, chain: ChainId) -> &[Url] {
        self.rpc.get(&chain).map_or(&[], Vec::as_slice)
    }
}

/// What is wrong with a network file.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum NetworkFileError {
    /// The file cannot be read.
    #[error("network file {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// One of the problems below, with the file that has it.
    #[error("network file {}: {source}", path.display())]
    In {
        /// The file.
        path: PathBuf,
        /// The problem.
        source: Box<NetworkFileError>,
    },
    /// The text is not a network file.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What was expected.
        message: String,
    },
    /// A version that this release does not know.
    #[error("version {found} is not known here, only {NETWORK_FILE_VERSION}")]
    Version {
        /// The version in the file.
        found: u32,
    },
    /// The network key in the file contradicts it, or is no key.
    #[error("networkKey: {problem}")]
    Key {
        /// Why.
        problem: String,
    },
}

/// serde_json ends its messages with the position, which we say in front.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((message, _)) => message.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  "version": 1,
  "name": "devnet",
  "chainId": 31415926,
  "contract": "0x5fbdb2315678afecb367f032d93f642f64180aa3",
  "committeeId": 1,
  "networkKeyFingerprint": "0x1111111111111111111111111111111111111111111111111111111111111111",
  "rpc": { "31415926": ["http://127.0.0.1:8545/"] },
  "market": {
    "registry": "0x0000000000000000000000000000000000000001",
    "payPerAccess": "0x0000000000000000000000000000000000000002",
    "catalogue": "0x0000000000000000000000000000000000000003"
  },
  "tokens": {
    "usdfc": { "address": "0x0000000000000000000000000000000000000004", "decimals": 18 }
  },
  "threshold": 3,
  "nodes": [{ "index": 1, "endpoint": "http://127.0.0.1:7001/" }]
}
"#;

    #[test]
    fn network_file_survives_a_round_trip() {
        let file = NetworkFile::from_json(TEXT).unwrap();
        assert_eq!(file.rpc_of(31_415_926).len(), 1);
        assert_eq!(file.rpc_of(1).len(), 0);
        let market = file.market.unwrap();
        assert_eq!(market.name_of(market.pay_per_access), Some("PayPerAccess"));
        assert_eq!(market.name_of(market.registry), None);
        assert_eq!(file.tokens["usdfc"].decimals, 18);
        assert_eq!(NetworkFile::from_json(&file.to_json()).unwrap(), file);
    }

    #[test]
    fn network_file_names_line_and_column_on_a_syntax_error() {
        let broken = TEXT.replace("\"devnet\",", "\"devnet\"");
        let error = NetworkFile::from_json(&broken).unwrap_err();
        assert!(
            matches!(error, NetworkFileError::Syntax { line: 4, .. }),
            "{error}"
        );
        assert!(!error.to_string().contains("at line"), "{error}");
    }

    #[test]
    fn network_file_is_refused_with_another_version() {
        let error = NetworkFile::from_json(&TEXT.replace("\"version\": 1", "\"version\": 2"));
        assert!(matches!(error, Err(NetworkFileError::Version { found: 2 })));
    }

    #[test]
    fn network_file_is_refused_when_its_key_is_not_a_point() {
        let bad = TEXT.replace("\"rpc\"", "\"networkKey\": \"0x1234\", \"rpc\"");
        assert!(matches!(
            NetworkFile::from_json(&bad),
            Err(NetworkFileError::Key { .. })
        ));
    }
}
