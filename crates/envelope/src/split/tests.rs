use proptest::prelude::*;

use super::*;

fn layout(header: u64, chunk: u64, plaintext: u64) -> EnvelopeLayout {
    let chunk_size = ChunkSize::from_header(chunk).unwrap();
    let chunks = BodyLayout::chunks_of_plaintext(chunk_size, plaintext).unwrap();
    EnvelopeLayout::new(header, Some(chunk_size), header + plaintext + 16 * chunks).unwrap()
}

fn limits(min: u64, max: u64) -> PieceLimits {
    PieceLimits { min, max }
}

#[test]
fn envelope_that_fits_is_one_piece() {
    let layout = layout(300, 4096, 10_000);
    let split = Split::new(layout, PieceLimits::PROVIDER).unwrap();
    assert_eq!(split.pieces(), 1);
    assert_eq!(split.piece(0), Some(0..layout.envelope_len()));
    assert_eq!(split.piece(1), None);
    // Exactly at the limit, and one byte above it.
    let len = layout.envelope_len();
    assert_eq!(Split::new(layout, limits(127, len)).unwrap().pieces(), 1);
    assert_eq!(
        Split::new(layout, limits(127, len - 1)).unwrap().pieces(),
        2
    );
}

#[test]
fn envelope_is_cut_at_chunks_with_the_header_in_front() {
    // Strides of 1016: the first piece takes 300 + 9 chunks, the others 10.
    let split = Split::new(layout(300, 1000, 25_000), limits(127, 10_200)).unwrap();
    let pieces: Vec<_> = split.iter().collect();
    let (first, second) = (300 + 9 * 1016, 10 * 1016);
    assert_eq!(
        pieces,
        [
            0..first,
            first..first + second,
            first + second..300 + 25 * 1016
        ]
    );
}

#[test]
fn rest_that_is_no_piece_takes_chunks_from_the_one_before() {
    // 19 chunks and one byte: the rest would have 17 bytes.
    let split = Split::new(layout(300, 1000, 19_001), limits(127, 10_200)).unwrap();
    let last = split.piece(split.pieces() - 1).unwrap();
    assert_eq!((split.pieces(), last.end - last.start), (3, 1016 + 17));
    // Chunks so small that it takes several.
    let split = Split::new(layout(300, 10, 1_000), limits(127, 1_000)).unwrap();
    let last = split.piece(split.pieces() - 1).unwrap();
    assert!(last.end - last.start >= 127);
    // With two pieces it is the first that gives.
    let split = Split::new(layout(300, 1000, 9_001), limits(127, 9_450)).unwrap();
    assert_eq!(
        split.iter().collect::<Vec<_>>(),
        [0..300 + 8 * 1016, 300 + 8 * 1016..300 + 9 * 1016 + 17]
    );
}

#[test]
fn envelope_is_refused_when_no_whole_chunks_make_a_piece() {
    let refused = |layout, min, max| Split::new(layout, limits(min, max)).unwrap_err();
    assert_eq!(
        refused(layout(90, 4096, 0), 127, 1000),
        SplitError::TooSmall { len: 106, min: 127 }
    );
    assert_eq!(
        refused(layout(300, 4096, 9000), 127, 4411),
        SplitError::ChunkTooLarge {
            len: 4412,
            max: 4411
        }
    );
    assert_eq!(
        refused(layout(300, 1000, 2_001), 2000, 2040),
        SplitError::TooNarrow {
            min: 2000,
            max: 2040
        }
    );
    // Algorithm 3 is one chunk.
    let whole = EnvelopeLayout::new(200, None, 5000).unwrap();
    assert_eq!(Split::new(whole, limits(127, 5000)).unwrap().pieces(), 1);
    assert!(matches!(
        refused(whole, 127, 4999),
        SplitError::ChunkTooLarge { .. }
    ));
}

#[test]
fn split_of_the_largest_body_does_not_overflow() {
    let chunk_size = ChunkSize::from_header(64 << 20).unwrap();
    let len = 300 + (1 << 32) * ((64 << 20) + 16);
    let layout = EnvelopeLayout::new(300, Some(chunk_size), len).unwrap();
    let split = Split::new(layout, PieceLimits::PROVIDER).unwrap();
    assert_eq!(split.iter().last().unwrap().end, len);
    assert!(EnvelopeLayout::new(300, Some(chunk_size), u64::MAX).is_err());
    assert!(EnvelopeLayout::new(300, Some(chunk_size), 299).is_err());
}

proptest! {
    #[test]
    fn pieces_tile_the_envelope_within_the_limits_at_chunks(
        header in 40..600_u64,
        chunk in 1..3000_u64,
        plaintext in 0..200_000_u64,
        min in 65..400_u64,
        above in 0..20_000_u64,
    ) {
        let layout = layout(header, chunk, plaintext);
        let limits = limits(min, min + above);
        match Split::new(layout, limits) {
            Ok(split) => {
                let mut at = 0;
                for piece in split.iter() {
                    prop_assert_eq!(piece.start, at);
                    prop_assert!((limits.min..=limits.max).contains(&(piece.end - piece.start)));
                    prop_assert!(at == 0 || (at - header).is_multiple_of(chunk + 16));
                    at = piece.end;
                }
                prop_assert_eq!(at, layout.envelope_len());
            }
            // Wide limits leave room for every envelope that is a piece at all.
            Err(error) => prop_assert!(
                limits.max < header + 3 * min + 3 * (chunk + 16)
                    || layout.envelope_len() < min,
                "{}", error
            ),
        }
    }

    #[test]
    fn located_bytes_are_the_bytes_in_order(
        plaintext in 1_000..60_000_u64,
        max in 3_000..9_000_u64,
        a in 0.0..1.0_f64,
        b in 0.0..1.0_f64,
    ) {
        let layout = layout(333, 500, plaintext);
        let split = Split::new(layout, limits(127, max)).unwrap();
        let at = |part: f64| (part * layout.envelope_len() as f64) as u64;
        let range = at(a.min(b))..at(a.max(b));
        let mut covered = range.start;
        for (index, part) in split.locate(range.clone()).unwrap() {
            let piece = split.piece(index).unwrap();
            prop_assert_eq!(piece.start + part.start, covered);
            prop_assert!(part.start < part.end && part.end <= piece.end - piece.start);
            covered = piece.start + part.end;
        }
        prop_assert_eq!(covered, range.end);
        prop_assert_eq!(split.locate(0..layout.envelope_len() + 1), None);
    }

    #[test]
    fn part_no_longer_than_a_piece_lies_in_two_at_most(
        plaintext in 10_000..60_000_u64,
        max in 3_000..9_000_u64,
        start in 0.0..1.0_f64,
        len in 0.0..1.0_f64,
    ) {
        let layout = layout(333, 500, plaintext);
        let split = Split::new(layout, limits(127, max)).unwrap();
        let inner = split.iter().take(split.pieces() as usize - 1).skip(1);
        let smallest = inner.map(|piece| (piece.end - piece.start) / 516 * 500).min();
        let most = smallest.unwrap_or(plaintext).min(plaintext);
        let len = 1 + (len * (most - 1) as f64) as u64;
        let start = (start * (plaintext - len) as f64) as u64;
        let bytes = layout.bytes_of(start..start + len).unwrap();
        prop_assert!(split.locate(bytes).unwrap().len() <= 2);
    }
}

#[test]
fn bytes_of_a_part_are_whole_chunks() {
    let layout = layout(300, 1000, 2_500);
    assert_eq!(layout.bytes_of(0..1), Some(300..1316));
    assert_eq!(layout.bytes_of(999..1001), Some(300..2332));
    assert_eq!(layout.bytes_of(2_400..2_500), Some(2332..2848));
    assert_eq!(layout.bytes_of(7..7), Some(300..300));
    assert_eq!(layout.bytes_of(0..2_501), None);
    assert_eq!(layout.body().plaintext_len(), 2_500);
}
