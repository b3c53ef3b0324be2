//! Time limits, on native targets and in the browser.

#[cfg(not(target_family = "wasm"))]
pub use self::native::Instant;
#[cfg(not(target_family = "wasm"))]
pub use self::native::sleep;
#[cfg(not(target_family = "wasm"))]
pub(crate) use self::native::timeout;
#[cfg(target_family = "wasm")]
pub use self::wasm::Instant;
#[cfg(target_family = "wasm")]
pub use self::wasm::sleep;
#[cfg(target_family = "wasm")]
pub(crate) use self::wasm::timeout;

#[cfg(not(target_family = "wasm"))]
mod native {
    pub use std::time::Instant;
    pub use tokio::time::sleep;
    pub(crate) use tokio::time::timeout;
}

#[cfg(target_family = "wasm")]
mod wasm {
    pub use wasmtimer::std::Instant;

    use std::{future::Future, pin::pin, time::Duration};

    use futures::future::{Either, select};
    use gloo_timers::future::TimeoutFuture;

    /// The time was up.
    pub(crate) struct Elapsed;

    /// By `setTimeout`, one for each: wasmtimer's shared timer stops for good with some twenty tasks.
    pub async fn sleep(duration: Duration) {
        // What is longer than a browser's timer can be, 24 days, is as good as for ever.
        let longest = i32::MAX.unsigned_abs();
        TimeoutFuture::new(
            u32::try_from(duration.as_millis()).map_or(longest, |ms| ms.min(longest)),
        )
        .await;
    }

    pub(crate) async fn timeout<F: Future>(
        duration: Duration,
        work: F,
    ) -> Result<F::Output, Elapsed> {
        match select(pin!(work), pin!(sleep(duration))).await {
            Either::Left((done, _)) => Ok(done),
            Either::Right(_) => Err(Elapsed),
        }
    }
}
