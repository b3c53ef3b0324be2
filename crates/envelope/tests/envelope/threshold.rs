//! The threshold recipient: from a sealed file through shares back to its key.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use stheno_crypto::{
    Capsule, Cek, CommitteeKeys, ItemId, KeyShare, NetworkKey, NodeIndex, PolicyDigest,
    ReaderSecret,
};
use stheno_envelope::{
    BaseNonce, ChunkSize, Cipher, EncryptOptions, Encryptor, EnvelopeError, Header, Locator,
    PolicyField, Recipient, ThresholdRecipient,
};

use super::{counter_stream, open};

const LOCATOR: Locator = Locator {
    chain_id: 31_415_926,
    contract: [0xc0; 20],
    committee_id: 7,
};
const CEK: [u8; 32] = [0x42; 32];
const POLICY: &[u8] = b"canonical policy bytes";

/// A committee of one, whose only share is the secret itself.
struct Committee {
    share: KeyShare,
    keys: CommitteeKeys,
}

impl Committee {
    fn new(secret: [u8; 32]) -> Self {
        let index = NodeIndex::new(1).unwrap();
        let share = KeyShare::from_secret_bytes(index, &secret).unwrap();
        let network_key = NetworkKey::from_bytes(&share.public_key().to_bytes()).unwrap();
        let keys = CommitteeKeys {
            threshold: 1,
            network_key,
            node_keys: BTreeMap::from([(index, share.public_key())]),
        };
        Self { share, keys }
    }

    fn seal(&self, policy: PolicyField) -> ThresholdRecipient {
        ThresholdRecipient::seal(
            &self.keys.network_key,
            &LOCATOR,
            policy,
            ItemId::from_bytes([0x11; 32]),
            &Cek::from_bytes(CEK),
            &[0x22; 32],
        )
    }

    /// What a reader does whose condition is met.
    fn open(&self, recipient: &ThresholdRecipient) -> Option<Cek> {
        let reader = ReaderSecret::from_seed(&[3; 32]);
        let identity = recipient.identity(&self.keys.network_key.fingerprint());
        let share = self
            .share
            .share(1, &identity, &reader.public(), &[4; 32], &[5; 32]);
        let (capsule, aad): (&Capsule, _) = (recipient.capsule(), recipient.aad());
        stheno_crypto::open(
            &self.keys,
            &reader,
            &identity,
            capsule,
            &aad,
            &[share],
            &[6; 32],
        )
        .ok()
        .map(|opened| opened.cek)
    }
}

fn committee() -> Committee {
    let mut secret = [0; 32];
    secret[31] = 77;
    Committee::new(secret)
}

fn envelope(cipher: Cipher, recipient: ThresholdRecipient, plaintext: &[u8]) -> Vec<u8> {
    let options = EncryptOptions {
        cipher,
        chunk_size: ChunkSize::MIN_WRITTEN,
        plaintext_len: Some(plaintext.len() as u64),
        threads: NonZeroUsize::new(1),
        ..EncryptOptions::default()
    };
    let nonce = BaseNonce::from_bytes([9; 12]);
    let mut envelope = Vec::new();
    Encryptor::new(
        options,
        vec![recipient.into()],
        &Cek::from_bytes(CEK),
        nonce,
    )
    .unwrap()
    .encrypt(plaintext, &mut envelope)
    .unwrap();
    envelope
}

fn threshold(header: &Header) -> &ThresholdRecipient {
    match header.recipients() {
        [Recipient::Threshold(recipient)] => recipient,
        other => panic!("{other:?}"),
    }
}

#[test]
fn threshold_recipient_opens_the_file_it_was_sealed_to() {
    let committee = committee();
    let hidden = PolicyDigest::of(POLICY);
    for policy in [
        PolicyField::Bytes(POLICY.to_vec()),
        PolicyField::Digest(hidden),
    ] {
        let plaintext = counter_stream("threshold", 10_000);
        let sealed = committee.seal(policy.clone());
        let envelope = envelope(Cipher::ChunkedAes256Gcm, sealed.clone(), &plaintext);
        let header = Header::read(&mut envelope.as_slice()).unwrap();
        let recipient = threshold(&header);
        assert_eq!(recipient, &sealed);
        assert_eq!(recipient.locator(), &LOCATOR);
        assert_eq!(recipient.policy(), &policy);
        assert_eq!(recipient.policy().digest(), hidden);
        assert_eq!(recipient.item(), &ItemId::from_bytes([0x11; 32]));
        assert_eq!(
            header.recipients()[0].kid(),
            Some(&LOCATOR.network().as_bytes()[..])
        );
        let cek = committee.open(recipient).unwrap();
        let mut opened = Vec::new();
        open(&envelope, &cek, &mut opened).unwrap();
        assert!(opened == plaintext);
    }
}

#[test]
fn threshold_recipient_fails_for_any_byte_changed() {
    let committee = committee();
    let sealed = committee.seal(PolicyField::Bytes(POLICY.to_vec()));
    let envelope = envelope(Cipher::ChunkedAes256Gcm, sealed, b"");
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    let list = header
        .as_bytes()
        .windows(3)
        .position(|window| window == [0xf6, 0x81, 0x83])
        .unwrap()
        + 2;
    let mut changed = header.as_bytes().to_vec();
    for byte in list..changed.len() {
        let bit = 1 << (byte % 8);
        changed[byte] ^= bit;
        if let Ok(header) = Header::read(&mut changed.as_slice())
            && let [Recipient::Threshold(recipient)] = header.recipients()
        {
            assert!(committee.open(recipient).is_none(), "byte {byte}");
        }
        changed[byte] ^= bit;
    }
}

#[test]
fn threshold_recipient_fails_for_another_policy_item_or_network() {
    // What an attacker would do: take the victim's capsule under its own policy.
    let committee = committee();
    let victim = committee.seal(PolicyField::Bytes(POLICY.to_vec()));
    let own = committee.seal(PolicyField::Bytes(b"true".to_vec()));
    let reader = ReaderSecret::from_seed(&[3; 32]);
    let identity = own.identity(&committee.keys.network_key.fingerprint());
    let share = committee
        .share
        .share(1, &identity, &reader.public(), &[4; 32], &[5; 32]);
    for aad in [victim.aad(), own.aad()] {
        let opened = stheno_crypto::open(
            &committee.keys,
            &reader,
            &identity,
            victim.capsule(),
            &aad,
            std::slice::from_ref(&share),
            &[6; 32],
        );
        assert!(opened.is_err());
    }
    let mut other = [0; 32];
    other[31] = 78;
    assert!(Committee::new(other).open(&victim).is_none());
}

#[test]
fn threshold_recipient_of_another_version_is_kept_as_unknown() {
    let sealed = committee().seal(PolicyField::Bytes(POLICY.to_vec()));
    let envelope = envelope(Cipher::ChunkedAes256Gcm, sealed, b"");
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    let mut changed = header.as_bytes().to_vec();
    let version = changed
        .windows(5)
        .position(|window| window == [0x3a, 0x00, 0x01, 0x01, 0x11])
        .unwrap()
        + 5;
    assert_eq!(changed[version], 1);
    changed[version] = 2;
    let header = Header::read(&mut changed.as_slice()).unwrap();
    assert!(matches!(header.recipients(), [Recipient::Unknown(_)]));
    assert_eq!(header.recipients()[0].algorithm(), Some(-65801));
}

#[test]
fn threshold_header_with_a_policy_of_its_limit_is_readable() {
    let sealed = committee().seal(PolicyField::Bytes(vec![0xa5; 16 << 10]));
    let envelope = envelope(Cipher::ChunkedAes256Gcm, sealed, b"");
    assert!(Header::read(&mut envelope.as_slice()).is_ok());
    let sealed = committee().seal(PolicyField::Bytes(vec![0xa5; 2 << 20]));
    let too_large = Encryptor::new(
        EncryptOptions::default(),
        vec![sealed.into()],
        &Cek::from_bytes(CEK),
        BaseNonce::from_bytes([0; 12]),
    );
    assert!(matches!(too_large, Err(EnvelopeError::Unwritable { .. })));
}

/// An envelope of ours, frozen: other implementations and later versions must read it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Frozen {
    name: String,
    cipher: String,
    /// The committee's whole secret key, a test key.
    secret_key_hex: String,
    plaintext_rule: String,
    plaintext_len: usize,
    cek_hex: String,
    item_hex: String,
    sigma_hex: String,
    base_nonce_hex: String,
    policy_hex: String,
    policy_is_hidden: bool,
    network_id_hex: String,
    envelope_hex: String,
}

fn frozen() -> Vec<Frozen> {
    let committee = committee();
    [
        ("aes", Cipher::ChunkedAes256Gcm, false, 5000),
        ("chacha", Cipher::ChunkedChaCha20Poly1305, false, 4096),
        ("hidden policy", Cipher::ChunkedAes256Gcm, true, 0),
        ("whole", Cipher::Aes256Gcm, false, 100),
    ]
    .map(|(name, cipher, hidden, len)| {
        let policy = if hidden {
            PolicyField::Digest(PolicyDigest::of(POLICY))
        } else {
            PolicyField::Bytes(POLICY.to_vec())
        };
        let plaintext = counter_stream(name, len);
        Frozen {
            name: name.to_owned(),
            cipher: cipher.to_string(),
            secret_key_hex: hex::encode(&committee.share.expose_secret_bytes()[..]),
            plaintext_rule: format!("block i = SHA-256(\"public/{name}/i\"), truncated"),
            plaintext_len: len,
            cek_hex: hex::encode(CEK),
            item_hex: hex::encode([0x11; 32]),
            sigma_hex: hex::encode([0x22; 32]),
            base_nonce_hex: hex::encode([9; 12]),
            policy_hex: hex::encode(POLICY),
            policy_is_hidden: hidden,
            network_id_hex: hex::encode(LOCATOR.network().as_bytes()),
            envelope_hex: hex::encode(envelope(cipher, committee.seal(policy), &plaintext)),
        }
    })
    .into()
}

#[test]
fn threshold_envelopes_are_the_frozen_ones() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/fee/threshold.json"
    );
    let written = frozen();
    if std::env::var_os("STHENO_BLESS").is_some() {
        std::fs::write(path, serde_json::to_string_pretty(&written).unwrap() + "\n").unwrap();
    }
    let kept: Vec<Frozen> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(kept, written);
    for frozen in &kept {
        let envelope = hex::decode(&frozen.envelope_hex).unwrap();
        let header = Header::read(&mut envelope.as_slice()).unwrap();
        let cek = committee().open(threshold(&header)).unwrap();
        let mut opened = Vec::new();
        open(&envelope, &cek, &mut opened).unwrap();
        assert!(opened == counter_stream(&frozen.name, frozen.plaintext_len));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn threshold_recipient_reads_back_as_written(
        chain_id: u64,
        contract: [u8; 20],
        committee_id: u64,
        policy in prop::collection::vec(any::<u8>(), 0..200),
        item: [u8; 32],
        sigma: [u8; 32],
    ) {
        let locator = Locator { chain_id, contract, committee_id };
        let sealed = ThresholdRecipient::seal(
            &committee().keys.network_key,
            &locator,
            PolicyField::Bytes(policy),
            ItemId::from_bytes(item),
            &Cek::from_bytes(CEK),
            &sigma,
        );
        let envelope = envelope(Cipher::ChunkedAes256Gcm, sealed.clone(), b"");
        let header = Header::read(&mut envelope.as_slice()).unwrap();
        prop_assert_eq!(threshold(&header), &sealed);
    }
}
