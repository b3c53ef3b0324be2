//! Proving keys: found by the hash of their verifying half, checked, and kept.
//!
//! A policy names a verifying key by its hash. The proving key that belongs to it is looked for
//! in folders and on servers under the name `HASH.proving`, the hash in hexadecimal digits. What comes is
//! checked point by point, and that its verifying half is the one; then it is kept, with its own
//! hash, so that the next time looking at that hash suffices.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::channel::oneshot;
use stheno_circuits::{Circuit, Development, KeyHash, ProvingKey};
use url::Url;

use super::{ProveError, Proving, local::Observer};
use crate::{http, source::Redirects, whole_file::replace};

/// Most bytes of a proving key's file; the largest that is offered has 6.2 MB.
const MOST_BYTES: u64 = 64 << 20;
/// How long a server may take to be reached, and to send the next bytes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where proving keys may be.
#[derive(Clone, Debug, Eq, PartialEq)]
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
        if !text.starts_with("http://") && !text.starts_with("https://") {
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
                url.fmt(f)
            }
        }
    }
}

/// Proving keys, wherever they come from.
#[derive(Default)]
pub struct ProvingKeys {
    kept_in: Option<PathBuf>,
    places: Vec<Place>,
    loaded: Mutex<BTreeMap<KeyHash, Arc<ProvingKey>>>,
}

impl ProvingKeys {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks here, too; in the order that they are given.
    #[must_use]
    pub fn place(mut self, place: Place) -> Self {
        self.places.push(place);
        self
    }

    /// Keeps in this folder what was fetched and checked, and looks there first.
    #[must_use]
    pub fn kept_in(mut self, folder: impl Into<PathBuf>) -> Self {
        self.kept_in = Some(folder.into());
        self
    }

    /// The proving key whose verifying half has this hash.
    pub(super) async fn find(
        &self,
        circuit: Circuit,
        verifying: &KeyHash,
        observer: &Observer,
    ) -> Result<Arc<ProvingKey>, ProveError> {
        if let Some(key) = self.loaded().get(verifying) {
            return Ok(Arc::clone(key));
        }
        let (name, mut tried) = (file_name(verifying), Vec::new());
        if let Some(folder) = &self.kept_in
            && let Some(key) = kept(&folder.join(&name))
            && fits(&key, circuit, verifying).is_ok()
        {
            return Ok(self.load(verifying, key));
        }
        for place in &self.places {
            let found = match fetch(place, &name, observer).await {
                Ok(file) => check(file, circuit, *verifying).await,
                Err(why) => Err(why),
            };
            match found {
                Ok((key, file)) => {
                    if let Some(folder) = &self.kept_in {
                        // A key that cannot be kept is fetched again.
                        if let Err(error) = keep(folder, &name, &file) {
                            tracing::warn!(%error, "a proving key was not kept");
                        }
                    }
                    return Ok(self.load(verifying, key));
                }
                Err(why) => tried.push(format!("{place}: {why}")),
            }
        }
        let why = match tried.is_empty() {
            true => "no place was given to look for it".to_owned(),
            false => tried.join("; "),
        };
        let key = *verifying;
        Err(ProveError::NoKey { circuit, key, why })
    }

    fn load(&self, verifying: &KeyHash, key: ProvingKey) -> Arc<ProvingKey> {
        let key = Arc::new(key);
        self.loaded().insert(*verifying, Arc::clone(&key));
        key
    }

    fn loaded(&self) -> std::sync::MutexGuard<'_, BTreeMap<KeyHash, Arc<ProvingKey>>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ProvingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvingKeys")
            .field("kept_in", &self.kept_in)
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}

/// Under which a proving key is looked for.
fn file_name(verifying: &KeyHash) -> String {
    format!("{}.proving", hex::encode(verifying.as_bytes()))
}

/// Beside a kept key: its own hash, once it has been checked.
fn hash_path(key: &Path) -> PathBuf {
    key.with_extension("proving.sha256")
}

/// A key that was checked before.
fn kept(path: &Path) -> Option<ProvingKey> {
    let hash: KeyHash = fs::read_to_string(hash_path(path))
        .ok()?
        .trim()
        .parse()
        .ok()?;
    let file = fs::read(path).ok()?;
    // Whose trapdoor is known can make proofs of what is not true, and take nothing from a prover.
    ProvingKey::read(&file, &hash, Development::Allowed).ok()
}

/// The key first, then its hash: a key without one is not taken.
fn keep(folder: &Path, name: &str, file: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(name);
    write_whole(&path, file)?;
    write_whole(&hash_path(&path), KeyHash::of(file).to_string().as_bytes())
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension(format!("part{}", std::process::id()));
    replace(path, &part, bytes, None)
}

fn fits(key: &ProvingKey, circuit: Circuit, verifying: &KeyHash) -> Result<(), String> {
    let found = key.verifying_key().hash();
    if found != *verifying {
        return Err(format!("its verifying key has the hash {found}"));
    }
    match key.circuit() == circuit {
        true => Ok(()),
        false => Err(format!("it is for {}", key.circuit())),
    }
}

/// Checks every point of a key, on a thread: that takes a second or two.
async fn check(
    file: Vec<u8>,
    circuit: Circuit,
    verifying: KeyHash,
) -> Result<(ProvingKey, Vec<u8>), String> {
    let (done, checked) = oneshot::channel();
    let thread = std::thread::Builder::new().name("key".to_owned());
    let started = thread.spawn(move || {
        let key = ProvingKey::read_unknown(&file, Development::Allowed);
        let key = key.map_err(|error| error.to_string());
        let key = key.and_then(|key| fits(&key, circuit, &verifying).map(|()| key));
        let _ = done.send(key.map(|key| (key, file)));
    });
    started.map_err(|error| error.to_string())?;
    checked
        .await
        .map_err(|_| "checking it broke off".to_owned())?
}

async fn fetch(place: &Place, name: &str, observer: &Observer) -> Result<Vec<u8>, String> {
    match place {
        Place::Folder(folder) => {
            let path = folder.join(name);
            let length = fs::metadata(&path)
                .map_err(|error| error.to_string())?
                .len();
            if length > MOST_BYTES {
                return Err(too_large());
            }
            fs::read(&path).map_err(|error| error.to_string())
        }
        Place::Server(url) => {
            let url = url.join(name).map_err(|error| error.to_string())?;
            download(url, observer).await
        }
    }
}

async fn download(url: Url, observer: &Observer) -> Result<Vec<u8>, String> {
    let words = |error: reqwest::Error| http::in_words(&error);
    let client = http::client(PATIENCE, Redirects::Anywhere).map_err(words)?;
    let late = |_| format!("nothing came for {} s", PATIENCE.as_secs());
    let asked = tokio::time::timeout(PATIENCE, client.get(url).send());
    let response = asked.await.map_err(late)?.map_err(words)?;
    if !response.status().is_success() {
        return Err(format!("the server answered {}", response.status()));
    }
    let mut response = http::in_parts(response);
    let mut file = Vec::new();
    loop {
        let part = tokio::time::timeout(PATIENCE, response.chunk());
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
