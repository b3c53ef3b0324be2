//! A JSON-RPC proxy in front of a real anvil, with one address for each caller.
//!
//! All callers are shown the same [`Nature`]; each may be lied to on its own, by [`Mischief`] that is
//! switched while it runs. Batches pass like single questions, and are answered as one: everything in
//! an answer is of one moment. Blocks are told from memory; what is asked of a block's state is asked
//! of anvil, once.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
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
use tokio::task::JoinHandle;

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
    told: Mutex<Told>,
    /// What anvil has said of canonical blocks, by question. Whoever asks anvil holds it.
    kept: tokio::sync::Mutex<Kept>,
    waiting: Mutex<BTreeMap<u64, Waiting>>,
}

/// Answers of anvil's by question.
type Kept = HashMap<String, Value>;

/// What callers are told.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// What all are told.
    pub(super) nature: Arc<Nature>,
    /// What is done to each caller.
    pub(super) mischief: Vec<Vec<Mischief>>,
}

/// Somebody who has asked and not been answered.
#[derive(Debug)]
struct Waiting {
    caller: usize,
    asked: String,
    since: Instant,
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
            told: Mutex::new(Told {
                mischief: vec![Vec::new(); callers],
                ..Told::default()
            }),
            kept: tokio::sync::Mutex::default(),
            waiting: Mutex::default(),
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

    /// What callers are told; nobody is answered while this is held.
    pub(super) fn told(&self) -> MutexGuard<'_, Told> {
        self.shared.told.lock().unwrap()
    }

    /// While this is held no question reaches anvil: one that comes while anvil makes or undoes a block
    /// is answered out of a state that no block has.
    pub(super) async fn hold(&self) -> tokio::sync::MutexGuard<'_, Kept> {
        self.shared.kept.lock().await
    }

    /// What is done to each caller.
    pub(super) fn mischief(&self) -> Vec<Vec<Mischief>> {
        self.told().mischief.clone()
    }

    /// Who has asked and not been answered.
    pub(super) fn waiting(&self) -> Vec<String> {
        let waiting = self.shared.waiting.lock().unwrap();
        let line = |who: &Waiting| {
            let since = who.since.elapsed().as_secs_f64();
            format!("caller {} for {since:.1} s: {}", who.caller, who.asked)
        };
        waiting.values().map(line).collect()
    }
}

impl Shared {
    /// The answers to all questions, in their order; one to a question that was alone.
    async fn answers(&self, questions: &[Value], told: &Told, caller: usize) -> Vec<Value> {
        let (nature, mischief) = (&told.nature, &told.mischief[caller]);
        let lied_about = answering::lied_about(questions, mischief);
        let of = |place| answering::told(mischief, lied_about, place);
        let steps: Vec<Step> = questions
            .iter()
            .enumerate()
            .map(|(place, asked)| answering::step(asked, &of(place), nature))
            .collect();
        let asked: Vec<&Value> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Ask(question) => Some(question),
                Step::Say(_) => None,
            })
            .collect();
        let mut heard = self.ask(&asked, nature).await.into_iter();
        let answer = |(place, (asked, step)): (usize, (&Value, Step))| {
            let mut answer = match step {
                Step::Say(answer) => answer,
                Step::Ask(_) => heard.next().unwrap(),
            };
            answering::finish(asked, &mut answer, &of(place), nature);
            answer["jsonrpc"] = json!("2.0");
            answer["id"] = asked["id"].clone();
            answer
        };
        let pairs = questions.iter().zip(steps).enumerate();
        pairs.map(answer).collect()
    }

    /// What anvil says to each.
    async fn ask(&self, questions: &[&Value], nature: &Nature) -> Vec<Value> {
        if questions.is_empty() {
            return Vec::new();
        }
        let mut kept = self.kept.lock().await;
        let keys: Vec<String> = questions
            .iter()
            .map(|asked| format!("{}{}", asked["method"], asked["params"]))
            .collect();
        let mut new: Vec<(&String, Value)> = Vec::new();
        for (key, asked) in keys.iter().zip(questions) {
            if !kept.contains_key(key) && new.iter().all(|(other, _)| *other != key) {
                let mut asked = Value::clone(asked);
                asked["id"] = json!(new.len());
                new.push((key, asked));
            }
        }
        let mut of_now: Kept = HashMap::new();
        let answers = self.post(&new).await;
        for ((key, asked), answer) in new.into_iter().zip(answers) {
            let at = &asked["params"][1]["blockHash"];
            let hash = serde_json::from_value::<B256>(at.clone());
            // What is said of a canonical block stays so for as long as it is one.
            match hash.is_ok_and(|hash| nature.find(hash).is_some()) {
                true => kept.insert(key.clone(), answer),
                false => of_now.insert(key.clone(), answer),
            };
        }
        let answer = |key: &String| kept.get(key).or_else(|| of_now.get(key)).cloned();
        keys.iter().map(|key| answer(key).unwrap()).collect()
    }

    async fn post(&self, questions: &[(&String, Value)]) -> Vec<Value> {
        if questions.is_empty() {
            return Vec::new();
        }
        let batch: Vec<&Value> = questions.iter().map(|(_, asked)| asked).collect();
        let post = self.http.post(&self.anvil).body(json!(batch).to_string());
        let post = post.header(header::CONTENT_TYPE, "application/json");
        let answer = async { post.send().await?.json::<Value>().await };
        let mut answers = match answer.await {
            Ok(Value::Array(answers)) => answers,
            // Anvil is gone, and so is the test.
            _ => Vec::new(),
        };
        answers.sort_by_key(|answer| answer["id"].as_u64());
        answers.resize(questions.len(), Value::Null);
        answers
    }

    fn now(&self) -> Told {
        self.told.lock().unwrap().clone()
    }

    /// Notes that somebody waits, for as long as what is returned lives.
    fn wait(&self, caller: usize, questions: &[Value]) -> Noted<'_> {
        let methods: Vec<_> = questions
            .iter()
            .map(|asked| format!("{} {}", asked["method"], asked["params"][0]))
            .collect();
        let waiting = Waiting {
            caller,
            asked: methods.join(", "),
            since: Instant::now(),
        };
        let mut all = self.waiting.lock().unwrap();
        let id = all.last_key_value().map_or(0, |(last, _)| last + 1);
        all.insert(id, waiting);
        Noted { shared: self, id }
    }
}

struct Noted<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.shared.waiting.lock().unwrap().remove(&self.id);
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
    let _noted = shared.wait(caller, &questions);
    let mischief = shared.now().mischief.swap_remove(caller);
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
    // What is told, true and false, is that of one moment.
    let told = shared.now();
    let does = |what: &Mischief| told.mischief[caller].contains(what);
    let mut answers = shared.answers(&questions, &told, caller).await;
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
