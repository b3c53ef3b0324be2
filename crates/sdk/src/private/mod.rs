//! Reading without showing who one is: members of groups, holders of credentials.
//!
//! A policy's `zk` leaf names a group. A [`PrivateReader`] is a [`Reader`] who proves, for each request anew, that
//! their secret is in it, and shows no account. What nodes see is the group's root, a proof, and a
//! nullifier: the same for the same secret in one scope (the policy, and its period), and nothing
//! about which member it is.
//!
//! A [`PrivateReader`] asks a [`Prover`]. [`LocalProver`] has the secret and proves on a thread; a browser's
//! proves in a worker.
//!
//! | | |
//! |---|---|
//! | [`PrivateReader`], [`Prover`] | the reader, and what proves for them |
//! | `LocalProver` | a secret, its groups and credentials, proving here |
//! | `ProvingKeys` | where proving keys come from: folders, servers; what is kept |

#[cfg(all(feature = "http", not(target_family = "wasm")))]
mod kept;
#[cfg(all(feature = "http", not(target_family = "wasm")))]
mod keys;
#[cfg(all(feature = "http", not(target_family = "wasm")))]
mod local;
#[cfg(all(feature = "http", not(target_family = "wasm")))]
mod place;

use std::fmt;

#[cfg(all(feature = "http", not(target_family = "wasm")))]
pub use keys::ProvingKeys;
#[cfg(all(feature = "http", not(target_family = "wasm")))]
pub use local::{LocalProver, Proving};
#[cfg(all(feature = "http", not(target_family = "wasm")))]
pub use place::Place;

use stheno_circuits::{Circuit, KeyHash};
use stheno_protocol::{
    Account, Authorization, Bytes, ChainId, Domain, Policy, Presentation, Request,
    private::{Task, tasks},
};

use crate::{
    bounds::{BoxFuture, Shareable},
    wallet::{Reader, WalletError},
};

/// Makes proofs.
pub trait Prover: Shareable {
    /// Proves what `task` asks.
    fn prove<'a>(&'a self, task: &'a Task<'a>) -> BoxFuture<'a, Result<Presentation, ProveError>>;
}

/// Somebody who proves a right, and shows no account.
pub struct PrivateReader {
    prover: Box<dyn Prover>,
}

impl PrivateReader {
    /// A reader for whom `prover` proves.
    #[must_use]
    pub fn new(prover: impl Prover + 'static) -> Self {
        Self {
            prover: Box::new(prover),
        }
    }
}

impl fmt::Debug for PrivateReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateReader").finish_non_exhaustive()
    }
}

impl Reader for PrivateReader {
    fn account(&self, _chain: ChainId) -> Option<Account> {
        None
    }

    fn authorize<'a>(
        &'a self,
        _request: &'a Request,
        _domain: &'a Domain,
    ) -> BoxFuture<'a, Result<Authorization, WalletError>> {
        Box::pin(async { Ok(Authorization::None {}) })
    }

    /// A proof for each private condition that can be proven. Whether those suffice, the nodes say.
    fn prove<'a>(
        &'a self,
        request: &'a Request,
        policy: &'a Policy,
    ) -> BoxFuture<'a, Result<Vec<(String, Bytes)>, ProveError>> {
        Box::pin(async move {
            let mut proofs = Vec::new();
            let mut failed = None;
            for task in tasks(request, policy) {
                match self.prover.prove(&task).await {
                    Ok(presentation) => {
                        let bytes = presentation.to_bytes().into();
                        proofs.push((task.leaf.proof.clone(), bytes));
                    }
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            match failed {
                Some(error) if proofs.is_empty() => Err(error),
                _ => Ok(proofs),
            }
        })
    }
}

/// Why nothing was proven. No variant shows a secret, nor whose it is.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The secret is in none of the groups that could be the policy's.
    #[error("you are in none of the groups that were given for {circuit}")]
    NotAMember {
        /// What the policy asks for.
        circuit: Circuit,
    },
    /// The groups that were given have other roots than the policy names.
    #[error("none of the groups that were given has the root that the policy names")]
    OtherGroup,
    /// The statement does not hold.
    #[error("it cannot be proven: {0}")]
    Statement(#[from] stheno_circuits::StatementError),
    /// A prover that is elsewhere says that the statement does not hold.
    #[error("it cannot be proven: {why}")]
    Unprovable {
        /// In its words.
        why: String,
    },
    /// There is no proving key for the verifying key that the policy names.
    #[error("the proving key for {circuit} with the verifying key {key} was not found: {why}")]
    NoKey {
        /// What the policy asks for.
        circuit: Circuit,
        /// The verifying key.
        key: KeyHash,
        /// Where it was looked for, and what came.
        why: String,
    },
    /// A proving key that was found is not sound, or proofs that were made with it do not verify.
    #[error(
        "the proving key for {circuit} with the verifying key {key} is broken and was put away: {why}"
    )]
    BrokenKey {
        /// What the policy asks for.
        circuit: Circuit,
        /// The verifying key.
        key: KeyHash,
        /// Where it came from, and what other places had.
        why: String,
    },
    /// The operating system gave no randomness.
    #[error("the operating system gives no randomness: {why}")]
    Entropy {
        /// Why.
        why: String,
    },
    /// The proofs do not fit into a request.
    #[error("the proofs do not fit into a request: {0}")]
    TooLarge(#[from] stheno_protocol::ContextError),
    /// The prover stopped, for want of memory, say.
    #[error("proving stopped: {why}")]
    Stopped {
        /// Why.
        why: String,
    },
}

impl ProveError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAMember { .. } => "not_a_member",
            Self::OtherGroup => "other_group",
            Self::Statement(_) | Self::Unprovable { .. } => "not_provable",
            Self::NoKey { .. } => "proving_key_missing",
            Self::BrokenKey { .. } => "proving_key_broken",
            Self::Entropy { .. } => "no_entropy",
            Self::Stopped { .. } => "proving_stopped",
            Self::TooLarge(_) => "bad_context",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAMember { .. } => {
                "give the group's newest file, and your credential where one is asked for; or ask who \
                 keeps the group to add you"
            }
            Self::OtherGroup => "give the file of the very group that the policy names",
            Self::Statement(_) | Self::Unprovable { .. } => {
                "give a credential that is valid still and within the bounds"
            }
            Self::NoKey { .. } => {
                "say where proving keys are, with --proving-keys: a folder or a server that has the \
                 file HASH.proving"
            }
            Self::BrokenKey { .. } => {
                "tell who runs that place, and name another with --proving-keys; with --proving-key-hash, \
                 as the network's operator publishes it, no other key is taken"
            }
            Self::Entropy { .. } => "mend the machine or its sandbox",
            Self::Stopped { .. } => "try again with more memory; proving takes some 200 MB",
            Self::TooLarge(_) => "use a policy with fewer private conditions",
        }
    }
}
