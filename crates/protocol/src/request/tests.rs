use alloy::signers::{SignerSync, local::PrivateKeySigner};
use alloy_primitives::U256;

use super::*;
use crate::{Consent, ContextValue};

const NOW: u64 = 1_800_000_000;

fn domain() -> Domain {
    Domain::of_committee(314, Address::repeat_byte(0xcc), 1)
}

fn signer() -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(0x11)).unwrap()
}

fn policy() -> Policy {
    Policy::from_json(
        r#"{"version": 1, "rule": {"all": [
            {"balance": {"chain": 314, "min": 1}},
            {"time": {"chain": 1, "before": "2030-01-01T00:00:00Z", "finality": {"confirmations": 3}}}]}}"#,
    )
    .unwrap()
}

fn anchor(chain_id: ChainId, confirmations: Tier) -> Anchor {
    Anchor {
        chain_id,
        confirmations,
        number: 100,
        hash: B256::repeat_byte(0xaa),
    }
}

fn request() -> Request {
    let mut context = Context::default();
    context
        .insert("tokenId", ContextValue::Uint(U256::from(7)))
        .unwrap();
    Request {
        network: domain().network,
        epoch: 3,
        account: Some(Account {
            address: signer().address(),
            chain: 314,
            kind: AccountKind::Key,
        }),
        policy: policy().to_cbor().into(),
        items: vec![ItemId::from_bytes([1; 32]), ItemId::from_bytes([2; 32])],
        reader_key: FixedBytes::repeat_byte(0x97),
        anchors: vec![anchor(1, 3), anchor(314, 0)],
        issued_at: NOW,
        expires_at: NOW + 120,
        nonce: B256::repeat_byte(0x55),
        context,
        authorization: Authorization::None {},
    }
}

fn signed(mut request: Request) -> Request {
    let signature = signer().sign_hash_sync(&request.digest(&domain())).unwrap();
    request.authorization = Authorization::Wallet {
        signature: signature.as_bytes().to_vec().into(),
    };
    request
}

fn consent(request: &Request) -> Result<Consent, Problem> {
    request.check_authorization(&domain(), request.digest(&domain()), &policy(), NOW)
}

fn code(result: Result<(), Problem>) -> Code {
    result.unwrap_err().code
}

#[test]
fn request_is_accepted_as_signed() {
    let request = signed(request());
    request.check_addressee(&domain().network, &[4, 3]).unwrap();
    request.check_form(NOW).unwrap();
    request
        .check_policy(&request.decode_policy().unwrap())
        .unwrap();
    assert_eq!(consent(&request), Ok(Consent::Given));
}

#[test]
fn json_is_the_designs_and_round_trips() {
    let request = signed(request());
    let json = serde_json::to_value(&request).unwrap();
    let mut keys: Vec<&str> = json
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    let mut expected = [
        "network",
        "epoch",
        "account",
        "accountChain",
        "accountKind",
        "policy",
        "items",
        "readerKey",
        "anchors",
        "issuedAt",
        "expiresAt",
        "nonce",
        "context",
        "authorization",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(json["accountKind"], "key");
    assert_eq!(json["context"], "0xa167746f6b656e496407");
    assert_eq!(json["authorization"]["type"], "wallet");
    assert_eq!(serde_json::from_value::<Request>(json).unwrap(), request);
}

#[test]
fn request_without_account_round_trips() {
    let mut request = request();
    request.account = None;
    let json = serde_json::to_value(&request).unwrap();
    assert_eq!(json["accountKind"], "none");
    assert_eq!(json["accountChain"], 0);
    assert_eq!(json["authorization"]["type"], "none");
    assert_eq!(serde_json::from_value::<Request>(json).unwrap(), request);
}

#[test]
fn malformed_field_is_refused_and_the_error_says_how() {
    let good = serde_json::to_value(signed(request())).unwrap();
    let hex = |n: usize| format!("0x{}", "ab".repeat(n));
    for (field, value, part) in [
        (
            "network",
            "0xabcd".into(),
            "expected 32 bytes as 0x and 64 hex digits, got 4 digits",
        ),
        ("network", hex(33).into(), "got 66 digits"),
        ("network", "ab".into(), "hex must begin with 0x"),
        ("nonce", format!("0x{}", "g".repeat(64)).into(), "bad hex"),
        ("readerKey", hex(47).into(), "expected 48 bytes"),
        ("account", hex(19).into(), "expected 20 bytes"),
        ("account", hex(20)[..41].into(), "expected 20 bytes"),
        (
            "account",
            format!("0x{}", "0".repeat(40)).into(),
            "account is zero",
        ),
        ("accountKind", "safe".into(), "unknown variant `safe`"),
        (
            "accountKind",
            "none".into(),
            "account and accountChain are zero",
        ),
        ("accountChain", 0.into(), "accountChain is missing"),
        ("accountChain", (-1).into(), "invalid value"),
        ("epoch", 1.5.into(), "invalid type"),
        ("policy", "0xabc".into(), "bad hex"),
        ("items", serde_json::json!(["0x12"]), "expected 32 bytes"),
        (
            "items",
            "0x12".into(),
            "a list of 0x hex strings of 32 bytes",
        ),
        ("context", "0x".into(), "context is not"),
        (
            "context",
            "0xa26161006161 01".replace(' ', "").into(),
            "duplicate map key",
        ),
        (
            "authorization",
            serde_json::json!({"type": "password"}),
            "unknown variant",
        ),
        (
            "authorization",
            serde_json::json!({"type": "wallet"}),
            "missing field `signature`",
        ),
        (
            "authorization",
            serde_json::json!({"type": "none", "signature": "0x"}),
            "unknown field",
        ),
        (
            "anchors",
            serde_json::json!([{"chainId": 1}]),
            "missing field",
        ),
        ("identity", hex(128).into(), "unknown field `identity`"),
    ] {
        let mut json = good.clone();
        json[field] = value;
        let error = serde_json::from_value::<Request>(json)
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{field}: {error}");
    }
    for field in good.as_object().unwrap().keys() {
        let mut json = good.clone();
        json.as_object_mut().unwrap().remove(field);
        let error = serde_json::from_value::<Request>(json)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("missing field `{field}`")),
            "{error}"
        );
    }
}

#[test]
fn duplicate_json_key_is_refused() {
    let json = serde_json::to_string(&signed(request())).unwrap();
    let json = json.replacen("{\"", "{\"epoch\":9,\"", 1);
    let error = serde_json::from_str::<Request>(&json)
        .unwrap_err()
        .to_string();
    assert!(error.contains("duplicate field `epoch`"), "{error}");
}

#[test]
fn request_is_refused_for_another_network_or_epoch() {
    let request = request();
    let other = Domain::of_committee(314, Address::repeat_byte(0xcc), 2).network;
    assert_eq!(
        code(request.check_addressee(&other, &[3])),
        Code::WrongNetwork
    );
    assert_eq!(
        code(request.check_addressee(&domain().network, &[5, 4])),
        Code::WrongEpoch
    );
}

#[test]
fn items_are_1_to_256_and_distinct() {
    let with = |items: Vec<ItemId>| Request { items, ..request() }.check_form(NOW);
    let many = |n: usize| {
        (0..n)
            .map(|i| ItemId::from_bytes(U256::from(i).to_be_bytes()))
            .collect::<Vec<_>>()
    };
    with(many(256)).unwrap();
    assert_eq!(code(with(many(257))), Code::BadItems);
    assert_eq!(code(with(vec![])), Code::BadItems);
    let mut twice = many(5);
    twice.push(twice[2]);
    let problem = with(twice).unwrap_err();
    assert_eq!(problem.code, Code::BadItems);
    assert!(problem.detail.ends_with("twice"), "{problem}");
}

#[test]
fn anchors_are_ascending_and_distinct() {
    let with = |anchors: Vec<Anchor>| {
        Request {
            anchors,
            ..request()
        }
        .check_form(NOW)
    };
    with(vec![anchor(1, 0), anchor(1, 3), anchor(2, 0)]).unwrap();
    for anchors in [
        vec![anchor(2, 0), anchor(1, 0)],
        vec![anchor(1, 3), anchor(1, 0)],
        vec![anchor(1, 0), anchor(1, 0)],
        (0..66).map(|chain| anchor(chain, 0)).collect(),
    ] {
        assert_eq!(code(with(anchors)), Code::BadAnchors);
    }
}

#[test]
fn times_are_checked_against_the_clock() {
    let with = |issued_at: u64, expires_at: u64| {
        Request {
            issued_at,
            expires_at,
            ..request()
        }
        .check_form(NOW)
    };
    with(NOW, NOW + MAX_LIFETIME).unwrap();
    with(NOW - MAX_LIFETIME + 1, NOW + 1).unwrap();
    with(NOW + CLOCK_TOLERANCE, NOW + CLOCK_TOLERANCE + 1).unwrap();
    assert_eq!(code(with(NOW, NOW + MAX_LIFETIME + 1)), Code::BadTimes);
    assert_eq!(code(with(NOW, NOW)), Code::BadTimes);
    assert_eq!(code(with(NOW, NOW - 1)), Code::BadTimes);
    assert_eq!(code(with(0, u64::MAX)), Code::BadTimes);
    assert_eq!(
        code(with(NOW + CLOCK_TOLERANCE + 1, NOW + CLOCK_TOLERANCE + 2)),
        Code::FromFuture
    );
    assert_eq!(code(with(u64::MAX - 1, u64::MAX)), Code::FromFuture);
    assert_eq!(code(with(NOW - 1, NOW)), Code::Expired);
    assert_eq!(code(with(0, 1)), Code::Expired);
    assert_eq!(
        code(
            Request {
                issued_at: 0,
                expires_at: 1,
                ..request()
            }
            .check_form(u64::MAX)
        ),
        Code::Expired
    );
}

#[test]
fn anchors_are_exactly_those_that_are_read_at() {
    let check = |request: Request| request.check_policy(&policy());
    check(request()).unwrap();
    let with = |anchors| {
        check(Request {
            anchors,
            ..request()
        })
    };
    let missing = with(vec![anchor(314, 0)]).unwrap_err();
    assert_eq!(missing.code, Code::BadAnchors);
    assert_eq!(
        missing.detail,
        "the anchor for chain 1 at 3 confirmations is missing"
    );
    let extra = with(vec![anchor(1, 0), anchor(1, 3), anchor(314, 0)]).unwrap_err();
    assert_eq!(
        extra.detail,
        "the anchor for chain 1 at finality is not needed"
    );
    let contract = |anchors| {
        check(Request {
            anchors,
            account: Some(Account {
                address: Address::repeat_byte(9),
                chain: 10,
                kind: AccountKind::Contract,
            }),
            ..request()
        })
    };
    assert_eq!(
        code(contract(vec![anchor(1, 3), anchor(314, 0)])),
        Code::BadAnchors
    );
    contract(vec![anchor(1, 3), anchor(10, 0), anchor(314, 0)]).unwrap();
    let nobody = Request {
        account: None,
        ..request()
    };
    assert_eq!(code(check(nobody)), Code::AccountRequired);
}

#[test]
fn every_signed_field_changes_the_digest() {
    let base = request();
    let digest = base.digest(&domain());
    let item = ItemId::from_bytes([3; 32]);
    let account = |address, chain, kind| {
        Some(Account {
            address,
            chain,
            kind,
        })
    };
    let address = signer().address();
    let changed = [
        Request {
            epoch: 4,
            ..base.clone()
        },
        Request {
            account: None,
            ..base.clone()
        },
        Request {
            account: account(Address::ZERO, 314, AccountKind::Key),
            ..base.clone()
        },
        Request {
            account: account(address, 315, AccountKind::Key),
            ..base.clone()
        },
        Request {
            account: account(address, 314, AccountKind::Contract),
            ..base.clone()
        },
        Request {
            policy: Bytes::from_static(b"\0"),
            ..base.clone()
        },
        Request {
            items: vec![item],
            ..base.clone()
        },
        Request {
            items: base.items.iter().rev().copied().collect(),
            ..base.clone()
        },
        Request {
            reader_key: FixedBytes::ZERO,
            ..base.clone()
        },
        Request {
            anchors: vec![anchor(314, 0)],
            ..base.clone()
        },
        Request {
            anchors: vec![anchor(1, 2), anchor(314, 0)],
            ..base.clone()
        },
        Request {
            issued_at: NOW + 1,
            ..base.clone()
        },
        Request {
            expires_at: NOW + 121,
            ..base.clone()
        },
        Request {
            nonce: B256::ZERO,
            ..base.clone()
        },
        Request {
            context: Context::default(),
            ..base.clone()
        },
    ];
    for other in &changed {
        assert_ne!(other.digest(&domain()), digest, "{other:?}");
    }
    // The network stands in the domain's salt, and a request for another is refused before.
    for other in [
        Domain::of_committee(315, domain().contract, 1),
        Domain::of_committee(314, Address::ZERO, 1),
        Domain::of_committee(314, domain().contract, 2),
        Domain {
            chain_id: 1,
            ..domain()
        },
        Domain {
            contract: Address::ZERO,
            ..domain()
        },
    ] {
        assert_ne!(base.digest(&other), digest);
    }
    assert_eq!(
        signed(base).digest(&domain()),
        digest,
        "the signature is not signed"
    );
}

#[test]
fn signature_is_refused_when_altered_or_malleated() {
    let good = signed(request());
    let Authorization::Wallet { signature } = &good.authorization else {
        panic!()
    };
    let with = |signature: Vec<u8>| {
        let request = Request {
            authorization: Authorization::Wallet {
                signature: signature.into(),
            },
            ..good.clone()
        };
        consent(&request).unwrap_err()
    };
    for at in 0..65 {
        let mut bytes = signature.to_vec();
        bytes[at] ^= 1;
        assert_eq!(with(bytes).code, Code::SignatureInvalid);
    }
    // The twin: s' = n − s, v flipped. It recovers to the same address, and is refused.
    let order = U256::from_be_slice(
        &hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").unwrap(),
    );
    let mut twin = signature.to_vec();
    let s = order - U256::from_be_slice(&twin[32..64]);
    twin[32..64].copy_from_slice(&s.to_be_bytes::<32>());
    twin[64] = 55 - twin[64];
    let problem = with(twin);
    assert!(problem.detail.contains("upper half"), "{problem}");
    for length in [0, 64, 66] {
        assert!(with(vec![27; length]).detail.contains("65 bytes"));
    }
    let mut parity = signature.to_vec();
    parity[64] -= 27;
    assert!(with(parity).detail.contains("27 or 28"));
    assert!(with(vec![27; 65]).code == Code::SignatureInvalid);
    let mut zero = vec![0; 65];
    zero[64] = 27;
    assert!(with(zero).detail.contains("no key can have made"));
}

#[test]
fn request_is_refused_when_account_and_proof_do_not_fit() {
    let unsigned = request();
    assert_eq!(
        code(consent(&unsigned).map(drop)),
        Code::AuthorizationMissing
    );
    let mut nobody = signed(request());
    nobody.account = None;
    assert_eq!(code(consent(&nobody).map(drop)), Code::SignatureInvalid);
    nobody.authorization = Authorization::None {};
    assert_eq!(consent(&nobody), Ok(Consent::Given));
    let mut contract = request();
    contract.account = Some(Account {
        address: signer().address(),
        chain: 314,
        kind: AccountKind::Contract,
    });
    let contract = signed(contract);
    let Ok(Consent::OfContract(asked)) = consent(&contract) else {
        panic!("its chain decides")
    };
    assert_eq!(asked.digest, contract.digest(&domain()));
    let mut other = request();
    other.account = Some(Account {
        address: Address::repeat_byte(7),
        chain: 314,
        kind: AccountKind::Key,
    });
    assert_eq!(
        code(consent(&signed(other)).map(drop)),
        Code::SignatureInvalid
    );
}

#[test]
fn policy_that_is_not_one_is_refused_with_its_own_code() {
    let with = |policy: Vec<u8>| {
        Request {
            policy: policy.into(),
            ..request()
        }
        .decode_policy()
        .unwrap_err()
        .code
    };
    assert_eq!(with(vec![]), Code::InvalidPolicy);
    assert_eq!(with(vec![0xa0]), Code::InvalidPolicy);
    assert_eq!(
        with(vec![0; crate::policy::MAX_BYTES + 1]),
        Code::PolicyLimit
    );
}
