//! What an epoch that follows another means for a node's secrets.

pub mod erasure;
