//! A state directory: what it remembers, so that the same devnet can go on tomorrow.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    DevnetError, Options,
    contracts::Contracts,
    finality::Finality,
    lock::Lock,
    ports::{PortWish, Ports},
};

/// What stands in `devnet.json` of a state directory.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    version: u32,
    /// How many nodes.
    pub nodes: u16,
    /// How many of them open a file.
    pub threshold: u16,
    /// When blocks are final.
    pub finality: Finality,
    /// Who listens where; the nodes' ports stand on chain.
    pub ports: Ports,
    /// What lives where.
    pub contracts: Contracts,
}

impl Kept {
    /// A devnet that is worth keeping: it has a key.
    pub fn new(threshold: u16, finality: Finality, ports: &Ports, contracts: Contracts) -> Self {
        Self {
            version: 1,
            nodes: u16::try_from(ports.nodes.len()).unwrap_or(u16::MAX),
            threshold,
            finality,
            ports: ports.clone(),
            contracts,
        }
    }

    /// What `dir` keeps; nothing in a directory that is empty or does not exist.
    ///
    /// # Errors
    /// [`DevnetError::NotAState`] when it holds something else, or a devnet that was not finished.
    pub fn load(dir: &Path) -> Result<Option<Self>, DevnetError> {
        let is_empty = std::fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
        if is_empty {
            return Ok(None);
        }
        let not_a_state = |why: String| DevnetError::NotAState {
            dir: dir.to_owned(),
            why,
        };
        if !file(dir).exists() && Lock::was_taken(dir) {
            let dir = dir.to_owned();
            return Err(DevnetError::Unfinished { dir });
        }
        let text = std::fs::read_to_string(file(dir))
            .map_err(|e| not_a_state(format!("it has no devnet.json: {e}")))?;
        let kept: Self = serde_json::from_str(&text)
            .map_err(|e| not_a_state(format!("its devnet.json is damaged: {e}")))?;
        match kept.version {
            1 => Ok(Some(kept)),
            other => Err(not_a_state(format!("its version is {other}, not 1"))),
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`DevnetError::Io`].
    pub fn save(&self, dir: &Path) -> Result<(), DevnetError> {
        let path = file(dir);
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        std::fs::write(&path, text + "\n").map_err(|e| DevnetError::write(&path, e))
    }

    /// Insists that the devnet that is kept is the one that is wished for.
    ///
    /// # Errors
    /// [`DevnetError::OtherState`].
    pub fn check(&self, wished: &Options, dir: &Path) -> Result<(), DevnetError> {
        let base = match wished.ports {
            PortWish::From(base) => base,
            PortWish::Free | PortWish::Usual => self.ports.rpc,
        };
        let words = |nodes, threshold, base, finality| {
            format!(
                "of {nodes} nodes with threshold {threshold} at port {base}, finality {finality:?}"
            )
        };
        let kept = words(self.nodes, self.threshold, self.ports.rpc, self.finality);
        let wished = words(wished.nodes, wished.threshold, base, wished.finality);
        if kept == wished {
            Ok(())
        } else {
            let dir = dir.to_owned();
            Err(DevnetError::OtherState { dir, kept, wished })
        }
    }
}

/// Where a state directory keeps its chain.
pub fn chain_state(dir: &Path) -> PathBuf {
    dir.join("chain.json")
}

/// Remembers the newest block, for [`check_head`].
pub fn save_head(dir: &Path, head: u64) {
    // Without it a chain that went back is noticed by its nodes alone.
    let _ = std::fs::write(dir.join("devnet.head"), head.to_string());
}

/// Insists that no block is missing that nodes have seen as final.
///
/// # Errors
/// [`DevnetError::WentBack`].
pub fn check_head(dir: &Path, head: u64, finality: Finality) -> Result<(), DevnetError> {
    let seen = std::fs::read_to_string(dir.join("devnet.head")).ok();
    let seen: Option<u64> = seen.and_then(|text| text.trim().parse().ok());
    let last = seen.unwrap_or_default().saturating_sub(finality.blocks());
    if head >= last {
        return Ok(());
    }
    let dir = dir.to_owned();
    Err(DevnetError::WentBack { dir, head, last })
}

/// Insists that the chain was written, and whole: anvil does not say what is wrong with a file.
///
/// # Errors
/// [`DevnetError::Unfinished`], [`DevnetError::NotAState`].
pub fn check_chain_state(dir: &Path, state: &Path) -> Result<(), DevnetError> {
    let dir = dir.to_owned();
    let Ok(file) = std::fs::File::open(state) else {
        return Err(DevnetError::Unfinished { dir });
    };
    let read = serde_json::from_reader::<_, serde::de::IgnoredAny>(std::io::BufReader::new(file));
    read.map(drop).map_err(|e| DevnetError::NotAState {
        dir,
        why: format!("its chain.json is damaged, as by a power cut while it was written: {e}"),
    })
}

fn file(dir: &Path) -> PathBuf {
    dir.join("devnet.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::Address;
    use stheno::Market;

    fn kept() -> Kept {
        let ports = Ports {
            rpc: 8545,
            nodes: vec![8546, 8547, 8548],
        };
        let contracts = Contracts {
            committee: Address::repeat_byte(1),
            committee_id: 1,
            access_pass: Address::repeat_byte(2),
            market: Market {
                registry: Address::repeat_byte(3),
                pay_per_access: Address::repeat_byte(4),
                escrow: None,
                catalogue: Address::repeat_byte(5),
                timed_release: None,
            },
            dollar: Address::repeat_byte(6),
        };
        Kept::new(2, Finality::Quick, &ports, contracts)
    }

    #[test]
    fn kept_is_loaded_as_it_was_saved() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Kept::load(folder.path()).unwrap(), None);
        kept().save(folder.path()).unwrap();
        assert_eq!(Kept::load(folder.path()).unwrap(), Some(kept()));
    }

    #[test]
    fn kept_is_refused_in_a_directory_of_other_things() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("thesis.tex"), "…").unwrap();
        let error = Kept::load(folder.path()).unwrap_err();
        assert!(matches!(error, DevnetError::NotAState { .. }), "{error}");
        std::fs::write(folder.path().join("devnet.json"), "{").unwrap();
        let error = Kept::load(folder.path()).unwrap_err();
        assert!(error.to_string().contains("damaged"), "{error}");
    }

    #[test]
    fn head_is_refused_when_final_blocks_are_missing() {
        let folder = tempfile::tempdir().unwrap();
        check_head(folder.path(), 5, Finality::Quick).unwrap();
        save_head(folder.path(), 102);
        check_head(folder.path(), 100, Finality::Quick).unwrap();
        check_head(folder.path(), 92, Finality::Filecoin).unwrap();
        let error = check_head(folder.path(), 99, Finality::Quick).unwrap_err();
        assert!(
            error.to_string().contains("went back to block 99"),
            "{error}"
        );
    }

    #[test]
    fn chain_state_is_refused_when_it_is_missing_or_cut_short() {
        let folder = tempfile::tempdir().unwrap();
        let state = chain_state(folder.path());
        let check = || check_chain_state(folder.path(), &state);
        assert!(matches!(check(), Err(DevnetError::Unfinished { .. })));
        std::fs::write(&state, "{\"block\":{\"num").unwrap();
        assert!(check().unwrap_err().to_string().contains("damaged"));
        std::fs::write(&state, "{\"block\":{}}").unwrap();
        check().unwrap();
    }

    #[tokio::test]
    async fn kept_is_refused_when_its_devnet_never_got_ready() {
        let folder = tempfile::tempdir().unwrap();
        drop(Lock::take(folder.path()).await.unwrap());
        let error = Kept::load(folder.path()).unwrap_err();
        assert!(matches!(error, DevnetError::Unfinished { .. }), "{error}");
    }

    #[test]
    fn kept_is_refused_when_another_shape_is_wished() {
        let mut wished = Options::with_executable("stheno");
        (wished.nodes, wished.threshold) = (3, 2);
        kept().check(&wished, Path::new("state")).unwrap();
        wished.ports = PortWish::From(8545);
        kept().check(&wished, Path::new("state")).unwrap();
        wished.ports = PortWish::From(9000);
        assert!(kept().check(&wished, Path::new("state")).is_err());
        (wished.ports, wished.threshold) = (PortWish::Usual, 3);
        let error = kept().check(&wished, Path::new("state")).unwrap_err();
        assert!(error.to_string().contains("threshold 2"), "{error}");
    }
}
