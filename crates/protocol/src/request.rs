//! The question a reader signs: keys of which items, under which policy, at which blocks.

mod wire_form;

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256, Bytes, FixedBytes};
use serde::{Deserialize, Serialize};
use stheno_crypto::{ItemId, NetworkId, PolicyDigest};

use crate::{
    Authorization, ChainId, Code, Context, Domain, Policy, Problem, Tier,
    evaluate::{Account, AccountKind, Subject},
    typed, wire,
};
pub(crate) use wire_form::AccountForm;
use wire_form::Wire;

/// Most items in one request.
pub const MAX_ITEMS: usize = 256;
/// Longest life of a request, in seconds.
pub const MAX_LIFETIME: u64 = 300;
/// Difference between a reader's clock and a node's that is tolerated, in seconds.
pub const CLOCK_TOLERANCE: u64 = 30;
/// Most anchors in one request: one for each leaf, and one for a contract account.
pub const MAX_ANCHORS: usize = crate::policy::MAX_LEAVES + 1;

/// A block at which conditions are read, by number and hash.
///
/// In a request, one per chain and tier of its policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Anchor {
    /// The chain.
    pub chain_id: ChainId,
    /// Confirmations that the leaves of this tier ask for; 0 is finality.
    pub confirmations: Tier,
    /// Block number (on Filecoin: epoch).
    pub number: u64,
    /// Block hash.
    #[serde(with = "wire::fixed")]
    pub hash: B256,
}

impl Anchor {
    /// The chain and tier that this anchor is for.
    #[must_use]
    pub const fn place(&self) -> (ChainId, Tier) {
        (self.chain_id, self.confirmations)
    }

    pub(crate) fn typed(&self) -> typed::Anchor {
        typed::Anchor {
            chainId: self.chain_id,
            confirmations: self.confirmations,
            number: self.number,
            blockHash: self.hash,
        }
    }
}

/// A request for re-encryption shares. SPEC.md "Request".
///
/// Parsed from JSON with exact field lengths; [`check_form`](Self::check_form)
/// does the rest that needs no chain. What is absent: an identity. A node
/// computes it from the policy that it evaluated.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Request {
    /// The committee asked.
    pub network: NetworkId,
    /// The committee's epoch as the reader knows it.
    pub epoch: u64,
    /// Who asks; none where the policy needs no account.
    pub account: Option<Account>,
    /// The policy's canonical CBOR; not yet decoded.
    pub policy: Bytes,
    /// Items whose keys are asked for: 1 to 256, distinct.
    pub items: Vec<ItemId>,
    /// The reader's one-time key `B`, compressed; not yet checked to be a point.
    pub reader_key: FixedBytes<48>,
    /// One block per (chain, tier) of the policy, ascending.
    pub anchors: Vec<Anchor>,
    /// When it was made, Unix seconds.
    pub issued_at: u64,
    /// When it ceases to be valid, at most [`MAX_LIFETIME`] later.
    pub expires_at: u64,
    /// 32 random bytes.
    pub nonce: B256,
    /// Values for the policy's placeholders.
    pub context: Context,
    /// The proof of who asks.
    pub authorization: Authorization,
}

impl Request {
    /// What the account signs (EIP-712), under `domain`.
    #[must_use]
    pub fn digest(&self, domain: &Domain) -> B256 {
        typed::digest(&self.typed(), domain)
    }

    /// The typed data that is signed, for wallets that sign no bare digest.
    #[must_use]
    pub fn typed(&self) -> typed::Request {
        let (account, chain, kind) = flat_account(self.account);
        typed::Request {
            epoch: self.epoch,
            account,
            accountChain: chain,
            accountKind: kind,
            policyDigest: B256::from(*self.policy_digest().as_bytes()),
            items: self
                .items
                .iter()
                .map(|i| B256::from(*i.as_bytes()))
                .collect(),
            readerKey: Bytes::copy_from_slice(self.reader_key.as_slice()),
            anchors: self.anchors.iter().map(Anchor::typed).collect(),
            issuedAt: self.issued_at,
            expiresAt: self.expires_at,
            nonce: self.nonce,
            context: self.context.to_cbor().into(),
        }
    }

    /// The digest of the policy that this request carries.
    #[must_use]
    pub fn policy_digest(&self) -> PolicyDigest {
        PolicyDigest::of(&self.policy)
    }

    /// Checks that the request is for this network, and for one of the epochs that are served.
    ///
    /// # Errors
    /// `wrong_network`, `wrong_epoch`.
    pub fn check_addressee(&self, network: &NetworkId, epochs: &[u64]) -> Result<(), Problem> {
        if self.network != *network {
            return Err(Problem::new(
                Code::WrongNetwork,
                format!(
                    "the request is for {}, this node serves {network}",
                    self.network
                ),
            ));
        }
        if !epochs.contains(&self.epoch) {
            let served: Vec<String> = epochs.iter().map(u64::to_string).collect();
            return Err(Problem::new(
                Code::WrongEpoch,
                format!(
                    "the request is for epoch {}, this node serves {}",
                    self.epoch,
                    served.join(" and ")
                ),
            ));
        }
        Ok(())
    }

    /// Checks numbers, order and times against `now` (Unix seconds), in that order.
    ///
    /// # Errors
    /// `bad_items`, `bad_anchors`, `bad_times`, `from_future`, `expired`; the
    /// detail names the field and the limit.
    pub fn check_form(&self, now: u64) -> Result<(), Problem> {
        self.check_items()?;
        self.check_anchor_order()?;
        self.check_times(now)
    }

    fn check_items(&self) -> Result<(), Problem> {
        let fail = |detail| Err(Problem::new(Code::BadItems, detail));
        let count = self.items.len();
        if count == 0 || count > MAX_ITEMS {
            return fail(format!(
                "items has {count} entries; 1 to {MAX_ITEMS} are allowed"
            ));
        }
        let mut seen = BTreeSet::new();
        match self.items.iter().find(|item| !seen.insert(**item)) {
            Some(twice) => fail(format!("items has {twice} twice")),
            None => Ok(()),
        }
    }

    fn check_anchor_order(&self) -> Result<(), Problem> {
        let fail = |detail| Err(Problem::new(Code::BadAnchors, detail));
        if self.anchors.len() > MAX_ANCHORS {
            return fail(format!(
                "anchors has {} entries; at most {MAX_ANCHORS} are allowed",
                self.anchors.len()
            ));
        }
        if !self.anchors.is_sorted_by(|a, b| a.place() < b.place()) {
            return fail(
                "anchors are not ascending and distinct by (chainId, confirmations)".to_owned(),
            );
        }
        Ok(())
    }

    fn check_times(&self, now: u64) -> Result<(), Problem> {
        let (issued, expires) = (self.issued_at, self.expires_at);
        match expires.checked_sub(issued) {
            Some(1..=MAX_LIFETIME) => {}
            _ => {
                return Err(Problem::new(
                    Code::BadTimes,
                    format!(
                        "issuedAt is {issued} and expiresAt {expires}; the second is 1 to {MAX_LIFETIME} s after the first"
                    ),
                ));
            }
        }
        if let Some(ahead @ 1..) = issued.checked_sub(now.saturating_add(CLOCK_TOLERANCE)) {
            return Err(Problem::new(
                Code::FromFuture,
                format!(
                    "issuedAt is {} s ahead of this node's clock; {CLOCK_TOLERANCE} s are tolerated",
                    ahead.saturating_add(CLOCK_TOLERANCE)
                ),
            ));
        }
        if now >= expires {
            return Err(Problem::new(
                Code::Expired,
                format!("expiresAt was {} s ago by this node's clock", now - expires),
            ));
        }
        Ok(())
    }

    /// The (chain, tier) pairs that a request under `policy` by `account` has anchors for.
    ///
    /// Those that the policy reads, and finality on the chain of a contract
    /// account, where its signature is checked.
    #[must_use]
    pub fn places(policy: &Policy, account: Option<Account>) -> BTreeSet<(ChainId, Tier)> {
        let mut places = policy.chains();
        if let Some(account) = account
            && account.kind == AccountKind::Contract
        {
            places.insert((account.chain, 0));
        }
        places
    }

    /// Checks the request against its decoded policy: an account where one is
    /// needed, and exactly the anchors that are read at.
    ///
    /// # Errors
    /// `account_required`, `bad_anchors`.
    pub fn check_policy(&self, policy: &Policy) -> Result<(), Problem> {
        if policy.requires_account() && self.account.is_none() {
            return Err(Problem::new(
                Code::AccountRequired,
                "accountKind is none, and the policy asks about the reader's account",
            ));
        }
        let needed = Self::places(policy, self.account);
        let given: BTreeSet<_> = self.anchors.iter().map(Anchor::place).collect();
        let name = |(chain, tier): &(ChainId, Tier)| match tier {
            0 => format!("chain {chain} at finality"),
            tier => format!("chain {chain} at {tier} confirmations"),
        };
        if let Some(place) = needed.difference(&given).next() {
            return Err(Problem::new(
                Code::BadAnchors,
                format!("the anchor for {} is missing", name(place)),
            ));
        }
        if let Some(place) = given.difference(&needed).next() {
            return Err(Problem::new(
                Code::BadAnchors,
                format!("the anchor for {} is not needed", name(place)),
            ));
        }
        Ok(())
    }

    /// Decodes the policy that this request carries.
    ///
    /// # Errors
    /// `invalid_policy`, `policy_limit`, `unsatisfiable_policy`.
    pub fn decode_policy(&self) -> Result<Policy, Problem> {
        decode_policy(&self.policy)
    }

    /// What `item` is judged with. Its proofs, somebody has to verify first.
    #[must_use]
    pub fn subject(&self, item: ItemId) -> Subject {
        Subject {
            account: self.account,
            item,
            context: self.context.clone(),
            proofs: Default::default(),
        }
    }
}

/// A stored policy that somebody sent.
pub(crate) fn decode_policy(cbor: &[u8]) -> Result<Policy, Problem> {
    Policy::from_cbor(cbor).map_err(|error| Problem::new(error.code(), error.to_string()))
}

/// Address, chain and kind as they are signed: zeros for no account.
pub(crate) fn flat_account(account: Option<Account>) -> (Address, ChainId, u8) {
    match account {
        None => (Address::ZERO, 0, 0),
        Some(account) => {
            let kind = match account.kind {
                AccountKind::Key => 1,
                AccountKind::Contract => 2,
            };
            (account.address, account.chain, kind)
        }
    }
}

#[cfg(test)]
mod tests;
