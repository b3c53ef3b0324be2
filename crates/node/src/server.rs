//! The node as a value: [`Server::bind`], then [`Server::run`].

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use alloy::primitives::Address;
use stheno_chain::{Chain, ChainError, Chains, HttpOptions, Locator};
use stheno_protocol::Domain;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    Config, ConfigError,
    ceremony::runner::Runner,
    data_dir::{DataDir, DataDirError, DataDirLock},
    epochs::{canary::Canary, canary_desk::CanaryDesk, custody::Custody, renewal::Renewal},
    heads::Heads,
    http::{self, Desk, InFlight, Proxies},
    metrics::Metrics,
    release::Release,
    standing::Standing,
    store::{Owner, Store, StoreError},
    vault::{UnlockError, UnlockSecret, Vault, VaultError},
};

/// How long connections may take to close once nothing is in flight on them.
const FAREWELL: Duration = Duration::from_millis(250);

/// A node that holds its lock, its vault and its socket, and is about to serve.
#[derive(Debug)]
pub struct Server {
    config: Config,
    address: SocketAddr,
    listener: TcpListener,
    chains: Chains,
    domain: Domain,
    vault: Arc<Vault>,
    store: Store,
    data_dir: DataDir,
    canary: Canary,
    _lock: DataDirLock,
}

/// Why a node could not start, or had to stop.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The configuration makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The passphrase or key cannot be had.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
    /// The vault does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database does not open.
    #[error("{path}: {source}")]
    Store {
        /// The database.
        path: PathBuf,
        /// What is wrong.
        source: StoreError,
    },
    /// A chain cannot be read, or is another one.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The socket cannot be bound.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The configured address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system gives no threads for the computation of shares.
    #[error("no threads for the computation of shares: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// Other members cannot be asked.
    #[error("no HTTP client can be made: {0}")]
    Http(reqwest::Error),
    /// Serving failed.
    #[error("serving failed: {0}")]
    Serve(std::io::Error),
}

impl Server {
    /// Takes the lock, opens the vault and the store, connects the chains and binds the socket.
    /// With port 0, [`address`](Self::address) tells the port that was given.
    ///
    /// # Errors
    /// [`ServerError`], naming what is missing and what to do.
    pub async fn bind(config: Config) -> Result<Self, ServerError> {
        let data_dir = DataDir::new(&config.data_dir);
        let lock = data_dir.lock()?;
        let vault = open_vault(&config, data_dir.vault()).await?;
        let chains = connect(&config).await?;
        let path = data_dir.database();
        let owner = Owner {
            committee: config.network.locator(),
            identity: vault.address(),
        };
        let store = Store::open(&path, &owner)
            .await
            .map_err(|source| ServerError::Store { path, source })?;
        let bind = |source| ServerError::Bind {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let network = &config.network;
        Ok(Self {
            domain: Domain::of_committee(network.chain_id, network.contract, network.committee_id),
            address,
            listener,
            chains,
            vault: Arc::new(vault),
            store,
            data_dir,
            canary: Canary::new().map_err(ServerError::Http)?,
            _lock: lock,
            config,
        })
    }

    /// Where the node listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the node's identity key, which signs its messages, receipts and transactions.
    #[must_use]
    pub fn identity(&self) -> Address {
        self.vault.address()
    }

    /// Serves until `shutdown` resolves; then finishes the requests in flight, makes their
    /// receipts durable, and returns.
    ///
    /// # Errors
    /// [`ServerError`] when a part of the node failed beyond repair.
    pub async fn run(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServerError> {
        let metrics = Metrics::default();
        let heads = Heads::default();
        let stop = CancellationToken::new();
        let (standing, watched) = watch::channel(Standing::default());
        let mut tasks = JoinSet::new();
        for section in &self.config.chains {
            let chain = self.chains.get(section.chain_id)?.clone();
            let watch = heads
                .clone()
                .watch(chain, section.poll(), metrics.clone(), stop.clone());
            tasks.spawn(watch);
        }
        tasks.spawn(
            self.runner(standing.clone(), watched.clone(), metrics.clone())?
                .run(stop.clone()),
        );

        let release = Release::new(
            self.domain,
            Arc::clone(&self.vault),
            self.store.clone(),
            self.chains.clone(),
            watched.clone(),
            metrics.clone(),
            &self.config.limits,
        )?
        .taking(self.config.private.keys());
        let desk = Desk {
            release,
            canary: CanaryDesk::new(self.domain, watched.clone()),
            domain: self.domain,
            standing: watched,
            heads,
            metrics,
            proxies: Proxies::new(&self.config.limits.trusted_proxies),
        };
        let in_flight = InFlight::default();
        let router = http::router(&self.config, desk, in_flight.clone())
            .into_make_service_with_connect_info::<SocketAddr>();
        let told = stop.clone();
        let mut serving = tokio::spawn(
            axum::serve(self.listener, router)
                .with_graceful_shutdown(async move { told.cancelled().await })
                .into_future(),
        );
        tracing::info!(address = %self.address, identity = %self.vault.address(), "listening");

        let ended = tokio::select! {
            () = shutdown => None,
            ended = &mut serving => Some(ended),
        };
        tracing::info!("stopping");
        standing.send_replace(Standing::Stopping);
        stop.cancel();
        let patience = Duration::from_millis(self.config.limits.shutdown_ms);
        let ended = match ended {
            Some(ended) => Some(ended),
            None => {
                if tokio::time::timeout(patience, in_flight.none())
                    .await
                    .is_err()
                {
                    tracing::warn!("requests in flight were cut off");
                }
                // The last answers leave; connections that nobody uses are not waited for.
                let ended = tokio::time::timeout(FAREWELL, &mut serving).await.ok();
                serving.abort();
                ended
            }
        };
        tasks.shutdown().await;
        self.store.close().await;
        match ended {
            Some(Ok(Err(error))) => Err(ServerError::Serve(error)),
            _ => Ok(()),
        }
    }

    fn runner(
        &self,
        standing: watch::Sender<Standing>,
        watched: watch::Receiver<Standing>,
        metrics: Metrics,
    ) -> Result<Runner, ServerError> {
        let home = self.config.home_chain()?;
        Ok(Runner {
            chain: self.chains.get(home.chain_id)?.clone(),
            locator: self.config.network.locator(),
            domain: self.domain,
            vault: Arc::clone(&self.vault),
            store: self.store.clone(),
            data_dir: self.data_dir.clone(),
            standing,
            custody: Custody {
                chain: self.chains.get(home.chain_id)?.clone(),
                locator: self.config.network.locator(),
                vault: Arc::clone(&self.vault),
                store: self.store.clone(),
                metrics: metrics.clone(),
                overlap: self.config.epochs.overlap_blocks,
                canary: self.canary.clone(),
                trustees: self.config.recovery.clone(),
                recovery: self.data_dir.recovery(),
                seen: Mutex::default(),
            },
            renewal: Renewal {
                chain: self.chains.get(home.chain_id)?.clone(),
                locator: self.config.network.locator(),
                identity: self.vault.address(),
                schedule: self.config.epochs.schedule(),
                standing: watched,
                seen: Mutex::default(),
            },
            metrics,
            every: home.poll(),
        })
    }
}

impl crate::config::Network {
    /// The committee, as the chain's reader takes it.
    #[must_use]
    pub fn locator(&self) -> Locator {
        Locator {
            chain_id: self.chain_id,
            contract: self.contract,
            committee_id: self.committee_id,
        }
    }
}

/// Stretching a passphrase takes a while, so it has a thread of its own.
async fn open_vault(config: &Config, folder: PathBuf) -> Result<Vault, ServerError> {
    let source = config.vault.clone();
    let opening = tokio::task::spawn_blocking(move || {
        let secret = UnlockSecret::read(&source)?;
        Ok::<_, ServerError>(Vault::open(&folder, &secret)?)
    });
    match opening.await {
        Ok(vault) => vault,
        Err(error) => Err(ServerError::Serve(std::io::Error::other(error))),
    }
}

/// Connects every configured chain; each keeps its answers about heads no longer than its blocks
/// are looked at.
pub(crate) async fn connect(config: &Config) -> Result<Chains, ChainError> {
    let chains = config.chains.iter().map(|section| {
        let defaults = HttpOptions::default();
        let options = HttpOptions {
            head_ttl: defaults.head_ttl.min(section.poll()),
            timeout: Duration::from_millis(section.answer_ms),
            ..defaults
        };
        Chain::connect(section.chain_config(), options)
    });
    Ok(Chains::of(futures::future::try_join_all(chains).await?))
}
