//! A JSON-RPC endpoint that answers from a made-up chain, except where it is told to misbehave.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U64, U256, keccak256};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use stheno_chain::{Chain, ChainConfig, ChainError, HttpOptions};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

pub(crate) const CHAIN: u64 = 31_415_926;
/// Time of block 0; blocks are 30 s apart.
pub(crate) const GENESIS: u64 = 1_700_000_000;

/// A made-up chain: blocks at some numbers, none at the others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    blocks: BTreeMap<u64, (B256, B256)>,
    pub(crate) latest: u64,
    pub(crate) finalized: u64,
}

impl Ledger {
    /// Blocks 0 to `latest` without those of `nulls`; final up to `finalized`.
    pub(crate) fn new(latest: u64, finalized: u64, nulls: &[u64]) -> Self {
        let mut ledger = Self {
            blocks: BTreeMap::new(),
            latest,
            finalized,
        };
        ledger.extend(0, latest, nulls, 0);
        ledger
    }

    /// The same up to `from`, other blocks above it.
    pub(crate) fn forked(&self, from: u64, branch: u8) -> Self {
        let mut fork = self.clone();
        fork.blocks.retain(|number, _| *number <= from);
        fork.extend(from + 1, self.latest, &[], branch);
        fork
    }

    /// Grows to `latest`.
    pub(crate) fn grow(&mut self, latest: u64, finalized: u64) {
        self.extend(self.latest + 1, latest, &[], 0);
        self.latest = latest;
        self.finalized = finalized;
    }

    pub(crate) fn hash(&self, number: u64) -> B256 {
        self.blocks[&number].0
    }

    fn extend(&mut self, from: u64, to: u64, nulls: &[u64], branch: u8) {
        let mut parent = self
            .blocks
            .last_key_value()
            .map_or(B256::ZERO, |(_, (hash, _))| *hash);
        for number in (from..=to).filter(|number| !nulls.contains(number)) {
            let hash = keccak256([&[branch][..], &number.to_be_bytes()].concat());
            self.blocks.insert(number, (hash, parent));
            parent = hash;
        }
    }

    fn block(&self, number: u64) -> Option<Value> {
        let (hash, parent) = self.blocks.get(&number)?;
        Some(json!({
            "number": U64::from(number),
            "hash": hash,
            "parentHash": parent,
            "timestamp": U64::from(GENESIS + 30 * number),
        }))
    }
}

/// What a double says.
#[derive(Clone)]
pub(crate) enum Reply {
    Result(Value),
    Error(i64, String, Value),
    /// Nothing, with the connection open.
    Silence,
    /// The usual, so much later.
    Late(Duration),
    /// No JSON.
    Garbage,
    /// Bytes without end, announced or not.
    Flood {
        announced: bool,
        /// How many have been sent.
        sent: Arc<AtomicU64>,
    },
    Status(u16),
    Redirect(String),
}

pub(crate) fn error(code: i64, message: &str) -> Reply {
    Reply::Error(code, message.to_owned(), Value::Null)
}

/// All that a double knows.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) chain_id: u64,
    pub(crate) ledger: Ledger,
    /// By method, instead of the usual.
    pub(crate) instead: BTreeMap<String, Reply>,
    /// Replies to calls, by contract and data; others return nothing.
    pub(crate) calls: BTreeMap<(Address, Bytes), Reply>,
    pub(crate) balances: BTreeMap<Address, U256>,
    pub(crate) codes: BTreeMap<Address, Bytes>,
    pub(crate) logs: Vec<Value>,
    /// Most blocks of a log query.
    pub(crate) log_range: Option<u64>,
    /// Base fee of every block.
    pub(crate) base_fee: u64,
    /// What an estimate comes to, if not 1,000,000.
    pub(crate) estimate: Option<Reply>,
    /// Nonce of every account.
    pub(crate) nonce: u64,
    /// Transactions that were taken.
    pub(crate) pool: Vec<Bytes>,
    /// Whether they are mined at once, and with which status.
    pub(crate) mines: Option<u64>,
    /// Whether it refuses batches.
    pub(crate) takes_no_batches: bool,
    /// How many bodies were posted.
    pub(crate) posts: usize,
    /// What was asked.
    pub(crate) asked: Vec<(String, Value)>,
}

/// A running double; it ends with this value.
pub(crate) struct Double {
    pub(crate) url: Url,
    script: Arc<Mutex<Script>>,
    task: JoinHandle<()>,
}

impl Drop for Double {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Double {
    pub(crate) async fn start(ledger: &Ledger) -> Self {
        let script = Arc::new(Mutex::new(Script {
            chain_id: CHAIN,
            ledger: ledger.clone(),
            base_fee: 100,
            mines: Some(1),
            ..Script::default()
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/", post(answer))
            .with_state(Arc::clone(&script));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url: url.parse().unwrap(),
            script,
            task,
        }
    }

    pub(crate) fn script<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.script.lock().unwrap())
    }

    pub(crate) fn instead(&self, method: &str, reply: Reply) {
        self.script(|script| script.instead.insert(method.to_owned(), reply));
    }

    pub(crate) fn usual(&self, method: &str) {
        self.script(|script| script.instead.remove(method));
    }

    pub(crate) fn on_call(&self, to: Address, data: &Bytes, reply: Reply) {
        self.script(|script| script.calls.insert((to, data.clone()), reply));
    }

    /// Parameters of all questions of a method so far.
    pub(crate) fn asked(&self, method: &str) -> Vec<Value> {
        self.script(|script| {
            script
                .asked
                .iter()
                .filter(|(name, _)| name == method)
                .map(|(_, params)| params.clone())
                .collect()
        })
    }

    /// The name by which errors call it.
    pub(crate) fn label(&self) -> String {
        self.url.as_str().trim_end_matches('/').to_owned()
    }
}

pub(crate) async fn doubles<const N: usize>(ledger: &Ledger) -> [Double; N] {
    let mut all = Vec::new();
    for _ in 0..N {
        all.push(Double::start(ledger).await);
    }
    all.try_into().ok().unwrap()
}

/// No caching of heads, and time enough for a busy machine.
pub(crate) fn options() -> HttpOptions {
    HttpOptions {
        timeout: Duration::from_secs(5),
        head_ttl: Duration::ZERO,
        ..HttpOptions::default()
    }
}

pub(crate) fn config(doubles: &[Double], min_agree: usize) -> ChainConfig {
    let rpc = doubles.iter().map(|double| double.url.clone()).collect();
    ChainConfig {
        min_agree,
        ..ChainConfig::new(CHAIN, rpc)
    }
}

pub(crate) async fn connect(doubles: &[Double], min_agree: usize) -> Chain {
    Chain::connect(config(doubles, min_agree), options())
        .await
        .unwrap()
}

/// With a short limit of time, for doubles that are silent.
pub(crate) async fn connect_impatient(doubles: &[Double], min_agree: usize) -> Chain {
    let options = HttpOptions {
        timeout: Duration::from_millis(400),
        ..options()
    };
    Chain::connect(config(doubles, min_agree), options)
        .await
        .unwrap()
}

/// What each endpoint said, as the error has it.
pub(crate) fn testimony(error: &ChainError) -> BTreeMap<String, (bool, String)> {
    let ChainError::NoAgreement { said, .. } = error else {
        panic!("expected no agreement, got {error:?}");
    };
    said.iter()
        .map(|one| (one.endpoint.clone(), (one.answered, one.said.clone())))
        .collect()
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, body: String) -> Response {
    let request: Value = serde_json::from_str(&body).unwrap();
    let takes_no_batches = {
        let mut script = script.lock().unwrap();
        script.posts += 1;
        script.takes_no_batches
    };
    match request {
        Value::Array(_) if takes_no_batches => {
            say(&Value::Null, error(-32600, "no batches here")).await
        }
        Value::Array(requests) => answer_batch(&script, &requests).await,
        request => answer_one(&script, &request).await,
    }
}

/// In reverse, as the specification allows.
async fn answer_batch(script: &Arc<Mutex<Script>>, requests: &[Value]) -> Response {
    let answers = requests.iter().rev().map(|request| async move {
        let response = answer_one(script, request).await;
        let body = axum::body::to_bytes(response.into_body(), 1 << 24).await;
        serde_json::from_slice::<Value>(&body.unwrap()).unwrap_or(Value::Null)
    });
    axum::Json(futures::future::join_all(answers).await).into_response()
}

async fn answer_one(script: &Arc<Mutex<Script>>, request: &Value) -> Response {
    let method = request["method"].as_str().unwrap().to_owned();
    let params = request["params"].clone();
    let (reply, usual) = {
        let mut script = script.lock().unwrap();
        script.asked.push((method.clone(), params.clone()));
        match script.instead.get(&method).cloned() {
            Some(late @ Reply::Late(_)) => (late, usual(&mut script, &method, &params)),
            Some(reply) => (reply.clone(), reply),
            None => {
                let usual = usual(&mut script, &method, &params);
                (usual.clone(), usual)
            }
        }
    };
    let reply = match reply {
        Reply::Late(delay) => {
            tokio::time::sleep(delay).await;
            usual
        }
        reply => reply,
    };
    say(&request["id"], reply).await
}

async fn say(id: &Value, reply: Reply) -> Response {
    let json = |value: Value| {
        let headers = [(header::CONTENT_TYPE, "application/json")];
        (headers, value.to_string()).into_response()
    };
    match reply {
        Reply::Result(result) => json(json!({ "jsonrpc": "2.0", "id": id, "result": result })),
        Reply::Error(code, message, data) => {
            let mut error = json!({ "code": code, "message": message });
            if !data.is_null() {
                error["data"] = data;
            }
            json(json!({ "jsonrpc": "2.0", "id": id, "error": error }))
        }
        Reply::Silence | Reply::Late(_) => std::future::pending().await,
        Reply::Garbage => "<html>welcome to my honeypot\u{7}\n</html>".into_response(),
        Reply::Flood { announced, sent } => {
            let zeros = futures::stream::repeat_with(move || {
                sent.fetch_add(64 << 10, Ordering::SeqCst);
                Ok::<_, std::io::Error>(axum::body::Bytes::from(vec![b'0'; 64 << 10]))
            });
            let mut response = Response::new(Body::from_stream(zeros));
            if announced {
                let length = header::HeaderValue::from(1_u64 << 30);
                response
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, length);
            }
            response
        }
        Reply::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Reply::Redirect(to) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
        }
    }
}

fn usual(script: &mut Script, method: &str, params: &Value) -> Reply {
    let ledger = script.ledger.clone();
    let ledger = &ledger;
    match method {
        "eth_chainId" => Reply::Result(json!(U64::from(script.chain_id))),
        "eth_getBlockByNumber" => match params[0].as_str().unwrap() {
            "latest" => {
                let mut block = ledger.block(ledger.latest).unwrap();
                block["baseFeePerGas"] = json!(U64::from(script.base_fee));
                Reply::Result(block)
            }
            "finalized" => Reply::Result(ledger.block(ledger.finalized).into()),
            "earliest" | "safe" | "pending" => panic!("not to be asked for: {params}"),
            _ => at_number(ledger, number(&params[0])),
        },
        "eth_getBlockByHash" => {
            let hash: B256 = serde_json::from_value(params[0].clone()).unwrap();
            let number = ledger.blocks.iter().find(|(_, (this, _))| *this == hash);
            Reply::Result(number.and_then(|(number, _)| ledger.block(*number)).into())
        }
        "eth_call" => pinned(ledger, &params[1]).unwrap_or_else(|| {
            let to: Address = serde_json::from_value(params[0]["to"].clone()).unwrap();
            let data: Bytes = serde_json::from_value(params[0]["input"].clone()).unwrap();
            let reply = script.calls.get(&(to, data));
            reply.cloned().unwrap_or(Reply::Result(json!("0x")))
        }),
        "eth_getCode" => pinned(ledger, &params[1]).unwrap_or_else(|| {
            let of: Address = serde_json::from_value(params[0].clone()).unwrap();
            Reply::Result(json!(script.codes.get(&of).cloned().unwrap_or_default()))
        }),
        "eth_getBalance" if params[1].is_object() => {
            pinned(ledger, &params[1]).unwrap_or_else(|| balance(script, params))
        }
        "eth_getBalance" => balance(script, params),
        "eth_getLogs" => logs(script, params),
        "eth_estimateGas" => {
            let usual = || Reply::Result(json!("0xf4240"));
            script.estimate.clone().unwrap_or_else(usual)
        }
        "eth_maxPriorityFeePerGas" => Reply::Result(json!("0x2")),
        "eth_getTransactionCount" => Reply::Result(json!(U64::from(script.nonce))),
        "eth_sendRawTransaction" => {
            let raw: Bytes = serde_json::from_value(params[0].clone()).unwrap();
            let hash = keccak256(&raw);
            if !script.pool.contains(&raw) {
                script.pool.push(raw);
            }
            Reply::Result(json!(hash))
        }
        "eth_getTransactionReceipt" => Reply::Result(receipt(script, params)),
        other => error(-32601, &format!("method {other} not found")),
    }
}

fn at_number(ledger: &Ledger, number: u64) -> Reply {
    match ledger.block(number) {
        Some(block) => Reply::Result(block),
        None if number < ledger.latest => {
            error(12, &format!("requested epoch was a null round ({number})"))
        }
        None => Reply::Result(Value::Null),
    }
}

/// Refuses what is not pinned to a canonical block as EIP-1898 has it.
fn pinned(ledger: &Ledger, at: &Value) -> Option<Reply> {
    let Ok(hash) = serde_json::from_value::<B256>(at["blockHash"].clone()) else {
        return Some(error(-32602, &format!("not pinned: {at}")));
    };
    if at["requireCanonical"] != json!(true) {
        return Some(error(-32602, &format!("may be off the chain: {at}")));
    }
    match ledger.blocks.values().any(|(this, _)| *this == hash) {
        true => None,
        false => Some(error(-32001, "header not found")),
    }
}

fn balance(script: &Script, params: &Value) -> Reply {
    let of: Address = serde_json::from_value(params[0].clone()).unwrap();
    Reply::Result(json!(script.balances.get(&of).copied().unwrap_or_default()))
}

fn receipt(script: &Script, params: &Value) -> Value {
    let hash: B256 = serde_json::from_value(params[0].clone()).unwrap();
    let known = script.pool.iter().any(|raw| keccak256(raw) == hash);
    match script.mines.filter(|_| known) {
        None => Value::Null,
        Some(status) => json!({
            "status": U64::from(status),
            "blockNumber": U64::from(script.ledger.latest),
            "blockHash": script.ledger.hash(script.ledger.latest),
            "gasUsed": "0xc350",
            "contractAddress": null,
        }),
    }
}

fn logs(script: &Script, params: &Value) -> Reply {
    let filter = &params[0];
    let (from, to) = (number(&filter["fromBlock"]), number(&filter["toBlock"]));
    assert!(from <= to && to - from < 2_880, "a bad range: {filter}");
    if script.log_range.is_some_and(|most| to - from + 1 > most) {
        return error(-32005, "range exceeds limit");
    }
    let inside = script.logs.iter().filter(|log| {
        let number = number(&log["blockNumber"]);
        (from..=to).contains(&number)
    });
    Reply::Result(inside.cloned().collect())
}

fn number(value: &Value) -> u64 {
    let number: U64 = serde_json::from_value(value.clone()).expect("a number, in hexadecimal");
    number.to()
}
