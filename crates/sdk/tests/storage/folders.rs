//! A local folder: files are whole or not there.

use std::{fs, sync::Arc, time::Duration};

use stheno::storage::{Folder, Putting, Store, read_range, read_whole};

use crate::{Piece, assert_names};

fn folder() -> (tempfile::TempDir, Folder) {
    let folder = tempfile::tempdir().unwrap();
    let pieces = Folder::open(folder.path().join("deep/pieces")).unwrap();
    (folder, pieces)
}

/// What lies in it.
fn names(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[tokio::test]
async fn piece_goes_into_a_folder_and_comes_back_whole_and_in_parts() {
    let (_guard, folder) = folder();
    let piece = Piece::new(1, 1_000_000);
    assert!(!folder.has(&piece.cid).await.unwrap());
    folder
        .put(&piece.cid, piece.source(), Putting::default())
        .await
        .unwrap();
    assert!(folder.has(&piece.cid).await.unwrap());
    assert_eq!(names(&folder), [piece.cid.to_string()]);
    let mut whole = Vec::new();
    read_whole(&folder, &piece.cid, &mut whole).await.unwrap();
    assert!(whole == piece.bytes);
    let part = read_range(&folder, &piece.cid, 300_000..900_000)
        .await
        .unwrap();
    assert!(part == piece.bytes[300_000..900_000]);
}

#[tokio::test]
async fn other_bytes_never_get_the_name() {
    let (_guard, folder) = folder();
    let (piece, other) = (Piece::new(2, 1_000_000), Piece::new(3, 1_000_000));
    let put = folder.put(&piece.cid, other.source(), Putting::default());
    let error = put.await.unwrap_err();
    assert_names(&error, &folder, &piece);
    assert_eq!(error.code(), "piece_changed");
    assert!(names(&folder).is_empty());
}

#[tokio::test]
async fn part_of_an_earlier_put_is_gone_on_with_or_thrown_away() {
    let piece = Piece::new(4, 1_000_000);
    let mut torn = piece.bytes[..400_000].to_vec();
    torn[399_000..].fill(0);
    let too_long = vec![9; 1_000_001];
    for part in [
        piece.bytes[..400_000].to_vec(),
        piece.bytes.clone(),
        torn,
        too_long,
    ] {
        let (_guard, folder) = folder();
        fs::write(folder.path().join(format!("{}.part", piece.cid)), part).unwrap();
        folder
            .put(&piece.cid, piece.source(), Putting::default())
            .await
            .unwrap();
        assert!(fs::read(folder.path_of(&piece.cid)).unwrap() == piece.bytes);
        assert_eq!(names(&folder).len(), 1);
    }
}

#[tokio::test]
async fn put_that_is_dropped_leaves_nothing_under_the_name() {
    let (_guard, folder) = folder();
    let piece = Piece::new(5, 40_000_000);
    let put = folder.put(&piece.cid, piece.source(), Putting::default());
    tokio::time::timeout(Duration::from_millis(1), put)
        .await
        .unwrap_err();
    assert!(!folder.has(&piece.cid).await.unwrap());
    folder
        .put(&piece.cid, piece.source(), Putting::default())
        .await
        .unwrap();
    folder.verify(&piece.cid).await.unwrap();
}

#[tokio::test]
async fn file_that_is_damaged_is_found() {
    let (_guard, folder) = folder();
    let piece = Piece::new(6, 500_000);
    let mut bytes = piece.bytes.clone();
    bytes[77] ^= 1;
    fs::write(folder.path_of(&piece.cid), &bytes).unwrap();
    let error = folder.verify(&piece.cid).await.unwrap_err();
    assert_names(&error, &folder, &piece);
    assert_eq!(error.code(), "other_bytes_stored");
    let read = read_whole(&folder, &piece.cid, std::io::sink()).await;
    assert_eq!(read.unwrap_err().code(), "other_bytes_stored");

    fs::write(folder.path_of(&piece.cid), &bytes[1..]).unwrap();
    assert_eq!(
        folder.has(&piece.cid).await.unwrap_err().code(),
        "other_bytes_stored"
    );
    let read = read_range(&folder, &piece.cid, 0..10).await;
    assert_eq!(read.unwrap_err().code(), "other_bytes_stored");
    fs::remove_file(folder.path_of(&piece.cid)).unwrap();
    assert_eq!(
        folder.verify(&piece.cid).await.unwrap_err().code(),
        "not_stored"
    );
}

/// `/dev/full` is a disk that is always full.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn disk_that_is_full_is_a_clear_error_and_leaves_nothing_under_the_name() {
    let (_guard, folder) = folder();
    let piece = Piece::new(7, 900_000);
    let part = folder.path().join(format!("{}.part", piece.cid));
    std::os::unix::fs::symlink("/dev/full", &part).unwrap();
    let put = folder.put(&piece.cid, piece.source(), Putting::default());
    let error = put.await.unwrap_err();
    assert_names(&error, &folder, &piece);
    assert_eq!(error.code(), "storage_full", "{error}");
    assert!(!folder.has(&piece.cid).await.unwrap());
}

#[tokio::test]
async fn folder_that_is_a_file_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Folder::open(file.path()).unwrap_err();
    assert_eq!(error.code(), "storage_disk");
    assert!(
        error.to_string().contains(file.path().to_str().unwrap()),
        "{error}"
    );
}

#[tokio::test]
async fn two_puts_of_one_piece_after_each_other_are_one() {
    let (_guard, folder) = folder();
    let piece = Piece::new(8, 200_000);
    let folder: Arc<dyn Store> = Arc::new(folder);
    for _ in 0..2 {
        folder
            .put(&piece.cid, piece.source(), Putting::default())
            .await
            .unwrap();
    }
    assert!(folder.has(&piece.cid).await.unwrap());
}
