//! The invariants of ARCHITECTURE.md that a program can check: who may depend on whom, and what
//! must be absent where.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Per crate: which of ours it may use, and which foreign crates it must not.
const MAY_USE: &[(&str, &[&str], &[&str])] = &[
    (
        "stheno-crypto",
        &[],
        &[
            "tokio",
            "futures",
            "reqwest",
            "alloy",
            "axum",
            "getrandom",
            "rand",
            "serde",
            "sqlx",
        ],
    ),
    (
        "stheno-envelope",
        &["stheno-crypto"],
        &[
            "tokio",
            "reqwest",
            "alloy",
            "axum",
            "getrandom",
            "rand",
            "sqlx",
        ],
    ),
    (
        "stheno-protocol",
        &["stheno-crypto"],
        &[
            "tokio",
            "reqwest",
            "alloy",
            "alloy-provider",
            "axum",
            "getrandom",
            "rand",
            "sqlx",
        ],
    ),
    (
        "stheno-chain",
        &["stheno-crypto", "stheno-protocol"],
        &["axum", "sqlx", "clap"],
    ),
    (
        "stheno",
        &[
            "stheno-crypto",
            "stheno-envelope",
            "stheno-protocol",
            "stheno-chain",
        ],
        &["axum", "clap", "sqlx"],
    ),
    (
        "stheno-node",
        &["stheno-crypto", "stheno-protocol", "stheno-chain"],
        &["stheno-envelope", "coset"],
    ),
    (
        "stheno-cli",
        &["stheno", "stheno-chain", "stheno-node"],
        &[
            "ark-ec",
            "ark-bls12-381",
            "blst",
            "chacha20poly1305",
            "aes-gcm",
            "hkdf",
            "axum",
        ],
    ),
];

/// The types that hold secrets. Each is defined once, in a crate's sources.
const SECRETS: &[&str] = &[
    "Cek",
    "CeremonySecret",
    "DealerSeed",
    "DealtShare",
    "Kek",
    "KeyShare",
    "ReaderSecret",
    "SharedKey",
    "X25519Secret",
];

/// Files that are tests alone.
const TEST_MODULES: &[&str] = &["tests", "differential", "vectors", "frozen"];

const CRATES: &[&str] = &[
    "crypto", "envelope", "protocol", "chain", "node", "sdk", "cli",
];

#[test]
fn crates_depend_only_on_what_the_house_allows() {
    let graph = normal_dependencies();
    let ours: BTreeSet<&str> = graph.keys().map(String::as_str).collect();
    let named: BTreeSet<&str> = MAY_USE.iter().map(|(name, ..)| *name).collect();
    assert_eq!(
        ours, named,
        "every crate of the workspace has its row in this test"
    );

    for (name, may_use, must_not) in MAY_USE {
        for dependency in &graph[*name] {
            let dependency = dependency.as_str();
            let allowed = !ours.contains(dependency) || may_use.contains(&dependency);
            assert!(
                allowed && !must_not.contains(&dependency),
                "{name} must not use {dependency}"
            );
        }
    }
}

#[test]
fn pure_crates_contain_no_clock_socket_or_random_source() {
    let impure = [
        "std::net",
        "std::env",
        "SystemTime::now",
        "Instant::now",
        "getrandom::",
        "OsRng",
        "thread_rng",
    ];
    for (path, text) in sources(&["crypto", "envelope", "protocol"]) {
        for word in impure {
            assert!(
                !product_part(&text).contains(word),
                "{word} in {}",
                path.display()
            );
        }
    }
}

#[test]
fn json_rpc_methods_are_named_in_chain_alone() {
    for (path, text) in sources(&["crypto", "envelope", "protocol", "sdk", "node"]) {
        assert!(
            !product_part(&text).contains("\"eth_"),
            "JSON-RPC in {}",
            path.display()
        );
    }
}

#[test]
fn domain_tags_are_spelled_in_labels_alone() {
    for (path, text) in sources(CRATES) {
        let spelled = product_part(&text)
            .lines()
            .any(|line| !line.trim_start().starts_with("//") && line.contains("\"STHENO-V1-"));
        assert!(
            !spelled || path.file_name().is_some_and(|name| name == "labels.rs"),
            "a domain tag outside labels.rs: {}",
            path.display()
        );
    }
}

#[test]
fn secret_types_are_neither_copied_nor_serialised_nor_printed() {
    let all = sources(CRATES);
    for secret in SECRETS {
        let definition = format!("pub struct {secret}");
        let homes: Vec<&(PathBuf, String)> = all
            .iter()
            .filter(|(_, text)| position_of(text, &definition).is_some())
            .collect();
        assert_eq!(homes.len(), 1, "{secret} is defined in exactly one place");
        let (path, text) = homes[0];
        for derived in derives_above(text, &definition) {
            let forbidden = ["Copy", "Debug", "Serialize", "Deserialize"];
            assert!(
                !forbidden.contains(&derived.as_str()),
                "{secret} derives {derived} in {}",
                path.display()
            );
        }
        for (path, text) in &all {
            for name in ["Copy", "Serialize", "Display"] {
                assert!(
                    !text.contains(&format!("{name} for {secret} ")),
                    "{name} for {secret} in {}",
                    path.display()
                );
            }
        }
    }
}

/// The line on which a type is defined.
fn position_of(text: &str, definition: &str) -> Option<usize> {
    text.lines().position(|line| {
        line.strip_prefix(definition)
            .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
    })
}

/// The derives written directly above a definition.
fn derives_above(text: &str, definition: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let at = position_of(text, definition).unwrap();
    lines[..at]
        .iter()
        .rev()
        .take_while(|line| line.starts_with("#[") || line.starts_with("///"))
        .filter_map(|line| line.strip_prefix("#[derive(")?.strip_suffix(")]"))
        .flat_map(|list| list.split(',').map(|name| name.trim().to_owned()))
        .collect()
}

/// Every crate of the workspace with the names of its non-development dependencies.
fn normal_dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
                .collect();
            (package["name"].as_str().unwrap().to_owned(), dependencies)
        })
        .collect()
}

/// A source file up to its unit tests.
fn product_part(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text)
}

/// The sources of these crates, without files that are tests alone.
fn sources(crates: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for name in crates {
        let before = found.len();
        walk(&root().join("crates").join(name).join("src"), &mut found);
        assert!(found.len() > before, "no sources in {name}");
    }
    found
}

fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "tests") {
                walk(&path, found);
            }
        } else if path.extension().is_some_and(|end| end == "rs")
            && !path
                .file_stem()
                .is_some_and(|stem| TEST_MODULES.iter().any(|name| stem == *name))
        {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
