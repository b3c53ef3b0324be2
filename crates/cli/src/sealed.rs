//! An envelope to be read: its header, and where its body is.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    ops::Range,
    path::Path,
};

use stheno::envelope::{BodyLayout, EnvelopeError, Header, Location};

use crate::{
    address,
    failure::Failure,
    input::{Input, Stamp, unreadable},
};

/// An envelope whose header has been read.
pub struct Sealed {
    /// The header.
    pub header: Header,
    /// The body, from its first byte on.
    pub body: Box<dyn Read + Send>,
    /// How many bytes the body has, where that is known.
    pub body_len: Option<u64>,
    /// The file with the body and where in it the body lies, for what reads parts.
    pub file: Option<(File, Range<u64>)>,
    /// What the file was when it was opened.
    pub stamp: Stamp,
}

impl Sealed {
    /// Opens an envelope; `body` is the stored object that a detached header names.
    ///
    /// # Errors
    /// When it is none, cannot be read, or `body` is missing, too short or out of place.
    pub fn open(path: &str, body: Option<&Path>) -> Result<Self, Failure> {
        let sealed = Self::open_header(path)?;
        match (sealed.header.location().cloned(), body) {
            (None, None) => Ok(sealed),
            (Some(location), Some(body)) => sealed.with_body(&location, body),
            (None, Some(_)) => Err(Failure::new(
                "not_detached",
                format_args!("{path} is not detached: its ciphertext follows its header"),
            )
            .hint("leave --body out")),
            (Some(location), None) => Err(body_needed(path, &location)),
        }
    }

    /// Opens an envelope or a header alone.
    ///
    /// # Errors
    /// When it is none, or cannot be read.
    pub fn open_header(path: &str) -> Result<Self, Failure> {
        let input = Input::open(path)?;
        // Headers are read in small pieces.
        let mut reader = BufReader::new(input.reader);
        let header = Header::read(&mut reader)?;
        let start = header.as_bytes().len() as u64;
        let body_len = input.len.map(|len| len.saturating_sub(start));
        let file = match input.len.filter(|_| input.file.is_some()) {
            Some(len) => {
                let file = File::open(path).map_err(|error| unreadable(path, &error))?;
                Some((file, start..len.max(start)))
            }
            None => None,
        };
        Ok(Self {
            header,
            body: Box::new(reader),
            body_len,
            file,
            stamp: input.stamp,
        })
    }

    /// An envelope in a file that has no name.
    ///
    /// # Errors
    /// When it is none, or cannot be read.
    pub fn of_file(mut file: File) -> Result<Self, Failure> {
        let header = Header::read(&mut BufReader::new(&mut file))?;
        let start = header.as_bytes().len() as u64;
        let len = file.metadata().map_err(EnvelopeError::Read)?.len();
        file.seek(SeekFrom::Start(start))
            .map_err(EnvelopeError::Read)?;
        let again = file.try_clone().map_err(EnvelopeError::Read)?;
        let sealed = Self {
            header,
            body: Box::new(file),
            body_len: Some(len.saturating_sub(start)),
            file: Some((again, start..len.max(start))),
            stamp: Stamp::default(),
        };
        match sealed.header.location() {
            None => Ok(sealed),
            Some(location) => Err(body_needed("the envelope", location)),
        }
    }

    /// A header, and how many bytes follow it where that is known. Of what lies behind an address,
    /// the first bytes alone are asked for.
    ///
    /// # Errors
    /// When it is none, or cannot be read.
    pub fn header_alone(path: &str) -> Result<(Header, Option<u64>), Failure> {
        if let Some(url) = address::address(path)? {
            return address::header(url);
        }
        let sealed = Self::open_header(path)?;
        Ok((sealed.header, sealed.body_len))
    }

    /// The plaintext's length, as far as the body's length can be trusted.
    pub fn plaintext_len(&self) -> Option<u64> {
        let layout = BodyLayout::of_header(&self.header, self.body_len?).ok()?;
        Some(layout.plaintext_len())
    }

    fn with_body(self, location: &Location, path: &Path) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let failed = |error: &std::io::Error| unreadable(&shown, error);
        let input = Input::open(&shown)?;
        let Some(len) = input.len.filter(|_| input.file.is_some()) else {
            return Err(Failure::new(
                "input_unreadable",
                format_args!("{shown} is not a regular file"),
            )
            .hint("save the stored object to a file first"));
        };
        if len < location.end() {
            return Err(Failure::new(
                "body_too_short",
                format_args!("{shown} has {len} bytes, but {}", where_it_is(location)),
            )
            .hint("fetch the object again, whole"));
        }
        let open = || File::open(path).map_err(|error| failed(&error));
        let mut file = open()?;
        file.seek(SeekFrom::Start(location.offset))
            .map_err(|error| failed(&error))?;
        Ok(Self {
            body: Box::new(file.take(location.length)),
            body_len: Some(location.length),
            file: Some((open()?, location.offset..location.end())),
            stamp: input.stamp,
            ..self
        })
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealed")
            .field("header", &self.header)
            .field("body_len", &self.body_len)
            .finish_non_exhaustive()
    }
}

/// A detached header without the object that it points into.
pub fn body_needed(path: &str, location: &Location) -> Failure {
    Failure::new(
        "body_needed",
        format_args!("{path} is a header alone: {}", where_it_is(location)),
    )
    .hint("fetch that object and give it with --body FILE")
}

/// Where the ciphertext of a detached header lies, in words.
pub fn where_it_is(location: &Location) -> String {
    format!(
        "its ciphertext is bytes {} to {} of {}",
        location.offset,
        location.end(),
        cid_of(location)
    )
}

/// The CID of a stored object, as text; as hex where the header has something else.
pub fn cid_of(location: &Location) -> String {
    location
        .cid_text()
        .unwrap_or_else(|| format!("0x{}", hex::encode(&location.cid)))
}
