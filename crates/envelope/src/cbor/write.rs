//! Writes strict CBOR: definite lengths, shortest heads.

/// Bytes under construction.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn integer(mut self, value: i64) -> Self {
        match u64::try_from(value) {
            Ok(value) => self.head(0, value),
            // -1 - n is the complement of n.
            Err(_) => self.head(1, (!value).unsigned_abs()),
        }
        self
    }

    pub(crate) fn unsigned(mut self, value: u64) -> Self {
        self.head(0, value);
        self
    }

    pub(crate) fn bytes(mut self, value: &[u8]) -> Self {
        self.head(2, value.len() as u64);
        self.raw(value)
    }

    pub(crate) fn text(mut self, value: &str) -> Self {
        self.head(3, value.len() as u64);
        self.raw(value.as_bytes())
    }

    pub(crate) fn array(mut self, items: u64) -> Self {
        self.head(4, items);
        self
    }

    pub(crate) fn map(mut self, entries: u64) -> Self {
        self.head(5, entries);
        self
    }

    pub(crate) fn tag(mut self, tag: u64) -> Self {
        self.head(6, tag);
        self
    }

    pub(crate) fn null(mut self) -> Self {
        self.head(7, 22);
        self
    }

    /// Items that are encoded already.
    pub(crate) fn raw(mut self, items: &[u8]) -> Self {
        self.bytes.extend_from_slice(items);
        self
    }

    fn head(&mut self, major: u8, argument: u64) {
        let major = major << 5;
        let bytes = argument.to_be_bytes();
        match argument {
            0..=23 => self.bytes.push(major | bytes[7]),
            24..=0xff => self.bytes.extend_from_slice(&[major | 24, bytes[7]]),
            0x100..=0xffff => {
                self.bytes.push(major | 25);
                self.bytes.extend_from_slice(&bytes[6..]);
            }
            0x1_0000..=0xffff_ffff => {
                self.bytes.push(major | 26);
                self.bytes.extend_from_slice(&bytes[4..]);
            }
            _ => {
                self.bytes.push(major | 27);
                self.bytes.extend_from_slice(&bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cbor::scan;
    use ciborium::Value;

    #[test]
    fn writer_agrees_with_ciborium_on_every_head_width() {
        for value in [
            0,
            23,
            24,
            255,
            256,
            65535,
            65536,
            4294967295,
            4294967296,
            i64::MAX,
            -1,
            -24,
            -25,
            -65793,
            i64::MIN,
        ] {
            let mut expected = Vec::new();
            ciborium::into_writer(&Value::from(value), &mut expected).unwrap();
            let written = Writer::new().integer(value).finish();
            assert_eq!(written, expected, "{value}");
            assert_eq!(scan::exact(&written), Ok(()));
        }
        for length in [0, 23, 24, 255, 256, 65535, 65536] {
            let bytes = vec![7; length];
            let mut expected = Vec::new();
            ciborium::into_writer(&Value::Bytes(bytes.clone()), &mut expected).unwrap();
            assert_eq!(Writer::new().bytes(&bytes).finish(), expected);
        }
    }
}
