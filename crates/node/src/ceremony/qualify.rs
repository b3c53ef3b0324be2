//! Which dealers count: a function of the record alone.

use std::collections::{BTreeMap, BTreeSet};

use stheno_crypto::{
    NodeIndex,
    dkg::{self, VerifiedDealing},
};
use stheno_protocol::ceremony::{Outcome, keys_root};

use super::Record;
use crate::store::EpochKeys;

/// The dealers of a ceremony, sorted.
#[derive(Debug)]
pub struct Qualification<'r> {
    /// Those that count, in order of index.
    pub qualified: Vec<(NodeIndex, &'r VerifiedDealing)>,
    /// Those that do not, and why.
    pub disqualified: BTreeMap<u16, Disqualified>,
    /// Receivers whose complaints are void: they accuse more dealers than can be corrupt.
    pub void: BTreeSet<u16>,
}

/// Why a dealer does not count.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Disqualified {
    /// It did not deal.
    Silent,
    /// Everybody can see that its dealing is no dealing.
    Malformed,
    /// It left a complaint without a good answer.
    Unanswered {
        /// Whose complaint.
        receiver: u16,
    },
    /// It is good, but a reshare needs exactly the first of the good ones.
    Surplus,
}

/// Sorts the dealers. To be asked when the phase Answer is over and final.
///
/// A dealer counts when its dealing is well formed and every complaint against
/// it that is not void has a good answer. A first ceremony takes all of them; a
/// reshare exactly the first `t_old` by index, since interpolation needs one
/// agreed set.
#[must_use]
pub fn qualify(record: &Record) -> Qualification<'_> {
    let void = void_complaints(record);
    let mut qualified = Vec::new();
    let mut disqualified = BTreeMap::new();
    let dealers = record.terms().map_or(0, |terms| terms.dealers.len());
    let (most, verdicts) = (most_qualified(record), record.verdicts());
    for dealer in (1..=u16::MAX).take(dealers) {
        let verdict = match verdicts.get(&dealer) {
            None => Err(Disqualified::Silent),
            Some(Err(_)) => Err(Disqualified::Malformed),
            Some(Ok(dealing)) => match unanswered(record, &void, dealer, dealing) {
                Some(receiver) => Err(Disqualified::Unanswered { receiver }),
                None if qualified.len() >= most => Err(Disqualified::Surplus),
                None => Ok(dealing),
            },
        };
        match (NodeIndex::new(dealer), verdict) {
            (Ok(index), Ok(dealing)) => qualified.push((index, dealing)),
            (_, Err(why)) => {
                disqualified.insert(dealer, why);
            }
            (Err(_), Ok(_)) => {}
        }
    }
    Qualification {
        qualified,
        disqualified,
        void,
    }
}

impl Qualification<'_> {
    /// What the ceremony makes; `None` while too few dealers count.
    ///
    /// # Errors
    /// When the keys do not add up to a committee, which takes a break of the cryptography.
    pub fn outcome(
        &self,
        record: &Record,
    ) -> Result<Option<(Outcome, EpochKeys)>, dkg::OutcomeError> {
        let Some(terms) = record.terms() else {
            return Ok(None);
        };
        let needed = record
            .origin()
            .map_or(terms.threshold, |origin| origin.threshold);
        if self.qualified.len() < usize::from(needed) {
            return Ok(None);
        }
        let receivers = u16::try_from(terms.members.len()).unwrap_or(u16::MAX);
        let made = dkg::outcome(terms.kind.into(), &self.qualified, receivers)?;
        let outcome = Outcome {
            qualified: Outcome::bits(self.qualified.iter().map(|(index, _)| index.get())),
            network_key: made.network_key.to_eip2537().to_vec().into(),
            keys_root: keys_root(&made.node_keys),
        };
        let keys = EpochKeys {
            network_key: made.network_key,
            node_keys: made.node_keys,
        };
        Ok(Some((outcome, keys)))
    }
}

/// Receivers that accuse more dealers than can be corrupt.
pub(super) fn void_complaints(record: &Record) -> BTreeSet<u16> {
    let most = most_accusations(record);
    record
        .complaints()
        .iter()
        .filter(|(_, accusations)| accusations.len() > most)
        .map(|(receiver, _)| *receiver)
        .collect()
}

/// Receivers with a complaint against `dealer` that is not void, in order.
pub(super) fn accusers(record: &Record, void: &BTreeSet<u16>, dealer: u16) -> Vec<u16> {
    record
        .complaints()
        .iter()
        .filter(|(receiver, accusations)| {
            !void.contains(receiver)
                && accusations
                    .iter()
                    .any(|accusation| accusation.dealer == dealer)
        })
        .map(|(receiver, _)| *receiver)
        .collect()
}

/// One less than the dealers that it takes to know the key: `t − 1`, reshare `t_old − 1`.
pub(super) fn most_accusations(record: &Record) -> usize {
    let threshold = match (record.origin(), record.terms()) {
        (Some(origin), _) => origin.threshold,
        (None, Some(terms)) => terms.threshold,
        (None, None) => 0,
    };
    usize::from(threshold).saturating_sub(1)
}

fn most_qualified(record: &Record) -> usize {
    record
        .origin()
        .map_or(usize::MAX, |origin| usize::from(origin.threshold))
}

/// The first receiver whose complaint has no good answer.
pub(super) fn unanswered(
    record: &Record,
    void: &BTreeSet<u16>,
    dealer: u16,
    dealing: &VerifiedDealing,
) -> Option<u16> {
    accusers(record, void, dealer).into_iter().find(|receiver| {
        let revealed = record
            .answers()
            .get(&dealer)
            .and_then(|shares| shares.iter().find(|share| share.receiver == *receiver));
        let good = revealed.is_some_and(|revealed| {
            NodeIndex::new(*receiver)
                .is_ok_and(|index| dealing.check_revealed(index, &revealed.share.0).is_ok())
        });
        !good
    })
}
