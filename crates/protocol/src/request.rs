//! The question a reader signs: keys of which items, under which policy, at which blocks.

use alloy_primitives::{Address, B256, Bytes, FixedBytes};
use serde::{Deserialize, Serialize};
use stheno_crypto::{ItemId, NetworkId, PolicyDigest};

use crate::{
    Authorization, ChainId, Context, Domain, Policy, Problem, Tier,
    evaluate::{Account, Subject},
    wire,
};

/// Most items in one request.
pub const MAX_ITEMS: usize = 256;
/// Longest life of a request, in seconds.
pub const MAX_LIFETIME: u64 = 300;
/// Difference between a reader's clock and a node's that is tolerated, in seconds.
pub const CLOCK_TOLERANCE: u64 = 30;
/// Most bytes of a request's policy.
pub const MAX_POLICY_BYTES: usize = crate::policy::MAX_BYTES;

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

/// A request for re-encryption shares. SPEC.md "Request".
///
/// Parsed from JSON with exact field lengths; [`check_form`](Self::check_form)
/// does the rest that needs no chain.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Request {
    /// The committee asked.
    pub network: NetworkId,
    /// The committee's epoch as the reader knows it.
    pub epoch: u64,
    /// Who asks; none where the policy needs no account.
    pub account: Option<Account>,
    /// The policy's canonical CBOR.
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

#[allow(clippy::todo)]
impl Request {
    /// What the account signs (EIP-712), under `domain`.
    #[must_use]
    pub fn digest(&self, _domain: &Domain) -> B256 {
        todo!()
    }

    /// The digest of the policy that this request carries.
    #[must_use]
    pub fn policy_digest(&self) -> PolicyDigest {
        PolicyDigest::of(&self.policy)
    }

    /// Checks that the request is for this network and epoch.
    ///
    /// # Errors
    /// `wrong_network`, `wrong_epoch`.
    pub fn check_addressee(&self, _network: &NetworkId, _epoch: u64) -> Result<(), Problem> {
        todo!()
    }

    /// Checks numbers, order and times against `now` (Unix seconds), in that order.
    ///
    /// # Errors
    /// A [`Problem`] that names the field and the limit.
    pub fn check_form(&self, _now: u64) -> Result<(), Problem> {
        todo!()
    }

    /// Checks that the anchors are exactly those that `policy` and the account need.
    ///
    /// # Errors
    /// `anchors_mismatch`, `account_required`.
    pub fn check_policy(&self, _policy: &Policy) -> Result<(), Problem> {
        todo!()
    }

    /// The address whose key signed this request.
    ///
    /// # Errors
    /// `signature_invalid`, `authorization_missing`.
    pub fn recover_signer(&self, _domain: &Domain) -> Result<Address, Problem> {
        todo!()
    }

    /// What `item` is judged with.
    #[must_use]
    pub fn subject(&self, item: ItemId) -> Subject {
        Subject {
            account: self.account,
            item,
            context: self.context.clone(),
        }
    }
}

/// The request as JSON carries it (DESIGN §8).
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    #[serde(with = "wire::fixed")]
    network: NetworkId,
}

#[allow(clippy::todo)]
impl TryFrom<Wire> for Request {
    type Error = String;
    fn try_from(_wire: Wire) -> Result<Self, String> {
        todo!()
    }
}

impl From<Request> for Wire {
    fn from(request: Request) -> Self {
        Self {
            network: request.network,
        }
    }
}
