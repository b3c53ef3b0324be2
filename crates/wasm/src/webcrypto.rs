//! The browser's AES-256-GCM: a key goes in, and is not to be had out again.

use std::ops::Range;

use js_sys::{ArrayBuffer, Object, Promise, Reflect, Uint8Array};
use stheno::{
    PlatformAes, PlatformBytes, PlatformKey,
    bounds::BoxFuture,
    crypto::Cek,
    envelope::{Cipher, cipher::NONCE_BYTES},
};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

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
    /// It, where a cipher is one of its own and the page has it: only over https and from localhost.
    pub(crate) fn of(cipher: Cipher) -> Option<Self> {
        if cipher != Cipher::ChunkedAes256Gcm {
            return None;
        }
        let crypto = Reflect::get(&js_sys::global(), &"crypto".into()).ok()?;
        let subtle = Reflect::get(&crypto, &"subtle".into()).ok()?;
        subtle.is_object().then_some(Self)
    }
}

impl PlatformAes for WebCrypto {
    type Key = Key;

    fn import<'a>(&'a self, key: &'a Cek) -> BoxFuture<'a, Result<Key, String>> {
        Box::pin(async move {
            let bytes = Uint8Array::from(key.expose_secret().as_slice());
            let usages = js_sys::Array::of2(&"encrypt".into(), &"decrypt".into());
            let importing = import_key("raw", &bytes, "AES-GCM", false, &usages);
            let imported = match importing {
                Ok(importing) => JsFuture::from(importing).await,
                Err(reason) => Err(reason),
            };
            bytes.fill(0, 0, bytes.length());
            imported.map(Key).map_err(|reason| words(&reason))
        })
    }
}

/// A `CryptoKey`.
pub(crate) struct Key(JsValue);

impl PlatformKey for Key {
    type Bytes = Bytes;

    fn seal(
        &self,
        nonce: [u8; NONCE_BYTES],
        aad: &[u8],
        plaintext: &Bytes,
    ) -> BoxFuture<'static, Result<Bytes, String>> {
        let algorithm = algorithm(&nonce, aad);
        given(algorithm.and_then(|algorithm| encrypt(&algorithm, &self.0, &plaintext.0)))
    }

    fn open(
        &self,
        nonce: [u8; NONCE_BYTES],
        aad: &[u8],
        sealed: &Bytes,
    ) -> BoxFuture<'static, Result<Bytes, String>> {
        let algorithm = algorithm(&nonce, aad);
        given(algorithm.and_then(|algorithm| decrypt(&algorithm, &self.0, &sealed.0)))
    }
}

/// Bytes outside of WebAssembly's memory.
pub(crate) struct Bytes(Uint8Array);

impl Bytes {
    /// Somebody's. WebCrypto takes none that others can change, or that can move.
    pub(crate) fn lent(bytes: Uint8Array) -> Self {
        let buffer = bytes.buffer();
        let is_fixed = buffer.is_instance_of::<ArrayBuffer>()
            && !Reflect::get(&buffer, &"resizable".into()).is_ok_and(|is| is.is_truthy());
        match is_fixed {
            true => Self(bytes),
            false => Self(bytes.slice(0, bytes.length())),
        }
    }

    /// To be given away with the whole buffer that they are in.
    pub(crate) fn given(self) -> Uint8Array {
        match self.0.byte_length() == self.0.buffer().byte_length() {
            true => self.0,
            false => self.0.slice(0, self.0.length()),
        }
    }
}

impl PlatformBytes for Bytes {
    fn of(bytes: &[u8]) -> Self {
        Self(Uint8Array::from(bytes))
    }

    fn to_vec(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn length(&self) -> usize {
        self.0.length() as usize
    }

    fn part(&self, Range { start, end }: Range<usize>) -> Self {
        Self(self.0.subarray(start as u32, end as u32))
    }

    fn joined(parts: &[Self]) -> Self {
        let length = parts.iter().map(|part| part.0.length()).sum();
        let joined = Uint8Array::new_with_length(length);
        let mut at = 0;
        for part in parts {
            joined.set(&part.0, at);
            at += part.0.length();
        }
        Self(joined)
    }
}

/// `{ name: "AES-GCM", iv, additionalData }`; the tag has 128 bits by default.
fn algorithm(nonce: &[u8; NONCE_BYTES], aad: &[u8]) -> Result<Object, JsValue> {
    let algorithm = Object::new();
    let set = |name: &str, value: JsValue| Reflect::set(&algorithm, &name.into(), &value);
    set("name", "AES-GCM".into())?;
    set("iv", Uint8Array::from(nonce.as_slice()).into())?;
    set("additionalData", Uint8Array::from(aad).into())?;
    Ok(algorithm)
}

fn given(promise: Result<Promise, JsValue>) -> BoxFuture<'static, Result<Bytes, String>> {
    Box::pin(async move {
        let buffer = match promise {
            Ok(promise) => JsFuture::from(promise).await,
            Err(reason) => Err(reason),
        };
        let buffer = buffer.map_err(|reason| words(&reason))?;
        Ok(Bytes(Uint8Array::new(
            buffer.unchecked_ref::<ArrayBuffer>(),
        )))
    })
}
