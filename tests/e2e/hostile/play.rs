//! One schedule: a reader comes, things happen to the chain and to its endpoints, and the reader asks.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use alloy::signers::local::PrivateKeySigner;
use stheno_protocol::{Answer, Policy};

use super::{
    choice::{Choice, Chooser, Way},
    dice::Dice,
    history::{Asked, Block, at_head},
    liars,
    mischief::Mischief,
    rights::{FACTS, Fact, Moment, value},
    tally::{Kind, Tally},
    tree::Tree,
    world::{Changes, World},
};

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

/// What went wrong with a schedule.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    pub(super) words: String,
    /// The request that it is about.
    pub(super) asked: Option<Asked>,
}

/// What has happened so far, for whoever has to find out why.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) lines: Vec<String>,
    /// What is waited for, and since when.
    doing: Option<(String, Instant)>,
}

impl Trace {
    fn add(&mut self, line: String) {
        self.doing = Some((line.clone(), Instant::now()));
        self.lines.push(line);
    }

    pub(super) fn doing(&self) -> String {
        let words = |(what, since): &(String, Instant)| {
            format!("for {:.1} s: {what}", since.elapsed().as_secs_f64())
        };
        self.doing.as_ref().map_or_else(String::new, words)
    }
}

/// One schedule under way.
pub(super) struct Play<'a> {
    pub(super) world: &'a mut World,
    pub(super) dice: Dice,
    tree: Tree,
    policy: Policy,
    tiers: Vec<u64>,
    /// Blocks that were undone.
    orphans: Vec<Arc<Block>>,
    last_grant: Option<Choice>,
    tally: &'a Mutex<Tally>,
    trace: &'a Mutex<Trace>,
}

impl<'a> Play<'a> {
    pub(super) fn new(
        world: &'a mut World,
        seed: u64,
        tally: &'a Mutex<Tally>,
        trace: &'a Mutex<Trace>,
    ) -> Self {
        let mut dice = Dice::new(seed);
        let wallet = PrivateKeySigner::from_slice(&dice.bytes()).unwrap();
        world.welcome(wallet);
        let tree = Tree::random(&mut dice, world.head().time);
        let policy = Policy::from_json(&tree.policy(&world.holder)).unwrap();
        let tiers = policy.chains().into_iter().map(|(_, tier)| tier).collect();
        let play = Self {
            world,
            dice,
            tree,
            policy,
            tiers,
            orphans: Vec::new(),
            last_grant: None,
            tally,
            trace,
        };
        play.note(&format_args!("the policy is {:?}", play.tree));
        play
    }

    pub(super) async fn run(mut self) -> Result<(), Failure> {
        let changes = self.changes(100, 70);
        self.grow(&changes, 0).await;
        for _ in 0..self.dice.between(1, 5) {
            self.empty().await;
        }
        self.advance_finality();
        if self.dice.percent(35) {
            self.misbehave();
        }
        self.world.settle().await;
        for _ in 0..self.dice.between(3, 7) {
            if self.dice.percent(12) {
                self.ask_while_something_happens().await?;
            } else if self.dice.percent(12) {
                self.deceive().await?;
            } else {
                self.happening().await;
                if self.dice.percent(65) {
                    self.ask().await?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn note(&self, what: &impl fmt::Display) {
        self.trace.lock().unwrap().add(what.to_string());
    }

    async fn happening(&mut self) {
        match self.dice.below(100) {
            0..=17 => {
                let (often, good) = self.dice.pick(&[(40, 50), (100, 15), (100, 85)]);
                let changes = self.changes(often, good);
                let null_rounds = self.null_rounds();
                self.grow(&changes, null_rounds).await;
            }
            18..=31 => self.turn(true).await,
            32..=45 => self.turn(false).await,
            46..=51 => {
                for _ in 0..self.dice.between(1, 4) {
                    self.empty().await;
                }
            }
            52..=67 => self.advance_finality(),
            68..=71 => {
                let back = self.dice.between(1, 5);
                let lowest = self.world.chain()[0].at + 40;
                let back = self.world.finalized().saturating_sub(back).max(lowest);
                self.finalize(back.min(self.world.head().at));
            }
            72..=80 => self.reorganise().await,
            81..=83 => {
                let parent = self.dice.percent(50);
                self.note(&format_args!("the parent is told: {parent}"));
                self.world.tell_the_parent(parent);
            }
            84..=92 => self.misbehave(),
            93..=95 => {
                // What was an anchor a moment ago is too old now.
                let null_rounds = self.dice.between(18, 25);
                self.grow(&Changes::new(), null_rounds).await;
                self.advance_finality();
            }
            _ => {
                self.note(&"all endpoints are honest");
                self.world.conduct(&[]);
            }
        }
    }

    async fn grow(&mut self, changes: &Changes, null_rounds: u64) {
        self.note(&format_args!(
            "block after {null_rounds} null rounds: {changes:?}"
        ));
        self.world.grow(changes, null_rounds).await;
    }

    pub(super) async fn empty(&mut self) {
        let null_rounds = self.null_rounds();
        self.grow(&Changes::new(), null_rounds).await;
    }

    fn null_rounds(&mut self) -> u64 {
        self.dice.pick(&[0, 0, 0, 0, 1, 3])
    }

    /// What will be said of the next block.
    fn next(&self) -> Moment {
        let head = self.world.head().moment();
        Moment {
            number: head.number + 1,
            time: head.time + super::SECONDS,
        }
    }

    /// A block after which the policy is true, or is not, if that can be had.
    pub(super) async fn turn(&mut self, is_true: bool) {
        let mut changes = Changes::new();
        for _ in 0..8 {
            changes = self.changes(70, 50);
            let mut facts = self.world.head().facts.clone();
            for (fact, value) in &changes {
                facts.foresee(*fact, *value);
            }
            let next = Block {
                number: self.next().number,
                time: self.next().time,
                facts,
                ..Block::clone(self.world.head())
            };
            if at_head(&self.tree, &next) == Some(is_true) {
                break;
            }
        }
        self.grow(&changes, 0).await;
    }

    /// Some of the facts that the policy goes by get another value.
    fn changes(&mut self, often: u64, good: u64) -> Changes {
        let mut facts = self.tree.facts();
        facts.push(self.dice.pick(&FACTS));
        facts.sort_unstable();
        facts.dedup();
        let now = self.next();
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
        self.finalize(at.max(self.world.finalized()));
    }

    pub(super) fn finalize(&mut self, at: u64) {
        self.note(&format_args!("{at} is final"));
        self.world.finalize(at);
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
        self.note(&format_args!(
            "{depth} blocks are undone, and instead come {instead:?}"
        ));
        self.world.reorganise(depth, &instead).await;
    }

    fn misbehave(&mut self) {
        let says = |block: &&Arc<Block>| at_head(&self.tree, block) == Some(true);
        let good: Vec<_> = self.world.chain().iter().filter(says).collect();
        let state = good.get(self.dice.below(good.len().max(1)));
        let state = state.map_or(self.world.head().hash, |block| block.hash);
        let mischief = liars::random(&mut self.dice, self.world.shape, state);
        self.note(&format_args!("endpoints misbehave: {mischief:?}"));
        self.world.conduct(&mischief);
    }

    /// Anchors chosen so, or in any way.
    fn choose(&mut self, way: Option<Way>) -> Choice {
        let mut chooser = Chooser {
            world: self.world,
            tree: &self.tree,
            tiers: &self.tiers,
            orphans: &self.orphans,
            last_grant: self.last_grant.as_ref(),
            dice: &mut self.dice,
        };
        match way {
            Some(way) => chooser.of_blocks(way),
            None => chooser.choose(),
        }
    }

    /// Asks at anchors that are chosen so.
    pub(super) async fn ask_in(&mut self, way: Way) -> Result<(), Failure> {
        let choice = self.choose(Some(way));
        self.put(&choice).await
    }

    async fn ask(&mut self) -> Result<(), Failure> {
        if self.dice.percent(60) {
            self.note(&"nobody goes by what was before");
            self.world.settle().await;
        }
        let choice = self.choose(None);
        self.put(&choice).await
    }

    /// Asks, and again where only the machine was too slow.
    async fn put(&mut self, choice: &Choice) -> Result<(), Failure> {
        for attempt in 1_u32.. {
            let (code, asked) = self.answer(choice).await;
            self.judge(choice, &code, &asked).await?;
            let expected = match choice.way {
                Way::Honest => {
                    let history = &self.world.history;
                    history.expected(&self.tree, &self.tiers, &choice.blocks, &asked)
                }
                _ => None,
            };
            match expected {
                Some(expected) if expected == code => {
                    self.tally.lock().unwrap().calm += 1;
                    break;
                }
                // Nothing happens meanwhile, so it must come right; if not in time, that is a failure.
                Some(expected) if PASSING.contains(&code.as_str()) => {
                    self.tally.lock().unwrap().again += 1;
                    self.note(&format_args!(
                        "{code} and not yet {expected}, {attempt} times"
                    ));
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Some(expected) => {
                    return Err(Failure {
                        kind: Kind::WrongRefusal,
                        words: format!("{code} and not {expected}, though nobody lied: {choice:?}"),
                        asked: Some(asked),
                    });
                }
                None => break,
            }
        }
        Ok(())
    }

    /// The request is under way while the chain changes.
    async fn ask_while_something_happens(&mut self) -> Result<(), Failure> {
        let choice = self.choose(None);
        let sent = Instant::now();
        let body = self.world.request(&self.policy, choice.anchors.clone());
        self.note(&format_args!(
            "something happens while this is asked: {choice:?}"
        ));
        let post = self
            .world
            .node
            .http
            .post(format!("{}/v1/reencrypt", self.world.node.url));
        let post = post.json(&body).send();
        let asked = tokio::spawn(async move {
            let answer = post.await.unwrap();
            let is_ok = answer.status().is_success();
            (is_ok, answer.json().await.unwrap(), Instant::now())
        });
        if self.dice.percent(50) {
            tokio::time::sleep(Duration::from_millis(self.dice.between(0, 4))).await;
        }
        self.happening().await;
        let (is_ok, answer, answered) = asked.await.unwrap();
        let (code, asked) = told(is_ok, answer, &choice, sent, answered);
        self.judge(&choice, &code, &asked).await
    }

    async fn answer(&self, choice: &Choice) -> (String, Asked) {
        self.note(&format_args!("asks: {choice:?}"));
        let sent = Instant::now();
        let body = self.world.request(&self.policy, choice.anchors.clone());
        let (status, answer) = self.world.node.post(&body).await;
        told(status == 200, answer, choice, sent, Instant::now())
    }

    async fn judge(&mut self, choice: &Choice, code: &str, asked: &Asked) -> Result<(), Failure> {
        self.note(&format_args!("is answered: {code}"));
        let lies = |mischief: &Vec<Mischief>| mischief.iter().any(|what| !what.is_truthful());
        let is_lied_to = self.world.proxy.mischief().iter().any(lies);
        self.tally
            .lock()
            .unwrap()
            .count(choice.way, code, is_lied_to);
        let failure = |kind, words| Failure {
            kind,
            words,
            asked: Some(asked.clone()),
        };
        let is_forged = choice.way == Way::Forged && code == "bad_anchors";
        if MISTAKES.contains(&code) && !is_forged {
            return Err(failure(Kind::Test, code.to_owned()));
        }
        if code != "ok" {
            return Ok(());
        }
        let history = &self.world.history;
        if let Some(fault) = history.fault(&self.tree, &self.tiers, asked) {
            return Err(failure(
                Kind::WrongGrant,
                format!("granted, though {fault}"),
            ));
        }
        let is_old = history.is_old_by_now(asked);
        self.tally.lock().unwrap().old_by_lie += u64::from(is_old);
        // What the history has is what the chain itself says, past the proxy.
        for block in &choice.blocks {
            self.world.compare(block, &self.tree.facts()).await;
        }
        self.last_grant = Some(choice.clone());
        Ok(())
    }
}

/// The code of an answer, and what it answers.
fn told(
    is_ok: bool,
    answer: serde_json::Value,
    choice: &Choice,
    sent: Instant,
    answered: Instant,
) -> (String, Asked) {
    let anchors = choice.anchors.clone();
    let asked = Asked {
        anchors,
        sent,
        answered,
    };
    if !is_ok {
        let code = answer["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no code: {answer}"));
        return (code.to_owned(), asked);
    }
    let answer: Answer = serde_json::from_value(answer).unwrap();
    assert_eq!(answer.shares.len(), 1);
    let signed = answer.receipt.body.anchors;
    assert_eq!(signed, asked.anchors, "the receipt is for other anchors");
    ("ok".to_owned(), asked)
}
