//! Against a real EVM node: anvil. (It is not the FEVM: no null rounds, other
//! gas, other finality. Those are the doubles' part, in `tests/endpoints`.)
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod following;
mod process;
mod reading;
mod sending;
