//! The operator's node binary.
fn main() {}
