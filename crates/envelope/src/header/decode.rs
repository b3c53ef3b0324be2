//! From bytes to a header.

use std::io::Read;

use ciborium::Value;

use super::{Header, Location, MAX_RECIPIENTS};
use crate::cbor::{cursor::Cursor, scan, write::Writer};
use crate::cipher::NONCE_BYTES;
use crate::error::HeaderError;
use crate::{BaseNonce, ChunkSize, Cipher, EnvelopeError, Recipient, labels};

/// Reads the tag's bytes, so that a file of another kind is told from a damaged envelope.
pub(super) fn opening(source: &mut impl Read) -> Result<Vec<u8>, EnvelopeError> {
    let mut start = Vec::new();
    for expected in [[0xd0, 0xd8], [0x60, 0x60]] {
        let mut byte = [0];
        let read = loop {
            match source.read(&mut byte) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other.map_err(EnvelopeError::Read)?,
            }
        };
        let [byte] = byte;
        if read == 0 || !expected.contains(&byte) {
            return Err(HeaderError::NotAnEnvelope.into());
        }
        start.push(byte);
        if byte == 0xd0 {
            break;
        }
    }
    Ok(start)
}

/// The fields of a map whose keys are labels.
pub(crate) struct Fields<'a>(Vec<(&'a [u8], Cursor<'a>)>);

impl<'a> Fields<'a> {
    pub(crate) fn new(map: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(map);
        let fields = cursor.map()?;
        cursor.is_at_end().then_some(Self(fields))
    }

    /// A protected header: a map inside a byte string; none at all where it is empty.
    pub(crate) fn protected(bytes: &'a [u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self(Vec::new()));
        }
        scan::exact(bytes).ok()?;
        Self::new(bytes)
    }

    /// The value under a label; absent is `None`.
    pub(crate) fn field(&self, label: i64) -> Option<Cursor<'a>> {
        // The bytes are strict, so a label has one encoding only.
        let key = Writer::new().integer(label).finish();
        self.0
            .iter()
            .find(|(found, _)| *found == key)
            .map(|(_, value)| *value)
    }

    pub(crate) fn shares_a_label_with(&self, other: &Self) -> bool {
        self.0
            .iter()
            .any(|(key, _)| other.0.iter().any(|(found, _)| found == key))
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &(&'a [u8], Cursor<'a>)> {
        self.0.iter()
    }

    /// Labels and values, decoded for people to read.
    pub(crate) fn values(&self) -> Vec<(Value, Value)> {
        let value = |bytes: &[u8]| ciborium::from_reader::<Value, _>(bytes).ok();
        self.0
            .iter()
            .filter_map(|(key, item)| Some((value(key)?, value(item.rest())?)))
            .collect()
    }

    /// Whether all that the sender marked critical (RFC 9052 §3.1) is among `known`.
    pub(crate) fn understands_critical(&self, known: &[i64]) -> bool {
        let Some(mut list) = self.field(labels::CRITICAL) else {
            return true;
        };
        let Some(labels) = list.array() else {
            return false;
        };
        labels > 0
            && (0..labels).all(|_| {
                list.integer()
                    .is_some_and(|label| known.contains(&label) && self.field(label).is_some())
            })
    }
}

/// Takes apart one strict item.
pub(super) fn header(raw: Vec<u8>) -> Result<Header, HeaderError> {
    let field = HeaderError::Field;
    let mut cursor = Cursor::new(&raw);
    let tag = cursor.tag().ok_or(HeaderError::NotAnEnvelope)?;
    let items = cursor.array();
    match (tag, items) {
        (labels::TAG_ENCRYPT0, Some(3)) | (labels::TAG_ENCRYPT, Some(4)) => {}
        (labels::TAG_ENCRYPT0 | labels::TAG_ENCRYPT, _) => {
            return Err(field("the envelope has the wrong number of parts"));
        }
        _ => return Err(HeaderError::NotAnEnvelope),
    }
    let protected = cursor
        .bytes()
        .ok_or(field("the protected header is not a byte string"))?;
    let unprotected = cursor
        .skip()
        .ok_or(field("the unprotected header is missing"))?;
    cursor
        .null()
        .ok_or(field("the payload is not null: it must follow the header"))?;

    let body = Protected::decode(protected)?;
    let loose = Fields::new(unprotected).ok_or(field("the unprotected header is not a map"))?;
    if body.fields.shares_a_label_with(&loose) {
        return Err(field("a label is both protected and unprotected"));
    }
    let header = Header {
        tag,
        cipher: body.cipher,
        commitment: body.commitment,
        nonce: nonce(&loose, body.cipher)?,
        chunk_size: chunk_size(&loose)?,
        chunk_count: chunk_count(&loose)?,
        metadata: metadata(&loose)?,
        location: Location::decode(&loose)?,
        recipients: if tag == labels::TAG_ENCRYPT {
            recipients(&mut cursor)?
        } else {
            Vec::new()
        },
        protected: protected.to_vec(),
        unprotected: unprotected.to_vec(),
        raw: Vec::new(),
    };
    Ok(Header { raw, ..header })
}

struct Protected<'a> {
    fields: Fields<'a>,
    cipher: Cipher,
    commitment: Option<[u8; 32]>,
}

impl<'a> Protected<'a> {
    fn decode(bytes: &'a [u8]) -> Result<Self, HeaderError> {
        let field = HeaderError::Field;
        let fields = Fields::protected(bytes).ok_or(field(
            "the protected header is not a map in strict encoding",
        ))?;
        let known = [
            labels::ALG,
            labels::CRITICAL,
            labels::TYP,
            labels::KEY_COMMITMENT,
        ];
        if !fields.understands_critical(&known) {
            return Err(field("the header has a critical field that is not known"));
        }
        if fields.field(labels::TYP).and_then(|mut typ| typ.text()) != Some(labels::ENVELOPE_TYPE) {
            return Err(HeaderError::NotAnEnvelope);
        }
        let algorithm = fields
            .field(labels::ALG)
            .and_then(|mut alg| alg.integer())
            .ok_or(field("the body's algorithm is missing"))?;
        let cipher =
            Cipher::from_algorithm(algorithm).ok_or(HeaderError::UnsupportedCipher(algorithm))?;
        let commitment = match fields.field(labels::KEY_COMMITMENT) {
            None => None,
            Some(mut value) => Some(
                value
                    .byte_array()
                    .ok_or(field("the key commitment has not 32 bytes"))?,
            ),
        };
        Ok(Self {
            fields,
            cipher,
            commitment,
        })
    }
}

fn nonce(fields: &Fields<'_>, cipher: Cipher) -> Result<BaseNonce, HeaderError> {
    let found = fields
        .field(labels::IV)
        .and_then(|mut iv| iv.bytes())
        .filter(|iv| iv.len() == cipher.base_nonce_bytes())
        .ok_or(HeaderError::Field(
            "the nonce is missing or has the wrong length",
        ))?;
    let mut nonce = [0; NONCE_BYTES];
    for (to, from) in nonce.iter_mut().zip(found) {
        *to = *from;
    }
    Ok(BaseNonce::from_bytes(nonce))
}

fn chunk_size(fields: &Fields<'_>) -> Result<ChunkSize, HeaderError> {
    let Some(mut value) = fields.field(labels::CHUNK_SIZE) else {
        return Ok(ChunkSize::DEFAULT);
    };
    value
        .unsigned()
        .and_then(ChunkSize::from_header)
        .ok_or(HeaderError::Field(
            "the chunk size is outside 1 to 67108864 bytes",
        ))
}

fn chunk_count(fields: &Fields<'_>) -> Result<Option<u64>, HeaderError> {
    let Some(mut value) = fields.field(labels::CHUNK_COUNT) else {
        return Ok(None);
    };
    value
        .unsigned()
        .filter(|count| (1..=1 << 32).contains(count))
        .map(Some)
        .ok_or(HeaderError::Field("the chunk count is outside 1 to 2^32"))
}

fn metadata(fields: &Fields<'_>) -> Result<Option<Value>, HeaderError> {
    let Some(mut value) = fields.field(labels::APP_METADATA) else {
        return Ok(None);
    };
    value
        .skip()
        .and_then(|bytes| ciborium::from_reader::<Value, _>(bytes).ok())
        .filter(Value::is_map)
        .map(Some)
        .ok_or(HeaderError::Field("the application metadata is not a map"))
}

fn recipients(cursor: &mut Cursor<'_>) -> Result<Vec<Recipient>, HeaderError> {
    let count = cursor
        .array()
        .and_then(|count| usize::try_from(count).ok())
        .ok_or(HeaderError::Field("the recipients are not an array"))?;
    if count == 0 {
        return Err(HeaderError::Field("the list of recipients is empty"));
    }
    if count > MAX_RECIPIENTS {
        return Err(HeaderError::TooManyRecipients {
            found: count,
            limit: MAX_RECIPIENTS,
        });
    }
    (0..count)
        .map(|index| {
            cursor
                .skip()
                .ok_or("is missing")
                .and_then(Recipient::decode)
                .map_err(|problem| HeaderError::Recipient { index, problem })
        })
        .collect()
}
