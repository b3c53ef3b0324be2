//! An anvil of its own for every test, which ends with it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use alloy::primitives::{Address, U256};
use alloy::rpc::client::RpcClient;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolConstructor;
use serde_json::Value;
use stheno_chain::contracts::AccessPassContract as Pass;
use stheno_chain::{Chain, ChainConfig, HttpOptions, Sender};

pub(crate) const CHAIN: u64 = 31_415_926;

/// A running anvil; it is killed when this value goes.
pub(crate) struct Anvil {
    child: Child,
    port: u16,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Anvil {
    /// Starts one on a port of its choice, a block a second, final two later.
    pub(crate) fn start() -> Self {
        let mut child = Command::new(binary())
            .args(["--port", "0", "--chain-id", "31415926"])
            .args(["--hardfork", "prague", "--gas-limit", "10000000000"])
            .args(["--block-time", "1", "--slots-in-an-epoch", "1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("anvil does not start");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines
                .next()
                .expect("anvil ended before it listened")
                .unwrap();
            if let Some(port) = line.strip_prefix("Listening on 127.0.0.1:") {
                break port.trim().parse().unwrap();
            }
        };
        // It stops when nobody reads what it prints.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port }
    }

    /// The chain through two names of it, which must agree.
    pub(crate) async fn chain(&self) -> Chain {
        let rpc = ["127.0.0.1", "localhost"]
            .map(|host| format!("http://{host}:{}", self.port).parse().unwrap());
        let options = HttpOptions {
            timeout: Duration::from_secs(60),
            head_ttl: Duration::ZERO,
            ..HttpOptions::default()
        };
        Chain::connect(ChainConfig::new(CHAIN, rpc.to_vec()), options)
            .await
            .unwrap()
    }

    /// A command to anvil itself.
    pub(crate) async fn command(&self, method: &'static str, params: Value) -> Value {
        let url = format!("http://127.0.0.1:{}", self.port).parse().unwrap();
        let client = RpcClient::new_http(url);
        client.request(method, params).await.unwrap()
    }
}

/// One of anvil's rich accounts.
pub(crate) fn account(number: usize) -> PrivateKeySigner {
    let keys = [
        "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
        "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    ];
    keys[number].parse().unwrap()
}

/// Deploys an access pass that costs 1,000.
pub(crate) async fn deploy_pass(sender: &Sender) -> Address {
    let constructor = Pass::constructorCall {
        name_: "Pass".to_owned(),
        symbol_: "PASS".to_owned(),
        price_: U256::from(1000),
        owner_: sender.address(),
    };
    let mut code = Pass::BYTECODE.to_vec();
    code.extend(constructor.abi_encode());
    let sent = sender.send(None, code.into(), U256::ZERO).await.unwrap();
    sent.created.unwrap()
}

fn binary() -> PathBuf {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
    let path = std::env::var_os("STHENO_ANVIL").map_or(installed, PathBuf::from);
    assert!(
        path.is_file(),
        "{} is not there: run `npm ci` in contracts/, or set STHENO_ANVIL to an anvil",
        path.display()
    );
    path
}
