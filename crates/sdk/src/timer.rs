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
    #[cfg(feature = "storage")]
    pub(crate) use wasmtimer::std::Instant;

    use std::{
        future::Future,
        pin::pin,
        time::{Duration, SystemTime},
    };

    use futures::future::{Either, select};
    use gloo_timers::future::TimeoutFuture;

    /// The time was up.
    pub(crate) struct Elapsed;

    /// By `setTimeout`, one for each: wasmtimer's shared timer stops for good with some twenty tasks.
    pub(crate) async fn sleep(duration: Duration) {
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

    pub(crate) fn now() -> SystemTime {
        let now = wasmtimer::std::SystemTime::now();
        let since = now.duration_since(wasmtimer::std::UNIX_EPOCH);
        SystemTime::UNIX_EPOCH + since.unwrap_or_default()
    }
}
