//! Many seeds: `STHENO_SEEDS` of them from `STHENO_SEED` on.

use std::{
    collections::BTreeMap,
    env,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use stheno_crypto::engine::Engine;

use crate::{
    schedule::{Fault, Plan, Weather},
    world::{Failure, Summary, World},
};

/// How many seeds are part of the ordinary tests.
const SEEDS: u64 = 20_000;

fn run(seed: u64, without: &[Fault]) -> Result<Summary, Failure> {
    World::new(Plan::of(seed, without)).run()
}

fn number(name: &str, otherwise: u64) -> u64 {
    match env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is a number")),
        Err(_) => otherwise,
    }
}

/// Kinds of faults that are left out: `STHENO_WITHOUT=Crashes,Reorgs`.
fn left_out() -> Vec<Fault> {
    let named = env::var("STHENO_WITHOUT").unwrap_or_default();
    let by_name = |name: &str| Fault::ALL.into_iter().find(|f| format!("{f:?}") == name);
    named
        .split(',')
        .filter(|name| !name.is_empty())
        .filter_map(by_name)
        .collect()
}

/// Leaves out one kind of faults after the other, as long as the property still breaks.
fn shrink(seed: u64, without: &[Fault]) -> (Vec<Fault>, Failure) {
    let mut without = without.to_vec();
    let mut last = run(seed, &without).expect_err("it failed before");
    for fault in Fault::ALL {
        if without.contains(&fault) {
            continue;
        }
        without.push(fault);
        match run(seed, &without) {
            Err(failure) if kind(&failure) == kind(&last) => last = failure,
            _ => {
                without.pop();
            }
        }
    }
    (without, last)
}

/// The property without the names in it.
fn kind(failure: &Failure) -> String {
    failure
        .property
        .chars()
        .filter(|c| !c.is_ascii_digit())
        .take(40)
        .collect()
}

fn explain(seed: u64, without: &[Fault]) -> String {
    let (without, failure) = shrink(seed, without);
    let names: Vec<String> = without.iter().map(|fault| format!("{fault:?}")).collect();
    let plan = Plan::of(seed, &without);
    format!(
        "seed {seed}: {}\n\n{plan:#?}\n\nThe last that happened:\n{}\nAgain: \
         STHENO_SEEDS=1 STHENO_SEED={seed} STHENO_WITHOUT={} cargo test --release --workspace \
         --test simulation --locked -- --nocapture committees\n",
        failure.property,
        failure.last,
        names.join(",")
    )
}

#[derive(Default)]
struct Total {
    runs: BTreeMap<String, u64>,
    epochs: u64,
    attempts: BTreeMap<String, (u64, u64)>,
    counts: BTreeMap<&'static str, u64>,
    hash: u64,
}

impl Total {
    fn add(&mut self, summary: &Summary) {
        let weather = format!("{:?}", summary.weather);
        *self.runs.entry(weather.clone()).or_default() += 1;
        self.epochs += summary.epochs;
        let attempts = self.attempts.entry(weather).or_default();
        attempts.0 += summary.first_attempts.0;
        attempts.1 += summary.first_attempts.1;
        for (what, count) in &summary.counts {
            *self.counts.entry(what).or_default() += count;
        }
        // In whatever order the runs end.
        self.hash = self.hash.wrapping_add(summary.hash);
    }
}

#[test]
fn committees_keep_their_key_and_their_secrets_whatever_goes_wrong() {
    let first = number("STHENO_SEED", 1);
    let seeds = number("STHENO_SEEDS", SEEDS);
    let without = left_out();
    println!("seeds {first} to {}", first + seeds - 1);
    let next = AtomicU64::new(0);
    let total = Mutex::new(Total::default());
    let failed = Mutex::new(None);
    let began = Instant::now();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                Engine::Remembering.scope(|| {
                    let mut mine = Total::default();
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        if at >= seeds || failed.lock().unwrap().is_some() {
                            break;
                        }
                        match run(first + at, &without) {
                            Ok(summary) => mine.add(&summary),
                            Err(_) => {
                                failed.lock().unwrap().get_or_insert(first + at);
                            }
                        }
                        let done = at + 1;
                        if done.is_multiple_of(50_000) {
                            println!("{done} seeds in {} s", began.elapsed().as_secs());
                        }
                    }
                    let mut total = total.lock().unwrap();
                    for (weather, runs) in mine.runs {
                        *total.runs.entry(weather).or_default() += runs;
                    }
                    for (weather, (tried, made)) in mine.attempts {
                        let attempts = total.attempts.entry(weather).or_default();
                        attempts.0 += tried;
                        attempts.1 += made;
                    }
                    for (what, count) in mine.counts {
                        *total.counts.entry(what).or_default() += count;
                    }
                    total.epochs += mine.epochs;
                    total.hash = total.hash.wrapping_add(mine.hash);
                });
            });
        }
    });
    let failed = *failed.lock().unwrap();
    if let Some(seed) = failed {
        panic!("{}", Engine::Remembering.scope(|| explain(seed, &without)));
    }
    let total = total.into_inner().unwrap();
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{seeds} seeds in {seconds:.1} s, {} epochs, traces {:016x}\nruns {:?}\nfirst attempts, and \
         how many made an epoch: {:?}\n{:#?}",
        total.epochs, total.hash, total.runs, total.attempts, total.counts
    );
    // A simulation in which nothing happens shows nothing.
    if seeds >= 1000 && without.is_empty() {
        for what in [
            "canaries opened",
            "answers of honest members",
            "complaints of honest members",
            "secrets erased",
            "finality broken",
            "writes torn",
            "disks lost",
            "members lied to",
        ] {
            assert!(
                total.counts.get(what).is_some_and(|n| *n > 0),
                "{what}: never"
            );
        }
        let (tried, made) = total.attempts[&format!("{:?}", Weather::Fair)];
        assert!(
            made * 2 > tried,
            "most attempts in fair weather make an epoch"
        );
    }
}

#[test]
fn seed_is_one_run_bit_for_bit() {
    Engine::Remembering.scope(|| {
        for seed in [3, 77, 1234, 5_000_001] {
            let (one, two) = (run(seed, &[]).unwrap(), run(seed, &[]).unwrap());
            assert_eq!(one.hash, two.hash, "seed {seed}");
        }
    });
    // What is remembered changes nothing.
    let plain = run(77, &[]).unwrap().hash;
    assert_eq!(
        Engine::Remembering.scope(|| run(77, &[]).unwrap().hash),
        plain
    );
}

#[test]
fn key_survives_a_hundred_reshares_with_random_members() {
    Engine::Remembering.scope(|| {
        let mut plan = Plan::of(4, &[]);
        plan.calm_down();
        (plan.size, plan.threshold, plan.reshares) = (3, 2, 100);
        (plan.delay, plan.reorgs, plan.crashes, plan.stalls) = (1, 20, 3, 5);
        plan.weather = Weather::Fair;
        match World::new(plan).run() {
            // A file that was sealed in epoch 1 is opened in each: see `Observer::epoch`.
            Ok(summary) => {
                assert_eq!(summary.epochs, 101);
                assert_eq!(summary.counts["canaries opened"], 101);
            }
            Err(failure) => panic!("{}\n{}", failure.property, failure.last),
        }
    });
}
