//! How one secret lies on disk: ChaCha20-Poly1305 under a key made for that file.
//!
//! `magic (16) ‖ salt (32) ‖ ciphertext ‖ tag (16)`. The file's key is
//! HKDF-SHA256 of the vault's sealing key over the file's name and salt, so a
//! nonce of zero never meets a key twice, and a file renamed does not open.

use std::fmt;

use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{VaultError, random};

const MAGIC: &[u8; 16] = b"stheno sealed 1\n";
const FILE_KEY: &[u8] = b"stheno-node vault v1 file";
const CHECK: &[u8] = b"stheno-node vault v1 check";

/// The key from which every file's key is derived.
pub(super) struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    pub(super) fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// A public value that only this key gives; tells a wrong passphrase from a damaged file.
    pub(super) fn check(&self) -> [u8; 16] {
        let mut check = [0; 16];
        self.expand(&[CHECK], &mut check);
        check
    }

    /// Seals `secret` as the contents of the file `name`.
    pub(super) fn seal(&self, name: &str, secret: &[u8]) -> Result<Vec<u8>, VaultError> {
        let salt = random::<32>()?;
        let payload = Payload {
            msg: secret,
            aad: MAGIC,
        };
        let ciphertext = self
            .cipher(name, &salt)
            .encrypt(&Nonce::default(), payload)
            .unwrap_or_else(|_| unreachable!("a secret is shorter than 256 GiB"));
        Ok([MAGIC.as_slice(), &salt, &ciphertext].concat())
    }

    /// Opens the contents of the file `name`; `None` when they were altered or belong elsewhere.
    pub(super) fn open(&self, name: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (salt, ciphertext) = sealed.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
        let payload = Payload {
            msg: ciphertext,
            aad: MAGIC,
        };
        self.cipher(name, salt)
            .decrypt(&Nonce::default(), payload)
            .ok()
            .map(Zeroizing::new)
    }

    fn cipher(&self, name: &str, salt: &[u8; 32]) -> ChaCha20Poly1305 {
        let mut key = Zeroizing::new([0; 32]);
        // The salt has a fixed length, so the parts cannot be read in two ways.
        self.expand(&[FILE_KEY, salt, name.as_bytes()], &mut *key);
        ChaCha20Poly1305::new((&*key).into())
    }

    fn expand(&self, info: &[&[u8]], out: &mut [u8]) {
        Hkdf::<Sha256>::new(None, &*self.0)
            .expand_multi_info(info, out)
            .unwrap_or_else(|_| unreachable!("32 bytes are fewer than 255 blocks"));
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(<redacted>)")
    }
}
