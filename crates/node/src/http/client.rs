//! Which address a request comes from.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
};

use axum::http::HeaderMap;

/// Proxies that may speak for others.
#[derive(Clone, Debug)]
pub(crate) struct Proxies(BTreeSet<IpAddr>);

impl Proxies {
    pub(crate) fn new(trusted: &[IpAddr]) -> Self {
        Self(trusted.iter().map(IpAddr::to_canonical).collect())
    }

    /// The peer; or, when that is a trusted proxy, the last address of `X-Forwarded-For` that
    /// is none. What stands before it was written by the client, and is not believed.
    pub(crate) fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.ip().to_canonical();
        let forwarded = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|hop| hop.trim().parse::<IpAddr>())
            .collect::<Vec<_>>();
        for hop in forwarded.into_iter().rev() {
            if !self.0.contains(&client) {
                return client;
            }
            match hop {
                Ok(hop) => client = hop.to_canonical(),
                Err(_) => return client,
            }
        }
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let trusted: Vec<IpAddr> = trusted.iter().map(|ip| ip.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let peer = SocketAddr::new(peer.parse().unwrap(), 1);
        Proxies::new(&trusted).client(peer, &headers).to_string()
    }

    #[test]
    fn client_is_the_peer_when_no_proxy_is_trusted() {
        assert_eq!(client(&[], "10.0.0.1", &["1.2.3.4"]), "10.0.0.1");
    }

    #[test]
    fn client_is_what_the_trusted_proxy_saw_and_not_what_the_client_claims() {
        let trusted = ["10.0.0.1", "10.0.0.2"];
        assert_eq!(
            client(&trusted, "10.0.0.1", &["6.6.6.6, 1.2.3.4"]),
            "1.2.3.4"
        );
        assert_eq!(
            client(&trusted, "10.0.0.1", &["6.6.6.6, 1.2.3.4, 10.0.0.2"]),
            "1.2.3.4"
        );
        assert_eq!(
            client(&trusted, "10.0.0.1", &["6.6.6.6", "1.2.3.4"]),
            "1.2.3.4"
        );
        assert_eq!(client(&trusted, "10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(client(&trusted, "10.0.0.1", &[]), "10.0.0.1");
    }
}
