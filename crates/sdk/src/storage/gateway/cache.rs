//! The blocks that were fetched last: nodes above what is read next, leaves that two chunks share.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cid::Cid;

/// What the blocks may take in memory.
const MOST_BYTES: usize = 8 << 20;

/// Verified blocks, the ones that were used last; and who is fetching which.
#[derive(Debug, Default)]
pub(super) struct BlockCache {
    kept: Mutex<Kept>,
    /// A block that two want is fetched once.
    fetching: Mutex<HashMap<Cid, Arc<futures::lock::Mutex<()>>>>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The most recently used last.
    blocks: VecDeque<(Cid, Arc<Vec<u8>>)>,
    bytes: usize,
}

impl BlockCache {
    /// The block, if it is still here.
    pub(super) fn find(&self, cid: &Cid) -> Option<Arc<Vec<u8>>> {
        let mut kept = self.kept();
        let place = kept.blocks.iter().position(|(known, _)| known == cid)?;
        let found = kept.blocks.remove(place)?;
        let block = Arc::clone(&found.1);
        kept.blocks.push_back(found);
        Some(block)
    }

    /// Keeps a block, and forgets those that were not used for longest.
    pub(super) fn keep(&self, cid: &Cid, block: &Arc<Vec<u8>>) {
        if self.find(cid).is_some() {
            return;
        }
        let mut kept = self.kept();
        kept.bytes += block.len();
        kept.blocks.push_back((*cid, Arc::clone(block)));
        while kept.bytes > MOST_BYTES {
            let Some((_, oldest)) = kept.blocks.pop_front() else {
                break;
            };
            kept.bytes -= oldest.len();
        }
    }

    /// What to lock while a block is fetched, so that nobody else does.
    pub(super) fn turn(&self, cid: &Cid) -> Arc<futures::lock::Mutex<()>> {
        let mut fetching = self.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody waits for any more.
        fetching.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(fetching.entry(*cid).or_default())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(byte: u8) -> (Cid, Arc<Vec<u8>>) {
        // CIDv1, raw, identity.
        let cid = Cid::try_from(&[1, 0x55, 0, 1, byte][..]).unwrap();
        (cid, Arc::new(vec![byte; 1 << 20]))
    }

    #[test]
    fn cache_keeps_what_was_used_last_within_its_bytes() {
        let cache = BlockCache::default();
        let (first, first_block) = block(0);
        cache.keep(&first, &first_block);
        for byte in 1..100 {
            let (cid, block) = block(byte);
            cache.keep(&cid, &block);
            assert!(cache.find(&first).is_some(), "{byte}");
        }
        let kept = (0..100).filter(|byte| cache.find(&block(*byte).0).is_some());
        assert_eq!(kept.count(), MOST_BYTES >> 20);
        assert!(cache.kept().bytes <= MOST_BYTES);
    }
}
