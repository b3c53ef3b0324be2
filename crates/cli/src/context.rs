//! Values that a reader sends along with a request, as people write them.

use serde_json::Value;
use stheno::protocol::{Bytes, Context, ContextValue, I256, U256};

use crate::failure::Failure;

/// A value of the context, as people write it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Written(pub ContextValue);

impl Written {
    /// As JSON, which [`value`] reads back from its text.
    pub fn to_json(&self) -> Value {
        match &self.0 {
            ContextValue::Bytes(bytes) => bytes.to_string().into(),
            ContextValue::Uint(number) => number.to_string().into(),
            ContextValue::Negative(number) => number.to_string().into(),
            ContextValue::Text(text) => text.as_str().into(),
            ContextValue::Bool(value) => (*value).into(),
        }
    }
}

/// The values as a context.
///
/// # Errors
/// A name that no placeholder can have, or too many values.
pub fn context(values: &[(String, Written)]) -> Result<Context, Failure> {
    let mut context = Context::default();
    for (name, value) in values {
        context
            .insert(name, value.0.clone())
            .map_err(|error| Failure::new("usage", error))?;
    }
    Ok(context)
}

/// `NAME=VALUE`: `true`, `false`, a whole number, `0x` and hex, or else text.
///
/// # Errors
/// Without `=`, or with hex that is none.
pub fn named_value(text: &str) -> Result<(String, Written), String> {
    let (name, text) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` is not NAME=VALUE"))?;
    Ok((name.to_owned(), value(text)?))
}

/// `true`, `false`, a whole number, `0x` and hex, or else text.
///
/// # Errors
/// Hex that is none.
pub fn value(text: &str) -> Result<Written, String> {
    let value = match text {
        "true" => ContextValue::Bool(true),
        "false" => ContextValue::Bool(false),
        _ if text.starts_with("0x") => ContextValue::Bytes(
            text.parse::<Bytes>()
                .map_err(|error| format!("`{text}` is no hex: {error}"))?,
        ),
        _ => match (U256::from_str_radix(text, 10), text.parse::<I256>()) {
            (Ok(number), _) if !text.is_empty() => ContextValue::Uint(number),
            (_, Ok(number)) if number.is_negative() => ContextValue::Negative(number),
            _ => ContextValue::Text(text.to_owned()),
        },
    };
    Ok(Written(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_read_as_what_it_looks_like() {
        for (text, value) in [
            ("a=true", ContextValue::Bool(true)),
            ("a=7", ContextValue::Uint(U256::from(7))),
            ("a=-7", ContextValue::Negative(I256::try_from(-7).unwrap())),
            ("a=0x0102", ContextValue::Bytes(vec![1, 2].into())),
            ("a=b=c", ContextValue::Text("b=c".to_owned())),
            ("a=", ContextValue::Text(String::new())),
        ] {
            assert_eq!(named_value(text), Ok(("a".to_owned(), Written(value))));
        }
        assert!(named_value("a").is_err());
        assert!(named_value("a=0xg").is_err());
    }
}
