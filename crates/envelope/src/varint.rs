//! Unsigned LEB128, in its shortest form alone: the varints of multiformats and of protobuf.

use std::io::{self, Read};

/// The longest that is read: 63 bits, as multiformats have it.
const MAX_BYTES: usize = 9;

/// Appends a number.
pub(crate) fn write(mut value: u64, to: &mut Vec<u8>) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

/// How many bytes a number takes.
pub(crate) fn len(value: u64) -> u64 {
    let bits = u64::from(64 - value.leading_zeros()).max(1);
    bits.div_ceil(7)
}

/// Takes a number from the front; `None` where there is none in its shortest form.
pub(crate) fn read(from: &mut &[u8]) -> Option<u64> {
    let mut number = Number::default();
    loop {
        let (&byte, rest) = from.split_first()?;
        *from = rest;
        if let Some(done) = number.push(byte)? {
            return Some(done);
        }
    }
}

/// What a stream has where a number may stand.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Next {
    /// A number.
    Number(u64),
    /// Nothing more.
    End,
    /// The stream ends inside a number.
    Truncated,
    /// Bytes that are no number in its shortest form.
    Malformed,
}

/// Reads a number, byte by byte, and not one byte more.
pub(crate) fn read_from(source: &mut impl Read) -> io::Result<Next> {
    let mut number = Number::default();
    let mut first = true;
    loop {
        let mut byte = [0];
        match source.read_exact(&mut byte) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Ok(if first { Next::End } else { Next::Truncated });
            }
            Err(error) => return Err(error),
        }
        first = false;
        match number.push(byte[0]) {
            None => return Ok(Next::Malformed),
            Some(Some(done)) => return Ok(Next::Number(done)),
            Some(None) => {}
        }
    }
}

/// A number that is being read.
#[derive(Default)]
struct Number {
    value: u64,
    bytes: usize,
}

impl Number {
    /// `Some(Some(_))` when it is complete, `None` when it can be none.
    fn push(&mut self, byte: u8) -> Option<Option<u64>> {
        self.value |= u64::from(byte & 0x7f) << (7 * self.bytes);
        self.bytes += 1;
        match byte {
            // A last byte of zero adds nothing.
            0 if self.bytes > 1 => None,
            0..0x80 => Some(Some(self.value)),
            _ if self.bytes == MAX_BYTES => None,
            _ => Some(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn number_comes_back_and_has_the_length_that_was_said(value in 0..1_u64 << 63) {
            let mut bytes = Vec::new();
            write(value, &mut bytes);
            prop_assert_eq!(bytes.len() as u64, len(value));
            prop_assert_eq!(read_from(&mut bytes.as_slice()).unwrap(), Next::Number(value));
            let mut rest = bytes.as_slice();
            prop_assert_eq!(read(&mut rest), Some(value));
            prop_assert!(rest.is_empty());
        }
    }

    #[test]
    fn number_is_refused_when_it_is_longer_than_needed_cut_or_too_large() {
        for bytes in [
            &[0x80, 0x00][..],
            &[0xff, 0x80, 0x00],
            &[0xff; 9],
            &[0xff; 20],
        ] {
            assert_eq!(read(&mut &*bytes), None, "{bytes:?}");
            assert_eq!(read_from(&mut &*bytes).unwrap(), Next::Malformed);
        }
        assert_eq!(read(&mut &[0x80][..]), None);
        assert_eq!(read_from(&mut &[0x80][..]).unwrap(), Next::Truncated);
        assert_eq!(read_from(&mut &[][..]).unwrap(), Next::End);
        assert_eq!((len(0), len(127), len(128)), (1, 1, 2));
    }
}
