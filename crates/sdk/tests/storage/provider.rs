//! Pieces to a provider and back: every step, and every way in which one fails.

use std::{
    ops::Range,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use stheno::{
    bounds::BoxFuture,
    envelope::PieceCid,
    source::{Source, SourceError},
    storage::{
        MAX_PIECE_BYTES, PdpOptions, PdpProvider, PutEvent, Putting, StorageFault, Store,
        read_range, read_whole,
    },
};

use crate::{
    Piece, assert_names,
    double::{Double, Fault, Route},
    hasty, hasty_provider, provider,
};

#[tokio::test]
async fn piece_goes_to_a_provider_and_comes_back_whole_and_in_parts() {
    let double = Double::start();
    let store = provider(&double);
    let piece = Piece::new(1, 1_500_000);
    assert!(!store.has(&piece.cid).await.unwrap());
    let heard: Arc<Mutex<Vec<PutEvent>>> = Arc::default();
    let notes = Arc::clone(&heard);
    let putting = Putting {
        observer: Some(Arc::new(move |event| {
            notes.lock().unwrap().push(event.clone())
        })),
        ..Putting::default()
    };
    store
        .put(&piece.cid, piece.source(), putting)
        .await
        .unwrap();
    assert!(store.has(&piece.cid).await.unwrap());
    let heard = heard.lock().unwrap().clone();
    assert!(heard.contains(&PutEvent::Bytes(1_500_000)));
    assert!(matches!(heard.last(), Some(PutEvent::Sent(_))), "{heard:?}");

    let mut whole = Vec::new();
    read_whole(&store, &piece.cid, &mut whole).await.unwrap();
    assert!(whole == piece.bytes);
    for range in [0..1, 0..0, 700_000..1_200_000, 1_499_999..1_500_000] {
        let part = read_range(&store, &piece.cid, range.clone()).await.unwrap();
        assert!(part == piece.bytes[range.start as usize..range.end as usize]);
    }
    let beyond = read_range(&store, &piece.cid, 0..1_500_001)
        .await
        .unwrap_err();
    assert_eq!(beyond.code(), "beyond_piece");
}

#[tokio::test]
async fn provider_is_asked_again_after_faults_that_pass() {
    let piece = Piece::new(2, 300_000);
    for route in [Route::Begin, Route::Send, Route::Finalise, Route::Find] {
        for fault in [Fault::Status(500), Fault::Status(503), Fault::Busy(0)] {
            let double = Double::start();
            double.next(route, &[fault.clone(), fault.clone()]);
            let store = provider(&double);
            let put = store.put(&piece.cid, piece.source(), Putting::default());
            put.await
                .unwrap_or_else(|error| panic!("{route:?} {fault:?}: {error}"));
            assert!(double.desk().pieces[&piece.cid.to_string()] == piece.bytes);
        }
    }
}

#[tokio::test]
async fn provider_that_goes_on_failing_is_named() {
    let piece = Piece::new(3, 300_000);
    for route in [Route::Begin, Route::Send, Route::Finalise, Route::Find] {
        for fault in [
            Fault::Status(500),
            Fault::Status(403),
            Fault::Silence,
            Fault::Redirect("/pdp/piece".to_owned()),
        ] {
            let double = Double::start();
            double.always(route, fault.clone());
            let store = hasty_provider(&double);
            let began = Instant::now();
            let put = store.put(&piece.cid, piece.source(), Putting::default());
            let error = put.await.unwrap_err();
            assert_names(&error, &store, &piece);
            assert!(
                began.elapsed() < Duration::from_secs(15),
                "{route:?} {fault:?}"
            );
            let expected = match fault {
                Fault::Silence => "source_unreachable",
                Fault::Redirect(_) => "source_redirects",
                _ => "storage_refuses",
            };
            assert_eq!(error.code(), expected, "{route:?} {fault:?}: {error}");
        }
    }
}

#[tokio::test]
async fn provider_is_never_asked_before_the_time_it_names() {
    let piece = Piece::new(4, 300_000);
    let double = Double::start();
    double.next(Route::Send, &[Fault::Busy(1)]);
    let store = provider(&double);
    let put = store.put(&piece.cid, piece.source(), Putting::default());
    put.await.unwrap();
    let times: Vec<Instant> = {
        let desk = double.desk();
        let sent = desk.seen.iter().filter(|seen| seen.0 == Route::Send);
        sent.map(|seen| seen.1).collect()
    };
    assert_eq!(times.len(), 2);
    assert!(times[1] - times[0] >= Duration::from_secs(1));

    let double = Double::start();
    double.next(Route::Send, &[Fault::Busy(3600)]);
    let store = provider(&double);
    let put = store.put(&piece.cid, piece.source(), Putting::default());
    let error = put.await.unwrap_err();
    assert!(error.to_string().contains("too many offences"), "{error}");
    assert_eq!(double.count(Route::Send), 1);
}

#[tokio::test]
async fn upload_elsewhere_than_at_the_provider_is_refused() {
    let piece = Piece::new(5, 300_000);
    for location in [
        "",
        "/pdp/piece/uploads/",
        "https://other.example/pdp/piece/uploads/1f",
    ] {
        let double = Double::start();
        double.always(Route::Begin, Fault::Location(location.to_owned()));
        let store = provider(&double);
        let put = store.put(&piece.cid, piece.source(), Putting::default());
        let error = put.await.unwrap_err();
        assert_names(&error, &store, &piece);
        assert_eq!(error.code(), "source_contradicts_itself", "{error}");
        assert_eq!(double.count(Route::Send), 0);
    }
}

#[tokio::test]
async fn provider_without_space_says_so() {
    let piece = Piece::new(6, 900_000);
    let double = Double::start();
    double.always(Route::Send, Fault::Status(507));
    let store = provider(&double);
    let error = store
        .put(&piece.cid, piece.source(), Putting::default())
        .await;
    let error = error.unwrap_err();
    assert_names(&error, &store, &piece);
    assert_eq!(error.code(), "storage_full", "{error}");
    // It is no use to send it again.
    assert_eq!(double.count(Route::Send), 1);
}

#[tokio::test]
async fn provider_that_stops_reading_in_the_middle_is_given_up() {
    let piece = Piece::new(7, 64 << 20);
    let double = Double::start();
    double.always(Route::Send, Fault::StopAfter(1 << 20));
    let options = PdpOptions::default().http(hasty());
    let store = PdpProvider::new(double.url.clone(), options).unwrap();
    let began = Instant::now();
    let put = store.put(&piece.cid, piece.source(), Putting::default());
    let error = put.await.unwrap_err();
    assert!(error.to_string().contains("nothing moved"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn piece_that_was_finalised_is_not_sent_again_when_the_answer_was_lost() {
    let piece = Piece::new(8, 300_000);
    let double = Double::start();
    double.next(Route::Finalise, &[Fault::DoneBut500]);
    let store = provider(&double);
    let put = store.put(&piece.cid, piece.source(), Putting::default());
    put.await.unwrap();
    assert_eq!(double.count(Route::Send), 1);
}

#[tokio::test]
async fn upload_that_the_provider_forgot_is_sent_again() {
    let piece = Piece::new(9, 300_000);
    let double = Double::start();
    double.next(Route::Finalise, &[Fault::Status(404)]);
    let store = provider(&double);
    let put = store.put(&piece.cid, piece.source(), Putting::default());
    put.await.unwrap();
    assert_eq!(double.count(Route::Send), 2);
}

#[tokio::test]
async fn upload_of_an_earlier_process_is_finished_without_its_bytes() {
    let piece = Piece::new(10, 300_000);
    let double = Double::start();
    double.always(Route::Finalise, Fault::Status(403));
    let token: Arc<Mutex<Option<String>>> = Arc::default();
    let notes = Arc::clone(&token);
    let putting = Putting {
        observer: Some(Arc::new(move |event| {
            if let PutEvent::Sent(sent) = event {
                *notes.lock().unwrap() = Some(sent.clone());
            }
        })),
        ..Putting::default()
    };
    let store = provider(&double);
    let put = store.put(&piece.cid, piece.source(), putting);
    put.await.unwrap_err();
    double.always(Route::Finalise, Fault::None);
    let putting = |resume: &str| Putting {
        resume: Some(resume.to_owned()),
        ..Putting::default()
    };
    let resume = token.lock().unwrap().clone().unwrap();
    let put = store.put(&piece.cid, piece.source(), putting(&resume));
    put.await.unwrap();
    assert_eq!(double.count(Route::Send), 1);

    // One that is no good any more.
    let other = Piece::new(11, 300_000);
    let put = store.put(&other.cid, other.source(), putting("0000-dead"));
    put.await.unwrap();
    assert_eq!(double.count(Route::Send), 2);
}

#[tokio::test]
async fn source_that_is_another_piece_is_told_from_a_provider_that_refuses() {
    let piece = Piece::new(12, 300_000);
    let other = Piece::new(13, 300_000);
    let double = Double::start();
    let store = provider(&double);
    let put = store.put(&piece.cid, other.source(), Putting::default());
    assert_eq!(put.await.unwrap_err().code(), "piece_changed");
    let put = store.put(
        &piece.cid,
        Piece::new(12, 300_001).source(),
        Putting::default(),
    );
    assert_eq!(put.await.unwrap_err().code(), "piece_changed");

    double.always(Route::Finalise, Fault::Status(400));
    let put = store.put(&piece.cid, piece.source(), Putting::default());
    let error = put.await.unwrap_err();
    assert_names(&error, &store, &piece);
    let said = StorageFault::Refused {
        status: 400,
        words: "because [eid: 1]".to_owned(),
    };
    assert_eq!(*error.fault, said);
}

#[tokio::test]
async fn source_that_cannot_be_read_is_not_the_provider_s_fault() {
    let piece = Piece::new(14, 600_000);
    let broken = Broken(piece.bytes.clone());
    let double = Double::start();
    let put = provider(&double)
        .put(&piece.cid, Arc::new(broken), Putting::default())
        .await;
    assert_eq!(put.unwrap_err().code(), "piece_unreadable");
    assert_eq!(double.count(Route::Begin), 1);
}

#[tokio::test]
async fn piece_is_stored_when_the_provider_finds_it_and_not_before() {
    let piece = Piece::new(15, 300_000);
    let double = Double::start();
    double.desk().parking = 3;
    let store = provider(&double);
    let put = store.put(&piece.cid, piece.source(), Putting::default());
    put.await.unwrap();
    assert_eq!(double.count(Route::Find), 4);

    let never = Piece::new(16, 300_000);
    double.desk().parking = usize::MAX;
    let store = hasty_provider(&double);
    let put = store.put(&never.cid, never.source(), Putting::default());
    let error = put.await.unwrap_err();
    assert_names(&error, &store, &never);
    assert_eq!(error.code(), "storage_unconfirmed");
}

#[tokio::test]
async fn provider_that_speaks_of_another_piece_has_nothing() {
    let piece = Piece::new(17, 300_000);
    let double = Double::with(&[&piece]);
    double.always(Route::Find, Fault::OtherName);
    let store = provider(&double);
    let error = store.has(&piece.cid).await.unwrap_err();
    assert_names(&error, &store, &piece);
    assert_eq!(error.code(), "source_contradicts_itself");
}

#[tokio::test]
async fn piece_that_no_provider_takes_is_refused_before_anything_is_sent() {
    let double = Double::start();
    let store = provider(&double);
    let small = Piece::new(18, 126);
    let put = store.put(&small.cid, small.source(), Putting::default());
    assert_eq!(put.await.unwrap_err().code(), "piece_size");
    let large = larger_than_most();
    let put = store.put(&large, Arc::new(Broken(Vec::new())), Putting::default());
    assert_eq!(put.await.unwrap_err().code(), "piece_size");
    assert!(double.desk().seen.is_empty());

    let least = Piece::new(19, 127);
    let put = store.put(&least.cid, least.source(), Putting::default());
    put.await.unwrap();
}

/// The name of a piece of one byte more than the most: a height of 26, almost half of it padding.
fn larger_than_most() -> PieceCid {
    let mut padding = (127_u64 << 24) - (MAX_PIECE_BYTES + 1);
    let mut digest = Vec::new();
    while padding >= 0x80 {
        digest.push(padding as u8 | 0x80);
        padding >>= 7;
    }
    digest.push(padding as u8);
    digest.push(26);
    digest.extend([1; 32]);
    let mut cid = vec![0x01, 0x55, 0x91, 0x20, digest.len() as u8];
    cid.extend(digest);
    let cid = PieceCid::from_bytes(&cid).unwrap();
    assert_eq!(cid.payload_len(), MAX_PIECE_BYTES + 1);
    cid
}

/// Reads its first part, and no other.
struct Broken(Vec<u8>);

impl Source for Broken {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn fetch(&self, range: Range<u64>) -> BoxFuture<'_, Result<Vec<u8>, SourceError>> {
        let read = match range.start {
            0 => Ok(self.0[..range.end as usize].to_vec()),
            _ => Err(SourceError::Unreadable {
                why: "the disk is on fire".to_owned(),
            }),
        };
        Box::pin(std::future::ready(read))
    }
}
