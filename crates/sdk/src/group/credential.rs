//! What an issuer gives a member: attributes, and the leaf that they make.

use std::fmt;

use serde::{Deserialize, Serialize};
use stheno_circuits::{Attributes, Commitment, Depth, Leaf};

use super::{GroupError, stored::object};

/// What the file calls itself.
const FORMAT: &str = "stheno-credential/1";

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
/// never.
#[derive(Clone, Eq, PartialEq)]
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
    pub fn to_json(&self) -> String {
        let attributes = self.attributes.values.iter();
        let stored = Stored {
            format: FORMAT.to_owned(),
            depth: self.depth.levels(),
            commitment: self.commitment,
            attributes: attributes.map(ToString::to_string).collect(),
            expires: self.expires(),
            leaf: self.leaf(),
        };
        // Numbers, strings and lists always serialise.
        serde_json::to_string_pretty(&stored).unwrap_or_default()
    }

    /// Reads a credential, and computes its leaf anew.
    ///
    /// # Errors
    /// [`GroupError::NotACredential`], where the leaf is another one as well.
    pub fn from_json(text: &str) -> Result<Self, GroupError> {
        let not = |why: String| GroupError::NotACredential { why };
        let stored: Stored = object(text.as_bytes()).map_err(not)?;
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
            assert_eq!(text.contains("expires"), expiry != u64::MAX, "{text}");
            assert_eq!(Credential::from_json(&text).unwrap(), credential);
            assert!(!format!("{credential:?}").contains("18446744073709551615"));
        }
    }

    #[test]
    fn credential_that_was_tampered_with_is_refused() {
        let text = credential(1_814_313_600).to_json();
        for (from, to, why) in [
            ("\"18\"", "\"19\"", "do not make its leaf"),
            ("1814313600", "1814313601", "do not make its leaf"),
            ("\"18\"", "\"018\"", "four whole numbers"),
            ("\"18\"", "\"-1\"", "four whole numbers"),
            ("\"18\"", "\"18446744073709551616\"", "four whole numbers"),
            ("\"18\",", "", "four whole numbers"),
            ("\"18\"", "18", "expected a string"),
            ("credential/1", "credential/2", "format"),
            ("\"depth\"", "\"deep\"", "unknown field"),
            ("0x", "0y", "hexadecimal"),
        ] {
            let bad = text.replacen(from, to, 1);
            assert_ne!(bad, text, "{from}");
            let error = Credential::from_json(&bad).unwrap_err();
            assert_eq!(error.code(), "bad_credential");
            assert!(error.to_string().contains(why), "{to}: {error}");
        }
        let deep = text.replacen("20", "33", 1);
        assert_eq!(
            Credential::from_json(&deep).unwrap_err().code(),
            "group_depth"
        );
    }
}
