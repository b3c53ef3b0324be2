//! Files and folders: the CIDs that other implementations give, and every byte back.

use std::collections::HashMap;
use std::io::Read;

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use proptest::prelude::*;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use stheno_envelope::Cid;
use stheno_envelope::unixfs::{
    Directory, DirectoryEntry, FileBuilder, FileVerifier, Profile, Resolver, Root, UnixfsError,
};

/// Blocks by CID, and the root of a file.
pub(crate) fn blocks_of(profile: Profile, mut source: &[u8]) -> (Root, HashMap<Cid, Vec<u8>>) {
    let mut blocks = HashMap::new();
    let mut sink = |cid: &Cid, bytes: &[u8]| {
        blocks.insert(*cid, bytes.to_vec());
        Ok(())
    };
    let root = FileBuilder::read(profile, &mut source, &mut sink).unwrap();
    (root, blocks)
}

/// Gives a verifier what it asks for; the bytes, and how many blocks it asked for.
pub(crate) fn fetch(
    verifier: &mut FileVerifier,
    blocks: &HashMap<Cid, Vec<u8>>,
) -> Result<(Vec<u8>, usize), UnixfsError> {
    let (mut bytes, mut asked) = (Vec::new(), 0);
    while let Some(wanted) = verifier.wanted().copied() {
        bytes.extend_from_slice(verifier.push(&blocks[&wanted])?);
        asked += 1;
    }
    verifier.finish()?;
    Ok((bytes, asked))
}

/// The vectors of IPIP-499: what Kubo and js-ipfs-unixfs agree on.
#[derive(Deserialize)]
pub(crate) struct Vectors {
    files: Vec<FileCase>,
    folders: Vec<FolderCase>,
}

#[derive(Deserialize)]
struct FileCase {
    name: String,
    text: Option<String>,
    seed: Option<String>,
    size: u64,
    cid: String,
}

#[derive(Deserialize)]
struct FolderCase {
    name: String,
    seed: String,
    count: usize,
    name_len: usize,
    last_name_len: usize,
    sharded: bool,
    cid: String,
}

fn vectors() -> Vectors {
    let text = include_str!("../../../../tests/vectors/unixfs-v1-2025.json");
    serde_json::from_str(text).unwrap()
}

/// The key stream of ChaCha20 under the hash of a seed, as the vectors' inputs are made.
struct Stream {
    cipher: ChaCha20,
    left: u64,
}

impl Stream {
    fn new(seed: &str, len: u64) -> Self {
        let key: [u8; 32] = Sha256::digest(seed).into();
        Self {
            cipher: ChaCha20::new(&key.into(), &[0; 12].into()),
            left: len,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let len = buffer.len().min(self.left.try_into().unwrap_or(usize::MAX));
        let part = &mut buffer[..len];
        part.fill(0);
        self.cipher.apply_keystream(part);
        self.left -= len as u64;
        Ok(len)
    }
}

/// Names as the vectors make them.
fn names(case: &FolderCase) -> Vec<String> {
    const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz01234567890-_";
    let mut stream = Stream::new(&case.seed, 1 << 20);
    (1..=case.count)
        .map(|number| {
            let last = number == case.count;
            let len = if last {
                case.last_name_len
            } else {
                case.name_len
            };
            let mut bytes = vec![0; len];
            stream.read_exact(&mut bytes).unwrap();
            bytes
                .iter()
                .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
                .collect()
        })
        .collect()
}

fn root_of_case(case: &FileCase) -> Root {
    let profile = Profile::V1_2025;
    match (&case.text, &case.seed) {
        (Some(text), _) => FileBuilder::read(profile, &mut text.as_bytes(), &mut ()),
        (_, Some(seed)) => FileBuilder::read(profile, &mut Stream::new(seed, case.size), &mut ()),
        _ => panic!("{} has no input", case.name),
    }
    .unwrap()
}

#[test]
fn file_has_the_cid_that_other_implementations_give() {
    let files = vectors().files;
    let small = files.iter().filter(|case| case.size < 1 << 26);
    let mut tried = 0;
    for case in small {
        let root = root_of_case(case);
        assert_eq!(root.cid.to_string(), case.cid, "{}", case.name);
        assert_eq!(root.file_size, case.size);
        tried += 1;
    }
    assert!(tried >= 4);
}

/// Above and below 1024 chunks, in the real size: 2 GiB are hashed. `make test-unixfs`.
#[test]
fn file_of_a_gibibyte_has_the_cid_that_other_implementations_give() {
    if std::env::var_os("STHENO_UNIXFS_FULL").is_none() {
        println!("skipped: STHENO_UNIXFS_FULL is not set");
        return;
    }
    let files = vectors().files;
    let large: Vec<_> = files.iter().filter(|case| case.size >= 1 << 26).collect();
    assert!(large.len() >= 2);
    for case in large {
        assert_eq!(
            root_of_case(case).cid.to_string(),
            case.cid,
            "{}",
            case.name
        );
    }
}

#[test]
fn folder_has_the_cid_that_other_implementations_give_sharded_or_not() {
    let folders = vectors().folders;
    assert!(folders.iter().any(|case| case.sharded) && folders.iter().any(|case| !case.sharded));
    for case in folders {
        let file = FileBuilder::read(Profile::V1_2025, &mut &b"x"[..], &mut ()).unwrap();
        let entries = names(&case).into_iter().map(|name| DirectoryEntry {
            name,
            cid: file.cid,
            dag_size: file.dag_size,
        });
        let folder = Directory::new(entries.collect()).unwrap();
        let dag = folder.build(Profile::V1_2025).unwrap();
        assert_eq!(dag.root().cid.to_string(), case.cid, "{}", case.name);
        assert_eq!(dag.root().blocks > 1, case.sharded, "{}", case.name);
    }
}

#[test]
fn every_name_of_a_sharded_folder_is_found_and_no_other() {
    let file =
        |name: &str| FileBuilder::read(Profile::V1_2025, &mut name.as_bytes(), &mut ()).unwrap();
    let entry = |name: &str| DirectoryEntry {
        name: name.to_owned(),
        cid: file(name).cid,
        dag_size: file(name).dag_size,
    };
    for (count, threshold) in [(0, 0), (1, 0), (7, 1 << 20), (3000, 1000)] {
        let names: Vec<String> = (0..count).map(|number| format!("Ähre {number}")).collect();
        let entries = names.iter().map(|name| entry(name)).collect();
        let profile = Profile::scaled(1 << 20, 1024, threshold);
        let dag = Directory::new(entries).unwrap().build(profile).unwrap();
        let mut blocks = HashMap::new();
        dag.blocks(&mut |cid: &Cid, bytes: &[u8]| {
            blocks.insert(*cid, bytes.to_vec());
            Ok(())
        })
        .unwrap();
        // As a folder below another one.
        let inner = DirectoryEntry {
            name: "in".to_owned(),
            cid: dag.root().cid,
            dag_size: dag.root().dag_size,
        };
        let outer = Directory::new(vec![inner]).unwrap();
        let outer = outer.build(Profile::V1_2025).unwrap();
        outer
            .blocks(&mut |cid: &Cid, bytes: &[u8]| {
                blocks.insert(*cid, bytes.to_vec());
                Ok(())
            })
            .unwrap();
        let resolve = |path: [&str; 2]| {
            let mut resolver = Resolver::new(outer.root().cid, path);
            while let Some(wanted) = resolver.wanted().copied() {
                resolver.push(&blocks[&wanted])?;
            }
            Ok::<_, UnixfsError>(*resolver.target().unwrap())
        };
        for name in &names {
            assert_eq!(resolve(["in", name]), Ok(file(name).cid));
        }
        for missing in ["Ähre", "Ähre -1", "", "00", "A"] {
            assert!(
                matches!(resolve(["in", missing]), Err(UnixfsError::NotFound { .. })),
                "{missing}"
            );
        }
        assert!(matches!(
            resolve(["out", "x"]),
            Err(UnixfsError::NotFound { .. })
        ));
    }
}

#[test]
fn folder_is_refused_with_names_that_are_none_or_stand_there_twice() {
    let cid = FileBuilder::read(Profile::V1_2025, &mut &b"x"[..], &mut ())
        .unwrap()
        .cid;
    let refused = |names: &[&str], cid: Cid| {
        let entry = |name: &&str| DirectoryEntry {
            name: (*name).to_owned(),
            cid,
            dag_size: 1,
        };
        Directory::new(names.iter().map(entry).collect()).is_err()
    };
    let long = "x".repeat(256);
    for names in [
        &["a", "b", "a"][..],
        &[""],
        &["."],
        &[".."],
        &["a/b"],
        &["a\0"],
        &[&long],
    ] {
        assert!(refused(names, cid), "{names:?}");
    }
    assert!(!refused(&["a", "A", "...", "ä"], cid));
    let old = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
        .parse()
        .unwrap();
    assert!(refused(&["a"], old));
}

#[test]
fn empty_range_asks_for_the_root_alone() {
    // 50 leaves, two to a node: six levels.
    let (root, blocks) = blocks_of(Profile::scaled(1, 2, 0), &[7; 50]);
    for at in 0..=50 {
        let mut verifier = FileVerifier::of_range(root.cid, at..at);
        assert_eq!(fetch(&mut verifier, &blocks).unwrap(), (vec![], 1), "{at}");
    }
    let beyond = fetch(&mut FileVerifier::of_range(root.cid, 51..51), &blocks);
    assert!(matches!(beyond, Err(UnixfsError::OutOfRange { .. })));
}

#[test]
fn builder_and_verifier_hold_one_chunk_and_a_node_for_each_level() {
    // 16 bytes in each of 300 leaves, at most 4 to a node: five levels.
    let bytes: Vec<u8> = (0..4800).map(|at| (at % 251) as u8).collect();
    let (root, blocks) = blocks_of(Profile::scaled(16, 4, 0), &bytes);
    let mut verifier = FileVerifier::new(root.cid);
    let (found, asked) = fetch(&mut verifier, &blocks).unwrap();
    assert_eq!(found, bytes);
    assert_eq!(asked as u64, root.blocks);
    let stored: u64 = blocks.values().map(|block| block.len() as u64).sum();
    assert!(root.dag_size >= stored);
}

proptest! {
    #[test]
    fn file_comes_back_whole_and_in_parts_from_few_blocks(
        len in 0..5_000_usize,
        chunk in 1..400_usize,
        links in 2..9_usize,
        step in 1..700_usize,
        a in 0.0..1.0_f64,
        b in 0.0..1.0_f64,
    ) {
        let bytes: Vec<u8> = (0..len).map(|at| (at * 131 / 7 % 256) as u8).collect();
        let profile = Profile::scaled(chunk, links, 0);
        let (root, blocks) = blocks_of(profile, &bytes);
        // However the bytes arrive.
        let mut builder = FileBuilder::new(profile);
        for part in bytes.chunks(step) {
            builder.update(part, &mut ()).unwrap();
        }
        prop_assert_eq!(builder.finish(&mut ()).unwrap(), root);

        let mut whole = FileVerifier::new(root.cid).expect_size(len as u64);
        prop_assert_eq!(&fetch(&mut whole, &blocks).unwrap().0, &bytes);
        prop_assert_eq!(whole.size(), Some(len as u64));

        let at = |part: f64| (part * len as f64) as usize;
        let range = at(a.min(b))..at(a.max(b));
        let mut part = FileVerifier::of_range(root.cid, range.start as u64..range.end as u64);
        let (found, asked) = fetch(&mut part, &blocks).unwrap();
        prop_assert_eq!(&found, &bytes[range.clone()]);
        // Touched leaves, and for each level the nodes above them.
        let (mut first, mut last) = (range.start / chunk, (range.end.max(1) - 1) / chunk);
        let mut most = 0;
        let mut width = len.div_ceil(chunk).max(1);
        loop {
            most += if range.is_empty() { 0 } else { last - first + 1 };
            if width == 1 { break; }
            (first, last, width) = (first / links, last / links, width.div_ceil(links));
        }
        prop_assert!(asked <= most.max(1), "{} of {}", asked, most);

        let beyond = FileVerifier::of_range(root.cid, 0..len as u64 + 1);
        let refused = fetch(&mut { beyond }, &blocks);
        prop_assert!(matches!(refused, Err(UnixfsError::OutOfRange { .. })), "expected a refusal");
    }
}
