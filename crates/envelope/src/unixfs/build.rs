//! A file, cut into leaves, and the balanced tree above them, as bytes pass.

use std::io::{self, Read};

use cid::Cid;

use super::dag_pb;
use super::message;
use super::{BlockSink, Profile};
use crate::block::{self, DAG_PB, RAW};

/// What a file or folder was made into.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Root {
    /// Its name.
    pub cid: Cid,
    /// Bytes of the file; 0 for a folder.
    pub file_size: u64,
    /// Bytes of all its blocks, each counted as often as it is linked to.
    pub dag_size: u64,
    /// How many blocks those are.
    pub blocks: u64,
}

/// Makes a file into blocks.
///
/// Holds one leaf, and at most [`Profile::max_links`] links for each level of
/// the tree: about 1 MiB and 200 KiB for files up to a pebibyte.
#[derive(Debug)]
pub struct FileBuilder {
    profile: Profile,
    leaf: Vec<u8>,
    /// Children that wait for their parent, leaves first.
    levels: Vec<Vec<Root>>,
}

impl FileBuilder {
    /// A file that is to be cut in this way.
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            leaf: Vec::new(),
            levels: vec![Vec::new()],
        }
    }

    /// The root of a source, and its blocks into a sink, leaves before nodes.
    ///
    /// # Errors
    /// What source or sink report.
    pub fn read(
        profile: Profile,
        source: &mut impl Read,
        sink: &mut impl BlockSink,
    ) -> io::Result<Root> {
        let mut builder = Self::new(profile);
        let mut buffer = vec![0; profile.chunk_size.min(1 << 16)];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => return builder.finish(sink),
                Ok(read) => builder.update(buffer.get(..read).unwrap_or_default(), sink)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// What the sink reports; then nothing more may be given.
    pub fn update(&mut self, mut bytes: &[u8], sink: &mut impl BlockSink) -> io::Result<()> {
        while !bytes.is_empty() {
            let wanted = self.profile.chunk_size - self.leaf.len();
            let (taken, rest) = bytes.split_at(wanted.min(bytes.len()));
            bytes = rest;
            if taken.len() == self.profile.chunk_size {
                self.add_leaf(taken, sink)?;
                continue;
            }
            self.leaf.extend_from_slice(taken);
            if self.leaf.len() == self.profile.chunk_size {
                self.end_leaf(sink)?;
            }
        }
        Ok(())
    }

    /// The root of all that was given. The empty file is one empty leaf.
    ///
    /// # Errors
    /// What the sink reports.
    pub fn finish(mut self, sink: &mut impl BlockSink) -> io::Result<Root> {
        let empty = self.levels.iter().all(Vec::is_empty);
        if empty || !self.leaf.is_empty() {
            self.end_leaf(sink)?;
        }
        let mut level = 0;
        loop {
            let children = self
                .levels
                .get_mut(level)
                .map(std::mem::take)
                .unwrap_or_default();
            let top = level + 1 >= self.levels.len();
            match children.as_slice() {
                // All leaves are equally deep, so a last child that is alone has a parent too.
                [root] if top => return Ok(*root),
                children => {
                    let parent = node(children, sink)?;
                    if top {
                        return Ok(parent);
                    }
                    self.add(level + 1, parent, sink)?;
                }
            }
            level += 1;
        }
    }

    fn end_leaf(&mut self, sink: &mut impl BlockSink) -> io::Result<()> {
        let leaf = std::mem::take(&mut self.leaf);
        self.add_leaf(&leaf, sink)?;
        self.leaf = leaf;
        self.leaf.clear();
        Ok(())
    }

    fn add_leaf(&mut self, leaf: &[u8], sink: &mut impl BlockSink) -> io::Result<()> {
        let cid = block::name(RAW, leaf);
        sink.block(&cid, leaf)?;
        let size = leaf.len() as u64;
        let leaf = Root {
            cid,
            file_size: size,
            dag_size: size,
            blocks: 1,
        };
        self.add(0, leaf, sink)
    }

    /// Adds a child to a level. A full level gets its parent only now, since it
    /// may have been the last.
    fn add(
        &mut self,
        mut level: usize,
        mut child: Root,
        sink: &mut impl BlockSink,
    ) -> io::Result<()> {
        loop {
            let Some(children) = self.levels.get_mut(level) else {
                self.levels.push(vec![child]);
                return Ok(());
            };
            if children.len() < self.profile.max_links {
                children.push(child);
                return Ok(());
            }
            let parent = node(children, sink)?;
            children.clear();
            children.push(child);
            child = parent;
            level += 1;
        }
    }
}

/// The node above these children.
fn node(children: &[Root], sink: &mut impl BlockSink) -> io::Result<Root> {
    let mut block = Vec::new();
    for child in children {
        dag_pb::write_link(&child.cid, "", child.dag_size, &mut block);
    }
    let sizes = children.iter().map(|child| child.file_size);
    dag_pb::write_data(&message::file(sizes.clone()), &mut block);
    let cid = block::name(DAG_PB, &block);
    sink.block(&cid, &block)?;
    let below: u64 = children.iter().map(|child| child.dag_size).sum();
    let blocks: u64 = children.iter().map(|child| child.blocks).sum();
    Ok(Root {
        cid,
        file_size: sizes.sum(),
        dag_size: below + block.len() as u64,
        blocks: blocks + 1,
    })
}
