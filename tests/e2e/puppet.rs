//! A member whose strings the test pulls: it signs and sends what no honest node would.

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::SolCall,
};
use stheno_chain::{
    Chain, ChainConfig, HttpOptions, Sender,
    contracts::CommitteeContract as contract,
    send::{SendError, Sent},
};
use stheno_cli::devnet::{Foundation, anvil::CHAIN_ID, ceremony::Ceremony};
use stheno_crypto::{
    NodeIndex,
    dkg::{CeremonyContext, CeremonyKey, CeremonySecret, Constant, DealerSeed, Dealing, reveal},
};
use stheno_protocol::{Domain, ceremony::Message, typed};

/// Its index: behind the four real nodes.
pub(crate) const PUPPET: u16 = 5;
const ENDPOINT: &str = "http://127.0.0.1:9/";

pub(crate) struct Puppet {
    identity: PrivateKeySigner,
    operator: PrivateKeySigner,
    sender: Sender,
    committee: Address,
    domain: Domain,
    secret: CeremonySecret,
    seed: DealerSeed,
}

impl Puppet {
    /// Joins the registry.
    pub(crate) async fn register(foundation: &Foundation) -> Self {
        let signer = |name: &str| PrivateKeySigner::from_bytes(&keccak256(name)).unwrap();
        let (identity, operator) = (signer("puppet identity"), signer("puppet operator"));
        let money = U256::from(10).pow(U256::from(20));
        let paid = foundation.control().set_balance(operator.address(), money);
        paid.await.unwrap();
        let config = ChainConfig::new(CHAIN_ID, vec![foundation.rpc().clone()]);
        let chain = Chain::connect(config, HttpOptions::default())
            .await
            .unwrap();
        let contracts = foundation.contracts();
        let puppet = Self {
            sender: Sender::new(chain, operator.clone()),
            committee: contracts.committee,
            domain: Domain::of_committee(CHAIN_ID, contracts.committee, contracts.committee_id),
            secret: CeremonySecret::from_seed(&[1; 32]),
            seed: DealerSeed::from_bytes([2; 32]),
            identity,
            operator,
        };
        let message = typed::Registration {
            operator: puppet.operator.address(),
            identity: puppet.identity.address(),
            endpoint: ENDPOINT.into(),
            metadata: String::new(),
        };
        let register = contract::registerCall {
            committeeId: 1,
            identity: puppet.identity.address(),
            endpoint: ENDPOINT.into(),
            metadata: String::new(),
            identitySignature: puppet.sign(&message),
        };
        puppet.send(&register).await.unwrap();
        puppet
    }

    pub(crate) fn account(&self) -> Address {
        self.operator.address()
    }

    pub(crate) async fn post_key(&self, ceremony: &Ceremony) {
        let key = B256::from(self.secret.public().to_bytes());
        let message = typed::CeremonyKey {
            ceremony: ceremony.number,
            proposal: ceremony.info.proposal,
            member: PUPPET,
            key,
        };
        let post = contract::postCeremonyKeyCall {
            committeeId: 1,
            ceremony: ceremony.number,
            member: PUPPET,
            key,
            signature: self.sign(&message),
        };
        self.send(&post).await.unwrap();
    }

    pub(crate) async fn approve(&self, ceremony: &Ceremony) {
        let message = typed::Approval {
            ceremony: ceremony.number,
            context: ceremony.info.context,
        };
        let digest = message.digest(&self.domain);
        let signature = self.operator.sign_hash_sync(&digest).unwrap();
        let approve = contract::approveCall {
            committeeId: 1,
            ceremony: ceremony.number,
            operator: self.operator.address(),
            signature: signature.as_bytes().into(),
        };
        self.send(&approve).await.unwrap();
    }

    /// An honest dealing, for the test to spoil.
    pub(crate) async fn dealing(&self, foundation: &Foundation, ceremony: &Ceremony) -> Vec<u8> {
        let call = contract::ceremonyKeysCall {
            committeeId: 1,
            ceremony: ceremony.number,
        };
        let keys = foundation
            .control()
            .view(self.committee, &call)
            .await
            .unwrap();
        let keys: Vec<CeremonyKey> = keys
            .iter()
            .map(|key| CeremonyKey::from_bytes(key.as_slice()).unwrap())
            .collect();
        let dealing = Dealing::deal(
            &context(ceremony),
            index(PUPPET),
            ceremony.info.threshold,
            &keys,
            Constant::Fresh,
            &self.seed,
        );
        dealing.unwrap().encode()
    }

    pub(crate) async fn deal(
        &self,
        ceremony: &Ceremony,
        dealing: Vec<u8>,
    ) -> Result<Sent, SendError> {
        self.deal_as(ceremony, PUPPET, ceremony.info.context, dealing)
            .await
    }

    /// Deals in the name of `dealer`, signing for the ceremony with this context.
    pub(crate) async fn deal_as(
        &self,
        ceremony: &Ceremony,
        dealer: u16,
        context: B256,
        dealing: Vec<u8>,
    ) -> Result<Sent, SendError> {
        let message = typed::Dealing {
            context,
            dealer,
            dealingHash: keccak256(&dealing),
        };
        let deal = contract::dealCall {
            committeeId: 1,
            ceremony: ceremony.number,
            dealer,
            dealing: dealing.into(),
            signature: self.sign(&message),
        };
        self.send(&deal).await
    }

    /// Says that `dealer` gave it a bad share.
    pub(crate) async fn complain(
        &self,
        foundation: &Foundation,
        ceremony: &Ceremony,
        dealer: u16,
    ) -> Result<Sent, SendError> {
        let hash = self.dealing_hash(foundation, ceremony, dealer).await;
        self.complain_about(ceremony, PUPPET, dealer, hash).await
    }

    /// Complains in the name of `receiver` about the dealing with this hash.
    pub(crate) async fn complain_about(
        &self,
        ceremony: &Ceremony,
        receiver: u16,
        dealer: u16,
        hash: B256,
    ) -> Result<Sent, SendError> {
        let message = typed::Complaint {
            context: ceremony.info.context,
            receiver,
            accusations: vec![typed::Accusation {
                dealer,
                dealingHash: hash,
            }],
        };
        let complain = contract::complainCall {
            committeeId: 1,
            ceremony: ceremony.number,
            receiver,
            accusations: vec![contract::Accusation {
                dealer,
                dealingHash: hash,
            }],
            signature: self.sign(&message),
        };
        self.send(&complain).await
    }

    /// The hash of a dealing that is on the chain.
    pub(crate) async fn dealing_hash(
        &self,
        foundation: &Foundation,
        ceremony: &Ceremony,
        dealer: u16,
    ) -> B256 {
        let call = contract::dealingHashCall {
            committeeId: 1,
            ceremony: ceremony.number,
            dealer,
        };
        let control = foundation.control();
        control.view(self.committee, &call).await.unwrap()
    }

    /// Closes a ceremony that came to nothing, as anybody may.
    pub(crate) async fn fail(&self, ceremony: &Ceremony) -> Result<Sent, SendError> {
        let fail = contract::failCall {
            committeeId: 1,
            ceremony: ceremony.number,
        };
        self.send(&fail).await
    }

    /// Reveals the share that it should have sent to `receiver`.
    pub(crate) async fn answer(
        &self,
        ceremony: &Ceremony,
        receiver: u16,
    ) -> Result<Sent, SendError> {
        let share = reveal(
            &context(ceremony),
            index(PUPPET),
            ceremony.info.threshold,
            index(receiver),
            Constant::Fresh,
            &self.seed,
        );
        self.answer_with(ceremony, receiver, B256::from(*share))
            .await
    }

    /// Reveals whatever the test likes.
    pub(crate) async fn answer_with(
        &self,
        ceremony: &Ceremony,
        receiver: u16,
        share: B256,
    ) -> Result<Sent, SendError> {
        let message = typed::Answer {
            context: ceremony.info.context,
            dealer: PUPPET,
            shares: vec![typed::RevealedShare { receiver, share }],
        };
        let answer = contract::answerCall {
            committeeId: 1,
            ceremony: ceremony.number,
            dealer: PUPPET,
            shares: vec![contract::RevealedShare { receiver, share }],
            signature: self.sign(&message),
        };
        self.send(&answer).await
    }

    fn sign(&self, message: &impl Message) -> Bytes {
        let digest = message.digest(&self.domain);
        self.identity
            .sign_hash_sync(&digest)
            .unwrap()
            .as_bytes()
            .into()
    }

    async fn send<C: SolCall>(&self, call: &C) -> Result<Sent, SendError> {
        self.sender.call(self.committee, call).await
    }
}

fn context(ceremony: &Ceremony) -> CeremonyContext {
    CeremonyContext::from_bytes(ceremony.info.context.0)
}

fn index(number: u16) -> NodeIndex {
    NodeIndex::new(number).unwrap()
}
