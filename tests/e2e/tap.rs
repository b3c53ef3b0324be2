//! A tap on what a program sends: a proxy of HTTP that keeps every request that passes.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

/// A request that passed.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// Its whole address.
    pub(crate) to: String,
    pub(crate) body: Bytes,
}

/// The tap.
pub(crate) struct Tap {
    url: String,
    http: reqwest::Client,
    sent: Mutex<Vec<Sent>>,
}

impl Tap {
    pub(crate) async fn new() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tap = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            sent: Mutex::default(),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&tap));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        tap
    }

    /// What a program's `http_proxy` has to be.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The bodies of what went to a path, on whatever server.
    pub(crate) fn sent_to(&self, path: &str) -> Vec<Bytes> {
        let sent = self.sent.lock().unwrap();
        let there = sent.iter().filter(|sent| sent.to.ends_with(path));
        there.map(|sent| sent.body.clone()).collect()
    }
}

async fn pass(State(tap): State<Arc<Tap>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let to = uri.to_string();
    tap.sent.lock().unwrap().push(Sent {
        to: to.clone(),
        body: body.clone(),
    });
    let asked = tap.http.request(method, to).body(body);
    let asked = asked.header(header::CONTENT_TYPE, "application/json");
    let Ok(answer) = asked.send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let status = answer.status();
    let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
    let bytes = answer.bytes().await.unwrap_or_default();
    let mut answer = (status, bytes).into_response();
    if let Some(kind) = kind {
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    answer
}
