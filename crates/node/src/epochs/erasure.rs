//! Which secrets are needed no longer. Facts in, names out; no I/O.
//!
//! Before anything is erased, the newest epoch must be *settled* for this node: its activation is
//! final, this node's share of it is durable (or it has none to hold), its canary was opened through
//! the new shares, and the overlap is over, in which both epochs answer. Until then everything stays:
//! a share too many is a risk, a share too few is the end of every file.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::B256;

/// A secret in the vault, by name.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Hash)]
pub enum Secret {
    /// The key share of the ceremony with this context.
    Share(B256),
    /// The seeds of the ceremony with this proposal digest.
    Seeds(B256),
}

impl Secret {
    /// The digest in its name.
    #[must_use]
    pub const fn digest(&self) -> &B256 {
        match self {
            Self::Share(digest) | Self::Seeds(digest) => digest,
        }
    }
}

/// To what a secret belongs, at a final block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Belonging {
    /// To the ceremony that made the active epoch.
    Active,
    /// To a ceremony that is over otherwise: it made an earlier epoch, or can make none any more.
    Over,
    /// To a ceremony that may still make an epoch, or to none that is known.
    Open,
}

/// The active epoch at a final block, as far as this node is concerned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Active {
    /// Whether this node is a member.
    pub is_member: bool,
    /// Whether this node's share of it is on disk, and the secret of its public key.
    pub has_share: bool,
    /// Whether its canary was opened through its shares.
    pub canary_opened: bool,
    /// Block of its activation.
    pub activated_at: u64,
    /// The final block.
    pub now: u64,
    /// For how many blocks the epoch before answers as well, at least.
    pub overlap: u64,
}

/// What an epoch waits for before older secrets are erased.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wait {
    /// This node has no good share of it.
    Share,
    /// The canary has not been opened.
    Canary,
    /// The overlap lasts until this block.
    Overlap(u64),
}

impl Active {
    /// What it still waits for; none when it is settled.
    #[must_use]
    pub fn waits_for(&self) -> Option<Wait> {
        let until = self.activated_at.saturating_add(self.overlap);
        if self.is_member && !self.has_share {
            Some(Wait::Share)
        } else if !self.canary_opened {
            Some(Wait::Canary)
        } else if self.now < until {
            Some(Wait::Overlap(until))
        } else {
            None
        }
    }
}

/// The secrets that may be erased now: nothing before the active epoch is settled; then all that
/// belongs to ceremonies that are over, and the seeds of the one that made it.
#[must_use]
pub fn erasable(active: &Active, held: &BTreeMap<Secret, Belonging>) -> BTreeSet<Secret> {
    if active.waits_for().is_some() {
        return BTreeSet::new();
    }
    held.iter()
        .filter(|(secret, belonging)| match (secret, belonging) {
            (_, Belonging::Over) | (Secret::Seeds(_), Belonging::Active) => true,
            (Secret::Share(_), Belonging::Active) | (_, Belonging::Open) => false,
        })
        .map(|(secret, _)| *secret)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLED: Active = Active {
        is_member: true,
        has_share: true,
        canary_opened: true,
        activated_at: 100,
        now: 120,
        overlap: 20,
    };

    fn everything() -> BTreeMap<Secret, Belonging> {
        let digest = B256::repeat_byte;
        BTreeMap::from([
            (Secret::Share(digest(1)), Belonging::Over),
            (Secret::Seeds(digest(1)), Belonging::Over),
            (Secret::Share(digest(2)), Belonging::Active),
            (Secret::Seeds(digest(2)), Belonging::Active),
            (Secret::Share(digest(3)), Belonging::Open),
            (Secret::Seeds(digest(3)), Belonging::Open),
        ])
    }

    #[test]
    fn erasable_is_what_is_over_when_the_epoch_is_settled() {
        let digest = B256::repeat_byte;
        let expected = BTreeSet::from([
            Secret::Share(digest(1)),
            Secret::Seeds(digest(1)),
            Secret::Seeds(digest(2)),
        ]);
        assert_eq!(erasable(&SETTLED, &everything()), expected);
        let left = Active {
            is_member: false,
            has_share: false,
            ..SETTLED
        };
        assert_eq!(erasable(&left, &everything()), expected);
    }

    #[test]
    fn erasable_is_nothing_while_anything_is_waited_for() {
        for (waiting, wait) in [
            (
                Active {
                    has_share: false,
                    ..SETTLED
                },
                Wait::Share,
            ),
            (
                Active {
                    canary_opened: false,
                    ..SETTLED
                },
                Wait::Canary,
            ),
            (
                Active {
                    now: 119,
                    ..SETTLED
                },
                Wait::Overlap(120),
            ),
        ] {
            assert_eq!(waiting.waits_for(), Some(wait));
            assert_eq!(erasable(&waiting, &everything()), BTreeSet::new());
        }
    }

    #[test]
    fn erasable_never_has_the_active_share() {
        // Whatever else is the case.
        for bits in 0..16_u32 {
            let active = Active {
                is_member: bits & 1 > 0,
                has_share: bits & 2 > 0,
                canary_opened: bits & 4 > 0,
                now: if bits & 8 > 0 { u64::MAX } else { 0 },
                ..SETTLED
            };
            let erased = erasable(&active, &everything());
            assert!(!erased.contains(&Secret::Share(B256::repeat_byte(2))));
            assert!(erased.iter().all(|secret| secret.digest().0[0] != 3));
        }
    }
}
