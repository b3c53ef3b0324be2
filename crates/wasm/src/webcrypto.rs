//! The browser's AES-256-GCM: a key goes in, and is not to be had out again.

use std::sync::Arc;

use js_sys::{ArrayBuffer, Object, Promise, Reflect, Uint8Array};
use stheno::{
    PlatformAes, PlatformKey, bounds::BoxFuture, crypto::Cek, envelope::cipher::NONCE_BYTES,
};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use zeroize::Zeroize;

use crate::bytes::words;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["globalThis", "crypto", "subtle"], js_name = importKey, catch)]
    fn import_key(
        format: &str,
        key: &Uint8Array,
        algorithm: &str,
        extractable: bool,
        usages: &js_sys::Array,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["globalThis", "crypto", "subtle"], catch)]
    fn encrypt(algorithm: &Object, key: &JsValue, data: &Uint8Array) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["globalThis", "crypto", "subtle"], catch)]
    fn decrypt(algorithm: &Object, key: &JsValue, data: &Uint8Array) -> Result<Promise, JsValue>;
}

/// AES-256-GCM of `crypto.subtle`.
pub(crate) struct WebCrypto;

impl WebCrypto {
    /// It, where the page has it: only over https and from localhost.
    pub(crate) fn here() -> Option<Self> {
        let crypto = Reflect::get(&js_sys::global(), &"crypto".into()).ok()?;
        let subtle = Reflect::get(&crypto, &"subtle".into()).ok()?;
        subtle.is_object().then_some(Self)
    }
}

impl PlatformAes for WebCrypto {
    fn import<'a>(&'a self, key: &'a Cek) -> BoxFuture<'a, Result<Arc<dyn PlatformKey>, String>> {
        Box::pin(async move {
            let bytes = Uint8Array::from(key.expose_secret().as_slice());
            let usages = js_sys::Array::of2(&"encrypt".into(), &"decrypt".into());
            let importing = import_key("raw", &bytes, "AES-GCM", false, &usages);
            let imported = match importing {
                Ok(importing) => JsFuture::from(importing).await,
                Err(reason) => Err(reason),
            };
            bytes.fill(0, 0, bytes.length());
            let key = imported.map_err(|reason| words(&reason))?;
            Ok(Arc::new(Key(key)) as Arc<dyn PlatformKey>)
        })
    }
}

struct Key(JsValue);

impl PlatformKey for Key {
    fn seal<'a>(
        &'a self,
        nonce: [u8; NONCE_BYTES],
        aad: &'a [u8],
        plaintext: &'a [u8],
        sealed: &'a mut [u8],
    ) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let algorithm = algorithm(&nonce, aad)?;
            let sealing = {
                // WebCrypto copies its input before it returns, so that a view is enough.
                #[allow(unsafe_code, reason = "nothing allocates while the view lives")]
                let view = unsafe { Uint8Array::view(plaintext) };
                encrypt(&algorithm, &self.0, &view)
            };
            given(sealing, sealed).await
        })
    }

    fn open<'a>(
        &'a self,
        nonce: [u8; NONCE_BYTES],
        aad: &'a [u8],
        sealed: &'a [u8],
        plaintext: &'a mut [u8],
    ) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let algorithm = algorithm(&nonce, aad)?;
            let opening = {
                #[allow(unsafe_code, reason = "nothing allocates while the view lives")]
                let view = unsafe { Uint8Array::view(sealed) };
                decrypt(&algorithm, &self.0, &view)
            };
            let opened = given(opening, plaintext).await;
            if opened.is_err() {
                plaintext.zeroize();
            }
            opened
        })
    }
}

/// `{ name: "AES-GCM", iv, additionalData }`; the tag has 128 bits by default.
fn algorithm(nonce: &[u8; NONCE_BYTES], aad: &[u8]) -> Result<Object, String> {
    let algorithm = Object::new();
    let set = |name: &str, value: JsValue| {
        let set = Reflect::set(&algorithm, &name.into(), &value);
        set.map(drop).map_err(|reason| words(&reason))
    };
    set("name", "AES-GCM".into())?;
    set("iv", Uint8Array::from(nonce.as_slice()).into())?;
    set("additionalData", Uint8Array::from(aad).into())?;
    Ok(algorithm)
}

async fn given(promise: Result<Promise, JsValue>, into: &mut [u8]) -> Result<(), String> {
    let result = match promise {
        Ok(promise) => JsFuture::from(promise).await,
        Err(reason) => Err(reason),
    };
    let buffer = result.map_err(|reason| words(&reason))?;
    let bytes = Uint8Array::new(buffer.unchecked_ref::<ArrayBuffer>());
    match bytes.length() as usize == into.len() {
        true => {
            bytes.copy_to(into);
            Ok(())
        }
        false => Err("the result has another length".to_owned()),
    }
}
