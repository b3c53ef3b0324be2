//! Files on their way into an envelope.

use js_sys::{Function, Promise};
use serde::Deserialize;
use serde_json::json;
use stheno::{
    EncryptOptions, Encryption, SealTo,
    envelope::{ChunkSize, Cipher, Value, X25519Public},
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    abort::unless,
    bytes::{Pulled, Pushed, pulled, pushed},
    error::{Failure, Result, to_js},
    network::parse_item,
    webcrypto::WebCrypto,
};

/// How to encrypt, as JSON.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Options {
    cipher: Option<String>,
    item: Option<String>,
    hide_policy: bool,
    also_to: Vec<String>,
    metadata: Option<Metadata>,
    chunk_size: Option<u32>,
    /// Bytes of the input, where they are known.
    size: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Metadata {
    name: Option<String>,
    r#type: Option<String>,
}

impl Options {
    pub(crate) fn read(text: &str) -> Result<Self> {
        let options = serde_json::from_str(text);
        options.map_err(|error| Failure::argument(format!("the options: {error}")))
    }

    pub(crate) fn into_options(self) -> Result<EncryptOptions> {
        let mut options = EncryptOptions::default();
        if let Some(cipher) = self.cipher {
            let cipher: Cipher = cipher
                .parse()
                .map_err(|error| Failure::argument(format!("{error}")))?;
            options = options.cipher(cipher);
        }
        if let Some(item) = self.item {
            options = options.item(parse_item(&item)?);
        }
        if self.hide_policy {
            options = options.hide_policy();
        }
        if let Some(size) = self.chunk_size {
            let size = ChunkSize::new(size);
            let size = size.map_err(|error| Failure::argument(error.to_string()))?;
            options = options.chunk_size(size);
        }
        if let Some(size) = self.size {
            options = options.plaintext_len(size);
        }
        for key in public_keys(&self.also_to)? {
            options = options.also_to(key);
        }
        if let Some(metadata) = self.metadata {
            let entries = [("name", metadata.name), ("type", metadata.r#type)];
            let entries = entries
                .into_iter()
                .filter_map(|(name, value)| Some((Value::from(name), Value::from(value?))));
            options.metadata = Some(Value::Map(entries.collect()));
        }
        Ok(options)
    }
}

pub(crate) fn public_keys(texts: &[String]) -> Result<Vec<SealTo>> {
    let keys = texts.iter().map(|text| {
        let key: X25519Public = text
            .parse()
            .map_err(|error| Failure::argument(format!("a public key: {error}")))?;
        Ok(SealTo::X25519(key))
    });
    keys.collect()
}

/// An envelope whose header is laid down.
#[wasm_bindgen]
pub struct Sealing {
    encryption: Encryption,
    facts: serde_json::Value,
}

impl Sealing {
    pub(crate) fn new(encryption: Encryption, network: Option<(String, String)>) -> Self {
        let item = encryption.item();
        let item = item.map(|item| format!("0x{}", hex::encode(item.as_bytes())));
        let (network, policy) = network.unzip();
        let facts = json!({
            "item": item,
            "network": network,
            "policy": policy,
            "size": encryption.envelope_len(),
        });
        Self { encryption, facts }
    }
}

#[wasm_bindgen]
impl Sealing {
    /// To keys alone, without a network.
    ///
    /// # Errors
    /// `bad_argument`, `no_recipient`.
    #[wasm_bindgen(js_name = toKeys)]
    pub fn to_keys(keys: Vec<String>, options: &str) -> std::result::Result<Self, JsValue> {
        let options = Options::read(options)?.into_options()?;
        let encryption = Encryption::prepare(&public_keys(&keys)?, options);
        Ok(Self::new(encryption.map_err(Failure::from)?, None))
    }

    /// `{ item, network, policy, size }`, as far as they are known.
    #[wasm_bindgen(getter)]
    pub fn facts(&self) -> JsValue {
        to_js(&self.facts)
    }

    /// Writes the envelope: takes bytes from `pull` until it gives none, and gives them to `push`.
    ///
    /// # Errors
    /// `bad_envelope` when reading or writing fails.
    pub async fn write(
        self,
        pull: Function,
        push: Function,
        aborted: Option<Promise>,
    ) -> std::result::Result<JsValue, JsValue> {
        let written = async {
            let encryption = self.encryption;
            let written = match WebCrypto::of(encryption.header().cipher()) {
                Some(aes) => {
                    let (input, output) = (Box::pin(pulled(pull)), Box::pin(pushed(push)));
                    encryption.write_with(input, output, &aes).await?
                }
                None => {
                    let (input, output) = (Pulled::new(pull), Pushed::new(push));
                    encryption.write_stream(input, output).await?
                }
            };
            Ok(to_js(&json!({
                "plaintextBytes": written.plaintext_len,
                "envelopeBytes": written.envelope_len,
            })))
        };
        unless(aborted, written).await
    }
}
