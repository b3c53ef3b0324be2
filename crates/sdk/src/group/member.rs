//! The secret that makes somebody a member, and its text.

use std::fmt;

use stheno_circuits::{Commitment, Secret, SecretError};
use zeroize::Zeroizing;

use super::GroupError;
use crate::{Error, entropy::fresh};

/// How the text of a member's key begins.
const TEXT: &str = "STHENO-MEMBER-KEY-1:";

/// A member's secret. Whoever has it is the member; it is wiped when dropped.
///
/// A keeper or issuer is given its [`commitment`](Self::commitment). One key may be in several groups:
/// nobody who sees proofs can tell, but keepers who compare their commitments can.
pub struct MemberKey {
    secret: Secret,
}

impl MemberKey {
    /// Makes a fresh key, of the operating system's randomness.
    ///
    /// # Errors
    /// [`Error::Entropy`].
    pub fn random() -> Result<Self, Error> {
        let seed: Zeroizing<[u8; 32]> = fresh()?;
        Ok(Self {
            secret: Secret::from_seed(&seed),
        })
    }

    /// What a keeper or an issuer is given.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        self.secret.commitment()
    }

    /// The secret, to compute nullifiers with.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The secret, to prove with.
    #[must_use]
    pub fn into_secret(self) -> Secret {
        self.secret
    }

    /// The key as text, for a file that its owner alone can read.
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        let mut digits = Zeroizing::new([0; 64]);
        let mut text = Zeroizing::new(String::with_capacity(TEXT.len() + digits.len()));
        text.push_str(TEXT);
        let bytes = self.secret.expose_bytes();
        // 32 bytes have 64 digits, and digits are text.
        if hex::encode_to_slice(bytes.as_slice(), digits.as_mut_slice()).is_ok() {
            text.push_str(std::str::from_utf8(digits.as_slice()).unwrap_or_default());
        }
        text
    }

    /// Reads [`MemberKey::expose_text`].
    ///
    /// # Errors
    /// [`GroupError::NotAKey`]; the text is not repeated.
    pub fn from_text(text: &str) -> Result<Self, GroupError> {
        let not = |why| GroupError::NotAKey { why };
        let digits = text.trim().strip_prefix(TEXT);
        let digits = digits.ok_or_else(|| not("it does not begin with STHENO-MEMBER-KEY-1"))?;
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(digits, bytes.as_mut_slice())
            .map_err(|_| not("it is not 64 hex digits"))?;
        let secret = Secret::from_bytes(&bytes).map_err(|error| match error {
            SecretError::Zero => not("it is zero"),
            _ => not("it is too large"),
        })?;
        Ok(Self { secret })
    }
}

impl fmt::Debug for MemberKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemberKey(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_survives_its_text_and_is_never_printed() {
        let key = MemberKey::random().unwrap();
        let text = key.expose_text();
        assert!(text.starts_with(TEXT));
        let again = MemberKey::from_text(&format!(" {}\n", *text)).unwrap();
        assert_eq!(again.commitment(), key.commitment());
        assert_eq!(format!("{key:?}"), "MemberKey(<redacted>)");
        let other = MemberKey::random().unwrap();
        assert_ne!(other.commitment(), key.commitment());
        assert_eq!(again.into_secret().commitment(), key.commitment());
    }

    #[test]
    fn text_that_is_no_key_is_refused_and_not_repeated() {
        let digits = "1b".repeat(32);
        for (text, why) in [
            (String::new(), "does not begin"),
            (digits.clone(), "does not begin"),
            (
                format!("STHENO-ASKING-KEY-1:p256:{digits}"),
                "does not begin",
            ),
            (format!("{TEXT}{}", &digits[1..]), "64 hex digits"),
            (format!("{TEXT}0x{digits}"), "64 hex digits"),
            (format!("{TEXT}{}", "0".repeat(64)), "zero"),
            (format!("{TEXT}{}", "f".repeat(64)), "too large"),
        ] {
            let error = MemberKey::from_text(&text).unwrap_err();
            assert_eq!(error.code(), "bad_member_key");
            let words = error.to_string();
            assert!(words.contains(why), "{text}: {words}");
            assert!(!words.contains(&digits[1..]), "{words}");
        }
    }
}
