//! Many pieces into a folder: in parallel, from several copies, broken off and gone on with.

use std::{fs, num::NonZeroUsize, path::Path, sync::Arc, time::Duration};

use axum::Router;
use stheno::storage::{
    Folder, HttpStore, Store, TransferError, TransferEvent, TransferOptions, Wanted, download,
};
use tower_http::services::ServeDir;

use crate::{
    Piece,
    double::{Double, Fault, Route},
    drop_when, failed, provider, quick, server,
    serving::serve,
    watched,
};

fn folder() -> (tempfile::TempDir, Folder) {
    let folder = tempfile::tempdir().unwrap();
    let pieces = Folder::open(folder.path()).unwrap();
    (folder, pieces)
}

fn pieces(count: u64, len: usize) -> Vec<Piece> {
    (0..count).map(|seed| Piece::new(100 + seed, len)).collect()
}

fn wanted(pieces: &[Piece], copies: &[Arc<dyn Store>]) -> Vec<Wanted> {
    let wanted = pieces.iter().map(|piece| Wanted {
        piece: piece.cid,
        copies: copies.to_vec(),
    });
    wanted.collect()
}

async fn fetch(
    piece: &Piece,
    copies: &[Arc<dyn Store>],
    folder: &Folder,
    options: TransferOptions,
) -> Result<(), TransferError> {
    let wanted = wanted(std::slice::from_ref(piece), copies);
    download(wanted, folder, options).await.map(drop)
}

#[track_caller]
fn assert_there(folder: &Path, pieces: &[Piece]) {
    for piece in pieces {
        let bytes = fs::read(folder.join(piece.cid.to_string())).unwrap();
        assert!(bytes == piece.bytes);
    }
    let entries = fs::read_dir(folder).unwrap().count();
    assert_eq!(entries, pieces.len(), "nothing else is left");
}

#[tokio::test]
async fn pieces_come_from_a_static_file_server_and_are_gone_on_with() {
    let files = tempfile::tempdir().unwrap();
    let pieces = pieces(5, 1_000_000);
    for piece in &pieces {
        fs::write(files.path().join(piece.cid.to_string()), &piece.bytes).unwrap();
    }
    let (url, _stop) = serve(Router::new().fallback_service(ServeDir::new(files.path())));
    let store: Arc<dyn Store> = Arc::new(HttpStore::folder(url.clone(), quick()).unwrap());
    assert!(store.has(&pieces[0].cid).await.unwrap());
    assert!(!store.has(&Piece::new(1, 1_000_000).cid).await.unwrap());

    let (_guard, folder) = folder();
    let part = folder.path().join(format!("{}.part", pieces[1].cid));
    fs::write(part, &pieces[1].bytes[..400_000]).unwrap();
    let (options, events) = watched();
    let done = download(wanted(&pieces, &[store]), &folder, options)
        .await
        .unwrap();
    assert_eq!((done.pieces, done.already, done.bytes), (5, 0, 5_000_000));
    assert_there(folder.path(), &pieces);
    let resumed = TransferEvent::Resumed {
        piece: pieces[1].cid,
        from: 400_000,
    };
    assert!(events.lock().unwrap().contains(&resumed));

    // One piece by its own address, of whatever name.
    fs::write(files.path().join("x.bin"), &pieces[2].bytes).unwrap();
    let object = HttpStore::object(url.join("x.bin").unwrap(), quick()).unwrap();
    let mut bytes = Vec::new();
    stheno::storage::read_whole(&object, &pieces[2].cid, &mut bytes)
        .await
        .unwrap();
    assert!(bytes == pieces[2].bytes);
}

#[tokio::test]
async fn progress_grows_to_the_total_and_no_more_pieces_pass_at_once_than_asked() {
    let pieces = pieces(9, 400_000);
    let double = Double::with(&pieces.iter().collect::<Vec<_>>());
    double.desk().delay = Duration::from_millis(30);
    let (_guard, folder) = folder();
    let (options, events) = watched();
    let options = options.parallel(NonZeroUsize::new(3).unwrap());
    let copies: Vec<Arc<dyn Store>> = vec![Arc::new(server(&double))];
    download(wanted(&pieces, &copies), &folder, options)
        .await
        .unwrap();
    assert_eq!(double.desk().at_once.1, 3);
    let mut before = 0;
    for event in events.lock().unwrap().iter() {
        if let TransferEvent::Progress { done, total } = event {
            assert_eq!(*total, 3_600_000);
            assert!(*done > before);
            before = *done;
        }
    }
    assert_eq!(before, 3_600_000);
}

#[tokio::test]
async fn piece_that_is_lost_is_named_and_does_not_keep_the_others() {
    let pieces = pieces(4, 300_000);
    let (first, second) = (
        Double::with(&[&pieces[0], &pieces[1]]),
        Double::with(&[&pieces[2]]),
    );
    let copies: Vec<Arc<dyn Store>> = vec![Arc::new(server(&first)), Arc::new(provider(&second))];
    let (_guard, folder) = folder();
    let mut all = wanted(&pieces, &copies);
    all.push(Wanted {
        piece: Piece::new(1, 300_000).cid,
        copies: Vec::new(),
    });
    let error = download(all.clone(), &folder, TransferOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "transfer_incomplete");
    let text = error.to_string();
    let TransferError::Incomplete { lost, of } = error else {
        panic!("{error}")
    };
    assert_eq!((lost.len(), of), (2, 5));
    let by_copies = lost
        .iter()
        .find(|lost| lost.piece == pieces[3].cid)
        .unwrap();
    assert_eq!(by_copies.tried.len(), 2);
    for copy in &copies {
        assert!(text.contains(copy.name()), "{text}");
    }
    assert!(text.contains(&pieces[3].cid.to_string()), "{text}");
    assert!(text.contains("no copy of it is known"), "{text}");
    for piece in &pieces[..3] {
        folder.verify(&piece.cid).await.unwrap();
    }

    // What was found is not asked for again.
    let before = first.count(Route::Read);
    first
        .desk()
        .pieces
        .insert(pieces[3].cid.to_string(), pieces[3].bytes.clone());
    all.pop();
    let done = download(all, &folder, TransferOptions::default())
        .await
        .unwrap();
    assert_eq!((done.pieces, done.already), (4, 3));
    assert_eq!(first.count(Route::Read), before + 1);
    assert_there(folder.path(), &pieces);
}

#[tokio::test]
async fn download_that_is_dropped_keeps_what_came_and_fetches_only_the_rest() {
    let pieces = pieces(3, 4_000_000);
    let double = Double::with(&pieces.iter().collect::<Vec<_>>());
    double.always(Route::Read, Fault::StopAfter(2_500_000));
    let copies: Vec<Arc<dyn Store>> = vec![Arc::new(server(&double))];
    let (_guard, folder) = folder();
    let all = wanted(&pieces, &copies);
    let work = download(all.clone(), &folder, TransferOptions::default());
    let kept = || -> u64 {
        let parts = pieces.iter().map(|piece| {
            let part = folder.path().join(format!("{}.part", piece.cid));
            fs::metadata(part).map_or(0, |part| part.len())
        });
        parts.sum()
    };
    drop_when(work, || kept() >= 6_000_000).await;
    for piece in &pieces {
        assert!(!folder.has(&piece.cid).await.unwrap());
    }
    double.always(Route::Read, Fault::None);
    let before = double.bytes(Route::Read);
    let (options, events) = watched();
    download(all, &folder, options).await.unwrap();
    assert_there(folder.path(), &pieces);
    let kept: u64 = events
        .lock()
        .unwrap()
        .iter()
        .map(|event| match event {
            TransferEvent::Resumed { from, .. } => *from,
            _ => 0,
        })
        .sum();
    assert!(kept >= 6_000_000, "{kept}");
    assert_eq!(
        (double.bytes(Route::Read) - before) as u64,
        12_000_000 - kept
    );
}

#[tokio::test]
async fn next_copy_goes_on_where_the_first_broke_off() {
    let piece = Piece::new(1, 3_000_000);
    let (first, second) = (Double::with(&[&piece]), Double::with(&[&piece]));
    first.always(Route::Read, Fault::Status(403));
    first.next(Route::Read, &[Fault::CutAfter(1_800_000)]);
    let copies: Vec<Arc<dyn Store>> = vec![Arc::new(server(&first)), Arc::new(server(&second))];
    let (_guard, folder) = folder();
    fetch(&piece, &copies, &folder, TransferOptions::default())
        .await
        .unwrap();
    assert_there(folder.path(), &[piece]);
    let came = first.bytes(Route::Read) + second.bytes(Route::Read);
    assert_eq!(came, 3_000_000);
}

#[tokio::test]
async fn bytes_of_a_liar_do_not_spoil_what_an_honest_copy_adds() {
    let piece = Piece::new(2, 3_000_000);
    let (_guard, folder) = folder();
    // The first lied, and broke off.
    let part = folder.path().join(format!("{}.part", piece.cid));
    fs::write(part, vec![1; 1_000_000]).unwrap();
    let double = Double::with(&[&piece]);
    let copies: Vec<Arc<dyn Store>> = vec![Arc::new(server(&double))];
    let (options, events) = watched();
    fetch(&piece, &copies, &folder, options).await.unwrap();
    assert_there(folder.path(), std::slice::from_ref(&piece));
    let again = TransferEvent::StartedAgain { piece: piece.cid };
    assert!(events.lock().unwrap().contains(&again));
    assert!(failed(&events).is_empty(), "the honest copy is not blamed");
}

#[tokio::test]
async fn server_without_ranges_is_asked_for_the_whole_when_nobody_serves_the_rest() {
    let piece = Piece::new(3, 1_000_000);
    let double = Double::with(&[&piece]);
    double.always(Route::Read, Fault::NoRange);
    let copies: Vec<Arc<dyn Store>> = vec![Arc::new(server(&double))];
    let (_guard, folder) = folder();
    let part = folder.path().join(format!("{}.part", piece.cid));
    fs::write(part, &piece.bytes[..10_000]).unwrap();
    let (options, events) = watched();
    fetch(&piece, &copies, &folder, options).await.unwrap();
    assert_there(folder.path(), &[piece]);
    assert_eq!(failed(&events)[0].code(), "ranges_not_served");
}

#[tokio::test]
async fn file_of_which_the_journal_does_not_know_is_hashed_before_it_counts() {
    let pieces = pieces(3, 500_000);
    let double = Double::with(&pieces.iter().collect::<Vec<_>>());
    let (_guard, folder) = folder();
    fs::write(folder.path_of(&pieces[0].cid), &pieces[0].bytes).unwrap();
    fs::write(folder.path_of(&pieces[1].cid), vec![0; 500_000]).unwrap();
    fs::write(folder.path_of(&pieces[2].cid), b"short").unwrap();
    let copies: Vec<Arc<dyn Store>> = vec![Arc::new(server(&double))];
    let work = download(
        wanted(&pieces, &copies),
        &folder,
        TransferOptions::default(),
    );
    let done = work.await.unwrap();
    assert_eq!((done.pieces, done.already), (3, 1));
    assert_there(folder.path(), &pieces);
    assert_eq!(double.count(Route::Read), 2);
}

#[tokio::test]
async fn journal_that_is_foreign_is_thrown_away_with_a_word() {
    let piece = Piece::new(4, 500_000);
    let double = Double::with(&[&piece]);
    let (_guard, folder) = folder();
    let journal = folder.path().join(".stheno-download");
    // It claims what is not so, as a journal of another download would.
    fs::write(folder.path_of(&piece.cid), vec![0; 500_000]).unwrap();
    let claim = format!(
        "stheno-transfer 1 download 00\n0000 whole {} x\n",
        piece.cid
    );
    fs::write(&journal, claim).unwrap();
    let copies: Vec<Arc<dyn Store>> = vec![Arc::new(server(&double))];
    let (options, events) = watched();
    fetch(&piece, &copies, &folder, options).await.unwrap();
    let dropped = TransferEvent::JournalDropped {
        path: journal,
        why: "it is of another transfer, or damaged",
    };
    assert!(events.lock().unwrap().contains(&dropped));
    assert_there(folder.path(), &[piece]);
}

/// `/dev/full` is a disk that is always full.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn disk_that_is_full_stops_the_download_and_is_no_copy_s_fault() {
    let piece = Piece::new(5, 900_000);
    let double = Double::with(&[&piece]);
    let copies: Vec<Arc<dyn Store>> = vec![Arc::new(server(&double)), Arc::new(server(&double))];
    let (_guard, folder) = folder();
    let part = folder.path().join(format!("{}.part", piece.cid));
    std::os::unix::fs::symlink("/dev/full", &part).unwrap();
    let (options, events) = watched();
    let error = download(
        wanted(std::slice::from_ref(&piece), &copies),
        &folder,
        options,
    )
    .await
    .unwrap_err();
    assert!(matches!(error, TransferError::Stopped(_)), "{error}");
    assert_eq!(error.code(), "storage_full");
    assert!(error.to_string().contains(folder.name()), "{error}");
    assert!(failed(&events).is_empty());
    assert!(!folder.has(&piece.cid).await.unwrap());
    assert_eq!(double.count(Route::Read), 1);
}

#[tokio::test]
async fn second_download_into_the_same_folder_at_the_same_time_is_refused() {
    let piece = Piece::new(6, 900_000);
    let double = Double::with(&[&piece]);
    double.desk().delay = Duration::from_millis(200);
    let copies: Vec<Arc<dyn Store>> = vec![Arc::new(server(&double))];
    let (_guard, folder) = folder();
    let all = wanted(std::slice::from_ref(&piece), &copies);
    let first = download(all.clone(), &folder, TransferOptions::default());
    let second = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        download(all.clone(), &folder, TransferOptions::default()).await
    };
    let (first, second) = tokio::join!(first, second);
    first.unwrap();
    assert_eq!(second.unwrap_err().code(), "transfer_busy");
    assert_there(folder.path(), &[piece]);
}

#[tokio::test]
async fn piece_that_is_wanted_twice_is_fetched_once_and_from_all_its_copies() {
    let piece = Piece::new(7, 300_000);
    let (gone, double) = (Double::start(), Double::with(&[&piece]));
    let (_guard, folder) = folder();
    let one = |store: Arc<dyn Store>| Wanted {
        piece: piece.cid,
        copies: vec![store],
    };
    let all = vec![one(Arc::new(server(&gone))), one(Arc::new(server(&double)))];
    let done = download(all, &folder, TransferOptions::default())
        .await
        .unwrap();
    assert_eq!(done.pieces, 1);
    assert_there(folder.path(), std::slice::from_ref(&piece));
}
