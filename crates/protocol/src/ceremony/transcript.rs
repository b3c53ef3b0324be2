//! The running hash over a ceremony's messages.

use alloy_primitives::{B256, keccak256};
use alloy_sol_types::SolValue;

use super::Message;

/// How the transcript counts a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
#[repr(u8)]
pub enum MessageKind {
    /// A dealing.
    Deal = 1,
    /// A receiver's complaints.
    Complain = 2,
    /// A dealer's answers.
    Answer = 3,
    /// A receiver's confirmation.
    Confirm = 4,
    /// A wish for more time.
    Extend = 5,
}

/// The running hash that the contract keeps of a ceremony.
///
/// Starts as the ceremony's context; a node that replays the log and ends
/// elsewhere was shown an incomplete or invented one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Transcript(B256);

impl Transcript {
    /// The transcript of a ceremony that has just started.
    #[must_use]
    pub const fn start(context: B256) -> Self {
        Self(context)
    }

    /// A transcript resumed from its current hash.
    #[must_use]
    pub const fn resume(hash: B256) -> Self {
        Self(hash)
    }

    /// Absorbs a message that the contract accepted; messages before the start change nothing.
    pub fn absorb(&mut self, message: &impl Message) {
        if let Some(kind) = kind_of(message) {
            self.absorb_hash(kind, message.sender(), message.struct_hash());
        }
    }

    /// Absorbs a message by its struct hash:
    /// `keccak256(abi.encode(transcript, uint8 kind, uint16 sender, bytes32 structHash))`.
    pub fn absorb_hash(&mut self, kind: MessageKind, sender: u16, struct_hash: B256) {
        // A small integer is one word, whatever its width.
        self.0 = keccak256((self.0, kind as u16, sender, struct_hash).abi_encode());
    }

    /// The hash, as the contract's `transcript`.
    #[must_use]
    pub const fn hash(&self) -> B256 {
        self.0
    }
}

fn kind_of<M: Message>(_: &M) -> Option<MessageKind> {
    M::KIND
}
