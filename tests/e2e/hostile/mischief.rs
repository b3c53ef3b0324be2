//! What an endpoint does to those who ask it.

use std::time::Duration;

use alloy::primitives::{B256, U256};

/// Something that one endpoint does; an honest one does nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mischief {
    // How it answers.
    /// It answers so much later.
    Slow(Duration),
    /// It never answers.
    Silent,
    /// An HTTP error.
    Down,
    /// Something that is no JSON.
    NotJson,
    /// JSON in which every result has another type.
    WrongTypes,
    /// Half of an answer.
    Truncated,
    /// More than anybody reads.
    Huge,
    /// A JSON-RPC error for everything.
    Errors,
    /// No answer to `latest` alone.
    NoHead,

    // What it does to batches.
    /// It takes none.
    NoBatches,
    /// It leaves the last answer out.
    DropsEntries,
    /// It answers in reverse, as it may.
    Reorders,

    // What public endpoints limit.
    /// Logs of at most so many blocks: error -32005.
    LogCap(u64),

    // Lies.
    /// It is of another chain.
    OtherChain,
    /// Calls, balances and codes are those of this block, whichever is asked for.
    StateOf(B256),
    /// Every call and balance yields this word.
    Word(U256),
    /// The same in one entry of every batch, the others being true.
    WordInOneEntry(U256),
    /// Every call reverts.
    Reverts,
    /// `latest` is so many blocks below the head.
    OldHead(u64),
    /// The newest blocks, so many of them, have other hashes.
    OtherTop(u64),
    /// `latest` is a block that nobody else has.
    InventedHead,
    /// `latest` is above the head, and has the hash of this older block, whose state all know.
    Disguise(B256),
    /// `latest` is the head's parent, as on Filecoin.
    LatestIsParent,
    /// `finalized` is so many blocks below what is final.
    OldFinal(u64),
    /// `finalized` is the head.
    FinalIsHead,
    /// Every block has another hash.
    OtherBranch,
    /// Every number is a null round.
    NothingButNullRounds,
}

impl Mischief {
    /// Whether nobody is misled by it: it is slow, or limited, or the chain's way.
    pub(super) const fn is_truthful(&self) -> bool {
        matches!(
            self,
            Self::Slow(_)
                | Self::NoBatches
                | Self::DropsEntries
                | Self::Reorders
                | Self::LogCap(_)
                | Self::LatestIsParent
        )
    }
}
