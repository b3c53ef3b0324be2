//! The real chain behind the proxy: an anvil that mines when it is told to, and no other way.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use alloy::primitives::{Address, B256, Bytes, U64, U256};
use serde_json::{Value, json};
use stheno_cli::devnet::anvil::locate_anvil;

use super::CHAIN;

/// Gas of every transaction; a block has room for many.
const GAS: u64 = 30_000_000;

/// A running anvil; it is killed when this value goes.
pub(super) struct Anvil {
    child: Child,
    /// Where it listens.
    pub(super) url: String,
    http: reqwest::Client,
    /// Its rich account, which pays for everything.
    pub(super) rich: Address,
    _folder: tempfile::TempDir,
}

/// A block as anvil knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mined {
    pub(super) at: u64,
    pub(super) hash: B256,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Anvil {
    /// Starts one whose block 0 was made at `time`. Gas costs nothing, and every account may send.
    pub(super) async fn start(time: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().to_owned();
        // Others of this thread go on meanwhile.
        let spawning = tokio::task::spawn_blocking(move || spawn(time, &cache));
        let (child, url) = spawning.await.unwrap();
        let mut anvil = Self {
            child,
            url,
            http: reqwest::Client::new(),
            rich: Address::ZERO,
            _folder: folder,
        };
        let accounts = anvil.ask("eth_accounts", json!([])).await;
        anvil.rich = serde_json::from_value(accounts[0].clone()).unwrap();
        anvil
    }

    /// A question to anvil itself, past the proxy.
    pub(super) async fn ask(&self, method: &str, params: Value) -> Value {
        let mut answers = self.ask_several(vec![(method, params)]).await;
        let answer = answers.remove(0);
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Several at once, each with its answer or error.
    pub(super) async fn ask_several(&self, asked: Vec<(&str, Value)>) -> Vec<Result<Value, Value>> {
        let questions: Vec<Value> = asked
            .into_iter()
            .enumerate()
            .map(|(id, (method, params))| {
                json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
            })
            .collect();
        let post = self.http.post(&self.url).json(&questions);
        let answer = post.send().await.expect("anvil listens");
        let mut answers: Vec<Value> = answer.json().await.unwrap();
        answers.sort_by_key(|answer| answer["id"].as_u64());
        let answers = answers.into_iter().map(|mut answer| {
            let error = answer["error"].take();
            error
                .is_null()
                .then(|| answer["result"].take())
                .ok_or(error)
        });
        answers.collect()
    }

    /// Puts a transaction where the next block takes it from.
    pub(super) async fn send(&self, from: Address, to: Option<Address>, data: &Bytes, value: U256) {
        let mut transaction = json!({
            "from": from,
            "data": data,
            "value": value,
            "gas": U64::from(GAS),
            "gasPrice": "0x0",
        });
        if let Some(to) = to {
            transaction["to"] = json!(to);
        }
        self.ask("eth_sendTransaction", json!([transaction])).await;
    }

    /// Makes a block at `time` of what was sent.
    pub(super) async fn mine(&self, time: u64) -> Mined {
        let options = json!([{ "timestamp": time, "blocks": 1 }]);
        let mined = self.ask("evm_mine_detailed", options).await;
        let block = &mined[0];
        let at: U64 = serde_json::from_value(block["number"].clone()).unwrap();
        Mined {
            at: at.to(),
            hash: serde_json::from_value(block["hash"].clone()).unwrap(),
        }
    }

    /// Undoes the newest blocks.
    pub(super) async fn undo(&self, blocks: u64) {
        self.ask("anvil_rollback", json!([blocks])).await;
    }

    /// Deploys a contract in a block of its own.
    pub(super) async fn deploy(&self, code: &Bytes, time: u64) -> (Address, Mined) {
        let count = self
            .ask("eth_getTransactionCount", json!([self.rich, "latest"]))
            .await;
        let nonce: U64 = serde_json::from_value(count).unwrap();
        let address = self.rich.create(nonce.to());
        self.send(self.rich, None, code, U256::ZERO).await;
        let mined = self.mine(time).await;
        let made = self.ask("eth_getCode", json!([address, "latest"])).await;
        assert_ne!(made, json!("0x"), "nothing was deployed");
        (address, mined)
    }
}

/// Starts the process, and waits until it says where it listens.
fn spawn(time: u64, cache: &Path) -> (Child, String) {
    let mut child = Command::new(locate_anvil().unwrap())
        .args(["--port", "0", "--chain-id", &CHAIN.to_string()])
        .args(["--hardfork", "prague", "--gas-limit", "10000000000"])
        .args(["--gas-price", "0", "--block-base-fee-per-gas", "0"])
        .args(["--disable-min-priority-fee", "--auto-impersonate"])
        .args(["--no-mining", "--order", "fifo", "--accounts", "1"])
        .args(["--timestamp", &time.to_string()])
        .arg("--cache-path")
        .arg(cache)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("anvil does not start");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = loop {
        let line = lines.next().expect("anvil ended before it listened");
        if let Some(address) = line.unwrap().strip_prefix("Listening on ") {
            break format!("http://{}/", address.trim());
        }
    };
    // It stops when nobody reads what it prints.
    std::thread::spawn(move || lines.for_each(drop));
    (child, url)
}
