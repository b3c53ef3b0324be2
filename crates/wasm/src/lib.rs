//! What a browser sees of the SDK: types and conversions, no logic of its own.
//!
//! The npm package `@stheno/web` (`npm/`) wraps these types in the API that applications use: a worker
//! that holds them, WHATWG streams, wallets. Nobody else should use them.
//!
//! | module | idea |
//! |---|---|
//! | `error` | a `stheno::Error` as a plain object with its code and hint |
//! | `abort` | work that ends when its caller gives up |
//! | `bytes` | streams of a page as `AsyncRead` and `AsyncWrite` |
//! | `lease` | their buffers, which go back |
//! | `origin` | where an envelope lies: a `Blob`, an array, an address |
//! | `webcrypto` | the browser's AES-256-GCM |
//! | `reader` | who asks: a wallet of EIP-1193, a session whose key WebCrypto holds |
//! | `private` | who proves a private condition, and shows no account |
//! | `policy` | policies, checked and told |
//! | `envelope` | an envelope's header, inspected |
//! | `network` | a network: sealing, opening, explaining |
//! | `sealing`, `opened` | files on their way in and out |
//! | `folder` | encrypted folders |
//! | `piece` | PieceCIDs |
//! | `market` | what it takes to read, and paying |
//!
//! Objects cross as JSON text, bytes as `Uint8Array`, and every failure as an object with `code`,
//! `message`, `hint`.
#![cfg(target_family = "wasm")]
#![allow(
    missing_debug_implementations,
    unreachable_pub,
    reason = "they are handles for JavaScript: nobody prints them, and it reaches them"
)]

mod abort;
#[cfg(feature = "bench")]
mod bench;
mod bytes;
mod envelope;
mod error;
mod folder;
mod lease;
mod market;
mod network;
mod opened;
mod origin;
mod piece;
mod policy;
mod private;
mod reader;
mod sealing;
mod webcrypto;

use wasm_bindgen::prelude::wasm_bindgen;

/// The version of this package.
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
