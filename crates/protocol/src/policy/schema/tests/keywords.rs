//! As much of JSON Schema 2020-12 as the schema uses; any other keyword is an error.
//!
//! Not a validator of the registry: those bring features to crates that everything depends on.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex},
};

use regex_automata::dfa::regex::Regex;
use serde_json::Value;

/// Whether `value`, at `path`, is valid under `schema`, a part of `root`; or why not.
pub(super) fn check(root: &Value, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    let keywords = match schema {
        Value::Bool(true) => return Ok(()),
        Value::Bool(false) => return Err(format!("{path}: not allowed")),
        Value::Object(keywords) => keywords,
        other => panic!("not a schema: {other}"),
    };
    let valid = |schema: &Value| check(root, schema, value, path);
    let all = |schemas: &Value| -> Vec<Result<(), String>> {
        schemas.as_array().unwrap().iter().map(valid).collect()
    };
    let list = value.as_array();
    let object = value.as_object();
    for (keyword, of) in keywords {
        let wrong = || Err(format!("{path}: {keyword} of {of}: {value}"));
        let size =
            |size: Option<usize>| size.map(|size| size.cmp(&(of.as_u64().unwrap() as usize)));
        let number = || Some(value.as_f64()?.total_cmp(&of.as_f64().unwrap()));
        match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "examples" => {}
            // With `if`, below.
            "then" | "else" => assert!(keywords.contains_key("if"), "{schema}"),
            "$ref" => {
                let pointer = of.as_str().unwrap().strip_prefix('#').unwrap();
                let target = root.pointer(pointer).unwrap_or_else(|| panic!("{of}"));
                valid(target)?;
            }
            "allOf" => all(of).into_iter().collect::<Result<(), String>>()?,
            "anyOf" | "oneOf" => {
                let results = all(of);
                let hits = results.iter().filter(|result| result.is_ok()).count();
                if hits == 0 || (keyword == "oneOf" && hits > 1) {
                    return wrong();
                }
            }
            "not" => {
                if valid(of).is_ok() {
                    return wrong();
                }
            }
            "if" => {
                let branch = if valid(of).is_ok() { "then" } else { "else" };
                keywords.get(branch).map_or(Ok(()), valid)?;
            }
            "type" => {
                let fits = match of.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    // Beyond 64 bits they are floats here.
                    "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
                    other => panic!("type {other}"),
                };
                if !fits {
                    return wrong();
                }
            }
            "const" if value != of => return wrong(),
            "enum" if !of.as_array().unwrap().contains(value) => return wrong(),
            "const" | "enum" => {}
            "minimum" if number().is_some_and(|order| order.is_lt()) => return wrong(),
            "maximum" if number().is_some_and(|order| order.is_gt()) => return wrong(),
            "minimum" | "maximum" => {}
            "minLength" => {
                let length = value.as_str().map(|text| text.chars().count());
                if size(length).is_some_and(|order| order.is_lt()) {
                    return wrong();
                }
            }
            "pattern" => {
                if value
                    .as_str()
                    .is_some_and(|text| !matches(of.as_str().unwrap(), text))
                {
                    return wrong();
                }
            }
            "minItems" if size(list.map(Vec::len)).is_some_and(|order| order.is_lt()) => {
                return wrong();
            }
            "maxItems" if size(list.map(Vec::len)).is_some_and(|order| order.is_gt()) => {
                return wrong();
            }
            "minItems" | "maxItems" => {}
            "minProperties" | "maxProperties" => {
                let unwanted = if keyword == "minProperties" {
                    std::cmp::Ordering::Less
                } else {
                    std::cmp::Ordering::Greater
                };
                if size(object.map(serde_json::Map::len)) == Some(unwanted) {
                    return wrong();
                }
            }
            "uniqueItems" => {
                let twice =
                    |items: &Vec<Value>| (1..items.len()).any(|i| items[..i].contains(&items[i]));
                if list.is_some_and(twice) {
                    return wrong();
                }
            }
            "items" => {
                for (i, item) in list.into_iter().flatten().enumerate() {
                    check(root, of, item, &format!("{path}[{i}]"))?;
                }
            }
            "required" => {
                let missing = |name: &Value| {
                    object.is_some_and(|object| !object.contains_key(name.as_str().unwrap()))
                };
                if of.as_array().unwrap().iter().any(missing) {
                    return wrong();
                }
            }
            "properties" => {
                for (name, value) in object.into_iter().flatten() {
                    if let Some(schema) = of.get(name) {
                        check(root, schema, value, &format!("{path}.{name}"))?;
                    }
                }
            }
            "additionalProperties" => {
                assert_eq!(of, &Value::Bool(false));
                let unknown = |name: &String| keywords["properties"].get(name).is_none();
                if object.is_some_and(|object| object.keys().any(unknown)) {
                    return wrong();
                }
            }
            other => panic!("the schema uses `{other}`, which is not checked"),
        }
    }
    Ok(())
}

fn matches(pattern: &str, text: &str) -> bool {
    static COMPILED: LazyLock<Mutex<BTreeMap<String, Regex>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap();
    compiled
        .entry(pattern.to_owned())
        .or_insert_with(|| Regex::new(pattern).unwrap())
        .is_match(text)
}

#[test]
fn keywords_mean_what_the_standard_says() {
    use serde_json::json;
    let cases = [
        (json!({ "type": "integer" }), json!(1.0), true),
        (json!({ "type": "integer" }), json!(1.5), false),
        (json!({ "type": "integer" }), json!(true), false),
        (json!({ "minimum": 1 }), json!("0"), true),
        (json!({ "minimum": 1 }), json!(0), false),
        (json!({ "maximum": 1 }), json!(2), false),
        (json!({ "pattern": "b" }), json!("abc"), true),
        (json!({ "pattern": "^b" }), json!("abc"), false),
        (json!({ "pattern": "b" }), json!(5), true),
        (json!({ "minLength": 1 }), json!(""), false),
        (json!({ "enum": [1, "1"] }), json!("1"), true),
        (json!({ "const": "a" }), json!("b"), false),
        (json!({ "not": { "const": "a" } }), json!("a"), false),
        (
            json!({ "oneOf": [{ "type": "integer" }, { "minimum": 2 }] }),
            json!(3),
            false,
        ),
        (
            json!({ "oneOf": [{ "type": "integer" }, { "minimum": 2 }] }),
            json!(1),
            true,
        ),
        (
            json!({ "anyOf": [{ "type": "string" }, { "minimum": 2 }] }),
            json!(1),
            false,
        ),
        (
            json!({ "allOf": [{ "type": "integer" }, { "minimum": 2 }] }),
            json!(1),
            false,
        ),
        (
            json!({ "if": { "type": "string" }, "then": false }),
            json!("a"),
            false,
        ),
        (
            json!({ "if": { "type": "string" }, "then": false }),
            json!(1),
            true,
        ),
        (
            json!({ "if": { "type": "string" }, "else": false }),
            json!(1),
            false,
        ),
        (json!({ "required": ["a"] }), json!({}), false),
        (json!({ "required": ["a"] }), json!([]), true),
        (
            json!({ "properties": { "a": false } }),
            json!({ "a": 1 }),
            false,
        ),
        (
            json!({ "properties": { "a": true }, "additionalProperties": false }),
            json!({ "b": 1 }),
            false,
        ),
        (json!({ "minProperties": 1 }), json!({}), false),
        (
            json!({ "maxProperties": 1 }),
            json!({ "a": 1, "b": 1 }),
            false,
        ),
        (json!({ "items": { "minimum": 1 } }), json!([1, 0]), false),
        (json!({ "minItems": 1 }), json!([]), false),
        (json!({ "maxItems": 1 }), json!([1, 1]), false),
        (json!({ "uniqueItems": true }), json!([1, 2, 1]), false),
    ];
    for (schema, value, valid) in cases {
        assert_eq!(
            check(&schema, &schema, &value, "").is_ok(),
            valid,
            "{schema} {value}"
        );
    }
    let referring = json!({ "$defs": { "a": { "minimum": 1 } }, "$ref": "#/$defs/a" });
    assert!(check(&referring, &referring, &json!(0), "").is_err());
}
