//! Where the chain and the nodes listen.
//!
//! A node's endpoint stands on chain before the node starts, so ports are
//! chosen first: a block of neighbours from a base (stable addresses), or
//! whatever the system has free.

use std::net::{Ipv4Addr, TcpListener};

use url::Url;

use super::{DevnetError, error::BusyPort};

/// Where a chain is looked for when nobody says otherwise.
pub const USUAL_BASE: u16 = 8545;

/// Which ports are wished for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PortWish {
    /// Whatever is free.
    #[default]
    Free,
    /// This one for the chain and the following ones for the nodes.
    From(u16),
    /// From [`USUAL_BASE`] when they are free, otherwise whatever is.
    Usual,
}

/// The loopback ports of one devnet.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Ports {
    /// The chain's RPC.
    pub rpc: u16,
    /// One for each node, in order.
    pub nodes: Vec<u16>,
}

impl Ports {
    /// Ports as wished for.
    ///
    /// # Errors
    /// [`DevnetError::PortsTaken`] when a named one is in use, or does not exist.
    pub fn choose(wish: PortWish, nodes: u16) -> Result<Self, DevnetError> {
        match wish {
            PortWish::Free => Self::free(nodes),
            PortWish::From(base) => Self::from_base(base, nodes),
            PortWish::Usual => Self::from_base(USUAL_BASE, nodes).or_else(|_| Self::free(nodes)),
        }
    }

    /// `base` for the chain and the following ones for the nodes.
    ///
    /// # Errors
    /// [`DevnetError::PortsTaken`] when one of them is in use, or does not exist.
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
    /// [`DevnetError::PortsTaken`], naming them all.
    pub fn check_free(&self) -> Result<(), DevnetError> {
        let busy: Vec<BusyPort> = (0..)
            .zip(self.all())
            .filter_map(|(node, port)| {
                let source = listen(port).err()?;
                Some(BusyPort { node, port, source })
            })
            .collect();
        if busy.is_empty() {
            Ok(())
        } else {
            Err(DevnetError::PortsTaken { busy })
        }
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
    fn check_free_names_every_port_that_is_taken_and_what_for() {
        let ports = Ports::free(3).unwrap();
        let _chain = listen(ports.rpc).unwrap();
        let _second = listen(ports.nodes[1]).unwrap();
        let error = ports.check_free().unwrap_err().to_string();
        for words in [
            format!("port {} for the chain", ports.rpc),
            format!("port {} for node 2", ports.nodes[1]),
        ] {
            assert!(error.contains(&words), "no {words} in: {error}");
        }
        assert!(!error.contains("node 3"), "{error}");
    }

    #[test]
    fn choose_takes_free_ports_when_the_usual_ones_are_taken() {
        // Somebody else's devnet will do as well.
        let _socket = listen(USUAL_BASE);
        let ports = Ports::choose(PortWish::Usual, 2).unwrap();
        assert_ne!(ports.rpc, USUAL_BASE);
        assert!(Ports::choose(PortWish::From(USUAL_BASE), 2).is_err());
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
