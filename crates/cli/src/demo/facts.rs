//! What the demo measured. Nothing here has a default: a fact is there because it happened.

use std::time::Duration;

use serde::Serialize;

/// The result of `stheno demo --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// Nodes in the committee.
    pub nodes: usize,
    /// Nodes that open a file.
    pub threshold: u16,
    /// Size of the file.
    pub file_bytes: u64,
    /// Size of the envelope.
    pub envelope_bytes: u64,
    /// From the first process until the nodes are registered.
    pub setup_ms: f64,
    /// From the proposal of the ceremony until all nodes serve the new key.
    pub dkg_ms: f64,
    /// Recomputing the ceremony from the chain's log, which gave the same key.
    pub audit_ms: f64,
    /// Encrypting the file, from disk to disk.
    pub encrypt_ms: f64,
    /// What each node said to the reader without a pass, in order of node index.
    pub denied_codes: Vec<String>,
    /// The condition that failed, in the nodes' words.
    pub denied_condition: String,
    /// Until all of them had refused.
    pub denied_ms: f64,
    /// From the purchase until the key was there, waiting for finality included.
    pub grant_ms: f64,
    /// The same for a reader whose right is final.
    pub grant_again_ms: f64,
    /// Decrypting the body once the key was there, from disk to disk.
    pub decrypt_ms: f64,
    /// Bytes of the part that was read out of the middle.
    pub range_bytes: u64,
    /// Bytes of the envelope's body that were read for it.
    pub range_read_bytes: u64,
    /// Reading it once the key was there.
    pub range_ms: f64,
    /// From the proposal of other members until all of those serve the key.
    pub reshare_ms: f64,
    /// The epoch that they serve.
    pub reshared_epoch: u64,
    /// Whether the plaintext's hash was the original's, each time.
    pub sha256_equal: bool,
    /// Whether the file opened with two of five nodes killed.
    pub granted_with_two_down: bool,
    /// Whether it was refused with three of five nodes killed, for that reason.
    pub refused_with_three_down: bool,
    /// What was said then.
    pub refusal: String,
    /// Whether it opened again after one node was restarted.
    pub recovered: bool,
    /// From the restart of the node until it served again.
    pub recovery_ms: f64,
    /// From start to end.
    pub total_ms: f64,
}

/// A duration as facts carry it: milliseconds, to the microsecond.
pub fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
