//! Manifests: what is written comes back, in one form; what lies is refused by name.

use std::io::{self, Read};

use ciborium::Value;
use proptest::prelude::*;
use stheno_crypto::{ItemId, NetworkId};
use stheno_envelope::manifest::{
    Entry, EntryError, Hint, Manifest, ManifestDigest, ManifestError, ManifestHeader,
    ManifestReader, ManifestWriter, Part, SafePath, StoredEnvelope,
};
use stheno_envelope::{ChunkSize, PieceCid, PieceHasher, PieceLimits, Split};

const NETWORK: NetworkId = NetworkId::from_bytes([7; 32]);

fn header(entries: u64) -> ManifestHeader {
    ManifestHeader {
        network: Some(NETWORK),
        collection: "Gorgons, 2026".to_owned(),
        version: 2,
        previous: Some(ManifestDigest::from_bytes([9; 32])),
        created: 1_790_000_000,
        hints: vec![
            Hint::Url("https://provider.example".to_owned()),
            Hint::Provider(12),
        ],
        entries,
    }
}

fn piece(len: u64) -> PieceCid {
    let mut hasher = PieceHasher::new(std::num::NonZeroUsize::new(1));
    hasher.update(&vec![len as u8; len as usize]);
    hasher.finish().unwrap()
}

/// 10,000 bytes in an envelope that is cut into pieces of at most 5,000.
fn entry(path: &str) -> Entry {
    let chunk_size = ChunkSize::MIN_WRITTEN;
    let mut envelope = StoredEnvelope {
        len: 300 + 10_000 + 3 * 16,
        header_len: 300,
        chunk_size: Some(chunk_size),
        cid: Some(
            "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
                .parse()
                .unwrap(),
        ),
        parts: Vec::new(),
        hints: vec![Hint::Url("https://a.example/x".to_owned())],
    };
    let limits = PieceLimits {
        min: 127,
        max: 5_000,
    };
    let split = Split::new(envelope.layout().unwrap(), limits).unwrap();
    envelope.parts = split
        .iter()
        .map(|range| Part {
            piece: piece(range.end - range.start),
            at: range.start,
            len: range.end - range.start,
            offset: 0,
        })
        .collect();
    assert_eq!(envelope.parts.len(), 3);
    Entry {
        path: SafePath::new(path).unwrap(),
        size: 10_000,
        media_type: Some("text/csv; charset=utf-8".to_owned()),
        sha256: [3; 32],
        header_sha256: [6; 32],
        modified: Some(-1),
        item: Some(ItemId::from_bytes([5; 32])),
        envelope,
    }
}

/// The same with as little as there can be.
fn plain(path: &str) -> Entry {
    let entry = entry(path);
    Entry {
        media_type: None,
        modified: None,
        item: None,
        size: 700,
        envelope: StoredEnvelope {
            len: 1016,
            chunk_size: None,
            parts: Vec::new(),
            hints: Vec::new(),
            ..entry.envelope
        },
        ..entry
    }
}

fn write(header: ManifestHeader, entries: &[Entry]) -> Result<Vec<u8>, ManifestError> {
    let mut writer = ManifestWriter::new(Vec::new(), header)?;
    for entry in entries {
        writer.push(entry)?;
    }
    let (digest, bytes) = writer.finish()?;
    assert_eq!(digest, ManifestDigest::of(&bytes));
    Ok(bytes)
}

fn sample() -> Vec<Entry> {
    vec![entry("a"), plain("a b/日本語"), entry("a-b"), plain("z/1")]
}

#[test]
fn manifest_comes_back_and_is_found_by_path() {
    let bytes = write(header(4), &sample()).unwrap();
    let manifest = Manifest::read(&bytes[..]).unwrap();
    assert_eq!(manifest.header(), &header(4));
    assert_eq!(manifest.entries(), sample());
    assert_eq!(*manifest.digest(), ManifestDigest::of(&bytes));
    for entry in sample() {
        assert_eq!(manifest.find(&entry.path), Some(&entry));
    }
    assert_eq!(manifest.find(&SafePath::new("a/b").unwrap()), None);
    // An empty collection, the first of its kind, of no network.
    let first = ManifestHeader {
        network: None,
        version: 1,
        previous: None,
        hints: Vec::new(),
        ..header(0)
    };
    let empty = Manifest::read(&write(first.clone(), &[]).unwrap()[..]).unwrap();
    assert_eq!((empty.header(), empty.entries()), (&first, &[][..]));
}

#[test]
fn manifest_has_the_bytes_that_are_written_down() {
    let bytes = write(header(1), &[plain("a")]).unwrap();
    let tree = tree(&bytes);
    let items = tree.as_array().unwrap();
    assert_eq!(items[0], "application/vnd.stheno.manifest+cbor".into());
    assert_eq!(items[1], 1.into());
    let hints = Value::Array(vec!["https://provider.example".into(), 12.into()]);
    let head = vec![
        Value::Bytes(vec![7; 32]),
        "Gorgons, 2026".into(),
        2.into(),
        Value::Bytes(vec![9; 32]),
        1_790_000_000.into(),
        hints,
    ];
    assert_eq!(items[2], Value::Array(head));
    let cid = plain("a").envelope.cid.unwrap().to_bytes();
    let envelope = vec![
        1016.into(),
        300.into(),
        Value::Null,
        Value::Bytes(cid),
        Value::Array(vec![]),
        Value::Array(vec![]),
    ];
    let entry = vec![
        "a".into(),
        700.into(),
        Value::Null,
        Value::Bytes(vec![3; 32]),
        Value::Bytes(vec![6; 32]),
        Value::Null,
        Value::Null,
        Value::Array(envelope),
    ];
    assert_eq!(items[3], Value::Array(vec![Value::Array(entry)]));
}

#[test]
fn next_version_names_the_one_before() {
    let first = ManifestHeader {
        version: 1,
        previous: None,
        ..header(0)
    };
    let bytes = write(first, &[]).unwrap();
    let digest = ManifestDigest::of(&bytes);
    let second = ManifestHeader {
        previous: Some(digest),
        ..header(0)
    };
    second.check_follows(1, &digest).unwrap();
    let other = ManifestDigest::of(b"another");
    assert!(matches!(
        second.check_follows(1, &other),
        Err(ManifestError::NotTheNext {
            version: 1,
            found: 2
        })
    ));
    assert!(second.check_follows(2, &digest).is_err());
    assert!(second.check_follows(u64::MAX, &digest).is_err());
}

#[test]
fn manifest_of_another_network_is_refused_by_both_names() {
    let other = NetworkId::from_bytes([8; 32]);
    header(0).check_network(&NETWORK).unwrap();
    let refused = header(0).check_network(&other).unwrap_err().to_string();
    assert!(refused.contains(&NETWORK.to_string()) && refused.contains(&other.to_string()));
}

fn tree(bytes: &[u8]) -> Value {
    ciborium::from_reader(bytes).unwrap()
}

/// A manifest of one file, changed, in strict CBOR.
fn changed(change: impl FnOnce(&mut Vec<Value>)) -> ManifestError {
    let mut tree = tree(&write(header(4), &sample()).unwrap());
    change(tree.as_array_mut().unwrap());
    let mut bytes = Vec::new();
    ciborium::into_writer(&tree, &mut bytes).unwrap();
    Manifest::read(&bytes[..]).unwrap_err()
}

/// The same with a field of its first file changed.
fn with_field(at: usize, value: Value) -> EntryError {
    with_entry(|entry| entry[at] = value)
}

fn with_entry(change: impl FnOnce(&mut Vec<Value>)) -> EntryError {
    match changed(|items| change(items[3].as_array_mut().unwrap()[0].as_array_mut().unwrap())) {
        ManifestError::Entry {
            index: 0, problem, ..
        } => problem,
        other => panic!("{other:?}"),
    }
}

/// The same with a field of a part of its first file changed.
fn with_part(part: usize, at: usize, change: impl FnOnce(u64) -> u64) -> EntryError {
    with_entry(|entry| {
        let envelope = entry[7].as_array_mut().unwrap();
        let part = envelope[4].as_array_mut().unwrap()[part]
            .as_array_mut()
            .unwrap();
        let before: u64 = part[at].as_integer().unwrap().try_into().unwrap();
        part[at] = change(before).into();
    })
}

#[test]
fn parts_that_overlap_leave_holes_or_reach_beyond_are_named() {
    let parts = entry("a").envelope.parts;
    let second = parts[1].at;
    assert_eq!(
        with_part(1, 1, |at| at - 1),
        EntryError::Overlap {
            part: 1,
            at: second - 1
        }
    );
    assert_eq!(
        with_part(1, 1, |at| at + 1),
        EntryError::Hole { from: second }
    );
    assert_eq!(
        with_part(1, 1, |_| u64::MAX),
        EntryError::Hole { from: second }
    );
    assert_eq!(with_part(0, 1, |_| 1), EntryError::Hole { from: 0 });
    // Shorter: the next one leaves a hole; at the end, the envelope does.
    assert_eq!(
        with_part(0, 2, |len| len - 1),
        EntryError::Hole { from: second - 1 }
    );
    let end = entry("a").envelope.len;
    assert_eq!(
        with_part(2, 2, |len| len - 1),
        EntryError::Hole { from: end - 1 }
    );
    for (part, len) in [(0, parts[0].len), (2, parts[2].len)] {
        let piece_len = len;
        let beyond = EntryError::BeyondThePiece { part, piece_len };
        assert_eq!(with_part(part, 2, |len| len + 1), beyond);
        assert_eq!(with_part(part, 2, |_| u64::MAX), beyond);
        assert_eq!(with_part(part, 3, |_| 1), beyond);
        assert_eq!(with_part(part, 3, |_| u64::MAX), beyond);
    }
    assert_eq!(
        with_part(1, 2, |_| 0),
        EntryError::Malformed("a part of it has no bytes")
    );
    let without = with_entry(|entry| {
        entry[7].as_array_mut().unwrap()[4]
            .as_array_mut()
            .unwrap()
            .remove(1);
    });
    assert_eq!(without, EntryError::Hole { from: second });
    let beyond = with_entry(|entry| {
        let parts = entry[7].as_array_mut().unwrap()[4].as_array_mut().unwrap();
        let mut again = parts[2].clone();
        again.as_array_mut().unwrap()[1] = end.into();
        parts.push(again);
    });
    assert_eq!(beyond, EntryError::BeyondTheEnd { part: 3 });
}

#[test]
fn envelopes_that_share_a_piece_are_taken() {
    let mut entry = plain("a");
    entry.envelope.parts = vec![Part {
        piece: piece(2000),
        at: 0,
        len: 1016,
        offset: 984,
    }];
    entry.envelope.cid = None;
    let bytes = write(header(1), &[entry.clone()]).unwrap();
    assert_eq!(
        Manifest::read(&bytes[..]).unwrap().entries(),
        [entry.clone()]
    );
    let found = entry.envelope.locate(100..200).unwrap();
    assert_eq!(found[0].bytes, 1084..1184);
}

#[test]
fn bytes_of_an_envelope_are_located_in_its_pieces() {
    let envelope = entry("a").envelope;
    let first = envelope.parts[0].len;
    let found = envelope.locate(first - 10..first + 5).unwrap();
    let ranges: Vec<_> = found
        .iter()
        .map(|range| (range.part, range.bytes.clone()))
        .collect();
    assert_eq!(ranges, [(0, first - 10..first), (1, 0..5)]);
    let all = envelope.locate(0..envelope.len).unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(envelope.locate(7..7).unwrap(), []);
    assert_eq!(envelope.locate(first..first).unwrap(), []);
    assert_eq!(envelope.locate(0..envelope.len + 1), None);
    assert_eq!(plain("a").envelope.locate(0..1), None);
}

#[test]
fn entry_is_refused_with_another_form_or_no_sense() {
    let malformed = |problem| matches!(problem, EntryError::Malformed(_));
    for (at, value) in [
        (1, Value::from(-1)),
        (2, 7.into()),
        (2, "csv".into()),
        (2, "a/b\n".into()),
        (3, Value::Bytes(vec![0; 31])),
        (4, Value::Bytes(vec![0; 31])),
        (5, "now".into()),
        (6, Value::Bytes(vec![0; 33])),
        (7, Value::Null),
        (0, 7.into()),
    ] {
        let problem = with_field(at, value.clone());
        assert!(malformed(problem.clone()), "{at} {value:?}: {problem:?}");
    }
    for (at, value) in [
        (2, Value::from(0)),
        (2, (1_u64 << 40).into()),
        (3, Value::Bytes(b"cid".to_vec())),
        (
            5,
            Value::Array(vec!["https://user:password@a.example".into()]),
        ),
        (5, Value::Array(vec![1.into(); 33])),
        (4, Value::Array(vec![Value::Null])),
    ] {
        let problem = with_entry(|entry| entry[7].as_array_mut().unwrap()[at] = value.clone());
        assert!(malformed(problem.clone()), "{at} {value:?}: {problem:?}");
    }
    assert!(malformed(with_entry(|entry| entry.push(Value::Null))));
    assert!(malformed(with_entry(|entry| {
        entry.pop();
    })));
    // Lengths that no such envelope has.
    for size in [0, 9_999, 10_001, u64::MAX] {
        let refused = EntryError::Sizes {
            size,
            envelope: 10_348,
        };
        assert_eq!(with_field(1, size.into()), refused);
    }
    for (at, value) in [
        (0, 100_u64),
        (0, u64::MAX),
        (1, 0),
        (1, u64::MAX),
        (2, 1000),
    ] {
        let problem = with_entry(|entry| entry[7].as_array_mut().unwrap()[at] = value.into());
        assert!(matches!(problem, EntryError::Sizes { .. }), "{at} {value}");
    }
    let neither = with_entry(|entry| {
        let envelope = entry[7].as_array_mut().unwrap();
        envelope[3] = Value::Null;
        envelope[4] = Value::Array(vec![]);
    });
    assert_eq!(
        neither,
        EntryError::Malformed("it has neither pieces nor a CID")
    );
}

#[test]
fn path_that_leads_elsewhere_is_refused() {
    for path in [
        "../a",
        "/etc/passwd",
        "a/../../b",
        "",
        "a\\..\\b",
        "a\0",
        "a\n",
        "a//b",
    ] {
        assert!(
            matches!(with_field(0, path.into()), EntryError::Path(_)),
            "{path:?}"
        );
    }
}

#[test]
fn files_out_of_order_twice_or_below_a_file_are_refused() {
    let problem = |entries: &[Entry]| match write(header(entries.len() as u64), entries) {
        Err(ManifestError::Entry { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    let before = "b".to_owned();
    assert_eq!(
        problem(&[plain("b"), plain("a")]),
        EntryError::Unsorted { before }
    );
    assert_eq!(problem(&[plain("a"), plain("a")]), EntryError::Duplicate);
    let file = "a".to_owned();
    assert_eq!(
        problem(&[plain("a"), plain("a/b")]),
        EntryError::UnderAFile { file }
    );
    // The same read.
    for (first, second) in [(1, 0), (1, 1)] {
        let refused = changed(|items| {
            let entries = items[3].as_array_mut().unwrap();
            *entries = vec![entries[first].clone(), entries[second].clone()];
        });
        assert!(matches!(
            refused,
            ManifestError::Entry {
                index: 1,
                path: Some(_),
                ..
            }
        ));
    }
    // Names that differ in case or normalisation alone are names.
    let twins = [plain("A"), plain("a"), plain("e\u{301}"), plain("é")];
    assert!(write(header(4), &twins).is_ok());
    let mut lone = entry("a");
    lone.item = Some(ItemId::from_bytes([1; 32]));
    let nowhere = ManifestHeader {
        network: None,
        ..header(1)
    };
    assert!(matches!(
        write(nowhere, &[lone]),
        Err(ManifestError::Entry {
            problem: EntryError::ItemWithoutNetwork,
            ..
        })
    ));
}

#[test]
fn other_formats_and_other_files_are_refused_by_name() {
    let format = changed(|items| items[1] = 2.into());
    assert_eq!(
        format.to_string(),
        "a manifest of format 2, and this program knows format 1"
    );
    for (at, value) in [
        (0, Value::from("application/cbor")),
        (0, 7.into()),
        (1, "1".into()),
    ] {
        assert!(matches!(
            changed(|items| items[at] = value),
            ManifestError::NotAManifest
        ));
    }
    assert!(matches!(
        changed(|items| items.push(Value::Null)),
        ManifestError::NotAManifest
    ));
    for bytes in [
        &b""[..],
        b"gorgon",
        &[0x84],
        &[0x98, 4],
        &[0x9f],
        &[0xd8, 0x60],
    ] {
        assert!(
            matches!(Manifest::read(bytes), Err(ManifestError::NotAManifest)),
            "{bytes:?}"
        );
    }
}

#[test]
fn header_is_refused_when_it_makes_no_sense() {
    let with = |change: &dyn Fn(&mut ManifestHeader)| {
        let mut header = header(0);
        change(&mut header);
        ManifestWriter::new(Vec::new(), header).is_err()
    };
    assert!(!with(&|_| ()));
    for change in [
        &(|header: &mut ManifestHeader| header.collection.clear()) as &dyn Fn(&mut ManifestHeader),
        &|header| header.collection = "x".repeat(256),
        &|header| header.collection.push('\n'),
        &|header| header.version = 0,
        &|header| header.version = 1,
        &|header| header.previous = None,
        &|header| header.hints = vec![Hint::Url("javascript:x".to_owned())],
        &|header| header.hints = vec![Hint::Provider(1); 33],
        &|header| header.entries = 1_000_001,
    ] {
        assert!(with(change));
    }
    for (at, value) in [
        (0, Value::Bytes(vec![1; 31])),
        (2, 1.into()),
        (3, Value::Null),
        (4, (-1).into()),
    ] {
        let refused = changed(|items| items[2].as_array_mut().unwrap()[at] = value);
        assert!(matches!(refused, ManifestError::Header { .. }), "{at}");
    }
    // A million and one files announced.
    let bytes = write(header(0), &[]).unwrap();
    let many = [&bytes[..bytes.len() - 1], &[0x9a, 0, 0x0f, 0x42, 0x41]].concat();
    assert!(matches!(
        Manifest::read(&many[..]),
        Err(ManifestError::TooManyEntries {
            found: 1_000_001,
            ..
        })
    ));
}

#[test]
fn manifest_is_refused_when_it_is_cut_changed_or_appended_to() {
    let bytes = write(header(4), &sample()).unwrap();
    for end in 0..bytes.len() {
        assert!(Manifest::read(&bytes[..end]).is_err(), "{end}");
    }
    assert!(matches!(
        Manifest::read(&[&bytes[..], &[0]].concat()[..]),
        Err(ManifestError::Trailing)
    ));
    let cut = Manifest::read(&bytes[..bytes.len() - 1]).unwrap_err();
    assert_eq!(cut.to_string(), "the manifest is cut short in file 3 of 4");
    // Whatever is still read is written again as it was.
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 0x04;
        if let Ok(manifest) = Manifest::read(&bad[..]) {
            assert_eq!(
                write(manifest.header().clone(), manifest.entries()).unwrap(),
                bad
            );
            assert_eq!(*manifest.digest(), ManifestDigest::of(&bad));
        }
    }
}

#[test]
fn writer_refuses_another_number_of_files_than_announced() {
    let refused = |announced| write(header(announced), &sample()).unwrap_err();
    assert!(matches!(
        refused(5),
        ManifestError::Count {
            declared: 5,
            found: 4
        }
    ));
    assert!(matches!(
        refused(3),
        ManifestError::Count {
            declared: 3,
            found: 4
        }
    ));
}

#[test]
fn lengths_that_are_not_the_shortest_are_refused() {
    let bytes = write(header(4), &sample()).unwrap();
    let outer = [&[0x98, 4][..], &bytes[1..]].concat();
    assert!(matches!(
        Manifest::read(&outer[..]),
        Err(ManifestError::NotAManifest)
    ));
    let at = bytes
        .windows(2)
        .position(|pair| pair == [0x84, 0x88])
        .unwrap();
    let inner = [&bytes[..at], &[0x98, 4], &bytes[at + 1..]].concat();
    assert!(Manifest::read(&inner[..]).is_err());
}

/// A manifest of very many files, made as it is read.
struct Endless {
    front: Vec<u8>,
    at: usize,
    next: u64,
    entries: u64,
}

impl Endless {
    fn new(entries: u64) -> Self {
        let one = write(header(1), &[plain("0")]).unwrap();
        let whole = write(header(0), &[]).unwrap();
        assert_eq!(one[..whole.len() - 1], whole[..whole.len() - 1]);
        let count = entries.to_be_bytes();
        let front = [&whole[..whole.len() - 1], &[0x9a], &count[4..]].concat();
        Self {
            front,
            at: 0,
            next: 0,
            entries,
        }
    }
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.front.len() {
            if self.next == self.entries {
                return Ok(0);
            }
            let one = write(header(1), &[plain(&format!("{:07}", self.next))]).unwrap();
            let whole = write(header(0), &[]).unwrap();
            self.front = one[whole.len()..].to_vec();
            self.at = 0;
            self.next += 1;
        }
        let read = (&self.front[self.at..]).read(buffer)?;
        self.at += read;
        Ok(read)
    }
}

#[test]
fn manifest_is_read_entry_by_entry_as_it_comes() {
    let mut reader = ManifestReader::new(Endless::new(70_000)).unwrap();
    let mut count = 0;
    while let Some(entry) = reader.next_entry().unwrap() {
        assert_eq!(entry.path.as_str(), format!("{count:07}"));
        count += 1;
    }
    assert_eq!(count, 70_000);
    reader.finish().unwrap();
    // Without the last one read there is no digest.
    let mut reader = ManifestReader::new(Endless::new(70_000)).unwrap();
    reader.next_entry().unwrap();
    assert!(matches!(
        reader.finish(),
        Err(ManifestError::Truncated { index: 1, .. })
    ));
}

proptest! {
    #[test]
    fn entries_come_back(
        paths in prop::collection::btree_set("[a-zéß日 .-]{1,12}(/[a-z]{1,9}){0,3}", 0..20),
        modified in any::<Option<i64>>(),
        network in any::<bool>(),
    ) {
        let mut entries: Vec<Entry> = Vec::new();
        let paths = paths.into_iter().filter_map(|path| SafePath::new(path).ok());
        let mut paths: Vec<SafePath> = paths.collect();
        paths.sort();
        for path in paths {
            if entries.last().is_some_and(|before| before.path.contains(&path)) {
                continue;
            }
            let mut made = if modified.is_some() { entry("x") } else { plain("x") };
            made.modified = modified;
            if !network { made.item = None; }
            entries.push(Entry { path, ..made });
        }
        let header = ManifestHeader {
            network: network.then_some(NETWORK),
            ..header(entries.len() as u64)
        };
        let bytes = write(header.clone(), &entries).unwrap();
        let manifest = Manifest::read(&bytes[..]).unwrap();
        prop_assert_eq!(manifest.header(), &header);
        prop_assert_eq!(manifest.entries(), entries);
    }
}
