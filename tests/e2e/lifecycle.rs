//! A devnet from its start to its end: kept or without a trace, however it ends.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant, SystemTime},
};

use alloy::{
    eips::BlockNumberOrTag,
    providers::{Provider, ProviderBuilder, RootProvider},
};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::{Child, Command},
};

use crate::{
    command::{run, stheno},
    desk::noise,
    trials,
};

trials![
    devnet_leaves_nothing_behind_when_interrupted,
    devnet_leaves_no_process_behind_when_killed,
    devnet_goes_on_where_it_was_stopped,
    devnet_goes_on_after_it_was_killed,
    devnet_says_so_when_its_chain_went_back,
    devnet_goes_on_when_a_node_is_killed,
    devnet_says_so_when_it_never_got_ready_there,
    devnet_prints_an_example_that_works,
    devnet_prints_one_line_when_quiet,
    devnet_of_five_is_ready_within_fifteen_seconds,
    devnet_can_be_as_slow_to_finalise_as_filecoin,
    devnet_says_so_when_a_port_is_taken,
    devnet_says_so_when_anvil_is_missing,
    devnet_refuses_a_threshold_that_no_committee_may_have,
];

async fn devnet_leaves_nothing_behind_when_interrupted() {
    let (child, ready) = small_devnet(&[]).await;
    let traces = Traces::of(&ready);
    traces.are_all_there();
    interrupt(child).await;
    traces.vanish().await;
    assert!(!Path::new(ready["dir"].as_str().unwrap()).exists());
}

async fn devnet_leaves_no_process_behind_when_killed() {
    if !cfg!(target_os = "linux") {
        eprintln!("skipped: only Linux ends the children of a process that was killed");
        return;
    }
    let (mut child, ready) = small_devnet(&[]).await;
    let traces = Traces::of(&ready);
    traces.are_all_there();
    signal(&child, Signal::KILL);
    child.wait().await.unwrap();
    traces.vanish().await;
    // Nobody was left to remove the temporary directory.
    std::fs::remove_dir_all(ready["dir"].as_str().unwrap()).unwrap();
}

/// Chain, key, passes and ports stay: what was sealed before opens after.
async fn devnet_goes_on_where_it_was_stopped() {
    let keeper = Keeper::new();
    let (child, before) = keeper.start().await;
    keeper.seal(&before).await;
    interrupt(child).await;

    // Another shape is another devnet.
    let mut other = stheno(["devnet", "--nodes", "3"]);
    let said = run(other.args(keeper.state())).await;
    said.expect_error(2, &["1 nodes", "3 nodes"]).expect_hint();

    let (child, after) = keeper.start().await;
    for same in ["rpc", "contracts", "network", "accounts", "threshold"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    keeper.open(&after).await;

    // One devnet a directory.
    let said = run(stheno(["devnet", "--nodes", "1"]).args(keeper.state())).await;
    let pid = child.id().unwrap().to_string();
    said.expect_error(2, &["runs in", &pid]).expect_hint();
    interrupt(child).await;
}

/// `kill -9` of the devnet: its chain and nodes end by themselves, and are waited for.
async fn devnet_goes_on_after_it_was_killed() {
    if !cfg!(target_os = "linux") {
        eprintln!("skipped: only Linux ends the children of a process that was killed");
        return;
    }
    let keeper = Keeper::new();
    let (mut child, before) = keeper.start().await;
    keeper.seal(&before).await;
    signal(&child, Signal::KILL);
    child.wait().await.unwrap();
    let (child, after) = keeper.start().await;
    assert_eq!(before["rpc"], after["rpc"]);
    keeper.open(&after).await;
    interrupt(child).await;
}

/// A power cut: the chain comes back as it was written last, and its nodes have seen more of it.
async fn devnet_says_so_when_its_chain_went_back() {
    let keeper = Keeper::new();
    let (mut child, before) = keeper.start().await;
    keeper.chain_is_written().await;
    let head = || std::fs::read_to_string(keeper.path("state/devnet.head")).unwrap_or_default();
    let head = || head().parse::<u64>().unwrap_or_default();
    let written = head();
    until("more blocks", || head() > written + 6).await;
    // The chain first, so that it has no time to write itself once more.
    Traces::of(&before).kill();
    signal(&child, Signal::KILL);
    child.wait().await.unwrap();
    let said = run(&mut keeper.devnet()).await;
    // Its JSON is one line on stderr.
    assert_eq!(said.code, Some(2), "{said:?}");
    for words in ["went back to block", "devnet_state", "start again"] {
        assert!(said.stderr.contains(words), "no {words} in {said:?}");
    }
}

async fn devnet_says_so_when_it_never_got_ready_there() {
    let keeper = Keeper::new();
    let mut child = keeper.devnet().stdout(Stdio::piped()).spawn().unwrap();
    let log = keeper.path("state/anvil.log");
    until("the chain is started", || Path::new(&log).exists()).await;
    signal(&child, Signal::KILL);
    child.wait().await.unwrap();
    let said = run(&mut keeper.devnet()).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("before it was ready"), "{said:?}");
}

async fn devnet_goes_on_when_a_node_is_killed() {
    let keeper = Keeper::new();
    let mut devnet = keeper.devnet();
    let mut child = devnet
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let ready = ready(&mut child).await;
    kill(ready["nodes"][0]["pid"].as_u64().unwrap(), Signal::KILL);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let warning = lines.next_line().await.unwrap().unwrap();
    let warning: Value = serde_json::from_str(&warning).unwrap();
    let warning = warning["warning"].as_str().unwrap();
    for words in ["node 1 ended", "0 nodes are left, too few"] {
        assert!(warning.contains(words), "no {words} in: {warning}");
    }
    assert!(child.try_wait().unwrap().is_none());
    interrupt(child).await;
}

/// What a developer copies out of the terminal, pasted into a shell in another directory.
async fn devnet_prints_an_example_that_works() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = stheno(["devnet", "--nodes", "1", "--ports", "0", "--state"])
        .arg(folder.path().join("my first devnet"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut banner = Vec::new();
    while !banner.iter().any(|line: &String| line.contains("Ctrl-C")) {
        let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await;
        let line = line.expect("the devnet starts in time").unwrap();
        banner.push(line.expect("the banner ends with Ctrl-C"));
    }
    let tried = banner
        .iter()
        .skip_while(|line| !line.starts_with("Try it"))
        .filter_map(|line| line.strip_prefix("  "));
    let tried: Vec<&str> = tried.collect();
    assert_eq!(tried.len(), 3, "{banner:#?}");

    let elsewhere = tempfile::tempdir().unwrap();
    let paste = async |line: &str| {
        let mut shell = tokio::process::Command::new("sh");
        shell.args(["-c", line]).current_dir(elsewhere.path());
        run(&mut shell).await
    };
    // Pasting it twice does no harm.
    for _ in 0..2 {
        paste(tried[0]).await.expect_done();
        let granted = paste(tried[1]).await;
        granted.expect_done();
        assert_eq!(granted.stdout, "for pass holders only\n");
        let denied = paste(tried[2]).await;
        denied.expect_error(1, &["condition_not_met"]);
        assert_eq!(denied.stdout, "");
    }
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    interrupt(child).await;
}

/// The default shape, from nothing to ready; the time is the devnet's own.
async fn devnet_of_five_is_ready_within_fifteen_seconds() {
    // A busy machine says nothing of a devnet; then only an end is insisted on.
    let cores = std::thread::available_parallelism().unwrap().get() as f64;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: f64 = load.split(' ').next().unwrap().parse().unwrap_or(0.0);
    let limit = if load > 3.0 * cores { 60_000 } else { 15_000 };
    let mut child = stheno(["devnet", "--json", "--ports", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let ready = ready(&mut child).await;
    assert_eq!(ready["nodes"].as_array().unwrap().len(), 5);
    assert_eq!(ready["threshold"], 3);
    for account in ready["accounts"].as_array().unwrap() {
        assert_eq!(account["address"].as_str().unwrap().len(), 42);
    }
    // The same on every machine and every day.
    let pass = ready["contracts"]["accessPass"].as_str().unwrap();
    assert_eq!(
        pass.to_lowercase(),
        "0xe7f1725e7734ce288f8367e1bb143e90bb3f0512"
    );
    let took = ready["startMs"].as_u64().unwrap();
    eprintln!("devnet of five: ready after {took} ms");
    assert!(took < limit, "{took} ms");
    interrupt(child).await;
}

async fn devnet_prints_one_line_when_quiet() {
    let mut child = stheno(["devnet", "--nodes", "1", "--ports", "0", "--quiet"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let (rpc, network) = line.split_once(' ').unwrap();
    assert!(rpc.starts_with("http://127.0.0.1:"), "{line}");
    assert!(Path::new(network).is_file(), "{line}");
    signal(&child, Signal::TERM);
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(lines.next_line().await.unwrap(), None);
}

async fn devnet_can_be_as_slow_to_finalise_as_filecoin() {
    let (child, ready) = small_devnet(&["--finality", "filecoin"]).await;
    let rpc = ready["rpc"].as_str().unwrap().parse().unwrap();
    let provider: RootProvider = ProviderBuilder::default().connect_http(rpc);
    let number = async |tag| {
        provider
            .get_block_by_number(tag)
            .await
            .unwrap()
            .unwrap()
            .number()
    };
    let finalized = number(BlockNumberOrTag::Finalized).await;
    let head = number(BlockNumberOrTag::Latest).await;
    // A block may have come between the two questions.
    assert!(
        (10..=11).contains(&(head - finalized)),
        "{finalized} of {head}"
    );
    interrupt(child).await;
}

async fn devnet_says_so_when_a_port_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = run(&mut stheno(["devnet", "--ports", &port])).await;
    said.expect_error(2, &[&port]).expect_hint();
}

async fn devnet_says_so_when_anvil_is_missing() {
    let mut command = stheno(["devnet"]);
    command.env("STHENO_ANVIL", "/nowhere/anvil");
    let said = run(&mut command).await;
    said.expect_error(2, &["STHENO_ANVIL", "/nowhere/anvil"])
        .expect_hint();
}

async fn devnet_refuses_a_threshold_that_no_committee_may_have() {
    for threshold in ["0", "2", "6"] {
        let said = run(&mut stheno(["devnet", "--threshold", threshold])).await;
        said.expect_error(2, &["threshold", threshold])
            .expect_hint();
    }
}

/// The processes and ports of a devnet.
struct Traces {
    pids: Vec<u64>,
    ports: Vec<u16>,
}

impl Traces {
    fn of(ready: &Value) -> Self {
        let nodes = ready["nodes"].as_array().unwrap();
        let endpoints = nodes.iter().map(|node| &node["endpoint"]);
        let ports = endpoints.chain([&ready["rpc"]]).map(|endpoint| {
            let url = url::Url::parse(endpoint.as_str().unwrap()).unwrap();
            url.port().unwrap()
        });
        let pids = nodes.iter().map(|node| &node["pid"]);
        let pids = pids
            .chain([&ready["chainPid"]])
            .map(|pid| pid.as_u64().unwrap());
        Self {
            pids: pids.collect(),
            ports: ports.collect(),
        }
    }

    fn are_all_there(&self) {
        assert_eq!(self.ports.len(), 2);
        assert!(
            self.pids.iter().all(|pid| is_alive(*pid)),
            "{:?}",
            self.pids
        );
        assert!(self.ports.iter().all(|port| !is_free(*port)));
    }

    fn kill(&self) {
        self.pids
            .iter()
            .rev()
            .for_each(|pid| kill(*pid, Signal::KILL));
    }

    async fn vanish(&self) {
        let began = Instant::now();
        while self.pids.iter().any(|pid| is_alive(*pid)) || !self.ports.iter().all(|p| is_free(*p))
        {
            assert!(
                began.elapsed() < Duration::from_secs(15),
                "left behind: {:?} {:?}",
                self.pids,
                self.ports
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The smallest devnet: one node, which is its own committee.
async fn small_devnet(more: &[&str]) -> (Child, Value) {
    let mut child = stheno(["devnet", "--nodes", "1", "--ports", "0", "--json"])
        .args(more)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let ready = ready(&mut child).await;
    (child, ready)
}

/// What a devnet says with `--json` once it is ready.
async fn ready(child: &mut Child) -> Value {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await;
    let line = line.expect("the devnet starts in time").unwrap();
    serde_json::from_str(&line.expect("one line of JSON")).unwrap()
}

/// Somebody with a small devnet that is kept, and a file sealed on it.
struct Keeper {
    folder: tempfile::TempDir,
}

impl Keeper {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn state(&self) -> [String; 2] {
        ["--state".to_owned(), self.path("state")]
    }

    fn devnet(&self) -> Command {
        let mut command = stheno(["devnet", "--nodes", "1", "--ports", "0", "--json"]);
        command.args(self.state());
        command
    }

    async fn start(&self) -> (Child, Value) {
        let mut child = self.devnet().stdout(Stdio::piped()).spawn().unwrap();
        let ready = ready(&mut child).await;
        (child, ready)
    }

    async fn seal(&self, devnet: &Value) {
        std::fs::write(self.path("data"), noise(50, 10_000)).unwrap();
        let mut encrypt = stheno(["encrypt", &self.path("data"), "-o", &self.path("data.fee")]);
        encrypt.args(["--policy", devnet["policy"].as_str().unwrap()]);
        encrypt.args(["--network", devnet["network"].as_str().unwrap()]);
        run(&mut encrypt).await.expect_done();
    }

    async fn open(&self, devnet: &Value) {
        let accounts = devnet["accounts"].as_array().unwrap().iter();
        let mut holders = accounts.filter(|a| a["role"].as_str().unwrap().contains("who holds"));
        let key = holders.next().unwrap()["wellKnownKey"].as_str().unwrap();
        let mut decrypt = stheno(["decrypt", &self.path("data.fee"), "-o", &self.path("copy")]);
        decrypt.args(["--rpc", devnet["rpc"].as_str().unwrap()]);
        let said = run(decrypt.env("STHENO_PRIVATE_KEY", key)).await;
        said.expect_done();
        assert!(std::fs::read(self.path("copy")).unwrap() == noise(50, 10_000));
    }

    /// Waits until the chain was written since now, with the key on it.
    async fn chain_is_written(&self) {
        let now = SystemTime::now();
        let chain = self.path("state/chain.json");
        until("the chain is written", || {
            std::fs::metadata(&chain).is_ok_and(|file| file.modified().unwrap() > now)
        })
        .await;
    }
}

async fn until(what: &str, so_far: impl Fn() -> bool) {
    let began = Instant::now();
    while !so_far() {
        assert!(began.elapsed() < Duration::from_secs(60), "waiting: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Ctrl-C, after which it has to end well and soon.
async fn interrupt(mut child: Child) {
    signal(&child, Signal::INT);
    let status = tokio::time::timeout(Duration::from_secs(20), child.wait()).await;
    assert!(status.expect("it ends in time").unwrap().success());
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

fn kill(pid: u64, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

fn is_alive(pid: u64) -> bool {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    test_kill_process(pid).is_ok() && !is_zombie(pid)
}

/// Dead, and waiting for a parent to take note.
fn is_zombie(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    stat.is_ok_and(|stat| {
        stat.rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with('Z'))
    })
}

fn is_free(port: u16) -> bool {
    std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()
}
