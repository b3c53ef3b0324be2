//! Proving keys: found by the hash of their verifying half, checked, tried and kept.
//!
//! A policy names a verifying key by its hash. The proving key that belongs to it is looked for
//! in folders and on servers under the name `HASH.proving`, the hash in hexadecimal digits. Whoever has
//! pinned the proving key's own hash takes that file and no other. Of any other file every point is
//! checked, that its verifying half is the one, and that trial proofs of it verify; then it is
//! kept, with its own hash, so that the next time looking at that hash suffices. A key whose proof
//! fails later is put away, and the next place is asked.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::{channel::oneshot, lock::Mutex as AsyncMutex};
use stheno_circuits::{
    Circuit, Development, KeyError, KeyHash, ProvingKey,
    rand::{SeedableRng, rngs::StdRng},
    trial,
};

use super::{Place, ProveError, Proving, kept::Kept, local::Observer, place::Patience};
use crate::entropy::fresh;

/// How many trial proofs a key makes before it is trusted.
const TRIALS: usize = 2;
/// Where they have taken so long already, no further one is begun.
const TRIED_FOR: Duration = Duration::from_secs(10);
/// What is wrong with a key that looks sound.
const BROKEN: &str = "it makes proofs that do not verify";

/// Proving keys, wherever they come from.
#[derive(Default)]
pub struct ProvingKeys {
    kept: Option<Kept>,
    places: Vec<Place>,
    pinned: Vec<KeyHash>,
    patience: Patience,
    /// By the verifying key's hash. One search at a time: two readers of one key fetch it once.
    slots: Mutex<BTreeMap<KeyHash, Slot>>,
}

type Slot = Arc<AsyncMutex<Option<Held>>>;

/// A key in use.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) key: Arc<ProvingKey>,
    hash: KeyHash,
    origin: Origin,
}

/// Where a key came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd)]
enum Origin {
    Kept,
    Place(usize),
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
        self.kept = Some(Kept(folder.into()));
        self
    }

    /// Takes the proving key's file with this SHA-256, or with that of another call, and from then on
    /// no other, wherever it comes from. Whoever served another could learn a little of who proves:
    /// see `circuits/README.md`, "A proving key from anywhere". Such a file is neither checked point
    /// by point nor tried, and ready in some milliseconds.
    #[must_use]
    pub fn pinned(mut self, hash: KeyHash) -> Self {
        self.pinned.push(hash);
        self
    }

    /// How long a server may take to be reached, and to send the next bytes, before the next place is
    /// asked: 30 seconds unless said.
    #[must_use]
    pub fn stall(mut self, longest: Duration) -> Self {
        self.patience.stall = longest;
        self
    }

    /// How long a download may take in all: five minutes unless said.
    #[must_use]
    pub fn deadline(mut self, longest: Duration) -> Self {
        self.patience.total = longest;
        self
    }

    /// Looks for proving keys whose verifying half has this hash.
    pub(super) fn search<'a>(
        &'a self,
        circuit: Circuit,
        verifying: &'a KeyHash,
        observer: &'a Observer,
    ) -> Search<'a> {
        Search {
            keys: self,
            circuit,
            verifying,
            observer,
            seen: BTreeSet::new(),
            refused: Vec::new(),
            is_broken: false,
        }
    }

    fn slot(&self, verifying: &KeyHash) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(*verifying).or_default())
    }
}

impl fmt::Debug for ProvingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvingKeys")
            .field("kept_in", &self.kept)
            .field("places", &self.places)
            .field("pinned", &self.pinned)
            .finish_non_exhaustive()
    }
}

/// A search through all places, each of which is asked once.
pub(super) struct Search<'a> {
    keys: &'a ProvingKeys,
    circuit: Circuit,
    verifying: &'a KeyHash,
    observer: &'a Observer,
    seen: BTreeSet<Origin>,
    refused: Vec<String>,
    /// Whether one of them was a key that is not sound.
    is_broken: bool,
}

impl Search<'_> {
    /// The next key that seems sound.
    pub(super) async fn next(&mut self) -> Result<Held, ProveError> {
        let slot = self.keys.slot(self.verifying);
        let mut slot = slot.lock().await;
        if let Some(held) = &*slot
            && !self.seen.contains(&held.origin)
        {
            return Ok(held.clone());
        }
        let held = self.look().await?;
        *slot = Some(held.clone());
        Ok(held)
    }

    /// A key led to a proof that does not verify: it is neither kept nor used again.
    pub(super) async fn put_away(&mut self, held: &Held) {
        let slot = self.keys.slot(self.verifying);
        let mut slot = slot.lock().await;
        if slot
            .as_ref()
            .is_some_and(|other| Arc::ptr_eq(&other.key, &held.key))
        {
            *slot = None;
        }
        if let Some(kept) = &self.keys.kept {
            kept.remove(&self.name(), &held.hash);
        }
        self.seen.insert(held.origin);
        self.refuse(held.origin, Refusal::Broken(BROKEN.to_owned()));
    }

    async fn look(&mut self) -> Result<Held, ProveError> {
        if self.seen.insert(Origin::Kept)
            && let Some(held) = self.kept()
        {
            return Ok(held);
        }
        for (at, place) in self.keys.places.iter().enumerate() {
            let origin = Origin::Place(at);
            if !self.seen.insert(origin) {
                continue;
            }
            match self.fetched(place, origin).await {
                Ok(held) => return Ok(held),
                Err(refusal) => self.refuse(origin, refusal),
            }
        }
        Err(self.failed())
    }

    /// A key that was checked before.
    fn kept(&self) -> Option<Held> {
        let (key, hash) = self.keys.kept.as_ref()?.take(&self.name())?;
        let pinned = &self.keys.pinned;
        if !pinned.is_empty() && !pinned.contains(&hash) {
            return None;
        }
        fits(&key, self.circuit, self.verifying).ok()?;
        Some(Held {
            key: Arc::new(key),
            hash,
            origin: Origin::Kept,
        })
    }

    async fn fetched(&self, place: &Place, origin: Origin) -> Result<Held, Refusal> {
        let (name, observer) = (self.name(), self.observer);
        let file = place.fetch(&name, self.keys.patience, observer).await?;
        let hash = KeyHash::of(&file);
        let pinned = &self.keys.pinned;
        let (circuit, verifying) = (self.circuit, *self.verifying);
        let (key, file) = match pinned.contains(&hash) {
            true => on_thread(move || pinned_key(file, &hash, circuit, &verifying)).await?,
            false if pinned.is_empty() => {
                let seed = fresh::<32>().map_err(|error| error.to_string())?;
                observer(Proving::Check);
                on_thread(move || unknown_key(file, circuit, &verifying, &seed)).await?
            }
            false => {
                let why = format!("its own hash is {hash}, which is not one that was given");
                return Err(Refusal::Other(why));
            }
        };
        if let Some(kept) = &self.keys.kept {
            // A key that cannot be kept is fetched again.
            if let Err(error) = kept.put(&name, &file, &hash) {
                tracing::warn!(%error, "a proving key was not kept");
            }
        }
        Ok(Held {
            key: Arc::new(key),
            hash,
            origin,
        })
    }

    fn refuse(&mut self, origin: Origin, refusal: Refusal) {
        let place = match origin {
            Origin::Kept => self
                .keys
                .kept
                .as_ref()
                .map(|kept| kept.0.display().to_string()),
            Origin::Place(at) => self.keys.places.get(at).map(Place::to_string),
        };
        let why = match refusal {
            Refusal::Other(why) => why,
            Refusal::Broken(why) => {
                self.is_broken = true;
                why
            }
        };
        self.refused
            .push(format!("{}: {why}", place.unwrap_or_default()));
    }

    fn failed(&self) -> ProveError {
        let (circuit, key) = (self.circuit, *self.verifying);
        let why = match self.refused.is_empty() {
            true => "no place was given to look for it".to_owned(),
            false => self.refused.join("; "),
        };
        match self.is_broken {
            true => ProveError::BrokenKey { circuit, key, why },
            false => ProveError::NoKey { circuit, key, why },
        }
    }

    /// Under which it is looked for.
    fn name(&self) -> String {
        format!("{}.proving", hex::encode(self.verifying.as_bytes()))
    }
}

/// Why what a place has is not taken.
enum Refusal {
    /// It is the key that was looked for, and not sound.
    Broken(String),
    Other(String),
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self::Other(why)
    }
}

type Taken = Result<(ProvingKey, Vec<u8>), Refusal>;

/// Reading a key is work for the processor.
async fn on_thread(work: impl FnOnce() -> Taken + Send + 'static) -> Taken {
    let (done, taken) = oneshot::channel();
    let thread = std::thread::Builder::new().name("key".to_owned());
    let started = thread.spawn(move || {
        let _ = done.send(work());
    });
    started.map_err(|error| error.to_string())?;
    taken
        .await
        .map_err(|_| "checking it broke off".to_owned())?
}

fn pinned_key(file: Vec<u8>, hash: &KeyHash, circuit: Circuit, verifying: &KeyHash) -> Taken {
    let key = ProvingKey::read(&file, hash, Development::Allowed);
    let key = key.map_err(|error| error.to_string())?;
    fits(&key, circuit, verifying)?;
    Ok((key, file))
}

/// Checks every point of a key, which takes a second or two, and makes proofs with it.
fn unknown_key(file: Vec<u8>, circuit: Circuit, verifying: &KeyHash, seed: &[u8; 32]) -> Taken {
    let mut random = StdRng::from_seed(*seed);
    let key = ProvingKey::read_unknown(&file, Development::Allowed, &mut random);
    let key = key.map_err(|error| match error {
        KeyError::Point { .. } | KeyError::ProvesAnything { .. } | KeyError::Parts => {
            Refusal::Broken(error.to_string())
        }
        _ => Refusal::Other(error.to_string()),
    })?;
    fits(&key, circuit, verifying)?;
    let began = Instant::now();
    for round in 0..TRIALS {
        if round > 0 && began.elapsed() > TRIED_FOR {
            break;
        }
        trial(&key, &mut random).map_err(|_| Refusal::Broken(BROKEN.to_owned()))?;
    }
    Ok((key, file))
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
