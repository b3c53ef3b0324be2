//! What a browser sees of `stheno-circuits`: types and conversions, no logic of its own.
//!
//! A module beside that of `stheno-wasm`, since few who read prove, and a proving key weighs more
//! than either. The npm package `@stheno/web` wraps it as `@stheno/web/prover`: a worker that
//! fetches keys and holds secrets. Nobody else should use it.
//!
//! | module | idea |
//! |---|---|
//! | `bytes` | byte strings of a fixed length, secrets among them |
//! | `error` | failures as plain objects with their codes and hints |
//! | `key` | a proving key, and proofs made with it |
//! | `member` | who proves: a seed, and what an issuer says of them |
//! | `statement` | what is proven: a group, a scope, a binding, bounds |
//!
//! Bytes cross as `Uint8Array`, numbers of 64 bits as `BigUint64Array`, a group as its JSON text, and
//! every failure as an object with `code`, `message`, `hint`. A panic crosses as such an object, too:
//! whoever gets `prover_failed`, or a trap, throws the instance away.
#![cfg(target_family = "wasm")]
#![allow(
    missing_debug_implementations,
    unreachable_pub,
    reason = "they are handles for JavaScript: nobody prints them, and it reaches them"
)]

mod bytes;
mod error;
mod key;
mod member;
mod statement;

use wasm_bindgen::prelude::wasm_bindgen;

/// Has panics told as failures.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| error::Failure::of_panic(panic).throw()));
}

/// The version of this package.
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
