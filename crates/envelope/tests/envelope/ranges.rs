//! Reading parts of a file, over honest and lying storage.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use stheno_envelope::{EnvelopeError, Header, RangeReader};

use super::vectors::Case;

fn reader(envelope: &[u8], case: &Case) -> Result<RangeReader<Cursor<Vec<u8>>>, EnvelopeError> {
    let mut source = Cursor::new(envelope.to_vec());
    let header = Header::read(&mut source)?;
    RangeReader::new(&header, &case.cek(), source)
}

/// The cause inside of an I/O error.
fn cause(error: io::Error) -> EnvelopeError {
    *error
        .into_inner()
        .unwrap()
        .downcast::<EnvelopeError>()
        .unwrap()
}

#[test]
fn range_reader_reads_every_vector_whole() {
    for case in Case::all() {
        let mut reader = reader(&case.envelope(), &case).unwrap();
        let mut plaintext = Vec::new();
        reader.read_to_end(&mut plaintext).unwrap();
        assert!(plaintext == case.plaintext(), "{}", case.name);
        assert_eq!(reader.size().unwrap(), plaintext.len() as u64);
    }
}

#[test]
fn range_reader_seeks_like_a_file() {
    let case = Case::named("chunked-4096-20000");
    let plaintext = case.plaintext();
    let mut reader = reader(&case.envelope(), &case).unwrap();
    let mut expected = Cursor::new(&plaintext);
    for to in [
        SeekFrom::End(-1),
        SeekFrom::Start(4095),
        SeekFrom::Current(4000),
        SeekFrom::Current(-5000),
        SeekFrom::End(100),
        SeekFrom::End(-20_000),
        SeekFrom::Start(u64::MAX),
    ] {
        assert_eq!(reader.seek(to).unwrap(), expected.seek(to).unwrap());
        let (mut found, mut wanted) = ([0; 100], [0; 100]);
        let count = expected.read(&mut wanted).unwrap();
        reader.read_exact(&mut found[..count]).unwrap();
        assert_eq!(found, wanted, "{to:?}");
    }
    assert!(reader.seek(SeekFrom::End(-20_001)).is_err());
}

#[test]
fn range_reader_refuses_ranges_beyond_the_end() {
    let case = Case::named("chunked-4096-20000");
    let mut reader = reader(&case.envelope(), &case).unwrap();
    for (start, end) in [(0, 20_001), (20_001, 20_001), (19_999, u64::MAX)] {
        let result = reader.copy_range(start..end, io::sink());
        assert!(matches!(
            result,
            Err(EnvelopeError::OutOfRange { size: 20_000, .. })
        ));
    }
    #[allow(clippy::reversed_empty_ranges, reason = "a caller may get it wrong")]
    let reversed = reader.copy_range(10..5, io::sink());
    assert!(matches!(reversed, Err(EnvelopeError::OutOfRange { .. })));
    reader.copy_range(20_000..20_000, io::sink()).unwrap();
}

#[test]
fn range_reader_reports_no_size_and_no_end_of_a_shortened_file() {
    let case = Case::named("chunked-4096-20000");
    // Without the chunk count, which would already tell.
    let mut envelope = case.envelope();
    let count = envelope
        .windows(5)
        .position(|window| window == [0x3a, 0x00, 0x01, 0x00, 0xfe])
        .unwrap();
    envelope[count + 4] = 0xfd - 1;
    let header_len = Header::read(&mut envelope.as_slice())
        .unwrap()
        .as_bytes()
        .len();
    envelope.truncate(header_len + 3 * 4112);

    let mut reader = reader(&envelope, &case).unwrap();
    // What is there can be read, as it is what it says.
    let mut first = [0; 8192];
    reader.read_exact(&mut first).unwrap();
    assert!(first[..] == case.plaintext()[..8192]);
    let truncated = |error| matches!(error, EnvelopeError::Truncated { index: 3 });
    assert!(reader.size().is_err_and(truncated));
    assert!(truncated(cause(reader.seek(SeekFrom::End(0)).unwrap_err())));
    reader.seek(SeekFrom::Start(12_288)).unwrap();
    assert!(truncated(cause(reader.read(&mut first).unwrap_err())));
    reader.seek(SeekFrom::Start(1_000_000)).unwrap();
    assert!(truncated(cause(reader.read(&mut first).unwrap_err())));
    let result = reader.copy_range(0..20_000, io::sink());
    assert!(result.is_err_and(truncated));
}

#[test]
fn range_reader_fails_for_lengths_that_contradict_the_header() {
    let case = Case::named("chunked-4096-12288");
    let envelope = case.envelope();
    let opening = |bytes: &[u8]| reader(bytes, &case).map(|_| ());
    assert!(matches!(
        opening(&envelope[..envelope.len() - 4112]),
        Err(EnvelopeError::ChunkCount {
            declared: 3,
            found: 2
        })
    ));
    let longer = [&envelope[..], &[0; 17]].concat();
    assert!(matches!(
        opening(&longer),
        Err(EnvelopeError::ChunkCount {
            declared: 3,
            found: 4
        })
    ));
    assert!(matches!(
        opening(&envelope[..envelope.len() - 4112 + 10]),
        Err(EnvelopeError::Truncated { .. })
    ));
}

#[test]
fn range_reader_fails_for_damage_in_the_chunk_that_is_read_alone() {
    let case = Case::named("chunked-4096-20000");
    let mut envelope = case.envelope();
    let header_len = envelope.len() - 20_000 - 5 * 16;
    envelope[header_len + 2 * 4112 + 7] ^= 1;
    let mut reader = reader(&envelope, &case).unwrap();
    let mut sink = Vec::new();
    reader.copy_range(0..8192, &mut sink).unwrap();
    reader.copy_range(12_288..20_000, &mut sink).unwrap();
    sink.clear();
    let result = reader.copy_range(8000..8200, &mut sink);
    assert!(matches!(result, Err(EnvelopeError::Chunk { index: 2 })));
    assert!(sink == case.plaintext()[8000..8192]);
}

#[test]
fn range_reader_finds_a_body_inside_of_a_larger_object() {
    let case = Case::named("chunked-4096-4097");
    let envelope = case.envelope();
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    let body = &envelope[header.as_bytes().len()..];
    let object = [&[0xee; 1000], body, &[0xdd; 500]].concat();
    let place = 1000..1000 + body.len() as u64;
    let mut reader = RangeReader::within(&header, &case.cek(), Cursor::new(object), place).unwrap();
    let mut plaintext = Vec::new();
    reader.read_to_end(&mut plaintext).unwrap();
    assert_eq!(plaintext, case.plaintext());
}

/// Counts the bytes that are fetched, and breaks off where it is told to.
struct Metered<S> {
    inner: S,
    fetched: Arc<AtomicU64>,
}

impl<S: Read> Read for Metered<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.fetched.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl<S: Seek> Seek for Metered<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

#[test]
fn range_reader_fetches_the_chunks_of_the_range_alone_and_each_once() {
    let case = Case::named("chunked-4096-20000");
    let mut source = Cursor::new(case.envelope());
    let header = Header::read(&mut source).unwrap();
    let fetched = Arc::new(AtomicU64::new(0));
    let metered = Metered {
        inner: source,
        fetched: Arc::clone(&fetched),
    };
    let mut reader = RangeReader::new(&header, &case.cek(), metered).unwrap();
    for _ in 0..3 {
        reader.copy_range(4100..8100, io::sink()).unwrap();
        reader.copy_range(8190..8200, io::sink()).unwrap();
    }
    assert_eq!(fetched.load(Ordering::Relaxed), 2 * 4112);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn range_reader_gives_what_the_file_has(
        ranges in prop::collection::vec((0..20_000_u64, 0..20_000_u64), 1..20),
    ) {
        let case = Case::named("chunked-4096-20000");
        let plaintext = case.plaintext();
        let mut reader = reader(&case.envelope(), &case).unwrap();
        for (a, b) in ranges {
            let range = a.min(b)..a.max(b);
            let mut found = Vec::new();
            reader.copy_range(range.clone(), &mut found).unwrap();
            let expected = &plaintext[range.start as usize..range.end as usize];
            prop_assert!(found == expected);
        }
    }
}
