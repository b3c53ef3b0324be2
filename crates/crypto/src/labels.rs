//! Every domain separation tag of this crate, each used in one place. SPEC.md §2.
//!
//! What is absent: a tag anywhere else.

use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A domain separation tag. It is hashed with its length, and none is a prefix of another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Label(&'static str);

macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: Label = Label(concat!("STHENO-V1-", $text));)*

        #[cfg(test)]
        const ALL: &[(&str, Label)] = &[$((stringify!($name), $name)),*];
    };
}

labels! {
    /// A committee's name.
    NETWORK_ID = "NETWORK-ID";
    /// A policy's name.
    POLICY_DIGEST = "POLICY-DIGEST";
    /// In place of a policy's name, for what a committee tries its new shares on.
    CANARY = "CANARY";
    /// From an identity to its point `Q`; ends in the suite's name, as RFC 9380 §3.1 asks.
    IDENTITY_POINT = "IDENTITY-BLS12381G1_XMD:SHA-256_SSWU_RO_";

    /// The capsule's scalar `ρ`.
    SEAL_SCALAR = "SEAL-SCALAR";
    /// What masks `σ` in `V`.
    SEAL_MASK = "SEAL-MASK";
    /// The key that wraps the content key.
    SEAL_KEK = "SEAL-KEK";

    /// A share's mask `k`.
    SHARE_MASK = "SHARE-MASK";
    /// A reader's one-time secret `b`.
    READER_SECRET = "READER-SECRET";
    /// Weights when many shares are verified at once.
    SHARE_WEIGHTS = "SHARE-WEIGHTS";

    /// The nonce of a proof of possession.
    POSSESSION_NONCE = "POSSESSION-NONCE";
    /// The challenge of a proof of possession.
    POSSESSION_CHALLENGE = "POSSESSION-CHALLENGE";

    /// A coefficient of a dealer's polynomial.
    DEALING_COEFFICIENT = "DEALING-COEFFICIENT";
    /// The nonce of a dealer's proof.
    DEALING_NONCE = "DEALING-NONCE";
    /// The challenge of a dealer's proof.
    DEALING_CHALLENGE = "DEALING-CHALLENGE";
    /// The ephemeral key under which one share is sealed.
    DEALING_EPHEMERAL = "DEALING-EPHEMERAL";
    /// HPKE's info for one sealed share.
    DEALING_SHARE = "DEALING-SHARE";
    /// Weights when many revealed shares are checked at once.
    DEALING_WEIGHTS = "DEALING-WEIGHTS";
    /// Signs when many dealings' commitments are checked for their subgroup at once.
    BATCH_SIGNS = "BATCH-SIGNS";
    /// Weights when many dealings' proofs are checked at once.
    BATCH_PROOFS = "BATCH-PROOFS";
    /// Weights when the shares of many dealers are checked at once.
    BATCH_SHARES = "BATCH-SHARES";
}

impl Label {
    /// A tag for the frozen vectors of the primitives; the scheme does not use it.
    #[cfg(test)]
    pub(crate) const FROZEN: Self = Self("STHENO-V1-FROZEN-VECTOR");

    /// The tag's bytes, where a standard adds the length itself (RFC 9380's DST).
    pub(crate) const fn as_bytes(self) -> &'static [u8] {
        self.0.as_bytes()
    }

    /// The tag's length as one byte; a test holds every tag under 256 bytes.
    #[allow(clippy::cast_possible_truncation, reason = "see above")]
    pub(crate) const fn length(self) -> [u8; 1] {
        [self.0.len() as u8]
    }

    /// `SHA-256(length ‖ tag ‖ parts)`. Parts are of fixed width, or the last alone is not.
    pub(crate) fn sha256(self, parts: &[&[u8]]) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(self.length());
        hash.update(self.as_bytes());
        parts.iter().for_each(|part| hash.update(part));
        hash.finalize().into()
    }

    /// `HKDF-SHA256(ikm, salt empty, info = length ‖ tag ‖ info, 32)`, RFC 5869.
    pub(crate) fn hkdf(self, ikm: &[u8], info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let length = self.length();
        let mut parts = vec![length.as_slice(), self.as_bytes()];
        parts.extend_from_slice(info);
        let mut key = Zeroizing::new([0; 32]);
        #[allow(
            clippy::expect_used,
            reason = "HKDF fails above 255 blocks; this is one"
        )]
        Hkdf::<Sha256>::new(None, ikm)
            .expand_multi_info(&parts, key.as_mut())
            .expect("32 bytes are one block");
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_unique_and_prefix_free() {
        for (name, label) in ALL {
            assert!(label.0.starts_with("STHENO-V1-"), "{name}");
            assert!(label.0.len() < 256, "{name}");
            for (other_name, other) in ALL {
                assert!(
                    name == other_name || !other.0.starts_with(label.0),
                    "{name} is a prefix of {other_name}"
                );
            }
        }
    }

    #[test]
    fn tags_are_used_in_one_place_and_stand_nowhere_else() {
        fn sources(folder: &std::path::Path, text: &mut String) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    sources(&path, text);
                } else if path.file_name().unwrap() != "labels.rs" {
                    text.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
        let mut text = String::new();
        let src = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        sources(&src, &mut text);
        for (name, label) in ALL {
            let uses = text.matches(&format!("labels::{name}")).count();
            assert_eq!(uses, 1, "{name}");
            assert!(!text.contains(label.0), "{name}");
        }
    }
}
