//! Policies, checked and told.

use serde_json::{Value, json};
use stheno::Policy;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::error::{Failure, Result, to_js};

/// Checks a policy's JSON text and tells what it is.
///
/// # Errors
/// `invalid_policy`.
#[wasm_bindgen(js_name = readPolicy)]
pub fn read_policy(text: &str) -> std::result::Result<JsValue, JsValue> {
    Ok(to_js(&told(&parsed(text)?)))
}

/// The same of its stored form.
///
/// # Errors
/// `invalid_policy`.
#[wasm_bindgen(js_name = decodePolicy)]
pub fn decode_policy(cbor: &[u8]) -> std::result::Result<JsValue, JsValue> {
    let policy = Policy::from_cbor(cbor).map_err(Failure::from)?;
    Ok(to_js(&told(&policy)))
}

pub(crate) fn parsed(text: &str) -> Result<Policy> {
    Ok(Policy::from_json(text)?)
}

/// `{ digest, needsAccount, private, chains, contracts, json, cbor, words }`.
pub(crate) fn told(policy: &Policy) -> Value {
    let mut chains: Vec<u64> = policy.chains().iter().map(|(chain, _)| *chain).collect();
    chains.dedup();
    let contracts = policy.contracts().map(
        |(chain, contract)| json!({ "chainId": chain, "contract": contract.to_checksum(None) }),
    );
    json!({
        "digest": format!("0x{}", hex::encode(policy.digest().as_bytes())),
        "needsAccount": policy.needs_account(),
        "private": policy.is_private(),
        "chains": chains,
        "contracts": contracts.collect::<Value>(),
        "json": serde_json::from_str::<Value>(&policy.to_json()).unwrap_or_default(),
        "cbor": hex::encode(policy.to_cbor()),
        "words": policy.outline().join("\n"),
    })
}
