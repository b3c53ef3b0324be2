//! What must be absent where: clocks, sockets, files, sources of randomness, JSON-RPC.

use crate::assert_none;
use crate::sources::{Source, sources};

/// Clocks, sockets, processes, randomness: in none of the pure crates.
const IMPURE: &[&str] = &[
    "std::net",
    "std::env",
    "std::process",
    "SystemTime",
    "Instant::",
    "getrandom::",
    "OsRng",
    "thread_rng",
    "tokio::",
];
/// Files: neither in crypto nor in protocol; an envelope reads whatever reads.
const FILES: &[&str] = &["std::fs", "fs::", "File::open", "std::path"];
/// Reading and writing at all: not in crypto.
const STREAMS: &[&str] = &["std::io", "io::Read", "io::Write"];
/// Parallel work and waiting: not in crypto and protocol.
const WAITING: &[&str] = &["std::thread", "async fn", "async move", ".await"];

fn impure(sources: &[Source], words: &[&[&str]]) -> Vec<String> {
    let words: Vec<&str> = words.concat();
    sources
        .iter()
        .flat_map(|source| source.lines_with(&words))
        .collect()
}

#[test]
fn crypto_contains_no_input_output_clock_or_randomness() {
    assert_none(&impure(
        &sources(&["crypto"]),
        &[IMPURE, FILES, STREAMS, WAITING],
    ));
}

#[test]
fn circuits_contain_no_input_output_clock_or_randomness() {
    assert_none(&impure(
        &sources(&["circuits"]),
        &[IMPURE, FILES, STREAMS, WAITING],
    ));
}

#[test]
fn protocol_contains_no_files_clock_or_randomness() {
    assert_none(&impure(&sources(&["protocol"]), &[IMPURE, FILES, WAITING]));
}

#[test]
fn envelope_contains_no_network_clock_or_randomness() {
    assert_none(&impure(&sources(&["envelope"]), &[IMPURE]));
}

#[test]
fn json_rpc_methods_are_named_in_chain_alone() {
    let crates = sources(&["crypto", "envelope", "protocol", "circuits", "sdk", "node"]);
    assert_none(&impure(&crates, &[&["\"eth_", "\"net_", "\"web3_"]]));
}

#[test]
fn an_identity_is_read_from_outside_nowhere() {
    // Invariant 7: nothing deserialises an identity, and no message has a field for one.
    let fields = [
        "identity: Identity,",
        "Deserialize for Identity",
        "Identity::from_bytes",
    ];
    assert_none(&impure(
        &sources(&["crypto", "protocol", "node"]),
        &[&fields],
    ));
}

#[test]
fn impurity_is_found_where_it_is() {
    let bad =
        "use std::time::SystemTime;\nlet now = SystemTime::now();\n// std::net in words\nx.await;";
    let found = impure(&[Source::of("bad.rs", bad)], &[IMPURE, WAITING]);
    assert_eq!(
        found,
        [
            "bad.rs:1: SystemTime",
            "bad.rs:2: SystemTime",
            "bad.rs:4: .await"
        ]
    );
    for word in [IMPURE, FILES, STREAMS, WAITING].concat() {
        let source = Source::of("bad.rs", &format!("    use {word}x;"));
        assert!(!impure(&[source], &[&[word]]).is_empty(), "{word}");
    }
    assert!(impure(&[Source::of("good.rs", "fn a() {}")], &[IMPURE]).is_empty());
}
