//! What the policy says: at the anchors, and at the head.
//!
//! Both must be true. The anchors make all nodes agree; the head denies what
//! was sold or revoked a minute ago.

use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use lru::LruCache;
use sha2::{Digest, Sha256};
use stheno_chain::{ChainError, Chains, Instant, Positions, Snapshot};
use stheno_protocol::{
    Code, Policy, Problem, Proofs, Proven, Read, Request, Subject, Truth, Verdict, evaluate, reads,
};

/// Most grants that are remembered.
const GRANTS: NonZeroUsize = NonZeroUsize::new(65_536).unwrap();

/// What a policy is judged with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged<'a> {
    pub(super) request: &'a Request,
    /// The request's own.
    pub(super) policy: &'a Policy,
    /// What the request's proofs came to.
    pub(super) proofs: &'a Proofs,
}

impl Judged<'_> {
    /// One for each item.
    fn subjects(&self) -> impl Iterator<Item = Subject> {
        self.request.items.iter().map(|item| Subject {
            proofs: self.proofs.clone(),
            ..self.request.subject(*item)
        })
    }

    /// Whether `view` suffices to grant every item: what it does not hold is unknown, and what is
    /// true over less stays true over more.
    fn granted(&self, view: &Snapshot) -> bool {
        let mut subjects = self.subjects();
        subjects.all(|subject| evaluate(self.policy, &subject, view).granted())
    }
}

/// Grants by everything that they depend on, blocks included: true for ever, useful for a block.
#[derive(Debug)]
pub(super) struct Verdicts(Mutex<LruCache<[u8; 32], ()>>);

impl Default for Verdicts {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(GRANTS)))
    }
}

impl Verdicts {
    /// Checks that the policy grants every item, at the anchors and at the head.
    ///
    /// A head that was asked for at most half a second ago (`HttpOptions::head_ttl`, or the time between
    /// two looks at the chain, if that is shorter) is good enough for a grant. That is when its reading
    /// began: nothing that endpoints told before is gone by, however long they took. What was lost later
    /// than that may not be seen. A refusal rests on a head that was asked for after the request came: who has seen his purchase in a block and asks at once is
    /// told to wait until it is final, and not that he has no right.
    pub(super) async fn check(
        &self,
        chains: &Chains,
        judged: &Judged<'_>,
        anchors: &Positions,
    ) -> Result<(), Problem> {
        let (places, arrived) = (judged.policy.chains(), Instant::now());
        let heads = chains.heads(&places).await;
        let checked = self.check_at(chains, judged, anchors, &heads).await;
        match (&checked, &heads) {
            (Err(problem), Ok(heads)) if rests_on_the_head(problem.code) => {
                let newer = chains.heads_since(&places, arrived).await;
                if newer.as_ref().is_ok_and(|newer| newer == heads) {
                    return checked;
                }
                self.check_at(chains, judged, anchors, &newer).await
            }
            _ => checked,
        }
    }

    async fn check_at(
        &self,
        chains: &Chains,
        judged: &Judged<'_>,
        anchors: &Positions,
        heads: &Result<Positions, ChainError>,
    ) -> Result<(), Problem> {
        let key = heads.as_ref().ok().map(|heads| key(judged, anchors, heads));
        if let Some(key) = &key
            && self.granted().get(key).is_some()
        {
            return Ok(());
        }
        judge(chains, judged, anchors, heads).await?;
        if let Some(key) = key {
            self.granted().put(key, ());
        }
        Ok(())
    }

    fn granted(&self) -> std::sync::MutexGuard<'_, LruCache<[u8; 32], ()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn judge(
    chains: &Chains,
    judged: &Judged<'_>,
    anchors: &Positions,
    heads: &Result<Positions, ChainError>,
) -> Result<(), Problem> {
    let Judged { policy, .. } = judged;
    let wanted: BTreeSet<Read> = judged
        .subjects()
        .flat_map(|subject| reads(policy, &subject))
        .collect();
    // The first cost nothing: the blocks are here.
    let (of_blocks, of_state): (BTreeSet<_>, BTreeSet<_>) = wanted
        .into_iter()
        .partition(|read| matches!(read, Read::BlockTime { .. } | Read::BlockNumber { .. }));
    let (then, now) = match heads {
        Ok(heads) => {
            let [mut then, mut now] = chains.snapshots(&of_blocks, [anchors, heads]).await;
            if judged.granted(&then) && judged.granted(&now) {
                // The blocks alone decide. (Where they deny, the reader is told everything.)
                return Ok(());
            }
            let [more_then, more_now] = chains.snapshots(&of_state, [anchors, heads]).await;
            then.extend(more_then);
            now.extend(more_now);
            (then, Ok((heads, now)))
        }
        Err(error) => {
            let wanted = of_blocks.into_iter().chain(of_state).collect();
            (chains.snapshot(&wanted, anchors).await, Err(error))
        }
    };
    for subject in judged.subjects() {
        let then = evaluate(policy, &subject, &then);
        let judged = match &now {
            Ok((heads, now)) => {
                let wait = || blocks_to_wait(anchors, heads);
                both(&then, &evaluate(policy, &subject, now), wait)
            }
            Err(error) => anchors_alone(&then, error),
        };
        judged?;
    }
    Ok(())
}

/// Whether a newer head may say otherwise.
fn rests_on_the_head(code: Code) -> bool {
    matches!(
        code,
        Code::ConditionNotMet | Code::ConditionUnknown | Code::NoLongerMet
    )
}

/// Both are known.
fn both(then: &Verdict, now: &Verdict, wait: impl FnOnce() -> u64) -> Result<(), Problem> {
    match (then.granted(), now.granted()) {
        (true, true) => Ok(()),
        (true, false) if now.truth == Truth::False => Err(refusal(Code::NoLongerMet, now)),
        (true, false) => Err(refusal(Code::HeadUnavailable, now)),
        (false, true) => Err(refusal(Code::NotFinalYet, then).with_blocks_to_wait(wait())),
        (false, false) => Err(denied(then)),
    }
}

/// The head could not be read.
fn anchors_alone(then: &Verdict, error: &ChainError) -> Result<(), Problem> {
    if then.granted() {
        return Err(Problem::new(Code::HeadUnavailable, error.to_string()));
    }
    Err(denied(then))
}

fn denied(then: &Verdict) -> Problem {
    match then.truth {
        Truth::False | Truth::True => refusal(Code::ConditionNotMet, then),
        Truth::Unknown if then.chain_fault() => refusal(Code::ChainUnavailable, then),
        Truth::Unknown => refusal(Code::ConditionUnknown, then),
    }
}

fn refusal(code: Code, verdict: &Verdict) -> Problem {
    let leaves: Vec<_> = verdict.failing().cloned().collect();
    let said = leaves
        .iter()
        .map(|leaf| format!("{} ({})", leaf.what, leaf.found));
    let detail = said.collect::<Vec<_>>().join("; ");
    Problem::new(code, detail).with_leaves(leaves)
}

/// From the anchors to the head: after so many blocks, what holds at the head is final.
fn blocks_to_wait(anchors: &Positions, heads: &Positions) -> u64 {
    heads
        .iter()
        .filter_map(|(tier, head)| {
            let anchor = anchors.at(head.chain_id, tier)?;
            Some(head.number.saturating_sub(anchor.number))
        })
        .max()
        .unwrap_or(1)
        .max(1)
}

/// Everything that a verdict depends on.
fn key(judged: &Judged<'_>, anchors: &Positions, heads: &Positions) -> [u8; 32] {
    let request = judged.request;
    let mut hash = Sha256::new();
    hash.update(request.policy_digest().as_bytes());
    if let Some(account) = request.account {
        hash.update(account.address);
        hash.update(account.chain.to_be_bytes());
        hash.update([account.kind as u8 + 1]);
    }
    let context = request.context.to_cbor();
    hash.update((context.len() as u64).to_be_bytes());
    hash.update(&context);
    hash.update((request.items.len() as u64).to_be_bytes());
    for item in &request.items {
        hash.update(item.as_bytes());
    }
    for leaf in judged.policy.private() {
        match judged.proofs.of(leaf) {
            Some(Proven::Holds { root, until }) => {
                hash.update([1]);
                hash.update(root.to_bytes());
                hash.update(until.to_be_bytes());
            }
            _ => hash.update([0]),
        }
    }
    for positions in [anchors, heads] {
        for (tier, block) in positions.iter() {
            hash.update(block.chain_id.to_be_bytes());
            hash.update(tier.to_be_bytes());
            hash.update(block.hash);
        }
    }
    hash.finalize().into()
}
