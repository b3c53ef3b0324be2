//! A network's contracts, each deployed once, and the committee in one of them.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use stheno::{
    chain::{
        Chain, ChainError, Instant as Moment, Sender,
        contracts::{CommitteeContract as committee, PayPerAccessContract as item_sale},
    },
    protocol::{Address, B256, U256},
};

use super::{
    contracts::{Contract, Neighbours},
    parameters::Parameters,
    record::{Record, Step},
};
use crate::{
    creation::{Creator, LOOK, PATIENCE, Plan, Planned, unreadable, unsent},
    failure::Failure,
    progress::Progress,
};

/// Committees of other owners that are passed over in a contract of our own.
const MOST_COMMITTEES: u64 = 64;

/// Who deploys a network.
#[derive(Debug)]
pub struct Deployer<'a> {
    /// The chain.
    pub chain: Chain,
    /// The account.
    pub sender: Sender,
    /// Where the record is.
    pub path: PathBuf,
    /// What was done, and is about to be.
    pub record: Record,
    /// What the network starts with.
    pub parameters: Parameters,
    /// PDPVerifier, where there is one.
    pub pdp_verifier: Option<Address>,
    /// For who watches.
    pub progress: &'a Progress,
}

impl Deployer<'_> {
    /// Deploys whatever is missing and founds the committee.
    ///
    /// # Errors
    /// What keeps a step from being done; those before it are in the record.
    pub async fn all(&mut self) -> Result<(), Failure> {
        self.check_verifier().await?;
        let committee = self.deploy(Contract::Committee).await?;
        if self.record.committee_id.is_none() {
            let number = self.found(committee).await?;
            self.record.contract = Some(committee);
            self.record.committee_id = Some(number);
            self.record.keep(&self.path)?;
        }
        self.deploy(Contract::AccessRegistry).await?;
        self.deploy(Contract::PayPerAccess).await?;
        if self.pdp_verifier.is_some() {
            self.deploy(Contract::Escrow).await?;
        }
        self.deploy(Contract::Catalogue).await?;
        Ok(())
    }

    /// Whether every contract of the record stands at this block.
    ///
    /// # Errors
    /// When the chain cannot be read, or something else stands there.
    pub async fn are_there(&self, at: B256) -> Result<bool, Failure> {
        for step in &self.record.steps {
            if !is_there(&self.chain, &self.record, step, at).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Deploys one contract, unless it is there.
    async fn deploy(&mut self, contract: Contract) -> Result<Address, Failure> {
        let code = contract.init_code(self.neighbours());
        let creator = Creator {
            chain: &self.chain,
            sender: &self.sender,
            lag: self.parameters.lag,
            progress: self.progress,
        };
        let mut plan = PlanOf {
            contract,
            chain: &self.chain,
            path: &self.path,
            record: &mut self.record,
        };
        let address = creator.create(&mut plan, &code).await?;
        plan.done()?;
        Ok(address)
    }

    /// Founds the committee in a contract that this account deployed, unless that was done.
    async fn found(&mut self, contract: Address) -> Result<u64, Failure> {
        let until = Instant::now() + PATIENCE;
        loop {
            let nonces = self.sender.nonces().await.map_err(unreadable)?;
            if let Some(number) = self.committee_of(contract).await? {
                return Ok(number);
            }
            // What waits may be this very call, of a run that was killed.
            if nonces.next == nonces.mined {
                self.progress.step("founding the committee");
                let found = committee::createCommitteeCall {
                    windows: self.parameters.windows.clone(),
                    devnet: self.parameters.devnet,
                };
                self.call(contract, &found).await?;
            } else if Instant::now() >= until {
                return Err(Failure::new(
                    "transaction_pending",
                    format_args!("a transaction of {} is not mined yet", self.record.deployer),
                )
                .hint("run the same command again: it goes on where it is"));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The number of the deployer's first committee with these windows; anybody may found others.
    async fn committee_of(&self, contract: Address) -> Result<Option<u64>, Failure> {
        let head = self.chain.head_since(Moment::now()).await;
        let at = head.map_err(unreadable)?.hash;
        for number in 1..=MOST_COMMITTEES {
            let question = committee::committeeCall {
                committeeId: number,
            };
            match self.chain.read(at, contract, &question).await {
                Ok(info)
                    if info.owner == self.record.deployer
                        && info.windows == self.parameters.windows =>
                {
                    return Ok(Some(number));
                }
                Ok(_) => {}
                Err(ChainError::Refused { .. }) => return Ok(None),
                Err(error) => return Err(unreadable(error)),
            }
        }
        Ok(None)
    }

    async fn call(
        &self,
        to: Address,
        call: &impl alloy::sol_types::SolCall,
    ) -> Result<(), Failure> {
        let sent = self
            .sender
            .send(Some(to), call.abi_encode().into(), U256::ZERO);
        sent.await.map(drop).map_err(unsent)
    }

    async fn check_verifier(&self) -> Result<(), Failure> {
        let Some(verifier) = self.pdp_verifier else {
            return Ok(());
        };
        let head = self.chain.head().await.map_err(unreadable)?;
        let code = self.chain.code(head.hash, verifier).await;
        match code.map_err(unreadable)?.is_empty() {
            false => Ok(()),
            true => Err(Failure::new(
                "no_contract",
                format_args!("there is no PDPVerifier at {verifier} on this chain"),
            )
            .hint("correct --pdp-verifier, or check that the endpoint is up to date")),
        }
    }

    fn neighbours(&self) -> Neighbours {
        Neighbours {
            registry: self
                .record
                .address(Contract::AccessRegistry)
                .unwrap_or_default(),
            pdp_verifier: self.pdp_verifier.unwrap_or_default(),
        }
    }
}

/// One contract's step in the record.
struct PlanOf<'a> {
    contract: Contract,
    chain: &'a Chain,
    path: &'a Path,
    record: &'a mut Record,
}

impl Plan for PlanOf<'_> {
    fn name(&self) -> &'static str {
        self.contract.name()
    }

    fn planned(&self) -> Option<Planned> {
        let step = self.record.step(self.contract)?;
        Some(Planned {
            nonce: step.nonce,
            address: step.address,
            init_code_hash: step.init_code_hash,
        })
    }

    fn put(&mut self, planned: Planned) -> Result<(), Failure> {
        self.record.put(Step {
            contract: self.contract,
            nonce: planned.nonce,
            address: planned.address,
            init_code_hash: planned.init_code_hash,
            done: false,
        });
        self.record.keep(self.path)
    }

    async fn is_there(&self, _: &Planned, at: B256) -> Result<bool, Failure> {
        match self.record.step(self.contract) {
            Some(step) => is_there(self.chain, self.record, &step, at).await,
            None => Ok(false),
        }
    }
}

impl PlanOf<'_> {
    fn done(self) -> Result<(), Failure> {
        match self.record.step(self.contract) {
            Some(step) if !step.done => {
                self.record.put(Step { done: true, ..step });
                self.record.keep(self.path)
            }
            _ => Ok(()),
        }
    }
}

/// Whether the contract stands where it was to get.
async fn is_there(chain: &Chain, record: &Record, step: &Step, at: B256) -> Result<bool, Failure> {
    let (contract, address) = (step.contract, step.address);
    let code = chain.code(at, address).await.map_err(unreadable)?;
    if code.is_empty() {
        return Ok(false);
    }
    let differs = |why: String| {
        Failure::new("deployment_differs", why).hint(
            "it was deployed by another version of this program: finish with that, or give \
             another -o for a new network",
        )
    };
    if !contract.is(&code) {
        let name = contract.name();
        return Err(differs(format!("the code at {address} is not {name}'s")));
    }
    if contract.has_registry() {
        // The same function in all of them.
        let told = chain.read(at, address, &item_sale::registryCall {});
        let told = told.await.map_err(unreadable)?;
        if Some(told) != record.address(Contract::AccessRegistry) {
            let name = contract.name();
            return Err(differs(format!("{name} at {address} has registry {told}")));
        }
    }
    Ok(true)
}
