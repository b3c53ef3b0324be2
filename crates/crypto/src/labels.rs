//! Every domain separation tag of this crate, each used once. See SPEC.md §2.
//!
//! What is absent: a tag anywhere else.

use sha2::{Digest, Sha256};

/// A domain separation tag. It is hashed with its length, and none is a prefix of another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Label(&'static str);

impl Label {
    /// The tag's bytes, where a standard adds the length itself (RFC 9380's DST).
    pub(crate) const fn as_bytes(self) -> &'static [u8] {
        self.0.as_bytes()
    }

    /// The tag's length as one byte.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the test below holds every tag under 256 bytes"
    )]
    pub(crate) const fn length(self) -> [u8; 1] {
        [self.0.len() as u8]
    }

    /// `SHA-256(length ‖ tag ‖ parts)`: the parts are of fixed width, or there is only one.
    pub(crate) fn sha256(self, parts: &[&[u8]]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.length());
        hash.update(self.as_bytes());
        for part in parts {
            hash.update(part);
        }
        hash.finalize().into()
    }
}

pub(crate) const NETWORK_ID: Label = Label("STHENO-V1-NETWORK-ID");
pub(crate) const POLICY_DIGEST: Label = Label("STHENO-V1-POLICY-DIGEST");
