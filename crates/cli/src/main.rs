//! The `stheno` command.
fn main() {}
