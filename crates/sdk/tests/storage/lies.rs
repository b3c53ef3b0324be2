//! Every lie about a piece is an error that names who told it and about what; and the next copy is
//! tried.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use stheno::{
    source::Redirects,
    storage::{
        Folder, HttpStore, StorageError, Store, TransferEvent, Wanted, download, read_range,
        read_whole,
    },
};

use crate::{
    Piece, assert_names,
    double::{Double, Fault, Route},
    failed, hasty, hasty_provider, provider, quick, server, watched,
};

/// What comes of each fault when the whole is read.
fn whole() -> Vec<(Fault, &'static str)> {
    vec![
        (Fault::OtherBytes, "other_bytes_stored"),
        (Fault::Shorter, "source_contradicts_itself"),
        (Fault::Longer, "source_contradicts_itself"),
        (Fault::TooMuch, "source_contradicts_itself"),
        (Fault::Encoded, "source_contradicts_itself"),
        (Fault::CutAfter(0), "source_unreachable"),
        (Fault::StopAfter(0), "source_unreachable"),
        (Fault::Drip, "source_unreachable"),
        (Fault::Silence, "source_unreachable"),
        (Fault::Status(404), "not_stored"),
        (Fault::Status(403), "source_refused"),
        (Fault::Status(500), "source_refused"),
        (Fault::Busy(3600), "source_refused"),
        (
            Fault::Redirect("http://127.0.0.1:1/elsewhere".to_owned()),
            "source_redirects",
        ),
    ]
}

/// What comes of each fault when a part is read.
fn part() -> Vec<(Fault, &'static str)> {
    vec![
        (Fault::NoRange, "ranges_not_served"),
        (Fault::ShiftedPart, "source_contradicts_itself"),
        (Fault::WrongContentRange, "source_contradicts_itself"),
        (Fault::Shorter, "source_contradicts_itself"),
        (Fault::Longer, "source_contradicts_itself"),
        (Fault::TooMuch, "source_contradicts_itself"),
        (Fault::Encoded, "source_contradicts_itself"),
        (Fault::CutAfter(0), "source_unreachable"),
        (Fault::Status(404), "not_stored"),
    ]
}

fn stores(double: &Double) -> Vec<Arc<dyn Store>> {
    let base = double.url.join("piece").unwrap();
    vec![
        Arc::new(HttpStore::folder(base, hasty()).unwrap()),
        Arc::new(hasty_provider(double)),
    ]
}

#[tokio::test]
async fn lie_about_the_whole_is_an_error_that_names_store_and_piece() {
    let piece = Piece::new(1, 50_000);
    for (fault, code) in whole() {
        let double = Double::with(&[&piece]);
        double.always(Route::Read, fault.clone());
        for store in stores(&double) {
            let began = Instant::now();
            let mut bytes = Vec::new();
            let read = read_whole(store.as_ref(), &piece.cid, &mut bytes).await;
            let error = read.expect_err(&format!("{fault:?}"));
            assert_eq!(error.code(), code, "{fault:?}: {error}");
            assert_names(&error, store.as_ref(), &piece);
            assert!(began.elapsed() < Duration::from_secs(5), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn lie_about_a_part_is_an_error_that_names_store_and_piece() {
    let piece = Piece::new(2, 50_000);
    for (fault, code) in part() {
        let double = Double::with(&[&piece]);
        double.always(Route::Read, fault.clone());
        for store in stores(&double) {
            let read = read_range(store.as_ref(), &piece.cid, 10_000..20_000).await;
            let error = read.expect_err(&format!("{fault:?}"));
            assert_eq!(error.code(), code, "{fault:?}: {error}");
            assert_names(&error, store.as_ref(), &piece);
        }
    }
}

#[tokio::test]
async fn next_copy_is_tried_after_each_lie() {
    let piece = Piece::new(3, 50_000);
    let honest = Double::with(&[&piece]);
    for (fault, code) in whole() {
        let liar = Double::with(&[&piece]);
        liar.always(Route::Read, fault.clone());
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::open(folder.path().join("pieces")).unwrap();
        let mut copies = stores(&liar);
        copies.truncate(1);
        copies.push(Arc::new(server(&honest)));
        let (piece_cid, liar_name) = (piece.cid, copies[0].name().to_owned());
        let wanted = vec![Wanted {
            piece: piece_cid,
            copies,
        }];
        let (options, events) = watched();
        download(wanted, &folder, options).await.unwrap();
        assert!(std::fs::read(folder.path_of(&piece.cid)).unwrap() == piece.bytes);
        let failed: Vec<StorageError> = failed(&events);
        assert_eq!(failed.len(), 1, "{fault:?}");
        assert_eq!(failed[0].store, liar_name);
        assert_eq!(failed[0].code(), code, "{fault:?}");
        let events = events.lock().unwrap();
        let by = events.iter().find_map(|event| match event {
            TransferEvent::Whole { store, .. } => Some(store.clone()),
            _ => None,
        });
        assert_eq!(by.as_deref(), Some(server(&honest).name()));
    }
}

#[tokio::test]
async fn redirect_is_followed_within_the_origin_or_where_it_was_asked_for() {
    let piece = Piece::new(4, 50_000);
    let double = Double::with(&[&piece]);
    let to = format!("/elsewhere/{}", piece.cid);
    double.always(Route::Read, Fault::Redirect(to.clone()));
    let mut bytes = Vec::new();
    read_whole(&provider(&double), &piece.cid, &mut bytes)
        .await
        .unwrap();
    assert!(bytes == piece.bytes);

    let base = double.url.join("piece").unwrap();
    let refused = quick().redirects(Redirects::Refused);
    let store = HttpStore::folder(base, refused).unwrap();
    let read = read_range(&store, &piece.cid, 0..10).await;
    assert_eq!(read.unwrap_err().code(), "source_redirects");

    // Another port is another origin.
    let other = Double::with(&[&piece]);
    let away = other.url.join(&to).unwrap().to_string();
    double.always(Route::Read, Fault::Redirect(away));
    let read = read_range(&server(&double), &piece.cid, 0..10).await;
    assert_eq!(read.unwrap_err().code(), "source_redirects");
    assert!(other.desk().seen.is_empty());
    let base = double.url.join("piece").unwrap();
    let store = HttpStore::folder(base, quick().redirects(Redirects::Anywhere)).unwrap();
    read_range(&store, &piece.cid, 0..10).await.unwrap();

    // In a circle.
    let circle = format!("/piece/{}", piece.cid);
    double.always(Route::Read, Fault::Redirect(circle));
    let read = read_range(&server(&double), &piece.cid, 0..10).await;
    assert_eq!(read.unwrap_err().code(), "source_redirects");
}

#[tokio::test]
async fn piece_of_another_length_is_not_there() {
    let piece = Piece::new(5, 50_000);
    let double = Double::with(&[&piece]);
    let store = server(&double);
    assert!(store.has(&piece.cid).await.unwrap());
    assert!(!store.has(&Piece::new(6, 50_000).cid).await.unwrap());
    for fault in [Fault::Shorter, Fault::Longer] {
        double.next(Route::Head, &[fault]);
        let error = store.has(&piece.cid).await.unwrap_err();
        assert_names(&error, &store, &piece);
        assert_eq!(error.code(), "source_contradicts_itself");
    }
}

#[tokio::test]
async fn server_without_head_is_asked_for_the_first_byte() {
    let piece = Piece::new(8, 50_000);
    let double = Double::with(&[&piece]);
    let store = server(&double);
    for status in [405, 501] {
        double.always(Route::Head, Fault::Status(status));
        assert!(store.has(&piece.cid).await.unwrap());
        assert!(!store.has(&Piece::new(9, 50_000).cid).await.unwrap());
    }
    double.always(Route::Read, Fault::Longer);
    let error = store.has(&piece.cid).await.unwrap_err();
    assert_eq!(error.code(), "source_contradicts_itself");
}

#[tokio::test]
async fn what_breaks_off_is_asked_for_again_from_there() {
    let piece = Piece::new(7, 2_000_000);
    let double = Double::with(&[&piece]);
    double.next(
        Route::Read,
        &[Fault::CutAfter(700_000), Fault::StopAfter(500_000)],
    );
    let base = double.url.join("piece").unwrap();
    let store = HttpStore::folder(base, hasty().attempts(3)).unwrap();
    let mut bytes = Vec::new();
    read_whole(&store, &piece.cid, &mut bytes).await.unwrap();
    assert!(bytes == piece.bytes);
    assert_eq!(double.count(Route::Read), 3);
    assert_eq!(double.bytes(Route::Read), 2_000_000);
}

#[tokio::test]
async fn address_of_no_server_is_refused() {
    for address in ["file:///etc/passwd", "ftp://a.example/", "data:,x"] {
        let error = HttpStore::object(address.parse().unwrap(), quick()).unwrap_err();
        assert_eq!(error.code(), "bad_url", "{address}");
    }
}
