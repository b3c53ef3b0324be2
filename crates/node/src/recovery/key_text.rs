//! A trustee's key as people write it: `trustee-`, 64 hex digits, and 8 more against mistyping.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use stheno_crypto::{
    DecodeError,
    dkg::{CeremonyKey, CeremonySecret},
};

const PREFIX: &str = "trustee-";
const CHECK: usize = 4;

/// A trustee's X25519 public key; also the one-time key of an operator who asks.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct TrusteeKey(CeremonyKey);

/// Why a text is no trustee's key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyTextError {
    /// It has another form.
    #[error("a trustee's key is `trustee-` and 72 hexadecimal digits")]
    Form,
    /// The last digits do not fit the others.
    #[error("the trustee's key was mistyped; copy it again")]
    Mistyped,
    /// The key is one that would make everything sealed to it public.
    #[error("the trustee's key is refused: {0}")]
    Key(DecodeError),
}

impl TrusteeKey {
    /// The public half of a secret.
    #[must_use]
    pub fn of(secret: &CeremonySecret) -> Self {
        Self(secret.public())
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> CeremonyKey {
        self.0
    }
}

fn check(key: &[u8]) -> [u8; CHECK] {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(PREFIX)
        .chain_update(key)
        .finalize()
        .into();
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}

impl fmt::Display for TrusteeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.0.to_bytes();
        write!(
            f,
            "{PREFIX}{}{}",
            hex::encode(key),
            hex::encode(check(&key))
        )
    }
}

impl fmt::Debug for TrusteeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TrusteeKey {
    type Err = KeyTextError;

    fn from_str(text: &str) -> Result<Self, KeyTextError> {
        let digits = text.strip_prefix(PREFIX).ok_or(KeyTextError::Form)?;
        let mut bytes = [0; 32 + CHECK];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| KeyTextError::Form)?;
        let (key, found) = bytes.split_at(32);
        if check(key) != found {
            return Err(KeyTextError::Mistyped);
        }
        CeremonyKey::from_bytes(key)
            .map(Self)
            .map_err(KeyTextError::Key)
    }
}

impl Serialize for TrusteeKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TrusteeKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_survives_its_text_and_a_mistyped_one_is_refused() {
        let key = TrusteeKey::of(&CeremonySecret::from_seed(&[3; 32]));
        let text = key.to_string();
        assert_eq!(text.parse(), Ok(key));
        for at in PREFIX.len()..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(changed.parse::<TrusteeKey>(), Err(KeyTextError::Mistyped));
        }
        for form in ["", "trustee-", &text[1..], &text[..text.len() - 2]] {
            assert_eq!(
                form.parse::<TrusteeKey>(),
                Err(KeyTextError::Form),
                "{form}"
            );
        }
        let zero = format!(
            "{PREFIX}{}{}",
            "00".repeat(32),
            hex::encode(check(&[0; 32]))
        );
        assert_eq!(
            zero.parse::<TrusteeKey>(),
            Err(KeyTextError::Key(DecodeError::LowOrder))
        );
    }
}
