//! `POST /v1/reencrypt`, `POST /v1/explain` and `POST /v1/canary`: JSON in, JSON out.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Json,
    body::Bytes,
    extract::{ConnectInfo, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use stheno_protocol::{CanaryAnswer, Code, Problem};

use super::{Desk, refusal::Refusal};

pub(super) async fn reencrypt(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let (body, client) = asked(&desk, peer, &headers, body)?;
    let answer = desk.release.answer(&body, client).await?;
    Ok(json(answer.0))
}

pub(super) async fn explain(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let (body, client) = asked(&desk, peer, &headers, body)?;
    let answer = desk.release.explain(&body, client).await?;
    Ok(json(answer.0))
}

pub(super) async fn canary(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<CanaryAnswer>, Refusal> {
    let (body, client) = asked(&desk, peer, &headers, body)?;
    Ok(Json(desk.canary.answer(&body, client).await?))
}

/// The question, and whose it is.
fn asked(
    desk: &Desk,
    peer: SocketAddr,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(Bytes, IpAddr), Problem> {
    check_is_json(headers)?;
    let body = body.map_err(unreadable)?;
    Ok((body, desk.proxies.client(peer, headers)))
}

fn json(body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn check_is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(
        Code::UnsupportedMediaType,
        "the header content-type is not application/json",
    ))
}

fn unreadable(rejection: BytesRejection) -> Problem {
    let code = match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
        _ => Code::Malformed,
    };
    Problem::new(code, rejection.body_text())
}
