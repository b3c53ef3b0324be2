//! The key commitment (−65803): no envelope opens to two plaintexts. SPEC.md §4.
//!
//! Neither body cipher commits to its key: somebody who writes a file could
//! choose two keys and one ciphertext that opens under both, and hand a key to
//! each of two recipients. The header therefore names the key by a hash.

use hkdf::Hkdf;
use sha2::Sha256;
use stheno_crypto::Cek;
use subtle::ConstantTimeEq;

use crate::{BaseNonce, Cipher, EnvelopeError, Header, labels};

/// `HKDF-SHA-256(ikm = CEK, no salt, info = length ‖ tag ‖ alg i64 BE ‖ nonce, 32)`.
pub(crate) fn commit(cek: &Cek, cipher: Cipher, nonce: &BaseNonce) -> [u8; 32] {
    let tag = labels::KEY_COMMITMENT_TAG;
    let mut info = vec![tag.len() as u8];
    info.extend_from_slice(tag.as_bytes());
    info.extend_from_slice(&cipher.algorithm().to_be_bytes());
    info.extend_from_slice(nonce.for_header(cipher));
    let mut commitment = [0; 32];
    #[allow(clippy::expect_used, reason = "32 bytes are less than 255 hashes")]
    Hkdf::<Sha256>::new(None, cek.expose_secret())
        .expand(&info, &mut commitment)
        .expect("HKDF gives 32 bytes");
    commitment
}

/// Checks the key against the header's commitment; files of other tools have none.
pub(crate) fn check(header: &Header, cek: &Cek) -> Result<(), EnvelopeError> {
    let Some(expected) = header.commitment() else {
        return Ok(());
    };
    let found = commit(cek, header.cipher(), header.nonce());
    if bool::from(found.ct_eq(expected)) {
        Ok(())
    } else {
        Err(EnvelopeError::WrongKey)
    }
}
