//! The machine's clock and timers, on native targets and in the browser, where neither the standard
//! library nor tokio has any.

#[cfg(not(target_family = "wasm"))]
pub(crate) use self::native::*;
#[cfg(target_family = "wasm")]
pub(crate) use self::wasm::*;

#[cfg(not(target_family = "wasm"))]
mod native {
    #[cfg(feature = "storage")]
    pub(crate) use std::time::Instant;
    use std::time::SystemTime;
    pub(crate) use tokio::time::{sleep, timeout};

    pub(crate) fn now() -> SystemTime {
        SystemTime::now()
    }
}

#[cfg(target_family = "wasm")]
mod wasm {
    use std::time::SystemTime;
    #[cfg(feature = "storage")]
    pub(crate) use wasmtimer::std::Instant;
    pub(crate) use wasmtimer::tokio::{sleep, timeout};

    pub(crate) fn now() -> SystemTime {
        let now = wasmtimer::std::SystemTime::now();
        let since = now.duration_since(wasmtimer::std::UNIX_EPOCH);
        SystemTime::UNIX_EPOCH + since.unwrap_or_default()
    }
}
