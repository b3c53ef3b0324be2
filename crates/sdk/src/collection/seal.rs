//! One file to an envelope, the envelope to the pieces that hold it, in one pass.

use std::{
    fs::File,
    io::{self, Read, Write},
    num::NonZeroUsize,
    ops::Range,
    path::Path,
};

use sha2::{Digest, Sha256};
use stheno_crypto::ItemId;
use stheno_envelope::{
    EnvelopeError, EnvelopeLayout, PieceCid, PieceHasher, PieceLimits, Split,
    manifest::{Part, StoredEnvelope},
};

use super::{
    CollectionError,
    batch::Batch,
    desk::{Desk, Draft},
    hashed::Hashed,
};
use crate::{EncryptOptions, Encryption, Error, SealTo};

/// Files that are smaller are hashed on one thread: starting more costs more than it saves.
const SMALL: u64 = 8 << 20;

/// How files are encrypted, and where their pieces go.
pub(super) struct Sealer<'a> {
    pub(super) desk: &'a Desk,
    pub(super) to: &'a [SealTo],
    pub(super) options: &'a EncryptOptions,
    pub(super) limits: PieceLimits,
}

/// A file whose pieces are all whole. Some may wait for their names.
pub(super) struct Sealed {
    pub(super) sha256: [u8; 32],
    pub(super) header_sha256: [u8; 32],
    pub(super) item: Option<ItemId>,
    pub(super) envelope: StoredEnvelope,
}

impl Sealer<'_> {
    /// Refuses what cannot be cut into pieces before anything is written. Whoever fits the largest and
    /// the smallest fits the others.
    pub(super) fn check(&self, lengths: impl IntoIterator<Item = u64>) -> Result<(), Error> {
        for len in lengths {
            self.prepare(len, self.options.item)?;
        }
        Ok(())
    }

    fn prepare(&self, len: u64, item: Option<ItemId>) -> Result<(Encryption, Split), Error> {
        let mut options = self.options.clone().plaintext_len(len);
        options.item = item;
        let encryption = Encryption::prepare(self.to, options)?;
        let header = encryption.header();
        let envelope_len = encryption.envelope_len();
        let layout = EnvelopeLayout::of_header(header, envelope_len.unwrap_or_default())?;
        let split = Split::new(layout, self.limits).map_err(CollectionError::from)?;
        Ok((encryption, split))
    }

    /// Encrypts so many bytes, to this item or a fresh one. The pieces are left to `batch`; `note` hears
    /// of each before.
    pub(super) fn seal(
        &self,
        input: impl Read + Send,
        len: u64,
        item: Option<ItemId>,
        batch: &mut Batch,
        note: &mut (dyn FnMut(&PieceCid) -> io::Result<()> + Send),
    ) -> Result<Sealed, Error> {
        let (encryption, split) = self.prepare(len, item)?;
        let layout = *split.layout();
        let header_sha256 = Sha256::digest(encryption.header().as_bytes()).into();
        let mut pieces = Pieces {
            desk: self.desk,
            cuts: split.iter().collect(),
            threads: (layout.envelope_len() < SMALL).then_some(NonZeroUsize::MIN),
            current: None,
            parts: Vec::new(),
            failed: None,
            batch,
            note,
        };
        let mut input = Hashed {
            input,
            hash: Sha256::new(),
        };
        let written = encryption.write(&mut input, &mut pieces);
        // The sink's own words say more than that writing failed.
        if let Some(error) = pieces.failed.take() {
            return Err(error.into());
        }
        let written = written?;
        Ok(Sealed {
            sha256: input.hash.finalize().into(),
            header_sha256,
            item: written.item,
            envelope: StoredEnvelope {
                len: written.envelope_len,
                header_len: layout.header_len(),
                chunk_size: layout.chunk_size(),
                cid: None,
                parts: pieces.parts,
                hints: Vec::new(),
            },
        })
    }
}

/// Cuts what passes into pieces, each of which may get its name when it is whole.
struct Pieces<'a> {
    desk: &'a Desk,
    /// What is left to be cut.
    cuts: std::collections::VecDeque<Range<u64>>,
    threads: Option<NonZeroUsize>,
    current: Option<Piece>,
    parts: Vec<Part>,
    failed: Option<CollectionError>,
    batch: &'a mut Batch,
    note: &'a mut (dyn FnMut(&PieceCid) -> io::Result<()> + Send),
}

struct Piece {
    draft: Draft,
    hasher: PieceHasher,
    at: u64,
    len: u64,
    left: u64,
}

impl Pieces<'_> {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, CollectionError> {
        let mut piece = match self.current.take() {
            Some(piece) => piece,
            None => self.begin()?,
        };
        let fits = usize::try_from(piece.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let part = bytes.get(..fits).unwrap_or(bytes);
        let mut file = piece.draft.file();
        file.write_all(part)
            .map_err(|error| CollectionError::disk("write", piece.draft.path(), &error))?;
        piece.hasher.update(part);
        piece.left -= part.len() as u64;
        if piece.left == 0 {
            self.keep(piece)?;
        } else {
            self.current = Some(piece);
        }
        Ok(part.len())
    }

    fn begin(&mut self) -> Result<Piece, CollectionError> {
        let draft = self.desk.draft()?;
        let cut = self.cuts.pop_front().ok_or_else(|| {
            let error = io::Error::other("more bytes came than were announced");
            CollectionError::disk("write", draft.path(), &error)
        })?;
        let len = cut.end - cut.start;
        Ok(Piece {
            draft,
            hasher: PieceHasher::new(self.threads),
            at: cut.start,
            len,
            left: len,
        })
    }

    fn keep(&mut self, piece: Piece) -> Result<(), CollectionError> {
        let Piece {
            draft,
            hasher,
            at,
            len,
            ..
        } = piece;
        let named = hasher.finish().map_err(|error| {
            CollectionError::disk("name", draft.path(), &io::Error::other(error))
        })?;
        (self.note)(&named)
            .map_err(|error| CollectionError::disk("note", self.desk.folder(), &error))?;
        let target = self.desk.folder().join(named.to_string());
        self.batch.push(draft, target, len);
        if self.batch.is_full() {
            self.batch.keep()?;
        }
        self.parts.push(Part {
            piece: named,
            at,
            len,
            offset: 0,
        });
        Ok(())
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        self.take(bytes).map_err(|error| {
            let told = io::Error::other(error.to_string());
            self.failed = Some(error);
            told
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The pieces of an envelope that is a file: their names, and which bytes each of them is.
///
/// # Errors
/// When the file is no envelope or cannot be read, and [`CollectionError::Split`].
pub fn pieces_of(path: &Path, limits: PieceLimits) -> Result<Vec<(PieceCid, Range<u64>)>, Error> {
    let file = File::open(path).map_err(|error| CollectionError::disk("read", path, &error))?;
    let header = stheno_envelope::Header::read(&mut io::BufReader::new(&file))?;
    let len = stheno_envelope::ReadAt::size(&file).map_err(EnvelopeError::Read)?;
    let layout = EnvelopeLayout::of_header(&header, len)?;
    let split = Split::new(layout, limits).map_err(CollectionError::from)?;
    let mut pieces = Vec::new();
    for range in split.iter() {
        let mut reader = stheno_envelope::ReadAt::reader(&file, range.clone());
        let mut hasher = PieceHasher::new(None);
        let mut buffer = vec![0; 256 << 10];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => hasher.update(buffer.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(EnvelopeError::Read(error).into()),
            }
        }
        let named = hasher.finish();
        let named =
            named.map_err(|error| CollectionError::disk("name", path, &io::Error::other(error)))?;
        pieces.push((named, range));
    }
    Ok(pieces)
}
