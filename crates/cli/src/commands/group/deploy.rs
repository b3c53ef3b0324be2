//! `stheno group deploy`: a contract that keeps the root of a file's group.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::json;
use stheno::{
    chain::Chain,
    group::{GroupAsStored, GroupContract, GroupContractError, GroupTerms},
    protocol::{Address, B256, Bytes, ChainId},
};

use super::reach::connect;
use crate::{
    args::GroupDeployArgs,
    commands::access::sender,
    creation::{Creator, Plan, Planned, keep, unreadable},
    failure::Failure,
    input,
    progress::Progress,
    say,
};

/// What a record calls itself.
const FORMAT: &str = "stheno-group-deployment/1";
/// How long an endpoint may lag behind another.
const LAG: Duration = Duration::from_secs(120);

/// Runs the command.
///
/// # Errors
/// What keeps the contract from being deployed. The same command goes on.
pub(super) async fn run(args: &GroupDeployArgs, as_json: bool) -> Result<(), Failure> {
    let terms = terms(args)?;
    let chain = connect(&args.chain).await?;
    let sender = sender(chain.clone(), &args.sender)?;
    let owner = sender.address();
    let mut plan = Deployment {
        chain: chain.clone(),
        terms,
        record: Record::open(&record_of(&args.file), chain.id(), owner)?,
        path: record_of(&args.file),
    };
    let code: Bytes = terms.init_code(owner).into();
    let progress = Progress::new(as_json);
    let creator = Creator {
        chain: &chain,
        sender: &sender,
        lag: LAG,
        progress: &progress,
    };
    let created = creator.create(&mut plan, &code).await;
    progress.finish();
    let address = created?;
    let levels = terms.depth.levels();
    let text = format!("contract    {address}\nowner       {owner}\ndepth       {levels}\n");
    let object = json!({
        "contract": address,
        "chain": chain.id(),
        "owner": owner,
        "depth": levels,
        "emptyRoot": terms.empty_root,
        "window": terms.window,
        "history": terms.history,
    });
    say::result(as_json, &text, &object);
    Ok(())
}

fn terms(args: &GroupDeployArgs) -> Result<GroupTerms, Failure> {
    let group = GroupAsStored::read(&args.file)?.group;
    let window = u32::try_from(args.window.0).map_err(|_| {
        Failure::new(
            "usage",
            "a root cannot stay valid for more than 2^32 seconds",
        )
        .hint("give --window a shorter time, such as 1h")
    })?;
    Ok(GroupTerms::of(&group, window, args.history))
}

/// The group's file with `.deployment` behind; of a link, the file that it names.
fn record_of(file: &Path) -> PathBuf {
    let file = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let mut name = file.into_os_string();
    name.push(".deployment");
    PathBuf::from(name)
}

/// What was deployed, or is about to be: on disk before anything is sent. It holds no secret.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Record {
    format: String,
    chain_id: ChainId,
    deployer: Address,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    planned: Option<Step>,
}

/// The contract's creation.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Step {
    nonce: u64,
    address: Address,
    init_code_hash: B256,
}

struct Deployment {
    chain: Chain,
    terms: GroupTerms,
    path: PathBuf,
    record: Record,
}

impl Plan for Deployment {
    fn name(&self) -> &'static str {
        "OwnedGroup"
    }

    fn planned(&self) -> Option<Planned> {
        let step = self.record.planned?;
        Some(Planned {
            nonce: step.nonce,
            address: step.address,
            init_code_hash: step.init_code_hash,
        })
    }

    fn put(&mut self, planned: Planned) -> Result<(), Failure> {
        self.record.planned = Some(Step {
            nonce: planned.nonce,
            address: planned.address,
            init_code_hash: planned.init_code_hash,
        });
        keep(&self.record, &self.path)
    }

    /// By the deployer's nonce nobody else gets to the address; that it is a group of these terms is
    /// asked besides.
    async fn is_there(&self, planned: &Planned, at: B256) -> Result<bool, Failure> {
        let code = self.chain.code(at, planned.address).await;
        if code.map_err(unreadable)?.is_empty() {
            return Ok(false);
        }
        let contract = GroupContract::new(self.chain.clone(), planned.address).at_head();
        match contract.terms().await {
            Ok(found) if found == self.terms => Ok(true),
            Ok(_) | Err(GroupContractError::NoGroup { .. }) => Err(Failure::new(
                "deployment_differs",
                format_args!("{} was deployed with other terms", planned.address),
            )
            .hint("give the same --window and --history; for another contract move FILE.deployment away")),
            Err(error) => Err(error.into()),
        }
    }
}

impl Record {
    /// Reads the record, or begins one.
    fn open(path: &Path, chain_id: ChainId, deployer: Address) -> Result<Self, Failure> {
        if !path.exists() {
            return Ok(Self {
                format: FORMAT.to_owned(),
                chain_id,
                deployer,
                planned: None,
            });
        }
        let bad = |why: &dyn std::fmt::Display| {
            let fault = format!("{}: {why}", path.display());
            Failure::new("deployment_differs", fault)
                .hint("keep the file for its own contract; for another one move it away")
        };
        let found: Self = serde_json::from_str(&input::text(path)?).map_err(|error| bad(&error))?;
        if found.format != FORMAT {
            return Err(bad(&format_args!("its format is not {FORMAT}")));
        }
        if found.chain_id != chain_id {
            let of = found.chain_id;
            return Err(bad(&format_args!("it is of a contract on chain {of}")));
        }
        if found.deployer != deployer {
            let of = found.deployer;
            return Err(bad(&format_args!(
                "it was begun by {of}, not by {deployer}"
            )));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_survives_and_is_kept_from_other_accounts_and_chains() {
        let folder = tempfile::tempdir().unwrap();
        let path = record_of(&folder.path().join("group.json"));
        assert!(path.ends_with("group.json.deployment"));
        let me = Address::repeat_byte(1);
        let mut record = Record::open(&path, 314, me).unwrap();
        record.planned = Some(Step {
            nonce: 7,
            address: me.create(7),
            init_code_hash: B256::repeat_byte(2),
        });
        keep(&record, &path).unwrap();
        assert_eq!(Record::open(&path, 314, me).unwrap(), record);
        for (chain, account) in [(314_159, me), (314, Address::repeat_byte(9))] {
            Record::open(&path, chain, account).unwrap_err();
        }
        std::fs::write(&path, "{}").unwrap();
        let error = Record::open(&path, 314, me).unwrap_err().to_string();
        assert!(error.contains("group.json.deployment"), "{error}");
    }
}
