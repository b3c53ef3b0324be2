//! One round of asking: fresh anchors, a fresh one-time key, a signed request, shares, the key.

use stheno_crypto::{Cek, NodeIndex, OpenError, ReaderSecret, Share, open};
use stheno_envelope::ThresholdRecipient;
use stheno_protocol::{
    Account, Anchor, Answer, Authorization, Context, Policy, Request, SignedReceipt,
};
use zeroize::Zeroizing;

use crate::{
    Client, Error, anchors,
    decrypt::Opened,
    entropy::fresh,
    gather::{Asking, Failure, Opening},
    ledger::{Committee, Member},
    survey,
    tally::{Misbehaviour, Outcome, Tally},
    wallet::Reader,
};

/// How long a request lives, in seconds. Nodes accept at most 300.
const LIFETIME: u64 = 120;
/// How many subsets are tried when a share is bad and nobody can say which.
const MOST_SUBSETS: usize = 500;

/// One round of asking a committee for the key of one recipient.
pub(crate) struct Round<'a> {
    pub(crate) client: &'a Client,
    pub(crate) committee: &'a Committee,
    pub(crate) reader: &'a dyn Reader,
    pub(crate) recipient: &'a ThresholdRecipient,
    pub(crate) policy: &'a Policy,
    pub(crate) context: &'a Context,
    /// Whether no round went before.
    pub(crate) is_first: bool,
    /// How many choices of anchors the nodes refused before.
    pub(crate) refused_anchors: usize,
}

/// Why a round did not give the key.
pub(crate) enum RoundError {
    /// Too few shares; the nodes' words decide what now.
    Exhausted(Tally),
    /// Asking again cannot help.
    Fatal(Error),
}

impl<E: Into<Error>> From<E> for RoundError {
    fn from(error: E) -> Self {
        Self::Fatal(error.into())
    }
}

/// One node's contribution, its receipt checked.
struct Contribution {
    share: Share,
    receipt: SignedReceipt,
}

impl Round<'_> {
    pub(crate) async fn run(self) -> Result<Opened, RoundError> {
        let (committee, client) = (self.committee, self.client);
        // In a first round the quickest `t` do; they are asked first anyway. Later rounds hear
        // everybody, so that a node that lies about where it is finds itself outvoted.
        let threshold = usize::from(committee.threshold);
        let grace = client.tuning().hedge_after / 4;
        let enough = self.is_first.then_some((threshold, grace));
        let survey = survey::survey(
            committee,
            client.transport(),
            client.clock(),
            client.tuning(),
            enough,
        )
        .await;
        let asking = Asking {
            committee,
            transport: client.transport(),
            clock: client.clock(),
            tuning: client.tuning(),
            order: survey::order(committee, &survey),
        };
        if survey.statuses.len() < threshold {
            let ready = survey
                .statuses
                .iter()
                .map(|(node, _)| (*node, Outcome::Ready));
            let outcomes = ready.chain(survey.failures).collect();
            return Err(RoundError::Exhausted(asking.tally(outcomes)));
        }

        let account = self.account();
        let anchors = anchors::choose(
            &Request::places(self.policy, account),
            &survey.statuses,
            committee.threshold,
            self.refused_anchors,
            client.ledger(),
        )
        .await?;
        let secret = ReaderSecret::from_seed(&*fresh()?);
        let request = self.request(account, anchors, &secret).await?;
        let weights: Zeroizing<[u8; 32]> = fresh()?;

        let gathered = asking
            .gather(
                &request,
                |member, answer| self.judge(&request, member, answer),
                |contributions| self.open(&secret, contributions, &weights),
            )
            .await;
        match gathered {
            Ok(((cek, receipts), tally)) => Ok(Opened {
                cek,
                network: self.recipient.network(),
                committee: committee.locator,
                item: *self.recipient.item(),
                tally,
                receipts,
            }),
            Err(Failure::Exhausted(tally)) => Err(RoundError::Exhausted(tally)),
            Err(Failure::Hopeless) => Err(RoundError::Fatal(Error::Unopenable)),
        }
    }

    /// The account is told only where the policy asks for it.
    fn account(&self) -> Option<Account> {
        match self.policy.needs_account() {
            true => self.reader.account(self.committee.locator.chain_id),
            false => None,
        }
    }

    async fn request(
        &self,
        account: Option<Account>,
        anchors: Vec<Anchor>,
        secret: &ReaderSecret,
    ) -> Result<Request, Error> {
        let now = self.client.clock().now();
        let mut request = Request {
            network: self.committee.network(),
            epoch: self.committee.epoch,
            account,
            policy: self.policy.to_cbor().into(),
            items: vec![*self.recipient.item()],
            reader_key: secret.public().to_bytes().into(),
            anchors,
            issued_at: now,
            expires_at: now.saturating_add(LIFETIME),
            nonce: (*fresh()?).into(),
            context: self.context.clone(),
            authorization: Authorization::None {},
        };
        if account.is_some() {
            let domain = self.committee.domain();
            request.authorization = self.reader.authorize(&request, &domain).await?;
        }
        Ok(request)
    }

    /// Accepts an answer whose receipt is signed by its node for exactly these bytes. What the
    /// bytes are worth, opening decides.
    fn judge(
        &self,
        request: &Request,
        member: &Member,
        answer: Answer,
    ) -> Result<Contribution, Misbehaviour> {
        answer
            .verify(
                request,
                &self.committee.domain(),
                member.index.get(),
                member.identity,
            )
            .map_err(Misbehaviour::Receipt)?;
        let [bytes] = answer.shares.as_slice() else {
            let why = format!("{} shares for one item", answer.shares.len());
            return Err(Misbehaviour::Garbage { why });
        };
        let share = Share::decode(member.index, bytes).map_err(|_| Misbehaviour::Share)?;
        Ok(Contribution {
            share,
            receipt: answer.receipt,
        })
    }

    fn open(
        &self,
        secret: &ReaderSecret,
        contributions: &[Contribution],
        weights: &[u8; 32],
    ) -> Opening<(Cek, Vec<SignedReceipt>)> {
        let shares: Vec<Share> = contributions
            .iter()
            .map(|given| given.share.clone())
            .collect();
        match self.open_shares(secret, &shares, weights) {
            Ok((cek, culprits)) => {
                let honest = contributions
                    .iter()
                    .filter(|given| !culprits.contains(&given.share.index()))
                    .map(|given| given.receipt.clone());
                Opening::Opened((cek, honest.collect()), culprits)
            }
            Err(OpenError::TooFewShares { culprits, .. }) if !culprits.is_empty() => {
                Opening::BadShares(culprits)
            }
            Err(OpenError::Capsule) => Opening::Hopeless,
            // Some share is bad, and for want of node keys nobody can say which: try without each.
            Err(_) => match self.open_some(secret, &shares, weights) {
                Some(cek) => {
                    let receipts = contributions.iter().map(|given| given.receipt.clone());
                    Opening::Opened((cek, receipts.collect()), Vec::new())
                }
                None => Opening::BadShares(Vec::new()),
            },
        }
    }

    fn open_shares(
        &self,
        secret: &ReaderSecret,
        shares: &[Share],
        weights: &[u8; 32],
    ) -> Result<(Cek, Vec<NodeIndex>), OpenError> {
        let keys = self.committee.keys();
        let identity = self.recipient.identity(&keys.network_key.fingerprint());
        let aad = self.recipient.aad();
        let opened = open(
            &keys,
            secret,
            &identity,
            self.recipient.capsule(),
            &aad,
            shares,
            weights,
        )?;
        Ok((opened.cek, opened.culprits))
    }

    /// Tries every subset of exactly `t` shares that contains the newest; older ones were tried
    /// when it had not come yet.
    fn open_some(
        &self,
        secret: &ReaderSecret,
        shares: &[Share],
        weights: &[u8; 32],
    ) -> Option<Cek> {
        let threshold = usize::from(self.committee.threshold);
        let (newest, older) = shares.split_last()?;
        subsets(older.len(), threshold.checked_sub(1)?)
            .into_iter()
            .filter_map(|indices| {
                let mut subset: Vec<Share> = indices
                    .iter()
                    .filter_map(|at| older.get(*at).cloned())
                    .collect();
                subset.push(newest.clone());
                self.open_shares(secret, &subset, weights).ok()
            })
            .map(|(cek, _)| cek)
            .next()
    }
}

/// Subsets of `size` out of `0..of`, at most [`MOST_SUBSETS`] of them.
fn subsets(of: usize, size: usize) -> Vec<Vec<usize>> {
    let mut found: Vec<Vec<usize>> = vec![Vec::new()];
    for next in 0..size {
        let mut longer = Vec::new();
        for subset in &found {
            let from = subset.last().map_or(0, |last| last + 1);
            // Leave enough above for the rest of the subset.
            for at in from..=of.saturating_sub(size - next) {
                if at < of && longer.len() < MOST_SUBSETS {
                    longer.push(subset.iter().copied().chain([at]).collect());
                }
            }
        }
        found = longer;
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn subsets_are_all_of_their_size_and_distinct() {
        assert_eq!(subsets(4, 2).len(), 6);
        assert_eq!(subsets(5, 3).len(), 10);
        assert_eq!(subsets(3, 3), [[0, 1, 2]]);
        assert_eq!(subsets(2, 3), Vec::<Vec<usize>>::new());
        assert_eq!(subsets(3, 0), [Vec::<usize>::new()]);
        let all: BTreeSet<Vec<usize>> = subsets(6, 3).into_iter().collect();
        assert_eq!(all.len(), 20);
        assert!(
            all.iter()
                .all(|subset| subset.is_sorted() && subset.iter().all(|at| *at < 6))
        );
    }

    #[test]
    fn subsets_are_bounded_for_large_committees() {
        let some = subsets(64, 43);
        assert!(some.len() <= MOST_SUBSETS && some.iter().all(|subset| subset.len() == 43));
    }
}
