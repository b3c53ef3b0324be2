//! What a key is encrypted to: network, network key, policy and item. See SPEC.md §3.
//!
//! What is absent: an identity read from outside. An [`Identity`] is always computed from its
//! four parts, so that a node can only use the policy that it evaluated.

use core::{fmt, str::FromStr};

use ark_bls12_381::G1Affine;

use crate::{decode::ParseHexError, engine, labels};

/// A public 32-byte value that is shown as `0x` and hexadecimal digits.
macro_rules! public_bytes {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes the 32 bytes as they are.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseHexError;

            fn from_str(text: &str) -> Result<Self, ParseHexError> {
                parse_hex(text).map(Self)
            }
        }
    };
}

public_bytes! {
    /// Names one committee of one contract on one chain.
    NetworkId
}

public_bytes! {
    /// SHA-256 of a compressed network key: what a writer pins.
    KeyFingerprint
}

public_bytes! {
    /// Names one policy by the hash of its canonical bytes.
    PolicyDigest
}

public_bytes! {
    /// Names one file, or one period of a collection: 32 random bytes.
    ItemId
}

impl NetworkId {
    /// `SHA-256(length ‖ tag ‖ chain id u64 BE ‖ contract 20 B ‖ committee id u64 BE)`, SPEC.md §3.
    #[must_use]
    pub fn derive(chain_id: u64, contract: &[u8; 20], committee_id: u64) -> Self {
        Self(labels::NETWORK_ID.sha256(&[
            &chain_id.to_be_bytes(),
            contract,
            &committee_id.to_be_bytes(),
        ]))
    }
}

impl PolicyDigest {
    /// `SHA-256(length ‖ tag ‖ canonical policy bytes)`, SPEC.md §3.
    #[must_use]
    pub fn of(canonical_policy: &[u8]) -> Self {
        Self(labels::POLICY_DIGEST.sha256(&[canonical_policy]))
    }
}

/// The 128 bytes that a capsule is sealed to:
/// `network id ‖ key fingerprint ‖ policy digest ‖ item`, SPEC.md §3.
///
/// It cannot be made from bytes, so none can be slipped in from outside:
///
/// ```compile_fail
/// let id = stheno_crypto::Identity::from_bytes([0; 128]);
/// ```
/// ```compile_fail
/// let id = stheno_crypto::Identity([0; 128]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity([u8; 128]);

impl Identity {
    /// Joins the four parts. The only other identities are [canaries](Self::canary).
    #[must_use]
    pub fn new(
        network: &NetworkId,
        key: &KeyFingerprint,
        policy: &PolicyDigest,
        item: &ItemId,
    ) -> Self {
        let mut bytes = [0; 128];
        for (part, out) in [network.0, key.0, policy.0, item.0]
            .iter()
            .zip(bytes.chunks_exact_mut(32))
        {
            out.copy_from_slice(part);
        }
        Self(bytes)
    }

    /// What a committee tries its new shares on: the identity that the ceremony with this context
    /// reserves, SPEC.md §3.
    ///
    /// No policy has its digest, which comes from a tag of its own, so it is never that of a file:
    /// shares for it open nothing but what was sealed to it on purpose.
    #[must_use]
    pub fn canary(network: &NetworkId, key: &KeyFingerprint, context: &[u8; 32]) -> Self {
        let reserved = PolicyDigest(labels::CANARY.sha256(&[context]));
        Self::new(network, key, &reserved, &ItemId(*context))
    }

    /// The 128 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 128] {
        &self.0
    }

    /// `Q`: this identity as a point, RFC 9380.
    pub(crate) fn point(&self) -> G1Affine {
        engine::active().hash_to_g1(&self.0, labels::IDENTITY_POINT.as_bytes())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

pub(crate) fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str("0x")?;
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], ParseHexError> {
    let digits = text.strip_prefix("0x").ok_or(ParseHexError::Prefix)?;
    let got = digits.chars().count();
    if got != 2 * N {
        return Err(ParseHexError::Length { want: 2 * N, got });
    }
    let mut bytes = [0; N];
    for (at, digit) in digits.chars().enumerate() {
        let value = digit.to_digit(16).ok_or(ParseHexError::Digit { at })?;
        if let (Some(byte), Ok(value)) = (bytes.get_mut(at / 2), u8::try_from(value)) {
            *byte = *byte << 4 | value;
        }
    }
    Ok(bytes)
}
