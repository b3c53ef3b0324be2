//! An object of known size, or a part of it, from an HTTP server as it arrives.
//!
//! What breaks off is asked for again by Range, from there and of the same version.

use std::{ops::Range, time::Duration};

use futures::stream;
use reqwest::StatusCode;

use crate::{
    bounds::BoxStream,
    http::Response,
    source::{
        SourceError,
        answer::{self, Fault, Version, shown},
        http::Line,
        patience::Trials,
    },
    timer::Instant,
};

/// Bytes a second below which a server counts as silent.
const SLOWEST: u64 = 1024;

/// Reads `range` of the object behind `line`, which has `size` bytes.
pub(super) fn parts(
    line: Line,
    size: u64,
    range: Range<u64>,
) -> BoxStream<'static, Result<Vec<u8>, SourceError>> {
    let reading = Reading {
        trials: line.trials(),
        at: range.start,
        line,
        size,
        range,
        answer: None,
        version: None,
        pace: Pace::default(),
    };
    Box::pin(stream::try_unfold(reading, async |mut reading| {
        let part = reading.next().await?;
        Ok(part.map(|part| (part, reading)))
    }))
}

struct Reading {
    line: Line,
    size: u64,
    range: Range<u64>,
    at: u64,
    /// An answer that is being read, and where it ends.
    answer: Option<(Response, u64)>,
    version: Option<Version>,
    trials: Trials,
    pace: Pace,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        loop {
            match self.step().await {
                Ok(part) => return Ok(part),
                Err(fault) => {
                    self.answer = None;
                    self.pace = Pace::default();
                    let reached = self.at - self.range.start;
                    self.trials.failed(fault, reached).await?;
                }
            }
        }
    }

    async fn step(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        loop {
            if self.answer.is_none() && self.at >= self.range.end {
                return Ok(None);
            }
            let (mut response, end) = match self.answer.take() {
                Some(answer) => answer,
                None => self.ask().await?,
            };
            let began = Instant::now();
            let part = self.line.next(&mut response).await?;
            let len = part.len() as u64;
            if part.is_empty() && self.at < end {
                let came = self.at - self.range.start;
                let of = self.range.end - self.range.start;
                return Err(self.line.broken(format!("{came} of {of} bytes arrived")));
            }
            if part.is_empty() {
                continue;
            }
            if len > end - self.at {
                return Err(Fault::lasting(self.line.too_much(end - self.range.start)));
            }
            if let Some(slow) = self
                .pace
                .add(len, began.elapsed(), self.line.options().stall)
            {
                return Err(self.line.broken(slow));
            }
            self.at += len;
            self.answer = Some((response, end));
            return Ok(Some(part));
        }
    }

    /// Makes a request for what is left; a plain one for the whole, so that any server will do.
    async fn ask(&mut self) -> Result<(Response, u64), Fault> {
        let rest = self.at..self.range.end;
        let whole = rest == (0..self.size);
        let asked = (!whole).then_some(&rest);
        let response = self.line.request(asked, self.version.as_ref()).await?;
        let url = &self.line.url;
        let (end, version) = if whole {
            if response.status() != StatusCode::OK {
                return Err(answer::refusal(url, &response));
            }
            let announced = answer::whole(url, &response)?.unwrap_or(self.size);
            (self.size, Version::of(response.headers(), announced))
        } else {
            let part = answer::part(url, &response, &rest, self.version.as_ref())?;
            (part.range.end, part.version)
        };
        if version.size != self.size {
            return Err(Fault::lasting(SourceError::Contradiction {
                url: shown(url),
                how: format!("{} bytes, where {} belong", version.size, self.size),
            }));
        }
        self.version = Some(version);
        Ok((response, end))
    }
}

/// How fast bytes come, counting only the time that was spent waiting for them.
#[derive(Debug, Default)]
pub(super) struct Pace {
    bytes: u64,
    waited: Duration,
}

impl Pace {
    /// What is wrong, if less came than from a server that is alive.
    pub(super) fn add(&mut self, bytes: u64, waited: Duration, window: Duration) -> Option<String> {
        self.bytes += bytes;
        self.waited += waited;
        if self.waited < window {
            return None;
        }
        let least = SLOWEST.saturating_mul(self.waited.as_millis() as u64) / 1000;
        let (came, waited) = (self.bytes, self.waited);
        *self = Self::default();
        (came < least).then(|| format!("only {came} bytes arrived in {waited:.1?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pace_is_too_slow_only_after_a_whole_window() {
        let second = Duration::from_secs(1);
        let mut pace = Pace::default();
        assert_eq!(pace.add(1, second, 3 * second), None);
        assert_eq!(pace.add(1, second, 3 * second), None);
        assert!(pace.add(1, second, 3 * second).is_some());
        // A new window has begun.
        assert_eq!(pace.add(1, second, 3 * second), None);
        assert_eq!(pace.add(4000, 2 * second, 3 * second), None);
    }
}
