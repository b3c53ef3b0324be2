//! How long to wait for a server, how often to ask it again, and where it may point to.

use std::time::Duration;

use reqwest::Client;

use super::{SourceError, answer::Fault};
use crate::{
    http::{self, in_words},
    timer,
};

/// So many bytes of progress, and failed attempts before them are forgotten.
const PROGRESS: u64 = 1 << 20;
/// The longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How patient to be with a server.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct HttpOptions {
    /// How often a request is made before it counts as failed. Default 5.
    pub attempts: u32,
    /// The first pause between attempts, doubled each time up to 5 s. Default 0.2 s.
    pub pause: Duration,
    /// How long nothing may arrive, connecting included. Default 30 s.
    pub stall: Duration,
    /// How long a connection may take to come about; in a browser, `stall` is all there is. Default
    /// 10 s.
    pub connect: Duration,
    /// The longest that a server may ask to wait (`Retry-After`). One that asks for longer has
    /// failed: it is never asked before its time. Default 60 s.
    pub longest_wait: Duration,
    /// Where a server may point to. Default nowhere.
    pub redirects: Redirects,
}

/// Where a server may point to with a redirect. At most five are followed.
///
/// A browser follows redirects by itself, and tells only where they ended: what comes from where the
/// server may not point to is refused there after it was asked for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Redirects {
    /// Nowhere.
    #[default]
    Refused,
    /// To its own scheme, host and port.
    SameOrigin,
    /// Anywhere, except from https to http. For servers that are asked for that.
    Anywhere,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            attempts: 5,
            pause: Duration::from_millis(200),
            stall: Duration::from_secs(30),
            connect: Duration::from_secs(10),
            longest_wait: Duration::from_secs(60),
            redirects: Redirects::Refused,
        }
    }
}

impl HttpOptions {
    /// Sets how often a request is made before it counts as failed.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets the first pause between attempts.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Sets how long nothing may arrive.
    #[must_use]
    pub fn stall(mut self, stall: Duration) -> Self {
        self.stall = stall;
        self
    }

    /// Sets how long a connection may take to come about.
    #[must_use]
    pub fn connect(mut self, connect: Duration) -> Self {
        self.connect = connect;
        self
    }

    /// Sets the longest that a server may ask to wait.
    #[must_use]
    pub fn longest_wait(mut self, longest_wait: Duration) -> Self {
        self.longest_wait = longest_wait;
        self
    }

    /// Sets where a server may point to.
    #[must_use]
    pub fn redirects(mut self, redirects: Redirects) -> Self {
        self.redirects = redirects;
        self
    }
}

/// Attempts at one piece of work.
pub(crate) struct Trials {
    options: HttpOptions,
    failed: u32,
    /// How far it was when failures were last forgotten.
    progress: u64,
}

impl Trials {
    pub(crate) fn new(options: HttpOptions) -> Self {
        Self {
            options,
            failed: 0,
            progress: 0,
        }
    }

    /// Waits before the next attempt; or gives the fault back, when it will not pass or there were
    /// attempts enough. `reached`: how many bytes there are by now.
    pub(crate) async fn failed(&mut self, fault: Fault, reached: u64) -> Result<(), SourceError> {
        if self.again(fault.passing, fault.wait, reached).await {
            Ok(())
        } else {
            Err(fault.error)
        }
    }

    /// Whether there is a next attempt; waits before it.
    pub(crate) async fn again(
        &mut self,
        passing: bool,
        wait: Option<Duration>,
        reached: u64,
    ) -> bool {
        if reached >= self.progress + PROGRESS {
            (self.failed, self.progress) = (0, reached);
        }
        self.failed += 1;
        let too_long = wait.is_some_and(|wait| wait > self.options.longest_wait);
        if !passing || too_long || self.failed >= self.options.attempts {
            return false;
        }
        let doubled = 2_u32.saturating_pow(self.failed - 1);
        let pause = self
            .options
            .pause
            .saturating_mul(doubled)
            .min(LONGEST_PAUSE);
        timer::sleep(wait.unwrap_or(pause)).await;
        true
    }
}

/// A client that is no more patient, and goes no further, than told.
pub(crate) fn client(options: &HttpOptions) -> Result<Client, SourceError> {
    http::client(options.connect, options.redirects).map_err(|error| SourceError::Unreadable {
        why: format!("the http client does not start: {}", in_words(&error)),
    })
}
