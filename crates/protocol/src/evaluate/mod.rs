//! What a policy says about a reader, given readings of the chain.
//!
//! Sans-I/O: [`reads`] lists what has to be read, somebody fetches it into a
//! [`ChainView`], [`evaluate`] judges. Three-valued: whatever went wrong is
//! [`Truth::Unknown`], and only a root that is true grants.

mod read;
mod subject;
mod truth;
mod verdict;

pub use read::{CALLER, ChainView, RETURN_CAP, Read, Reading, Unknown, call_gas_cap};
pub use subject::{Account, AccountKind, Subject};
pub use truth::Truth;
pub use verdict::{LeafReport, Verdict};

use std::collections::BTreeSet;

use crate::Policy;

/// Every read that [`evaluate`] may ask `subject`'s view for.
#[allow(clippy::todo)]
#[must_use]
pub fn reads(_policy: &Policy, _subject: &Subject) -> BTreeSet<Read> {
    todo!()
}

/// Judges `policy` for `subject` over a snapshot. Pure.
#[allow(clippy::todo)]
#[must_use]
pub fn evaluate(_policy: &Policy, _subject: &Subject, _view: &impl ChainView) -> Verdict {
    todo!()
}
