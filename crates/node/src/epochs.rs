//! Epochs that follow each other: what is served meanwhile, and what is erased afterwards.
//!
//! | file | idea |
//! |---|---|
//! | [`erasure`] | which secrets are needed no longer, from facts alone |
//! | [`canary`] | trying the new shares: a sealed item, and `t` members to open it |
//! | [`canary_desk`] | answering members that try them |
//! | [`custody`] | gathers the facts, lets the canary out, erases |
//! | [`schedule`] | when the shares of an unchanged committee are renewed, from facts alone |
//! | [`renewal`] | gathers those facts, and proposes |
//!
//! What is absent: a way to erase a share on somebody's word. The new epoch is active at a final
//! block, this node's share of it is on disk and checked, and the canary was opened here, through
//! shares that were verified against the new members' keys.

pub(crate) mod canary;
pub(crate) mod canary_desk;
pub(crate) mod custody;
pub mod erasure;
pub(crate) mod renewal;
pub mod schedule;
