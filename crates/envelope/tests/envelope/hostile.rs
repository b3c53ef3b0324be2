//! Input made to break a parser. More cases: `PROPTEST_CASES=100000`.

use proptest::prelude::*;
use stheno_crypto::Cek;
use stheno_envelope::{EnvelopeError, Header, HeaderError, header::MAX_HEADER_BYTES};

use super::open;
use super::vectors::Case;
use super::written::ours;

/// Headers to start from: the reference's and ours.
fn seeds() -> Vec<(Vec<u8>, Cek)> {
    Case::all()
        .iter()
        .filter(|case| case.name != "chunked-default-300000")
        .map(|case| (case.envelope(), case.cek()))
        .chain(ours().map(|(_, envelope, _, cek)| (envelope, cek)))
        .collect()
}

/// A change to some bytes.
#[derive(Clone, Debug)]
enum Change {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    Copy(prop::sample::Index, prop::sample::Index, usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Set(at, value) => {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            Self::Insert(at, more) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, more.iter().copied());
            }
            Self::Remove(at, count) => {
                let at = at.index(bytes.len());
                let end = (at + count).min(bytes.len());
                bytes.drain(at..end);
            }
            Self::Copy(from, to, count) => {
                let from = from.index(bytes.len());
                let end = (from + count).min(bytes.len());
                let piece = bytes[from..end].to_vec();
                let to = to.index(bytes.len());
                bytes.splice(to..to, piece);
            }
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<prop::sample::Index>;
    // Heads of CBOR items are what a parser chokes on.
    let heads = prop::sample::select(vec![
        0x1b, 0x5b, 0x7b, 0x9b, 0xbb, 0xdb, 0x5f, 0x9f, 0xbf, 0xff, 0x80, 0xa0, 0xd8, 0xf6, 0xf8,
    ]);
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (index(), heads).prop_map(|(at, byte)| Change::Set(at, byte)),
        (index(), prop::collection::vec(any::<u8>(), 1..12))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (index(), 1_usize..40).prop_map(|(at, count)| Change::Remove(at, count)),
        (index(), index(), 1_usize..60).prop_map(|(a, b, count)| Change::Copy(a, b, count)),
    ]
}

proptest! {
    #[test]
    fn header_parser_survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut tagged = vec![0xd0, 0x83];
        tagged.extend_from_slice(&bytes);
        for input in [bytes, tagged] {
            if let Ok(header) = Header::read(&mut input.as_slice()) {
                prop_assert!(input.starts_with(header.as_bytes()));
            }
        }
    }

    #[test]
    fn header_parser_survives_changed_headers(
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..5),
    ) {
        let seeds = seeds();
        let (envelope, _) = &seeds[seed.index(seeds.len())];
        let header = Header::read(&mut envelope.as_slice()).unwrap();
        let mut bytes = header.as_bytes().to_vec();
        for change in &changes {
            change.apply(&mut bytes);
        }
        if let Ok(header) = Header::read(&mut bytes.as_slice()) {
            // What is accepted is kept as it stood, and reads the same again.
            prop_assert!(bytes.starts_with(header.as_bytes()));
            let again = Header::from_bytes(header.as_bytes()).unwrap();
            prop_assert_eq!(again.recipients(), header.recipients());
            if !header.recipients().is_empty() {
                let same = header.with_recipients(header.recipients().to_vec()).unwrap();
                prop_assert_eq!(same.as_bytes(), header.as_bytes());
            }
        }
    }

    #[test]
    fn body_reader_survives_changed_bodies(
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let seeds = seeds();
        let (envelope, cek) = &seeds[seed.index(seeds.len())];
        let header = Header::read(&mut envelope.as_slice()).unwrap();
        let (head, body) = envelope.split_at(header.as_bytes().len());
        let mut expected = Vec::new();
        open(envelope, cek, &mut expected).unwrap();
        let mut changed = body.to_vec();
        for change in &changes {
            change.apply(&mut changed);
        }
        let mut sink = Vec::new();
        match open(&[head, &changed].concat(), cek, &mut sink) {
            Ok(()) => prop_assert!(changed == body && sink == expected),
            Err(_) => prop_assert!(expected.starts_with(&sink)),
        }
    }
}

#[test]
fn header_parser_refuses_what_is_larger_than_a_mebibyte() {
    // A text string that would end beyond the limit; nothing of it is there.
    let mut bytes = hex::decode("d0835a").unwrap();
    bytes.extend_from_slice(&(MAX_HEADER_BYTES as u32).to_be_bytes());
    assert!(matches!(
        Header::read(&mut bytes.as_slice()),
        Err(EnvelopeError::Header(HeaderError::TooLarge { .. }))
    ));
    // Arrays of arrays, each within the limit, all of it beyond.
    let mut bytes = hex::decode("d0834101a19a00ffffff").unwrap();
    bytes.resize(2 * MAX_HEADER_BYTES, 0x00);
    assert!(matches!(
        Header::read(&mut bytes.as_slice()),
        Err(EnvelopeError::Header(HeaderError::TooLarge { .. }))
    ));
}

#[test]
fn header_parser_refuses_empty_and_endless_lists_of_recipients() {
    let case = Case::named("chunked-recipients-9000");
    let envelope = case.envelope();
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    let list = header
        .as_bytes()
        .windows(2)
        .position(|pair| pair == [0xf6, 0x82])
        .unwrap()
        + 1;
    let with_list = |list_bytes: &[u8]| [&header.as_bytes()[..list], list_bytes].concat();
    let empty = Header::from_bytes(&with_list(&[0x80]));
    assert!(matches!(
        empty,
        Err(EnvelopeError::Header(HeaderError::Field(_)))
    ));
    let one = &hex::decode("8343a10124a1044101582800000000000000000000000000000000000000000000000000000000000000000000000000000000").unwrap();
    let mut many = vec![0x99, 0x27, 0x10];
    for _ in 0..10_000 {
        many.extend_from_slice(one);
    }
    assert!(matches!(
        Header::from_bytes(&with_list(&many)),
        Err(EnvelopeError::Header(HeaderError::TooManyRecipients {
            found: 10_000,
            ..
        }))
    ));
}

#[test]
fn header_parser_refuses_chunk_sizes_out_of_range() {
    let case = Case::named("chunked-4096-17");
    let envelope = case.envelope();
    let at = envelope
        .windows(3)
        .position(|window| window == [0x19, 0x10, 0x00])
        .unwrap();
    let with_size = |size: &[u8]| [&envelope[..at], size, &envelope[at + 3..]].concat();
    for (size, fits) in [
        (&[0x00][..], false),
        (&[0x01], true),
        (&[0x1a, 0x04, 0x00, 0x00, 0x00], true),
        (&[0x1a, 0x04, 0x00, 0x00, 0x01], false),
        (&[0x1b, 0, 0, 0, 1, 0, 0, 0, 0], false),
        (&[0x20], false),
    ] {
        let result = Header::read(&mut with_size(size).as_slice());
        assert_eq!(result.is_ok(), fits, "{size:02x?}");
    }
}
