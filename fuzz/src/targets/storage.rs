//! What storage gives back: CARs, nodes of UnixFS, manifests of folders, names in them, and links.

use std::collections::HashMap;

use stheno::collection::Link;
use stheno_envelope::car::{CarDecoder, CarError, CarLimits, CarReader, read_file};
use stheno_envelope::manifest::{
    Entry, Extraction, FileSystem, Hint, Manifest, ManifestDigest, ManifestHeader, ManifestReader,
    ManifestWriter, Naming, Part, SafePath, StoredEnvelope, restored_name,
};
use stheno_envelope::unixfs::{
    Directory, DirectoryEntry, FileBuilder, FileDag, FileVerifier, Look, Profile, Resolver,
};
use stheno_envelope::{ChunkSize, Cid, PieceHasher, check_block};

use crate::{Kind, Target, Verdict};

/// Small enough for trees of a few levels.
const PROFILE: Profile = Profile::scaled(64, 3, 300);

fn files() -> Vec<Vec<u8>> {
    [300_usize, 0, 1, 64, 1000]
        .into_iter()
        .map(|len| (0..len).map(|at| (at * 31 % 251) as u8).collect())
        .collect()
}

fn cars() -> Vec<Vec<u8>> {
    files()
        .iter()
        .map(|bytes| {
            let dag = FileDag::scan(PROFILE, &mut &bytes[..]).expect("memory is read");
            let car = dag.write_car(&mut &bytes[..], Vec::new());
            car.expect("memory takes everything")
        })
        .collect()
}

/// A CAR; what of a file comes out of it is the file whose root it names.
pub(super) const CAR: Target = Target::new("car", Kind::Bytes, cars, |input| {
    let mut reader = match CarReader::new(input, CarLimits::default()) {
        Ok(reader) => reader,
        Err(error) => return Verdict::refused(error),
    };
    let Some(root) = reader.roots().first().copied() else {
        return Verdict::refused("it has no root");
    };
    let mut bytes = Vec::new();
    match read_file(&mut reader, &mut FileVerifier::new(root), &mut bytes) {
        Ok(read) => {
            assert_eq!(read, bytes.len() as u64);
            // The hashes hold, so it is one of those that were written, or a part of one.
            let within = |file: &Vec<u8>| file.windows(bytes.len()).any(|part| part == bytes);
            assert!(bytes.is_empty() || files().iter().any(within));
            Verdict::Accepted
        }
        Err(error) => Verdict::refused(error),
    }
})
.memory(128 * 1024, 128)
.cost(4);

/// Every block of a CAR, whatever its roots; whether it is read or given.
pub(super) const CAR_BLOCKS: Target = Target::new("car_blocks", Kind::Bytes, cars, |input| {
    let read = read_blocks(input).map_err(|error| error.to_string());
    let given = given_blocks(input).map_err(|error| error.to_string());
    assert_eq!(read.is_ok(), given.is_ok(), "{read:?} {given:?}");
    match read {
        Ok(read) => {
            assert_eq!(Ok(read), given);
            Verdict::Accepted
        }
        Err(error) => Verdict::refused(error),
    }
})
.memory(128 * 1024, 128);

fn read_blocks(input: &[u8]) -> Result<Vec<Cid>, CarError> {
    let mut reader = CarReader::new(input, CarLimits::default())?;
    let (mut block, mut found) = (Vec::new(), Vec::new());
    while let Some(cid) = reader.read_block(&mut block)? {
        assert_eq!(check_block(&cid, &block), Ok(()));
        found.push(cid);
    }
    Ok(found)
}

fn given_blocks(input: &[u8]) -> Result<Vec<Cid>, CarError> {
    let mut decoder = CarDecoder::new(CarLimits::default());
    let mut found = Vec::new();
    for part in input.chunks(100) {
        decoder.push(part);
        while let Some((cid, block)) = decoder.next_block()? {
            assert_eq!(check_block(&cid, block), Ok(()));
            found.push(cid);
        }
    }
    decoder.finish()?;
    Ok(found)
}

fn nodes() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut keep = |cid: &Cid, bytes: &[u8]| {
        if cid.codec() == 0x70 {
            found.push(bytes.to_vec());
        }
        Ok(())
    };
    for file in files() {
        FileBuilder::read(PROFILE, &mut &file[..], &mut keep).expect("memory is read");
    }
    for count in [3, 40] {
        let entries = (0..count).map(|number| DirectoryEntry {
            name: format!("file {number}"),
            cid: FileBuilder::read(PROFILE, &mut &[number as u8][..], &mut ())
                .expect("memory is read")
                .cid,
            dag_size: 1,
        });
        let folder = Directory::new(entries.collect()).expect("names of files");
        let dag = folder.build(PROFILE).expect("few names");
        dag.blocks(&mut keep).expect("memory takes everything");
    }
    found
}

/// A node under the hash that it has, as an attacker chooses it: read as a file and
/// as a folder.
pub(super) const UNIXFS_NODE: Target = Target::new("unixfs_node", Kind::Bytes, nodes, |input| {
    let name = named(input);
    let mut verifier = FileVerifier::new(name);
    let file = verifier.push(input).map(<[u8]>::len);
    if let Ok(released) = file {
        let size = verifier.size().expect("the root has come");
        assert!(released as u64 <= size);
        assert!(released as u64 == size || verifier.wanted().is_some());
    }
    let mut resolver = Resolver::new(name, ["file 7"]);
    let folder = resolver.push(input);
    // What it looks like is what it can be read as.
    let look = Look::at(&name, input);
    if file.is_ok() {
        let size = verifier.size().expect("the root has come");
        assert_eq!(look, Ok(Look::File { size }));
    }
    if folder.is_ok() {
        assert!(matches!(look, Ok(Look::Folder { .. } | Look::Sharded)));
    }
    match (file, folder) {
        (Err(_), Err(error @ stheno_envelope::unixfs::UnixfsError::NotFound { .. })) => {
            // A folder, without that name in it.
            let _ = error;
            Verdict::Accepted
        }
        (Ok(_), _) | (_, Ok(())) => Verdict::Accepted,
        (Err(error), _) => Verdict::refused(error),
    }
})
.memory(64 * 1024, 128);

/// The CID that a node has: that of a file of one leaf, with the codec of nodes.
fn named(bytes: &[u8]) -> Cid {
    let mut name = None;
    let whole = Profile::scaled(bytes.len().max(1), 2, 0);
    let mut keep = |cid: &Cid, _: &[u8]| {
        name = Some(*cid);
        Ok(())
    };
    FileBuilder::read(whole, &mut &bytes[..], &mut keep).expect("memory is read");
    let hash = *name.expect("there is a leaf").hash();
    Cid::new_v1(0x70, hash)
}

fn manifests() -> Vec<Vec<u8>> {
    let mut hasher = PieceHasher::new(std::num::NonZeroUsize::new(1));
    hasher.update(&[7; 3000]);
    let piece = hasher.finish().expect("enough for a piece");
    let entry = |path: &str, parts: usize| {
        let len = 300 + 4096 + 700 + 2 * 16;
        let part = |at| Part {
            piece,
            at,
            len: 3000.min(len - at),
            offset: 0,
        };
        Entry {
            path: SafePath::new(path).expect("a name"),
            size: 4096 + 700,
            media_type: (parts > 0).then(|| "text/csv".to_owned()),
            sha256: [3; 32],
            header_sha256: [6; 32],
            modified: (parts > 0).then_some(1_700_000_000),
            item: None,
            envelope: StoredEnvelope {
                len,
                header_len: 300,
                chunk_size: Some(ChunkSize::MIN_WRITTEN),
                cid: (parts == 0).then(|| named(b"root")),
                parts: [part(0), part(3000)].into_iter().take(parts).collect(),
                hints: vec![Hint::Provider(3), Hint::Url("https://a.example".to_owned())],
            },
        }
    };
    let entries = [
        entry("a", 0),
        entry("a b/日本語", 2),
        entry("b", 2),
        entry("con.txt", 0),
    ];
    [4, 0, 1]
        .into_iter()
        .map(|count| {
            let header = ManifestHeader {
                network: None,
                collection: "Gorgons".to_owned(),
                version: 2,
                previous: Some(ManifestDigest::from_bytes([9; 32])),
                created: 1_790_000_000,
                hints: vec![Hint::Provider(1)],
                entries: count,
            };
            let mut writer = ManifestWriter::new(Vec::new(), header).expect("a good header");
            for entry in entries.iter().take(count as usize) {
                writer.push(entry).expect("a good entry");
            }
            writer.finish().expect("all entries").1
        })
        .collect()
}

/// A manifest: what is read is written again in the same bytes, and its parts tile.
pub(super) const MANIFEST: Target =
    Target::new(
        "manifest",
        Kind::Cbor,
        manifests,
        |input| match Manifest::read(input) {
            Ok(manifest) => {
                let header = manifest.header().clone();
                let mut writer = ManifestWriter::new(Vec::new(), header).expect("it was read");
                for entry in manifest.entries() {
                    writer.push(entry).expect("it was read");
                    let envelope = &entry.envelope;
                    let all = envelope.locate(0..envelope.len);
                    let covered: Option<u64> = all.map(|parts| {
                        let lengths = parts.iter().map(|part| part.bytes.end - part.bytes.start);
                        lengths.sum()
                    });
                    assert!(covered.is_none_or(|covered| covered == envelope.len));
                    assert!(envelope.layout().is_ok());
                }
                let (digest, bytes) = writer.finish().expect("it was read");
                assert_eq!(bytes, input, "another spelling of a manifest");
                assert_eq!(digest, *manifest.digest());
                Verdict::Accepted
            }
            Err(error) => Verdict::refused(error),
        },
    )
    .memory(128 * 1024, 256);

/// A manifest, entry by entry: no more memory than its largest entry needs.
pub(super) const MANIFEST_STREAM: Target =
    Target::new("manifest_stream", Kind::Cbor, manifests, |input| {
        let mut reader = match ManifestReader::new(input) {
            Ok(reader) => reader,
            Err(error) => return Verdict::refused(error),
        };
        let mut before: Option<SafePath> = None;
        loop {
            match reader.next_entry() {
                Ok(Some(entry)) => {
                    assert!(before.is_none_or(|before| before < entry.path));
                    before = Some(entry.path);
                }
                Ok(None) => break,
                Err(error) => return Verdict::refused(error),
            }
        }
        match reader.finish() {
            Ok(_) => Verdict::Accepted,
            Err(error) => Verdict::refused(error),
        }
    })
    .memory(128 * 1024, 64);

fn paths() -> Vec<Vec<u8>> {
    [
        "a/b\nb/Ähre\nc.txt",
        "a/b\nA/b\na/B",
        "con/aux.txt\nx.\n10:30\n100%",
        "é\ne\u{301}\nσας\nΣΑΣ",
        "..\nok",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

/// Names, one a line, given places on every kind of file system: none leads out of
/// its folder, no two have one place, and an escaped one says what it stands for.
pub(super) const PATHS: Target = Target::new("paths", Kind::Text, paths, |input| {
    let text = String::from_utf8_lossy(input);
    let paths: Vec<SafePath> = text
        .split('\n')
        .filter_map(|line| line.parse().ok())
        .collect();
    if paths.is_empty() {
        return Verdict::refused("no safe path");
    }
    let mut refused = None;
    for system in [
        FileSystem::LINUX,
        FileSystem::MACOS,
        FileSystem::WINDOWS,
        FileSystem::ANY,
    ] {
        for naming in [Naming::AsItStands, Naming::Escaped] {
            let mut extraction = Extraction::new(system, naming);
            let mut places = HashMap::new();
            for path in &paths {
                let placed = match extraction.place(path) {
                    Ok(placed) => placed,
                    Err(error) => {
                        refused = Some(error);
                        continue;
                    }
                };
                for name in placed.split('/') {
                    assert!(!name.is_empty() && name != "." && name != "..", "{placed}");
                    assert!(!name.contains(['\\', '\0']), "{placed}");
                    assert!(!system.windows_names || !name.contains(':'), "{placed}");
                }
                let key = if system.folds_case {
                    placed.to_lowercase()
                } else {
                    placed.clone()
                };
                let there = places.entry(key).or_insert(path);
                assert_eq!(*there, path, "two paths have one place");
                if naming == Naming::Escaped {
                    assert_eq!(restored_name(&placed).as_deref(), Some(path.as_str()));
                }
            }
        }
    }
    match refused {
        Some(error) => Verdict::refused(error),
        None => Verdict::Accepted,
    }
})
.memory(64 * 1024, 256)
.cost(4);

fn links() -> Vec<Vec<u8>> {
    let piece = |byte: u8| {
        let mut hasher = PieceHasher::new(None);
        hasher.update(&[byte; 200]);
        hasher.finish().expect("200 bytes are a piece")
    };
    let (one, two) = (piece(1), piece(2));
    [
        format!("stheno:collection/{one},{two}?at=https%3A%2F%2Fa.example%2Fpiece&at=pdp%2Bhttps%3A%2F%2Fb.example"),
        format!("stheno:file/{one}"),
        format!("stheno:file/{one}?at=https%3A%2F%2Fuser%3Asecret%40a.example"),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// A link: it leads to addresses alone, none with a password or a query, and is written as it was read.
pub(super) const LINK: Target = Target::new("link", Kind::Text, links, |input| {
    let Ok(text) = std::str::from_utf8(input) else {
        return Verdict::refused("not text");
    };
    let link: Link = match text.parse() {
        Ok(link) => link,
        Err(error) => return Verdict::refused(error),
    };
    assert!(!link.pieces.is_empty());
    for place in &link.places {
        assert!(place.is_public(), "{place}");
        let shown = place.to_string();
        assert!(!shown.contains(['?', '#']), "{place}");
    }
    let again: Link = link.to_string().parse().expect("what is written is read");
    assert_eq!(again, link);
    Verdict::Accepted
})
.memory(128 * 1024, 256);
