//! Time, as an argument: what the SDK asks of a clock.

use std::time::Duration;

use crate::bounds::{BoxFuture, Shareable};
#[cfg(feature = "http")]
use crate::timer;

/// Tells the time and waits.
pub trait Clock: Shareable {
    /// Seconds since 1970.
    fn now(&self) -> u64;

    /// Waits that long.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The machine's clock and timers. Needs a tokio runtime with time enabled, in a browser nothing.
#[cfg(feature = "http")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(feature = "http")]
impl Clock for SystemClock {
    fn now(&self) -> u64 {
        timer::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(timer::sleep(duration))
    }
}
