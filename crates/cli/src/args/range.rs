//! A part of a file, as people write it.

use std::{fmt, str::FromStr};

use crate::size::Size;

/// `OFFSET:LENGTH`, or one of them and the colon.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RangeArg {
    /// The first byte.
    pub offset: u64,
    /// How many; `None`: all to the end of the file.
    pub length: Option<u64>,
}

impl FromStr for RangeArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let forms = "OFFSET:LENGTH, OFFSET: or :LENGTH, such as 1GiB:64KiB";
        let (offset, length) = text
            .split_once(':')
            .filter(|_| text != ":")
            .ok_or_else(|| format!("`{text}` is not {forms}"))?;
        let size = |text: &str| match text {
            "" => Ok(None),
            text => text.parse().map(|Size(bytes)| Some(bytes)),
        };
        let (offset, length) = (size(offset)?.unwrap_or(0), size(length)?);
        match offset.checked_add(length.unwrap_or(0)) {
            Some(_) => Ok(Self { offset, length }),
            None => Err(format!("`{text}` is beyond any file")),
        }
    }
}

impl fmt::Display for RangeArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.offset)?;
        self.length.map_or(Ok(()), |length| write!(f, "{length}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_reads_what_people_write() {
        let range = |offset, length| Ok(RangeArg { offset, length });
        assert_eq!("10:20".parse(), range(10, Some(20)));
        assert_eq!("1GiB:64KiB".parse(), range(1 << 30, Some(64 << 10)));
        assert_eq!("5:".parse(), range(5, None));
        assert_eq!(":5".parse(), range(0, Some(5)));
        assert_eq!("0:0".parse(), range(0, Some(0)));
        for wrong in [
            "",
            ":",
            "5",
            "a:b",
            "1:2:3",
            "-1:5",
            "1-5",
            "18446744073709551615:1",
        ] {
            assert!(wrong.parse::<RangeArg>().is_err(), "{wrong}");
        }
    }
}
