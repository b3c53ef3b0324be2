//! What an issuer gives a member: attributes, and the leaf that they make.

use std::fmt;

use serde::{Deserialize, Serialize};
use stheno_circuits::{Attributes, Commitment, Depth, Leaf};
use zeroize::{Zeroize, Zeroizing};

use super::GroupError;

/// What the file calls itself.
const FORMAT: &str = "stheno-credential/1";
/// Longer than the text of any credential.
const MOST_BYTES: usize = 1024;

/// A credential: what an issuer says of a member, as the member keeps it.
///
/// It is no secret, since without the member's key nobody proves anything with it. It is private all
/// the same: it has the attributes, of which proofs show only that they are within bounds. The issuer's
/// group has its leaf alone.
///
/// ```json
/// { "format": "stheno-credential/1", "depth": 20, "commitment": "0x…",
///   "attributes": ["18", "0", "0", "0"], "expires": 1814313600, "leaf": "0x…" }
/// ```
///
/// Attributes are decimal text, since they go up to 2^64 − 1; `expires` is in Unix seconds, absent for
/// never. A fault of the file is named by its line and column, and what stands there is not repeated.
#[derive(Eq, PartialEq)]
pub struct Credential {
    /// Whose it is.
    pub commitment: Commitment,
    /// What is said of them.
    pub attributes: Attributes,
    /// The depth of the issuer's group.
    pub depth: Depth,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: String,
    depth: u8,
    commitment: Commitment,
    attributes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<u64>,
    leaf: Leaf,
}

impl Credential {
    /// What stands in the issuer's group.
    #[must_use]
    pub fn leaf(&self) -> Leaf {
        Leaf::of_credential(&self.commitment, &self.attributes)
    }

    /// When it ends, in Unix seconds, that second included; `None` for never.
    #[must_use]
    pub fn expires(&self) -> Option<u64> {
        Some(self.attributes.expiry).filter(|expiry| *expiry != u64::MAX)
    }

    /// The file's text.
    #[must_use]
    pub fn to_json(&self) -> Zeroizing<String> {
        let attributes = self.attributes.values.iter();
        let stored = Stored {
            format: FORMAT.to_owned(),
            depth: self.depth.levels(),
            commitment: self.commitment,
            attributes: attributes.map(ToString::to_string).collect(),
            expires: self.expires(),
            leaf: self.leaf(),
        };
        // With all the room that it needs: bytes that grow leave a copy behind.
        let mut text = Zeroizing::new(Vec::with_capacity(MOST_BYTES));
        // Numbers, strings and lists always serialise, as text.
        let _ = serde_json::to_writer_pretty(&mut *text, &stored);
        Zeroizing::new(String::from_utf8(std::mem::take(&mut *text)).unwrap_or_default())
    }

    /// Reads a credential, and computes its leaf anew.
    ///
    /// # Errors
    /// [`GroupError::NotACredential`], where the leaf is another one as well.
    pub fn from_json(text: &str) -> Result<Self, GroupError> {
        let not = |why: String| GroupError::NotACredential { why };
        if !text.trim_ascii_start().starts_with('{') {
            return Err(not("it is not a JSON object".to_owned()));
        }
        let stored: Stored = serde_json::from_str(text).map_err(|error| {
            let what = match error.classify() {
                serde_json::error::Category::Data => "it has not the fields of a credential",
                _ => "it is not JSON",
            };
            let (line, column) = (error.line(), error.column());
            not(format!("{what}, at line {line}, column {column}"))
        })?;
        if stored.format != FORMAT {
            return Err(not(format!("its format is not {FORMAT}")));
        }
        let credential = Self {
            commitment: stored.commitment,
            attributes: Attributes {
                values: numbers(&stored.attributes)?,
                expiry: stored.expires.unwrap_or(u64::MAX),
            },
            depth: Depth::new(stored.depth)?,
        };
        match credential.leaf() == stored.leaf {
            true => Ok(credential),
            false => Err(not(
                "its attributes and commitment do not make its leaf".to_owned()
            )),
        }
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.attributes.zeroize();
        self.expires.zeroize();
    }
}

/// Four whole numbers below 2^64, each in its one spelling.
fn numbers(texts: &[String]) -> Result<[u64; 4], GroupError> {
    let number = |text: &String| {
        let number = text.parse::<u64>().ok();
        number.filter(|number| number.to_string() == *text)
    };
    let numbers: Option<Vec<u64>> = texts.iter().map(number).collect();
    let four = numbers.and_then(|numbers| numbers.try_into().ok());
    four.ok_or_else(|| GroupError::NotACredential {
        why: "its attributes are not four whole numbers below 2^64, as text".to_owned(),
    })
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("leaf", &self.leaf())
            .field("attributes", &"<redacted>")
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::MemberKey;

    fn credential(expiry: u64) -> Credential {
        Credential {
            commitment: MemberKey::random().unwrap().commitment(),
            attributes: Attributes {
                values: [18, 0, u64::MAX, 7],
                expiry,
            },
            depth: Depth::D20,
        }
    }

    #[test]
    fn credential_survives_its_file_with_and_without_an_end() {
        for expiry in [1_814_313_600, u64::MAX] {
            let credential = credential(expiry);
            let text = credential.to_json();
            let text = text.as_str();
            assert_eq!(text.contains("expires"), expiry != u64::MAX, "{text}");
            assert_eq!(Credential::from_json(text).unwrap(), credential);
            assert!(!format!("{credential:?}").contains("18446744073709551615"));
        }
    }

    #[test]
    fn credential_that_was_tampered_with_is_refused() {
        let text = credential(1_814_313_600).to_json();
        let text = text.as_str();
        for (from, to, why) in [
            ("\"18\"", "\"19\"", "do not make its leaf"),
            ("1814313600", "1814313601", "do not make its leaf"),
            ("\"18\"", "\"018\"", "four whole numbers"),
            ("\"18\"", "\"-1\"", "four whole numbers"),
            ("\"18\"", "\"18446744073709551616\"", "four whole numbers"),
            ("\"18\",", "", "four whole numbers"),
            ("\"18\"", "18", "fields of a credential, at line"),
            ("1814313600", "\"1814313600\"", "fields of a credential"),
            ("{", "[", "JSON object"),
            ("}", "", "not JSON"),
            ("credential/1", "credential/2", "format"),
            ("\"depth\"", "\"deep\"", "fields of a credential"),
            ("0x", "0y", "fields of a credential"),
        ] {
            let bad = text.replacen(from, to, 1);
            assert_ne!(bad, text, "{from}");
            let error = Credential::from_json(&bad).unwrap_err();
            assert_eq!(error.code(), "bad_credential");
            let words = error.to_string();
            assert!(words.contains(why), "{to}: {error}");
            for secret in ["18", "19", "1814313600", &u64::MAX.to_string()] {
                assert!(!words.contains(secret), "{to}: {error}");
            }
        }
        let deep = text.replacen("20", "33", 1);
        assert_eq!(
            Credential::from_json(&deep).unwrap_err().code(),
            "group_depth"
        );
    }
}
