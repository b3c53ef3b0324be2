//! Proofs of private conditions: verified together where several wait.
//!
//! A burst of proofs under one key costs less than a quarter each of what they cost alone. So nobody waits
//! for company: whoever gets a thread verifies all that is there by then.

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;
use rayon::ThreadPool;
use stheno_circuits::{
    Development, Inputs, KeyHash, Nullifier, PreparedVerifyingKey, Proof, VerifyingKey,
    rand::{SeedableRng, rngs::StdRng},
    verify_batch,
};
use stheno_protocol::{
    Code, Policy, Presentation, Problem, Proofs, Proven, Request,
    policy::Zk,
    private::{Task, tasks},
};
use tokio::sync::oneshot;

/// Most verifying keys that are kept, prepared: some 100 kB each.
const KEYS: NonZeroUsize = NonZeroUsize::new(64).unwrap();

/// A key, or why it is not taken.
type Key = Result<Arc<PreparedVerifyingKey>, String>;

/// Verifies proofs, and keeps the keys for it.
pub(super) struct Verifier {
    development: Development,
    keys: Mutex<LruCache<KeyHash, Key>>,
    waiting: Mutex<Vec<Waiting>>,
}

/// What a request's proofs came to.
#[derive(Debug, Default)]
pub(super) struct Verified {
    pub(super) proofs: Proofs,
    /// Of the first proof that holds.
    pub(super) nullifier: Option<Nullifier>,
}

/// A presentation with what it should prove.
struct Claim {
    leaf: Zk,
    inputs: Inputs,
    presentation: Presentation,
}

/// A proof that waits for its verdict.
struct Waiting {
    key: Arc<PreparedVerifyingKey>,
    claim: (Inputs, Proof),
    holds: oneshot::Sender<bool>,
}

impl Verifier {
    pub(super) fn new(development: Development) -> Self {
        Self {
            development,
            keys: Mutex::new(LruCache::new(KEYS)),
            waiting: Mutex::default(),
        }
    }

    /// Verifies the proofs that `request` carries for the private conditions of its `policy`, on a
    /// thread of `cores`. A proof that is missing or no good is said so of, and is no error.
    ///
    /// # Errors
    /// [`Code::Internal`] when the system gives no randomness, or the computation broke off.
    pub(super) async fn verify(
        self: &Arc<Self>,
        cores: &ThreadPool,
        request: &Request,
        policy: &Policy,
    ) -> Result<Verified, Problem> {
        let mut verified = Verified::default();
        let mut claims = Vec::new();
        for task in tasks(request, policy) {
            match claim(&task, request) {
                Ok(claim) => claims.push(claim),
                Err(why) => verified.proofs.insert(task.leaf, Proven::Unknown(why)),
            }
        }
        if claims.is_empty() {
            return Ok(verified);
        }
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| internal(&error))?;
        let (queued, queueing) = oneshot::channel();
        let this = Arc::clone(self);
        cores.spawn_fifo(move || {
            let verdicts = claims.into_iter().map(|claim| this.queue(claim)).collect();
            let _: Result<(), Vec<_>> = queued.send(verdicts);
            // Behind whatever waits for a thread: what comes until then is verified with it.
            rayon::spawn_fifo(move || this.verify_waiting(seed));
        });
        for (claim, queued) in queueing.await.map_err(|error| internal(&error))? {
            let proven = match queued {
                Err(why) => Proven::Unknown(why),
                Ok(verdict) => match verdict.await.map_err(|error| internal(&error))? {
                    false => Proven::Wrong("the proof is not one for this request".to_owned()),
                    true => {
                        verified.nullifier.get_or_insert(claim.inputs.nullifier);
                        Proven::Holds {
                            root: claim.inputs.root,
                            until: request.expires_at,
                        }
                    }
                },
            };
            verified.proofs.insert(&claim.leaf, proven);
        }
        Ok(verified)
    }

    /// Puts a claim into the queue, if its key and its proof are what they should be.
    fn queue(&self, claim: Claim) -> (Claim, Result<oneshot::Receiver<bool>, String>) {
        let (holds, verdict) = oneshot::channel();
        let waiting = self.key(&claim).and_then(|key| {
            let proof = Proof::from_bytes(&claim.presentation.proof);
            let proof = proof.map_err(|error| error.to_string())?;
            Ok(Waiting {
                key,
                claim: (claim.inputs.clone(), proof),
                holds,
            })
        });
        let queued = waiting.map(|waiting| {
            let mut queue = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            queue.push(waiting);
            verdict
        });
        (claim, queued)
    }

    /// The key of a claim, whose hash its policy has.
    fn key(&self, claim: &Claim) -> Key {
        let hash = claim.leaf.key;
        let kept = |keys: &Mutex<LruCache<_, Key>>| {
            let mut keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
            keys.get(&hash).cloned()
        };
        let key = kept(&self.keys).unwrap_or_else(|| {
            let key = VerifyingKey::read(&claim.presentation.key, self.development)
                .map(|key| Arc::new(key.prepare()))
                .map_err(|error| format!("the verifying key is not taken: {error}"));
            let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            keys.put(hash, key.clone());
            key
        })?;
        if key.circuit() != claim.leaf.circuit {
            return Err(format!(
                "the verifying key is for {}, and the policy asks for {}",
                key.circuit(),
                claim.leaf.circuit
            ));
        }
        Ok(key)
    }

    /// Verifies all that waits, key by key.
    fn verify_waiting(&self, seed: [u8; 32]) {
        let waiting = {
            let mut queue = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *queue)
        };
        let mut by_key: BTreeMap<KeyHash, Vec<Waiting>> = BTreeMap::new();
        // Whoever asked may have gone away.
        for one in waiting.into_iter().filter(|one| !one.holds.is_closed()) {
            by_key.entry(one.key.hash()).or_default().push(one);
        }
        let mut random = StdRng::from_seed(seed);
        for of_key in by_key.into_values() {
            verify_together(of_key, &mut random);
        }
    }
}

/// Verifies proofs under one key.
fn verify_together(waiting: Vec<Waiting>, random: &mut StdRng) {
    let Some(key) = waiting.first().map(|one| Arc::clone(&one.key)) else {
        return;
    };
    let split = waiting.into_iter().map(|one| (one.claim, one.holds));
    let (claims, answers): (Vec<_>, Vec<_>) = split.unzip();
    let wrong = match verify_batch(&key, &claims, random) {
        Ok(()) => Vec::new(),
        Err(error) => error.culprits,
    };
    for (at, holds) in answers.into_iter().enumerate() {
        let _ = holds.send(!wrong.contains(&at));
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("development", &self.development)
            .finish_non_exhaustive()
    }
}

/// What the request presents for a task, and what that should prove.
fn claim(task: &Task<'_>, request: &Request) -> Result<Claim, String> {
    let presentation =
        Presentation::of(task.leaf, &request.context).map_err(|error| error.to_string())?;
    Ok(Claim {
        leaf: task.leaf.clone(),
        inputs: task.inputs(presentation.root, presentation.nullifier),
        presentation,
    })
}

fn internal(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "a proof could not be verified");
    Problem::new(Code::Internal, "the proof could not be verified")
}
