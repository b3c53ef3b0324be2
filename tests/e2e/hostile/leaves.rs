//! Every kind of condition, true and false, through every kind of mischief.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use alloy::{primitives::U256, signers::local::PrivateKeySigner};
use stheno_protocol::Policy;

use super::{
    history::Block,
    mischief::Mischief,
    rights::{Condition, Fact, Moment, value},
    world::{Changes, Shape, World},
};
use crate::trials;

trials![
    every_condition_is_told_rightly_when_one_endpoint_of_three_misbehaves,
    every_condition_is_told_rightly_when_all_endpoints_have_filecoins_ways,
    nothing_is_granted_when_too_few_endpoints_tell_the_truth,
    rights_that_are_new_or_lost_are_told_apart_for_every_condition,
];

const SHAPE: Shape = Shape {
    endpoints: 3,
    min_agree: 2,
};

/// What an honest reader ought to hear.
#[derive(Clone, Copy, Debug)]
enum Heard {
    /// The truth.
    Truth,
    /// The truth of conditions that read nothing, one of these codes of the others.
    Refusal(&'static [&'static str]),
    /// As above; conditions that read block times alone are told rightly, too.
    RefusalOfReads(&'static [&'static str]),
    /// As above for whoever has the right; whoever has not is told so.
    RefusalOfGrants(&'static [&'static str]),
}

/// A condition, with whether the reader meets it.
#[derive(Clone, Copy, Debug)]
struct Case {
    condition: Condition,
    holds: bool,
}

async fn every_condition_is_told_rightly_when_one_endpoint_of_three_misbehaves() {
    let mut stand = Stand::new().await;
    for mischief in one_of_three(&stand) {
        for liar in [0, 2] {
            stand.conduct(&[(liar, vec![mischief.clone()])]).await;
            stand.all_hear(Heard::Truth, &mischief).await;
            if matches!(
                mischief,
                Mischief::Silent | Mischief::NoHead | Mischief::Huge
            ) {
                break;
            }
        }
    }
    stand.end("one endpoint of three misbehaves").await;
}

fn one_of_three(stand: &Stand) -> Vec<Mischief> {
    // Before anything was bought, and after.
    let states = [stand.nothing.hash, stand.world.head().hash];
    let mut all = vec![
        Mischief::Slow(Duration::from_millis(150)),
        Mischief::Silent,
        Mischief::Down,
        Mischief::NotJson,
        Mischief::WrongTypes,
        Mischief::Truncated,
        Mischief::Huge,
        Mischief::Errors,
        Mischief::NoHead,
        Mischief::NoBatches,
        Mischief::DropsEntries,
        Mischief::Reorders,
        Mischief::LogCap(1),
        Mischief::OtherChain,
        Mischief::Word(U256::ZERO),
        Mischief::Word(U256::ONE),
        Mischief::Word(U256::MAX),
        Mischief::WordInOneEntry(U256::ZERO),
        Mischief::WordInOneEntry(U256::ONE),
        Mischief::Reverts,
        Mischief::OldHead(5),
        Mischief::OtherTop(5),
        Mischief::InventedHead,
        Mischief::LatestIsParent,
        Mischief::OldFinal(5),
        Mischief::FinalIsHead,
        Mischief::OtherBranch,
        Mischief::NothingButNullRounds,
    ];
    all.extend(states.map(Mischief::StateOf));
    all
}

async fn every_condition_is_told_rightly_when_all_endpoints_have_filecoins_ways() {
    let mut stand = Stand::new().await;
    let ways = [
        Mischief::Slow(Duration::from_millis(100)),
        Mischief::NoBatches,
        Mischief::DropsEntries,
        Mischief::Reorders,
        Mischief::LogCap(1),
        Mischief::LatestIsParent,
    ];
    for way in ways {
        let all: Vec<_> = (0..SHAPE.endpoints)
            .map(|caller| (caller, vec![way.clone()]))
            .collect();
        stand.conduct(&all).await;
        stand.all_hear(Heard::Truth, &way).await;
    }
    // Null rounds before the head, before what is final, and between them.
    for null_rounds in [1, 3, 9] {
        stand.null_rounds = null_rounds;
        stand.conduct(&[]).await;
        stand.all_hear(Heard::Truth, &null_rounds).await;
    }
    stand.world.tell_the_parent(true);
    stand.conduct(&[]).await;
    stand.all_hear(Heard::Truth, &"the parent is told").await;
    // Finality stalls, and falls back.
    stand.world.finalize(stand.world.finalized() - 3);
    stand.stalls = true;
    stand.conduct(&[]).await;
    stand.all_hear(Heard::Truth, &"finality falls back").await;
    stand.anchor_at = |world| world.head().at - 1;
    stand
        .all_hear(Heard::Refusal(&["anchor_not_final"]), &"not final")
        .await;
    stand.end("all have Filecoin's ways").await;
}

async fn nothing_is_granted_when_too_few_endpoints_tell_the_truth() {
    let mut stand = Stand::new().await;
    let both = |what: &Mischief| vec![(0, vec![what.clone()]), (1, vec![what.clone()])];
    let unreadable = Heard::Refusal(&["chain_unavailable", "timeout"]);
    let mute = [
        Mischief::Silent,
        Mischief::Down,
        Mischief::NotJson,
        Mischief::WrongTypes,
        Mischief::Truncated,
        Mischief::Huge,
        Mischief::Errors,
        Mischief::NothingButNullRounds,
    ];
    for what in mute {
        stand.conduct(&both(&what)).await;
        let heard = match what {
            // Anchors at the final head need no number.
            Mischief::NothingButNullRounds => Heard::Truth,
            _ => unreadable,
        };
        stand.all_hear(heard, &what).await;
    }
    let no_head = Heard::RefusalOfGrants(&["head_unavailable"]);
    stand.conduct(&both(&Mischief::NoHead)).await;
    stand.all_hear(no_head, &Mischief::NoHead).await;

    // Three that contradict each other: each alone could be right.
    let disagree = Heard::RefusalOfReads(&["chain_unavailable"]);
    let words = |one: U256, other: U256| {
        vec![
            (0, vec![Mischief::Word(one)]),
            (1, vec![Mischief::Word(other)]),
        ]
    };
    for (one, other) in [(7_u64, 9_u64), (u64::MAX, 77)] {
        let (one, other) = (U256::from(one), U256::from(other));
        stand.conduct(&words(one, other)).await;
        stand.all_hear(disagree, &(one, other)).await;
    }
    let (one, other) = (
        vec![Mischief::Word(U256::from(5))],
        vec![Mischief::OtherBranch],
    );
    stand.conduct(&[(0, one), (1, other)]).await;
    stand.all_hear(disagree, &"a word and a branch").await;
    stand.end("too few tell the truth").await;
}

async fn rights_that_are_new_or_lost_are_told_apart_for_every_condition() {
    let mut stand = Stand::new().await;
    stand.conduct(&[]).await;
    let facts: BTreeSet<Fact> = stand
        .cases
        .iter()
        .flat_map(|case| case.condition.facts())
        .copied()
        .collect();
    // What was had until now is lost, and the other way round.
    let now = stand.world.head().moment();
    for (who, good) in [(0, false), (1, true)] {
        stand.welcome_back(who);
        let turned: Changes = facts
            .iter()
            .map(|fact| (*fact, value(*fact, good, now, 20)))
            .collect();
        stand.world.grow(&turned, 0).await;
        stand.keep(who);
    }
    stand.world.settle().await;
    for (who, expected) in [(0, "no_longer_met"), (1, "not_final_yet")] {
        stand.welcome_back(who);
        for case in stand.cases.clone() {
            if case.condition.facts().is_empty() || case.holds == (who == 1) {
                continue;
            }
            let code = stand.code(case.condition).await;
            assert_eq!(code, expected, "{case:?}");
        }
    }
    stand.end("rights are new or lost").await;
}

/// A world with a reader who has everything and one who has nothing.
struct Stand {
    world: World,
    cases: Vec<Case>,
    /// A block from before anything was bought.
    nothing: Arc<Block>,
    null_rounds: u64,
    /// Whether finality stays where it is.
    stalls: bool,
    anchor_at: fn(&World) -> u64,
    /// The wallets of the two, and what they have.
    readers: [(PrivateKeySigner, super::rights::Facts); 2],
    /// What was answered, and how often.
    answers: Mutex<BTreeMap<String, u64>>,
}

impl Stand {
    async fn new() -> Self {
        let mut world = World::start(SHAPE).await;
        let wallets = [[11; 32], [12; 32]].map(|key| PrivateKeySigner::from_slice(&key).unwrap());
        let [rich, poor] = wallets;
        world.welcome(rich.clone());
        let nothing = Arc::clone(world.head());
        let head = nothing.moment();
        let now = Moment {
            number: head.number + 1,
            time: head.time,
        };
        let facts = super::rights::FACTS;
        let all = facts.iter().map(|fact| match fact {
            // For as long as the test takes.
            Fact::Ends => (*fact, now.time + 1_000_000),
            fact => (*fact, value(*fact, true, now, 0)),
        });
        world.grow(&all.collect(), 0).await;
        let facts = world.head().facts.clone();
        let none = super::rights::Facts {
            sold: facts.sold,
            ..Default::default()
        };
        // Of the other reader it is said that there is nothing.
        world.become_again(poor.clone(), none);
        world.grow(&vec![(Fact::Cards, 0)], 0).await;
        let none = world.head().facts.clone();
        let past = head.time - 1_000;
        let future = head.time + 10_000_000;
        let always = [
            (Condition::After(past), true),
            (Condition::After(future), false),
            (Condition::Before(future), true),
            (Condition::Before(past), false),
            (Condition::Listed(true), true),
            (Condition::Listed(false), false),
            (Condition::Allowed(true), true),
            (Condition::Allowed(false), false),
        ];
        let by_facts = [
            Condition::Pass,
            Condition::Coins,
            Condition::Cards,
            Condition::EitherCard,
            Condition::Level,
            Condition::Revoked,
            Condition::Money,
            Condition::Subscribed,
            Condition::Stored,
            Condition::Granted,
        ];
        let both = |condition| [(condition, true), (condition, false)];
        let cases = always
            .into_iter()
            .chain(by_facts.into_iter().flat_map(both));
        Self {
            world,
            cases: cases
                .map(|(condition, holds)| Case { condition, holds })
                .collect(),
            nothing,
            null_rounds: 0,
            stalls: false,
            anchor_at: |world| world.finalized().min(world.told_head().at),
            readers: [(rich, facts), (poor, none)],
            answers: Mutex::default(),
        }
    }

    /// Goes on as the reader who has everything (0) or nothing (1), without anything happening.
    fn welcome_back(&mut self, who: usize) {
        let (wallet, facts) = self.readers[who].clone();
        self.world.become_again(wallet, facts);
    }

    /// What the reader has now is what they have.
    fn keep(&mut self, who: usize) {
        self.readers[who].1 = self.world.head().facts.clone();
    }

    /// From now on this is done, and the blocks are new, so that nothing about them is known yet.
    async fn conduct(&mut self, mischief: &[(usize, Vec<Mischief>)]) {
        self.world.conduct(mischief);
        self.welcome_back(0);
        for _ in 0..2 {
            // The reader's data set is proven again and again.
            let number = self.world.head().number + 1 + self.null_rounds;
            let proven = vec![(Fact::Proven, number)];
            self.world.grow(&proven, self.null_rounds).await;
        }
        self.keep(0);
        if !self.stalls {
            self.world.finalize(self.world.head().at - 1);
        }
        self.world.settle().await;
    }

    async fn all_hear(&mut self, heard: Heard, what: &(impl std::fmt::Debug + Sync)) {
        for who in [0, 1] {
            self.welcome_back(who);
            let by_facts = |case: &Case| !case.condition.facts().is_empty();
            let cases: Vec<Case> = self
                .cases
                .iter()
                .filter(|case| !by_facts(case) || case.holds == (who == 0))
                .copied()
                .collect();
            let codes = cases.iter().map(|case| self.code(case.condition));
            let codes = futures::future::join_all(codes).await;
            for (case, code) in cases.iter().zip(codes) {
                let truth = if case.holds {
                    "ok"
                } else {
                    "condition_not_met"
                };
                let reads_nothing =
                    matches!(case.condition, Condition::Listed(_) | Condition::Allowed(_));
                let reads_time =
                    matches!(case.condition, Condition::After(_) | Condition::Before(_));
                let refusals = match heard {
                    Heard::Truth => &[truth][..],
                    _ if reads_nothing => &[truth],
                    Heard::RefusalOfReads(_) if reads_time => &[truth],
                    Heard::RefusalOfGrants(_) if !case.holds => &[truth],
                    Heard::Refusal(codes)
                    | Heard::RefusalOfReads(codes)
                    | Heard::RefusalOfGrants(codes) => codes,
                };
                assert!(
                    refusals.contains(&code.as_str()),
                    "{what:?}: {case:?} is {code}, not {refusals:?}"
                );
            }
        }
    }

    /// What the reader hears who asks under this condition alone.
    async fn code(&self, condition: Condition) -> String {
        let policy = serde_json::json!({
            "version": 1,
            "rule": condition.json(&self.world.holder, 0),
        });
        let policy = Policy::from_json(&policy.to_string()).unwrap();
        let anchor = self.world.block((self.anchor_at)(&self.world)).anchor(0);
        let anchors = policy.chains().iter().map(|_| anchor).collect();
        let body = self.world.request(&policy, anchors);
        let code = self.world.node.code(&body).await;
        let mut answers = self.answers.lock().unwrap();
        *answers.entry(code.clone()).or_default() += 1;
        code
    }

    async fn end(self, name: &str) {
        let answers = self.answers.into_inner().unwrap();
        let many: u64 = answers.values().sum();
        eprintln!("leaves: {name}: {many} requests, {answers:?}");
        self.world.node.stop().await;
    }
}
