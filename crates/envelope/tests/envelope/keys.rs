//! Recipients with keys, frozen: what another implementation must read, byte for byte.
//! `STHENO_BLESS=1` writes them anew.

use serde::{Deserialize, Serialize};
use stheno_crypto::Cek;
use stheno_envelope::{
    Aes256KwRecipient, BaseNonce, EncryptOptions, Encryptor, Header, SharedKey, X25519Public,
    X25519Recipient, X25519Secret,
};

use super::open;

#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Frozen {
    source: String,
    reader_secret_hex: String,
    reader_secret_text: String,
    reader_public_hex: String,
    reader_public_text: String,
    shared_key_hex: String,
    shared_key_id_hex: String,
    ephemeral_secret_hex: String,
    cek_hex: String,
    plaintext: String,
    envelope_hex: String,
}

fn frozen() -> Frozen {
    let (secret, shared, ephemeral, cek) = ([0x77; 32], [0x13; 32], [0x08; 32], [0x42; 32]);
    let reader = X25519Secret::from_bytes(secret);
    let public = reader.public();
    let key = SharedKey::from_bytes(shared);
    let recipients = vec![
        X25519Recipient::wrap(
            &public,
            public.as_bytes(),
            &Cek::from_bytes(cek),
            &ephemeral,
        )
        .unwrap()
        .into(),
        Aes256KwRecipient::wrap(&key, &key.id(), &Cek::from_bytes(cek)).into(),
    ];
    let plaintext = "for two";
    let options = EncryptOptions {
        plaintext_len: Some(plaintext.len() as u64),
        ..EncryptOptions::default()
    };
    let nonce = BaseNonce::from_bytes([5; 12]);
    let mut envelope = Vec::new();
    Encryptor::new(options, recipients, &Cek::from_bytes(cek), nonce)
        .unwrap()
        .encrypt(plaintext.as_bytes(), &mut envelope)
        .unwrap();
    Frozen {
        source: "crates/envelope/SPEC.md §5.2, §5.3; keys are test keys".to_owned(),
        reader_secret_hex: hex::encode(secret),
        reader_secret_text: reader.expose_text().to_string(),
        reader_public_hex: hex::encode(public.as_bytes()),
        reader_public_text: public.to_string(),
        shared_key_hex: hex::encode(shared),
        shared_key_id_hex: hex::encode(key.id()),
        ephemeral_secret_hex: hex::encode(ephemeral),
        cek_hex: hex::encode(cek),
        plaintext: plaintext.to_owned(),
        envelope_hex: hex::encode(envelope),
    }
}

#[test]
fn recipients_with_keys_are_the_frozen_ones() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/fee/keys.json"
    );
    let written = frozen();
    if std::env::var_os("STHENO_BLESS").is_some() {
        std::fs::write(path, serde_json::to_string_pretty(&written).unwrap() + "\n").unwrap();
    }
    let kept: Frozen = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(kept, written);

    let envelope = hex::decode(&kept.envelope_hex).unwrap();
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    let secret = X25519Secret::from_text(&kept.reader_secret_text).unwrap();
    let public: X25519Public = kept.reader_public_text.parse().unwrap();
    assert_eq!(secret.public(), public);
    assert_eq!(header.recipients()[0].kid(), Some(&public.as_bytes()[..]));
    let shared = SharedKey::from_hex(&kept.shared_key_hex).unwrap();
    for cek in [
        header.unwrap_with_x25519(&secret).unwrap(),
        header.unwrap_with_shared_key(&shared).unwrap(),
    ] {
        let mut opened = Vec::new();
        open(&envelope, &cek, &mut opened).unwrap();
        assert_eq!(opened, kept.plaintext.as_bytes());
    }
}
