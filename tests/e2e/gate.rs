//! A gate between one node and its chain: it sees every question, can kill the node right before or
//! after one reaches the chain, and can lie in the chain's place.
//!
//! So the shipped program is killed at a chosen step, as a power cut would, and has no switch for it.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::{
    consensus::{Transaction, TxEnvelope},
    eips::Decodable2718,
    primitives::Bytes,
};
use axum::{Router, extract::State, http::header, response::IntoResponse};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use stheno_cli::devnet::{Foundation, member::Operator};
use url::Url;

/// What becomes of a question of the node's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Passage {
    /// It passes.
    Free,
    /// The node dies, and the chain never hears it.
    KillBefore,
    /// The chain hears it, and the node dies before it hears back.
    KillAfter,
    /// The network is cut: the chain never hears it, and the node hears that it failed.
    Cut,
    /// It passes so much later.
    Late(Duration),
    /// It reaches the chain twice, and the second answer is the node's.
    Twice,
}

/// One JSON-RPC question: its method and parameters.
pub(crate) struct Question<'a> {
    pub(crate) method: &'a str,
    pub(crate) params: &'a Value,
    /// Which question of the node's since it was started, from 1.
    pub(crate) number: u64,
}

type Rule = Box<dyn FnMut(&Question<'_>) -> Passage + Send>;
type Lie = Arc<dyn Fn(&Question<'_>, &mut Value) + Send + Sync>;

/// The gate of one node.
pub(crate) struct Gate {
    /// The node's index.
    pub(crate) node: u16,
    url: Url,
    chain: Url,
    http: reqwest::Client,
    pid: AtomicU32,
    asked: AtomicU64,
    kills: AtomicU32,
    rule: Mutex<Option<Rule>>,
    lie: Mutex<Option<Lie>>,
    sent: Mutex<Vec<Bytes>>,
}

impl Gate {
    /// A gate for a node that does not run yet; it is written into its configuration.
    pub(crate) async fn of_node(foundation: &Foundation, node: u16) -> Arc<Self> {
        let gate = Self::before(foundation.rpc(), node).await;
        gate.configure(operator(foundation, node), true);
        gate
    }

    /// A gate before a chain, for whoever is given its address.
    pub(crate) async fn before(chain: &Url, node: u16) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let gate = Arc::new(Self {
            node,
            url: url.parse().unwrap(),
            chain: chain.clone(),
            http: reqwest::Client::new(),
            pid: AtomicU32::new(0),
            asked: AtomicU64::new(0),
            kills: AtomicU32::new(0),
            rule: Mutex::default(),
            lie: Mutex::default(),
            sent: Mutex::default(),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&gate));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        gate
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether the node's configuration leads through the gate; the node reads it when it starts.
    pub(crate) fn configure(&self, operator: &Operator, through: bool) {
        let (mut from, mut to) = (self.chain.as_str(), self.url.as_str());
        if !through {
            std::mem::swap(&mut from, &mut to);
        }
        let text = std::fs::read_to_string(operator.config()).unwrap();
        assert!(text.contains(from), "{from} is configured");
        std::fs::write(operator.config(), text.replace(from, to)).unwrap();
    }

    /// Notes which process is behind it now.
    pub(crate) fn admits(&self, foundation: &Foundation) {
        let member = &foundation.members()[usize::from(self.node) - 1];
        self.asked.store(0, Ordering::SeqCst);
        self.pid.store(member.pid().unwrap_or(0), Ordering::SeqCst);
    }

    /// Notes that this process is behind it now, which is no node.
    pub(crate) fn admits_process(&self, pid: u32) {
        self.asked.store(0, Ordering::SeqCst);
        self.pid.store(pid, Ordering::SeqCst);
    }

    /// From now on questions pass, or do not, by this rule.
    pub(crate) fn set_rule(&self, rule: impl FnMut(&Question<'_>) -> Passage + Send + 'static) {
        *self.rule.lock().unwrap() = Some(Box::new(rule));
    }

    /// From now on every question passes.
    pub(crate) fn open(&self) {
        *self.rule.lock().unwrap() = None;
    }

    /// From now on answers are changed so.
    pub(crate) fn set_lie(&self, lie: impl Fn(&Question<'_>, &mut Value) + Send + Sync + 'static) {
        *self.lie.lock().unwrap() = Some(Arc::new(lie));
    }

    /// From now on the truth is told.
    pub(crate) fn tell_the_truth(&self) {
        *self.lie.lock().unwrap() = None;
    }

    /// Whether the node was killed and not started since.
    pub(crate) fn has_killed(&self) -> bool {
        self.pid.load(Ordering::SeqCst) == 0
    }

    /// How often it has killed the node.
    pub(crate) fn kills(&self) -> u32 {
        self.kills.load(Ordering::SeqCst)
    }

    /// The calls of all transactions that the node wanted to send, those before which it was
    /// killed included.
    pub(crate) fn sent(&self) -> Vec<Bytes> {
        self.sent.lock().unwrap().clone()
    }

    /// The different calls of one function among them.
    pub(crate) fn sent_of(&self, selector: [u8; 4]) -> BTreeSet<Bytes> {
        let mut sent = self.sent();
        sent.retain(|call| call.starts_with(&selector));
        sent.into_iter().collect()
    }

    /// Waits until the node has asked its first question.
    pub(crate) async fn is_used(&self) {
        let began = Instant::now();
        while self.asked.load(Ordering::SeqCst) == 0 {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "nothing is asked"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn judge(&self, question: &Question<'_>) -> Passage {
        if let Some(call) = transaction(question) {
            self.sent.lock().unwrap().push(call);
        }
        match &mut *self.rule.lock().unwrap() {
            Some(rule) if !self.has_killed() => rule(question),
            _ => Passage::Free,
        }
    }

    fn kill(&self) {
        let pid = self.pid.swap(0, Ordering::SeqCst);
        if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
            self.kills.fetch_add(1, Ordering::SeqCst);
            kill_process(pid, Signal::KILL).unwrap();
        }
    }
}

/// The operator of a node of the foundation.
pub(crate) fn operator(foundation: &Foundation, node: u16) -> &Operator {
    foundation.members()[usize::from(node) - 1].operator()
}

/// The call that a question carries, if it sends a transaction.
fn transaction(question: &Question<'_>) -> Option<Bytes> {
    if question.method != "eth_sendRawTransaction" {
        return None;
    }
    let raw: Bytes = question.params[0].as_str()?.parse().ok()?;
    let sent = TxEnvelope::decode_2718(&mut raw.as_ref()).ok()?;
    Some(sent.input().clone())
}

/// The function that a question calls or asks the gas of.
pub(crate) fn selector_of_call(question: &Question<'_>) -> Option<[u8; 4]> {
    let call = &question.params[0];
    let data = call.get("data").or_else(|| call.get("input"))?;
    let data: Bytes = data.as_str()?.parse().ok()?;
    data.get(..4)?.try_into().ok()
}

/// The function that a question sends a transaction to, or asks the gas of.
pub(crate) fn selector(question: &Question<'_>) -> Option<[u8; 4]> {
    let call = match question.method {
        "eth_estimateGas" => {
            let call = &question.params[0];
            let data = call.get("data").or_else(|| call.get("input"))?;
            data.as_str()?.parse().ok()?
        }
        _ => transaction(question)?,
    };
    call.get(..4)?.try_into().ok()
}

async fn pass(State(gate): State<Arc<Gate>>, body: String) -> axum::response::Response {
    let asked: Value = serde_json::from_str(&body).unwrap();
    let several = asked.as_array().cloned();
    let questions = several.clone().unwrap_or_else(|| vec![asked]);
    let questions: Vec<Question<'_>> = questions
        .iter()
        .map(|asked| Question {
            method: asked["method"].as_str().unwrap_or_default(),
            params: &asked["params"],
            number: gate.asked.fetch_add(1, Ordering::SeqCst) + 1,
        })
        .collect();
    let passages: Vec<Passage> = questions.iter().map(|asked| gate.judge(asked)).collect();
    if passages.contains(&Passage::KillBefore) {
        gate.kill();
        return std::future::pending().await;
    }
    if passages.contains(&Passage::Cut) {
        return axum::http::StatusCode::BAD_GATEWAY.into_response();
    }
    for passage in &passages {
        if let Passage::Late(by) = passage {
            tokio::time::sleep(*by).await;
        }
    }
    let send = || {
        let request = gate.http.post(gate.chain.clone()).body(body.clone());
        let request = request.header(header::CONTENT_TYPE, "application/json");
        request.send()
    };
    if passages.contains(&Passage::Twice) {
        drop(send().await);
    }
    let answer = match send().await {
        Ok(answer) => answer.text().await.unwrap_or_default(),
        // The chain is away; so is its gate.
        Err(_) => return axum::http::StatusCode::BAD_GATEWAY.into_response(),
    };
    if passages.contains(&Passage::KillAfter) {
        gate.kill();
        return std::future::pending().await;
    }
    let lie = gate.lie.lock().unwrap().clone();
    let answer = match lie {
        None => answer,
        Some(lie) => {
            let mut answers: Value = serde_json::from_str(&answer).unwrap();
            match answers.as_array_mut() {
                Some(answers) => (questions.iter().zip(answers))
                    .for_each(|(asked, answer)| lie(asked, &mut answer["result"])),
                None => lie(&questions[0], &mut answers["result"]),
            }
            answers.to_string()
        }
    };
    ([(header::CONTENT_TYPE, "application/json")], answer).into_response()
}
