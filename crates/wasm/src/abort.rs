//! Work that ends when its caller gives up.

use std::{future::Future, pin::pin};

use futures::future::{Either, select};
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::error::Failure;

/// Does `work` unless `aborted` settles first; then the work is dropped, with every request and timer
/// of it, and what `aborted` was rejected with is thrown.
pub(crate) async fn unless<T>(
    aborted: Option<Promise>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, JsValue> {
    let Some(aborted) = aborted else {
        return work.await.map_err(JsValue::from);
    };
    match select(pin!(work), JsFuture::from(aborted)).await {
        Either::Left((done, _)) => done.map_err(JsValue::from),
        Either::Right((reason, _)) => Err(reason.unwrap_or_else(|reason| reason)),
    }
}
