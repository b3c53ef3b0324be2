//! One file of a manifest: what it is, and where its envelope lies.

use std::ops::Range;

use cid::Cid;
use stheno_crypto::{ItemId, NetworkId};

use super::{EntryError, Hint, SafePath, hints};
use crate::cbor::cursor::Cursor;
use crate::cbor::write::Writer;
use crate::{ChunkSize, EnvelopeLayout, PieceCid};

/// The most parts of an envelope: 16 TiB of full pieces.
const MAX_PARTS: usize = 1 << 14;
/// The longest media type, in bytes.
const MAX_MEDIA_TYPE_BYTES: usize = 127;

/// One file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Where in the folder it is.
    pub path: SafePath,
    /// Bytes of the plaintext.
    pub size: u64,
    /// Its media type, such as `text/csv`.
    pub media_type: Option<String>,
    /// SHA-256 of the plaintext.
    pub sha256: [u8; 32],
    /// SHA-256 of the envelope's header. It says which copy of a header is the file's, which a chunk can
    /// only say of itself once the key is there.
    pub header_sha256: [u8; 32],
    /// When it was changed last, in seconds since 1970.
    pub modified: Option<i64>,
    /// The item that its envelope is sealed to, where it is sealed to a committee.
    pub item: Option<ItemId>,
    /// Where its envelope lies.
    pub envelope: StoredEnvelope,
}

/// An envelope, and where it lies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredEnvelope {
    /// Bytes of the envelope.
    pub len: u64,
    /// Bytes of its header.
    pub header_len: u64,
    /// Plaintext bytes of every chunk but the last; `None` for algorithm 3.
    pub chunk_size: Option<ChunkSize>,
    /// The UnixFS root of its bytes.
    pub cid: Option<Cid>,
    /// The pieces that hold its bytes, in order; without any, `cid` is there.
    pub parts: Vec<Part>,
    /// Who may have it.
    pub hints: Vec<Hint>,
}

/// A stretch of an envelope, and the piece that holds it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Part {
    /// The piece.
    pub piece: PieceCid,
    /// Where in the envelope it begins.
    pub at: u64,
    /// Bytes of it.
    pub len: u64,
    /// Where in the piece it begins: 0, unless several envelopes share a piece.
    pub offset: u64,
}

/// Bytes of a piece that hold bytes of an envelope.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PartRange {
    /// Which part of the envelope, from 0.
    pub part: usize,
    /// The piece.
    pub piece: PieceCid,
    /// Which bytes of the piece.
    pub bytes: Range<u64>,
}

impl StoredEnvelope {
    /// Where its header and chunks lie.
    ///
    /// # Errors
    /// [`EnvelopeError`](crate::EnvelopeError) when no envelope has such lengths;
    /// never for one that was read from a manifest.
    pub fn layout(&self) -> Result<EnvelopeLayout, crate::EnvelopeError> {
        EnvelopeLayout::new(self.header_len, self.chunk_size, self.len)
    }

    /// Which bytes of which pieces hold bytes of the envelope. `None` beyond its
    /// end, and where it is in no pieces.
    pub fn locate(&self, bytes: Range<u64>) -> Option<Vec<PartRange>> {
        if bytes.start > bytes.end || bytes.end > self.len || self.parts.is_empty() {
            return None;
        }
        let first = self
            .parts
            .partition_point(|part| part.at + part.len <= bytes.start);
        let touched = self.parts.iter().enumerate().skip(first);
        let ranges = touched
            .take_while(|(_, part)| part.at < bytes.end)
            .map(|(index, part)| {
                let start = bytes.start.max(part.at) - part.at + part.offset;
                let end = bytes.end.min(part.at + part.len) - part.at + part.offset;
                PartRange {
                    part: index,
                    piece: part.piece,
                    bytes: start..end,
                }
            });
        // Of nothing, nothing.
        Some(ranges.filter(|range| !range.bytes.is_empty()).collect())
    }

    fn check(&self, size: u64) -> Result<(), EntryError> {
        let sizes = EntryError::Sizes {
            size,
            envelope: self.len,
        };
        match self.layout() {
            Ok(layout) if self.header_len > 0 && layout.body().plaintext_len() == size => {}
            _ => return Err(sizes),
        }
        if self.parts.len() > MAX_PARTS {
            return Err(EntryError::Malformed("it is in more than 16384 parts"));
        }
        if self.parts.is_empty() && self.cid.is_none() {
            return Err(EntryError::Malformed("it has neither pieces nor a CID"));
        }
        if let Some(problem) = hints::problem(&self.hints) {
            return Err(EntryError::Malformed(problem));
        }
        if self.parts.is_empty() {
            return Ok(());
        }
        let mut end = 0_u64;
        for (index, part) in self.parts.iter().enumerate() {
            match part.at {
                at if at < end => return Err(EntryError::Overlap { part: index, at }),
                at if at > end => return Err(EntryError::Hole { from: end }),
                _ => {}
            }
            if part.len == 0 {
                return Err(EntryError::Malformed("a part of it has no bytes"));
            }
            let piece_len = part.piece.payload_len();
            if part
                .offset
                .checked_add(part.len)
                .is_none_or(|end| end > piece_len)
            {
                return Err(EntryError::BeyondThePiece {
                    part: index,
                    piece_len,
                });
            }
            end = match part.at.checked_add(part.len) {
                Some(end) if end <= self.len => end,
                _ => return Err(EntryError::BeyondTheEnd { part: index }),
            };
        }
        if end < self.len {
            return Err(EntryError::Hole { from: end });
        }
        Ok(())
    }
}

impl Entry {
    /// Refuses what is not written and not read.
    pub(super) fn check(&self, network: Option<&NetworkId>) -> Result<(), EntryError> {
        if self.item.is_some() && network.is_none() {
            return Err(EntryError::ItemWithoutNetwork);
        }
        if let Some(media_type) = &self.media_type
            && !is_media_type(media_type)
        {
            return Err(EntryError::Malformed("its media type is none"));
        }
        self.envelope.check(self.size)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let envelope = &self.envelope;
        let to = Writer::new()
            .array(8)
            .text(self.path.as_str())
            .unsigned(self.size);
        let to = or_null(to, self.media_type.as_deref(), |to, text| to.text(text));
        let to = to.bytes(&self.sha256).bytes(&self.header_sha256);
        let to = or_null(to, self.modified, Writer::integer);
        let to = or_null(to, self.item.as_ref(), |to, item| to.bytes(item.as_bytes()));
        let to = to
            .array(6)
            .unsigned(envelope.len)
            .unsigned(envelope.header_len);
        let to = or_null(to, envelope.chunk_size, |to, size| {
            to.unsigned(size.get() as u64)
        });
        let to = or_null(to, envelope.cid, |to, cid| to.bytes(&cid.to_bytes()));
        let parts = to.array(envelope.parts.len() as u64);
        let to = envelope.parts.iter().fold(parts, |to, part| {
            to.array(4)
                .bytes(&part.piece.to_bytes())
                .unsigned(part.at)
                .unsigned(part.len)
                .unsigned(part.offset)
        });
        hints::encode(&envelope.hints, to).finish()
    }

    /// Takes an entry out of strict CBOR.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        let mut from = Cursor::new(bytes);
        let path = array_of(&mut from, 8).and_then(|()| from.text());
        let path = path.ok_or(EntryError::Malformed("it does not begin with a path"))?;
        let path = SafePath::new(path)?;
        let entry = Self::fields(path, &mut from).filter(|_| from.is_at_end());
        let entry = entry.ok_or(EntryError::Malformed("a field has another form"))?;
        if entry.encode() != bytes {
            return Err(EntryError::Malformed("it is not in its one form"));
        }
        Ok(entry)
    }

    fn fields(path: SafePath, from: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            path,
            size: from.unsigned()?,
            media_type: optional(from, |from| from.text().map(str::to_owned))?,
            sha256: from.byte_array()?,
            header_sha256: from.byte_array()?,
            modified: optional(from, Cursor::integer)?,
            item: optional(from, |from| from.byte_array().map(ItemId::from_bytes))?,
            envelope: envelope(from)?,
        })
    }
}

fn envelope(from: &mut Cursor<'_>) -> Option<StoredEnvelope> {
    array_of(from, 6)?;
    let (len, header_len) = (from.unsigned()?, from.unsigned()?);
    let chunk_size = optional(from, |from| ChunkSize::from_header(from.unsigned()?))?;
    let cid = optional(from, |from| Cid::try_from(from.bytes()?).ok())?;
    let count = from.array()?;
    let mut parts = Vec::new();
    for _ in 0..count {
        array_of(from, 4)?;
        parts.push(Part {
            piece: PieceCid::from_bytes(from.bytes()?).ok()?,
            at: from.unsigned()?,
            len: from.unsigned()?,
            offset: from.unsigned()?,
        });
    }
    Some(StoredEnvelope {
        len,
        header_len,
        chunk_size,
        cid,
        parts,
        hints: hints::decode(from)?,
    })
}

fn array_of(from: &mut Cursor<'_>, items: u64) -> Option<()> {
    (from.array()? == items).then_some(())
}

/// An item or null.
pub(super) fn optional<'a, T>(
    from: &mut Cursor<'a>,
    take: impl FnOnce(&mut Cursor<'a>) -> Option<T>,
) -> Option<Option<T>> {
    let mut ahead = *from;
    if ahead.null().is_some() {
        *from = ahead;
        return Some(None);
    }
    take(from).map(Some)
}

pub(super) fn or_null<T>(
    to: Writer,
    value: Option<T>,
    put: impl FnOnce(Writer, T) -> Writer,
) -> Writer {
    match value {
        Some(value) => put(to, value),
        None => to.null(),
    }
}

/// `type/subtype`, with parameters or without, in printable ASCII.
fn is_media_type(text: &str) -> bool {
    let printable = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() || byte == b' ');
    let named = text
        .split_once('/')
        .is_some_and(|(kind, subtype)| !kind.is_empty() && !subtype.is_empty());
    printable && named && text.len() <= MAX_MEDIA_TYPE_BYTES
}
