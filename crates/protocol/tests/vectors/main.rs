//! Frozen bytes: `tests/vectors/protocol-*.json` at the root of the workspace.
//!
//! Other implementations test against these files, and this one must never
//! come out otherwise. `STHENO_FREEZE=1 cargo test` writes them anew, for
//! additions; a changed line in their diff is a break of the protocol.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing
)]

mod ceremony;
mod eip712;
mod policies;
mod registry_items;
mod requests;

use std::path::PathBuf;

use serde_json::Value;

/// Compares `value` with the frozen file `name`.
fn frozen(name: &str, value: &Value) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/vectors")
        .join(name);
    if std::env::var_os("STHENO_FREEZE").is_some() {
        let text = serde_json::to_string_pretty(value).unwrap() + "\n";
        std::fs::write(&path, text).unwrap();
        return;
    }
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let stored: Value = serde_json::from_str(&text).unwrap();
    assert_same(&stored, value, name);
}

/// Like `assert_eq`, naming the first place that differs.
fn assert_same(stored: &Value, computed: &Value, path: &str) {
    match (stored, computed) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            for (key, value) in a {
                assert_same(value, &b[key], &format!("{path}.{key}"));
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                assert_same(a, b, &format!("{path}[{i}]"));
            }
        }
        _ => assert_eq!(stored, computed, "{path}"),
    }
}

/// `0x` and hex.
fn hex(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}
