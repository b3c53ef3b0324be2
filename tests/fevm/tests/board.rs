//! A committee, its members, and everything that they send.

#![allow(
    non_snake_case,
    reason = "fields are called as the contracts call them"
)]

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolStruct;

use stheno_fevm::chain::{BLOCK_GAS, Chain};
use stheno_fevm::contracts::committee::CommitteeContract::{self, *};
use stheno_fevm::contracts::signed;
use stheno_fevm::gas::OF_A_CALL;
use stheno_fevm::people::Person;
use stheno_fevm::vectors;

const ENDPOINT: &str = "https://node.example.org:8443/stheno";
const METADATA: &str = r#"{"name":"a node","contact":"operator@example.org"}"#;

/// Phases, in their order.
pub(crate) const DEAL: usize = 0;
pub(crate) const COMPLAIN: usize = 1;
pub(crate) const ANSWER: usize = 2;
pub(crate) const CONFIRM: usize = 3;

/// One ceremony of one committee. Index `i` of the ceremony is place `i - 1` of the lists.
pub(crate) struct Board {
    pub(crate) contract: Address,
    pub(crate) id: u64,
    pub(crate) operators: Vec<Person>,
    pub(crate) identities: Vec<Person>,
    pub(crate) threshold: u16,
    owner: Person,
    ceremony: u64,
    domain: B256,
}

/// Who has to be on the chain for a committee of so many.
pub(crate) fn cast(size: u16) -> Vec<Person> {
    let mut cast = Person::many("operator", size);
    cast.push(owner());
    cast
}

pub(crate) fn owner() -> Person {
    Person::named("owner")
}

/// A multiple of the generator of G2 as EIP-2537 writes it, and the factor.
pub(crate) fn network_key() -> (Bytes, U256) {
    let points = vectors::read("contracts/test/vectors/g2.json");
    let factor = vectors::bytes(&points["scalars"][7]);
    (
        vectors::bytes(&points["points"][7]),
        U256::from_be_slice(&factor),
    )
}

impl Board {
    /// Deploys, and creates a committee whose members are registered.
    pub(crate) fn new(chain: &mut Chain, size: u16, threshold: u16) -> Self {
        let owner = owner();
        let contract = chain.deploy("Committee", &owner, &CommitteeContract::BYTECODE, &[]);
        let windows = Windows {
            deal: 10,
            complain: 11,
            answer: 12,
            confirm: 13,
            margin: 3,
            consentDelay: 5,
        };
        let call = createCommitteeCall {
            windows,
            devnet: false,
        };
        let id = chain.act("createCommittee", &owner, contract, &call);
        let domain = chain.look(&owner, contract, &domainSeparatorCall { committeeId: id });
        let (operators, identities) = (
            Person::many("operator", size),
            Person::many("identity", size),
        );
        let board = Self {
            contract,
            id,
            operators,
            identities,
            threshold,
            owner,
            ceremony: 0,
            domain,
        };
        for place in 0..usize::from(size) {
            board.register(chain, place);
        }
        board
    }

    /// All of it, without complaints, and the outcome.
    pub(crate) fn run(&mut self, chain: &mut Chain) -> Outcome {
        self.start(chain);
        self.go_to(chain, DEAL);
        self.deal_all(chain);
        self.go_to(chain, CONFIRM);
        let outcome = self.outcome();
        self.confirm_all(chain, &outcome);
        self.activate(chain, &outcome);
        outcome
    }

    /// From the proposal to the last approval.
    pub(crate) fn start(&mut self, chain: &mut Chain) {
        let operators = self
            .operators
            .iter()
            .map(|operator| operator.address)
            .collect();
        let call = proposeCall {
            committeeId: self.id,
            threshold: self.threshold,
            operators,
        };
        self.ceremony = chain.act("propose", &self.owner, self.contract, &call);
        let proposal = self.info(chain).proposal;
        for (place, identity) in self.identities.iter().enumerate() {
            let member = index(place);
            // Its last byte below 128, as every X25519 key has it.
            let mut key = keccak256(format!("X25519 {member}"));
            key.0[31] &= 0x7f;
            let signature = self.sign(
                identity,
                &signed::CeremonyKey {
                    ceremony: self.ceremony,
                    proposal,
                    member,
                    key,
                },
            );
            let (committeeId, ceremony) = (self.id, self.ceremony);
            let call = postCeremonyKeyCall {
                committeeId,
                ceremony,
                member,
                key,
                signature,
            };
            chain.act(
                "postCeremonyKey",
                identity_sender(self, place),
                self.contract,
                &call,
            );
        }
        let context = self.info(chain).context;
        for operator in &self.operators {
            let signature = self.sign(
                operator,
                &signed::Approval {
                    ceremony: self.ceremony,
                    context,
                },
            );
            let (committeeId, ceremony) = (self.id, self.ceremony);
            let call = approveCall {
                committeeId,
                ceremony,
                operator: operator.address,
                signature,
            };
            chain.act("approve", operator, self.contract, &call);
        }
    }

    pub(crate) fn go_to(&self, chain: &mut Chain, phase: usize) {
        let opens = self.info(chain).opens[phase];
        chain.go_to(opens);
    }

    pub(crate) fn info(&self, chain: &mut Chain) -> CeremonyInfo {
        let call = ceremonyInfoCall {
            committeeId: self.id,
            ceremony: self.ceremony,
        };
        chain.look(&self.owner, self.contract, &call)
    }

    /// Bytes of a dealing's length; the contract does not look into them.
    pub(crate) fn dealing(&self, dealer: u16) -> Bytes {
        let length = 96 * usize::from(self.threshold) + 128 + 80 * self.operators.len();
        let words =
            (0..=length / 32).flat_map(|word| keccak256(format!("dealing {dealer} {word}")).0);
        words.take(length).collect::<Vec<_>>().into()
    }

    pub(crate) fn deal_all(&self, chain: &mut Chain) {
        let context = self.info(chain).context;
        for (place, identity) in self.identities.iter().enumerate() {
            let dealer = index(place);
            let dealing = self.dealing(dealer);
            let message = signed::Dealing {
                context,
                dealer,
                dealingHash: keccak256(&dealing),
            };
            let signature = self.sign(identity, &message);
            let (committeeId, ceremony) = (self.id, self.ceremony);
            let call = dealCall {
                committeeId,
                ceremony,
                dealer,
                dealing: dealing.clone(),
                signature,
            };
            let sender = identity_sender(self, place);
            let receipt = chain.attempt(sender, self.contract, U256::ZERO, BLOCK_GAS, &call);
            receipt.assert_success("deal");
            chain.record("deal".to_owned(), &receipt, OF_A_CALL);
            // Its parts are the dealing.
            let parts = receipt.events_of::<DealingPart>();
            let posted: Vec<u8> = parts.iter().flat_map(|part| part.data.to_vec()).collect();
            assert_eq!(posted, dealing);
        }
    }

    /// Against the first `count` dealers.
    pub(crate) fn complain(&self, chain: &mut Chain, receiver: u16, count: u16) {
        let context = self.info(chain).context;
        let hashes: Vec<B256> = (1..=count)
            .map(|dealer| keccak256(self.dealing(dealer)))
            .collect();
        let named = || hashes.iter().zip(1..).map(|(hash, dealer)| (dealer, *hash));
        let accusations = named()
            .map(|(dealer, dealingHash)| signed::Accusation {
                dealer,
                dealingHash,
            })
            .collect();
        let place = usize::from(receiver - 1);
        let message = signed::Complaint {
            context,
            receiver,
            accusations,
        };
        let signature = self.sign(&self.identities[place], &message);
        let accusations = named()
            .map(|(dealer, dealingHash)| Accusation {
                dealer,
                dealingHash,
            })
            .collect();
        let (committeeId, ceremony) = (self.id, self.ceremony);
        let call = complainCall {
            committeeId,
            ceremony,
            receiver,
            accusations,
            signature,
        };
        chain.act(
            "complain, against all it may",
            identity_sender(self, place),
            self.contract,
            &call,
        );
    }

    /// With the shares of these receivers.
    pub(crate) fn answer(
        &self,
        chain: &mut Chain,
        dealer: u16,
        receivers: std::ops::RangeInclusive<u16>,
    ) {
        let context = self.info(chain).context;
        let named = || {
            receivers
                .clone()
                .map(|receiver| (receiver, keccak256(format!("share {receiver}"))))
        };
        let shares = named()
            .map(|(receiver, share)| signed::RevealedShare { receiver, share })
            .collect();
        let place = usize::from(dealer - 1);
        let signature = self.sign(
            &self.identities[place],
            &signed::Answer {
                context,
                dealer,
                shares,
            },
        );
        let shares = named()
            .map(|(receiver, share)| RevealedShare { receiver, share })
            .collect();
        let (committeeId, ceremony) = (self.id, self.ceremony);
        let call = answerCall {
            committeeId,
            ceremony,
            dealer,
            shares,
            signature,
        };
        chain.act(
            "answer, all it may",
            identity_sender(self, place),
            self.contract,
            &call,
        );
    }

    /// All dealers qualified; the keys are real points.
    pub(crate) fn outcome(&self) -> Outcome {
        let size = self.operators.len();
        let qualified = (U256::ONE << size) - U256::ONE;
        let rows = merkle_rows(&self.node_keys());
        let keysRoot = rows.last().expect("a row")[0];
        Outcome {
            qualified,
            networkKey: network_key().0,
            keysRoot,
        }
    }

    pub(crate) fn confirm_all(&self, chain: &mut Chain, outcome: &Outcome) {
        let context = self.info(chain).context;
        for (place, identity) in self.identities.iter().enumerate() {
            let receiver = index(place);
            // A Schnorr proof: a point of G2 and a scalar.
            let proof: Bytes = (0..4)
                .flat_map(|word| keccak256(format!("{receiver} {word}")).0)
                .collect();
            let message = signed::Confirmation {
                context,
                receiver,
                qualified: outcome.qualified,
                networkKey: outcome.networkKey.clone(),
                keysRoot: outcome.keysRoot,
                proof: proof.clone(),
            };
            let signature = self.sign(identity, &message);
            let (committeeId, ceremony, outcome) = (self.id, self.ceremony, outcome.clone());
            let call = confirmCall {
                committeeId,
                ceremony,
                receiver,
                outcome,
                proof,
                signature,
            };
            chain.act(
                "confirm",
                identity_sender(self, place),
                self.contract,
                &call,
            );
        }
    }

    pub(crate) fn activate(&self, chain: &mut Chain, outcome: &Outcome) {
        let closes = self.info(chain).closes[CONFIRM];
        chain.go_to(closes);
        let call = activateCall {
            committeeId: self.id,
            ceremony: self.ceremony,
            outcome: outcome.clone(),
        };
        chain.act("activate", &self.owner, self.contract, &call);
    }

    pub(crate) fn publish_keys(&self, chain: &mut Chain, count: usize) {
        let all = self.node_keys();
        let rows = merkle_rows(&all);
        let call = publishKeysCall {
            committeeId: self.id,
            epoch: 1,
            indices: (0..count).map(index).collect(),
            keys: all[..count].to_vec(),
            proofs: (0..count).map(|place| path(&rows, place)).collect(),
        };
        chain.act(
            &format!("publishKeys, {count} keys"),
            &self.owner,
            self.contract,
            &call,
        );
        let call = epochKeysCall {
            committeeId: self.id,
            epoch: 1,
            first: 1,
            count: index(count - 1),
        };
        assert_eq!(chain.look(&self.owner, self.contract, &call), all[..count]);
    }

    fn register(&self, chain: &mut Chain, place: usize) {
        let (operator, identity) = (&self.operators[place], &self.identities[place]);
        let message = signed::Registration {
            operator: operator.address,
            identity: identity.address,
            endpoint: ENDPOINT.to_owned(),
            metadata: METADATA.to_owned(),
        };
        let call = registerCall {
            committeeId: self.id,
            identity: identity.address,
            endpoint: ENDPOINT.to_owned(),
            metadata: METADATA.to_owned(),
            identitySignature: self.sign(identity, &message),
        };
        chain.act("register", operator, self.contract, &call);
    }

    /// By EIP-712, in the committee's own domain.
    fn sign(&self, signer: &Person, message: &impl SolStruct) -> Bytes {
        let hash = message.eip712_hash_struct();
        signer
            .sign(keccak256(
                [&[0x19, 0x01], self.domain.as_slice(), hash.as_slice()].concat(),
            ))
            .into()
    }

    fn node_keys(&self) -> Vec<Bytes> {
        let points = vectors::read("contracts/test/vectors/g2.json");
        let all = points["compressed"].as_array().expect("a list");
        all.iter()
            .cycle()
            .take(self.operators.len())
            .map(vectors::bytes)
            .collect()
    }
}

/// A machine's messages are signed by its identity and may be sent by anybody; here its operator pays.
fn identity_sender(board: &Board, place: usize) -> &Person {
    &board.operators[place]
}

fn index(place: usize) -> u16 {
    u16::try_from(place + 1).expect("at most 256 members")
}

/// Level by level; pairs in ascending order, one without a sibling moves up.
fn merkle_rows(keys: &[Bytes]) -> Vec<Vec<B256>> {
    let leaf =
        |(place, key): (usize, &Bytes)| keccak256([&index(place).to_be_bytes()[..], key].concat());
    let mut rows: Vec<Vec<B256>> = vec![keys.iter().enumerate().map(leaf).collect()];
    while rows[rows.len() - 1].len() > 1 {
        let above = rows[rows.len() - 1].chunks(2).map(|pair| match pair {
            [left, right] => keccak256([left.min(right).0, left.max(right).0].concat()),
            alone => alone[0],
        });
        rows.push(above.collect());
    }
    rows
}

fn path(rows: &[Vec<B256>], place: usize) -> Vec<B256> {
    let siblings = rows
        .iter()
        .enumerate()
        .map(|(level, row)| row.get((place >> level) ^ 1));
    siblings.take(rows.len() - 1).flatten().copied().collect()
}
