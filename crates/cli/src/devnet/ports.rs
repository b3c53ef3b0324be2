//! Where the chain and the nodes listen.
//!
//! A node's endpoint stands on chain before the node starts, so ports are
//! chosen first: either a block of neighbours from a base that the developer
//! names (stable addresses), or whatever the system has free.

use std::net::{Ipv4Addr, TcpListener};

use url::Url;

use super::DevnetError;

/// The loopback ports of one devnet.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Ports {
    /// The chain's RPC.
    pub rpc: u16,
    /// One for each node, in order.
    pub nodes: Vec<u16>,
}

impl Ports {
    /// `base` for the chain and the following ones for the nodes.
    ///
    /// # Errors
    /// [`DevnetError::PortTaken`] when one of them is in use, or does not exist.
    pub fn from_base(base: u16, nodes: u16) -> Result<Self, DevnetError> {
        let ports: Option<Vec<u16>> = (0..=nodes).map(|offset| base.checked_add(offset)).collect();
        let ports = ports.ok_or(DevnetError::PortOutOfRange { base, nodes })?;
        let ports = Self::split(ports);
        ports.check_free()?;
        Ok(ports)
    }

    /// Insists that nothing listens on any of them.
    ///
    /// # Errors
    /// [`DevnetError::PortTaken`], naming the first.
    pub fn check_free(&self) -> Result<(), DevnetError> {
        for port in self.all() {
            listen(port).map_err(|source| DevnetError::PortTaken { port, source })?;
        }
        Ok(())
    }

    /// Ports that are free now.
    ///
    /// # Errors
    /// [`DevnetError::Io`] when the system has none.
    pub fn free(nodes: u16) -> Result<Self, DevnetError> {
        // All are held until all are known, so that they differ.
        let held = (0..=nodes)
            .map(|_| listen(0))
            .collect::<Result<Vec<_>, _>>()
            .and_then(|held| {
                held.iter()
                    .map(|socket| Ok(socket.local_addr()?.port()))
                    .collect::<Result<Vec<_>, _>>()
            })
            .map_err(|source| DevnetError::io("find free ports", source))?;
        Ok(Self::split(held))
    }

    fn split(mut ports: Vec<u16>) -> Self {
        let nodes = ports.split_off(1);
        Self {
            rpc: ports.first().copied().unwrap_or_default(),
            nodes,
        }
    }

    /// Where the chain answers.
    ///
    /// # Errors
    /// Never: the parser cannot know that the URL is well formed.
    pub fn rpc_url(&self) -> Result<Url, DevnetError> {
        let url = format!("http://127.0.0.1:{}/", self.rpc).parse();
        url.map_err(|e| DevnetError::io("name the chain's endpoint", std::io::Error::other(e)))
    }

    /// Every port, for a look whether they are free again.
    pub fn all(&self) -> impl Iterator<Item = u16> + '_ {
        std::iter::once(self.rpc).chain(self.nodes.iter().copied())
    }

    /// Those that something still listens on.
    pub fn busy(&self) -> Vec<u16> {
        self.all().filter(|port| listen(*port).is_err()).collect()
    }
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_are_distinct_and_enough() {
        let ports = Ports::free(5).unwrap();
        let mut all: Vec<u16> = ports.all().collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 6);
        assert_eq!(ports.nodes.len(), 5);
    }

    #[test]
    fn from_base_names_the_port_that_is_taken() {
        let socket = listen(0).unwrap();
        let taken = socket.local_addr().unwrap().port();
        match Ports::from_base(taken, 2) {
            Err(DevnetError::PortTaken { port, .. }) => assert_eq!(port, taken),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn from_base_is_refused_when_it_passes_the_last_port() {
        assert!(Ports::from_base(65_535, 5).is_err());
    }

    #[test]
    fn busy_lists_what_is_still_listened_on() {
        let ports = Ports::free(1).unwrap();
        let _socket = listen(ports.rpc).unwrap();
        assert_eq!(ports.busy(), vec![ports.rpc]);
    }
}
