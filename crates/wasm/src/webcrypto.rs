//! The browser's AES-256-GCM: a key goes in, and is not to be had out again.

use std::{ops::Range, rc::Rc};

use js_sys::{ArrayBuffer, Object, Promise, Reflect, Uint8Array};
use stheno::{
    PlatformAes, PlatformBytes, PlatformKey,
    bounds::BoxFuture,
    crypto::Cek,
    envelope::{Cipher, cipher::NONCE_BYTES},
};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use crate::{
    bytes::words,
    lease::{Lease, Pile},
};

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
        let sealing = algorithm.and_then(|algorithm| encrypt(&algorithm, &self.0, &plaintext.view));
        given(sealing, plaintext)
    }

    fn open(
        &self,
        nonce: [u8; NONCE_BYTES],
        aad: &[u8],
        sealed: &Bytes,
    ) -> BoxFuture<'static, Result<Bytes, String>> {
        let algorithm = algorithm(&nonce, aad);
        let opening = algorithm.and_then(|algorithm| decrypt(&algorithm, &self.0, &sealed.view));
        given(opening, sealed)
    }
}

/// Bytes outside of WebAssembly's memory.
#[derive(Clone)]
pub(crate) struct Bytes {
    view: Uint8Array,
    lease: Option<Rc<Lease>>,
}

impl Bytes {
    fn own(view: Uint8Array) -> Self {
        Self { view, lease: None }
    }

    /// Somebody's. WebCrypto takes none that others can change, or that can move.
    pub(crate) fn lent(bytes: Uint8Array) -> Self {
        let buffer = bytes.buffer();
        let is_fixed = buffer.is_instance_of::<ArrayBuffer>()
            && !Reflect::get(&buffer, &"resizable".into()).is_ok_and(|is| is.is_truthy());
        Self::own(match is_fixed {
            true => bytes,
            false => bytes.slice(0, bytes.length()),
        })
    }

    /// The same; when neither they nor a part of them is of use any more, their buffer is on a pile.
    pub(crate) fn back_to(self, pile: &Pile) -> Self {
        let lease = Some(Rc::new(pile.lease(self.view.buffer())));
        Self { lease, ..self }
    }

    /// To be given away with the whole buffer that they are in.
    pub(crate) fn given(self) -> Uint8Array {
        match self.view.byte_length() == self.view.buffer().byte_length() && self.lease.is_none() {
            true => self.view,
            false => self.view.slice(0, self.view.length()),
        }
    }
}

impl PlatformBytes for Bytes {
    fn of(bytes: &[u8]) -> Self {
        Self::own(Uint8Array::from(bytes))
    }

    fn to_vec(&self) -> Vec<u8> {
        self.view.to_vec()
    }

    fn length(&self) -> usize {
        self.view.length() as usize
    }

    fn part(&self, Range { start, end }: Range<usize>) -> Self {
        Self {
            view: self.view.subarray(start as u32, end as u32),
            lease: self.lease.clone(),
        }
    }

    fn joined(parts: &[Self]) -> Self {
        let length = parts.iter().map(|part| part.view.length()).sum();
        let joined = Uint8Array::new_with_length(length);
        let mut at = 0;
        for part in parts {
            joined.set(&part.view, at);
            at += part.view.length();
        }
        Self::own(joined)
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

/// What is promised. What it is made of stays until it is there: no platform has to copy it before.
fn given(
    promise: Result<Promise, JsValue>,
    of: &Bytes,
) -> BoxFuture<'static, Result<Bytes, String>> {
    let of = of.clone();
    Box::pin(async move {
        let buffer = match promise {
            Ok(promise) => JsFuture::from(promise).await,
            Err(reason) => Err(reason),
        };
        drop(of);
        let buffer = buffer.map_err(|reason| words(&reason))?;
        Ok(Bytes::own(Uint8Array::new(
            buffer.unchecked_ref::<ArrayBuffer>(),
        )))
    })
}
