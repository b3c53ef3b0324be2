//! A folder that was encrypted for IPFS, read from gateways that have the blocks of its CAR.

use std::{
    collections::HashMap,
    fs,
    io::Cursor,
    path::{Path, PathBuf},
    sync::Arc,
};

use stheno::{
    Error, Keyring, SealTo,
    collection::{
        Access, Collection, CollectionOptions, ExtractOptions, InIpfs, Link, LinkKind, Place,
        Sealing, add_folder, encrypt_folder, find_in_gateways, pieces_of, write_folder_car,
    },
    envelope::{
        ChunkSize, Cid, PieceLimits, X25519Secret,
        manifest::{Entry, Hint},
        unixfs::{Directory, DirectoryEntry, Profile},
    },
    source::Source,
    storage::{
        Folder, Gateway, GatewayPieces, IpfsAddress, Store, TransferOptions, Wanted, download,
        read_range, read_whole,
    },
};

use crate::{
    Piece, cid_of, drop_when,
    trustless::{Trustless, Twist, blocks_of, file_of},
};

/// Pieces of a few chunks.
const LIMITS: PieceLimits = PieceLimits {
    min: 127,
    max: 3_000_000,
};

struct Desk {
    root: tempfile::TempDir,
    sealing: Sealing,
    /// Of the folder's CAR.
    folder: Cid,
    blocks: HashMap<Cid, Vec<u8>>,
}

fn large() -> Vec<u8> {
    Piece::new(4, 12_000_000).bytes
}

fn secret() -> X25519Secret {
    X25519Secret::from_bytes([7; 32])
}

fn to() -> Vec<SealTo> {
    vec![SealTo::X25519(secret().public())]
}

fn access() -> Access {
    Access::new(Keyring::new().with_x25519(secret()))
}

fn options() -> CollectionOptions {
    let mut options = CollectionOptions::default();
    options.limits = LIMITS;
    options.cids = true;
    options.encrypt.chunk_size = ChunkSize::new(1 << 16).unwrap();
    options
}

impl Desk {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("data");
        fs::create_dir_all(data.join("tables")).unwrap();
        fs::write(data.join("large"), large()).unwrap();
        fs::write(data.join("tables/Μέδουσα.csv"), "a,b\n1,2\n").unwrap();
        fs::write(data.join("empty"), "").unwrap();
        let out = root.path().join("out");
        let sealing = encrypt_folder(&data, &out, &to(), &options(), 1_700_000_000).unwrap();
        let (folder, blocks) = car(&out, &sealing);
        Self {
            root,
            sealing,
            folder,
            blocks,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn address(&self) -> IpfsAddress {
        format!("ipfs://{}", self.folder).parse().unwrap()
    }

    fn entry(&self, path: &str) -> &Entry {
        let mut entries = self.sealing.entries.iter();
        entries.find(|entry| entry.path.as_str() == path).unwrap()
    }

    async fn extract(&self, collection: &Collection, to: &str) -> Result<u64, Error> {
        let entries: Vec<&Entry> = collection.manifest().entries().iter().collect();
        let (target, options) = (self.path(to), ExtractOptions::default());
        let access = access();
        let extracted = collection.extract(&entries, &access, &target, &options);
        extracted.await.map(|extracted| extracted.files)
    }

    fn assert_same(&self, copy: &str) {
        for name in ["large", "tables/Μέδουσα.csv", "empty"] {
            let at = |folder: &str| fs::read(self.path(folder).join(name)).unwrap();
            assert!(at(copy) == at("data"), "{name}");
        }
    }
}

/// The root and the blocks of a folder's CAR.
fn car(out: &Path, sealing: &Sealing) -> (Cid, HashMap<Cid, Vec<u8>>) {
    let mut car = Cursor::new(Vec::new());
    let root = write_folder_car(out, &sealing.entries, sealing.version, &mut car).unwrap();
    (root.cid, blocks_of(car.into_inner().as_slice()))
}

#[tokio::test]
async fn collection_is_opened_by_its_cid_and_comes_back_through_liars() {
    let desk = Desk::new();
    for (number, twist) in [
        None,
        Some(Twist::OtherBytes),
        Some(Twist::Status(404)),
        Some(Twist::Status(500)),
        Some(Twist::Busy(3600)),
        Some(Twist::NoCars),
        Some(Twist::OnlyCars),
    ]
    .into_iter()
    .enumerate()
    {
        let (first, honest) = (Trustless::with(&desk.blocks), Trustless::with(&desk.blocks));
        first.desk().always = twist.clone();
        let gateways = [first.gateway(), honest.gateway()];
        let opened = Collection::in_ipfs(&desk.address(), &gateways, Vec::new(), &access()).await;
        let collection = opened.unwrap();
        let copy = format!("copy-{number}");
        assert_eq!(
            desk.extract(&collection, &copy).await.unwrap(),
            3,
            "{twist:?}"
        );
        desk.assert_same(&copy);
    }
}

#[tokio::test]
async fn part_of_a_file_costs_few_blocks() {
    let desk = Desk::new();
    let double = Trustless::with(&desk.blocks);
    let gateways = [double.gateway()];
    let opened = Collection::in_ipfs(&desk.address(), &gateways, Vec::new(), &access()).await;
    let collection = opened.unwrap();
    let entry = collection.find("large").unwrap();
    // The folder and the manifest, which is one block.
    assert_eq!(double.count().0, 2, "{:?}", double.desk().seen);
    let (header, key) = collection.unlock(entry, &access()).await.unwrap();
    // The node above the leaves, and the leaf that the header is in.
    assert_eq!(double.count().0, 4, "{:?}", double.desk().seen);
    let mut reader = collection.reader(entry, &header, &key).unwrap();
    let part = reader.read_range(7_000_000..7_050_000).await.unwrap();
    assert!(*part == large()[7_000_000..7_050_000]);
    // Two chunks in one leaf, or in two.
    let (blocks, cars, bytes) = double.count();
    assert!(blocks <= 6 && cars == 0, "{blocks} {cars}");
    assert!(bytes < 4 << 20, "{bytes}");
}

#[tokio::test]
async fn pieces_of_the_manifest_come_by_its_cids_and_are_compared_with_their_names() {
    let desk = Desk::new();
    let double = Trustless::with(&desk.blocks);
    let stores: Vec<Arc<dyn Store>> = vec![Arc::new(GatewayPieces::new(double.gateway()))];
    // Before anything is known of it, it has nothing.
    let parts = &desk.entry("large").envelope.parts;
    assert_eq!(parts.len(), 5);
    assert!(!stores[0].has(&parts[1].piece).await.unwrap());
    let error = read_range(stores[0].as_ref(), &parts[1].piece, 0..1).await;
    assert_eq!(error.unwrap_err().code(), "not_stored");
    let (_, manifest) = stheno::collection::latest_manifest(&desk.path("out"))
        .unwrap()
        .unwrap();
    let opened = Collection::open(&manifest, stores, &access())
        .await
        .unwrap();
    let store = &opened.stores()[0];
    for part in parts {
        assert!(store.has(&part.piece).await.unwrap());
        let mut bytes = Vec::new();
        read_whole(store.as_ref(), &part.piece, &mut bytes)
            .await
            .unwrap();
        assert_eq!(cid_of(&bytes), part.piece);
    }
    let beyond = parts[4].piece.payload_len() + 1;
    let error = read_range(store.as_ref(), &parts[4].piece, 0..beyond).await;
    assert_eq!(error.unwrap_err().code(), "beyond_piece");
}

#[tokio::test]
async fn download_from_gateways_that_was_dropped_is_gone_on_with() {
    let desk = Desk::new();
    let (liar, honest) = (
        Trustless::lying(&desk.blocks, Twist::OtherBytes),
        Trustless::with(&desk.blocks),
    );
    let stores: Vec<Arc<dyn Store>> = [&liar, &honest]
        .map(|double| Arc::new(GatewayPieces::new(double.gateway())) as Arc<dyn Store>)
        .to_vec();
    let (_, manifest) = stheno::collection::latest_manifest(&desk.path("out"))
        .unwrap()
        .unwrap();
    let opened = Collection::open(&manifest, stores, &access())
        .await
        .unwrap();
    let wanted = || {
        let parts = desk.sealing.entries.iter().flat_map(|e| &e.envelope.parts);
        parts
            .map(|part| Wanted {
                piece: part.piece,
                copies: opened.stores().to_vec(),
            })
            .collect::<Vec<Wanted>>()
    };
    let folder = Folder::open(desk.path("got")).unwrap();
    let first = std::num::NonZeroUsize::MIN;
    let work = download(
        wanted(),
        &folder,
        TransferOptions::default().parallel(first),
    );
    let whole = || {
        let names = fs::read_dir(desk.path("got")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| name.starts_with("bafk") && !name.ends_with(".part"))
            .count()
    };
    drop_when(work, || whole() >= 3).await;
    let done = download(wanted(), &folder, TransferOptions::default())
        .await
        .unwrap();
    assert!(done.already >= 3, "{done:?}");
    for wanted in wanted() {
        folder.verify(&wanted.piece).await.unwrap();
    }
}

#[tokio::test]
async fn link_and_place_at_a_gateway_lead_to_the_collection() {
    let desk = Desk::new();
    let double = Trustless::with(&desk.blocks);
    let place = format!("{}ipfs/{}", double.url, desk.folder);
    let place: Place = place.parse().unwrap();
    assert!(place.is_public() && place.hint().is_none());
    let manifest = &desk.sealing.manifest;
    let pieces = pieces_of(manifest, LIMITS).unwrap();
    let link = Link {
        kind: LinkKind::Collection,
        pieces: pieces.into_iter().map(|(piece, _)| piece).collect(),
        places: vec![place],
    };
    let link: Link = link.to_string().parse().unwrap();
    let collection = Collection::follow(&link, Vec::new(), &access())
        .await
        .unwrap();
    assert_eq!(desk.extract(&collection, "copy").await.unwrap(), 3);
    desk.assert_same("copy");
    // Without a gateway it leads nowhere, and says so.
    let nowhere: Place = format!("ipfs://{}", desk.folder).parse().unwrap();
    assert!(!nowhere.is_public());
    let error = nowhere.store(false).map(|_| ()).unwrap_err();
    assert_eq!(error.code(), "no_gateway");
}

#[tokio::test]
async fn folder_with_pieces_under_their_names_is_a_store_of_them() {
    let desk = Desk::new();
    let mut blocks = HashMap::new();
    let mut entries = Vec::new();
    for entry in fs::read_dir(desk.path("out")).unwrap() {
        let entry = entry.unwrap();
        let (root, file) = file_of(&fs::read(entry.path()).unwrap(), Profile::V1_2025);
        blocks.extend(file);
        entries.push(DirectoryEntry {
            name: entry.file_name().into_string().unwrap(),
            cid: root.cid,
            dag_size: root.dag_size,
        });
    }
    for profile in [Profile::V1_2025, Profile::scaled(1 << 20, 1024, 64)] {
        let dag = Directory::new(entries.clone()).unwrap().build(profile);
        let dag = dag.unwrap();
        dag.blocks(&mut |cid: &Cid, block: &[u8]| {
            blocks.insert(*cid, block.to_vec());
            Ok(())
        })
        .unwrap();
        let double = Trustless::with(&blocks);
        let root = dag.root().cid;
        let store = GatewayPieces::new(double.gateway()).in_folder(root, Vec::new());
        let part = &desk.entry("large").envelope.parts[2];
        let mut bytes = Vec::new();
        read_whole(&store, &part.piece, &mut bytes).await.unwrap();
        let absent = Piece::new(1, 200);
        assert!(!store.has(&absent.cid).await.unwrap());
        // And its manifest is found, whether the folder is one block or many.
        let address: IpfsAddress = format!("ipfs://{root}").parse().unwrap();
        let found = find_in_gateways(&[double.gateway()], &address)
            .await
            .unwrap();
        assert!(
            matches!(found, InIpfs::Manifest { version: 1, .. }),
            "{found:?}"
        );
    }
}

#[tokio::test]
async fn version_that_was_added_is_read_by_the_new_folders_cid() {
    let desk = Desk::new();
    let more = desk.path("more");
    fs::create_dir_all(&more).unwrap();
    fs::write(more.join("new"), "new").unwrap();
    let double = Trustless::with(&desk.blocks);
    let gateways = [double.gateway()];
    let before = Collection::in_ipfs(&desk.address(), &gateways, Vec::new(), &access()).await;
    let before = before.unwrap();
    let out = desk.path("out");
    let added = add_folder(
        &more,
        &out,
        before.manifest(),
        &to(),
        &options(),
        1_700_000_001,
    );
    let added = added.unwrap();
    let (folder, blocks) = car(&out, &added);
    double.desk().blocks.extend(blocks);
    let address: IpfsAddress = format!("ipfs://{folder}").parse().unwrap();
    let after = Collection::in_ipfs(&address, &gateways, Vec::new(), &access())
        .await
        .unwrap();
    assert_eq!(after.manifest().header().version, 2);
    assert_eq!(desk.extract(&after, "copy").await.unwrap(), 4);
    assert_eq!(fs::read(desk.path("copy/new")).unwrap(), b"new");
}

#[tokio::test]
async fn address_in_a_manifest_is_asked_for_blocks_too() {
    let desk = Desk::new();
    let double = Trustless::start();
    let (data, out) = (desk.path("data"), desk.path("hinted"));
    let mut hinted = options();
    hinted.hints = vec![Hint::Url(double.url.to_string())];
    let sealed = encrypt_folder(&data, &out, &to(), &hinted, 1_700_000_000).unwrap();
    double.desk().blocks = car(&out, &sealed).1;
    fs::create_dir(desk.path("alone")).unwrap();
    let manifest = desk.path("alone/manifest-1.fee");
    fs::copy(&sealed.manifest, &manifest).unwrap();
    let opened = Collection::open(&manifest, Vec::new(), &access())
        .await
        .unwrap();
    assert_eq!(desk.extract(&opened, "copy").await.unwrap(), 3);
    desk.assert_same("copy");
}

#[tokio::test]
async fn files_that_were_encrypted_without_cids_are_found_by_their_pieces() {
    let mut desk = Desk::new();
    let out = desk.path("plain");
    let mut without = options();
    without.cids = false;
    let sealed = encrypt_folder(&desk.path("data"), &out, &to(), &without, 1_700_000_000).unwrap();
    let manifest = Collection::open(&sealed.manifest, Vec::new(), &access()).await;
    let before = manifest.unwrap();
    let more = desk.path("more");
    fs::create_dir_all(&more).unwrap();
    fs::write(more.join("new"), "new").unwrap();
    let added = add_folder(
        &more,
        &out,
        before.manifest(),
        &to(),
        &options(),
        1_700_000_001,
    );
    let added = added.unwrap();
    (desk.folder, desk.blocks) = car(&out, &added);
    let double = Trustless::with(&desk.blocks);
    let gateways = [double.gateway()];
    let opened = Collection::in_ipfs(&desk.address(), &gateways, Vec::new(), &access()).await;
    let collection = opened.unwrap();
    assert!(collection.find("large").unwrap().envelope.cid.is_none());
    assert!(collection.find("new").unwrap().envelope.cid.is_some());
    assert_eq!(desk.extract(&collection, "copy").await.unwrap(), 4);
    desk.assert_same("copy");
    assert_eq!(fs::read(desk.path("copy/new")).unwrap(), b"new");
}

#[tokio::test]
async fn what_is_no_collection_is_refused_with_a_word() {
    let desk = Desk::new();
    let double = Trustless::with(&desk.blocks);
    let gateways = [double.gateway()];
    // An envelope is a file, and no manifest.
    let envelope = desk.entry("large").envelope.cid.unwrap();
    let address: IpfsAddress = format!("ipfs://{envelope}").parse().unwrap();
    let found = find_in_gateways(&gateways, &address).await.unwrap();
    assert!(matches!(found, InIpfs::File(file) if file.root == envelope));
    let opened = Collection::in_ipfs(&address, &gateways, Vec::new(), &access()).await;
    assert_eq!(opened.unwrap_err().code(), "bad_manifest");
    // A folder without a manifest.
    let dag = Directory::new(Vec::new())
        .unwrap()
        .build(Profile::V1_2025)
        .unwrap();
    dag.blocks(&mut |cid: &Cid, block: &[u8]| {
        double.desk().blocks.insert(*cid, block.to_vec());
        Ok(())
    })
    .unwrap();
    let address: IpfsAddress = format!("ipfs://{}", dag.root().cid).parse().unwrap();
    let error = find_in_gateways(&gateways, &address).await.unwrap_err();
    assert_eq!(error.code(), "no_manifest");
    // Nobody to ask.
    let error = find_in_gateways(&[], &address).await.unwrap_err();
    assert_eq!(error.code(), "no_gateway");
    let closed: [Gateway; 0] = [];
    let source = stheno::storage::UnixfsSource::new(
        stheno::storage::UnixfsFile {
            root: envelope,
            size: 1,
        },
        closed.to_vec(),
    );
    assert_eq!(
        source.fetch(0..1).await.unwrap_err().code(),
        "source_unreadable"
    );
}
