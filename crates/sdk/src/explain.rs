//! What a policy says of a reader now, condition by condition.

use std::collections::BTreeSet;

use serde::Serialize;
use stheno_chain::{Chains, Positions};
use stheno_protocol::{Anchor, ChainId, Explained, Policy, Subject, Truth, explain, reads};

use crate::ledger::{LedgerError, RpcLedger, in_words};

/// What a policy says at the newest final blocks, and what it says at the heads.
///
/// A node grants where both are true: the first makes all nodes agree, the second denies what was
/// sold or revoked a minute ago.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Whether both are true.
    pub granted: bool,
    /// At the newest final block of each chain, or so many confirmations below its head.
    pub then: Moment,
    /// At each chain's head.
    pub now: Moment,
}

/// A policy, judged at one block of each chain.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    /// The blocks, ascending by chain and confirmations.
    pub blocks: Vec<Anchor>,
    /// The tree, with what was found.
    pub tree: Explained,
}

impl RpcLedger {
    /// Judges `policy` for `subject` by this ledger's endpoints. Asks no node, and nobody's leave.
    ///
    /// Nodes read through endpoints of their own and choose their blocks together, so they may come
    /// to something else at a moment of change.
    ///
    /// # Errors
    /// [`LedgerError`] when a chain's blocks cannot be read. What a condition could not read is
    /// unknown, in the tree.
    pub async fn explain(
        &self,
        policy: &Policy,
        subject: &Subject,
    ) -> Result<Explanation, LedgerError> {
        let places = policy.chains();
        let chains = self.chains(places.iter().map(|(chain, _)| *chain)).await?;
        let mut then = Positions::new();
        for (chain, tier) in &places {
            let block = self.chain(*chain).await?.confirmed(*tier).await;
            then.insert(*tier, block.map_err(in_words)?);
        }
        let now = chains.heads(&places).await;
        let now = now.map_err(in_words)?;
        let reads = reads(policy, subject);
        let [at_then, at_now] = chains.snapshots(&reads, [&then, &now]).await;
        let then = moment(&then, explain(policy, subject, &at_then));
        let now = moment(&now, explain(policy, subject, &at_now));
        Ok(Explanation {
            granted: then.tree.truth == Truth::True && now.tree.truth == Truth::True,
            then,
            now,
        })
    }

    async fn chains(&self, ids: impl Iterator<Item = ChainId>) -> Result<Chains, LedgerError> {
        let ids: BTreeSet<ChainId> = ids.collect();
        let mut chains = Vec::with_capacity(ids.len());
        for id in ids {
            chains.push(self.chain(id).await?);
        }
        Ok(Chains::of(chains))
    }
}

fn moment(at: &Positions, tree: Explained) -> Moment {
    let blocks = at.iter().map(|(confirmations, block)| Anchor {
        chain_id: block.chain_id,
        confirmations,
        number: block.number,
        hash: block.hash,
    });
    Moment {
        blocks: blocks.collect(),
        tree,
    }
}
