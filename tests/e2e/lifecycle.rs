//! A devnet ends without a trace, however it ends.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::Child,
};

use crate::{command::stheno, trials};

trials![
    devnet_leaves_nothing_behind_when_interrupted,
    devnet_leaves_no_process_behind_when_killed,
    devnet_says_so_when_a_port_is_taken,
    devnet_says_so_when_anvil_is_missing,
    devnet_refuses_a_threshold_that_no_committee_may_have,
];

async fn devnet_leaves_nothing_behind_when_interrupted() {
    let (mut child, ready) = small_devnet().await;
    let traces = Traces::of(&ready);
    traces.are_all_there();
    signal(&child, "INT");
    let status = tokio::time::timeout(Duration::from_secs(20), child.wait()).await;
    assert!(status.unwrap().unwrap().success());
    traces.vanish().await;
    assert!(!Path::new(ready["dir"].as_str().unwrap()).exists());
}

async fn devnet_leaves_no_process_behind_when_killed() {
    if !cfg!(target_os = "linux") {
        eprintln!("skipped: only Linux ends the children of a process that was killed");
        return;
    }
    let (mut child, ready) = small_devnet().await;
    let traces = Traces::of(&ready);
    traces.are_all_there();
    signal(&child, "KILL");
    child.wait().await.unwrap();
    traces.vanish().await;
    // Nobody was left to remove the temporary directory.
    std::fs::remove_dir_all(ready["dir"].as_str().unwrap()).unwrap();
}

async fn devnet_says_so_when_a_port_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = crate::command::run(&mut stheno(["devnet", "--ports", &port])).await;
    said.expect_error(2, &[&port]).expect_hint();
}

async fn devnet_says_so_when_anvil_is_missing() {
    let mut command = stheno(["devnet"]);
    command.env("STHENO_ANVIL", "/nowhere/anvil");
    let said = crate::command::run(&mut command).await;
    said.expect_error(2, &["STHENO_ANVIL", "/nowhere/anvil"])
        .expect_hint();
}

async fn devnet_refuses_a_threshold_that_no_committee_may_have() {
    for threshold in ["0", "2", "6"] {
        let said = crate::command::run(&mut stheno(["devnet", "--threshold", threshold])).await;
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
async fn small_devnet() -> (Child, Value) {
    let mut child = stheno(["devnet", "--nodes", "1", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await;
    let line = line.expect("the devnet starts in time").unwrap();
    let ready = serde_json::from_str(&line.expect("one line of JSON")).unwrap();
    (child, ready)
}

fn signal(child: &Child, name: &str) {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    let signal = match name {
        "INT" => Signal::INT,
        _ => Signal::KILL,
    };
    kill_process(pid, signal).unwrap();
}

fn is_alive(pid: u64) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    test_kill_process(pid).is_ok() && !is_zombie(pid)
}

/// Dead, and waiting for a parent to take note.
fn is_zombie(pid: rustix::process::Pid) -> bool {
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
