//! Whole committees over many ceremonies, simulated: one seed, one run, bit for bit.
//!
//! Members are the node's own participants, with the arithmetic and the bytes of the real thing.
//! Chain, disks, endpoints and time are virtual; no threads, sleeps or clocks within a run.
//!
//! | module | idea |
//! |---|---|
//! | [`schedule`] | seeded chance; what goes wrong in a run, and how often |
//! | [`cast`] | who takes part |
//! | [`contract`], [`chain`] | the contract's rules; blocks, forks, finality, mempool |
//! | [`endpoint`] | what members are told, truly or not |
//! | [`disk`] | what is there after a crash |
//! | [`member`], [`records`] | honest members, from crash to crash |
//! | [`byzantine`] | members that cheat |
//! | [`properties`] | what must hold |
//! | [`world`], [`trace`] | one run |
//! | [`seeds`] | many runs |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub
)]

mod byzantine;
mod cast;
mod chain;
mod contract;
mod disk;
mod endpoint;
mod member;
mod properties;
mod records;
mod schedule;
mod seeds;
mod trace;
mod world;
