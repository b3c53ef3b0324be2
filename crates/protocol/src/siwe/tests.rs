//! The cases of spruceid/siwe, where they are at hand, and some of our own.

use std::{collections::BTreeMap, path::PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;
use crate::signature;

const PLAIN: &str = "example.com wants you to sign in with your Ethereum account:
0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2

Hello.

URI: https://example.com/login
Version: 1
Chain ID: 314
Nonce: 12341234
Issued At: 2026-11-23T00:00:00Z
Expiration Time: 2026-11-23T01:00:00Z
Not Before: 2026-11-23T00:00:01.5Z
Request ID: some_id
Resources:
- urn:example:1
- ipfs://Qm/?a=b#c";

/// The cases in a file of the external vectors; none where there are none.
fn cases<T: DeserializeOwned>(name: &str) -> Option<BTreeMap<String, T>> {
    let folder = match std::env::var_os("STHENO_VECTORS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
    };
    let path = folder.join("external").join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(error) => {
            #[allow(clippy::print_stdout, reason = "a test that does not run says so")]
            {
                println!("skipped: {}: {error}", path.display());
            }
            None
        }
    }
}

/// The message of these fields, each of which must have its form.
fn message(fields: &Value) -> Result<Message, String> {
    fn text<T: FromStr>(fields: &Value, name: &str) -> Result<Option<T>, String> {
        let Some(value) = fields.get(name) else {
            return Ok(None);
        };
        let parsed = value.as_str().and_then(|text| text.parse().ok());
        parsed.map(Some).ok_or_else(|| format!("{name} is {value}"))
    }
    fn needed<T: FromStr>(fields: &Value, name: &str) -> Result<T, String> {
        text(fields, name)?.ok_or_else(|| format!("{name} is missing"))
    }
    if fields["version"] != "1" {
        return Err(format!("version is {}", fields["version"]));
    }
    let address: String = needed(fields, "address")?;
    let resources = fields.get("resources").map(|resources| {
        let list = resources.as_array().ok_or("resources")?.iter();
        list.map(|uri| uri.as_str().ok_or("resource")?.parse().map_err(|_| "URI"))
            .collect::<Result<Vec<Uri>, &str>>()
    });
    Ok(Message {
        domain: needed(fields, "domain")?,
        address: Address::parse_checksummed(address, None).map_err(|error| error.to_string())?,
        statement: text(fields, "statement")?,
        uri: needed(fields, "uri")?,
        chain_id: fields["chainId"].as_u64().ok_or("chainId is no number")?,
        nonce: needed(fields, "nonce")?,
        issued_at: needed(fields, "issuedAt")?,
        expiration_time: text(fields, "expirationTime")?,
        not_before: text(fields, "notBefore")?,
        request_id: text(fields, "requestId")?,
        resources: resources.transpose()?,
    })
}

/// Whether a case of verification holds: form, binding, time, signature.
fn verify(case: &Value) -> Result<(), String> {
    let message = message(case)?;
    let text = |name: &str| case.get(name).and_then(Value::as_str);
    if let Some(domain) = text("domainBinding")
        && message.domain.as_str() != domain
    {
        return Err("for another domain".to_owned());
    }
    if let Some(nonce) = text("matchNonce")
        && message.nonce.as_str() != nonce
    {
        return Err("with another nonce".to_owned());
    }
    // The cases that name no time are of the years 2022 to 2100.
    let now = text("time").unwrap_or("2026-11-23T00:00:00Z");
    let now: Time = now.parse().map_err(|_| "time")?;
    if !message.is_valid_at(u64::try_from(now.at().as_second()).unwrap()) {
        return Err("not now".to_owned());
    }
    let signature = text("signature").ok_or("no signature")?;
    let signature = hex::decode(signature.trim_start_matches("0x")).map_err(|e| e.to_string())?;
    let signer =
        signature::recover_message(&message.to_string(), &signature).map_err(|e| e.to_string())?;
    (signer == message.address)
        .then_some(())
        .ok_or_else(|| format!("signed by {signer}"))
}

#[test]
fn messages_of_the_external_cases_are_read_and_written_again() {
    #[derive(serde::Deserialize)]
    struct Case {
        message: String,
        fields: Value,
    }
    let Some(cases) = cases::<Case>("siwe-parsing_positive.json") else {
        return;
    };
    assert_eq!(cases.len(), 19);
    for (name, case) in cases {
        let parsed: Message = case
            .message
            .parse()
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(parsed.to_string(), case.message, "{name}");
        let mut fields = case.fields;
        // The scheme is a field of its own there.
        if let Some(scheme) = fields.get("scheme").and_then(Value::as_str) {
            let domain = fields["domain"].as_str().unwrap();
            fields["domain"] = format!("{scheme}://{domain}").into();
        }
        assert_eq!(message(&fields).as_ref(), Ok(&parsed), "{name}");
    }
}

#[test]
fn malformed_messages_of_the_external_cases_are_refused() {
    let Some(cases) = cases::<String>("siwe-parsing_negative.json") else {
        return;
    };
    assert_eq!(cases.len(), 29);
    for (name, case) in cases {
        assert!(case.parse::<Message>().is_err(), "{name}");
    }
}

#[test]
fn fields_of_the_external_cases_are_refused() {
    let Some(cases) = cases::<Value>("siwe-parsing_negative_objects.json") else {
        return;
    };
    assert_eq!(cases.len(), 18);
    for (name, case) in cases {
        assert!(message(&case).is_err(), "{name}");
    }
}

#[test]
fn signatures_of_the_external_cases_hold_or_do_not() {
    let Some(good) = cases::<Value>("siwe-verification_positive.json") else {
        return;
    };
    assert_eq!(good.len(), 4);
    for (name, case) in good {
        assert_eq!(verify(&case), Ok(()), "{name}");
    }
    let bad = cases::<Value>("siwe-verification_negative.json").unwrap();
    assert_eq!(bad.len(), 10);
    let refused: BTreeMap<String, String> = bad
        .into_iter()
        .map(|(name, case)| (name, verify(&case).unwrap_err()))
        .collect();
    assert_eq!(refused["expired message"], "not now");
    assert_eq!(refused["not yet valid"], "not now");
    assert_eq!(refused["domain binding"], "for another domain");
    assert_eq!(refused["custom nonce"], "with another nonce");
    assert!(refused["wrong signature"].starts_with("signed by"));
}

/// Their accounts are contracts on Ethereum: no key's signature, so only the chain can tell.
#[test]
fn contract_wallets_of_the_external_cases_sign_messages_that_no_key_did() {
    #[derive(serde::Deserialize)]
    struct Case {
        message: String,
        signature: String,
    }
    let Some(cases) = cases::<Case>("siwe-eip1271.json") else {
        return;
    };
    assert_eq!(cases.len(), 2);
    for (name, case) in cases {
        let message: Message = case.message.parse().unwrap();
        assert_eq!(
            message.digest(),
            eip191_hash_message(&case.message),
            "{name}"
        );
        let signature = hex::decode(&case.signature[2..]).unwrap();
        let signer = signature::recover_message(&case.message, &signature);
        assert_ne!(signer.ok(), Some(message.address), "{name}");
    }
}

#[test]
fn message_round_trips_with_every_field() {
    let message: Message = PLAIN.parse().unwrap();
    assert_eq!(message.to_string(), PLAIN);
    assert_eq!(message.chain_id, 314);
    assert_eq!(message.resources.as_ref().unwrap().len(), 2);
}

#[test]
fn message_is_refused_when_one_line_is_off() {
    for (part, instead, line) in [
        ("\n\nHello", "\nHello", "line 3"),
        ("Hello.", "Hel\tlo", "line 4"),
        ("Hello.", "Héllo", "line 4"),
        ("\n\nURI", "\nURI", "line 5"),
        ("Version: 1", "Version: 2", "line 7"),
        ("Chain ID: 314", "Chain ID: 0314", "line 8"),
        ("Chain ID: 314", "Chain ID: +314", "line 8"),
        ("Chain ID: 314", "Chain ID: 18446744073709551616", "line 8"),
        ("2026-11-23T00:00:00Z", "2026-11-23t00:00:00z", "line 10"),
        ("2026-11-23T00:00:00Z", "2026-11-23 00:00:00Z", "line 10"),
        ("2026-11-23T00:00:00Z", "2026-11-23T00:00:00", "line 10"),
        ("2026-11-23T00:00:00Z", "2026-02-30T00:00:00Z", "line 10"),
        ("2026-11-23T00:00:00Z", "2026-11-23T00:00:00.Z", "line 10"),
        ("- urn", " - urn", "line 15"),
        ("urn:example:1", "urn:exa mple", "line 15"),
        ("urn:example:1", "urn:%zz", "line 15"),
        ("#c", "#c#d", "line 16"),
        ("#c", "#c\n", "line 17"),
        ("\nResources:", "\nResources: ", "line 14"),
    ] {
        let text = PLAIN.replacen(part, instead, 1);
        assert_ne!(text, PLAIN, "{part}");
        let error = text.parse::<Message>().unwrap_err().to_string();
        assert!(error.starts_with(line), "{instead:?}: {error}");
    }
    assert!("".parse::<Message>().is_err());
    assert!(PLAIN.replace('\n', "\r\n").parse::<Message>().is_err());
    let long = format!("{PLAIN}{}", "a".repeat(MAX_BYTES));
    assert!(matches!(
        long.parse::<Message>(),
        Err(SiweError::TooLong(_))
    ));
}

#[test]
fn message_is_valid_from_its_beginning_until_its_end() {
    let message: Message = PLAIN.parse().unwrap();
    let begins = 1_795_392_001;
    assert!(!message.is_valid_at(begins), "half a second early");
    assert!(message.is_valid_at(begins + 1));
    assert!(message.is_valid_at(begins + 3_598));
    assert!(!message.is_valid_at(begins + 3_599));
    assert!(!message.is_valid_at(u64::MAX));
}
