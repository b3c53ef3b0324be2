//! What an envelope says, for scripts.

use serde_json::{Map, Value, json};
use stheno::{
    Policy,
    envelope::{PolicyField, Recipient, ThresholdRecipient, UnknownField},
    protocol::Address,
};

use super::{Seen, kind};
use crate::{cbor_text, commands::policy::as_value, recipients::header_warning, sealed::cid_of};

/// The whole header.
pub(super) fn object(seen: &Seen<'_>) -> Value {
    let header = seen.header;
    let recipients: Vec<Value> = header.recipients().iter().map(recipient).collect();
    let unknown: Vec<Value> = header.unknown_fields().iter().map(field).collect();
    json!({
        "file": seen.file,
        "format": "Filecoin Encryption Envelope",
        "cipher": header.cipher().to_string(),
        "algorithm": header.cipher().algorithm(),
        "chunkBytes": header.cipher().is_chunked().then(|| header.chunk_size().get()),
        "chunks": header.chunk_count(),
        "headerBytes": header.as_bytes().len(),
        "bodyBytes": seen.body,
        "commitsToKey": header.commits_to_key(),
        "canBeRewrapped": header.has_recipient_list(),
        "metadata": header.metadata().map(cbor_text::json),
        "location": header.location().map(|location| json!({
            "cid": cid_of(location),
            "offset": location.offset,
            "length": location.length,
        })),
        "unknownFields": unknown,
        "recipients": recipients,
        "warning": header_warning(header),
    })
}

fn field(field: &UnknownField) -> Value {
    json!({
        "protected": field.protected,
        "label": cbor_text::json(&field.label),
        "value": cbor_text::json(&field.value),
    })
}

fn recipient(recipient: &Recipient) -> Value {
    let mut object = Map::new();
    object.insert("kind".to_owned(), json!(kind(recipient)));
    object.insert("algorithm".to_owned(), json!(recipient.algorithm()));
    object.insert("kid".to_owned(), json!(recipient.kid().map(hex::encode)));
    object.insert("wrappedBytes".to_owned(), json!(recipient.wrapped_len()));
    match recipient {
        Recipient::Threshold(recipient) => threshold(recipient, &mut object),
        Recipient::X25519(_) | Recipient::Aes256Kw(_) => {}
        other => {
            let fields = other.fields().into_iter().map(|(label, value)| {
                json!({ "label": cbor_text::json(&label), "value": cbor_text::json(&value) })
            });
            object.insert("fields".to_owned(), fields.collect());
        }
    }
    Value::Object(object)
}

fn threshold(recipient: &ThresholdRecipient, object: &mut Map<String, Value>) {
    let locator = recipient.locator();
    let policy = match recipient.policy() {
        PolicyField::Bytes(bytes) => Policy::from_cbor(bytes).ok(),
        PolicyField::Digest(_) => None,
    };
    let fields = [
        ("version", json!(recipient.version())),
        ("network", json!(recipient.network().to_string())),
        ("chainId", json!(locator.chain_id)),
        ("contract", json!(Address::from(locator.contract))),
        ("committeeId", json!(locator.committee_id)),
        ("item", json!(recipient.item().to_string())),
        (
            "policyDigest",
            json!(recipient.policy().digest().to_string()),
        ),
        (
            "policyHidden",
            json!(matches!(recipient.policy(), PolicyField::Digest(_))),
        ),
        ("policy", json!(policy.as_ref().map(as_value))),
        ("policyInWords", json!(policy.as_ref().map(Policy::outline))),
    ];
    object.extend(fields.map(|(name, value)| (name.to_owned(), value)));
}
