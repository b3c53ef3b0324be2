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
    reader_succeeds_when_each_node_in_turn_does_mischief,
    reader_succeeds_when_two_of_five_do_mischief,
    reader_names_all_three_when_three_of_five_do_mischief,
];

/// What is done to an answer on its way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mischief {
    /// It is replaced by something that is no JSON.
    Garbage,
    /// It is JSON of a depth that no parser should follow.
    Deep,
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
    /// Its declared length is absurd, and nothing comes.
    HugeLength,
    /// Its headers are absurdly long.
    HugeHeaders,
    /// It is to be fetched elsewhere, where it would be good.
    Redirect,
    /// It says that it is a refusal.
    WrongType,
    /// It is another node's.
    OtherNode,
    /// It says another epoch.
    OtherEpoch,
    /// It is the answer to another request.
    Replay,
    /// Its share is changed.
    Tampered,
}

/// As much as a reader can know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Named {
    Misbehaved,
    Unreachable,
    Silent,
}

const ALL: [(Mischief, Named); 16] = [
    (Mischief::Garbage, Named::Misbehaved),
    (Mischief::Deep, Named::Misbehaved),
    (Mischief::ErrorPage, Named::Misbehaved),
    (Mischief::Empty, Named::Misbehaved),
    (Mischief::Silence, Named::Silent),
    (Mischief::Half, Named::Unreachable),
    (Mischief::Drip, Named::Silent),
    (Mischief::Endless, Named::Misbehaved),
    (Mischief::HugeLength, Named::Misbehaved),
    (Mischief::HugeHeaders, Named::Unreachable),
    (Mischief::Redirect, Named::Misbehaved),
    (Mischief::WrongType, Named::Misbehaved),
    (Mischief::OtherNode, Named::Misbehaved),
    (Mischief::OtherEpoch, Named::Misbehaved),
    (Mischief::Replay, Named::Misbehaved),
    (Mischief::Tampered, Named::Misbehaved),
];

/// Readers at the same time: stalled ones wait, and need not do so one after the other.
const SIDE_BY_SIDE: usize = 8;

async fn reader_succeeds_when_each_node_in_turn_does_mischief() {
    let devnet = stage::shared().await;
    let scene = Scene::set(&devnet, "each in turn").await;
    let cases = ALL
        .into_iter()
        .flat_map(|(m, _)| (1..=5).map(move |node| (m, node)));
    let reads = cases.map(|(mischief, node)| succeeds(&scene, vec![node], mischief));
    stream::iter(reads)
        .buffer_unordered(SIDE_BY_SIDE)
        .collect::<()>()
        .await;
}

async fn reader_succeeds_when_two_of_five_do_mischief() {
    let devnet = stage::shared().await;
    let scene = Scene::set(&devnet, "two of five").await;
    let reads = ALL.map(|(mischief, _)| succeeds(&scene, vec![1, 2], mischief));
    stream::iter(reads)
        .buffer_unordered(SIDE_BY_SIDE)
        .collect::<()>()
        .await;
}

/// Three good nodes are left: their shares open, and no other is counted.
async fn succeeds(scene: &Scene, evil: Vec<u16>, mischief: Mischief) {
    let began = Instant::now();
    let tally = scene.reads(&evil, mischief).await;
    let tally = tally.unwrap_or_else(|error| panic!("{mischief:?} at {evil:?}: {error}"));
    // Bounded: a reader that waited for those who stall would wait five seconds for each.
    assert!(
        began.elapsed() < ANSWER_TIMEOUT,
        "{mischief:?} at {evil:?}: {:?}",
        began.elapsed()
    );
    assert!(tally.shared() >= 3, "{mischief:?} at {evil:?}: {tally:?}");
    for report in &tally.reports {
        let is_evil = evil.contains(&report.node.get());
        let shared = report.outcome == Outcome::Shared;
        assert!(!(is_evil && shared), "{mischief:?} at {evil:?}: {report}");
        assert!(
            is_evil || !matches!(report.outcome, Outcome::Misbehaved(_)),
            "{mischief:?} at {evil:?}: {report}"
        );
    }
}

async fn reader_names_all_three_when_three_of_five_do_mischief() {
    let devnet = stage::shared().await;
    let scene = Scene::set(&devnet, "three of five").await;
    let reads = ALL.map(|(mischief, named)| names_all_three(&scene, mischief, named));
    stream::iter(reads)
        .buffer_unordered(ALL.len())
        .collect::<()>()
        .await;
}

async fn names_all_three(scene: &Scene, mischief: Mischief, named: Named) {
    let began = Instant::now();
    let result = scene.reads(&[1, 2, 3], mischief).await;
    let error = result.expect_err("two nodes are too few");
    // Whoever breaks off is asked a second time.
    assert!(
        began.elapsed() < ANSWER_TIMEOUT * 3,
        "{mischief:?}: {:?}",
        began.elapsed()
    );
    let Error::TooFewNodes(tally) = &error else {
        panic!("{mischief:?}: {error}");
    };
    for report in &tally.reports {
        let found = match &report.outcome {
            Outcome::Misbehaved(_) => Some(Named::Misbehaved),
            Outcome::Unreachable { .. } => Some(Named::Unreachable),
            Outcome::Silent { .. } => Some(Named::Silent),
            Outcome::Shared => None,
            other => panic!("{mischief:?}: {other}"),
        };
        let expected = (report.node.get() <= 3).then_some(named);
        assert_eq!(found, expected, "{mischief:?}: {report}");
    }
    for words in ["node 1", "node 2", "node 3", "2 of 5"] {
        assert!(error.to_string().contains(words), "no {words} in: {error}");
    }
}

/// How long a node may take; far more than a good one takes on a busy machine.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

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
        let (mut relays, mut servers) = (Vec::new(), Vec::new());
        for node in evil {
            let other = &self.nodes[&(node % 5 + 1)];
            let relay = Relay::new(mischief, self.nodes[node].clone(), other.clone());
            let (url, server) = Arc::clone(&relay).serve().await;
            detours.insert(*node, url);
            relays.push(relay);
            servers.push(server);
        }
        // Something to replay: answers that went the same way, to another request.
        if mischief == Mischief::Replay {
            let began = Instant::now();
            // A reader that has enough goes away, perhaps before all nodes were asked.
            while relays.iter().any(|relay| !relay.has_seen_an_answer()) {
                drop(self.decrypt(&self.client(detours.clone())).await);
                assert!(began.elapsed() < ANSWER_TIMEOUT, "a node was not asked");
            }
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
            answer_timeout: ANSWER_TIMEOUT,
            patience: Duration::from_secs(2),
            // All five are asked at once, so that every mischief has its chance.
            spare: 2,
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

    fn has_seen_an_answer(&self) -> bool {
        self.seen.lock().unwrap().is_some()
    }

    /// The first answer that came this way, whatever is asked now.
    async fn replay(self: Arc<Self>, body: String) -> String {
        // The reader goes away as soon as it has enough; the answer is wanted all the same.
        let relay = Arc::clone(&self);
        let honest = tokio::spawn(async move { relay.remember(body).await });
        honest.await.unwrap()
    }

    async fn remember(&self, body: String) -> String {
        let honest = self.ask(&self.node, body).await;
        self.seen.lock().unwrap().get_or_insert(honest).clone()
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
    if relay.mischief == Mischief::Replay {
        return json(relay.replay(body).await);
    }
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
        Mischief::Deep => json("[".repeat(1 << 19)),
        Mischief::HugeLength => {
            let nothing = stream::pending::<Result<Vec<u8>, std::io::Error>>();
            let length = [(header::CONTENT_LENGTH, "1000000000000")];
            (length, Body::from_stream(nothing)).into_response()
        }
        Mischief::HugeHeaders => {
            let header = [("x-long", "x".repeat(1 << 20))];
            (header, honest).into_response()
        }
        Mischief::Redirect => {
            let elsewhere = relay.node.join("v1/reencrypt").unwrap().to_string();
            let elsewhere = [(header::LOCATION, elsewhere)];
            (StatusCode::TEMPORARY_REDIRECT, elsewhere).into_response()
        }
        Mischief::WrongType => {
            let type_of_refusals = [(header::CONTENT_TYPE, "application/problem+json")];
            (type_of_refusals, honest).into_response()
        }
        Mischief::OtherNode => json(relay.ask(&relay.other, body).await),
        Mischief::OtherEpoch => json(honest.replace("\"epoch\":1", "\"epoch\":2")),
        Mischief::Replay => unreachable!("handled above"),
        Mischief::Tampered => {
            let mut answer: serde_json::Value = serde_json::from_str(&honest).unwrap();
            let Some(share) = answer["shares"][0].as_str().map(str::to_owned) else {
                // A refusal has nothing to tamper with.
                return json(honest);
            };
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
