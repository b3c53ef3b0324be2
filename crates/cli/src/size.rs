//! A file size as people write it.

use std::str::FromStr;

/// A number of bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Size(pub u64);

/// Units; the plain byte last, since its name ends all others.
const UNITS: [(&str, u64); 4] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("B", 1),
];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, unit) = UNITS
            .iter()
            .find_map(|(name, bytes)| Some((text.strip_suffix(name)?, *bytes)))
            .unwrap_or((text, 1));
        let count: u64 = digits
            .trim()
            .parse()
            .map_err(|_| format!("`{text}` is not a size such as 500000, 512KiB, 64MiB or 1GiB"))?;
        let bytes = count.checked_mul(unit);
        bytes
            .map(Self)
            .ok_or_else(|| format!("`{text}` is too large"))
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let whole = UNITS
            .iter()
            .filter(|(_, bytes)| *bytes > 1 && self.0 >= *bytes && self.0.is_multiple_of(*bytes))
            .max_by_key(|(_, bytes)| *bytes);
        match whole {
            Some((name, bytes)) => write!(f, "{} {name}", self.0 / bytes),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_reads_what_people_write() {
        for (text, bytes) in [
            ("0", 0),
            ("7B", 7),
            ("512KiB", 1 << 19),
            ("64 MiB", 1 << 26),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "x", "-1", "1.5MiB", "64MB", "99999999999999GiB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn size_is_shown_in_its_largest_whole_unit() {
        assert_eq!(Size(1 << 26).to_string(), "64 MiB");
        assert_eq!(Size(1 << 30).to_string(), "1 GiB");
        assert_eq!(Size(1000).to_string(), "1000 bytes");
        assert_eq!(Size(0).to_string(), "0 bytes");
    }
}
