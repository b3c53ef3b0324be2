//! What an honest server is asked for, and what comes of it.

use std::io::{Cursor, Read, Seek, SeekFrom};

use futures::{AsyncReadExt, AsyncSeekExt};
use stheno::{
    Error, FileReader,
    envelope::{ChunkSize, EnvelopeError, Header},
    source::{HttpSource, Local},
};

use super::{
    CHUNK, Sealed, cek, quick,
    server::{Lie, Server},
};

async fn remote(server: &Server) -> FileReader<HttpSource> {
    let (header, source) = HttpSource::open_envelope(server.url.clone(), quick())
        .await
        .unwrap();
    FileReader::new(&header, &cek(), source).unwrap()
}

#[tokio::test]
async fn range_fetches_the_header_and_the_chunks_that_it_touches() {
    let sealed = Sealed::of_3_mib();
    let server = Server::start(&sealed.envelope, &[]);
    let mut file = remote(&server).await;
    let range = 700_000..700_000 + (1 << 20);
    let bytes = file.read_range(range.clone()).await.unwrap();
    assert!(*bytes == sealed.plaintext[700_000..700_000 + (1 << 20)]);

    // A mebibyte that begins inside of chunk 2 ends inside of chunk 6.
    let seen = server.seen();
    let header = sealed.envelope.len() - sealed.plaintext.len() - 13 * 16;
    let start = header + 2 * CHUNK as usize;
    assert_eq!(
        seen,
        [
            (Some(0..4096), 4096),
            (Some(start..start + 5 * CHUNK as usize), 5 * CHUNK as usize),
        ]
    );
    assert_eq!(file.source().requests(), 2);
    assert_eq!(file.source().bytes_fetched(), 4096 + 5 * CHUNK);
    assert_eq!(file.bytes_fetched(), 5 * CHUNK);

    // The same once more comes from memory.
    file.read_range(range).await.unwrap();
    assert_eq!(file.source().requests(), 2);
}

#[tokio::test]
async fn size_costs_the_final_chunk_once() {
    let sealed = Sealed::of_3_mib();
    let server = Server::start(&sealed.envelope, &[]);
    let mut file = remote(&server).await;
    for _ in 0..2 {
        assert_eq!(file.size().await.unwrap(), sealed.plaintext.len() as u64);
    }
    assert_eq!(file.source().requests(), 2);
    assert_eq!(file.source().bytes_fetched(), 4096 + 1000 + 16);
}

#[tokio::test]
async fn whole_file_is_copied_in_order() {
    for (bytes, chunk) in [
        (0, ChunkSize::MIN_WRITTEN),
        (1, ChunkSize::MIN_WRITTEN),
        ((5 << 20) + 17, ChunkSize::MIN_WRITTEN),
        (7 << 20, ChunkSize::DEFAULT),
        ((9 << 20) + 5, ChunkSize::new(4 << 20).unwrap()),
    ] {
        let sealed = Sealed::new(bytes, chunk);
        let server = Server::start(&sealed.envelope, &[]);
        let mut file = remote(&server).await;
        let mut copy = Vec::new();
        file.copy_range(0..bytes as u64, &mut copy).await.unwrap();
        assert!(copy == sealed.plaintext, "{bytes}");
    }
}

#[tokio::test]
async fn range_beyond_the_end_is_refused_with_the_size() {
    let sealed = Sealed::of_3_mib();
    let size = sealed.plaintext.len() as u64;
    let server = Server::start(&sealed.envelope, &[]);
    let mut file = remote(&server).await;
    for (start, end) in [(size - 1, size + 1), (size + 5, size + 5), (9, 3)] {
        let error = file.copy_range(start..end, std::io::sink()).await;
        let error = error.unwrap_err();
        assert!(
            matches!(&error, Error::Envelope(EnvelopeError::OutOfRange { size: found, .. }) if *found == size),
            "{error}"
        );
    }
    file.copy_range(size..size, std::io::sink()).await.unwrap();
}

const PLACES: [SeekFrom; 7] = [
    SeekFrom::Start(262_100),
    SeekFrom::Current(700_000),
    SeekFrom::Current(-900_000),
    SeekFrom::End(-1),
    SeekFrom::End(100),
    SeekFrom::End(-3_000_000),
    SeekFrom::Start(u64::MAX),
];

#[tokio::test]
async fn remote_file_reads_and_seeks_like_a_local_one() {
    let sealed = Sealed::of_3_mib();
    let server = Server::start(&sealed.envelope, &[]);
    let mut file = remote(&server).await;
    let mut expected = Cursor::new(&sealed.plaintext);
    for to in PLACES {
        assert_eq!(file.seek(to).await.unwrap(), expected.seek(to).unwrap());
        let (mut found, mut wanted) = ([0; 500], [0; 500]);
        let count = expected.read(&mut wanted).unwrap();
        file.read_exact(&mut found[..count]).await.unwrap();
        assert!(found == wanted, "{to:?}");
    }
    assert_eq!(file.read(&mut [0; 9]).await.unwrap(), 0);
    assert!(file.seek(SeekFrom::End(-4_000_000)).await.is_err());
    file.seek(SeekFrom::Start(0)).await.unwrap();
    let mut all = Vec::new();
    file.read_to_end(&mut all).await.unwrap();
    assert!(all == sealed.plaintext);
}

/// On a runtime of one thread, which the reader blocks.
#[tokio::test(flavor = "current_thread")]
async fn blocking_reader_works_inside_of_a_runtime() {
    let sealed = Sealed::of_3_mib();
    let server = Server::start(&sealed.envelope, &[]);
    let mut file = remote(&server).await.into_blocking().unwrap();
    let mut expected = Cursor::new(&sealed.plaintext);
    for to in PLACES {
        assert_eq!(file.seek(to).unwrap(), expected.seek(to).unwrap());
        let (mut found, mut wanted) = ([0; 500], [0; 500]);
        let count = expected.read(&mut wanted).unwrap();
        file.read_exact(&mut found[..count]).unwrap();
        assert!(found == wanted, "{to:?}");
    }
    assert!(file.seek(SeekFrom::End(-4_000_000)).is_err());
    file.rewind().unwrap();
    let mut all = Vec::new();
    file.read_to_end(&mut all).unwrap();
    assert!(all == sealed.plaintext);
}

#[test]
fn header_is_read_without_a_runtime() {
    let sealed = Sealed::of_3_mib();
    let server = Server::start(&sealed.envelope, &[]);
    let opened = HttpSource::open_envelope_blocking(server.url.clone(), quick());
    let (header, source) = opened.unwrap();
    assert!(sealed.envelope.starts_with(header.as_bytes()));
    assert_eq!(source.requests(), 1);
}

#[tokio::test]
async fn header_larger_than_the_first_request_is_fetched_on() {
    let small = Sealed::new(100, ChunkSize::MIN_WRITTEN);
    // A label that nobody knows, with a long value, in the unprotected map.
    let header = Header::read(&mut small.envelope.as_slice()).unwrap();
    let mut bytes = header.as_bytes().to_vec();
    let map = bytes
        .windows(2)
        .rposition(|at| matches!(at[0], 0xa2..=0xa4) && at[1] == 0x05)
        .unwrap();
    bytes[map] += 1;
    // -70000 sorts behind every other label.
    let long = [
        &[0x3a, 0x00, 0x01, 0x11, 0x6f, 0x59, 0x4e, 0x20][..],
        &[0; 20_000],
    ]
    .concat();
    let end = bytes.len() - 1;
    bytes.splice(end..end, long);
    bytes.extend_from_slice(&small.envelope[header.as_bytes().len()..]);
    let server = Server::start(&bytes, &[]);
    let mut file = remote(&server).await;
    assert_eq!(file.source().requests(), 4);
    assert_eq!(*file.read_range(0..100).await.unwrap(), small.plaintext);
}

#[tokio::test]
async fn server_that_sends_less_than_asked_for_is_asked_again() {
    let sealed = Sealed::of_3_mib();
    let server = Server::start(&sealed.envelope, &[Lie::SmallerPart(100_000)]);
    let mut file = remote(&server).await;
    let bytes = file.read_range(10..600_000).await.unwrap();
    assert!(*bytes == sealed.plaintext[10..600_000]);
    assert_eq!(file.source().bytes_fetched(), 4096 + 3 * CHUNK);
}

#[tokio::test]
async fn local_file_is_read_the_same_way() {
    let sealed = Sealed::of_3_mib();
    let header = Header::read(&mut sealed.envelope.as_slice()).unwrap();
    let source = Local::new(sealed.envelope.clone()).unwrap();
    let mut file = FileReader::new(&header, &cek(), source).unwrap();
    let bytes = file.read_range(1_000_000..2_000_000).await.unwrap();
    assert!(*bytes == sealed.plaintext[1_000_000..2_000_000]);
    assert_eq!(file.bytes_fetched(), 5 * CHUNK);
}
