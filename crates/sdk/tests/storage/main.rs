//! Pieces and blocks at real HTTP servers on loopback: a static file server (tower-http's), and
//! doubles of a PDP provider and of a gateway, written from the published APIs; see `double` and
//! `trustless`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod blocks;
mod collections;
mod data_sets;
mod double;
mod downloads;
mod envelopes;
mod folders;
mod gateways;
mod in_ipfs;
mod lies;
mod provider;
#[path = "../remote/serving.rs"]
mod serving;
mod trustless;
mod uploads;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use double::Double;
use stheno::{
    envelope::{PieceCid, PieceHasher},
    source::{HttpOptions, Local, Redirects, Source},
    storage::{
        HttpStore, PdpOptions, PdpProvider, StorageError, Store, TransferEvent, TransferOptions,
    },
};

/// A piece and its bytes.
#[derive(Clone)]
struct Piece {
    cid: PieceCid,
    bytes: Vec<u8>,
}

impl Piece {
    /// So many bytes, others for each seed.
    fn new(seed: u64, len: usize) -> Self {
        let bytes: Vec<u8> = (0..len as u64)
            .map(|i| ((i + seed * 1_000_003).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u8)
            .collect();
        Self {
            cid: cid_of(&bytes),
            bytes,
        }
    }

    fn source(&self) -> Arc<dyn Source> {
        Arc::new(Local::new(self.bytes.clone()).unwrap())
    }
}

fn cid_of(bytes: &[u8]) -> PieceCid {
    let mut hasher = PieceHasher::new(None);
    hasher.update(bytes);
    hasher.finish().unwrap()
}

/// Patient, also on a machine that has much else to do, but without long pauses.
fn quick() -> HttpOptions {
    HttpOptions::default()
        .attempts(3)
        .pause(Duration::from_millis(1))
        .stall(Duration::from_secs(20))
        .redirects(Redirects::SameOrigin)
}

/// For servers that are silent for ever.
fn hasty() -> HttpOptions {
    quick().attempts(2).stall(Duration::from_millis(300))
}

fn provider(double: &Double) -> PdpProvider {
    let options = PdpOptions::default()
        .http(quick())
        .poll(Duration::from_millis(5))
        .confirmation(Duration::from_secs(20));
    PdpProvider::new(double.url.clone(), options).unwrap()
}

fn hasty_provider(double: &Double) -> PdpProvider {
    let options = PdpOptions::default()
        .http(hasty())
        .poll(Duration::from_millis(5))
        .confirmation(Duration::from_millis(300));
    PdpProvider::new(double.url.clone(), options).unwrap()
}

/// The same, to be read by plain HTTP.
fn server(double: &Double) -> HttpStore {
    HttpStore::folder(double.url.join("piece").unwrap(), quick()).unwrap()
}

/// That an error names who and what.
#[track_caller]
fn assert_names(error: &StorageError, store: &dyn Store, piece: &Piece) {
    let text = error.to_string();
    assert!(text.contains(store.name()), "{text}");
    assert!(text.contains(&piece.cid.to_string()), "{text}");
}

/// Options that note what happens.
fn watched() -> (TransferOptions, Arc<Mutex<Vec<TransferEvent>>>) {
    let events: Arc<Mutex<Vec<TransferEvent>>> = Arc::default();
    let notes = Arc::clone(&events);
    let note = move |event: &TransferEvent| notes.lock().unwrap().push(event.clone());
    (TransferOptions::default().observer(Arc::new(note)), events)
}

/// Runs a future until something is so, and drops it then.
async fn drop_when<T: std::fmt::Debug>(work: impl Future<Output = T>, so: impl Fn() -> bool) {
    let watch = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        done = work => panic!("it ended before: {done:?}"),
        () = watch => {}
    }
}

/// Stores that failed, by name, in order.
fn failed(events: &Mutex<Vec<TransferEvent>>) -> Vec<StorageError> {
    let events = events.lock().unwrap();
    let failed = events.iter().filter_map(|event| match event {
        TransferEvent::CopyFailed(error) => Some(error.clone()),
        _ => None,
    });
    failed.collect()
}
