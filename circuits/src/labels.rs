//! Every domain separation tag of this crate that is text, each used in one place.
//!
//! Those of Poseidon are numbers, in [`spec`](crate::spec). None of these is a prefix of another
//! crate's: a test of the house holds all of them.

/// A scope as an element of the field.
pub(crate) const SCOPE: &str = "STHENO-V1-CIRCUIT-SCOPE";
/// A request as an element of the field.
pub(crate) const BINDING: &str = "STHENO-V1-CIRCUIT-BINDING";
/// From random bytes to a member's secret.
pub(crate) const SECRET: &str = "STHENO-V1-CIRCUIT-MEMBER";
