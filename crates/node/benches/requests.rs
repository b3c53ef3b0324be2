//! Whole requests at one node: HTTP, JSON, form, signature, cached policy, share, receipt, group
//! commit; the bytes of one answer leave when its receipt is durable.
//!
//! `cargo bench --profile dist --workspace --bench requests [-- REQUESTS [CONNECTIONS]]`
//!
//! The server is the one that ships, on a socket of the loopback; the load comes from threads of the
//! same process, and what they take of the processors is told. The measure is requests a second of
//! the node's processor time, which does not depend on how many cores are free. Beside it stand the
//! same work without HTTP, and the computation of shares alone, which is the floor. The chain is
//! in memory, its answers are cached by block; receipts go to a file in the temporary directory.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program for developers"
)]

#[path = "../tests/double/mod.rs"]
mod double;

use std::{net::IpAddr, sync::Arc, time::Instant};

use double::{CHAIN_ID, COMMITTEE, Home, Reader, context, domain, item, key_share};
use futures::{StreamExt, stream};
use stheno_chain::{Chain, ChainConfig, Chains, HttpOptions, Locator};
use stheno_crypto::{Identity, ReaderKey};
use stheno_node::{
    config::{Limits, Unlock},
    data_dir::DataDir,
    metrics::Metrics,
    release::Release,
    standing::{Epoch, Served, Standing},
    store::{Owner, Store},
    vault::{UnlockSecret, Vault},
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::watch,
};

/// What a measurement took.
struct Cost {
    wall: f64,
    /// Processor seconds of the node: all threads but the load's.
    node: f64,
    load: f64,
}

fn main() {
    let numbers: Vec<usize> = std::env::args()
        .filter_map(|word| word.parse().ok())
        .collect();
    let requests = numbers.first().copied().unwrap_or(6_000);
    let connections = numbers.get(1).copied().unwrap_or(64);

    let node = runtime("node");
    let load = runtime(LOAD);
    let (floor, inside) = node.block_on(without_http(requests, connections));
    let (over_http, several, took, alone) = {
        let serving = node.block_on(async {
            let home = Home::new().await;
            let node = home.run_with("", NO_RATE_LIMITS).await;
            node.until_ready().await;
            node
        });
        let many = bodies(&serving.home, requests / ITEMS, ITEMS);
        let bodies = bodies(&serving.home, requests + connections + ALONE, 1);
        let url = format!("{}/v1/reencrypt", serving.url);
        let (warm, timed) = bodies.split_at(connections);
        let (busy, idle) = timed.split_at(requests);
        // Spawned, so that this thread, whose time counts as the node's, only waits.
        let ask = |bodies: &[Vec<u8>], connections| {
            let asking = load.spawn(ask(url.clone(), bodies.to_vec(), connections));
            load.block_on(asking).unwrap()
        };
        ask(warm, connections);
        let mut took = Vec::new();
        let cost = measure(|| took = ask(busy, connections));
        let several = measure(|| drop(ask(&many, connections)));
        let alone = ask(idle, 1);
        node.block_on(serving.stop());
        (cost, several, took, alone)
    };

    let count = requests as f64;
    println!(
        "| one node | a second of its processor time | µs each | rate, of that of shares alone |"
    );
    println!("|---|---|---|---|");
    let row = |what: &str, each: f64| {
        println!(
            "| {what} | {:.0} | {:.0} | {:.0} % |",
            1.0 / each,
            each * 1e6,
            100.0 * floor / each
        );
    };
    row("shares alone, bytes to bytes", floor);
    row("whole request without HTTP", inside.node / count);
    row("whole request over HTTP", over_http.node / count);
    let shares = (requests / ITEMS * ITEMS) as f64;
    let what = format!("a share of a request for {ITEMS} items over HTTP");
    row(&what, several.node / shares);
    println!(
        "\n{requests} requests on {connections} connections in {:.2} s: {:.0} a second on this machine, of whose \
         processor time the load took {:.0} %.",
        over_http.wall,
        count / over_http.wall,
        100.0 * over_http.load / (over_http.load + over_http.node),
    );
    println!(
        "Each took {} (p50) and {} (p99) then; one after the other {} and {}.",
        millis(&took, 0.50),
        millis(&took, 0.99),
        millis(&alone, 0.50),
        millis(&alone, 0.99),
    );
}

/// Items of a request for several: a folder, a collection.
const ITEMS: usize = 16;
/// Requests that are made one after the other.
const ALONE: usize = 500;
/// Shares that each core computes alone.
const ROUNDS: usize = 2_000;
/// The name of the threads whose time is not the node's.
const LOAD: &str = "load";
const NO_RATE_LIMITS: &str =
    "[limits]\nip_items_per_minute = 4000000000\naccount_items_per_minute = 4000000000";

fn millis(seconds: &[f64], part: f64) -> String {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() as f64 * part) as usize;
    format!("{:.1} ms", sorted[at.min(sorted.len() - 1)] * 1e3)
}

fn runtime(name: &str) -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name(name)
        .enable_all()
        .build()
        .unwrap()
}

/// The cost of the share alone, and of requests that come without HTTP.
async fn without_http(requests: usize, concurrency: usize) -> (f64, Cost) {
    let home = Home::new().await;
    let release = Arc::new(desk(&home).await);
    let bodies = bodies(&home, requests + concurrency, 1);
    let (warm, timed) = bodies.split_at(concurrency);
    run(&release, warm, concurrency).await;
    let before = Instant::now();
    let (node, _) = processor_seconds();
    run(&release, timed, concurrency).await;
    let cost = Cost {
        wall: before.elapsed().as_secs_f64(),
        node: processor_seconds().0 - node,
        load: 0.0,
    };
    (shares_alone(&home), cost)
}

/// Requests of a reader who holds a pass, each signed and with a nonce of its own.
fn bodies(home: &Home, count: usize, items: usize) -> Vec<Vec<u8>> {
    let reader = Reader::new();
    let pass = (500, reader.wallet.address(), 1);
    home.chain.lock().passes.push(pass);
    let one = |_| serde_json::to_vec(&reader.signed(reader.request(&home.chain, items))).unwrap();
    (0..count).map(one).collect()
}

/// Asks all, and gives how long each took, in seconds.
async fn ask(url: String, bodies: Vec<Vec<u8>>, connections: usize) -> Vec<f64> {
    let http = reqwest::Client::builder()
        .pool_max_idle_per_host(connections)
        .build()
        .unwrap();
    stream::iter(bodies)
        .map(|body| {
            let request = http
                .post(&url)
                .header("content-type", "application/json")
                .body(body);
            tokio::spawn(async move {
                let began = Instant::now();
                let answer = request.send().await.unwrap();
                assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
                answer.bytes().await.unwrap();
                began.elapsed().as_secs_f64()
            })
        })
        .buffer_unordered(connections)
        .map(|took| took.unwrap())
        .collect()
        .await
}

fn measure(work: impl FnOnce()) -> Cost {
    let (began, (node, load)) = (Instant::now(), processor_seconds());
    work();
    let after = processor_seconds();
    Cost {
        wall: began.elapsed().as_secs_f64(),
        node: after.0 - node,
        load: after.1 - load,
    }
}

async fn run(release: &Arc<Release>, bodies: &[Vec<u8>], concurrency: usize) {
    let client = IpAddr::from([127, 0, 0, 1]);
    let work = stream::iter(bodies.to_vec()).map(|body| {
        let release = Arc::clone(release);
        tokio::spawn(async move { release.answer(&body, client).await.unwrap() })
    });
    work.buffer_unordered(concurrency)
        .for_each(|answer| async move {
            answer.unwrap();
        })
        .await;
}

async fn desk(home: &Home) -> Release {
    let (vault, data_dir) = vault(home);
    let config = ChainConfig::new(
        CHAIN_ID,
        vec![format!("http://{}/", home.chain.address).parse().unwrap()],
    );
    let chain = Chain::connect(config, HttpOptions::default())
        .await
        .unwrap();
    let epoch = Epoch {
        number: 1,
        context: context(),
        index: key_share(2).index(),
        threshold: 2,
        fingerprint: home.chain.lock().network_key.fingerprint(),
        held: vault.held_share(&context()).unwrap().unwrap(),
    };
    let (_, standing) = watch::channel(Standing::Serving(Served::new(vec![Arc::new(epoch)])));
    let limits = Limits {
        ip_items_per_minute: u32::MAX,
        account_items_per_minute: u32::MAX,
        ..Limits::default()
    };
    let owner = Owner {
        committee: Locator {
            chain_id: CHAIN_ID,
            contract: COMMITTEE,
            committee_id: 1,
        },
        identity: vault.address(),
    };
    let store = Store::open(&data_dir.database(), &owner).await.unwrap();
    let chains = Chains::of([chain]);
    Release::new(
        domain(),
        Arc::new(vault),
        store,
        chains,
        standing,
        Metrics::default(),
        &limits,
    )
    .unwrap()
}

fn vault(home: &Home) -> (Vault, DataDir) {
    let source = Unlock::KeyFile(home.folder.path().join("vault.key"));
    let data_dir = DataDir::new(&home.folder.path().join("data"));
    let vault = Vault::open(&data_dir.vault(), &UnlockSecret::read(&source).unwrap()).unwrap();
    (vault, data_dir)
}

/// Processor seconds of one share, bytes to bytes, with all cores at it as they are at requests:
/// what they share, such as caches and their clock, is then shared in both.
fn shares_alone(home: &Home) -> f64 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let began = process_seconds();
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| shares_of_one_core(home, &Reader::new()));
        }
    });
    let took = process_seconds() - began;
    took / (cores * ROUNDS) as f64
}

fn shares_of_one_core(home: &Home, reader: &Reader) {
    let (vault, _) = vault(home);
    let held = vault.held_share(&context()).unwrap().unwrap();
    let request = reader.request(&home.chain, 1);
    let fingerprint = home.chain.lock().network_key.fingerprint();
    for round in 0..ROUNDS {
        let key = ReaderKey::from_bytes(request.reader_key.as_slice()).unwrap();
        let item = item(round);
        let identity = Identity::new(
            &domain().network,
            &fingerprint,
            &request.policy_digest(),
            &item,
        );
        let share = held.share(1, &identity, &key).unwrap();
        std::hint::black_box(share.encode());
    }
}

/// User and system time of this process, threads that have ended included, in seconds.
fn process_seconds() -> f64 {
    seconds_of(&std::fs::read_to_string("/proc/self/stat").unwrap()).1
}

/// User and system time of this process's threads, in seconds: of the node's, and of the load's.
fn processor_seconds() -> (f64, f64) {
    let mut seconds = (0.0, 0.0);
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        // A thread may have ended since it was listed.
        let Ok(stat) = std::fs::read_to_string(task.unwrap().path().join("stat")) else {
            continue;
        };
        let (name, took) = seconds_of(&stat);
        match name.ends_with(LOAD) {
            true => seconds.1 += took,
            false => seconds.0 += took,
        }
    }
    seconds
}

/// A task's name and its user and system time (proc(5), fields 14 and 15, in ticks of 10 ms).
fn seconds_of(stat: &str) -> (&str, f64) {
    let (name, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
    (name, (ticks(11) + ticks(12)) / 100.0)
}
