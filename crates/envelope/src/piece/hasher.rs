//! Computes a PieceCID from bytes as they pass, on several cores.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::cid::{self, PieceCid};
use super::fr32::PAYLOAD;
use super::tree::{Node, Tree};
use crate::body::pipeline::lock;

/// Blocks to a unit: a subtree that one thread hashes alone. About 256 KiB of payload.
const UNIT_BLOCKS: usize = 2048;
/// Payload bytes of a unit.
const UNIT: usize = UNIT_BLOCKS * PAYLOAD;
/// Height of a unit's root: four leaves to a block.
const UNIT_HEIGHT: usize = 2 + UNIT_BLOCKS.trailing_zeros() as usize;
/// The least payload that FRC-0069 gives a piece: more than two leaves.
const MIN_PAYLOAD: u64 = 65;
/// More threads hash faster than anything delivers, and each takes memory.
const MAX_THREADS: usize = 16;

/// Computes a PieceCID in one pass, in less than 1 MiB of memory to a thread.
#[derive(Debug)]
pub struct PieceHasher {
    tree: Tree,
    /// Less than a unit of payload that waits for more.
    unit: Vec<u8>,
    len: u64,
    threads: usize,
    /// Started when the first unit is full.
    pool: Option<Pool>,
}

/// Why there is no PieceCID.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PieceError {
    /// FRC-0069 names no piece of fewer than 65 bytes.
    #[error("a piece has at least 65 bytes, this one has {len}")]
    TooSmall {
        /// Bytes that were given.
        len: u64,
    },
}

impl PieceHasher {
    /// Hashes on so many threads, at most 16; `None`: as many as the machine has
    /// cores. On one, the caller's own.
    pub fn new(threads: Option<NonZeroUsize>) -> Self {
        let cores = || {
            if cfg!(target_family = "wasm") {
                NonZeroUsize::MIN
            } else {
                thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
            }
        };
        Self {
            tree: Tree::default(),
            unit: Vec::new(),
            len: 0,
            threads: threads.unwrap_or_else(cores).get().min(MAX_THREADS),
            pool: None,
        }
    }

    /// Takes the next bytes of the payload.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.len += bytes.len() as u64;
        while !bytes.is_empty() {
            let wanted = UNIT - self.unit.len();
            let (taken, rest) = bytes.split_at(wanted.min(bytes.len()));
            self.unit.extend_from_slice(taken);
            bytes = rest;
            if self.unit.len() == UNIT {
                self.full_unit();
            }
        }
    }

    /// How many bytes it was given.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it was given none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The piece that all the bytes make.
    ///
    /// # Errors
    /// [`PieceError::TooSmall`].
    pub fn finish(mut self) -> Result<PieceCid, PieceError> {
        if self.len < MIN_PAYLOAD {
            return Err(PieceError::TooSmall { len: self.len });
        }
        if let Some(pool) = self.pool.take() {
            pool.finish(&mut self.tree);
        }
        push_blocks(&mut self.tree, &self.unit);
        let root = self.tree.root(usize::from(cid::height_of(self.len)));
        Ok(PieceCid::of_payload(self.len, root))
    }

    fn full_unit(&mut self) {
        if self.threads < 2 {
            self.tree.push(UNIT_HEIGHT, unit_root(&self.unit));
            self.unit.clear();
            return;
        }
        let pool = self.pool.get_or_insert_with(|| Pool::start(self.threads));
        self.unit = pool.hash(std::mem::take(&mut self.unit), &mut self.tree);
    }
}

fn unit_root(payload: &[u8]) -> Node {
    let mut tree = Tree::default();
    push_blocks(&mut tree, payload);
    tree.root(UNIT_HEIGHT)
}

fn push_blocks(tree: &mut Tree, payload: &[u8]) {
    let (blocks, rest) = payload.as_chunks::<PAYLOAD>();
    for block in blocks {
        tree.push_block(block);
    }
    if !rest.is_empty() {
        let mut block = [0; PAYLOAD];
        for (to, from) in block.iter_mut().zip(rest) {
            *to = *from;
        }
        tree.push_block(&block);
    }
}

/// Threads that hash units, and what they have hashed ahead of its turn.
#[derive(Debug)]
struct Pool {
    /// Taken away to tell the threads that there is no more.
    units: Option<SyncSender<(u64, Vec<u8>)>>,
    roots: Receiver<(u64, Node, Vec<u8>)>,
    threads: Vec<JoinHandle<()>>,
    sent: u64,
    next: u64,
    early: BTreeMap<u64, Node>,
    spare: Vec<Vec<u8>>,
}

impl Pool {
    fn start(threads: usize) -> Self {
        let (units, inbox) = sync_channel::<(u64, Vec<u8>)>(threads);
        let (outbox, roots) = std::sync::mpsc::channel();
        let inbox = Arc::new(Mutex::new(inbox));
        let threads = (0..threads)
            .map(|_| {
                let (inbox, outbox) = (Arc::clone(&inbox), outbox.clone());
                thread::spawn(move || {
                    loop {
                        // The lock is held while waiting, and released before hashing.
                        let received = lock(&inbox).recv();
                        let Ok((number, unit)) = received else { return };
                        let root = unit_root(&unit);
                        if outbox.send((number, root, unit)).is_err() {
                            return;
                        }
                    }
                })
            })
            .collect();
        Self {
            units: Some(units),
            roots,
            threads,
            sent: 0,
            next: 0,
            early: BTreeMap::new(),
            spare: Vec::new(),
        }
    }

    /// Sends a unit to the threads, waiting where they are behind; returns an empty buffer.
    fn hash(&mut self, unit: Vec<u8>, tree: &mut Tree) -> Vec<u8> {
        if let Some(units) = &self.units {
            // Fails only when every thread has panicked, which `finish` passes on.
            let _ = units.send((self.sent, unit));
            self.sent += 1;
        }
        while let Ok(root) = self.roots.try_recv() {
            self.take(root, tree);
        }
        self.spare.pop().unwrap_or_default()
    }

    fn finish(mut self, tree: &mut Tree) {
        self.units = None;
        while self.next < self.sent {
            match self.roots.recv() {
                Ok(root) => self.take(root, tree),
                Err(_) => break,
            }
        }
        for thread in self.threads.drain(..) {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }

    fn take(&mut self, (number, root, mut unit): (u64, Node, Vec<u8>), tree: &mut Tree) {
        unit.clear();
        self.spare.push(unit);
        self.early.insert(number, root);
        while let Some(root) = self.early.remove(&self.next) {
            tree.push(UNIT_HEIGHT, root);
            self.next += 1;
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.units = None;
        for thread in self.threads.drain(..) {
            // A panic here would be another one on top of the caller's.
            let _ = thread.join();
        }
    }
}
