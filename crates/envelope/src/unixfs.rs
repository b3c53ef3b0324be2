//! Files and folders as IPFS names them: UnixFS over dag-pb. SPEC.md §9.
//!
//! Written is the profile `unixfs-v1-2025` of IPIP-499 alone, so that everybody
//! who stores the same bytes gets the same CID. Read is more: nodes of any width
//! and leaves of either kind, since others have other profiles.
//!
//! - [`Profile`]: how a file is cut.
//! - [`FileBuilder`]: a file, as it passes, to blocks and a root; bounded memory.
//! - [`FileDag`]: the nodes of a file, kept, to write a CAR in the order of reading.
//! - [`Directory`]: a folder, sharded where it is large.
//! - [`FileVerifier`]: blocks to a file's bytes, or to a part of them; nothing is
//!   released before its hash was checked.
//! - [`Resolver`]: a path below a folder, block by block.
//! - [`Look`]: what a root is, from its block alone.
//!
//! The verifiers do no I/O. They say which block they want, whoever calls them
//! brings it from wherever it is, and they decide.

mod build;
mod dag;
mod dag_pb;
mod directory;
mod error;
mod hamt;
mod look;
mod message;
mod resolve;
mod verify;

use cid::Cid;

pub use build::{FileBuilder, Root};
pub use dag::{DagError, FileDag};
pub use directory::{Directory, DirectoryDag, DirectoryEntry};
pub use error::UnixfsError;
pub use look::Look;
pub use resolve::Resolver;
pub use verify::FileVerifier;

/// How a file is cut into blocks, and when a folder is sharded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Profile {
    chunk_size: usize,
    max_links: usize,
    directory_bytes: u64,
}

impl Profile {
    /// `unixfs-v1-2025` (IPIP-499): chunks of 1 MiB, 1024 links to a node, raw
    /// leaves, a balanced tree; folders whose block would exceed 256 KiB are
    /// sharded 256 ways.
    pub const V1_2025: Self = Self {
        chunk_size: 1 << 20,
        max_links: 1024,
        directory_bytes: 256 << 10,
    };

    /// The same shape in other sizes: what it makes is valid UnixFS, under a CID
    /// that other tools do not get. For tests of deep trees.
    pub const fn scaled(chunk_size: usize, max_links: usize, directory_bytes: u64) -> Self {
        Self {
            chunk_size: if chunk_size == 0 { 1 } else { chunk_size },
            max_links: if max_links < 2 { 2 } else { max_links },
            directory_bytes,
        }
    }

    /// Bytes of every leaf but the last.
    pub const fn chunk_size(&self) -> usize {
        self.chunk_size
    }

    /// Links of a node, at most.
    pub const fn max_links(&self) -> usize {
        self.max_links
    }
}

/// Where blocks go that are made.
pub trait BlockSink {
    /// Takes a block. Blocks come after those that they link to.
    ///
    /// # Errors
    /// What the sink reports.
    fn block(&mut self, cid: &Cid, bytes: &[u8]) -> std::io::Result<()>;
}

/// Nowhere: for the root alone.
impl BlockSink for () {
    fn block(&mut self, _: &Cid, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}

impl<F: FnMut(&Cid, &[u8]) -> std::io::Result<()>> BlockSink for F {
    fn block(&mut self, cid: &Cid, bytes: &[u8]) -> std::io::Result<()> {
        self(cid, bytes)
    }
}
