//! Where the FEVM is not what Ethereum is, and what our contracts make of it.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue};

use stheno_fevm::chain::{BLOCK_GAS, CHAIN_ID, Chain, MULTISIG};
use stheno_fevm::contracts::committee::CommitteeContract;
use stheno_fevm::contracts::double;
use stheno_fevm::contracts::doubles::FilecoinProbe::*;
use stheno_fevm::contracts::doubles::{Coin, Pairing, Truth};
use stheno_fevm::people::{Person, masked, precompile};
use stheno_fevm::vectors;

/// The actor that makes contracts: built in, and none of Ethereum's.
const EAM: u64 = 10;

alloy_sol_types::sol! {
    error MaskedId(address account);
}

/// A chain with somebody on it, and the contract that asks.
fn run(title: &str, flow: impl FnOnce(&mut Chain, &Person, Address) + Send) {
    let person = Person::named("somebody");
    stheno_fevm::run(title, vec![person.clone()], |chain| {
        let probe = chain.deploy_double(&person, &double("FilecoinProbe", "FilecoinProbe"));
        flow(chain, &person, probe);
    });
}

#[test]
fn sender_is_the_keys_address_or_a_mask() {
    run("Senders", |chain, person, probe| {
        let seen = chain.look(person, probe, &senderCall {});
        assert_eq!(
            (seen.sender_, seen.origin),
            (person.address, person.address)
        );
        let receipt = chain.attempt_natively(probe, &senderCall {});
        receipt.assert_success("a call from an f1 account");
        let seen = receipt.returned::<senderCall>();
        let mask = masked(chain.native_actor());
        assert_eq!((seen.sender_, seen.origin), (mask, mask));
        let kept = chain.attempt(
            person,
            probe,
            U256::ZERO,
            BLOCK_GAS,
            &keepableCall { account: mask },
        );
        kept.assert_reverted_with::<MaskedId>();
        chain.look(
            person,
            probe,
            &keepableCall {
                account: person.address,
            },
        );
    });
}

#[test]
fn operator_with_a_mask_is_refused() {
    run("Operators", |chain, person, _| {
        let committee = chain.deploy_double(person, &CommitteeContract::BYTECODE);
        let windows = CommitteeContract::Windows {
            deal: 1,
            complain: 1,
            answer: 1,
            confirm: 1,
            margin: 0,
            consentDelay: 0,
        };
        let call = CommitteeContract::createCommitteeCall {
            windows,
            devnet: true,
        };
        let committee_id = chain.arrange(person, committee, &call);
        let call = CommitteeContract::registerCall {
            committeeId: committee_id,
            identity: person.address,
            endpoint: "https://node.example.org".to_owned(),
            metadata: String::new(),
            identitySignature: Bytes::from(vec![0; 65]),
        };
        let refused = chain.attempt_natively(committee, &call);
        refused.assert_reverted_with::<CommitteeContract::UnusableOperator>();
    });
}

#[test]
fn block_is_the_epoch() {
    run("Blocks", |chain, person, probe| {
        for _ in 0..2 {
            let seen = chain.look(person, probe, &chainCall {});
            assert_eq!(seen.id, U256::from(CHAIN_ID));
            assert_eq!(seen.number, U256::from(chain.epoch()));
            assert_eq!(seen.time, U256::from(chain.time()));
            assert_eq!(seen.gasLimit, U256::from(BLOCK_GAS));
            chain.go_to(chain.epoch() + 7);
        }
    });
}

/// Where something is, there is code only if it is a contract, or an actor that is built in.
#[test]
fn code_is_of_contracts_and_built_in_actors() {
    run("Code", |chain, person, probe| {
        let placeholder = Address::repeat_byte(0x55);
        chain.endow(person, placeholder);
        let empty = keccak256([]);
        let kinds = [
            ("an account", person.address, 0, empty),
            ("a placeholder", placeholder, 0, empty),
            ("nothing", Address::repeat_byte(0x77), 0, B256::ZERO),
            ("an f1 account", masked(chain.native_actor()), 0, empty),
            ("a built-in actor", masked(EAM), 1, keccak256([0xfe])),
            ("a multisig", masked(MULTISIG), 1, keccak256([0xfe])),
            ("a precompile", precompile(0x0f), 0, empty),
            ("no precompile", precompile(0x0a), 0, B256::ZERO),
        ];
        for (what, account, length, hash) in kinds {
            let found = chain.look(person, probe, &codeCall { account });
            assert_eq!(
                (found.length, found.hash),
                (U256::from(length), hash),
                "{what}"
            );
        }
        assert!(
            chain
                .look(person, probe, &codeCall { account: probe })
                .length
                > U256::from(1_000)
        );
    });
}

/// A call to what is no contract succeeds, with nothing: no answer to any question.
#[test]
fn question_to_what_is_no_contract_is_unknown() {
    run("Questions", |chain, person, probe| {
        let placeholder = Address::repeat_byte(0x55);
        chain.endow(person, placeholder);
        let native = masked(chain.native_actor());
        let nobody = [
            person.address,
            placeholder,
            Address::repeat_byte(0x77),
            native,
            masked(EAM),
            masked(MULTISIG),
        ];
        let question: Bytes = Coin::balanceOfCall {
            account: person.address,
        }
        .abi_encode()
        .into();
        for target in nobody.into_iter().chain([0x0a, 0x12].map(precompile)) {
            let call = yesOrNoCall {
                target,
                question: question.clone(),
            };
            assert_eq!(chain.look(person, probe, &call), Truth::Unknown, "{target}");
            let call = atLeastCall {
                target,
                question: question.clone(),
                least: U256::ZERO,
            };
            assert_eq!(chain.look(person, probe, &call), Truth::Unknown, "{target}");
        }
        let coin = chain.deploy_double(person, &double("Tokens", "Coin"));
        let call = atLeastCall {
            target: coin,
            question,
            least: U256::ZERO,
        };
        assert_eq!(chain.look(person, probe, &call), Truth::True);
    });
}

#[test]
fn signature_is_of_a_key_whether_or_not_it_has_an_account() {
    run("Signatures", |chain, person, probe| {
        let (signer, digest) = (
            Person::named("who never sent anything"),
            keccak256("digest"),
        );
        let signature = Bytes::from(signer.sign(digest));
        let is_valid = |chain: &mut Chain, signer, signature: &Bytes| {
            chain.look(
                person,
                probe,
                &isValidCall {
                    signer,
                    digest,
                    signature: signature.clone(),
                },
            )
        };
        assert!(is_valid(chain, signer.address, &signature));
        chain.endow(person, signer.address);
        assert!(
            is_valid(chain, signer.address, &signature),
            "as a placeholder"
        );
        let own = Bytes::from(person.sign(digest));
        assert!(is_valid(chain, person.address, &own), "as an account");
        // Of a contract wallet: whatever its owner's key signed.
        let code = [
            &double("OwnedWallet", "OwnedWallet")[..],
            &signer.address.abi_encode(),
        ]
        .concat();
        let wallet = chain.deploy_double(person, &code);
        assert!(is_valid(chain, wallet, &signature));
        assert!(!is_valid(chain, wallet, &own));
        let native = masked(chain.native_actor());
        for other in [
            person.address,
            masked(EAM),
            masked(MULTISIG),
            native,
            probe,
            precompile(1),
            Address::ZERO,
        ] {
            assert!(!is_valid(chain, other, &signature), "{other}");
        }
    });
}

#[test]
fn precompile_that_is_missing_succeeds_with_nothing() {
    run("Precompiles", |chain, person, probe| {
        for missing in [0x0a, 0x12, 0xff].map(precompile) {
            let call = askCall {
                target: missing,
                gasLimit: U256::from(1_000_000_000),
                question: vec![1].into(),
            };
            let asked = chain.look(person, probe, &call);
            assert!(asked.done && asked.answer.is_empty(), "{missing}");
        }
    });
}

/// So it does not take twice the gas of a pairing, as it does on Ethereum, to have a verdict.
#[test]
fn precompile_ignores_the_gas_that_it_is_given() {
    run("Gas of precompiles", |chain, person, probe| {
        let pairs = pairs_of_one();
        for gas in [0u64, 1, BLOCK_GAS] {
            let call = pairingCheckCall {
                gasLimit: U256::from(gas),
                pairs: pairs.clone(),
            };
            assert_eq!(chain.look(person, probe, &call), Pairing::One);
        }
        let mut bad = pairs.to_vec();
        bad[40] ^= 1;
        let call = pairingCheckCall {
            gasLimit: U256::ZERO,
            pairs: bad.into(),
        };
        assert_eq!(chain.look(person, probe, &call), Pairing::Failure);
    });
}

#[test]
fn event_has_8_kib_of_values_and_no_more() {
    run("Events", |chain, person, probe| {
        // Beside the bytes: one topic, and two words in front of them.
        let most = 8_192 - 3 * 32;
        let attempt = |chain: &mut Chain, length: u64| {
            let call = emitBytesCall {
                length: U256::from(length),
            };
            chain.attempt(person, probe, U256::ZERO, BLOCK_GAS, &call)
        };
        assert!(attempt(chain, most).succeeded());
        assert!(!attempt(chain, most + 1).succeeded());
    });
}

/// The lock over all that moves money lies in such storage.
#[test]
fn transient_storage_is_empty_in_the_next_message() {
    run("Transient storage", |chain, person, probe| {
        for value in [1, 2].map(B256::repeat_byte) {
            let before = chain.look(person, probe, &keepCall { value });
            assert_eq!(before, B256::ZERO);
        }
    });
}

/// `e(P1, −P2)·e(P1, P2)`.
fn pairs_of_one() -> Bytes {
    let onchain = vectors::read("tests/vectors/crypto-onchain.json");
    let generator = onchain["openedKeys"].as_array().expect("a list");
    let generator = generator
        .iter()
        .find(|case| case["name"] == "the generator")
        .expect("its case");
    let g1 = vectors::bytes(&generator["key"]);
    let points = vectors::read("contracts/test/vectors/g2.json");
    // Factors 1 and r − 1.
    let (g2, negative) = (
        vectors::bytes(&points["points"][0]),
        vectors::bytes(&points["points"][5]),
    );
    [&g1[..], &g2, &g1, &negative].concat().into()
}
