//! A JSON-RPC proxy in front of a real anvil, with one address for each caller.
//!
//! All callers are shown the same [`Nature`]; each may be lied to on its own, by [`Mischief`] that is
//! switched while it runs. Batches pass like single questions, and are answered as one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use alloy::primitives::{B256, U64};
use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use tokio::{
    sync::{RwLock, RwLockWriteGuard},
    task::JoinHandle,
};

use super::{
    answering::{self, Step},
    mischief::Mischief,
    nature::Nature,
};

/// More than any limit of an answer.
const HUGE: usize = 5 << 20;

/// A running proxy; it ends with this value.
pub(super) struct Proxy {
    base: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    anvil: String,
    http: reqwest::Client,
    nature: Mutex<Nature>,
    gate: RwLock<()>,
    callers: Vec<Mutex<Caller>>,
}

/// One who asks, and what is done to them.
#[derive(Clone, Debug, Default)]
struct Caller {
    mischief: Vec<Mischief>,
    /// How often it asked for `latest` and for `finalized`.
    heads: [u64; 2],
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// In front of the anvil at this address, for so many callers.
    pub(super) async fn start(anvil: &str, callers: usize) -> Self {
        let shared = Arc::new(Shared {
            anvil: anvil.to_owned(),
            http: reqwest::Client::new(),
            nature: Mutex::default(),
            gate: RwLock::default(),
            callers: (0..callers).map(|_| Mutex::default()).collect(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/{caller}", post(pass))
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, shared, task }
    }

    /// The address that a caller is given.
    pub(super) fn url(&self, caller: usize) -> String {
        format!("{}/{caller}", self.base)
    }

    /// What all are told.
    pub(super) fn nature(&self) -> MutexGuard<'_, Nature> {
        self.shared.nature.lock().unwrap()
    }

    /// While this is held no question reaches anvil: one that comes while anvil makes or undoes a block
    /// is answered out of a state that no block has.
    pub(super) async fn hold(&self) -> RwLockWriteGuard<'_, ()> {
        self.shared.gate.write().await
    }

    /// From now on this is done to one caller, and nothing else.
    pub(super) fn set(&self, caller: usize, mischief: &[Mischief]) {
        self.shared.caller(caller).mischief = mischief.to_vec();
    }

    /// What is done to each caller.
    pub(super) fn mischief(&self) -> Vec<Vec<Mischief>> {
        let callers = self.shared.callers.iter();
        callers
            .map(|caller| caller.lock().unwrap().mischief.clone())
            .collect()
    }

    /// From now on all hear the truth.
    pub(super) fn tell_the_truth(&self) {
        for caller in 0..self.shared.callers.len() {
            self.set(caller, &[]);
        }
    }

    /// How often each caller has asked for `latest` and for `finalized`.
    pub(super) fn heads_asked(&self) -> Vec<[u64; 2]> {
        let callers = self.shared.callers.iter();
        callers.map(|caller| caller.lock().unwrap().heads).collect()
    }
}

impl Shared {
    fn caller(&self, caller: usize) -> MutexGuard<'_, Caller> {
        self.callers[caller].lock().unwrap()
    }

    /// The answers to all questions, in their order; one to a question that was alone.
    async fn answers(&self, questions: &[Value], mischief: &[Mischief]) -> Vec<Value> {
        let lied_about = answering::lied_about(questions, mischief);
        let steps: Vec<Step> = {
            let nature = self.nature.lock().unwrap();
            let step = |(place, asked)| {
                let told = answering::told(mischief, lied_about, place);
                answering::step(asked, &told, &nature)
            };
            questions.iter().enumerate().map(step).collect()
        };
        let asked: Vec<&Value> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Ask(question) => Some(question),
                Step::Say(_) => None,
            })
            .collect();
        let mut heard = self.ask(&asked).await;
        let nature = self.nature.lock().unwrap().clone();
        let answer = |(place, (asked, step)): (usize, (&Value, Step))| {
            let told = answering::told(mischief, lied_about, place);
            let mut answer = match step {
                Step::Say(answer) => answer,
                Step::Ask(_) => heard
                    .remove(&asked["id"].to_string())
                    .unwrap_or(Value::Null),
            };
            answering::finish(asked, &mut answer, &told, &nature);
            answer["jsonrpc"] = json!("2.0");
            answer["id"] = asked["id"].clone();
            answer
        };
        questions
            .iter()
            .zip(steps)
            .enumerate()
            .map(answer)
            .collect()
    }

    /// What anvil says to each, by its id.
    async fn ask(&self, questions: &[&Value]) -> BTreeMap<String, Value> {
        let body = match questions {
            [] => return BTreeMap::new(),
            [one] => one.to_string(),
            several => json!(several).to_string(),
        };
        let _open = self.gate.read().await;
        let post = self.http.post(&self.anvil).body(body);
        let post = post.header(header::CONTENT_TYPE, "application/json");
        let answer = async { post.send().await?.json::<Value>().await };
        let answers = match answer.await {
            Ok(Value::Array(answers)) => answers,
            Ok(answer) => vec![answer],
            // Anvil is gone, and so is the test.
            Err(_) => Vec::new(),
        };
        let by_id = answers
            .into_iter()
            .map(|answer| (answer["id"].to_string(), answer));
        by_id.collect()
    }

    fn note(&self, caller: usize, questions: &[Value]) -> Vec<Mischief> {
        let mut caller = self.caller(caller);
        for question in questions {
            match question["params"][0].as_str() {
                Some("latest") => caller.heads[0] += 1,
                Some("finalized") => caller.heads[1] += 1,
                _ => {}
            }
        }
        caller.mischief.clone()
    }
}

async fn pass(
    State(shared): State<Arc<Shared>>,
    Path(caller): Path<usize>,
    body: String,
) -> Response {
    let asked: Value = serde_json::from_str(&body).unwrap();
    let is_batch = asked.is_array();
    let questions = match asked {
        Value::Array(questions) => questions,
        question => vec![question],
    };
    let mischief = shared.note(caller, &questions);
    let does = |what: &Mischief| mischief.contains(what);
    let asks_for_latest = || {
        questions
            .iter()
            .any(|asked| asked["params"][0] == json!("latest"))
    };
    if does(&Mischief::Silent) || (does(&Mischief::NoHead) && asks_for_latest()) {
        return std::future::pending().await;
    }
    if does(&Mischief::Down) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    if does(&Mischief::NotJson) {
        return "<html>welcome\u{7}</html>".into_response();
    }
    if is_batch && does(&Mischief::NoBatches) {
        let error = json!({ "code": -32600, "message": "no batches here" });
        return say(&json!({ "jsonrpc": "2.0", "id": null, "error": error }));
    }
    tokio::time::sleep(delay(&mischief)).await;
    let mut answers = shared.answers(&questions, &mischief).await;
    if is_batch && does(&Mischief::DropsEntries) {
        answers.pop();
    }
    if does(&Mischief::Reorders) {
        answers.reverse();
    }
    let answer = match is_batch {
        true => json!(answers),
        false => answers.remove(0),
    };
    if does(&Mischief::Truncated) {
        let text = answer.to_string();
        return text[..text.len() / 2].to_owned().into_response();
    }
    if does(&Mischief::Huge) {
        return format!("{answer}{}", " ".repeat(HUGE)).into_response();
    }
    say(&answer)
}

fn delay(mischief: &[Mischief]) -> Duration {
    let delays = mischief.iter().map(|what| match what {
        Mischief::Slow(delay) => *delay,
        _ => Duration::ZERO,
    });
    delays.sum()
}

fn say(answer: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json")];
    (headers, answer.to_string()).into_response()
}

/// The block number in a JSON-RPC parameter.
pub(super) fn number(hex: &str) -> Option<u64> {
    hex.parse::<U64>().ok().map(|number| number.to())
}

/// Another hash, from which the first can be had again.
pub(super) fn other_hash(hash: B256) -> B256 {
    let mut other = hash;
    other[0] ^= 0xa5;
    other
}
