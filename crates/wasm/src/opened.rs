//! Files whose key is there.

use std::{ops::Range, sync::Arc};

use futures::{StreamExt, lock::Mutex};
use js_sys::{Array, Function, Promise};
use stheno::{
    FileReader, Keyring, PlatformAes, PlatformBytes,
    bounds::BoxStream,
    crypto::Cek,
    decrypt_body, decrypt_body_with,
    envelope::{Header, SharedKey, X25519Secret},
    source::Source,
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use zeroize::Zeroizing;

use crate::{
    abort::unless,
    bytes::{Pulled, Pushed, array, pulled, pushed},
    envelope::{self, Envelope},
    error::{Failure, Result, to_js},
    origin::Origin,
    webcrypto::{Bytes, Key, WebCrypto},
};

/// A file whose key is there; it is wiped with this object.
#[wasm_bindgen]
pub struct OpenedFile {
    header: Header,
    key: Cek,
    size: Option<u64>,
    /// Where any part of it can be read.
    reader: Option<Reader>,
}

/// A file any part of which can be read.
struct Reader {
    file: Mutex<FileReader<Origin>>,
    /// Its key in the browser's hands, where that does the cipher.
    key: Option<Arc<Key>>,
}

impl Reader {
    async fn new(header: &Header, key: &Cek, origin: Origin) -> Result<Self> {
        let file = Mutex::new(FileReader::new(header, key, origin)?);
        let key = match WebCrypto::of(header.cipher()) {
            None => None,
            Some(aes) => {
                let imported = aes.import(key).await;
                let key = imported.map_err(|why| stheno::Error::Platform { why })?;
                Some(Arc::new(key))
            }
        };
        Ok(Self { file, key })
    }

    async fn size(&self) -> Result<u64> {
        let mut file = self.file.lock().await;
        Ok(match &self.key {
            Some(key) => file.size_with(key).await?,
            None => file.size().await?,
        })
    }

    async fn stream(&self, range: Range<u64>) -> Result<Parts> {
        let mut file = self.file.lock().await;
        Ok(match &self.key {
            Some(key) => Box::pin(file.stream_range_with(range, key).await?),
            None => {
                let parts = file.stream_range(range).await?;
                Box::pin(parts.map(|part| Ok(vec![Bytes::of(&part?)])))
            }
        })
    }
}

type Parts = BoxStream<'static, std::result::Result<Vec<Bytes>, stheno::Error>>;

impl OpenedFile {
    pub(crate) async fn new(header: Header, key: Cek, origin: Option<Origin>) -> Result<Self> {
        let size = origin.as_ref().map(Source::size);
        let reader = match origin {
            None => None,
            Some(origin) => Some(Reader::new(&header, &key, origin).await?),
        };
        Ok(Self {
            header,
            key,
            size,
            reader,
        })
    }

    fn reader(&self) -> Result<&Reader> {
        self.reader.as_ref().ok_or_else(|| {
            Failure::of(
                "no_ranges",
                "only the whole of it can be read, from its start to its end",
                "give a file, or an address whose server answers Range requests",
            )
        })
    }
}

/// Keys as texts, to be tried on an envelope.
pub(crate) fn keyring(texts: Vec<String>) -> Result<Keyring> {
    let mut keyring = Keyring::new();
    for text in texts {
        let text = Zeroizing::new(text);
        let text = text.trim();
        keyring = match X25519Secret::from_text(text) {
            Ok(key) => keyring.with_x25519(key),
            Err(error) => match SharedKey::from_hex(text) {
                Ok(key) => keyring.with_shared(key),
                // It does not repeat the text.
                Err(_) => return Err(Failure::argument(format!("a key: {error}"))),
            },
        };
    }
    Ok(keyring)
}

#[wasm_bindgen]
impl OpenedFile {
    /// Opens an envelope with keys of one's own.
    ///
    /// # Errors
    /// `bad_argument`, `key_does_not_open`.
    #[wasm_bindgen(js_name = withKeys)]
    pub async fn with_keys(
        envelope: &Envelope,
        keys: Vec<String>,
    ) -> std::result::Result<Self, JsValue> {
        let opened = async {
            let (key, _) = keyring(keys)?.open(&envelope.header)?;
            Self::new(envelope.header.clone(), key, envelope.origin.clone()).await
        };
        unless(None, opened).await
    }

    /// What the header says.
    pub fn inspect(&self) -> JsValue {
        to_js(&envelope::told(&self.header, self.size))
    }

    /// Bytes of the file; the last chunk says that it is the last.
    ///
    /// # Errors
    /// `bad_envelope`, `no_ranges`, and what is wrong with storage.
    pub async fn size(&self, aborted: Option<Promise>) -> std::result::Result<f64, JsValue> {
        let size = async { Ok(self.reader()?.size().await? as f64) };
        unless(aborted, size).await
    }

    /// A range of the file, as it comes.
    ///
    /// # Errors
    /// As [`size`](Self::size).
    pub async fn stream(
        &self,
        start: f64,
        end: f64,
        aborted: Option<Promise>,
    ) -> std::result::Result<RangeStream, JsValue> {
        let streamed = async {
            let parts = self.reader()?.stream(start as u64..end as u64).await?;
            Ok(RangeStream(Mutex::new(parts)))
        };
        unless(aborted, streamed).await
    }

    /// The whole body, from bytes that follow the header in `pull` to `push`; says how many bytes of
    /// plaintext there were.
    ///
    /// # Errors
    /// `bad_envelope`.
    pub async fn decrypt(
        &self,
        pull: Function,
        push: Function,
        aborted: Option<Promise>,
    ) -> std::result::Result<f64, JsValue> {
        let decrypted = async {
            let (header, key) = (&self.header, &self.key);
            let written = match WebCrypto::of(header.cipher()) {
                Some(aes) => {
                    let (body, output) = (Box::pin(pulled(pull)), Box::pin(pushed(push)));
                    decrypt_body_with(header, key, body, output, &aes).await?
                }
                None => {
                    let (body, output) = (Pulled::new(pull), Pushed::new(push));
                    decrypt_body(header, key, body, output).await?
                }
            };
            Ok(written as f64)
        };
        unless(aborted, decrypted).await
    }
}

/// A part of a file, on its way.
#[wasm_bindgen]
pub struct RangeStream(Mutex<Parts>);

#[wasm_bindgen]
impl RangeStream {
    /// The next bytes, as `Uint8Array[]`; nothing at the end.
    ///
    /// # Errors
    /// As [`OpenedFile::size`].
    pub async fn next(
        &self,
        aborted: Option<Promise>,
    ) -> std::result::Result<Option<Array>, JsValue> {
        let next = async {
            let parts = self.0.lock().await.next().await;
            Ok(parts.transpose()?.map(array))
        };
        unless(aborted, next).await
    }
}
