//! Servers that lie, break off and change their minds: an error that names it, never wrong data.

use std::time::Duration;

use stheno::{
    Error, FileReader,
    envelope::EnvelopeError,
    source::{HttpOptions, HttpSource, SourceError},
};

use super::{
    CHUNK, Sealed, cek, quick,
    server::{Lie, Server},
};

/// Opens, reads a range that needs two requests after the header's, and compares.
async fn read(server: &Server, sealed: &Sealed, options: HttpOptions) -> Result<(), Error> {
    let (header, source) = HttpSource::open_envelope(server.url.clone(), options).await?;
    let mut file = FileReader::new(&header, &cek(), source)?;
    let range = 100..2_900_000;
    let bytes = file.read_range(range).await?;
    assert!(*bytes == sealed.plaintext[100..2_900_000]);
    Ok(())
}

async fn fault(lies: &[Lie]) -> (Error, Server) {
    let sealed = Sealed::of_3_mib();
    let server = Server::start(&sealed.envelope, lies);
    let error = read(&server, &sealed, quick()).await.unwrap_err();
    let text = error.to_string();
    assert!(!text.contains("secret"), "{text}");
    assert!(!error.hint().is_empty());
    (error, server)
}

#[tokio::test]
async fn every_lie_is_named_from_the_first_answer_on() {
    for (lie, code) in [
        (Lie::IgnoresRange, "ranges_not_served"),
        (Lie::ShiftedPart, "source_contradicts_itself"),
        (Lie::WrongContentRange, "source_contradicts_itself"),
        (Lie::NoContentRange, "source_contradicts_itself"),
        (Lie::UnknownSize, "source_contradicts_itself"),
        (Lie::TooMuch, "source_contradicts_itself"),
        (Lie::Encoded, "source_contradicts_itself"),
        (Lie::Redirect, "source_redirects"),
        (Lie::Status(404), "source_refused"),
    ] {
        let (error, server) = fault(&[lie]).await;
        assert_eq!(error.code(), code, "{lie:?}: {error}");
        // Nothing to be gained by asking again.
        assert_eq!(server.seen().len(), 1, "{lie:?}");
    }
}

#[tokio::test]
async fn every_lie_is_named_later_on_too() {
    for (lie, code) in [
        (Lie::IgnoresRange, "ranges_not_served"),
        (Lie::ShiftedPart, "source_contradicts_itself"),
        (Lie::WrongContentRange, "source_contradicts_itself"),
        (Lie::NoContentRange, "source_contradicts_itself"),
        (Lie::UnknownSize, "source_contradicts_itself"),
        (Lie::LargerSize, "source_contradicts_itself"),
        (Lie::TooMuch, "source_contradicts_itself"),
        (Lie::Encoded, "source_contradicts_itself"),
        (Lie::OtherVersion, "source_changed"),
        (Lie::HonestlyOtherVersion, "source_changed"),
        (Lie::Status(416), "source_changed"),
        (Lie::Redirect, "source_redirects"),
        (Lie::Status(403), "source_refused"),
    ] {
        for honest in [1, 2] {
            let lies = [vec![Lie::None; honest], vec![lie]].concat();
            let (error, server) = fault(&lies).await;
            assert_eq!(error.code(), code, "{lie:?}: {error}");
            assert_eq!(server.seen().len(), honest + 1, "{lie:?}");
        }
    }
}

#[tokio::test]
async fn size_that_is_a_lie_from_the_start_contradicts_the_header() {
    let (error, _server) = fault(&[Lie::LargerSize]).await;
    assert!(
        matches!(
            error,
            Error::Envelope(EnvelopeError::ChunkCount { declared: 13, .. })
        ),
        "{error}"
    );
}

#[tokio::test]
async fn other_bytes_do_not_authenticate() {
    let (error, _server) = fault(&[Lie::None, Lie::OtherBytes]).await;
    assert!(
        matches!(error, Error::Envelope(EnvelopeError::Chunk { .. })),
        "{error}"
    );
}

#[tokio::test]
async fn redirect_says_where_to_without_its_secrets() {
    let (error, server) = fault(&[Lie::Redirect]).await;
    let Error::Source(SourceError::Redirected { to, .. }) = &error else {
        panic!("{error}");
    };
    let mut elsewhere = server.url.join("/elsewhere").unwrap();
    elsewhere.set_query(None);
    assert_eq!(*to, elsewhere.to_string());
}

#[tokio::test]
async fn what_breaks_off_is_fetched_on_from_there() {
    let sealed = Sealed::of_3_mib();
    let lies = [
        Lie::None,
        Lie::CutAfter(300_000),
        Lie::CutAfter(0),
        Lie::CutAfter(500_000),
        Lie::None,
    ];
    let server = Server::start(&sealed.envelope, &lies);
    let (header, source) = HttpSource::open_envelope(server.url.clone(), quick())
        .await
        .unwrap();
    let mut file = FileReader::new(&header, &cek(), source).unwrap();
    let bytes = file.read_range(0..3 << 20).await.unwrap();
    assert!(*bytes == sealed.plaintext[..3 << 20]);
    // No byte of the body twice.
    assert_eq!(file.source().bytes_fetched(), 4096 + 12 * CHUNK);
    assert_eq!(file.source().requests(), 1 + 2 + 3);
}

#[tokio::test]
async fn header_that_breaks_off_is_asked_for_again() {
    let sealed = Sealed::of_3_mib();
    let lies = [Lie::CutAfter(50), Lie::CutAfter(0), Lie::None];
    let server = Server::start(&sealed.envelope, &lies);
    read(&server, &sealed, quick()).await.unwrap();
}

#[tokio::test]
async fn server_that_always_breaks_off_is_given_up() {
    for lie in [Lie::CutAfter(0), Lie::CutAfter(10)] {
        let (error, server) = fault(&[Lie::None, lie]).await;
        assert_eq!(error.code(), "source_unreachable", "{error}");
        assert_eq!(server.seen().len(), 1 + 5);
    }
}

#[tokio::test]
async fn server_that_makes_progress_is_not_given_up() {
    let sealed = Sealed::of_3_mib();
    let server = Server::start(&sealed.envelope, &[Lie::CutAfter(270_000)]);
    let (header, source) = HttpSource::open_envelope(server.url.clone(), quick())
        .await
        .unwrap();
    let mut file = FileReader::new(&header, &cek(), source).unwrap();
    let bytes = file.read_range(0..3 << 20).await.unwrap();
    assert!(*bytes == sealed.plaintext[..3 << 20]);
    assert!(server.seen().len() > 10);
}

#[tokio::test]
async fn server_that_is_busy_is_asked_again_and_in_the_end_not() {
    let sealed = Sealed::of_3_mib();
    for status in [429, 500, 502, 503, 504] {
        let lies = [
            Lie::Status(status),
            Lie::None,
            Lie::Status(status),
            Lie::None,
        ];
        let server = Server::start(&sealed.envelope, &lies);
        read(&server, &sealed, quick()).await.unwrap();
        let server = Server::start(&sealed.envelope, &[Lie::Status(status)]);
        let error = read(&server, &sealed, quick().attempts(3)).await;
        let error = error.unwrap_err();
        assert_eq!(error.code(), "source_refused", "{error}");
        assert_eq!(server.seen().len(), 3);
    }
}

#[tokio::test]
async fn server_that_says_nothing_is_given_up() {
    // It accepts connections and never answers.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let options = quick().attempts(2).stall(Duration::from_millis(100));
    let error = HttpSource::open(url.parse().unwrap(), 1, options).await;
    let error = error.unwrap_err();
    assert!(error.to_string().contains("nothing arrived"), "{error}");
    drop(listener);
    let error = HttpSource::open(url.parse().unwrap(), 1, quick()).await;
    assert!(matches!(error, Err(SourceError::Unreachable { .. })));
}

#[tokio::test]
async fn address_that_is_none_of_http_is_refused() {
    for url in [
        "file:///etc/passwd",
        "ftp://a.example/x",
        "data:text/plain,x",
    ] {
        let error = HttpSource::open(url.parse().unwrap(), 1, quick()).await;
        assert!(
            matches!(error, Err(SourceError::BadAddress { .. })),
            "{url}"
        );
    }
}
