//! An envelope's header, found and inspected.

use js_sys::{Promise, Uint8Array};
use serde_json::{Map, Value, json};
use stheno::{
    Policy,
    envelope::{self, BodyLayout, EnvelopeError, Header, HeaderError, PolicyField, Recipient},
    source::{Source, header_of},
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    abort::unless,
    error::{Result, to_js},
    origin::{Blob, Origin},
    policy,
};

/// A header, and where the envelope lies, if any part of it can be read there.
#[wasm_bindgen]
pub struct Envelope {
    pub(crate) header: Header,
    pub(crate) origin: Option<Origin>,
}

#[wasm_bindgen]
impl Envelope {
    /// Of a `Blob`.
    ///
    /// # Errors
    /// `bad_envelope`, `source_unreadable`.
    #[wasm_bindgen(js_name = ofBlob)]
    pub async fn of_blob(
        blob: Blob,
        aborted: Option<Promise>,
    ) -> std::result::Result<Self, JsValue> {
        unless(aborted, Self::of(Origin::Blob(blob))).await
    }

    /// Of bytes.
    ///
    /// # Errors
    /// `bad_envelope`.
    #[wasm_bindgen(js_name = ofBytes)]
    pub async fn of_bytes(bytes: Uint8Array) -> std::result::Result<Self, JsValue> {
        unless(None, Self::of(Origin::Bytes(bytes))).await
    }

    /// Of what lies at an address, or behind a `stheno:file/` link.
    ///
    /// # Errors
    /// `bad_envelope`, and what is wrong with storage.
    #[wasm_bindgen(js_name = ofAddress)]
    pub async fn of_address(
        address: String,
        aborted: Option<Promise>,
    ) -> std::result::Result<Self, JsValue> {
        let found = async { Self::of(Origin::at(&address).await?).await };
        unless(aborted, found).await
    }

    /// Of the first bytes of a stream; nothing when more of them are needed.
    ///
    /// # Errors
    /// `bad_envelope`.
    #[wasm_bindgen(js_name = ofStart)]
    pub fn of_start(start: &[u8], ended: bool) -> std::result::Result<Option<Self>, JsValue> {
        let mut rest = start;
        match Header::read(&mut rest) {
            Err(EnvelopeError::Header(HeaderError::Truncated)) if !ended => Ok(None),
            header => Ok(Some(Self {
                header: header.map_err(crate::error::Failure::from)?,
                origin: None,
            })),
        }
    }

    /// Bytes of the header.
    #[wasm_bindgen(getter, js_name = headerBytes)]
    pub fn header_bytes(&self) -> f64 {
        self.header.as_bytes().len() as f64
    }

    /// What the header says.
    pub fn inspect(&self) -> JsValue {
        to_js(&self.told())
    }
}

impl Envelope {
    pub(crate) async fn of(origin: Origin) -> Result<Self> {
        let header = header_of(&origin).await?;
        Ok(Self {
            header,
            origin: Some(origin),
        })
    }

    pub(crate) fn told(&self) -> Value {
        told(&self.header, self.origin.as_ref().map(Source::size))
    }
}

/// What a header says, of an envelope of so many bytes.
pub(crate) fn told(header: &Header, size: Option<u64>) -> Value {
    let header_bytes = header.as_bytes().len() as u64;
    let layout =
        size.and_then(|size| BodyLayout::of_header(header, size.checked_sub(header_bytes)?).ok());
    let recipients = header.recipients().iter().map(recipient);
    json!({
        "cipher": header.cipher().to_string(),
        "chunkSize": header.chunk_size().get(),
        "headerBytes": header_bytes,
        "envelopeBytes": size,
        "plaintextBytes": layout.map(|layout| layout.plaintext_len()),
        "metadata": metadata(header),
        "recipients": recipients.collect::<Value>(),
    })
}

fn recipient(recipient: &Recipient) -> Value {
    match recipient {
        Recipient::Threshold(recipient) => {
            let place = recipient.locator();
            let mut told = json!({
                "kind": "committee",
                "network": recipient.network().to_string(),
                "chainId": place.chain_id,
                "contract": stheno::protocol::Address::from(place.contract).to_checksum(None),
                "committeeId": place.committee_id.to_string(),
                "item": format!("0x{}", hex::encode(recipient.item().as_bytes())),
                "policyDigest": format!("0x{}", hex::encode(recipient.policy().digest().as_bytes())),
            });
            if let (Some(object), PolicyField::Bytes(bytes)) =
                (told.as_object_mut(), recipient.policy())
                && let Ok(policy) = Policy::from_cbor(bytes)
            {
                object.insert("policy".to_owned(), policy::told(&policy));
            }
            told
        }
        Recipient::X25519(_) => json!({ "kind": "x25519", "words": "an X25519 key" }),
        Recipient::Aes256Kw(_) => json!({ "kind": "aes256kw", "words": "a shared symmetric key" }),
        _ => json!({ "kind": "other", "words": "a recipient of another kind" }),
    }
}

/// The texts among the metadata, which nobody has authenticated.
fn metadata(header: &Header) -> Value {
    let mut told = Map::new();
    if let Some(envelope::Value::Map(entries)) = header.metadata() {
        for (name, value) in entries {
            if let (Some(name), Some(value)) = (name.as_text(), value.as_text()) {
                told.insert(name.to_owned(), value.into());
            }
        }
    }
    Value::Object(told)
}
