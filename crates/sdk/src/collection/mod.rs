//! Encrypted folders: an envelope for each file, and an encrypted manifest of all of them.
//!
//! | module | idea |
//! |---|---|
//! | `write`, `seal`, `rendered`, `options` | a folder to pieces and a manifest; adding to it later |
//! | `work` | which work a run is: only the same is gone on with |
//! | `walk` | what is in a folder, and what of it is no file |
//! | `journal`, `desk`, `batch` | what is done already, across `kill -9`; one command at a time, files whole or not there; many at once |
//! | `access` | what opens many envelopes: keys of one's own, or a committee, asked once for many |
//! | `read`, `stored`, `hashed` | an opened manifest; an envelope in pieces that several stores have |
//! | `extract`, `joined` | files back into a folder; pieces in a folder, put together |
//! | `place`, `link` | where pieces are, as people write it; what is handed on, without a secret |
//! | `ipfs` | a collection that trustless gateways have, by its CID |
//! | `car` | the same as a CAR, for IPFS |
//! | `media_type` | by a file's name |
//!
//! In a browser there is what reads: [`Access`], [`Collection`], [`Link`], [`Place`].
//!
//! # On the disk
//!
//! An encrypted folder is flat: `manifest-1.fee`, `manifest-2.fee` and so on, each an envelope, and
//! pieces called by their PieceCIDs. A piece is an envelope, or a part of one that is larger than
//! providers take; `cat` of an envelope's pieces is the envelope. So it is a
//! [`storage::Folder`](crate::storage::Folder), what [`storage::upload`](crate::storage::upload) takes and
//! [`storage::download`](crate::storage::download) gives. What it tells who cannot read it: how many
//! files there are, about how large each is, their policy and the manifests' versions.
//!
//! # Who may read
//!
//! All envelopes of a run are sealed to the same readers, each file to an item of its own unless
//! [`CollectionOptions::one_item`] says otherwise. **A manifest authenticates nobody**: who may read a
//! collection could write another under the same policy. Compare a manifest's digest, or the link that
//! names its pieces, with one that the publisher gave.

mod access;
mod error;
mod hashed;
mod ipfs;
mod link;
mod place;
mod read;
mod stored;

#[cfg(not(target_family = "wasm"))]
mod batch;
#[cfg(not(target_family = "wasm"))]
mod car;
#[cfg(not(target_family = "wasm"))]
mod desk;
#[cfg(not(target_family = "wasm"))]
mod extract;
#[cfg(not(target_family = "wasm"))]
mod joined;
#[cfg(not(target_family = "wasm"))]
mod journal;
#[cfg(not(target_family = "wasm"))]
mod media_type;
#[cfg(not(target_family = "wasm"))]
mod options;
#[cfg(not(target_family = "wasm"))]
mod rendered;
#[cfg(not(target_family = "wasm"))]
mod seal;
#[cfg(not(target_family = "wasm"))]
mod walk;
#[cfg(not(target_family = "wasm"))]
mod work;
#[cfg(not(target_family = "wasm"))]
mod write;

use std::sync::Arc;

use stheno_envelope::manifest::SafePath;

pub use access::Access;
#[cfg(not(target_family = "wasm"))]
pub use car::{write_file_car, write_folder_car};
#[cfg(not(target_family = "wasm"))]
pub use desk::unfinished;
pub use error::CollectionError;
#[cfg(not(target_family = "wasm"))]
pub use extract::{ExtractOptions, Extracted};
pub use ipfs::{InIpfs, find_in_gateways, folder_of};
pub use link::{Link, LinkKind};
#[cfg(not(target_family = "wasm"))]
pub use options::{CollectionOptions, Sealing};
#[cfg(not(target_family = "wasm"))]
pub use place::latest_manifest;
pub use place::{Place, gateway, manifest_name};
pub use read::Collection;
#[cfg(not(target_family = "wasm"))]
pub use seal::pieces_of;
pub use stored::StoredSource;
#[cfg(not(target_family = "wasm"))]
pub use walk::Oddities;
#[cfg(not(target_family = "wasm"))]
pub use write::{add_folder, encrypt_folder};

/// Is told what is going on, on the thread that does it; it should return at once.
pub type CollectionObserver = Arc<dyn Fn(&CollectionEvent<'_>) + Send + Sync>;

/// What happens while a folder is encrypted or decrypted.
#[non_exhaustive]
#[derive(Debug)]
pub enum CollectionEvent<'a> {
    /// It is known what there is to do.
    Begins {
        /// Files.
        files: u64,
        /// Bytes of their plaintext.
        bytes: u64,
    },
    /// So many bytes of plaintext more are done.
    Bytes {
        /// How many.
        bytes: u64,
    },
    /// A file is done.
    File {
        /// Which.
        path: &'a SafePath,
        /// Bytes of its plaintext.
        size: u64,
        /// Whether it was done by an earlier command.
        already: bool,
    },
    /// Something was left out.
    Skipped {
        /// What, and why.
        why: &'a CollectionError,
    },
}
