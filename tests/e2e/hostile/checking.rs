//! The judge of the schedules, judged: what is wrong with a grant is seen, and nothing else is.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::primitives::B256;

use super::{
    CHAIN, SECONDS,
    history::{Asked, Block, History, MAX_ANCHOR_AGE, Version},
    mischief::Mischief,
    node::HEAD_TTL,
    rights::{Condition, Fact, Facts},
    tree::Tree,
};
use crate::trials;

trials![
    grant_is_right_when_the_policy_was_true_at_the_anchor_and_at_the_head,
    grant_is_a_fault_for_each_thing_that_is_wrong,
    grant_is_right_by_a_head_that_was_told_half_a_moment_before,
    grant_at_an_old_anchor_is_right_when_a_liar_hid_how_old_it_was,
    grant_is_right_by_a_head_that_is_two_rounds_old_while_the_head_is_in_dispute,
];

const BLOCKS: u64 = 60;
const FINAL: u64 = 50;
/// From this block on the reader has what is asked for.
const BOUGHT: u64 = 20;

fn tree() -> Tree {
    Tree::Leaf(Condition::Level, 0)
}

fn block(at: u64, level: u64) -> Arc<Block> {
    let mut facts = Facts::default();
    facts.set(Fact::Level, level);
    Arc::new(Block {
        at,
        number: at + 100,
        hash: B256::from(alloy::primitives::U256::from(at + 1)),
        time: 1_000_000 + at * SECONDS,
        facts,
    })
}

/// The reader has enough from one block on; the last one may differ.
fn version(last: u64, from: Instant) -> Version {
    let level = |at| match at {
        BLOCKS => last,
        at if at >= BOUGHT => 5,
        _ => 0,
    };
    Version {
        chain: (0..=BLOCKS).map(|at| block(at, level(at))).collect(),
        finalized: FINAL,
        parent_is_told: false,
        head_is_told: true,
        mischief: vec![Vec::new(); 3],
        from,
        until: None,
    }
}

fn asked(at: u64, sent: Instant) -> Asked {
    Asked {
        anchors: vec![block(at, 5).anchor(0)],
        sent,
        answered: sent + Duration::from_millis(2),
    }
}

fn history(versions: Vec<Version>) -> History {
    let mut history = History::default();
    versions
        .into_iter()
        .for_each(|version| history.add(version));
    history
}

async fn grant_is_right_when_the_policy_was_true_at_the_anchor_and_at_the_head() {
    let now = Instant::now();
    let history = history(vec![version(5, now)]);
    for at in [FINAL, FINAL - 20] {
        assert_eq!(history.fault(&tree(), &[0], &asked(at, now)), None);
    }
}

/// How a grant is made a wrong one.
type Change = &'static dyn Fn(&mut Asked);

async fn grant_is_a_fault_for_each_thing_that_is_wrong() {
    let now = Instant::now();
    let judged = |history: &History, change: Change| {
        let mut asked = asked(FINAL, now);
        change(&mut asked);
        history.fault(&tree(), &[0], &asked).unwrap_or_default()
    };
    let good = history(vec![version(5, now)]);
    assert_eq!(judged(&good, &|_| {}), "");
    let faults: [(&str, Change); 7] = [
        ("not canonical", &|asked| {
            asked.anchors[0].hash = B256::repeat_byte(7)
        }),
        ("not canonical", &|asked| asked.anchors[0].number += 1),
        ("not canonical", &|asked| {
            asked.anchors[0].chain_id = CHAIN + 1
        }),
        ("what is read at", &|asked| {
            asked.anchors[0].confirmations = 1
        }),
        ("what is read at", &|asked| asked.anchors.clear()),
        ("not as final", &|asked| {
            asked.anchors[0] = block(FINAL + 1, 5).anchor(0)
        }),
        ("behind the final head", &|asked| {
            let old = FINAL - MAX_ANCHOR_AGE / SECONDS - 1;
            asked.anchors[0] = block(old, 5).anchor(0);
        }),
    ];
    for (words, change) in faults {
        let fault = judged(&good, change);
        assert!(fault.contains(words), "{words}: {fault}");
    }
    let lost = history(vec![version(0, now)]);
    let fault = judged(&lost, &|_| {});
    assert!(fault.contains("at no head"), "{fault}");
    let mut never = version(5, now);
    never.chain[usize::try_from(FINAL).unwrap()] = block(FINAL, 0);
    let fault = judged(&history(vec![never]), &|_| {});
    assert!(fault.contains("at the anchors"), "{fault}");
}

async fn grant_is_right_by_a_head_that_was_told_half_a_moment_before() {
    let history = history(vec![version(5, Instant::now()), version(0, Instant::now())]);
    let changed = history.changed();
    let in_time = asked(FINAL, changed + HEAD_TTL / 2);
    assert_eq!(history.fault(&tree(), &[0], &in_time), None);
    let too_late = asked(FINAL, changed + HEAD_TTL + Duration::from_millis(1));
    let fault = history.fault(&tree(), &[0], &too_late).unwrap();
    assert!(fault.contains("at no head"), "{fault}");
}

async fn grant_at_an_old_anchor_is_right_when_a_liar_hid_how_old_it_was() {
    let old = FINAL - MAX_ANCHOR_AGE / SECONDS - 1;
    for lie in [Mischief::OldFinal(3), Mischief::OldHead(BLOCKS - FINAL + 3)] {
        let mut lied_to = version(5, Instant::now());
        lied_to.mischief[1] = vec![lie];
        let history = history(vec![lied_to, version(5, Instant::now())]);
        let changed = history.changed();
        let just_after = asked(old, changed);
        assert_eq!(history.fault(&tree(), &[0], &just_after), None);
        assert!(history.is_old_by_now(&just_after));
        let later = asked(old, changed + HEAD_TTL + Duration::from_millis(1));
        let fault = history.fault(&tree(), &[0], &later).unwrap();
        assert!(fault.contains("behind the final head"), "{fault}");
    }
}

async fn grant_is_right_by_a_head_that_is_two_rounds_old_while_the_head_is_in_dispute() {
    let lost_since = |blocks: u64| {
        let mut lost = version(0, Instant::now());
        for at in BLOCKS + 1 - blocks..=BLOCKS {
            lost.chain[usize::try_from(at).unwrap()] = block(at, 0);
        }
        lost
    };
    let judged = |version: Version| {
        let asked = asked(FINAL, version.from);
        history(vec![version]).fault(&tree(), &[0], &asked)
    };
    for lie in [
        Mischief::OldHead(4),
        Mischief::OtherTop(4),
        Mischief::OtherBranch,
    ] {
        let mut disputed = lost_since(2);
        disputed.mischief[1] = vec![lie.clone()];
        assert_eq!(judged(disputed), None);
        let mut too_old = lost_since(3);
        too_old.mischief[1] = vec![lie];
        assert!(judged(too_old).unwrap().contains("at no head"));
    }
    // Nobody disputes it, or about something else.
    assert!(judged(lost_since(1)).unwrap().contains("at no head"));
    let mut other = lost_since(1);
    other.mischief[1] = vec![Mischief::FinalIsHead];
    assert!(judged(other).unwrap().contains("at no head"));
}
