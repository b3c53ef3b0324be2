//! A committee that changes and goes on serving: other members, another threshold, new shares.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use libtest_mimic::Trial;
use stheno_cli::devnet::{
    Devnet, Foundation, Options,
    ceremony::{Ceremony, State},
};
use stheno_crypto::dkg::{CeremonySecret, DealerSeed};
use stheno_node::{
    Config,
    recovery::{Recovery, TrusteeKey},
    vault::{UnlockSecret, Vault},
};
use stheno_protocol::{NodeState, Status};

use crate::{
    audit::{audit, deviations},
    ceremony::until,
    command::{run, stheno},
    desk::{Desk, noise},
    reshare_readers::{Reading, Stale},
    someone::Someone,
    stage::{STHENO, patient_trial, trial},
};

/// The tests of this module.
pub(crate) fn trials() -> Vec<Trial> {
    let at = module_path!();
    let long = Duration::from_secs(420);
    vec![
        patient_trial(
            at,
            "seven_become_nine_while_a_reader_reads_and_a_lost_share_is_repaired",
            long,
            seven_become_nine_while_a_reader_reads_and_a_lost_share_is_repaired,
        ),
        patient_trial(
            at,
            "member_that_leaves_serves_until_the_overlap_ends",
            long,
            member_that_leaves_serves_until_the_overlap_ends,
        ),
        patient_trial(
            at,
            "nothing_is_erased_while_the_canary_does_not_open",
            long,
            nothing_is_erased_while_the_canary_does_not_open,
        ),
        patient_trial(
            at,
            "shares_are_renewed_on_schedule_without_anybody",
            long,
            shares_are_renewed_on_schedule_without_anybody,
        ),
        trial(
            at,
            "operators_are_told_what_is_wrong_with_a_proposal",
            operators_are_told_what_is_wrong_with_a_proposal,
        ),
    ]
}

async fn seven_become_nine_while_a_reader_reads_and_a_lost_share_is_repaired() {
    // The first key, with a node killed in each phase of its ceremony.
    let mut foundation = lay(7, 4).await;
    foundation.propose().await.unwrap();
    let bit = |node: u16| usize::from(node) - 1;
    until(&foundation, "key 1", |c| c.progress.keys.bit(bit(1))).await;
    restart(&mut foundation, 1);
    foundation.approve().await.unwrap();
    until(&foundation, "dealing 2", |c| c.progress.dealt.bit(bit(2))).await;
    restart(&mut foundation, 2);
    for (node, phase) in [(3, 1), (4, 2), (5, 3)] {
        reach(foundation.control(), foundation.contracts(), phase).await;
        restart(&mut foundation, node);
    }
    let mut devnet = Devnet::when_ready(foundation).await.unwrap();
    let first = devnet.ceremony().await.unwrap().unwrap();
    assert_eq!((first.number, first.state), (1, State::Active));

    let desk = Desk::new(&devnet);
    let someone = Someone::with_pass(&devnet, "reshare").await;
    let original = noise(7, 20_000);
    desk.put("data", &original);
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let envelope = desk.read("data.fee");
    let reading = Reading::begin(&devnet, &someone, envelope.clone(), original.clone());
    let stale = Stale::read(&devnet).await;

    // Seven become nine, five of whom open; two are silent from the approvals on, and one of the
    // others dies in each phase.
    let metronome = devnet.hurry().await.unwrap();
    devnet.add_nodes(2).await.unwrap();
    devnet
        .propose(1, &[1, 2, 3, 4, 5, 6, 7, 8, 9], 5)
        .await
        .unwrap();
    devnet.approve(&[1, 2, 3, 4, 5]).await.unwrap();
    devnet.kill_node(6);
    devnet.kill_node(7);
    for (node, phase) in [(8, 0), (2, 1), (3, 2), (9, 3)] {
        reach(devnet.control(), devnet.contracts(), phase).await;
        devnet.kill_node(node);
        devnet.start_node_only(node).unwrap();
    }
    ends(&devnet, 2, State::Active).await;
    audited(&devnet).await;
    let progress = devnet.ceremony().await.unwrap().unwrap().progress;
    assert!(!progress.confirmed.bit(bit(6)) && !progress.confirmed.bit(bit(7)));
    for node in [1, 2, 3, 4, 5, 8, 9] {
        serves(&devnet, node, 2).await;
    }
    // Both epochs answer: a reader who has not followed is served by the old members that are left.
    assert_eq!(epochs(&devnet, 1).await, [2, 1]);
    assert_eq!(stale.opens(&someone, &envelope).await.unwrap(), original);
    // Who was away finds its share in the record.
    for node in [6, 7] {
        devnet.start_node_only(node).unwrap();
        serves(&devnet, node, 2).await;
    }

    // Node 9 loses its share, and everything that it could be made of again.
    devnet.kill_node(9);
    wipe(&devnet, 9);
    devnet.start_node_only(9).unwrap();
    state_becomes(&devnet, 9, NodeState::Degraded).await;
    let refused = devnet.command(8, &["repair"]).await.unwrap_err();
    assert!(
        refused.to_string().contains("nothing to repair"),
        "{refused}"
    );
    let said = devnet.command(9, &["repair"]).await.unwrap();
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["ceremony"], 3);
    // Nobody approves by hand: the nodes do, since nothing changes.
    ends(&devnet, 3, State::Active).await;
    for node in 1..=9 {
        serves(&devnet, node, 3).await;
    }

    // Once the overlap is over, nothing is left but the shares of the epoch that serves.
    pass_blocks(&devnet, 40).await;
    for node in 1..=9 {
        settles(&devnet, node).await;
        assert_eq!(epochs(&devnet, node).await, [3]);
    }
    let over = stale.opens(&someone, &envelope).await.unwrap_err();
    assert!(over.to_string().contains("epoch"), "{over}");

    // What was sealed in the first epoch opens in the last, also without node 1 and 2.
    devnet.kill_node(1);
    devnet.kill_node(2);
    let said = desk.decrypt(&someone, "data.fee", "copy", &[]).await;
    said.expect_done();
    assert!(desk.read("copy") == original);
    metronome.hand_over().await.unwrap();
    let reads = reading.end().await;
    eprintln!("{reads} reads through two reshares, none failed");
    assert!(reads > 20, "{reads} reads");
    devnet.stop().await;
}

/// The reshare, recomputed from its log: by old members to new ones, with the key that there was.
async fn audited(devnet: &Devnet) {
    let head = devnet.control().head().await.unwrap();
    while devnet.control().finalized().await.unwrap() < head {
        devnet.control().mine().await.unwrap();
    }
    let said = audit(
        devnet.contracts(),
        &[devnet.rpc()],
        &["--ceremony", "2", "--json"],
    )
    .await;
    let report = said.expect_done().json();
    assert_eq!(
        (&report["agrees"], &report["kind"]),
        (&true.into(), &"reshare".into())
    );
    assert_eq!(
        (&report["epoch"], &report["threshold"]),
        (&2.into(), &5.into())
    );
    let pinned = devnet.network().network_key.clone().unwrap();
    assert_eq!(report["networkKey"], pinned.to_string());
    let count = |list: &str| report[list].as_array().unwrap().len();
    assert_eq!((count("dealers"), count("receivers")), (7, 9));
    assert_eq!(count("nodeKeys"), 9);
    // Four of the seven open, so four deal the key out again.
    assert_eq!(count("qualified"), 4);
    let silent = |node: u64| ("receiver".to_owned(), node, "not_confirmed".to_owned());
    let deviations = deviations(&report);
    for node in [6, 7] {
        assert!(deviations.contains(&silent(node)), "{deviations:?}");
    }
}

async fn member_that_leaves_serves_until_the_overlap_ends() {
    let mut foundation = lay(3, 2).await;
    for member in foundation.members() {
        name_trustees(&member.operator().config());
    }
    foundation.propose().await.unwrap();
    foundation.approve().await.unwrap();
    let mut devnet = Devnet::when_ready(foundation).await.unwrap();
    for node in 1..=3 {
        comes_back_through_trustees(&devnet, node, 1).await;
    }
    let desk = Desk::new(&devnet);
    let someone = Someone::with_pass(&devnet, "leaving").await;
    let original = noise(8, 5_000);
    desk.put("data", &original);
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let stale = Stale::read(&devnet).await;

    let metronome = devnet.hurry().await.unwrap();
    devnet.add_nodes(1).await.unwrap();
    devnet.propose(1, &[2, 3, 4], 2).await.unwrap();
    devnet.approve(&[1, 2]).await.unwrap();
    ends(&devnet, 2, State::Active).await;
    serves(&devnet, 4, 2).await;
    serves(&devnet, 2, 2).await;
    assert_eq!(epochs(&devnet, 1).await, [1]);
    assert_eq!(epochs(&devnet, 4).await, [2]);
    // Two of the old three are left to a reader who has not followed, one of them a member no more.
    devnet.kill_node(3);
    let envelope = desk.read("data.fee");
    assert_eq!(stale.opens(&someone, &envelope).await.unwrap(), original);
    devnet.start_node_only(3).unwrap();

    pass_blocks(&devnet, 40).await;
    state_becomes(&devnet, 1, NodeState::Waiting).await;
    // It is written down, then not served any more, then erased.
    let began = Instant::now();
    while !secrets(&devnet, 1).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(30), "its share stays");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for node in 2..=4 {
        settles(&devnet, node).await;
    }
    for node in [2, 3] {
        comes_back_through_trustees(&devnet, node, 2).await;
    }
    // What was split goes with the share.
    for node in 1..=3 {
        let began = Instant::now();
        while split(&devnet, node, 1).exists() {
            assert!(began.elapsed() < Duration::from_secs(30), "node {node}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let said = desk.decrypt(&someone, "data.fee", "copy", &[]).await;
    said.expect_done();
    assert!(desk.read("copy") == original);
    metronome.hand_over().await.unwrap();
    devnet.stop().await;
}

async fn nothing_is_erased_while_the_canary_does_not_open() {
    let mut devnet = start(3, 2).await;
    for node in 1..=3 {
        // The first epoch's own canary: the seeds of its ceremony go.
        pass_blocks(&devnet, 35).await;
        settles(&devnet, node).await;
    }
    let metronome = devnet.hurry().await.unwrap();
    let said = devnet.command(1, &["refresh"]).await.unwrap();
    assert!(said.contains("\"ceremony\":2"), "{said}");
    // The others confirm, and are gone before anybody can try their shares.
    loop {
        let ceremony = devnet.ceremony().await.unwrap().unwrap();
        if ceremony.progress.confirmed.count_ones() == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    devnet.kill_node(2);
    devnet.kill_node(3);
    ends(&devnet, 2, State::Active).await;
    serves(&devnet, 1, 2).await;
    pass_blocks(&devnet, 40).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(epochs(&devnet, 1).await, [2, 1], "the old epoch goes on");
    assert_eq!(shares(&devnet, 1), 2);
    let metrics = reqwest::get(devnet.members()[0].endpoint().join("metrics").unwrap());
    let metrics = metrics.await.unwrap().text().await.unwrap();
    assert!(metrics.contains("stheno_epoch_overdue 1"), "no alarm");

    devnet.start_node_only(2).unwrap();
    devnet.start_node_only(3).unwrap();
    for node in 1..=3 {
        settles(&devnet, node).await;
        assert_eq!(epochs(&devnet, node).await, [2]);
    }
    metronome.hand_over().await.unwrap();
    devnet.stop().await;
}

async fn shares_are_renewed_on_schedule_without_anybody() {
    let mut foundation = lay(3, 2).await;
    for member in foundation.members() {
        let path = member.operator().config();
        let text = std::fs::read_to_string(&path).unwrap();
        // Every 26 seconds of the chain's time.
        let text = text.replace("refresh_every_days = 0.0", "refresh_every_days = 0.0003");
        assert!(text.contains("0.0003"), "{text}");
        std::fs::write(&path, text).unwrap();
    }
    foundation.propose().await.unwrap();
    foundation.approve().await.unwrap();
    let devnet = Devnet::when_ready(foundation).await.unwrap();
    let metronome = devnet.hurry().await.unwrap();
    let began = Instant::now();
    for node in 1..=3 {
        while status(&devnet, node)
            .await
            .is_none_or(|status| status.epoch < 3)
        {
            let log = devnet.members()[usize::from(node) - 1].log_tail();
            assert!(began.elapsed() < Duration::from_secs(240), "{log}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    metronome.hand_over().await.unwrap();
    devnet.stop().await;
}

fn trustees() -> [CeremonySecret; 3] {
    [1, 2, 3].map(|seed| CeremonySecret::from_seed(&[seed; 32]))
}

/// From the next start on, two of three trustees can give the node's share back.
fn name_trustees(config: &Path) {
    let trustees = trustees().map(|secret| format!("\"{}\"", TrusteeKey::of(&secret)));
    let text = std::fs::read_to_string(config).unwrap();
    let trustees = trustees.join(", ");
    let text = format!("{text}\n[recovery]\ntrustees = [{trustees}]\nthreshold = 2\n");
    std::fs::write(config, text).unwrap();
}

/// Where a node keeps its share of an epoch, split among its trustees.
fn split(devnet: &Devnet, node: u16, epoch: u64) -> PathBuf {
    let operator = devnet.members()[usize::from(node) - 1].operator();
    let name = format!("data/recovery/epoch-{epoch}.recovery");
    operator.dir.join(name)
}

/// What the node split by itself is its share of that epoch.
async fn comes_back_through_trustees(devnet: &Devnet, node: u16, epoch: u64) {
    let operator = devnet.members()[usize::from(node) - 1].operator();
    let path = split(devnet, node, epoch);
    let began = Instant::now();
    let text = loop {
        match std::fs::read(&path) {
            Ok(text) => break text,
            Err(error) => assert!(began.elapsed() < Duration::from_secs(30), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let recovery: Recovery = serde_json::from_slice(&text).unwrap();
    assert_eq!(recovery.epoch, epoch);
    let once = CeremonySecret::from_seed(&[9; 32]);
    let parts: Vec<_> = trustees()[1..]
        .iter()
        .map(|trustee| {
            let seed = DealerSeed::from_bytes([8; 32]);
            recovery
                .part(trustee, TrusteeKey::of(&once), &seed)
                .unwrap()
        })
        .collect();
    let share = recovery.recover(&parts, &once).unwrap();
    let vault = operator.dir.join("data/vault");
    let secret = UnlockSecret::read(&Config::load(&operator.config()).unwrap().vault).unwrap();
    let vault = Vault::open(&vault, &secret).unwrap();
    let held = vault.held_share(&recovery.context).unwrap().unwrap();
    assert_eq!(share.public_key(), held.public_key());
    let said = run(stheno(["node", "--config"])
        .arg(operator.config())
        .arg("doctor"))
    .await;
    let words = "any 2 of 3 trustees can give the share back";
    assert!(said.stdout.contains(words), "{said:?}");
}

async fn operators_are_told_what_is_wrong_with_a_proposal() {
    let devnet = start(3, 2).await;
    let account = |node: usize| devnet.members()[node - 1].operator().account.to_string();
    let all = [account(1), account(2), account(3)].join(",");
    let stranger = "0x00000000000000000000000000000000000000aa";
    for (members, threshold, words) in [
        (all.as_str(), "0", "the threshold is 2 to 3"),
        (&all, "4", "the threshold is 2 to 3"),
        (&all, "1", "the threshold is 2 to 3"),
        (&format!("{all},{}", account(2)), "3", "named twice"),
        (&format!("{all},{stranger}"), "3", "registered no node"),
    ] {
        let args = ["propose", "--members", members, "--threshold", threshold];
        let refused = devnet.command(1, &args).await.unwrap_err().to_string();
        assert!(refused.contains(words), "no `{words}` in: {refused}");
        assert!(refused.contains("hint"), "no hint in: {refused}");
    }
    let refused = devnet.command(1, &["withdraw"]).await.unwrap_err();
    assert!(
        refused.to_string().contains("no proposal open"),
        "{refused}"
    );

    // A proposal changes nothing: not who serves, and not for long.
    let args = ["propose", "--members", &all, "--threshold", "3"];
    devnet.command(1, &args).await.unwrap();
    let refused = devnet.command(1, &args).await.unwrap_err().to_string();
    assert!(refused.contains("proposal open"), "{refused}");
    let status = devnet.command(1, &["status"]).await.unwrap();
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["committee"]["epoch"], 1);
    let open = &status["committee"]["ceremonies"][0];
    assert_eq!(open["ceremony"], 2, "{status}");
    // A new threshold is no refresh, so no node approves it.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(6) {
        let ceremony = devnet.ceremony().await.unwrap().unwrap();
        assert!(matches!(ceremony.state, State::Keys | State::Approval));
        assert_eq!(ceremony.progress.approvals.count_ones(), 0);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    devnet.command(1, &["withdraw"]).await.unwrap();
    let ceremony = devnet.ceremony().await.unwrap().unwrap();
    assert_eq!(ceremony.state, State::Failed);
    assert_eq!(epochs(&devnet, 1).await, [1]);

    // One process a data directory.
    let config = devnet.members()[0].operator().config();
    let mut second = stheno(["node", "--config"]);
    let said = run(second.arg(config).arg("run")).await;
    said.expect_error(2, &["another process", "uses the data directory"]);
    devnet.stop().await;
}

async fn lay(nodes: u16, threshold: u16) -> Foundation {
    let mut options = Options::with_executable(STHENO);
    (options.nodes, options.threshold) = (nodes, threshold);
    Foundation::lay(options).await.unwrap()
}

pub(crate) async fn start(nodes: u16, threshold: u16) -> Devnet {
    let mut options = Options::with_executable(STHENO);
    (options.nodes, options.threshold) = (nodes, threshold);
    Devnet::start(options).await.unwrap()
}

fn restart(foundation: &mut Foundation, node: u16) {
    foundation.kill_node(node);
    foundation.start_node(node).unwrap();
}

/// Waits until a phase of the latest ceremony is open.
async fn reach(
    control: &stheno_cli::devnet::control::Control,
    contracts: &stheno_cli::devnet::contracts::Contracts,
    phase: usize,
) {
    let began = Instant::now();
    loop {
        let ceremony = Ceremony::latest(control, contracts).await.unwrap().unwrap();
        let opens = ceremony.info.opens[phase];
        if opens > 0 && control.head().await.unwrap() >= opens {
            return;
        }
        let words = ceremony.in_words();
        assert!(
            began.elapsed() < Duration::from_secs(90),
            "{phase}: {words}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until a ceremony ends, and insists on how.
pub(crate) async fn ends(devnet: &Devnet, number: u64, how: State) {
    let began = Instant::now();
    loop {
        let ceremony = devnet.ceremony().await.unwrap().unwrap();
        let over = matches!(ceremony.state, State::Active | State::Failed);
        if ceremony.number > number || (ceremony.number == number && over) {
            if ceremony.number == number {
                assert_eq!(ceremony.state, how, "{}", ceremony.in_words());
            }
            return;
        }
        let words = ceremony.in_words();
        assert!(began.elapsed() < Duration::from_secs(120), "{words}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn status(devnet: &Devnet, node: u16) -> Option<Status> {
    let url = devnet.members()[usize::from(node) - 1].endpoint();
    let answer = reqwest::get(url.join("v1/status").unwrap()).await.ok()?;
    answer.json().await.ok()
}

async fn epochs(devnet: &Devnet, node: u16) -> Vec<u64> {
    let status = status(devnet, node).await.unwrap();
    status.epochs.iter().map(|served| served.epoch).collect()
}

async fn becomes(devnet: &Devnet, node: u16, what: &str, so: impl Fn(&Status) -> bool) {
    let began = Instant::now();
    loop {
        let status = status(devnet, node).await;
        if status.as_ref().is_some_and(&so) {
            return;
        }
        let member = &devnet.members()[usize::from(node) - 1];
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "node {node} does not become {what}: {status:?}\n{}",
            member.log_tail()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(crate) async fn serves(devnet: &Devnet, node: u16, epoch: u64) {
    let serves = |status: &Status| status.state == NodeState::Serving && status.epoch == epoch;
    becomes(devnet, node, &format!("serving {epoch}"), serves).await;
}

async fn state_becomes(devnet: &Devnet, node: u16, state: NodeState) {
    becomes(devnet, node, &format!("{state:?}"), |s| s.state == state).await;
}

/// The names of the secrets in a node's vault, its identity apart.
fn secrets(devnet: &Devnet, node: u16) -> BTreeSet<String> {
    let dir = &devnet.members()[usize::from(node) - 1].operator().dir;
    let entries = std::fs::read_dir(dir.join("data/vault")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| name.contains("share-") || name.contains("ceremony-"))
        .collect()
}

fn shares(devnet: &Devnet, node: u16) -> usize {
    let secrets = secrets(devnet, node);
    secrets
        .iter()
        .filter(|name| name.starts_with("share-"))
        .count()
}

/// Waits until a node's vault holds one share and nothing else of ceremonies.
async fn settles(devnet: &Devnet, node: u16) {
    let began = Instant::now();
    loop {
        let secrets = secrets(devnet, node);
        if secrets.len() == 1 && shares(devnet, node) == 1 {
            return;
        }
        let member = &devnet.members()[usize::from(node) - 1];
        assert!(
            began.elapsed() < Duration::from_secs(90),
            "node {node} keeps {secrets:?}\n{}",
            member.log_tail()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn wipe(devnet: &Devnet, node: u16) {
    let dir = &devnet.members()[usize::from(node) - 1].operator().dir;
    for name in secrets(devnet, node) {
        std::fs::remove_file(dir.join("data/vault").join(name)).unwrap();
    }
    for entry in std::fs::read_dir(dir.join("data")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("node.db")
        {
            std::fs::remove_file(path).unwrap();
        }
    }
}

async fn pass_blocks(devnet: &Devnet, count: u64) {
    for _ in 0..count {
        devnet.control().mine().await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
