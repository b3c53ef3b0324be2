//! Any AEAD of RustCrypto's with our key, nonce and tag sizes.

use chacha20poly1305::aead::consts::{U12, U16, U32};
use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::aead::{AeadInOut, KeyInit, KeySizeUser};

use super::{Aead, Forged};
use crate::cipher::{NONCE_BYTES, TAG_BYTES};

pub(crate) struct RustCrypto<A>(A);

impl<A> Aead for RustCrypto<A>
where
    A: AeadInOut<NonceSize = U12, TagSize = U16> + KeyInit + KeySizeUser<KeySize = U32>,
{
    fn new(key: &[u8; 32]) -> Self {
        Self(A::new(key.into()))
    }

    fn seal(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], plaintext: &[u8], sealed: &mut [u8]) {
        let (ciphertext, end) = sealed.split_at_mut(plaintext.len());
        let buffer = in_out(plaintext, ciphertext);
        end.copy_from_slice(&self.sealed(nonce, aad, buffer));
    }

    fn seal_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        buffer: &mut [u8],
    ) -> [u8; TAG_BYTES] {
        self.sealed(nonce, aad, buffer.into())
    }

    fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        sealed: &[u8],
        plaintext: &mut [u8],
    ) -> Result<(), Forged> {
        let (ciphertext, tag) = sealed.split_at_checked(plaintext.len()).ok_or(Forged)?;
        let tag = tag.try_into().map_err(|_| Forged)?;
        self.opened(nonce, aad, in_out(ciphertext, plaintext), tag)
    }

    fn open_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), Forged> {
        self.opened(nonce, aad, buffer.into(), tag)
    }
}

impl<A> RustCrypto<A>
where
    A: AeadInOut<NonceSize = U12, TagSize = U16>,
{
    #[allow(
        clippy::expect_used,
        reason = "sealing fails only beyond 64 GiB, and a chunk is in memory"
    )]
    fn sealed(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        buffer: InOutBuf<'_, '_, u8>,
    ) -> [u8; TAG_BYTES] {
        self.0
            .encrypt_inout_detached(nonce.into(), aad, buffer)
            .expect("a buffer in memory can be sealed")
            .into()
    }

    fn opened(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        buffer: InOutBuf<'_, '_, u8>,
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), Forged> {
        self.0
            .decrypt_inout_detached(nonce.into(), aad, buffer, tag.into())
            .map_err(|_| Forged)
    }
}

#[allow(
    clippy::expect_used,
    reason = "both callers split off exactly the length of the other"
)]
fn in_out<'i, 'o>(from: &'i [u8], to: &'o mut [u8]) -> InOutBuf<'i, 'o, u8> {
    InOutBuf::new(from, to).expect("the buffers have equal lengths")
}
