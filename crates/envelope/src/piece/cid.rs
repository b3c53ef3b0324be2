//! The name of a piece: PieceCID v2 (FRC-0069).

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_NOPAD;

use crate::varint;

/// CID version 1, codec raw, multihash `fr32-sha2-256-trunc254-padbintree` (0x1011 as varint).
const PREFIX: [u8; 4] = [0x01, 0x55, 0x91, 0x20];
/// Payload bytes that fill 128 bytes of a piece.
const BLOCK: u64 = 127;
/// Height of the tree over one block: four leaves.
const BLOCK_HEIGHT: u8 = 2;
/// The highest tree that is read: 2⁵⁰ bytes are beyond any sector.
const MAX_HEIGHT: u8 = 45;

/// The name of a piece, from which the length of its payload follows.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash)]
pub struct PieceCid {
    padding: u64,
    height: u8,
    root: [u8; 32],
}

impl PieceCid {
    /// The piece of a payload of `len` bytes whose tree has this root.
    pub(super) fn of_payload(len: u64, root: [u8; 32]) -> Self {
        let height = height_of(len);
        Self {
            padding: capacity(height) - len,
            height,
            root,
        }
    }

    /// Zero bytes that fill the payload up to the tree's capacity.
    pub fn padding(&self) -> u64 {
        self.padding
    }

    /// Height of the tree over 32-byte leaves.
    pub fn height(&self) -> u8 {
        self.height
    }

    /// Root of the tree.
    pub fn root(&self) -> &[u8; 32] {
        &self.root
    }

    /// Bytes of the payload.
    pub fn payload_len(&self) -> u64 {
        capacity(self.height) - self.padding
    }

    /// The binary CID.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut digest = Vec::new();
        varint::write(self.padding, &mut digest);
        digest.push(self.height);
        digest.extend_from_slice(&self.root);
        let mut cid = PREFIX.to_vec();
        varint::write(digest.len() as u64, &mut cid);
        cid.extend_from_slice(&digest);
        cid
    }

    /// Reads a binary CID.
    ///
    /// # Errors
    /// When it is no PieceCID v2, or not in its shortest form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParsePieceCidError> {
        Self::parse(bytes).ok_or(ParsePieceCidError)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&PREFIX)?;
        let length = varint::read(&mut rest)?;
        if rest.len() as u64 != length {
            return None;
        }
        let padding = varint::read(&mut rest)?;
        let (&height, root) = rest.split_first()?;
        let cid = Self {
            padding,
            height,
            root: root.try_into().ok()?,
        };
        let in_range = (BLOCK_HEIGHT..=MAX_HEIGHT).contains(&height) && padding < capacity(height);
        // More padding than half would have been a lower tree.
        (in_range && height_of(cid.payload_len()) == height && cid.to_bytes() == bytes)
            .then_some(cid)
    }
}

impl fmt::Display for PieceCid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = BASE32_NOPAD.encode(&self.to_bytes());
        write!(f, "b{}", text.to_ascii_lowercase())
    }
}

impl FromStr for PieceCid {
    type Err = ParsePieceCidError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('b').ok_or(ParsePieceCidError)?;
        if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(ParsePieceCidError);
        }
        let bytes = BASE32_NOPAD
            .decode(digits.to_ascii_uppercase().as_bytes())
            .map_err(|_| ParsePieceCidError)?;
        Self::from_bytes(&bytes)
    }
}

/// A text or binary CID that is no PieceCID v2.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a PieceCID v2; those begin with bafkzcib")]
pub struct ParsePieceCidError;

/// Height of the smallest tree that a payload fits in.
pub(super) fn height_of(len: u64) -> u8 {
    let blocks = len.div_ceil(BLOCK).max(1).next_power_of_two();
    // A u64 has fewer than 64 zeros below its one bit.
    BLOCK_HEIGHT + u8::try_from(blocks.trailing_zeros()).unwrap_or(u8::MAX - BLOCK_HEIGHT)
}

/// Payload bytes that fill a tree of this height.
fn capacity(height: u8) -> u64 {
    BLOCK << (height - BLOCK_HEIGHT)
}
