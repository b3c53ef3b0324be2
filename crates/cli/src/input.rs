//! Where inputs come from: a file, or standard input.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use crate::failure::Failure;

/// Most bytes of a text file, such as a policy, that are read.
const MAX_TEXT: u64 = 1 << 20;

/// An opened input.
pub struct Input {
    /// Its bytes.
    pub reader: Box<dyn Read + Send>,
    /// How many, where that is known: a regular file's size.
    pub len: Option<u64>,
}

impl Input {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// When it does not exist, is a directory or may not be read.
    pub fn open(path: &str) -> Result<Self, Failure> {
        if path == "-" {
            return Ok(Self {
                reader: Box::new(io::stdin()),
                len: None,
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
        Ok(Self {
            reader: Box::new(file),
            len,
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
    let shown = path.display().to_string();
    let mut bytes = Vec::new();
    let read = match shown.as_str() {
        "-" => io::stdin().take(MAX_TEXT + 1).read_to_end(&mut bytes),
        _ => File::open(path).and_then(|file| file.take(MAX_TEXT + 1).read_to_end(&mut bytes)),
    };
    read.map_err(|error| unreadable(&shown, &error))?;
    if bytes.len() as u64 > MAX_TEXT {
        return Err(Failure::new(
            "input_too_large",
            format_args!("{shown} is larger than 1 MiB"),
        )
        .hint("this should be a small text file; is it the right one?"));
    }
    String::from_utf8(bytes)
        .map_err(|_| Failure::new("input_unreadable", format_args!("{shown} is not text")))
}

/// Whether two paths name the same existing file.
pub fn same_file(a: &str, b: &str) -> bool {
    a != "-" && fs::canonicalize(a).is_ok_and(|a| fs::canonicalize(b).is_ok_and(|b| a == b))
}

fn unreadable(path: &str, error: &io::Error) -> Failure {
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
