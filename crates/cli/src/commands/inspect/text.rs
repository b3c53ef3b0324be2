//! What an envelope says, for people.

use std::fmt::Write;

use stheno::{
    Policy,
    envelope::{PolicyField, Recipient, ThresholdRecipient, Value, X25519Public},
    protocol::Address,
};

use super::{Seen, kind};
use crate::{
    cbor_text::diagnostic,
    recipients::header_warning,
    sealed::{cid_of, where_it_is},
};

/// The whole header.
pub(super) fn text(seen: &Seen<'_>) -> String {
    let header = seen.header;
    let mut lines = Lines(format!("{}: Filecoin Encryption Envelope\n", seen.file));
    lines.add("header", format!("{} bytes", header.as_bytes().len()));
    if let Some(warning) = header_warning(header) {
        lines.add("", format!("warning: {warning}"));
    }
    if let Some(body) = seen.body {
        lines.add("body", format!("{body} bytes"));
    }
    if let Some(location) = header.location() {
        lines.add("detached", where_it_is(location));
        lines.add("stored as", cid_of(location));
    }
    let cipher = header.cipher();
    lines.add(
        "cipher",
        format!("{cipher} (algorithm {})", cipher.algorithm()),
    );
    if cipher.is_chunked() {
        let size = header.chunk_size().get();
        let count = match header.chunk_count() {
            Some(count) => format!(", {count} of them"),
            None => String::new(),
        };
        lines.add("chunks", format!("{size} bytes{count}"));
    }
    lines.add(
        "key",
        match header.commits_to_key() {
            true => "committed to in the header",
            false => "not committed to in the header",
        },
    );
    if let Some(Value::Map(entries)) = header.metadata() {
        lines.add("metadata", "not authenticated");
        for (key, value) in entries {
            lines.add("", format!("{}: {}", diagnostic(key), diagnostic(value)));
        }
    }
    for field in header.unknown_fields() {
        let part = match field.protected {
            true => "authenticated",
            false => "not authenticated",
        };
        let value = diagnostic(&field.value);
        lines.add(
            "unknown field",
            format!("{} ({part}): {value}", diagnostic(&field.label)),
        );
    }
    for (one, number) in header.recipients().iter().zip(1..) {
        recipient(one, number, &mut lines);
    }
    if header.recipients().is_empty() {
        lines.add("recipients", "none: the key comes from elsewhere");
    }
    lines.0
}

/// Lines of a name and a value.
struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, value: impl AsRef<str>) {
        // A string takes everything.
        let _ = writeln!(self.0, "{name:<14}{}", value.as_ref());
    }
}

fn recipient(recipient: &Recipient, number: usize, lines: &mut Lines) {
    let algorithm = match recipient.algorithm() {
        Some(algorithm) => format!("algorithm {algorithm}"),
        None => "no algorithm".to_owned(),
    };
    lines.add(
        &format!("recipient {number}"),
        format!("{} ({algorithm})", kind(recipient)),
    );
    match recipient {
        Recipient::Threshold(recipient) => threshold(recipient, lines),
        Recipient::X25519(_) => lines.add("  key", x25519(recipient.kid())),
        Recipient::Aes256Kw(_) => lines.add("  key id", key_id(recipient.kid())),
        other => {
            for (label, value) in other.fields() {
                lines.add(
                    "  field",
                    format!("{}: {}", diagnostic(&label), diagnostic(&value)),
                );
            }
            lines.add("  wrapped key", format!("{} bytes", other.wrapped_len()));
        }
    }
}

/// Writers name the public key itself; what another tool names is shown as it is.
fn x25519(kid: Option<&[u8]>) -> String {
    match kid.map(<[u8; 32]>::try_from) {
        Some(Ok(key)) => X25519Public::from_bytes(key).to_string(),
        _ => format!("id {}", key_id(kid)),
    }
}

fn key_id(kid: Option<&[u8]>) -> String {
    let Some(kid) = kid else {
        return "none".to_owned();
    };
    let readable = kid
        .iter()
        .all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    match std::str::from_utf8(kid) {
        Ok(text) if readable && !kid.is_empty() => format!("{text:?}"),
        _ => format!("0x{}", hex::encode(kid)),
    }
}

fn threshold(recipient: &ThresholdRecipient, lines: &mut Lines) {
    let locator = recipient.locator();
    let contract = Address::from(locator.contract);
    lines.add("  network", recipient.network().to_string());
    lines.add(
        "  committee",
        format!(
            "{} of {contract} on chain {}",
            locator.committee_id, locator.chain_id
        ),
    );
    lines.add("  item", recipient.item().to_string());
    lines.add("  policy", recipient.policy().digest().to_string());
    match recipient.policy() {
        PolicyField::Digest(_) => lines.add("", "hidden: only its digest is here"),
        PolicyField::Bytes(bytes) => match Policy::from_cbor(bytes) {
            Ok(policy) => {
                for line in policy.outline() {
                    lines.add("", line);
                }
            }
            Err(error) => lines.add("", format!("not a policy that is known here: {error}")),
        },
    }
}
