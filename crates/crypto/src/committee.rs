//! A committee as a reader knows it, and how a good set is found among the shares it was sent.
//! SPEC.md §6.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Identity, NetworkKey, NodeIndex, NodePublicKey, ReaderKey, Share,
    blame::{self, Examined},
    open::OpenError,
    subsets,
};

/// A committee's public keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitteeKeys {
    /// Shares that are needed.
    pub threshold: u16,
    /// The key that capsules are sealed to.
    pub network_key: NetworkKey,
    /// The nodes' public keys. Where one is missing, a wrong share of its node is got around, but
    /// cannot always be blamed.
    pub node_keys: BTreeMap<NodeIndex, NodePublicKey>,
}

/// What a set of shares was about.
pub(crate) struct Request<'a> {
    pub(crate) id: &'a Identity,
    pub(crate) shares: &'a [Share],
    /// 32 fresh random bytes.
    pub(crate) weights_seed: &'a [u8; 32],
}

impl CommitteeKeys {
    /// Finds `threshold` shares of which `attempt` makes a result, and who sent wrong ones.
    ///
    /// First the first shares as they are, for nearly always all are good. Only then are they
    /// examined one by one, the wrong ones dropped, and the others tried.
    ///
    /// `attempt` returns `None` when the combination of its shares is wrong. The reader's key is
    /// needed to examine shares only.
    pub(crate) fn gather<T>(
        &self,
        request: &Request<'_>,
        reader: impl FnOnce() -> ReaderKey,
        attempt: impl Fn(&[&Share]) -> Option<T>,
    ) -> Result<(T, Vec<NodeIndex>), OpenError> {
        let need = self.threshold.max(1);
        let threshold = usize::from(need);
        let mut seen = BTreeSet::new();
        for share in request.shares {
            let index = share.index();
            if !seen.insert(index) {
                return Err(OpenError::DuplicateIndex { index });
            }
        }
        let too_few = |good: usize, culprits| OpenError::TooFewShares {
            need,
            good: u16::try_from(good).unwrap_or(u16::MAX),
            culprits,
        };

        let all: Vec<&Share> = request.shares.iter().collect();
        let Some(first) = all.get(..threshold) else {
            return Err(too_few(all.len(), Vec::new()));
        };
        if let Some(result) = attempt(first) {
            return Ok((result, Vec::new()));
        }

        let Examined {
            proven,
            unproven,
            culprits,
        } = blame::examine(request, &reader(), &self.node_keys);
        if let Some(proven) = proven.get(..threshold) {
            return match attempt(proven) {
                Some(result) => Ok((result, culprits)),
                None => Err(OpenError::ForeignNodeKeys),
            };
        }
        if proven.len() + unproven.len() < threshold {
            return Err(too_few(proven.len() + unproven.len(), culprits));
        }
        subsets::search(&unproven, threshold - proven.len(), |others| {
            attempt(&[proven.as_slice(), others].concat())
        })
        .map_or_else(
            || Err(too_few(proven.len(), culprits.clone())),
            |result| Ok((result, culprits.clone())),
        )
    }
}
