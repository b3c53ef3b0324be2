//! Uses that are recorded: proofs made for contracts on this chain, once for an item and a period.

use alloy_primitives::{Address, B256, U256, U512};
use alloy_sol_types::SolValue;
use stheno_circuits::Circuit;

use stheno_fevm::chain::{BLOCK_GAS, CHAIN_ID, Chain};
use stheno_fevm::contracts::access_registry::AccessRegistryContract::{self, Term};
use stheno_fevm::contracts::groth16_verifier::Groth16VerifierContract::InputNotCanonical;
use stheno_fevm::contracts::nullifiers::NullifiersContract::{self, *};
use stheno_fevm::gas::OF_A_PROOF;
use stheno_fevm::people::{Person, masked};
use stheno_fevm::receipt::Receipt;
use stheno_fevm::run;

use super::groups::{change, deploy_owned};
use super::members::Members;
use super::{Proven, R, WINDOW, deploy_verifier};

const EXIT_OUT_OF_GAS: u32 = 7;
/// The kind of a term that asks a contract, by its number.
const CONDITION: u8 = 7;
const DAY: u64 = 86_400;
const EPOCHS_OF_A_DAY: u64 = 2_880;
const ITEM: B256 = B256::repeat_byte(0x17);

#[test]
fn use_counts_once_in_a_period_and_is_read() {
    let people = ["owner", "relayer", "reader", "another reader"].map(Person::named);
    run("Nullifiers", people.to_vec(), |chain| {
        let [owner, relayer, reader, other] = people;
        let members = Members::of(Circuit::MEMBERSHIP_20);
        let record = Record::deploy(chain, &owner, &members);
        chain.arrange(&owner, record.group, &change(0, members.root(), false));
        assert!(!record.can_read(chain, &reader));

        let proven = record.prove(chain, &members, 1, &reader, 1);
        let what = record.named("Nullifiers.use");
        let receipt = record.use_it(chain, &relayer, &reader, &proven);
        receipt.assert_success(&what);
        chain.record(what, &receipt, OF_A_PROOF);
        let event = Used {
            item: ITEM,
            period: 0,
            recipient: reader.address,
            nullifier: proven.inputs[1],
            root: proven.inputs[0],
        };
        assert_eq!(receipt.events_of::<Used>(), [event]);
        assert!(chain.act(
            "Nullifiers.canRead",
            &owner,
            record.nullifiers,
            &can_read(&reader, ITEM)
        ));
        assert!(!record.can_read(chain, &other));
        let another = B256::repeat_byte(0x18);
        assert!(!chain.look(&owner, record.nullifiers, &can_read(&reader, another)));

        // The same proof, another one of the same use, the same member for somebody else.
        let again = record.prove(chain, &members, 1, &reader, 2);
        assert_ne!(proven.proof, again.proof);
        let elsewhere = record.prove(chain, &members, 1, &other, 1);
        for (recipient, proven) in [(&reader, &proven), (&reader, &again), (&other, &elsewhere)] {
            let receipt = record.use_it(chain, &relayer, recipient, proven);
            receipt.assert_reverted_with::<AlreadyUsed>();
        }
        // Another member, sent by an account of an `f1` key.
        let second = record.prove(chain, &members, 2, &other, 1);
        let receipt =
            chain.attempt_natively(record.nullifiers, &record.call(other.address, &second));
        receipt.assert_success("a use that an f1 account sends");
        assert!(record.can_read(chain, &other));

        // In the next period nobody reads, and everybody may again.
        chain.go_to(chain.epoch() + EPOCHS_OF_A_DAY);
        assert!(!record.can_read(chain, &reader));
        let stale = record.use_it(chain, &relayer, &reader, &proven);
        stale.assert_reverted_with::<WrongScope>();
        let proven = record.prove(chain, &members, 1, &reader, 1);
        record
            .use_it(chain, &relayer, &reader, &proven)
            .assert_success("in the next period");
        assert!(record.can_read(chain, &reader));
    });
}

#[test]
fn use_is_refused_for_whom_and_what_the_proof_does_not_name() {
    let people = ["owner", "thief", "reader"].map(Person::named);
    run("Nullifiers, refused", people.to_vec(), |chain| {
        let [owner, thief, reader] = people;
        let members = Members::of(Circuit::MEMBERSHIP_20);
        let record = chain.unrecorded(|chain| Record::deploy(chain, &owner, &members));
        chain.arrange(&owner, record.group, &change(0, members.root(), false));
        let proven = record.prove(chain, &members, 1, &reader, 1);

        record
            .use_it(chain, &thief, &thief, &proven)
            .assert_reverted_with::<WrongBinding>();
        let mut call = record.call(reader.address, &proven);
        call.item = B256::repeat_byte(0x18);
        let receipt = chain.attempt(&thief, record.nullifiers, U256::ZERO, BLOCK_GAS, &call);
        receipt.assert_reverted_with::<WrongScope>();
        let native = record.call(masked(chain.native_actor()), &proven);
        let receipt = chain.attempt(&thief, record.nullifiers, U256::ZERO, BLOCK_GAS, &native);
        receipt.assert_reverted_with::<MaskedId>();
        let mut altered = proven.clone();
        altered.inputs[1] ^= U256::ONE;
        record
            .use_it(chain, &thief, &reader, &altered)
            .assert_reverted_with::<InvalidProof>();
        let mut second_name = proven.clone();
        second_name.inputs[1] += R;
        record
            .use_it(chain, &thief, &reader, &second_name)
            .assert_reverted_with::<InputNotCanonical>();
        // Of the same members, elsewhere.
        let other = chain.unrecorded(|chain| Record::deploy(chain, &owner, &members));
        chain.arrange(&owner, other.group, &change(0, members.root(), false));
        other
            .use_it(chain, &thief, &reader, &proven)
            .assert_reverted_with::<WrongScope>();

        // Short of gas nothing is recorded, and the proof is as good as before.
        let call = record.call(reader.address, &proven);
        let starved = chain.attempt(&thief, record.nullifiers, U256::ZERO, 1_500_000_000, &call);
        assert!(
            !starved.succeeded() && starved.data.is_empty(),
            "{}",
            starved.failure
        );
        assert!(
            [EXIT_OUT_OF_GAS, 33].contains(&starved.exit),
            "{}",
            starved.exit
        );
        assert!(!record.can_read(chain, &reader));
        record
            .use_it(chain, &thief, &reader, &proven)
            .assert_success("as it is, by whomever");
        assert!(record.can_read(chain, &reader));
    });
}

#[test]
fn use_is_by_a_root_that_is_valid() {
    let people = ["owner", "reader"].map(Person::named);
    run("Nullifiers, roots", people.to_vec(), |chain| {
        let [owner, reader] = people;
        let mut members = Members::of(Circuit::MEMBERSHIP_20);
        let record = chain.unrecorded(|chain| Record::deploy(chain, &owner, &members));
        let early = record.prove(chain, &members, 1, &reader, 1);
        record
            .use_it(chain, &owner, &reader, &early)
            .assert_reverted_with::<RootNotValid>();
        chain.arrange(&owner, record.group, &change(0, members.root(), false));
        let proofs = [1, 2, 3].map(|who| record.prove(chain, &members, who, &reader, 1));

        // Somebody joins: proofs that are on their way are taken until the window ends.
        members.join(4);
        chain.arrange(&owner, record.group, &change(1, members.root(), false));
        record
            .use_it(chain, &owner, &reader, &proofs[0])
            .assert_success("by the root before");
        chain.go_to(chain.epoch() + WINDOW / 30);
        record
            .use_it(chain, &owner, &reader, &proofs[1])
            .assert_reverted_with::<RootNotValid>();
        let fresh = record.prove(chain, &members, 2, &reader, 1);
        record
            .use_it(chain, &owner, &reader, &fresh)
            .assert_success("by the root that is");

        // Somebody has to go at once.
        let by_the_last = record.prove(chain, &members, 3, &reader, 1);
        members.leave(3);
        chain.arrange(&owner, record.group, &change(2, members.root(), true));
        for proven in [&proofs[2], &by_the_last] {
            record
                .use_it(chain, &owner, &reader, proven)
                .assert_reverted_with::<RootNotValid>();
        }
    });
}

/// With bounds, and by a term of the registry's.
#[test]
fn use_of_a_credential_is_a_term_of_the_registry() {
    let people = ["owner", "reader", "another reader"].map(Person::named);
    run("Nullifiers, credential", people.to_vec(), |chain| {
        let [owner, reader, other] = people;
        let members = Members::of(Circuit::CREDENTIAL_20);
        let mut record = Record::deploy(chain, &owner, &members);
        assert_eq!(
            chain.look(&owner, record.nullifiers, &boundsCall {}),
            members.bounds()
        );
        chain.arrange(&owner, record.group, &change(0, members.root(), false));
        let registry = chain.deploy_double(&owner, &AccessRegistryContract::BYTECODE);
        let call = AccessRegistryContract::registerCall { salt: B256::ZERO };
        record.item = chain.arrange(&owner, registry, &call);
        let terms = vec![Term {
            ask: CONDITION,
            parts: 0,
            target: record.nullifiers,
            id: U256::ZERO,
            least: U256::ZERO,
        }];
        let call = AccessRegistryContract::setTermsCall {
            id: record.item,
            terms,
        };
        chain.arrange(&owner, registry, &call);
        let ask = |reader: &Person| AccessRegistryContract::canReadCall {
            reader: reader.address,
            item: record.item,
            context: Default::default(),
        };
        assert!(!chain.look(&owner, registry, &ask(&reader)));

        let proven = record.prove(chain, &members, 1, &reader, 1);
        let mut eased = proven.clone();
        eased.inputs[6] = U256::from(17);
        record
            .use_it(chain, &owner, &reader, &eased)
            .assert_reverted_with::<WrongBounds>();
        let mut dated_back = proven.clone();
        dated_back.inputs[12] = U256::from(chain.time() - 1);
        record
            .use_it(chain, &owner, &reader, &dated_back)
            .assert_reverted_with::<WrongTime>();
        let receipt = record.use_it(chain, &owner, &reader, &proven);
        receipt.assert_success("a use");
        chain.record(record.named("Nullifiers.use"), &receipt, OF_A_PROOF);
        let what = "AccessRegistry.canRead, a term that asks Nullifiers";
        assert!(chain.act(what, &owner, registry, &ask(&reader)));
        assert!(!chain.look(&owner, registry, &ask(&other)));
        chain.go_to(chain.epoch() + EPOCHS_OF_A_DAY);
        assert!(!chain.look(&owner, registry, &ask(&reader)));
    });
}

/// A group, a verifier and the record of uses, and what is used.
struct Record {
    group: Address,
    nullifiers: Address,
    item: B256,
    inputs: usize,
}

impl Record {
    /// Of periods of a day, the first of which begins now.
    fn deploy(chain: &mut Chain, owner: &Person, members: &Members) -> Self {
        let verifier = deploy_verifier(chain, owner, &members.verifying_key());
        let group = deploy_owned(chain, owner);
        let inputs = members.inputs();
        let arguments = (group, verifier, chain.time(), DAY, members.bounds()).abi_encode_params();
        let what = format!("Nullifiers, {inputs} inputs");
        let nullifiers = chain.deploy(&what, owner, &NullifiersContract::BYTECODE, &arguments);
        Self {
            group,
            nullifiers,
            item: ITEM,
            inputs,
        }
    }

    fn named(&self, call: &str) -> String {
        format!("{call}, {} inputs", self.inputs)
    }

    /// A member's proof for now and this recipient. Scope and binding are computed here, and are the contract's.
    fn prove(
        &self,
        chain: &mut Chain,
        members: &Members,
        who: u8,
        recipient: &Person,
        randomness: u8,
    ) -> Proven {
        let period = chain.look(recipient, self.nullifiers, &currentPeriodCall {});
        let chain_id = CHAIN_ID.to_be_bytes();
        let place = [&chain_id[..], self.nullifiers.as_slice()].concat();
        let scope = [&place[..], self.item.as_slice(), &period.to_be_bytes()].concat();
        let scope = to_scalar(b"STHENO-V1-NULLIFIER-SCOPE", &scope);
        let binding = [&place[..], recipient.address.as_slice()].concat();
        let binding = to_scalar(b"STHENO-V1-NULLIFIER-BINDING", &binding);
        let call = scopeOfCall {
            item: self.item,
            period,
        };
        assert_eq!(chain.look(recipient, self.nullifiers, &call), scope);
        let call = bindingOfCall {
            recipient: recipient.address,
        };
        assert_eq!(chain.look(recipient, self.nullifiers, &call), binding);
        members.prove(who, scope, binding, randomness)
    }

    fn use_it(
        &self,
        chain: &mut Chain,
        by: &Person,
        recipient: &Person,
        proven: &Proven,
    ) -> Receipt {
        let call = self.call(recipient.address, proven);
        chain.attempt(by, self.nullifiers, U256::ZERO, BLOCK_GAS, &call)
    }

    fn call(&self, recipient: Address, proven: &Proven) -> useCall {
        useCall {
            item: self.item,
            recipient,
            inputs: proven.inputs.clone(),
            proof: proven.proof.clone(),
        }
    }

    fn can_read(&self, chain: &mut Chain, reader: &Person) -> bool {
        chain.look(reader, self.nullifiers, &can_read(reader, self.item))
    }
}

fn can_read(reader: &Person, item: B256) -> canReadCall {
    canReadCall {
        reader: reader.address,
        item,
        _2: Default::default(),
    }
}

/// `hash_to_field` of RFC 9380 with SHA-256, into the scalars.
fn to_scalar(tag: &[u8], message: &[u8]) -> U256 {
    let uniform = stheno_crypto::expand_message::<48>(tag, &[message]);
    let wide = U512::from_be_slice(&uniform[..]) % U512::from(R);
    U256::from_limbs_slice(&wide.as_limbs()[..4])
}
