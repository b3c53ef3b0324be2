//! What the chain was, moment by moment, as the test made it: the judge of every grant.

use std::{sync::Arc, time::Instant};

use alloy::primitives::B256;
use stheno_protocol::Anchor;

use super::{
    SECONDS,
    mischief::Mischief,
    node::HEAD_TTL,
    rights::{Condition, Facts, Moment},
    tree::Tree,
};

/// Most seconds of block time that an anchor may lie behind the final head.
pub(super) const MAX_ANCHOR_AGE: u64 = 600;

/// Most seconds of block time that a head may lie behind what honest endpoints tell, where endpoints
/// do not agree on it: two rounds.
const MOST_LAG: u64 = 2 * SECONDS;

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

    fn line(&self) -> String {
        let Self {
            at,
            number,
            hash,
            time,
            ..
        } = self;
        format!("{at} ({number}, {hash}, {time} s: {:?})", self.facts.values)
    }

    /// What a condition ought to say at this block.
    pub(super) fn says(&self, condition: Condition) -> Option<bool> {
        condition.says(&self.facts, self.moment())
    }
}

/// What was told at one time.
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
    /// What was done to each of the node's endpoints.
    pub(super) mischief: Vec<Vec<Mischief>>,
    /// Nobody was told this before.
    pub(super) from: Instant,
    /// Nobody was told this later.
    pub(super) until: Option<Instant>,
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

    /// The oldest block that a node may have taken for the final one: fewer endpoints than must agree
    /// can show an older one than there is, though never a newer one.
    fn lowest_final(&self) -> &Arc<Block> {
        let below_head = |blocks: u64| self.finalized.min(self.head().at.saturating_sub(blocks));
        let shown = self.mischief.iter().flatten().map(|what| match what {
            Mischief::OldFinal(blocks) => self.finalized.saturating_sub(*blocks),
            Mischief::OldHead(blocks) => below_head(*blocks),
            Mischief::LatestIsParent => below_head(1),
            _ => self.finalized,
        });
        let latest = below_head(u64::from(!self.head_is_told));
        let lowest = shown.chain([latest]).min().unwrap();
        self.at(lowest).unwrap_or(&self.chain[0])
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

    /// The newest blocks that a node may take for the head where endpoints do not agree on it: as far
    /// below as an honest one may lag, and no further.
    fn disputed_heads(&self) -> impl Iterator<Item = &Arc<Block>> {
        let oldest = self.heads().iter().map(|head| head.time).min();
        let lowest = oldest.unwrap_or(u64::MAX).saturating_sub(MOST_LAG);
        let newest = self.chain.iter().rev();
        newest.take_while(move |block| block.time >= lowest)
    }

    /// Whether an endpoint tells another head than there is.
    fn head_is_disputed(&self) -> bool {
        let disputes = |what: &Mischief| {
            use Mischief::{OldHead, OtherBranch, OtherTop};
            matches!(what, OldHead(_) | OtherTop(_) | OtherBranch)
        };
        self.mischief.iter().flatten().any(disputes)
    }

    fn is_honest(&self) -> bool {
        self.mischief.iter().all(Vec::is_empty)
    }
}

/// A request, as the test made it: what it asked at, and when.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) anchors: Vec<Anchor>,
    /// It was sent after this.
    pub(super) sent: Instant,
    /// It was answered before this.
    pub(super) answered: Instant,
}

/// Everything that was told, in the order of time.
#[derive(Clone, Debug, Default)]
pub(super) struct History(Vec<Arc<Version>>);

impl History {
    /// From now on this is told.
    pub(super) fn add(&mut self, version: Version) {
        if let Some(last) = self.0.last_mut() {
            Arc::make_mut(last).until = Some(Instant::now());
        }
        self.0.push(Arc::new(version));
    }

    pub(super) fn now(&self) -> &Arc<Version> {
        self.0.last().unwrap()
    }

    /// When something else was told for the last time.
    pub(super) fn changed(&self) -> Instant {
        let mut before = self.0.iter().rev().skip(1);
        let until = before.next().and_then(|version| version.until);
        until.unwrap_or(self.now().from)
    }

    /// Keeps only what is told now: whoever asks from now on was nobody before.
    pub(super) fn forget(&mut self) {
        let old = self.0.len() - 1;
        self.0.drain(..old);
    }

    /// What a node may have gone by that answered this: the requests of one moment share what was
    /// asked of the chain at most [`HEAD_TTL`] before.
    fn seen_by(&self, asked: &Asked) -> Vec<&Arc<Version>> {
        let seen = |version: &&Arc<Version>| {
            let is_over = |until: Instant| until + HEAD_TTL < asked.sent;
            version.from <= asked.answered && !version.until.is_some_and(is_over)
        };
        self.0.iter().filter(seen).collect()
    }

    /// What is wrong with a grant, by everything that was told when it was decided on; nothing if it
    /// was right.
    pub(super) fn fault(&self, tree: &Tree, tiers: &[u64], asked: &Asked) -> Option<String> {
        let seen = self.seen_by(asked);
        let named: Vec<u64> = asked.anchors.iter().map(|own| own.confirmations).collect();
        if named != tiers {
            return Some(format!(
                "anchors {named:?} confirm what is read at {tiers:?}"
            ));
        }
        let mut blocks = Vec::new();
        for anchor in &asked.anchors {
            let known = seen.iter().find_map(|version| version.block(anchor.hash));
            let is_it = |block: &&Arc<Block>| {
                block.number == anchor.number && anchor.chain_id == super::CHAIN
            };
            let Some(block) = known.filter(is_it) else {
                return Some(format!("{anchor:?} was not canonical"));
            };
            if let Some(fault) = not_deep_enough(&seen, anchor, block) {
                return Some(fault);
            }
            let last_final = seen.iter().map(|version| version.lowest_final().time);
            let behind = last_final.min().unwrap().saturating_sub(block.time);
            if behind > MAX_ANCHOR_AGE {
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
            return Some(format!("it was {at_anchors:?} at the anchors {blocks:?}"));
        }
        let heads = possible_heads(&seen);
        let is_true = |head: &&Arc<Block>| at_head(tree, head) == Some(true);
        if !heads.iter().any(is_true) {
            return Some(format!("it was true at no head of {heads:?}"));
        }
        None
    }

    /// Whether nobody lies now, and an anchor is older than allowed by what is told: a liar showed an
    /// older final head a moment ago.
    pub(super) fn is_old_by_now(&self, asked: &Asked) -> bool {
        let now = self.now();
        if !now.is_honest() {
            return false;
        }
        let last_final = now.at(now.finalized).map_or(0, |block| block.time);
        asked.anchors.iter().any(|anchor| {
            let block = now.block(anchor.hash);
            block.is_some_and(|block| block.time + MAX_ANCHOR_AGE < last_final)
        })
    }

    /// What a node must answer, `ok` or a problem's code, if it can have seen one thing alone and
    /// nobody lied.
    pub(super) fn expected(
        &self,
        tree: &Tree,
        tiers: &[u64],
        blocks: &[Arc<Block>],
        asked: &Asked,
    ) -> Option<&'static str> {
        let version = match self.seen_by(asked).as_slice() {
            [version] if version.is_honest() => Arc::clone(version),
            _ => return None,
        };
        let last_final = version.lowest_final().time;
        let mut times = blocks.iter().map(|block| block.time);
        if times.any(|time| time + MAX_ANCHOR_AGE < last_final) {
            // Rounds can be so far apart that what is deep enough is too old.
            return Some("anchor_too_old");
        }
        let then = tree.says(&|condition, confirmations| {
            let own = tiers.iter().position(|tier| *tier == confirmations);
            match own {
                Some(own) => blocks[own].says(condition),
                None => condition.says(&Facts::default(), Moment { number: 0, time: 0 }),
            }
        });
        let now = at_head(tree, version.heads().last().unwrap());
        Some(match (then, now) {
            (Some(true), Some(true)) => "ok",
            (Some(true), Some(false)) => "no_longer_met",
            (Some(true), None) => "head_unavailable",
            (_, Some(true)) => "not_final_yet",
            (Some(false), _) => "condition_not_met",
            (None, _) => "condition_unknown",
        })
    }

    /// What was told when this was decided on, a line each.
    pub(super) fn lines(&self, asked: Option<&Asked>) -> Vec<String> {
        let since = asked.map_or_else(Instant::now, |asked| asked.sent);
        let seen = asked.map_or_else(
            || self.0.iter().rev().take(1).collect(),
            |asked| self.seen_by(asked),
        );
        let millis = |at: Instant| match at.checked_duration_since(since) {
            Some(after) => after.as_secs_f64() * 1e3,
            None => since.duration_since(at).as_secs_f64() * -1e3,
        };
        let line = |version: &&Arc<Version>| {
            let until = version.until.map_or(f64::INFINITY, millis);
            let newest = version.chain.iter().rev().take(8);
            let newest: Vec<_> = newest.map(|block| block.line()).collect();
            format!(
                "{:.1} to {until:.1} ms: final {}, head told {}, parent told {}, mischief {:?}, {}",
                millis(version.from),
                version.finalized,
                version.head_is_told,
                version.parent_is_told,
                version.mischief,
                newest.join(" <- "),
            )
        };
        seen.iter().map(line).collect()
    }
}

fn not_deep_enough(seen: &[&Arc<Version>], anchor: &Anchor, block: &Block) -> Option<String> {
    let is_deep = |version: &&Arc<Version>| match anchor.confirmations {
        0 => block.at <= version.finalized,
        k => version
            .heads()
            .iter()
            .any(|head| block.number + k <= head.number),
    };
    let fault = || format!("{anchor:?} was not as final as was asked");
    (!seen.iter().any(is_deep)).then(fault)
}

/// The blocks that a node may have taken for the head. Questions that were under way while what is told
/// changed are answered in part by what was told before, which is a dispute, too.
fn possible_heads<'a>(seen: &[&'a Arc<Version>]) -> Vec<&'a Arc<Block>> {
    let told = seen.iter().flat_map(|version| version.heads());
    let is_disputed = seen.len() > 1 || seen.iter().any(|version| version.head_is_disputed());
    let disputed = seen.iter().flat_map(|version| version.disputed_heads());
    told.chain(disputed.filter(|_| is_disputed)).collect()
}

/// What a tree says at a head, all tiers being read there.
pub(super) fn at_head(tree: &Tree, head: &Block) -> Option<bool> {
    tree.says(&|condition, _| head.says(condition))
}
