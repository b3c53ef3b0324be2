//! Fuzz targets for every decoder, and a seeded mutation loop that drives them on stable Rust.
//!
//! A [`Target`] is a function of bytes with what it promises about them asserted inside. Its first
//! inputs are written by the code under test, so that mutations begin deep in the format. A
//! [`Campaign`] changes them, notes which kinds of refusal it has seen, and keeps the inputs that
//! led to a new one. Equal seed, equal run.
//!
//! ```sh
//! make fuzz                                   # every target, ten seconds each
//! make fuzz SECONDS_EACH=600 TARGETS="policy_json policy_cbor"
//! target/release/stheno-fuzz header --seed 7 --executions 1000000
//! target/release/stheno-fuzz header --replay INPUT   # a file that a run has left
//! ```
//!
//! What every target promises: no panic, no abort, no execution of more than
//! [`campaign::PATIENCE`], and never more memory at once than its bound, which grows with the input
//! and not with lengths that the input announces. What a decoder accepts is encoded again and must
//! be the same bytes, or the same value where one value has several spellings.
//!
//! # Layout
//!
//! | module | idea |
//! |---|---|
//! | [`target`] | a function of bytes, its first inputs, its bounds |
//! | [`targets`] | one for each decoder, by crate |
//! | [`mutation`] | how an input is changed: bytes, CBOR heads, JSON tokens |
//! | [`campaign`] | the loop, and what it reports |
//! | [`memory`] | an allocator that counts |
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)
)]

pub mod campaign;
pub mod memory;
pub mod mutation;
pub mod target;
pub mod targets;

pub use campaign::{Campaign, Failure, Report};
pub use target::{Kind, Target, Verdict};
pub use targets::TARGETS;
