//! Takes fields out of CBOR that [`scan`](super::scan) has already checked.
//!
//! Every method returns `None` where the next item is another one than asked
//! for, or where bytes are missing; the caller knows which field that was.

/// A place in strict CBOR.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// An integer between `-2^63` and `2^63 - 1`.
    pub(crate) fn integer(&mut self) -> Option<i64> {
        match self.head()? {
            (0, argument) => i64::try_from(argument).ok(),
            (1, argument) => i64::try_from(argument).ok().map(|n| -1 - n),
            _ => None,
        }
    }

    /// An integer between 0 and `2^64 - 1`.
    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        self.argument_of(0)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.argument_of(2)?;
        self.take(usize::try_from(length).ok()?)
    }

    /// A byte string of exactly `N` bytes.
    pub(crate) fn byte_array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes()?.try_into().ok()
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let length = self.argument_of(3)?;
        std::str::from_utf8(self.take(usize::try_from(length).ok()?)?).ok()
    }

    /// The number of items of an array; they follow.
    pub(crate) fn array(&mut self) -> Option<u64> {
        self.argument_of(4)
    }

    pub(crate) fn tag(&mut self) -> Option<u64> {
        self.argument_of(6)
    }

    pub(crate) fn null(&mut self) -> Option<()> {
        (self.head()? == (7, 22)).then_some(())
    }

    /// The entries of a map: raw key, and a cursor at the value.
    pub(crate) fn map(&mut self) -> Option<Vec<(&'a [u8], Cursor<'a>)>> {
        let entries = self.argument_of(5)?;
        let mut map = Vec::new();
        for _ in 0..entries {
            let key = self.skip()?;
            map.push((key, Cursor::new(self.skip()?)));
        }
        Some(map)
    }

    /// Passes over one item and returns its bytes.
    pub(crate) fn skip(&mut self) -> Option<&'a [u8]> {
        let start = self.rest;
        let mut items = 1_u64;
        while items > 0 {
            items -= 1;
            let (major, argument) = self.head()?;
            match major {
                2 | 3 => {
                    self.take(usize::try_from(argument).ok()?)?;
                }
                4 => items = items.checked_add(argument)?,
                5 => items = items.checked_add(argument.checked_mul(2)?)?,
                6 => items = items.checked_add(1)?,
                _ => {}
            }
        }
        start.get(..start.len() - self.rest.len())
    }

    fn argument_of(&mut self, major: u8) -> Option<u64> {
        let before = *self;
        match self.head()? {
            (found, argument) if found == major => Some(argument),
            _ => {
                *self = before;
                None
            }
        }
    }

    fn head(&mut self) -> Option<(u8, u64)> {
        let initial = *self.take(1)?.first()?;
        let (major, info) = (initial >> 5, initial & 0x1f);
        let width = match info {
            0..=23 => return Some((major, u64::from(info))),
            24..=27 => 1_usize << (info - 24),
            _ => return None,
        };
        let argument = self
            .take(width)?
            .iter()
            .fold(0_u64, |argument, byte| argument << 8 | u64::from(*byte));
        Some((major, argument))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_reads_each_kind_and_skips_nested_items() {
        // {1: -65793, 4: h'0102', 5: "a", 6: [1, {2: 3}], 7: null}
        let bytes = hex::decode("a5013a0001010004420102056161068201a1020307f6").unwrap();
        let mut map = Cursor::new(&bytes).map().unwrap().into_iter();
        let mut next = || map.next().unwrap().1;
        assert_eq!(next().integer(), Some(-65793));
        assert_eq!(next().byte_array(), Some([1, 2]));
        assert_eq!(next().text(), Some("a"));
        assert_eq!(next().array(), Some(2));
        assert_eq!(next().null(), Some(()));
    }

    #[test]
    fn cursor_returns_none_for_another_kind_and_for_missing_bytes() {
        assert_eq!(Cursor::new(&[0x41, 0x00]).integer(), None);
        assert_eq!(Cursor::new(&[0x20]).unsigned(), None);
        assert_eq!(Cursor::new(&[0x42, 0x00]).bytes(), None);
        assert_eq!(Cursor::new(&[0x41, 0x00]).byte_array::<2>(), None);
        assert!(Cursor::new(&[0x1b, 0xff]).skip().is_none());
        let above = [0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Cursor::new(&above).integer(), None);
        assert_eq!(Cursor::new(&above).unsigned(), Some(1 << 63));
    }
}
