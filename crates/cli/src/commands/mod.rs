//! One file per command.

pub mod access;
pub mod add;
pub mod buy;
pub mod ceremony;
pub mod decrypt;
pub mod delegation;
pub mod encrypt;
pub mod get;
pub mod group;
pub mod help;
pub mod inspect;
pub mod keygen;
pub mod ls;
pub mod member;
pub mod network;
pub mod piece;
pub mod policy;
pub mod prove;
pub mod put;
pub mod receipt;
pub mod relay;
pub mod rewrap;
pub mod sell;
pub mod session;
pub mod unwrap;
