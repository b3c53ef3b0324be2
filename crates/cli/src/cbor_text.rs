//! CBOR that somebody else wrote, for people (diagnostic notation, RFC 8949 §8) and for scripts.

use serde_json::{Map, Value as Json, json};
use stheno::envelope::Value;

/// In diagnostic notation; control characters are escaped, so that a terminal is safe.
pub fn diagnostic(value: &Value) -> String {
    let list = |items: &[Value]| items.iter().map(diagnostic).collect::<Vec<_>>().join(", ");
    match value {
        Value::Integer(number) => i128::from(*number).to_string(),
        Value::Bytes(bytes) => format!("h'{}'", hex::encode(bytes)),
        Value::Float(number) => number.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::Bool(value) => value.to_string(),
        Value::Null => "null".to_owned(),
        Value::Tag(tag, value) => format!("{tag}({})", diagnostic(value)),
        Value::Array(items) => format!("[{}]", list(items)),
        Value::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", diagnostic(key), diagnostic(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        _ => "undefined".to_owned(),
    }
}

/// As JSON, as far as JSON goes: what it lacks stands in diagnostic notation, as a string.
pub fn json(value: &Value) -> Json {
    match value {
        Value::Integer(number) => {
            let number = i128::from(*number);
            match (i64::try_from(number), u64::try_from(number)) {
                (Ok(number), _) => json!(number),
                (_, Ok(number)) => json!(number),
                _ => json!(number.to_string()),
            }
        }
        Value::Float(number) if number.is_finite() => json!(number),
        Value::Text(text) => json!(text),
        Value::Bool(value) => json!(value),
        Value::Null => Json::Null,
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                let key = match key {
                    Value::Text(text) => text.clone(),
                    other => diagnostic(other),
                };
                (key, json(value))
            });
            Json::Object(entries.collect::<Map<String, Json>>())
        }
        other => json!(diagnostic(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Value {
        Value::Map(vec![
            ("title".into(), "a\u{1b}[2Jb".into()),
            (Value::from(-3), Value::Bytes(vec![1, 0xff])),
            ("list".into(), Value::Array(vec![Value::Null, 1.5.into()])),
            ("tagged".into(), Value::Tag(42, Box::new(true.into()))),
        ])
    }

    #[test]
    fn diagnostic_shows_everything_and_escapes_control_characters() {
        assert_eq!(
            diagnostic(&sample()),
            r#"{"title": "a\u{1b}[2Jb", -3: h'01ff', "list": [null, 1.5], "tagged": 42(true)}"#
        );
    }

    #[test]
    fn json_keeps_what_json_has_and_spells_the_rest() {
        assert_eq!(
            json(&sample()),
            json!({ "title": "a\u{1b}[2Jb", "-3": "h'01ff'", "list": [null, 1.5],
                    "tagged": "42(true)" })
        );
        assert_eq!(json(&u64::MAX.into()), json!(u64::MAX));
    }
}
