//! Delegation files: what an account's owner signs for another's key. No secret.

use std::{io::Write, path::Path};

use serde::{Deserialize, Serialize};
use stheno::{
    Grant, NetworkFile,
    envelope::EnvelopeError,
    protocol::{Address, ChainId, Domain},
};

use crate::{failure::Failure, input, output::Output};

/// What a delegation file calls itself.
const FORMAT: &str = "stheno-delegation/1";

/// A delegation, signed or not yet, and the network that it is for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DelegationFile {
    format: String,
    chain_id: ChainId,
    contract: Address,
    committee_id: u64,
    /// The delegation.
    pub grant: Grant,
}

impl DelegationFile {
    /// A delegation for a network.
    pub fn new(network: &NetworkFile, grant: Grant) -> Self {
        Self {
            format: FORMAT.to_owned(),
            chain_id: network.chain_id,
            contract: network.contract,
            committee_id: network.committee_id,
            grant,
        }
    }

    /// Reads a delegation file; `-` is standard input.
    ///
    /// # Errors
    /// When it is none.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let text = input::text(path)?;
        let file: Self = serde_json::from_str(&text).map_err(|error| bad(path, &error))?;
        match file.format == FORMAT {
            true => Ok(file),
            false => Err(bad(path, &format_args!("its format is not {FORMAT}"))),
        }
    }

    /// What is signed under.
    pub fn domain(&self) -> Domain {
        Domain::of_committee(self.chain_id, self.contract, self.committee_id)
    }

    /// Writes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, mut to: Output) -> Result<(), Failure> {
        let mut text =
            serde_json::to_vec_pretty(self).map_err(|error| Failure::new("failed", error))?;
        text.push(b'\n');
        to.write_all(&text)
            .map_err(|error| to.failure(EnvelopeError::Write(error).into()))?;
        Ok(to.commit()?)
    }
}

/// A delegation file that cannot be used.
pub fn bad(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    let path = path.display();
    Failure::new("bad_consent", format_args!("delegation {path}: {why}"))
        .hint("`stheno delegation new` makes one; `stheno help delegation` has examples")
}
