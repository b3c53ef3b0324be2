//! Request, answer and receipt: JSON, digests, signatures.

use alloy::{
    primitives::keccak256,
    signers::{SignerSync, local::PrivateKeySigner},
};
use serde_json::{Value, json};
use stheno_protocol::{
    Account, AccountKind, Address, Anchor, Answer, Authorization, B256, Bytes, Consent, Context,
    ContextValue, DelegateKey, Delegation, FixedBytes, I256, ItemId, Policy, Receipt, ReceiptTip,
    Request, Scope, Session, SignedReceipt, U256, shares_digest,
};

use crate::{
    eip712::{domain, domain_vector, vector, wallet_hash},
    frozen, hex,
};

const REQUEST: &str = "Request(uint64 epoch,address account,uint64 accountChain,uint8 accountKind,bytes32 policyDigest,bytes32[] items,bytes readerKey,Anchor[] anchors,uint64 issuedAt,uint64 expiresAt,bytes32 nonce,bytes context)Anchor(uint64 chainId,uint64 confirmations,uint64 number,bytes32 blockHash)";
const DELEGATION: &str = "Delegation(address account,uint64 accountChain,uint8 accountKind,string delegate,bytes32[] policies,bytes32[] items,Application[] contracts,uint64 notBefore,uint64 expiresAt,bytes32 nonce)Application(uint64 chainId,address contractAddress)";
const RECEIPT: &str = "Receipt(uint64 epoch,uint16 node,bytes32 requestDigest,bytes32 policyDigest,bytes32[] items,address account,bytes readerKey,Anchor[] anchors,bytes32 sharesDigest,uint64 time)Anchor(uint64 chainId,uint64 confirmations,uint64 number,bytes32 blockHash)";

fn signer(byte: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(byte)).unwrap()
}

fn context() -> Context {
    let mut context = Context::default();
    for (name, value) in [
        ("edition", ContextValue::Uint(U256::from(7))),
        ("offset", ContextValue::Negative(I256::MINUS_ONE)),
        ("proof", ContextValue::Bytes(vec![0xde, 0xad].into())),
        ("memo", ContextValue::Text("gold".into())),
        ("live", ContextValue::Bool(true)),
        ("big", ContextValue::Uint(U256::MAX)),
    ] {
        context.insert(name, value).unwrap();
    }
    context
}

fn request() -> Request {
    let policy = Policy::from_json(
        r#"{"version": 1, "rule": {"all": [
            {"balance": {"chain": 314, "min": "1"}},
            {"balance": {"chain": 314, "min": "1", "finality": {"confirmations": 5}}}]}}"#,
    )
    .unwrap();
    let anchor = |confirmations: u64, byte: u8| Anchor {
        chain_id: 314,
        confirmations,
        number: 5_000_000 + confirmations,
        hash: B256::repeat_byte(byte),
    };
    Request {
        network: domain().network,
        epoch: 3,
        account: Some(Account {
            address: signer(0x11).address(),
            chain: 314,
            kind: AccountKind::Key,
        }),
        policy: policy.to_cbor().into(),
        items: vec![ItemId::from_bytes([1; 32]), ItemId::from_bytes([2; 32])],
        // The generator of G1, compressed.
        reader_key: "0x97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
            .parse::<FixedBytes<48>>()
            .unwrap(),
        anchors: vec![anchor(0, 0xaa), anchor(5, 0xbb)],
        issued_at: 1_800_000_000,
        expires_at: 1_800_000_120,
        nonce: B256::repeat_byte(0x55),
        context: context(),
        authorization: Authorization::None {},
    }
}

fn anchors(request: &Request) -> Value {
    request
        .anchors
        .iter()
        .map(|anchor| {
            json!({
                "chainId": anchor.chain_id,
                "confirmations": anchor.confirmations,
                "number": anchor.number,
                "blockHash": anchor.hash,
            })
        })
        .collect()
}

#[test]
fn request_and_receipt_digests_are_frozen() {
    let mut request = request();
    let items: Vec<String> = request.items.iter().map(ItemId::to_string).collect();
    let fields = json!({
        "epoch": 3,
        "account": signer(0x11).address(),
        "accountChain": 314,
        "accountKind": 1,
        "policyDigest": request.policy_digest().to_string(),
        "items": items,
        "readerKey": hex(request.reader_key),
        "anchors": anchors(&request),
        "issuedAt": 1_800_000_000,
        "expiresAt": 1_800_000_120,
        "nonce": request.nonce,
        "context": hex(request.context.to_cbor()),
    });
    let digest = request.digest(&domain());
    let mut request_vector = vector(&request.typed(), REQUEST, &fields);
    assert_eq!(
        wallet_hash(request.typed_data(&domain())),
        request.digest(&domain())
    );
    assert_eq!(request_vector["digest"], hex(digest));
    let signature = signer(0x11).sign_hash_sync(&digest).unwrap().as_bytes();
    request.authorization = Authorization::Wallet {
        signature: signature.to_vec().into(),
    };
    request.check_form(1_800_000_000).unwrap();
    let policy = request.decode_policy().unwrap();
    request.check_policy(&policy).unwrap();
    let consent =
        request.check_authorization(&domain(), request.digest(&domain()), &policy, 1_800_000_000);
    assert_eq!(consent, Ok(Consent::Given));
    request_vector["signer"] = json!(signer(0x11).address());
    request_vector["signature"] = hex(signature).into();
    request_vector["json"] = serde_json::to_value(&request).unwrap();

    let shares: Vec<Bytes> = vec![vec![1; 288].into(), vec![2; 288].into()];
    let body = Receipt::of(&request, &domain(), 2, &shares, 1_800_000_001);
    let fields = json!({
        "epoch": 3,
        "node": 2,
        "requestDigest": digest,
        "policyDigest": request.policy_digest().to_string(),
        "items": items,
        "account": signer(0x11).address(),
        "readerKey": hex(request.reader_key),
        "anchors": anchors(&request),
        "sharesDigest": shares_digest(&shares),
        "time": 1_800_000_001,
    });
    let mut receipt_vector = vector(&body.typed(), RECEIPT, &fields);
    let signature = signer(0x22)
        .sign_hash_sync(&body.digest(&domain()))
        .unwrap()
        .as_bytes();
    let answer = Answer {
        node: 2,
        epoch: 3,
        anchors: request.anchors.clone(),
        shares,
        receipt: SignedReceipt {
            body,
            signature: signature.to_vec().into(),
        },
    };
    answer
        .verify(&request, &domain(), 2, signer(0x22).address())
        .unwrap();
    receipt_vector["signer"] = json!(signer(0x22).address());
    receipt_vector["signature"] = hex(signature).into();
    receipt_vector["row"] = row_vector(&answer.receipt);
    receipt_vector["answer"] = serde_json::to_value(&answer).unwrap();

    frozen(
        "protocol-requests.json",
        &json!({
            "domain": domain_vector(),
            "request": request_vector,
            "receipt": receipt_vector,
            "session": session_vector(),
            "delegation": delegation_vector(),
        }),
    );
}

/// A row of three receipts, linked by hand.
fn row_vector(first: &SignedReceipt) -> Value {
    let mut vectors = Vec::new();
    let (mut tip, mut link) = (ReceiptTip::default(), B256::ZERO);
    for sequence in 1..=3_u64 {
        let body = Receipt {
            time: first.body.time + sequence - 1,
            ..first.body.clone()
        };
        let digest = body.digest(&domain());
        let signature = signer(0x22).sign_hash_sync(&digest).unwrap().as_bytes();
        let mut bytes = b"stheno/v1/receipt-link".to_vec();
        bytes.extend_from_slice(link.as_slice());
        bytes.extend_from_slice(&sequence.to_be_bytes());
        bytes.extend_from_slice(digest.as_slice());
        bytes.extend_from_slice(keccak256(signature).as_slice());
        link = keccak256(&bytes);
        tip = tip.then(&digest, &signature);
        assert_eq!(tip, ReceiptTip { sequence, link });
        vectors.push(json!({
            "sequence": sequence,
            "digest": digest,
            "signature": hex(signature),
            "hashed": hex(bytes),
            "link": link,
        }));
    }
    assert_eq!(vectors[0]["signature"], hex(&first.signature));
    vectors.into()
}

/// A key of each kind, with its signature of `digest`, by RFC 6979 where it is ECDSA.
fn keys(digest: B256) -> [(DelegateKey, Vec<u8>); 3] {
    let p256 = p256::ecdsa::SigningKey::from_slice(&[0x33; 32]).unwrap();
    let point = p256.verifying_key().to_encoded_point(true);
    let of_p256: p256::ecdsa::Signature = {
        use p256::ecdsa::signature::Signer as _;
        p256.sign(digest.as_slice())
    };
    let ed25519 = ed25519_dalek::SigningKey::from_bytes(&[0x33; 32]);
    let of_ed25519 = {
        use ed25519_dalek::Signer as _;
        ed25519.sign(digest.as_slice())
    };
    let secp256k1 = signer(0x33);
    let of_secp256k1 = secp256k1.sign_hash_sync(&digest).unwrap();
    [
        (
            DelegateKey::P256(point.as_bytes().try_into().unwrap()),
            of_p256.to_bytes().to_vec(),
        ),
        (
            DelegateKey::Ed25519(ed25519.verifying_key().to_bytes()),
            of_ed25519.to_bytes().to_vec(),
        ),
        (
            DelegateKey::Secp256k1(secp256k1.address()),
            of_secp256k1.as_bytes().to_vec(),
        ),
    ]
}

fn scope(request: &Request) -> Scope {
    Scope {
        policies: vec![request.policy_digest()],
        items: request.items.clone(),
        contracts: Scope::contract(314, Address::repeat_byte(0xa5)).contracts,
    }
}

/// The same request in a session of each kind of key.
fn session_vector() -> Value {
    let mut request = request();
    let policy = request.decode_policy().unwrap();
    let digest = request.digest(&domain());
    let mut vectors = Vec::new();
    for (key, key_signature) in keys(digest) {
        let session = Session {
            origin: "app.example".parse().unwrap(),
            account: signer(0x11).address(),
            chain: 314,
            key,
            network: domain().network,
            scope: scope(&request),
            issued_at: 1_799_999_940,
            expires_at: 1_800_003_540,
            nonce: "k3y9XbQ2".parse().unwrap(),
        };
        let message = session.to_message().unwrap();
        let signature = signer(0x11)
            .sign_message_sync(message.to_string().as_bytes())
            .unwrap();
        request.authorization = Authorization::Session {
            message: message.to_string(),
            signature: signature.as_bytes().into(),
            key_signature: key_signature.into(),
        };
        let consent = request.check_authorization(
            &domain(),
            request.digest(&domain()),
            &policy,
            1_800_000_000,
        );
        assert_eq!(consent, Ok(Consent::Given));
        vectors.push(json!({
            "key": key,
            "digest": message.digest(),
            "authorization": request.authorization,
        }));
    }
    vectors.into()
}

/// The same request under a delegation to each kind of key.
fn delegation_vector() -> Value {
    let mut request = request();
    let policy = request.decode_policy().unwrap();
    let account = request.account.unwrap();
    let digest = request.digest(&domain());
    let mut vectors = Vec::new();
    for (delegate, key_signature) in keys(digest) {
        let delegation = Delegation {
            delegate,
            scope: scope(&request),
            not_before: 1_799_999_940,
            expires_at: 1_799_999_940 + 30 * 86_400,
            nonce: B256::repeat_byte(0x66),
        };
        let items: Vec<String> = request.items.iter().map(ItemId::to_string).collect();
        let fields = json!({
            "account": account.address,
            "accountChain": 314,
            "accountKind": 1,
            "delegate": delegate,
            "policies": [request.policy_digest().to_string()],
            "items": items,
            "contracts": [{"chainId": 314, "contractAddress": Address::repeat_byte(0xa5)}],
            "notBefore": delegation.not_before,
            "expiresAt": delegation.expires_at,
            "nonce": delegation.nonce,
        });
        let mut vector = vector(&delegation.typed(account), DELEGATION, &fields);
        assert_eq!(
            wallet_hash(delegation.typed_data(account, &domain())),
            delegation.digest(account, &domain())
        );
        let signed = delegation.digest(account, &domain());
        let signature = signer(0x11).sign_hash_sync(&signed).unwrap();
        request.authorization = Authorization::Delegation {
            delegation,
            signature: signature.as_bytes().into(),
            key_signature: key_signature.into(),
        };
        let consent = request.check_authorization(
            &domain(),
            request.digest(&domain()),
            &policy,
            1_800_000_000,
        );
        assert_eq!(consent, Ok(Consent::Given));
        vector["authorization"] = json!(request.authorization);
        vectors.push(vector);
    }
    vectors.into()
}
