//! `stheno inspect`: everything that can be read without a key.

use stheno::envelope::{Header, Value};

use super::folder::Folder;

const METADATA: &str = r#"{ "title": "Gor\u001b[2Jgons", "rows": 12, "draft": false,
    "parts": [1.5, null, { "deep": -7 }] }"#;

#[test]
fn inspect_shows_everything_for_people() {
    let folder = Folder::new();
    folder.network("net.json", 1);
    folder.put("meta.json", METADATA);
    let public = folder.keygen("owner.key");
    folder.done(&["keygen", "--symmetric", "-o", "shared.key"]);
    folder.done(&[
        "encrypt",
        "text",
        "-p",
        "policy.json",
        "-n",
        "net.json",
        "--also-to",
        &public,
        "--also-to-shared",
        "shared.key",
        "--metadata",
        "meta.json",
        "--chunk-size",
        "8192",
        "-o",
        "text.fee",
    ]);
    let said = folder.done(&["inspect", "text.fee"]).stdout;
    for words in [
        "text.fee: Filecoin Encryption Envelope",
        "body          25 bytes",
        "aes-256-gcm (algorithm -65793)",
        "8192 bytes, 1 of them",
        "committed to in the header",
        "\"rows\": 12",
        r#""title": "Gor\u{1b}[2Jgons""#,
        r#""parts": [1.5, null, {"deep": -7}]"#,
        "recipient 1   threshold committee (algorithm -65801)",
        "1 of 0x",
        "has a native balance of at least 1 on chain 31415926",
        "recipient 2   X25519 key (algorithm -31)",
        &public,
        "recipient 3   shared AES-256 key (algorithm -5)",
    ] {
        assert!(said.contains(words), "no `{words}` in: {said}");
    }
    assert!(
        !said.contains('\u{1b}'),
        "control characters reach the terminal"
    );
}

#[test]
fn inspect_shows_everything_for_scripts() {
    let folder = Folder::new();
    folder.network("net.json", 1);
    folder.put("meta.json", METADATA);
    let encrypt = ["encrypt", "text", "-p", "policy.json", "-n", "net.json"];
    let more = ["--metadata", "meta.json", "--hide-policy", "-o", "text.fee"];
    let encrypted = folder.json(&[&encrypt[..], &more].concat());
    let object = folder.json(&["inspect", "text.fee"]);
    let metadata: serde_json::Value = serde_json::from_str(METADATA).unwrap();
    assert_eq!(object["metadata"], metadata);
    assert_eq!(object["commitsToKey"], true);
    let recipient = &object["recipients"][0];
    assert_eq!(recipient["policyHidden"], true);
    assert_eq!(recipient["policy"], serde_json::Value::Null);
    assert_eq!(recipient["policyDigest"], encrypted["policyDigest"]);
    assert_eq!(recipient["wrappedBytes"], 48);
    assert_eq!(recipient["version"], 1);
    let kid = recipient["kid"].as_str().unwrap();
    assert_eq!(format!("0x{kid}"), recipient["network"].as_str().unwrap());

    folder.done(&[&encrypt[..], &["-o", "open.fee"]].concat());
    let object = folder.json(&["inspect", "open.fee"]);
    assert_eq!(
        object["recipients"][0]["policyInWords"],
        serde_json::json!(["has a native balance of at least 1 on chain 31415926"])
    );
}

#[test]
fn inspect_shows_what_it_does_not_know() {
    let folder = Folder::new();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/fee");
    let envelope = std::fs::read(format!("{root}/chunked-recipients-9000.fee")).unwrap();
    // { …, "new": [1, true] } in the unprotected header.
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    let count = hex::decode("3a000100fe").unwrap();
    let at = envelope
        .windows(count.len())
        .position(|window| window == count)
        .unwrap();
    let map = envelope[..at]
        .iter()
        .rposition(|byte| *byte == 0xa3)
        .unwrap();
    let mut strange = envelope.clone();
    strange[map] = 0xa4;
    strange.splice(at..at, [0x63, b'n', b'e', b'w', 0x82, 0x01, 0xf5]);
    folder.put("strange.fee", &strange);
    let again = Header::read(&mut strange.as_slice()).unwrap();
    assert_eq!(again.as_bytes().len(), header.as_bytes().len() + 7);
    assert_eq!(again.unknown_fields()[0].label, Value::from("new"));

    let object = folder.json(&["inspect", "strange.fee"]);
    assert_eq!(
        object["unknownFields"],
        serde_json::json!([{ "protected": false, "label": "new", "value": [1, true] }])
    );
    let said = folder.done(&["inspect", "strange.fee"]).stdout;
    assert!(
        said.contains("unknown field \"new\" (not authenticated): [1, true]"),
        "{said}"
    );
    assert!(said.contains("not committed to"), "{said}");
    // The reference's −31 recipient has no ephemeral key: shown, and not pretended to be known.
    assert!(
        said.contains("unknown to this version (algorithm -31)"),
        "{said}"
    );
    assert!(said.contains("  wrapped key "), "{said}");
}

#[test]
fn metadata_that_is_no_object_is_refused() {
    let folder = Folder::new();
    let public = folder.keygen("owner.key");
    for text in ["[1]", "7", "{ \"a\": }", ""] {
        folder.put("meta.json", text);
        folder.fails(
            &[
                "encrypt",
                "text",
                "--also-to",
                &public,
                "--metadata",
                "meta.json",
                "-o",
                "out",
            ],
            &["meta.json: ", "metadata is a JSON object"],
        );
    }
}

#[test]
fn policy_schema_is_printed_as_it_is_published() {
    let published = include_str!("../../../protocol/schema/policy.schema.json");
    let folder = Folder::new();
    assert_eq!(folder.done(&["policy", "schema"]).stdout, published);
    let published: serde_json::Value = serde_json::from_str(published).unwrap();
    assert_eq!(folder.json(&["policy", "schema"]), published);
    // What the command prints of a policy is valid where the schema is used.
    let printed = folder.json(&["policy", "check", "policy.json"]);
    let kinds = &published["$defs"]["rule"]["properties"];
    let rule = printed["policy"]["rule"].as_object().unwrap();
    assert!(
        rule.keys().all(|kind| kinds.get(kind).is_some()),
        "{rule:?}"
    );
}
