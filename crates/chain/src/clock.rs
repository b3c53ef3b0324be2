//! Time limits, on native targets and in the browser.

#[cfg(not(target_family = "wasm"))]
pub use self::native::Instant;
#[cfg(not(target_family = "wasm"))]
pub(crate) use self::native::{sleep, timeout};
#[cfg(target_family = "wasm")]
pub use self::wasm::Instant;
#[cfg(target_family = "wasm")]
pub(crate) use self::wasm::{sleep, timeout};

#[cfg(not(target_family = "wasm"))]
mod native {
    pub use std::time::Instant;
    pub(crate) use tokio::time::{sleep, timeout};
}

#[cfg(target_family = "wasm")]
mod wasm {
    pub use wasmtimer::std::Instant;
    pub(crate) use wasmtimer::tokio::{sleep, timeout};
}
