//! Requests answered already: a copy gets the same answer, and costs its account nothing.
//!
//! A signed request is seen by every node, and by whoever carries it. Without
//! this, a stranger could send it again and again and use up its account's
//! share of the node's time.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use alloy::primitives::{B256, Bytes};
use lru::LruCache;
use stheno_protocol::Problem;
use tokio::sync::OnceCell;

/// Most requests that are remembered. They live five minutes at most; the oldest leave first.
const REQUESTS: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();
/// Most bytes of answers that are remembered.
const BYTES: usize = 64 << 20;

/// Requests seen lately, by digest.
#[derive(Debug)]
pub(super) struct Replays(Mutex<Seen>);

#[derive(Debug)]
struct Seen {
    requests: LruCache<B256, Arc<Replay>>,
    /// Of the answers that are counted.
    bytes: usize,
}

/// One request, however often it comes.
#[derive(Debug, Default)]
pub(super) struct Replay {
    charged: AtomicBool,
    counted: AtomicBool,
    answer: OnceCell<Bytes>,
}

impl Default for Replays {
    fn default() -> Self {
        Self(Mutex::new(Seen {
            requests: LruCache::new(REQUESTS),
            bytes: 0,
        }))
    }
}

impl Replays {
    /// The request with this digest. Only for requests whose signature has been checked.
    pub(super) fn of(&self, digest: B256) -> Arc<Replay> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(replay) = seen.requests.get(&digest) {
            return Arc::clone(replay);
        }
        let replay = Arc::<Replay>::default();
        if let Some((_, oldest)) = seen.requests.push(digest, Arc::clone(&replay)) {
            seen.bytes -= oldest.counted_bytes();
        }
        replay
    }

    /// Counts an answer that has just been given, and forgets the oldest beyond what there is
    /// room for.
    pub(super) fn weigh(&self, digest: &B256, replay: &Arc<Replay>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_kept = seen
            .requests
            .peek(digest)
            .is_some_and(|kept| Arc::ptr_eq(kept, replay));
        if is_kept && !replay.counted.swap(true, Ordering::Relaxed) {
            seen.bytes += replay.counted_bytes();
        }
        while seen.bytes > BYTES {
            match seen.requests.pop_lru() {
                Some((_, oldest)) => seen.bytes -= oldest.counted_bytes(),
                None => return,
            }
        }
    }
}

impl Replay {
    fn counted_bytes(&self) -> usize {
        if !self.counted.load(Ordering::Relaxed) {
            return 0;
        }
        self.answer.get().map_or(0, |answer| answer.len())
    }

    /// The answer, if it has been given.
    pub(super) fn answer(&self) -> Option<Bytes> {
        self.answer.get().cloned()
    }

    /// Whether nobody has been charged for it yet; from now on somebody has.
    pub(super) fn is_first_charge(&self) -> bool {
        !self.charged.swap(true, Ordering::Relaxed)
    }

    /// The charge was refused.
    pub(super) fn was_not_charged(&self) {
        self.charged.store(false, Ordering::Relaxed);
    }

    /// The answer: the one given, the one under way, or what `release` comes to.
    /// A refusal is not kept.
    pub(super) async fn answer_once(
        &self,
        release: impl Future<Output = Result<Bytes, Problem>>,
    ) -> Result<Bytes, Problem> {
        self.answer.get_or_try_init(|| release).await.cloned()
    }
}

#[cfg(test)]
mod tests {
    use stheno_protocol::Code;

    use super::*;

    #[tokio::test]
    async fn request_is_worked_on_once_and_charged_once() {
        let replays = Replays::default();
        let digest = B256::repeat_byte(1);
        let replay = replays.of(digest);
        assert!(replay.is_first_charge());
        let refused = replay
            .answer_once(async { Err(Problem::new(Code::Busy, "")) })
            .await;
        assert_eq!(refused.unwrap_err().code, Code::Busy);
        let again = replays.of(digest);
        assert!(!again.is_first_charge());
        assert!(again.answer().is_none(), "refusals are not kept");
        let first = again
            .answer_once(async { Ok(Bytes::from_static(b"a")) })
            .await
            .unwrap();
        let second = replays
            .of(digest)
            .answer_once(async { panic!("worked twice") })
            .await
            .unwrap();
        assert_eq!(first, second);
    }

    #[tokio::test]
    async fn answers_are_forgotten_beyond_their_room() {
        let replays = Replays::default();
        let size = BYTES / 4;
        for number in 0..6_u8 {
            let digest = B256::repeat_byte(number);
            let replay = replays.of(digest);
            let answer = async { Ok(Bytes::from(vec![0; size])) };
            replay.answer_once(answer).await.unwrap();
            replays.weigh(&digest, &replay);
            replays.weigh(&digest, &replay);
        }
        let kept: Vec<bool> = (0..6)
            .map(|n| replays.of(B256::repeat_byte(n)).answer().is_some())
            .collect();
        assert_eq!(kept, [false, false, true, true, true, true]);
    }
}
