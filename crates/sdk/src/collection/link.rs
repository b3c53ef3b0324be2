//! A link: where an envelope is and what it is, for everybody to see.
//!
//! ```text
//! stheno:collection/<PieceCID>[,<PieceCID>…][?at=<place>[&at=<place>…]]
//! stheno:file/<PieceCID>…
//! ```
//!
//! The pieces, in order, are those of a manifest's envelope, or of a file's. A place is an address
//! with `https` or `http`, or `pdp+` and one, percent-encoded. There is no key in it and no room for
//! one: who follows the link must pass the policy.

use std::{fmt, str::FromStr};

use stheno_envelope::{
    PieceCid,
    manifest::{Part, StoredEnvelope},
};
use url::form_urlencoded;

use super::{CollectionError, Place};

/// How a link begins.
const SCHEME: &str = "stheno:";
/// The most pieces of a link, of a gibibyte each.
const MAX_PIECES: usize = 1024;
/// The most places of a link.
const MAX_PLACES: usize = 32;
/// The longest link, in bytes.
const MAX_BYTES: usize = 128 << 10;

/// What a link leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LinkKind {
    /// The manifest of a collection.
    Collection,
    /// An envelope by itself.
    File,
}

/// Where an envelope is, and what it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link {
    /// What it leads to.
    pub kind: LinkKind,
    /// The pieces of the envelope, in order; one at least.
    pub pieces: Vec<PieceCid>,
    /// Where they are, best first.
    pub places: Vec<Place>,
}

impl Link {
    /// Whether a text is meant as a link.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// Bytes of the envelope.
    pub fn len(&self) -> u64 {
        let lengths = self.pieces.iter().map(PieceCid::payload_len);
        lengths.fold(0, u64::saturating_add)
    }

    /// Whether there are no bytes; never of a link that was read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The envelope, whose header nobody has read yet.
    pub(crate) fn envelope(&self) -> StoredEnvelope {
        let mut at = 0;
        let parts = self.pieces.iter().map(|piece| {
            let part = Part {
                piece: *piece,
                at,
                len: piece.payload_len(),
                offset: 0,
            };
            at += part.len;
            part
        });
        let parts = parts.collect();
        StoredEnvelope {
            len: self.len(),
            header_len: 0,
            chunk_size: None,
            cid: None,
            parts,
            hints: Vec::new(),
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEME)?;
        f.write_str(match self.kind {
            LinkKind::Collection => "collection/",
            LinkKind::File => "file/",
        })?;
        for (number, piece) in self.pieces.iter().enumerate() {
            let sign = if number == 0 { "" } else { "," };
            write!(f, "{sign}{piece}")?;
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        for place in self.places.iter().filter(|place| place.is_public()) {
            query.append_pair("at", &place.to_string());
        }
        let query = query.finish();
        match query.is_empty() {
            true => Ok(()),
            false => write!(f, "?{query}"),
        }
    }
}

impl FromStr for Link {
    type Err = CollectionError;

    fn from_str(text: &str) -> Result<Self, CollectionError> {
        let bad = |problem| CollectionError::BadLink { problem };
        if text.len() > MAX_BYTES {
            return Err(bad("it is too long"));
        }
        let rest = text.strip_prefix(SCHEME);
        let rest = rest.ok_or(bad("it does not begin with `stheno:`"))?;
        let (what, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, pieces) = what.split_once('/').unwrap_or((what, ""));
        let kind = match kind {
            "collection" => LinkKind::Collection,
            "file" => LinkKind::File,
            _ => return Err(bad("it leads to neither a collection nor a file")),
        };
        let pieces: Result<Vec<PieceCid>, _> = pieces.split(',').map(str::parse).collect();
        let pieces = pieces.map_err(|_| bad("what it names is not a PieceCID"))?;
        if pieces.len() > MAX_PIECES {
            return Err(bad("it names more than 1024 pieces"));
        }
        let mut places = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if name != "at" || places.len() == MAX_PLACES {
                return Err(bad("something else than at most 32 places follows"));
            }
            let place: Place = value.parse()?;
            // Whoever made the link does not choose a file here.
            if !place.is_public() {
                return Err(bad("a place in it is no address"));
            }
            places.push(place);
        }
        Ok(Self {
            kind,
            pieces,
            places,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stheno_envelope::PieceHasher;

    fn piece(byte: u8) -> PieceCid {
        let mut hasher = PieceHasher::new(None);
        hasher.update(&[byte; 200]);
        hasher.finish().unwrap()
    }

    #[test]
    fn link_reads_back_as_it_is_written_without_folders() {
        let link = Link {
            kind: LinkKind::Collection,
            pieces: vec![piece(1), piece(2)],
            places: [
                "https://a.example/piece",
                "pdp+https://b.example/x",
                "/home/me",
            ]
            .map(|place| place.parse().unwrap())
            .to_vec(),
        };
        let text = link.to_string();
        assert!(!text.contains("home"), "{text}");
        let read: Link = text.parse().unwrap();
        assert_eq!(read.kind, link.kind);
        assert_eq!(read.pieces, link.pieces);
        assert_eq!(read.places, link.places[..2]);
        assert_eq!(read.len(), 400);
        assert_eq!(read.to_string(), text);
        assert_eq!(read.envelope().parts[1].at, 200);
    }

    #[test]
    fn link_is_refused_when_it_leads_to_files_here_or_carries_more() {
        let cid = piece(1);
        for bad in [
            "stheno:".to_owned(),
            format!("stheno:key/{cid}"),
            "stheno:file/".to_owned(),
            "stheno:file/bafk".to_owned(),
            format!("https://a.example/{cid}"),
            format!("stheno:file/{cid}?at=%2Fetc%2Fpasswd"),
            format!("stheno:file/{cid}?at=file%3A%2F%2F%2Fetc%2Fpasswd"),
            format!("stheno:file/{cid}?key=00"),
            format!("stheno:file/{cid}?at=https%3A%2F%2Fu%3Ap%40a.example"),
            format!(
                "stheno:file/{cid}?{}",
                "at=https%3A%2F%2Fa.example&".repeat(33)
            ),
        ] {
            assert!(bad.parse::<Link>().is_err(), "{bad}");
        }
    }
}
