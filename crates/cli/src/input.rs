//! Where inputs come from: a file, an address, or standard input.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read},
    path::Path,
};

use zeroize::Zeroizing;

use crate::{address, failure::Failure};

/// Most bytes of a text file, such as a policy, that are read.
const MAX_TEXT: u64 = 1 << 20;

/// An opened input.
pub struct Input {
    /// Its bytes.
    pub reader: Box<dyn Read + Send>,
    /// How many, where that is known: a regular file's size, or what a server says.
    pub len: Option<u64>,
    /// The file, where it is a regular one, which can be read again and anywhere.
    pub file: Option<File>,
    /// What it was when it was opened.
    pub stamp: Stamp,
}

/// What a file was when it was opened, to be compared when it has been read.
#[derive(Debug, Default)]
pub struct Stamp(Option<(String, File, Metadata)>);

impl Stamp {
    fn of(path: &str, file: &File, metadata: Metadata) -> Self {
        let again = file.try_clone().ok().filter(|_| metadata.is_file());
        Self(again.map(|file| (path.to_owned(), file, metadata)))
    }

    /// Refuses a file that was written to meanwhile: what was read is perhaps a mixture.
    ///
    /// Streams have nothing to compare; a length that differs from the announced one is noticed
    /// while reading.
    ///
    /// # Errors
    /// When size or time of modification are not what they were.
    pub fn check(&self) -> Result<(), Failure> {
        let Some((path, file, before)) = &self.0 else {
            return Ok(());
        };
        let after = file.metadata().map_err(|error| unreadable(path, &error))?;
        let same_time = match (before.modified(), after.modified()) {
            (Ok(before), Ok(after)) => before == after,
            _ => true,
        };
        if same_time && before.len() == after.len() {
            return Ok(());
        }
        Err(Failure::new(
            "input_changed",
            format_args!("{path} was changed while it was read"),
        )
        .hint("wait until nothing writes to it, or take a copy of it"))
    }
}

impl Input {
    /// Opens a file or an address; `-` is standard input.
    ///
    /// # Errors
    /// When it does not exist, is a directory or may not be read.
    pub fn open(path: &str) -> Result<Self, Failure> {
        if path == "-" {
            return Ok(Self {
                reader: Box::new(io::stdin()),
                len: None,
                file: None,
                stamp: Stamp::default(),
            });
        }
        if let Some(url) = address::address(path)? {
            let download = address::download(url)?;
            return Ok(Self {
                len: download.size(),
                reader: Box::new(download),
                file: None,
                stamp: Stamp::default(),
            });
        }
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let metadata = file.metadata().map_err(|error| unreadable(path, &error))?;
        if metadata.is_dir() {
            return Err(
                Failure::new("input_unreadable", format_args!("{path} is a directory"))
                    .hint("give a file; pack a directory first, for example with tar"),
            );
        }
        let len = metadata.is_file().then_some(metadata.len());
        let again = match metadata.is_file() {
            true => Some(file.try_clone().map_err(|error| unreadable(path, &error))?),
            false => None,
        };
        let stamp = Stamp::of(path, &file, metadata);
        Ok(Self {
            reader: Box::new(file),
            len,
            file: again,
            stamp,
        })
    }
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// Reads a small text; `-` is standard input.
///
/// # Errors
/// When it cannot be read, is too large or is not UTF-8.
pub fn text(path: &Path) -> Result<String, Failure> {
    text_within(path, MAX_TEXT)
}

/// Reads a text of at most so many bytes, whole MiB; `-` is standard input.
///
/// # Errors
/// As [`text`].
pub fn text_within(path: &Path, limit: u64) -> Result<String, Failure> {
    let shown = path.display().to_string();
    let mut bytes = Vec::new();
    let read = match shown.as_str() {
        "-" => io::stdin().take(limit + 1).read_to_end(&mut bytes),
        _ => File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)),
    };
    read.map_err(|error| unreadable(&shown, &error))?;
    if bytes.len() as u64 > limit {
        return Err(Failure::new(
            "input_too_large",
            format_args!("{shown} is larger than {} MiB", limit >> 20),
        )
        .hint("this should be a smaller text file; is it the right one?"));
    }
    String::from_utf8(bytes)
        .map_err(|_| Failure::new("input_unreadable", format_args!("{shown} is not text")))
}

/// Most bytes of a file with keys.
const MAX_SECRET: usize = 64 << 10;

/// Reads a small text that holds a secret, into memory that is wiped; `-` is standard input.
///
/// # Errors
/// When it cannot be read, is too large or is not UTF-8. The text is not repeated.
pub fn secret_text(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let shown = path.display().to_string();
    let failed = |error: &io::Error| unreadable(&shown, error);
    // All at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(vec![0; MAX_SECRET + 1]);
    let mut source: Box<dyn Read> = match shown.as_str() {
        "-" => Box::new(io::stdin()),
        _ => Box::new(File::open(path).map_err(|error| failed(&error))?),
    };
    let mut filled = 0;
    loop {
        let space = bytes.get_mut(filled..).unwrap_or_default();
        match source.read(space) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(&error)),
        }
    }
    if filled > MAX_SECRET {
        return Err(Failure::new(
            "input_too_large",
            format_args!("{shown} is larger than 64 KiB"),
        )
        .hint("this should be a file with a key; is it the right one?"));
    }
    let text = std::str::from_utf8(bytes.get(..filled).unwrap_or_default())
        .map_err(|_| Failure::new("bad_key", format_args!("{shown} holds no key, but bytes")))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Refuses standard input for two things at once.
///
/// # Errors
/// When two of the paths are `-`.
pub fn stdin_once<'a>(paths: impl Iterator<Item = &'a Path>) -> Result<(), Failure> {
    match paths.filter(|path| path.as_os_str() == "-").count() {
        0 | 1 => Ok(()),
        _ => Err(
            Failure::new("stdin_twice", "standard input cannot be two things at once")
                .hint("put all but one of them into files"),
        ),
    }
}

/// Whether two paths name the same existing file.
pub fn same_file(a: &str, b: &str) -> bool {
    a != "-" && fs::canonicalize(a).is_ok_and(|a| fs::canonicalize(b).is_ok_and(|b| a == b))
}

/// A file that cannot be read, and what to do about it.
pub fn unreadable(path: &str, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => "check the name",
        io::ErrorKind::PermissionDenied => "you may not read it",
        _ => "check the file and its disk",
    };
    Failure::new(
        "input_unreadable",
        format_args!("{path} cannot be read: {error}"),
    )
    .hint(hint)
}
