//! Refreshes of a committee whose network is bad: partitions, delay, duplication between each node and
//! its chain, by seeded schedules. However a ceremony ends, the committee goes on serving.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::{primitives::keccak256, sol_types::SolCall};
use futures::future::join_all;
use libtest_mimic::Trial;
use stheno_chain::contracts::CommitteeContract as contract;
use stheno_cli::devnet::{Devnet, Foundation, Options, ceremony::State};
use tokio::task::JoinHandle;

use crate::{
    desk::{Desk, noise},
    gate::{Gate, Passage},
    someone::Someone,
    stage::{STHENO, patient_trial},
};

/// How long one schedule may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between blocks, which wait for nobody.
const BLOCK: Duration = Duration::from_millis(500);
/// The same when the weather has cleared, with time to spare for a machine that has much to do.
const CALM_BLOCK: Duration = Duration::from_millis(1_500);
/// Refreshes of which one must make an epoch then.
const CALM_ATTEMPTS: u32 = 3;
const NODES: u16 = 5;
const THRESHOLD: u16 = 3;

/// The tests of this module.
pub(crate) fn trials() -> Vec<Trial> {
    vec![patient_trial(
        module_path!(),
        "committee_goes_on_serving_in_any_weather",
        PATIENCE * (schedules().div_ceil(committees()) + CALM_ATTEMPTS),
        committee_goes_on_serving_in_any_weather,
    )]
}

/// How many schedules: `STHENO_COMMITTEE_SCHEDULES`, a dozen if it is not set.
fn schedules() -> u32 {
    number("STHENO_COMMITTEE_SCHEDULES", 12)
}

/// How many committees share them, side by side, since each mostly waits for blocks.
fn committees() -> u32 {
    (schedules() / 6).clamp(1, 4)
}

/// The first schedule's seed: `STHENO_SEED`, 1 if it is not set.
fn first_seed() -> u32 {
    number("STHENO_SEED", 1)
}

fn number(variable: &str, otherwise: u32) -> u32 {
    let text = std::env::var(variable).ok();
    text.map_or(otherwise, |text| text.parse().expect("a number"))
}

async fn committee_goes_on_serving_in_any_weather() {
    let first = first_seed();
    let seeds = first..first + schedules();
    // They begin one after the other: first ceremonies want a machine to themselves.
    let count = committees();
    let mut begun = Vec::new();
    for _ in 0..count {
        begun.push(begin().await);
    }
    let each = (0..).zip(begun).map(|(at, (devnet, gates))| {
        let own = |seed: &u32| (seed - first) % count == at;
        goes_on_serving(devnet, gates, seeds.clone().filter(own).collect())
    });
    let ends = join_all(each).await;
    let made: u32 = ends.iter().map(|(made, _)| made).sum();
    let failed: u32 = ends.iter().map(|(_, failed)| failed).sum();
    eprintln!("{made} refreshes made an epoch, {failed} failed cleanly");
}

/// A committee whose nodes have a gate each before their chain.
async fn begin() -> (Devnet, Vec<Arc<Gate>>) {
    let mut options = Options::with_executable(STHENO);
    (options.nodes, options.threshold) = (NODES, THRESHOLD);
    let mut foundation = Foundation::lay(options).await.unwrap();
    let mut gates = Vec::new();
    for node in 1..=NODES {
        gates.push(Gate::of_node(&foundation, node).await);
    }
    foundation.propose().await.unwrap();
    gates.iter().for_each(|gate| gate.admits(&foundation));
    foundation.approve().await.unwrap();
    (Devnet::when_ready(foundation).await.unwrap(), gates)
}

/// One committee through these schedules, one after the other: how many made an epoch, and how
/// many failed.
async fn goes_on_serving(devnet: Devnet, gates: Vec<Arc<Gate>>, seeds: Vec<u32>) -> (u32, u32) {
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "weather").await;
    let original = noise(61, 5_000);
    desk.put("data", &original);
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let clock = Clock::start(&devnet, BLOCK).await;

    let (mut made, mut failed) = (0, 0);
    for seed in seeds {
        let weather = Weather::begin(seed, &gates);
        let how = refreshed(&devnet, seed).await;
        weather.end(&gates);
        match how {
            State::Active => made += 1,
            _ => failed += 1,
        }
        // Nobody had to do anything, and nobody lost anything.
        let copy = format!("copy-{seed}");
        let said = desk.decrypt(&reader, "data.fee", &copy, &[]).await;
        assert_eq!(said.code, Some(0), "seed {seed}: {said:?}");
        assert!(desk.read(&copy) == original, "seed {seed}");
        says_one_thing(&gates, seed);
    }
    clock.stop();
    let clock = Clock::start(&devnet, CALM_BLOCK).await;
    let mut attempts = 1;
    while !matches!(refreshed(&devnet, 0).await, State::Active) {
        attempts += 1;
        assert!(
            attempts <= CALM_ATTEMPTS,
            "none makes an epoch in calm weather"
        );
    }
    clock.stop();
    devnet.stop().await;
    (made, failed)
}

/// Proposes a refresh, which the nodes approve, and gives how it ended.
async fn refreshed(devnet: &Devnet, seed: u32) -> State {
    let before = devnet.ceremony().await.unwrap().unwrap().number;
    // The operator's own way to the chain leads through the gate as well.
    let began = Instant::now();
    while let Err(error) = devnet.command(1, &["refresh"]).await {
        let latest = devnet.ceremony().await.unwrap().unwrap();
        if latest.number > before {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "seed {seed}: {error}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    loop {
        let ceremony = devnet.ceremony().await.unwrap().unwrap();
        let over = matches!(ceremony.state, State::Active | State::Failed);
        if ceremony.number > before && over {
            return ceremony.state;
        }
        // Too few could say anything in time: it is taken back, since it starts never.
        let head = devnet.control().head().await.unwrap();
        let open = matches!(ceremony.state, State::Keys | State::Approval);
        if ceremony.number > before && open && head >= ceremony.info.consentCloses {
            // The operator's own way to the chain is as bad as the node's.
            let _ = devnet.command(1, &["withdraw"]).await;
        }
        let words = ceremony.in_words();
        assert!(began.elapsed() < PATIENCE, "seed {seed}: {words}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// For each ceremony one dealing and one confirmation of each node, however often they were sent.
fn says_one_thing(gates: &[Arc<Gate>], seed: u32) {
    for gate in gates {
        for step in [
            contract::dealCall::SELECTOR,
            contract::confirmCall::SELECTOR,
        ] {
            let calls = gate.sent_of(step);
            let mut ceremonies: Vec<&[u8]> = calls.iter().map(|call| &call[36..68]).collect();
            let all = ceremonies.len();
            ceremonies.dedup();
            assert_eq!(ceremonies.len(), all, "seed {seed}, node {}", gate.node);
        }
    }
}

/// Blocks that come whatever the nodes do.
struct Clock(JoinHandle<()>);

impl Clock {
    async fn start(devnet: &Devnet, block: Duration) -> Self {
        let control = devnet.control().clone();
        control.mine_every(0).await.unwrap();
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(block).await;
                // Whoever waits for the chain meets its errors, too.
                let _ = control.mine().await;
            }
        }))
    }

    fn stop(self) {
        self.0.abort();
    }
}

/// What goes wrong between the nodes and their chain.
struct Weather {
    over: Arc<AtomicBool>,
}

impl Weather {
    fn begin(seed: u32, gates: &[Arc<Gate>]) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        for gate in gates {
            let (over, node, mut cut_until) = (Arc::clone(&over), gate.node, None);
            // A follower that met an error rests for seconds, which are a whole window here: as many
            // nodes are cut off as a committee can do without.
            let is_cut_off = u32::from(node) == seed % u32::from(NODES) + 1;
            gate.set_rule(move |question| {
                if over.load(Ordering::SeqCst) {
                    return Passage::Free;
                }
                if cut_until.is_some_and(|until| Instant::now() < until) {
                    return Passage::Cut;
                }
                let at = question.number;
                match roll(seed, node, at, 80) {
                    0 | 1 if is_cut_off => {
                        let long = Duration::from_millis(roll(seed, node, at + 1, 5_000));
                        cut_until = Some(Instant::now() + long);
                        Passage::Cut
                    }
                    2..=9 => Passage::Late(Duration::from_millis(roll(seed, node, at + 1, 100))),
                    10..=15 => Passage::Twice,
                    _ => Passage::Free,
                }
            });
        }
        Self { over }
    }

    fn end(self, gates: &[Arc<Gate>]) {
        self.over.store(true, Ordering::SeqCst);
        gates.iter().for_each(|gate| gate.open());
    }
}

/// One of `0..below`: the same for the same question of the same node under the same seed.
fn roll(seed: u32, node: u16, question: u64, below: u64) -> u64 {
    let digest = keccak256(format!("weather {seed} {node} {question}"));
    u64::from(u32::from_be_bytes([
        digest[0], digest[1], digest[2], digest[3],
    ])) % below
}
