//! The key ceremony's messages, digests and timetable. SPEC.md "Ceremony".
//!
//! A committee's key is made on chain (`contracts/src/Committee.sol`), and the
//! outcome is a pure function of what members signed. This module has the
//! bytes of it; the mathematics are `stheno_crypto::dkg`.

mod keys_root;
mod message;
mod terms;
mod threshold;
mod timetable;
mod transcript;

pub use crate::typed::{
    Accusation, Answer, Approval, CeremonyKey, Complaint, Confirmation, Dealing, Extension,
    Refresh, Registration, RevealedShare,
};
pub use keys_root::{key_leaf, keys_root, merkle_proof, verify_key};
pub use message::{Message, Signed};
pub use terms::{CeremonyKind, CeremonyTerms, Member, Outcome, Windows, context_digest};
pub use threshold::{
    MAX_MEMBERS, ThresholdError, approvals_needed, check_threshold, confirmation_quorum,
};
pub use timetable::{MAX_EXTENSIONS, Phase, Timetable};
pub use transcript::{MessageKind, Transcript};
