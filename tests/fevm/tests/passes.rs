//! Passes, subscriptions, escrow, and a purchase that somebody else sends.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolConstructor, SolStruct, eip712_domain};

use stheno_fevm::chain::{CHAIN_ID, Chain};
use stheno_fevm::contracts::access_pass::AccessPassContract;
use stheno_fevm::contracts::access_registry::AccessRegistryContract;
use stheno_fevm::contracts::bought;
use stheno_fevm::contracts::data_pass::DataPassContract;
use stheno_fevm::contracts::double;
use stheno_fevm::contracts::doubles::{Coin, PdpVerifierDouble};
use stheno_fevm::contracts::escrow::EscrowContract;
use stheno_fevm::contracts::pay_per_access::PayPerAccessContract::{
    self, buyBySignatureCall, canReadCall, setPriceCall,
};
use stheno_fevm::contracts::subscription::SubscriptionContract;
use stheno_fevm::people::Person;
use stheno_fevm::run;

const FIL: Address = Address::ZERO;
const MONTH: u64 = 30 * 24 * 60 * 60;

fn price() -> U256 {
    U256::from(5_000_000_000_000_000_000u64)
}

#[test]
fn passes_are_sold_and_read() {
    let people = ["owner", "buyer"].map(Person::named);
    run("Passes", people.to_vec(), |chain| {
        let [owner, buyer] = people;
        let (name_, symbol_) = ("Data set 1".to_owned(), "DS1".to_owned());
        let arguments = AccessPassContract::constructorCall {
            name_,
            symbol_,
            price_: price(),
            owner_: owner.address,
        };
        let pass = chain.deploy(
            "AccessPass",
            &owner,
            &AccessPassContract::BYTECODE,
            &arguments.abi_encode(),
        );
        chain.pay(
            "AccessPass.buy",
            &buyer,
            pass,
            price(),
            &AccessPassContract::buyCall {},
        );
        assert_reads(chain, pass, B256::ZERO, &buyer, true);
        assert_reads(chain, pass, B256::ZERO, &owner, false);

        let (name_, symbol_) = ("Data set 1".to_owned(), "DS1".to_owned());
        let price_ = DataPassContract::Price {
            token: FIL,
            amount: price(),
            payee: owner.address,
            licence: B256::ZERO,
            duration: u64::MAX,
            expires: u64::MAX,
        };
        let arguments = DataPassContract::constructorCall {
            name_,
            symbol_,
            owner_: owner.address,
            price_,
        };
        let pass = chain.deploy(
            "DataPass",
            &owner,
            &DataPassContract::BYTECODE,
            &arguments.abi_encode(),
        );
        chain.pay(
            "DataPass.buyFor, FIL",
            &buyer,
            pass,
            price(),
            &buy(B256::ZERO, &buyer),
        );
        assert_reads(chain, pass, B256::ZERO, &buyer, true);

        let (name_, symbol_) = ("Club".to_owned(), "CLUB".to_owned());
        let price_ = SubscriptionContract::Price {
            token: FIL,
            amount: price(),
            payee: owner.address,
            licence: B256::ZERO,
            duration: MONTH,
            expires: u64::MAX,
        };
        let arguments = SubscriptionContract::constructorCall {
            name_,
            symbol_,
            owner_: owner.address,
            price_,
            grace_: 0,
        };
        let club = chain.deploy(
            "Subscription",
            &owner,
            &SubscriptionContract::BYTECODE,
            &arguments.abi_encode(),
        );
        chain.pay(
            "Subscription.buyFor, FIL",
            &buyer,
            club,
            price(),
            &buy(B256::ZERO, &buyer),
        );
        let call = SubscriptionContract::renewSubscriptionCall {
            tokenId: U256::ONE,
            duration: MONTH,
        };
        chain.pay(
            "Subscription.renewSubscription, FIL",
            &buyer,
            club,
            price(),
            &call,
        );
        assert_reads(chain, club, B256::ZERO, &buyer, true);
        chain.go_to(chain.epoch() + 2 * MONTH / 30);
        assert_reads(chain, club, B256::ZERO, &buyer, false);
    });
}

/// A data set that is no longer proven: the buyer has his money back.
#[test]
fn escrow_is_given_back_when_the_proof_lapsed() {
    let people = ["owner", "buyer"].map(Person::named);
    run("Escrow", people.to_vec(), |chain| {
        let [owner, buyer] = people;
        let registry = chain.deploy_double(&owner, &AccessRegistryContract::BYTECODE);
        let item = register(chain, &owner, registry);
        let proofs = chain.deploy_double(&owner, &double("FilecoinStorage", "PdpVerifierDouble"));
        let (set_id, last) = (U256::from(7), U256::from(chain.epoch()));
        let call = PdpVerifierDouble::putCall {
            setId: set_id,
            live: true,
            lastProvenEpoch: last,
        };
        chain.arrange(&owner, proofs, &call);
        let arguments = EscrowContract::constructorCall {
            registry_: registry,
            verifier_: proofs,
        };
        let escrow = chain.deploy(
            "Escrow",
            &owner,
            &EscrowContract::BYTECODE,
            &arguments.abi_encode(),
        );
        let guarantee = EscrowContract::Guarantee {
            dataSet: set_id,
            term: 1_000,
            window: 100,
        };
        let asked = EscrowContract::Price {
            token: FIL,
            amount: price(),
            payee: owner.address,
            licence: B256::ZERO,
            duration: u64::MAX,
            expires: u64::MAX,
        };
        let call = EscrowContract::setSaleCall {
            id: item,
            price: asked,
            guarantee,
        };
        let sale = chain.act("Escrow.setSale", &owner, escrow, &call);
        chain.pay(
            "Escrow.buyFor, FIL",
            &buyer,
            escrow,
            price(),
            &buy(sale, &buyer),
        );
        assert_reads(chain, escrow, item, &buyer, true);
        chain.go_to(chain.epoch() + 101);
        chain.act(
            "Escrow.settle, refund",
            &owner,
            escrow,
            &EscrowContract::settleCall { deposit: U256::ONE },
        );
        let call = EscrowContract::owedCall {
            account: buyer.address,
            token: FIL,
        };
        assert_eq!(chain.look(&buyer, escrow, &call), price());
    });
}

/// The buyer signs, and needs no FIL: a relayer sends it.
#[test]
fn signed_purchase_is_carried_out_for_a_buyer_without_fil() {
    let (owner, relayer, buyer) = (
        Person::named("owner"),
        Person::named("relayer"),
        Person::named("who never sent anything"),
    );
    run(
        "Purchase by signature",
        vec![owner.clone(), relayer.clone()],
        |chain| {
            let registry = chain.deploy_double(&owner, &AccessRegistryContract::BYTECODE);
            let item = register(chain, &owner, registry);
            let arguments = PayPerAccessContract::constructorCall {
                registry_: registry,
            };
            let code = [&PayPerAccessContract::BYTECODE[..], &arguments.abi_encode()].concat();
            let till = chain.deploy_double(&owner, &code);
            let coin = chain.deploy_double(&owner, &double("Tokens", "Coin"));
            chain.arrange(
                &owner,
                coin,
                &Coin::mintCall {
                    to: buyer.address,
                    amount: price(),
                },
            );
            let licence = keccak256("licence");
            let asked = PayPerAccessContract::Price {
                token: coin,
                amount: price(),
                payee: owner.address,
                licence,
                duration: u64::MAX,
                expires: u64::MAX,
            };
            chain.arrange(
                &owner,
                till,
                &setPriceCall {
                    id: item,
                    price: asked,
                },
            );

            let deadline = U256::from(chain.time() + 100);
            let purchase = bought::Purchase {
                item,
                reader: buyer.address,
                payer: buyer.address,
                token: coin,
                price: price(),
                licence,
                nonce: U256::ZERO,
                deadline,
            };
            let permit = bought::Permit {
                owner: buyer.address,
                spender: till,
                value: price(),
                nonce: U256::ZERO,
                deadline,
            };
            let call = buyBySignatureCall {
                purchase: PayPerAccessContract::Purchase {
                    item,
                    reader: buyer.address,
                    payer: buyer.address,
                    token: coin,
                    price: price(),
                    licence,
                    nonce: U256::ZERO,
                    deadline,
                },
                signature: signed(&buyer, &purchase, "Stheno Sale", till),
                permit: PayPerAccessContract::Permit {
                    deadline,
                    signature: signed(&buyer, &permit, "Coin", coin),
                },
                consent: Bytes::new(),
            };
            chain.act(
                "PayPerAccess.buyBySignature, permit and licence",
                &relayer,
                till,
                &call,
            );
            let call = canReadCall {
                reader: buyer.address,
                item,
                _2: Bytes::new(),
            };
            assert!(chain.look(&relayer, till, &call));
        },
    );
}

fn register(chain: &mut Chain, owner: &Person, registry: Address) -> B256 {
    let call = AccessRegistryContract::registerCall { salt: B256::ZERO };
    chain.arrange(owner, registry, &call)
}

fn buy(item: B256, reader: &Person) -> DataPassContract::buyForCall {
    DataPassContract::buyForCall {
        item,
        reader: reader.address,
        token: FIL,
        price: price(),
        consent: Bytes::new(),
    }
}

fn signed(
    signer: &Person,
    message: &impl SolStruct,
    name: &'static str,
    contract: Address,
) -> Bytes {
    let domain = eip712_domain! {
        name: name,
        version: "1",
        chain_id: CHAIN_ID,
        verifying_contract: contract,
    };
    signer.sign(message.eip712_signing_hash(&domain)).into()
}

fn assert_reads(chain: &mut Chain, contract: Address, item: B256, reader: &Person, expected: bool) {
    let call = canReadCall {
        reader: reader.address,
        item,
        _2: Bytes::new(),
    };
    assert_eq!(chain.look(reader, contract, &call), expected);
}
