//! Contract accounts on a real chain, where the node reads another one, too.
//!
//! A contract's address is its own on one chain. On another it may be anybody's, and what somebody has
//! there is no right of the account's.

use std::sync::Arc;

use alloy::{
    primitives::{Address, B256, Bytes, FixedBytes, U256, b256},
    providers::bindings::IMulticall3,
    signers::{SignerSync, local::PrivateKeySigner},
    sol,
    sol_types::{SolCall, SolValue},
};
use serde_json::{Value, json};
use stheno_protocol::{
    Account, AccountKind, Anchor, Authorization, Policy, Request, authorization::MULTICALL3,
};
use tokio::sync::OnceCell;

use super::{
    CHAIN, double,
    rights::{Condition, MONEY, context},
    world::{Shape, World},
};
use crate::{solidity, trials};

trials![contract_account_is_itself_on_its_own_chain_alone_before_and_after_it_is_deployed];

sol! {
    function make(address owner) external returns (address);
    function addressOf(address owner) external view returns (address);
}

/// Ends a signature that says how its account is made.
const ERC6492: B256 = b256!("6492649264926492649264926492649264926492649264926492649264926492");

async fn contract_account_is_itself_on_its_own_chain_alone_before_and_after_it_is_deployed() {
    let mut world = World::start(Shape {
        endpoints: 3,
        min_agree: 2,
    })
    .await;
    let owner = PrivateKeySigner::from_slice(&[21; 32]).unwrap();
    world.welcome(owner.clone());
    let factory = world.deploy(&code("OwnedWalletFactory").await).await;
    let multicall3 = Bytes::from(IMulticall3::BYTECODE.slice(32..).to_vec());
    world.set_code(&[(MULTICALL3, multicall3)]).await;
    let account = address_of(&world, factory, owner.address()).await;
    let (rich, nothing) = (world.anvil.rich, Bytes::new());
    let money = U256::from(MONEY);
    world.anvil.send(rich, Some(account), &nothing, money).await;
    // On the other chain the address has a pass, and so has the key.
    {
        let mut there = world.node.home.chain.lock();
        there.passes.push((0, account, 1));
        there.passes.push((0, owner.address(), 1));
    }
    let asker = Asker {
        account,
        owner,
        factory,
    };
    settled(&mut world).await;
    asker
        .is_heard_on_its_own_chain_alone(&world, "before")
        .await;

    let make = makeCall {
        owner: asker.owner.address(),
    };
    let make = make.abi_encode().into();
    world
        .anvil
        .send(rich, Some(factory), &make, U256::ZERO)
        .await;
    settled(&mut world).await;
    asker.is_heard_on_its_own_chain_alone(&world, "after").await;
    world.node.stop().await;
}

/// A contract account, deployed or not, and the key that it obeys.
struct Asker {
    account: Address,
    owner: PrivateKeySigner,
    factory: Address,
}

impl Asker {
    async fn is_heard_on_its_own_chain_alone(&self, world: &World, when: &str) {
        let here = Condition::Money.json(&world.holder, 0);
        let there = json!({ "token": {
            "chain": double::CHAIN_ID, "standard": "erc721", "contract": double::PASS,
        } });
        let other = double::CHAIN_ID;
        let cases = [
            (here.clone(), CHAIN, "ok"),
            (there.clone(), CHAIN, "condition_unknown"),
            (json!({ "not": there }), CHAIN, "condition_unknown"),
            (json!({ "any": [there, here] }), CHAIN, "ok"),
            (json!({ "all": [there, here] }), CHAIN, "condition_unknown"),
            // It says that it lives on the other chain, where nobody knows it.
            (there.clone(), other, "signature_invalid"),
            (here.clone(), other, "signature_invalid"),
        ];
        for (rule, chain, expected) in cases {
            let body = self.request(world, &rule, chain, AccountKind::Contract);
            let code = world.node.code(&body).await;
            assert_eq!(code, expected, "{when}: {rule} of an account on {chain}");
        }
        // The same key for itself has what it has, on either chain.
        let body = self.request(world, &there, CHAIN, AccountKind::Key);
        assert_eq!(world.node.code(&body).await, "ok", "{when}");
    }

    fn request(&self, world: &World, rule: &Value, chain: u64, kind: AccountKind) -> Value {
        let policy = json!({ "version": 1, "rule": rule }).to_string();
        let policy = Policy::from_json(&policy).unwrap();
        let address = match kind {
            AccountKind::Key => self.owner.address(),
            AccountKind::Contract => self.account,
        };
        let (mut nonce, now) = ([0; 32], double::now());
        getrandom::fill(&mut nonce).unwrap();
        let reads = |of: u64| policy.chains().contains(&(of, 0));
        let lives = |of: u64| kind == AccountKind::Contract && of == chain;
        let anchors: Vec<Anchor> = [
            (CHAIN, world.block(world.finalized()).anchor(0)),
            (double::CHAIN_ID, world.node.home.chain.final_anchor()),
        ]
        .into_iter()
        .filter(|(of, _)| reads(*of) || lives(*of))
        .map(|(_, anchor)| anchor)
        .collect();
        let mut request = Request {
            network: double::domain().network,
            epoch: 1,
            account: Some(Account {
                address,
                chain,
                kind,
            }),
            policy: policy.to_cbor().into(),
            items: vec![double::item(0)],
            reader_key: FixedBytes(double::Reader::new().secret.public().to_bytes()),
            anchors,
            issued_at: now,
            expires_at: now + 120,
            nonce: B256::from(nonce),
            context: context(),
            authorization: Authorization::None {},
        };
        let digest = request.digest(&double::domain());
        let signature = self.owner.sign_hash_sync(&digest).unwrap().as_bytes();
        let signature = Bytes::from(signature.to_vec());
        let signature = match kind {
            AccountKind::Key => signature,
            AccountKind::Contract => self.wrapped(signature),
        };
        request.authorization = Authorization::Wallet { signature };
        serde_json::to_value(&request).unwrap()
    }

    fn wrapped(&self, signature: Bytes) -> Bytes {
        let make = makeCall {
            owner: self.owner.address(),
        };
        let making = (self.factory, Bytes::from(make.abi_encode()), signature);
        [making.abi_encode_params(), ERC6492.to_vec()]
            .concat()
            .into()
    }
}

/// Everything so far is final, at the same moment on both chains, and the node knows.
async fn settled(world: &mut World) {
    world.grow(&Vec::new(), 0).await;
    world.finalize(world.head().at);
    let time = Arc::clone(world.head()).time;
    {
        let other = &world.node.home.chain;
        let number = other.final_anchor().number;
        other.lock().start = time - number;
    }
    // That of the committee's chain is kept for longer.
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    world.settle().await;
}

async fn address_of(world: &World, factory: Address, owner: Address) -> Address {
    let data = Bytes::from(addressOfCall { owner }.abi_encode());
    let call = json!([{ "to": factory, "data": data }, "latest"]);
    let said: B256 = serde_json::from_value(world.anvil.ask("eth_call", call).await).unwrap();
    Address::from_word(said)
}

async fn code(contract: &str) -> Bytes {
    static COMPILED: OnceCell<Value> = OnceCell::const_new();
    const SOURCE: &str = "OwnedWallet.sol";
    let compiled = COMPILED.get_or_init(|| solidity::compile(SOURCE)).await;
    solidity::code(compiled, SOURCE, contract)
}
