//! Contracts that only tests need, compiled when they are needed.

use std::process::Stdio;

use alloy::primitives::Bytes;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, process::Command};

/// The code that creates a contract of the compiler's `output`.
pub(crate) fn code(output: &Value, source: &str, contract: &str) -> Bytes {
    let code = &output["contracts"][source][contract]["evm"]["bytecode"]["object"];
    let code = code.as_str().unwrap_or_else(|| panic!("{output}"));
    code.parse().unwrap()
}

/// What the compiler makes of a file of `contracts/test/support`.
pub(crate) async fn compile(source: &str) -> Value {
    let contracts = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts");
    let text = std::fs::read_to_string(format!("{contracts}/test/support/{source}")).unwrap();
    let input = json!({
        "language": "Solidity",
        "sources": { source: { "content": text } },
        "settings": {
            "evmVersion": "prague",
            "outputSelection": { "*": { "*": ["evm.bytecode.object"] } },
        },
    });
    let mut solc = Command::new("node")
        .arg("script/solc.mjs")
        .current_dir(contracts)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = solc.stdin.take().unwrap();
    stdin.write_all(input.to_string().as_bytes()).await.unwrap();
    drop(stdin);
    let output = solc.wait_with_output().await.unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}
