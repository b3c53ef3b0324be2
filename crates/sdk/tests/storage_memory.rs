//! Memory does not grow with what is transferred: pieces to a provider, and back into a folder. A
//! program of its own, since it looks at the whole process, the server of the test included.
//! `STHENO_MEMORY_MIB` sets another size than 256 MiB.
//!
//! The server is a double of a PDP provider that keeps nothing: what it gives back it makes again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]
#![cfg(target_os = "linux")]

use std::{
    collections::HashSet,
    ops::Range,
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures::{StreamExt, stream};
use stheno::{
    bounds::BoxFuture,
    envelope::{PieceCid, PieceHasher},
    source::{Source, SourceError},
    storage::{
        Folder, Outgoing, PdpOptions, PdpProvider, Store, TransferOptions, Wanted, download, upload,
    },
};

/// Pieces that pass at once.
const PIECES: u64 = 4;
/// What the bytes are made of.
const BLOCK: usize = 1 << 20;
/// What the issue allows, in MiB.
const MOST: u64 = 128;

/// The same block again and again, and one byte that tells the pieces apart.
#[derive(Clone)]
struct Made {
    block: Bytes,
    len: u64,
}

impl Made {
    fn new(seed: u64, len: u64) -> Self {
        let block: Vec<u8> = (0..BLOCK as u64)
            .map(|i| ((i + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u8)
            .collect();
        Self {
            block: block.into(),
            len,
        }
    }

    fn cid(&self) -> PieceCid {
        let mut hasher = PieceHasher::new(None);
        while hasher.len() < self.len {
            hasher.update(&self.block);
        }
        hasher.finish().unwrap()
    }
}

impl Source for Made {
    fn size(&self) -> u64 {
        self.len
    }

    fn fetch(&self, range: Range<u64>) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        let start = range.start as usize % BLOCK;
        let part = self
            .block
            .get(start..start + (range.end - range.start) as usize);
        Box::pin(std::future::ready(Ok(part.unwrap().to_vec())))
    }
}

struct Desk {
    pieces: Vec<(String, Made)>,
    here: Mutex<HashSet<String>>,
}

fn router(desk: Arc<Desk>) -> Router {
    let begin = || async {
        (
            StatusCode::CREATED,
            [(header::LOCATION, "/pdp/piece/uploads/1f")],
        )
    };
    Router::new()
        .route("/pdp/piece/uploads", post(begin))
        .route("/pdp/piece/uploads/{id}", post(finalise).put(receive))
        .route("/pdp/piece", get(find))
        .route("/piece/{cid}", get(read))
        .with_state(desk)
}

async fn receive(body: Body) -> StatusCode {
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        part.unwrap();
    }
    StatusCode::NO_CONTENT
}

async fn finalise(
    State(desk): State<Arc<Desk>>,
    axum::Json(body): axum::Json<serde_json::Value>,
) -> StatusCode {
    let cid = body.get("pieceCid").unwrap().as_str().unwrap().to_owned();
    desk.here.lock().unwrap().insert(cid);
    StatusCode::OK
}

async fn find(
    State(desk): State<Arc<Desk>>,
    Query(query): Query<std::collections::HashMap<String, String>>,
) -> Response {
    if desk
        .here
        .lock()
        .unwrap()
        .contains(query.get("pieceCid").unwrap())
    {
        return axum::Json(query).into_response();
    }
    StatusCode::NOT_FOUND.into_response()
}

async fn read(State(desk): State<Arc<Desk>>, Path(cid): Path<String>) -> Response {
    let made = desk.pieces.iter().find(|piece| piece.0 == cid);
    let made = made.unwrap().1.clone();
    let blocks = made.len / BLOCK as u64;
    let parts = stream::iter((0..blocks).map(move |_| Ok::<_, std::io::Error>(made.block.clone())));
    let body = Body::from_stream(parts);
    let len = (blocks * BLOCK as u64).to_string();
    ([(header::CONTENT_LENGTH, len)], body).into_response()
}

/// The most memory that this process ever had, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mut lines = status.lines();
    let peak = lines.find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
    kib / 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_stay_under_128_mib_for_any_size() {
    let mib = std::env::var("STHENO_MEMORY_MIB").map_or(256, |mib| mib.parse().unwrap());
    let len = (mib / PIECES) << 20;
    let pieces: Vec<(PieceCid, Made)> = (0..PIECES)
        .map(|seed| Made::new(seed, len))
        .map(|made| (made.cid(), made))
        .collect();
    let desk = Arc::new(Desk {
        pieces: pieces
            .iter()
            .map(|(cid, made)| (cid.to_string(), made.clone()))
            .collect(),
        here: Mutex::default(),
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, router(desk)).await });
    let store = PdpProvider::new(url.parse().unwrap(), PdpOptions::default()).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let place = tempfile::tempdir().unwrap();

    let began = Instant::now();
    let outgoing = pieces.iter().map(|(piece, made)| Outgoing {
        piece: *piece,
        source: Arc::new(made.clone()),
    });
    let journal = place.path().join("journal");
    let stores = [Arc::clone(&store)];
    let work = upload(
        outgoing.collect(),
        &stores,
        &journal,
        TransferOptions::default(),
    );
    work.await.unwrap();
    println!(
        "{mib} MiB up in {:.2?}, {} MiB of memory",
        began.elapsed(),
        peak_mib()
    );

    let began = Instant::now();
    let folder = Folder::open(place.path().join("pieces")).unwrap();
    let wanted = pieces.iter().map(|(piece, _)| Wanted {
        piece: *piece,
        copies: vec![Arc::clone(&store)],
    });
    let work = download(wanted.collect(), &folder, TransferOptions::default());
    assert_eq!(work.await.unwrap().bytes, PIECES * len);
    let peak = peak_mib();
    println!(
        "{mib} MiB down, verified, in {:.2?}, {peak} MiB of memory",
        began.elapsed()
    );
    assert!(peak <= MOST, "{peak} MiB");
    serving.abort();
}
