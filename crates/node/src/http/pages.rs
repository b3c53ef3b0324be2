//! What anybody may read.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use stheno_protocol::{ServedEpoch, Status};

use super::Desk;
use crate::{
    clock,
    standing::{Served, Standing},
};

pub(super) async fn status(State(desk): State<Arc<Desk>>) -> Json<Status> {
    let standing = desk.standing.borrow().clone();
    let epoch = standing.epoch();
    Json(Status {
        network: desk.domain.network,
        epoch: epoch.map_or(0, |epoch| epoch.number),
        node: epoch.map_or(0, |epoch| epoch.index.get()),
        epochs: standing
            .served()
            .into_iter()
            .flat_map(Served::iter)
            .map(|epoch| ServedEpoch {
                epoch: epoch.number,
                node: epoch.index.get(),
            })
            .collect(),
        state: standing.state(),
        heads: desk.heads.report(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

pub(super) async fn health() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "ok" }))
}

pub(super) async fn ready(State(desk): State<Arc<Desk>>) -> Response {
    let standing = desk.standing.borrow().clone();
    let mut reasons = desk.heads.faults(clock::now());
    if !matches!(standing, Standing::Serving(_)) {
        reasons.insert(0, standing.explanation());
    }
    let status = if reasons.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = serde_json::json!({
        "ready": reasons.is_empty(),
        "state": standing.state(),
        "reasons": reasons,
    });
    (status, Json(body)).into_response()
}

pub(super) async fn metrics(State(desk): State<Arc<Desk>>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], desk.metrics.render())
}
