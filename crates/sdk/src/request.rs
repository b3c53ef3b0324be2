//! One round of asking: fresh anchors, a fresh one-time key, a signed request, shares, the keys.

use stheno_crypto::{Cek, CommitteeKeys, ItemId, NodeIndex, OpenError, ReaderSecret, Share, open};
use stheno_envelope::{Locator, ThresholdRecipient};
use stheno_protocol::{
    Account, Anchor, Answer, Authorization, Context, ContextValue, Policy, Request, SignedReceipt,
};
use zeroize::Zeroizing;

use crate::{
    Client, Error, anchors,
    entropy::fresh,
    gather::{Asking, Failure, Opening},
    ledger::{Committee, Member},
    private::{Claim, ProveError},
    survey,
    tally::{Misbehaviour, Outcome, Tally},
    wallet::Reader,
};

/// How long a request lives, in seconds. Nodes accept at most 300.
pub(crate) const LIFETIME: u64 = 120;
/// How many subsets are tried when a share is bad and nobody can say which.
const MOST_SUBSETS: usize = 500;

/// What shares of an item open: a file's key, or the item's own.
pub(crate) trait Lock {
    /// What comes out.
    type Key;

    /// The committee whose shares open it.
    fn locator(&self) -> &Locator;

    /// The item whose shares open it.
    fn item(&self) -> &ItemId;

    /// Opens it with the shares that came for `secret`; names those whose shares were bad.
    fn open(
        &self,
        keys: &CommitteeKeys,
        secret: &ReaderSecret,
        shares: &[Share],
        weights: &[u8; 32],
    ) -> Result<(Self::Key, Vec<NodeIndex>), OpenError>;
}

impl Lock for ThresholdRecipient {
    type Key = Cek;

    fn locator(&self) -> &Locator {
        Self::locator(self)
    }

    fn item(&self) -> &ItemId {
        Self::item(self)
    }

    fn open(
        &self,
        keys: &CommitteeKeys,
        secret: &ReaderSecret,
        shares: &[Share],
        weights: &[u8; 32],
    ) -> Result<(Cek, Vec<NodeIndex>), OpenError> {
        let identity = self.identity(&keys.network_key.fingerprint());
        let opened = open(
            keys,
            secret,
            &identity,
            self.capsule(),
            &self.aad(),
            shares,
            weights,
        )?;
        Ok((opened.cek, opened.culprits))
    }
}

/// Locks of one committee under one policy, whose keys one request asks for.
pub(crate) struct Batch<'a, L> {
    /// The committee of all of them.
    pub(crate) locator: Locator,
    /// The items, each once.
    pub(crate) items: Vec<ItemId>,
    /// For each lock its item's place in `items`, and the lock.
    pub(crate) locks: Vec<(usize, &'a L)>,
}

impl<'a, L: Lock> Batch<'a, L> {
    pub(crate) fn of(lock: &'a L) -> Self {
        Self {
            locator: *lock.locator(),
            items: vec![*lock.item()],
            locks: vec![(0, lock)],
        }
    }

    /// Adds a lock of the same committee and policy, unless that makes more than so many items.
    pub(crate) fn add(&mut self, lock: &'a L, most_items: usize) -> bool {
        let item = lock.item();
        let place = match self.items.iter().position(|known| known == item) {
            Some(place) => place,
            None if self.items.len() >= most_items => return false,
            None => {
                self.items.push(*item);
                self.items.len() - 1
            }
        };
        self.locks.push((place, lock));
        true
    }
}

/// What a round gave.
pub(crate) struct Granted<K> {
    /// The locks' keys in their order; `None` where an envelope's own part is damaged.
    pub(crate) keys: Vec<Option<K>>,
    pub(crate) committee: Locator,
    pub(crate) tally: Tally,
    pub(crate) receipts: Vec<SignedReceipt>,
}

/// One round of asking a committee for the keys of a batch.
pub(crate) struct Round<'a, L> {
    pub(crate) client: &'a Client,
    pub(crate) committee: &'a Committee,
    pub(crate) reader: &'a dyn Reader,
    pub(crate) batch: &'a Batch<'a, L>,
    pub(crate) policy: &'a Policy,
    pub(crate) context: &'a Context,
    /// What the reader proves.
    pub(crate) claims: &'a [Claim],
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

impl<L: Lock> Round<'_, L> {
    pub(crate) async fn run(self) -> Result<Granted<L::Key>, RoundError> {
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
        for (name, proof) in self
            .reader
            .prove(&request, self.policy, self.claims)
            .await?
        {
            let added = request.context.insert(&name, ContextValue::Bytes(proof));
            added.map_err(ProveError::from)?;
        }
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

    /// Opens every lock of the batch, or says whose shares keep one from opening.
    fn open(
        &self,
        secret: &ReaderSecret,
        contributions: &[Contribution],
        weights: &[u8; 32],
    ) -> Opening<Opened<L::Key>> {
        let committee = self.committee.keys();
        let mut keys = Vec::with_capacity(self.batch.locks.len());
        let mut culprits: Vec<NodeIndex> = Vec::new();
        for (item, lock) in &self.batch.locks {
            let shares = contributions.iter();
            let shares = shares.filter_map(|given| given.shares.get(*item).cloned());
            let shares: Vec<Share> = shares.collect();
            match lock.open(&committee, secret, &shares, weights) {
                Ok((key, found)) => {
                    keys.push(Some(key));
                    culprits.extend(found);
                }
                Err(OpenError::TooFewShares { culprits, .. }) if !culprits.is_empty() => {
                    return Opening::BadShares(culprits);
                }
                Err(OpenError::Capsule) => keys.push(None),
                // Some share is bad, and for want of node keys nobody can say which: try without
                // each.
                Err(_) => match open_some(*lock, &committee, secret, &shares, weights) {
                    Some(key) => keys.push(Some(key)),
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
}

/// The keys that opened, and the receipts of whom that is owed to.
type Opened<K> = (Vec<Option<K>>, Vec<SignedReceipt>);

/// Tries every subset of exactly `t` shares that contains the newest; older ones were tried when it
/// had not come yet.
fn open_some<L: Lock>(
    lock: &L,
    committee: &CommitteeKeys,
    secret: &ReaderSecret,
    shares: &[Share],
    weights: &[u8; 32],
) -> Option<L::Key> {
    let threshold = usize::from(committee.threshold);
    let (newest, older) = shares.split_last()?;
    subsets(older.len(), threshold.checked_sub(1)?)
        .into_iter()
        .filter_map(|indices| {
            let mut subset: Vec<Share> = indices
                .iter()
                .filter_map(|at| older.get(*at).cloned())
                .collect();
            subset.push(newest.clone());
            lock.open(committee, secret, &subset, weights).ok()
        })
        .map(|(key, _)| key)
        .next()
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
