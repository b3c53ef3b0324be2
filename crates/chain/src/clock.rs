//! Time limits, on native targets and in the browser.

#[cfg(not(target_family = "wasm"))]
pub(crate) use self::native::{Instant, sleep, timeout};
#[cfg(target_family = "wasm")]
pub(crate) use self::wasm::{Instant, sleep, timeout};

#[cfg(not(target_family = "wasm"))]
mod native {
    pub(crate) use std::time::Instant;
    pub(crate) use tokio::time::{sleep, timeout};
}

#[cfg(target_family = "wasm")]
mod wasm {
    pub(crate) use wasmtimer::std::Instant;
    pub(crate) use wasmtimer::tokio::{sleep, timeout};
}
