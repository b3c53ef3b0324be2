//! What a policy says of a reader now, condition by condition.

use stheno_protocol::{Anchor, Explanation, Moment, Policy, Subject, explain, reads};

use crate::error::ChainError;
use crate::snapshot::{Chains, Positions, Snapshot};

impl Chains {
    /// Judges `policy` for `subject` at the newest blocks that are as final as each leaf asks, and
    /// at the heads.
    ///
    /// Nodes choose their blocks together with the reader, so at a moment of change they may come
    /// to something else.
    ///
    /// # Errors
    /// When a chain's blocks cannot be read. What a condition could not read is unknown, in the
    /// tree.
    pub async fn explain(
        &self,
        policy: &Policy,
        subject: &Subject,
    ) -> Result<Explanation, ChainError> {
        let places = policy.chains();
        let then = self.confirmed(&places).await?;
        let now = self.heads(&places).await?;
        let reads = reads(policy, subject);
        let [at_then, at_now] = self.snapshots(&reads, [&then, &now]).await;
        let moment = |at: &Positions, found: &Snapshot| Moment {
            blocks: anchors(at),
            tree: explain(policy, subject, found),
        };
        Ok(Explanation::new(
            moment(&then, &at_then),
            moment(&now, &at_now),
        ))
    }
}

fn anchors(at: &Positions) -> Vec<Anchor> {
    let anchors = at.iter().map(|(confirmations, block)| Anchor {
        chain_id: block.chain_id,
        confirmations,
        number: block.number,
        hash: block.hash,
    });
    anchors.collect()
}
