//! Finds the end of one CBOR item in a stream and checks that it is strict.
//!
//! Strict means: definite lengths, shortest integers and lengths, no two equal
//! keys in a map, valid UTF-8, nesting of at most [`MAX_DEPTH`]. Memory follows
//! the bytes that came in, never a length that was merely announced.

use std::io::{self, Read};
use std::ops::Range;

use crate::EnvelopeError;
use crate::error::HeaderError;

/// How deep arrays, maps and tags may nest.
pub(crate) const MAX_DEPTH: usize = 16;
/// A string is read in pieces of this size, so that a false length allocates nothing.
const PIECE: usize = 4096;

/// Reads exactly one item of at most `limit` bytes and returns its bytes.
pub(crate) fn item(source: &mut impl Read, limit: usize) -> Result<Vec<u8>, EnvelopeError> {
    let mut scanner = Scanner {
        source,
        raw: Vec::new(),
        limit,
    };
    scanner.item(MAX_DEPTH)?;
    Ok(scanner.raw)
}

/// Checks that `bytes` are exactly one strict item.
pub(crate) fn exact(mut bytes: &[u8]) -> Result<(), HeaderError> {
    let limit = bytes.len();
    match item(&mut bytes, limit) {
        Ok(_) if bytes.is_empty() => Ok(()),
        Ok(found) => Err(HeaderError::Cbor {
            problem: "trailing bytes",
            offset: found.len(),
        }),
        Err(EnvelopeError::Header(HeaderError::Truncated | HeaderError::TooLarge { .. })) => {
            Err(HeaderError::Cbor {
                problem: "incomplete item",
                offset: limit,
            })
        }
        Err(EnvelopeError::Header(error)) => Err(error),
        Err(_) => Err(HeaderError::Truncated),
    }
}

struct Scanner<'a, R> {
    source: &'a mut R,
    raw: Vec<u8>,
    limit: usize,
}

/// The head of an item: its major type, and its argument.
struct Head {
    major: u8,
    info: u8,
    argument: u64,
}

impl<R: Read> Scanner<'_, R> {
    fn item(&mut self, depth: usize) -> Result<(), EnvelopeError> {
        let start = self.raw.len();
        let head = self.head()?;
        match head.major {
            0 | 1 => Ok(()),
            2 => self.string(head.argument).map(|_| ()),
            3 => {
                let text = self.string(head.argument)?;
                match self.raw.get(text).map(std::str::from_utf8) {
                    Some(Ok(_)) => Ok(()),
                    _ => Err(self.fault("text that is not UTF-8", start)),
                }
            }
            4 => {
                let depth = self.deeper(depth, start)?;
                for _ in 0..head.argument {
                    self.item(depth)?;
                }
                Ok(())
            }
            5 => {
                let depth = self.deeper(depth, start)?;
                self.map(head.argument, depth)
            }
            6 => {
                let depth = self.deeper(depth, start)?;
                self.item(depth)
            }
            _ => match head.info {
                // false, true, null, undefined; floats of 2, 4 and 8 bytes.
                20..=23 | 25..=27 => Ok(()),
                _ => Err(self.fault("unassigned simple value", start)),
            },
        }
    }

    fn map(&mut self, entries: u64, depth: usize) -> Result<(), EnvelopeError> {
        let mut keys: Vec<Range<usize>> = Vec::new();
        for _ in 0..entries {
            let start = self.raw.len();
            self.item(depth)?;
            keys.push(start..self.raw.len());
            self.item(depth)?;
        }
        let raw = &self.raw;
        keys.sort_unstable_by(|a, b| raw.get(a.clone()).cmp(&raw.get(b.clone())));
        for pair in keys.windows(2) {
            if let [a, b] = pair
                && raw.get(a.clone()) == raw.get(b.clone())
            {
                return Err(self.fault("key that stands twice in one map", a.start.max(b.start)));
            }
        }
        Ok(())
    }

    fn head(&mut self) -> Result<Head, EnvelopeError> {
        let start = self.raw.len();
        let initial = self.byte()?;
        let (major, info) = (initial >> 5, initial & 0x1f);
        let width = match info {
            0..=23 => 0,
            24..=27 => 1_usize << (info - 24),
            31 => return Err(self.fault("indefinite length", start)),
            _ => return Err(self.fault("reserved length", start)),
        };
        if width == 0 {
            return Ok(Head {
                major,
                info,
                argument: u64::from(info),
            });
        }
        let mut argument = 0_u64;
        for _ in 0..width {
            argument = argument << 8 | u64::from(self.byte()?);
        }
        // A float's bits are no number that could be written shorter.
        let shortest = match width {
            _ if major == 7 && width > 1 => true,
            1 => argument > 23,
            2 => argument > 0xff,
            4 => argument > 0xffff,
            _ => argument > 0xffff_ffff,
        };
        if !shortest {
            return Err(self.fault("integer or length that is not the shortest", start));
        }
        Ok(Head {
            major,
            info,
            argument,
        })
    }

    fn string(&mut self, length: u64) -> Result<Range<usize>, EnvelopeError> {
        let start = self.raw.len();
        let left = self.limit.saturating_sub(start);
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= left)
            .ok_or(HeaderError::TooLarge { limit: self.limit })?;
        let mut missing = length;
        while missing > 0 {
            missing -= self.piece(missing.min(PIECE))?;
        }
        Ok(start..self.raw.len())
    }

    fn byte(&mut self) -> Result<u8, EnvelopeError> {
        if self.raw.len() >= self.limit {
            return Err(HeaderError::TooLarge { limit: self.limit }.into());
        }
        self.piece(1)?;
        self.raw
            .last()
            .copied()
            .ok_or_else(|| HeaderError::Truncated.into())
    }

    /// Appends exactly `length` bytes.
    fn piece(&mut self, length: usize) -> Result<usize, EnvelopeError> {
        let start = self.raw.len();
        self.raw.resize(start + length, 0);
        let target = self.raw.get_mut(start..).unwrap_or_default();
        match self.source.read_exact(target) {
            Ok(()) => Ok(length),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(HeaderError::Truncated.into())
            }
            Err(error) => Err(EnvelopeError::Read(error)),
        }
    }

    fn deeper(&self, depth: usize, at: usize) -> Result<usize, EnvelopeError> {
        depth
            .checked_sub(1)
            .ok_or_else(|| self.fault("nesting that is too deep", at))
    }

    fn fault(&self, problem: &'static str, offset: usize) -> EnvelopeError {
        HeaderError::Cbor { problem, offset }.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(bytes: &[u8]) -> &'static str {
        match exact(bytes) {
            Err(HeaderError::Cbor { problem, .. }) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn scan_accepts_what_a_deterministic_encoder_writes() {
        for text in [
            "00",
            "1818",
            "190100",
            "1a00010000",
            "1b0000000100000000",
            "3a00010100",
            "40",
            "4101",
            "6161",
            "80",
            "820102",
            "a10102",
            "a2010203f6",
            "c101",
            "d860f6",
            "f4",
            "f5",
            "f6",
            "f7",
            "f93c00",
            "fa47c35000",
            "fb3ff199999999999a",
        ] {
            let bytes = hex::decode(text).unwrap();
            assert_eq!(exact(&bytes), Ok(()), "{text}");
        }
    }

    #[test]
    fn scan_refuses_indefinite_lengths() {
        for text in ["5f4101ff", "7f6161ff", "9f01ff", "bf0102ff"] {
            assert_eq!(problem(&hex::decode(text).unwrap()), "indefinite length");
        }
    }

    #[test]
    fn scan_refuses_integers_and_lengths_that_are_not_the_shortest() {
        for text in [
            "1817",
            "1900ff",
            "1a0000ffff",
            "1b00000000ffffffff",
            "3801",
            "580100",
            "780161",
            "980101",
            "b8010203",
            "d810f6",
            "f800",
        ] {
            assert_eq!(
                problem(&hex::decode(text).unwrap()),
                "integer or length that is not the shortest",
                "{text}"
            );
        }
    }

    #[test]
    fn scan_refuses_equal_keys_in_one_map() {
        for text in ["a201020103", "a3010002000100", "a2616100616101"] {
            assert_eq!(
                problem(&hex::decode(text).unwrap()),
                "key that stands twice in one map"
            );
        }
    }

    #[test]
    fn scan_refuses_bad_text_reserved_values_and_trailing_bytes() {
        assert_eq!(problem(&[0x61, 0xff]), "text that is not UTF-8");
        assert_eq!(problem(&[0x1c]), "reserved length");
        assert_eq!(problem(&[0xff]), "indefinite length");
        assert_eq!(problem(&[0xe0]), "unassigned simple value");
        assert_eq!(problem(&[0xf8, 0xff]), "unassigned simple value");
        assert_eq!(problem(&[0x00, 0x00]), "trailing bytes");
        assert_eq!(problem(&[0x82, 0x00]), "incomplete item");
        assert_eq!(problem(&[]), "incomplete item");
    }

    #[test]
    fn scan_refuses_nesting_beyond_the_limit() {
        let nested = |depth: usize| [vec![0x81; depth], vec![0x00]].concat();
        assert_eq!(exact(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(problem(&nested(MAX_DEPTH + 1)), "nesting that is too deep");
        assert_eq!(problem(&vec![0xc1; 100_000]), "nesting that is too deep");
    }

    #[test]
    fn scan_allocates_nothing_for_an_announced_length() {
        /// Counts what is asked of it; has nothing to give.
        struct Empty;
        impl Read for Empty {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                assert!(buffer.len() <= PIECE);
                Ok(0)
            }
        }
        let announced = [0x5a, 0x00, 0x0f, 0xff, 0x00];
        let result = item(&mut announced.as_slice().chain(Empty), 1 << 20);
        assert!(matches!(
            result,
            Err(EnvelopeError::Header(HeaderError::Truncated))
        ));
        let huge = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert!(item(&mut huge.as_slice(), 1 << 20).is_err());
    }

    #[test]
    fn scan_stops_at_the_limit_and_at_the_end_of_the_item() {
        let mut long = vec![0x59, 0x03, 0xe8];
        long.resize(1003, 0);
        assert!(item(&mut long.as_slice(), 1003).is_ok());
        assert!(matches!(
            item(&mut long.as_slice(), 1002),
            Err(EnvelopeError::Header(HeaderError::TooLarge { limit: 1002 }))
        ));
        let mut stream: &[u8] = &[0x82, 0x01, 0x02, 0xaa, 0xbb];
        assert_eq!(item(&mut stream, 100).unwrap(), [0x82, 0x01, 0x02]);
        assert_eq!(stream, [0xaa, 0xbb]);
    }
}
