//! Readers who prove what a policy asks, and show no account.

use std::sync::Arc;

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use serde_json::{Value, json};
use stheno::{
    bounds::BoxFuture,
    circuits::{Bounds, Root},
    private::{PrivateReader, ProveError, Prover},
    protocol::{
        Presentation,
        policy::{Group, Zk},
        private::Task,
    },
};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use crate::{bytes::words, reader::AskingReader};

#[wasm_bindgen]
impl AskingReader {
    /// Somebody who proves private conditions and shows no account. `ask` is given a step and a task as text,
    /// JSON:
    ///
    /// ```json
    /// { "circuit": "membership-20-v1", "depth": 20, "key": "0x…", "root": "0x…",
    ///   "scope": "0x…", "binding": "0x…",
    ///   "bounds": { "ranges": [{ "low": "18", "high": "18446744073709551615" }, …], "now": "1814313600" } }
    /// ```
    ///
    /// | step | resolves to |
    /// |---|---|
    /// | `roots` | an array of the roots, 32 bytes each, of the groups in which it could be proven: of `root`'s, or of all that have the depth |
    /// | `prepare` | anything, when the proving key is there |
    /// | `present` | the proof in the group with `root`: root 32 ‖ nullifier 32 ‖ proof 192 ‖ verifying key's file |
    ///
    /// What is to be proven, of which group, is decided in here. `root` is absent in the first two steps where a
    /// contract keeps the group; `scope` and `binding` are there in the last; `bounds` is absent where no
    /// credential is asked for. Numbers of 64 bits are decimal text. It rejects with an object that has a `code`
    /// and a `message`.
    #[must_use]
    #[wasm_bindgen(js_name = ofProver)]
    pub fn of_prover(ask: Function) -> Self {
        Self(Arc::new(PrivateReader::new(PageProver(ask))))
    }
}

/// A prover that the page has.
struct PageProver(Function);

impl PageProver {
    async fn ask(&self, step: &str, leaf: &Zk, task: Value) -> Result<JsValue, ProveError> {
        let text = JsValue::from(task.to_string());
        let answer = match self.0.call2(&JsValue::UNDEFINED, &step.into(), &text) {
            Ok(answer) => JsFuture::from(Promise::resolve(&answer)).await,
            Err(reason) => Err(reason),
        };
        answer.map_err(|reason| refused(leaf, &reason))
    }
}

impl Prover for PageProver {
    fn roots<'a>(
        &'a self,
        leaf: &'a Zk,
        until: u64,
    ) -> BoxFuture<'a, Result<Vec<Root>, ProveError>> {
        Box::pin(async move {
            let bounds = leaf.attributes.map(|ranges| Bounds { ranges, now: until });
            let told = told(leaf, named(leaf), bounds.as_ref());
            let roots = self.ask("roots", leaf, told).await?;
            let roots = Array::from(&roots);
            let roots = roots.iter().map(|root| {
                let bytes = Uint8Array::new(&root).to_vec();
                let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| stopped("a root has 32 bytes"));
                Root::from_bytes(&bytes?).map_err(stopped)
            });
            roots.collect()
        })
    }

    fn prepare<'a>(&'a self, leaf: &'a Zk) -> BoxFuture<'a, Result<(), ProveError>> {
        Box::pin(async move {
            let told = told(leaf, named(leaf), None);
            self.ask("prepare", leaf, told).await.map(|_| ())
        })
    }

    fn prove<'a>(
        &'a self,
        task: &'a Task<'a>,
        root: Root,
    ) -> BoxFuture<'a, Result<Presentation, ProveError>> {
        Box::pin(async move {
            let mut told = told(task.leaf, Some(root), task.bounds.as_ref());
            if let Some(object) = told.as_object_mut() {
                object.insert("scope".to_owned(), task.scope.to_string().into());
                object.insert("binding".to_owned(), task.binding.to_string().into());
            }
            let bytes = self.ask("present", task.leaf, told).await?;
            let bytes: Uint8Array = bytes
                .dyn_into()
                .map_err(|_| stopped("the prover gave no bytes"))?;
            Presentation::from_bytes(&bytes.to_vec()).map_err(stopped)
        })
    }
}

/// The root that a policy names.
const fn named(leaf: &Zk) -> Option<Root> {
    match leaf.group {
        Group::Root(root) => Some(root),
        Group::Contract { .. } => None,
    }
}

/// A condition, as a page is told it.
fn told(leaf: &Zk, root: Option<Root>, bounds: Option<&Bounds>) -> Value {
    let mut told = json!({
        "circuit": leaf.circuit.to_string(),
        "depth": leaf.circuit.depth.levels(),
        "key": leaf.key.to_string(),
    });
    let root = root.map(|root| root.to_string().into());
    let bounds = bounds.map(|bounds| {
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
fn refused(leaf: &Zk, reason: &JsValue) -> ProveError {
    let text = |name: &str| Reflect::get(reason, &name.into()).ok()?.as_string();
    let why = text("message").unwrap_or_else(|| words(reason));
    let (circuit, key) = (leaf.circuit, leaf.key);
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
