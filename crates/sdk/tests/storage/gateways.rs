//! Files of UnixFS from trustless gateways, honest and lying: whole, by ranges, to the disk and on after
//! an interruption. The gateway is a double, see `trustless`.

use std::{collections::HashMap, fs, path::Path, sync::Mutex};

use stheno::{
    envelope::{
        Cid,
        unixfs::{Directory, DirectoryEntry, Profile, Root},
    },
    source::Source,
    storage::{
        Blocks, FoundInIpfs, Gateway, TransferError, TransferEvent, TransferObserver, UnixfsFile,
        UnixfsSource, find_in_ipfs, save_file,
    },
};

use crate::{
    Piece, drop_when, failed, hasty, quick,
    trustless::{Trustless, Twist, file_of},
};

const MIB: usize = 1 << 20;

/// A file, and its blocks.
struct Sample {
    bytes: Vec<u8>,
    root: Root,
    blocks: HashMap<Cid, Vec<u8>>,
}

impl Sample {
    fn new(len: usize, profile: Profile) -> Self {
        Self::of(Piece::new(9, len).bytes, profile)
    }

    fn of(bytes: Vec<u8>, profile: Profile) -> Self {
        let (root, blocks) = file_of(&bytes, profile);
        Self {
            bytes,
            root,
            blocks,
        }
    }

    fn file(&self) -> UnixfsFile {
        UnixfsFile {
            root: self.root.cid,
            size: self.root.file_size,
        }
    }
}

/// A file of ten MiB in 160 leaves under three levels of nodes.
fn deep() -> Sample {
    Sample::new(10 * MIB, Profile::scaled(64 << 10, 8, 1 << 18))
}

fn source(sample: &Sample, gateways: &[&Trustless]) -> UnixfsSource {
    let gateways = gateways.iter().map(|gateway| gateway.gateway());
    UnixfsSource::new(sample.file(), gateways.collect())
}

/// An observer and what it saw.
fn noted() -> (TransferObserver, std::sync::Arc<Mutex<Vec<TransferEvent>>>) {
    let events: std::sync::Arc<Mutex<Vec<TransferEvent>>> = std::sync::Arc::default();
    let notes = std::sync::Arc::clone(&events);
    let note = move |event: &TransferEvent| notes.lock().unwrap().push(event.clone());
    (std::sync::Arc::new(note), events)
}

async fn save(
    sample: &Sample,
    gateways: &[&Trustless],
    target: &Path,
) -> (
    Result<u64, TransferError>,
    Vec<stheno::storage::StorageError>,
) {
    let gateways: Vec<Gateway> = gateways.iter().map(|gateway| gateway.gateway()).collect();
    let (observer, events) = noted();
    let saved = save_file(&gateways, sample.file(), target, Some(observer)).await;
    (saved, failed(&events))
}

#[tokio::test]
async fn range_costs_the_blocks_that_cover_it_and_no_others() {
    let sample = Sample::new(20 * MIB + 5, Profile::V1_2025);
    let double = Trustless::with(&sample.blocks);
    let source = source(&sample, &[&double]);
    let root = sample.blocks[&sample.root.cid].len();
    let check = async |range: std::ops::Range<usize>, count: (usize, usize, usize)| {
        let bytes = source.fetch(range.start as u64..range.end as u64).await;
        assert!(bytes.unwrap() == sample.bytes[range.clone()], "{range:?}");
        assert_eq!(double.count(), count, "{range:?}");
    };
    // The root and a leaf; then nothing more for another part of that leaf.
    check(5 * MIB + 10..5 * MIB + 20, (2, 0, root + MIB)).await;
    check(5 * MIB..6 * MIB, (2, 0, root + MIB)).await;
    // Across a border: the leaf behind it alone.
    check(6 * MIB - 1..6 * MIB + 1, (3, 0, root + 2 * MIB)).await;
    // The last leaf has five bytes.
    check(20 * MIB..20 * MIB + 5, (4, 0, root + 2 * MIB + 5)).await;
    check(0..0, (4, 0, root + 2 * MIB + 5)).await;
    assert!(source.fetch(0..20 * MIB as u64 + 6).await.is_err());
}

#[tokio::test]
async fn long_range_is_one_car_of_the_blocks_that_cover_it() {
    let sample = Sample::new(20 * MIB, Profile::V1_2025);
    let double = Trustless::with(&sample.blocks);
    let range = 3 * MIB + 1..13 * MIB - 1;
    let source = source(&sample, &[&double]);
    let fetched = source.fetch(range.start as u64..range.end as u64).await;
    assert!(fetched.unwrap() == sample.bytes[range]);
    let (blocks, cars, bytes) = double.count();
    assert_eq!((blocks, cars), (0, 1));
    // Ten leaves and the root, and what a CAR has around them.
    assert!((10 * MIB..10 * MIB + 4096).contains(&bytes), "{bytes}");
}

#[tokio::test]
async fn block_that_two_want_at_once_is_fetched_once() {
    let sample = Sample::new(3 * MIB, Profile::V1_2025);
    let double = Trustless::with(&sample.blocks);
    let source = source(&sample, &[&double]);
    let (a, b) = tokio::join!(source.fetch(0..100), source.fetch(50..200));
    assert!(a.unwrap() == sample.bytes[..100] && b.unwrap() == sample.bytes[50..200]);
    assert_eq!(double.count().0, 2);
}

#[tokio::test]
async fn file_is_the_same_by_cars_and_by_blocks_in_trees_of_any_shape() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = Sample::of(vec![0; 12 * MIB], Profile::V1_2025);
    let small = Sample::new(100, Profile::V1_2025);
    let empty = Sample::of(Vec::new(), Profile::V1_2025);
    for (name, sample) in [
        ("deep", deep()),
        ("zeros", zeros),
        ("small", small),
        ("empty", empty),
    ] {
        for (number, twist) in [
            None,
            Some(Twist::NoCars),
            Some(Twist::Page),
            Some(Twist::NoRepeats),
            Some(Twist::OnlyCars),
            Some(Twist::CarForBlock),
        ]
        .into_iter()
        .enumerate()
        {
            let double = Trustless::with(&sample.blocks);
            double.desk().always = twist.clone();
            let target = folder.path().join(format!("{name}-{number}"));
            let (saved, _) = save(&sample, &[&double], &target).await;
            assert_eq!(saved, Ok(0), "{name} {twist:?}");
            assert!(
                fs::read(&target).unwrap() == sample.bytes,
                "{name} {twist:?}"
            );
        }
    }
    // Nothing unfinished is left.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4 * 6);
}

#[tokio::test]
async fn lie_in_a_car_is_an_error_that_names_the_gateway_and_the_next_one_is_tried() {
    let sample = deep();
    let folder = tempfile::tempdir().unwrap();
    for (twist, code, words) in [
        (Twist::Missing(2), "bad_car", "stands in it where"),
        (Twist::Missing(100), "bad_car", "stands in it where"),
        (Twist::Swapped(7), "bad_car", "stands in it where"),
        (Twist::WrongRoot, "bad_car", "stands in it where"),
        (Twist::Extra, "bad_car", "was not asked for"),
        (Twist::Short(5 * MIB), "bad_car", "cut short"),
        (Twist::Huge, "bad_car", "more than 2097152"),
        (Twist::OtherBytes, "bad_car", "another hash"),
        (Twist::Version2, "bad_car", "version 2"),
        (Twist::Encoded, "source_contradicts_itself", "gzip"),
        (Twist::CutAfter(MIB / 2), "source_unreachable", ""),
        (Twist::Status(500), "source_refused", "500"),
        (Twist::Status(403), "source_refused", "403"),
        (Twist::Status(404), "not_stored", ""),
        (Twist::Busy(3600), "source_refused", "429"),
        (
            Twist::Redirect("http://127.0.0.1:1/elsewhere".to_owned()),
            "source_redirects",
            "127.0.0.1:1",
        ),
    ] {
        let liar = Trustless::lying(&sample.blocks, twist.clone());
        let honest = Trustless::with(&sample.blocks);
        let target = folder.path().join("file");
        let (saved, errors) = save(&sample, &[&liar], &target).await;
        if twist == Twist::Extra {
            // All of the file had come before.
            assert_eq!(saved, Ok(0));
            fs::remove_file(&target).unwrap();
        } else {
            let error = saved.unwrap_err().to_string();
            assert!(error.contains(liar.gateway().name()), "{error}");
            assert!(!target.exists(), "{twist:?}");
        }
        assert_eq!(errors.len(), 1, "{twist:?}: {errors:?}");
        let (error, text) = (&errors[0], errors[0].to_string());
        assert_eq!(error.code(), code, "{twist:?}: {text}");
        assert!(text.contains(words), "{twist:?}: {text}");
        assert!(text.contains(&sample.root.cid.to_string()), "{text}");
        // What is there of it is gone on with, from the other one.
        let (saved, _) = save(&sample, &[&liar, &honest], &target).await;
        saved.unwrap();
        assert!(fs::read(&target).unwrap() == sample.bytes, "{twist:?}");
        fs::remove_file(&target).unwrap();
    }
}

#[tokio::test]
async fn part_that_a_gateway_ignores_is_an_error() {
    let sample = deep();
    let double = Trustless::lying(&sample.blocks, Twist::IgnoresBytes);
    let source = source(&sample, &[&double]);
    let error = source.fetch(MIB as u64..10 * MIB as u64).await.unwrap_err();
    assert_eq!(error.code(), "bad_car", "{error}");
}

#[tokio::test]
async fn silent_gateway_is_left_for_the_next_one() {
    let sample = deep();
    let (silent, honest) = (
        Trustless::lying(&sample.blocks, Twist::Silence),
        Trustless::with(&sample.blocks),
    );
    let hasty = Gateway::new(silent.url.clone(), hasty()).unwrap();
    let source = UnixfsSource::new(sample.file(), vec![hasty, honest.gateway()]);
    assert!(source.fetch(0..10).await.unwrap() == sample.bytes[..10]);
    // Who was silent is asked last from now on.
    let before = silent.count().0;
    assert!(
        source
            .fetch(5 * MIB as u64..5 * MIB as u64 + 9)
            .await
            .is_ok()
    );
    assert_eq!(silent.count().0, before);
}

#[tokio::test]
async fn gateway_that_fails_does_not_cost_its_patience_for_every_block() {
    let sample = deep();
    let (broken, honest) = (
        Trustless::lying(&sample.blocks, Twist::Status(500)),
        Trustless::with(&sample.blocks),
    );
    honest.desk().always = Some(Twist::NoCars);
    let gateways = [broken.gateway(), honest.gateway()];
    find_in_ipfs(&gateways, &sample.root.cid, &[])
        .await
        .unwrap();
    assert_eq!(broken.count().0, 3);
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("file");
    save_file(&gateways, sample.file(), &target, None)
        .await
        .unwrap();
    assert_eq!(broken.count(), (3, 0, 0));
    assert!(honest.count().0 > 160);
}

#[tokio::test]
async fn gateway_that_drips_is_as_one_that_is_silent() {
    let sample = deep();
    let (drips, honest) = (
        Trustless::lying(&sample.blocks, Twist::Drip),
        Trustless::with(&sample.blocks),
    );
    let hasty = Gateway::new(drips.url.clone(), hasty()).unwrap();
    let source = UnixfsSource::new(sample.file(), vec![hasty, honest.gateway()]);
    assert!(source.fetch(0..10 << 20).await.unwrap() == sample.bytes);
    assert!(honest.count().1 > 0);
}

#[tokio::test]
async fn car_that_breaks_off_is_gone_on_with_where_it_was() {
    let sample = Sample::new(20 * MIB, Profile::V1_2025);
    let double = Trustless::with(&sample.blocks);
    double.desk().next = [
        Some(Twist::Busy(0)),
        Some(Twist::CutAfter(9 * MIB)),
        Some(Twist::Status(502)),
    ]
    .into();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("file");
    let (saved, errors) = save(&sample, &[&double], &target).await;
    assert_eq!((saved, errors.len()), (Ok(0), 0));
    assert!(fs::read(&target).unwrap() == sample.bytes);
    let (_, cars, bytes) = double.count();
    assert_eq!(cars, 4);
    // The leaf that was cut is sent again.
    assert!(bytes < 21 * MIB + 8192, "{bytes}");
}

#[tokio::test]
async fn save_that_was_dropped_is_gone_on_with_and_believes_nothing_that_lies_there() {
    for damage in [false, true] {
        let sample = Sample::new(20 * MIB, Profile::V1_2025);
        let double = Trustless::with(&sample.blocks);
        double.desk().delay = std::time::Duration::from_millis(2);
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        let part = folder.path().join(".file.stheno-get.part");
        let there = || fs::metadata(&part).map_or(0, |part| part.len());
        let half = || there() >= 10 * MIB as u64;
        drop_when(save(&sample, &[&double], &target), half).await;
        assert!(!target.exists());
        let there = there() as usize;
        let mut good = there;
        if damage {
            let mut bytes = fs::read(&part).unwrap();
            bytes[3 * MIB + 7] ^= 1;
            fs::write(&part, bytes).unwrap();
            good = 3 * MIB;
        }
        let before = double.count().2;
        double.desk().delay = std::time::Duration::ZERO;
        let (saved, _) = save(&sample, &[&double], &target).await;
        assert_eq!(saved, Ok(good as u64));
        assert!(fs::read(&target).unwrap() == sample.bytes);
        let again = double.count().2 - before;
        assert!(again < 21 * MIB - good, "{again} after {good}");
        assert!(!part.exists());
    }
}

#[tokio::test]
async fn file_that_somebody_else_saves_is_left_to_them() {
    let sample = Sample::new(20 * MIB, Profile::V1_2025);
    let double = Trustless::with(&sample.blocks);
    double.desk().delay = std::time::Duration::from_millis(1);
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("file");
    let gateways = [&double];
    let (first, second) = tokio::join!(
        save(&sample, &gateways, &target),
        save(&sample, &gateways, &target)
    );
    assert_eq!(first.0, Ok(0));
    let error = second.0.unwrap_err();
    assert_eq!(error.code(), "transfer_busy", "{error}");
}

#[tokio::test]
async fn missing_leaf_is_named_and_found_at_the_next_gateway() {
    let sample = Sample::new(3 * MIB, Profile::V1_2025);
    let (lacks, has) = (
        Trustless::with(&sample.blocks),
        Trustless::with(&sample.blocks),
    );
    let leaf = file_of(&sample.bytes[MIB..2 * MIB], Profile::V1_2025).0.cid;
    lacks.desk().blocks.remove(&leaf).unwrap();
    let error = source(&sample, &[&lacks]).fetch(0..3 * MIB as u64).await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), "not_stored");
    let text = error.to_string();
    assert!(text.contains(&leaf.to_string()), "{text}");
    assert!(text.contains(lacks.gateway().name()), "{text}");
    let both = source(&sample, &[&lacks, &has]);
    assert!(both.fetch(0..3 * MIB as u64).await.unwrap() == sample.bytes);
}

#[tokio::test]
async fn path_is_followed_in_flat_and_sharded_folders_and_a_wrong_one_is_nobodys_fault() {
    let sample = Sample::new(100, Profile::V1_2025);
    for profile in [Profile::V1_2025, Profile::scaled(1 << 20, 1024, 64)] {
        let entries = (0..40).map(|number| DirectoryEntry {
            name: format!("name {number}"),
            cid: sample.root.cid,
            dag_size: 100,
        });
        let dag = Directory::new(entries.collect()).unwrap();
        let dag = dag.build(profile).unwrap();
        let mut blocks = sample.blocks.clone();
        dag.blocks(&mut |cid: &Cid, block: &[u8]| {
            blocks.insert(*cid, block.to_vec());
            Ok(())
        })
        .unwrap();
        let (liar, honest) = (
            Trustless::lying(&blocks, Twist::OtherBytes),
            Trustless::with(&blocks),
        );
        let gateways = [liar.gateway(), honest.gateway()];
        let root = dag.root().cid;
        let found = find_in_ipfs(&gateways, &root, &["name 7".to_owned()]).await;
        assert_eq!(found, Ok(FoundInIpfs::File(sample.file())));
        let found = find_in_ipfs(&gateways, &root, &[]).await;
        assert_eq!(found, Ok(FoundInIpfs::Folder(root)));
        for wrong in [vec!["name 40"], vec!["name 7", "x"]] {
            let wrong: Vec<String> = wrong.into_iter().map(str::to_owned).collect();
            let error = find_in_ipfs(&gateways, &root, &wrong).await.unwrap_err();
            assert_eq!(error.code(), "not_unixfs", "{error}");
            assert!(!error.to_string().contains("gateway"), "{error}");
        }
        let error = find_in_ipfs(&gateways[..1], &root, &[]).await.unwrap_err();
        assert_eq!(error.code(), "transfer_incomplete");
        assert!(error.to_string().contains(gateways[0].name()), "{error}");
    }
}

#[test]
fn gateway_without_an_address_of_http_is_refused() {
    let error = Gateway::new("ftp://a.example".parse().unwrap(), quick()).unwrap_err();
    assert_eq!(error.code(), "bad_url");
}
