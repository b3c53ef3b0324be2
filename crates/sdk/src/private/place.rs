//! Where proving keys may be, and how their files come from there.

use std::{fmt, fs, path::PathBuf, time::Duration};

use url::Url;

use super::{Proving, local::Observer};
use crate::{http, source::Redirects};

/// Most bytes of a proving key's file; the largest that is offered has 6.2 MB.
const MOST_BYTES: u64 = 64 << 20;

/// Where proving keys may be. Neither what it prints nor how it is debugged has a password, nor
/// what else an address may carry that is secret.
#[derive(Clone, Eq, PartialEq)]
pub enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A server's folder, by HTTP.
    Server(Url),
}

impl std::str::FromStr for Place {
    type Err = url::ParseError;

    /// An `http` or `https` URL, or else a path.
    fn from_str(text: &str) -> Result<Self, url::ParseError> {
        let has = |scheme: &str| {
            let start = text.get(..scheme.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        if !has("http://") && !has("https://") {
            return Ok(Self::Folder(PathBuf::from(text)));
        }
        let mut url: Url = text.parse()?;
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self::Server(url))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Server(url) => {
                let mut url = url.clone();
                let _ = (url.set_username(""), url.set_password(None));
                url.set_query(None);
                url.set_fragment(None);
                url.fmt(f)
            }
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Folder(_) => "Folder",
            Self::Server(_) => "Server",
        };
        f.debug_tuple(kind).field(&format_args!("{self}")).finish()
    }
}

/// How patient a download is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For a server to be reached, and for the next bytes.
    pub(super) stall: Duration,
    /// For all of them.
    pub(super) total: Duration,
}

impl Default for Patience {
    /// The largest key within the total at 21 kB a second.
    fn default() -> Self {
        Self {
            stall: Duration::from_secs(30),
            total: Duration::from_secs(300),
        }
    }
}

impl Place {
    /// The file of this name.
    pub(super) async fn fetch(
        &self,
        name: &str,
        patience: Patience,
        observer: &Observer,
    ) -> Result<Vec<u8>, String> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(name);
                let length = fs::metadata(&path)
                    .map_err(|error| error.to_string())?
                    .len();
                if length > MOST_BYTES {
                    return Err(too_large());
                }
                fs::read(&path).map_err(|error| error.to_string())
            }
            Self::Server(url) => {
                let url = url.join(name).map_err(|error| error.to_string())?;
                let coming = download(url, patience.stall, observer);
                let came = tokio::time::timeout(patience.total, coming).await;
                came.map_err(|_| format!("not all of it came in {:?}", patience.total))?
            }
        }
    }
}

async fn download(url: Url, stall: Duration, observer: &Observer) -> Result<Vec<u8>, String> {
    // An address may have a secret.
    let words = |error: reqwest::Error| http::in_words(&error.without_url());
    let client = http::client(stall, Redirects::Anywhere).map_err(words)?;
    let late = |_| format!("nothing came for {stall:?}");
    let asked = tokio::time::timeout(stall, client.get(url).send());
    let response = asked.await.map_err(late)?.map_err(words)?;
    if !response.status().is_success() {
        return Err(format!("the server answered {}", response.status()));
    }
    if response
        .content_length()
        .is_some_and(|says| says > MOST_BYTES)
    {
        return Err(too_large());
    }
    let mut response = http::in_parts(response);
    let mut file = Vec::new();
    loop {
        let part = tokio::time::timeout(stall, response.chunk());
        let Some(part) = part.await.map_err(late)?.map_err(words)? else {
            return Ok(file);
        };
        if file.len() as u64 + part.len() as u64 > MOST_BYTES {
            return Err(too_large());
        }
        file.extend_from_slice(&part);
        observer(Proving::Key {
            bytes: file.len() as u64,
        });
    }
}

fn too_large() -> String {
    format!("it has more than {MOST_BYTES} bytes, which no proving key has")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_is_a_server_if_it_is_a_url_and_a_folder_otherwise() {
        for (text, server) in [
            ("http://keys.example", Some("http://keys.example/")),
            ("https://keys.example/a", Some("https://keys.example/a/")),
            ("HTTPS://Keys.example/a/", Some("https://keys.example/a/")),
            (
                "https://keys.example/a?b=c",
                Some("https://keys.example/a/?b=c"),
            ),
            ("keys", None),
            ("./http:/keys", None),
            ("httpd/keys", None),
            ("C:\\keys", None),
            ("http:", None),
        ] {
            let wanted = match server {
                Some(url) => Place::Server(url.parse().unwrap()),
                None => Place::Folder(text.into()),
            };
            assert_eq!(text.parse(), Ok(wanted), "{text}");
        }
        for bad in ["http://", "https://[1", "http://a b/"] {
            assert!(bad.parse::<Place>().is_err(), "{bad}");
        }
        let place: Place = "https://keys.example/a".parse().unwrap();
        let Place::Server(url) = &place else { panic!() };
        assert_eq!(url.join("x").unwrap().path(), "/a/x", "below it");
    }

    #[test]
    fn place_shows_no_password_however_it_is_printed() {
        let text = "https://me:hunter2@keys.example/a?token=hunter2#hunter2";
        let place: Place = text.parse().unwrap();
        let keys = super::super::ProvingKeys::new().place(place.clone());
        for shown in [
            format!("{place}"),
            format!("{place:?}"),
            format!("{keys:?}"),
        ] {
            assert!(shown.contains("https://keys.example/a/"), "{shown}");
            assert!(
                !shown.contains("hunter2") && !shown.contains("me:"),
                "{shown}"
            );
        }
        assert_eq!(
            format!("{:?}", Place::Folder("keys".into())),
            "Folder(keys)"
        );
    }
}
