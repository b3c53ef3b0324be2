//! Which blocks a reader asks at: as an honest one takes them, or as somebody does who wants in.

use std::sync::Arc;

use alloy::primitives::{B256, keccak256};
use stheno_protocol::Anchor;

use super::{
    dice::Dice,
    double,
    history::{Block, MAX_ANCHOR_AGE, at_head},
    mischief::Mischief,
    tree::Tree,
    world::World,
};

/// How anchors are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// The newest that are as final as is asked.
    Honest,
    /// Those of the last grant.
    Again,
    /// One of them is no block of this chain, or not the one that it says.
    Forged,
    /// Newer than is asked, from when the policy was true.
    Shallow,
    /// Newer than is final, and otherwise as deep as is asked, from when the policy was true.
    NotFinal,
    /// Older than is allowed, from when the policy was true.
    Old,
    /// From when the policy was true, which it may not be any more.
    BeforeLoss,
    /// Of a branch that was undone.
    Undone,
    /// Any.
    Any,
}

const DISHONEST: [Way; 14] = [
    Way::Forged,
    Way::Forged,
    Way::Forged,
    Way::Shallow,
    Way::Shallow,
    Way::Old,
    Way::Old,
    Way::BeforeLoss,
    Way::BeforeLoss,
    Way::BeforeLoss,
    Way::Undone,
    Way::Undone,
    Way::Again,
    Way::Any,
];

/// What is asked at.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) way: Way,
    /// One for each tier.
    pub(super) blocks: Vec<Arc<Block>>,
    /// As they are sent: not always those of the blocks.
    pub(super) anchors: Vec<Anchor>,
}

/// What is chosen from, and by what.
pub(super) struct Chooser<'a> {
    pub(super) world: &'a World,
    pub(super) tree: &'a Tree,
    pub(super) tiers: &'a [u64],
    pub(super) orphans: &'a [Arc<Block>],
    pub(super) last_grant: Option<&'a Choice>,
    pub(super) dice: &'a mut Dice,
}

impl Chooser<'_> {
    pub(super) fn choose(&mut self) -> Choice {
        let way = match self.dice.percent(50) {
            true => Way::Honest,
            // Who wants in asks where liars help.
            false if self.is_head_called_final() && self.dice.percent(60) => Way::NotFinal,
            false => self.dice.pick(&DISHONEST),
        };
        match way {
            Way::Forged if !self.tiers.is_empty() => self.forged(),
            Way::Again if self.last_grant.is_some() => {
                let last = self.last_grant.unwrap().clone();
                Choice { way, ..last }
            }
            Way::Again | Way::Forged => self.of_blocks(Way::Honest),
            way => self.of_blocks(way),
        }
    }

    fn is_head_called_final(&self) -> bool {
        let version = self.world.history.now();
        let mut lies = version.mischief.iter().flatten();
        lies.any(|what| *what == Mischief::FinalIsHead)
    }

    /// Anchors that are chosen so for every tier.
    pub(super) fn of_blocks(&mut self, way: Way) -> Choice {
        let tiers = self.tiers;
        let mut block = |tier: &u64| {
            let own = match (way, tier) {
                (Way::NotFinal, 0) => Way::Shallow,
                (Way::NotFinal, _) => Way::BeforeLoss,
                (way, _) => way,
            };
            self.block(own, *tier)
        };
        let blocks: Vec<_> = tiers.iter().map(&mut block).collect();
        let anchors = tiers.iter().zip(&blocks);
        Choice {
            way,
            anchors: anchors.map(|(tier, block)| block.anchor(*tier)).collect(),
            blocks,
        }
    }

    fn block(&mut self, way: Way, tier: u64) -> Arc<Block> {
        let chain = self.world.chain();
        let final_time = self
            .world
            .block(self.world.finalized().min(self.world.head().at))
            .time;
        let is_old = |block: &Arc<Block>| block.time + MAX_ANCHOR_AGE < final_time;
        let is_true = |block: &Arc<Block>| at_head(self.tree, block) == Some(true);
        let is_deep = |block: &Arc<Block>| self.is_deep(tier, block);
        let of = |fits: &dyn Fn(&Arc<Block>) -> bool| -> Vec<Arc<Block>> {
            chain.iter().filter(|block| fits(block)).cloned().collect()
        };
        // The best first; whichever is not empty is taken.
        let groups: Vec<Vec<Arc<Block>>> = match way {
            Way::Honest | Way::Again | Way::Forged | Way::NotFinal => Vec::new(),
            Way::Shallow => vec![
                of(&|block| !is_deep(block) && is_true(block)),
                of(&|block| !is_deep(block)),
            ],
            Way::Old => vec![
                of(&|block| is_old(block) && is_true(block)),
                of(&|block| is_old(block)),
            ],
            Way::BeforeLoss => {
                let good = of(&|block| is_deep(block) && !is_old(block) && is_true(block));
                vec![good[good.len().saturating_sub(3)..].to_vec()]
            }
            Way::Undone => {
                let undone = |fits: &dyn Fn(&Arc<Block>) -> bool| -> Vec<Arc<Block>> {
                    let orphans = self.orphans.iter();
                    orphans.filter(|block| fits(block)).cloned().collect()
                };
                vec![
                    undone(&|block| is_deep(block) && is_true(block)),
                    undone(&|block| is_true(block)),
                    undone(&|_| true),
                ]
            }
            Way::Any => vec![chain[chain.len() - 30..].to_vec()],
        };
        match groups.into_iter().find(|group| !group.is_empty()) {
            Some(group) => self.dice.pick(&group),
            None => self.honest(tier),
        }
    }

    fn is_deep(&self, tier: u64, block: &Block) -> bool {
        match tier {
            0 => block.at <= self.world.finalized(),
            tier => block.number + tier <= self.world.told_head().number,
        }
    }

    fn honest(&self, tier: u64) -> Arc<Block> {
        let head = self.world.told_head();
        let at = match tier {
            0 => self.world.finalized().min(head.at),
            tier => {
                let deep = |block: &&Arc<Block>| block.number + tier <= head.number;
                let deepest = self.world.chain().iter().rev().find(deep);
                deepest.unwrap().at
            }
        };
        Arc::clone(self.world.block(at))
    }

    /// Anchors that would do, but for one.
    fn forged(&mut self) -> Choice {
        let way = self.dice.pick(&[Way::Honest, Way::BeforeLoss]);
        let mut choice = self.of_blocks(way);
        choice.way = Way::Forged;
        let which = self.dice.below(self.tiers.len());
        let block = Arc::clone(&choice.blocks[which]);
        let anchor = &mut choice.anchors[which];
        match self.dice.below(16) {
            // Right number, hash of another branch.
            0..=4 => {
                let same = self.orphans.iter().filter(|own| own.number == block.number);
                let same: Vec<_> = same.cloned().collect();
                anchor.hash = match (same.is_empty(), self.orphans.is_empty()) {
                    (false, _) => self.dice.pick(&same).hash,
                    (true, false) => self.dice.pick(self.orphans).hash,
                    (true, true) => B256::from(self.dice.bytes()),
                };
            }
            5..=6 => anchor.hash = B256::from(self.dice.bytes()),
            // A neighbour's, which was never at that number.
            7..=8 => {
                let chain = self.world.chain();
                let near = chain.iter().filter(|own| own.at.abs_diff(block.at) == 1);
                let near: Vec<_> = near.cloned().collect();
                anchor.hash = self.dice.pick(&near).hash;
            }
            9..=10 => anchor.number = block.number - self.dice.between(1, 2),
            11 => anchor.number = block.number + self.dice.between(1, 2),
            // Of another chain that the node reads, too.
            12 => anchor.hash = keccak256(block.number.to_be_bytes()),
            13 => {
                anchor.chain_id = double::CHAIN_ID;
                anchor.number = self.world.node.home.chain.final_anchor().number;
                anchor.hash = keccak256(anchor.number.to_be_bytes());
            }
            14 => anchor.confirmations = self.dice.pick(&[0, 1, 2, 3, 4]),
            // Each tier's where another's belongs.
            _ => {
                let confirmations: Vec<u64> = self.tiers.to_vec();
                choice.blocks.rotate_left(1);
                let pairs = confirmations.iter().zip(&choice.blocks);
                choice.anchors = pairs.map(|(tier, block)| block.anchor(*tier)).collect();
            }
        }
        choice
    }
}
