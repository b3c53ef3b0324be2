//! `keying.json`: how the sealing key comes from the passphrase or key file. No secret in it.

use std::{fs, io, path::Path};

use argon2::{Algorithm, Argon2, Params, Version};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{UnlockSecret, VaultError, io_error, random, sealing::SealingKey};
use crate::new_file::write_new;

const FILE: &str = "keying.json";
const SEALING: &[u8] = b"stheno-node vault v1 sealing";

/// What a guess at a passphrase costs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// RFC 9106 §4, second recommended choice, with one lane: 64 MiB, 3 passes, about 0.1 s.
pub(super) const COST: Cost = Cost {
    memory_kib: 64 * 1024,
    passes: 3,
    lanes: 1,
};

/// Above this a damaged header would make the node allocate without bound.
const MOST_MEMORY_KIB: u32 = 4 * 1024 * 1024;

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keying {
    version: u32,
    method: Method,
    #[serde(with = "hex::serde")]
    salt: [u8; 32],
    #[serde(with = "hex::serde")]
    check: [u8; 16],
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Method {
    /// A passphrase, stretched by Argon2id.
    Argon2id(Cost),
    /// 32 random bytes.
    Key,
}

impl Keying {
    /// A fresh salt, and the sealing key that it gives.
    pub(super) fn fresh(
        secret: &UnlockSecret,
        cost: Cost,
    ) -> Result<(Self, SealingKey), VaultError> {
        let method = match secret {
            UnlockSecret::Passphrase(_) => Method::Argon2id(cost),
            UnlockSecret::Key(_) => Method::Key,
        };
        let salt = random()?;
        let sealing = derive(method, secret, &salt)
            .unwrap_or_else(|| unreachable!("the method was chosen for the secret"));
        let keying = Self {
            version: 1,
            method,
            salt,
            check: sealing.check(),
        };
        Ok((keying, sealing))
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), VaultError> {
        let path = folder.join(FILE);
        let mut text = serde_json::to_string_pretty(self)
            .unwrap_or_else(|_| unreachable!("numbers and hex strings serialise"));
        text.push('\n');
        write_new(&path, text.as_bytes()).map_err(|e| io_error(&path, e))
    }

    pub(super) fn read(folder: &Path) -> Result<Self, VaultError> {
        let path = folder.join(FILE);
        let text = fs::read_to_string(&path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => VaultError::Missing(folder.to_owned()),
            _ => io_error(&path, e),
        })?;
        match serde_json::from_str::<Self>(&text) {
            Ok(keying) if keying.version == 1 => Ok(keying),
            _ => Err(VaultError::Damaged(path)),
        }
    }

    pub(super) fn unlock(
        &self,
        folder: &Path,
        secret: &UnlockSecret,
    ) -> Result<SealingKey, VaultError> {
        let wrong = || VaultError::WrongMethod {
            folder: folder.to_owned(),
            sealed: match self.method {
                Method::Argon2id(_) => "passphrase",
                Method::Key => "key",
            },
            given: secret.what(),
        };
        let damaged = || VaultError::Damaged(folder.join(FILE));
        let sealing = match (self.method, secret) {
            (Method::Argon2id(cost), UnlockSecret::Passphrase(_)) => {
                if cost.memory_kib > MOST_MEMORY_KIB {
                    return Err(damaged());
                }
                derive(self.method, secret, &self.salt).ok_or_else(damaged)?
            }
            (Method::Key, UnlockSecret::Key(_)) => {
                derive(self.method, secret, &self.salt).ok_or_else(damaged)?
            }
            _ => return Err(wrong()),
        };
        if sealing.check() != self.check {
            return Err(VaultError::WrongSecret {
                what: secret.what(),
                folder: folder.to_owned(),
            });
        }
        Ok(sealing)
    }
}

/// `None` when the parameters are not Argon2's, or the secret is of the other kind.
fn derive(method: Method, secret: &UnlockSecret, salt: &[u8; 32]) -> Option<SealingKey> {
    let mut stretched = Zeroizing::new([0; 32]);
    match (method, secret) {
        (Method::Argon2id(cost), UnlockSecret::Passphrase(passphrase)) => {
            let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).ok()?;
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password_into(passphrase.as_bytes(), salt, &mut *stretched)
                .ok()?;
        }
        (Method::Key, UnlockSecret::Key(key)) => stretched.copy_from_slice(&**key),
        _ => return None,
    }
    let mut sealing = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(salt), &*stretched)
        .expand(SEALING, &mut *sealing)
        .unwrap_or_else(|_| unreachable!("32 bytes are fewer than 255 blocks"));
    Some(SealingKey::new(sealing))
}

#[cfg(test)]
pub(super) const TEST_COST: Cost = Cost {
    memory_kib: 64,
    passes: 1,
    lanes: 1,
};
