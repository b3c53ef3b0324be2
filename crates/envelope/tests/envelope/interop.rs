//! Another implementation of the format, in JavaScript on WebCrypto, reads what
//! we write (the key commitment and wraps of both kinds included), and we read
//! what it writes. Needs Node.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use stheno_crypto::Cek;
use stheno_envelope::{
    Aes256KwRecipient, BaseNonce, ChunkSize, Cipher, EncryptOptions, Encryptor, Header, Recipient,
    SharedKey, Value as CborValue, X25519Recipient, X25519Secret,
};

use super::vectors::Case;
use super::{counter_stream, open};

const CEK: [u8; 32] = [0x42; 32];
const KEK: [u8; 32] = [0x13; 32];
const READER: [u8; 32] = [0x77; 32];

/// Asks the other implementation; `None` where there is no Node.
fn ask(requests: &[Value]) -> Option<Vec<Value>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/envelope/node/fee.mjs");
    let spawned = Command::new("node")
        .arg(script)
        .env("NODE_NO_WARNINGS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut node) = spawned else {
        println!("skipped: there is no node to run the other implementation");
        return None;
    };
    let mut stdin = node.stdin.take().unwrap();
    stdin
        .write_all(&serde_json::to_vec(requests).unwrap())
        .unwrap();
    drop(stdin);
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "the other implementation refused");
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answers.len(), requests.len());
    Some(answers)
}

fn reader() -> X25519Secret {
    X25519Secret::from_bytes(READER)
}

fn reader_json() -> Value {
    json!({ "d": hex::encode(READER), "x": hex::encode(reader().public().as_bytes()) })
}

fn metadata() -> CborValue {
    CborValue::Map(vec![
        ("title".into(), "Gorgons".into()),
        ("sisters".into(), 3.into()),
        (
            "parts".into(),
            CborValue::Array(vec![true.into(), CborValue::Null]),
        ),
    ])
}

fn sealed(cipher: Cipher, recipients: Vec<Recipient>, plaintext: &[u8]) -> String {
    let options = EncryptOptions {
        cipher,
        chunk_size: ChunkSize::MIN_WRITTEN,
        plaintext_len: Some(plaintext.len() as u64),
        metadata: Some(metadata()),
        ..EncryptOptions::default()
    };
    let nonce = BaseNonce::from_bytes([5; 12]);
    let mut envelope = Vec::new();
    Encryptor::new(options, recipients, &Cek::from_bytes(CEK), nonce)
        .unwrap()
        .encrypt(plaintext, &mut envelope)
        .unwrap();
    hex::encode(envelope)
}

#[test]
fn another_implementation_reads_what_we_write() {
    let cek = Cek::from_bytes(CEK);
    let recipients = || -> Vec<Recipient> {
        let public = reader().public();
        vec![
            Aes256KwRecipient::wrap(&SharedKey::from_bytes(KEK), b"shared", &cek).into(),
            X25519Recipient::wrap(&public, b"reader", &cek, &[8; 32])
                .unwrap()
                .into(),
        ]
    };
    let plaintext = counter_stream("interop", 10_000);
    let mut requests = Vec::new();
    for cipher in [
        Cipher::ChunkedAes256Gcm,
        Cipher::ChunkedChaCha20Poly1305,
        Cipher::Aes256Gcm,
    ] {
        let with_recipients = sealed(cipher, recipients(), &plaintext);
        let without = sealed(cipher, Vec::new(), &plaintext);
        requests.extend([
            json!({ "do": "open", "envelope": without, "cek": hex::encode(CEK) }),
            json!({ "do": "open", "envelope": with_recipients, "kek": hex::encode(KEK) }),
            json!({ "do": "open", "envelope": with_recipients, "x25519": reader_json() }),
        ]);
    }
    for (answer, number) in ask(&requests).into_iter().flatten().zip(0..) {
        assert_eq!(answer["cek"], hex::encode(CEK));
        assert!(answer["plaintext"] == hex::encode(&plaintext));
        // Chunked ones come first.
        if number < 6 {
            let expected = json!({ "title": "Gorgons", "sisters": 3, "parts": [true, null] });
            assert_eq!(answer["metadata"], expected);
        }
    }
}

#[test]
fn we_read_what_another_implementation_writes() {
    let plaintexts = [0, 1, 4096, 9000].map(|len| counter_stream("interop", len));
    let requests = plaintexts.each_ref().map(|plaintext| {
        json!({
            "do": "seal", "plaintext": hex::encode(plaintext), "cek": hex::encode(CEK),
            "x25519": hex::encode(reader().public().as_bytes()), "kek": hex::encode(KEK),
            "chunkSize": 1000,
        })
    });
    let answers = ask(&requests).into_iter().flatten();
    for (plaintext, answer) in plaintexts.iter().zip(answers) {
        let envelope = hex::decode(answer["envelope"].as_str().unwrap()).unwrap();
        let header = Header::read(&mut envelope.as_slice()).unwrap();
        let by_reader = header.unwrap_with_x25519(&reader()).unwrap();
        let by_shared = header
            .unwrap_with_shared_key(&SharedKey::from_bytes(KEK))
            .unwrap();
        assert_eq!(by_reader.expose_secret(), by_shared.expose_secret());
        let mut opened = Vec::new();
        open(&envelope, &by_reader, &mut opened).unwrap();
        assert!(opened == *plaintext);
        let expected = CborValue::Map(vec![
            ("title".into(), "from elsewhere".into()),
            (7.into(), CborValue::Bytes(vec![0x00, 0xff])),
        ]);
        assert_eq!(header.metadata(), Some(&expected));
    }
}

#[test]
fn another_implementation_reads_the_vectors_too() {
    // So that it is known to be right before it judges ours.
    let cases = Case::all();
    let request = |case: &Case| {
        json!({
            "do": "open", "envelope": hex::encode(case.envelope()),
            "cek": hex::encode(case.cek().expose_secret()),
        })
    };
    let requests: Vec<Value> = cases.iter().map(request).collect();
    let answers = ask(&requests).into_iter().flatten();
    for (case, answer) in cases.iter().zip(answers) {
        assert!(answer["plaintext"] == hex::encode(case.plaintext()));
    }
}
