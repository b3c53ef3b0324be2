//! `stheno keygen`: a key pair that needs no network, or a symmetric key.

use std::io::Write;

use serde_json::json;
use stheno::{
    AskingKey,
    envelope::{X25519Public, X25519Secret},
};
use zeroize::Zeroizing;

use crate::{args::KeygenArgs, failure::Failure, key_file, output::Output, say};

/// Runs the command.
///
/// # Errors
/// When the file cannot be written or read.
pub fn run(args: &KeygenArgs, as_json: bool) -> Result<(), Failure> {
    if let Some(path) = &args.public {
        if key_file::is_asking(path)? {
            let public = key_file::asking(path)?.public().to_string();
            let object = json!({ "keys": [{ "publicKey": public }] });
            say::result(as_json, &public, &object);
            return Ok(());
        }
        let keys = key_file::identities(path)?;
        let lines: Vec<String> = keys.iter().map(|key| key.public().to_string()).collect();
        let object = json!({
            "keys": keys.iter().map(|key| public_json(&key.public())).collect::<Vec<_>>(),
        });
        say::result(as_json, &lines.join("\n"), &object);
        return Ok(());
    }
    let Some(path) = &args.output else {
        return Err(Failure::new("usage", "no file for the key was given").hint("give -o FILE"));
    };
    let mut output = Output::create_secret(path, args.force)?;
    let beside_data = output.is_stdout();
    let (content, public) = match (args.symmetric, args.asking) {
        (true, _) => (symmetric()?, None),
        (false, true) => {
            let key = AskingKey::random(args.key_type.into())?;
            let public = key.public().to_string();
            let content = file_of(&public, &key.expose_text());
            (
                content,
                Some((public.clone(), json!({ "publicKey": public }))),
            )
        }
        (false, false) => {
            let secret = X25519Secret::from_bytes(*random()?);
            let public = secret.public();
            let content = file_of(&public.to_string(), &secret.expose_text());
            (content, Some((public.to_string(), public_json(&public))))
        }
    };
    output
        .write_all(content.as_bytes())
        .map_err(|error| output.failure(stheno::envelope::EnvelopeError::Write(error).into()))?;
    output.commit()?;
    let (public, mut object) = match public {
        Some((public, object)) => (Some(public), object),
        None => (None, json!({})),
    };
    if let Some(object) = object.as_object_mut() {
        object.insert("output".to_owned(), json!(path));
    }
    let text = match &public {
        Some(public) => public.clone(),
        None => format!("made a symmetric key in {path}"),
    };
    match (beside_data, as_json) {
        (false, _) => say::result(as_json, &text, &object),
        (true, true) => say::beside_data(true, &object),
        (true, false) => say::note(&format!("public key: {text}")),
    }
    Ok(())
}

fn public_json(key: &X25519Public) -> serde_json::Value {
    json!({
        "publicKey": key.to_string(),
        // What other tools of the format take.
        "publicKeyHex": hex::encode(key.as_bytes()),
    })
}

/// The text of a key file: when, whose, and the key.
fn file_of(public: &str, secret: &str) -> Zeroizing<String> {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    let head = format!("# created: {now}\n# public key: {public}\n");
    joined(&head, secret)
}

fn symmetric() -> Result<Zeroizing<String>, Failure> {
    let key = random()?;
    let mut digits = Zeroizing::new([0; 64]);
    hex::encode_to_slice(&key[..], &mut digits[..])
        .map_err(|error| Failure::new("failed", error))?;
    let text = std::str::from_utf8(&digits[..]).map_err(|error| Failure::new("failed", error))?;
    Ok(joined("", text))
}

/// Joins without a copy that stays behind.
fn joined(head: &str, secret: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(head.len() + secret.len() + 1));
    text.push_str(head);
    text.push_str(secret);
    text.push('\n');
    text
}

fn random() -> Result<Zeroizing<[u8; 32]>, Failure> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut bytes[..]).map_err(|error| {
        Failure::new(
            "no_entropy",
            format_args!("no randomness from the operating system: {error}"),
        )
    })?;
    Ok(bytes)
}
