//! The file: a head in the clear, what is sealed, and a checksum over both.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use alloy::primitives::Address;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stheno_chain::Locator;

use super::{
    BackupError, Contents,
    sealing::{self, Method},
};
use crate::vault::UnlockSecret;

const MAGIC: &[u8] = b"stheno backup\n";
/// The only format that there is.
const FORMAT: u16 = 1;
/// Magic, format, length of the head.
const PREFIX: usize = MAGIC.len() + 2 + 4;
const CHECKSUM: usize = 32;
/// Larger than any backup: 256 KiB of configuration and the shares of some epochs.
const MOST_BYTES: u64 = 1 << 20;

/// What a backup says of itself in the clear. Not to be relied on before it was opened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Head {
    /// The committee's chain.
    pub chain_id: u64,
    /// Its contract.
    pub contract: Address,
    /// Its number in the contract.
    pub committee_id: u64,
    /// The node's identity address.
    pub identity: Address,
    /// The node's index in the newest epoch of which it holds the share.
    pub node: Option<u16>,
    /// That epoch, if the chain could be asked.
    pub epoch: Option<u64>,
    /// How many key shares are in it.
    pub shares: u16,
    /// When it was made, in Unix seconds.
    pub created_at: u64,
    /// Version of the program that made it.
    pub program: String,
    /// How the sealing key is made from the passphrase or key.
    pub sealed: Method,
    /// For this file alone.
    #[serde(with = "hex::serde")]
    pub salt: [u8; 32],
}

impl Head {
    /// The committee.
    #[must_use]
    pub fn locator(&self) -> Locator {
        Locator {
            chain_id: self.chain_id,
            contract: self.contract,
            committee_id: self.committee_id,
        }
    }
}

/// A backup that was read and not opened yet: whole, and of a format that is known.
#[derive(Debug)]
pub struct BackupFile {
    path: PathBuf,
    /// What it says of itself.
    pub head: Head,
    /// Everything before the sealed part, which is authenticated with it.
    prefix: Vec<u8>,
    sealed: Vec<u8>,
}

impl BackupFile {
    /// The bytes of a backup.
    ///
    /// # Errors
    /// [`BackupError::Randomness`].
    pub fn seal(
        mut head: Head,
        contents: &Contents,
        secret: &UnlockSecret,
    ) -> Result<Vec<u8>, BackupError> {
        getrandom::fill(&mut head.salt)?;
        let text = serde_json::to_vec(&head)
            .unwrap_or_else(|_| unreachable!("numbers and hex strings serialise"));
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT.to_be_bytes());
        bytes.extend(length(&text));
        bytes.extend(text);
        let sealed = sealing::seal(&head, secret, &bytes, &contents.encode())
            .unwrap_or_else(|| unreachable!("the method was chosen for the secret"));
        bytes.extend(length(&sealed));
        bytes.extend(sealed);
        let checksum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&checksum);
        Ok(bytes)
    }

    /// Reads a backup, and checks that it is whole.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn read(path: &Path) -> Result<Self, BackupError> {
        let fail = |source| BackupError::Read {
            path: path.to_owned(),
            source,
        };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(fail)?;
        file.take(MOST_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(fail)?;
        Self::parse(path, &bytes)
    }

    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, BackupError> {
        let begins = bytes.len().min(MAGIC.len());
        if bytes.get(..begins) != MAGIC.get(..begins)
            || bytes.is_empty()
            || bytes.len() as u64 > MOST_BYTES
        {
            return Err(BackupError::NotABackup(path.to_owned()));
        }
        let damaged = || BackupError::Damaged(path.to_owned());
        // Every format ends in this checksum.
        let (body, checksum) = bytes
            .len()
            .checked_sub(CHECKSUM)
            .and_then(|at| bytes.split_at_checked(at))
            .ok_or_else(damaged)?;
        if Sha256::digest(body).as_slice() != checksum {
            return Err(damaged());
        }
        let rest = body.get(MAGIC.len()..).ok_or_else(damaged)?;
        let (format, rest) = rest.split_first_chunk::<2>().ok_or_else(damaged)?;
        match u16::from_be_bytes(*format) {
            FORMAT => {}
            0 => return Err(damaged()),
            found => {
                return Err(BackupError::Newer {
                    path: path.to_owned(),
                    found,
                    known: FORMAT,
                });
            }
        }
        let (head, rest) = part(rest).ok_or_else(damaged)?;
        let (sealed, rest) = part(rest).ok_or_else(damaged)?;
        if !rest.is_empty() {
            return Err(damaged());
        }
        Ok(Self {
            path: path.to_owned(),
            prefix: body
                .get(..PREFIX + head.len())
                .ok_or_else(damaged)?
                .to_vec(),
            head: serde_json::from_slice(head).map_err(|_| damaged())?,
            sealed: sealed.to_vec(),
        })
    }

    /// Opens it. Takes a while with a passphrase.
    ///
    /// # Errors
    /// [`BackupError::WrongMethod`], [`BackupError::WrongSecret`], [`BackupError::Damaged`].
    pub fn open(&self, secret: &UnlockSecret) -> Result<Contents, BackupError> {
        let damaged = || BackupError::Damaged(self.path.clone());
        if !self.head.sealed.fits(secret) {
            return Err(BackupError::WrongMethod {
                path: self.path.clone(),
                sealed: self.head.sealed.what(),
                given: what(secret),
            });
        }
        if !self.head.sealed.is_bearable() {
            return Err(damaged());
        }
        let opened = sealing::open(&self.head, secret, &self.prefix, &self.sealed);
        let bytes = opened.ok_or_else(|| BackupError::WrongSecret {
            what: what(secret),
            path: self.path.clone(),
        })?;
        // It was sealed by who knew the secret, so anything else is a fault of a program.
        let contents = Contents::decode(&bytes).ok_or_else(damaged)?;
        if contents.address() != Some(self.head.identity) {
            return Err(damaged());
        }
        Ok(contents)
    }
}

/// `passphrase` or `key`.
pub(super) fn what(secret: &UnlockSecret) -> &'static str {
    match secret {
        UnlockSecret::Passphrase(_) => "passphrase",
        UnlockSecret::Key(_) => "key",
    }
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// A length and as many bytes, and what follows.
fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
