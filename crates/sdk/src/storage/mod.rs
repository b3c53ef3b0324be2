//! Where pieces and blocks are stored, and how many of them get there and back.
//!
//! A *piece* is what a Filecoin provider stores and is named by its PieceCID v2
//! ([`PieceCid`], FRC-0069), from which its length follows; a *block* is what an IPFS gateway serves
//! and is named by its [`Cid`].
//!
//! | module | idea |
//! |---|---|
//! | `error` | what went wrong, at which store, with which piece |
//! | `reading` | pieces from a [`Store`]: a range, the whole, several copies as one [`Source`] |
//! | `block` | blocks, and the check of a block by its CID |
//! | `folder`, `landing` | a local folder; how bytes become a file that is whole or not there |
//! | `web`, `stream` | any HTTP server; one piece or a part of it, resumed by Range |
//! | `gateway` | trustless IPFS gateways: blocks, files of UnixFS, pieces that lie in such files |
//! | `known` | where pieces lie in files that are named by a CID |
//! | `pdp`, `sending`, `data_sets`, `call` | a PDP provider's HTTP API, as Curio has it |
//! | `transfer`, `upload`, `download` | many pieces, in parallel, resumable |
//! | `journal` | what a transfer has done, across `kill -9` |
//!
//! # What is verified
//!
//! Whatever is read *whole* is verified by its name: [`read_whole`] and [`download`] by the PieceCID,
//! [`fetch_block`] by the CID. A *range* of a piece cannot be verified by a PieceCID, which is a
//! hash of all of it: [`Store::read`] and [`read_range`] give what the store sends. An envelope is
//! safe to read so, since each of its chunks authenticates itself: there the chunk's tag decides,
//! and a [`FileReader`](crate::FileReader) over [`Copies`] goes on to the next copy when a tag does
//! not fit. Anything else that is read by ranges must be verified by who reads it.
//!
//! What comes from a [`Gateway`] is verified also by ranges, since the blocks of a file are named one by
//! one: [`UnixfsSource`], [`GatewayPieces`], [`save_file`].
//!
//! Every other lie is an error that names the store and the piece: a Range that is ignored, a wrong
//! `Content-Range`, an answer that is cut off, too long, compressed or about something of another
//! size, and a redirect to another origin.
//!
//! # Features
//!
//! The traits, errors and the check of blocks are always here. What has sockets or files needs the
//! feature `storage`. In a browser there are its parts that read: [`HttpStore`], [`Gateway`] and what
//! they give; nothing with files, and nothing that uploads.

mod block;
mod error;
mod known;
mod reading;

#[cfg(all(feature = "storage", not(target_family = "wasm")))]
mod call;
#[cfg(all(feature = "storage", not(target_family = "wasm")))]
mod data_sets;
#[cfg(all(feature = "storage", not(target_family = "wasm")))]
mod download;
#[cfg(all(feature = "storage", not(target_family = "wasm")))]
mod folder;
#[cfg(feature = "storage")]
mod gateway;
#[cfg(all(feature = "storage", not(target_family = "wasm")))]
mod journal;
#[cfg(all(feature = "storage", not(target_family = "wasm")))]
mod landing;
#[cfg(all(feature = "storage", not(target_family = "wasm")))]
mod pdp;
#[cfg(all(feature = "storage", not(target_family = "wasm")))]
mod sending;
#[cfg(feature = "storage")]
mod stream;
#[cfg(all(feature = "storage", not(target_family = "wasm")))]
mod transfer;
#[cfg(all(feature = "storage", not(target_family = "wasm")))]
mod upload;
#[cfg(feature = "storage")]
mod web;

use std::{ops::Range, sync::Arc};

use stheno_envelope::PieceCid;

use crate::{
    bounds::{BoxFuture, BoxStream, Shareable},
    source::Source,
};

pub use block::{Blocks, MAX_BLOCK_BYTES, check_block, fetch_block};
pub use cid::Cid;
#[cfg(all(feature = "storage", not(target_family = "wasm")))]
pub use data_sets::{Added, Adding, MOST_PIECES_AT_ONCE};
#[cfg(all(feature = "storage", not(target_family = "wasm")))]
pub use download::{Wanted, download};
pub use error::{At, Lost, StorageError, StorageFault, TransferError};
#[cfg(all(feature = "storage", not(target_family = "wasm")))]
pub use folder::Folder;
#[cfg(feature = "storage")]
pub(crate) use gateway::latest_in_folder;
#[cfg(all(feature = "storage", not(target_family = "wasm")))]
pub use gateway::save_file;
#[cfg(feature = "storage")]
pub use gateway::{
    BadAddress, FoundInIpfs, Gateway, GatewayPieces, IpfsAddress, UnixfsFile, UnixfsSource,
    find_in_ipfs,
};
pub use known::KnownFiles;
#[cfg(all(feature = "storage", not(target_family = "wasm")))]
pub use pdp::{PdpOptions, PdpProvider};
#[cfg(feature = "storage")]
pub(crate) use reading::Trust;
pub use reading::{Copies, Section, read_range, read_whole};
#[cfg(all(feature = "storage", not(target_family = "wasm")))]
pub use transfer::{TransferEvent, TransferObserver, TransferOptions, Transferred};
#[cfg(all(feature = "storage", not(target_family = "wasm")))]
pub use upload::{Outgoing, upload};
#[cfg(feature = "storage")]
pub use web::HttpStore;
#[cfg(all(feature = "storage", target_family = "wasm"))]
pub(crate) use web::below;

/// The smallest piece that PDP providers take, in bytes of payload.
pub const MIN_PIECE_BYTES: u64 = 127;
/// The largest piece that PDP providers take, in bytes of payload: 1 GiB · 127/128.
pub const MAX_PIECE_BYTES: u64 = 1_065_353_216;

/// Consecutive bytes as they arrive. After an error there is nothing more.
pub type Parts = BoxStream<'static, Result<Vec<u8>, StorageError>>;

/// Where pieces are stored. All errors are [`StorageError`]s, which name the store and the piece.
pub trait Store: Shareable {
    /// What errors and journals call it, such as `provider https://pdp.example`. Without secrets.
    fn name(&self) -> &str;

    /// Whether it says that it has the piece, whole and to be read. Nothing is verified.
    fn has<'a>(&'a self, piece: &'a PieceCid) -> BoxFuture<'a, Result<bool, StorageError>>;

    /// Begins to read a range of the piece's payload, in bytes: exactly these, if no error comes.
    ///
    /// Not verified, see the [module](self): a PieceCID names all of a piece.
    fn read<'a>(
        &'a self,
        piece: &'a PieceCid,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Parts, StorageError>>;

    /// Is told where pieces lie in files that are named by a CID. `files` is called by who knows blocks
    /// and no pieces; to others it says nothing.
    fn learn(&self, files: &dyn Fn() -> Arc<KnownFiles>) {
        let _ = files;
    }

    /// Stores a piece, whose bytes `source` gives as often as needed. Done when the store has
    /// compared all of it with the PieceCID and holds it.
    ///
    /// Dropped before, it leaves nothing under the piece's name. By default a store is read only.
    fn put<'a>(
        &'a self,
        piece: &'a PieceCid,
        source: Arc<dyn Source>,
        putting: Putting,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        let _ = (source, putting);
        let error = StorageError::new(self.name(), piece, StorageFault::ReadOnly);
        Box::pin(std::future::ready(Err(error)))
    }
}

/// How a piece is put.
#[derive(Clone, Default)]
pub struct Putting {
    /// What [`PutEvent::Sent`] gave for the same piece and store, perhaps to an earlier process:
    /// the bytes need not be sent again. One that is no longer good is passed over.
    pub resume: Option<String>,
    /// Is told how far it is.
    pub observer: Option<PutObserver>,
}

impl Putting {
    #[cfg(all(feature = "storage", not(target_family = "wasm")))]
    pub(crate) fn tell(&self, event: &PutEvent) {
        if let Some(observer) = &self.observer {
            observer(event);
        }
    }
}

impl std::fmt::Debug for Putting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Putting")
            .field("resume", &self.resume)
            .finish_non_exhaustive()
    }
}

/// Is told how far a piece is.
#[cfg(not(target_family = "wasm"))]
pub type PutObserver = Arc<dyn Fn(&PutEvent) + Send + Sync>;
/// Is told how far a piece is.
#[cfg(target_family = "wasm")]
pub type PutObserver = Arc<dyn Fn(&PutEvent)>;

/// What happens while a piece is put.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PutEvent {
    /// So many of its bytes are on their way. Less than before, if it began again.
    Bytes(u64),
    /// All bytes have arrived, and with this the rest can be done by another process.
    Sent(String),
}
