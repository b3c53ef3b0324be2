//! Token buckets: how many items a minute each address and each account may ask for.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use lru::LruCache;
use stheno_protocol::request::MAX_ITEMS;

/// Most keys that are remembered; the least used are forgotten, which at worst fills their bucket.
const KEYS: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

/// Buckets by key. A bucket holds a minute's worth of items, and at least one full request.
#[derive(Debug)]
pub struct Buckets<K: Hash + Eq> {
    per_minute: f64,
    size: f64,
    buckets: Mutex<LruCache<K, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    items: f64,
    at: Instant,
}

impl<K: Hash + Eq> Buckets<K> {
    /// Buckets that fill with so many items a minute.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self {
            per_minute: f64::from(per_minute),
            size: f64::from(per_minute).max(MAX_ITEMS as f64),
            buckets: Mutex::new(LruCache::new(KEYS)),
        }
    }

    /// Takes `items` out of the bucket of `key`.
    ///
    /// # Errors
    /// When there are too few: the seconds until there are enough.
    pub fn take(&self, key: K, items: usize, now: Instant) -> Result<(), u64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.get_or_insert_mut(key, || self.full(now));
        *bucket = self.filled(bucket, now);
        self.check(bucket, items)?;
        bucket.items -= items as f64;
        Ok(())
    }

    /// Whether [`take`](Self::take) would find enough; nothing is taken.
    ///
    /// # Errors
    /// When there are too few: the seconds until there are enough.
    pub fn look(&self, key: &K, items: usize, now: Instant) -> Result<(), u64> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.peek(key).copied();
        self.check(&self.filled(&bucket.unwrap_or(self.full(now)), now), items)
    }

    const fn full(&self, now: Instant) -> Bucket {
        Bucket {
            items: self.size,
            at: now,
        }
    }

    /// With what has come in since.
    fn filled(&self, bucket: &Bucket, now: Instant) -> Bucket {
        let minutes = now.saturating_duration_since(bucket.at).as_secs_f64() / 60.0;
        Bucket {
            items: (bucket.items + minutes * self.per_minute).min(self.size),
            at: now,
        }
    }

    fn check(&self, bucket: &Bucket, items: usize) -> Result<(), u64> {
        let missing = items as f64 - bucket.items;
        if missing <= 0.0 {
            return Ok(());
        }
        // A rate of 0 never fills: say a minute.
        Err((missing / self.per_minute * 60.0).min(60.0).ceil().max(1.0) as u64)
    }

    /// Puts `items` back that were taken and not used.
    pub fn put_back(&self, key: &K, items: usize) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(key) {
            bucket.items = (bucket.items + items as f64).min(self.size);
        }
    }
}

/// Who shares a bucket: an IPv4 address, or a /64 of IPv6, which one customer has whole.
#[must_use]
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn bucket_empties_and_fills_with_time() {
        let buckets = Buckets::new(600);
        let start = Instant::now();
        assert_eq!(buckets.take("a", 600, start), Ok(()));
        assert_eq!(buckets.take("a", 1, start), Err(1));
        assert_eq!(
            buckets.take("b", 1, start),
            Ok(()),
            "others are not affected"
        );
        let later = start + Duration::from_secs(6);
        assert_eq!(buckets.take("a", 61, later), Err(1));
        assert_eq!(buckets.look(&"a", 61, later), Err(1));
        assert_eq!(buckets.look(&"a", 60, later), Ok(()), "nothing is taken");
        assert_eq!(
            buckets.look(&"c", 600, later),
            Ok(()),
            "of whom nothing is known"
        );
        assert_eq!(buckets.take("a", 60, later), Ok(()));
        buckets.put_back(&"a", 10);
        assert_eq!(buckets.take("a", 10, later), Ok(()));
        assert_eq!(buckets.take("a", 600, later), Err(60));
    }

    #[test]
    fn bucket_always_has_room_for_one_full_request() {
        let buckets = Buckets::new(1);
        let start = Instant::now();
        assert_eq!(buckets.take((), MAX_ITEMS, start), Ok(()));
        assert!(buckets.take((), 1, start).is_err());
    }

    #[test]
    fn household_of_ipv6_is_its_network_and_mapped_ipv4_is_ipv4() {
        let same =
            |a: &str, b: &str| household(a.parse().unwrap()) == household(b.parse().unwrap());
        assert!(same("2001:db8:1:2:3::1", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("::ffff:10.0.0.1", "10.0.0.1"));
        assert!(!same("10.0.0.1", "10.0.0.2"));
    }
}
