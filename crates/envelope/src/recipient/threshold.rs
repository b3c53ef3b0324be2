//! The threshold recipient (−65801): a capsule for a committee, and the way to find it.

use stheno_crypto::{
    Capsule, Cek, Identity, ItemId, KeyFingerprint, NetworkId, NetworkKey, PolicyDigest,
    encapsulate,
};

use super::{Entry, Field, Recipient, RecipientFields, UnknownRecipient};
use crate::cbor::{cursor::Cursor, write::Writer};
use crate::header::enc_structure;
use crate::labels;

/// The version of the scheme that is written and read here.
const VERSION: u64 = 1;

/// Where a committee lives on chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash)]
pub struct Locator {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Address of the Committee contract.
    pub contract: [u8; 20],
    /// Number of the committee in that contract.
    pub committee_id: u64,
}

impl Locator {
    /// The network id that this place has.
    pub fn network(&self) -> NetworkId {
        NetworkId::derive(self.chain_id, &self.contract, self.committee_id)
    }

    fn decode(mut cursor: Cursor<'_>) -> Option<Self> {
        if cursor.array()? != 3 {
            return None;
        }
        Some(Self {
            chain_id: cursor.unsigned()?,
            contract: cursor.byte_array()?,
            committee_id: cursor.unsigned()?,
        })
    }
}

/// The policy as the recipient carries it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PolicyField {
    /// Canonical policy bytes: a reader needs nothing else.
    Bytes(Vec<u8>),
    /// Digest of a hidden policy; the reader must know the bytes.
    Digest(PolicyDigest),
}

impl PolicyField {
    /// The digest that is part of the identity.
    pub fn digest(&self) -> PolicyDigest {
        match self {
            Self::Bytes(bytes) => PolicyDigest::of(bytes),
            Self::Digest(digest) => *digest,
        }
    }
}

/// A capsule for a committee with all that a reader needs to ask for shares.
///
/// To open: resolve the committee by [`locator`](Self::locator), build
/// [`identity`](Self::identity), gather shares, then open
/// [`capsule`](Self::capsule) under [`aad`](Self::aad).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ThresholdRecipient {
    pub(super) entry: Entry,
    locator: Locator,
    policy: PolicyField,
    item: ItemId,
    capsule: Capsule,
}

impl ThresholdRecipient {
    /// Seals `cek` to everyone who satisfies the policy at this committee.
    ///
    /// `sigma`: 32 fresh random bytes. `network_key` must come from a pinned
    /// source: a lying endpoint could hand over its own.
    pub fn seal(
        network_key: &NetworkKey,
        locator: &Locator,
        policy: PolicyField,
        item: ItemId,
        cek: &Cek,
        sigma: &[u8; 32],
    ) -> Self {
        let network = locator.network();
        let identity = Identity::new(
            &network,
            &network_key.fingerprint(),
            &policy.digest(),
            &item,
        );
        let (encapsulation, kek) = encapsulate(network_key, &identity, sigma);
        let protected = protected(locator, &policy, &item, &encapsulation.u, &encapsulation.v);
        let wrapped = kek.wrap(&aad(&protected), cek);
        Self {
            entry: Entry::new(
                labels::THRESHOLD,
                protected,
                &[Field::Kid(network.as_bytes())],
                &wrapped,
            ),
            locator: *locator,
            policy,
            item,
            capsule: Capsule {
                u: encapsulation.u,
                v: encapsulation.v,
                wrapped,
            },
        }
    }

    /// Version of the scheme.
    pub fn version(&self) -> u64 {
        VERSION
    }

    /// The network id; also the recipient's `kid`.
    pub fn network(&self) -> NetworkId {
        self.locator.network()
    }

    /// Where the committee lives.
    pub fn locator(&self) -> &Locator {
        &self.locator
    }

    /// The policy, or its digest.
    pub fn policy(&self) -> &PolicyField {
        &self.policy
    }

    /// The item.
    pub fn item(&self) -> &ItemId {
        &self.item
    }

    /// The wrapped content-encryption key.
    pub fn capsule(&self) -> &Capsule {
        &self.capsule
    }

    /// The identity that the capsule is sealed to, under a network key of this fingerprint.
    pub fn identity(&self, key: &KeyFingerprint) -> Identity {
        Identity::new(&self.network(), key, &self.policy.digest(), &self.item)
    }

    /// Additional data of the capsule: COSE `Enc_structure` with context
    /// `Enc_Recipient` over this recipient's protected header as it stood.
    pub fn aad(&self) -> Vec<u8> {
        aad(&self.entry.protected)
    }
}

impl From<ThresholdRecipient> for Recipient {
    fn from(recipient: ThresholdRecipient) -> Self {
        Self::Threshold(Box::new(recipient))
    }
}

fn aad(protected: &[u8]) -> Vec<u8> {
    enc_structure("Enc_Recipient", protected)
}

fn protected(
    locator: &Locator,
    policy: &PolicyField,
    item: &ItemId,
    u: &[u8; 96],
    v: &[u8; 32],
) -> Vec<u8> {
    let header = Writer::new()
        .map(7)
        .integer(labels::ALG)
        .integer(labels::THRESHOLD)
        .integer(labels::THRESHOLD_VERSION)
        .unsigned(VERSION)
        .integer(labels::THRESHOLD_LOCATOR)
        .array(3)
        .unsigned(locator.chain_id)
        .bytes(&locator.contract)
        .unsigned(locator.committee_id);
    let header = match policy {
        PolicyField::Bytes(bytes) => header.integer(labels::THRESHOLD_POLICY).bytes(bytes),
        PolicyField::Digest(digest) => header
            .integer(labels::THRESHOLD_POLICY_DIGEST)
            .bytes(digest.as_bytes()),
    };
    header
        .integer(labels::THRESHOLD_ITEM)
        .bytes(item.as_bytes())
        .integer(labels::THRESHOLD_U)
        .bytes(u)
        .integer(labels::THRESHOLD_V)
        .bytes(v)
        .finish()
}

/// Reads a recipient of algorithm −65801; one of another version is kept as unknown.
pub(super) fn decode(
    entry: Entry,
    fields: &RecipientFields<'_>,
) -> Result<Recipient, &'static str> {
    let header = &fields.protected;
    if header.field(labels::ALG).is_none() {
        return Err("has its algorithm outside the protected header");
    }
    let version = header
        .field(labels::THRESHOLD_VERSION)
        .and_then(|mut version| version.unsigned())
        .ok_or("has no version")?;
    if version != VERSION {
        return Ok(Recipient::Unknown(UnknownRecipient { entry }));
    }
    let known = [
        labels::ALG,
        labels::CRITICAL,
        labels::THRESHOLD_VERSION,
        labels::THRESHOLD_LOCATOR,
        labels::THRESHOLD_POLICY,
        labels::THRESHOLD_POLICY_DIGEST,
        labels::THRESHOLD_ITEM,
        labels::THRESHOLD_U,
        labels::THRESHOLD_V,
    ];
    if !fields.understand(&known) {
        return Err("has a critical field that is not known");
    }
    let locator = header
        .field(labels::THRESHOLD_LOCATOR)
        .and_then(Locator::decode)
        .ok_or("has no locator of chain id, contract and committee id")?;
    let policy = match (
        header.field(labels::THRESHOLD_POLICY),
        header.field(labels::THRESHOLD_POLICY_DIGEST),
    ) {
        (Some(mut bytes), None) => bytes
            .bytes()
            .map(|bytes| PolicyField::Bytes(bytes.to_vec())),
        (None, Some(mut digest)) => digest
            .byte_array()
            .map(|digest| PolicyField::Digest(PolicyDigest::from_bytes(digest))),
        _ => None,
    }
    .ok_or("has not exactly one of policy and policy digest")?;
    let item = header
        .field(labels::THRESHOLD_ITEM)
        .and_then(|mut item| item.byte_array())
        .map(ItemId::from_bytes)
        .ok_or("has no item of 32 bytes")?;
    let u = header
        .field(labels::THRESHOLD_U)
        .and_then(|mut u| u.byte_array())
        .ok_or("has no U of 96 bytes")?;
    let v = header
        .field(labels::THRESHOLD_V)
        .and_then(|mut v| v.byte_array())
        .ok_or("has no V of 32 bytes")?;
    let wrapped = entry
        .wrapped
        .as_slice()
        .try_into()
        .map_err(|_| "has a wrapped key that has not 48 bytes")?;
    if entry.kid.as_deref() != Some(locator.network().as_bytes()) {
        return Err("has a key id that is not the network id of its locator");
    }
    Ok(Recipient::Threshold(Box::new(ThresholdRecipient {
        entry,
        locator,
        policy,
        item,
        capsule: Capsule { u, v, wrapped },
    })))
}
