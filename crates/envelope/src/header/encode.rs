//! From a header's parts to bytes.

use ciborium::Value;

use super::{Header, MAX_HEADER_BYTES, MAX_RECIPIENTS, unwritable};
use crate::cbor::write::Writer;
use crate::{BaseNonce, ChunkSize, Cipher, EnvelopeError, Recipient, labels};

/// What a new header is made of.
pub(crate) struct Draft<'a> {
    pub(crate) cipher: Cipher,
    pub(crate) chunk_size: ChunkSize,
    pub(crate) chunk_count: Option<u64>,
    pub(crate) nonce: &'a BaseNonce,
    pub(crate) commitment: &'a [u8; 32],
    pub(crate) metadata: Option<&'a Value>,
    pub(crate) recipients: &'a [Recipient],
}

impl Draft<'_> {
    pub(crate) fn lay_down(&self) -> Result<Header, EnvelopeError> {
        let tag = if self.recipients.is_empty() {
            labels::TAG_ENCRYPT0
        } else {
            labels::TAG_ENCRYPT
        };
        assemble(
            tag,
            &self.protected(),
            &self.unprotected()?,
            self.recipients,
        )
    }

    fn protected(&self) -> Vec<u8> {
        Writer::new()
            .map(3)
            .integer(labels::ALG)
            .integer(self.cipher.algorithm())
            .integer(labels::TYP)
            .text(labels::ENVELOPE_TYPE)
            .integer(labels::KEY_COMMITMENT)
            .bytes(self.commitment)
            .finish()
    }

    fn unprotected(&self) -> Result<Vec<u8>, EnvelopeError> {
        let mut entries = 1;
        let mut fields = Writer::new()
            .integer(labels::IV)
            .bytes(self.nonce.for_header(self.cipher));
        if self.cipher.is_chunked() {
            entries += 1;
            fields = fields
                .integer(labels::CHUNK_SIZE)
                .unsigned(self.chunk_size.get() as u64);
            if let Some(count) = self.chunk_count {
                entries += 1;
                fields = fields.integer(labels::CHUNK_COUNT).unsigned(count);
            }
        }
        if let Some(metadata) = self.metadata {
            entries += 1;
            let mut encoded = Vec::new();
            ciborium::into_writer(metadata, &mut encoded)
                .map_err(|error| unwritable(format!("the metadata: {error}")))?;
            fields = fields.integer(labels::APP_METADATA).raw(&encoded);
        }
        Ok(Writer::new().map(entries).raw(&fields.finish()).finish())
    }
}

/// Joins the parts, and reads the result back: what is written can be read.
pub(super) fn assemble(
    tag: u64,
    protected: &[u8],
    unprotected: &[u8],
    recipients: &[Recipient],
) -> Result<Header, EnvelopeError> {
    if recipients.len() > MAX_RECIPIENTS {
        return Err(unwritable(format!(
            "{} recipients are more than {MAX_RECIPIENTS}",
            recipients.len()
        )));
    }
    let with_list = tag == labels::TAG_ENCRYPT;
    let mut header = Writer::new()
        .tag(tag)
        .array(if with_list { 4 } else { 3 })
        .bytes(protected)
        .raw(unprotected)
        .null();
    if with_list {
        header = header.array(recipients.len() as u64);
        for recipient in recipients {
            header = header.raw(recipient.encoded());
        }
    }
    let header = header.finish();
    if header.len() > MAX_HEADER_BYTES {
        return Err(unwritable(format!(
            "the header would have {} bytes, more than {MAX_HEADER_BYTES}; use fewer recipients or a hidden policy",
            header.len()
        )));
    }
    match Header::from_bytes(&header) {
        Err(EnvelopeError::Header(error)) => Err(unwritable(error.to_string())),
        other => other,
    }
}
