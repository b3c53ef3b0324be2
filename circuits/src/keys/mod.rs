//! Keys: how they are made, kept and taken.
//!
//! | | |
//! |---|---|
//! | [`file`] | the frame around a key: which circuit, and whether anybody knows its trapdoor |
//! | [`setup`](fn@setup) | keys for development |
//! | [`verifying`] | what verifiers hold, checked wherever it comes from |
//! | [`proving`] | what provers hold, pinned by its hash |

mod file;
mod proving;
mod setup;
mod verifying;

pub use file::{Development, KeyError, KeyHash, Kind};
pub use proving::ProvingKey;
pub use setup::setup;
pub use verifying::{PreparedVerifyingKey, VerifyingKey};
