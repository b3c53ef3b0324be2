//! The nodes of a file, kept, so that its blocks can be written root first.
//!
//! A root is known only after the last byte. So a file is read twice: once for
//! its tree, which is a twenty-thousandth of it, and once for its leaves. The
//! CAR that comes of it can be verified as it streams, and goes into any sink.

use std::collections::HashMap;
use std::io::{self, Read, Write};

use cid::Cid;

use super::dag_pb::Node;
use super::{FileBuilder, Profile, Root};
use crate::block::{self, CID_BYTES, RAW};
use crate::car::{self, CarWriter};

/// A file's tree without its leaves.
#[derive(Debug)]
pub struct FileDag {
    profile: Profile,
    root: Root,
    nodes: HashMap<Cid, Vec<u8>>,
}

/// Why a file's blocks could not be written.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum DagError {
    /// The source has other bytes than when its tree was made.
    #[error("the file changed while it was read: byte {offset} and what follows are others now")]
    Changed {
        /// Where the leaf begins that is another one.
        offset: u64,
    },
    /// Reading the source failed.
    #[error("cannot read the file")]
    Read(#[source] io::Error),
    /// Writing failed.
    #[error("cannot write the CAR")]
    Write(#[source] io::Error),
}

impl FileDag {
    /// Reads a source to its end.
    ///
    /// # Errors
    /// What the source reports.
    pub fn scan(profile: Profile, source: &mut impl Read) -> io::Result<Self> {
        let mut nodes = HashMap::new();
        let root = FileBuilder::read(profile, source, &mut |cid: &Cid, bytes: &[u8]| {
            if cid.codec() != RAW {
                nodes.insert(*cid, bytes.to_vec());
            }
            Ok(())
        })?;
        Ok(Self {
            profile,
            root,
            nodes,
        })
    }

    /// The root, and sizes.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Bytes of the CAR that [`write_car`](Self::write_car) writes.
    pub fn car_len(&self) -> u64 {
        let full = self.profile.chunk_size as u64;
        let leaves = self.root.file_size.div_ceil(full).max(1);
        let last = self.root.file_size - (leaves - 1) * full;
        let mut len = car::header_len(1) + car::section_len(CID_BYTES + last);
        len += (leaves - 1) * car::section_len(CID_BYTES + full);
        // Equal nodes are written as often as they stand in the tree.
        let mut stack = vec![self.root.cid];
        while let Some(cid) = stack.pop() {
            let Some(block) = self.nodes.get(&cid) else {
                continue;
            };
            len += car::section_len(CID_BYTES + block.len() as u64);
            if let Ok(node) = Node::decode(block) {
                stack.extend(node.links.iter().map(|link| link.cid));
            }
        }
        len
    }

    /// Writes a CAR with this root, each block before those that it links to.
    ///
    /// # Errors
    /// [`DagError`]. What was written then is no CAR: let it not be kept.
    pub fn write_car<W: Write>(&self, source: &mut impl Read, sink: W) -> Result<W, DagError> {
        let mut car = CarWriter::new(sink, &[self.root.cid]).map_err(DagError::Write)?;
        self.write_blocks(source, &mut car)?;
        car.finish().map_err(DagError::Write)
    }

    /// Writes the blocks alone, into a CAR that may hold more.
    ///
    /// # Errors
    /// [`DagError`].
    pub fn write_blocks(
        &self,
        source: &mut impl Read,
        car: &mut CarWriter<impl Write>,
    ) -> Result<(), DagError> {
        let mut leaf = Vec::new();
        let mut offset = 0;
        let mut stack = vec![self.root.cid];
        while let Some(cid) = stack.pop() {
            if let Some(block) = self.nodes.get(&cid) {
                car.write(&cid, block).map_err(DagError::Write)?;
                let node = Node::decode(block).map_err(|_| DagError::Changed { offset })?;
                stack.extend(node.links.iter().rev().map(|link| link.cid));
                continue;
            }
            leaf.clear();
            source
                .take(self.profile.chunk_size as u64)
                .read_to_end(&mut leaf)
                .map_err(DagError::Read)?;
            if block::name(RAW, &leaf) != cid {
                return Err(DagError::Changed { offset });
            }
            car.write(&cid, &leaf).map_err(DagError::Write)?;
            offset += leaf.len() as u64;
        }
        let more = io::copy(&mut source.take(1), &mut io::sink()).map_err(DagError::Read)?;
        match more {
            0 => Ok(()),
            _ => Err(DagError::Changed { offset }),
        }
    }
}
