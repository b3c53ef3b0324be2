//! Trustees that the configuration names: this node's share is split among them after each ceremony.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use stheno_crypto::dkg::{Constant, DealerSeed};
use zeroize::Zeroizing;

use super::{Blank, Recovery, RecoveryError, TrusteeKey, check_terms};
use crate::new_file::write_new;

/// The section `[recovery]` of the configuration.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Trustees {
    /// Their keys, as `stheno-node recovery keygen` prints them.
    pub trustees: Vec<TrusteeKey>,
    /// How many of them give the share back; at least 2.
    pub threshold: u16,
}

/// Why a share was not split.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// The split itself.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// The system gives no randomness.
    #[error("the system gives no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The file could not be written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Trustees {
    /// Whether a share can be split among them.
    ///
    /// # Errors
    /// [`RecoveryError::Terms`], [`RecoveryError::Twice`].
    pub fn check(&self) -> Result<(), RecoveryError> {
        check_terms(&self.trustees, self.threshold)
    }

    /// Splits a share into the file of its epoch, if there is none yet.
    ///
    /// # Errors
    /// [`SplitError`].
    pub fn split(
        &self,
        folder: &Path,
        blank: Blank,
        share: Constant<'_>,
    ) -> Result<PathBuf, SplitError> {
        let path = path_of(folder, blank.epoch);
        let io = |source| SplitError::Io {
            path: path.clone(),
            source,
        };
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed)?;
        let seed = DealerSeed::from_bytes(*seed);
        let recovery = Recovery::split(blank, self.trustees.clone(), self.threshold, share, &seed)?;
        let text = serde_json::to_string_pretty(&recovery).map_err(|e| io(e.into()))? + "\n";
        fs::create_dir_all(folder).map_err(io)?;
        match write_new(&path, text.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(io(error)),
            _ => Ok(path),
        }
    }
}

/// Where the split share of an epoch lies.
#[must_use]
pub fn path_of(folder: &Path, epoch: u64) -> PathBuf {
    folder.join(format!("epoch-{epoch}.recovery"))
}

/// Removes the split shares of earlier epochs: like old backups, they can open everything.
///
/// # Errors
/// When the folder cannot be read, or a file in it not be removed.
pub fn remove_before(folder: &Path, epoch: u64) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| {
            let name = name.strip_prefix("epoch-")?.strip_suffix(".recovery")?;
            name.parse::<u64>().ok()
        });
        if number.is_some_and(|number| number < epoch) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, B256};
    use stheno_chain::Locator;
    use stheno_crypto::{KeyShare, NodeIndex, dkg::CeremonySecret};

    use super::*;

    fn trustees(count: u8, threshold: u16) -> Trustees {
        let key = |seed| TrusteeKey::of(&CeremonySecret::from_seed(&[seed; 32]));
        Trustees {
            trustees: (1..=count).map(key).collect(),
            threshold,
        }
    }

    fn blank(epoch: u64) -> Blank {
        Blank {
            committee: Locator {
                chain_id: 314,
                contract: Address::repeat_byte(1),
                committee_id: 1,
            },
            identity: Address::repeat_byte(2),
            node: NodeIndex::new(3).unwrap(),
            epoch,
            context: B256::repeat_byte(4),
        }
    }

    #[test]
    fn share_is_split_once_an_epoch_and_older_files_go() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("recovery");
        let index = NodeIndex::new(3).unwrap();
        let share = KeyShare::from_secret_bytes(index, &[9; 32]).unwrap();
        let trustees = trustees(3, 2);
        remove_before(&folder, 9).unwrap();
        let first = trustees
            .split(&folder, blank(1), Constant::Share(&share))
            .unwrap();
        let text = fs::read(&first).unwrap();
        let recovery: Recovery = serde_json::from_slice(&text).unwrap();
        assert_eq!((recovery.epoch, recovery.threshold), (1, 2));
        let again = trustees.split(&folder, blank(1), Constant::Share(&share));
        assert_eq!(again.unwrap(), first);
        assert_eq!(fs::read(&first).unwrap(), text, "it was written again");
        let second = trustees
            .split(&folder, blank(2), Constant::Share(&share))
            .unwrap();
        fs::write(folder.join("notes.txt"), "mine").unwrap();
        remove_before(&folder, 2).unwrap();
        assert!(!first.exists() && second.exists());
        assert!(folder.join("notes.txt").exists());
    }

    #[test]
    fn terms_of_which_one_trustee_alone_would_hold_the_share_are_refused() {
        assert!(trustees(3, 2).check().is_ok());
        for (count, threshold) in [(3, 1), (3, 4), (0, 2), (65, 2)] {
            assert!(trustees(count, threshold).check().is_err());
        }
        let mut twice = trustees(2, 2);
        twice.trustees.push(twice.trustees[0]);
        assert!(twice.check().is_err());
    }
}
