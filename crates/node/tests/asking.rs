//! Who is asking: contract accounts, sessions and delegations at a real server, against chains in
//! memory.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod double;

use std::time::Duration;

use alloy::{
    primitives::{Address, Bytes},
    signers::{SignerSync, local::PrivateKeySigner},
};
use double::{CHAIN_ID, FakeChain, Home, Node, PASS, Reader, domain, policy};
use serde_json::{Value, json};
use stheno_protocol::{
    Account, AccountKind, Authorization, DelegateKey, Delegation, Policy, Request, Scope, Session,
};

const WALLET: Address = Address::repeat_byte(0x5a);
/// Another chain that the node reads.
const ELSEWHERE: u64 = 1;

/// The account of a contract, asking with its owner's signature.
fn of_contract(reader: &Reader, chain: &FakeChain) -> Request {
    let mut request = reader.request(chain, 1);
    request.account = Some(Account {
        address: WALLET,
        chain: CHAIN_ID,
        kind: AccountKind::Contract,
    });
    request
}

/// A contract wallet of the reader with a pass, both for long.
fn with_wallet(chain: &FakeChain, reader: &Reader) {
    let mut ledger = chain.lock();
    ledger
        .wallets
        .push((500, WALLET, Some(reader.wallet.address())));
    ledger.passes.push((500, WALLET, 1));
}

fn key() -> PrivateKeySigner {
    PrivateKeySigner::from_slice(&[0x77; 32]).unwrap()
}

/// The request, asked by [`key`] in a session that the reader's key signed.
fn in_session(reader: &Reader, mut request: Request, scope: Scope) -> Value {
    let account = request.account.unwrap();
    let session = Session {
        origin: "app.example".parse().unwrap(),
        account: account.address,
        chain: account.chain,
        key: DelegateKey::Secp256k1(key().address()),
        network: request.network,
        scope,
        issued_at: request.issued_at,
        expires_at: request.issued_at + 3_600,
        nonce: "k3y9XbQ2".parse().unwrap(),
    };
    let message = session.to_message().unwrap();
    let sign = |signer: &PrivateKeySigner, digest| -> Bytes {
        signer.sign_hash_sync(&digest).unwrap().as_bytes().into()
    };
    request.authorization = Authorization::Session {
        signature: sign(&reader.wallet, message.digest()),
        key_signature: sign(&key(), request.digest(&domain())),
        message: message.to_string(),
    };
    serde_json::to_value(&request).unwrap()
}

/// The request, asked by [`key`] under a delegation that the reader's key signed.
fn delegated(reader: &Reader, mut request: Request, scope: Scope) -> Value {
    let delegation = Delegation {
        delegate: DelegateKey::Secp256k1(key().address()),
        scope,
        not_before: request.issued_at,
        expires_at: request.issued_at + 86_400,
        nonce: request.nonce,
    };
    let digest = delegation.digest(request.account.unwrap(), &domain());
    request.authorization = Authorization::Delegation {
        signature: reader
            .wallet
            .sign_hash_sync(&digest)
            .unwrap()
            .as_bytes()
            .into(),
        key_signature: key()
            .sign_hash_sync(&request.digest(&domain()))
            .unwrap()
            .as_bytes()
            .into(),
        delegation,
    };
    serde_json::to_value(&request).unwrap()
}

#[tokio::test]
async fn contract_wallet_gets_shares_by_itself_in_a_session_and_through_a_delegate() {
    let node = Node::serving().await;
    let (reader, chain) = (Reader::new(), node.home.chain.clone());
    with_wallet(&chain, &reader);
    let scope = Scope::contract(CHAIN_ID, PASS);
    let request = || of_contract(&reader, &chain);
    for body in [
        reader.signed(request()),
        in_session(&reader, request(), scope.clone()),
        delegated(&reader, request(), scope),
    ] {
        let (status, answer) = node.post(&body).await;
        assert_eq!(status, 200, "{answer}");
        // The receipt names the account, never the key that asked.
        let account = answer["receipt"]["body"]["account"].as_str().unwrap();
        assert_eq!(account.parse::<Address>().unwrap(), WALLET);
    }
    node.stop().await;
}

#[tokio::test]
async fn contract_wallet_is_refused_with_anybody_elses_signature() {
    let node = Node::serving().await;
    let (reader, chain) = (Reader::new(), node.home.chain.clone());
    with_wallet(&chain, &reader);
    let mut thief = Reader::new();
    thief.wallet = key();
    let request = of_contract(&reader, &chain);
    assert_eq!(
        node.code(&thief.signed(request.clone())).await,
        "signature_invalid"
    );
    // It reverts.
    let mut body = reader.signed(request.clone());
    body["authorization"]["signature"] = json!("0x1234");
    assert_eq!(node.code(&body).await, "signature_invalid");
    // A signature of another request.
    let mut body = reader.signed(request.clone());
    body["nonce"] = json!(double::context());
    assert_eq!(node.code(&body).await, "signature_invalid");
    assert_eq!(node.code(&reader.signed(request)).await, "ok");
    node.stop().await;
}

#[tokio::test]
async fn contract_wallet_must_consent_at_the_anchor_and_at_the_head() {
    let node = Node::serving().await;
    let (reader, chain) = (Reader::new(), node.home.chain.clone());
    with_wallet(&chain, &reader);
    let request = || of_contract(&reader, &chain);
    // Its owner has taken the key away in the newest block.
    let head = {
        let mut ledger = chain.lock();
        ledger.head += 1;
        let head = ledger.head;
        ledger.wallets.push((head, WALLET, None));
        head
    };
    tokio::time::sleep(Duration::from_millis(150)).await;
    let (status, answer) = node.post(&reader.signed(request())).await;
    let found = (status, &answer["code"]);
    assert_eq!(found, (401, &json!("signature_invalid")), "{answer}");
    let detail = answer["detail"].as_str().unwrap();
    assert!(detail.contains(&format!("block {head} ")), "{detail}");
    node.stop().await;

    // One that was made in the newest block counts when that is final.
    let node = Node::serving().await;
    let chain = node.home.chain.clone();
    {
        let mut ledger = chain.lock();
        let head = ledger.head;
        let owner = Some(reader.wallet.address());
        ledger.wallets.push((head, WALLET, owner));
        ledger.passes.push((500, WALLET, 1));
    }
    let body = reader.signed(of_contract(&reader, &chain));
    let (status, answer) = node.post(&body).await;
    let found = (status, &answer["code"]);
    assert_eq!(found, (403, &json!("not_final_yet")), "{answer}");
    assert_eq!(answer["blocksToWait"], 2);
    node.stop().await;

    // Whether it still consents, nobody knows while the head cannot be read.
    let node = Node::serving().await;
    let chain = node.home.chain.clone();
    with_wallet(&chain, &reader);
    let body = reader.signed(of_contract(&reader, &chain));
    chain.lock().headless = true;
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(node.code(&body).await, "head_unavailable");
    node.stop().await;
}

#[tokio::test]
async fn contract_wallet_whose_chain_contradicts_itself_is_neither_granted_nor_denied() {
    let mut home = Home::new().await;
    let reader = Reader::new();
    with_wallet(&home.chain, &reader);
    home.twins.push(home.chain.twin().await);
    home.twins[0].lock().wallets.clear();
    home.twins[0].lock().wallets.push((500, WALLET, None));
    let node = home.run().await;
    node.until_ready().await;
    let body = reader.signed(of_contract(&reader, &node.home.chain));
    assert_eq!(node.code(&body).await, "chain_unavailable");
    node.stop().await;
}

/// A contract's address is its own on one chain; on another it may be anybody's.
#[tokio::test]
async fn same_address_on_two_chains_is_two_accounts_when_it_is_a_contracts() {
    let home = Home::new().await;
    let reader = Reader::new();
    let here = home.chain.clone();
    let there = here.neighbour(ELSEWHERE).await;
    with_wallet(&here, &reader);
    // There, too, the address has a pass; it is somebody else's.
    there
        .lock()
        .wallets
        .push((500, WALLET, Some(key().address())));
    there.lock().passes.push((500, WALLET, 1));
    there.lock().passes.push((500, reader.wallet.address(), 1));
    let section = format!(
        "[[chain]]\nchain_id = {ELSEWHERE}\nrpc = [\"http://{}/\"]\npoll_ms = 50",
        there.address
    );
    let node = home.run_with("", &section).await;
    node.until_ready().await;

    let text = serde_json::to_string(&policy()).unwrap();
    let policy_there = text.replace(&CHAIN_ID.to_string(), &ELSEWHERE.to_string());
    let policy_there = Policy::from_json(&policy_there).unwrap();
    let ask = |kind: AccountKind, chain: u64, reads_there: bool| {
        let mut request = of_contract(&reader, &here);
        let address = match kind {
            AccountKind::Key => reader.wallet.address(),
            AccountKind::Contract => WALLET,
        };
        request.account = Some(Account {
            address,
            chain,
            kind,
        });
        let is_read = |at: u64| (at == ELSEWHERE) == reads_there;
        if reads_there {
            request.policy = policy_there.to_cbor().into();
        }
        let needed = |at: u64| is_read(at) || (kind == AccountKind::Contract && at == chain);
        let anchors = [(ELSEWHERE, &there), (CHAIN_ID, &here)];
        request.anchors = anchors
            .into_iter()
            .filter(|(at, _)| needed(*at))
            .map(|(_, chain)| chain.final_anchor())
            .collect();
        request
    };
    let signed = |request: Request, signer: &PrivateKeySigner| {
        let mut reader = Reader::new();
        reader.wallet = signer.clone();
        reader.signed(request)
    };
    let (ours, theirs) = (reader.wallet.clone(), key());
    let contract = AccountKind::Contract;
    for (request, signer, code) in [
        (ask(contract, CHAIN_ID, false), &ours, "ok"),
        (ask(contract, CHAIN_ID, true), &ours, "condition_unknown"),
        (ask(contract, ELSEWHERE, true), &theirs, "ok"),
        (
            ask(contract, ELSEWHERE, false),
            &theirs,
            "condition_unknown",
        ),
        // The key of the other chain's contract.
        (ask(contract, CHAIN_ID, false), &theirs, "signature_invalid"),
        (ask(contract, ELSEWHERE, true), &ours, "signature_invalid"),
        // A key is itself everywhere.
        (ask(AccountKind::Key, CHAIN_ID, true), &ours, "ok"),
    ] {
        let body = signed(request, signer);
        assert_eq!(node.code(&body).await, code, "{body}");
    }
    node.stop().await;
}

#[tokio::test]
async fn question_to_a_contract_is_paid_by_the_address_that_asks_until_it_consents() {
    let node = Home::new().await;
    let node = node.run_with("", "[limits]\nip_items_per_minute = 1").await;
    node.until_ready().await;
    let (reader, chain) = (Reader::new(), node.home.chain.clone());
    with_wallet(&chain, &reader);
    let mut thief = Reader::new();
    thief.wallet = key();
    // A bucket always holds one full request: 256 items. An honest request takes one of them, a
    // refused one nine.
    for _ in 0..28 {
        let body = thief.signed(of_contract(&reader, &chain));
        assert_eq!(node.code(&body).await, "signature_invalid");
    }
    let body = thief.signed(of_contract(&reader, &chain));
    assert_eq!(node.code(&body).await, "rate_limited");
    node.stop().await;
}

#[tokio::test]
async fn session_and_delegation_of_a_key_get_shares_within_their_scope_alone() {
    let node = Node::serving().await;
    let (reader, chain) = (Reader::new(), node.home.chain.clone());
    chain.lock().passes.push((500, reader.wallet.address(), 1));
    let request = || reader.request(&chain, 2);
    let within = [
        Scope::contract(CHAIN_ID, PASS),
        Scope::policy(policy().digest()),
        Scope::items(request().items),
    ];
    for scope in within {
        let session = in_session(&reader, request(), scope.clone());
        assert_eq!(node.code(&session).await, "ok", "{session}");
        let delegation = delegated(&reader, request(), scope);
        assert_eq!(node.code(&delegation).await, "ok", "{delegation}");
    }
    let outside = [
        Scope::contract(CHAIN_ID, WALLET),
        Scope::contract(ELSEWHERE, PASS),
        Scope::items([double::item(0)]),
    ];
    let before = chain.lock().policy_calls;
    for scope in outside {
        let session = in_session(&reader, request(), scope.clone());
        assert_eq!(node.code(&session).await, "out_of_scope", "{session}");
        let delegation = delegated(&reader, request(), scope);
        assert_eq!(node.code(&delegation).await, "out_of_scope", "{delegation}");
    }
    assert_eq!(
        chain.lock().policy_calls,
        before,
        "nothing was read for them"
    );
    // A right that its account does not have, no key has.
    let stranger = Reader {
        wallet: key(),
        ..Reader::new()
    };
    let request = stranger.request(&chain, 1);
    let body = in_session(&stranger, request, Scope::contract(CHAIN_ID, PASS));
    assert_eq!(node.code(&body).await, "condition_not_met");
    node.stop().await;
}
