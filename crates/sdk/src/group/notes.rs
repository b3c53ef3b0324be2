//! What was published from a group's file, and what was about to be: kept beside it.
//!
//! By the notes a keeper's next change knows that the last change on chain is his own, and whether
//! somebody was removed since. They are no secret. Without them it is the last change that has to name
//! a file which this one was before.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use stheno_circuits::Root;
use stheno_protocol::{Address, ChainId};

use super::{
    GroupError, KnownRoot,
    file::{disk, locked},
};
use crate::whole_file::replace;

/// What the file calls itself.
const FORMAT: &str = "stheno-group-published/2";

/// The notes of one group's file, `FILE.published`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GroupNotes {
    group: PathBuf,
    path: PathBuf,
    stored: Stored,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: String,
    contracts: Vec<OfContract>,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfContract {
    chain: ChainId,
    contract: Address,
    roots: Vec<StoredRoot>,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRoot {
    index: u64,
    root: Option<Root>,
    places: u64,
    emptied: Vec<u64>,
}

impl GroupNotes {
    /// Reads the notes beside a group's file, or begins some. Those of a link are beside what it names.
    ///
    /// # Errors
    /// [`GroupError::Disk`]; where they cannot be made out, as well.
    pub fn beside(group: &Path) -> Result<Self, GroupError> {
        let group = fs::canonicalize(group).map_err(|error| disk(group, "open it", &error))?;
        let path = Self::path(&group);
        let stored = Stored::read(&path)?;
        Ok(Self {
            group,
            path,
            stored,
        })
    }

    /// Where they are.
    #[must_use]
    pub fn path(group: &Path) -> PathBuf {
        let mut name = group.as_os_str().to_owned();
        name.push(".published");
        PathBuf::from(name)
    }

    /// The roots that a contract has from this file, as far as is known.
    #[must_use]
    pub fn known(&self, chain: ChainId, contract: Address) -> Vec<KnownRoot> {
        let mut contracts = self.stored.contracts.iter();
        let found = contracts.find(|of| (of.chain, of.contract) == (chain, contract));
        let roots = found.map(|of| of.roots.as_slice()).unwrap_or_default();
        let roots = roots.iter().map(|stored| KnownRoot {
            index: stored.index,
            root: stored.root,
            places: stored.places,
            emptied: stored.emptied.clone(),
        });
        roots.collect()
    }

    /// Puts down which roots a contract may have from this file, durably. What another command has put
    /// down meanwhile for another contract stays.
    ///
    /// # Errors
    /// [`GroupError::Disk`], [`GroupError::Busy`] where another command changes the group for a minute.
    pub fn put(
        &mut self,
        chain: ChainId,
        contract: Address,
        roots: &[KnownRoot],
    ) -> Result<(), GroupError> {
        let roots = roots.iter().map(|known| StoredRoot {
            index: known.index,
            root: known.root,
            places: known.places,
            emptied: known.emptied.clone(),
        });
        let noted = OfContract {
            chain,
            contract,
            roots: roots.collect(),
        };
        let _lock = locked(&self.group)?;
        self.stored = Stored::read(&self.path)?;
        let contracts = &mut self.stored.contracts;
        let mut others = contracts.iter_mut();
        match others.find(|of| (of.chain, of.contract) == (chain, contract)) {
            Some(before) if *before == noted => return Ok(()),
            Some(before) => *before = noted,
            None => contracts.push(noted),
        }
        self.save()
    }

    fn save(&self) -> Result<(), GroupError> {
        // Numbers, strings and lists always serialise.
        let mut bytes = serde_json::to_vec_pretty(&self.stored).unwrap_or_default();
        bytes.push(b'\n');
        let mut part = self.path.as_os_str().to_owned();
        part.push(format!(".{}.part", std::process::id()));
        let part = PathBuf::from(part);
        let replaced = replace(&self.path, &part, &bytes, None);
        replaced.map_err(|error| disk(&self.path, "write it", &error))
    }
}

impl Stored {
    fn read(path: &Path) -> Result<Self, GroupError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self {
                    format: FORMAT.to_owned(),
                    contracts: Vec::new(),
                });
            }
            Err(error) => return Err(disk(path, "read it", &error)),
        };
        let stored = serde_json::from_slice(&bytes).map_err(std::io::Error::from);
        stored
            .and_then(|stored: Self| match stored.format == FORMAT {
                true => Ok(stored),
                false => Err(std::io::Error::other(format!("its format is not {FORMAT}"))),
            })
            .map_err(|error| disk(path, "read it", &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(places: u64) -> KnownRoot {
        KnownRoot {
            index: places + 1,
            root: Some(Root::from_bytes(&[3; 32]).unwrap()),
            places,
            emptied: vec![0],
        }
    }

    #[test]
    fn notes_of_several_commands_at_once_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let group = folder.path().join("group.json");
        fs::write(&group, "").unwrap();
        let begun: Vec<GroupNotes> = (0..16)
            .map(|_| GroupNotes::beside(&group).unwrap())
            .collect();
        std::thread::scope(|scope| {
            for (number, mut notes) in (0u8..).zip(begun) {
                scope.spawn(move || {
                    let contract = Address::repeat_byte(number);
                    notes.put(314, contract, &[known(1)]).unwrap();
                });
            }
        });
        let notes = GroupNotes::beside(&group).unwrap();
        for number in 0..16 {
            assert_eq!(notes.known(314, Address::repeat_byte(number)), [known(1)]);
        }
    }

    #[cfg(unix)]
    #[test]
    fn notes_of_a_link_are_those_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let (group, link) = (folder.path().join("group.json"), folder.path().join("link"));
        fs::write(&group, "").unwrap();
        std::os::unix::fs::symlink(&group, &link).unwrap();
        let mut notes = GroupNotes::beside(&link).unwrap();
        notes.put(314, Address::ZERO, &[known(1)]).unwrap();
        let notes = GroupNotes::beside(&group).unwrap();
        assert_eq!(notes.known(314, Address::ZERO), [known(1)]);
    }

    #[test]
    fn notes_are_kept_for_each_contract() {
        let folder = tempfile::tempdir().unwrap();
        let group = folder.path().join("group.json");
        fs::write(&group, "").unwrap();
        let [one, two] = [1, 2].map(Address::repeat_byte);
        let mut notes = GroupNotes::beside(&group).unwrap();
        assert!(notes.known(314, one).is_empty());
        notes.put(314, one, &[known(1), known(2)]).unwrap();
        notes.put(314, two, &[known(3)]).unwrap();
        notes.put(314_159, one, &[]).unwrap();
        notes.put(314, one, &[known(2)]).unwrap();
        let again = GroupNotes::beside(&group).unwrap();
        assert_eq!(again, notes);
        assert_eq!(again.known(314, one), [known(2)]);
        assert_eq!(again.known(314, two), [known(3)]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);

        for text in ["", "{}", "{\"format\":\"x\",\"contracts\":[]}"] {
            std::fs::write(GroupNotes::path(&group), text).unwrap();
            let error = GroupNotes::beside(&group).unwrap_err();
            assert_eq!(error.code(), "group_unreadable");
            assert!(
                error.to_string().contains("group.json.published"),
                "{error}"
            );
        }
    }
}
