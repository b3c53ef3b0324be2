//! Terms as people write them.

use super::terms::{Terms, TermsError};

/// What stands for no terms, by which nobody reads.
const NOBODY: &str = "nobody";

impl Terms {
    /// Reads terms in JSON, and checks them; `"nobody"` for none.
    ///
    /// # Errors
    /// [`TermsError`], a fault of the text with its line and column.
    pub fn from_json(text: &str) -> Result<Option<Self>, TermsError> {
        if let Ok(word) = serde_json::from_str::<String>(text)
            && word == NOBODY
        {
            return Ok(None);
        }
        let terms: Self = serde_json::from_str(text).map_err(|error| {
            let message = error.to_string();
            TermsError::Syntax {
                line: error.line(),
                column: error.column(),
                // Its position is said in front.
                message: message
                    .split_once(" at line ")
                    .map_or(message.as_str(), |(message, _)| message)
                    .to_owned(),
            }
        })?;
        terms.check()?;
        Ok(Some(terms))
    }

    /// The JSON of terms, or of none.
    pub fn to_json(terms: Option<&Self>) -> serde_json::Value {
        match terms {
            None => NOBODY.into(),
            // Strings, lists and maps with string keys always serialise.
            Some(terms) => serde_json::to_value(terms).unwrap_or_default(),
        }
    }
}

/// Numbers of 256 bits, as decimal text.
pub(super) mod amount {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use stheno_protocol::U256;

    pub(crate) fn one() -> U256 {
        U256::from(1)
    }

    pub(crate) fn serialize<S: Serializer>(number: &U256, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(number)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<U256, D::Error> {
        let text = String::deserialize(from)?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        number.ok_or_else(|| D::Error::custom(format!("`{text}` is no whole number below 2^256")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stheno_protocol::{Address, U256};

    use super::*;

    #[test]
    fn terms_are_written_as_people_would() {
        let token = Address::repeat_byte(0xab);
        let text = json!({ "any": [
            "granted",
            { "paid": token },
            { "all": [
                { "holds721": { "contract": token } },
                { "holds1155": { "contract": token, "id": "0", "min": "20" } },
            ] },
        ] });
        let terms = Terms::from_json(&text.to_string()).unwrap().unwrap();
        assert_eq!(
            terms,
            Terms::Any(vec![
                Terms::Granted,
                Terms::Paid(token),
                Terms::All(vec![
                    Terms::Holds721 {
                        contract: token,
                        min: U256::from(1)
                    },
                    Terms::Holds1155 {
                        contract: token,
                        id: U256::ZERO,
                        min: U256::from(20)
                    },
                ]),
            ])
        );
        let again = Terms::to_json(Some(&terms)).to_string();
        assert_eq!(Terms::from_json(&again).unwrap(), Some(terms));
        assert_eq!(Terms::from_json("\"nobody\""), Ok(None));
        assert_eq!(Terms::to_json(None), "nobody");
    }

    #[test]
    fn json_is_refused_with_its_place_when_it_is_no_terms() {
        for (text, words) in [
            ("", "EOF"),
            ("\"grantd\"", "grantd"),
            ("{\"paid\":\"0x12\"}", "invalid"),
            ("{\"holds20\":{\"contract\":\"0x00\"}}", "invalid"),
            (
                "{\"holds20\":{\"contract\":\"0x0707070707070707070707070707070707070707\",\"min\":\"-1\"}}",
                "`-1`",
            ),
            (
                "{\"holds20\":{\"contract\":\"0x0707070707070707070707070707070707070707\",\"mim\":\"1\"}}",
                "mim",
            ),
            ("{\"open\":1}", ""),
            ("[]", ""),
        ] {
            let error = Terms::from_json(text).unwrap_err();
            assert!(
                matches!(&error, TermsError::Syntax { message, .. } if message.contains(words)),
                "{text}: {error}"
            );
            assert!(!error.to_string().contains("at line"), "{error}");
        }
    }
}
