//! Safe paths as a file system can take them.
//!
//! A manifest may hold names that a file system cannot have, and names that it
//! cannot tell apart. Both are refused, unless other names are asked for; those
//! say which name they stand for.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::SafePath;
use super::path::MAX_NAME_BYTES;

/// What a file system makes of names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FileSystem {
    /// Names that differ in case alone are one.
    pub folds_case: bool,
    /// Names that differ in Unicode normalisation alone are one.
    pub normalises: bool,
    /// Names that Windows does not have are none.
    pub windows_names: bool,
}

impl FileSystem {
    /// Names are bytes.
    pub const LINUX: Self = Self {
        folds_case: false,
        normalises: false,
        windows_names: false,
    };
    /// APFS and HFS+ as they come.
    pub const MACOS: Self = Self {
        folds_case: true,
        normalises: true,
        windows_names: false,
    };
    /// NTFS and exFAT.
    pub const WINDOWS: Self = Self {
        folds_case: true,
        normalises: false,
        windows_names: true,
    };
    /// What every system can take.
    pub const ANY: Self = Self {
        folds_case: true,
        normalises: true,
        windows_names: true,
    };
}

/// What to do with a name that a file system does not have, or not beside another.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Naming {
    /// Refuse it.
    #[default]
    AsItStands,
    /// Write it with `%` and two hexadecimal digits for each byte of a character
    /// that makes the trouble, and for every `%`. See [`restored_name`].
    Escaped,
}

/// Why a path cannot be written.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ExtractError {
    /// The file system has no such name.
    #[error("{name:?} in {path:?} cannot be a name here: {problem}; ask for escaped names")]
    Name {
        /// The path.
        path: String,
        /// The name in it.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The file system cannot tell it from one that is there already.
    #[error(
        "{path:?} differs from another path in case or Unicode normalisation alone, and this file system cannot tell them apart; ask for escaped names"
    )]
    Clash {
        /// The path.
        path: String,
    },
}

/// Gives every path of a folder a place on a file system.
///
/// Remembers 24 bytes for each path where names can clash, in a table that takes up to
/// some 75 MiB for a million of them as it grows, and nothing elsewhere.
#[derive(Debug)]
pub struct Extraction {
    system: FileSystem,
    naming: Naming,
    /// What a path looks like here, to which path it is.
    seen: HashMap<[u8; 8], [u8; 16]>,
}

impl Extraction {
    /// Nothing has been written yet.
    pub fn new(system: FileSystem, naming: Naming) -> Self {
        Self {
            system,
            naming,
            seen: HashMap::new(),
        }
    }

    /// The path, relative and with `/`, under which a file is to be written. The
    /// same path has the same place again.
    ///
    /// Two paths never have one place; a link that somebody else puts there
    /// meanwhile is for whoever writes to notice.
    ///
    /// # Errors
    /// [`ExtractError`].
    pub fn place(&mut self, path: &SafePath) -> Result<String, ExtractError> {
        let mut placed = String::new();
        let mut exact = Sha256::new();
        for name in path.names() {
            exact.update(name);
            exact.update(b"/");
            let written = self.written(path, name)?;
            let before = placed.len();
            if before > 0 {
                placed.push('/');
            }
            let start = placed.len();
            placed.push_str(&written);
            if self.takes(&placed, &exact) {
                continue;
            }
            placed.truncate(start);
            placed.push_str(&escaped_wholly(name));
            let tried = self.naming == Naming::Escaped && placed.len() - start <= MAX_NAME_BYTES;
            if !tried || !self.takes(&placed, &exact) {
                return Err(ExtractError::Clash {
                    path: path.as_str().to_owned(),
                });
            }
        }
        Ok(placed)
    }

    fn written(&self, path: &SafePath, name: &str) -> Result<String, ExtractError> {
        let refuse = |problem| ExtractError::Name {
            path: path.as_str().to_owned(),
            name: name.to_owned(),
            problem,
        };
        let trouble = if self.system.windows_names {
            trouble(name)
        } else {
            None
        };
        match (self.naming, trouble) {
            (Naming::AsItStands, None) => Ok(name.to_owned()),
            (Naming::AsItStands, Some(problem)) => Err(refuse(problem)),
            (Naming::Escaped, _) => {
                let written = escaped(name, self.system.windows_names);
                if written.len() > MAX_NAME_BYTES {
                    return Err(refuse("it is too long once it is escaped"));
                }
                Ok(written)
            }
        }
    }

    /// Whether a place is free, or that of this very path.
    fn takes(&mut self, placed: &str, exact: &Sha256) -> bool {
        if !self.system.folds_case && !self.system.normalises {
            // Escapes are unambiguous, and bytes are told apart.
            return true;
        }
        // Eight bytes may meet by chance, which refuses a path too many; sixteen of the
        // path itself keep two paths apart.
        let folded = front(Sha256::digest(self.folded(placed)));
        let exact = front(exact.clone().finalize());
        *self.seen.entry(folded).or_insert(exact) == exact
    }

    /// What two names have in common that the file system may take for one: more
    /// rather than less.
    fn folded(&self, placed: &str) -> String {
        let mut text = placed.to_owned();
        if self.system.normalises {
            text = text.nfd().filter(|c| !is_ignored(*c)).collect();
        }
        if self.system.folds_case {
            // Down first: `ẞ` becomes `ß`, which goes up as `SS`.
            text = text
                .chars()
                .flat_map(char::to_lowercase)
                .flat_map(char::to_uppercase)
                .flat_map(char::to_lowercase)
                .collect();
        }
        if self.system.normalises {
            text = text.nfd().collect();
        }
        text
    }
}

/// The name that an escaped one stands for; `None` where it is none.
pub fn restored_name(written: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = written.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, after) = rest.split_first_chunk::<2>()?;
        let digits = std::str::from_utf8(digits).ok()?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

/// What Windows does not have in names; `:` would be a stream of another file.
const WINDOWS_CHARACTERS: [char; 7] = ['<', '>', ':', '"', '|', '?', '*'];
/// Devices, whatever follows the first point.
const WINDOWS_DEVICES: [&str; 7] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"];

fn trouble(name: &str) -> Option<&'static str> {
    if name.contains(WINDOWS_CHARACTERS) {
        return Some("one of < > : \" | ? * stands in it");
    }
    if name.ends_with(['.', ' ']) {
        return Some("it ends with a point or a space");
    }
    is_device(name).then_some("it is the name of a device")
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim_end_matches(' ').to_uppercase();
    let numbered = |port: &str| {
        stem.strip_prefix(port).is_some_and(|number| {
            matches!(number.as_bytes(), [b'0'..=b'9']) || matches!(number, "¹" | "²" | "³")
        })
    };
    WINDOWS_DEVICES.contains(&stem.as_str()) || numbered("COM") || numbered("LPT")
}

/// A name with what makes trouble escaped.
fn escaped(name: &str, windows: bool) -> String {
    let device = windows && is_device(name);
    let last = name.char_indices().next_back().map(|(at, _)| at);
    let mut written = String::new();
    for (at, c) in name.char_indices() {
        let bad = c == '%'
            || windows && WINDOWS_CHARACTERS.contains(&c)
            || windows && Some(at) == last && matches!(c, '.' | ' ')
            || device && at == 0;
        put(c, bad, &mut written);
    }
    written
}

/// A name with everything escaped: no file system takes it for another.
fn escaped_wholly(name: &str) -> String {
    let mut written = String::new();
    for c in name.chars() {
        put(c, true, &mut written);
    }
    written
}

fn put(c: char, escape: bool, to: &mut String) {
    if !escape {
        to.push(c);
        return;
    }
    let mut bytes = [0; 4];
    for byte in c.encode_utf8(&mut bytes).bytes() {
        to.push_str(&format!("%{byte:02X}"));
    }
}

/// Characters without width, which HFS+ passes over in comparisons.
fn is_ignored(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

/// The first bytes of a digest.
fn front<const N: usize>(digest: impl AsRef<[u8]>) -> [u8; N] {
    digest
        .as_ref()
        .first_chunk::<N>()
        .copied()
        .unwrap_or([0; N])
}

#[cfg(test)]
mod tests;
