//! Addresses of files and folders in IPFS: `ipfs://CID/path`, `https://GATEWAY/ipfs/CID/path`.

use std::{fmt, str::FromStr};

use cid::Cid;
use url::Url;

/// How an address begins that says what, and not from whom.
const SCHEME: &str = "ipfs://";
/// What stands before the CID in the path of a gateway's address.
const NAMESPACE: &str = "/ipfs/";
/// The most names of a path.
const MAX_NAMES: usize = 64;

/// A file or folder by its CID, or by a path below one, and perhaps a gateway that has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IpfsAddress {
    /// Who has it, without `/ipfs/`; not said in `ipfs://CID`.
    pub gateway: Option<Url>,
    /// Where the path begins.
    pub root: Cid,
    /// Names of folders, and of the file or folder at the end; none for the root itself.
    pub path: Vec<String>,
}

/// What is no address of a file or folder in IPFS.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{problem}")]
pub struct BadAddress {
    /// What is wrong with it.
    pub problem: &'static str,
}

impl IpfsAddress {
    /// Whether a text is meant as one: `ipfs://…`, or an address of http whose path has `/ipfs/` and
    /// a CID in it.
    pub fn is_meant(text: &str) -> bool {
        let begins = |scheme: &str| {
            let start = text.get(..scheme.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        begins(SCHEME)
            || ((begins("https://") || begins("http://"))
                && text
                    .split_once(NAMESPACE)
                    .and_then(|(_, what)| what.split(['/', '?', '#']).next())
                    .is_some_and(|cid| Cid::try_from(cid).is_ok()))
    }

    /// The same at this gateway.
    #[must_use]
    pub fn at(&self, gateway: &Url) -> Self {
        Self {
            gateway: Some(gateway.clone()),
            ..self.clone()
        }
    }
}

impl FromStr for IpfsAddress {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let bad = |problem| BadAddress { problem };
        if text.contains(['?', '#']) {
            return Err(bad("a query stands in it, which may be secret"));
        }
        let named = text
            .get(..SCHEME.len())
            .filter(|start| start.eq_ignore_ascii_case(SCHEME));
        let (gateway, what) = match named {
            Some(start) => (None, &text[start.len()..]),
            None => {
                let (base, what) = text
                    .split_once(NAMESPACE)
                    .ok_or(bad("no /ipfs/CID stands in it"))?;
                let base = Url::parse(base).map_err(|_| bad("it is no address"))?;
                if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
                    return Err(bad("its address begins with neither https:// nor http://"));
                }
                if !base.username().is_empty() || base.password().is_some() {
                    return Err(bad("a user name or password stands in it"));
                }
                (Some(base), what)
            }
        };
        let mut names = what.trim_end_matches('/').split('/');
        let root = names.next().unwrap_or_default();
        let root = Cid::try_from(root).map_err(|_| bad("what it names is no CID"))?;
        let path: Option<Vec<String>> = names.map(decoded).collect();
        let path = path.ok_or(bad("a name in its path is no text"))?;
        if path.len() > MAX_NAMES || path.iter().any(String::is_empty) {
            return Err(bad("its path has an empty name, or too many"));
        }
        Ok(Self {
            gateway,
            root,
            path,
        })
    }
}

impl fmt::Display for IpfsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.gateway {
            Some(gateway) => {
                let base = gateway.as_str().trim_end_matches('/');
                write!(f, "{base}{NAMESPACE}{}", self.root)?;
            }
            None => write!(f, "{SCHEME}{}", self.root)?,
        }
        self.path
            .iter()
            .try_for_each(|name| write!(f, "/{}", encoded(name)))
    }
}

/// A name without percent signs and what follows them (RFC 3986 §2.1).
fn decoded(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                let mut byte = [0];
                hex::decode_to_slice(digits, &mut byte).ok()?;
                byte[0]
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn encoded(name: &str) -> String {
    let signs = name.bytes().map(|byte| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    signs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CID: &str = "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4";

    #[test]
    fn address_reads_back_as_it_is_written() {
        for (text, gateway, path) in [
            (format!("ipfs://{CID}"), None, 0),
            (format!("ipfs://{CID}/a%20b/%CE%9C"), None, 2),
            (
                format!("https://a.example/ipfs/{CID}/manifest-1.fee"),
                Some("https://a.example/"),
                1,
            ),
            (
                format!("http://127.0.0.1:8080/x/ipfs/{CID}"),
                Some("http://127.0.0.1:8080/x"),
                0,
            ),
        ] {
            assert!(IpfsAddress::is_meant(&text), "{text}");
            let address: IpfsAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(address.gateway.as_ref().map(Url::as_str), gateway);
            assert_eq!(address.path.len(), path);
        }
        let address: IpfsAddress = format!("IPFS://{CID}/a b/").parse().unwrap();
        assert_eq!(address.path, ["a b"]);
    }

    #[test]
    fn address_with_a_secret_or_without_a_cid_is_refused() {
        for text in [
            "ipfs://".to_owned(),
            "ipfs://a.example/".to_owned(),
            format!("ipfs://{CID}//x"),
            format!("ipfs://{CID}/%ff"),
            format!("ipfs://{CID}/%4"),
            format!("https://me:secret@a.example/ipfs/{CID}"),
            format!("https://a.example/ipfs/{CID}?token=secret"),
            format!("ftp://a.example/ipfs/{CID}"),
        ] {
            assert!(text.parse::<IpfsAddress>().is_err(), "{text}");
        }
        for other in [
            "ipfs",
            "https://a.example/ipfs/x",
            "https://a.example/",
            "a/ipfs/b",
        ] {
            assert!(!IpfsAddress::is_meant(other), "{other}");
        }
    }
}
