//! Frozen bytes of the repository's other tests.

use std::fs;
use std::path::{Path, PathBuf};

use alloy_primitives::{Bytes, hex};
use serde_json::Value;

/// A file of vectors, by its path in the repository.
///
/// # Panics
/// If it is not there, or no JSON.
#[must_use]
pub fn read(path: &str) -> Value {
    let path = repository().join(path);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Bytes of hexadecimal digits.
///
/// # Panics
/// If it is something else.
#[must_use]
pub fn bytes(value: &Value) -> Bytes {
    hex::decode(value.as_str().expect("a string"))
        .expect("hexadecimal digits")
        .into()
}

/// Where the repository begins.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
