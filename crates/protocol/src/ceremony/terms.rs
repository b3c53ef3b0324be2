//! Who makes a key with whom, under which rules, and what comes of it.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolValue, sol};
use serde::{Deserialize, Serialize};
use stheno_crypto::{NetworkId, dkg};

use super::Confirmation;
use crate::wire;

/// First ceremony, or a reshare of the key that exists.
///
/// A refresh is a reshare with the same members and threshold.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[repr(u8)]
pub enum CeremonyKind {
    /// Makes the key.
    First = 0,
    /// Hands the key's shares to new members.
    Reshare = 1,
}

impl From<CeremonyKind> for dkg::Kind {
    fn from(kind: CeremonyKind) -> Self {
        match kind {
            CeremonyKind::First => Self::First,
            CeremonyKind::Reshare => Self::Reshare,
        }
    }
}

impl TryFrom<u8> for CeremonyKind {
    type Error = u8;

    fn try_from(kind: u8) -> Result<Self, u8> {
        match kind {
            0 => Ok(Self::First),
            1 => Ok(Self::Reshare),
            other => Err(other),
        }
    }
}

/// A member of a ceremony.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Sends transactions and approves.
    #[serde(with = "wire::fixed")]
    pub operator: Address,
    /// Signs messages and receipts.
    #[serde(with = "wire::fixed")]
    pub identity: Address,
}

/// Lengths of a ceremony's phases, in blocks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Windows {
    /// For dealing.
    pub deal: u32,
    /// For complaints.
    pub complain: u32,
    /// For answers.
    pub answer: u32,
    /// For confirmations.
    pub confirm: u32,
    /// Between two phases, so that the closing of one is final before the next opens.
    pub margin: u32,
    /// Between the last approval needed and the first phase.
    pub consent_delay: u32,
}

/// Everything that the members of a ceremony consent to, save their ceremony keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CeremonyTerms {
    /// The committee.
    pub network: NetworkId,
    /// Number of the ceremony in its committee, from 1.
    pub number: u64,
    /// First or reshare.
    pub kind: CeremonyKind,
    /// Threshold of the key shares to be made.
    pub threshold: u16,
    /// Receivers, in order of index from 1.
    pub members: Vec<Member>,
    /// Dealers, in order of index from 1: the old members; in a first ceremony, the members.
    pub dealers: Vec<Member>,
    /// The timetable's windows.
    pub windows: Windows,
}

sol! {
    struct TypedMember {
        address operator;
        address identity;
    }

    struct TypedWindows {
        uint32 deal;
        uint32 complain;
        uint32 answer;
        uint32 confirm;
        uint32 margin;
        uint32 consentDelay;
    }
}

impl CeremonyTerms {
    /// Whether it gives new shares to the very members that hold the key, with the same threshold:
    /// a refresh, to which their nodes may consent by themselves.
    #[must_use]
    pub fn is_refresh(&self, old_threshold: u16) -> bool {
        self.kind == CeremonyKind::Reshare
            && self.threshold == old_threshold
            && self.members == self.dealers
    }

    /// `keccak256(abi.encode(networkId, ceremony, kind, threshold, members, dealers, windows))`,
    /// as the contract computes it.
    #[must_use]
    pub fn proposal(&self) -> B256 {
        let members = |of: &[Member]| {
            of.iter()
                .map(|member| TypedMember {
                    operator: member.operator,
                    identity: member.identity,
                })
                .collect::<Vec<_>>()
        };
        let windows = TypedWindows {
            deal: self.windows.deal,
            complain: self.windows.complain,
            answer: self.windows.answer,
            confirm: self.windows.confirm,
            margin: self.windows.margin,
            consentDelay: self.windows.consent_delay,
        };
        let encoded = (
            B256::from(*self.network.as_bytes()),
            self.number,
            // A small integer is one word, whatever its width.
            self.kind as u16,
            self.threshold,
            members(&self.members),
            members(&self.dealers),
            windows,
        )
            .abi_encode_params();
        keccak256(encoded)
    }

    /// The ceremony's context, once every receiver has posted its ceremony key.
    #[must_use]
    pub fn context(&self, ceremony_keys: &[B256]) -> B256 {
        context_digest(self.proposal(), ceremony_keys)
    }
}

/// `keccak256(abi.encode(proposal, bytes32[] ceremonyKeys))`: what approvals and messages are for.
#[must_use]
pub fn context_digest(proposal: B256, ceremony_keys: &[B256]) -> B256 {
    keccak256((proposal, ceremony_keys.to_vec()).abi_encode_params())
}

/// What a receiver confirms, and what an epoch is activated with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// Bit `i − 1` is set if dealer `i` is qualified.
    pub qualified: U256,
    /// The network key in EIP-2537's form, 256 bytes.
    pub network_key: Bytes,
    /// Merkle root over the members' public keys; see [`keys_root`](super::keys_root()).
    pub keys_root: B256,
}

impl Outcome {
    /// The message with which `receiver` confirms this outcome.
    ///
    /// `proof` is the receiver's proof that it knows its new share.
    #[must_use]
    pub fn confirmation(&self, context: B256, receiver: u16, proof: Bytes) -> Confirmation {
        Confirmation {
            context,
            receiver,
            qualified: self.qualified,
            networkKey: self.network_key.clone(),
            keysRoot: self.keys_root,
            proof,
        }
    }

    /// The bit set of these dealers' indices; indices outside 1..=256 are left out.
    #[must_use]
    pub fn bits(dealers: impl IntoIterator<Item = u16>) -> U256 {
        let mut bits = U256::ZERO;
        for dealer in dealers {
            if (1..=256).contains(&dealer) {
                bits.set_bit(usize::from(dealer) - 1, true);
            }
        }
        bits
    }

    /// Indices of the qualified dealers, ascending.
    pub fn qualified_dealers(&self) -> impl Iterator<Item = u16> + '_ {
        (1..=256_u16).filter(|dealer| self.qualified.bit(usize::from(*dealer) - 1))
    }
}
