//! The key ceremony, seen from one member.
//!
//! The chain is the broadcast channel: everything is an event of the Committee
//! contract, and the outcome is a function of the final log. This module is in
//! two halves, and only the last file does I/O:
//!
//! | file | idea |
//! |---|---|
//! | [`event`] | the contract's events, as values |
//! | [`record`] | what the log says, every signature checked: the same for every observer |
//! | [`qualify`] | which dealers count, from the record alone |
//! | [`report`] | who did what, and who deviated, from the record alone |
//! | [`machine`] | what this member does next: record and clock in, actions out |
//! | [`participant`] | what is due as steps: what must be durable before what is sent |
//! | [`call`] | actions as signed calls of the contract |
//! | [`runner`] | follows the chain, journals, sends |
//!
//! What is absent from all but the runner: clock, network, files, randomness.

pub mod call;
pub mod event;
pub mod machine;
pub mod participant;
pub mod qualify;
pub mod record;
pub mod report;
pub mod runner;

#[cfg(test)]
mod board;
#[cfg(test)]
mod tests;

pub use event::Event;
pub use machine::{Action, Clock, Machine, Me};
pub use participant::{Participant, Slot, Step};
pub use record::{End, Noted, Origin, Record, RecordFault, Setting, WeightsSeed};
pub use report::{Deviation, Report};
