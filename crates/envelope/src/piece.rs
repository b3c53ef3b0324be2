//! Pieces: what Filecoin calls stored bytes. PieceCID v2 (FRC-0069), in one streaming pass.
//!
//! - [`PieceCid`]: the name of a piece, and how long its payload is.
//! - [`PieceHasher`]: computes it from bytes as they pass, on several cores.
//! - [`PieceWriter`], [`PieceReader`]: hash what goes through them.
//!
//! Hashing a piece costs more than encrypting it, since every 32 bytes pass
//! through SHA-256 about four times over; so it is done only where asked for.

mod cid;
mod fr32;
mod hasher;
mod tree;

use std::io::{self, Read, Write};
use std::num::NonZeroUsize;

pub use cid::{ParsePieceCidError, PieceCid};
pub use hasher::{PieceError, PieceHasher};

/// Passes bytes on to a sink, and hashes them.
#[derive(Debug)]
pub struct PieceWriter<W> {
    sink: W,
    hasher: PieceHasher,
}

impl<W: Write> PieceWriter<W> {
    /// Hashes on so many threads; `None`: as many as the machine has cores.
    pub fn new(sink: W, threads: Option<NonZeroUsize>) -> Self {
        Self {
            sink,
            hasher: PieceHasher::new(threads),
        }
    }

    /// The piece that was written, and the sink.
    ///
    /// # Errors
    /// [`PieceError`].
    pub fn finish(self) -> Result<(PieceCid, W), PieceError> {
        Ok((self.hasher.finish()?, self.sink))
    }
}

impl<W: Write> Write for PieceWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// Passes bytes on from a source, and hashes them.
#[derive(Debug)]
pub struct PieceReader<R> {
    source: R,
    hasher: PieceHasher,
}

impl<R: Read> PieceReader<R> {
    /// Hashes on so many threads; `None`: as many as the machine has cores.
    pub fn new(source: R, threads: Option<NonZeroUsize>) -> Self {
        Self {
            source,
            hasher: PieceHasher::new(threads),
        }
    }

    /// The piece that was read so far, and the source. See [`verify`](Self::verify)
    /// to compare it with an expected one.
    ///
    /// # Errors
    /// [`PieceError`].
    pub fn finish(self) -> Result<(PieceCid, R), PieceError> {
        Ok((self.hasher.finish()?, self.source))
    }

    /// Reads what is left of the source, and compares all that was read with a piece.
    ///
    /// # Errors
    /// [`VerifyError::Other`] when it is another piece, [`VerifyError::Read`].
    pub fn verify(mut self, expected: &PieceCid) -> Result<(), VerifyError> {
        io::copy(&mut self, &mut io::sink()).map_err(VerifyError::Read)?;
        let len = self.hasher.len();
        match self.hasher.finish() {
            Ok(found) if found == *expected => Ok(()),
            found => Err(VerifyError::Other {
                expected: *expected,
                found: found.ok(),
                len,
            }),
        }
    }
}

/// Why bytes are not those of a piece.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// They are another piece.
    #[error(
        "the {len} bytes are not those of piece {expected}{}",
        found.map(|found| format!(", but of {found}")).unwrap_or_default()
    )]
    Other {
        /// What they should be.
        expected: PieceCid,
        /// What they are; nothing where they are too few to be a piece.
        found: Option<PieceCid>,
        /// How many there are.
        len: u64,
    },
    /// They cannot be read to their end.
    #[error("cannot read the piece")]
    Read(#[source] io::Error),
}

impl<R: Read> Read for PieceReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.hasher.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use sha2::{Digest, Sha256};

    #[derive(Deserialize)]
    struct Cases {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        name: String,
        payload_len: usize,
        piece_cid_v2: String,
        height: u8,
        padding: String,
        root_hex: String,
    }

    fn vectors() -> Vec<Case> {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/vectors/piece-cid.json"
        );
        let cases: Cases = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(cases.cases.len(), 12);
        cases.cases
    }

    fn payload(case: &Case) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..case.payload_len.div_ceil(32))
            .flat_map(|i| Sha256::digest(format!("public/{}/{i}", case.name)))
            .collect();
        bytes.truncate(case.payload_len);
        bytes
    }

    #[test]
    fn piece_cids_are_those_of_the_vectors_on_any_number_of_threads() {
        for case in vectors() {
            let payload = payload(&case);
            for threads in [1, 2, 4] {
                let mut hasher = PieceHasher::new(NonZeroUsize::new(threads));
                hasher.update(&payload);
                let cid = hasher.finish().unwrap();
                assert_eq!(cid.to_string(), case.piece_cid_v2, "{}", case.name);
                assert_eq!(cid.height(), case.height);
                assert_eq!(cid.padding().to_string(), case.padding);
                assert_eq!(hex::encode(cid.root()), case.root_hex);
                assert_eq!(cid.payload_len(), case.payload_len as u64);
                assert_eq!(case.piece_cid_v2.parse(), Ok(cid));
            }
        }
    }

    #[test]
    fn piece_hasher_takes_bytes_in_any_pieces() {
        let case = vectors().pop().unwrap();
        let payload = payload(&case);
        for size in [1000, 127, 128, 65_537, 1_040_384, 1_040_385] {
            let mut hasher = PieceHasher::new(NonZeroUsize::new(2));
            for piece in payload.chunks(size) {
                hasher.update(piece);
            }
            assert_eq!(hasher.finish().unwrap().to_string(), case.piece_cid_v2);
        }
    }

    #[test]
    fn piece_writer_and_reader_pass_on_what_they_hash() {
        let case = vectors().remove(8);
        let payload = payload(&case);
        let mut writer = PieceWriter::new(Vec::new(), NonZeroUsize::new(1));
        writer.write_all(&payload).unwrap();
        let (cid, written) = writer.finish().unwrap();
        assert_eq!(cid.to_string(), case.piece_cid_v2);
        assert!(written == payload);

        let mut reader = PieceReader::new(payload.as_slice(), NonZeroUsize::new(1));
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert_eq!(reader.finish().unwrap().0, cid);
        assert!(read == payload);
    }

    #[test]
    fn piece_reader_verifies_what_it_reads_to_the_end() {
        let case = vectors().remove(8);
        let expected = case.piece_cid_v2.parse().unwrap();
        let payload = payload(&case);
        let reading = |bytes| PieceReader::new(bytes, NonZeroUsize::new(1));
        let mut reader = reading(payload.as_slice());
        reader.read_exact(&mut [0; 100]).unwrap();
        reader.verify(&expected).unwrap();

        let cut = reading(&payload[1..]).verify(&expected).unwrap_err();
        assert!(cut.to_string().contains("but of bafkzcib"), "{cut}");
        let nothing = reading(b"").verify(&expected).unwrap_err();
        assert!(matches!(
            nothing,
            VerifyError::Other {
                found: None,
                len: 0,
                ..
            }
        ));
    }

    #[test]
    fn piece_hasher_fails_for_less_than_65_bytes() {
        for (len, fits) in [(0, false), (64, false), (65, true), (127, true)] {
            let mut hasher = PieceHasher::new(None);
            hasher.update(&vec![1; len]);
            assert_eq!(hasher.finish().is_ok(), fits, "{len}");
        }
    }

    #[test]
    fn piece_hasher_may_be_dropped_unfinished() {
        let mut hasher = PieceHasher::new(NonZeroUsize::new(3));
        hasher.update(&vec![1; 10_000_000]);
        drop(hasher);
    }

    #[test]
    fn parsing_fails_for_what_is_no_piece_cid_v2() {
        for text in [
            "",
            "b",
            "bafkzcibcaabpx2wbmec2z4l5l4d6mibxqjwimywh4mqqx2lv56wwfbixpgzvcb",
            "bafkzcibcaabpx2wbmec2z4l5l4d6mibxqjwimywh4mqqx2lv56wwfbixpgzvcbqa",
            "zafkzcibcaabpx2wbmec2z4l5l4d6mibxqjwimywh4mqqx2lv56wwfbixpgzvcbq",
            // A PieceCID v1.
            "baga6ea4seaqao7s73y24kcutaosvacpdjgfe5pw76ooefnyqw4ynr3d2y6x2mpq",
            // A UnixFS CID.
            "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
        ] {
            assert!(text.parse::<PieceCid>().is_err(), "{text}");
        }
    }
}
