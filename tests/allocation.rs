//! No decoder asks for memory before there is data: what it asks for is bounded by what it was
//! given, whatever lengths that announces. A program of its own, since it counts all allocations.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
#![allow(
    unsafe_code,
    reason = "an allocator that counts cannot be had without; it hands everything on to the system's"
)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use alloy::sol_types::SolCall;
use stheno_chain::contracts::committee::CommitteeContract as contract;
use stheno_envelope::Header;
use stheno_protocol::{Context, Policy, Request};

/// For an error's words and a decoder's first steps.
const BASE: usize = 16 << 10;
/// A byte of input may become a value of some words, in a list that doubles as it grows.
const FACTOR: usize = 512;

struct Counting;

thread_local! {
    /// Bytes asked for since the start of a measurement, and whether one is under way.
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

fn note(size: usize) {
    ASKED.with(|asked| asked.set(asked.get().saturating_add(size)));
}

// SAFETY: every call is handed on unchanged to the system's allocator; a `Cell<usize>` that is
// initialised at compile time allocates nothing itself.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` asked for in all, given back or not.
fn asked<T>(work: impl FnOnce() -> T) -> (T, usize) {
    ASKED.with(|asked| asked.set(0));
    let done = work();
    (done, ASKED.with(Cell::get))
}

/// Insists that `decode` refuses `bytes`, and asks for little.
fn refuses<T, E>(name: &str, bytes: &[u8], decode: impl FnOnce(&[u8]) -> Result<T, E>) {
    let (decoded, asked) = asked(|| decode(bytes));
    let shown = hex::encode(&bytes[..bytes.len().min(40)]);
    assert!(decoded.is_err(), "{name}: {shown}");
    let allowed = BASE + FACTOR * bytes.len();
    assert!(asked <= allowed, "{name}: {asked} bytes for {shown}");
}

/// Heads of every kind that has a length, each announcing far more than follows.
fn bombs() -> Vec<Vec<u8>> {
    let lengths = [
        vec![0x1a, 0x00, 0x01, 0x00, 0x00],
        vec![0x1a, 0x3f, 0xff, 0xff, 0xff],
        vec![0x1a, 0xff, 0xff, 0xff, 0xff],
        vec![0x1b, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00],
        vec![0x1b, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        vec![0x1b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        vec![0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ];
    let mut bombs = Vec::new();
    for length in lengths {
        for kind in [0x40, 0x60, 0x80, 0xa0] {
            for tail in [0, 100] {
                let mut bomb = length.clone();
                bomb[0] |= kind;
                bomb.extend(std::iter::repeat_n(0x41, tail));
                bombs.push(bomb);
            }
        }
    }
    bombs
}

/// Every bomb behind every beginning.
fn behind(beginnings: &[&str]) -> Vec<Vec<u8>> {
    let beginnings = beginnings.iter().map(|text| hex::decode(text).unwrap());
    beginnings
        .flat_map(|start| {
            bombs()
                .into_iter()
                .map(move |bomb| [&start[..], &bomb].concat())
        })
        .collect()
}

#[test]
fn counter_counts() {
    let (kept, asked) = asked(|| vec![0_u8; 100_000]);
    assert_eq!(kept.len(), 100_000);
    assert!((100_000..110_000).contains(&asked), "{asked}");
}

#[test]
fn policy_asks_for_no_memory_that_its_bytes_only_announce() {
    // At the top; as the rule; as parts of an `all`; as a leaf; as a list of addresses; as a salt.
    let places = [
        "",
        "a2010102",
        "a20101028201",
        "a2010102820182 8212a201010501",
        "a20101028212",
        "a20101028214a104",
        "a30101028212a20101050103",
    ];
    let places: Vec<String> = places.iter().map(|place| place.replace(' ', "")).collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    for bytes in behind(&places) {
        refuses("policy", &bytes, Policy::from_cbor);
    }
}

#[test]
fn context_asks_for_no_memory_that_its_bytes_only_announce() {
    for bytes in behind(&["", "a1", "a16161", "a1616182"]) {
        refuses("context", &bytes, Context::from_cbor);
    }
}

#[test]
fn envelope_asks_for_no_memory_that_its_header_only_announces() {
    // The parts, the protected header, labels and values in it, the unprotected one, recipients.
    let places = [
        "d860",
        "d86084",
        "d8608443a10103",
        "d8608443a10103a1",
        "d8608443a10103a105",
        "d8608443a10103a0f6",
        "d8608443a10103a0f681",
        "d8608443a10103a0f6818340",
    ];
    for bytes in behind(&places) {
        refuses("envelope", &bytes, |mut bytes| Header::read(&mut bytes));
        refuses("envelope in memory", &bytes, Header::from_bytes);
    }
}

#[test]
fn request_asks_for_no_memory_beyond_its_body() {
    // JSON announces no lengths, but its strings hold CBOR that does, and it can be nested.
    for bomb in bombs() {
        let body = format!("{{\"context\":\"0x{}\"}}", hex::encode(bomb));
        refuses("request", body.as_bytes(), |body| {
            serde_json::from_slice::<Request>(body)
        });
    }
    for opening in ["[", "{\"a\":", "{\"policy\":["] {
        let body = opening.repeat(20_000);
        refuses("nested request", body.as_bytes(), |body| {
            serde_json::from_slice::<Request>(body)
        });
        refuses("nested policy", body.as_bytes(), |body| {
            Policy::from_json(std::str::from_utf8(body).unwrap())
        });
    }
}

#[test]
fn chain_answer_asks_for_no_memory_that_its_bytes_only_announce() {
    for length in [1_u64 << 16, 1 << 31, 1 << 40, u64::MAX] {
        let mut bytes = vec![0; 64];
        bytes[31] = 0x20;
        bytes[56..].copy_from_slice(&length.to_be_bytes());
        for tail in [0, 320] {
            bytes.extend(std::iter::repeat_n(0, tail));
            refuses("keys", &bytes, contract::epochKeysCall::abi_decode_returns);
            refuses(
                "members",
                &bytes,
                contract::epochMembersCall::abi_decode_returns,
            );
        }
    }
}
