//! JSON text as a tree that knows where everything stands.
//!
//! Made for text that people write: keys are distinct or it is an error,
//! numbers stay as they were written, every node keeps its place. The grammar
//! is `serde_json`'s, taken one level at a time.

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use super::{PolicyError, Position, nearest};

/// Most bytes of text: a policy's CBOR within its limit never needs as many.
pub(super) const MAX_TEXT_BYTES: usize = 256 * 1024;
/// Most nested lists and objects.
const MAX_NESTING: usize = 48;

/// A JSON value and where it begins.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) at: usize,
    pub(super) kind: Kind<'a>,
}

#[derive(Debug)]
pub(super) enum Kind<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(String),
    List(Vec<Node<'a>>),
    Object(Vec<(Key, Node<'a>)>),
}

/// A key of an object and where it begins.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) at: usize,
}

/// What is wrong at a node.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) path: String,
    pub(super) problem: String,
}

impl Fault {
    pub(super) fn new(at: usize, path: &str, problem: impl Into<String>) -> Self {
        Self {
            at,
            path: path.to_owned(),
            problem: problem.into(),
        }
    }

    pub(super) fn into_error(self, text: &str) -> PolicyError {
        PolicyError::At {
            path: self.path,
            position: Some(Position::of(text, self.at)),
            problem: self.problem,
        }
    }
}

/// Parses `text` as one JSON value.
pub(super) fn parse(text: &str) -> Result<Node<'_>, PolicyError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(PolicyError::Syntax {
            position: Position { line: 1, column: 1 },
            message: format!(
                "the text has {} bytes, at most {MAX_TEXT_BYTES} are read",
                text.len()
            ),
        });
    }
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| syntax(text, 0, &error))?;
    node(text, raw, "policy", MAX_NESTING)
}

fn node<'a>(
    text: &'a str,
    raw: &'a RawValue,
    path: &str,
    nesting: usize,
) -> Result<Node<'a>, PolicyError> {
    let at = offset(text, raw);
    let written = raw.get();
    let fail = |error: serde_json::Error| syntax(text, at, &error);
    let deeper = || {
        nesting.checked_sub(1).ok_or_else(|| {
            Fault::new(
                at,
                path,
                format!("lists and objects are nested more than {MAX_NESTING} deep"),
            )
            .into_error(text)
        })
    };
    let kind = match written.as_bytes().first() {
        Some(b'{') => {
            let Entries(entries) = serde_json::from_str(written).map_err(fail)?;
            let nesting = deeper()?;
            let mut members: Vec<(Key, Node<'_>)> = Vec::new();
            for (key, value) in entries {
                let name: String = serde_json::from_str(key.get()).map_err(fail)?;
                let key = Key {
                    at: offset(text, key),
                    name,
                };
                let path = format!("{path}.{}", key.name);
                if members.iter().any(|(other, _)| other.name == key.name) {
                    let problem = format!("the key `{}` stands here twice", key.name);
                    return Err(Fault::new(key.at, &path, problem).into_error(text));
                }
                let value = node(text, value, &path, nesting)?;
                members.push((key, value));
            }
            Kind::Object(members)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(written).map_err(fail)?;
            let nesting = deeper()?;
            let items = items.into_iter().enumerate();
            let items = items.map(|(i, item)| node(text, item, &format!("{path}[{i}]"), nesting));
            Kind::List(items.collect::<Result<_, _>>()?)
        }
        Some(b'"') => Kind::Text(serde_json::from_str(written).map_err(fail)?),
        Some(b't' | b'f') => Kind::Bool(written == "true"),
        Some(b'n') => Kind::Null,
        _ => Kind::Number(written),
    };
    Ok(Node { at, kind })
}

/// `raw` is a slice of `text`, so the difference of their addresses is its offset.
fn offset(text: &str, raw: &RawValue) -> usize {
    (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// `serde_json`'s message, with the place counted in the whole text.
fn syntax(text: &str, base: usize, error: &serde_json::Error) -> PolicyError {
    let slice = text.get(base..).unwrap_or_default();
    let line_start: usize = slice
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let at = base + line_start + error.column().saturating_sub(1);
    let message = error.to_string();
    let message = message
        .split_once(" at line ")
        .map_or(message.as_str(), |(before, _)| before);
    PolicyError::Syntax {
        position: Position::of(text, floor_char_boundary(text, at)),
        message: message.to_owned(),
    }
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// An object's members as they stand, doubles included.
struct Entries<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> de::Visitor<'de> for Members {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Entries(members))
            }
        }
        from.deserialize_map(Members)
    }
}

impl<'a> Node<'a> {
    /// What kind of value this is, for error messages.
    pub(super) const fn describe(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "a string",
            Kind::List(_) => "a list",
            Kind::Object(_) => "an object",
        }
    }

    pub(super) fn fault(&self, path: &str, problem: impl Into<String>) -> Fault {
        Fault::new(self.at, path, problem)
    }

    pub(super) fn expected(&self, path: &str, what: &str) -> Fault {
        self.fault(path, format!("expected {what}, found {}", self.describe()))
    }

    pub(super) fn text(&self, path: &str, what: &str) -> Result<&str, Fault> {
        match &self.kind {
            Kind::Text(text) => Ok(text),
            _ => Err(self.expected(path, what)),
        }
    }

    pub(super) fn list(&self, path: &str, what: &str) -> Result<&[Node<'a>], Fault> {
        match &self.kind {
            Kind::List(items) => Ok(items),
            _ => Err(self.expected(path, what)),
        }
    }

    /// This node as an object whose keys are all in `known`.
    pub(super) fn fields<'n>(
        &'n self,
        path: &'n str,
        known: &[&'static str],
    ) -> Result<Fields<'n, 'a>, Fault> {
        let Kind::Object(members) = &self.kind else {
            return Err(self.expected(path, "an object"));
        };
        for (key, _) in members {
            if !known.contains(&key.name.as_str()) {
                let hint = match nearest(&key.name, known.iter().copied()) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!("known here: {}", known.join(", ")),
                };
                return Err(Fault::new(
                    key.at,
                    path,
                    format!("unknown field `{}`, {hint}", key.name),
                ));
            }
        }
        Ok(Fields {
            at: self.at,
            path,
            members,
        })
    }
}

/// The members of an object, by name.
#[derive(Clone, Copy)]
pub(super) struct Fields<'n, 'a> {
    pub(super) at: usize,
    pub(super) path: &'n str,
    members: &'n [(Key, Node<'a>)],
}

impl<'n, 'a> Fields<'n, 'a> {
    pub(super) fn optional(&self, name: &str) -> Option<(&'n Node<'a>, String)> {
        let (_, node) = self.members.iter().find(|(key, _)| key.name == name)?;
        Some((node, format!("{}.{name}", self.path)))
    }

    pub(super) fn required(&self, name: &str) -> Result<(&'n Node<'a>, String), Fault> {
        self.optional(name)
            .ok_or_else(|| Fault::new(self.at, self.path, format!("the field `{name}` is missing")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (Position, String) {
        let error = parse(text).unwrap_err();
        (error.position().unwrap(), error.to_string())
    }

    #[test]
    fn nodes_know_where_they_stand() {
        let text = "{ \"ä\": 1,\n  \"b\": [true, {\"c\": 1.50}] }";
        let root = parse(text).unwrap();
        let Kind::Object(members) = &root.kind else {
            panic!("{root:?}")
        };
        let (key, value) = &members[1];
        assert_eq!(Position::of(text, key.at), Position { line: 2, column: 3 });
        let items = value.list("", "").unwrap();
        let Kind::Object(inner) = &items[1].kind else {
            panic!("{value:?}")
        };
        assert!(matches!(inner[0].1.kind, Kind::Number("1.50")));
        assert_eq!(
            Position::of(text, inner[0].1.at),
            Position {
                line: 2,
                column: 21
            }
        );
    }

    #[test]
    fn duplicate_key_is_named_with_its_place() {
        let (position, message) = refused("{\"a\": 1,\n \"\\u0061\": 2}");
        assert_eq!(position, Position { line: 2, column: 2 });
        assert!(message.contains("`a` stands here twice"), "{message}");
    }

    #[test]
    fn syntax_error_has_the_place_in_the_whole_text() {
        let (position, message) = refused("{\"a\": 1,\n \"b\": }");
        assert_eq!(position, Position { line: 2, column: 7 });
        assert!(message.contains("expected value"), "{message}");
        for text in [
            "",
            "{",
            "{\"a\":1} x",
            "{\"a\":\"\\ud800\"}",
            "[1,]",
            "'a'",
            "NaN",
        ] {
            assert!(
                matches!(parse(text), Err(PolicyError::Syntax { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn deep_nesting_is_refused_without_recursion_into_it() {
        let text = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let error = parse(&text).unwrap_err();
        assert!(error.to_string().contains("nested more than 48"), "{error}");
    }
}
