//! Blocks to a file's bytes, each checked before anything of it is released.

use std::ops::Range;

use cid::Cid;

use super::UnixfsError;
use super::dag_pb::{MAX_LINKS, Node, NodeError};
use super::message::{Kind, Message};
use crate::block::{DAG_PB, RAW, check_block};

/// How many levels below the root are read: far more than a pebibyte needs.
const MAX_DEPTH: usize = 16;

/// Takes the blocks of a file in the order of its bytes, and gives the bytes.
///
/// It asks for one block after the other ([`wanted`](Self::wanted)), each node
/// before what is below it: the order of a CAR from a trustless gateway
/// (`order=dfs; dups=y`), and any order will do where blocks are fetched one by
/// one. What a block says of itself is believed when its hash is right and it
/// agrees with the node above it: number of bytes, depth, width.
///
/// Of a part of a file only the blocks are asked for that it touches. Sizes of
/// blocks that were passed over are then as the nodes above say, which the
/// root's CID vouches for.
#[derive(Debug)]
pub struct FileVerifier {
    /// What is asked for; `None` until the root has come: all.
    range: Option<Range<u64>>,
    expected: Option<u64>,
    size: Option<u64>,
    /// Blocks still wanted, the next one last.
    pending: Vec<Pending>,
    failed: bool,
}

/// A block that is wanted.
#[derive(Clone, Copy, Debug)]
struct Pending {
    cid: Cid,
    /// Where in the file it begins.
    offset: u64,
    /// Bytes below it; unknown of the root.
    size: Option<u64>,
    depth: usize,
}

impl FileVerifier {
    /// A whole file.
    pub fn new(root: Cid) -> Self {
        Self {
            range: None,
            expected: None,
            size: None,
            pending: vec![Pending {
                cid: root,
                offset: 0,
                size: None,
                depth: 0,
            }],
            failed: false,
        }
    }

    /// A part of a file.
    pub fn of_range(root: Cid, range: Range<u64>) -> Self {
        Self {
            range: Some(range),
            ..Self::new(root)
        }
    }

    /// The same; a file of another size is refused at its root.
    pub fn expect_size(self, size: u64) -> Self {
        Self {
            expected: Some(size),
            ..self
        }
    }

    /// The block that must come next; `None` when there is nothing more.
    pub fn wanted(&self) -> Option<&Cid> {
        self.pending.last().map(|pending| &pending.cid)
    }

    /// Where in the file the block begins that must come next, and how many of its
    /// bytes are below it; that is unknown of the root.
    pub fn wanted_at(&self) -> Option<(u64, Option<u64>)> {
        let next = self.pending.last();
        next.map(|pending| (pending.offset, pending.size))
    }

    /// The blocks that are known to be wanted, the next one first. What is below
    /// nodes among them is not known yet.
    pub fn ahead(&self) -> impl Iterator<Item = &Cid> {
        self.pending.iter().rev().map(|pending| &pending.cid)
    }

    /// Bytes of the file, once its root has come.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Takes the block that was wanted, and gives what of the file, or of the
    /// range, is in it.
    ///
    /// # Errors
    /// [`UnixfsError`]; after one nothing more is wanted.
    pub fn push<'a>(&mut self, block: &'a [u8]) -> Result<&'a [u8], UnixfsError> {
        let released = self.take(block);
        if released.is_err() {
            self.failed = true;
            self.pending.clear();
        }
        released
    }

    /// Confirms that everything that was asked for has been released.
    ///
    /// # Errors
    /// [`UnixfsError::Incomplete`], [`UnixfsError::Unwanted`] after a fault.
    pub fn finish(&self) -> Result<(), UnixfsError> {
        match self.pending.last() {
            Some(pending) => Err(UnixfsError::Incomplete {
                wanted: pending.cid,
            }),
            None if self.failed => Err(UnixfsError::Unwanted),
            None => Ok(()),
        }
    }

    fn take<'a>(&mut self, block: &'a [u8]) -> Result<&'a [u8], UnixfsError> {
        let pending = self.pending.pop().ok_or(UnixfsError::Unwanted)?;
        check_block(&pending.cid, block)?;
        match pending.cid.codec() {
            RAW => {
                let range = self.agree(pending, block.len() as u64)?;
                Ok(part(block, pending.offset, &range))
            }
            DAG_PB => self.node(pending, block),
            codec => Err(UnixfsError::UnknownCodec {
                cid: pending.cid,
                codec,
            }),
        }
    }

    fn node<'a>(&mut self, pending: Pending, block: &'a [u8]) -> Result<&'a [u8], UnixfsError> {
        let cid = pending.cid;
        let malformed = |problem| UnixfsError::Malformed { cid, problem };
        let node = decode(cid, block)?;
        let message = Message::decode(node.data).map_err(malformed)?;
        if !matches!(message.kind, Kind::File | Kind::Raw) {
            return Err(UnixfsError::NotAFile {
                cid,
                kind: message.kind.word(),
            });
        }
        if message.block_sizes.len() != node.links.len() {
            return Err(malformed("it has not one size for each link"));
        }
        if message.block_sizes.contains(&0) {
            return Err(malformed("it links to nothing"));
        }
        let below = message
            .block_sizes
            .iter()
            .try_fold(message.data.len() as u64, |sum, size| {
                sum.checked_add(*size)
            })
            .ok_or(malformed("its sizes are beyond any file"))?;
        if message.file_size.unwrap_or(below) != below {
            return Err(malformed("its size is not the sum of its parts"));
        }
        let range = self.agree(pending, below)?;
        if pending.depth == MAX_DEPTH && !node.links.is_empty() {
            return Err(UnixfsError::TooDeep {
                cid,
                limit: MAX_DEPTH,
            });
        }
        let mut offset = pending.offset + message.data.len() as u64;
        let first = self.pending.len();
        for (link, size) in node.links.iter().zip(&message.block_sizes) {
            if !range.is_empty() && offset < range.end && range.start < offset + size {
                self.pending.push(Pending {
                    cid: link.cid,
                    offset,
                    size: Some(*size),
                    depth: pending.depth + 1,
                });
            }
            offset += size;
        }
        if let Some(children) = self.pending.get_mut(first..) {
            children.reverse();
        }
        Ok(part(message.data, pending.offset, &range))
    }

    /// Compares the bytes below a block with what was said of them; of the root
    /// they are the size of the file. Gives what is asked for.
    fn agree(&mut self, pending: Pending, found: u64) -> Result<Range<u64>, UnixfsError> {
        // What is unknown of the root alone is what was expected of the file.
        if let Some(declared) = pending.size.or(self.expected)
            && declared != found
        {
            return Err(UnixfsError::Size {
                cid: pending.cid,
                declared,
                found,
            });
        }
        let size = *self.size.get_or_insert(found);
        let range = self.range.clone().unwrap_or(0..size);
        if range.start > range.end || range.end > size {
            return Err(UnixfsError::OutOfRange {
                start: range.start,
                end: range.end,
                size,
            });
        }
        Ok(range)
    }
}

/// Decodes the node in a block.
pub(super) fn decode(cid: Cid, block: &[u8]) -> Result<Node<'_>, UnixfsError> {
    Node::decode(block).map_err(|error| match error {
        NodeError::Malformed(problem) => UnixfsError::Malformed { cid, problem },
        NodeError::Block(error) => UnixfsError::Block(error),
        NodeError::TooWide => UnixfsError::TooWide {
            cid,
            limit: MAX_LINKS,
        },
    })
}

/// What of bytes at this offset is within the range.
fn part<'a>(bytes: &'a [u8], offset: u64, range: &Range<u64>) -> &'a [u8] {
    let len = bytes.len() as u64;
    let start = range.start.saturating_sub(offset).min(len);
    let end = range.end.saturating_sub(offset).min(len);
    // Both are at most the length of a slice.
    bytes.get(start as usize..end as usize).unwrap_or_default()
}
