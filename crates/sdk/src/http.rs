//! HTTP, natively and by a browser's `fetch`, which differs in what it does unasked:
//!
//! - it follows redirects before anybody could refuse them, so where an answer comes from is looked at
//!   afterwards ([`came_from`]);
//! - it asks for compressed bodies unless a part is asked for, and decompresses them, so that no header
//!   says how many bytes of an object will come;
//! - it keeps from a page why a server was not reached, and most headers of its answers, unless the
//!   server allows the page to see them (CORS);
//! - it asks the server for leave before it sends a header out of the ordinary, and many servers give
//!   none: requests have none there.

#[cfg(not(target_family = "wasm"))]
pub(crate) use self::native::{Response, client, in_parts, in_words};
#[cfg(target_family = "wasm")]
pub(crate) use self::wasm::{Response, client, in_parts, in_words};

use url::Url;

use crate::source::Redirects;

/// Where an answer came from, if the server may not point there.
pub(crate) fn came_from<'a>(asked: &Url, found: &'a Url, allowed: Redirects) -> Option<&'a Url> {
    let same = || {
        let mut asked = asked.clone();
        // Neither is sent in the address.
        let _ = (asked.set_username(""), asked.set_password(None));
        asked.set_fragment(found.fragment());
        asked == *found
    };
    let may = match allowed {
        Redirects::Refused => same(),
        Redirects::SameOrigin => asked.origin() == found.origin(),
        Redirects::Anywhere => asked.scheme() == "http" || found.scheme() == "https",
    };
    (!may).then_some(found)
}

#[cfg(not(target_family = "wasm"))]
mod native {
    use std::{error::Error as _, time::Duration};

    pub(crate) use reqwest::Response;
    use reqwest::{Client, redirect};

    use crate::source::Redirects;

    /// The most redirects that are followed.
    const MOST_REDIRECTS: usize = 5;

    /// A client that is no more patient, and goes no further, than told.
    pub(crate) fn client(connect: Duration, redirects: Redirects) -> reqwest::Result<Client> {
        let policy = match redirects {
            Redirects::Refused => redirect::Policy::none(),
            allowed => redirect::Policy::custom(move |attempt| {
                let Some(from) = attempt.previous().last() else {
                    return attempt.stop();
                };
                let follow = super::came_from(from, attempt.url(), allowed).is_none();
                // What is not followed is the answer, and refused as one.
                if follow && attempt.previous().len() <= MOST_REDIRECTS {
                    attempt.follow()
                } else {
                    attempt.stop()
                }
            }),
        };
        Client::builder()
            .connect_timeout(connect)
            .redirect(policy)
            .user_agent(concat!("stheno/", env!("CARGO_PKG_VERSION")))
            .build()
    }

    /// An answer, to be taken in parts.
    pub(crate) fn in_parts(response: Response) -> Response {
        response
    }

    /// The innermost cause: "connection refused" rather than "error sending request".
    pub(crate) fn in_words(error: &reqwest::Error) -> String {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            text = inner.to_string();
            cause = inner.source();
        }
        text
    }
}

#[cfg(target_family = "wasm")]
mod wasm {
    use std::{pin::Pin, time::Duration};

    use futures::{Stream, StreamExt};
    use reqwest::{Client, StatusCode, header, header::HeaderMap};

    use crate::source::Redirects;

    /// A client of `fetch`, which has no options: who uses it limits the time, and looks where answers
    /// come from.
    pub(crate) fn client(_connect: Duration, _redirects: Redirects) -> reqwest::Result<Client> {
        Client::builder().build()
    }

    /// What is known, which is little: a browser tells a page no more.
    pub(crate) fn in_words(error: &reqwest::Error) -> String {
        let words = if error.is_builder() {
            "the browser refuses to make this request"
        } else if error.is_request() {
            "not reached: the server is down, or it does not allow this page to ask it (CORS: it must \
             send Access-Control-Allow-Origin)"
        } else {
            "the connection broke"
        };
        words.to_owned()
    }

    /// An answer whose body is taken in parts.
    pub(crate) struct Response {
        status: StatusCode,
        headers: HeaderMap,
        body: Pin<Box<dyn Stream<Item = reqwest::Result<Vec<u8>>>>>,
    }

    impl Response {
        pub(crate) fn status(&self) -> StatusCode {
            self.status
        }

        pub(crate) fn headers(&self) -> &HeaderMap {
            &self.headers
        }

        pub(crate) fn content_length(&self) -> Option<u64> {
            let length = self.headers.get(header::CONTENT_LENGTH)?;
            length.to_str().ok()?.parse().ok()
        }

        /// The next bytes; none at the end.
        pub(crate) async fn chunk(&mut self) -> reqwest::Result<Option<Vec<u8>>> {
            self.body.next().await.transpose()
        }
    }

    pub(crate) fn in_parts(response: reqwest::Response) -> Response {
        Response {
            status: response.status(),
            headers: response.headers().clone(),
            body: Box::pin(response.bytes_stream().map(|part| part.map(Vec::from))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_from_elsewhere_is_noticed_where_a_redirect_would_be_refused() {
        let asked: Url = "https://me:secret@a.example/x?y=1#z".parse().unwrap();
        for (found, refused, same_origin, anywhere) in [
            ("https://a.example/x?y=1", true, true, true),
            ("https://a.example/x?y=1#z", true, true, true),
            ("https://a.example/x", false, true, true),
            ("https://a.example:444/x?y=1", false, false, true),
            ("https://b.example/x?y=1", false, false, true),
            ("http://a.example/x?y=1", false, false, false),
        ] {
            let found: Url = found.parse().unwrap();
            for (allowed, taken) in [
                (Redirects::Refused, refused),
                (Redirects::SameOrigin, same_origin),
                (Redirects::Anywhere, anywhere),
            ] {
                let elsewhere = came_from(&asked, &found, allowed);
                assert_eq!(elsewhere.is_none(), taken, "{found} {allowed:?}");
            }
        }
    }
}
