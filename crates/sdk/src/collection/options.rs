//! How a folder is encrypted, and what came of it.

use std::path::PathBuf;

use stheno_crypto::ItemId;
use stheno_envelope::{
    PieceLimits,
    manifest::{Entry, Hint, ManifestDigest},
};

use super::{CollectionError, CollectionObserver, Oddities};
use crate::EncryptOptions;

/// How a folder is encrypted. The default is what most folders want.
#[derive(Clone)]
#[non_exhaustive]
pub struct CollectionOptions {
    /// What the collection is called, inside of the manifest. Default: as the folder.
    pub name: Option<String>,
    /// One fresh item for all files of this run and the manifest, instead of one each.
    ///
    /// Whoever may read one file of an item can read all of them, for ever: for collections whose
    /// readers get all of a period. Readers then ask once.
    pub one_item: bool,
    /// How large pieces may be. Larger envelopes are cut at the borders of their chunks.
    pub limits: PieceLimits,
    /// What to do with what is no file.
    pub oddities: Oddities,
    /// Says in the manifest what each envelope is called in IPFS; takes one more pass over it.
    pub cids: bool,
    /// Addresses below which the pieces will be, noted in the manifest.
    pub hints: Vec<Hint>,
    /// How each file is encrypted. An item means as [`one_item`](Self::one_item) with that item.
    pub encrypt: EncryptOptions,
    /// Is told what is going on.
    pub observer: Option<CollectionObserver>,
}

impl Default for CollectionOptions {
    fn default() -> Self {
        Self {
            name: None,
            one_item: false,
            limits: PieceLimits::PROVIDER,
            oddities: Oddities::Refuse,
            cids: false,
            hints: Vec::new(),
            encrypt: EncryptOptions::default(),
            observer: None,
        }
    }
}

impl std::fmt::Debug for CollectionOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CollectionOptions")
            .field("name", &self.name)
            .field("one_item", &self.one_item)
            .field("limits", &self.limits)
            .field("oddities", &self.oddities)
            .finish_non_exhaustive()
    }
}

/// What was written.
#[derive(Debug)]
#[non_exhaustive]
pub struct Sealing {
    /// The manifest's file.
    pub manifest: PathBuf,
    /// Its version, from 1.
    pub version: u64,
    /// What the next version names it by.
    pub digest: ManifestDigest,
    /// What it says of each file.
    pub entries: Vec<Entry>,
    /// Files that were encrypted by this command.
    pub encrypted: u64,
    /// Files that an earlier command had encrypted, before it ended early or in a version before.
    pub kept: u64,
    /// Bytes of all files that the manifest names.
    pub plaintext_bytes: u64,
    /// Bytes of their envelopes.
    pub envelope_bytes: u64,
    /// The item that all files of this command share, if they do.
    pub item: Option<ItemId>,
    /// What was left out, and why.
    pub skipped: Vec<CollectionError>,
}
