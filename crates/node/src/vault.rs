//! The only holder of secrets: the identity key, the seeds of ceremonies, the key share.
//!
//! Everything lies sealed in files of its own (see [`sealing`]); no key is
//! ever replaced by another, and a file appears whole and durable or not at all.
//! What is needed no longer is erased ([`erasing`]). A key
//! share leaves the vault as a [`HeldShare`], whose one operation for the
//! outside is [`HeldShare::share`].
//!
//! ```text
//! vault/
//!   keying.json           how the sealing key is derived; no secret
//!   identity              the identity key
//!   ceremony-<proposal>   the seeds of one ceremony: its X25519 key, its dealing
//!   share-<context>       the key share that one ceremony gave this node
//! ```

mod erasing;
mod held;
mod identity;
mod keying;
mod portable;
mod sealing;
mod unlock;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use alloy::primitives::{Address, B256};
use stheno_crypto::{DecodeError, KeyShare, NodeIndex, dkg};
use zeroize::Zeroizing;

pub use held::HeldShare;
pub use identity::IdentityKey;
pub(crate) use portable::{Portable, check_free};
pub use unlock::{UnlockError, UnlockSecret};

use crate::{data_dir::create_private_dir, new_file::write_new};
use keying::Keying;
use sealing::SealingKey;

const IDENTITY: &str = "identity";
const SHARE: &str = "share-";
const SEEDS: &str = "ceremony-";

/// An open vault.
#[derive(Debug)]
pub struct Vault {
    folder: PathBuf,
    sealing: SealingKey,
    identity: IdentityKey,
}

/// The seeds of one ceremony, on disk before anything made from them is sent,
/// so that a restart sends the same bytes again.
#[derive(Debug)]
pub struct CeremonySeeds {
    /// The X25519 key that opens what dealers send to this node.
    pub secret: dkg::CeremonySecret,
    /// What this node's dealing is drawn from.
    pub dealer: dkg::DealerSeed,
}

/// Why the vault refused.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is a vault already.
    #[error(
        "there is a vault in {0} already, and a key is never overwritten; choose another data directory, or move that one away"
    )]
    Exists(PathBuf),
    /// There is no vault.
    #[error("there is no vault in {0}; run `stheno-node init` first")]
    Missing(PathBuf),
    /// The passphrase or key is not the one that sealed the vault.
    #[error("the {what} does not open the vault in {folder}; give the one that it was made with")]
    WrongSecret {
        /// `passphrase` or `key`.
        what: &'static str,
        /// The vault.
        folder: PathBuf,
    },
    /// The vault is sealed in the other way.
    #[error(
        "the vault in {folder} is sealed with a {sealed}, not with a {given}; correct [vault] in the configuration"
    )]
    WrongMethod {
        /// The vault.
        folder: PathBuf,
        /// How it is sealed.
        sealed: &'static str,
        /// What was given.
        given: &'static str,
    },
    /// A file was altered or cut off.
    #[error("{0} is damaged: it does not open; restore it from a backup")]
    Damaged(PathBuf),
    /// A key share for the ceremony is there, and it is another one.
    #[error("{0} holds another key share already, and a key is never overwritten")]
    OtherShare(PathBuf),
    /// The system has no randomness.
    #[error("the system gives no randomness: {0}")]
    Randomness(getrandom::Error),
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Vault {
    /// Makes a vault with a fresh identity key.
    ///
    /// # Errors
    /// [`VaultError::Exists`] when there is one, whatever its state.
    pub fn create(folder: &Path, secret: &UnlockSecret) -> Result<Self, VaultError> {
        Self::create_at_cost(folder, secret, keying::COST)
    }

    fn create_at_cost(
        folder: &Path,
        secret: &UnlockSecret,
        cost: keying::Cost,
    ) -> Result<Self, VaultError> {
        create_private_dir(folder).map_err(|e| io_error(folder, e))?;
        let occupied = fs::read_dir(folder)
            .map_err(|e| io_error(folder, e))?
            .next()
            .is_some();
        if occupied {
            return Err(VaultError::Exists(folder.to_owned()));
        }
        let (keying, sealing) = Keying::fresh(secret, cost)?;
        let identity = IdentityKey::generate()?;
        let path = folder.join(IDENTITY);
        let sealed = sealing.seal(IDENTITY, &*identity.expose_secret())?;
        // The identity first: without keying.json an interrupted `create` is no vault.
        write_new(&path, &sealed).map_err(|e| io_error(&path, e))?;
        keying.write(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            sealing,
            identity,
        })
    }

    /// Opens a vault.
    ///
    /// # Errors
    /// [`VaultError::WrongSecret`], [`VaultError::WrongMethod`], [`VaultError::Damaged`],
    /// [`VaultError::Missing`].
    pub fn open(folder: &Path, secret: &UnlockSecret) -> Result<Self, VaultError> {
        let sealing = Keying::read(folder)?.unlock(folder, secret)?;
        let path = folder.join(IDENTITY);
        let identity = read_sealed(&sealing, folder, IDENTITY)?
            .and_then(|bytes| IdentityKey::from_secret(&bytes))
            .ok_or(VaultError::Damaged(path))?;
        Ok(Self {
            folder: folder.to_owned(),
            sealing,
            identity,
        })
    }

    /// The key that signs messages, receipts and transactions.
    #[must_use]
    pub fn identity(&self) -> &IdentityKey {
        &self.identity
    }

    /// The identity key's address.
    #[must_use]
    pub fn address(&self) -> Address {
        self.identity.address()
    }

    /// The seeds of the ceremony with this proposal digest: those on disk, or fresh ones,
    /// durable before this returns.
    ///
    /// # Errors
    /// [`VaultError::Damaged`]: lost seeds are not replaced, since messages were made from them.
    pub fn ceremony_seeds(&self, proposal: &B256) -> Result<CeremonySeeds, VaultError> {
        let name = seeds_name(proposal);
        let bytes = match read_sealed(&self.sealing, &self.folder, &name)? {
            Some(bytes) => bytes,
            None => {
                let fresh = Zeroizing::new(random::<64>()?.to_vec());
                self.write_sealed(&name, &fresh)?;
                fresh
            }
        };
        let damaged = || VaultError::Damaged(self.folder.join(&name));
        let (secret, dealer) = bytes.split_at_checked(32).ok_or_else(damaged)?;
        let secret = Zeroizing::new(<[u8; 32]>::try_from(secret).map_err(|_| damaged())?);
        let dealer = <[u8; 32]>::try_from(dealer).map_err(|_| damaged())?;
        Ok(CeremonySeeds {
            secret: dkg::CeremonySecret::from_seed(&secret),
            dealer: dkg::DealerSeed::from_bytes(dealer),
        })
    }

    /// Keeps the key share that the ceremony with this context gave; durable when this returns.
    /// Keeping the same share again changes nothing.
    ///
    /// # Errors
    /// [`VaultError::OtherShare`] when there is a different one.
    pub fn keep_share(&self, context: &B256, share: &KeyShare) -> Result<(), VaultError> {
        let name = share_name(context);
        if let Some(kept) = self.held_share(context)? {
            return if kept.is(share) {
                Ok(())
            } else {
                Err(VaultError::OtherShare(self.folder.join(name)))
            };
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(66));
        bytes.extend_from_slice(&share.index().get().to_be_bytes());
        bytes.extend_from_slice(&*share.expose_secret_bytes());
        bytes.extend_from_slice(&*Zeroizing::new(random::<32>()?));
        self.write_sealed(&name, &bytes)
    }

    /// The key share of the ceremony with this context, if this node has one.
    ///
    /// # Errors
    /// [`VaultError::Damaged`].
    pub fn held_share(&self, context: &B256) -> Result<Option<HeldShare>, VaultError> {
        let name = share_name(context);
        let Some(bytes) = read_sealed(&self.sealing, &self.folder, &name)? else {
            return Ok(None);
        };
        match parse_share(&bytes) {
            Some(held) => Ok(Some(held)),
            None => Err(VaultError::Damaged(self.folder.join(name))),
        }
    }

    fn write_sealed(&self, name: &str, secret: &[u8]) -> Result<(), VaultError> {
        let path = self.folder.join(name);
        let sealed = self.sealing.seal(name, secret)?;
        write_new(&path, &sealed).map_err(|e| io_error(&path, e))
    }
}

fn share_name(context: &B256) -> String {
    format!("{SHARE}{context:x}")
}

fn seeds_name(proposal: &B256) -> String {
    format!("{SEEDS}{proposal:x}")
}

fn parse_share(bytes: &[u8]) -> Option<HeldShare> {
    let (index, rest) = bytes.split_first_chunk::<2>()?;
    let (scalar, seed) = rest.split_first_chunk::<32>()?;
    let seed = Zeroizing::new(<[u8; 32]>::try_from(seed).ok()?);
    let share = |index| -> Result<KeyShare, DecodeError> {
        KeyShare::from_secret_bytes(NodeIndex::new(index)?, scalar)
    };
    Some(HeldShare::new(
        share(u16::from_be_bytes(*index)).ok()?,
        seed,
    ))
}

/// The opened bytes of a sealed file; `None` when there is no such file.
fn read_sealed(
    sealing: &SealingKey,
    folder: &Path,
    name: &str,
) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
    let path = folder.join(name);
    let sealed = match fs::read(&path) {
        Ok(sealed) => sealed,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io_error(&path, e)),
    };
    match sealing.open(name, &sealed) {
        Some(bytes) => Ok(Some(bytes)),
        None => Err(VaultError::Damaged(path)),
    }
}

fn io_error(path: &Path, source: io::Error) -> VaultError {
    VaultError::Io {
        path: path.to_owned(),
        source,
    }
}

fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(VaultError::Randomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
