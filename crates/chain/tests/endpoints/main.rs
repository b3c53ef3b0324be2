//! Endpoints that lag, lie, are silent or say too much: doubles on real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod anchors;
mod calls;
mod committee;
mod connect;
mod double;
mod follow;
mod heads;
mod health;
mod limits;
mod send;
mod snapshot;
