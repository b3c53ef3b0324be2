//! One round of asking: fresh anchors, a fresh one-time key, a signed request, shares, the keys.

use stheno_crypto::{Cek, ItemId, NetworkId, NodeIndex, OpenError, ReaderSecret, Share, open};
use stheno_envelope::{Locator, ThresholdRecipient};
use stheno_protocol::{
    Account, Anchor, Answer, Authorization, Context, Policy, Request, SignedReceipt,
};
use zeroize::Zeroizing;

use crate::{
    Client, Error, anchors,
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

/// Files of one committee under one policy, whose keys one request asks for.
pub(crate) struct Batch<'a> {
    /// The network of all of them.
    pub(crate) network: NetworkId,
    /// The items, each once.
    pub(crate) items: Vec<ItemId>,
    /// For each file its item's place in `items`, and its recipient.
    pub(crate) files: Vec<(usize, &'a ThresholdRecipient)>,
}

impl<'a> Batch<'a> {
    pub(crate) fn of(recipient: &'a ThresholdRecipient) -> Self {
        Self {
            network: recipient.network(),
            items: vec![*recipient.item()],
            files: vec![(0, recipient)],
        }
    }

    /// Adds a file of the same committee and policy, unless that makes more than so many items.
    pub(crate) fn add(&mut self, recipient: &'a ThresholdRecipient, most_items: usize) -> bool {
        let item = recipient.item();
        let place = match self.items.iter().position(|known| known == item) {
            Some(place) => place,
            None if self.items.len() >= most_items => return false,
            None => {
                self.items.push(*item);
                self.items.len() - 1
            }
        };
        self.files.push((place, recipient));
        true
    }
}

/// What a round gave.
pub(crate) struct Granted {
    /// The files' keys in their order; `None` where an envelope's own part is damaged.
    pub(crate) keys: Vec<Option<Cek>>,
    pub(crate) committee: Locator,
    pub(crate) tally: Tally,
    pub(crate) receipts: Vec<SignedReceipt>,
}

/// One round of asking a committee for the keys of a batch.
pub(crate) struct Round<'a> {
    pub(crate) client: &'a Client,
    pub(crate) committee: &'a Committee,
    pub(crate) reader: &'a dyn Reader,
    pub(crate) batch: &'a Batch<'a>,
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

/// One node's contribution, its receipt checked: a share for each item.
struct Contribution {
    node: NodeIndex,
    shares: Vec<Share>,
    receipt: SignedReceipt,
}

impl Round<'_> {
    pub(crate) async fn run(self) -> Result<Granted, RoundError> {
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
            Ok(((keys, receipts), tally)) => Ok(Granted {
                keys,
                committee: committee.locator,
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
            items: self.batch.items.clone(),
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
        let (found, wanted) = (answer.shares.len(), self.batch.items.len());
        if found != wanted {
            let why = format!("{found} shares for {wanted} items");
            return Err(Misbehaviour::Garbage { why });
        }
        let shares = answer.shares.iter();
        let shares = shares.map(|bytes| Share::decode(member.index, bytes));
        let shares: Result<Vec<Share>, _> = shares.collect();
        Ok(Contribution {
            node: member.index,
            shares: shares.map_err(|_| Misbehaviour::Share)?,
            receipt: answer.receipt,
        })
    }

    /// Opens every file of the batch, or says whose shares keep one from opening.
    fn open(
        &self,
        secret: &ReaderSecret,
        contributions: &[Contribution],
        weights: &[u8; 32],
    ) -> Opening<(Vec<Option<Cek>>, Vec<SignedReceipt>)> {
        let mut keys = Vec::with_capacity(self.batch.files.len());
        let mut culprits: Vec<NodeIndex> = Vec::new();
        for (item, recipient) in &self.batch.files {
            let shares = contributions.iter();
            let shares = shares.filter_map(|given| given.shares.get(*item).cloned());
            let shares: Vec<Share> = shares.collect();
            match self.open_shares(recipient, secret, &shares, weights) {
                Ok((cek, found)) => {
                    keys.push(Some(cek));
                    culprits.extend(found);
                }
                Err(OpenError::TooFewShares { culprits, .. }) if !culprits.is_empty() => {
                    return Opening::BadShares(culprits);
                }
                Err(OpenError::Capsule) => keys.push(None),
                // Some share is bad, and for want of node keys nobody can say which: try without
                // each.
                Err(_) => match self.open_some(recipient, secret, &shares, weights) {
                    Some(cek) => keys.push(Some(cek)),
                    None => return Opening::BadShares(Vec::new()),
                },
            }
        }
        if keys.iter().all(Option::is_none) {
            return Opening::Hopeless;
        }
        culprits.sort();
        culprits.dedup();
        let honest = contributions.iter();
        let honest = honest.filter(|given| !culprits.contains(&given.node));
        let receipts = honest.map(|given| given.receipt.clone()).collect();
        Opening::Opened((keys, receipts), culprits)
    }

    fn open_shares(
        &self,
        recipient: &ThresholdRecipient,
        secret: &ReaderSecret,
        shares: &[Share],
        weights: &[u8; 32],
    ) -> Result<(Cek, Vec<NodeIndex>), OpenError> {
        let keys = self.committee.keys();
        let identity = recipient.identity(&keys.network_key.fingerprint());
        let aad = recipient.aad();
        let capsule = recipient.capsule();
        let opened = open(&keys, secret, &identity, capsule, &aad, shares, weights)?;
        Ok((opened.cek, opened.culprits))
    }

    /// Tries every subset of exactly `t` shares that contains the newest; older ones were tried
    /// when it had not come yet.
    fn open_some(
        &self,
        recipient: &ThresholdRecipient,
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
                self.open_shares(recipient, secret, &subset, weights).ok()
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
