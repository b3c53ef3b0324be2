//! The node's HTTP interface. It decides nothing: [`Release`] does.
//!
//! | path | what |
//! |---|---|
//! | `POST /v1/reencrypt` | shares |
//! | `POST /v1/explain` | what a policy says of a reader, and why; no shares |
//! | `POST /v1/canary` | a share for the canary of an epoch, for members that try it |
//! | `GET /v1/status` | what the node says of itself |
//! | `GET /health` | 200 while the process lives |
//! | `GET /ready` | 200 while it serves and its chains are fresh, else 503 |
//! | `GET /metrics` | Prometheus text |
//!
//! Every refusal, also of the router itself, is problem JSON (RFC 9457).

mod client;
mod pages;
mod questions;
mod refusal;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use stheno_protocol::{Code, Domain, Problem};
use tokio::sync::{RwLock, watch};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, Any, CorsLayer},
};

use crate::{
    Config, epochs::canary_desk::CanaryDesk, heads::Heads, metrics::Metrics, release::Release,
    standing::Standing,
};
pub(crate) use client::Proxies;
use refusal::Refusal;

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) release: Release,
    pub(crate) canary: CanaryDesk,
    pub(crate) domain: Domain,
    pub(crate) standing: watch::Receiver<Standing>,
    pub(crate) heads: Heads,
    pub(crate) metrics: Metrics,
    pub(crate) proxies: Proxies,
}

/// The requests in flight: each holds a read lock, so who gets the write lock knows that none is.
///
/// The server's own graceful shutdown waits for connections instead, and a client may keep one open
/// on which it never asked anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<RwLock<()>>);

impl InFlight {
    /// Resolves when no request is in flight; from the call on, new ones are held back.
    pub(crate) async fn none(&self) {
        drop(self.0.write().await);
    }
}

/// The routes, with their limits around them.
pub(crate) fn router(config: &Config, desk: Desk, in_flight: InFlight) -> Router {
    let limits = &config.limits;
    let patience = Duration::from_millis(limits.request_ms);
    Router::new()
        .route("/v1/reencrypt", post(questions::reencrypt))
        .route("/v1/explain", post(questions::explain))
        .route("/v1/canary", post(questions::canary))
        .route("/v1/status", get(pages::status))
        .route("/health", get(pages::health))
        .route("/ready", get(pages::ready))
        .route("/metrics", get(pages::metrics))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .with_state(Arc::new(desk))
        .layer(DefaultBodyLimit::max(limits.body_bytes))
        .layer(middleware::from_fn_with_state(limits.body_bytes, announced))
        .layer(middleware::from_fn_with_state(patience, in_time))
        .layer(CatchPanicLayer::custom(|_| {
            Refusal::from(Problem::new(Code::Internal, "the request handler failed"))
                .into_response()
        }))
        .layer(cors(&config.cors_origins))
        .layer(middleware::from_fn_with_state(in_flight, counted))
}

async fn counted(State(in_flight): State<InFlight>, request: Request, next: Next) -> Response {
    let _held = in_flight.0.read().await;
    next.run(request).await
}

fn cors(origins: &[String]) -> CorsLayer {
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE])
        .expose_headers([HeaderName::from_static("retry-after")])
        .max_age(Duration::from_secs(3_600));
    if origins.iter().any(|origin| origin == "*") {
        return layer.allow_origin(Any);
    }
    let origins = origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin).ok());
    layer.allow_origin(AllowOrigin::list(origins))
}

/// Refuses a body by its announced length; one that announces none is cut off by the limit above.
async fn announced(State(most): State<usize>, request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match length.filter(|length| usize::try_from(*length).map_or(true, |length| length > most)) {
        Some(length) => {
            let detail = format!("the body has {length} bytes, at most {most} are read");
            Refusal::from(Problem::new(Code::TooLarge, detail)).into_response()
        }
        None => next.run(request).await,
    }
}

async fn in_time(State(patience): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(patience, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail = format!("the node gave up after {} ms", patience.as_millis());
            Refusal::from(Problem::new(Code::Timeout, detail)).into_response()
        }
    }
}

async fn no_such_path() -> Refusal {
    Problem::new(
        Code::NotFound,
        "there is no such path; shares are at /v1/reencrypt, explanations at /v1/explain, the status at /v1/status",
    )
    .into()
}

async fn no_such_method(method: Method) -> Refusal {
    Problem::new(
        Code::MethodNotAllowed,
        format!("{method} is not for this path"),
    )
    .into()
}
