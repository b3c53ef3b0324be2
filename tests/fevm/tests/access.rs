//! Terms of access, set and asked.

use alloy_primitives::{Address, B256, U256};

use stheno_fevm::chain::{BLOCK_GAS, MULTISIG};
use stheno_fevm::contracts::access_registry::AccessRegistryContract::{self, *};
use stheno_fevm::contracts::double;
use stheno_fevm::contracts::doubles::Coin;
use stheno_fevm::people::{Person, masked, precompile};
use stheno_fevm::run;

/// Kinds of terms, by their numbers.
const GRANTED: u8 = 1;
const HOLDS_20: u8 = 3;
const ALL: u8 = 8;
const ANY: u8 = 9;

#[test]
fn registry_answers_by_its_terms() {
    let (owner, reader) = (Person::named("owner"), Person::named("reader"));
    run(
        "AccessRegistry",
        vec![owner.clone(), reader.clone()],
        |chain| {
            let registry = chain.deploy(
                "AccessRegistry",
                &owner,
                &AccessRegistryContract::BYTECODE,
                &[],
            );
            let coin = chain.deploy_double(&owner, &double("Tokens", "Coin"));
            let salt = B256::repeat_byte(1);
            let item = chain.act("register", &owner, registry, &registerCall { salt });
            let expected = chain.look(
                &owner,
                registry,
                &itemIdCall {
                    owner: owner.address,
                    salt,
                },
            );
            assert_eq!(item, expected);

            let terms = vec![term(GRANTED), holds(coin), parts(ANY, 2)];
            chain.act(
                "setTerms, 3 terms",
                &owner,
                registry,
                &setTermsCall { id: item, terms },
            );
            let ask = canReadCall {
                reader: reader.address,
                item,
                context: Default::default(),
            };
            assert!(!chain.look(&reader, registry, &ask));

            let call = grantCall {
                id: item,
                readers: vec![reader.address],
                until: u64::MAX,
            };
            chain.act("grant, 1 reader", &owner, registry, &call);
            assert!(chain.act("canRead, 3 terms", &reader, registry, &ask));
            let call = revokeCall {
                id: item,
                readers: vec![reader.address],
            };
            chain.act("revoke, 1 reader", &owner, registry, &call);
            assert!(!chain.look(&reader, registry, &ask));

            let mint = Coin::mintCall {
                to: reader.address,
                amount: U256::ONE,
            };
            chain
                .attempt(&owner, coin, U256::ZERO, BLOCK_GAS, &mint)
                .assert_success("mint");
            assert!(chain.look(&reader, registry, &ask));

            let readers = (0..100).map(|n| Address::with_last_byte(100 + n)).collect();
            chain.act(
                "grant, 100 readers",
                &owner,
                registry,
                &grantCall {
                    id: item,
                    readers,
                    until: u64::MAX,
                },
            );
            let terms = (0..15)
                .map(|_| holds(coin))
                .chain([parts(ALL, 15)])
                .collect();
            chain.act(
                "setTerms, 16 terms",
                &owner,
                registry,
                &setTermsCall { id: item, terms },
            );
            assert!(chain.act("canRead, 16 terms", &reader, registry, &ask));

            let collection = chain.act(
                "createCollection",
                &owner,
                registry,
                &createCollectionCall { salt },
            );
            let period = chain.act("begin", &owner, registry, &beginCall { collection, salt });
            let found = chain.look(&owner, registry, &resourceCall { id: period });
            assert_eq!((found.collection, found.begun), (collection, chain.time()));
        },
    );
}

/// An account of an `f1` key is nobody who can keep an item: its number can change until it is final.
#[test]
fn registry_refuses_accounts_that_cannot_be_kept() {
    let owner = Person::named("owner");
    run("AccessRegistry, refused", vec![owner.clone()], |chain| {
        let registry = chain.deploy_double(&owner, &AccessRegistryContract::BYTECODE);
        let receipt = chain.attempt_natively(registry, &registerCall { salt: B256::ZERO });
        receipt.assert_reverted_with::<MaskedId>();
        let item = chain.arrange(&owner, registry, &registerCall { salt: B256::ZERO });
        let native = masked(chain.native_actor());
        let call = grantCall {
            id: item,
            readers: vec![native],
            until: u64::MAX,
        };
        chain
            .attempt(&owner, registry, U256::ZERO, BLOCK_GAS, &call)
            .assert_reverted_with::<MaskedId>();
    });
}

/// What a term asks may be no contract: an account, a placeholder, nothing, an actor that is none of Ethereum's. None
/// of them answers, so none of them denies or grants.
#[test]
fn registry_is_undecided_if_a_term_asks_what_is_no_contract() {
    let (owner, reader) = (Person::named("owner"), Person::named("reader"));
    run(
        "AccessRegistry, undecided",
        vec![owner.clone(), reader.clone()],
        |chain| {
            let registry = chain.deploy_double(&owner, &AccessRegistryContract::BYTECODE);
            let item = chain.arrange(&owner, registry, &registerCall { salt: B256::ZERO });
            let sha256 = precompile(2);
            let accounts = [
                reader.address,
                Address::repeat_byte(0x77),
                masked(chain.native_actor()),
                sha256,
            ];
            for account in accounts {
                let call = setTermsCall {
                    id: item,
                    terms: vec![holds(account)],
                };
                let receipt = chain.attempt(&owner, registry, U256::ZERO, BLOCK_GAS, &call);
                receipt.assert_reverted_with::<NoContract>();
            }
            // A built-in actor has the code 0xfe, and so passes for a contract.
            let native = masked(MULTISIG);
            chain.arrange(
                &owner,
                registry,
                &setTermsCall {
                    id: item,
                    terms: vec![holds(native)],
                },
            );
            let ask = canReadCall {
                reader: reader.address,
                item,
                context: Default::default(),
            };
            chain
                .attempt(&reader, registry, U256::ZERO, BLOCK_GAS, &ask)
                .assert_reverted_with::<Undecided>();
        },
    );
}

fn term(ask: u8) -> Term {
    Term {
        ask,
        parts: 0,
        target: Address::ZERO,
        id: U256::ZERO,
        least: U256::ZERO,
    }
}

fn holds(token: Address) -> Term {
    Term {
        target: token,
        least: U256::ONE,
        ..term(HOLDS_20)
    }
}

fn parts(ask: u8, parts: u8) -> Term {
    Term { parts, ..term(ask) }
}
