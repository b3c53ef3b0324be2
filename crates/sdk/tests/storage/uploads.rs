//! Many pieces to several stores: broken off and gone on with, none sent twice.

use std::{fs, sync::Arc};

use stheno::storage::{
    Folder, HttpStore, Outgoing, Store, TransferError, TransferEvent, TransferOptions, upload,
};

use crate::{
    Piece,
    double::{Double, Fault, Route},
    drop_when, provider, quick, watched,
};

fn pieces(count: u64, len: usize) -> Vec<Piece> {
    (0..count).map(|seed| Piece::new(200 + seed, len)).collect()
}

fn outgoing(pieces: &[Piece]) -> Vec<Outgoing> {
    let outgoing = pieces.iter().map(|piece| Outgoing {
        piece: piece.cid,
        source: piece.source(),
    });
    outgoing.collect()
}

#[tokio::test]
async fn pieces_go_to_every_store_and_no_bytes_go_twice() {
    let pieces = pieces(5, 700_000);
    let (double, place) = (Double::start(), tempfile::tempdir().unwrap());
    double
        .desk()
        .pieces
        .insert(pieces[4].cid.to_string(), pieces[4].bytes.clone());
    let folder = Folder::open(place.path().join("pieces")).unwrap();
    let stores: Vec<Arc<dyn Store>> = vec![Arc::new(provider(&double)), Arc::new(folder.clone())];
    let journal = place.path().join("journal");
    let (options, events) = watched();
    let done = upload(outgoing(&pieces), &stores, &journal, options)
        .await
        .unwrap();
    assert_eq!((done.pieces, done.already, done.bytes), (10, 1, 7_000_000));
    for piece in &pieces {
        assert!(double.desk().pieces[&piece.cid.to_string()] == piece.bytes);
        folder.verify(&piece.cid).await.unwrap();
    }
    assert!(!journal.exists());
    let last = events
        .lock()
        .unwrap()
        .iter()
        .rev()
        .find_map(|event| match event {
            TransferEvent::Progress { done, total } => Some((*done, *total)),
            _ => None,
        });
    assert_eq!(last, Some((7_000_000, 7_000_000)));

    let before = double.bytes(Route::Send);
    let done = upload(
        outgoing(&pieces),
        &stores,
        &journal,
        TransferOptions::default(),
    )
    .await;
    assert_eq!(done.unwrap().already, 10);
    assert_eq!(double.bytes(Route::Send), before);
}

#[tokio::test]
async fn store_that_fails_is_named_and_keeps_neither_the_others_nor_the_other_pieces() {
    let pieces = pieces(3, 300_000);
    let (bad, good) = (Double::start(), Double::start());
    bad.next(Route::Send, &[Fault::Status(507)]);
    let stores: Vec<Arc<dyn Store>> = vec![
        Arc::new(provider(&bad)),
        Arc::new(provider(&good)),
        Arc::new(HttpStore::folder(good.url.join("piece").unwrap(), quick()).unwrap()),
    ];
    let place = tempfile::tempdir().unwrap();
    let journal = place.path().join("journal");
    let one_by_one = TransferOptions::default().parallel(std::num::NonZeroUsize::MIN);
    let work = upload(outgoing(&pieces), &stores[..2], &journal, one_by_one);
    let error = work.await.unwrap_err();
    let TransferError::Incomplete { lost, of } = &error else {
        panic!("{error}")
    };
    assert_eq!((lost.len(), *of), (1, 6));
    assert_eq!(lost[0].piece, pieces[0].cid);
    assert_eq!(lost[0].tried[0].code(), "storage_full");
    assert!(error.to_string().contains(stores[0].name()), "{error}");
    assert_eq!(good.desk().pieces.len(), 3);
    assert_eq!(bad.desk().pieces.len(), 2);

    // The journal knows who has what: only what is missing is asked about.
    let (asked, other) = (bad.count(Route::Find), good.desk().seen.len());
    let work = upload(
        outgoing(&pieces),
        &stores[..2],
        &journal,
        TransferOptions::default(),
    );
    assert_eq!(work.await.unwrap().already, 5);
    assert_eq!(bad.count(Route::Find), asked + 2);
    assert_eq!(good.desk().seen.len(), other);

    // To be read only: what is there is there, and what is not cannot be put.
    let work = upload(
        outgoing(&pieces),
        &stores[2..],
        &journal,
        TransferOptions::default(),
    );
    assert_eq!(work.await.unwrap().already, 3);
    let more = outgoing(&[Piece::new(1, 300_000)]);
    let work = upload(more, &stores[2..], &journal, TransferOptions::default());
    let TransferError::Incomplete { lost, .. } = work.await.unwrap_err() else {
        panic!()
    };
    assert_eq!(lost[0].tried[0].code(), "storage_read_only");
}

#[tokio::test]
async fn upload_that_is_dropped_before_it_is_finalised_sends_no_bytes_again() {
    let pieces = pieces(2, 900_000);
    let double = Double::start();
    double.always(Route::Finalise, Fault::Silence);
    let stores: Vec<Arc<dyn Store>> = vec![Arc::new(provider(&double))];
    let place = tempfile::tempdir().unwrap();
    let journal = place.path().join("journal");
    let work = upload(
        outgoing(&pieces),
        &stores,
        &journal,
        TransferOptions::default(),
    );
    drop_when(work, || double.count(Route::Finalise) == 2).await;
    assert_eq!(double.count(Route::Send), 2);
    double.always(Route::Finalise, Fault::None);
    let work = upload(
        outgoing(&pieces),
        &stores,
        &journal,
        TransferOptions::default(),
    );
    work.await.unwrap();
    assert_eq!(double.count(Route::Send), 2);
    assert_eq!(double.desk().pieces.len(), 2);
}

#[tokio::test]
async fn upload_whose_journal_is_cut_at_any_byte_ends_with_every_piece_there() {
    let pieces = pieces(2, 300);
    let place = tempfile::tempdir().unwrap();
    let journal = place.path().join("journal");
    // A journal of an upload that was broken off with one piece done and one sent.
    let double = Double::start();
    let stores: Vec<Arc<dyn Store>> = vec![Arc::new(provider(&double))];
    double.next(Route::Finalise, &[Fault::None, Fault::Status(403)]);
    let one_by_one = TransferOptions::default().parallel(std::num::NonZeroUsize::MIN);
    let work = upload(outgoing(&pieces), &stores, &journal, one_by_one);
    work.await.unwrap_err();
    let bytes = fs::read(&journal).unwrap();
    assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 4);

    let mut sent_again = 0;
    for cut in 0..=bytes.len() {
        fs::write(&journal, &bytes[..cut]).unwrap();
        double.desk().pieces.remove(&pieces[1].cid.to_string());
        let before = double.count(Route::Send);
        let work = upload(
            outgoing(&pieces),
            &stores,
            &journal,
            TransferOptions::default(),
        );
        work.await.unwrap();
        sent_again += double.count(Route::Send) - before;
        for piece in &pieces {
            assert!(
                double.desk().pieces[&piece.cid.to_string()] == piece.bytes,
                "{cut}"
            );
        }
    }
    assert!(sent_again > 0 && sent_again <= bytes.len() + 1);
}

#[tokio::test]
async fn piece_whose_source_changed_is_named() {
    let (piece, other) = (Piece::new(3, 300_000), Piece::new(4, 300_000));
    let double = Double::start();
    let stores: Vec<Arc<dyn Store>> = vec![Arc::new(provider(&double))];
    let place = tempfile::tempdir().unwrap();
    let wrong = vec![Outgoing {
        piece: piece.cid,
        source: other.source(),
    }];
    let journal = place.path().join("journal");
    let error = upload(wrong, &stores, &journal, TransferOptions::default())
        .await
        .unwrap_err();
    let TransferError::Incomplete { lost, .. } = error else {
        panic!()
    };
    assert_eq!(lost[0].piece, piece.cid);
    assert_eq!(lost[0].tried[0].code(), "piece_changed");
    assert!(double.desk().pieces.is_empty());
}

#[tokio::test]
async fn journal_that_cannot_be_written_stops_the_upload_before_it_begins() {
    let double = Double::start();
    let stores: Vec<Arc<dyn Store>> = vec![Arc::new(provider(&double))];
    let place = tempfile::tempdir().unwrap();
    let journal = place.path().join("no/such/folder/journal");
    let work = upload(
        outgoing(&pieces(1, 300)),
        &stores,
        &journal,
        TransferOptions::default(),
    );
    let error = work.await.unwrap_err();
    assert_eq!(error.code(), "storage_disk");
    assert!(
        error.to_string().contains("no/such/folder/journal"),
        "{error}"
    );
    assert!(double.desk().seen.is_empty());
}
