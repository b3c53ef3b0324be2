//! What was deployed, and what is about to be: a file that is on disk before anything is sent.
//!
//! It holds addresses and numbers, and no secret.

use std::path::Path;

use serde::{Deserialize, Serialize};
use stheno::protocol::{Address, B256, ChainId};

use super::contracts::Contract;
use crate::{creation, failure::Failure, input};

/// What a record calls itself.
const FORMAT: &str = "stheno-deployment/1";

/// A deployment, finished or not. `chainId`, `contract` and `committeeId` are named as in a network
/// file, so that nodes can be made before there is one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    format: String,
    /// The set of parameters.
    pub parameters: String,
    /// The chain.
    pub chain_id: ChainId,
    /// Who deploys, and owns the committee.
    pub deployer: Address,
    /// The Committee contract, once it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<Address>,
    /// The committee's number in it, once it is founded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committee_id: Option<u64>,
    /// A step for each contract, in order.
    pub steps: Vec<Step>,
}

/// One contract's creation.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// Which contract.
    pub contract: Contract,
    /// By which transaction of the deployer's.
    pub nonce: u64,
    /// Where it gets, by deployer and nonce.
    pub address: Address,
    /// keccak256 of the code that creates it, with the constructor's arguments.
    pub init_code_hash: B256,
    /// Whether it was seen there.
    pub done: bool,
}

impl Record {
    /// Reads the record, or begins one.
    ///
    /// # Errors
    /// When the file is no record, or is of another deployment.
    pub fn open(
        path: &Path,
        parameters: &str,
        chain_id: ChainId,
        deployer: Address,
    ) -> Result<Self, Failure> {
        let fresh = Self {
            format: FORMAT.to_owned(),
            parameters: parameters.to_owned(),
            chain_id,
            deployer,
            contract: None,
            committee_id: None,
            steps: Vec::new(),
        };
        if !path.exists() {
            return Ok(fresh);
        }
        let text = input::text(path)?;
        let bad = |why: &dyn std::fmt::Display| {
            Failure::new(
                "deployment_differs",
                format_args!("{}: {why}", path.display()),
            )
            .hint("give another -o for another network; keep this file for its own")
        };
        let found: Self = serde_json::from_str(&text).map_err(|error| bad(&error))?;
        if found.format != FORMAT {
            return Err(bad(&format_args!("its format is not {FORMAT}")));
        }
        if (found.parameters.as_str(), found.chain_id) != (parameters, chain_id) {
            let of = &found.parameters;
            return Err(bad(&format_args!(
                "it is of a network with parameters {of}"
            )));
        }
        if found.deployer != deployer {
            let of = found.deployer;
            return Err(bad(&format_args!(
                "it was begun by {of}, not by {deployer}"
            )));
        }
        Ok(found)
    }

    /// A contract's step.
    pub fn step(&self, contract: Contract) -> Option<Step> {
        let mut steps = self.steps.iter();
        steps.find(|step| step.contract == contract).copied()
    }

    /// Where a contract is, once it was seen there.
    pub fn address(&self, contract: Contract) -> Option<Address> {
        let step = self.step(contract).filter(|step| step.done)?;
        Some(step.address)
    }

    /// Puts a step in, in place of an earlier one of its contract.
    pub fn put(&mut self, step: Step) {
        match self
            .steps
            .iter_mut()
            .find(|before| before.contract == step.contract)
        {
            Some(before) => *before = step,
            None => self.steps.push(step),
        }
    }

    /// Writes it, whole and durable: it survives a power cut from here on.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn keep(&self, path: &Path) -> Result<(), Failure> {
        creation::keep(self, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPLOYER: Address = Address::repeat_byte(9);

    #[test]
    fn record_survives_and_is_kept_from_other_deployments() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.json.deployment");
        let mut record = Record::open(&path, "devnet", 31_415_926, DEPLOYER).unwrap();
        let step = Step {
            contract: Contract::Committee,
            nonce: 3,
            address: DEPLOYER.create(3),
            init_code_hash: B256::repeat_byte(1),
            done: false,
        };
        record.put(step);
        record.keep(&path).unwrap();
        assert_eq!(
            Record::open(&path, "devnet", 31_415_926, DEPLOYER).unwrap(),
            record
        );
        assert_eq!(record.address(Contract::Committee), None);
        record.put(Step { done: true, ..step });
        assert_eq!(record.address(Contract::Committee), Some(step.address));
        assert_eq!(record.steps.len(), 1);
        record.keep(&path).unwrap();

        let other = Address::repeat_byte(8);
        for (parameters, chain, deployer) in [
            ("mainnet", 314, DEPLOYER),
            ("devnet", 31_415_926, other),
            ("devnet", 31_337, DEPLOYER),
        ] {
            assert!(Record::open(&path, parameters, chain, deployer).is_err());
        }
        std::fs::write(&path, "{").unwrap();
        let broken = Record::open(&path, "devnet", 31_415_926, DEPLOYER).unwrap_err();
        assert!(broken.to_string().contains("network.json"), "{broken}");
    }
}
