//! Blocks that lie: about their bytes, sizes, kinds, depth and width.

use std::collections::HashMap;

use cid::multihash::Multihash;
use sha2::{Digest, Sha256};
use stheno_envelope::unixfs::{FileVerifier, Profile, Resolver, UnixfsError};
use stheno_envelope::{BlockError, Cid};

use super::unixfs::{blocks_of, fetch};

const RAW: u64 = 0x55;
const DAG_PB: u64 = 0x70;

fn cid(codec: u64, bytes: &[u8]) -> Cid {
    Cid::new_v1(
        codec,
        Multihash::wrap(0x12, &Sha256::digest(bytes)).unwrap(),
    )
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    varint(bytes.len() as u64, &mut out);
    out.extend_from_slice(bytes);
    out
}

fn number(number: u8, value: u64) -> Vec<u8> {
    let mut out = vec![number << 3];
    varint(value, &mut out);
    out
}

fn varint(mut value: u64, to: &mut Vec<u8>) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

/// A node of any kind with links to these blocks.
fn node(links: &[(&str, Cid)], message: &[u8]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, cid) in links {
        let link = [
            field(1, &cid.to_bytes()),
            field(2, name.as_bytes()),
            number(3, 1),
        ]
        .concat();
        block.extend(field(2, &link));
    }
    block.extend(field(1, message));
    block
}

fn file_message(data: &[u8], size: u64, sizes: &[u64]) -> Vec<u8> {
    let mut message = number(1, 2);
    if !data.is_empty() {
        message.extend(field(2, data));
    }
    message.extend(number(3, size));
    for size in sizes {
        message.extend(number(4, *size));
    }
    message
}

/// Verifies the file whose root is the last block.
fn verify(blocks: &[(u64, &[u8])]) -> Result<Vec<u8>, UnixfsError> {
    let by_cid: HashMap<Cid, Vec<u8>> = blocks
        .iter()
        .map(|(codec, bytes)| (cid(*codec, bytes), bytes.to_vec()))
        .collect();
    let (codec, root) = blocks.last().unwrap();
    fetch(&mut FileVerifier::new(cid(*codec, root)), &by_cid).map(|(bytes, _)| bytes)
}

fn leaf() -> (&'static [u8], Cid) {
    let bytes = b"gorgon";
    (bytes, cid(RAW, bytes))
}

fn malformed(blocks: &[(u64, &[u8])]) -> &'static str {
    match verify(blocks) {
        Err(UnixfsError::Malformed { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn block_with_any_bit_changed_is_refused_and_nothing_more_is_released() {
    let bytes: Vec<u8> = (0..200).collect();
    let (root, blocks) = blocks_of(Profile::scaled(16, 3, 0), &bytes);
    for name in blocks.keys() {
        for bit in [0, 7, 100] {
            let mut changed = blocks.clone();
            let block = changed.get_mut(name).unwrap();
            let at = bit / 8 % block.len();
            block[at] ^= 1 << (bit % 8);
            let mut verifier = FileVerifier::new(root.cid);
            let mut released = Vec::new();
            let refused = loop {
                let wanted = *verifier.wanted().expect("it fails before its end");
                match verifier.push(&changed[&wanted]) {
                    Ok(part) => released.extend_from_slice(part),
                    Err(error) => break error,
                }
            };
            assert_eq!(refused, BlockError::Other { cid: *name }.into());
            assert!(bytes.starts_with(&released));
            assert_eq!(verifier.wanted(), None);
            assert_eq!(verifier.push(&bytes), Err(UnixfsError::Unwanted));
            assert!(verifier.finish().is_err());
        }
    }
}

#[test]
fn file_of_other_profiles_is_read() {
    let (bytes, raw) = leaf();
    // A leaf in dag-pb, of either kind; bytes in a node above others; a single node.
    let wrapped = node(&[], &file_message(bytes, 6, &[]));
    assert_eq!(verify(&[(DAG_PB, &wrapped)]).unwrap(), bytes);
    let old = node(&[], &[number(1, 0), field(2, bytes), number(3, 6)].concat());
    let above = node(
        &[("", cid(DAG_PB, &old)), ("", raw)],
        &file_message(b"a ", 14, &[6, 6]),
    );
    let blocks = [(RAW, bytes), (DAG_PB, &old[..]), (DAG_PB, &above[..])];
    assert_eq!(verify(&blocks).unwrap(), b"a gorgongorgon");
    let empty = node(&[], &number(1, 2));
    assert_eq!(verify(&[(DAG_PB, &empty)]).unwrap(), b"");
    // With mode and time of change.
    let modern = [
        file_message(bytes, 6, &[]),
        number(7, 0o644),
        field(8, &number(1, 1)),
    ]
    .concat();
    assert_eq!(verify(&[(DAG_PB, &node(&[], &modern))]).unwrap(), bytes);
    // Named by a CID of version 0.
    let v0 = Cid::new_v0(*cid(DAG_PB, &wrapped).hash()).unwrap();
    assert_eq!(FileVerifier::new(v0).push(&wrapped).unwrap(), bytes);
}

#[test]
fn node_that_lies_about_sizes_is_refused() {
    let (bytes, raw) = leaf();
    let lying = |message: &[u8], links: &[(&str, Cid)]| {
        let root = node(links, message);
        verify(&[(RAW, bytes), (DAG_PB, &root)])
    };
    let one = [("", raw)];
    for size in [5, 7, u64::MAX >> 1] {
        assert_eq!(
            lying(&file_message(b"", size, &[size]), &one),
            Err(UnixfsError::Size {
                cid: raw,
                declared: size,
                found: 6
            })
        );
    }
    let problem = |message: &[u8], links: &[(&str, Cid)]| match lying(message, links) {
        Err(UnixfsError::Malformed { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    let sum = "its size is not the sum of its parts";
    assert_eq!(problem(&file_message(b"", 7, &[6]), &one), sum);
    assert_eq!(problem(&file_message(b"x", 6, &[6]), &one), sum);
    let counts = "it has not one size for each link";
    assert_eq!(problem(&file_message(b"", 12, &[6, 6]), &one), counts);
    assert_eq!(problem(&file_message(b"", 6, &[]), &one), counts);
    let nothing = "it links to nothing";
    assert_eq!(problem(&file_message(b"", 0, &[0]), &one), nothing);
    let beyond = "its sizes are beyond any file";
    let half = (1 << 63) - 1;
    let three = [("", raw), ("", raw), ("", raw)];
    assert_eq!(
        problem(&file_message(b"", 1, &[half, half, half]), &three),
        beyond
    );
}

#[test]
fn file_of_another_size_than_expected_is_refused_at_its_root() {
    let (root, blocks) = blocks_of(Profile::scaled(16, 3, 0), &[7; 100]);
    let mut verifier = FileVerifier::new(root.cid).expect_size(101);
    let refused = verifier.push(&blocks[&root.cid]);
    assert!(matches!(
        refused,
        Err(UnixfsError::Size {
            declared: 101,
            found: 100,
            ..
        })
    ));
}

#[test]
fn what_is_no_file_is_refused_by_what_it_is() {
    for (number_of_kind, word) in [
        (1, "folder"),
        (3, "description"),
        (4, "symbolic link"),
        (5, "folder"),
    ] {
        let root = node(&[], &number(1, number_of_kind));
        let refused = verify(&[(DAG_PB, &root)]);
        assert!(
            matches!(refused, Err(UnixfsError::NotAFile { kind, .. }) if kind == word),
            "{word}"
        );
    }
    // dag-cbor, as a root and below one.
    let other = cid(0x71, b"x");
    let mut verifier = FileVerifier::new(other);
    assert_eq!(
        verifier.push(b"x"),
        Err(UnixfsError::UnknownCodec {
            cid: other,
            codec: 0x71
        })
    );
    assert_eq!(malformed(&[(DAG_PB, b"")]), "it holds no UnixFS message");
    assert_eq!(
        malformed(&[(DAG_PB, &node(&[], &[]))]),
        "it does not say what it is"
    );
    assert_eq!(malformed(&[(DAG_PB, b"gorgon")]), "a length beyond its end");
}

#[test]
fn tree_that_is_too_deep_or_too_wide_is_refused() {
    let (bytes, raw) = leaf();
    let mut chain = vec![(RAW, bytes.to_vec())];
    let mut below = raw;
    for _ in 0..20 {
        let above = node(&[("", below)], &file_message(b"", 6, &[6]));
        below = cid(DAG_PB, &above);
        chain.push((DAG_PB, above));
    }
    let deep: Vec<_> = chain
        .iter()
        .map(|(codec, block)| (*codec, &block[..]))
        .collect();
    assert_eq!(verify(&deep[..17]).unwrap(), bytes);
    assert!(matches!(
        verify(&deep),
        Err(UnixfsError::TooDeep { limit: 16, .. })
    ));
    let links = vec![("", raw); 8193];
    let wide = node(&links, &file_message(b"", 6 * 8193, &vec![6; 8193]));
    let refused = verify(&[(RAW, bytes), (DAG_PB, &wide)]);
    assert!(matches!(
        refused,
        Err(UnixfsError::TooWide { limit: 8192, .. })
    ));
    let just = node(&links[1..], &file_message(b"", 6 * 8192, &vec![6; 8192]));
    assert_eq!(
        verify(&[(RAW, bytes), (DAG_PB, &just)]).unwrap().len(),
        6 * 8192
    );
}

#[test]
fn file_that_ends_early_is_cut_short() {
    let (root, blocks) = blocks_of(Profile::scaled(16, 3, 0), &[7; 100]);
    let mut verifier = FileVerifier::new(root.cid);
    verifier.push(&blocks[&root.cid]).unwrap();
    let wanted = *verifier.wanted().unwrap();
    assert_eq!(verifier.finish(), Err(UnixfsError::Incomplete { wanted }));
}

#[test]
fn folder_that_lies_is_refused() {
    let (_, raw) = leaf();
    let find = |block: &[u8], codec| {
        let mut resolver = Resolver::new(cid(codec, block), ["a"]);
        let taken = resolver.push(block);
        assert_eq!(resolver.target().is_some(), taken.is_ok());
        taken
    };
    let folder = number(1, 1);
    assert_eq!(find(&node(&[("a", raw)], &folder), DAG_PB), Ok(()));
    let twice = node(&[("a", raw), ("a", cid(RAW, b"b"))], &folder);
    assert!(matches!(
        find(&twice, DAG_PB),
        Err(UnixfsError::Malformed { .. })
    ));
    assert!(matches!(
        find(b"x", RAW),
        Err(UnixfsError::NotAFolder { kind: "file", .. })
    ));
    let file = node(&[], &file_message(b"x", 1, &[]));
    assert!(matches!(
        find(&file, DAG_PB),
        Err(UnixfsError::NotAFolder { kind: "file", .. })
    ));
    let link = node(&[], &number(1, 4));
    assert!(matches!(
        find(&link, DAG_PB),
        Err(UnixfsError::NotAFolder { .. })
    ));
    // Shards of another width, and by another hash.
    for (fanout, hash) in [(512, 0x22), (256, 0x12), (u64::MAX >> 1, 0x22)] {
        let shard = [number(1, 5), number(5, hash), number(6, fanout)].concat();
        assert!(matches!(
            find(&node(&[], &shard), DAG_PB),
            Err(UnixfsError::Malformed { .. })
        ));
    }
    // Another block than was asked for.
    let mut resolver = Resolver::new(raw, ["a"]);
    assert_eq!(
        resolver.push(b"x"),
        Err(BlockError::Other { cid: raw }.into())
    );
    assert_eq!((resolver.wanted(), resolver.target()), (None, None));
}

#[test]
fn shards_without_end_are_refused() {
    // A shard in every place that leads to itself cannot be made, but a long chain can.
    let message = [number(1, 5), number(5, 0x22), number(6, 256)].concat();
    let places: Vec<String> = (0..=255_u8).map(|place| format!("{place:02X}")).collect();
    let (_, mut below) = leaf();
    let mut blocks = HashMap::new();
    for _ in 0..9 {
        let links: Vec<_> = places.iter().map(|place| (place.as_str(), below)).collect();
        let block = node(&links, &message);
        below = cid(DAG_PB, &block);
        blocks.insert(below, block);
    }
    let mut resolver = Resolver::new(below, ["a"]);
    let refused = loop {
        let wanted = *resolver.wanted().expect("it fails before its end");
        if let Err(error) = resolver.push(&blocks[&wanted]) {
            break error;
        }
    };
    assert!(matches!(refused, UnixfsError::TooDeep { limit: 8, .. }));
}
