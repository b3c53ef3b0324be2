//! Files and keys at the command line: recipients, rewrapping, inspecting, and what disks and pipes
//! do to a program. No network: networks that are sealed to carry their keys in their files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod collections;
mod cookbook;
mod disk_and_pipe;
mod folder;
mod groups;
mod inspect;
mod keys;
mod malformed;
mod policies;
mod recipients;
mod rewrap;
