//! What a key may ask for in an account's stead.

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};
use stheno_crypto::{ItemId, PolicyDigest};

use crate::{ChainId, Code, Policy, Problem, wire};

/// Most entries of a scope, of all kinds together.
pub const MAX_SCOPE: usize = 256;

/// Policies, applications' contracts and items that a session or a delegation is for.
///
/// At least one is named. A request is within it if both hold:
///
/// - its policy is one of `policies`, or names at least one contract and only
///   ones of `contracts`, or both lists are empty;
/// - all of its items are among `items`, or that list is empty.
///
/// A policy names the contracts that its leaves read, whether or not they
/// decide anything. Balances, times and lists of addresses name none.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scope {
    /// Policies, by digest.
    #[serde(with = "wire::list")]
    pub policies: Vec<PolicyDigest>,
    /// Items.
    #[serde(with = "wire::list")]
    pub items: Vec<ItemId>,
    /// Contracts of applications.
    pub contracts: Vec<Application>,
}

/// A contract of an application.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Application {
    /// Its chain.
    pub chain_id: ChainId,
    /// Its address.
    #[serde(with = "wire::fixed")]
    pub contract: Address,
}

/// How resources of a session's message begin.
const URN: &str = "urn:stheno:";

impl Scope {
    /// A scope of one policy.
    #[must_use]
    pub fn policy(digest: PolicyDigest) -> Self {
        Self {
            policies: vec![digest],
            ..Self::default()
        }
    }

    /// A scope of some items.
    #[must_use]
    pub fn items(items: impl IntoIterator<Item = ItemId>) -> Self {
        Self {
            items: items.into_iter().collect(),
            ..Self::default()
        }
    }

    /// A scope of one contract's policies.
    #[must_use]
    pub fn contract(chain_id: ChainId, contract: Address) -> Self {
        Self {
            contracts: vec![Application { chain_id, contract }],
            ..Self::default()
        }
    }

    /// How many entries it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.policies.len() + self.items.len() + self.contracts.len()
    }

    /// Whether it names nothing; no session and no delegation may.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Checks that it names something, and not too much.
    pub(super) fn check_size(&self) -> Result<(), Problem> {
        match self.len() {
            1..=MAX_SCOPE => Ok(()),
            found => Err(Problem::new(
                Code::BadAuthorization,
                format!("the scope has {found} entries; 1 to {MAX_SCOPE} are allowed"),
            )),
        }
    }

    /// Checks that `policy`, whose digest is `digest`, and `items` are within it.
    ///
    /// # Errors
    /// `out_of_scope`, naming what is not.
    pub fn check(
        &self,
        digest: &PolicyDigest,
        policy: &Policy,
        items: &[ItemId],
    ) -> Result<(), Problem> {
        let fail = |detail| Err(Problem::new(Code::OutOfScope, detail));
        let is_free = self.policies.is_empty() && self.contracts.is_empty();
        if !is_free && !self.policies.contains(digest) && !self.is_of_applications(policy) {
            return fail(format!(
                "the scope names neither policy {digest} nor all contracts that it reads"
            ));
        }
        if self.items.is_empty() {
            return Ok(());
        }
        match items.iter().find(|item| !self.items.contains(item)) {
            Some(item) => fail(format!("the scope does not name item {item}")),
            None => Ok(()),
        }
    }

    fn is_of_applications(&self, policy: &Policy) -> bool {
        let mut named = policy.contracts().peekable();
        named.peek().is_some()
            && named.all(|(chain_id, contract)| {
                (self.contracts).contains(&Application { chain_id, contract })
            })
    }

    /// As resources of a message.
    pub(super) fn resources(&self) -> impl Iterator<Item = String> + '_ {
        let policies = self.policies.iter();
        let items = self.items.iter();
        policies
            .map(|digest| format!("{URN}policy:{}", hex::encode(digest.as_bytes())))
            .chain(items.map(|item| format!("{URN}item:{}", hex::encode(item.as_bytes()))))
            .chain(
                self.contracts
                    .iter()
                    .map(|Application { chain_id, contract }| {
                        format!("{URN}contract:{chain_id}:{}", hex::encode(contract))
                    }),
            )
    }

    /// Adds what a resource of a message names; false if it names nothing of a scope.
    pub(super) fn add(&mut self, resource: &str) -> bool {
        let Some((kind, name)) = (resource.strip_prefix(URN)).and_then(|rest| rest.split_once(':'))
        else {
            return false;
        };
        let word = || word(name);
        match kind {
            "policy" => word().map(|word| self.policies.push(PolicyDigest::from_bytes(word))),
            "item" => word().map(|word| self.items.push(ItemId::from_bytes(word))),
            "contract" => application(name).map(|contract| self.contracts.push(contract)),
            _ => None,
        }
        .is_some()
    }

    /// The lists as they are signed.
    pub(super) fn words(&self) -> (Vec<B256>, Vec<B256>) {
        let policies = self.policies.iter().map(|digest| digest.as_bytes().into());
        let items = self.items.iter().map(|item| item.as_bytes().into());
        (policies.collect(), items.collect())
    }
}

/// 32 bytes in lower-case hex.
pub(super) fn word(text: &str) -> Option<[u8; 32]> {
    lower_hex(text)
}

fn application(text: &str) -> Option<Application> {
    let (chain, contract) = text.split_once(':')?;
    let chain_id: ChainId = chain.parse().ok()?;
    (chain_id.to_string() == chain).then_some(Application {
        chain_id,
        contract: lower_hex::<20>(contract)?.into(),
    })
}

fn lower_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}
