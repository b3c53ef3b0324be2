//! Equal questions are asked once: those under way are joined, answers are kept for a while.

use std::fmt;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use alloy::transports::BoxFuture;
use futures::FutureExt;
use futures::future::Shared;
use lru::LruCache;

use crate::clock::Instant;

/// Keep an answer for as long as there is room.
pub(crate) const FOREVER: Duration = Duration::MAX;

/// Answers under way and answers kept, by question; the least used leave first.
pub(crate) struct Once<K, V>(Mutex<LruCache<K, Slot<V>>>);

struct Slot<V> {
    begun: Instant,
    flight: Shared<BoxFuture<'static, V>>,
}

impl<K: Hash + Eq, V: Clone> Once<K, V> {
    pub(crate) fn new(capacity: NonZeroUsize) -> Self {
        Self(Mutex::new(LruCache::new(capacity)))
    }

    /// The answer to `key`: one kept, one under way, or `ask`'s. `keep` says for
    /// how long, counted from when it was asked, an answer is good; `join`, counted
    /// likewise, until when one under way is joined.
    pub(crate) async fn run(
        &self,
        key: K,
        keep: impl Fn(&V) -> Duration,
        join: Duration,
        ask: impl FnOnce() -> BoxFuture<'static, V>,
    ) -> V {
        self.run_where(key, |slot| slot.usable(keep, join), ask)
            .await
    }

    /// The same of answers that were asked for at `since` or later, however long they are kept.
    pub(crate) async fn run_since(
        &self,
        key: K,
        since: Instant,
        ask: impl FnOnce() -> BoxFuture<'static, V>,
    ) -> V {
        let good = |slot: &Slot<V>| slot.begun >= since && slot.usable(|_| FOREVER, FOREVER);
        self.run_where(key, good, ask).await
    }

    async fn run_where(
        &self,
        key: K,
        good: impl FnOnce(&Slot<V>) -> bool,
        ask: impl FnOnce() -> BoxFuture<'static, V>,
    ) -> V {
        let flight = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match slots.get(&key).filter(|slot| good(slot)) {
                Some(slot) => slot.flight.clone(),
                None => {
                    let flight = ask().shared();
                    let slot = Slot {
                        begun: Instant::now(),
                        flight: flight.clone(),
                    };
                    slots.put(key, slot);
                    flight
                }
            }
        };
        flight.await
    }
}

impl<V: Clone> Slot<V> {
    fn usable(&self, keep: impl Fn(&V) -> Duration, join: Duration) -> bool {
        let age = self.begun.elapsed();
        match self.flight.peek() {
            Some(answer) => age < keep(answer),
            // Under way, if somebody besides this slot drives it; one that was
            // abandoned half way would only report its own time limit.
            None => {
                let mut holders = self.flight.strong_count().into_iter();
                age < join && holders.any(|holders| holders > 1)
            }
        }
    }
}

impl<K, V> fmt::Debug for Once<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn once() -> Once<u8, u32> {
        Once::new(NonZeroUsize::new(2).unwrap())
    }

    fn asked(count: &Arc<AtomicU32>) -> BoxFuture<'static, u32> {
        let count = Arc::clone(count);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            count.fetch_add(1, Ordering::SeqCst)
        })
    }

    #[tokio::test]
    async fn once_asks_one_time_for_concurrent_questions() {
        let (once, count) = (once(), Arc::new(AtomicU32::new(0)));
        let runs = (0..10).map(|_| once.run(7, |_| Duration::ZERO, FOREVER, || asked(&count)));
        assert_eq!(futures::future::join_all(runs).await, vec![0; 10]);
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn once_asks_again_when_an_answer_is_not_kept() {
        let (once, count) = (once(), Arc::new(AtomicU32::new(0)));
        for want in 0..3 {
            assert_eq!(
                once.run(7, |_| Duration::ZERO, FOREVER, || asked(&count))
                    .await,
                want
            );
        }
        assert_eq!(once.run(8, |_| FOREVER, FOREVER, || asked(&count)).await, 3);
        assert_eq!(once.run(8, |_| FOREVER, FOREVER, || asked(&count)).await, 3);
    }

    #[tokio::test]
    async fn once_asks_again_when_an_answer_is_older_than_wanted() {
        let (once, count) = (once(), Arc::new(AtomicU32::new(0)));
        let before = Instant::now();
        assert_eq!(once.run(7, |_| FOREVER, FOREVER, || asked(&count)).await, 0);
        assert_eq!(once.run_since(7, before, || asked(&count)).await, 0);
        let after = Instant::now();
        assert_eq!(once.run_since(7, after, || asked(&count)).await, 1);
        assert_eq!(once.run(7, |_| FOREVER, FOREVER, || asked(&count)).await, 1);
    }

    #[tokio::test]
    async fn once_asks_anew_when_the_asker_gave_up() {
        let (once, count) = (once(), Arc::new(AtomicU32::new(0)));
        let given_up = tokio::time::timeout(
            Duration::from_millis(1),
            once.run(
                7,
                |_| FOREVER,
                FOREVER,
                || Box::pin(async { std::future::pending::<u32>().await }),
            ),
        );
        given_up.await.unwrap_err();
        assert_eq!(once.run(7, |_| FOREVER, FOREVER, || asked(&count)).await, 0);
    }

    #[tokio::test]
    async fn once_joins_no_question_that_has_been_under_way_for_too_long() {
        let (once, count) = (once(), Arc::new(AtomicU32::new(0)));
        let asker = |join| once.run(7, |_| Duration::ZERO, join, || asked(&count));
        let answers = futures::join!(asker(FOREVER), asker(Duration::ZERO), asker(FOREVER));
        assert_eq!(answers, (0, 1, 1));
    }
}
