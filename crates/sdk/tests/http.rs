//! The HTTP transport on real sockets: a committee behind real servers, and servers that are none.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use stheno::{
    Client, EncryptOptions, Misbehaviour, NodeReport, Outcome, Policy, Tuning, Wallet,
    bounds::BoxFuture,
    clock::Clock,
    envelope::Locator,
    ledger::{self, Ledger, LedgerError, Member},
    protocol::{ChainId, Position, Request},
    testing::{CHAIN_ID, Committee},
    transport::{CallError, HttpTransport, Transport},
};
use url::Url;

/// A committee whose members are reached at these URLs.
struct Moved {
    committee: Committee,
    endpoints: BTreeMap<u16, Url>,
}

impl Ledger for Moved {
    fn committee<'a>(
        &'a self,
        locator: &'a Locator,
    ) -> BoxFuture<'a, Result<ledger::Committee, LedgerError>> {
        Box::pin(async move {
            let mut found = Ledger::committee(&self.committee, locator).await?;
            for member in &mut found.members {
                member.endpoint = self.endpoints.get(&member.index.get()).cloned();
            }
            Ok(found)
        })
    }

    fn block_at(
        &self,
        chain: ChainId,
        number: u64,
    ) -> BoxFuture<'_, Result<Option<Position>, LedgerError>> {
        self.committee.block_at(chain, number)
    }
}

/// The test chain's time; real waiting.
struct ChainTime(Committee);

impl Clock for ChainTime {
    fn now(&self) -> u64 {
        self.0.chain().head().time
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

async fn serve(app: Router) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

/// An honest node, below a path of its own.
fn honest(committee: &Committee, member: Member) -> Router {
    let status = |State((committee, member)): State<(Committee, Member)>| async move {
        respond(committee.status(&member).await)
    };
    let reencrypt = |State((committee, member)): State<(Committee, Member)>,
                     Json(request): Json<Request>| async move {
        respond(committee.reencrypt(&member, &request).await)
    };
    Router::new()
        .route("/below/v1/status", get(status))
        .route("/below/v1/reencrypt", post(reencrypt))
        .with_state((committee.clone(), member))
}

fn respond<T: serde::Serialize>(result: Result<T, CallError>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(CallError::Refused(problem)) => (
            StatusCode::from_u16(problem.status).unwrap(),
            [(header::CONTENT_TYPE, "application/problem+json")],
            serde_json::to_vec(&problem).unwrap(),
        )
            .into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// A server that answers everything so.
fn always(respond: fn() -> Response) -> Router {
    Router::new().fallback(move || async move { respond() })
}

async fn scene(bad: &[(u16, Router)]) -> (Client, Committee, Wallet, Vec<u8>) {
    let committee = Committee::new(3, 5).unwrap();
    let locator = committee.network_file().locator();
    let members = Ledger::committee(&committee, &locator)
        .await
        .unwrap()
        .members;
    let mut endpoints = BTreeMap::new();
    for member in members {
        let index = member.index.get();
        let url = match bad.iter().find(|(node, _)| *node == index) {
            Some((_, app)) => serve(app.clone()).await,
            None => serve(honest(&committee, member))
                .await
                .join("below")
                .unwrap(),
        };
        endpoints.insert(index, url);
    }
    let policy = Policy::from_json(&format!(
        r#"{{ "version": 1, "rule": {{ "balance": {{ "chain": {CHAIN_ID}, "min": "1" }} }} }}"#
    ))
    .unwrap();
    let mut envelope = Vec::new();
    committee
        .client()
        .encrypt(
            &policy,
            &b"text"[..],
            &mut envelope,
            EncryptOptions::default(),
        )
        .await
        .unwrap();
    let wallet = Wallet::random().unwrap();
    let ledger = Moved {
        committee: committee.clone(),
        endpoints,
    };
    let client = Client::new(
        ledger,
        HttpTransport::new().unwrap(),
        ChainTime(committee.clone()),
    )
    .with_tuning(Tuning {
        status_timeout: Duration::from_secs(2),
        ..Tuning::default()
    });
    (client, committee, wallet, envelope)
}

#[tokio::test(flavor = "multi_thread")]
async fn file_opens_over_http_after_a_refusal_in_words() {
    let (client, committee, wallet, envelope) = scene(&[]).await;
    let denied = client
        .decrypt(&wallet, envelope.as_slice(), Vec::new())
        .await
        .unwrap_err();
    assert!(denied.is_denial(), "{denied}");
    let refusal = &denied.tally().unwrap().refusals()[0];
    assert_eq!(refusal.nodes.len(), 5);
    assert!(refusal.conditions().next().is_some());

    committee.chain().set_balance(wallet.address(), 1);
    committee.chain().finalize();
    let mut plaintext = Vec::new();
    client
        .decrypt(&wallet, envelope.as_slice(), &mut plaintext)
        .await
        .unwrap();
    assert_eq!(plaintext, b"text");
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_no_nodes_do_no_harm() {
    let html: fn() -> Response = || (StatusCode::OK, "<html>hello</html>").into_response();
    let endless: fn() -> Response = || {
        let parts = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 65536]));
        Body::from_stream(parts).into_response()
    };
    let redirect: fn() -> Response =
        || (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response();
    let broken: fn() -> Response = || StatusCode::INTERNAL_SERVER_ERROR.into_response();
    for (respond, what) in [
        (html, "html"),
        (endless, "endless"),
        (redirect, "redirect"),
        (broken, "broken"),
    ] {
        let (client, committee, wallet, envelope) =
            scene(&[(1, always(respond)), (2, always(respond))]).await;
        committee.chain().set_balance(wallet.address(), 1);
        committee.chain().finalize();
        let begin = Instant::now();
        let mut plaintext = Vec::new();
        client
            .decrypt(&wallet, envelope.as_slice(), &mut plaintext)
            .await
            .unwrap();
        assert_eq!(plaintext, b"text", "{what}");
        assert!(
            begin.elapsed() < Duration::from_secs(3),
            "{what}: {:?}",
            begin.elapsed()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn error_names_servers_that_are_no_nodes_and_ports_where_nobody_listens() {
    let (client, committee, wallet, envelope) = scene(&[
        (1, always(|| (StatusCode::OK, "{}").into_response())),
        (
            2,
            always(|| StatusCode::SERVICE_UNAVAILABLE.into_response()),
        ),
    ])
    .await;
    committee.chain().set_balance(wallet.address(), 1);
    committee.chain().finalize();
    let locator = committee.network_file().locator();
    let mut ledger = Moved {
        committee: committee.clone(),
        endpoints: BTreeMap::new(),
    };
    for member in client.committee(&locator).await.unwrap().members {
        let dead: Url = "http://127.0.0.1:1/".parse().unwrap();
        let endpoint = match member.index.get() {
            3 => dead,
            _ => member.endpoint.unwrap(),
        };
        ledger.endpoints.insert(member.index.get(), endpoint);
    }
    let client = Client::new(ledger, HttpTransport::new().unwrap(), ChainTime(committee));
    let error = client
        .decrypt(&wallet, envelope.as_slice(), Vec::new())
        .await
        .unwrap_err();
    let tally = error.tally().unwrap();
    let failures: Vec<&NodeReport> = tally.failures().collect();
    assert_eq!(failures.len(), 3, "{error}");
    for report in &failures[..2] {
        let garbage = matches!(
            report.outcome,
            Outcome::Misbehaved(Misbehaviour::Garbage { .. })
        );
        assert!(garbage, "{report}");
    }
    let why = failures[2].to_string();
    assert!(
        why.contains("not reached") && why.to_lowercase().contains("refused"),
        "{why}"
    );
}
