//! How a backup is sealed: ChaCha20-Poly1305 under a key that is made for this file alone.
//!
//! `key = HKDF-SHA256(ikm, salt, info)`, where `ikm` is the key given, or Argon2id of the passphrase
//! with the same salt. The salt is fresh for every file, so a nonce of zero never meets a key twice.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Head;
use crate::vault::UnlockSecret;

const INFO: &[u8] = b"stheno-node backup v1";

/// Above these a head that was made up would keep a machine busy, or take all its memory.
const MOST_MEMORY_KIB: u32 = 1 << 20;
const MOST_PASSES: u32 = 16;

/// How the sealing key is made.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// From a passphrase, stretched.
    Argon2id {
        /// Memory of one guess, in KiB.
        memory_kib: u32,
        /// Passes over it.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
    /// From 32 random bytes.
    Key,
}

impl Method {
    /// For this secret, at the cost of today: 256 MiB, 3 passes, about half a second. Backups lie
    /// where others may find them, and are opened rarely.
    #[must_use]
    pub fn of(secret: &UnlockSecret) -> Self {
        match secret {
            UnlockSecret::Passphrase(_) => Self::Argon2id {
                memory_kib: 256 * 1024,
                passes: 3,
                lanes: 1,
            },
            UnlockSecret::Key(_) => Self::Key,
        }
    }

    pub(super) fn fits(self, secret: &UnlockSecret) -> bool {
        matches!(
            (self, secret),
            (Self::Argon2id { .. }, UnlockSecret::Passphrase(_))
                | (Self::Key, UnlockSecret::Key(_))
        )
    }

    /// `passphrase` or `key`.
    #[must_use]
    pub fn what(self) -> &'static str {
        match self {
            Self::Argon2id { .. } => "passphrase",
            Self::Key => "key",
        }
    }

    pub(super) fn is_bearable(self) -> bool {
        match self {
            Self::Argon2id {
                memory_kib,
                passes,
                lanes,
            } => memory_kib <= MOST_MEMORY_KIB && passes <= MOST_PASSES && lanes <= MOST_PASSES,
            Self::Key => true,
        }
    }
}

/// `None` when the secret does not fit the method.
pub(super) fn seal(
    head: &Head,
    secret: &UnlockSecret,
    prefix: &[u8],
    contents: &[u8],
) -> Option<Vec<u8>> {
    let payload = Payload {
        msg: contents,
        aad: prefix,
    };
    cipher(head, secret)?
        .encrypt(&Nonce::default(), payload)
        .ok()
}

/// `None` when the secret or any byte is another.
pub(super) fn open(
    head: &Head,
    secret: &UnlockSecret,
    prefix: &[u8],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let payload = Payload {
        msg: sealed,
        aad: prefix,
    };
    let opened = cipher(head, secret)?.decrypt(&Nonce::default(), payload);
    opened.ok().map(Zeroizing::new)
}

fn cipher(head: &Head, secret: &UnlockSecret) -> Option<ChaCha20Poly1305> {
    let mut stretched = Zeroizing::new([0; 32]);
    match (head.sealed, secret) {
        (
            Method::Argon2id {
                memory_kib,
                passes,
                lanes,
            },
            UnlockSecret::Passphrase(passphrase),
        ) => {
            let params = Params::new(memory_kib, passes, lanes, Some(32)).ok()?;
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password_into(passphrase.as_bytes(), &head.salt, &mut *stretched)
                .ok()?;
        }
        (Method::Key, UnlockSecret::Key(key)) => stretched.copy_from_slice(&**key),
        _ => return None,
    }
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(&head.salt), &*stretched)
        .expand(INFO, &mut *key)
        .ok()?;
    Some(ChaCha20Poly1305::new((&*key).into()))
}
