//! Who may depend on whom, and on what.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::assert_none;
use crate::sources::root;

/// A crate: which of ours it may use, and which foreign crates it must not.
type Row = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const MAY_USE: &[Row] = &[
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
        &["stheno-circuits", "stheno-crypto"],
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
        "stheno-circuits",
        &["stheno-crypto"],
        &[
            "alloy",
            "axum",
            "futures",
            "getrandom",
            "rayon",
            "reqwest",
            "sqlx",
            "tokio",
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
            "stheno-circuits",
            "stheno-crypto",
            "stheno-envelope",
            "stheno-protocol",
            "stheno-chain",
        ],
        &["axum", "clap", "sqlx"],
    ),
    (
        "stheno-node",
        &[
            "stheno-circuits",
            "stheno-crypto",
            "stheno-protocol",
            "stheno-chain",
        ],
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
    // Bindings have no logic of their own; what looks into the scheme is their benchmark.
    (
        "stheno-wasm",
        &["stheno", "stheno-crypto"],
        &[
            "aes-gcm",
            "alloy",
            "chacha20poly1305",
            "hkdf",
            "reqwest",
            "tokio",
        ],
    ),
    (
        "stheno-prover",
        &["stheno-circuits"],
        &[
            "ark-ec",
            "ark-ff",
            "ark-groth16",
            "getrandom",
            "rayon",
            "sha2",
        ],
    ),
    ("stheno-bindgen", &[], &[]),
    // Looks into everything, and nothing looks into it.
    (
        "stheno-fuzz",
        &[
            "stheno",
            "stheno-chain",
            "stheno-circuits",
            "stheno-crypto",
            "stheno-envelope",
            "stheno-node",
            "stheno-protocol",
        ],
        &[],
    ),
];

type Graph = BTreeMap<String, BTreeSet<String>>;

fn faults(graph: &Graph) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, dependencies) in graph {
        let Some((_, may_use, must_not)) = MAY_USE.iter().find(|(row, ..)| row == name) else {
            faults.push(format!("{name} has no row in this test"));
            continue;
        };
        for dependency in dependencies {
            let dependency = dependency.as_str();
            let allowed = !graph.contains_key(dependency) || may_use.contains(&dependency);
            if !allowed || must_not.contains(&dependency) {
                faults.push(format!("{name} must not use {dependency}"));
            }
        }
    }
    faults
}

#[test]
fn crates_depend_only_on_what_the_house_allows() {
    let graph = normal_dependencies();
    let ours: BTreeSet<&str> = graph.keys().map(String::as_str).collect();
    let named: BTreeSet<&str> = MAY_USE.iter().map(|(name, ..)| *name).collect();
    assert_eq!(
        ours, named,
        "every crate of the workspace has its row in this test"
    );
    assert_none(&faults(&graph));
}

#[test]
fn dependency_that_is_not_allowed_is_found() {
    let graph = |rows: &[(&str, &[&str])]| -> Graph {
        rows.iter()
            .map(|(name, uses)| {
                let uses = uses.iter().map(|name| (*name).to_owned()).collect();
                ((*name).to_owned(), uses)
            })
            .collect()
    };
    let upwards = [
        ("stheno-crypto", &["stheno-chain"][..]),
        ("stheno-chain", &[]),
    ];
    assert_eq!(
        faults(&graph(&upwards)),
        ["stheno-crypto must not use stheno-chain"]
    );
    let foreign = [("stheno-protocol", &["getrandom", "serde"][..])];
    assert_eq!(
        faults(&graph(&foreign)),
        ["stheno-protocol must not use getrandom"]
    );
    assert_eq!(faults(&graph(&[("stheno-new", &[])])).len(), 1);
    assert_none(&faults(&graph(&[("stheno-crypto", &["sha2"])])));
}

/// Every crate of the workspace with the names of its non-development dependencies, on any target.
fn normal_dependencies() -> Graph {
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
