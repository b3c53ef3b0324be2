//! When the shares of an unchanged committee are renewed. Facts in, answers out; no I/O.
//!
//! A refresh makes shares worthless that were stolen one by one over years, and gives a share to a
//! member that lost its own. Members propose it in turn, the first by index first, so that it comes
//! about though some are down, and not several times over.

use std::time::Duration;

/// Most that a member waits longer than the one before it.
const STAGGER: Duration = Duration::from_secs(3_600);

/// What an operator wants.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Schedule {
    /// How old an epoch may become before this node proposes a refresh. `None`: it never does.
    pub every: Option<Duration>,
    /// How old an epoch must be before this node proposes or approves a refresh by itself. Whoever
    /// holds one member's identity key can propose refreshes; this is how often others follow.
    pub gap: Duration,
}

/// What is known of the active epoch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Age {
    /// Since its activation, in the chain's time.
    pub age: Duration,
    /// This node's index in it, from 1.
    pub index: u16,
    /// Whether this node has no good share of it.
    pub lost: bool,
    /// Since the latest ceremony that would follow it was proposed, if any was.
    pub since_proposal: Option<Duration>,
    /// Whether a refresh of it is proposed or runs.
    pub is_under_way: bool,
}

impl Schedule {
    /// Whether this node proposes a refresh now. After one that failed it waits as long as `gap`.
    #[must_use]
    pub fn proposes(&self, epoch: &Age) -> bool {
        let Some(every) = self.every else {
            return false;
        };
        let tried = epoch.since_proposal.is_some_and(|since| since <= self.gap);
        let due = match epoch.lost {
            true => self.gap,
            false => every.max(self.gap),
        };
        let stagger = STAGGER.min(every / 8) * u32::from(epoch.index.saturating_sub(1));
        !tried && !epoch.is_under_way && epoch.age >= due + stagger
    }

    /// Whether this node approves a refresh by itself now.
    #[must_use]
    pub fn approves(&self, age: Duration) -> bool {
        age >= self.gap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);
    const MONTHLY: Schedule = Schedule {
        every: Some(Duration::from_secs(30 * 86_400)),
        gap: DAY,
    };

    fn epoch(days: u32, index: u16) -> Age {
        Age {
            age: DAY * days,
            index,
            lost: false,
            since_proposal: None,
            is_under_way: false,
        }
    }

    #[test]
    fn refresh_is_proposed_when_the_epoch_is_old_by_one_member_after_the_other() {
        assert!(!MONTHLY.proposes(&epoch(29, 1)));
        assert!(MONTHLY.proposes(&epoch(30, 1)));
        assert!(!MONTHLY.proposes(&epoch(30, 2)));
        assert!(MONTHLY.proposes(&epoch(31, 2)));
        assert!(MONTHLY.proposes(&epoch(31, 25)));
        assert!(!MONTHLY.proposes(&epoch(31, 26)));
    }

    #[test]
    fn refresh_is_proposed_the_next_day_by_a_member_without_its_share() {
        let lost = |days| Age {
            lost: true,
            ..epoch(days, 1)
        };
        assert!(!MONTHLY.proposes(&lost(0)));
        assert!(MONTHLY.proposes(&lost(1)));
    }

    #[test]
    fn refresh_that_failed_is_not_tried_again_at_once() {
        let tried = |since| Age {
            since_proposal: Some(since),
            ..epoch(40, 1)
        };
        assert!(!MONTHLY.proposes(&tried(DAY)));
        assert!(MONTHLY.proposes(&tried(DAY * 2)));
    }

    #[test]
    fn refresh_is_not_proposed_beside_another() {
        let proposed = Age {
            since_proposal: Some(DAY * 2),
            is_under_way: true,
            ..epoch(40, 1)
        };
        assert!(!MONTHLY.proposes(&proposed));
    }

    #[test]
    fn refresh_is_never_proposed_when_the_operator_says_never() {
        let never = Schedule {
            every: None,
            ..MONTHLY
        };
        assert!(!never.proposes(&epoch(10_000, 1)));
        assert!(never.approves(DAY) && !never.approves(DAY / 2));
    }
}
