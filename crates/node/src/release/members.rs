//! How much members may ask who show no account: by nullifier, in memory alone.
//!
//! Whoever sees a request can send it again under another nonce, or with its proof in other bytes. So
//! what counts is what was proven: a member is charged once for it, however often it comes.
//!
//! What is absent: nullifiers by themselves. Whoever made the key that a policy of theirs names can
//! prove anybody's under it; under another policy that touches nobody.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use lru::LruCache;
use stheno_circuits::{BindingHash, Nullifier};
use stheno_crypto::PolicyDigest;

use crate::limits::Buckets;

/// Most requests that are remembered to have been charged. They live five minutes at most, and are
/// refused afterwards; the oldest leave first.
const CHARGED: NonZeroUsize = NonZeroUsize::new(65_536).unwrap();

/// Who a request is of, as far as it can be told: one secret under one policy.
type Member = (PolicyDigest, Nullifier);

/// What a member proves: that one request is of theirs.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Asked {
    pub(super) policy: PolicyDigest,
    pub(super) nullifier: Nullifier,
    pub(super) binding: BindingHash,
}

impl Asked {
    const fn member(&self) -> Member {
        (self.policy, self.nullifier)
    }
}

/// Buckets of members, and what they have been charged for.
#[derive(Debug)]
pub(super) struct Members {
    buckets: Buckets<Member>,
    charged: Mutex<LruCache<Asked, ()>>,
}

impl Members {
    /// Buckets that fill with so many items a minute.
    pub(super) fn new(per_minute: u32) -> Self {
        Self {
            buckets: Buckets::new(per_minute),
            charged: Mutex::new(LruCache::new(CHARGED)),
        }
    }

    /// Whether [`charge`](Self::charge) would be refused, if it were proven; nobody is charged.
    ///
    /// # Errors
    /// When there are too few items left: the seconds until there are enough.
    pub(super) fn look(&self, asked: &[Asked], items: usize, now: Instant) -> Result<(), u64> {
        let charged = self.charged.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new = asked.iter().filter(|asked| !charged.contains(asked));
        new.try_for_each(|asked| self.buckets.look(&asked.member(), items, now))
    }

    /// Charges each member `items` for what they have proven, unless that was done before.
    ///
    /// # Errors
    /// When one has too few left, and then none is charged: the seconds until there are enough.
    pub(super) fn charge(&self, asked: &[Asked], items: usize, now: Instant) -> Result<(), u64> {
        let mut charged = self.charged.lock().unwrap_or_else(PoisonError::into_inner);
        let new = asked.iter().filter(|asked| !charged.contains(asked));
        let new: Vec<Asked> = new.copied().collect();
        for asked in &new {
            self.buckets.look(&asked.member(), items, now)?;
        }
        for asked in new {
            self.buckets.take(asked.member(), items, now)?;
            charged.put(asked, ());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(policy: u8, nullifier: u8, binding: u8) -> Asked {
        Asked {
            policy: PolicyDigest::from_bytes([policy; 32]),
            nullifier: Nullifier::from_bytes(&[nullifier; 32]).unwrap(),
            binding: BindingHash::from_bytes(&[binding; 32]).unwrap(),
        }
    }

    #[test]
    fn member_is_charged_once_for_what_is_proven() {
        let (members, now) = (Members::new(300), Instant::now());
        for _ in 0..10 {
            assert_eq!(members.look(&[asked(1, 1, 1)], 200, now), Ok(()));
            assert_eq!(members.charge(&[asked(1, 1, 1)], 200, now), Ok(()));
        }
        assert_eq!(members.charge(&[asked(1, 1, 2)], 100, now), Ok(()));
        assert!(members.look(&[asked(1, 1, 3)], 1, now).is_err());
        assert!(members.charge(&[asked(1, 1, 3)], 1, now).is_err());
        assert_eq!(members.look(&[asked(1, 1, 2)], 100, now), Ok(()));
    }

    #[test]
    fn nullifier_under_another_policy_is_somebody_else() {
        let (members, now) = (Members::new(300), Instant::now());
        for binding in 1..=9 {
            let _ = members.charge(&[asked(6, 1, binding)], 200, now);
        }
        assert!(members.charge(&[asked(6, 1, 10)], 200, now).is_err());
        assert_eq!(members.charge(&[asked(1, 1, 1)], 200, now), Ok(()));
    }

    #[test]
    fn looking_takes_nothing_and_a_refused_charge_is_nobodys() {
        let (members, now) = (Members::new(300), Instant::now());
        for _ in 0..10 {
            assert_eq!(members.look(&[asked(1, 1, 1)], 300, now), Ok(()));
        }
        members.charge(&[asked(1, 2, 1)], 300, now).unwrap();
        let both = [asked(1, 1, 2), asked(1, 2, 2)];
        assert!(members.charge(&both, 300, now).is_err());
        assert_eq!(members.charge(&[asked(1, 1, 2)], 300, now), Ok(()));
    }
}
