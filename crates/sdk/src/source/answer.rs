//! What a server's answer must say before a byte of it is taken.
//!
//! Chunks authenticate themselves, so a lie cannot become wrong data; but it is named here, as what
//! it is and with whose it is, and not as a damaged file.

use std::{
    ops::Range,
    time::{Duration, SystemTime},
};

use reqwest::{
    StatusCode,
    header::{self, HeaderMap, HeaderName},
};
use url::Url;

use super::SourceError;
use crate::{http::Response, timer};

/// Which object a server serves: later answers must be about the same.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// Its size.
    pub(crate) size: u64,
    etag: Option<String>,
    modified: Option<String>,
}

impl Version {
    pub(crate) fn of(headers: &HeaderMap, size: u64) -> Self {
        Self {
            size,
            etag: text(headers, &header::ETAG),
            modified: text(headers, &header::LAST_MODIFIED),
        }
    }

    /// For `If-Range`: only a strong tag says that every byte is the same.
    pub(crate) fn strong_tag(&self) -> Option<&str> {
        self.etag.as_deref().filter(|tag| tag.starts_with('"'))
    }

    /// Whether an answer is about another object. What either does not say, is not compared.
    fn differs(&self, headers: &HeaderMap) -> bool {
        let differ = |known: &Option<String>, name| match (known, text(headers, name)) {
            (Some(known), Some(found)) => *known != found,
            _ => false,
        };
        differ(&self.etag, &header::ETAG) || differ(&self.modified, &header::LAST_MODIFIED)
    }
}

/// A fault, and whether asking again may help.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) error: SourceError,
    pub(crate) passing: bool,
    /// How long the server asks to wait.
    pub(crate) wait: Option<Duration>,
}

impl Fault {
    pub(crate) fn lasting(error: SourceError) -> Self {
        Self {
            error,
            passing: false,
            wait: None,
        }
    }

    pub(crate) fn passing(error: SourceError) -> Self {
        Self {
            error,
            passing: true,
            wait: None,
        }
    }
}

/// Which part an answer carries, and of what.
#[derive(Debug)]
pub(crate) struct Part {
    /// From what was asked for, to at most what was asked for.
    pub(crate) range: Range<u64>,
    pub(crate) version: Version,
}

/// Checks the head of an answer to a request for `asked`.
///
/// On the first request nothing is known of the object, and it may end before what was asked for.
pub(crate) fn part(
    url: &Url,
    response: &Response,
    asked: &Range<u64>,
    known: Option<&Version>,
) -> Result<Part, Fault> {
    let headers = response.headers();
    let lie = |how: String| {
        Fault::lasting(SourceError::Contradiction {
            url: shown(url),
            how,
        })
    };
    let changed = || Fault::lasting(SourceError::Changed { url: shown(url) });
    match response.status() {
        StatusCode::PARTIAL_CONTENT => {}
        StatusCode::OK => {
            return Err(match known {
                Some(known) if known.differs(headers) => changed(),
                _ => Fault::lasting(SourceError::RangeIgnored { url: shown(url) }),
            });
        }
        StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PRECONDITION_FAILED if known.is_some() => {
            return Err(changed());
        }
        _ => return Err(refusal(url, response)),
    }
    not_encoded(url, headers)?;
    let value = text(headers, &header::CONTENT_RANGE).ok_or_else(|| without_range(url))?;
    let (range, size) =
        content_range(&value).ok_or_else(|| lie(format!("Content-Range `{value}`")))?;
    if let Some(known) = known {
        if known.differs(headers) {
            return Err(changed());
        }
        if known.size != size {
            return Err(lie(format!(
                "the object has {size} bytes, and had {} before",
                known.size
            )));
        }
    }
    if range.start != asked.start || range.end > asked.end {
        return Err(lie(format!(
            "Content-Range `{value}` for bytes {}-{}",
            asked.start,
            asked.end.saturating_sub(1)
        )));
    }
    match response.content_length() {
        Some(length) if length != range.end - range.start => Err(lie(format!(
            "Content-Length {length} with Content-Range `{value}`"
        ))),
        _ => Ok(Part {
            range,
            version: Version::of(headers, size),
        }),
    }
}

/// What an answer that is no success means.
pub(crate) fn refusal(url: &Url, response: &Response) -> Fault {
    let status = response.status();
    let target = text(response.headers(), &header::LOCATION);
    if let (true, Some(to)) = (status.is_redirection(), target) {
        let to = url.join(&to).map_or(to, |to| shown(&to));
        return Fault::lasting(SourceError::Redirected {
            url: shown(url),
            to,
        });
    }
    let error = SourceError::Status {
        url: shown(url),
        status: status.as_u16(),
    };
    let passing = [
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ];
    Fault {
        error,
        passing: passing.contains(&status),
        wait: text(response.headers(), &header::RETRY_AFTER)
            .and_then(|value| retry_after(&value, timer::now())),
    }
}

/// Checks the head of an answer that carries a whole object, and gives its size, if it is known.
#[cfg(any(feature = "storage", not(target_family = "wasm")))]
pub(crate) fn whole(url: &Url, response: &Response) -> Result<Option<u64>, Fault> {
    // A browser has undone the encoding, whose length is the one in the header.
    if cfg!(target_family = "wasm") {
        return Ok(None);
    }
    not_encoded(url, response.headers())?;
    Ok(response.content_length())
}

/// A part of which nobody says which one it is; a browser shows a page what the server lets it see.
fn without_range(url: &Url) -> Fault {
    let url = shown(url);
    Fault::lasting(match cfg!(target_family = "wasm") {
        true => SourceError::Hidden { url },
        false => SourceError::Contradiction {
            url,
            how: "a part without Content-Range".to_owned(),
        },
    })
}

/// Refuses compression: offsets would be those of other bytes.
fn not_encoded(url: &Url, headers: &HeaderMap) -> Result<(), Fault> {
    match text(headers, &header::CONTENT_ENCODING) {
        Some(encoding) if !encoding.eq_ignore_ascii_case("identity") => {
            Err(Fault::lasting(SourceError::Contradiction {
                url: shown(url),
                how: format!("Content-Encoding `{encoding}`, which was not asked for"),
            }))
        }
        _ => Ok(()),
    }
}

/// An address without what may be secret in it.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // An address that cannot have a user has none.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// `bytes 0-99/1000` (RFC 9110 §14.4). An unknown size, `*`, is none to work with.
fn content_range(value: &str) -> Option<(Range<u64>, u64)> {
    let (unit, rest) = value.trim().split_once(' ')?;
    let (range, size) = rest.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last, size) = (number(first)?, number(last)?, number(size)?);
    let is_part = unit.eq_ignore_ascii_case("bytes") && first <= last && last < size;
    is_part.then(|| (first..last + 1, size))
}

/// Seconds, or a date (RFC 9110 §10.2.3).
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    if let Some(seconds) = number(value.trim()) {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(value.trim()).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

/// Digits alone: `parse` would take a sign.
fn number(digits: &str) -> Option<u64> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_range_reads_what_rfc_9110_writes_and_nothing_else() {
        assert_eq!(content_range("bytes 0-99/1000"), Some((0..100, 1000)));
        assert_eq!(content_range("BYTES 42-42/43"), Some((42..43, 43)));
        for wrong in [
            "",
            "bytes",
            "bytes 0-99",
            "bytes 0-99/*",
            "bytes */1000",
            "bytes 0-1000/1000",
            "bytes 5-4/1000",
            "bytes +0-99/1000",
            "bytes 0-99/99999999999999999999999",
            "items 0-99/1000",
            "bytes 0-18446744073709551615/18446744073709551615",
        ] {
            assert_eq!(content_range(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let wait = |value| retry_after(value, now).map(|wait| wait.as_secs());
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        for wrong in ["", "-1", "+5", "soon", "99999999999999999999999"] {
            assert_eq!(wait(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn addresses_are_shown_without_their_secrets() {
        let url = Url::parse("https://me:secret@a.example/x/y?token=secret#secret").unwrap();
        assert_eq!(shown(&url), "https://a.example/x/y");
    }
}
