//! Whoever stores an envelope can change it; what opens must still be the file.

use stheno_crypto::Cek;
use stheno_envelope::{EnvelopeError, Header, HeaderError};

use super::open;
use super::vectors::Case;
use super::written::ours;

/// An envelope under attack.
struct Target {
    name: String,
    envelope: Vec<u8>,
    plaintext: Vec<u8>,
    cek: Cek,
    header_len: usize,
    /// Bytes of a full chunk, with its tag.
    stride: usize,
    is_ours: bool,
}

impl Target {
    fn new(name: &str, envelope: Vec<u8>, plaintext: Vec<u8>, cek: Cek) -> Self {
        let header = Header::read(&mut envelope.as_slice()).unwrap();
        Self {
            name: name.to_owned(),
            plaintext,
            cek,
            header_len: header.as_bytes().len(),
            stride: header.chunk_size().get() + 16,
            is_ours: header.commits_to_key(),
            envelope,
        }
    }

    /// Three of the reference's envelopes, and three of ours.
    fn all() -> Vec<Self> {
        let theirs = [
            "chunked-4096-4097",
            "chunked-recipients-9000",
            "chunked-1byte-chunks-64",
        ]
        .map(|name| {
            let case = Case::named(name);
            Self::new(name, case.envelope(), case.plaintext(), case.cek())
        });
        theirs
            .into_iter()
            .chain(
                ours().map(|(name, envelope, plaintext, cek)| {
                    Self::new(name, envelope, plaintext, cek)
                }),
            )
            .collect()
    }

    /// Opens a changed envelope; what comes out is never anything but a part of the file.
    fn open(&self, changed: &[u8]) -> Result<(), EnvelopeError> {
        let mut sink = Vec::new();
        let result = open(changed, &self.cek, &mut sink);
        match result {
            Ok(()) => assert!(sink == self.plaintext, "{}: another plaintext", self.name),
            Err(_) => assert!(self.plaintext.starts_with(&sink), "{}", self.name),
        }
        result
    }

    fn fails(&self, changed: &[u8], how: &str) {
        assert!(self.open(changed).is_err(), "{}: {how}", self.name);
    }

    /// Where a byte string stands in the header, once.
    fn find(&self, part: &[u8]) -> std::ops::Range<usize> {
        let header = &self.envelope[..self.header_len];
        let mut places = header.windows(part.len()).enumerate();
        let start = places.find(|(_, window)| *window == part).unwrap().0;
        start..start + part.len()
    }

    fn header(&self) -> Header {
        Header::read(&mut self.envelope.as_slice()).unwrap()
    }

    /// The header's bytes that are neither authenticated nor needed: chunk
    /// count, metadata, recipients.
    fn loose(&self) -> Vec<std::ops::Range<usize>> {
        let mut loose = Vec::new();
        let header = self.header();
        if let Some(count) = header.chunk_count() {
            // −65791 and a count below 24, or in the byte after.
            let label = self.find(&[0x3a, 0x00, 0x01, 0x00, 0xfe]);
            let width = if count < 24 { 1 } else { 2 };
            loose.push(label.start..label.end + width);
        }
        if !header.recipients().is_empty() {
            let null = self.envelope[..self.header_len]
                .windows(2)
                .position(|pair| pair[0] == 0xf6 && pair[1] & 0xf0 == 0x80)
                .unwrap();
            loose.push(null + 1..self.header_len);
        }
        loose
    }
}

#[test]
fn opening_fails_for_every_bit_flipped_that_matters_and_gives_the_file_for_others() {
    for target in Target::all() {
        target.open(&target.envelope).unwrap();
        let loose = target.loose();
        let mut changed = target.envelope.clone();
        for byte in 0..changed.len() {
            let matters = !loose.iter().any(|range| range.contains(&byte));
            // Of our own long bodies one bit of every byte, for time's sake.
            let bits = if target.is_ours && byte >= target.header_len {
                byte % 8..byte % 8 + 1
            } else {
                0..8
            };
            for bit in bits {
                changed[byte] ^= 1 << bit;
                let result = target.open(&changed);
                assert!(
                    result.is_err() || !matters,
                    "{}: bit {bit} of byte {byte}",
                    target.name
                );
                changed[byte] ^= 1 << bit;
            }
        }
    }
}

#[test]
fn opening_fails_for_every_truncation() {
    for target in Target::all() {
        for length in 0..target.envelope.len() {
            target.fails(&target.envelope[..length], &format!("cut at {length}"));
        }
    }
}

#[test]
fn opening_tells_a_missing_final_chunk_from_damage() {
    for target in Target::all() {
        let cut = target.header_len + target.stride;
        let result = target.open(&target.envelope[..cut]);
        assert!(
            matches!(result, Err(EnvelopeError::Truncated { index: 1 })),
            "{}: {result:?}",
            target.name
        );
    }
}

#[test]
fn opening_fails_for_appended_bytes() {
    for target in Target::all() {
        for count in [1, 2, 15, 16, 17, target.stride, 3 * target.stride] {
            for byte in [0x00, 0xff] {
                let mut changed = target.envelope.clone();
                changed.extend(std::iter::repeat_n(byte, count));
                target.fails(&changed, &format!("{count} appended"));
            }
        }
        let doubled = [&target.envelope[..], &target.envelope[target.header_len..]].concat();
        target.fails(&doubled, "the body twice");
    }
}

#[test]
fn opening_fails_for_chunks_swapped_dropped_or_doubled() {
    for target in Target::all() {
        let (header, body) = target.envelope.split_at(target.header_len);
        let chunks: Vec<&[u8]> = body.chunks(target.stride).collect();
        assert!(chunks.len() > 1);
        let joined = |chunks: &[&[u8]]| [header, &chunks.concat()].concat();
        for a in 0..chunks.len() {
            for b in a + 1..chunks.len() {
                let mut changed = chunks.clone();
                changed.swap(a, b);
                target.fails(&joined(&changed), &format!("{a} and {b} swapped"));
            }
            let mut changed = chunks.clone();
            changed.remove(a);
            target.fails(&joined(&changed), &format!("{a} dropped"));
            let mut changed = chunks.clone();
            changed.insert(a, chunks[a]);
            target.fails(&joined(&changed), &format!("{a} doubled"));
        }
    }
}

#[test]
fn opening_fails_for_a_chunk_count_that_contradicts_the_stream() {
    for target in Target::all() {
        let Some(count) = target.header().chunk_count() else {
            continue;
        };
        let label = target.find(&[0x3a, 0x00, 0x01, 0x00, 0xfe]);
        let width = if count < 24 { 1 } else { 2 };
        for other in (1..24_u8).filter(|other| u64::from(*other) != count) {
            let changed = [
                &target.envelope[..label.end],
                &[other],
                &target.envelope[label.end + width..],
            ]
            .concat();
            let result = target.open(&changed);
            assert!(
                matches!(result, Err(EnvelopeError::ChunkCount { declared, .. })
                    if declared == u64::from(other)),
                "{}: {result:?}",
                target.name
            );
        }
    }
}

#[test]
fn opening_fails_when_the_tag_is_exchanged_with_its_structure() {
    // From tag 96 with recipients to tag 16 without: the other context authenticates.
    for target in Target::all() {
        if target.header().recipients().is_empty() {
            continue;
        }
        let null = target.loose().pop().unwrap().start;
        let mut changed = vec![0xd0, 0x83];
        changed.extend_from_slice(&target.envelope[3..null]);
        changed.extend_from_slice(&target.envelope[target.header_len..]);
        assert!(Header::read(&mut changed.as_slice()).is_ok());
        target.fails(&changed, "tag 16");
    }
}

#[test]
fn opening_fails_for_another_key() {
    for target in Target::all() {
        let other = Cek::from_bytes([0x5a; 32]);
        let mut sink = Vec::new();
        let result = open(&target.envelope, &other, &mut sink);
        if target.header().commits_to_key() {
            assert!(matches!(result, Err(EnvelopeError::WrongKey)));
        } else {
            assert!(matches!(result, Err(EnvelopeError::Chunk { index: 0 })));
        }
        assert!(sink.is_empty());
    }
}

#[test]
fn opening_fails_when_the_commitment_is_taken_out() {
    for target in Target::all().iter().filter(|t| t.header().commits_to_key()) {
        // The protected map with two entries instead of three.
        let commitment = target.find(&[0x3a, 0x00, 0x01, 0x01, 0x0a, 0x58, 0x20]);
        let start = target.find(&[0x58]).start;
        assert_eq!(target.envelope[start + 2], 0xa3);
        let mut changed = target.envelope[..start].to_vec();
        changed.extend_from_slice(&[0x58, target.envelope[start + 1] - 39, 0xa2]);
        changed.extend_from_slice(&target.envelope[start + 3..commitment.start]);
        changed.extend_from_slice(&target.envelope[commitment.end + 32..]);
        assert!(
            !Header::read(&mut changed.as_slice())
                .unwrap()
                .commits_to_key()
        );
        target.fails(&changed, "no commitment");
    }
}

#[test]
fn reading_fails_for_files_that_are_no_envelopes() {
    for file in [
        &b""[..],
        b"\xd0",
        b"hello",
        b"%PDF-1.7",
        b"\x1f\x8b\x08",
        b"age-encryption.org/v1",
        &[0xd8, 0x61, 0x84],
        // A COSE_Encrypt0 of somebody else's.
        &hex::decode("d08343a10103a1054c0102030405060708090a0b0cf6").unwrap(),
    ] {
        let result = Header::read(&mut &file[..]);
        assert!(
            matches!(
                result,
                Err(EnvelopeError::Header(
                    HeaderError::NotAnEnvelope | HeaderError::Truncated
                ))
            ),
            "{file:02x?}: {result:?}"
        );
    }
}
