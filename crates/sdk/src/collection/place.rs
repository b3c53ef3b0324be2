//! Where pieces are: folders, servers and providers as people write them, and manifests in a folder.

use std::{fmt, path::PathBuf, str::FromStr, sync::Arc};

use stheno_envelope::manifest::Hint;
use url::Url;

use super::CollectionError;
use crate::{
    Error,
    source::{HttpOptions, Redirects},
    storage::{Gateway, GatewayPieces, HttpStore, IpfsAddress, Store},
};

#[cfg(not(target_family = "wasm"))]
pub use native::latest_manifest;
#[cfg(not(target_family = "wasm"))]
use native::{folder, provider};
#[cfg(target_family = "wasm")]
use wasm::{folder, provider};

/// What stands before the address of a provider.
const PDP: &str = "pdp+";

/// Where pieces are, or go.
///
/// As text: a folder's path; `https://HOST/PATH`, a server that has pieces at `PATH/PieceCID`;
/// `pdp+https://HOST`, a PDP provider; `https://GATEWAY/ipfs/CID`, a folder of UnixFS that a trustless
/// IPFS gateway has, or `ipfs://CID`, where gateways are named elsewhere.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// A local folder.
    Folder(PathBuf),
    /// An HTTP server, to be read.
    Http(Url),
    /// A PDP provider.
    Pdp(Url),
    /// A folder of UnixFS, in which pieces are by their names, or files that they lie in.
    Ipfs(IpfsAddress),
}

impl Place {
    /// The store at this place. A folder that is not there is made only `to_write` to it.
    ///
    /// In a browser there are no folders, and a provider can only be read.
    ///
    /// # Errors
    /// As [`Gateway::new`], [`HttpStore::folder`], and of the other stores;
    /// [`CollectionError::Disk`] of a folder that is not there.
    pub fn store(&self, to_write: bool) -> Result<Arc<dyn Store>, Error> {
        Ok(match self {
            Self::Folder(path) => folder(path, to_write)?,
            Self::Http(url) => server(url.clone())?,
            Self::Pdp(url) => provider(url)?,
            Self::Ipfs(address) => {
                let gateway = address.gateway.as_ref().map(gateway);
                let gateway = gateway.ok_or_else(|| CollectionError::NoGateway {
                    address: address.to_string(),
                })??;
                let pieces = GatewayPieces::new(gateway);
                let pieces = pieces.in_folder(address.root, address.path.clone());
                Arc::new(pieces.or_latest(version_of, manifest_name))
            }
        })
    }

    /// Whether others can reach it, so that a link may name it.
    pub fn is_public(&self) -> bool {
        match self {
            Self::Folder(_) => false,
            Self::Http(_) | Self::Pdp(_) => true,
            Self::Ipfs(address) => address.gateway.is_some(),
        }
    }

    /// As a hint in a manifest's header: the address below which `/piece/PieceCID` is. None of a
    /// folder, which is nobody else's, of a server that has pieces elsewhere, and of a gateway.
    pub fn hint(&self) -> Option<Hint> {
        let (url, path) = match self {
            Self::Folder(_) | Self::Ipfs(_) => return None,
            Self::Http(url) => (
                url,
                url.path().trim_end_matches('/').strip_suffix("/piece")?,
            ),
            Self::Pdp(url) => (url, url.path()),
        };
        let mut above = url.clone();
        above.set_path(path);
        Some(Hint::Url(above.to_string()))
    }

    /// The place that a hint of a manifest's header means; none for what cannot be read here.
    pub fn of_hint(hint: &Hint) -> Option<Self> {
        let Hint::Url(url) = hint else {
            return None;
        };
        match url.parse::<Self>().ok()? {
            Self::Http(mut url) => {
                let path = format!("{}/piece", url.path().trim_end_matches('/'));
                url.set_path(&path);
                Some(Self::Http(url))
            }
            _ => None,
        }
    }
}

impl FromStr for Place {
    type Err = CollectionError;

    fn from_str(text: &str) -> Result<Self, CollectionError> {
        let (address, pdp) = match text.strip_prefix(PDP) {
            Some(address) => (address, true),
            None => (text, false),
        };
        // Neither a password before the host nor a query behind the path is shown.
        let shown = text.split(['?', '#']).next().unwrap_or_default();
        let shown = shown.rsplit('@').next().unwrap_or_default();
        let bad = |problem| CollectionError::BadPlace {
            place: shown.to_owned(),
            problem,
        };
        if !pdp && IpfsAddress::is_meant(address) {
            let address = address.parse::<IpfsAddress>();
            return address.map(Self::Ipfs).map_err(|error| bad(error.problem));
        }
        if !pdp && !address.contains("://") {
            return match address {
                "" | "-" => Err(bad("it is no path")),
                path => Ok(Self::Folder(path.into())),
            };
        }
        let url = Url::parse(address).map_err(|_| bad("it is no address"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(bad("its address begins with neither https:// nor http://"));
        }
        // Links and manifests name places, and nobody may learn a secret from them.
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("a user name or password stands in it"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad("a query stands in it, which may be secret"));
        }
        Ok(match pdp {
            true => Self::Pdp(url),
            false => Self::Http(url),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::Http(url) => write!(f, "{url}"),
            Self::Pdp(url) => write!(f, "{PDP}{url}"),
            Self::Ipfs(address) => write!(f, "{address}"),
        }
    }
}

/// A gateway as collections are read from: it may point to its own origin.
///
/// # Errors
/// As [`Gateway::new`].
pub fn gateway(base: &Url) -> Result<Gateway, Error> {
    let options = HttpOptions::default().redirects(Redirects::SameOrigin);
    Ok(Gateway::new(base.clone(), options)?)
}

/// What the manifest of this version is called.
pub fn manifest_name(version: u64) -> String {
    format!("manifest-{version}.fee")
}

pub(super) fn version_of(name: &str) -> Option<u64> {
    let number = name.strip_prefix("manifest-")?.strip_suffix(".fee")?;
    let version = number.parse().ok().filter(|version| *version > 0)?;
    (manifest_name(version) == name).then_some(version)
}

fn server(url: Url) -> Result<Arc<dyn Store>, Error> {
    let options = HttpOptions::default().redirects(Redirects::SameOrigin);
    Ok(Arc::new(HttpStore::folder(url, options)?))
}

#[cfg(not(target_family = "wasm"))]
mod native {
    use std::{
        fs,
        path::{Path, PathBuf},
        sync::Arc,
    };

    use url::Url;

    use super::{CollectionError, manifest_name, version_of};
    use crate::{
        Error,
        storage::{Folder, PdpOptions, PdpProvider, Store},
    };

    pub(super) fn folder(path: &Path, to_write: bool) -> Result<Arc<dyn Store>, Error> {
        if !to_write && !path.is_dir() {
            let error = std::io::ErrorKind::NotFound.into();
            return Err(CollectionError::disk("read", path, &error).into());
        }
        Ok(Arc::new(Folder::open(path)?))
    }

    pub(super) fn provider(url: &Url) -> Result<Arc<dyn Store>, Error> {
        let provider = PdpProvider::new(url.clone(), PdpOptions::default())?;
        Ok(Arc::new(provider))
    }

    /// The manifest of the highest version in a folder, by its name; `None` where there is none.
    ///
    /// # Errors
    /// [`CollectionError::Disk`].
    pub fn latest_manifest(folder: &Path) -> Result<Option<(u64, PathBuf)>, CollectionError> {
        let failed = |error: std::io::Error| CollectionError::disk("read", folder, &error);
        let mut latest = None;
        for entry in fs::read_dir(folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let version = name.to_str().and_then(version_of);
            if let Some(version) =
                version.filter(|version| latest.is_none_or(|seen| *version > seen))
            {
                latest = Some(version);
            }
        }
        Ok(latest.map(|version| (version, folder.join(manifest_name(version)))))
    }
}

#[cfg(target_family = "wasm")]
mod wasm {
    use std::{path::Path, sync::Arc};

    use url::Url;

    use super::{CollectionError, server};
    use crate::{
        Error,
        storage::{Store, below},
    };

    /// A page has no folders.
    pub(super) fn folder(path: &Path, _to_write: bool) -> Result<Arc<dyn Store>, Error> {
        let error = std::io::ErrorKind::Unsupported.into();
        Err(CollectionError::disk("read", path, &error).into())
    }

    /// What a provider serves to everybody.
    pub(super) fn provider(url: &Url) -> Result<Arc<dyn Store>, Error> {
        server(below(url, &["piece"]))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn place_reads_back_as_it_is_written() {
        for text in [
            "out/pieces",
            "https://a.example/piece",
            "http://127.0.0.1:9/x",
            "pdp+https://pdp.example/",
            "https://a.example/ipfs/bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4/x",
        ] {
            let place: Place = text.parse().unwrap();
            assert_eq!(place.to_string(), text);
            assert_eq!(place.is_public(), text.contains("://"));
        }
    }

    #[test]
    fn place_with_a_secret_or_another_scheme_is_refused_without_the_secret() {
        for text in [
            "https://user:hunter2@a.example/",
            "https://a.example/?token=hunter2",
            "pdp+https://a.example/#hunter2",
            "ftp://a.example/",
            "https://a:hunter2@b.example/ipfs/bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4",
            "ipfs://bafk",
            "pdp+folder",
            "https://",
            "",
            "-",
        ] {
            let error = text.parse::<Place>().unwrap_err();
            assert_eq!(error.code(), "bad_place", "{text}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn place_is_hinted_at_by_what_stands_above_its_pieces() {
        for (place, hint, read) in [
            (
                "pdp+https://a.example",
                "https://a.example/",
                "https://a.example/piece",
            ),
            (
                "https://a.example/x/piece",
                "https://a.example/x",
                "https://a.example/x/piece",
            ),
        ] {
            let place: Place = place.parse().unwrap();
            let hinted = place.hint().unwrap();
            assert_eq!(hinted, Hint::Url(hint.to_owned()));
            assert_eq!(Place::of_hint(&hinted).unwrap().to_string(), read);
        }
        for none in ["folder", "https://a.example/other"] {
            assert_eq!(none.parse::<Place>().unwrap().hint(), None);
        }
        assert_eq!(Place::of_hint(&Hint::Provider(1)), None);
    }

    #[test]
    fn manifest_of_the_highest_version_is_the_latest() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(latest_manifest(folder.path()).unwrap(), None);
        for name in [
            "manifest-2.fee",
            "manifest-10.fee",
            "manifest-011.fee",
            "manifest-0.fee",
            "manifest-.fee",
            "manifest-99.fee.part",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let (version, path) = latest_manifest(folder.path()).unwrap().unwrap();
        assert_eq!(version, 10);
        assert!(path.ends_with("manifest-10.fee"));
    }
}
