//! Reading: strictly, in bounded memory, nothing released that was not checked.

use std::io::{self, Read};

use cid::Cid;

use super::header::{self, HeaderError};
use crate::block::{BlockError, MAX_BLOCK_BYTES, check_block};
use crate::varint::{self, Next};

/// The longest CID that stands before a block, in bytes.
const MAX_CID_BYTES: u64 = 128;

/// What is read at most.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CarLimits {
    /// Bytes of the header.
    pub header_bytes: u64,
    /// Bytes of a block; never more than [`MAX_BLOCK_BYTES`].
    pub block_bytes: u64,
}

impl Default for CarLimits {
    /// A header of 64 KiB, blocks of 2 MiB.
    fn default() -> Self {
        Self {
            header_bytes: 64 << 10,
            block_bytes: MAX_BLOCK_BYTES as u64,
        }
    }
}

impl CarLimits {
    pub(super) fn check_header(&self, len: u64) -> Result<(), CarError> {
        if len > self.header_bytes {
            return Err(CarError::TooLarge {
                offset: 0,
                len,
                limit: self.header_bytes,
            });
        }
        Ok(())
    }

    /// Refuses a section that no block within the limit makes; gives the limit.
    pub(super) fn check_section(&self, len: u64, offset: u64) -> Result<u64, CarError> {
        let limit = self.block_bytes.min(MAX_BLOCK_BYTES as u64);
        if len > limit + MAX_CID_BYTES {
            return Err(CarError::TooLarge { offset, len, limit });
        }
        Ok(limit)
    }
}

/// Why a CAR was refused.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum CarError {
    /// It does not begin like one.
    #[error("this is no CAR")]
    NotACar,
    /// It is one of another version.
    #[error("a CAR of version {version}; only version 1 is read")]
    Version {
        /// Its version.
        version: u64,
    },
    /// It ends inside a section.
    #[error("the CAR is cut short in the section at byte {offset}")]
    Truncated {
        /// Where the section begins.
        offset: u64,
    },
    /// A section is none.
    #[error("the section at byte {offset} of the CAR {problem}")]
    Malformed {
        /// Where the section begins.
        offset: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A section, or the header, is larger than is read.
    #[error("the section at byte {offset} of the CAR has {len} bytes, more than {limit}")]
    TooLarge {
        /// Where the section begins.
        offset: u64,
        /// Bytes that it announces.
        len: u64,
        /// The limit.
        limit: u64,
    },
    /// A block is not the one that stands above it.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// Reading failed.
    #[error("cannot read the CAR")]
    Read(#[source] io::Error),
}

/// Reads a CAR.
///
/// Reads lengths byte by byte: give it a [`std::io::BufReader`] where a call is dear.
#[derive(Debug)]
pub struct CarReader<R> {
    source: R,
    roots: Vec<Cid>,
    limits: CarLimits,
    offset: u64,
}

impl<R: Read> CarReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`CarError`].
    pub fn new(mut source: R, limits: CarLimits) -> Result<Self, CarError> {
        let len = match varint::read_from(&mut source).map_err(CarError::Read)? {
            Next::Number(len) if len > 0 => len,
            _ => return Err(CarError::NotACar),
        };
        limits.check_header(len)?;
        let mut bytes = Vec::new();
        take(&mut source, len, &mut bytes, 0)?;
        let roots = roots(&bytes)?;
        Ok(Self {
            source,
            roots,
            limits,
            offset: varint::len(len) + len,
        })
    }

    /// The roots that the header names. That their blocks are there is not said.
    pub fn roots(&self) -> &[Cid] {
        &self.roots
    }

    /// Where the next section begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads the next block into a buffer, whose contents go, and gives its CID;
    /// `None` at the end. The block has been checked against the CID.
    ///
    /// # Errors
    /// [`CarError`].
    pub fn read_block(&mut self, block: &mut Vec<u8>) -> Result<Option<Cid>, CarError> {
        block.clear();
        let offset = self.offset;
        let len = match varint::read_from(&mut self.source).map_err(CarError::Read)? {
            Next::Number(len) => len,
            Next::End => return Ok(None),
            Next::Truncated => return Err(CarError::Truncated { offset }),
            Next::Malformed => return Err(bad_length(offset)),
        };
        let limit = self.limits.check_section(len, offset)?;
        take(&mut self.source, len, block, offset)?;
        let (cid, cid_len) = section(block, offset, limit)?;
        block.drain(..cid_len);
        self.offset += varint::len(len) + len;
        Ok(Some(cid))
    }
}

pub(super) fn roots(header: &[u8]) -> Result<Vec<Cid>, CarError> {
    header::decode(header).map_err(|error| match error {
        HeaderError::Version(version) => CarError::Version { version },
        HeaderError::Malformed => CarError::NotACar,
    })
}

pub(super) fn bad_length(offset: u64) -> CarError {
    CarError::Malformed {
        offset,
        problem: "has a length in a wrong form",
    }
}

/// The CID in front of a section's block, and its length; the block has been checked.
pub(super) fn section(bytes: &[u8], offset: u64, limit: u64) -> Result<(Cid, usize), CarError> {
    let malformed = |problem| CarError::Malformed { offset, problem };
    let mut block = bytes;
    let cid = Cid::read_bytes(&mut block).map_err(|_| malformed("begins with no CID"))?;
    let cid_len = bytes.len() - block.len();
    if bytes.get(..cid_len) != Some(&cid.to_bytes()) {
        return Err(malformed("has a CID in a wrong form"));
    }
    let len = block.len() as u64;
    if len > limit {
        return Err(CarError::TooLarge { offset, len, limit });
    }
    check_block(&cid, block)?;
    Ok((cid, cid_len))
}

/// Reads exactly so many bytes; memory follows what has come in.
fn take(source: &mut impl Read, len: u64, to: &mut Vec<u8>, offset: u64) -> Result<(), CarError> {
    let read = source.take(len).read_to_end(to).map_err(CarError::Read)?;
    if read as u64 == len {
        Ok(())
    } else {
        Err(CarError::Truncated { offset })
    }
}
