//! What a policy says of a reader now, condition by condition.

use std::collections::{BTreeMap, BTreeSet};

use stheno_chain::Chains;
use stheno_protocol::{Explanation, Policy, Read, Reading, Subject, Unknown, reads};

use crate::ledger::{LedgerError, RpcLedger, in_words};

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
        let chains = self.chains_of(policy).await?;
        chains.explain(policy, subject).await.map_err(in_words)
    }

    /// Everything that `policy` asks for `subject`, as read at the newest final blocks: a view over
    /// which it can be judged again, without a chain.
    ///
    /// # Errors
    /// [`LedgerError`] when a chain's blocks cannot be read.
    pub async fn readings(
        &self,
        policy: &Policy,
        subject: &Subject,
    ) -> Result<BTreeMap<Read, Result<Reading, Unknown>>, LedgerError> {
        let chains = self.chains_of(policy).await?;
        let at = chains.confirmed(&policy.chains()).await.map_err(in_words)?;
        let found = chains.snapshot(&reads(policy, subject), &at).await;
        Ok(found.into_readings())
    }

    async fn chains_of(&self, policy: &Policy) -> Result<Chains, LedgerError> {
        let ids: BTreeSet<_> = policy.chains().into_iter().map(|(id, _)| id).collect();
        let mut chains = Vec::with_capacity(ids.len());
        for id in ids {
            chains.push(self.chain(id).await?);
        }
        Ok(Chains::of(chains))
    }
}
