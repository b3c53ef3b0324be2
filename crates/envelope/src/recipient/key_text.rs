//! X25519 keys as text: Bech32m, whose checksum notices a mistyped letter. SPEC.md §5.2.

use std::fmt;
use std::str::FromStr;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32m, Hrp};
use data_encoding::HEXLOWER_PERMISSIVE;
use zeroize::Zeroizing;

use super::x25519::{X25519Public, X25519Secret};

/// What a public key's text begins with, before the `1`.
const PUBLIC: Hrp = Hrp::parse_unchecked("stheno");
/// What a secret key's text begins with, before the `1`; it is written in capitals.
const SECRET: Hrp = Hrp::parse_unchecked("stheno-secret-key-");
/// Longer than the text of any key.
const SECRET_CHARS: usize = 96;

/// Why a text is no key. The text itself is not repeated: it may be a secret.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParseKeyError {
    /// A public key was expected, and a secret one was given.
    #[error("this is a secret key; the public key, which begins with stheno1, is wanted")]
    Secret,
    /// A secret key was expected, and a public one was given.
    #[error("this is a public key; the secret key, STHENO-SECRET-KEY-1…, is wanted")]
    Public,
    /// The checksum does not match.
    #[error("the key's checksum is wrong: a letter was mistyped or is missing")]
    Checksum,
    /// It does not look like a key at all.
    #[error("this is no key: expected stheno1… or 64 hex digits")]
    Form,
}

impl fmt::Display for X25519Public {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        bech32::encode_lower_to_fmt::<Bech32m, _>(f, PUBLIC, self.as_bytes())
            .map_err(|_| fmt::Error)
    }
}

impl FromStr for X25519Public {
    type Err = ParseKeyError;

    /// Reads `stheno1…`, or the 64 hex digits of RFC 7748 that other tools print.
    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        if let Some(bytes) = from_hex(text) {
            return Ok(Self::from_bytes(*bytes));
        }
        match decode(text)? {
            (true, bytes) => Ok(Self::from_bytes(*bytes)),
            (false, _) => Err(ParseKeyError::Secret),
        }
    }
}

impl X25519Secret {
    /// The key as text, for a file that its owner keeps: `STHENO-SECRET-KEY-1…`.
    pub fn expose_text(&self) -> Zeroizing<String> {
        // With all the room that it needs: a string that grows leaves a copy behind.
        let mut text = Zeroizing::new(String::with_capacity(SECRET_CHARS));
        let bytes = self.expose_secret();
        #[allow(
            clippy::expect_used,
            reason = "32 bytes fit a Bech32m code, and strings take everything"
        )]
        bech32::encode_upper_to_fmt::<Bech32m, _>(&mut *text, SECRET, bytes)
            .expect("32 bytes have a text");
        text
    }

    /// Reads the text of a secret key.
    ///
    /// # Errors
    /// [`ParseKeyError`].
    pub fn from_text(text: &str) -> Result<Self, ParseKeyError> {
        match decode(text)? {
            (false, bytes) => Ok(Self::from_bytes(*bytes)),
            (true, _) => Err(ParseKeyError::Public),
        }
    }
}

/// The 32 bytes of a key's text, and whether it is a public one.
fn decode(text: &str) -> Result<(bool, Zeroizing<[u8; 32]>), ParseKeyError> {
    let start = text.get(..SECRET.len() + 1).unwrap_or(text);
    let is_secret = start.eq_ignore_ascii_case("stheno-secret-key-1");
    let is_public = text
        .get(..PUBLIC.len() + 1)
        .is_some_and(|start| start.eq_ignore_ascii_case("stheno1"));
    if !is_secret && !is_public {
        return Err(ParseKeyError::Form);
    }
    let checked = CheckedHrpstring::new::<Bech32m>(text).map_err(|_| ParseKeyError::Checksum)?;
    let mut bytes = Zeroizing::new([0; 32]);
    let mut given = checked.byte_iter();
    for (to, from) in bytes.iter_mut().zip(given.by_ref()) {
        *to = from;
    }
    // 32 bytes are 51 letters and one bit; another number of letters is another key.
    let whole = given.next().is_none() && checked.data_part_ascii_no_checksum().len() == 52;
    if whole {
        Ok((is_public, bytes))
    } else {
        Err(ParseKeyError::Checksum)
    }
}

/// 64 hex digits.
pub(super) fn from_hex(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    // The decoder insists on room that fits.
    if text.len() != 64 {
        return None;
    }
    let mut bytes = Zeroizing::new([0; 32]);
    HEXLOWER_PERMISSIVE
        .decode_mut(text.as_bytes(), &mut bytes[..])
        .ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_text_reads_back_as_the_same_key() {
        for byte in [0, 1, 0x77, 0xff] {
            let secret = X25519Secret::from_bytes([byte; 32]);
            let text = secret.expose_text();
            assert!(text.starts_with("STHENO-SECRET-KEY-1"), "{}", text.len());
            assert!(text.len() <= SECRET_CHARS);
            let again = X25519Secret::from_text(&text).unwrap();
            assert_eq!(again.expose_secret(), secret.expose_secret());

            let public = secret.public();
            let text = public.to_string();
            assert!(text.starts_with("stheno1"));
            assert_eq!(text.parse(), Ok(public));
            assert_eq!(text.to_ascii_uppercase().parse(), Ok(public));
            assert_eq!(hex::encode(public.as_bytes()).parse(), Ok(public));
        }
    }

    #[test]
    fn key_text_is_refused_for_every_letter_mistyped_or_missing() {
        let text = X25519Secret::from_bytes([7; 32]).public().to_string();
        for at in "stheno1".len()..text.len() {
            let other = if text.as_bytes()[at] == b'q' {
                "p"
            } else {
                "q"
            };
            let mistyped = [&text[..at], other, &text[at + 1..]].concat();
            assert_eq!(
                mistyped.parse::<X25519Public>(),
                Err(ParseKeyError::Checksum)
            );
            let missing = [&text[..at], &text[at + 1..]].concat();
            assert_eq!(
                missing.parse::<X25519Public>(),
                Err(ParseKeyError::Checksum)
            );
        }
    }

    #[test]
    fn key_text_of_the_other_half_is_named() {
        let secret = X25519Secret::from_bytes([7; 32]);
        let text = secret.expose_text();
        assert_eq!(text.parse::<X25519Public>(), Err(ParseKeyError::Secret));
        let public = secret.public().to_string();
        assert_eq!(
            X25519Secret::from_text(&public).err(),
            Some(ParseKeyError::Public)
        );
    }

    #[test]
    fn key_text_of_another_kind_is_refused() {
        let age = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
        let short = bech32::encode::<Bech32m>(PUBLIC, &[1; 31]).unwrap();
        let long = bech32::encode::<Bech32m>(PUBLIC, &[1; 33]).unwrap();
        let older = bech32::encode::<bech32::Bech32>(PUBLIC, &[1; 32]).unwrap();
        for (text, expected) in [
            ("", ParseKeyError::Form),
            ("stheno", ParseKeyError::Form),
            ("stheno1", ParseKeyError::Checksum),
            (age, ParseKeyError::Form),
            (&"0".repeat(63), ParseKeyError::Form),
            (&"é".repeat(32), ParseKeyError::Form),
            (&short, ParseKeyError::Checksum),
            (&long, ParseKeyError::Checksum),
            (&older, ParseKeyError::Checksum),
        ] {
            assert_eq!(text.parse::<X25519Public>(), Err(expected), "{text}");
        }
    }
}
