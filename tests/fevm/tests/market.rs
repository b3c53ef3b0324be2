//! Data sold, paid for, and shared out.

use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use alloy_sol_types::{SolCall, SolError, SolValue};

use stheno_fevm::chain::{BLOCK_GAS, Chain, MULTISIG};
use stheno_fevm::contracts::access_registry::AccessRegistryContract;
use stheno_fevm::contracts::catalogue::CatalogueContract;
use stheno_fevm::contracts::double;
use stheno_fevm::contracts::doubles::{Coin, Reentrant};
use stheno_fevm::contracts::pay_per_access::PayPerAccessContract::{self, *};
use stheno_fevm::contracts::splitter::SplitterContract::{self, claimCall};
use stheno_fevm::people::{Person, masked};
use stheno_fevm::run;

use crate::split_tree::{SumTree, share};

const FIL: Address = Address::ZERO;
/// A CID of a raw block.
const CID: [u8; 36] =
    hex!("0155122000112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");

fn price() -> U256 {
    U256::from(5_000_000_000_000_000_000u64)
}

#[test]
fn purchase_is_read_and_shared_out() {
    let people = ["owner", "buyer", "another buyer"].map(Person::named);
    run("Market", people.to_vec(), |chain| {
        let [owner, buyer, other] = people;
        let registry = chain.deploy(
            "AccessRegistry",
            &owner,
            &AccessRegistryContract::BYTECODE,
            &[],
        );
        let arguments = registry.abi_encode();
        let till = chain.deploy(
            "PayPerAccess",
            &owner,
            &PayPerAccessContract::BYTECODE,
            &arguments,
        );
        let catalogue = chain.deploy(
            "Catalogue",
            &owner,
            &CatalogueContract::BYTECODE,
            &arguments,
        );
        let coin = chain.deploy_double(&owner, &double("Tokens", "Coin"));
        let call = AccessRegistryContract::registerCall { salt: B256::ZERO };
        let item = chain.arrange(&owner, registry, &call);
        let tree = SumTree::new(10_000);
        let arguments = (tree.root().0, tree.root().1).abi_encode();
        let splitter = chain.deploy("Splitter", &owner, &SplitterContract::BYTECODE, &arguments);

        // In FIL, with more than it costs: the rest comes back.
        chain.act(
            "PayPerAccess.setPrice",
            &owner,
            till,
            &setPriceCall {
                id: item,
                price: asked(FIL, splitter),
            },
        );
        list(chain, &owner, catalogue, till, item);
        let before = chain.balance(buyer.address);
        let call = buy(item, &buyer, FIL);
        chain.pay(
            "PayPerAccess.buyFor, FIL",
            &buyer,
            till,
            price() * U256::from(2),
            &call,
        );
        assert_eq!(before - chain.balance(buyer.address), price());
        assert_eq!(chain.balance(till), price());
        assert_reads(chain, till, item, &buyer, true);
        assert_reads(chain, till, item, &other, false);

        // In a token.
        chain.arrange(
            &owner,
            till,
            &setPriceCall {
                id: item,
                price: asked(coin, splitter),
            },
        );
        chain.arrange(
            &other,
            coin,
            &Coin::mintCall {
                to: other.address,
                amount: price(),
            },
        );
        chain.act(
            "ERC-20 approve",
            &other,
            coin,
            &Coin::approveCall {
                spender: till,
                amount: price(),
            },
        );
        chain.act(
            "PayPerAccess.buyFor, ERC-20",
            &other,
            till,
            &buy(item, &other, coin),
        );
        assert_reads(chain, till, item, &other, true);

        // Shared out among ten thousand.
        for (token, what) in [(FIL, "FIL"), (coin, "ERC-20")] {
            let call = withdrawCall {
                account: splitter,
                token,
            };
            chain.act(
                &format!("PayPerAccess.withdraw, {what}"),
                &owner,
                till,
                &call,
            );
            let call = claimCall {
                token,
                share: share(5_000),
                path: tree.path(5_000),
            };
            chain.act(
                &format!("Splitter.claim, of 10000, {what}"),
                &owner,
                splitter,
                &call,
            );
        }
        let contributor = share(5_000);
        let due = price() / tree.root().1 * contributor.shares;
        let paid = chain.balance(contributor.account);
        assert!(
            paid >= due && paid <= due + contributor.shares,
            "{paid}, not {due}"
        );
        let call = Coin::balanceOfCall {
            account: contributor.account,
        };
        assert_eq!(chain.look(&owner, coin, &call), paid);
        // The transient lock is open again, and there is nothing left to claim.
        let call = claimCall {
            token: FIL,
            share: share(5_000),
            path: tree.path(5_000),
        };
        let again = chain.attempt(&owner, splitter, U256::ZERO, BLOCK_GAS, &call);
        again.assert_reverted_with::<SplitterContract::NothingToClaim>();
    });
}

/// A buyer who withdraws while his change comes back: the transient lock holds across calls, each of which is a message
/// of its own on Filecoin.
#[test]
fn purchase_is_not_reentered_while_change_comes_back() {
    let owner = Person::named("owner");
    run("Reentrancy", vec![owner.clone()], |chain| {
        let registry = chain.deploy_double(&owner, &AccessRegistryContract::BYTECODE);
        let code = [&PayPerAccessContract::BYTECODE[..], &registry.abi_encode()].concat();
        let till = chain.deploy_double(&owner, &code);
        let buyer = chain.deploy_double(&owner, &double("Reentrant", "Reentrant"));
        let call = AccessRegistryContract::registerCall { salt: B256::ZERO };
        let item = chain.arrange(&owner, registry, &call);
        chain.arrange(
            &owner,
            till,
            &setPriceCall {
                id: item,
                price: asked(FIL, buyer),
            },
        );

        let (item, reader, token, price) = (item, buyer, FIL, price());
        let purchase = buyForCall {
            item,
            reader,
            token,
            price,
            consent: Bytes::new(),
        };
        let again = withdrawCall {
            account: buyer,
            token: FIL,
        };
        let twice = price * U256::from(2);
        let call = Reentrant::actCall {
            target: till,
            value: twice,
            data: purchase.abi_encode().into(),
            question: again.abi_encode().into(),
        };
        let receipt = chain.attempt(&owner, buyer, twice, BLOCK_GAS, &call);
        receipt.assert_success("a purchase with change");
        assert!(chain.look(&owner, buyer, &Reentrant::calledCall {}));
        assert!(!chain.look(&owner, buyer, &Reentrant::succeededCall {}));
        let answer = chain.look(&owner, buyer, &Reentrant::answerCall {});
        assert_eq!(answer, ReentrancyGuardReentrantCall {}.abi_encode());
        assert_eq!((chain.balance(buyer), chain.balance(till)), (price, price));
        // With the lock open, the same call is carried out.
        chain.arrange(&owner, till, &again);
        assert_eq!(
            (chain.balance(buyer), chain.balance(till)),
            (twice, U256::ZERO)
        );
    });
}

/// A multisig has code, and takes every call: a transfer of such a "token" seems to succeed, as one of a token that returns
/// nothing does. But it tells no balance.
#[test]
fn purchase_fails_if_the_token_is_an_actor_that_is_built_in() {
    let owner = Person::named("owner");
    run("Tokens", vec![owner.clone()], |chain| {
        let registry = chain.deploy_double(&owner, &AccessRegistryContract::BYTECODE);
        let code = [&PayPerAccessContract::BYTECODE[..], &registry.abi_encode()].concat();
        let till = chain.deploy_double(&owner, &code);
        let call = AccessRegistryContract::registerCall { salt: B256::ZERO };
        let item = chain.arrange(&owner, registry, &call);
        let token = masked(MULTISIG);
        let call = setPriceCall {
            id: item,
            price: asked(token, owner.address),
        };
        chain.arrange(&owner, till, &call);
        let transfer = Coin::approveCall {
            spender: till,
            amount: price(),
        };
        let taken = chain.attempt(&owner, token, U256::ZERO, BLOCK_GAS, &transfer);
        assert!(
            taken.succeeded() && taken.data.is_empty(),
            "exit {}, {}",
            taken.exit,
            taken.data
        );
        let bought = chain.attempt(
            &owner,
            till,
            U256::ZERO,
            BLOCK_GAS,
            &buy(item, &owner, token),
        );
        assert_eq!(bought.exit, 33, "{}", bought.failure);
        assert_reads(chain, till, item, &owner, false);
    });
}

fn list(chain: &mut Chain, owner: &Person, catalogue: Address, till: Address, item: B256) {
    let listing = CatalogueContract::Listing {
        title: "Whales".to_owned(),
        manifest: Bytes::from(CID),
        sample: Bytes::from(CID),
        size: 1 << 40,
        network: keccak256("network"),
        dataSet: U256::from(7),
        offer: till,
    };
    let call = CatalogueContract::listCall {
        item,
        listing: listing.clone(),
    };
    chain.act("Catalogue.list", owner, catalogue, &call);
    let entry = chain.look(owner, catalogue, &CatalogueContract::entryOfCall { item });
    assert_eq!((entry.seller, entry.listing), (owner.address, listing));
}

fn buy(item: B256, reader: &Person, token: Address) -> buyForCall {
    buyForCall {
        item,
        reader: reader.address,
        token,
        price: price(),
        consent: Bytes::new(),
    }
}

fn asked(token: Address, payee: Address) -> Price {
    Price {
        token,
        amount: price(),
        payee,
        licence: B256::ZERO,
        duration: u64::MAX,
        expires: u64::MAX,
    }
}

fn assert_reads(chain: &mut Chain, till: Address, item: B256, reader: &Person, expected: bool) {
    let call = canReadCall {
        reader: reader.address,
        item,
        _2: Bytes::new(),
    };
    assert_eq!(chain.look(reader, till, &call), expected);
}
