//! What a reader will prove for a policy, found before anybody is asked.
//!
//! Of each private condition: in which of the reader's groups it could be proven, and which of those the
//! policy means. Then the fewest of them that suffice are chosen ([`choose`]), and their proving keys are
//! made ready. A request lives two minutes, and a key may take longer to come.

use std::fmt;

use stheno_circuits::Root;
use stheno_protocol::{
    Address, ChainId, Context, Policy,
    policy::{Group, Zk},
    private::choose,
};

use super::{ProveError, Prover};
use crate::ledger::Ledger;

/// What is to be read, and with what.
#[derive(Clone, Copy)]
pub struct Purpose<'a> {
    /// The policy of what is to be read.
    pub policy: &'a Policy,
    /// What is sent along beside proofs.
    pub context: &'a Context,
    /// Unix seconds.
    pub now: u64,
    /// Until when a credential has to be valid: the request's end, Unix seconds.
    pub until: u64,
    /// Where groups are looked up that a contract keeps; nowhere without.
    pub ledger: Option<&'a dyn Ledger>,
}

impl fmt::Debug for Purpose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Purpose")
            .field("policy", &self.policy)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// A private condition that is going to be proven.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim {
    /// The condition.
    pub leaf: Zk,
    /// The root of the group that it is proven of.
    pub root: Root,
}

/// What is going to be proven, and why the rest could not be.
#[derive(Debug)]
#[non_exhaustive]
pub struct Plan {
    /// As few as suffice, in the policy's order.
    pub claims: Vec<Claim>,
    /// Each condition that could not be proven.
    pub refused: Vec<Unproven>,
}

/// A private condition that cannot be proven.
#[derive(Debug)]
#[non_exhaustive]
pub struct Unproven {
    /// The name of its proof.
    pub name: String,
    /// Why not.
    pub why: ProveError,
}

/// Plans what `prover` proves, and makes its keys ready.
///
/// # Errors
/// [`ProveError`] where no proofs suffice: that of the one condition there is, or
/// [`ProveError::Insufficient`] with that of each.
pub async fn plan(prover: &dyn Prover, purpose: &Purpose<'_>) -> Result<Plan, ProveError> {
    let mut found: Vec<Found<'_>> = Vec::new();
    let leaves: Vec<&Zk> = purpose.policy.private().collect();
    for leaf in leaves {
        if found.iter().all(|known| known.leaf != leaf) {
            let root = of_the_policy(prover, leaf, purpose).await;
            found.push(Found { leaf, root });
        }
    }
    loop {
        let is_provable = |leaf: &Zk| found.iter().any(|own| own.leaf == leaf && own.root.is_ok());
        let Purpose {
            policy,
            context,
            now,
            ..
        } = *purpose;
        let Some(chosen) = choose(policy, context, now, is_provable) else {
            return Err(insufficient(found, purpose));
        };
        let mut keyless = None;
        for leaf in &chosen {
            if let Err(why) = prover.prepare(leaf).await {
                keyless = Some((*leaf, why));
                break;
            }
        }
        // Without that one: each time round there are fewer.
        match keyless {
            None => return Ok(planned(found, &chosen)),
            Some((leaf, why)) => {
                if let Some(own) = found.iter_mut().find(|own| own.leaf == leaf) {
                    own.root = Err(why);
                }
            }
        }
    }
}

struct Found<'a> {
    leaf: &'a Zk,
    root: Result<Root, ProveError>,
}

fn planned(found: Vec<Found<'_>>, chosen: &[&Zk]) -> Plan {
    let (mut claims, mut refused) = (Vec::new(), Vec::new());
    for Found { leaf, root } in found {
        match root {
            Ok(root) if chosen.contains(&leaf) => claims.push(Claim {
                leaf: leaf.clone(),
                root,
            }),
            Ok(_) => {}
            Err(why) => refused.push(Unproven {
                name: leaf.proof.clone(),
                why,
            }),
        }
    }
    Plan { claims, refused }
}

fn insufficient(found: Vec<Found<'_>>, purpose: &Purpose<'_>) -> ProveError {
    let all = found.len();
    let mut refused = planned(found, &[]).refused;
    if refused.is_empty() {
        let alone = choose(purpose.policy, &Context::default(), purpose.now, |_| true);
        return match alone {
            Some(_) => ProveError::NoRoom,
            None => ProveError::AccountNeeded,
        };
    }
    match refused.pop() {
        Some(only) if all == 1 => only.why,
        last => {
            refused.extend(last);
            ProveError::Insufficient { refused }
        }
    }
}

/// The root that a condition is proven of: of the reader's groups the one that the policy means.
async fn of_the_policy(
    prover: &dyn Prover,
    leaf: &Zk,
    purpose: &Purpose<'_>,
) -> Result<Root, ProveError> {
    let roots = prover.roots(leaf, purpose.until).await?;
    let circuit = leaf.circuit;
    let first = roots.first().copied();
    let first = first.ok_or(ProveError::NotAMember { circuit })?;
    match leaf.group {
        Group::Root(_) => Ok(first),
        Group::Contract {
            chain, contract, ..
        } => of_the_contract((chain, contract), &roots, first, purpose).await,
    }
}

async fn of_the_contract(
    (chain, contract): (ChainId, Address),
    roots: &[Root],
    first: Root,
    purpose: &Purpose<'_>,
) -> Result<Root, ProveError> {
    let valid = match purpose.ledger {
        Some(ledger) => ledger
            .valid_root(chain, contract, roots, purpose.until)
            .await
            .map_err(|error| error.to_string()),
        None => Err("no chain is asked here".to_owned()),
    };
    match valid {
        Ok(Some(root)) => Ok(root),
        Ok(None) => Err(ProveError::Outdated { chain, contract }),
        // With one group there is nothing to mistake for it.
        Err(_) if roots.len() == 1 => Ok(first),
        Err(why) => Err(ProveError::WhichGroup {
            chain,
            contract,
            why,
        }),
    }
}
