//! A path below a folder, block by block.

use std::collections::VecDeque;

use cid::Cid;

use super::UnixfsError;
use super::hamt::{self, FANOUT, HASH_TYPE, MAX_DEPTH};
use super::message::{Kind, Message};
use super::verify::decode;
use crate::block::{DAG_PB, RAW, check_block};

/// Finds what a path leads to.
///
/// Asks for the folders on the way, one block after the other, as
/// [`FileVerifier`](super::FileVerifier) does; what is not there is known not to
/// be there. Links within folders are not followed.
#[derive(Debug)]
pub struct Resolver {
    at: Cid,
    names: VecDeque<String>,
    /// How deep in the shards of this folder.
    depth: usize,
    failed: bool,
}

impl Resolver {
    /// The path of these names below a folder; without any, the root itself.
    pub fn new<N: Into<String>>(root: Cid, path: impl IntoIterator<Item = N>) -> Self {
        Self {
            at: root,
            names: path.into_iter().map(Into::into).collect(),
            depth: 0,
            failed: false,
        }
    }

    /// The block that must come next; `None` when the end of the path is known.
    pub fn wanted(&self) -> Option<&Cid> {
        (!self.names.is_empty() && !self.failed).then_some(&self.at)
    }

    /// What the path leads to, once that is known.
    pub fn target(&self) -> Option<&Cid> {
        (self.names.is_empty() && !self.failed).then_some(&self.at)
    }

    /// Takes the block that was wanted.
    ///
    /// # Errors
    /// [`UnixfsError`]; after one nothing more is wanted.
    pub fn push(&mut self, block: &[u8]) -> Result<(), UnixfsError> {
        let taken = self.take(block);
        self.failed |= taken.is_err();
        taken
    }

    fn take(&mut self, block: &[u8]) -> Result<(), UnixfsError> {
        let cid = *self.wanted().ok_or(UnixfsError::Unwanted)?;
        let name = self.names.front().cloned().unwrap_or_default();
        check_block(&cid, block)?;
        match cid.codec() {
            DAG_PB => {}
            RAW => return Err(UnixfsError::NotAFolder { cid, kind: "file" }),
            codec => return Err(UnixfsError::UnknownCodec { cid, codec }),
        }
        let node = decode(cid, block)?;
        let malformed = |problem| UnixfsError::Malformed { cid, problem };
        let message = Message::decode(node.data).map_err(malformed)?;
        let sharded = match message.kind {
            Kind::Directory if self.depth == 0 => false,
            Kind::Shard => true,
            Kind::Directory => return Err(malformed("it is no shard of the folder above")),
            other => {
                return Err(UnixfsError::NotAFolder {
                    cid,
                    kind: other.word(),
                });
            }
        };
        if sharded && (message.fanout, message.hash_type) != (Some(FANOUT), Some(HASH_TYPE)) {
            return Err(malformed("its shards are of a kind that is not read"));
        }
        let place = hamt::places(&name).get(self.depth).copied();
        let label = match (sharded, place) {
            (false, _) => String::new(),
            (true, Some(place)) => hamt::label(place),
            (true, None) => return Err(self.too_deep(cid)),
        };
        let full = format!("{label}{name}");
        let mut found = None;
        for link in &node.links {
            let below = sharded && link.name == label;
            if (below || link.name == full) && found.replace((link.cid, below)).is_some() {
                return Err(malformed("a name stands in it twice"));
            }
        }
        match found {
            Some((below, true)) if self.depth + 1 < MAX_DEPTH => {
                self.at = below;
                self.depth += 1;
            }
            Some((_, true)) => return Err(self.too_deep(cid)),
            Some((target, false)) => {
                self.at = target;
                self.depth = 0;
                self.names.pop_front();
            }
            None => return Err(UnixfsError::NotFound { cid, name }),
        }
        Ok(())
    }

    fn too_deep(&self, cid: Cid) -> UnixfsError {
        UnixfsError::TooDeep {
            cid,
            limit: MAX_DEPTH,
        }
    }
}
