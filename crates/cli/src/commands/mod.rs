//! One file per command.

pub mod decrypt;
pub mod encrypt;
pub mod help;
pub mod inspect;
pub mod network;
pub mod policy;
