//! A vault's way into a backup, and out of one: the two places where secrets pass as bytes.

use std::{fmt, fs, io, path::Path};

use alloy::primitives::B256;
use stheno_crypto::{KeyShare, NodeIndex};
use zeroize::Zeroizing;

use super::{
    IDENTITY, IdentityKey, UnlockSecret, Vault, VaultError, io_error, keying, keying::Keying,
    read_sealed,
};
use crate::{
    data_dir::create_private_dir,
    new_file::{sync_dir, write_new},
};

/// Where a vault is put together before it gets its name.
const STAGING: &str = ".vault.restoring";
const SHARE: &str = "share-";

/// The secrets of a vault that outlive a machine. Seeds of ceremonies are not among them.
pub(crate) struct Portable {
    /// The identity key.
    pub(crate) identity: Zeroizing<[u8; 32]>,
    /// Each share with the context of its ceremony.
    pub(crate) shares: Vec<(B256, KeyShare)>,
}

impl Vault {
    /// What a backup of this vault holds, as it is on disk now.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] when a share does not open.
    pub(crate) fn portable(&self) -> Result<Portable, VaultError> {
        let mut shares = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(|e| io_error(&self.folder, e))? {
            let name = entry.map_err(|e| io_error(&self.folder, e))?.file_name();
            let Some(name) = name.to_str() else {
                continue;
            };
            let Some(context) = name.strip_prefix(SHARE).and_then(|hex| hex.parse().ok()) else {
                continue;
            };
            // Between the listing and the reading it may have been erased.
            let Some(bytes) = read_sealed(&self.sealing, &self.folder, name)? else {
                continue;
            };
            let share = share(&bytes).ok_or_else(|| VaultError::Damaged(self.folder.join(name)))?;
            shares.push((context, share));
        }
        shares.sort_by_key(|(context, _)| *context);
        Ok(Portable {
            identity: self.identity.expose_secret(),
            shares,
        })
    }

    /// Makes a vault of what a backup holds. It is put together beside its place and takes it in one
    /// step, whole and durable: whatever happens before leaves no vault. The caller holds the data
    /// directory's lock.
    ///
    /// # Errors
    /// [`VaultError::Exists`] when there is one, whatever its state.
    pub(crate) fn restore(
        folder: &Path,
        secret: &UnlockSecret,
        portable: &Portable,
    ) -> Result<Self, VaultError> {
        Self::restore_at_cost(folder, secret, portable, keying::COST)
    }

    pub(super) fn restore_at_cost(
        folder: &Path,
        secret: &UnlockSecret,
        portable: &Portable,
        cost: keying::Cost,
    ) -> Result<Self, VaultError> {
        check_free(folder)?;
        let staging = folder.with_file_name(STAGING);
        match fs::remove_dir_all(&staging) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(io_error(&staging, e)),
            _ => {}
        }
        create_private_dir(&staging).map_err(|e| io_error(&staging, e))?;
        let (keying, sealing) = Keying::fresh(secret, cost)?;
        let identity = IdentityKey::from_secret(&*portable.identity)
            .ok_or_else(|| VaultError::Damaged(staging.join(IDENTITY)))?;
        let mut vault = Self {
            folder: staging.clone(),
            sealing,
            identity,
        };
        let path = staging.join(IDENTITY);
        let sealed = vault.sealing.seal(IDENTITY, &*portable.identity)?;
        write_new(&path, &sealed).map_err(|e| io_error(&path, e))?;
        for (context, share) in &portable.shares {
            vault.keep_share(context, share)?;
        }
        keying.write(&staging)?;
        check_free(folder)?;
        // Over a folder that is not empty a rename fails.
        fs::rename(&staging, folder).map_err(|e| io_error(folder, e))?;
        if let Some(parent) = folder.parent() {
            sync_dir(parent).map_err(|e| io_error(parent, e))?;
        }
        vault.folder = folder.to_owned();
        Ok(vault)
    }
}

/// No file is in the way.
pub(crate) fn check_free(folder: &Path) -> Result<(), VaultError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(VaultError::Exists(folder.to_owned())),
        },
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(io_error(folder, e)),
    }
}

/// The share in an opened file; what else is in it is drawn afresh when it is kept again.
fn share(bytes: &[u8]) -> Option<KeyShare> {
    let (index, rest) = bytes.split_first_chunk::<2>()?;
    let (scalar, _) = rest.split_first_chunk::<32>()?;
    let index = NodeIndex::new(u16::from_be_bytes(*index)).ok()?;
    KeyShare::from_secret_bytes(index, scalar).ok()
}

impl fmt::Debug for Portable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Portable")
            .field("identity", &"<redacted>")
            .field("shares", &self.shares)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> UnlockSecret {
        UnlockSecret::Key(Zeroizing::new([1; 32]))
    }

    fn share_of(byte: u8) -> KeyShare {
        KeyShare::from_secret_bytes(NodeIndex::new(2).unwrap(), &[byte; 32]).unwrap()
    }

    /// A vault with two shares and the seeds of a ceremony.
    fn original(folder: &Path) -> Vault {
        let vault = Vault::create(folder, &key()).unwrap();
        for byte in [3, 4] {
            let context = B256::repeat_byte(byte);
            vault.keep_share(&context, &share_of(byte)).unwrap();
        }
        vault.ceremony_seeds(&B256::repeat_byte(9)).unwrap();
        vault
    }

    #[test]
    fn vault_that_was_restored_holds_the_same_keys_and_no_seeds() {
        let root = tempfile::tempdir().unwrap();
        let before = original(&root.path().join("old"));
        let portable = before.portable().unwrap();
        assert_eq!(portable.shares.len(), 2);
        let folder = root.path().join("vault");
        let other = UnlockSecret::Key(Zeroizing::new([2; 32]));
        Vault::restore(&folder, &other, &portable).unwrap();

        let after = Vault::open(&folder, &other).unwrap();
        assert_eq!(after.address(), before.address());
        for byte in [3, 4] {
            let held = after.held_share(&B256::repeat_byte(byte)).unwrap().unwrap();
            assert!(held.is(&share_of(byte)));
        }
        let names = fs::read_dir(&folder).unwrap();
        let seeds = names.filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_str().unwrap().starts_with("ceremony-")
        });
        assert_eq!(seeds.count(), 0);
        assert!(!root.path().join(STAGING).exists());
    }

    #[test]
    fn restore_overwrites_no_vault_whatever_its_state() {
        let root = tempfile::tempdir().unwrap();
        let portable = original(&root.path().join("old")).portable().unwrap();
        let folder = root.path().join("vault");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("anything"), b"mine").unwrap();
        let error = Vault::restore(&folder, &key(), &portable).unwrap_err();
        assert!(matches!(error, VaultError::Exists(_)), "{error}");
        assert_eq!(fs::read(folder.join("anything")).unwrap(), b"mine");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    /// What a power cut may leave: some files beside the vault's place, whole or not.
    #[test]
    fn restore_begins_anew_after_one_that_was_cut_off() {
        let root = tempfile::tempdir().unwrap();
        let portable = original(&root.path().join("old")).portable().unwrap();
        let folder = root.path().join("vault");
        let staging = root.path().join(STAGING);
        fs::create_dir(&staging).unwrap();
        fs::write(staging.join(IDENTITY), b"half").unwrap();
        fs::write(staging.join(".identity.7.tmp"), b"ha").unwrap();
        assert!(Vault::open(&folder, &key()).is_err());
        Vault::restore(&folder, &key(), &portable).unwrap();
        Vault::open(&folder, &key()).unwrap();
        assert!(!staging.exists());
    }

    #[test]
    fn vault_with_a_damaged_share_is_not_portable() {
        let root = tempfile::tempdir().unwrap();
        let vault = original(root.path());
        let path = root
            .path()
            .join(format!("share-{:x}", B256::repeat_byte(3)));
        let mut bytes = fs::read(&path).unwrap();
        bytes[60] ^= 1;
        fs::write(&path, bytes).unwrap();
        let error = vault.portable().unwrap_err();
        assert!(matches!(error, VaultError::Damaged(_)), "{error}");
        assert!(!format!("{vault:?}").contains("0303"));
    }
}
