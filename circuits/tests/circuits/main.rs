//! Keys and proofs from outside: what is taken, and everything that is not.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing
)]

mod fixture;
mod forgery;
mod keys;
mod points;
mod proofs;
mod proving;
