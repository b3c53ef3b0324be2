//! Reading without showing who one is: members of groups, holders of credentials.
//!
//! A policy's `zk` leaf names a group. A [`PrivateReader`] is a [`Reader`] who proves, for each request anew, that
//! their secret is in it, and shows no account. What nodes see is the group's root, a proof, and a
//! nullifier: the same for the same secret in one scope (the policy, and its period), and nothing
//! about which member it is.
//!
//! No more is proven than a policy's rule asks for: who proves to be in two groups is one of those in both.
//! Groups that a contract keeps are looked up on its chain, so that nobody is told of another group, and a
//! file that is out of date is found out before any node is asked ([`plan()`]).
//!
//! A [`PrivateReader`] asks a [`Prover`]. [`LocalProver`] has the secret and proves on a thread; a browser's
//! proves in a worker.
//!
//! | | |
//! |---|---|
//! | [`PrivateReader`], [`Prover`] | the reader, and what proves for them |
//! | [`plan()`], [`Claim`] | what is proven for a policy: as little as suffices |
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
mod plan;

use std::fmt;

#[cfg(all(feature = "http", not(target_family = "wasm")))]
pub use keys::ProvingKeys;
#[cfg(all(feature = "http", not(target_family = "wasm")))]
pub use local::{LocalProver, Proving};
#[cfg(all(feature = "http", not(target_family = "wasm")))]
pub use place::Place;
pub use plan::{Claim, Plan, Purpose, Unproven, plan};

use stheno_circuits::{Circuit, KeyHash, Root};
use stheno_protocol::{
    Account, Address, Authorization, Bytes, ChainId, Domain, Policy, Presentation, Request,
    policy::Zk,
    private::{Task, tasks},
};

use crate::{
    bounds::{BoxFuture, Shareable},
    wallet::{Reader, WalletError},
};

/// Makes proofs.
pub trait Prover: Shareable {
    /// The roots of the groups in which `leaf` can be proven by a request that ends at `until`, Unix seconds:
    /// of the policy's group where the policy names a root, of all that could be it where a contract keeps it.
    /// Takes no key; there is at least one.
    fn roots<'a>(
        &'a self,
        leaf: &'a Zk,
        until: u64,
    ) -> BoxFuture<'a, Result<Vec<Root>, ProveError>>;

    /// Makes ready what proving `leaf` takes: its proving key, fetched and checked.
    fn prepare<'a>(&'a self, leaf: &'a Zk) -> BoxFuture<'a, Result<(), ProveError>>;

    /// Proves what `task` asks, in the group with this root.
    fn prove<'a>(
        &'a self,
        task: &'a Task<'a>,
        root: Root,
    ) -> BoxFuture<'a, Result<Presentation, ProveError>>;
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

    /// As few proofs as suffice; their keys are there when this is done.
    fn prepare<'a>(
        &'a self,
        purpose: &'a Purpose<'a>,
    ) -> BoxFuture<'a, Result<Vec<Claim>, ProveError>> {
        Box::pin(async move { Ok(plan(self.prover.as_ref(), purpose).await?.claims) })
    }

    fn prove<'a>(
        &'a self,
        request: &'a Request,
        policy: &'a Policy,
        claims: &'a [Claim],
    ) -> BoxFuture<'a, Result<Vec<(String, Bytes)>, ProveError>> {
        Box::pin(async move {
            let tasks = tasks(request, policy);
            let mut proofs = Vec::with_capacity(claims.len());
            for Claim { leaf, root } in claims {
                let Some(task) = tasks.iter().find(|task| task.leaf == leaf) else {
                    continue;
                };
                let presentation = self.prover.prove(task, *root).await?;
                proofs.push((leaf.proof.clone(), presentation.to_bytes().into()));
            }
            Ok(proofs)
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
    /// A contract keeps the group, and has another root than every group that was given.
    #[error(
        "the root that contract {contract} on chain {chain} has is another than that of each group that was given: \
         they are out of date, or other groups"
    )]
    Outdated {
        /// Its chain.
        chain: ChainId,
        /// The contract.
        contract: Address,
    },
    /// A contract keeps the group, cannot be asked, and several groups could be it.
    #[error(
        "several of the groups that were given could be that of contract {contract} on chain {chain}, which cannot \
         be asked: {why}"
    )]
    WhichGroup {
        /// Its chain.
        chain: ChainId,
        /// The contract.
        contract: Address,
        /// Why not.
        why: String,
    },
    /// Some conditions cannot be proven, and the others do not suffice.
    #[error("what can be proven does not suffice{}", each(refused))]
    Insufficient {
        /// Each that cannot, and why.
        refused: Vec<Unproven>,
    },
    /// Whoever shows no account is not let in, whatever they prove.
    #[error("the policy asks about the account, too, which somebody who proves does not show")]
    AccountNeeded,
    /// The values that are sent along leave no room.
    #[error("the proofs do not fit into a request beside the values that are sent along")]
    NoRoom,
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
            Self::Outdated { .. } => "group_outdated",
            Self::WhichGroup { .. } => "group_ambiguous",
            Self::Insufficient { refused } => match refused.first() {
                Some(first) => first.why.code(),
                None => "not_provable",
            },
            Self::AccountNeeded => "wallet_needed",
            Self::Statement(_) | Self::Unprovable { .. } => "not_provable",
            Self::NoKey { .. } => "proving_key_missing",
            Self::BrokenKey { .. } => "proving_key_broken",
            Self::Entropy { .. } => "no_entropy",
            Self::Stopped { .. } => "proving_stopped",
            Self::TooLarge(_) | Self::NoRoom => "bad_context",
        }
    }

    /// Whether the policy does not hold for this reader, as opposed to something being wrong.
    pub fn is_denial(&self) -> bool {
        match self {
            Self::NotAMember { .. }
            | Self::OtherGroup
            | Self::Statement(_)
            | Self::Unprovable { .. } => true,
            Self::Insufficient { refused } => {
                refused.first().is_some_and(|one| one.why.is_denial())
            }
            Self::Outdated { .. }
            | Self::WhichGroup { .. }
            | Self::AccountNeeded
            | Self::NoKey { .. }
            | Self::BrokenKey { .. }
            | Self::Entropy { .. }
            | Self::TooLarge(_)
            | Self::NoRoom
            | Self::Stopped { .. } => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAMember { .. } => {
                "give the group's newest file, and your credential where one is asked for; or ask who \
                 keeps the group to add you"
            }
            Self::OtherGroup => {
                "the policy is about the group as it was at one time: give its file of then, which who \
                 keeps the group has"
            }
            Self::Outdated { .. } => "get the group's newest file from who keeps it",
            Self::WhichGroup { .. } => {
                "give an endpoint of that chain, or the file of the policy's group alone"
            }
            Self::Insufficient { refused } => match refused.first() {
                Some(first) => first.why.hint(),
                None => "give a credential or a group with which it can be proven",
            },
            Self::AccountNeeded => "ask with the wallet of the account that may read",
            Self::NoRoom => "send fewer values along",
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

/// Each condition and what keeps it from being proven.
fn each(refused: &[Unproven]) -> String {
    let each = refused
        .iter()
        .map(|one| format!("; `:{}`: {}", one.name, one.why));
    each.collect()
}
