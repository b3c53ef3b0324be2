//! Nodes over HTTP.

use std::time::Duration;

use futures::StreamExt;
use reqwest::{Client, RequestBuilder, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use stheno_protocol::{
    Answer, ExplainRequest, Explained, Explanation, LeafReport, Problem, Request, Status,
};
use url::Url;

use super::{CallError, Transport};
use crate::{
    Error,
    bounds::BoxFuture,
    http::{self, came_from, in_words},
    ledger::Member,
    source::Redirects,
};

/// Most bytes of an answer that are read: 256 shares in hex are 150 KB.
const MAX_ANSWER: usize = 1 << 20;
/// Most characters of a sentence in a refusal.
const MAX_WORDS: usize = 2_000;
/// How long a connection may take to come about. The caller limits the whole call.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// HTTP/1.1 or 2, TLS by the certificate authorities of the web, no redirects. In a browser, `fetch`:
/// a redirect's answer is refused there when it has come.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: Client,
}

impl HttpTransport {
    /// A transport with its own connection pool.
    ///
    /// # Errors
    /// [`Error::Http`] when TLS cannot be set up.
    pub fn new() -> Result<Self, Error> {
        let client = http::client(CONNECT_TIMEOUT, Redirects::Refused);
        let client = client.map_err(|error| Error::Http {
            why: in_words(&error),
        })?;
        Ok(Self { client })
    }

    /// `POST /v1/explain` at a node's URL: what it reads of a reader, without shares.
    ///
    /// What comes back is one node's word.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn explain(
        &self,
        endpoint: &Url,
        question: &ExplainRequest,
    ) -> Result<Explanation, CallError> {
        let url = below(endpoint, "v1/explain");
        let asked = self.client.post(url.clone()).json(question);
        answer(&url, asked).await.map(printable_explanation)
    }

    async fn fetch_status(&self, node: &Member) -> Result<Status, CallError> {
        let url = url(node, "v1/status")?;
        answer(&url, self.client.get(url.clone())).await
    }

    async fn post_request(&self, node: &Member, request: &Request) -> Result<Answer, CallError> {
        let url = url(node, "v1/reencrypt")?;
        let asked = self.client.post(url.clone()).json(request);
        answer(&url, asked).await
    }
}

impl Transport for HttpTransport {
    fn status<'a>(&'a self, node: &'a Member) -> BoxFuture<'a, Result<Status, CallError>> {
        Box::pin(self.fetch_status(node))
    }

    fn reencrypt<'a>(
        &'a self,
        node: &'a Member,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<Answer, CallError>> {
        Box::pin(self.post_request(node, request))
    }
}

/// The node's endpoint with a path below it; an endpoint may itself have a path.
fn url(node: &Member, path: &str) -> Result<Url, CallError> {
    let unreachable = |why: &str| CallError::Unreachable {
        why: why.to_owned(),
    };
    let endpoint = node
        .endpoint
        .as_ref()
        .ok_or_else(|| unreachable("it registered no URL"))?;
    Ok(below(endpoint, path))
}

fn below(endpoint: &Url, path: &str) -> Url {
    let mut url = endpoint.clone();
    url.set_path(&format!("{}/{path}", endpoint.path().trim_end_matches('/')));
    url.set_query(None);
    url.set_fragment(None);
    url
}

async fn answer<T: DeserializeOwned>(url: &Url, asked: RequestBuilder) -> Result<T, CallError> {
    let response = asked.send().await.map_err(|error| CallError::Unreachable {
        why: in_words(&error),
    })?;
    if came_from(url, response.url(), Redirects::Refused).is_some() {
        return Err(CallError::Garbage {
            why: "a redirect, which is not followed".to_owned(),
        });
    }
    let status = response.status();
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/problem+json"));
    let body = read_limited(response).await?;
    let garbage = |why: String| CallError::Garbage { why };
    if status == StatusCode::OK && !is_problem {
        return serde_json::from_slice(&body)
            .map_err(|error| garbage(format!("its answer: {error}")));
    }
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => Err(CallError::Refused(Box::new(printable(problem)))),
        Err(_) => Err(garbage(format!(
            "HTTP status {status} without an explanation"
        ))),
    }
}

async fn read_limited(response: Response) -> Result<Vec<u8>, CallError> {
    let too_long = || CallError::Garbage {
        why: format!("more than {MAX_ANSWER} bytes"),
    };
    // What is announced is not waited for; what comes is counted all the same.
    if response
        .content_length()
        .is_some_and(|bytes| bytes > MAX_ANSWER as u64)
    {
        return Err(too_long());
    }
    let mut body = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(part) = stream.next().await {
        let part = part.map_err(|error| CallError::Unreachable {
            why: in_words(&error),
        })?;
        if body.len() + part.len() > MAX_ANSWER {
            return Err(too_long());
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// The same with nothing in it that a terminal or a log would act upon, and of bounded length: a
/// node's words end up before a person's eyes.
fn printable(mut problem: Problem) -> Problem {
    problem.kind = tame(&problem.kind).into();
    problem.title = tame(&problem.title).into();
    problem.detail = tame(&problem.detail);
    problem.leaves.iter_mut().for_each(tame_leaf);
    problem
}

fn printable_explanation(mut explanation: Explanation) -> Explanation {
    fn tame_tree(tree: &mut Explained) {
        tree.rule = tame(&tree.rule);
        tree.leaf.iter_mut().for_each(tame_leaf);
        tree.of.iter_mut().for_each(tame_tree);
    }
    tame_tree(&mut explanation.then.tree);
    tame_tree(&mut explanation.now.tree);
    explanation
}

fn tame_leaf(leaf: &mut LeafReport) {
    for words in [
        &mut leaf.path,
        &mut leaf.what,
        &mut leaf.found,
        &mut leaf.remedy,
    ] {
        *words = tame(words);
    }
}

fn tame(words: &str) -> String {
    let acts = |c: char| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c);
    words
        .chars()
        .take(MAX_WORDS)
        .map(|c| {
            if acts(c) {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stheno_crypto::NodeIndex;
    use stheno_protocol::Address;

    fn node(endpoint: &str) -> Member {
        Member {
            index: NodeIndex::new(1).unwrap(),
            endpoint: Url::parse(endpoint).ok(),
            identity: Address::ZERO,
            node_key: None,
        }
    }

    #[test]
    fn url_keeps_the_path_of_an_endpoint() {
        for (endpoint, want) in [
            ("http://127.0.0.1:7001", "http://127.0.0.1:7001/v1/status"),
            (
                "https://a.example/stheno",
                "https://a.example/stheno/v1/status",
            ),
            (
                "https://a.example/stheno/?x=1#y",
                "https://a.example/stheno/v1/status",
            ),
        ] {
            assert_eq!(url(&node(endpoint), "v1/status").unwrap().as_str(), want);
        }
    }

    #[test]
    fn words_of_a_node_are_shown_without_what_a_terminal_would_act_upon() {
        let evil = format!("no\u{1b}[2J\nerror:\u{202e}{}", "x".repeat(1 << 20));
        let problem = printable(Problem::new(stheno_protocol::Code::Busy, evil));
        assert!(
            problem
                .detail
                .starts_with("no\u{fffd}[2J\u{fffd}error:\u{fffd}xx")
        );
        assert_eq!(problem.detail.chars().count(), MAX_WORDS);
    }

    #[test]
    fn url_is_refused_without_an_endpoint() {
        assert!(matches!(
            url(&node(""), "v1/status"),
            Err(CallError::Unreachable { .. })
        ));
    }
}
