//! `stheno inspect`: what an envelope says, without a key.

use std::fmt::Write;

use serde_json::{Value, json};
use stheno::{
    Policy,
    envelope::{Header, PolicyField, Recipient, ThresholdRecipient},
    protocol::Address,
};

use crate::{args::InspectArgs, commands::policy::as_value, failure::Failure, input::Input, say};

/// Runs the command.
///
/// # Errors
/// When the file is no envelope.
pub fn run(args: InspectArgs, as_json: bool) -> Result<(), Failure> {
    let mut input = Input::open(&args.file)?;
    let header = Header::read(&mut input.reader)?;
    let body = input
        .len
        .map(|len| len.saturating_sub(header.as_bytes().len() as u64));
    let recipients: Vec<Value> = header.recipients().iter().map(recipient_json).collect();
    let object = json!({
        "file": args.file,
        "format": "Filecoin Encryption Envelope",
        "cipher": header.cipher().to_string(),
        "algorithm": header.cipher().algorithm(),
        "chunkBytes": header.cipher().is_chunked().then(|| header.chunk_size().get()),
        "chunks": header.chunk_count(),
        "headerBytes": header.as_bytes().len(),
        "bodyBytes": body,
        "commitsToKey": header.commits_to_key(),
        "metadata": header.metadata().map(|metadata| format!("{metadata:?}")),
        "recipients": recipients,
    });
    say::result(as_json, &text(&args.file, &header, body), &object);
    Ok(())
}

fn text(file: &str, header: &Header, body: Option<u64>) -> String {
    let mut text = format!("{file}: Filecoin Encryption Envelope\n");
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<14}{value}");
    };
    line("header", format!("{} bytes", header.as_bytes().len()));
    if let Some(body) = body {
        line("body", format!("{body} bytes"));
    }
    line("cipher", header.cipher().to_string());
    if header.cipher().is_chunked() {
        let count = header
            .chunk_count()
            .map(|count| format!(", {count} of them"));
        let size = header.chunk_size().get();
        line(
            "chunks",
            format!("{size} bytes{}", count.unwrap_or_default()),
        );
    }
    line(
        "key",
        match header.commits_to_key() {
            true => "committed to in the header".to_owned(),
            false => "not committed to in the header".to_owned(),
        },
    );
    for (recipient, number) in header.recipients().iter().zip(1..) {
        line(&format!("recipient {number}"), kind(recipient).to_owned());
        if let Recipient::Threshold(recipient) = recipient {
            for (name, value) in threshold_lines(recipient) {
                line(&format!("  {name}"), value);
            }
        }
    }
    if header.recipients().is_empty() {
        line(
            "recipients",
            "none: the key comes from elsewhere".to_owned(),
        );
    }
    text
}

fn threshold_lines(recipient: &ThresholdRecipient) -> Vec<(&'static str, String)> {
    let locator = recipient.locator();
    let contract = Address::from(locator.contract);
    let committee = format!(
        "{} of {contract} on chain {}",
        locator.committee_id, locator.chain_id
    );
    let mut lines = vec![
        ("network", recipient.network().to_string()),
        ("committee", committee),
        ("item", recipient.item().to_string()),
        ("policy", recipient.policy().digest().to_string()),
    ];
    match recipient.policy() {
        PolicyField::Digest(_) => lines.push(("", "hidden: only its digest is here".to_owned())),
        PolicyField::Bytes(bytes) => match Policy::from_cbor(bytes) {
            Ok(policy) => {
                lines.extend(policy.to_json().lines().map(|line| ("", line.to_owned())));
            }
            Err(error) => lines.push(("", format!("not a policy that is known here: {error}"))),
        },
    }
    lines
}

fn recipient_json(recipient: &Recipient) -> Value {
    let mut object = json!({ "kind": kind(recipient), "algorithm": recipient.algorithm() });
    if let (Recipient::Threshold(recipient), Some(object)) = (recipient, object.as_object_mut()) {
        let locator = recipient.locator();
        let policy = match recipient.policy() {
            PolicyField::Bytes(bytes) => Policy::from_cbor(bytes).ok().map(|p| as_value(&p)),
            PolicyField::Digest(_) => None,
        };
        object.insert("network".to_owned(), json!(recipient.network().to_string()));
        object.insert("chainId".to_owned(), json!(locator.chain_id));
        object.insert(
            "contract".to_owned(),
            json!(Address::from(locator.contract)),
        );
        object.insert("committeeId".to_owned(), json!(locator.committee_id));
        object.insert("item".to_owned(), json!(recipient.item().to_string()));
        object.insert(
            "policyDigest".to_owned(),
            json!(recipient.policy().digest().to_string()),
        );
        object.insert("policy".to_owned(), json!(policy));
    }
    object
}

fn kind(recipient: &Recipient) -> &'static str {
    match recipient {
        Recipient::Threshold(_) => "threshold committee",
        Recipient::X25519(_) => "X25519 key",
        Recipient::Aes256Kw(_) => "shared AES-256 key",
        _ => "unknown to this version",
    }
}
