//! A whole grant on the loopback: five node processes with threshold three, a chain, and a reader who
//! holds a pass and opens the same small file again and again.
//!
//! `cargo bench --profile dist --workspace --bench grant [-- GRANTS]`
//!
//! Everything that a reader does is in the time: reading the committee, asking the nodes where they
//! are, the wallet's signature, the requests, combining, opening, decrypting. The nodes have read
//! the pass at this block before, or read it now: a block comes every second. Beside the grant stand
//! its parts, each alone.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program for developers"
)]

#[path = "../../../tests/e2e/someone.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod someone;

use std::time::{Duration, Instant};

use someone::Someone;
use stheno::{Client, EncryptOptions, Policy, Wallet};
use stheno_cli::devnet::{Devnet, Options};

const FILE: [u8; 4096] = [7; 4096];
const WARM_UP: usize = 40;

#[tokio::main]
async fn main() {
    let grants = std::env::args()
        .find_map(|word| word.parse().ok())
        .unwrap_or(400);
    let devnet = Devnet::start(Options::with_executable(env!("CARGO_BIN_EXE_stheno")))
        .await
        .unwrap();
    let reader = Someone::with_pass(&devnet, "the reader of the benchmark").await;
    let wallet = Wallet::from_private_key(&reader.key()).unwrap();
    let client = Client::connect(devnet.network().clone(), &[devnet.rpc().clone()])
        .await
        .unwrap();
    let policy = Policy::from_json(&devnet.pass_policy()).unwrap();
    let mut sealed = Vec::new();
    client
        .encrypt(&policy, &FILE[..], &mut sealed, EncryptOptions::default())
        .await
        .unwrap();

    println!("| five nodes, threshold three, loopback | p50 ms | p90 ms | p99 ms | most ms |");
    println!("|---|---|---|---|---|");
    let grant = async || {
        let mut opened = Vec::new();
        client
            .decrypt(&wallet, &sealed[..], &mut opened)
            .await
            .unwrap();
        assert_eq!(opened, FILE);
    };
    times(WARM_UP, grant).await;
    row("whole grant", times(grants, grant).await);

    let locator = devnet.network().locator();
    let read = async || client.committee(&locator).await.unwrap();
    row(
        "of it: the committee",
        times(grants, async || drop(read().await)).await,
    );
    let committee = read().await;
    let ask = async || assert_eq!(client.survey(&committee).await.statuses.len(), 5);
    row(
        "of it: the status of all five nodes",
        times(grants, ask).await,
    );
    devnet.stop().await;
}

/// How long each of `count` calls took, sorted.
async fn times(count: usize, call: impl AsyncFn()) -> Vec<Duration> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        call().await;
        times.push(began.elapsed());
    }
    times.sort();
    times
}

fn row(what: &str, times: Vec<Duration>) {
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    let [p50, p90, p99, most] = [50, 90, 99, 100].map(|p| at(p).as_secs_f64() * 1e3);
    println!("| {what} | {p50:.1} | {p90:.1} | {p99:.1} | {most:.1} |");
}
