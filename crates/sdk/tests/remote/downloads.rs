//! The whole object in order.

use std::io::Read;

use stheno::{
    envelope::{Decryptor, Header},
    source::{HttpDownload, SourceError},
};

use super::{
    Sealed, cek, quick,
    server::{Lie, Server},
};

fn download(server: &Server) -> Result<Vec<u8>, SourceError> {
    let mut download = HttpDownload::start(server.url.clone(), quick())?;
    let mut bytes = Vec::new();
    download
        .read_to_end(&mut bytes)
        .map_err(|error| error.downcast::<SourceError>().unwrap())?;
    Ok(bytes)
}

#[test]
fn download_is_one_plain_request() {
    let sealed = Sealed::of_3_mib();
    let server = Server::start(&sealed.envelope, &[]);
    let mut download = HttpDownload::start(server.url.clone(), quick()).unwrap();
    assert_eq!(download.size(), Some(sealed.envelope.len() as u64));
    let header = Header::read(&mut download).unwrap();
    let mut plaintext = Vec::new();
    let decryptor = Decryptor::new(&header, &cek()).unwrap();
    decryptor.decrypt(download, &mut plaintext).unwrap();
    assert!(plaintext == sealed.plaintext);
    assert_eq!(server.seen(), [(None, sealed.envelope.len())]);
}

/// On a runtime of one thread, which the download blocks.
#[tokio::test(flavor = "current_thread")]
async fn download_works_inside_of_a_runtime() {
    let sealed = Sealed::of_3_mib();
    let server = Server::start(&sealed.envelope, &[Lie::IgnoresRange]);
    assert!(download(&server).unwrap() == sealed.envelope);
}

#[test]
fn download_without_a_length_ends_where_it_ends() {
    let sealed = Sealed::of_3_mib();
    let server = Server::start(&sealed.envelope, &[Lie::NoLength]);
    let mut download = HttpDownload::start(server.url.clone(), quick()).unwrap();
    assert_eq!(download.size(), None);
    let mut bytes = Vec::new();
    download.read_to_end(&mut bytes).unwrap();
    assert!(bytes == sealed.envelope);
}

#[test]
fn download_that_breaks_off_goes_on_from_there() {
    let sealed = Sealed::of_3_mib();
    let lies = [
        Lie::CutAfter(0),
        Lie::CutAfter(1_000_000),
        Lie::Status(503),
        Lie::CutAfter(1_000_000),
        Lie::SmallerPart(400_000),
        Lie::None,
    ];
    let server = Server::start(&sealed.envelope, &lies);
    assert!(download(&server).unwrap() == sealed.envelope);
}

#[test]
fn download_fails_when_what_broke_off_cannot_go_on() {
    let sealed = Sealed::of_3_mib();
    for (lie, code) in [
        (Lie::IgnoresRange, "ranges_not_served"),
        (Lie::OtherVersion, "source_changed"),
        (Lie::HonestlyOtherVersion, "source_changed"),
        (Lie::LargerSize, "source_contradicts_itself"),
        (Lie::ShiftedPart, "source_contradicts_itself"),
        (Lie::TooMuch, "source_contradicts_itself"),
        (Lie::Redirect, "source_redirects"),
        (Lie::CutAfter(0), "source_unreachable"),
    ] {
        let server = Server::start(&sealed.envelope, &[Lie::CutAfter(1_000_000), lie]);
        let error = download(&server).unwrap_err();
        assert_eq!(error.code(), code, "{lie:?}: {error}");
    }
}

#[test]
fn download_fails_before_a_byte_is_read_when_the_server_refuses() {
    let sealed = Sealed::of_3_mib();
    for (lie, code) in [
        (Lie::Redirect, "source_redirects"),
        (Lie::Status(404), "source_refused"),
        (Lie::Encoded, "source_contradicts_itself"),
    ] {
        let server = Server::start(&sealed.envelope, &[lie]);
        let error = HttpDownload::start(server.url.clone(), quick()).unwrap_err();
        assert_eq!(error.code(), code, "{lie:?}: {error}");
    }
}

#[test]
fn download_may_be_dropped_unread() {
    let sealed = Sealed::of_3_mib();
    let server = Server::start(&sealed.envelope, &[]);
    drop(HttpDownload::start(server.url.clone(), quick()).unwrap());
}
