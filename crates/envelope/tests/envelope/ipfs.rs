//! Roots and CARs beside those of the JavaScript implementation of IPFS, byte by
//! byte. Needs Node, and its packages (`make build` installs them); where Node is
//! there and the packages are not, that is a failure.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stheno_envelope::unixfs::{Directory, DirectoryEntry, FileBuilder, Profile};

use super::car::car_of;
use super::counter_stream;

/// Asks the other implementation; `None` where there is no Node.
fn ask(requests: &[Value]) -> Option<Vec<Value>> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/interop"));
    let spawned = Command::new("node")
        .arg(folder.join("unixfs.mjs"))
        .env("NODE_NO_WARNINGS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut node) = spawned else {
        println!("skipped: there is no node to run the other implementation");
        return None;
    };
    assert!(
        folder.join("node_modules").is_dir(),
        "the other implementation is not installed: run `make tests/interop/node_modules/.package-lock.json`"
    );
    let mut stdin = node.stdin.take().unwrap();
    let sent = serde_json::to_vec(requests).unwrap();
    stdin.write_all(&sent).unwrap();
    drop(stdin);
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "the other implementation refused");
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answers.len(), requests.len());
    Some(answers)
}

/// A file is cut in this way, has so many bytes, of which every so many are the same.
struct Case {
    profile: (usize, usize),
    size: usize,
    repeats: usize,
}

fn cases() -> Vec<Case> {
    const MIB: usize = 1 << 20;
    let real = [
        0,
        1,
        255,
        262_144,
        MIB - 1,
        MIB,
        MIB + 1,
        2 * MIB,
        3 * MIB + 12_345,
        17 * MIB,
    ];
    let profile = |profile, size, repeats| Case {
        profile,
        size,
        repeats,
    };
    let mut cases: Vec<Case> = real
        .into_iter()
        .map(|size| profile((MIB, 1024), size, size.max(1)))
        .collect();
    // Around 1024 links, and around 1024 nodes, in small chunks; equal chunks.
    for chunks in [1023, 1024, 1025, 2048, 2049] {
        cases.push(profile((64, 1024), chunks * 64, chunks * 64));
    }
    for chunks in [3, 9, 10, 27, 28, 81, 82, 100] {
        cases.push(profile((50, 3), chunks * 50 - 7, chunks * 50));
    }
    cases.push(profile((64, 4), 64 * 40, 64));
    cases
}

#[test]
fn roots_and_cars_are_those_of_another_implementation() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, at: usize| folder.path().join(format!("{name}-{at}"));
    let mut ours = Vec::new();
    let mut requests = Vec::new();
    for (at, case) in cases().iter().enumerate() {
        let (chunk, links) = case.profile;
        let once = counter_stream(&format!("unixfs/{at}"), case.repeats.min(case.size.max(1)));
        let bytes: Vec<u8> = once.iter().copied().cycle().take(case.size).collect();
        let profile = match case.profile {
            (1_048_576, 1024) => Profile::V1_2025,
            _ => Profile::scaled(chunk, links, 0),
        };
        let (root, car) = car_of(profile, &bytes);
        fs::write(path("input", at), &bytes).unwrap();
        fs::write(path("ours", at), &car).unwrap();
        requests.push(json!({
            "make": "file",
            "input": path("input", at),
            "profile": { "chunkSize": chunk, "maxLinks": links },
            "car": path("theirs", at),
        }));
        requests.push(json!({ "read": path("ours", at) }));
        ours.push((root.to_string(), car, bytes));
    }
    let Some(answers) = ask(&requests) else {
        return;
    };
    for (at, ((root, car, bytes), answers)) in ours.iter().zip(answers.chunks(2)).enumerate() {
        assert_eq!(answers[0]["root"], **root, "case {at}");
        assert!(
            fs::read(path("theirs", at)).unwrap() == *car,
            "CAR of case {at}"
        );
        assert_eq!(answers[1]["root"], **root);
        assert_eq!(answers[1]["size"], bytes.len());
        assert_eq!(
            answers[1]["sha256"],
            hex::encode(Sha256::digest(bytes)),
            "case {at}"
        );
    }
}

#[test]
fn roots_of_folders_are_those_of_another_implementation() {
    // Flat, flat in every script, sharded once, and so that shards have shards.
    let scripts = [
        "Μέδουσα.csv",
        "日本語",
        "z",
        "a b",
        "%41",
        "🐍",
        "e\u{301}",
        "é",
        "-",
        "Z",
    ];
    let many = |count: usize, text: &str| (0..count).map(|at| format!("{text}{at}")).collect();
    let folders: Vec<Vec<String>> = vec![
        vec![],
        vec!["one".to_owned()],
        scripts.map(str::to_owned).to_vec(),
        many(1000, "file "),
        many(5200, "fünf "),
        many(9000, "name that is somewhat longer "),
    ];
    let content = |name: &str| name.as_bytes().to_vec();
    let requests: Vec<Value> = folders
        .iter()
        .map(|names| {
            let entry = |name: &String| json!([name, hex::encode(content(name))]);
            json!({ "make": "folder", "entries": names.iter().map(entry).collect::<Vec<_>>() })
        })
        .collect();
    let Some(answers) = ask(&requests) else {
        return;
    };
    let mut sharded = 0;
    for (names, answer) in folders.iter().zip(answers) {
        let entries = names.iter().map(|name| {
            let file = FileBuilder::read(Profile::V1_2025, &mut &content(name)[..], &mut ());
            let file = file.unwrap();
            DirectoryEntry {
                name: name.clone(),
                cid: file.cid,
                dag_size: file.dag_size,
            }
        });
        let folder = Directory::new(entries.collect()).unwrap();
        let root = folder.build(Profile::V1_2025).unwrap().root();
        assert_eq!(
            answer["root"],
            root.cid.to_string(),
            "{} names",
            names.len()
        );
        sharded += u32::from(root.blocks > 1);
    }
    assert_eq!(sharded, 2);
}
