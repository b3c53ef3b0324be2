//! What the chain was, moment by moment, as the test made it: the judge of every grant.

use std::sync::Arc;

use alloy::primitives::B256;
use stheno_protocol::Anchor;

use super::{
    rights::{Condition, Facts, Moment},
    tree::Tree,
};

/// Most seconds of block time that an anchor may lie behind the final head.
const MAX_ANCHOR_AGE: u64 = 600;

/// A block, with what the reader had after it.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// Anvil's number.
    pub(super) at: u64,
    /// The number that is told.
    pub(super) number: u64,
    pub(super) hash: B256,
    pub(super) time: u64,
    pub(super) facts: Facts,
}

impl Block {
    pub(super) const fn moment(&self) -> Moment {
        Moment {
            number: self.number,
            time: self.time,
        }
    }

    pub(super) const fn anchor(&self, confirmations: u64) -> Anchor {
        Anchor {
            chain_id: super::CHAIN,
            confirmations,
            number: self.number,
            hash: self.hash,
        }
    }

    /// What a condition ought to say at this block.
    pub(super) fn says(&self, condition: Condition) -> Option<bool> {
        condition.says(&self.facts, self.moment())
    }
}

/// What honest endpoints told at one time.
#[derive(Clone, Debug)]
pub(super) struct Version {
    /// Canonical blocks, the head last; only the newest are kept.
    pub(super) chain: Vec<Arc<Block>>,
    /// Anvil's number of the final block.
    pub(super) finalized: u64,
    /// Whether some or all honest endpoints told the head's parent.
    pub(super) parent_is_told: bool,
    /// Whether the head itself is told by some.
    pub(super) head_is_told: bool,
}

impl Version {
    pub(super) fn head(&self) -> &Arc<Block> {
        self.chain.last().unwrap()
    }

    fn block(&self, hash: B256) -> Option<&Arc<Block>> {
        self.chain.iter().find(|block| block.hash == hash)
    }

    fn at(&self, at: u64) -> Option<&Arc<Block>> {
        self.chain.iter().find(|block| block.at == at)
    }

    /// The final block.
    pub(super) fn last_final(&self) -> &Arc<Block> {
        self.at(self.finalized).unwrap()
    }

    /// The heads that honest endpoints told.
    fn heads(&self) -> Vec<&Arc<Block>> {
        let head = self.head_is_told.then(|| self.head());
        let parent = self
            .parent_is_told
            .then(|| self.at(self.head().at - 1))
            .flatten();
        head.into_iter().chain(parent).collect()
    }
}

/// All versions of a schedule that a node may still go by.
#[derive(Clone, Debug, Default)]
pub(super) struct History(Vec<Arc<Version>>);

impl History {
    /// From now on this is told. What was told before may be in a node's hands a little longer.
    pub(super) fn add(&mut self, version: Version) {
        self.0.push(Arc::new(version));
    }

    pub(super) fn now(&self) -> &Arc<Version> {
        self.0.last().unwrap()
    }

    /// Nobody goes by older versions any more: every endpoint was asked since.
    pub(super) fn settle(&mut self) {
        let now = self.0.pop().unwrap();
        self.0 = vec![now];
    }

    /// Whether all nodes must go by what is told now.
    pub(super) const fn is_settled(&self) -> bool {
        self.0.len() == 1
    }

    /// What is wrong with a grant for these anchors, by everything that was true since the history
    /// was last settled; nothing if it was right.
    pub(super) fn fault(&self, tree: &Tree, anchors: &[Anchor], is_aged: bool) -> Option<String> {
        let mut blocks = Vec::new();
        for anchor in anchors {
            let known = self.0.iter().find_map(|version| version.block(anchor.hash));
            let Some(block) = known.filter(|block| block.number == anchor.number) else {
                return Some(format!("{anchor:?} was not canonical"));
            };
            if let Some(fault) = self.not_deep_enough(anchor, block) {
                return Some(fault);
            }
            let last_final = |version: &Arc<Version>| version.last_final().time;
            let behind = self
                .0
                .iter()
                .map(last_final)
                .min()
                .unwrap()
                .saturating_sub(block.time);
            if is_aged && behind > MAX_ANCHOR_AGE {
                return Some(format!("{anchor:?} was {behind} s behind the final head"));
            }
            blocks.push((anchor.confirmations, block));
        }
        let at_anchors = tree.says(&|condition, confirmations| {
            let own = blocks.iter().find(|(tier, _)| *tier == confirmations);
            match own {
                Some((_, block)) => block.says(condition),
                // It reads nothing.
                None => condition.says(&Facts::default(), Moment { number: 0, time: 0 }),
            }
        });
        if at_anchors != Some(true) {
            return Some(format!("it was {at_anchors:?} at the anchors {anchors:?}"));
        }
        let mut heads = self.0.iter().flat_map(|version| version.heads());
        if !heads.any(|head| at_head(tree, head) == Some(true)) {
            let head = self.now().head();
            return Some(format!(
                "it was true at no head, the last of which was {head:?}"
            ));
        }
        None
    }

    fn not_deep_enough(&self, anchor: &Anchor, block: &Block) -> Option<String> {
        let is_deep = |version: &Arc<Version>| match anchor.confirmations {
            0 => block.at <= version.finalized,
            k => version
                .heads()
                .iter()
                .any(|head| block.number + k <= head.number),
        };
        let fault = || format!("{anchor:?} was not as final as was asked");
        (!self.0.iter().any(is_deep)).then(fault)
    }

    /// What a node must answer when all its endpoints are honest and the history is settled:
    /// `ok` or a problem's code.
    pub(super) fn expected(
        &self,
        tree: &Tree,
        anchors: &[Arc<Block>],
        tiers: &[u64],
    ) -> &'static str {
        let version = self.now();
        let then = tree.says(&|condition, confirmations| {
            let own = tiers.iter().position(|tier| *tier == confirmations);
            match own {
                Some(own) => anchors[own].says(condition),
                None => condition.says(&Facts::default(), Moment { number: 0, time: 0 }),
            }
        });
        let now = at_head(tree, version.heads().last().unwrap());
        match (then, now) {
            (Some(true), Some(true)) => "ok",
            (Some(true), Some(false)) => "no_longer_met",
            (Some(true), None) => "head_unavailable",
            (_, Some(true)) => "not_final_yet",
            (Some(false), _) => "condition_not_met",
            (None, _) => "condition_unknown",
        }
    }
}

/// What a tree says at a head, all tiers being read there.
pub(super) fn at_head(tree: &Tree, head: &Block) -> Option<bool> {
    tree.says(&|condition, _| head.says(condition))
}
