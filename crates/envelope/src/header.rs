//! The envelope's header: read strictly, kept as it stood on the wire. SPEC.md §2.

mod decode;
mod detached;
mod encode;
mod keys;

use std::io::Read;

use ciborium::Value;

use crate::cbor::{scan, write::Writer};
use crate::error::HeaderError;
use crate::{BaseNonce, ChunkSize, Cipher, EnvelopeError, Recipient, labels};

pub(crate) use decode::Fields;
pub use detached::{Location, ParseCidError};
pub(crate) use encode::Draft;

/// The largest header that is read: 1 MiB.
pub const MAX_HEADER_BYTES: usize = 1 << 20;
/// The size up to which other tools read a header in their first request: 4 KiB.
pub const COMMON_HEADER_BYTES: usize = 4096;
/// The most recipients that are read.
pub const MAX_RECIPIENTS: usize = 1000;

/// The labels that a header's own fields have.
const KNOWN_LABELS: [i64; 9] = [
    labels::ALG,
    labels::CRITICAL,
    labels::TYP,
    labels::KEY_COMMITMENT,
    labels::IV,
    labels::CHUNK_SIZE,
    labels::CHUNK_COUNT,
    labels::APP_METADATA,
    labels::LOCATION,
];

/// A field of a header that this version does not know.
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownField {
    /// Whether it is authenticated with the body.
    pub protected: bool,
    /// An integer or a text.
    pub label: Value,
    /// Anything.
    pub value: Value,
}

/// A parsed header.
///
/// The bytes are kept: the protected part is authenticated as it stood, and
/// fields that this version does not know survive a rewrap.
#[derive(Clone, Debug)]
pub struct Header {
    raw: Vec<u8>,
    tag: u64,
    protected: Vec<u8>,
    unprotected: Vec<u8>,
    cipher: Cipher,
    chunk_size: ChunkSize,
    chunk_count: Option<u64>,
    nonce: BaseNonce,
    commitment: Option<[u8; 32]>,
    recipients: Vec<Recipient>,
    metadata: Option<Value>,
    location: Option<Location>,
}

impl Header {
    /// Reads a header, and not one byte more, so that `source` stands at the body.
    ///
    /// Reads in small pieces: give it a [`std::io::BufReader`] where a call is dear.
    ///
    /// # Errors
    /// [`EnvelopeError::Header`] when it is not an envelope or malformed,
    /// [`EnvelopeError::Read`] when the source fails.
    pub fn read(source: &mut impl Read) -> Result<Self, EnvelopeError> {
        let start = decode::opening(source)?;
        let mut source = start.as_slice().chain(source);
        let raw = scan::item(&mut source, MAX_HEADER_BYTES)?;
        Ok(decode::header(raw)?)
    }

    /// Reads a header that is all of `bytes`, such as a detached one.
    ///
    /// # Errors
    /// [`EnvelopeError::Header`], also when bytes follow the header.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let header = Self::read(&mut bytes)?;
        if bytes.is_empty() {
            Ok(header)
        } else {
            Err(HeaderError::Field("bytes follow the header").into())
        }
    }

    /// The header's bytes as they stood on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.raw
    }

    /// How the body is encrypted.
    pub fn cipher(&self) -> Cipher {
        self.cipher
    }

    /// Plaintext bytes in every chunk but the last. Without meaning for [`Cipher::Aes256Gcm`].
    pub fn chunk_size(&self) -> ChunkSize {
        self.chunk_size
    }

    /// How many chunks the header says follow. Advisory and unauthenticated.
    pub fn chunk_count(&self) -> Option<u64> {
        self.chunk_count
    }

    /// The nonce of the body. Chunked bodies use the first seven bytes; the rest is zero here.
    pub fn nonce(&self) -> &BaseNonce {
        &self.nonce
    }

    /// Who can recover the content-encryption key. Empty when it comes from elsewhere.
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }

    /// The application's own map (−65792). Unauthenticated.
    pub fn metadata(&self) -> Option<&Value> {
        self.metadata.as_ref()
    }

    /// Where the ciphertext lies, if this header is detached from it (−65804). Unauthenticated.
    pub fn location(&self) -> Option<&Location> {
        self.location.as_ref()
    }

    /// Fields that this version does not know, protected ones first. They are kept as they stand.
    pub fn unknown_fields(&self) -> Vec<UnknownField> {
        let parts = [(true, &self.protected), (false, &self.unprotected)];
        parts
            .into_iter()
            .filter_map(|(protected, bytes)| Some((protected, Fields::protected(bytes)?)))
            .flat_map(|(protected, fields)| {
                let known = move |label: &Value| {
                    KNOWN_LABELS
                        .iter()
                        .any(|known| *label == Value::from(*known))
                };
                let values = fields.values().into_iter();
                values
                    .filter(move |(label, _)| !known(label))
                    .map(move |(label, value)| UnknownField {
                        protected,
                        label,
                        value,
                    })
            })
            .collect()
    }

    /// Whether the list of recipients can be exchanged: the tag is authenticated with the body.
    pub fn has_recipient_list(&self) -> bool {
        self.tag == labels::TAG_ENCRYPT
    }

    /// Whether the header commits to the content-encryption key (−65803).
    pub fn commits_to_key(&self) -> bool {
        self.commitment.is_some()
    }

    /// The commitment to the content-encryption key, if there is one.
    pub(crate) fn commitment(&self) -> Option<&[u8; 32]> {
        self.commitment.as_ref()
    }

    /// Additional data of the body: COSE `Enc_structure` (RFC 9052 §5.3) over the
    /// protected header as it stood.
    pub(crate) fn body_aad(&self) -> Vec<u8> {
        let context = if self.tag == labels::TAG_ENCRYPT {
            "Encrypt"
        } else {
            "Encrypt0"
        };
        enc_structure(context, &self.protected)
    }

    /// The same header for other recipients: the ciphertext stays as it is.
    ///
    /// Unknown fields and kept recipients are copied byte for byte. Taking a
    /// recipient away locks out only who has not yet learned the
    /// content-encryption key.
    ///
    /// # Errors
    /// [`EnvelopeError::Unwritable`] when the envelope was written without
    /// recipients (the tag is authenticated with the body), when `recipients`
    /// is empty, or when the header becomes too large.
    pub fn with_recipients(&self, recipients: Vec<Recipient>) -> Result<Self, EnvelopeError> {
        if self.tag != labels::TAG_ENCRYPT {
            return Err(unwritable(
                "the envelope was written without recipients, so none can be added: encrypt the file again",
            ));
        }
        self.rebuilt(&self.unprotected, &recipients)
    }

    /// The same header with another unprotected part and other recipients.
    fn rebuilt(&self, unprotected: &[u8], to: &[Recipient]) -> Result<Self, EnvelopeError> {
        encode::assemble(self.tag, &self.protected, unprotected, to)
    }
}

/// COSE `Enc_structure` without external data: what authenticates a header.
pub(crate) fn enc_structure(context: &str, protected: &[u8]) -> Vec<u8> {
    Writer::new()
        .array(3)
        .text(context)
        .bytes(protected)
        .bytes(&[])
        .finish()
}

pub(crate) fn unwritable(problem: impl Into<String>) -> EnvelopeError {
    EnvelopeError::Unwritable {
        problem: problem.into(),
    }
}
