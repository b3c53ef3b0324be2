//! Random schedules: rights come and go, blocks are undone, endpoints misbehave, and readers ask with
//! anchors of their choice. Every grant is held against the history.
//!
//! `STHENO_SCHEDULES` is how many, `STHENO_SEED` the first one's seed; each has the next. A failure
//! names the seed of the one schedule, and `STHENO_SCHEDULES=1 STHENO_SEED=…` plays it again.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use alloy::signers::local::PrivateKeySigner;
use futures::FutureExt;
use stheno_protocol::{Anchor, Answer, Policy};

use super::{
    dice::Dice,
    history::{Block, at_head},
    liars,
    mischief::Mischief,
    rights::{FACTS, Fact, Moment, value},
    tally::Tally,
    tree::Tree,
    world::{Changes, Shape, World},
};
use crate::stage;

const SCHEDULES: u64 = 2_000;
/// A chain is replaced after so many.
const EACH_CHAIN: usize = 150;
/// Committees of endpoints, one for each chain that is played on at the same time.
const SHAPES: [Shape; 8] = [
    shape(3, 2),
    shape(5, 3),
    shape(2, 2),
    shape(4, 3),
    shape(3, 2),
    shape(3, 3),
    shape(3, 2),
    shape(1, 1),
];

/// Refusals that are a machine's or an endpoint's slowness, for which an honest reader asks again.
const PASSING: [&str; 4] = ["chain_unavailable", "head_unavailable", "timeout", "busy"];
/// Refusals that would be a mistake of the test's, or of the node's.
const MISTAKES: [&str; 8] = [
    "malformed",
    "bad_items",
    "bad_anchors",
    "bad_context",
    "invalid_policy",
    "signature_invalid",
    "rate_limited",
    "internal",
];

const fn shape(endpoints: usize, min_agree: usize) -> Shape {
    Shape {
        endpoints,
        min_agree,
    }
}

pub(super) fn trials() -> Vec<libtest_mimic::Trial> {
    let patience = Duration::from_secs(300) * u32::try_from(count() / SCHEDULES + 1).unwrap();
    vec![stage::patient_trial(
        module_path!(),
        "no_schedule_grants_what_was_false_at_the_anchors_or_the_head",
        patience,
        no_schedule_grants_what_was_false_at_the_anchors_or_the_head,
    )]
}

fn count() -> u64 {
    let count = std::env::var("STHENO_SCHEDULES").ok();
    count.map_or(SCHEDULES, |count| {
        count.parse().expect("a number of schedules")
    })
}

async fn no_schedule_grants_what_was_false_at_the_anchors_or_the_head() {
    let seed = match std::env::var("STHENO_SEED") {
        Ok(seed) => seed.parse().expect("a number as seed"),
        Err(_) => u64::from(
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap()
                .subsec_nanos(),
        ),
    };
    let count = count();
    eprintln!("schedules: {count}, first seed {seed}");
    let began = Instant::now();
    let tally = Mutex::new(Tally::default());
    let of_shape = |which: u64| {
        let seeds = (0..count).map(|number| seed.wrapping_add(number));
        let own: Vec<u64> = seeds
            .filter(|seed| seed % SHAPES.len() as u64 == which)
            .collect();
        let shape = SHAPES[usize::try_from(which).unwrap()];
        play_all(shape, own, &tally)
    };
    futures::future::join_all((0..SHAPES.len() as u64).map(of_shape)).await;
    let tally = tally.into_inner().unwrap();
    tally.conclude(began.elapsed(), count);
}

async fn play_all(shape: Shape, seeds: Vec<u64>, tally: &Mutex<Tally>) {
    for seeds in seeds.chunks(EACH_CHAIN) {
        let mut world = World::start(shape).await;
        for seed in seeds {
            let play = Play::new(&mut world, *seed, tally).run();
            let ended = AssertUnwindSafe(play).catch_unwind().await;
            let mut tally = tally.lock().unwrap();
            tally.schedules += 1;
            if let Err(panic) = ended {
                let words = panic.downcast_ref::<String>().cloned();
                let words = words.or_else(|| panic.downcast_ref::<&str>().map(|&s| s.to_owned()));
                let words = words.unwrap_or_default();
                let again = format!("STHENO_SEED={seed} STHENO_SCHEDULES=1");
                tally.failures.push(format!("{shape:?}, {again}: {words}"));
                return;
            }
        }
    }
}

/// One schedule under way.
struct Play<'a> {
    world: &'a mut World,
    dice: Dice,
    tree: Tree,
    policy: Policy,
    tiers: Vec<u64>,
    /// Blocks that were undone.
    orphans: Vec<Arc<Block>>,
    tally: &'a Mutex<Tally>,
}

impl<'a> Play<'a> {
    fn new(world: &'a mut World, seed: u64, tally: &'a Mutex<Tally>) -> Self {
        let mut dice = Dice::new(seed);
        let wallet = PrivateKeySigner::from_slice(&dice.bytes()).unwrap();
        world.welcome(wallet);
        let tree = Tree::random(&mut dice, world.head().time);
        let policy = Policy::from_json(&tree.policy(&world.holder)).unwrap();
        let tiers = policy.chains().into_iter().map(|(_, tier)| tier).collect();
        Self {
            world,
            dice,
            tree,
            policy,
            tiers,
            orphans: Vec::new(),
            tally,
        }
    }

    async fn run(mut self) {
        let changes = self.changes(100, 70);
        self.world.grow(&changes, 0).await;
        for _ in 0..self.dice.between(1, 5) {
            self.empty().await;
        }
        self.advance_finality();
        if self.dice.percent(35) {
            let mischief = self.mischief();
            self.world.conduct(&mischief);
        }
        self.world.settle().await;
        for _ in 0..self.dice.between(3, 7) {
            if self.dice.percent(12) {
                self.ask_while_something_happens().await;
            } else {
                self.happening().await;
                if self.dice.percent(65) {
                    self.ask().await;
                }
            }
        }
    }

    async fn happening(&mut self) {
        match self.dice.below(100) {
            0..=34 => {
                let (often, good) = self.dice.pick(&[(40, 50), (100, 15), (100, 85)]);
                let changes = self.changes(often, good);
                let null_rounds = self.null_rounds();
                self.world.grow(&changes, null_rounds).await;
            }
            35..=44 => {
                for _ in 0..self.dice.between(1, 4) {
                    self.empty().await;
                }
            }
            45..=64 => self.advance_finality(),
            65..=69 => {
                let back = self.dice.between(1, 5);
                let lowest = self.world.chain()[0].at + 40;
                let back = self.world.finalized().saturating_sub(back).max(lowest);
                self.world.finalize(back.min(self.world.head().at));
            }
            70..=79 => self.reorganise().await,
            80..=82 => {
                let parent = self.dice.percent(50);
                self.world.tell_the_parent(parent);
            }
            83..=92 => {
                let mischief = self.mischief();
                self.world.conduct(&mischief);
            }
            _ => self.world.conduct(&[]),
        }
    }

    async fn empty(&mut self) {
        let null_rounds = self.null_rounds();
        self.world.grow(&Changes::new(), null_rounds).await;
    }

    fn null_rounds(&mut self) -> u64 {
        self.dice.pick(&[0, 0, 0, 0, 1, 3])
    }

    /// Some of the facts that the policy goes by get another value.
    fn changes(&mut self, often: u64, good: u64) -> Changes {
        let mut facts = self.tree.facts();
        facts.push(self.dice.pick(&FACTS));
        facts.sort_unstable();
        facts.dedup();
        let head = self.world.head().moment();
        let now = Moment {
            number: head.number + 1,
            time: head.time + super::SECONDS,
        };
        let dice = &mut self.dice;
        let changed = facts.into_iter().filter_map(|fact: Fact| {
            let change = dice.percent(often);
            let good = dice.percent(good);
            change.then(|| (fact, value(fact, good, now, dice.number())))
        });
        changed.collect()
    }

    fn advance_finality(&mut self) {
        let behind = self.dice.between(0, 3);
        let at = self.world.head().at.saturating_sub(behind);
        self.world.finalize(at.max(self.world.finalized()));
    }

    /// Undoes blocks that are not final, with whatever was bought or sold in them.
    async fn reorganise(&mut self) {
        let head = self.world.head().at;
        let deepest = head - self.world.floor();
        if deepest == 0 {
            return self.empty().await;
        }
        let depth = self.dice.between(1, deepest.min(6));
        let undone =
            &self.world.chain()[self.world.chain().len() - usize::try_from(depth).unwrap()..];
        self.orphans.extend(undone.iter().cloned());
        let many = depth + self.dice.between(0, 1);
        let mut instead = Vec::new();
        for _ in 0..many {
            // What changes is worked out from the head that is undone, which is as good as any.
            instead.push(self.changes(15, 50));
        }
        self.world.reorganise(depth, &instead).await;
    }

    fn mischief(&mut self) -> Vec<(usize, Vec<Mischief>)> {
        let says = |block: &&Arc<Block>| at_head(&self.tree, block) == Some(true);
        let good: Vec<_> = self.world.chain().iter().filter(says).collect();
        let state = good.get(self.dice.below(good.len().max(1)));
        let state = state.map_or(self.world.head().hash, |block| block.hash);
        liars::random(&mut self.dice, self.world.shape, state)
    }

    async fn ask(&mut self) {
        if self.dice.percent(60) {
            self.world.settle().await;
        }
        let is_honest = self.dice.percent(60);
        let blocks = self.anchors(is_honest);
        let mischief = self.world.proxy.mischief();
        let is_true = mischief.iter().all(Vec::is_empty);
        let is_calm = is_true && is_honest && self.world.history.is_settled();
        for attempt in 0.. {
            let (code, anchors) = self.answer(&blocks).await;
            if !is_calm {
                return self.judge(&code, &anchors, is_true);
            }
            self.judge(&code, &anchors, true);
            let expected = self
                .world
                .history
                .expected(&self.tree, &blocks, &self.tiers);
            if code == expected {
                self.tally.lock().unwrap().calm += 1;
                return;
            }
            assert!(
                PASSING.contains(&code.as_str()) && attempt < 4,
                "{code} and not {expected}, though nobody lied: {:?} at {blocks:?}, head {:?}",
                self.tree,
                self.world.told_head()
            );
        }
    }

    /// The request is under way while the chain changes.
    async fn ask_while_something_happens(&mut self) {
        let is_honest = self.dice.percent(60);
        let blocks = self.anchors(is_honest);
        let anchors = self.anchored(&blocks);
        let body = self.world.request(&self.policy, anchors.clone());
        let post = self
            .world
            .node
            .http
            .post(format!("{}/v1/reencrypt", self.world.node.url));
        let asked = tokio::spawn(post.json(&body).send());
        if self.dice.percent(50) {
            tokio::time::sleep(Duration::from_millis(self.dice.between(0, 4))).await;
        }
        self.happening().await;
        let answer = asked.await.unwrap().unwrap();
        let is_ok = answer.status().is_success();
        let (code, anchors) = told(is_ok, answer.json().await.unwrap(), &anchors);
        self.judge(&code, &anchors, false);
    }

    async fn answer(&self, blocks: &[Arc<Block>]) -> (String, Vec<Anchor>) {
        let anchors = self.anchored(blocks);
        let body = self.world.request(&self.policy, anchors.clone());
        let (status, answer) = self.world.node.post(&body).await;
        let told = told(status == 200, answer, &anchors);
        if told.0 == "ok" {
            // What the history has is what the chain itself says, past the proxy.
            for block in blocks {
                self.world.compare(block, &self.tree.facts()).await;
            }
        }
        told
    }

    fn anchored(&self, blocks: &[Arc<Block>]) -> Vec<Anchor> {
        let places = self.tiers.iter().zip(blocks);
        places.map(|(tier, block)| block.anchor(*tier)).collect()
    }

    fn judge(&self, code: &str, anchors: &[Anchor], is_aged: bool) {
        let mut tally = self.tally.lock().unwrap();
        tally.requests += 1;
        *tally.codes.entry(code.to_owned()).or_default() += 1;
        let lies = |mischief: &Vec<Mischief>| mischief.iter().any(|what| !what.is_truthful());
        tally.lied_to += u64::from(self.world.proxy.mischief().iter().any(lies));
        tally.grants += u64::from(code == "ok");
        drop(tally);
        assert!(!MISTAKES.contains(&code), "{code}");
        if code != "ok" {
            return;
        }
        let fault = self.world.history.fault(&self.tree, anchors, is_aged);
        assert!(
            fault.is_none(),
            "granted, though {}: {:?} with {:?}",
            fault.unwrap_or_default(),
            self.tree,
            self.world.proxy.mischief()
        );
    }

    /// A block for each tier: as an honest reader takes them, or as somebody does who wants in.
    fn anchors(&mut self, is_honest: bool) -> Vec<Arc<Block>> {
        let way = self.dice.below(6);
        let mut blocks = Vec::new();
        for tier in self.tiers.clone() {
            blocks.push(match is_honest {
                true => self.honest(tier),
                false => self.chosen(way, tier),
            });
        }
        blocks
    }

    /// A block that serves somebody who wants in, or that nobody should take.
    fn chosen(&mut self, way: usize, tier: u64) -> Arc<Block> {
        let chain = self.world.chain();
        let good = |blocks: &[Arc<Block>]| {
            let says = |block: &&Arc<Block>| at_head(&self.tree, block) == Some(true);
            blocks.iter().filter(says).cloned().collect::<Vec<_>>()
        };
        let recent = &chain[chain.len() - 10..];
        let way = match self.orphans.is_empty() {
            false if self.dice.percent(35) => 2,
            _ => way,
        };
        let among = match way {
            0 => good(chain),
            1 => good(recent),
            2 => self.orphans.clone(),
            3 => recent.to_vec(),
            4 => chain.to_vec(),
            _ => {
                let head = self.world.head();
                let number = head.number + self.dice.between(1, 5);
                vec![Arc::new(Block {
                    number,
                    ..Block::clone(head)
                })]
            }
        };
        // Mostly those that are final, or as deep as is asked.
        let (head, finalized) = (self.world.told_head().number, self.world.finalized());
        let is_deep = |block: &&Arc<Block>| match tier {
            0 => block.at <= finalized,
            tier => block.number + tier <= head,
        };
        let deep: Vec<_> = among.iter().filter(is_deep).cloned().collect();
        match (deep.is_empty(), among.is_empty()) {
            (false, _) if self.dice.percent(80) => self.dice.pick(&deep),
            (_, false) => self.dice.pick(&among),
            _ => Arc::clone(self.world.head()),
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
}

/// The code of an answer, and the anchors that it is for.
fn told(is_ok: bool, answer: serde_json::Value, asked: &[Anchor]) -> (String, Vec<Anchor>) {
    if !is_ok {
        let code = answer["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no code: {answer}"));
        return (code.to_owned(), asked.to_vec());
    }
    let answer: Answer = serde_json::from_value(answer).unwrap();
    assert_eq!(answer.shares.len(), 1);
    let signed = answer.receipt.body.anchors;
    assert_eq!(signed, asked, "the receipt is for other anchors");
    ("ok".to_owned(), signed)
}
