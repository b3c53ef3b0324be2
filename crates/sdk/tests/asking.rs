//! Who asks in an account's stead: sessions, delegates, contract accounts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use alloy::{primitives::Signature, sol, sol_types::SolCall};
use p256::ecdsa::{Signature as P256Signature, SigningKey, signature::Signer};
use stheno::{
    AskingKey, Client, ContractWallet, Delegate, EncryptOptions, Error, Grant, KeyHolder, KeyType,
    Policy, Reader, Session, SessionOptions, Wallet, WalletError,
    bounds::BoxFuture,
    protocol::{Address, B256, Bytes, DelegateKey, Domain, Scope, Unknown},
    testing::{CHAIN_ID, Committee, FakeChain},
};

const PASS: Address = Address::repeat_byte(0xaa);
const OTHER: Address = Address::repeat_byte(0xbb);
const TEXT: &[u8] = b"for members only";

sol! {
    function isValidSignature(bytes32 hash, bytes signature) external view returns (bytes4);
}

fn pass_policy(chain: u64) -> Policy {
    Policy::from_json(&format!(
        r#"{{ "version": 1, "rule": {{ "token": {{
            "chain": {chain}, "standard": "erc721", "contract": "{PASS}", "min": "1" }} }} }}"#
    ))
    .unwrap()
}

/// A committee, an owner with a pass, and what is sealed to holders of one.
struct World {
    committee: Committee,
    client: Client,
    owner: Wallet,
    domain: Domain,
    sealed: Vec<u8>,
}

impl World {
    async fn new() -> Self {
        let committee = Committee::new(3, 5).unwrap();
        let client = committee.client();
        let owner = Wallet::random().unwrap();
        committee.chain().set_tokens(PASS, owner.address(), 1);
        committee.chain().finalize();
        let sealed = sealed(&client, &pass_policy(CHAIN_ID)).await;
        let domain = committee.network_file().domain();
        Self {
            committee,
            client,
            owner,
            domain,
            sealed,
        }
    }

    fn now(&self) -> u64 {
        self.committee.chain().head().time
    }

    fn options(&self, scope: Scope) -> SessionOptions {
        let origin = "app.example".parse().unwrap();
        SessionOptions::for_an_hour(origin, &self.domain, scope, self.now())
    }

    async fn session(&self, scope: Scope) -> Session {
        let key = AskingKey::random(KeyType::P256).unwrap();
        Session::open(&self.owner, key, self.options(scope))
            .await
            .unwrap()
    }

    async fn read(&self, reader: &dyn Reader) -> Result<Vec<u8>, Error> {
        read(&self.client, reader, &self.sealed).await
    }

    async fn code(&self, reader: &dyn Reader) -> String {
        self.read(reader).await.unwrap_err().code().to_owned()
    }
}

async fn sealed(client: &Client, policy: &Policy) -> Vec<u8> {
    let mut envelope = Vec::new();
    let options = EncryptOptions::default();
    client
        .encrypt(policy, TEXT, &mut envelope, options)
        .await
        .unwrap();
    envelope
}

async fn read(client: &Client, reader: &dyn Reader, sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let mut plain = Vec::new();
    client.decrypt(reader, sealed, &mut plain).await?;
    Ok(plain)
}

/// A contract that accepts what the key of `owner` signed.
fn deploy(chain: &FakeChain, wallet: Address, owner: Address) {
    chain.set_contract(wallet, move |data, _| {
        let Ok(call) = isValidSignatureCall::abi_decode(data) else {
            return Err(Unknown::Reverted);
        };
        let signer = Signature::try_from(call.signature.as_ref())
            .and_then(|signature| signature.recover_address_from_prehash(&call.hash));
        let returns = match signer {
            Ok(signer) if signer == owner => isValidSignatureCall::SELECTOR,
            _ => [0xff; 4],
        };
        Ok(B256::right_padding_from(&returns).to_vec().into())
    });
    chain.finalize();
}

#[tokio::test]
async fn session_reads_again_and_again_with_every_kind_of_key() {
    let world = World::new().await;
    for kind in [KeyType::P256, KeyType::Ed25519, KeyType::Secp256k1] {
        let key = AskingKey::random(kind).unwrap();
        let options = world.options(Scope::contract(CHAIN_ID, PASS));
        let session = Session::open(&world.owner, key, options).await.unwrap();
        for _ in 0..2 {
            assert_eq!(world.read(&session).await.unwrap(), TEXT);
        }
        assert!(session.message().contains("Expiration Time"));
        assert!(format!("{session:?}").contains("<redacted>"));
    }
}

/// A key as a browser holds it: it signs elsewhere and later, and `s` is high as often as low.
#[derive(Clone)]
struct Elsewhere {
    key: SigningKey,
    public: DelegateKey,
    form: Form,
}

#[derive(Clone, Copy)]
enum Form {
    Low,
    High,
    Der,
}

impl Elsewhere {
    fn new(form: Form) -> Self {
        let key = SigningKey::from_slice(&[0x33; 32]).unwrap();
        let public = key.verifying_key().to_encoded_point(true);
        Self {
            public: DelegateKey::P256(public.as_bytes().try_into().unwrap()),
            key,
            form,
        }
    }
}

impl KeyHolder for Elsewhere {
    fn public(&self) -> DelegateKey {
        self.public
    }

    fn sign(&self, digest: B256) -> BoxFuture<'_, Result<Bytes, WalletError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let signature: P256Signature = self.key.sign(digest.as_slice());
            let low = signature.normalize_s().unwrap_or(signature);
            let high = P256Signature::from_scalars(low.r(), -low.s()).unwrap();
            assert!(low != high && high.normalize_s() == Some(low));
            Ok(match self.form {
                Form::Low => low.to_bytes().to_vec().into(),
                Form::High => high.to_bytes().to_vec().into(),
                Form::Der => low.to_der().as_bytes().to_vec().into(),
            })
        })
    }
}

#[tokio::test]
async fn key_that_stays_in_its_place_asks_in_a_session_and_for_a_delegator() {
    let world = World::new().await;
    for form in [Form::Low, Form::High] {
        let key = Elsewhere::new(form);
        let options = world.options(Scope::contract(CHAIN_ID, PASS));
        let session = Session::open(&world.owner, key.clone(), options).await;
        assert_eq!(world.read(&session.unwrap()).await.unwrap(), TEXT);

        let scope = Scope::contract(CHAIN_ID, PASS);
        let grant = Grant::sign(
            &world.owner,
            key.public(),
            scope,
            &world.domain,
            world.now(),
            60,
        );
        let delegate = Delegate::new(grant.await.unwrap(), key).unwrap();
        assert_eq!(world.read(&delegate).await.unwrap(), TEXT);
    }
}

#[tokio::test]
async fn nodes_are_not_asked_with_a_signature_of_another_key_or_form() {
    let world = World::new().await;
    let other = AskingKey::random(KeyType::P256).unwrap().public();
    let good = Elsewhere::new(Form::Low);
    for key in [
        Elsewhere::new(Form::Der),
        Elsewhere {
            public: other,
            ..good
        },
    ] {
        let options = world.options(Scope::contract(CHAIN_ID, PASS));
        let session = Session::open(&world.owner, key, options).await.unwrap();
        let error = world.read(&session).await.unwrap_err();
        assert!(
            matches!(error, Error::Wallet(WalletError::Sign { .. })),
            "{error}"
        );
    }
}

#[tokio::test]
async fn session_reads_nothing_outside_its_scope() {
    let world = World::new().await;
    let session = world.session(Scope::contract(CHAIN_ID, OTHER)).await;
    assert_eq!(world.code(&session).await, "out_of_scope");
    let policy = world
        .session(Scope::policy(pass_policy(CHAIN_ID).digest()))
        .await;
    assert_eq!(world.read(&policy).await.unwrap(), TEXT);
}

#[tokio::test]
async fn session_reads_nothing_when_it_is_over() {
    let world = World::new().await;
    let session = world.session(Scope::contract(CHAIN_ID, PASS)).await;
    world.committee.chain().mine(121);
    assert_eq!(world.code(&session).await, "authorization_expired");
}

#[tokio::test]
async fn delegate_reads_for_the_account_that_granted_it() {
    let world = World::new().await;
    let key = AskingKey::random(KeyType::Ed25519).unwrap();
    let scope = Scope::contract(CHAIN_ID, PASS);
    let public = key.public();
    let grant = Grant::sign(
        &world.owner,
        public,
        scope,
        &world.domain,
        world.now(),
        86_400,
    );
    let grant = grant.await.unwrap();
    let handed_over = serde_json::to_string(&grant).unwrap();
    let grant: Grant = serde_json::from_str(&handed_over).unwrap();
    let delegate = Delegate::new(grant.clone(), key).unwrap();
    assert_eq!(world.read(&delegate).await.unwrap(), TEXT);

    let stranger = AskingKey::random(KeyType::Ed25519).unwrap();
    let refused = Delegate::new(grant, stranger).unwrap_err();
    assert!(refused.to_string().contains("another one"), "{refused}");
}

#[tokio::test]
async fn delegate_of_an_account_without_the_right_is_denied() {
    let world = World::new().await;
    let key = AskingKey::random(KeyType::Secp256k1).unwrap();
    // The holder of a right delegates nobody else's.
    let stranger = Wallet::random().unwrap();
    let scope = Scope::contract(CHAIN_ID, PASS);
    let public = key.public();
    let grant = Grant::sign(&stranger, public, scope, &world.domain, world.now(), 60);
    let delegate = Delegate::new(grant.await.unwrap(), key).unwrap();
    assert_eq!(world.code(&delegate).await, "condition_not_met");
}

#[tokio::test]
async fn contract_wallet_reads_by_itself_in_a_session_and_through_a_delegate() {
    let world = World::new().await;
    let chain = world.committee.chain();
    let address = Address::repeat_byte(0x5a);
    let keeper = Wallet::random().unwrap();
    deploy(chain, address, keeper.address());
    chain.set_tokens(PASS, address, 1);
    chain.finalize();
    let wallet = ContractWallet::new(address, CHAIN_ID, keeper);
    assert_eq!(world.read(&wallet).await.unwrap(), TEXT);

    let scope = Scope::contract(CHAIN_ID, PASS);
    let key = AskingKey::random(KeyType::P256).unwrap();
    let session = Session::open(&wallet, key, world.options(scope.clone()))
        .await
        .unwrap();
    assert_eq!(world.read(&session).await.unwrap(), TEXT);

    let key = AskingKey::random(KeyType::Ed25519).unwrap();
    let public = key.public();
    let grant = Grant::sign(&wallet, public, scope, &world.domain, world.now(), 60).await;
    let delegate = Delegate::new(grant.unwrap(), key).unwrap();
    assert_eq!(world.read(&delegate).await.unwrap(), TEXT);

    // Another's signature, and an address without a contract.
    let thief = ContractWallet::new(address, CHAIN_ID, Wallet::random().unwrap());
    assert_eq!(world.code(&thief).await, "signature_invalid");
    let nothing = ContractWallet::new(OTHER, CHAIN_ID, Wallet::random().unwrap());
    assert_eq!(world.code(&nothing).await, "signature_invalid");
}

/// Somebody else may own the same address on another chain.
#[tokio::test]
async fn contract_wallet_is_nobody_on_another_chain() {
    let world = World::new().await;
    let here = world.committee.chain();
    let there = FakeChain::new(1, here.head().time);
    let address = Address::repeat_byte(0x5a);
    let (keeper, other) = (Wallet::random().unwrap(), Wallet::random().unwrap());
    for (chain, owner) in [(here, &keeper), (&there, &other)] {
        deploy(chain, address, owner.address());
        chain.set_tokens(PASS, address, 1);
        chain.finalize();
    }
    // The same number of blocks, so that both are at the same moment.
    assert!(here.head().time >= there.head().time);
    there.mine((here.head().time - there.head().time) / 30);
    world.committee.add_chain(there.clone());
    let sealed_there = sealed(&world.client, &pass_policy(1)).await;

    let ours = ContractWallet::new(address, CHAIN_ID, keeper);
    assert_eq!(world.read(&ours).await.unwrap(), TEXT);
    let refused = read(&world.client, &ours, &sealed_there).await.unwrap_err();
    assert_eq!(refused.code(), "condition_unknown", "{refused}");
    // With the account of the other chain it is the other way round.
    let theirs = ContractWallet::new(address, 1, other);
    assert_eq!(
        read(&world.client, &theirs, &sealed_there).await.unwrap(),
        TEXT
    );
    assert_eq!(world.code(&theirs).await, "condition_unknown");
}

#[tokio::test]
async fn key_account_is_itself_on_every_chain() {
    let world = World::new().await;
    let here = world.committee.chain();
    let there = FakeChain::new(1, here.head().time);
    there.set_tokens(PASS, world.owner.address(), 1);
    there.finalize();
    here.mine((there.head().time - here.head().time) / 30);
    world.committee.add_chain(there);
    let sealed_there = sealed(&world.client, &pass_policy(1)).await;
    let opened = read(&world.client, &world.owner, &sealed_there).await;
    assert_eq!(opened.unwrap(), TEXT);
}
