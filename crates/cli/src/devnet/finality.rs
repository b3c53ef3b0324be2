//! When a block of the devnet is final, and what follows from it for a ceremony's timetable.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How far behind the head blocks become final.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finality {
    /// Two blocks: the least that anvil knows.
    #[default]
    Quick,
    /// Ten blocks, as on Filecoin when its fast finality is slow (it takes 4 to 10 epochs). Blocks
    /// come every second here and every 30 seconds there.
    Filecoin,
}

impl Finality {
    /// A block is final when so many lie on top of it.
    pub fn blocks(self) -> u64 {
        2 * self.slots_in_an_epoch()
    }

    /// Anvil's option: it calls a block final when two of these lie on top.
    pub fn slots_in_an_epoch(self) -> u64 {
        match self {
            Self::Quick => 1,
            Self::Filecoin => 5,
        }
    }

    /// Length of a ceremony's windows, in blocks: a node acts on final blocks, so the beginning of
    /// a window must become final with time to spare in it.
    pub fn window(self) -> u32 {
        match self {
            Self::Quick => 4,
            Self::Filecoin => 14,
        }
    }

    /// Blocks between windows: one more than it takes for the end of one to be final.
    pub fn margin(self) -> u32 {
        match self {
            Self::Quick => 3,
            Self::Filecoin => 11,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_and_margins_outlast_finality() {
        for finality in [Finality::Quick, Finality::Filecoin] {
            assert!(u64::from(finality.margin()) > finality.blocks());
            assert!(u64::from(finality.window()) > finality.blocks() + 1);
        }
    }
}
