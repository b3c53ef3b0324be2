//! One call of a PDP provider's HTTP API: its time limits, and what its refusals say.

use std::time::Duration;

use reqwest::{RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

use super::StorageFault;
use crate::{
    http::in_words,
    source::{
        SourceError,
        answer::{self, Fault, shown},
    },
};

/// Most bytes of an answer that are read: its answers have a few hundred.
const MOST_BYTES: usize = 64 << 10;
/// Most characters of a refusal that are shown.
const MOST_WORDS: usize = 300;

/// A fault of a call, and whether calling again may help.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) fault: StorageFault,
    pub(super) passing: bool,
    /// How long the provider asks to wait.
    pub(super) wait: Option<Duration>,
}

impl Trouble {
    pub(super) fn lasting(fault: StorageFault) -> Self {
        Self {
            fault,
            passing: false,
            wait: None,
        }
    }

    pub(super) fn contradiction(url: &Url, how: String) -> Self {
        let url = shown(url);
        Self::lasting(SourceError::Contradiction { url, how }.into())
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self {
            fault: fault.error.into(),
            passing: fault.passing,
            wait: fault.wait,
        }
    }
}

/// Sends a request of a few bytes, and waits for the head of its answer.
pub(super) async fn send(
    url: &Url,
    request: RequestBuilder,
    stall: Duration,
) -> Result<Response, Trouble> {
    match tokio::time::timeout(stall, request.send()).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => Err(unreachable(url, in_words(&error))),
        Err(_) => Err(unreachable(url, format!("nothing arrived for {stall:?}"))),
    }
}

pub(super) fn unreachable(url: &Url, why: String) -> Trouble {
    let url = shown(url);
    Fault::passing(SourceError::Unreachable { url, why }).into()
}

/// What an answer says that is no success.
pub(super) async fn refused(url: &Url, response: Response, stall: Duration) -> Trouble {
    let fault = answer::refusal(url, &response);
    let status = response.status();
    if status.is_redirection() {
        return fault.into();
    }
    let words = body(url, response, stall).await.unwrap_or_default();
    let words = printable(&String::from_utf8_lossy(&words));
    let why = if words.is_empty() {
        format!("it answers {status}")
    } else {
        words.clone()
    };
    let said = match status {
        StatusCode::INSUFFICIENT_STORAGE => StorageFault::Full { why },
        _ if words.is_empty() => fault.error.into(),
        _ => StorageFault::Refused {
            status: status.as_u16(),
            words,
        },
    };
    Trouble {
        fault: said,
        passing: fault.passing,
        wait: fault.wait,
    }
}

/// Reads an answer's JSON.
pub(super) async fn json<T: DeserializeOwned>(
    url: &Url,
    response: Response,
    stall: Duration,
) -> Result<T, Trouble> {
    let bytes = body(url, response, stall).await?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Trouble::contradiction(url, format!("not the JSON expected: {error}")))
}

async fn body(url: &Url, mut response: Response, stall: Duration) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    loop {
        match tokio::time::timeout(stall, response.chunk()).await {
            Ok(Ok(None)) => return Ok(bytes),
            Ok(Ok(Some(part))) if bytes.len() + part.len() <= MOST_BYTES => bytes.extend(part),
            Ok(Ok(Some(_))) => {
                let how = format!("more than {MOST_BYTES} bytes");
                return Err(Trouble::contradiction(url, how));
            }
            Ok(Err(error)) => return Err(unreachable(url, in_words(&error))),
            Err(_) => return Err(unreachable(url, format!("nothing arrived for {stall:?}"))),
        }
    }
}

/// One line of what a stranger says.
fn printable(words: &str) -> String {
    let plain = words.trim().chars().map(|sign| match sign {
        sign if sign.is_control() => ' ',
        sign => sign,
    });
    plain.take(MOST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_stranger_are_one_short_printable_line() {
        assert_eq!(printable(" no\r\n\x1b[31mspace\n"), "no   [31mspace");
        assert_eq!(printable(&"x".repeat(10_000)).len(), MOST_WORDS);
    }
}
