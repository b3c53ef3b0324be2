//! Encrypted folders: out, listed, added to, read back from several places, and what keeps a file from
//! being taken for another.

use std::{
    collections::BTreeMap,
    fs,
    io::Cursor,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use stheno::{
    DecryptOptions, Error, Keyring, Policy, SealTo, Wallet,
    collection::{
        Access, Collection, CollectionEvent, CollectionOptions, ExtractOptions, Link, LinkKind,
        Sealing, add_folder, encrypt_folder, latest_manifest, pieces_of, write_folder_car,
    },
    envelope::{
        ChunkSize, Header, PieceCid, PieceLimits, X25519Secret,
        car::{CarLimits, CarReader},
        manifest::Entry,
        unixfs::{FileVerifier, Resolver},
    },
    storage::{Folder, Store},
    testing::{CHAIN_ID, Committee},
};

use super::{
    Piece,
    double::{Double, Fault, Route},
    provider,
};

/// Small enough for files of a few chunks to have several pieces.
const LIMITS: PieceLimits = PieceLimits {
    min: 127,
    max: 20_000,
};

/// A folder with files, and a place for what comes of them.
struct Desk {
    root: tempfile::TempDir,
    owner: X25519Secret,
}

impl Desk {
    fn new(files: &[(&str, Vec<u8>)]) -> Self {
        let desk = Self {
            root: tempfile::tempdir().unwrap(),
            owner: X25519Secret::from_bytes([7; 32]),
        };
        for (name, bytes) in files {
            desk.put("data", name, bytes);
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn put(&self, folder: &str, name: &str, bytes: &[u8]) {
        let path = self.path(folder).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn to(&self) -> Vec<SealTo> {
        vec![SealTo::X25519(self.owner.public())]
    }

    fn encrypt(&self) -> Result<Sealing, Error> {
        let (data, out) = (self.path("data"), self.path("out"));
        encrypt_folder(&data, &out, &self.to(), &options(), 1_700_000_000)
    }

    fn access(&self) -> Access {
        Access::new(Keyring::new().with_x25519(X25519Secret::from_bytes([7; 32])))
    }

    fn folder(&self) -> Arc<dyn Store> {
        Arc::new(Folder::open(self.path("out")).unwrap())
    }

    async fn open(&self, stores: Vec<Arc<dyn Store>>) -> Collection {
        let (_, manifest) = latest_manifest(&self.path("out")).unwrap().unwrap();
        let opened = Collection::open(&manifest, stores, &self.access()).await;
        opened.unwrap()
    }

    async fn extract(&self, collection: &Collection, to: &str) -> Result<u64, Error> {
        let entries: Vec<&Entry> = collection.manifest().entries().iter().collect();
        let (target, options) = (self.path(to), ExtractOptions::default());
        let access = self.access();
        let extracted = collection.extract(&entries, &access, &target, &options);
        extracted.await.map(|extracted| extracted.already)
    }
}

fn options() -> CollectionOptions {
    let mut options = CollectionOptions::default();
    options.limits = LIMITS;
    options.encrypt.chunk_size = ChunkSize::new(4096).unwrap();
    options
}

/// Files of no bytes, of some, and of several pieces, with names of several scripts.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("empty", Vec::new()),
        ("tables/2025.csv", b"a,b\n1,2\n".to_vec()),
        ("tables/2025.CSV", b"another in case alone".to_vec()),
        ("Μέδουσα/日本語.bin", Piece::new(1, 100_000).bytes),
    ]
}

/// All files below a folder, and what is in them.
fn content(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(root).unwrap().to_owned();
                found.insert(below, fs::read(path).unwrap());
            }
        }
    }
    found
}

#[tokio::test]
async fn folder_comes_back_as_it_was_and_its_envelopes_tell_no_names() {
    let desk = Desk::new(&files());
    let sealing = desk.encrypt().unwrap();
    assert_eq!(
        (sealing.version, sealing.encrypted, sealing.kept),
        (1, 4, 0)
    );
    let large = sealing.entries.iter().find(|entry| entry.size == 100_000);
    assert!(large.unwrap().envelope.parts.len() > 5);

    let out = content(&desk.path("out"));
    for (name, bytes) in &out {
        let name = name.to_str().unwrap();
        let is_piece = name.parse::<PieceCid>().is_ok();
        assert!(is_piece || name == "manifest-1.fee", "{name}");
        for told in ["tables", "2025", "Μέδουσα", "data"] {
            let found = bytes.windows(told.len()).any(|at| at == told.as_bytes());
            assert!(!found, "{told} stands in {name}");
        }
    }

    let collection = desk.open(vec![desk.folder()]).await;
    let header = collection.manifest().header();
    assert_eq!(
        (header.collection.as_str(), header.created),
        ("data", 1_700_000_000)
    );
    let csv = collection.find("tables/2025.csv").unwrap();
    assert_eq!(csv.media_type.as_deref(), Some("text/csv"));
    assert_eq!(desk.extract(&collection, "copy").await.unwrap(), 0);
    assert_eq!(content(&desk.path("copy")), content(&desk.path("data")));
    let modified = |at: &str| {
        let file = desk.path(at).join("tables/2025.csv");
        let time = fs::metadata(file).unwrap().modified().unwrap();
        time.duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs()
    };
    assert_eq!(modified("copy"), modified("data"));
    // Again: all is there.
    assert_eq!(desk.extract(&collection, "copy").await.unwrap(), 4);
}

#[test]
fn encrypting_twice_into_one_output_is_refused_and_changes_nothing() {
    let desk = Desk::new(&files());
    desk.encrypt().unwrap();
    let before = content(&desk.path("out"));
    let error = desk.encrypt().unwrap_err();
    assert_eq!(error.code(), "collection_exists", "{error}");
    assert_eq!(content(&desk.path("out")), before);
}

#[test]
fn encrypting_for_nobody_or_with_a_policy_of_none_leaves_nothing() {
    let desk = Desk::new(&files());
    let (data, out) = (desk.path("data"), desk.path("out"));
    let error = encrypt_folder(&data, &out, &[], &options(), 0).unwrap_err();
    assert_eq!(error.code(), "no_recipient");
    assert!(!out.exists());
    let inside = data.join("out");
    let error = encrypt_folder(&data, &inside, &desk.to(), &options(), 0).unwrap_err();
    assert_eq!(error.code(), "output_in_folder");
    assert!(!inside.exists());
}

#[tokio::test]
async fn run_that_ended_early_goes_on_with_what_is_whole() {
    let desk = Desk::new(&files());
    let (data, out) = (desk.path("data"), desk.path("out"));
    // While the first is encrypted another is gone.
    let last = data.join("tables/2025.csv");
    let gone = last.clone();
    let mut failing = options();
    failing.observer = Some(Arc::new(move |event| {
        if matches!(event, CollectionEvent::Bytes { .. }) {
            let _ = fs::remove_file(&gone);
        }
    }));
    let error = encrypt_folder(&data, &out, &desk.to(), &failing, 0).unwrap_err();
    assert_eq!(error.code(), "folder_unusable", "{error}");
    assert_eq!(latest_manifest(&out).unwrap(), None);
    let before = content(&out);

    // Other readers: nothing of it may be used.
    let other = SealTo::X25519(X25519Secret::from_bytes([8; 32]).public());
    let copy = desk.path("other");
    fs::create_dir(&copy).unwrap();
    for (name, bytes) in &before {
        fs::write(copy.join(name), bytes).unwrap();
    }
    fs::write(&last, b"a,b\n1,2\n").unwrap();
    let sealing = encrypt_folder(&data, &copy, &[other], &options(), 0).unwrap();
    assert_eq!((sealing.encrypted, sealing.kept), (4, 0));

    let sealing = desk.encrypt().unwrap();
    assert_eq!(sealing.encrypted + sealing.kept, 4);
    assert!(sealing.kept >= 2, "{sealing:?}");
    let after = content(&out);
    for (name, bytes) in &before {
        if name.to_str().unwrap().parse::<PieceCid>().is_ok() {
            assert_eq!(after.get(name), Some(bytes));
        }
    }
    assert!(
        after
            .keys()
            .all(|name| !name.to_str().unwrap().starts_with('.'))
    );
    let collection = desk.open(vec![desk.folder()]).await;
    desk.extract(&collection, "copy").await.unwrap();
    assert_eq!(content(&desk.path("copy")), content(&data));
}

#[tokio::test]
async fn file_that_is_written_to_meanwhile_is_refused() {
    let desk = Desk::new(&[("a", Piece::new(1, 50_000).bytes)]);
    let path = desk.path("data/a");
    let grown = AtomicBool::new(false);
    let mut failing = options();
    failing.observer = Some(Arc::new(move |event| {
        if matches!(event, CollectionEvent::Bytes { .. }) && !grown.swap(true, Ordering::Relaxed) {
            fs::write(&path, Piece::new(2, 60_000).bytes).unwrap();
        }
    }));
    let (data, out) = (desk.path("data"), desk.path("out"));
    let error = encrypt_folder(&data, &out, &desk.to(), &failing, 0).unwrap_err();
    assert_eq!(error.code(), "file_changed", "{error}");
    assert!(!out.exists());
}

#[tokio::test]
async fn adding_makes_a_version_and_writes_to_nothing_that_is_stored() {
    let desk = Desk::new(&files());
    desk.encrypt().unwrap();
    let first = desk.open(vec![desk.folder()]).await;
    let before = content(&desk.path("out"));

    desk.put("more", "tables/2025.csv", b"a,b\n1,2\n"); // the same
    desk.put("more", "empty", b"no longer"); // another
    desk.put("more", "new/file", b"new");
    let (more, out) = (desk.path("more"), desk.path("out"));
    let added = add_folder(&more, &out, first.manifest(), &desk.to(), &options(), 5).unwrap();
    assert_eq!((added.version, added.encrypted, added.kept), (2, 2, 1));
    for (name, bytes) in &before {
        assert_eq!(
            &fs::read(out.join(name)).unwrap(),
            bytes,
            "{name:?} was written to"
        );
    }

    let second = desk.open(vec![desk.folder()]).await;
    let header = second.manifest().header();
    header.check_follows(1, first.manifest().digest()).unwrap();
    assert_eq!(header.collection, "data");
    assert_eq!(second.manifest().entries().len(), 5);
    desk.extract(&second, "copy").await.unwrap();
    let copy = content(&desk.path("copy"));
    assert_eq!(copy[Path::new("empty")], b"no longer");
    assert_eq!(copy[Path::new("new/file")], b"new");
    // The version before is what it was.
    desk.extract(&first, "first").await.unwrap();
    assert_eq!(content(&desk.path("first")), content(&desk.path("data")));
    // And nobody adds to it any more.
    let error = add_folder(&more, &out, first.manifest(), &desk.to(), &options(), 5).unwrap_err();
    assert_eq!(error.code(), "collection_exists");
}

#[tokio::test]
async fn range_across_two_pieces_costs_two_requests() {
    let desk = Desk::new(&files());
    desk.encrypt().unwrap();
    let double = Double::start();
    for (name, bytes) in content(&desk.path("out")) {
        let name = name.to_str().unwrap().to_owned();
        double.desk().pieces.insert(name, bytes);
    }
    let collection = desk.open(vec![Arc::new(provider(&double))]).await;
    let entry = collection.find("Μέδουσα/日本語.bin").unwrap();
    let header = collection.header(entry).await.unwrap();
    let key = desk.access().key(&header).await.unwrap();
    let mut reader = collection.reader(entry, &header, &key).unwrap();
    let plaintext = &files()[3].1;
    let border = (entry.envelope.parts[1].at - entry.envelope.header_len) / (4096 + 16) * 4096;
    let asked = double.count(Route::Read);
    let range = border - 100..border + 100;
    let read = reader.read_range(range.clone()).await.unwrap();
    assert_eq!(
        &read[..],
        &plaintext[range.start as usize..range.end as usize]
    );
    assert_eq!(double.count(Route::Read) - asked, 2);
    assert!(double.bytes(Route::Read) < 50_000);
}

#[tokio::test]
async fn copy_that_lies_is_passed_over_and_alone_is_an_error() {
    let desk = Desk::new(&files());
    desk.encrypt().unwrap();
    let liar = Double::start();
    for (name, bytes) in content(&desk.path("out")) {
        let name = name.to_str().unwrap().to_owned();
        liar.desk().pieces.insert(name, bytes);
    }
    liar.always(Route::Read, Fault::OtherBytes);
    let lying: Arc<dyn Store> = Arc::new(provider(&liar));
    let collection = desk.open(vec![Arc::clone(&lying), desk.folder()]).await;
    desk.extract(&collection, "copy").await.unwrap();
    assert_eq!(content(&desk.path("copy")), content(&desk.path("data")));

    let collection = desk.open(vec![lying]).await;
    desk.extract(&collection, "none").await.unwrap_err();
    assert!(!desk.path("none").exists() || content(&desk.path("none")).is_empty());
}

/// An envelope whose nonces are others than it was encrypted with. Its key opens no chunk of it.
fn with_other_nonces(mut envelope: Vec<u8>) -> Vec<u8> {
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    // AES-256-GCM has seven bytes of its own and counts in the others.
    let nonce = &header.nonce().as_bytes()[..7];
    let at = envelope.windows(7).position(|bytes| bytes == nonce);
    envelope[at.unwrap()] ^= 1;
    envelope
}

#[tokio::test]
async fn header_that_one_copy_has_changed_is_passed_over_for_that_of_the_next() {
    let desk = Desk::new(&files());
    let sealing = desk.encrypt().unwrap();
    let begins: Vec<PieceCid> = {
        let entries = sealing.entries.iter();
        entries.map(|e| e.envelope.parts[0].piece).collect()
    };
    let pieces = pieces_of(&sealing.manifest, LIMITS).unwrap();
    let [(manifest, _)] = pieces.as_slice() else {
        panic!("the manifest is one piece");
    };
    let changed = Double::start();
    let good = Double::start();
    let put = |piece: &PieceCid, bytes: Vec<u8>| {
        let other = match begins.contains(piece) || piece == manifest {
            true => with_other_nonces(bytes.clone()),
            false => bytes.clone(),
        };
        let name = piece.to_string();
        changed.desk().pieces.insert(name.clone(), other);
        good.desk().pieces.insert(name, bytes);
    };
    put(manifest, fs::read(&sealing.manifest).unwrap());
    for part in sealing.entries.iter().flat_map(|e| &e.envelope.parts) {
        let bytes = fs::read(desk.path("out").join(part.piece.to_string()));
        put(&part.piece, bytes.unwrap());
    }
    let changed: Arc<dyn Store> = Arc::new(provider(&changed));
    let good: Arc<dyn Store> = Arc::new(provider(&good));
    let link = Link {
        kind: LinkKind::Collection,
        pieces: vec![*manifest],
        places: Vec::new(),
    };
    let access = desk.access();
    let follow = |stores| Collection::follow(&link, stores, &access);
    let collection = follow(vec![changed.clone(), good]).await.unwrap();
    desk.extract(&collection, "back").await.unwrap();
    assert_eq!(content(&desk.path("back")), content(&desk.path("data")));

    follow(vec![changed.clone()]).await.unwrap_err();
    let alone = desk.open(vec![changed]).await;
    let error = desk.extract(&alone, "not").await.unwrap_err();
    assert!(error.to_string().contains("another header"), "{error}");
}

#[tokio::test]
async fn envelope_of_another_file_is_not_taken_for_the_one_that_was_named() {
    let desk = Desk::new(&[("a", vec![1; 100]), ("b", vec![2; 100])]);
    desk.encrypt().unwrap();
    let collection = desk.open(vec![desk.folder()]).await;
    let [a, b] = collection.manifest().entries() else {
        panic!("two files");
    };
    // Both are good envelopes of the same length to the same reader.
    let place = |entry: &Entry| {
        desk.path("out")
            .join(entry.envelope.parts[0].piece.to_string())
    };
    fs::copy(place(b), place(a)).unwrap();
    let error = desk.extract(&collection, "copy").await.unwrap_err();
    assert_eq!(error.code(), "file_differs", "{error}");
    assert!(!desk.path("copy/a").exists());
}

#[tokio::test]
async fn extraction_keeps_other_files_and_leaves_no_folder_through_a_link() {
    let desk = Desk::new(&[("d/a", vec![1; 100])]);
    desk.encrypt().unwrap();
    let collection = desk.open(vec![desk.folder()]).await;
    desk.put("copy", "d/a", b"mine");
    let error = desk.extract(&collection, "copy").await.unwrap_err();
    assert_eq!(error.code(), "file_exists", "{error}");
    assert_eq!(fs::read(desk.path("copy/d/a")).unwrap(), b"mine");
    #[cfg(unix)]
    {
        fs::create_dir_all(desk.path("elsewhere")).unwrap();
        fs::create_dir_all(desk.path("trap")).unwrap();
        std::os::unix::fs::symlink(desk.path("elsewhere"), desk.path("trap/d")).unwrap();
        let error = desk.extract(&collection, "trap").await.unwrap_err();
        assert_eq!(error.code(), "not_a_folder", "{error}");
        assert!(content(&desk.path("elsewhere")).is_empty());
    }
}

#[tokio::test]
async fn keys_of_many_files_are_asked_for_together() {
    let committee = Committee::new(2, 3).unwrap();
    let policy = Policy::from_json(&format!(
        r#"{{ "version": 1, "rule": {{ "balance": {{ "chain": {CHAIN_ID}, "min": "1" }} }} }}"#
    ))
    .unwrap();
    let wallet = Wallet::random().unwrap();
    committee.chain().set_balance(wallet.address(), 1);
    committee.chain().finalize();
    let names: Vec<String> = (0..260).map(|number| format!("file-{number}")).collect();
    let files: Vec<(&str, Vec<u8>)> = names
        .iter()
        .map(|name| (name.as_str(), name.clone().into_bytes()))
        .collect();
    let desk = Desk::new(&files);
    let network = committee.client().pinned().unwrap().clone();
    let to = [SealTo::network(network, policy)];
    let access = |wallet: Wallet| {
        let client = committee.reading_client();
        let options = DecryptOptions::default();
        Access::new(Keyring::new()).asking(client, Box::new(wallet), options)
    };
    for one_item in [false, true] {
        let mut options = options();
        options.one_item = one_item;
        let out = desk.path(&format!("out-{one_item}"));
        let sealing = encrypt_folder(&desk.path("data"), &out, &to, &options, 0).unwrap();
        let mut items: Vec<_> = sealing.entries.iter().filter_map(|e| e.item).collect();
        items.sort_by_key(|item| *item.as_bytes());
        items.dedup();
        assert_eq!(items.len(), if one_item { 1 } else { 260 });

        let reader = access(wallet.clone());
        let stores: Vec<Arc<dyn Store>> = vec![Arc::new(Folder::open(&out).unwrap())];
        let manifest = out.join("manifest-1.fee");
        let collection = Collection::open(&manifest, stores.clone(), &reader)
            .await
            .unwrap();
        let entries: Vec<&Entry> = collection.manifest().entries().iter().collect();
        let target = desk.path(&format!("copy-{one_item}"));
        let options = ExtractOptions::default();
        collection
            .extract(&entries, &reader, &target, &options)
            .await
            .unwrap();
        assert_eq!(content(&target), content(&desk.path("data")));
        // The manifest, 256 files, and 4.
        assert_eq!(reader.released().len(), 3);
        assert!(reader.released().iter().all(|one| one.receipts.len() >= 2));

        let poor = access(Wallet::random().unwrap());
        let denied = Collection::open(&manifest, stores, &poor)
            .await
            .unwrap_err();
        assert!(denied.is_denial(), "{denied}");
    }
}

#[tokio::test]
async fn link_leads_to_a_manifest_in_several_pieces() {
    let names: Vec<String> = (0..300).map(|number| format!("file-{number}")).collect();
    let files: Vec<(&str, Vec<u8>)> = names
        .iter()
        .map(|name| (name.as_str(), name.clone().into_bytes()))
        .collect();
    let desk = Desk::new(&files);
    let sealing = desk.encrypt().unwrap();
    let pieces = pieces_of(&sealing.manifest, LIMITS).unwrap();
    assert!(pieces.len() > 1);
    let double = Double::start();
    let whole = fs::read(&sealing.manifest).unwrap();
    for (piece, range) in &pieces {
        let part = whole[range.start as usize..range.end as usize].to_vec();
        double.desk().pieces.insert(piece.to_string(), part);
    }
    for (name, bytes) in content(&desk.path("out")) {
        let name = name.to_str().unwrap().to_owned();
        double.desk().pieces.insert(name, bytes);
    }
    let link = Link {
        kind: LinkKind::Collection,
        pieces: pieces.iter().map(|(piece, _)| *piece).collect(),
        places: vec![format!("pdp+{}", double.url).parse().unwrap()],
    };
    let link: Link = link.to_string().parse().unwrap();
    let collection = Collection::follow(&link, Vec::new(), &desk.access())
        .await
        .unwrap();
    assert_eq!(collection.manifest().digest(), &sealing.digest);
    desk.extract(&collection, "copy").await.unwrap();
    assert_eq!(content(&desk.path("copy")), content(&desk.path("data")));
}

#[tokio::test]
async fn car_of_a_collection_holds_its_manifest_and_every_envelope() {
    let desk = Desk::new(&files());
    let mut options = options();
    options.cids = true;
    let (data, out) = (desk.path("data"), desk.path("out"));
    let sealing = encrypt_folder(&data, &out, &desk.to(), &options, 0).unwrap();
    let mut car = Cursor::new(Vec::new());
    let root = write_folder_car(&out, &sealing.entries, sealing.version, &mut car).unwrap();
    let bytes = car.into_inner();
    let mut reader = CarReader::new(bytes.as_slice(), CarLimits::default()).unwrap();
    assert_eq!(reader.roots(), [root.cid]);
    let mut blocks = std::collections::HashMap::new();
    let mut block = Vec::new();
    while let Some(cid) = reader.read_block(&mut block).unwrap() {
        blocks.insert(cid, block.clone());
    }
    let file = |name: String| {
        let mut resolver = Resolver::new(root.cid, [name]);
        while let Some(wanted) = resolver.wanted().copied() {
            resolver.push(&blocks[&wanted]).unwrap();
        }
        let found = *resolver.target().unwrap();
        let mut verifier = FileVerifier::new(found);
        let mut content = Vec::new();
        while let Some(wanted) = verifier.wanted().copied() {
            content.extend_from_slice(verifier.push(&blocks[&wanted]).unwrap());
        }
        verifier.finish().unwrap();
        content
    };
    assert_eq!(
        file("manifest-1.fee".to_owned()),
        fs::read(&sealing.manifest).unwrap()
    );
    for entry in &sealing.entries {
        let parts = entry.envelope.parts.iter();
        let stored: Vec<u8> = parts
            .flat_map(|part| fs::read(out.join(part.piece.to_string())).unwrap())
            .collect();
        assert_eq!(file(format!("{}.fee", entry.envelope.cid.unwrap())), stored);
    }
}
