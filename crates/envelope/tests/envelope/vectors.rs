//! The 17 envelopes that the format's TypeScript reference wrote (`tests/vectors/fee`).

use serde::Deserialize;
use sha2::{Digest, Sha256};
use stheno_crypto::Cek;
use stheno_envelope::{Cipher, Header, Recipient, Value};

use super::{counter_stream, open};

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
pub(super) struct Case {
    pub(super) name: String,
    file: String,
    tag: u8,
    algorithm: i64,
    chunk_size: Option<usize>,
    cek_hex: String,
    plaintext_len: usize,
    plaintext_sha256: String,
    recipients: Vec<CaseRecipient>,
    app_metadata: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct CaseRecipient {
    algorithm: i64,
    kid_hex: String,
}

impl Case {
    pub(super) fn all() -> Vec<Self> {
        let cases = std::fs::read(folder().join("cases.json")).unwrap();
        serde_json::from_slice::<Cases>(&cases).unwrap().cases
    }

    pub(super) fn named(name: &str) -> Self {
        Self::all()
            .into_iter()
            .find(|case| case.name == name)
            .unwrap()
    }

    pub(super) fn envelope(&self) -> Vec<u8> {
        std::fs::read(folder().join(&self.file)).unwrap()
    }

    pub(super) fn cek(&self) -> Cek {
        Cek::from_bytes(hex::decode(&self.cek_hex).unwrap().try_into().unwrap())
    }

    pub(super) fn plaintext(&self) -> Vec<u8> {
        counter_stream(&self.name, self.plaintext_len)
    }
}

fn folder() -> std::path::PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/fee").into()
}

#[test]
fn vectors_decrypt_to_their_hashes() {
    let cases = Case::all();
    assert_eq!(cases.len(), 17);
    for case in cases {
        let mut plaintext = Vec::new();
        open(&case.envelope(), &case.cek(), &mut plaintext).expect(&case.name);
        assert_eq!(plaintext.len(), case.plaintext_len, "{}", case.name);
        assert_eq!(
            hex::encode(Sha256::digest(&plaintext)),
            case.plaintext_sha256,
            "{}",
            case.name
        );
        assert_eq!(plaintext, case.plaintext(), "{}", case.name);
    }
}

#[test]
fn vectors_headers_say_what_the_cases_say() {
    for case in Case::all() {
        let envelope = case.envelope();
        let mut source = envelope.as_slice();
        let header = Header::read(&mut source).expect(&case.name);
        assert_eq!(header.as_bytes().len() + source.len(), envelope.len());
        let tag = if envelope[0] == 0xd0 { 16 } else { envelope[1] };
        assert_eq!(tag, case.tag);
        assert_eq!(header.cipher().algorithm(), case.algorithm);
        assert!(!header.commits_to_key());
        if let Some(size) = case.chunk_size {
            assert_eq!(header.chunk_size().get(), size);
        }
        if header.cipher() != Cipher::Aes256Gcm {
            let chunks = case
                .plaintext_len
                .div_ceil(header.chunk_size().get())
                .max(1);
            assert_eq!(header.chunk_count(), Some(chunks as u64));
        }
        assert_eq!(header.recipients().len(), case.recipients.len());
        for (found, expected) in header.recipients().iter().zip(&case.recipients) {
            assert_eq!(found.algorithm(), Some(expected.algorithm));
            assert_eq!(hex::encode(found.kid().unwrap()), expected.kid_hex);
            // The −31 recipients of the vectors are filler without an ephemeral key.
            match expected.algorithm {
                -5 => assert!(matches!(found, Recipient::Aes256Kw(_))),
                _ => assert!(matches!(found, Recipient::Unknown(_))),
            }
        }
        assert_eq!(
            header.metadata().is_some(),
            case.app_metadata.is_some(),
            "{}",
            case.name
        );
    }
}

#[test]
fn vectors_metadata_reads_as_a_map() {
    let envelope = Case::named("chunked-metadata-100").envelope();
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    let Some(Value::Map(map)) = header.metadata() else {
        panic!("no map");
    };
    let value = |key: &str| {
        map.iter()
            .find(|(found, _)| found.as_text() == Some(key))
            .map(|(_, value)| value.clone())
    };
    assert_eq!(value("title"), Some("dataset".into()));
    assert_eq!(value("draft"), Some(false.into()));
    assert_eq!(value("rows"), Some(12.into()));
    assert_eq!(
        value("cid"),
        Some(Value::Bytes(vec![0x01, 0x55, 0x12, 0x20]))
    );
}
