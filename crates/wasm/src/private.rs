//! Readers who prove what a policy asks, and show no account.

use std::sync::Arc;

use js_sys::{Function, Promise, Reflect, Uint8Array};
use serde_json::{Value, json};
use stheno::{
    bounds::BoxFuture,
    private::{PrivateReader, ProveError, Prover},
    protocol::{Presentation, policy::Group, private::Task},
};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use crate::{bytes::words, reader::AskingReader};

#[wasm_bindgen]
impl AskingReader {
    /// Somebody who proves each private condition and shows no account. `present` is given a task as
    /// text, JSON:
    ///
    /// ```json
    /// { "circuit": "membership-20-v1", "depth": 20, "key": "0x…", "root": "0x…",
    ///   "scope": "0x…", "binding": "0x…",
    ///   "bounds": { "ranges": [{ "low": "18", "high": "18446744073709551615" }, …], "now": "1814313600" } }
    /// ```
    ///
    /// `root` is absent where a contract keeps the group, `bounds` where no credential is asked for; numbers
    /// of 64 bits are decimal text. It resolves to the presentation's bytes, root 32 ‖ nullifier 32 ‖
    /// proof 192 ‖ verifying key's file, or rejects with an object that has a `code` and a `message`.
    #[must_use]
    #[wasm_bindgen(js_name = ofProver)]
    pub fn of_prover(present: Function) -> Self {
        Self(Arc::new(PrivateReader::new(PageProver(present))))
    }
}

/// A prover that the page has.
struct PageProver(Function);

impl Prover for PageProver {
    fn prove<'a>(&'a self, task: &'a Task<'a>) -> BoxFuture<'a, Result<Presentation, ProveError>> {
        Box::pin(async move {
            let text = JsValue::from(told(task).to_string());
            let answer = match self.0.call1(&JsValue::UNDEFINED, &text) {
                Ok(answer) => JsFuture::from(Promise::resolve(&answer)).await,
                Err(reason) => Err(reason),
            };
            let bytes = answer.map_err(|reason| refused(task, &reason))?;
            let bytes: Uint8Array = bytes
                .dyn_into()
                .map_err(|_| stopped("the prover gave no bytes"))?;
            Presentation::from_bytes(&bytes.to_vec()).map_err(stopped)
        })
    }
}

/// A task, as a page is told it.
fn told(task: &Task<'_>) -> Value {
    let circuit = task.leaf.circuit;
    let mut told = json!({
        "circuit": circuit.to_string(),
        "depth": circuit.depth.levels(),
        "key": task.leaf.key.to_string(),
        "scope": task.scope.to_string(),
        "binding": task.binding.to_string(),
    });
    let root = match task.leaf.group {
        Group::Root(root) => Some(root.to_string().into()),
        Group::Contract { .. } => None,
    };
    let bounds = task.bounds.as_ref().map(|bounds| {
        let ranges = bounds
            .ranges
            .iter()
            .map(|range| json!({ "low": range.low.to_string(), "high": range.high.to_string() }));
        json!({ "ranges": ranges.collect::<Value>(), "now": bounds.now.to_string() })
    });
    if let Some(object) = told.as_object_mut() {
        let some = [("root", root), ("bounds", bounds)];
        let some = some.into_iter();
        object.extend(some.filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    told
}

/// What the page's prover says, as the error that has its code.
fn refused(task: &Task<'_>, reason: &JsValue) -> ProveError {
    let text = |name: &str| Reflect::get(reason, &name.into()).ok()?.as_string();
    let why = text("message").unwrap_or_else(|| words(reason));
    let (circuit, key) = (task.leaf.circuit, task.leaf.key);
    match text("code").as_deref() {
        Some("not_a_member") => ProveError::NotAMember { circuit },
        Some("other_group") => ProveError::OtherGroup,
        Some("not_provable") => ProveError::Unprovable { why },
        Some("proving_key_missing") => ProveError::NoKey { circuit, key, why },
        Some("proving_key_broken") => ProveError::BrokenKey { circuit, key, why },
        _ => ProveError::Stopped { why },
    }
}

fn stopped(why: impl ToString) -> ProveError {
    ProveError::Stopped {
        why: why.to_string(),
    }
}
