//! A contract that is created once, however often this is killed and run again.
//!
//! A contract's address follows from its deployer and the nonce of the transaction that creates it.
//! So both are written down before anything is sent, and whoever comes back looks there: a contract
//! that stands there is not deployed again, and a transaction that waits is waited for. Only when the
//! nonce went to something else is another one written down.

use std::{
    fs::{self, File},
    future::Future,
    io::{self, Write},
    path::Path,
    time::{Duration, Instant},
};

use alloy::primitives::keccak256;
use serde::Serialize;
use stheno::{
    Error,
    access::AccessError,
    chain::{Chain, ChainError, Instant as Moment, SendError, Sender},
    ledger::LedgerError,
    protocol::{Address, B256, Bytes},
};

use crate::{failure::Failure, progress::Progress};

/// Between two looks at a chain.
pub const LOOK: Duration = Duration::from_millis(500);
/// How long a transaction that waits is waited for.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// Writes down what is about to be sent, whole and durable: it survives a power cut from here on.
///
/// # Errors
/// When the disk does not take it.
pub fn keep(record: &impl Serialize, path: &Path) -> Result<(), Failure> {
    write(record, path).map_err(|error| {
        let fault = format!("{}: {error}", path.display());
        Failure::new("output_unwritable", fault)
            .hint("nothing was sent that is not written there; check the disk's space and rights")
    })
}

fn write(record: &impl Serialize, path: &Path) -> io::Result<()> {
    let text = serde_json::to_string_pretty(record).map_err(io::Error::other)?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{text}")?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The name is durable when its folder is.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// A creation that is written down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Planned {
    /// By which transaction of the deployer's.
    pub nonce: u64,
    /// Where the contract gets, by deployer and nonce.
    pub address: Address,
    /// keccak256 of the code that creates it, with the constructor's arguments.
    pub init_code_hash: B256,
}

/// Where one contract's creation is written down.
pub trait Plan {
    /// The contract's name.
    fn name(&self) -> &'static str;

    /// What is written down.
    fn planned(&self) -> Option<Planned>;

    /// Writes down what is about to be sent, durably.
    ///
    /// # Errors
    /// When the disk does not take it.
    fn put(&mut self, planned: Planned) -> Result<(), Failure>;

    /// Whether the contract stands where it was to get, at this block.
    ///
    /// # Errors
    /// When the chain cannot be read, or something else stands there.
    fn is_there(
        &self,
        planned: &Planned,
        at: B256,
    ) -> impl Future<Output = Result<bool, Failure>> + Send;
}

/// Who creates contracts.
#[derive(Clone, Copy, Debug)]
pub struct Creator<'a> {
    /// The chain.
    pub chain: &'a Chain,
    /// The account.
    pub sender: &'a Sender,
    /// How long an endpoint may lag behind another, before a nonce that was used without a contract
    /// coming of it counts as used for something else.
    pub lag: Duration,
    /// For who watches.
    pub progress: &'a Progress,
}

impl Creator<'_> {
    /// Creates the contract, unless it is there, and gives its address.
    ///
    /// # Errors
    /// What keeps it from being created. What was planned stays written down.
    pub async fn create(&self, plan: &mut impl Plan, code: &Bytes) -> Result<Address, Failure> {
        let (until, mut used_since) = (Instant::now() + PATIENCE, None);
        loop {
            let Some(planned) = plan.planned() else {
                self.put(plan, code).await?;
                continue;
            };
            let nonces = self.sender.nonces().await.map_err(unreadable)?;
            let head = self.chain.head_since(Moment::now()).await;
            let head = head.map_err(unreadable)?;
            if plan.is_there(&planned, head.hash).await? {
                return Ok(planned.address);
            }
            if nonces.mined > planned.nonce {
                // An endpoint may know the nonce before another knows the contract.
                let since = *used_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= self.lag {
                    used_since = None;
                    self.put(plan, code).await?;
                }
            } else if nonces.next < planned.nonce || planned.init_code_hash != keccak256(code) {
                // What came before it was lost, or it was to be another version.
                self.put(plan, code).await?;
            } else if nonces.next == planned.nonce {
                self.progress.step(format!("deploying {}", plan.name()));
                self.send(plan.name(), &planned, code).await?;
            } else if Instant::now() >= until {
                let (nonce, account) = (planned.nonce, self.sender.address());
                return Err(Failure::new(
                    "transaction_pending",
                    format_args!("transaction {nonce} of {account} is not mined yet"),
                )
                .hint("run the same command again: it goes on where it is"));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn put(&self, plan: &mut impl Plan, code: &Bytes) -> Result<(), Failure> {
        let nonces = self.sender.nonces().await.map_err(unreadable)?;
        plan.put(Planned {
            nonce: nonces.next,
            address: self.sender.address().create(nonces.next),
            init_code_hash: keccak256(code),
        })
    }

    async fn send(&self, name: &str, planned: &Planned, code: &Bytes) -> Result<(), Failure> {
        match self.sender.create_at(planned.nonce, code.clone()).await {
            Ok(sent)
                if sent
                    .created
                    .is_none_or(|created| created == planned.address) =>
            {
                Ok(())
            }
            Ok(_) => Err(Failure::new(
                "deployment_differs",
                format_args!("{name} did not get to {}", planned.address),
            )
            .hint("does the chain make addresses as Ethereum does?")),
            // Somebody was faster with this account; it is looked at again.
            Err(SendError::Nonce { .. }) => Ok(()),
            Err(error) => Err(unsent(error)),
        }
    }
}

/// A chain that cannot be read.
pub fn unreadable(error: ChainError) -> Failure {
    Error::from(LedgerError::from(error)).into()
}

/// A transaction that did not happen.
pub fn unsent(error: SendError) -> Failure {
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
