//! Recipients: who can recover the content-encryption key, and how. SPEC.md §5.

mod aes256kw;
mod key_text;
#[cfg(test)]
mod tests;
mod threshold;
mod x25519;

use ciborium::Value;

use crate::cbor::{cursor::Cursor, write::Writer};
use crate::header::Fields;
use crate::labels;

pub use aes256kw::{Aes256KwRecipient, SharedKey};
pub use key_text::ParseKeyError;
pub use threshold::{Locator, PolicyField, ThresholdRecipient};
pub use x25519::{X25519Public, X25519Recipient, X25519Secret};

/// One entry of the header's recipient list.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Recipient {
    /// A threshold committee (−65801).
    Threshold(Box<ThresholdRecipient>),
    /// An X25519 key (−31).
    X25519(X25519Recipient),
    /// A shared 256-bit key (−5).
    Aes256Kw(Aes256KwRecipient),
    /// One that this version cannot open. Kept as it stood.
    Unknown(UnknownRecipient),
}

impl Recipient {
    /// The COSE algorithm number, if it has one.
    pub fn algorithm(&self) -> Option<i64> {
        self.entry().algorithm
    }

    /// The key identifier, if it has one. Unauthenticated; several recipients may share one.
    pub fn kid(&self) -> Option<&[u8]> {
        self.entry().kid.as_deref()
    }

    /// Bytes of the wrapped key.
    pub fn wrapped_len(&self) -> usize {
        self.entry().wrapped.len()
    }

    /// Its protected header, then its unprotected one, label by label, for people to read.
    pub fn fields(&self) -> Vec<(Value, Value)> {
        let entry = self.entry();
        let unprotected = || {
            let mut cursor = Cursor::new(&entry.encoded);
            cursor.array()?;
            cursor.skip()?;
            cursor.skip()
        };
        [Some(entry.protected.as_slice()), unprotected()]
            .into_iter()
            .flatten()
            .filter_map(Fields::protected)
            .flat_map(|fields| fields.values())
            .collect()
    }

    /// Its bytes as they stand in the header.
    pub(crate) fn encoded(&self) -> &[u8] {
        &self.entry().encoded
    }

    /// Reads one strict item. What has an unknown algorithm or form is kept, not refused.
    pub(crate) fn decode(encoded: &[u8]) -> Result<Self, &'static str> {
        let mut cursor = Cursor::new(encoded);
        let parts = cursor.array();
        if !matches!(parts, Some(3 | 4)) {
            return Err("is not an array of three or four parts");
        }
        let protected = cursor.bytes().ok_or("has no protected header")?;
        let loose = cursor.skip().ok_or("has no unprotected header")?;
        let wrapped = match cursor.bytes() {
            Some(wrapped) => Some(wrapped),
            None => cursor
                .null()
                .map(|()| None)
                .ok_or("has a wrapped key that is neither bytes nor null")?,
        };
        let protected_fields =
            Fields::protected(protected).ok_or("has a protected header that is not strict")?;
        let loose = Fields::new(loose).ok_or("has an unprotected header that is not a map")?;
        if protected_fields.shares_a_label_with(&loose) {
            return Err("has a label that is both protected and unprotected");
        }
        let fields = RecipientFields {
            protected: protected_fields,
            unprotected: loose,
        };
        let entry = Entry {
            encoded: encoded.to_vec(),
            protected: protected.to_vec(),
            algorithm: fields.either(labels::ALG).and_then(|mut alg| alg.integer()),
            kid: match fields.either(labels::KID) {
                None => None,
                Some(mut kid) => Some(
                    kid.bytes()
                        .ok_or("has a key id that is not bytes")?
                        .to_vec(),
                ),
            },
            wrapped: wrapped.unwrap_or_default().to_vec(),
        };
        let known = [labels::ALG, labels::CRITICAL, labels::KID];
        // Nested recipients and critical fields change what opening means.
        let plain = parts == Some(3);
        Ok(match entry.algorithm {
            Some(labels::THRESHOLD) if plain => threshold::decode(entry, &fields)?,
            Some(labels::ECDH_ES_A256KW) if plain && fields.understand(&known) => {
                x25519::decode(entry, &fields)
            }
            Some(labels::A256KW) if plain && fields.understand(&known) => {
                Self::Aes256Kw(Aes256KwRecipient { entry })
            }
            _ => Self::Unknown(UnknownRecipient { entry }),
        })
    }

    fn entry(&self) -> &Entry {
        match self {
            Self::Threshold(recipient) => &recipient.entry,
            Self::X25519(recipient) => &recipient.entry,
            Self::Aes256Kw(recipient) => &recipient.entry,
            Self::Unknown(recipient) => &recipient.entry,
        }
    }
}

/// A recipient of an algorithm, a version or a form that is not known here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnknownRecipient {
    entry: Entry,
}

/// What all recipients have.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Entry {
    encoded: Vec<u8>,
    protected: Vec<u8>,
    algorithm: Option<i64>,
    kid: Option<Vec<u8>>,
    wrapped: Vec<u8>,
}

impl Entry {
    /// Lays down a new one: `[protected, { 4: kid, … }, wrapped]`.
    fn new(algorithm: i64, protected: Vec<u8>, loose: &[Field<'_>], wrapped: &[u8]) -> Self {
        let mut unprotected = Writer::new().map(loose.len() as u64);
        let mut kid = None;
        for field in loose {
            unprotected = match field {
                Field::Kid(id) => {
                    kid = Some(id.to_vec());
                    unprotected.integer(labels::KID).bytes(id)
                }
                Field::EphemeralKey(key) => unprotected.integer(labels::EPHEMERAL_KEY).raw(key),
            };
        }
        let encoded = Writer::new()
            .array(3)
            .bytes(&protected)
            .raw(&unprotected.finish())
            .bytes(wrapped)
            .finish();
        Self {
            encoded,
            protected,
            algorithm: Some(algorithm),
            kid,
            wrapped: wrapped.to_vec(),
        }
    }
}

/// An unprotected field of a recipient.
enum Field<'a> {
    Kid(&'a [u8]),
    EphemeralKey(&'a [u8]),
}

/// The two headers of a recipient.
struct RecipientFields<'a> {
    protected: Fields<'a>,
    unprotected: Fields<'a>,
}

impl<'a> RecipientFields<'a> {
    /// A field that may stand in either header.
    fn either(&self, label: i64) -> Option<Cursor<'a>> {
        self.protected
            .field(label)
            .or_else(|| self.unprotected.field(label))
    }

    fn understand(&self, known: &[i64]) -> bool {
        self.protected.understands_critical(known)
    }
}
