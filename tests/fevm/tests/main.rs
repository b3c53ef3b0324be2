//! The contracts' main flows on Filecoin's real virtual machine. See README.md for what it takes.

mod access;
mod board;
mod ceremony;
mod differences;
mod market;
mod passes;
mod release;
mod split_tree;
mod verdicts;
mod zk;
