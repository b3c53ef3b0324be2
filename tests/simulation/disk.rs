//! A member's disk: files that appear whole or not at all, rows that are committed or not, and
//! what a crash leaves of a write that was under way.

use std::{collections::BTreeMap, rc::Rc};

use alloy::primitives::{B256, Bytes};
use stheno_node::{ceremony::Slot, store::EpochKeys};
use stheno_protocol::ceremony::keys_root;

use crate::{chain::Placed, schedule::Dice};

/// What a secret file is called.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub enum Name {
    /// Seeds of the ceremony with this proposal.
    Seeds(B256),
    /// Share of the ceremony with this context.
    Share(B256),
}

/// A file is written beside its name, synced, linked to its name, and its folder synced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// Written in part, beside its name.
    Torn,
    /// Whole and synced, without a name.
    Nameless,
    /// Linked; the folder is not synced, so after a loss of power the name may be gone.
    Linked,
}

/// A disk.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    files: BTreeMap<Name, Rc<Vec<u8>>>,
    /// What a crash left beside; in nobody's way.
    pub torn: u64,
    journal: BTreeMap<(B256, Slot), Bytes>,
    /// With the root over them.
    keys: BTreeMap<B256, (Rc<EpochKeys>, B256)>,
    canaries: Vec<B256>,
    pub log: Vec<Placed>,
    /// How far the log has been read: number and hash of a block.
    pub cursor: Option<(u64, B256)>,
}

impl Disk {
    pub fn read(&self, name: Name) -> Option<&[u8]> {
        self.files.get(&name).map(|bytes| bytes.as_slice())
    }

    pub fn names(&self) -> Vec<Name> {
        self.files.keys().copied().collect()
    }

    /// Writes a file that is not there yet.
    pub fn write(&mut self, name: Name, bytes: Vec<u8>) {
        self.files.entry(name).or_insert_with(|| Rc::new(bytes));
    }

    /// Writes a file and crashes on the way: it is there whole, or it is not there.
    pub fn write_and_crash(&mut self, name: Name, bytes: Vec<u8>, dice: &mut Dice) {
        let stage = *dice.pick(&[Stage::Torn, Stage::Nameless, Stage::Linked]);
        match stage {
            Stage::Torn | Stage::Nameless => self.torn += 1,
            Stage::Linked if dice.chance(500) => self.write(name, bytes),
            Stage::Linked => {}
        }
    }

    pub fn erase(&mut self, name: Name) {
        self.files.remove(&name);
    }

    /// The entry that stands, after this one was offered.
    pub fn journal(&mut self, scope: B256, slot: Slot, call: Bytes) -> Bytes {
        self.journal.entry((scope, slot)).or_insert(call).clone()
    }

    pub fn entry(&self, scope: B256, slot: Slot) -> Option<&Bytes> {
        self.journal.get(&(scope, slot))
    }

    pub fn keep_keys(&mut self, context: B256, keys: &EpochKeys) {
        self.keys
            .entry(context)
            .or_insert_with(|| (Rc::new(keys.clone()), keys_root(&keys.node_keys)));
    }

    pub fn keys(&self, context: B256) -> Option<&Rc<EpochKeys>> {
        self.keys.get(&context).map(|(keys, _)| keys)
    }

    /// The root over the keys.
    pub fn keys_root(&self, context: B256) -> Option<B256> {
        self.keys.get(&context).map(|(_, root)| *root)
    }

    pub fn note_canary(&mut self, context: B256) {
        self.canaries.push(context);
    }

    pub fn canary_opened(&self, context: B256) -> bool {
        self.canaries.contains(&context)
    }

    /// Everything but the identity is gone: an old backup was restored.
    pub fn wipe(&mut self) {
        *self = Self::default();
    }

    /// The log is to be read again.
    pub fn forget_log(&mut self) {
        self.log.clear();
        self.cursor = None;
    }
}
