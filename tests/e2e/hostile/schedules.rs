//! Random schedules: rights come and go, blocks are undone, endpoints misbehave, and readers ask with
//! anchors of their choice. Every grant is held against the history.
//!
//! `STHENO_SCHEDULES` is how many, `STHENO_SEED` the seed of the first, 1 if that is not set; each has the
//! next. A failure is printed at once, with what happened and with the seed of its one schedule:
//! `STHENO_SCHEDULE=…` plays that one again, `STHENO_SCHEDULES` times, once if that is not set.

use std::{
    panic::AssertUnwindSafe,
    sync::Mutex,
    time::{Duration, Instant},
};

use futures::FutureExt;

use super::{
    play::{Failure, Play, Trace},
    tally::{Kind, Tally},
    world::{Shape, World},
};
use crate::stage;

const SCHEDULES: u64 = 2_000;
/// How long one of them may take.
const LIMIT: Duration = Duration::from_secs(90);
/// A chain is replaced after so many.
const EACH_CHAIN: usize = 150;
/// So many chains of each shape are played on at the same time.
const LANES: u64 = 2;
/// Committees of endpoints; a seed says which.
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

const fn shape(endpoints: usize, min_agree: usize) -> Shape {
    Shape {
        endpoints,
        min_agree,
    }
}

pub(super) fn trials() -> Vec<libtest_mimic::Trial> {
    let many = number("STHENO_SCHEDULES").unwrap_or(SCHEDULES);
    let patience = Duration::from_secs(600) * u32::try_from(many / SCHEDULES + 1).unwrap();
    vec![stage::patient_trial(
        module_path!(),
        "no_schedule_grants_what_was_false_at_the_anchors_or_the_head",
        patience,
        no_schedule_grants_what_was_false_at_the_anchors_or_the_head,
    )]
}

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    let value = value.parse();
    Some(value.unwrap_or_else(|_| panic!("{name} is a number")))
}

async fn no_schedule_grants_what_was_false_at_the_anchors_or_the_head() {
    let (seeds, lanes) = match number("STHENO_SCHEDULE") {
        Some(one) => {
            let times = number("STHENO_SCHEDULES").unwrap_or(1);
            eprintln!("schedules: {one}, {times} times");
            (vec![one; usize::try_from(times).unwrap()], 1)
        }
        None => {
            let first = number("STHENO_SEED").unwrap_or(1);
            let many = number("STHENO_SCHEDULES").unwrap_or(SCHEDULES);
            eprintln!("schedules: {many}, STHENO_SEED={first}");
            let seeds = (0..many).map(|number| first.wrapping_add(number));
            (seeds.collect(), LANES)
        }
    };
    let began = Instant::now();
    let tally = Mutex::new(Tally::default());
    let shapes = SHAPES.len() as u64;
    let lane = |which: u64| {
        let own = |seed: &u64| seed % (shapes * lanes) == which;
        let own: Vec<u64> = seeds.iter().copied().filter(own).collect();
        play_all(own, &tally)
    };
    futures::future::join_all((0..shapes * lanes).map(lane)).await;
    let tally = tally.into_inner().unwrap();
    tally.conclude(began.elapsed(), seeds.len() as u64);
}

/// Plays these, which are of one shape, until something is wrong with a grant or an answer.
async fn play_all(seeds: Vec<u64>, tally: &Mutex<Tally>) {
    let mut seeds = seeds.into_iter();
    let mut next = seeds.next();
    while let Some(first) = next {
        let shape = SHAPES[usize::try_from(first % SHAPES.len() as u64).unwrap()];
        let mut world = World::start(shape).await;
        for _ in 0..EACH_CHAIN {
            let Some(seed) = next else { break };
            if tally.lock().unwrap().is_hopeless() {
                return;
            }
            let is_well = play(&mut world, seed, tally).await;
            next = seeds.next();
            if !is_well {
                // The chain may be in the middle of something.
                break;
            }
        }
        world.node.stop().await;
    }
}

async fn play(world: &mut World, seed: u64, tally: &Mutex<Tally>) -> bool {
    let trace = Mutex::new(Trace::default());
    let play = async { Play::new(world, seed, tally, &trace).run().await };
    let ended = tokio::time::timeout(LIMIT, AssertUnwindSafe(play).catch_unwind()).await;
    let trace = trace
        .into_inner()
        .unwrap_or_else(|spoilt| spoilt.into_inner());
    let played = {
        let mut tally = tally.lock().unwrap();
        tally.schedules += 1;
        tally.schedules
    };
    let failure = match ended {
        Ok(Ok(Ok(()))) => return true,
        Ok(Ok(Err(failure))) => failure,
        Ok(Err(panic)) => {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(|&s| s.to_owned()));
            Failure {
                kind: Kind::Test,
                words: words.unwrap_or_default(),
                asked: None,
            }
        }
        Err(_) => Failure {
            kind: Kind::Stuck,
            words: trace.doing(),
            asked: None,
        },
    };
    let again = format!("again with STHENO_SCHEDULE={seed}");
    let waiting = waiting(world).await;
    // At once, whatever becomes of the others.
    eprintln!(
        "schedules: {} after {} schedules: {}\n  {again}, {:?}\n  what happened:\n    {}\n  what was told:\n    {}\n  \
         who waits: {}",
        failure.kind,
        played,
        failure.words,
        world.shape,
        trace.lines.join("\n    "),
        world.history.lines(failure.asked.as_ref()).join("\n    "),
        waiting,
    );
    let line = format!("{}; {again}", failure.words);
    tally.lock().unwrap().failures.push((failure.kind, line));
    false
}

/// Who waits for what: the node at its endpoints, and whether it is alive.
async fn waiting(world: &World) -> String {
    let at_proxy = world.proxy.waiting();
    let ready = tokio::time::timeout(Duration::from_secs(3), world.node.get("/ready"));
    let ready = match ready.await {
        Ok((status, said)) => format!("{status} {said}"),
        Err(_) => "nothing in 3 s".to_owned(),
    };
    format!("at the endpoints {at_proxy:?}; the node says of itself: {ready}")
}
