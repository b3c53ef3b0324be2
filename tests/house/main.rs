//! The invariants of ARCHITECTURE.md that a program can check.
//!
//! A check takes text and gives faults, so that each is shown bad text, too, and has to find it.
//!
//! | module | invariant |
//! |---|---|
//! | [`dependencies`] | who may depend on whom, and on what |
//! | [`purity`] | what must be absent where: clocks, sockets, files, JSON-RPC |
//! | [`secrets`] | secrets are neither copied nor serialised nor printed |
//! | [`labels`] | domain separation tags are unique and prefix-free, and in one place |
//! | [`tidiness`] | files stay readable, nothing is left for later |
//! | [`sources`] | the text that all of them look at |

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod dependencies;
mod labels;
mod purity;
mod secrets;
mod sources;
mod tidiness;

/// Fails with every fault on a line of its own.
#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
