//! Where pieces lie in files that are named by a CID.

use std::collections::HashMap;

use cid::Cid;
use stheno_envelope::PieceCid;

/// For each piece a file of UnixFS that has it, and where.
#[derive(Debug, Default)]
pub struct KnownFiles {
    /// Roots and sizes.
    files: Vec<(Cid, u64)>,
    /// Which of them, and the first byte.
    pieces: HashMap<PieceCid, (u32, u64)>,
}

impl KnownFiles {
    /// Notes a file of so many bytes, and the pieces that lie in it, each with its first byte. What
    /// would reach beyond the file is left out.
    pub fn add(&mut self, root: Cid, size: u64, pieces: impl IntoIterator<Item = (PieceCid, u64)>) {
        let Ok(file) = u32::try_from(self.files.len()) else {
            return;
        };
        self.files.push((root, size));
        for (piece, at) in pieces {
            let end = at.checked_add(piece.payload_len());
            if end.is_some_and(|end| end <= size) {
                self.pieces.entry(piece).or_insert((file, at));
            }
        }
    }

    /// The root and size of a file, and where in it the piece begins.
    pub fn find(&self, piece: &PieceCid) -> Option<(Cid, u64, u64)> {
        let (file, at) = self.pieces.get(piece)?;
        let (root, size) = self.files.get(*file as usize)?;
        Some((*root, *size, *at))
    }
}
