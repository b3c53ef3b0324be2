//! Which thresholds are allowed, and how many must agree.

/// Most members of a committee.
pub const MAX_MEMBERS: u16 = 256;

/// Why a threshold was refused.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ThresholdError {
    /// No members, or too many.
    #[error("a committee has 1 to {MAX_MEMBERS} members, not {0}")]
    Size(u16),
    /// A lone node holds the whole key.
    #[error("one member alone is allowed on a devnet only")]
    Alone,
    /// Below half or above all.
    #[error("with {size} members the threshold is {least} to {size}, not {found}")]
    Range {
        /// Members.
        size: u16,
        /// Least threshold allowed.
        least: u16,
        /// What was given.
        found: u16,
    },
}

/// Checks `⌈(n+1)/2⌉ ≤ t ≤ n`; `n = t = 1` on a devnet only.
///
/// # Errors
/// [`ThresholdError`], with the range.
pub fn check_threshold(size: u16, threshold: u16, devnet: bool) -> Result<(), ThresholdError> {
    if size == 0 || size > MAX_MEMBERS {
        return Err(ThresholdError::Size(size));
    }
    let least = size / 2 + 1;
    if threshold < least || threshold > size {
        return Err(ThresholdError::Range {
            size,
            least,
            found: threshold,
        });
    }
    if size == 1 && !devnet {
        return Err(ThresholdError::Alone);
    }
    Ok(())
}

/// Confirmations that activate an epoch: `n − ⌊(n−t)/2⌋`.
#[must_use]
pub const fn confirmation_quorum(size: u16, threshold: u16) -> u16 {
    size - size.saturating_sub(threshold) / 2
}

/// Approvals that start a ceremony: all operators the first time, the old threshold for a reshare.
#[must_use]
pub const fn approvals_needed(kind: super::CeremonyKind, dealers: u16, old_threshold: u16) -> u16 {
    match kind {
        super::CeremonyKind::First => dealers,
        super::CeremonyKind::Reshare => old_threshold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threshold_range_is_a_majority_up_to_all() {
        for size in 2..=MAX_MEMBERS {
            for threshold in 0..=size + 1 {
                let allowed = 2 * threshold > size && threshold <= size;
                assert_eq!(
                    check_threshold(size, threshold, false).is_ok(),
                    allowed,
                    "{threshold} of {size}"
                );
            }
        }
    }

    #[test]
    fn lone_member_is_refused_outside_a_devnet() {
        assert_eq!(check_threshold(1, 1, false), Err(ThresholdError::Alone));
        assert_eq!(check_threshold(1, 1, true), Ok(()));
        assert_eq!(check_threshold(0, 0, true), Err(ThresholdError::Size(0)));
        assert_eq!(
            check_threshold(257, 200, true),
            Err(ThresholdError::Size(257))
        );
    }

    #[test]
    fn quorum_leaves_a_threshold_of_honest_confirmations() {
        // Even if every faulty member that an attack may own (n − t offline, t − 1 corrupt) is
        // counted, a quorum is never more than all and never less than the threshold.
        for size in 1..=MAX_MEMBERS {
            for threshold in size / 2 + 1..=size {
                let quorum = confirmation_quorum(size, threshold);
                assert!(threshold <= quorum && quorum <= size);
            }
        }
        assert_eq!(confirmation_quorum(5, 3), 4);
        assert_eq!(confirmation_quorum(1, 1), 1);
        assert_eq!(confirmation_quorum(64, 43), 54);
    }
}
