//! Detached envelopes: a header alone, for ciphertext that is stored already. SPEC.md §7.

use cid::Cid;

use super::Header;
use super::decode::Fields;
use crate::cbor::write::Writer;
use crate::error::HeaderError;
use crate::{EnvelopeError, labels};

/// A text is no CID.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this is no CID: {0}")]
pub struct ParseCidError(String);

/// Where the ciphertext of a detached header lies.
///
/// A hint for finding it, and unauthenticated: the body's own tags decide.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Location {
    /// The stored object, as a binary CID.
    pub cid: Vec<u8>,
    /// Where in it the body begins.
    pub offset: u64,
    /// How many bytes the body has.
    pub length: u64,
}

impl Location {
    /// Names a stored object by its CID in text, of any version and base.
    ///
    /// # Errors
    /// [`ParseCidError`].
    pub fn new(cid: &str, offset: u64, length: u64) -> Result<Self, ParseCidError> {
        let cid: Cid = cid
            .parse()
            .map_err(|error: cid::Error| ParseCidError(error.to_string()))?;
        Ok(Self {
            cid: cid.to_bytes(),
            offset,
            length,
        })
    }

    /// The CID as people write it; `None` where the bytes are none.
    pub fn cid_text(&self) -> Option<String> {
        Cid::try_from(self.cid.as_slice())
            .ok()
            .filter(|cid| cid.to_bytes() == self.cid)
            .map(|cid| cid.to_string())
    }

    /// Where in the stored object the body ends.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.length)
    }

    pub(super) fn decode(fields: &Fields<'_>) -> Result<Option<Self>, HeaderError> {
        let Some(mut value) = fields.field(labels::LOCATION) else {
            return Ok(None);
        };
        let malformed = HeaderError::Field("the location is not [cid, offset, length]");
        let items = value.array();
        match (items, value.bytes(), value.unsigned(), value.unsigned()) {
            (Some(3), Some(cid), Some(offset), Some(length))
                if offset.checked_add(length).is_some() =>
            {
                Ok(Some(Self {
                    cid: cid.to_vec(),
                    offset,
                    length,
                }))
            }
            _ => Err(malformed),
        }
    }

    fn encode(&self) -> Vec<u8> {
        Writer::new()
            .array(3)
            .bytes(&self.cid)
            .unsigned(self.offset)
            .unsigned(self.length)
            .finish()
    }
}

impl Header {
    /// The same header, naming where its ciphertext lies; to be stored apart from it.
    ///
    /// # Errors
    /// [`EnvelopeError::Unwritable`] when the header becomes too large.
    pub fn detached(&self, location: &Location) -> Result<Self, EnvelopeError> {
        self.with_location(Some(location))
    }

    /// The same header as it precedes the ciphertext, without a location.
    ///
    /// # Errors
    /// None that a header which was read can cause.
    pub fn attached(&self) -> Result<Self, EnvelopeError> {
        self.with_location(None)
    }

    fn with_location(&self, location: Option<&Location>) -> Result<Self, EnvelopeError> {
        let own = Writer::new().integer(labels::LOCATION).finish();
        let mut entries = 0;
        let mut kept = Writer::new();
        let fields = Fields::new(&self.unprotected)
            .ok_or(HeaderError::Field("the unprotected header is not a map"))?;
        for (key, value) in fields.entries().filter(|(key, _)| *key != own) {
            entries += 1;
            kept = kept.raw(key).raw(value.rest());
        }
        if let Some(location) = location {
            entries += 1;
            kept = kept.raw(&own).raw(&location.encode());
        }
        let unprotected = Writer::new().map(entries).raw(&kept.finish()).finish();
        self.rebuilt(&unprotected, &self.recipients)
    }
}
