//! Folders: one node, or shards where that node would be too large.

use std::io::{self, Write};

use cid::Cid;

use super::dag_pb::{self, data_len, link_len};
use super::hamt::{self, FANOUT, HASH_TYPE, MAX_DEPTH};
use super::message;
use super::{BlockSink, Profile, Root, UnixfsError};
use crate::block::{self, CID_BYTES, DAG_PB};
use crate::car::CarWriter;

/// The longest name in a folder, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// A name in a folder, and what it stands for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DirectoryEntry {
    /// UTF-8, 1 to 255 bytes, without `/` and NUL; not `.` or `..`.
    pub name: String,
    /// The root of a file or folder: version 1, SHA-256.
    pub cid: Cid,
    /// [`Root::dag_size`] of what is below.
    pub dag_size: u64,
}

/// What is in a folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Directory {
    /// Sorted by the bytes of their names.
    entries: Vec<DirectoryEntry>,
}

impl Directory {
    /// A folder of these entries, in any order.
    ///
    /// # Errors
    /// [`UnixfsError::Name`] when a name cannot be one, or stands there twice;
    /// [`UnixfsError::Block`] for CIDs of another hash.
    pub fn new(mut entries: Vec<DirectoryEntry>) -> Result<Self, UnixfsError> {
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        for entry in &entries {
            if let Some(problem) = problem(&entry.name) {
                return Err(refused(&entry.name, problem));
            }
            block::readable(&entry.cid)?;
            if entry.cid.encoded_len() as u64 != CID_BYTES {
                return Err(refused(&entry.name, "its CID is not of version 1"));
            }
        }
        for pair in entries.windows(2) {
            if let [a, b] = pair
                && a.name == b.name
            {
                return Err(refused(&a.name, "it stands there twice"));
            }
        }
        Ok(Self { entries })
    }

    /// The entries, sorted by the bytes of their names.
    pub fn entries(&self) -> &[DirectoryEntry] {
        &self.entries
    }

    /// The folder's own blocks.
    ///
    /// # Errors
    /// [`UnixfsError::Name`] when more names have one hash than a folder can hold.
    pub fn build(&self, profile: Profile) -> Result<DirectoryDag, UnixfsError> {
        let links = |entry: &DirectoryEntry| link_len(&entry.name, entry.dag_size);
        let flat = message::directory();
        let len = self.entries.iter().map(links).sum::<u64>() + data_len(flat.len() as u64);
        let mut dag = DirectoryDag::default();
        let root = if len > profile.directory_bytes {
            let hashed: Vec<_> = self.entries.iter().enumerate().collect();
            dag.shard(hashed, 0)?
        } else {
            let mut links = Vec::new();
            for (index, entry) in self.entries.iter().enumerate() {
                links.push((
                    entry.name.clone(),
                    entry.cid,
                    entry.dag_size,
                    Part::Entry(index),
                ));
            }
            dag.node(links, &flat)
        };
        dag.root = root;
        Ok(dag)
    }
}

fn problem(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("it is empty"),
        "." | ".." => Some("it means another folder"),
        _ if name.contains(['/', '\0']) => Some("`/` and NUL are not for names"),
        _ if name.len() > MAX_NAME_BYTES => Some("it has more than 255 bytes"),
        _ => None,
    }
}

fn refused(name: &str, problem: &'static str) -> UnixfsError {
    UnixfsError::Name {
        name: name.to_owned(),
        problem,
    }
}

/// A folder's own blocks, without what is below its entries.
#[derive(Debug, Default)]
pub struct DirectoryDag {
    nodes: Vec<(Cid, Vec<u8>, Vec<Part>)>,
    root: usize,
    sizes: Vec<u64>,
}

/// What a link leads to.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// An entry of the folder.
    Entry(usize),
    /// One of its own nodes.
    Shard(usize),
}

impl DirectoryDag {
    /// The root. `blocks` counts the folder's own.
    pub fn root(&self) -> Root {
        Root {
            cid: self.cid(self.root),
            file_size: 0,
            dag_size: self.sizes.get(self.root).copied().unwrap_or_default(),
            blocks: self.nodes.len() as u64,
        }
    }

    /// The folder's own blocks into a sink, shards before those above them.
    ///
    /// # Errors
    /// What the sink reports.
    pub fn blocks(&self, sink: &mut impl BlockSink) -> io::Result<()> {
        self.nodes
            .iter()
            .try_for_each(|(cid, block, _)| sink.block(cid, block))
    }

    /// Writes the folder into a CAR, each block before those that it links to.
    /// `entry` writes what is below the entry with this place in
    /// [`Directory::entries`].
    ///
    /// # Errors
    /// What the sink or `entry` report.
    pub fn write_blocks<W: Write, E: From<io::Error>>(
        &self,
        car: &mut CarWriter<W>,
        mut entry: impl FnMut(usize, &mut CarWriter<W>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut stack = vec![Part::Shard(self.root)];
        while let Some(part) = stack.pop() {
            match part {
                Part::Entry(index) => entry(index, car)?,
                Part::Shard(index) => {
                    if let Some((cid, block, parts)) = self.nodes.get(index) {
                        car.write(cid, block)?;
                        stack.extend(parts.iter().rev());
                    }
                }
            }
        }
        Ok(())
    }

    fn cid(&self, node: usize) -> Cid {
        self.nodes
            .get(node)
            .map(|(cid, ..)| *cid)
            .unwrap_or_default()
    }

    /// Adds a node, and says where it stands.
    fn node(&mut self, links: Vec<(String, Cid, u64, Part)>, message: &[u8]) -> usize {
        let mut block = Vec::new();
        let mut below = 0;
        let mut parts = Vec::new();
        for (name, cid, tsize, part) in links {
            dag_pb::write_link(&cid, &name, tsize, &mut block);
            below += tsize;
            parts.push(part);
        }
        dag_pb::write_data(message, &mut block);
        self.sizes.push(below + block.len() as u64);
        self.nodes.push((block::name(DAG_PB, &block), block, parts));
        self.nodes.len() - 1
    }

    /// Adds the shard of these entries, and those below it.
    fn shard(
        &mut self,
        entries: Vec<(usize, &DirectoryEntry)>,
        depth: usize,
    ) -> Result<usize, UnixfsError> {
        let mut by_place: Vec<Vec<(usize, &DirectoryEntry)>> = vec![Vec::new(); FANOUT as usize];
        for (index, entry) in entries {
            let place = hamt::places(&entry.name).get(depth).copied();
            let place = place.ok_or_else(|| refused(&entry.name, "another name has its hash"))?;
            if let Some(there) = by_place.get_mut(usize::from(place)) {
                there.push((index, entry));
            }
        }
        debug_assert!(depth < MAX_DEPTH);
        let mut links = Vec::new();
        let mut taken = Vec::new();
        for (place, there) in (0..=u8::MAX).zip(by_place) {
            let label = hamt::label(place);
            match there.as_slice() {
                [] => continue,
                [(index, entry)] => {
                    let name = label + &entry.name;
                    links.push((name, entry.cid, entry.dag_size, Part::Entry(*index)));
                }
                _ => {
                    let below = self.shard(there, depth + 1)?;
                    let size = self.sizes.get(below).copied().unwrap_or_default();
                    links.push((label, self.cid(below), size, Part::Shard(below)));
                }
            }
            taken.push(place);
        }
        let message = message::shard(&hamt::taken(taken.into_iter()), HASH_TYPE, FANOUT);
        Ok(self.node(links, &message))
    }
}
