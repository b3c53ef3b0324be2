//! Proofs that wait for a thread, by key.
//!
//! Whoever gets a thread takes what waits under one key, up to a batch. So those that came together are
//! verified together, no computation is long, and keys take turns.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use tokio::sync::oneshot;

/// Most proofs that are verified at once: some 40 ms, where all hold.
pub(super) const BATCH: usize = 64;

/// What waits, in the order in which it came.
#[derive(Debug)]
pub(super) struct Queue<K, T>(Mutex<BTreeMap<K, VecDeque<Waiting<T>>>>);

/// One that waits, and who waits for it.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    pub(super) what: T,
    pub(super) verdict: oneshot::Sender<bool>,
}

impl<K, T> Default for Queue<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Copy + Ord, T> Queue<K, T> {
    /// Adds one that waits. After it, somebody must be sent to [`take`](Self::take).
    pub(super) fn push(&self, key: K, what: T) -> oneshot::Receiver<bool> {
        let (verdict, waits) = oneshot::channel();
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_key = queue.entry(key).or_default();
        of_key.push_back(Waiting { what, verdict });
        waits
    }

    /// Up to [`BATCH`] under a key, those left out whose asker has gone away.
    pub(super) fn take(&self, key: K) -> Vec<Waiting<T>> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::new();
        let Some(of_key) = queue.get_mut(&key) else {
            return taken;
        };
        while taken.len() < BATCH
            && let Some(next) = of_key.pop_front()
        {
            if !next.verdict.is_closed() {
                taken.push(next);
            }
        }
        if of_key.is_empty() {
            queue.remove(&key);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded_of_one_key_and_of_those_who_still_wait() {
        let queue = Queue::default();
        let mut waiting: Vec<_> = (0..3 * BATCH).map(|at| Some(queue.push('a', at))).collect();
        let _other = queue.push('b', 1_000);
        // Every third goes away.
        for gone in waiting.iter_mut().step_by(3) {
            *gone = None;
        }
        let left: Vec<usize> = (0..3 * BATCH).filter(|at| at % 3 != 0).collect();
        let taken = || queue.take('a').into_iter().map(|one| one.what);
        assert!(taken().eq(left[..BATCH].iter().copied()));
        assert!(taken().eq(left[BATCH..].iter().copied()));
        assert_eq!(taken().count(), 0);
        assert_eq!(queue.take('b').len(), 1);
        assert!(queue.0.lock().unwrap().is_empty(), "keys do not pile up");
    }
}
