//! Who is asking: sessions, delegates and contract wallets, with real nodes and a real chain.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy::{
    primitives::{Address, Bytes, U256, keccak256},
    providers::{Provider, ProviderBuilder, bindings::IMulticall3},
    signers::local::PrivateKeySigner,
    sol,
    sol_types::{SolCall, SolConstructor},
};
use serde_json::{Value, json};
use stheno::{
    AskingKey, Client, ContractWallet, Delegate, EncryptOptions, Error, Grant, KeyType, Policy,
    Reader, Session, SessionOptions, Wallet, asking::NotDeployed, protocol::Scope,
};
use stheno_chain::{Chain, ChainConfig, HttpOptions, Sender};
use stheno_cli::devnet::{Devnet, anvil::CHAIN_ID};
use stheno_protocol::authorization::{MULTICALL3, MULTICALL3_CODE_HASH};
use tokio::sync::OnceCell;

use crate::{solidity, someone::Someone, stage, trials};

trials![
    session_reads_what_its_scope_names_and_nothing_else,
    delegate_reads_for_the_account_that_granted_it,
    contract_wallet_reads_until_its_owner_hands_it_over,
    contract_wallet_that_is_not_deployed_reads_through_its_factory,
];

sol! {
    constructor(address owner);
    function handOver(address to) external;
    function make(address owner) external returns (address);
    function addressOf(address owner) external view returns (address);
}

const TEXT: &[u8] = b"for members only";

async fn session_reads_what_its_scope_names_and_nothing_else() {
    let devnet = stage::shared().await;
    let world = World::new(&devnet).await;
    let someone = Someone::with_pass(&devnet, "asking: session").await;
    let owner = Wallet::from_private_key(&someone.key()).unwrap();
    let sealed = world.sealed(&devnet.pass_policy()).await;
    let pass = devnet.contracts().access_pass;
    for kind in [KeyType::P256, KeyType::Ed25519, KeyType::Secp256k1] {
        let key = AskingKey::random(kind).unwrap();
        let options = world.session(Scope::contract(CHAIN_ID, pass));
        let session = Session::open(&owner, key, options).await.unwrap();
        assert_eq!(world.read(&session, &sealed).await.unwrap(), TEXT);
        assert_eq!(world.read(&session, &sealed).await.unwrap(), TEXT);
    }
    let refused = [
        (
            world.session(Scope::contract(CHAIN_ID, Address::ZERO)),
            "out_of_scope",
        ),
        (world.session(Scope::default()), "bad_authorization"),
        (
            SessionOptions {
                lifetime: 3_601,
                ..world.session(Scope::contract(CHAIN_ID, pass))
            },
            "bad_authorization",
        ),
        (
            SessionOptions {
                issued_at: now() - 3_600,
                ..world.session(Scope::contract(CHAIN_ID, pass))
            },
            "authorization_expired",
        ),
        (
            SessionOptions {
                issued_at: now() + 120,
                ..world.session(Scope::contract(CHAIN_ID, pass))
            },
            "authorization_early",
        ),
    ];
    for (options, code) in refused {
        let key = AskingKey::random(KeyType::P256).unwrap();
        let session = Session::open(&owner, key, options).await.unwrap();
        let error = world.read(&session, &sealed).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
}

async fn delegate_reads_for_the_account_that_granted_it() {
    let devnet = stage::shared().await;
    let world = World::new(&devnet).await;
    let someone = Someone::with_pass(&devnet, "asking: delegation").await;
    let owner = Wallet::from_private_key(&someone.key()).unwrap();
    let sealed = world.sealed(&devnet.pass_policy()).await;
    let scope = Scope::contract(CHAIN_ID, devnet.contracts().access_pass);
    let key = AskingKey::random(KeyType::P256).unwrap();
    let grant = world
        .grant(&owner, &key, scope.clone(), now(), 86_400)
        .await;
    let delegate = Delegate::new(grant, key).unwrap();
    assert_eq!(world.read(&delegate, &sealed).await.unwrap(), TEXT);

    for (from, lifetime, code) in [
        (now(), 31 * 86_400, "bad_authorization"),
        (now() - 100, 99, "authorization_expired"),
        (now() + 120, 60, "authorization_early"),
    ] {
        let key = AskingKey::random(KeyType::Ed25519).unwrap();
        let grant = world
            .grant(&owner, &key, scope.clone(), from, lifetime)
            .await;
        let delegate = Delegate::new(grant, key).unwrap();
        let error = world.read(&delegate, &sealed).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
}

async fn contract_wallet_reads_until_its_owner_hands_it_over() {
    let devnet = stage::shared().await;
    let world = World::new(&devnet).await;
    let someone = Someone::with_money(&devnet, "asking: contract wallet").await;
    let keeper = Wallet::from_private_key(&someone.key()).unwrap();
    let sender = world.sender(&someone.signer).await;
    let address = world.owned_wallet(&someone.signer).await;
    world.enrich(address).await;
    world.settle().await;

    let sealed = world.sealed(&balance_policy()).await;
    let wallet = ContractWallet::new(address, CHAIN_ID, keeper.clone());
    assert_eq!(world.read(&wallet, &sealed).await.unwrap(), TEXT);
    let scope = Scope::policy(Policy::from_json(&balance_policy()).unwrap().digest());
    let key = AskingKey::random(KeyType::P256).unwrap();
    let session = Session::open(&wallet, key, world.session(scope.clone()))
        .await
        .unwrap();
    assert_eq!(world.read(&session, &sealed).await.unwrap(), TEXT);
    let key = AskingKey::random(KeyType::Ed25519).unwrap();
    let grant = world.grant(&wallet, &key, scope, now(), 600).await;
    let delegate = Delegate::new(grant, key).unwrap();
    assert_eq!(world.read(&delegate, &sealed).await.unwrap(), TEXT);

    let thief = ContractWallet::new(address, CHAIN_ID, Wallet::random().unwrap());
    let error = world.read(&thief, &sealed).await.unwrap_err();
    assert_eq!(error.code(), "signature_invalid", "{error}");

    // What was signed before is worth nothing as soon as the head says so.
    let to = Address::repeat_byte(9);
    let handed = sender.call(address, &handOverCall { to }).await.unwrap();
    world.until(handed.block.number + 2).await;
    let readers: [&dyn Reader; 3] = [&wallet, &session, &delegate];
    for reader in readers {
        let error = world.read(reader, &sealed).await.unwrap_err();
        assert_eq!(error.code(), "signature_invalid", "{error}");
    }
}

async fn contract_wallet_that_is_not_deployed_reads_through_its_factory() {
    let devnet = stage::shared().await;
    let world = World::new(&devnet).await;
    let someone = Someone::with_money(&devnet, "asking: not deployed").await;
    let keeper = Wallet::from_private_key(&someone.key()).unwrap();
    let owner = someone.signer.address();
    let sender = world.sender(&someone.signer).await;
    let code = world.code("OwnedWalletFactory").await;
    let made = sender.send(None, code, U256::ZERO).await.unwrap();
    let factory = made.created.unwrap();
    let address = devnet
        .control()
        .view(factory, &addressOfCall { owner })
        .await
        .unwrap();
    world.enrich(address).await;
    world.settle().await;

    let sealed = world.sealed(&balance_policy()).await;
    let made_by = |owner| NotDeployed {
        factory,
        call: makeCall { owner }.abi_encode().into(),
    };
    let wallet = |keeper: &Wallet, owner| {
        ContractWallet::new(address, CHAIN_ID, keeper.clone()).not_deployed(made_by(owner))
    };
    let ours = wallet(&keeper, owner);
    let error = world.read(&ours, &sealed).await.unwrap_err();
    assert_eq!(error.code(), "signature_invalid", "{error}");
    assert!(format!("{error:?}").contains("Multicall3"), "{error:?}");

    // Other code at its address is not believed, whatever it says.
    world
        .set_code(MULTICALL3, &Bytes::from_static(&[0x00]))
        .await;
    world.settle().await;
    let error = world.read(&ours, &sealed).await.unwrap_err();
    assert_eq!(error.code(), "signature_invalid", "{error}");

    // The bytecode that creates it, as alloy has it, without the 32 bytes that return the rest.
    let multicall3 = IMulticall3::BYTECODE.slice(32..);
    assert_eq!(keccak256(&multicall3), MULTICALL3_CODE_HASH);
    world.set_code(MULTICALL3, &multicall3).await;
    world.settle().await;
    assert_eq!(world.read(&ours, &sealed).await.unwrap(), TEXT);

    // Somebody else's key, and a call that makes somebody else's wallet.
    let thief = Wallet::random().unwrap();
    for wallet in [wallet(&thief, owner), wallet(&thief, thief.address())] {
        let error = world.read(&wallet, &sealed).await.unwrap_err();
        assert_eq!(error.code(), "signature_invalid", "{error}");
    }
    // Without the making, there is no contract.
    let bare = ContractWallet::new(address, CHAIN_ID, keeper.clone());
    let error = world.read(&bare, &sealed).await.unwrap_err();
    assert_eq!(error.code(), "signature_invalid", "{error}");

    // Once it is deployed, the wrapped signature is as good as before.
    sender.call(factory, &makeCall { owner }).await.unwrap();
    world.settle().await;
    assert_eq!(world.read(&ours, &sealed).await.unwrap(), TEXT);
    assert_eq!(world.read(&bare, &sealed).await.unwrap(), TEXT);
}

/// A reader's view of the devnet, and a hand on its chain.
pub(crate) struct World<'a> {
    devnet: &'a Devnet,
    client: Client,
}

impl<'a> World<'a> {
    pub(crate) async fn new(devnet: &'a Devnet) -> Self {
        let rpc = [devnet.rpc().clone()];
        let client = Client::connect(devnet.network().clone(), &rpc)
            .await
            .unwrap();
        Self { devnet, client }
    }

    async fn sealed(&self, policy: &str) -> Vec<u8> {
        let policy = Policy::from_json(policy).unwrap();
        let mut sealed = Vec::new();
        let encrypted = self
            .client
            .encrypt(&policy, TEXT, &mut sealed, EncryptOptions::default());
        encrypted.await.unwrap();
        sealed
    }

    async fn read(&self, reader: &dyn Reader, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let mut plain = Vec::new();
        self.client.decrypt(reader, sealed, &mut plain).await?;
        Ok(plain)
    }

    fn session(&self, scope: Scope) -> SessionOptions {
        let origin = "app.example".parse().unwrap();
        SessionOptions::for_an_hour(origin, &self.devnet.network().domain(), scope, now())
    }

    async fn grant(
        &self,
        owner: &dyn stheno::Owner,
        key: &AskingKey,
        scope: Scope,
        from: u64,
        lifetime: u64,
    ) -> Grant {
        let domain = self.devnet.network().domain();
        let grant = Grant::sign(owner, key.public(), scope, &domain, from, lifetime);
        grant.await.unwrap()
    }

    async fn sender(&self, signer: &PrivateKeySigner) -> Sender {
        let config = ChainConfig::new(CHAIN_ID, vec![self.devnet.rpc().clone()]);
        let chain = Chain::connect(config, HttpOptions::default())
            .await
            .unwrap();
        Sender::new(chain, signer.clone())
    }

    /// Makes a contract wallet that this key owns.
    pub(crate) async fn owned_wallet(&self, owner: &PrivateKeySigner) -> Address {
        let mut code = self.code("OwnedWallet").await.to_vec();
        let call = constructorCall {
            owner: owner.address(),
        };
        code.extend(call.abi_encode());
        let sender = self.sender(owner).await;
        let made = sender.send(None, code.into(), U256::ZERO).await.unwrap();
        made.created.unwrap()
    }

    /// Gives an account a thousand FIL, which [`balance_policy`] asks for.
    pub(crate) async fn enrich(&self, account: Address) {
        let amount = U256::from(1_000) * U256::from(10).pow(U256::from(18));
        self.devnet
            .control()
            .set_balance(account, amount)
            .await
            .unwrap();
    }

    async fn set_code(&self, address: Address, code: &Bytes) {
        let provider = ProviderBuilder::new().connect_http(self.devnet.rpc().clone());
        let set = provider.raw_request::<_, Value>("anvil_setCode".into(), (address, code));
        set.await.unwrap();
    }

    /// Waits until what has happened so far is final.
    pub(crate) async fn settle(&self) {
        let head = self.devnet.control().head().await.unwrap();
        self.until(head + 4).await;
    }

    async fn until(&self, number: u64) {
        while self.devnet.control().head().await.unwrap() < number {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The code that creates a contract of `contracts/test/support/OwnedWallet.sol`.
    async fn code(&self, contract: &str) -> Bytes {
        static COMPILED: OnceCell<Value> = OnceCell::const_new();
        const SOURCE: &str = "OwnedWallet.sol";
        let compiled = COMPILED.get_or_init(|| solidity::compile(SOURCE)).await;
        solidity::code(compiled, SOURCE, contract)
    }
}

/// Who has a thousand FIL.
pub(crate) fn balance_policy() -> String {
    let min = "1000000000000000000000";
    json!({ "version": 1, "rule": { "balance": { "chain": CHAIN_ID, "min": min } } }).to_string()
}

pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}
