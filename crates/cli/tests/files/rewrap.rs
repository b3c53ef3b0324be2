//! `stheno rewrap`: recipients change, the ciphertext does not; headers apart from their bodies.

use serde_json::Value;

use super::folder::Folder;

/// A CID of a piece; what it names does not matter here.
const CID: &str = "bafkzcibd5sbqn2tkdqeyp4kvmtg2d4ijcd6eyumenwnkzj5gnmcaetlvs7z2wba2";

/// An envelope for the key in `owner.key`, of 300,000 bytes.
fn folder() -> Folder {
    let folder = Folder::new();
    let public = folder.keygen("owner.key");
    folder.put("data", noise(300_000));
    folder.put("meta.json", r#"{ "title": "Gorgons", "sisters": 3 }"#);
    folder.done(&[
        "encrypt",
        "data",
        "--also-to",
        &public,
        "--metadata",
        "meta.json",
        "-o",
        "data.fee",
    ]);
    folder
}

fn noise(len: usize) -> Vec<u8> {
    (0..len as u64)
        .map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
        .collect()
}

impl Folder {
    fn opens(&self, envelope: &str, with: &[&str]) {
        let args = [&["decrypt", envelope, "-o", "copy", "--force"], with].concat();
        self.done(&args);
        assert!(self.read("copy") == noise(300_000), "{envelope}");
    }

    /// What follows the header.
    fn body(&self, envelope: &str) -> Vec<u8> {
        let header = self.json(&["inspect", envelope])["headerBytes"].clone();
        self.read(envelope)[header.as_u64().unwrap() as usize..].to_vec()
    }
}

/// A file of the format's reference implementation, and its key.
fn reference(folder: &Folder, name: &str) {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/fee");
    let cases = std::fs::read(format!("{root}/cases.json")).unwrap();
    let cases: Value = serde_json::from_slice(&cases).unwrap();
    let case = cases["cases"].as_array().unwrap();
    let case = case.iter().find(|case| case["name"] == name).unwrap();
    let file = case["file"].as_str().unwrap();
    folder.put("ref.fee", std::fs::read(format!("{root}/{file}")).unwrap());
    folder.put("ref.cek", case["cek_hex"].as_str().unwrap());
}

#[test]
fn rewrap_adds_recipients_and_copies_the_ciphertext() {
    let folder = folder();
    let reader = folder.keygen("reader.key");
    folder.network("net.json", 1);
    let said = folder.done(&[
        "rewrap",
        "data.fee",
        "-i",
        "owner.key",
        "--also-to",
        &reader,
        "-n",
        "net.json",
        "-p",
        "policy.json",
        "-o",
        "new.fee",
    ]);
    assert!(said.stdout.contains("3 recipients"), "{}", said.stdout);
    assert!(folder.body("new.fee") == folder.body("data.fee"));
    folder.opens("new.fee", &["-i", "owner.key"]);
    folder.opens("new.fee", &["-i", "reader.key"]);
    let inspected = folder.json(&["inspect", "new.fee"]);
    assert_eq!(inspected["metadata"]["title"], "Gorgons");
    assert_eq!(inspected["recipients"][1]["kind"], "threshold committee");
    // What was there is there still, in its place.
    let before = folder.json(&["inspect", "data.fee"]);
    assert_eq!(inspected["recipients"][0], before["recipients"][0]);
}

#[test]
fn rewrap_takes_recipients_away_without_a_key() {
    let folder = folder();
    let reader = folder.keygen("reader.key");
    folder.done(&[
        "rewrap",
        "data.fee",
        "-i",
        "owner.key",
        "--also-to",
        &reader,
        "-o",
        "both.fee",
    ]);
    folder.done(&["rewrap", "both.fee", "--remove", "1", "-o", "reader.fee"]);
    folder.opens("reader.fee", &["-i", "reader.key"]);
    folder.fails(
        &["decrypt", "reader.fee", "-i", "owner.key", "-o", "out"],
        &["none of the given keys"],
    );
    folder.fails(
        &["rewrap", "both.fee", "--remove", "3", "-o", "out"],
        &["there is no recipient 3: the envelope has 2"],
    );
    folder.fails(
        &[
            "rewrap", "both.fee", "--remove", "1", "--remove", "2", "-o", "out",
        ],
        &["list of recipients is empty"],
    );
}

#[test]
fn rewrap_replaces_all_recipients() {
    let folder = folder();
    let reader = folder.keygen("reader.key");
    folder.done(&[
        "rewrap",
        "data.fee",
        "-i",
        "owner.key",
        "--replace",
        "--also-to",
        &reader,
        "-o",
        "new.fee",
    ]);
    folder.opens("new.fee", &["-i", "reader.key"]);
    let inspected = folder.json(&["inspect", "new.fee"]);
    assert_eq!(inspected["recipients"].as_array().unwrap().len(), 1);
}

#[test]
fn rewrap_streams_from_a_pipe_to_a_pipe() {
    let folder = folder();
    let reader = folder.keygen("reader.key");
    let args = [
        "rewrap",
        "-",
        "-i",
        "owner.key",
        "--also-to",
        &reader,
        "-o",
        "-",
    ];
    let output = folder
        .stheno(&args)
        .stdin(std::fs::File::open(folder.path("data.fee")).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    folder.put("new.fee", output.stdout);
    folder.opens("new.fee", &["-i", "reader.key"]);
}

#[test]
fn rewrap_needs_the_key_to_add_somebody_and_the_right_one() {
    let folder = folder();
    let reader = folder.keygen("reader.key");
    let add: &[&str] = &["rewrap", "data.fee", "--also-to", &reader, "-o", "out"];
    folder.fails(add, &["no key", "--identity"]);
    folder.fails(
        &[add, &["-i", "reader.key"]].concat(),
        &["none of the given keys"],
    );
    folder.put("wrong.cek", "11".repeat(32));
    folder.fails(
        &[add, &["--cek-file", "wrong.cek"]].concat(),
        &["does not belong to this envelope"],
    );
    folder.fails(
        &["rewrap", "data.fee", "-o", "out"],
        &["nothing was asked for"],
    );
    folder.fails(
        &["rewrap", "data.fee", "--remove", "1", "-o", "data.fee"],
        &["the output is the input"],
    );
}

#[test]
fn rewrap_is_refused_for_an_envelope_without_recipients() {
    let folder = folder();
    let reader = folder.keygen("reader.key");
    folder.put("cek", "42".repeat(32));
    folder.done(&["encrypt", "data", "--cek-file", "cek", "-o", "bare.fee"]);
    folder.fails(
        &[
            "rewrap",
            "bare.fee",
            "--cek-file",
            "cek",
            "--also-to",
            &reader,
            "-o",
            "out",
        ],
        &["written without recipients", "encrypt the file again"],
    );
}

#[test]
fn rewrap_of_another_tools_file_keeps_what_it_does_not_know_and_checks_the_key() {
    let folder = Folder::new();
    let reader = folder.keygen("reader.key");
    reference(&folder, "chunked-recipients-9000");
    let add: &[&str] = &["rewrap", "ref.fee", "--also-to", &reader];
    folder.done(&[add, &["--cek-file", "ref.cek", "-o", "new.fee"]].concat());
    folder.done(&["decrypt", "ref.fee", "--cek-file", "ref.cek", "-o", "a"]);
    folder.done(&["decrypt", "new.fee", "-i", "reader.key", "-o", "b"]);
    assert!(folder.read("a") == folder.read("b"));
    let recipients = |name: &str| folder.json(&["inspect", name])["recipients"].clone();
    let (before, after) = (recipients("ref.fee"), recipients("new.fee"));
    for (at, recipient) in before.as_array().unwrap().iter().enumerate() {
        assert_eq!(&after[at], recipient);
    }

    // The file does not commit to its key; its first chunk tells.
    folder.put("wrong.cek", "11".repeat(32));
    folder.fails(
        &[add, &["--cek-file", "wrong.cek", "-o", "out"]].concat(),
        &["does not belong to this envelope"],
    );
}

#[test]
fn detached_header_opens_a_blob_that_stays_where_it_is() {
    let folder = folder();
    let reader = folder.keygen("reader.key");
    let said = folder.done(&[
        "rewrap",
        "data.fee",
        "-i",
        "owner.key",
        "--also-to",
        &reader,
        "--detached",
        CID,
        "-o",
        "for-them.fee",
    ]);
    assert!(said.stdout.contains("a header alone"), "{}", said.stdout);
    assert!(folder.read("for-them.fee").len() < 1000);
    let inspected = folder.json(&["inspect", "for-them.fee"]);
    let offset = folder.json(&["inspect", "data.fee"])["headerBytes"].clone();
    assert_eq!(inspected["location"]["cid"], CID);
    assert_eq!(inspected["location"]["offset"], offset);
    assert_eq!(
        inspected["location"]["length"],
        folder.body("data.fee").len()
    );
    assert_eq!(inspected["bodyBytes"], Value::Null);

    folder.opens("for-them.fee", &["-i", "reader.key", "--body", "data.fee"]);

    // The blob inside a larger object.
    let object = [vec![0xaa; 1000], folder.read("data.fee"), vec![0xbb; 10]].concat();
    folder.put("object", object);
    let at = (1000 + offset.as_u64().unwrap()).to_string();
    folder.done(&[
        "rewrap",
        "data.fee",
        "--detached",
        CID,
        "--offset",
        &at,
        "-o",
        "inside.fee",
    ]);
    folder.opens("inside.fee", &["-i", "owner.key", "--body", "object"]);

    // Attached again it is an envelope like any other.
    folder.done(&[
        "rewrap",
        "inside.fee",
        "--body",
        "object",
        "-o",
        "whole.fee",
    ]);
    assert!(folder.read("whole.fee") == folder.read("data.fee"));
}

#[test]
fn detached_header_without_its_blob_or_with_a_wrong_one_is_refused() {
    let folder = folder();
    folder.done(&["rewrap", "data.fee", "--detached", CID, "-o", "head.fee"]);
    let decrypt: &[&str] = &["decrypt", "head.fee", "-i", "owner.key", "-o", "out"];
    folder.fails(decrypt, &["is a header alone", CID, "--body FILE"]);
    folder.fails(
        &[decrypt, &["--body", "text"]].concat(),
        &["text has 9 bytes, but its ciphertext is bytes"],
    );
    let mut other = folder.read("data.fee");
    let middle = other.len() / 2;
    other[middle] ^= 1;
    folder.put("other.fee", other);
    folder.fails(
        &[decrypt, &["--body", "other.fee"]].concat(),
        &["does not authenticate"],
    );
    folder.fails(
        &[
            "decrypt",
            "data.fee",
            "--body",
            "data.fee",
            "-i",
            "owner.key",
            "-o",
            "out",
        ],
        &["is not detached"],
    );
    folder.fails(
        &["rewrap", "data.fee", "--detached", "nonsense", "-o", "out"],
        &["--detached: this is no CID"],
    );
    folder.fails(
        &["unwrap", "head.fee", "-i", "text", "--cek-out", "out"],
        &["this is no key"],
    );
    // The key is in the header: for that, the blob is not needed.
    folder.done(&["unwrap", "head.fee", "-i", "owner.key", "--cek-out", "cek"]);
}
