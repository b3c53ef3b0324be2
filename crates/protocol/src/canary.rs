//! `POST /v1/canary`: how members try the shares of a new epoch, before they erase the old ones.
//!
//! Anybody may ask. A share for a canary is useless for anything else: its identity is the one that
//! the epoch's ceremony reserves (`stheno_crypto::Identity::canary`), and no file has it. The
//! question names no identity; the node computes it from the context of the epoch that it serves.

use alloy_primitives::{Bytes, FixedBytes};
use serde::{Deserialize, Serialize};
use stheno_crypto::NetworkId;

use crate::wire;

/// The question: a share for the canary of this epoch, please.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CanaryRequest {
    /// The committee.
    #[serde(with = "wire::fixed")]
    pub network: NetworkId,
    /// The epoch whose shares are tried.
    pub epoch: u64,
    /// A one-time key of the asker's, to which the share is encrypted: 48 bytes.
    #[serde(with = "wire::fixed")]
    pub reader_key: FixedBytes<48>,
}

/// The answer. Whether the share is good, its own equations say.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CanaryAnswer {
    /// The node's index in the epoch.
    pub node: u16,
    /// The epoch.
    pub epoch: u64,
    /// The share, 288 bytes.
    #[serde(with = "wire::bytes")]
    pub share: Bytes,
}
