//! What to do about faults of other crates' making.

use stheno_envelope::{EnvelopeError, HeaderError};

use crate::ledger::LedgerError;

pub(super) fn ledger_hint(error: &LedgerError) -> String {
    match error {
        LedgerError::NoEndpoint { chain_id } => {
            format!("give an rpc endpoint of chain {chain_id}")
        }
        LedgerError::OtherChain { expected, .. } => {
            format!("give an rpc endpoint of chain {expected} instead")
        }
        LedgerError::NoCommittee { .. } => {
            "check the endpoint and the network file; a new committee serves when its key is final"
                .to_owned()
        }
        LedgerError::Unreadable { .. } => "check the rpc endpoint, or give another".to_owned(),
    }
}

pub(super) fn envelope_hint(error: &EnvelopeError) -> &'static str {
    match error {
        EnvelopeError::Header(HeaderError::NotAnEnvelope) => {
            "check that this is the file that `stheno encrypt` made"
        }
        EnvelopeError::Header(HeaderError::UnsupportedCipher(_)) => {
            "it may have been written by a newer version, or by another tool"
        }
        EnvelopeError::Header(_) => {
            "the file is damaged, or not what `stheno encrypt` made; fetch it again from its source"
        }
        EnvelopeError::Truncated { .. }
        | EnvelopeError::Appended { .. }
        | EnvelopeError::Chunk { .. }
        | EnvelopeError::ChunkCount { .. } => "fetch the file again from its source",
        EnvelopeError::WrongKey | EnvelopeError::Unwrap => {
            "check that the key is this file's; if it is, fetch the file again from its source"
        }
        EnvelopeError::LengthChanged { .. } => {
            "wait until nothing writes to the file, or encrypt a copy of it"
        }
        EnvelopeError::OutOfRange { .. } => "ask for a part that the file has",
        EnvelopeError::TooManyChunks => {
            "choose a larger chunk size; with 16 MiB a file may have 64 PiB"
        }
        EnvelopeError::Read(_) | EnvelopeError::Write(_) => {
            "check the file, its disk and its rights"
        }
        _ => "choose other options",
    }
}
