//! Proofs of private conditions: what a request claims, and whether it holds.
//!
//! Proofs under one key that come together are verified together, for a quarter of what they cost alone.
//! Nobody waits for company: whoever gets a thread takes what is there by then.

mod queue;

use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;
use rayon::ThreadPool;
use sha2::{Digest, Sha256};
use stheno_circuits::{
    Circuit, Development, Inputs, KeyHash, PreparedVerifyingKey, Proof, VerifyingKey,
    rand::{RngCore, SeedableRng, rngs::StdRng},
    verify_batch,
};
use stheno_protocol::{
    Code, Policy, Presentation, Problem, Proofs, Proven, Request,
    policy::{Group, Zk},
    private::{Task, tasks},
};
use tokio::sync::oneshot;

use super::members::Asked;
use queue::{Queue, Waiting};

/// Most verifying keys that are kept, prepared: some 100 kB each.
const KEYS: NonZeroUsize = NonZeroUsize::new(64).unwrap();
/// Most claims that are remembered to hold.
const HOLDING: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();

/// A key, or why it is not taken.
type Key = Result<Arc<PreparedVerifyingKey>, String>;
/// A proof with its public inputs and what verifies it, hashed.
type ClaimHash = [u8; 32];

/// Verifies proofs, and keeps the keys for it.
pub(super) struct Verifier {
    development: Development,
    keys: Mutex<LruCache<KeyHash, Key>>,
    /// Of these very bytes it is known that they hold. Other bytes are verified, whatever they prove.
    holding: Mutex<LruCache<ClaimHash, ()>>,
    waiting: Queue<KeyHash, Ready>,
}

/// What a request claims for the private conditions of its policy.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// Of the leaves for which nothing needs to be verified.
    proofs: Proofs,
    /// No two are the same.
    claims: Vec<Claim>,
}

/// What a request's proofs came to.
#[derive(Debug, Default)]
pub(super) struct Verified {
    pub(super) proofs: Proofs,
    /// By those that hold, once each.
    pub(super) asked: Vec<Asked>,
    /// How many hold that had to be verified for it.
    pub(super) newly: usize,
}

/// A presentation with what it should prove.
#[derive(Debug)]
struct Claim {
    hash: ClaimHash,
    /// It is known to hold.
    holds: bool,
    /// Those that ask for this very thing.
    leaves: Vec<Zk>,
    circuit: Circuit,
    key: KeyHash,
    asked: Asked,
    inputs: Inputs,
    presentation: Presentation,
}

/// A claim of which all is decoded.
struct Ready {
    key: Arc<PreparedVerifyingKey>,
    inputs: Inputs,
    proof: Proof,
}

impl Claims {
    /// What they would prove.
    pub(super) fn asked(&self) -> Vec<Asked> {
        let mut asked: Vec<Asked> = Vec::new();
        for claim in &self.claims {
            if !asked.contains(&claim.asked) {
                asked.push(claim.asked);
            }
        }
        asked
    }

    /// How many are to be verified.
    pub(super) fn unverified(&self) -> usize {
        self.claims.iter().filter(|claim| !claim.holds).count()
    }
}

impl Verifier {
    pub(super) fn new(development: Development) -> Self {
        Self {
            development,
            keys: Mutex::new(LruCache::new(KEYS)),
            holding: Mutex::new(LruCache::new(HOLDING)),
            waiting: Queue::default(),
        }
    }

    /// What `request` presents for the private conditions of its `policy`. Nothing is computed but hashes.
    pub(super) fn claims(&self, request: &Request, policy: &Policy) -> Claims {
        let mut all = Claims::default();
        let mut seen: Vec<&Zk> = Vec::new();
        for task in tasks(request, policy) {
            if seen.contains(&task.leaf) {
                continue;
            }
            seen.push(task.leaf);
            match claim(&task, request) {
                Err(proven) => all.proofs.insert(task.leaf, proven),
                Ok(mut claim) => {
                    let mut same = all.claims.iter_mut();
                    match same.find(|other| other.hash == claim.hash) {
                        Some(other) => other.leaves.append(&mut claim.leaves),
                        None => {
                            let mut holding = lock(&self.holding);
                            claim.holds = holding.get(&claim.hash).is_some();
                            all.claims.push(claim);
                        }
                    }
                }
            }
        }
        all
    }

    /// Verifies what `request` claims, on threads of `cores`. A proof that is no good is said so
    /// of, and is no error.
    ///
    /// # Errors
    /// [`Code::Internal`] when the system gives no randomness, or the computation broke off.
    pub(super) async fn verify(
        self: &Arc<Self>,
        cores: &ThreadPool,
        request: &Request,
        claims: Claims,
    ) -> Result<Verified, Problem> {
        let Claims { proofs, claims } = claims;
        let mut verified = Verified {
            proofs,
            ..Verified::default()
        };
        let (known, unknown): (Vec<_>, Vec<_>) = claims.into_iter().partition(|claim| claim.holds);
        let known = known.into_iter().map(|claim| (claim, Ok(true)));
        for (claim, found) in known.chain(self.judge(cores, unknown).await?) {
            let proven = match found {
                Err(why) => Proven::Unknown(why),
                Ok(false) => Proven::Wrong("the proof is not one for this request".to_owned()),
                Ok(true) => {
                    if !claim.holds {
                        verified.newly += 1;
                        lock(&self.holding).put(claim.hash, ());
                    }
                    if !verified.asked.contains(&claim.asked) {
                        verified.asked.push(claim.asked);
                    }
                    Proven::Holds {
                        root: claim.inputs.root,
                        until: request.expires_at,
                    }
                }
            };
            for leaf in &claim.leaves {
                verified.proofs.insert(leaf, proven.clone());
            }
        }
        Ok(verified)
    }

    /// Whether claims hold, or why that cannot be told.
    async fn judge(
        self: &Arc<Self>,
        cores: &ThreadPool,
        claims: Vec<Claim>,
    ) -> Result<Vec<(Claim, Result<bool, String>)>, Problem> {
        if claims.is_empty() {
            return Ok(Vec::new());
        }
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| internal(&error))?;
        let (done, decoded) = oneshot::channel();
        let this = Arc::clone(self);
        cores.spawn_fifo(move || {
            // Whoever asked may have gone away.
            if done.is_closed() {
                return;
            }
            let claims = claims.into_iter().map(|claim| {
                let ready = this.decode(&claim);
                (claim, ready)
            });
            let _ = done.send(claims.collect::<Vec<_>>());
        });
        let mut keys = BTreeSet::new();
        let mut waiting = Vec::new();
        for (claim, ready) in decoded.await.map_err(|error| internal(&error))? {
            let verdict = ready.map(|ready| {
                keys.insert(claim.key);
                self.waiting.push(claim.key, ready)
            });
            waiting.push((claim, verdict));
        }
        // From here, and not from a thread of the pool, so that it comes behind whatever waits for one:
        // what is decoded until then is verified with it.
        let mut seeds = StdRng::from_seed(seed);
        for key in keys {
            seeds.fill_bytes(&mut seed);
            let (this, random) = (Arc::clone(self), StdRng::from_seed(seed));
            cores.spawn_fifo(move || verify_together(this.waiting.take(key), random));
        }
        let mut judged = Vec::new();
        for (claim, verdict) in waiting {
            let found = match verdict {
                Err(why) => Err(why),
                Ok(verdict) => Ok(verdict.await.map_err(|error| internal(&error))?),
            };
            judged.push((claim, found));
        }
        Ok(judged)
    }

    /// What verifying takes, if key and proof are what they should be.
    fn decode(&self, claim: &Claim) -> Result<Ready, String> {
        let key = self.key(claim)?;
        let proof = Proof::from_bytes(&claim.presentation.proof);
        Ok(Ready {
            key,
            inputs: claim.inputs.clone(),
            proof: proof.map_err(|error| error.to_string())?,
        })
    }

    /// The key of a claim, whose hash its policy has.
    fn key(&self, claim: &Claim) -> Key {
        let kept = lock(&self.keys).get(&claim.key).cloned();
        let key = kept.unwrap_or_else(|| {
            let key = VerifyingKey::read(&claim.presentation.key, self.development)
                .map(|key| Arc::new(key.prepare()))
                .map_err(|error| format!("the verifying key is not taken: {error}"));
            lock(&self.keys).put(claim.key, key.clone());
            key
        })?;
        if key.circuit() != claim.circuit {
            return Err(format!(
                "the verifying key is for {}, and the policy asks for {}",
                key.circuit(),
                claim.circuit
            ));
        }
        Ok(key)
    }
}

/// Verifies proofs under one key.
fn verify_together(waiting: Vec<Waiting<Ready>>, mut random: StdRng) {
    let Some(key) = waiting.first().map(|one| Arc::clone(&one.what.key)) else {
        return;
    };
    let split = waiting
        .into_iter()
        .map(|one| ((one.what.inputs, one.what.proof), one.verdict));
    let (claims, verdicts): (Vec<_>, Vec<_>) = split.unzip();
    let wrong = match verify_batch(&key, &claims, &mut random) {
        Ok(()) => Vec::new(),
        Err(error) => error.culprits,
    };
    for (at, verdict) in verdicts.into_iter().enumerate() {
        let _ = verdict.send(!wrong.contains(&at));
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("development", &self.development)
            .finish_non_exhaustive()
    }
}

/// What the request presents for a task, and what that should prove; or what it comes to already.
fn claim(task: &Task<'_>, request: &Request) -> Result<Claim, Proven> {
    let leaf = task.leaf;
    let presentation = Presentation::of(leaf, &request.context)
        .map_err(|error| Proven::Unknown(error.to_string()))?;
    let root = presentation.root;
    if let Group::Root(wanted) = leaf.group
        && root != wanted
    {
        let why = format!("the proof is of the root {root}, which is not the group's");
        return Err(Proven::Wrong(why));
    }
    let inputs = task.inputs(root, presentation.nullifier);
    Ok(Claim {
        hash: hash(leaf, &inputs, &presentation),
        holds: false,
        leaves: vec![leaf.clone()],
        circuit: leaf.circuit,
        key: leaf.key,
        asked: Asked {
            policy: request.policy_digest(),
            nullifier: inputs.nullifier,
            binding: inputs.binding,
        },
        inputs,
        presentation,
    })
}

/// Everything that the verdict on a proof depends on.
fn hash(leaf: &Zk, inputs: &Inputs, presentation: &Presentation) -> ClaimHash {
    let mut hash = Sha256::new();
    hash.update(leaf.key.as_bytes());
    let circuit = leaf.circuit.to_string();
    hash.update([circuit.len() as u8]);
    hash.update(circuit);
    let inputs = inputs.to_bytes();
    hash.update([inputs.len() as u8]);
    hash.update(inputs.concat());
    hash.update(presentation.proof);
    hash.finalize().into()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn internal(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "a proof could not be verified");
    Problem::new(Code::Internal, "the proof could not be verified")
}
