//! What we write: it opens again, and other libraries understand it.

use std::num::NonZeroUsize;

use coset::{AsCborValue, TaggedCborSerializable};
use proptest::prelude::*;
use stheno_crypto::Cek;
use stheno_envelope::{
    Aes256KwRecipient, BaseNonce, ChunkSize, Cipher, Decryptor, EncryptOptions, Encrypted,
    Encryptor, EnvelopeError, Header, Location, MAX_WHOLE_BYTES, Recipient, SharedKey, Value,
    X25519Public, X25519Recipient, X25519Secret, header::MAX_RECIPIENTS,
};

use super::{Dribble, counter_stream, open};

const CEK: [u8; 32] = [0x42; 32];

fn write(
    options: EncryptOptions,
    recipients: Vec<Recipient>,
    plaintext: &[u8],
) -> Result<(Vec<u8>, Encrypted), EnvelopeError> {
    let nonce = BaseNonce::from_bytes([7, 6, 5, 4, 3, 2, 1, 0xa, 0xb, 0xc, 0xd, 0xe]);
    let encryptor = Encryptor::new(options, recipients, &Cek::from_bytes(CEK), nonce)?;
    let mut envelope = Vec::new();
    let written = encryptor.encrypt(plaintext, &mut envelope)?;
    assert_eq!(written.total_len(), envelope.len() as u64);
    Ok((envelope, written))
}

fn both_kinds() -> Vec<Recipient> {
    let cek = Cek::from_bytes(CEK);
    let reader = X25519Secret::from_bytes([3; 32]).public();
    vec![
        Aes256KwRecipient::wrap(&SharedKey::from_bytes([1; 32]), b"shared", &cek).into(),
        X25519Recipient::wrap(&reader, reader.as_bytes(), &cek, &[4; 32])
            .unwrap()
            .into(),
    ]
}

/// Envelopes of ours for the attacks.
pub(super) fn ours() -> impl Iterator<Item = (&'static str, Vec<u8>, Vec<u8>, Cek)> {
    let plaintext = counter_stream("ours", 9000);
    let options = |cipher| EncryptOptions {
        cipher,
        chunk_size: ChunkSize::MIN_WRITTEN,
        plaintext_len: Some(9000),
        ..EncryptOptions::default()
    };
    let aes = options(Cipher::ChunkedAes256Gcm);
    let chacha = options(Cipher::ChunkedChaCha20Poly1305);
    [
        ("ours, aes, no recipients", aes.clone(), Vec::new()),
        ("ours, aes, two recipients", aes, both_kinds()),
        ("ours, chacha", chacha, both_kinds()),
    ]
    .into_iter()
    .map(move |(name, options, recipients)| {
        let (envelope, _) = write(options, recipients, &plaintext).unwrap();
        (name, envelope, plaintext.clone(), Cek::from_bytes(CEK))
    })
}

#[test]
fn envelope_opens_again_for_every_cipher_and_length_around_chunks() {
    let size = ChunkSize::MIN_WRITTEN.get();
    for cipher in [
        Cipher::ChunkedAes256Gcm,
        Cipher::ChunkedChaCha20Poly1305,
        Cipher::Aes256Gcm,
    ] {
        for len in [0, 1, size - 1, size, size + 1, 3 * size, 3 * size + 5] {
            let plaintext = counter_stream("again", len);
            let options = EncryptOptions {
                cipher,
                chunk_size: ChunkSize::MIN_WRITTEN,
                ..EncryptOptions::default()
            };
            let (envelope, written) = write(options, both_kinds(), &plaintext).unwrap();
            let chunks = if cipher.is_chunked() {
                len.div_ceil(size).max(1)
            } else {
                1
            };
            assert_eq!(written.chunks, chunks as u64);
            assert_eq!(written.plaintext_len, len as u64);
            assert_eq!(written.ciphertext_len, (len + 16 * chunks) as u64);
            let mut opened = Vec::new();
            open(&envelope, &Cek::from_bytes(CEK), &mut opened).unwrap();
            assert!(opened == plaintext, "{cipher} {len}");
        }
    }
}

#[test]
fn envelope_is_the_same_for_any_threads_and_any_pieces_of_input() {
    let plaintext = counter_stream("threads", 3_000_000);
    let mut first: Option<Vec<u8>> = None;
    for (threads, piece) in [(1, usize::MAX), (4, usize::MAX), (4, 1001), (3, 65_536)] {
        let options = EncryptOptions {
            threads: NonZeroUsize::new(threads),
            ..EncryptOptions::default()
        };
        let nonce = BaseNonce::from_bytes([1; 12]);
        let cek = Cek::from_bytes(CEK);
        let mut envelope = Vec::new();
        let written = Encryptor::new(options, Vec::new(), &cek, nonce)
            .unwrap()
            .encrypt(Dribble(&plaintext, piece), &mut envelope)
            .unwrap();
        assert_eq!(written.chunks, 12);

        let mut source = Dribble(&envelope, piece);
        let header = Header::read(&mut source).unwrap();
        let mut opened = Vec::new();
        let decrypted = Decryptor::new(&header, &cek)
            .unwrap()
            .threads(NonZeroUsize::new(threads).unwrap())
            .decrypt(source, &mut opened)
            .unwrap();
        assert!(opened == plaintext);
        assert_eq!(decrypted.chunks, 12);
        assert_eq!(decrypted.plaintext_len, 3_000_000);
        assert!(*first.get_or_insert_with(|| envelope.clone()) == envelope);
    }
}

#[test]
fn encrypting_fails_when_the_input_has_another_length_than_announced() {
    for (announced, len) in [(10, 9), (10, 11), (0, 1), (1, 0), (600_000, 1_200_000)] {
        for cipher in [Cipher::ChunkedAes256Gcm, Cipher::Aes256Gcm] {
            let options = EncryptOptions {
                cipher,
                plaintext_len: Some(announced),
                ..EncryptOptions::default()
            };
            let result = write(options, Vec::new(), &vec![0; len]);
            assert!(
                matches!(result, Err(EnvelopeError::LengthChanged { declared, .. })
                    if declared == announced),
                "{announced} {len} {result:?}"
            );
        }
    }
}

#[test]
fn encrypting_fails_beyond_the_limits_of_a_cipher() {
    let options = |cipher, len| EncryptOptions {
        cipher,
        chunk_size: ChunkSize::MIN_WRITTEN,
        plaintext_len: Some(len),
        ..EncryptOptions::default()
    };
    let limit = MAX_WHOLE_BYTES as u64;
    assert!(matches!(
        write(options(Cipher::Aes256Gcm, limit + 1), Vec::new(), &[]),
        Err(EnvelopeError::TooLargeForWhole { .. })
    ));
    assert!(matches!(
        write(
            options(Cipher::ChunkedAes256Gcm, (4096 << 32) + 1),
            Vec::new(),
            &[]
        ),
        Err(EnvelopeError::TooManyChunks)
    ));
    let endless = EncryptOptions {
        cipher: Cipher::Aes256Gcm,
        ..EncryptOptions::default()
    };
    let encryptor = Encryptor::new(
        endless,
        Vec::new(),
        &Cek::from_bytes(CEK),
        BaseNonce::from_bytes([0; 12]),
    )
    .unwrap();
    assert!(matches!(
        encryptor.encrypt(std::io::repeat(0), std::io::sink()),
        Err(EnvelopeError::TooLargeForWhole { .. })
    ));
}

#[test]
fn header_is_understood_by_an_independent_cose_library() {
    let metadata = Value::Map(vec![("title".into(), "Gorgons".into())]);
    let options = EncryptOptions {
        cipher: Cipher::ChunkedChaCha20Poly1305,
        plaintext_len: Some(5),
        metadata: Some(metadata.clone()),
        ..EncryptOptions::default()
    };
    let (envelope, _) = write(options.clone(), both_kinds(), b"hello").unwrap();
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    assert_eq!(header.metadata(), Some(&metadata));

    let cose = coset::CoseEncrypt::from_tagged_slice(header.as_bytes()).unwrap();
    assert_eq!(
        cose.protected.header.alg,
        Some(coset::Algorithm::PrivateUse(-65800))
    );
    assert_eq!(cose.protected.header.rest.len(), 2);
    assert_eq!(cose.unprotected.iv, [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(cose.ciphertext, None);
    assert_eq!(cose.recipients.len(), 2);
    assert_eq!(
        cose.recipients[1].protected.header.alg,
        Some(coset::Algorithm::Assigned(
            coset::iana::Algorithm::ECDH_ES_A256KW
        ))
    );
    let key = cose.recipients[1]
        .unprotected
        .rest
        .iter()
        .find(|(label, _)| *label == coset::Label::Int(-1))
        .map(|(_, key)| coset::CoseKey::from_cbor_value(key.clone()).unwrap())
        .unwrap();
    assert_eq!(key.kty, coset::KeyType::Assigned(coset::iana::KeyType::OKP));

    let (envelope, _) = write(options, Vec::new(), b"hello").unwrap();
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    let cose = coset::CoseEncrypt0::from_tagged_slice(header.as_bytes()).unwrap();
    assert_eq!(cose.ciphertext, None);
}

#[test]
fn recipients_open_for_their_keys_alone() {
    let (envelope, _) = write(EncryptOptions::default(), both_kinds(), b"hello").unwrap();
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    let cek = header
        .unwrap_with_shared_key(&SharedKey::from_bytes([1; 32]))
        .unwrap();
    assert_eq!(cek.expose_secret(), &CEK);
    let cek = header
        .unwrap_with_x25519(&X25519Secret::from_bytes([3; 32]))
        .unwrap();
    assert_eq!(cek.expose_secret(), &CEK);
    assert!(matches!(
        header.unwrap_with_shared_key(&SharedKey::from_bytes([2; 32])),
        Err(EnvelopeError::Unwrap)
    ));
    assert!(matches!(
        header.unwrap_with_x25519(&X25519Secret::from_bytes([1; 32])),
        Err(EnvelopeError::Unwrap)
    ));
}

#[test]
fn recipients_with_one_key_id_are_tried_in_turn() {
    let cek = Cek::from_bytes(CEK);
    let recipients = [9, 1, 8].map(|key| {
        Aes256KwRecipient::wrap(&SharedKey::from_bytes([key; 32]), b"same", &cek).into()
    });
    let (envelope, _) = write(EncryptOptions::default(), recipients.into(), b"").unwrap();
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    for key in [9, 1, 8] {
        assert!(
            header
                .unwrap_with_shared_key(&SharedKey::from_bytes([key; 32]))
                .is_ok()
        );
    }
}

#[test]
fn unwrapping_passes_over_a_recipient_that_hides_another_key() {
    // A forger adds an entry that opens for the reader, but to a key of its own.
    let shared = SharedKey::from_bytes([1; 32]);
    let forged = Aes256KwRecipient::wrap(&shared, b"a", &Cek::from_bytes([0xee; 32]));
    let honest = Aes256KwRecipient::wrap(&shared, b"b", &Cek::from_bytes(CEK));
    let recipients = vec![forged.into(), honest.into()];
    let (envelope, _) = write(EncryptOptions::default(), recipients, b"").unwrap();
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    let cek = header.unwrap_with_shared_key(&shared).unwrap();
    assert_eq!(cek.expose_secret(), &CEK);
}

#[test]
fn rewrap_changes_recipients_and_keeps_everything_else() {
    let options = EncryptOptions {
        metadata: Some(Value::Map(vec![(1.into(), 2.into())])),
        ..EncryptOptions::default()
    };
    let (envelope, written) = write(options, both_kinds(), b"the body stays").unwrap();
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    let body = &envelope[written.header_len as usize..];

    let cek = Cek::from_bytes(CEK);
    let added = X25519Public::from_bytes(*X25519Secret::from_bytes([5; 32]).public().as_bytes());
    let mut recipients = vec![header.recipients()[1].clone()];
    recipients.push(
        X25519Recipient::wrap(&added, b"new", &cek, &[6; 32])
            .unwrap()
            .into(),
    );
    let rewrapped = header.with_recipients(recipients).unwrap();
    assert_eq!(rewrapped.recipients().len(), 2);
    assert_eq!(rewrapped.recipients()[0], header.recipients()[1]);
    assert_eq!(rewrapped.metadata(), header.metadata());

    let joined = [rewrapped.as_bytes(), body].concat();
    let cek = Header::read(&mut joined.as_slice())
        .unwrap()
        .unwrap_with_x25519(&X25519Secret::from_bytes([5; 32]))
        .unwrap();
    let mut opened = Vec::new();
    open(&joined, &cek, &mut opened).unwrap();
    assert_eq!(opened, b"the body stays");
    assert!(
        rewrapped
            .unwrap_with_shared_key(&SharedKey::from_bytes([1; 32]))
            .is_err()
    );
}

#[test]
fn rewrap_keeps_unknown_fields_byte_for_byte() {
    // The reference's own recipients, one of them with filler that we cannot open.
    let case = super::vectors::Case::named("chunked-recipients-9000");
    let envelope = case.envelope();
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    let same = header
        .with_recipients(header.recipients().to_vec())
        .unwrap();
    assert_eq!(same.as_bytes(), header.as_bytes());
    // An unprotected field that nobody knows.
    let known = hex::decode("3a000100fd").unwrap();
    let at = envelope
        .windows(known.len())
        .position(|window| window == known)
        .unwrap();
    let mut strange = envelope[..at].to_vec();
    let map = strange.iter().rposition(|byte| *byte == 0xa3).unwrap();
    strange[map] = 0xa4;
    strange.extend_from_slice(&[0x63, b'n', b'e', b'w', 0x82, 0x01, 0xf5]);
    strange.extend_from_slice(&envelope[at..]);
    let header = Header::read(&mut strange.as_slice()).unwrap();
    let rewrapped = header.with_recipients(both_kinds()).unwrap();
    let field = [0x63, b'n', b'e', b'w', 0x82, 0x01, 0xf5];
    assert!(
        rewrapped
            .as_bytes()
            .windows(field.len())
            .any(|window| window == field)
    );
}

#[test]
fn rewrap_fails_without_recipients() {
    let (envelope, _) = write(EncryptOptions::default(), Vec::new(), b"").unwrap();
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    assert!(matches!(
        header.with_recipients(both_kinds()),
        Err(EnvelopeError::Unwritable { .. })
    ));
    let (envelope, _) = write(EncryptOptions::default(), both_kinds(), b"").unwrap();
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    assert!(matches!(
        header.with_recipients(Vec::new()),
        Err(EnvelopeError::Unwritable { .. })
    ));
    let many = vec![both_kinds().remove(0); MAX_RECIPIENTS + 1];
    assert!(matches!(
        header.with_recipients(many),
        Err(EnvelopeError::Unwritable { .. })
    ));
}

#[test]
fn detached_header_names_its_ciphertext_and_attaches_again() {
    let (envelope, written) = write(EncryptOptions::default(), both_kinds(), b"far away").unwrap();
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    let location = Location {
        cid: vec![1, 0x55, 0x12, 0x20],
        offset: written.header_len,
        length: written.ciphertext_len,
    };
    let detached = header.detached(&location).unwrap();
    let read = Header::from_bytes(detached.as_bytes()).unwrap();
    assert_eq!(read.location(), Some(&location));
    assert_eq!(header.location(), None);
    assert_eq!(read.attached().unwrap().as_bytes(), header.as_bytes());

    let mut opened = Vec::new();
    Decryptor::new(&read, &Cek::from_bytes(CEK))
        .unwrap()
        .decrypt(&envelope[written.header_len as usize..], &mut opened)
        .unwrap();
    assert_eq!(opened, b"far away");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn envelope_opens_again_for_any_content(
        plaintext in proptest::collection::vec(any::<u8>(), 0..40_000),
        chacha: bool,
        known: bool,
        size in 4096_u32..20_000,
    ) {
        let options = EncryptOptions {
            cipher: if chacha { Cipher::ChunkedChaCha20Poly1305 } else { Cipher::ChunkedAes256Gcm },
            chunk_size: ChunkSize::new(size).unwrap(),
            plaintext_len: known.then_some(plaintext.len() as u64),
            ..EncryptOptions::default()
        };
        let (envelope, _) = write(options, both_kinds(), &plaintext).unwrap();
        let mut opened = Vec::new();
        open(&envelope, &Cek::from_bytes(CEK), &mut opened).unwrap();
        prop_assert_eq!(opened, plaintext);
    }
}

#[test]
fn envelope_of_a_positioned_source_is_that_of_a_stream() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain");
    for cipher in [Cipher::ChunkedAes256Gcm, Cipher::Aes256Gcm] {
        for len in [0, 1, 1_000_000] {
            let plaintext = counter_stream("positioned", len);
            std::fs::write(&path, &plaintext).unwrap();
            let options = EncryptOptions {
                cipher,
                plaintext_len: Some(len as u64),
                threads: NonZeroUsize::new(3),
                ..EncryptOptions::default()
            };
            let cek = Cek::from_bytes(CEK);
            let nonce = BaseNonce::from_bytes([7; 12]);
            let encryptor = || Encryptor::new(options.clone(), Vec::new(), &cek, nonce).unwrap();
            let (mut streamed, mut positioned) = (Vec::new(), Vec::new());
            let written = encryptor().encrypt(&plaintext[..], &mut streamed).unwrap();
            let file = std::fs::File::open(&path).unwrap();
            assert_eq!(
                encryptor().encrypt_at(&file, &mut positioned).unwrap(),
                written
            );
            assert!(streamed == positioned);
            let placed = std::fs::File::create(folder.path().join("placed")).unwrap();
            assert_eq!(
                encryptor().encrypt_to_file(&file, &placed).unwrap(),
                written
            );
            assert!(std::fs::read(folder.path().join("placed")).unwrap() == streamed);

            let object = [&[0xaa; 100], &streamed[..], &[0xbb; 100]].concat();
            let header = Header::read(&mut &object[100..]).unwrap();
            let start = 100 + written.header_len;
            let body = start..start + written.ciphertext_len;
            let mut opened = Vec::new();
            let decrypted = Decryptor::new(&header, &cek)
                .unwrap()
                .decrypt_at(&object, body.clone(), &mut opened)
                .unwrap();
            assert!(opened == plaintext);
            assert_eq!(decrypted.ciphertext_len, written.ciphertext_len);
            let placed = std::fs::File::create(folder.path().join("opened")).unwrap();
            let again = Decryptor::new(&header, &cek)
                .unwrap()
                .decrypt_to_file(&object, body.clone(), &placed)
                .unwrap();
            assert_eq!(again, decrypted);
            assert!(std::fs::read(folder.path().join("opened")).unwrap() == plaintext);
            // A part too long or too short is no body.
            for body in [
                body.start..body.end + 1,
                body.start..body.end - 1,
                body.start..body.start,
                body.start..object.len() as u64 + 1,
            ] {
                let decryptor = Decryptor::new(&header, &cek).unwrap();
                assert!(
                    decryptor
                        .decrypt_at(&object, body, std::io::sink())
                        .is_err()
                );
            }
        }
    }
}

/// A file that is shorter or longer when it is looked at again.
struct Moving(std::sync::atomic::AtomicU64, u64);

impl stheno_envelope::ReadAt for Moving {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let size = self.0.load(std::sync::atomic::Ordering::Relaxed);
        let left = usize::try_from(size.saturating_sub(offset)).unwrap();
        self.0.store(self.1, std::sync::atomic::Ordering::Relaxed);
        Ok(left.min(buffer.len()))
    }

    fn size(&self) -> std::io::Result<u64> {
        Ok(self.0.load(std::sync::atomic::Ordering::Relaxed))
    }
}

#[test]
fn encrypting_fails_when_a_file_changes_its_size_meanwhile() {
    for (before, after) in [(1_000_000, 500_000), (1_000_000, 1_000_001), (10, 11)] {
        let source = Moving(before.into(), after);
        let result = Encryptor::new(
            EncryptOptions::default(),
            Vec::new(),
            &Cek::from_bytes(CEK),
            BaseNonce::from_bytes([0; 12]),
        )
        .unwrap()
        .encrypt_at(&source, std::io::sink());
        assert!(
            matches!(result, Err(EnvelopeError::LengthChanged { declared, .. })
                if declared == before),
            "{before} {after}: {result:?}"
        );
    }
}
