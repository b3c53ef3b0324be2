//! Nodes that answer badly, over real HTTP: the reader succeeds whenever three good ones are left,
//! in bounded time, and never counts a bad answer as a share.
//!
//! Between the reader and some of the nodes stands a server of the test's, which
//! does mischief on the way. (Mischief inside a share, signed by the node itself,
//! is tested in the SDK, where a test may hold a node's keys.)

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures::{StreamExt, stream};
use stheno::{
    Client, EncryptOptions, Error, Outcome, Policy, Tally, Tuning, Wallet,
    bounds::BoxFuture,
    clock::SystemClock,
    envelope::Locator,
    ledger::{Committee, Ledger, LedgerError, RpcLedger},
    protocol::{ChainId, Position},
    transport::HttpTransport,
};
use stheno_cli::devnet::Devnet;
use url::Url;

use crate::{desk::noise, someone::Someone, stage, trials};

trials![
    reader_succeeds_when_two_of_five_do_mischief,
    reader_names_all_three_when_three_of_five_do_mischief,
];

/// What is done to an answer on its way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mischief {
    /// It is replaced by something that is no JSON.
    Garbage,
    /// A proxy's error page comes instead.
    ErrorPage,
    /// It is empty.
    Empty,
    /// It never comes.
    Silence,
    /// It breaks off.
    Half,
    /// It comes a byte at a time, one a second.
    Drip,
    /// It never ends.
    Endless,
    /// It is another node's.
    OtherNode,
    /// It says another epoch.
    OtherEpoch,
    /// It is the answer to another request.
    Replay,
    /// Its share is changed.
    Tampered,
}

const ALL: [Mischief; 11] = [
    Mischief::Garbage,
    Mischief::ErrorPage,
    Mischief::Empty,
    Mischief::Silence,
    Mischief::Half,
    Mischief::Drip,
    Mischief::Endless,
    Mischief::OtherNode,
    Mischief::OtherEpoch,
    Mischief::Replay,
    Mischief::Tampered,
];

async fn reader_succeeds_when_two_of_five_do_mischief() {
    let devnet = stage::shared().await;
    let scene = Scene::set(&devnet, "two of five").await;
    for mischief in ALL {
        let began = Instant::now();
        let tally = scene.reads(&[1, 2], mischief).await;
        let tally = tally.unwrap_or_else(|error| panic!("{mischief:?}: {error}"));
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "{mischief:?}: {:?}",
            began.elapsed()
        );
        for report in &tally.reports[..2] {
            assert_ne!(report.outcome, Outcome::Shared, "{mischief:?}: {report}");
        }
        assert_eq!(tally.shared(), 3, "{mischief:?}: {tally:?}");
    }
}

async fn reader_names_all_three_when_three_of_five_do_mischief() {
    let devnet = stage::shared().await;
    let scene = Scene::set(&devnet, "three of five").await;
    for mischief in ALL {
        let began = Instant::now();
        let error = scene
            .reads(&[1, 2, 3], mischief)
            .await
            .expect_err("two nodes are too few");
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{mischief:?}: {:?}",
            began.elapsed()
        );
        let Error::TooFewNodes(tally) = &error else {
            panic!("{mischief:?}: {error}");
        };
        let named: Vec<u16> = tally.failures().map(|report| report.node.get()).collect();
        assert_eq!(named, [1, 2, 3], "{mischief:?}: {error}");
        assert_eq!(tally.shared(), 2, "{mischief:?}: {error}");
        for node in ["node 1", "node 2", "node 3", "2 of 5"] {
            assert!(error.to_string().contains(node), "no {node} in: {error}");
        }
    }
}

/// A sealed file, and a reader who may read it.
struct Scene {
    nodes: BTreeMap<u16, Url>,
    rpc: Url,
    wallet: Wallet,
    original: Vec<u8>,
    sealed: Vec<u8>,
}

impl Scene {
    async fn set(devnet: &Devnet, name: &str) -> Self {
        let reader = Someone::with_pass(devnet, &format!("reader in anger: {name}")).await;
        let policy = Policy::from_json(&devnet.pass_policy()).unwrap();
        let writer = Client::offline(devnet.network().clone()).unwrap();
        let original = noise(40, 20_000);
        let mut sealed = Vec::new();
        let written = writer.encrypt(
            &policy,
            &original[..],
            &mut sealed,
            EncryptOptions::default(),
        );
        written.await.unwrap();
        let nodes = devnet.members().iter();
        Self {
            nodes: nodes.map(|m| (m.index(), m.endpoint().clone())).collect(),
            rpc: devnet.rpc().clone(),
            wallet: Wallet::from_private_key(&reader.key()).unwrap(),
            original,
            sealed,
        }
    }

    /// Reads while `mischief` is done on the way to these nodes.
    async fn reads(&self, evil: &[u16], mischief: Mischief) -> Result<Tally, Error> {
        let honest = self.client(BTreeMap::new());
        let mut detours = BTreeMap::new();
        let mut servers = Vec::new();
        for node in evil {
            let relay = Relay::new(mischief, self.nodes[node].clone(), self.nodes[&5].clone());
            let (url, server) = relay.serve().await;
            detours.insert(*node, url);
            servers.push(server);
        }
        // Something to replay: an answer that went the same way, to another request.
        if mischief == Mischief::Replay {
            drop(self.decrypt(&self.client(detours.clone())).await);
        }
        let result = self.decrypt(&self.client(detours)).await;
        servers.iter().for_each(tokio::task::JoinHandle::abort);
        if result.is_err() {
            self.decrypt(&honest)
                .await
                .expect("without mischief it opens");
        }
        result
    }

    async fn decrypt(&self, client: &Client) -> Result<Tally, Error> {
        let mut copy = Vec::new();
        let decrypted = client
            .decrypt(&self.wallet, &self.sealed[..], &mut copy)
            .await?;
        assert!(copy == self.original);
        Ok(decrypted.tally)
    }

    fn client(&self, detours: BTreeMap<u16, Url>) -> Client {
        let ledger = Rerouted {
            ledger: RpcLedger::new([self.rpc.clone()]),
            detours,
        };
        let tuning = Tuning {
            answer_timeout: Duration::from_secs(2),
            patience: Duration::from_secs(2),
            ..Tuning::default()
        };
        Client::new(ledger, HttpTransport::new().unwrap(), SystemClock).with_tuning(tuning)
    }
}

/// The chain's committee, some of whose endpoints lead elsewhere.
struct Rerouted {
    ledger: RpcLedger,
    detours: BTreeMap<u16, Url>,
}

impl Ledger for Rerouted {
    fn committee<'a>(
        &'a self,
        locator: &'a Locator,
    ) -> BoxFuture<'a, Result<Committee, LedgerError>> {
        Box::pin(async {
            let mut committee = self.ledger.committee(locator).await?;
            for member in &mut committee.members {
                if let Some(detour) = self.detours.get(&member.index.get()) {
                    member.endpoint = Some(detour.clone());
                }
            }
            Ok(committee)
        })
    }

    fn block_at(
        &self,
        chain: ChainId,
        number: u64,
    ) -> BoxFuture<'_, Result<Option<Position>, LedgerError>> {
        self.ledger.block_at(chain, number)
    }
}

/// A server on the way to a node.
struct Relay {
    mischief: Mischief,
    node: Url,
    other: Url,
    http: reqwest::Client,
    seen: Mutex<Option<String>>,
}

impl Relay {
    fn new(mischief: Mischief, node: Url, other: Url) -> Arc<Self> {
        let http = reqwest::Client::new();
        Arc::new(Self {
            mischief,
            node,
            other,
            http,
            seen: Mutex::new(None),
        })
    }

    async fn serve(self: Arc<Self>) -> (Url, tokio::task::JoinHandle<()>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let router = Router::new()
            .route("/v1/status", get(status))
            .route("/v1/reencrypt", post(reencrypt))
            .with_state(self);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (url, server)
    }

    /// What the node, or the other one, says to this request.
    async fn ask(&self, node: &Url, body: String) -> String {
        let request = self
            .http
            .post(node.join("v1/reencrypt").unwrap())
            .body(body);
        let answer = request
            .header(header::CONTENT_TYPE, "application/json")
            .send()
            .await;
        answer.unwrap().text().await.unwrap()
    }
}

async fn status(State(relay): State<Arc<Relay>>) -> Response {
    let answer = relay
        .http
        .get(relay.node.join("v1/status").unwrap())
        .send()
        .await
        .unwrap();
    json(answer.text().await.unwrap())
}

async fn reencrypt(State(relay): State<Arc<Relay>>, body: String) -> Response {
    let honest = relay.ask(&relay.node, body.clone()).await;
    match relay.mischief {
        Mischief::Garbage => json("this is no answer".into()),
        Mischief::ErrorPage => {
            (StatusCode::BAD_GATEWAY, "<html>502 Bad Gateway</html>").into_response()
        }
        Mischief::Empty => json(String::new()),
        Mischief::Silence => std::future::pending().await,
        Mischief::Half => {
            let half = honest[..honest.len() / 2].to_owned();
            let broken = stream::iter([Ok(half), Err(std::io::Error::other("broken off"))]);
            Body::from_stream(broken).into_response()
        }
        Mischief::Drip => {
            let bytes = stream::iter(honest.into_bytes()).then(|byte| async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok::<_, std::io::Error>(vec![byte])
            });
            Body::from_stream(bytes).into_response()
        }
        Mischief::Endless => {
            let spaces = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1 << 16]));
            Body::from_stream(spaces).into_response()
        }
        Mischief::OtherNode => json(relay.ask(&relay.other, body).await),
        Mischief::OtherEpoch => json(honest.replace("\"epoch\":1", "\"epoch\":2")),
        Mischief::Replay => {
            let first = relay.seen.lock().unwrap().get_or_insert(honest).clone();
            json(first)
        }
        Mischief::Tampered => {
            let mut answer: serde_json::Value = serde_json::from_str(&honest).unwrap();
            let share = answer["shares"][0].as_str().unwrap().to_owned();
            // A digit of C1, changed.
            let digit = if &share[40..41] == "0" { "1" } else { "0" };
            answer["shares"][0] = format!("{}{digit}{}", &share[..40], &share[41..]).into();
            json(answer.to_string())
        }
    }
}

fn json(body: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
