//! Reading without a reader: bytes are given as they arrive, as from a network.

use cid::Cid;

use super::reader::{bad_length, roots, section};
use super::{CarError, CarLimits};
use crate::varint::{self, Next};

/// Takes the bytes of a CAR and gives its blocks, each checked against its CID: what
/// [`CarReader`](super::CarReader) does, where nothing can wait for bytes.
///
/// Holds what was given and not yet taken out, so take out all blocks before more
/// is given.
#[derive(Debug)]
pub struct CarDecoder {
    limits: CarLimits,
    buffer: Vec<u8>,
    /// How much of the buffer has been taken out.
    taken: usize,
    roots: Option<Vec<Cid>>,
    /// Where in the CAR the next section begins.
    offset: u64,
}

impl CarDecoder {
    /// A CAR from its beginning.
    pub fn new(limits: CarLimits) -> Self {
        Self {
            limits,
            buffer: Vec::new(),
            taken: 0,
            roots: None,
            offset: 0,
        }
    }

    /// Gives the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The roots that the header names, once it has been taken in by
    /// [`next_block`](Self::next_block).
    pub fn roots(&self) -> Option<&[Cid]> {
        self.roots.as_deref()
    }

    /// The next block and its CID; `None` when more bytes are needed, or no more come.
    ///
    /// # Errors
    /// [`CarError`]; after one, what follows has no meaning.
    pub fn next_block(&mut self) -> Result<Option<(Cid, &[u8])>, CarError> {
        if self.roots.is_none() {
            let Some((start, end)) = self.framed()? else {
                return Ok(None);
            };
            self.roots = Some(roots(self.buffer.get(start..end).unwrap_or_default())?);
            self.advance(end);
        }
        let Some((start, end)) = self.framed()? else {
            return Ok(None);
        };
        let limit = self.limits.check_section(0, self.offset)?;
        let bytes = self.buffer.get(start..end).unwrap_or_default();
        let (cid, cid_len) = section(bytes, self.offset, limit)?;
        self.advance(end);
        let block = self.buffer.get(start + cid_len..end).unwrap_or_default();
        Ok(Some((cid, block)))
    }

    /// Confirms that the CAR ends here.
    ///
    /// # Errors
    /// [`CarError::Truncated`] inside a section, [`CarError::NotACar`] inside the header.
    pub fn finish(&self) -> Result<(), CarError> {
        match self.roots {
            None => Err(CarError::NotACar),
            Some(_) if self.taken < self.buffer.len() => Err(CarError::Truncated {
                offset: self.offset,
            }),
            Some(_) => Ok(()),
        }
    }

    /// Where in the buffer the next section, or the header, begins and ends, once
    /// all of it is there. A length is refused before its bytes are waited for.
    fn framed(&self) -> Result<Option<(usize, usize)>, CarError> {
        let rest = self.buffer.get(self.taken..).unwrap_or_default();
        let mut behind = rest;
        // Reading from memory cannot fail.
        let next = varint::read_from(&mut behind).map_err(CarError::Read)?;
        let len = match (next, &self.roots) {
            (Next::End | Next::Truncated, _) => return Ok(None),
            (Next::Malformed | Next::Number(0), None) => return Err(CarError::NotACar),
            (Next::Malformed, Some(_)) => return Err(bad_length(self.offset)),
            (Next::Number(len), None) => {
                self.limits.check_header(len)?;
                len
            }
            (Next::Number(len), Some(_)) => {
                self.limits.check_section(len, self.offset)?;
                len
            }
        };
        if len > behind.len() as u64 {
            return Ok(None);
        }
        let start = self.buffer.len() - behind.len();
        Ok(Some((start, start + len as usize)))
    }

    fn advance(&mut self, end: usize) {
        self.offset += (end - self.taken) as u64;
        self.taken = end;
    }
}
