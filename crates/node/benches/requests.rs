//! Whole requests at one node: JSON, form, signature, cached policy, share, receipt, group commit.
//!
//! `cargo bench -p stheno-node --bench requests [-- REQUESTS [CONCURRENCY]]`
//!
//! Prints requests a second of processor time, the measure that does not depend on how many cores
//! are free; and beside it the share computation alone, which is the floor. The chain is in memory,
//! its answers are cached by block; receipts go to a file in the temporary directory.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program for developers"
)]

#[path = "../tests/double/mod.rs"]
mod double;

use std::{net::IpAddr, sync::Arc, time::Instant};

use double::{CHAIN_ID, Home, Reader, context, domain, item, key_share};
use futures::{StreamExt, stream};
use stheno_chain::{Chain, ChainConfig, Chains, HttpOptions};
use stheno_crypto::{Identity, ReaderKey};
use stheno_node::{
    config::{Limits, Unlock},
    data_dir::DataDir,
    metrics::Metrics,
    release::Release,
    standing::{Epoch, Standing},
    store::Store,
    vault::{UnlockSecret, Vault},
};
use tokio::sync::watch;

#[tokio::main]
async fn main() {
    let numbers: Vec<usize> = std::env::args()
        .filter_map(|word| word.parse().ok())
        .collect();
    let requests = numbers.first().copied().unwrap_or(4_000);
    let concurrency = numbers.get(1).copied().unwrap_or(64);
    let home = Home::new().await;
    let release = Arc::new(desk(&home).await);
    let reader = Reader::new();
    home.chain
        .lock()
        .passes
        .push((500, reader.wallet.address(), 1));
    let bodies: Vec<Vec<u8>> = (0..requests + concurrency)
        .map(|_| serde_json::to_vec(&reader.signed(reader.request(&home.chain, 1))).unwrap())
        .collect();
    let (warm, timed) = bodies.split_at(concurrency);
    run(&release, warm, concurrency).await;

    let (began, cpu) = (Instant::now(), processor_seconds());
    run(&release, timed, concurrency).await;
    let (wall, cpu) = (began.elapsed().as_secs_f64(), processor_seconds() - cpu);
    let count = requests as f64;
    println!(
        "whole requests   {:>7.0} a second of processor time ({:.0} µs each), {:.0} a second on this machine",
        count / cpu,
        cpu / count * 1e6,
        count / wall
    );
    let floor = share_alone(&home, &reader);
    println!(
        "share alone      {:>7.0} a second of processor time ({:.0} µs each)",
        1.0 / floor,
        floor * 1e6
    );
    println!("whole / share    {:.2}", cpu / count / floor);
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
        index: key_share(2).index(),
        threshold: 2,
        fingerprint: home.chain.lock().network_key.fingerprint(),
        held: vault.held_share(&context()).unwrap().unwrap(),
    };
    let (_, standing) = watch::channel(Standing::Serving(Arc::new(epoch)));
    let limits = Limits {
        ip_items_per_minute: u32::MAX,
        account_items_per_minute: u32::MAX,
        ..Limits::default()
    };
    let store = Store::open(&data_dir.database()).await.unwrap();
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
}

fn vault(home: &Home) -> (Vault, DataDir) {
    let source = Unlock::KeyFile(home.folder.path().join("vault.key"));
    let data_dir = DataDir::new(&home.folder.path().join("data"));
    let vault = Vault::open(&data_dir.vault(), &UnlockSecret::read(&source).unwrap()).unwrap();
    (vault, data_dir)
}

/// Processor seconds of one share, bytes to bytes.
fn share_alone(home: &Home, reader: &Reader) -> f64 {
    const ROUNDS: u32 = 2_000;
    let (vault, _) = vault(home);
    let held = vault.held_share(&context()).unwrap().unwrap();
    let request = reader.request(&home.chain, 1);
    let fingerprint = home.chain.lock().network_key.fingerprint();
    let began = processor_seconds();
    for round in 0..ROUNDS {
        let key = ReaderKey::from_bytes(request.reader_key.as_slice()).unwrap();
        let item = item(round as usize);
        let identity = Identity::new(
            &domain().network,
            &fingerprint,
            &request.policy_digest(),
            &item,
        );
        let share = held.share(1, &identity, &key).unwrap();
        std::hint::black_box(share.encode());
    }
    (processor_seconds() - began) / f64::from(ROUNDS)
}

/// User and system time of this process (proc(5), fields 14 and 15, in ticks of 10 ms).
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / 100.0
}
