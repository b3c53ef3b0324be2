//! Nodes that die in the middle of a key ceremony, at every step that shows outside.
//!
//! A node writes down a message, asks what sending it costs, signs, sends. [`Gate`]s kill it after
//! the writing, before the sending, and after it; a tracer kills it whenever it waits for its disk;
//! then it is started again. Whatever happens, a node never wants to send two different messages
//! for one step.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::{primitives::keccak256, sol_types::SolCall};
use stheno_chain::contracts::CommitteeContract as contract;
use stheno_cli::devnet::{
    Devnet, Foundation, Options,
    ceremony::{Ceremony, State},
    member::Operator,
    process::without_node_settings,
};
use tokio::task::JoinHandle;

use crate::{
    ceremony::until,
    desk::{Desk, noise},
    gate::{Gate, Passage, Question, operator, selector},
    someone::Someone,
    stage::{STHENO, rounds},
    trials,
};

trials![
    every_node_killed_at_every_step_says_nothing_twice,
    nodes_killed_at_random_questions_say_nothing_twice,
    node_killed_at_its_durable_writes_says_nothing_twice,
    ceremony_fails_cleanly_when_a_node_stays_away_and_a_new_one_succeeds,
    ceremony_goes_on_when_the_chain_restarts,
];

const NODES: u16 = 3;
const THRESHOLD: u16 = 2;
/// How often a node is killed at random before the approvals, and in all.
const RANDOM_KILLS: (u32, u32) = (2, 6);

/// The messages of a node in a ceremony without complaints, and what it does for all at the end.
const STEPS: [(&str, [u8; 4]); 5] = [
    ("postCeremonyKey", contract::postCeremonyKeyCall::SELECTOR),
    ("deal", contract::dealCall::SELECTOR),
    ("confirm", contract::confirmCall::SELECTOR),
    ("activate", contract::activateCall::SELECTOR),
    ("publishKeys", contract::publishKeysCall::SELECTOR),
];

/// Moments at which a node dies.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Moment {
    /// It has written the message down, and asks what it costs to send it.
    Written,
    /// The transaction is signed, and does not leave.
    Leaving,
    /// The chain has it, and the node does not know.
    Left,
}

/// Where nodes have died so far.
type Deaths = Arc<Mutex<BTreeSet<(u16, [u8; 4], Moment)>>>;

async fn every_node_killed_at_every_step_says_nothing_twice() {
    let scene = Scene::set().await;
    let deaths = Deaths::default();
    for gate in &scene.gates {
        let (deaths, node) = (deaths.clone(), gate.node);
        gate.set_rule(move |question| die_once_each(&deaths, node, question));
    }
    scene.ends_with_a_key(false).await;

    let deaths = deaths.lock().unwrap();
    for (name, step) in &STEPS[..3] {
        for node in 1..=NODES {
            for moment in [Moment::Written, Moment::Leaving, Moment::Left] {
                let died = deaths.contains(&(node, *step, moment));
                assert!(died, "node {node} did not die at {name} {moment:?}");
            }
        }
    }
    eprintln!("{} kills, each at another step", deaths.len());
}

/// Kills the node at each moment of each of its steps, once.
fn die_once_each(deaths: &Deaths, node: u16, question: &Question<'_>) -> Passage {
    let Some(step) = selector(question) else {
        return Passage::Free;
    };
    if !STEPS.iter().any(|(_, known)| *known == step) {
        return Passage::Free;
    }
    let mut deaths = deaths.lock().unwrap();
    let mut first = |moment| deaths.insert((node, step, moment));
    match question.method {
        "eth_estimateGas" if first(Moment::Written) => Passage::KillBefore,
        "eth_sendRawTransaction" if first(Moment::Leaving) => Passage::KillBefore,
        "eth_sendRawTransaction" if first(Moment::Left) => Passage::KillAfter,
        _ => Passage::Free,
    }
}

async fn nodes_killed_at_random_questions_say_nothing_twice() {
    for round in 0..rounds() {
        let scene = Scene::set().await;
        for gate in &scene.gates {
            let (node, allowed) = (gate.node, scene.allowed.clone());
            let mut kills = 0;
            gate.set_rule(move |question| {
                let at = random(round, node, kills);
                if kills >= allowed.load(Ordering::SeqCst) || question.number < at {
                    return Passage::Free;
                }
                kills += 1;
                match at % 2 {
                    0 => Passage::KillBefore,
                    _ => Passage::KillAfter,
                }
            });
        }
        scene.ends_with_a_key(true).await;
    }
}

/// Around the journal, the vault and the log: wherever the node waits for its disk, it dies, in a
/// ceremony that it takes part in from its first write to its last.
async fn node_killed_at_its_durable_writes_says_nothing_twice() {
    if !Traced::is_possible() {
        eprintln!("skipped: there is no strace to kill a program at its writes");
        return;
    }
    let mut scene = Scene::set().await;
    scene.foundation.propose().await.unwrap();
    let gate = Arc::clone(&scene.gates[usize::from(TRACED) - 1]);
    gate.is_used().await;
    scene.foundation.kill_node(TRACED);
    let operator = operator(&scene.foundation, TRACED).clone();
    let (mut traced, mut kills, mut at_writes, mut approvals) = (None, 0, 0, None);
    let last = loop {
        let (control, contracts) = (scene.foundation.control(), scene.foundation.contracts());
        let ceremony = Ceremony::latest(control, contracts).await.unwrap().unwrap();
        match ceremony.state {
            // Once around before anything is pressing, and on in the phases.
            State::Approval if approvals.is_none() && kills > WRITES => {
                approvals = Some(scene.approve());
            }
            State::Active | State::Failed => break ceremony,
            _ => {}
        }
        // At the first write of a thread, the second, …, and from the start again.
        let write = kills % WRITES + 1;
        let running = traced.get_or_insert_with(|| Traced::start(&operator, write));
        let at_its_write = running.has_died();
        // One that waits for the others has no more to write for now, and dies where it is.
        if at_its_write || running.began.elapsed() > Duration::from_secs(2) {
            traced = None;
            kills += 1;
            at_writes += u32::from(at_its_write);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    drop(traced);
    is_left_by_its_process(&operator).await;
    eprintln!("node {TRACED} was killed {kills} times, {at_writes} of them at its writes");
    assert!(kills > WRITES, "{kills} kills");
    assert!(at_writes > WRITES / 2, "{at_writes} kills at writes");
    scene.foundation.start_node(TRACED).unwrap();
    let mut number = last.number;
    if last.state == State::Failed {
        scene.again().await;
        number += 1;
    }
    let gates = scene.gates.clone();
    let devnet = scene.ends_with_ceremony(number).await;
    gates.iter().for_each(|gate| says_nothing_twice(gate, true));
    devnet.stop().await;
}

/// Waits until no process uses the node's files.
async fn is_left_by_its_process(operator: &Operator) {
    let lock = File::open(operator.dir.join("data/lock")).unwrap();
    let began = Instant::now();
    while lock.try_lock().is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "it goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The node that dies at its writes.
const TRACED: u16 = 2;
/// At how many different ones, counted in each of its threads: more than it takes to make a
/// database, of which nothing is left where the node dies in between.
const WRITES: u32 = 12;

/// A node that is killed when it asks its disk to keep something.
struct Traced {
    child: std::process::Child,
    began: Instant,
}

impl Traced {
    fn is_possible() -> bool {
        let trace = "trace=fsync,fdatasync";
        let run = Command::new("strace")
            .args(["-f", "-qq", "-e", trace, "true"])
            .output();
        cfg!(target_os = "linux") && run.is_ok_and(|run| run.status.success())
    }

    fn start(operator: &Operator, write: u32) -> Self {
        // The node ends with the shell that becomes its tracer.
        let script = "exec strace -f -qq -o /dev/null -e trace=fsync,fdatasync \
                      -e inject=fsync,fdatasync:signal=KILL:when=\"$1\" \
                      \"$2\" tied $$ \"$2\" node --config \"$3\" run";
        let mut command = Command::new("sh");
        without_node_settings(&mut command);
        let log = File::options().append(true).open(operator.log());
        let child = command
            .args(["-c", script, "sh", &write.to_string(), STHENO])
            .arg(operator.config())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn();
        Self {
            child: child.unwrap(),
            began: Instant::now(),
        }
    }

    fn has_died(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        drop((self.child.kill(), self.child.wait()));
    }
}

/// After how many questions a node dies for the so-many-th time: the same every day.
fn random(round: u32, node: u16, kill: u32) -> u64 {
    let digest = keccak256(format!("anger {round} {node} {kill}"));
    // A start takes about ten questions, a quiet second about forty.
    3 + u64::from(u16::from_be_bytes([digest[0], digest[1]])) % 120
}

async fn ceremony_fails_cleanly_when_a_node_stays_away_and_a_new_one_succeeds() {
    let mut foundation = Foundation::lay(options()).await.unwrap();
    foundation.propose().await.unwrap();
    foundation.approve().await.unwrap();
    let all = usize::from(NODES);
    let dealt = |c: &Ceremony| c.progress.dealt.count_ones() == all;
    let first = until(&foundation, "all dealings", dealt).await;
    // All three would have to confirm.
    foundation.kill_node(NODES);
    let failed = |c: &Ceremony| c.state == State::Failed;
    let failed = until(&foundation, "the end", failed).await;
    assert_eq!(failed.number, first.number);

    foundation.start_node(NODES).unwrap();
    let mut scene = Scene::without_gates(foundation);
    scene.again().await;
    let devnet = scene.ends_with_ceremony(2).await;
    devnet.stop().await;
}

/// The chain goes away and comes back where it was, without what waited for a block.
async fn ceremony_goes_on_when_the_chain_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        dir: Some(dir.path().join("devnet")),
        ..options()
    };
    let mut foundation = Foundation::lay(options).await.unwrap();
    foundation.propose().await.unwrap();
    let keys = |c: &Ceremony| c.state == State::Approval;
    until(&foundation, "ceremony keys", keys).await;
    foundation.restart_chain().await.unwrap();
    foundation.approve().await.unwrap();
    let dealt = |c: &Ceremony| c.progress.dealt.count_ones() == usize::from(NODES);
    until(&foundation, "all dealings", dealt).await;
    foundation.restart_chain().await.unwrap();
    let scene = Scene::without_gates(foundation);
    let devnet = scene.ends_with_ceremony(1).await;
    devnet.stop().await;
}

fn options() -> Options {
    let mut options = Options::with_executable(STHENO);
    (options.nodes, options.threshold) = (NODES, THRESHOLD);
    options
}

/// Nodes that reach the chain through gates, before their ceremony is proposed.
struct Scene {
    foundation: Foundation,
    gates: Vec<Arc<Gate>>,
    /// How often each node may have been killed at random by now.
    allowed: Arc<AtomicU32>,
}

impl Scene {
    async fn set() -> Self {
        let mut scene = Self::without_gates(Foundation::lay(options()).await.unwrap());
        for node in 1..=NODES {
            scene
                .gates
                .push(Gate::of_node(&scene.foundation, node).await);
        }
        scene
    }

    fn without_gates(foundation: Foundation) -> Self {
        Self {
            foundation,
            gates: Vec::new(),
            allowed: Arc::new(AtomicU32::new(RANDOM_KILLS.0)),
        }
    }

    /// Runs the ceremony and starts whoever was killed. `again`: if it comes to nothing, which is
    /// no fault where nodes die at random, a second one succeeds.
    async fn ends_with_a_key(mut self, again: bool) {
        self.foundation.propose().await.unwrap();
        self.gates.iter().for_each(|g| g.admits(&self.foundation));
        let last = self.approved_and_run_out().await;
        let mut number = last.number;
        if last.state == State::Failed {
            assert!(again, "{}", last.in_words());
            self.gates.iter().for_each(|gate| gate.open());
            self.start_the_dead();
            self.again().await;
            number += 1;
        }
        assert_eq!(last.progress.complained.count_ones(), 0);

        // What is done for all after the end is to be died at as well.
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(2) {
            self.start_the_dead();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.gates.iter().for_each(|gate| gate.open());
        self.start_the_dead();
        let gates = self.gates.clone();
        let devnet = self.ends_with_ceremony(number).await;
        gates
            .iter()
            .for_each(|gate| says_nothing_twice(gate, again));
        devnet.stop().await;
    }

    /// The operators approve, nodes die and are started again; gives the ceremony at its end.
    async fn approved_and_run_out(&mut self) -> Ceremony {
        let began = Instant::now();
        let mut approvals = None;
        loop {
            self.start_the_dead();
            let (control, contracts) = (self.foundation.control(), self.foundation.contracts());
            let ceremony = Ceremony::latest(control, contracts).await.unwrap().unwrap();
            match ceremony.state {
                State::Approval if approvals.is_none() => {
                    // The operators' commands go through the gates as well.
                    self.allowed.store(0, Ordering::SeqCst);
                    approvals = Some(self.approve());
                }
                State::Active | State::Failed => return ceremony,
                _ => {}
            }
            if approvals.as_ref().is_some_and(JoinHandle::is_finished) {
                self.allowed.store(RANDOM_KILLS.1, Ordering::SeqCst);
            }
            let words = ceremony.in_words();
            assert!(began.elapsed() < Duration::from_secs(100), "{words}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A second ceremony, in which nobody dies.
    async fn again(&mut self) {
        self.foundation.propose().await.unwrap();
        let keys = |c: &Ceremony| c.state == State::Approval;
        until(&self.foundation, "ceremony keys", keys).await;
        self.foundation.approve().await.unwrap();
    }

    fn approve(&self) -> JoinHandle<()> {
        let members = self.foundation.members().iter();
        let operators: Vec<_> = members.map(|m| m.operator().clone()).collect();
        tokio::spawn(async move {
            let approvals = operators.iter().map(|operator| operator.approve());
            let approved = futures::future::try_join_all(approvals).await;
            approved.expect("the operators approve");
        })
    }

    fn start_the_dead(&mut self) {
        for gate in self.gates.iter().filter(|gate| gate.has_killed()) {
            self.foundation.kill_node(gate.node);
            self.foundation.start_node(gate.node).unwrap();
            gate.admits(&self.foundation);
        }
    }

    /// The ceremony of this number has made the key, and all shares of it are good: with each node
    /// away in turn, the others open a file.
    async fn ends_with_ceremony(self, number: u64) -> Devnet {
        let mut devnet = Devnet::when_ready(self.foundation).await.unwrap();
        let ceremony = Ceremony::latest(devnet.control(), devnet.contracts()).await;
        let ceremony = ceremony.unwrap().unwrap();
        assert_eq!((ceremony.number, ceremony.state), (number, State::Active));

        let desk = Desk::new(&devnet);
        let reader = Someone::with_pass(&devnet, "killed").await;
        let original = noise(60, 10_000);
        desk.put("data", &original);
        desk.encrypt("data", "data.fee", &[]).await.expect_done();
        for away in [1, NODES] {
            devnet.kill_node(away);
            let copy = format!("copy-{away}");
            let said = desk.decrypt(&reader, "data.fee", &copy, &[]).await;
            said.expect_done();
            assert!(desk.read(&copy) == original);
            devnet.start_node(away).await.unwrap();
        }
        devnet
    }
}

/// For each ceremony and step one message, however often it was sent: the journal's.
fn says_nothing_twice(gate: &Gate, may_be_late: bool) {
    let own = [
        contract::postCeremonyKeyCall::SELECTOR,
        contract::dealCall::SELECTOR,
        contract::confirmCall::SELECTOR,
    ];
    for step in own {
        let mut by_ceremony: BTreeMap<&[u8], u32> = BTreeMap::new();
        let calls = gate.sent_of(step);
        for call in &calls {
            // The committee, then the ceremony.
            *by_ceremony.entry(&call[36..68]).or_default() += 1;
        }
        assert!(
            by_ceremony.values().all(|different| *different == 1),
            "node {} said different things: {calls:?}",
            gate.node
        );
        let spoke = !by_ceremony.is_empty();
        assert!(spoke || may_be_late, "node {} said nothing", gate.node);
    }
    eprintln!("node {} was killed {} times", gate.node, gate.kills());
}
