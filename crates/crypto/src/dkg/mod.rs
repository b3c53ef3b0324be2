//! The mathematics of key ceremonies: Feldman dealings with sealed shares. SPEC.md §9.
//!
//! A dealer makes one [`Dealing`]; everybody verifies it; each receiver opens its share of it, or
//! complains and the dealer [`reveal`]s that share. From the qualified dealings anybody computes
//! the [`outcome`], and each member its [`KeyShare`](crate::KeyShare) by [`combine_shares`].
//!
//! A node verifies all dealings with [`verify_all`] and opens its shares of them with
//! [`receive_all`]: the same verdicts as one by one, several times faster.
//!
//! Deterministic: all that a dealer draws comes from its [`DealerSeed`] and the ceremony's
//! [`CeremonyContext`], so that a dealer that restarts sends the same bytes again, and another
//! context gives other ones.
//!
//! What is absent: phases, complaints, signatures and who may take part. Those are the protocol's.

mod batch;
mod ceremony_key;
mod dealing;
mod outcome;
mod polynomial;
mod receive;

use core::fmt;

use zeroize::Zeroizing;

pub use batch::{Posted, receive_all, verify_all};
pub use ceremony_key::{CeremonyKey, CeremonySecret};
pub use dealing::{Constant, Dealing, DealingError, VerifiedDealing};
pub use outcome::{Kind, Outcome, OutcomeError, combine_shares, outcome};
pub use receive::{DealtShare, ReceiveError, reveal};

use crate::identity::write_hex;

/// Names one ceremony with all its terms: network, number, kind, threshold, members, their
/// ceremony keys and the windows. The protocol computes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CeremonyContext([u8; 32]);

impl CeremonyContext {
    /// Takes the 32 bytes of the digest.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for CeremonyContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

/// A dealer's secret seed. It is on disk before anything made from it is sent.
pub struct DealerSeed(Zeroizing<[u8; 32]>);

impl DealerSeed {
    /// Takes 32 fresh random bytes, or those of the journal.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The seed: for the dealer's journal only.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DealerSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DealerSeed(<redacted>)")
    }
}
