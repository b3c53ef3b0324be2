//! Contracts that are deployed once, however often this is killed and run again.
//!
//! A contract's address follows from its deployer and the nonce of the transaction that creates it.
//! So both are written down before anything is sent, and whoever comes back looks there: a contract
//! that stands there is not deployed again, and a transaction that waits is waited for. Only when the
//! nonce went to something else is another one written down.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use alloy::primitives::keccak256;
use stheno::{
    Error,
    access::AccessError,
    chain::{
        Chain, ChainError, Instant as Moment, SendError, Sender,
        contracts::{CommitteeContract as committee, PayPerAccessContract as item_sale},
    },
    ledger::LedgerError,
    protocol::{Address, B256, Bytes, U256},
};

use super::{
    contracts::{Contract, Neighbours},
    parameters::Parameters,
    record::{Record, Step},
};
use crate::{failure::Failure, progress::Progress};

/// Between two looks at a chain.
const LOOK: Duration = Duration::from_millis(500);
/// How long a transaction that waits is waited for.
const PATIENCE: Duration = Duration::from_secs(600);
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
            if !self.is_there(step, at).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Deploys one contract, unless it is there.
    async fn deploy(&mut self, contract: Contract) -> Result<Address, Failure> {
        let code = contract.init_code(self.neighbours());
        let (until, mut used_since) = (Instant::now() + PATIENCE, None);
        loop {
            let Some(step) = self.record.step(contract) else {
                self.plan(contract, &code).await?;
                continue;
            };
            let nonces = self.sender.nonces().await.map_err(unreadable)?;
            let head = self.chain.head_since(Moment::now()).await;
            let head = head.map_err(unreadable)?;
            if self.is_there(&step, head.hash).await? {
                return self.done(step);
            }
            if nonces.mined > step.nonce {
                // An endpoint may know the nonce before another knows the contract.
                let since = *used_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= self.parameters.lag {
                    used_since = None;
                    self.plan(contract, &code).await?;
                }
            } else if nonces.next < step.nonce || step.init_code_hash != keccak256(&code) {
                // What came before it was lost, or it was to be another version.
                self.plan(contract, &code).await?;
            } else if nonces.next == step.nonce {
                self.progress.step(format!("deploying {}", contract.name()));
                self.send(&step, &code).await?;
            } else if Instant::now() >= until {
                return Err(Failure::new(
                    "transaction_pending",
                    format_args!(
                        "transaction {} of {} is not mined yet",
                        step.nonce, self.record.deployer
                    ),
                )
                .hint("run the same command again: it goes on where it is"));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Writes down what is about to be sent.
    async fn plan(&mut self, contract: Contract, code: &Bytes) -> Result<(), Failure> {
        let nonces = self.sender.nonces().await.map_err(unreadable)?;
        self.record.put(Step {
            contract,
            nonce: nonces.next,
            address: self.record.deployer.create(nonces.next),
            init_code_hash: keccak256(code),
            done: false,
        });
        self.record.keep(&self.path)
    }

    async fn send(&self, step: &Step, code: &Bytes) -> Result<(), Failure> {
        match self.sender.create_at(step.nonce, code.clone()).await {
            Ok(sent) if sent.created.is_none_or(|created| created == step.address) => Ok(()),
            Ok(_) => Err(Failure::new(
                "deployment_differs",
                format_args!("{} did not get to {}", step.contract.name(), step.address),
            )
            .hint("does the chain make addresses as Ethereum does?")),
            // Somebody was faster with this account; it is looked at again.
            Err(SendError::Nonce { .. }) => Ok(()),
            Err(error) => Err(unsent(error)),
        }
    }

    fn done(&mut self, step: Step) -> Result<Address, Failure> {
        if !step.done {
            self.record.put(Step { done: true, ..step });
            self.record.keep(&self.path)?;
        }
        Ok(step.address)
    }

    /// Whether the contract stands where it was to get.
    async fn is_there(&self, step: &Step, at: B256) -> Result<bool, Failure> {
        let (contract, address) = (step.contract, step.address);
        let code = self.chain.code(at, address).await.map_err(unreadable)?;
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
            let told = self.chain.read(at, address, &item_sale::registryCall {});
            let told = told.await.map_err(unreadable)?;
            if Some(told) != self.record.address(Contract::AccessRegistry) {
                let name = contract.name();
                return Err(differs(format!("{name} at {address} has registry {told}")));
            }
        }
        Ok(true)
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

fn unreadable(error: ChainError) -> Failure {
    Error::from(LedgerError::from(error)).into()
}

fn unsent(error: SendError) -> Failure {
    match error {
        SendError::Reverted(revert) => Failure::new(
            "transaction_failed",
            format_args!("the contract refused: {revert}"),
        )
        .hint("check the parameters and the chain; what was deployed is kept in the record"),
        SendError::Chain(error) => unreadable(error),
        other => AccessError::Send(other).into(),
    }
}
