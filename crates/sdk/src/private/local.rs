//! Proving on this machine.

use std::{fmt, sync::Arc};

use futures::channel::oneshot;
use stheno_circuits::{
    Attributes, Bounds, Group, Inputs, Leaf, Path, Phase, ProvingKey, Root, Secret, Statement,
    Witness, prove,
    rand::{SeedableRng, rngs::StdRng},
};
use stheno_protocol::{
    Presentation,
    policy::{Group as Named, Zk},
    private::Task,
};

use super::{ProveError, Prover, ProvingKeys};
use crate::{bounds::BoxFuture, entropy::fresh};

/// What is going on while a proof is made.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Proving {
    /// A proving key is being fetched, of which so many bytes have come.
    Key {
        /// Bytes.
        bytes: u64,
    },
    /// Every point of a proving key is being checked, and proofs are tried with it: once, for some
    /// seconds, and not where its own hash is pinned.
    Check,
    /// The proof is being made.
    Proof(Phase),
}

/// What a leaf is proven with.
struct Means {
    path: Path,
    attributes: Option<Attributes>,
}

/// Is told what is going on.
pub(super) type Observer = Arc<dyn Fn(Proving) + Send + Sync>;

/// Proves with a secret in memory, on a thread of its own. A [`Prover`].
pub struct LocalProver {
    secret: Secret,
    credentials: Vec<Attributes>,
    groups: Vec<Group>,
    keys: ProvingKeys,
    observer: Observer,
}

impl LocalProver {
    /// Proves with this secret and these proving keys.
    #[must_use]
    pub fn new(secret: Secret, keys: ProvingKeys) -> Self {
        Self {
            secret,
            credentials: Vec::new(),
            groups: Vec::new(),
            keys,
            observer: Arc::new(|_| ()),
        }
    }

    /// In this group, as it is now.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// With a credential: what an issuer said when they put its leaf into a group.
    #[must_use]
    pub fn credential(mut self, attributes: Attributes) -> Self {
        self.credentials.push(attributes);
        self
    }

    /// Calls `observer` with what is going on.
    #[must_use]
    pub fn observer(mut self, observer: impl Fn(Proving) + Send + Sync + 'static) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// With what a leaf is proven in a group: the first credential that will do.
    fn means(&self, leaf: &Zk, until: u64, group: &Group) -> Result<Means, ProveError> {
        let circuit = leaf.circuit;
        let bounds = leaf.attributes.map(|ranges| Bounds { ranges, now: until });
        let mut refused = None;
        for (own, attributes) in self.leaves(circuit.statement) {
            let Ok(path) = group.path(&own) else {
                continue;
            };
            let fits = match (&attributes, &bounds) {
                (Some(attributes), Some(bounds)) => attributes.check(bounds),
                _ => Ok(()),
            };
            match fits {
                Ok(()) => return Ok(Means { path, attributes }),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(refused.map_or(ProveError::NotAMember { circuit }, ProveError::from))
    }

    /// What is proven for a task in the group with this root, and with what.
    fn statement(&self, task: &Task<'_>, root: Root) -> Result<(Inputs, Witness), ProveError> {
        let mut groups = self.candidates(task.leaf);
        let group = groups.find(|group| group.root() == Some(root));
        let group = group.ok_or(ProveError::OtherGroup)?;
        let until = task.bounds.map_or(0, |bounds| bounds.now);
        let Means { path, attributes } = self.means(task.leaf, until, group)?;
        let inputs = task.inputs(root, self.secret.nullifier(&task.scope));
        let secret = self.secret.again();
        let witness = match attributes {
            Some(attributes) => Witness::credential(secret, path, attributes),
            None => Witness::member(secret, path),
        };
        Ok((inputs, witness))
    }

    fn roots_of(&self, leaf: &Zk, until: u64) -> Result<Vec<Root>, ProveError> {
        let mut groups = self.candidates(leaf).peekable();
        if groups.peek().is_none() && matches!(leaf.group, Named::Root(_)) {
            return Err(ProveError::OtherGroup);
        }
        let (mut roots, mut refused) = (Vec::new(), None);
        for group in groups {
            match (self.means(leaf, until, group), group.root()) {
                (Ok(_), Some(root)) if !roots.contains(&root) => roots.push(root),
                (Ok(_), _) => {}
                // That an attribute is out of bounds says more than that one is not there.
                (Err(ProveError::NotAMember { .. }), _) => {}
                (Err(error), _) => refused = refused.or(Some(error)),
            }
        }
        let circuit = leaf.circuit;
        match roots.is_empty() {
            true => Err(refused.unwrap_or(ProveError::NotAMember { circuit })),
            false => Ok(roots),
        }
    }

    /// The groups that have the leaf's root, or, where a contract says which that is, its depth.
    fn candidates<'a>(&'a self, leaf: &'a Zk) -> impl Iterator<Item = &'a Group> {
        self.groups.iter().filter(|group| match leaf.group {
            Named::Root(root) => group.root() == Some(root),
            Named::Contract { .. } => group.tree().depth() == leaf.circuit.depth,
        })
    }

    /// The leaves that this secret may have.
    fn leaves(&self, statement: Statement) -> Vec<(Leaf, Option<Attributes>)> {
        let commitment = self.secret.commitment();
        match statement {
            Statement::CredentialV1 => self
                .credentials
                .iter()
                .map(|attributes| {
                    let leaf = Leaf::of_credential(&commitment, attributes);
                    (leaf, Some(attributes.again()))
                })
                .collect(),
            _ => vec![(Leaf::of_member(&commitment), None)],
        }
    }
}

impl Prover for LocalProver {
    fn roots<'a>(
        &'a self,
        leaf: &'a Zk,
        until: u64,
    ) -> BoxFuture<'a, Result<Vec<Root>, ProveError>> {
        Box::pin(async move { self.roots_of(leaf, until) })
    }

    fn prepare<'a>(&'a self, leaf: &'a Zk) -> BoxFuture<'a, Result<(), ProveError>> {
        Box::pin(async move {
            let mut search = self.keys.search(leaf.circuit, &leaf.key, &self.observer);
            search.next().await.map(|_| ())
        })
    }

    fn prove<'a>(
        &'a self,
        task: &'a Task<'a>,
        root: Root,
    ) -> BoxFuture<'a, Result<Presentation, ProveError>> {
        Box::pin(async move {
            // Before a key of some megabytes is fetched.
            let statement = Arc::new(self.statement(task, root)?);
            let leaf = task.leaf;
            let mut search = self.keys.search(leaf.circuit, &leaf.key, &self.observer);
            loop {
                let held = search.next().await?;
                match self.present(&held.key, &statement).await {
                    Err(Failed::BrokenKey) => search.put_away(&held).await,
                    Err(Failed::Otherwise(error)) => return Err(error),
                    Ok(presentation) => return Ok(presentation),
                }
            }
        })
    }
}

/// Why a proof was not made.
enum Failed {
    /// By the key's fault: with another one it could be.
    BrokenKey,
    Otherwise(ProveError),
}

impl LocalProver {
    async fn present(
        &self,
        key: &Arc<ProvingKey>,
        statement: &Arc<(Inputs, Witness)>,
    ) -> Result<Presentation, Failed> {
        let seed = fresh::<32>().map_err(|error| {
            Failed::Otherwise(ProveError::Entropy {
                why: error.to_string(),
            })
        })?;
        let (key, statement) = (Arc::clone(key), Arc::clone(statement));
        let observer = Arc::clone(&self.observer);
        let (done, made) = oneshot::channel();
        let thread = std::thread::Builder::new().name("proof".to_owned());
        let started = thread.spawn(move || {
            let (inputs, witness) = &*statement;
            let _ = done.send(present(&key, inputs, witness, &seed, &observer));
        });
        started.map_err(|error| stopped(&error))?;
        made.await.map_err(|error| stopped(&error))?
    }
}

impl fmt::Debug for LocalProver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalProver")
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

fn present(
    key: &ProvingKey,
    inputs: &Inputs,
    witness: &Witness,
    seed: &[u8; 32],
    observer: &Observer,
) -> Result<Presentation, Failed> {
    let mut random = StdRng::from_seed(*seed);
    let mut progress = |phase| observer(Proving::Proof(phase));
    let proof = prove(key, inputs, witness, &mut random, &mut progress);
    let proof = proof.map_err(|error| match error {
        stheno_circuits::ProveError::Statement(error) => {
            Failed::Otherwise(ProveError::Statement(error))
        }
        stheno_circuits::ProveError::BrokenKey => Failed::BrokenKey,
        other => stopped(&other),
    })?;
    Ok(Presentation {
        root: inputs.root,
        nullifier: inputs.nullifier,
        proof: proof.to_bytes(),
        key: key.verifying_key().to_bytes(),
    })
}

fn stopped(error: &dyn std::error::Error) -> Failed {
    Failed::Otherwise(ProveError::Stopped {
        why: error.to_string(),
    })
}
