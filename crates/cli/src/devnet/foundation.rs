//! Everything below the key: chain, contracts, registered nodes.
//!
//! [`Devnet::start`](super::Devnet::start) goes from here to the end in one go;
//! a test that wants to do harm in between takes the steps one by one.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use alloy::primitives::Address;
use tempfile::TempDir;
use url::Url;

use super::{
    DevnetError, Options,
    anvil::spawn_anvil,
    contracts::{Contracts, Owner},
    control::Control,
    finality::Finality,
    kept::chain_state,
    lock::Lock,
    member::{Member, Operator},
    pace::Metronome,
    ports::Ports,
    process::{Nursery, Process},
    ready,
    running::Timings,
};

/// How long the chain may take to write its state.
const CHAIN_FAREWELL: Duration = Duration::from_secs(10);

/// A chain with contracts and registered nodes, before there is a key.
#[derive(Debug)]
pub struct Foundation {
    // Dropped in this order: nodes before their chain, files last.
    pub(super) members: Vec<Member>,
    pub(super) metronome: Metronome,
    pub(super) anvil: Process,
    pub(super) nursery: Nursery,
    pub(super) control: Control,
    pub(super) owner: Owner,
    pub(super) contracts: Contracts,
    pub(super) threshold: u16,
    pub(super) finality: Finality,
    pub(super) rpc: Url,
    pub(super) ports: Ports,
    pub(super) began: Instant,
    pub(super) timings: Timings,
    pub(super) dir: Dir,
}

/// Where a devnet's files are.
#[derive(Debug)]
pub(super) enum Dir {
    Temporary(TempDir),
    Kept(PathBuf),
}

impl Dir {
    pub(super) fn make(wished: Option<&Path>) -> Result<Self, DevnetError> {
        match wished {
            None => tempfile::Builder::new()
                .prefix("stheno-devnet-")
                .tempdir()
                .map(Self::Temporary)
                .map_err(|e| DevnetError::io("make a temporary directory", e)),
            Some(dir) => {
                std::fs::create_dir_all(dir).map_err(|e| DevnetError::write(dir, e))?;
                let dir = dir.canonicalize().map_err(|e| DevnetError::write(dir, e))?;
                Ok(Self::Kept(dir))
            }
        }
    }

    /// Where the chain is kept, if it is.
    pub(super) fn chain_state(&self) -> Option<PathBuf> {
        match self {
            Self::Temporary(_) => None,
            Self::Kept(dir) => Some(chain_state(dir)),
        }
    }

    /// Keeps other devnets out of a directory that stays.
    pub(super) async fn lock(&self) -> Result<Option<Lock>, DevnetError> {
        match self {
            Self::Temporary(_) => Ok(None),
            Self::Kept(dir) => Lock::take(dir).await.map(Some),
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Temporary(dir) => dir.path(),
            Self::Kept(dir) => dir,
        }
    }
}

impl Foundation {
    /// Starts the chain, deploys the contracts, makes and registers the nodes.
    ///
    /// # Errors
    /// [`DevnetError`]; nothing keeps running then.
    pub async fn lay(options: Options) -> Result<Self, DevnetError> {
        options.check()?;
        let began = Instant::now();
        let tell = options.tell;
        let dir = Dir::make(options.dir.as_deref())?;
        let lock = dir.lock().await?;
        let ports = Ports::choose(options.ports, options.nodes)?;
        let nursery = Nursery::new(&options.stheno, lock)
            .map_err(|e| DevnetError::io("start the spawning thread", e))?;

        tell("starting the chain");
        let rpc = ports.rpc_url()?;
        let mut anvil = spawn_anvil(
            &nursery,
            ports.rpc,
            dir.path(),
            dir.chain_state().as_deref(),
            options.finality,
        )?;
        let control = Control::new(rpc.clone());
        ready::chain_answers(&control, &mut anvil).await?;
        let metronome = Metronome::start(control.clone(), options.pace, options.finality);
        let chain = began.elapsed();

        tell("deploying the contracts");
        let owner = Owner::connect(&rpc).await?;
        let contracts = owner.deploy(options.finality).await?;
        metronome.follow(contracts);

        tell("making and registering the nodes");
        let operators = (1..)
            .zip(&ports.nodes)
            .map(|(index, port)| Operator::new(&options.stheno, index, *port, dir.path()))
            .collect::<Result<Vec<_>, _>>()?;
        metronome.attend(operators.iter().map(|o| o.endpoint.clone()).collect());
        let enlisted = operators.iter().map(|operator| async {
            operator.init(&contracts, &rpc, &control).await?;
            operator.register().await
        });
        futures::future::try_join_all(enlisted).await?;
        Ok(Self {
            members: operators.into_iter().map(Member::new).collect(),
            metronome,
            anvil,
            nursery,
            control,
            owner,
            contracts,
            threshold: options.threshold,
            finality: options.finality,
            rpc,
            ports,
            began,
            timings: Timings {
                chain,
                setup: began.elapsed().saturating_sub(chain),
                ..Timings::default()
            },
            dir,
        })
    }

    /// Proposes the ceremony and starts all nodes; they post their ceremony keys.
    ///
    /// # Errors
    /// [`DevnetError`].
    pub async fn propose(&mut self) -> Result<(), DevnetError> {
        self.propose_with(&[]).await
    }

    /// The same with further members behind the devnet's own, registered and run by somebody else.
    ///
    /// # Errors
    /// [`DevnetError`].
    pub async fn propose_with(&mut self, others: &[Address]) -> Result<(), DevnetError> {
        let accounts = self.members.iter().map(|m| m.operator().account);
        let accounts = accounts.chain(others.iter().copied()).collect();
        self.owner
            .propose(&self.contracts, self.threshold, accounts)
            .await?;
        self.members
            .iter_mut()
            .try_for_each(|member| member.start(&self.nursery))
    }

    /// Every operator approves, once all ceremony keys are posted; the timetable begins.
    ///
    /// # Errors
    /// [`DevnetError`], also when a node ends meanwhile.
    pub async fn approve(&mut self) -> Result<(), DevnetError> {
        let operators: Vec<Operator> = self.members.iter().map(|m| m.operator().clone()).collect();
        let control = self.control.clone();
        let approvals = async {
            // The operators' commands read at the final block, where the proposal has to be.
            ready::head_is_final(&control).await?;
            futures::future::try_join_all(operators.iter().map(Operator::approve)).await
        };
        let approved = ready::while_alive(approvals, &mut self.anvil, &mut self.members);
        approved.await.map(drop)
    }

    /// The chain's endpoint.
    pub fn rpc(&self) -> &Url {
        &self.rpc
    }

    /// The chain's keeper.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Where the contracts are.
    pub fn contracts(&self) -> &Contracts {
        &self.contracts
    }

    /// The nodes; node `i` is at `i - 1`.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Ends a node as a power cut would. Nodes count from 1; others are ignored.
    pub fn kill_node(&mut self, index: u16) {
        let members = self.members.iter_mut();
        members
            .filter(|m| m.index() == index)
            .for_each(Member::kill);
    }

    /// Starts a node that does not run; does not wait for it.
    ///
    /// # Errors
    /// [`DevnetError::Io`].
    pub fn start_node(&mut self, index: u16) -> Result<(), DevnetError> {
        let mut members = self.members.iter_mut().filter(|m| m.index() == index);
        members.try_for_each(|member| member.start(&self.nursery))
    }

    /// Ends the chain and starts it again where it ended, for a foundation that keeps its files.
    /// What waited for a block is lost.
    ///
    /// # Errors
    /// [`DevnetError`].
    pub async fn restart_chain(&mut self) -> Result<(), DevnetError> {
        self.anvil.stop(CHAIN_FAREWELL).await;
        let state = self.dir.chain_state();
        let (port, dir) = (self.ports.rpc, self.dir.path());
        self.anvil = spawn_anvil(&self.nursery, port, dir, state.as_deref(), self.finality)?;
        ready::chain_answers(&self.control, &mut self.anvil).await?;
        // Anvil keeps the state of the last block alone, and nodes read at final ones.
        for _ in 0..=self.finality.blocks() {
            self.control.mine().await?;
        }
        Ok(())
    }

    /// How long it has been since the start.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}
