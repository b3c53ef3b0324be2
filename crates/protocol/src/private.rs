//! Private conditions: what a reader proves for a request, and how the proof is sent.
//!
//! A policy's `zk` leaf names a group; the reader proves in zero knowledge that they own a leaf of
//! it. [`tasks`] says of a request what exactly is to be proven; prover and verifier both ask it,
//! so nothing but the nullifier and the root is taken from a reader's word, and the root is compared with
//! the policy's. The proof stands in the request's context as a [`Presentation`]. SPEC.md "Private
//! conditions".
//!
//! [`choose`] says which of them to prove.
//!
//! What is absent: proving and verifying. See `stheno-circuits`.

mod choice;

pub use choice::choose;

use stheno_circuits::{
    BindingHash, Bounds, Inputs, KeyHash, Nullifier, PROOF_BYTES, Root, Scope, ScopeHash,
    Statement, VerifyingKey,
};

use crate::{
    Anchor, Context, ContextValue, Policy, Request,
    policy::{Group, Zk},
};

/// Bytes of a presentation before the verifying key.
const HEAD: usize = 32 + 32 + PROOF_BYTES;
/// Most bytes of a verifying key's file.
pub const MAX_KEY_BYTES: usize = 2_048;

/// What is to be proven for one leaf of a policy, in one request.
#[derive(Clone, Debug)]
pub struct Task<'a> {
    /// The leaf.
    pub leaf: &'a Zk,
    /// Where the nullifier is unique.
    pub scope: ScopeHash,
    /// The request that the proof is for.
    pub binding: BindingHash,
    /// Of a credential: what is compared with what, and when it must be valid still.
    pub bounds: Option<Bounds>,
}

impl Task<'_> {
    /// What is proven, in full.
    #[must_use]
    pub const fn inputs(&self, root: Root, nullifier: Nullifier) -> Inputs {
        Inputs {
            root,
            nullifier,
            scope: self.scope,
            binding: self.binding,
            bounds: self.bounds,
        }
    }
}

/// What is to be proven for `policy` in `request`, whose policy it is: one task for each private
/// condition. Context, nonce and the time of issue of the request do not matter.
#[must_use]
pub fn tasks<'a>(request: &Request, policy: &'a Policy) -> Vec<Task<'a>> {
    let mut leaves = policy.private().peekable();
    if leaves.peek().is_none() {
        return Vec::new();
    }
    let binding = binding(request);
    let digest = request.policy_digest();
    let of_leaf = |leaf: &'a Zk| Task {
        leaf,
        scope: Scope {
            network: request.network,
            policy: digest,
            period: leaf.period.map_or(0, |period| {
                request.expires_at.checked_div(period).unwrap_or(0)
            }),
        }
        .to_field(),
        binding,
        bounds: leaf.attributes.map(|ranges| Bounds {
            ranges,
            now: request.expires_at,
        }),
    };
    leaves.map(of_leaf).collect()
}

fn binding(request: &Request) -> BindingHash {
    let anchor = |anchor: &Anchor| stheno_circuits::Anchor {
        chain_id: anchor.chain_id,
        confirmations: anchor.confirmations,
        number: anchor.number,
        hash: anchor.hash.0,
    };
    let binding = stheno_circuits::Binding {
        network: request.network,
        epoch: request.epoch,
        items: request.items.clone(),
        reader_key: request.reader_key.0,
        anchors: request.anchors.iter().map(anchor).collect(),
        expires_at: request.expires_at,
    };
    binding.to_field()
}

/// A proof as it is sent: a byte string of the request's context, under the name that the leaf says.
///
/// `root 32 ‖ nullifier 32 ‖ proof 192 ‖ verifying key's file`. The key comes along because the
/// policy has only its hash: so a node needs no store of keys, and nobody is asked which are good.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Presentation {
    /// The root of the group as the reader knows it.
    pub root: Root,
    /// The secret's own in this scope.
    pub nullifier: Nullifier,
    /// The proof; not yet looked at.
    pub proof: [u8; PROOF_BYTES],
    /// The file of the verifying key; it has the hash that the policy says, when
    /// [`Presentation::of`] gave it.
    pub key: Vec<u8>,
}

/// Why there is no presentation for a leaf.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PresentationError {
    /// The context has nothing of the name.
    #[error("the context has no proof `{0}`")]
    Missing(String),
    /// The context's value is something else.
    #[error("the context's value `{0}` is not a byte string")]
    NotBytes(String),
    /// Too few bytes, or too many.
    #[error(
        "a proof is sent in {HEAD} bytes and its verifying key in up to {MAX_KEY_BYTES}, these are {0}"
    )]
    Length(usize),
    /// A root or nullifier that is no element of the field.
    #[error("the {0} is not below the order of the field")]
    NotBelowOrder(&'static str),
    /// Another key than the policy's.
    #[error("the verifying key that came has the hash {found}, and the policy names {wanted}")]
    OtherKey {
        /// Of the key that came.
        found: KeyHash,
        /// The policy's.
        wanted: KeyHash,
    },
}

impl Presentation {
    /// The presentation for `leaf` in a request's context, with the key that the leaf names.
    ///
    /// # Errors
    /// [`PresentationError`].
    pub fn of(leaf: &Zk, context: &Context) -> Result<Self, PresentationError> {
        let presentation = match context.value(&leaf.proof) {
            Some(ContextValue::Bytes(bytes)) => Self::from_bytes(bytes)?,
            Some(_) => return Err(PresentationError::NotBytes(leaf.proof.clone())),
            None => return Err(PresentationError::Missing(leaf.proof.clone())),
        };
        let (found, wanted) = (KeyHash::of(&presentation.key), leaf.key);
        if found != wanted {
            return Err(PresentationError::OtherKey { found, wanted });
        }
        Ok(presentation)
    }

    /// How many bytes it has for a statement.
    #[must_use]
    pub const fn bytes(statement: Statement) -> usize {
        HEAD + VerifyingKey::file_bytes(statement)
    }

    /// Reads the bytes. Whose key it is, [`Presentation::of`] looks at.
    ///
    /// # Errors
    /// [`PresentationError::Length`], [`PresentationError::NotBelowOrder`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PresentationError> {
        let length = || PresentationError::Length(bytes.len());
        let (root, rest) = bytes.split_first_chunk().ok_or_else(length)?;
        let (nullifier, rest) = rest.split_first_chunk().ok_or_else(length)?;
        let (proof, key) = rest.split_first_chunk().ok_or_else(length)?;
        if key.is_empty() || key.len() > MAX_KEY_BYTES {
            return Err(length());
        }
        Ok(Self {
            root: Root::from_bytes(root).map_err(|_| PresentationError::NotBelowOrder("root"))?,
            nullifier: Nullifier::from_bytes(nullifier)
                .map_err(|_| PresentationError::NotBelowOrder("nullifier"))?,
            proof: *proof,
            key: key.to_vec(),
        })
    }

    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + self.key.len());
        bytes.extend(self.root.to_bytes());
        bytes.extend(self.nullifier.to_bytes());
        bytes.extend(self.proof);
        bytes.extend(&self.key);
        bytes
    }
}

/// What a proof came to, with somebody who verifies.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Proven {
    /// It holds.
    Holds {
        /// The group's root.
        root: Root,
        /// Until when the group must have it, Unix seconds: the request's end.
        until: u64,
    },
    /// It was verified, and does not hold.
    Wrong(String),
    /// It cannot be told: no proof, bytes that are none, a key that is not taken.
    Unknown(String),
}

/// What the proofs of a request came to. Without any, private conditions are unknown.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Proofs(Vec<(Zk, Proven)>);

impl Proofs {
    /// Says what the proof for `leaf` came to.
    pub fn insert(&mut self, leaf: &Zk, proven: Proven) {
        self.0.push((leaf.clone(), proven));
    }

    /// What the proof for `leaf` came to, if one was looked at.
    #[must_use]
    pub fn of(&self, leaf: &Zk) -> Option<&Proven> {
        let of_leaf = self.0.iter().find(|(other, _)| other == leaf);
        of_leaf.map(|(_, proven)| proven)
    }

    /// Whether some proof holds.
    #[must_use]
    pub fn any_holds(&self) -> bool {
        self.0
            .iter()
            .any(|(_, proven)| matches!(proven, Proven::Holds { .. }))
    }
}

impl Zk {
    /// The circuit's name and the group, in words.
    pub(crate) fn in_words(&self) -> String {
        let of = match &self.group {
            Group::Root(root) => format!("the group with the root {root}"),
            Group::Contract {
                chain, contract, ..
            } => format!("the group that {contract} on chain {chain} keeps"),
        };
        let bounds = self.attributes.iter().flatten().enumerate();
        let bounds: String = bounds.filter_map(|(at, range)| bound(at, *range)).collect();
        let what = match self.attributes {
            Some(_) => format!("holds a valid credential of {of}{bounds}"),
            None => format!("is a member of {of}"),
        };
        format!("{what}, proven without saying who ({})", self.circuit)
    }
}

fn bound(at: usize, range: stheno_circuits::Range) -> Option<String> {
    let (low, high) = (range.low, range.high);
    match (low > 0, high < u64::MAX) {
        _ if low == high => Some(format!(", attribute {at} is {low}")),
        (true, true) => Some(format!(", attribute {at} is {low} to {high}")),
        (true, false) => Some(format!(", attribute {at} is at least {low}")),
        (false, true) => Some(format!(", attribute {at} is at most {high}")),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use alloy_primitives::{B256, Bytes, FixedBytes};
    use stheno_crypto::{ItemId, NetworkId};

    use super::*;
    use crate::{Account, AccountKind, Address, Authorization};

    const KEY: &str = "0x1717171717171717171717171717171717171717171717171717171717171717";

    fn policy(rest: &str) -> Policy {
        let text = format!(
            "{{\"version\": 1, \"rule\": {{\"zk\": {{\"circuit\": \"credential-20-v1\", \"key\": \"{KEY}\", \"root\": \"{KEY}\", \"proof\": \":me\"{rest}}}}}}}"
        );
        Policy::from_json(&text).unwrap()
    }

    fn request(policy: &Policy) -> Request {
        Request {
            network: NetworkId::from_bytes([1; 32]),
            epoch: 2,
            account: None,
            policy: policy.to_cbor().into(),
            items: vec![ItemId::from_bytes([3; 32])],
            reader_key: FixedBytes::repeat_byte(4),
            anchors: vec![Anchor {
                chain_id: 5,
                confirmations: 0,
                number: 6,
                hash: B256::repeat_byte(7),
            }],
            issued_at: 1_799_999_900,
            expires_at: 1_800_000_000,
            nonce: B256::repeat_byte(8),
            context: Context::default(),
            authorization: Authorization::None {},
        }
    }

    /// Scope, binding and time of the one task.
    fn asked(request: &Request) -> (ScopeHash, BindingHash, u64) {
        let policy = Policy::from_cbor(&request.policy).unwrap();
        let tasks = tasks(request, &policy);
        let [task] = tasks.as_slice() else {
            panic!("{tasks:?}");
        };
        (task.scope, task.binding, task.bounds.unwrap().now)
    }

    #[test]
    fn task_changes_with_every_field_that_a_proof_is_bound_to() {
        let policy = policy("");
        let changes: [fn(&mut Request); 11] = [
            |request| request.network = NetworkId::from_bytes([9; 32]),
            |request| request.epoch = 9,
            |request| request.items = vec![ItemId::from_bytes([9; 32])],
            |request| request.items.push(ItemId::from_bytes([9; 32])),
            |request| request.reader_key = FixedBytes::repeat_byte(9),
            |request| request.anchors.clear(),
            |request| request.anchors[0].chain_id = 9,
            |request| request.anchors[0].confirmations = 9,
            |request| request.anchors[0].number = 9,
            |request| request.anchors[0].hash = B256::repeat_byte(9),
            |request| request.expires_at += 1,
        ];
        let mut seen = BTreeSet::from([asked(&request(&policy)).1]);
        for (at, change) in changes.iter().enumerate() {
            let mut request = request(&policy);
            change(&mut request);
            assert!(seen.insert(asked(&request).1), "change {at} is not bound");
        }
    }

    #[test]
    fn task_is_the_same_whatever_is_not_bound() {
        let policy = policy("");
        let plain = asked(&request(&policy));
        let mut other = request(&policy);
        other.nonce = B256::repeat_byte(9);
        other.issued_at += 1;
        other.context.insert("a", ContextValue::Bool(true)).unwrap();
        other.account = Some(Account {
            address: Address::repeat_byte(1),
            chain: 1,
            kind: AccountKind::Key,
        });
        other.authorization = Authorization::Wallet {
            signature: Bytes::new(),
        };
        assert_eq!(asked(&other), plain);
    }

    #[test]
    fn scope_is_of_the_policy_the_network_and_the_period() {
        let scope = |policy: &Policy, change: fn(&mut Request)| {
            let mut request = request(policy);
            change(&mut request);
            asked(&request).0
        };
        let (for_ever, daily) = (policy(""), policy(", \"period\": 86400"));
        let plain = scope(&for_ever, |_| {});
        assert_eq!(
            plain,
            scope(&for_ever, |request| request.expires_at += 86_400)
        );
        assert_ne!(
            plain,
            scope(&for_ever, |request| {
                request.network = NetworkId::from_bytes([9; 32]);
            })
        );
        assert_ne!(plain, scope(&daily, |_| {}));
        // 1,800,000,000 is 28,800 s into its day.
        let today = scope(&daily, |_| {});
        assert_eq!(today, scope(&daily, |request| request.expires_at += 57_599));
        assert_ne!(today, scope(&daily, |request| request.expires_at += 57_600));
        assert_eq!(asked(&request(&daily)).2, 1_800_000_000);
    }

    #[test]
    fn policies_without_private_conditions_ask_for_no_proof() {
        let policy = Policy::from_json(
            "{\"version\": 1, \"rule\": {\"balance\": {\"chain\": 1, \"min\": 1}}}",
        )
        .unwrap();
        assert!(tasks(&request(&policy), &policy).is_empty());
    }
}
