//! Files whose key is there.

use futures::{StreamExt, lock::Mutex};
use js_sys::{Function, Promise, Uint8Array};
use stheno::{
    FileReader, Keyring, PlatformAes,
    bounds::BoxStream,
    crypto::Cek,
    decrypt_body,
    envelope::{Header, SharedKey, X25519Secret},
    source::Source,
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use zeroize::Zeroizing;

use crate::{
    abort::unless,
    bytes::{Pulled, Pushed},
    envelope::{self, Envelope},
    error::{Failure, Result, to_js},
    origin::Origin,
    webcrypto::WebCrypto,
};

/// A file whose key is there; it is wiped with this object.
#[wasm_bindgen]
pub struct OpenedFile {
    header: Header,
    key: Cek,
    size: Option<u64>,
    /// Where any part of it can be read.
    reader: Option<Mutex<FileReader<Origin>>>,
}

impl OpenedFile {
    pub(crate) async fn new(header: Header, key: Cek, origin: Option<Origin>) -> Result<Self> {
        let size = origin.as_ref().map(Source::size);
        let reader = match origin {
            None => None,
            Some(origin) => {
                let mut reader = FileReader::new(&header, &key, origin)?;
                if let Some(aes) = WebCrypto::here() {
                    reader = reader.with_aes(&key, &aes).await?;
                }
                Some(Mutex::new(reader))
            }
        };
        Ok(Self {
            header,
            key,
            size,
            reader,
        })
    }

    fn reader(&self) -> Result<&Mutex<FileReader<Origin>>> {
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
        let size = async { Ok(self.reader()?.lock().await.size().await? as f64) };
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
            let mut reader = self.reader()?.lock().await;
            let parts = reader.stream_range(start as u64..end as u64).await?;
            Ok(RangeStream(Mutex::new(Box::pin(parts))))
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
            let aes = WebCrypto::here();
            let aes = aes.as_ref().map(|aes| aes as &dyn PlatformAes);
            let (body, output) = (Pulled::new(pull), Pushed::new(push));
            let written = decrypt_body(&self.header, &self.key, body, output, aes).await?;
            Ok(written as f64)
        };
        unless(aborted, decrypted).await
    }
}

/// A part of a file, on its way.
#[wasm_bindgen]
pub struct RangeStream(
    Mutex<BoxStream<'static, std::result::Result<Zeroizing<Vec<u8>>, stheno::Error>>>,
);

#[wasm_bindgen]
impl RangeStream {
    /// The next bytes; nothing at the end.
    ///
    /// # Errors
    /// As [`OpenedFile::size`].
    pub async fn next(
        &self,
        aborted: Option<Promise>,
    ) -> std::result::Result<Option<Uint8Array>, JsValue> {
        let next = async {
            match self.0.lock().await.next().await {
                None => Ok(None),
                Some(bytes) => Ok(Some(Uint8Array::from(bytes?.as_slice()))),
            }
        };
        unless(aborted, next).await
    }
}
