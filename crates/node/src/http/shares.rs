//! `POST /v1/reencrypt`.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Bytes,
    extract::{ConnectInfo, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use stheno_protocol::{Code, Problem};

use super::{Desk, refusal::Refusal};

pub(super) async fn reencrypt(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    check_is_json(&headers)?;
    let body = body.map_err(unreadable)?;
    let client = desk.proxies.client(peer, &headers);
    let answer = desk.release.answer(&body, client).await?;
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((json, answer.0).into_response())
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
