use alloy::signers::{SignerSync, local::PrivateKeySigner};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256};
use alloy_sol_types::SolValue;
use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::Signer as _;
use stheno_crypto::{ItemId, PolicyDigest};

use super::*;
use crate::{
    Account, AccountKind, Anchor, Code, Context, Domain, NetworkId, Policy, Problem, Read, Reading,
    Request, Unknown,
};

const NOW: u64 = 1_800_000_000;
const PASS: Address = Address::repeat_byte(0xa5);

fn domain() -> Domain {
    Domain::of_committee(314, Address::repeat_byte(0xcc), 1)
}

fn owner() -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(0x11)).unwrap()
}

fn account(kind: AccountKind) -> Account {
    Account {
        address: owner().address(),
        chain: 314,
        kind,
    }
}

fn policy() -> Policy {
    policy_of(&[PASS])
}

/// Holders of a token of each of these contracts, and some balance.
fn policy_of(contracts: &[Address]) -> Policy {
    let tokens = contracts.iter().map(|contract| {
        format!(
            r#"{{"token": {{"chain": 314, "standard": "erc721", "contract": "{contract}", "min": 1}}}},"#
        )
    });
    let tokens: String = tokens.collect();
    let json = format!(
        r#"{{"version": 1, "rule": {{"all": [{tokens} {{"balance": {{"chain": 314, "min": 1}}}}]}}}}"#
    );
    Policy::from_json(&json).unwrap()
}

fn request() -> Request {
    Request {
        network: domain().network,
        epoch: 3,
        account: Some(account(AccountKind::Key)),
        policy: policy().to_cbor().into(),
        items: vec![ItemId::from_bytes([1; 32]), ItemId::from_bytes([2; 32])],
        reader_key: FixedBytes::repeat_byte(0x97),
        anchors: vec![Anchor {
            chain_id: 314,
            confirmations: 0,
            number: 100,
            hash: B256::repeat_byte(0xaa),
        }],
        issued_at: NOW,
        expires_at: NOW + 120,
        nonce: B256::repeat_byte(0x55),
        context: Context::default(),
        authorization: Authorization::None {},
    }
}

/// A key that asks, with its secret.
enum Asker {
    P256(p256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Secp256k1(PrivateKeySigner),
}

impl Asker {
    fn all() -> [Self; 3] {
        [
            Self::P256(p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap()),
            Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[7; 32])),
            Self::Secp256k1(PrivateKeySigner::from_bytes(&B256::repeat_byte(7)).unwrap()),
        ]
    }

    fn one() -> Self {
        let [_, ed25519, _] = Self::all();
        ed25519
    }

    fn key(&self) -> DelegateKey {
        match self {
            Self::P256(key) => {
                let point = key.verifying_key().to_encoded_point(true);
                DelegateKey::P256(point.as_bytes().try_into().unwrap())
            }
            Self::Ed25519(key) => DelegateKey::Ed25519(key.verifying_key().to_bytes()),
            Self::Secp256k1(key) => DelegateKey::Secp256k1(key.address()),
        }
    }

    fn sign(&self, digest: B256) -> Bytes {
        match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(digest.as_slice());
                signature.to_bytes().to_vec().into()
            }
            Self::Ed25519(key) => key.sign(digest.as_slice()).to_bytes().into(),
            Self::Secp256k1(key) => key.sign_hash_sync(&digest).unwrap().as_bytes().into(),
        }
    }
}

fn session(asker: &Asker) -> Session {
    Session {
        origin: "app.example".parse().unwrap(),
        account: owner().address(),
        chain: 314,
        key: asker.key(),
        network: domain().network,
        scope: Scope::policy(policy().digest()),
        issued_at: NOW - 60,
        expires_at: NOW - 60 + MAX_SESSION,
        nonce: "k3y9XbQ2".parse().unwrap(),
    }
}

fn in_session(mut request: Request, session: &Session, asker: &Asker) -> Request {
    let message = session.to_message().unwrap().to_string();
    let signature = owner().sign_message_sync(message.as_bytes()).unwrap();
    request.authorization = Authorization::Session {
        message,
        signature: signature.as_bytes().into(),
        key_signature: asker.sign(request.digest(&domain())),
    };
    request
}

fn delegation(asker: &Asker) -> Delegation {
    Delegation {
        delegate: asker.key(),
        scope: Scope::policy(policy().digest()),
        not_before: NOW - 60,
        expires_at: NOW - 60 + MAX_DELEGATION,
        nonce: B256::repeat_byte(0x66),
    }
}

fn delegated(mut request: Request, delegation: Delegation, asker: &Asker) -> Request {
    let digest = delegation.digest(request.account.unwrap(), &domain());
    let signature = owner().sign_hash_sync(&digest).unwrap();
    request.authorization = Authorization::Delegation {
        delegation,
        signature: signature.as_bytes().into(),
        key_signature: asker.sign(request.digest(&domain())),
    };
    request
}

fn consent(request: &Request) -> Result<Consent, Problem> {
    request.check_authorization(
        &domain(),
        request.digest(&domain()),
        &request.decode_policy().unwrap(),
        NOW,
    )
}

fn code(request: &Request) -> Code {
    consent(request).unwrap_err().code
}

/// What a session with one thing changed comes to.
fn session_code(change: impl FnOnce(&mut Session)) -> Code {
    let asker = Asker::one();
    let mut session = session(&asker);
    change(&mut session);
    code(&in_session(request(), &session, &asker))
}

/// What a delegation with one thing changed comes to.
fn delegation_code(change: impl FnOnce(&mut Delegation)) -> Code {
    let asker = Asker::one();
    let mut delegation = delegation(&asker);
    change(&mut delegation);
    code(&delegated(request(), delegation, &asker))
}

#[test]
fn session_and_delegation_are_accepted_with_every_kind_of_key() {
    for asker in Asker::all() {
        let request = in_session(request(), &session(&asker), &asker);
        assert_eq!(consent(&request), Ok(Consent::Given), "{}", asker.key());
        let json = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&json).unwrap(), request);

        let request = delegated(self::request(), delegation(&asker), &asker);
        assert_eq!(consent(&request), Ok(Consent::Given), "{}", asker.key());
        let json = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&json).unwrap(), request);
        assert_eq!(asker.key().to_string().parse(), Ok(asker.key()));
    }
}

#[test]
fn session_reads_as_it_was_written() {
    let mut session = session(&Asker::one());
    session.scope.items = request().items;
    session.scope.contracts = Scope::contract(314, PASS).contracts;
    let message = session.to_message().unwrap();
    assert_eq!(Session::of_message(&message), Ok(session));
    let read = message.to_string().parse();
    assert_eq!(read, Ok(message));
}

#[test]
fn session_for_another_network_is_refused() {
    let refused = session_code(|session| session.network = NetworkId::from_bytes([9; 32]));
    assert_eq!(refused, Code::WrongNetwork);
}

#[test]
fn session_of_another_chain_or_account_is_refused() {
    assert_eq!(session_code(|s| s.chain = 1), Code::SignatureInvalid);
    let other = |s: &mut Session| s.account = Address::repeat_byte(9);
    assert_eq!(session_code(other), Code::SignatureInvalid);
}

#[test]
fn session_is_refused_when_it_is_over() {
    let over = |s: &mut Session| (s.issued_at, s.expires_at) = (NOW - 100, NOW);
    assert_eq!(session_code(over), Code::AuthorizationExpired);
}

#[test]
fn session_is_refused_before_it_begins() {
    let early = |s: &mut Session| (s.issued_at, s.expires_at) = (NOW + 31, NOW + 100);
    assert_eq!(session_code(early), Code::AuthorizationEarly);
    let asker = Asker::one();
    let mut soon = session(&asker);
    (soon.issued_at, soon.expires_at) = (NOW + 30, NOW + 100);
    let soon = in_session(request(), &soon, &asker);
    assert_eq!(consent(&soon), Ok(Consent::Given), "clocks differ a little");
}

#[test]
fn session_longer_than_an_hour_is_refused() {
    let longer = |s: &mut Session| s.expires_at = s.issued_at + MAX_SESSION + 1;
    assert_eq!(session_code(longer), Code::BadAuthorization);
    let backwards = |s: &mut Session| s.expires_at = s.issued_at;
    assert_eq!(session_code(backwards), Code::BadAuthorization);
}

#[test]
fn session_without_a_scope_is_refused() {
    assert_eq!(
        session_code(|s| s.scope = Scope::default()),
        Code::BadAuthorization
    );
    let many = (0..=MAX_SCOPE).map(|i| ItemId::from_bytes(U256::from(i).to_be_bytes()));
    assert_eq!(
        session_code(|s| s.scope = Scope::items(many)),
        Code::BadAuthorization
    );
}

#[test]
fn session_out_of_scope_is_refused() {
    for scope in [
        Scope::policy(PolicyDigest::from_bytes([9; 32])),
        Scope::items([request().items[0]]),
        Scope::contract(314, Address::repeat_byte(9)),
        Scope::contract(1, PASS),
        Scope {
            policies: vec![policy().digest()],
            ..Scope::items([request().items[1]])
        },
    ] {
        assert_eq!(session_code(|s| s.scope = scope), Code::OutOfScope);
    }
}

#[test]
fn scope_of_contracts_takes_policies_that_read_those_alone() {
    let (other, items) = (Address::repeat_byte(9), request().items);
    let check = |scope: &Scope, policy: &Policy| scope.check(&policy.digest(), policy, &items);
    let scope = Scope::contract(314, PASS);
    check(&scope, &policy_of(&[PASS])).unwrap();
    check(&scope, &policy_of(&[PASS, PASS])).unwrap();
    check(&scope, &policy_of(&[PASS, other])).unwrap_err();
    check(&scope, &policy_of(&[other])).unwrap_err();
    check(&scope, &policy_of(&[])).unwrap_err();
    // A policy by digest, beside contracts.
    let mut both = Scope::policy(policy_of(&[other]).digest());
    both.contracts = scope.contracts;
    check(&both, &policy_of(&[other])).unwrap();
    check(&both, &policy_of(&[PASS])).unwrap();
    check(&both, &policy_of(&[])).unwrap_err();
    // Items alone: any policy.
    check(&Scope::items(items.clone()), &policy_of(&[other])).unwrap();
}

#[test]
fn altered_session_message_is_refused() {
    let asker = Asker::one();
    let good = in_session(request(), &session(&asker), &asker);
    let Authorization::Session { message, .. } = &good.authorization else {
        panic!()
    };
    let expires = session(&asker).to_message().unwrap().expiration_time;
    let earlier = crate::siwe::Time::from_unix(NOW + 60).unwrap().to_string();
    let policy = hex::encode(policy().digest().as_bytes());
    for (part, instead, code) in [
        // Well formed, and not what was signed.
        ("app.example", "app.example2", Code::SignatureInvalid),
        ("k3y9XbQ2", "k3y9XbQ3", Code::SignatureInvalid),
        (
            &expires.unwrap().to_string(),
            &earlier,
            Code::SignatureInvalid,
        ),
        (
            &format!("policy:{policy}"),
            &format!(
                "policy:{policy}\n- urn:stheno:item:{}\n- urn:stheno:item:{}",
                "01".repeat(32),
                "02".repeat(32)
            ),
            Code::SignatureInvalid,
        ),
        // Not well formed.
        ("open files", "open all files", Code::BadAuthorization),
        (
            "urn:stheno:session:",
            "urn:other:session:",
            Code::BadAuthorization,
        ),
        (
            "urn:stheno:network:",
            "urn:stheno:item:",
            Code::BadAuthorization,
        ),
        (
            "urn:stheno:policy:",
            "urn:stheno:secret:",
            Code::BadAuthorization,
        ),
        (&policy, &policy.to_uppercase(), Code::BadAuthorization),
        (
            "\nResources",
            "\nRequest ID: 1\nResources",
            Code::BadAuthorization,
        ),
        ("\nVersion", "\n\nVersion", Code::BadAuthorization),
    ] {
        let mut altered = good.clone();
        let changed = message.replacen(part, instead, 1);
        assert_ne!(&changed, message, "{part}");
        if let Authorization::Session { message, .. } = &mut altered.authorization {
            *message = changed;
        }
        assert_eq!(self::code(&altered), code, "{part}");
    }
}

#[test]
fn altered_request_is_refused_in_a_session_and_under_a_delegation() {
    for asker in Asker::all() {
        let session = in_session(request(), &session(&asker), &asker);
        let delegation = delegated(request(), delegation(&asker), &asker);
        for good in [session, delegation] {
            let mut nonce = good.clone();
            nonce.nonce = B256::ZERO;
            let mut epoch = good.clone();
            epoch.epoch += 1;
            let mut items = good.clone();
            items.items.pop();
            for altered in [nonce, epoch, items] {
                assert_eq!(code(&altered), Code::SignatureInvalid, "{}", asker.key());
            }
            let other = Domain::of_committee(314, Address::repeat_byte(0xcc), 2);
            let refused = good
                .check_authorization(&other, good.digest(&other), &policy(), NOW)
                .unwrap_err();
            assert_eq!(
                refused.code,
                Code::SignatureInvalid,
                "another network's domain"
            );
        }
    }
}

#[test]
fn request_signed_by_another_key_than_the_session_names_is_refused() {
    let [p256, ed25519, secp256k1] = Asker::all();
    for (named, signs) in [(&p256, &ed25519), (&ed25519, &p256), (&secp256k1, &p256)] {
        let request = in_session(request(), &session(named), signs);
        assert_eq!(code(&request), Code::SignatureInvalid);
    }
}

#[test]
fn delegation_is_refused_when_it_is_over() {
    let over = |d: &mut Delegation| (d.not_before, d.expires_at) = (NOW - 100, NOW);
    assert_eq!(delegation_code(over), Code::AuthorizationExpired);
}

#[test]
fn delegation_is_refused_before_it_begins() {
    let early = |d: &mut Delegation| (d.not_before, d.expires_at) = (NOW + 31, NOW + 100);
    assert_eq!(delegation_code(early), Code::AuthorizationEarly);
}

#[test]
fn delegation_longer_than_thirty_days_is_refused() {
    let longer = |d: &mut Delegation| d.expires_at = d.not_before + MAX_DELEGATION + 1;
    assert_eq!(delegation_code(longer), Code::BadAuthorization);
    let endless = |d: &mut Delegation| d.expires_at = u64::MAX;
    assert_eq!(delegation_code(endless), Code::BadAuthorization);
}

#[test]
fn delegation_out_of_scope_is_refused() {
    let other = |d: &mut Delegation| d.scope = Scope::contract(314, Address::repeat_byte(9));
    assert_eq!(delegation_code(other), Code::OutOfScope);
    let none = |d: &mut Delegation| d.scope = Scope::default();
    assert_eq!(delegation_code(none), Code::BadAuthorization);
}

#[test]
fn delegation_by_another_account_is_refused() {
    let asker = Asker::one();
    let good = delegated(request(), delegation(&asker), &asker);
    // The same papers for an account that did not sign them.
    let mut other = good;
    other.account = Some(Account {
        address: Address::repeat_byte(9),
        ..account(AccountKind::Key)
    });
    let digest = other.digest(&domain());
    if let Authorization::Delegation { key_signature, .. } = &mut other.authorization {
        *key_signature = asker.sign(digest);
    }
    assert_eq!(code(&other), Code::SignatureInvalid);
}

#[test]
fn every_field_of_a_delegation_changes_its_digest() {
    let base = delegation(&Asker::one());
    let digest = |change: &dyn Fn(&mut Delegation)| {
        let mut changed = base.clone();
        change(&mut changed);
        changed.digest(account(AccountKind::Key), &domain())
    };
    let [p256, ..] = Asker::all();
    let mut digests = vec![
        digest(&|_| {}),
        digest(&|d| d.delegate = p256.key()),
        digest(&|d| d.scope = Scope::policy(PolicyDigest::from_bytes([9; 32]))),
        digest(&|d| d.scope.items = request().items),
        digest(&|d| d.scope.contracts = Scope::contract(314, PASS).contracts),
        digest(&|d| d.scope.contracts = Scope::contract(1, PASS).contracts),
        digest(&|d| d.not_before += 1),
        digest(&|d| d.expires_at += 1),
        digest(&|d| d.nonce = B256::ZERO),
        base.digest(account(AccountKind::Contract), &domain()),
        base.digest(
            account(AccountKind::Key),
            &Domain {
                chain_id: 1,
                ..domain()
            },
        ),
    ];
    let count = digests.len();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), count);
}

/// `s' = n − s`, with `v` flipped where there is one.
fn twin(signature: &[u8], order: &str) -> Bytes {
    let order = U256::from_str_radix(order, 16).unwrap();
    let mut twin = signature.to_vec();
    let s = order - U256::from_be_slice(&twin[32..64]);
    twin[32..64].copy_from_slice(&s.to_be_bytes::<32>());
    if let Some(v) = twin.get_mut(64) {
        *v = 55 - *v;
    }
    twin.into()
}

#[test]
fn high_s_signature_is_refused_where_wallets_make_none() {
    const SECP256K1: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    const P256: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let [p256, ed25519, secp256k1] = Asker::all();
    let twinned = |asker: &Asker, order: &str, owners: bool| {
        let mut request = in_session(request(), &session(asker), asker);
        let Authorization::Session {
            signature,
            key_signature,
            ..
        } = &mut request.authorization
        else {
            panic!()
        };
        let part = if owners { signature } else { key_signature };
        *part = twin(part, order);
        consent(&request)
    };
    for refused in [
        twinned(&ed25519, SECP256K1, true),
        twinned(&secp256k1, SECP256K1, false),
    ] {
        let problem = refused.unwrap_err();
        assert!(problem.detail.contains("upper half"), "{problem}");
    }
    // WebCrypto normalises nothing.
    assert_eq!(twinned(&p256, P256, false), Ok(Consent::Given));
    // s + L: what strict verification is for.
    let order = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";
    let order: [u8; 32] = U256::from_str_radix(order, 16).unwrap().to_le_bytes();
    let mut request = in_session(request(), &session(&ed25519), &ed25519);
    if let Authorization::Session { key_signature, .. } = &mut request.authorization {
        let mut bytes = key_signature.to_vec();
        let s = U256::from_le_slice(&bytes[32..]) + U256::from_le_bytes(order);
        bytes[32..].copy_from_slice(&s.to_le_bytes::<32>());
        *key_signature = bytes.into();
    }
    assert_eq!(code(&request), Code::SignatureInvalid);
}

#[test]
fn signature_of_a_delegate_is_refused_when_it_is_cut_or_changed() {
    for asker in Asker::all() {
        let good = asker.sign(B256::repeat_byte(1));
        let verify = |signature: &[u8]| asker.key().verify(B256::repeat_byte(1), signature);
        verify(&good).unwrap();
        for at in 0..good.len() {
            let mut changed = good.to_vec();
            changed[at] ^= 1;
            verify(&changed).unwrap_err();
            verify(&good[..at]).unwrap_err();
        }
        verify(&vec![0; good.len()]).unwrap_err();
        asker.key().verify(B256::repeat_byte(2), &good).unwrap_err();
    }
}

#[test]
fn key_is_refused_when_its_text_is_none() {
    let zeros = "00".repeat(32);
    for text in [
        String::new(),
        "p256".to_owned(),
        format!("rsa:0x{zeros}"),
        format!("p256:{}", "02".repeat(33)),
        format!("p256:0x04{zeros}"),
        format!("p256:0x02{}", "ff".repeat(32)),
        format!("ed25519:0x{}", "FF".repeat(32)),
        // A point of small order, under which anybody can sign.
        format!("ed25519:0x01{}", "00".repeat(31)),
        format!("ed25519:0x{zeros}"),
        format!("secp256k1:0x{}", "00".repeat(20)),
    ] {
        assert!(text.parse::<DelegateKey>().is_err(), "{text}");
    }
}

#[test]
fn contract_account_is_asked_for_each_kind_of_authorization() {
    let asker = Asker::one();
    let mut request = request();
    request.account = Some(account(AccountKind::Contract));
    let session = session(&asker);
    let message = session.to_message().unwrap();
    let delegation = delegation(&asker);
    let signed = request.account.unwrap();
    let cases = [
        (
            in_session(request.clone(), &session, &asker),
            message.digest(),
        ),
        (
            delegated(request.clone(), delegation.clone(), &asker),
            delegation.digest(signed, &domain()),
        ),
    ];
    for (request, digest) in cases {
        let Ok(Consent::OfContract(asked)) = consent(&request) else {
            panic!("its chain decides")
        };
        assert_eq!((asked.account, asked.chain), (signed.address, 314));
        assert_eq!(asked.digest, digest);
        assert_eq!(asked.read().place(), (314, 0));
    }
    // What needs no chain is refused without one.
    let mut late = session;
    late.expires_at += 1;
    assert_eq!(
        code(&in_session(request, &late, &asker)),
        Code::BadAuthorization
    );
}

#[test]
fn answer_of_a_contract_account_is_a_yes_only_when_it_is_exactly_the_magic() {
    let judge = |bytes: &str| {
        let bytes = hex::decode(bytes).unwrap();
        ContractConsent::judge(&Ok(Reading::Bytes(bytes.into())))
    };
    let zeros = "00".repeat(28);
    assert_eq!(judge(&format!("1626ba7e{zeros}")), Ok(true));
    for no in [
        String::new(),
        "1626ba7e".to_owned(),
        format!("20c13b0b{zeros}"),
        format!("1626ba7e{}01", "00".repeat(27)),
        format!("1626ba7e{zeros}00"),
        "00".repeat(32),
        format!("{}01", "00".repeat(31)),
    ] {
        assert_eq!(judge(&no), Ok(false), "{no}");
    }
    for no in [
        Unknown::Reverted,
        Unknown::NoCode,
        Unknown::OutOfGas,
        Unknown::TooLong,
    ] {
        assert_eq!(ContractConsent::judge(&Err(no)), Ok(false));
    }
    let fault = Unknown::Rpc("silence".to_owned());
    assert_eq!(ContractConsent::judge(&Err(fault.clone())), Err(fault));
}

#[test]
fn wallet_that_does_not_exist_yet_is_made_and_asked_in_one_call() {
    let factory = Address::repeat_byte(0xfa);
    let making = Bytes::from_static(b"make it");
    let inner = Bytes::from_static(b"inner");
    let mut wrapped = (factory, making.clone(), inner.clone()).abi_encode_params();
    wrapped.extend([0x64, 0x92].repeat(16));
    let new = |signature: Vec<u8>| {
        ContractConsent::new(PASS, 314, B256::repeat_byte(1), &signature.into())
    };
    let asked = new(wrapped.clone()).unwrap();
    let plain = new(inner.to_vec()).unwrap();
    assert_eq!(
        asked.read(),
        plain.read(),
        "first it is asked as if it existed"
    );
    assert_eq!(plain.read_before_it_exists(), None);
    let Some(Read::Call { to, data, .. }) = asked.read_before_it_exists() else {
        panic!()
    };
    assert_eq!(to, MULTICALL3);
    assert!(data.windows(7).any(|part| part == b"make it"));
    // What is no wrapping is refused, not taken for a signature.
    for at in [0, 31, 32, 64] {
        let cut = wrapped[at + 1..].to_vec();
        assert_eq!(new(cut).unwrap_err().code, Code::SignatureInvalid);
    }
    assert!(new(vec![1; 20_000]).is_err());

    let magic = B256::right_padding_from(&[0x16, 0x26, 0xba, 0x7e]);
    let answer = |results: Vec<(bool, Bytes)>| {
        let returned = results.abi_encode();
        // One parameter, so what a function returns is the same.
        ContractConsent::judge_before_it_exists(&Ok(Reading::Bytes(returned.into())))
    };
    let (yes, made) = ((true, magic.to_vec().into()), (true, Bytes::new()));
    assert_eq!(answer(vec![made.clone(), yes.clone()]), Ok(true));
    assert_eq!(answer(vec![yes.clone(), made.clone()]), Ok(false));
    assert_eq!(
        answer(vec![made.clone(), (false, magic.to_vec().into())]),
        Ok(false)
    );
    assert_eq!(answer(vec![yes.clone()]), Ok(false));
    assert_eq!(answer(vec![made, yes.clone(), yes]), Ok(false));
}
