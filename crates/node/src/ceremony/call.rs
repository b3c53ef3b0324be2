//! Actions as calls of the Committee contract, signed by this node's identity key.

use alloy::{
    primitives::{Address, B256, Bytes},
    sol_types::SolCall,
};
use stheno_chain::contracts::committee::CommitteeContract as contract;
use stheno_crypto::NodePublicKey;
use stheno_protocol::{
    Domain,
    ceremony::{
        Answer, CeremonyKey, Complaint, Dealing, Extension, Message, Outcome, Refresh, merkle_proof,
    },
};

use crate::vault::{HeldShare, IdentityKey};

/// Most keys of one publication: a Filecoin message has at most 64 KiB.
pub const KEYS_PER_CALL: usize = 32;

/// Signs this node's messages and encodes the calls that carry them.
#[derive(Clone, Copy, Debug)]
pub struct Scribe<'v> {
    /// The committee, as signatures are bound to it.
    pub domain: Domain,
    /// The committee's number in its contract.
    pub committee_id: u64,
    /// The ceremony's number in its committee.
    pub ceremony: u64,
    /// Who signs.
    pub identity: &'v IdentityKey,
}

impl Scribe<'_> {
    /// `postCeremonyKey`.
    #[must_use]
    pub fn post_key(&self, message: &CeremonyKey) -> Bytes {
        let call = contract::postCeremonyKeyCall {
            committeeId: self.committee_id,
            ceremony: self.ceremony,
            member: message.member,
            key: message.key,
            signature: self.sign(message),
        };
        call.abi_encode().into()
    }

    /// `approve`, of a refresh, by this node in the place of `operator`, who runs it.
    #[must_use]
    pub fn approve_refresh(&self, message: &Refresh, operator: Address) -> Bytes {
        let call = contract::approveCall {
            committeeId: self.committee_id,
            ceremony: self.ceremony,
            operator,
            signature: self.sign(message),
        };
        call.abi_encode().into()
    }

    /// `deal`.
    #[must_use]
    pub fn deal(&self, message: &Dealing, dealing: &[u8]) -> Bytes {
        let call = contract::dealCall {
            committeeId: self.committee_id,
            ceremony: self.ceremony,
            dealer: message.dealer,
            dealing: Bytes::copy_from_slice(dealing),
            signature: self.sign(message),
        };
        call.abi_encode().into()
    }

    /// `complain`.
    #[must_use]
    pub fn complain(&self, message: &Complaint) -> Bytes {
        let accusations = message.accusations.iter().map(|a| contract::Accusation {
            dealer: a.dealer,
            dealingHash: a.dealingHash,
        });
        let call = contract::complainCall {
            committeeId: self.committee_id,
            ceremony: self.ceremony,
            receiver: message.receiver,
            accusations: accusations.collect(),
            signature: self.sign(message),
        };
        call.abi_encode().into()
    }

    /// `answer`.
    #[must_use]
    pub fn answer(&self, message: &Answer) -> Bytes {
        let shares = message.shares.iter().map(|s| contract::RevealedShare {
            receiver: s.receiver,
            share: s.share,
        });
        let call = contract::answerCall {
            committeeId: self.committee_id,
            ceremony: self.ceremony,
            dealer: message.dealer,
            shares: shares.collect(),
            signature: self.sign(message),
        };
        call.abi_encode().into()
    }

    /// `confirm`, with a proof from the share that was kept; `entropy` is fresh randomness.
    #[must_use]
    pub fn confirm(
        &self,
        outcome: &Outcome,
        context: B256,
        held: &HeldShare,
        entropy: &[u8; 32],
    ) -> Bytes {
        let receiver = held.index().get();
        let proof = held.prove(&proof_message(outcome, context, receiver).0, entropy);
        let proof = Bytes::copy_from_slice(proof.as_bytes());
        let message = outcome.confirmation(context, receiver, proof.clone());
        let call = contract::confirmCall {
            committeeId: self.committee_id,
            ceremony: self.ceremony,
            receiver,
            outcome: on_chain(outcome),
            proof,
            signature: self.sign(&message),
        };
        call.abi_encode().into()
    }

    /// `extend`.
    #[must_use]
    pub fn extend(&self, message: &Extension) -> Bytes {
        let call = contract::extendCall {
            committeeId: self.committee_id,
            ceremony: self.ceremony,
            phase: message.phase,
            member: message.member,
            signature: self.sign(message),
        };
        call.abi_encode().into()
    }

    /// `activate`; needs no signature.
    #[must_use]
    pub fn activate(&self, outcome: &Outcome) -> Bytes {
        let call = contract::activateCall {
            committeeId: self.committee_id,
            ceremony: self.ceremony,
            outcome: on_chain(outcome),
        };
        call.abi_encode().into()
    }

    /// `fail`; needs no signature.
    #[must_use]
    pub fn fail(&self) -> Bytes {
        let call = contract::failCall {
            committeeId: self.committee_id,
            ceremony: self.ceremony,
        };
        call.abi_encode().into()
    }

    /// `publishKeys` for these indices; needs no signature.
    #[must_use]
    pub fn publish_keys(&self, epoch: u64, node_keys: &[NodePublicKey], indices: &[u16]) -> Bytes {
        let mut call = contract::publishKeysCall {
            committeeId: self.committee_id,
            epoch,
            indices: Vec::new(),
            keys: Vec::new(),
            proofs: Vec::new(),
        };
        for index in indices {
            let key = usize::from(*index)
                .checked_sub(1)
                .and_then(|at| node_keys.get(at));
            if let (Some(key), Some(proof)) = (key, merkle_proof(node_keys, *index)) {
                call.indices.push(*index);
                call.keys.push(key.to_bytes().to_vec().into());
                call.proofs.push(proof);
            }
        }
        call.abi_encode().into()
    }

    fn sign<M: Message>(&self, message: &M) -> Bytes {
        self.identity
            .sign(&message.digest(&self.domain))
            .to_vec()
            .into()
    }
}

/// What a receiver's proof of possession is over: its confirmation, with the proof left empty.
#[must_use]
pub fn proof_message(outcome: &Outcome, context: B256, receiver: u16) -> B256 {
    outcome
        .confirmation(context, receiver, Bytes::new())
        .struct_hash()
}

fn on_chain(outcome: &Outcome) -> contract::Outcome {
    contract::Outcome {
        qualified: outcome.qualified,
        networkKey: outcome.network_key.clone(),
        keysRoot: outcome.keys_root,
    }
}
