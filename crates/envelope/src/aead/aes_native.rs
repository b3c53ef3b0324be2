//! AES-256-GCM (NIST SP 800-38D) by AWS-LC.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::{Aead, Forged};
use crate::cipher::{NONCE_BYTES, TAG_BYTES};

/// "Less safe" because the caller chooses nonces, as the format prescribes them.
pub(crate) struct Aes256Gcm(LessSafeKey);

impl Aead for Aes256Gcm {
    #[allow(
        clippy::expect_used,
        reason = "the key has the 32 bytes that are asked for"
    )]
    fn new(key: &[u8; 32]) -> Self {
        Self(LessSafeKey::new(
            UnboundKey::new(&AES_256_GCM, key).expect("an AES-256 key has 32 bytes"),
        ))
    }

    #[allow(
        clippy::expect_used,
        reason = "sealing fails only for wrong lengths and beyond 64 GiB"
    )]
    fn seal(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], plaintext: &[u8], sealed: &mut [u8]) {
        let (ciphertext, tag) = sealed.split_at_mut(plaintext.len());
        self.0
            .seal_out_of_place_scatter(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(aad),
                plaintext,
                ciphertext,
                &[],
                tag,
            )
            .expect("the buffers have the lengths of a chunk");
    }

    #[allow(clippy::expect_used, reason = "sealing fails only beyond 64 GiB")]
    fn seal_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        buffer: &mut [u8],
    ) -> [u8; TAG_BYTES] {
        self.0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(aad),
                buffer,
            )
            .ok()
            .and_then(|tag| tag.as_ref().try_into().ok())
            .expect("a buffer in memory can be sealed")
    }

    fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        sealed: &[u8],
        plaintext: &mut [u8],
    ) -> Result<(), Forged> {
        let (ciphertext, tag) = sealed.split_at_checked(plaintext.len()).ok_or(Forged)?;
        self.0
            .open_separate_gather(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(aad),
                ciphertext,
                tag,
                plaintext,
            )
            .map_err(|_| Forged)
    }

    fn open_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), Forged> {
        self.0
            .open_in_place_separate_tag(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(aad),
                tag,
                buffer,
            )
            .map(|_| ())
            .map_err(|_| Forged)
    }
}
