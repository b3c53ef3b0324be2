//! A devnet as a value: started, used, stopped.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use alloy::{primitives::B256, signers::local::PrivateKeySigner};
use stheno::{NETWORK_FILE_VERSION, NetworkFile, NetworkNode};
use stheno_chain::{
    Chain, ChainConfig, Committee, HttpOptions, Locator, read_committee, send::Sent,
};
use url::Url;

use super::{
    DevnetError, Foundation,
    accounts::READER,
    anvil::{CHAIN_ID, spawn_anvil},
    ceremony::{Ceremony, State},
    contracts::{Contracts, buy_pass, signer},
    control::Control,
    finality::Finality,
    foundation::Dir,
    kept::{Kept, check_chain_state, check_head, save_head},
    member::{Member, Operator},
    pace::{BLOCK_SECONDS, Pace},
    ports::{PortWish, Ports},
    process::{Nursery, Process},
    ready,
};

/// What a devnet should be like.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many nodes.
    pub nodes: u16,
    /// How many of them open a file.
    pub threshold: u16,
    /// Where chain and nodes listen.
    pub ports: PortWish,
    /// When blocks are final.
    pub finality: Finality,
    /// Where everything goes and stays, chain and keys included: the same devnet goes on when it
    /// is started there again. A temporary directory when absent.
    pub dir: Option<PathBuf>,
    /// The `stheno` executable that nodes run.
    pub stheno: PathBuf,
    /// How blocks come until the committee serves.
    pub pace: Pace,
    /// Tells what is being done, one short line each.
    pub tell: fn(&str),
}

impl Options {
    /// Five nodes, threshold three, run by this executable.
    ///
    /// # Errors
    /// [`DevnetError::Io`] when the system does not tell which executable this is.
    pub fn of_this_executable() -> Result<Self, DevnetError> {
        let stheno = std::env::current_exe()
            .map_err(|e| DevnetError::io("find the stheno executable", e))?;
        Ok(Self::with_executable(stheno))
    }

    /// Five nodes, threshold three.
    pub fn with_executable(stheno: impl Into<PathBuf>) -> Self {
        Self {
            nodes: 5,
            threshold: 3,
            ports: PortWish::default(),
            finality: Finality::default(),
            dir: None,
            stheno: stheno.into(),
            pace: Pace::default(),
            tell: |_| {},
        }
    }

    pub(super) fn check(&self) -> Result<(), DevnetError> {
        let (nodes, threshold) = (self.nodes, self.threshold);
        let fits = (1..=256).contains(&nodes) && (nodes / 2 + 1..=nodes).contains(&threshold);
        if fits {
            Ok(())
        } else {
            Err(DevnetError::Shape { nodes, threshold })
        }
    }
}

/// How long the parts of a start took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    /// The chain answers.
    pub chain: Duration,
    /// Contracts are there and the nodes are registered.
    pub setup: Duration,
    /// From the proposal until the epoch is active and every node serves it.
    pub ceremony: Duration,
    /// Everything.
    pub total: Duration,
}

/// A chain, contracts and a committee that serves. Dropping it kills all processes.
#[derive(Debug)]
pub struct Devnet {
    // Dropped in this order: nodes before their chain, files last.
    pub(super) members: Vec<Member>,
    pub(super) anvil: Process,
    pub(super) nursery: Nursery,
    pub(super) control: Control,
    pub(super) contracts: Contracts,
    network: NetworkFile,
    pub(super) rpc: Url,
    pub(super) ports: Ports,
    timings: Timings,
    pub(super) http: reqwest::Client,
    finality: Finality,
    dir: Dir,
}

impl Devnet {
    /// Starts everything and waits until every node serves.
    ///
    /// # Errors
    /// [`DevnetError`]; nothing keeps running then.
    pub async fn start(options: Options) -> Result<Self, DevnetError> {
        let tell = options.tell;
        if let Some(dir) = options.dir.clone()
            && let Some(kept) = Kept::load(&dir)?
        {
            kept.check(&options, &dir)?;
            return Self::resume(&options, &dir, kept).await;
        }
        let mut foundation = Foundation::lay(options).await?;
        tell("running the key ceremony on chain");
        foundation.propose().await?;
        foundation.approve().await?;
        Self::when_ready(foundation).await
    }

    /// Starts a devnet that a state directory kept: the same chain, the same key.
    async fn resume(options: &Options, dir: &Path, kept: Kept) -> Result<Self, DevnetError> {
        let began = Instant::now();
        let Kept {
            ports, contracts, ..
        } = kept;
        let dir = Dir::make(Some(dir))?;
        let lock = dir.lock().await?;
        ports.check_free()?;
        let nursery = Nursery::new(&options.stheno, lock)
            .map_err(|e| DevnetError::io("start the spawning thread", e))?;

        (options.tell)("starting the chain where it ended");
        let rpc = ports.rpc_url()?;
        let state = dir.chain_state();
        state
            .as_deref()
            .map_or(Ok(()), |state| check_chain_state(dir.path(), state))?;
        let mut anvil = spawn_anvil(
            &nursery,
            ports.rpc,
            dir.path(),
            state.as_deref(),
            options.finality,
        )?;
        let control = Control::new(rpc.clone());
        ready::chain_answers(&control, &mut anvil).await?;
        let ceremony = Ceremony::latest(&control, &contracts).await;
        if !ceremony.is_ok_and(|c| c.is_some_and(|c| c.state == State::Active)) {
            let dir = dir.path().to_owned();
            return Err(DevnetError::Unfinished { dir });
        }
        check_head(dir.path(), control.head().await?, options.finality)?;
        // Anvil keeps the state of the last block alone, and nodes read at final ones.
        for _ in 0..=options.finality.blocks() {
            control.mine().await?;
        }
        control.mine_every(BLOCK_SECONDS).await?;
        let chain = began.elapsed();

        (options.tell)("starting the nodes");
        let mut members = Vec::new();
        for (index, port) in (1..).zip(&ports.nodes) {
            let operator = Operator::new(&options.stheno, index, *port, dir.path())?;
            let mut member = Member::new(operator);
            member.start(&nursery)?;
            members.push(member);
        }
        let http = reqwest::Client::new();
        ready::nodes_serve(&http, &mut anvil, &mut members).await?;
        let committee = read(&rpc, &contracts).await?;
        let network = network_file(&committee, &contracts, &rpc, &members);
        let devnet = Self {
            members,
            anvil,
            nursery,
            control,
            contracts,
            network,
            rpc,
            ports,
            timings: Timings {
                chain,
                total: began.elapsed(),
                ..Timings::default()
            },
            http,
            finality: options.finality,
            dir,
        };
        devnet.write_files()?;
        Ok(devnet)
    }

    /// Waits until the ceremony that `foundation` is in has made a key and every node serves it.
    ///
    /// # Errors
    /// [`DevnetError`]; nothing keeps running then.
    pub async fn when_ready(foundation: Foundation) -> Result<Self, DevnetError> {
        let Foundation {
            mut members,
            metronome,
            mut anvil,
            nursery,
            control,
            owner: _,
            contracts,
            threshold: _,
            finality,
            rpc,
            ports,
            began,
            mut timings,
            dir,
        } = foundation;
        ready::ceremony_is_active(&control, &contracts, &mut anvil, &mut members).await?;
        let http = reqwest::Client::new();
        ready::nodes_serve(&http, &mut anvil, &mut members).await?;
        let committee = read(&rpc, &contracts).await?;
        timings.ceremony = began
            .elapsed()
            .saturating_sub(timings.chain + timings.setup);

        buy_pass(signer(&READER)?, &contracts, &rpc).await?;
        metronome.hand_over().await?;
        let network = network_file(&committee, &contracts, &rpc, &members);
        timings.total = began.elapsed();
        let devnet = Self {
            members,
            anvil,
            nursery,
            control,
            contracts,
            network,
            rpc,
            ports,
            timings,
            http,
            finality,
            dir,
        };
        devnet.write_files()?;
        Ok(devnet)
    }

    /// Sells an access pass to `buyer`.
    ///
    /// # Errors
    /// [`DevnetError::Chain`].
    pub async fn buy_pass(&self, buyer: PrivateKeySigner) -> Result<Sent, DevnetError> {
        buy_pass(buyer, &self.contracts, &self.rpc).await
    }

    fn write_files(&self) -> Result<(), DevnetError> {
        let files = [
            (self.network_path(), self.network.to_json()),
            (self.policy_path(), self.pass_policy()),
        ];
        for (path, text) in files {
            std::fs::write(&path, text).map_err(|e| DevnetError::write(&path, e))?;
        }
        Kept::new(
            self.network.threshold,
            self.finality,
            &self.ports,
            self.contracts,
        )
        .save(self.dir())
    }

    /// Where everything lies.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The network file, for writers.
    pub fn network(&self) -> &NetworkFile {
        &self.network
    }

    /// Where the network file lies.
    pub fn network_path(&self) -> PathBuf {
        self.dir().join("network.json")
    }

    /// Where a policy "holds an access pass" lies.
    pub fn policy_path(&self) -> PathBuf {
        self.dir().join("policy.json")
    }

    /// The policy "holds an access pass".
    pub fn pass_policy(&self) -> String {
        let policy = serde_json::json!({
            "version": 1,
            "rule": { "token": {
                "chain": CHAIN_ID,
                "standard": "erc721",
                "contract": self.contracts.access_pass,
                "min": "1",
            } },
        });
        format!("{policy:#}\n")
    }

    /// The chain's endpoint.
    pub fn rpc(&self) -> &Url {
        &self.rpc
    }

    /// The chain's keeper.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// The chain's process.
    pub fn chain_pid(&self) -> u32 {
        self.anvil.pid()
    }

    /// Where the contracts are.
    pub fn contracts(&self) -> &Contracts {
        &self.contracts
    }

    /// Who listens where.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// When blocks are final.
    pub fn finality(&self) -> Finality {
        self.finality
    }

    /// What the chain writes.
    pub fn chain_log(&self) -> &Path {
        self.anvil.log()
    }

    /// How long the start took.
    pub fn timings(&self) -> Timings {
        self.timings
    }

    /// The nodes; node `i` is at `i - 1`.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Ends a node as a power cut would. Nodes count from 1; others are ignored.
    pub fn kill_node(&mut self, index: u16) {
        if let Some(member) = self.members.iter_mut().find(|m| m.index() == index) {
            member.kill();
        }
    }

    /// Starts a node that does not run, and waits until it serves.
    ///
    /// # Errors
    /// When it ends or does not serve in time, with the end of its log.
    pub async fn start_node(&mut self, index: u16) -> Result<(), DevnetError> {
        let members = self.members.iter_mut().filter(|m| m.index() == index);
        for member in members {
            member.start(&self.nursery)?;
            ready::nodes_serve(&self.http, &mut self.anvil, std::slice::from_mut(member)).await?;
        }
        Ok(())
    }

    /// An error when a process that should run has ended.
    ///
    /// # Errors
    /// [`DevnetError::Ended`].
    pub fn check(&mut self) -> Result<(), DevnetError> {
        ready::alive(&mut self.anvil)?;
        self.members.iter_mut().try_for_each(Member::check)
    }

    /// Notes the newest block in a directory that is kept, to tell after a power cut whether the
    /// chain was written in time.
    pub async fn remember_head(&self) {
        if let (Dir::Kept(dir), Ok(head)) = (&self.dir, self.control.head().await) {
            save_head(dir, head);
        }
    }

    /// An error when the chain has ended, without which nothing works.
    ///
    /// # Errors
    /// [`DevnetError::Ended`].
    pub fn check_chain(&mut self) -> Result<(), DevnetError> {
        ready::alive(&mut self.anvil)
    }

    /// Nodes that ended by themselves since the last time this was asked.
    pub fn lost(&mut self) -> Vec<DevnetError> {
        self.members.iter_mut().filter_map(Member::lost).collect()
    }

    /// Ends everything politely: the nodes, then the chain.
    pub async fn stop(mut self) {
        let stops = self.members.iter_mut().map(Member::stop);
        futures::future::join_all(stops).await;
        self.anvil.stop(Duration::from_secs(5)).await;
    }
}

/// The committee as a reader would see it, at the final head.
async fn read(rpc: &Url, contracts: &Contracts) -> Result<Committee, DevnetError> {
    let what = "read the committee";
    let config = ChainConfig::new(CHAIN_ID, vec![rpc.clone()]);
    let chain = Chain::connect(config, HttpOptions::default()).await;
    let chain = chain.map_err(|e| DevnetError::chain(what, e))?;
    let locator = Locator {
        chain_id: CHAIN_ID,
        contract: contracts.committee,
        committee_id: contracts.committee_id,
    };
    let committee = read_committee(&chain, &locator, None).await;
    committee.map_err(|e| DevnetError::chain(what, e))
}

fn network_file(
    committee: &Committee,
    contracts: &Contracts,
    rpc: &Url,
    members: &[Member],
) -> NetworkFile {
    let nodes = committee
        .members
        .iter()
        .zip(members)
        .map(|(member, node)| NetworkNode {
            index: member.index.get(),
            endpoint: node.endpoint().clone(),
            operator: Some(member.operator),
            identity: Some(member.identity),
        });
    NetworkFile {
        version: NETWORK_FILE_VERSION,
        name: "devnet".into(),
        chain_id: CHAIN_ID,
        contract: committee.locator.contract,
        committee_id: committee.locator.committee_id,
        network_key_fingerprint: B256::new(*committee.network_key.fingerprint().as_bytes()),
        network_key: Some(committee.network_key.to_bytes().to_vec().into()),
        rpc: BTreeMap::from([(CHAIN_ID, vec![rpc.clone()])]),
        market: Some(contracts.market),
        tokens: contracts.tokens(),
        threshold: committee.threshold,
        nodes: nodes.collect(),
    }
}
