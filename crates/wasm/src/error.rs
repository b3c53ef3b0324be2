//! Failures as plain objects.

use serde_json::{Value, json};
use stheno::{Error, Outcome, Tally};
use wasm_bindgen::JsValue;

/// A failure, ready to be thrown.
pub(crate) struct Failure(Value);

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// One that only arises between JavaScript and Rust.
    pub(crate) fn of(code: &str, message: impl Into<String>, hint: &str) -> Self {
        Self(json!({ "code": code, "message": message.into(), "hint": hint, "denied": false }))
    }

    /// An argument that cannot be used.
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::of("bad_argument", message, "see the package's documentation")
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let mut told = json!({
            "code": error.code(),
            "message": error.headline(),
            "hint": error.hint(),
            "denied": error.is_denial(),
        });
        if let (Some(object), Some(tally)) = (told.as_object_mut(), error.tally()) {
            object.insert("nodes".to_owned(), nodes(tally));
            object.insert("reasons".to_owned(), reasons(tally));
        }
        Self(told)
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        to_js(&failure.0)
    }
}

/// A value as JavaScript has it.
pub(crate) fn to_js(value: &Value) -> JsValue {
    // What serde_json writes, JavaScript reads.
    js_sys::JSON::parse(&value.to_string()).unwrap_or(JsValue::NULL)
}

/// A line on every node.
pub(crate) fn nodes(tally: &Tally) -> Value {
    let nodes = tally.reports.iter().map(|report| {
        json!({
            "node": report.node.get(),
            "endpoint": report.endpoint,
            "shared": report.outcome == Outcome::Shared,
            "outcome": report.outcome.to_string(),
        })
    });
    nodes.collect()
}

/// The conditions that stand in the way, as the most frequent refusal has them.
fn reasons(tally: &Tally) -> Value {
    let refusals = tally.refusals();
    let conditions = refusals.first().map(|refusal| {
        let conditions = refusal.conditions().map(|leaf| {
            json!({
                "path": leaf.path,
                "what": leaf.what,
                "found": leaf.found,
                "remedy": leaf.remedy,
            })
        });
        conditions.collect::<Value>()
    });
    conditions.unwrap_or_else(|| json!([]))
}
