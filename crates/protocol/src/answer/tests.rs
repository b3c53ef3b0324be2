use alloy::signers::{SignerSync, local::PrivateKeySigner};
use stheno_crypto::ItemId;

use super::*;
use crate::{Authorization, Context, evaluate::Account};

fn domain() -> Domain {
    Domain::of_committee(314, Address::repeat_byte(0xcc), 1)
}

fn identity() -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(0x22)).unwrap()
}

fn request() -> Request {
    Request {
        network: domain().network,
        epoch: 3,
        account: Some(Account {
            address: Address::repeat_byte(9),
            chain: 314,
            kind: crate::AccountKind::Key,
        }),
        policy: Bytes::from_static(b"policy"),
        items: vec![ItemId::from_bytes([1; 32]), ItemId::from_bytes([2; 32])],
        reader_key: FixedBytes::repeat_byte(0x97),
        anchors: vec![Anchor {
            chain_id: 314,
            confirmations: 0,
            number: 5,
            hash: B256::repeat_byte(5),
        }],
        issued_at: 100,
        expires_at: 200,
        nonce: B256::ZERO,
        context: Context::default(),
        authorization: Authorization::None {},
    }
}

fn sign(body: Receipt) -> SignedReceipt {
    let signature = identity().sign_hash_sync(&body.digest(&domain())).unwrap();
    SignedReceipt {
        body,
        signature: signature.as_bytes().to_vec().into(),
    }
}

fn answer() -> Answer {
    let request = request();
    let shares: Vec<Bytes> = vec![vec![1; 288].into(), vec![2; 288].into()];
    Answer {
        node: 2,
        epoch: 3,
        anchors: request.anchors.clone(),
        receipt: sign(Receipt::of(&request, &domain(), 2, &shares, 150)),
        shares,
    }
}

fn verify(answer: &Answer) -> Result<(), ReceiptError> {
    answer.verify(&request(), &domain(), 2, identity().address())
}

#[test]
fn answer_is_accepted_as_signed_and_round_trips() {
    let answer = answer();
    verify(&answer).unwrap();
    let json = serde_json::to_string(&answer).unwrap();
    assert_eq!(serde_json::from_str::<Answer>(&json).unwrap(), answer);
}

#[test]
fn answer_is_refused_when_its_receipt_speaks_of_something_else() {
    let mismatch = |field| Err(ReceiptError::Mismatch { field });
    let mut other = answer();
    other.shares[1] = vec![3; 288].into();
    assert_eq!(verify(&other), mismatch("sharesDigest"));
    let mut other = answer();
    other.shares.pop();
    assert_eq!(verify(&other), mismatch("number of shares"));
    let mut other = answer();
    other.node = 3;
    assert_eq!(verify(&other), mismatch("node"));
    let mut other = answer();
    other.epoch = 4;
    assert_eq!(verify(&other), mismatch("epoch"));
    let mut other = answer();
    other.anchors.clear();
    assert_eq!(verify(&other), mismatch("anchors"));
    type Change = fn(&mut Receipt);
    let changes: [(&str, Change); 8] = [
        ("node", |r| r.node = 3),
        ("epoch", |r| r.epoch = 4),
        ("anchors", |r| r.anchors.clear()),
        ("requestDigest", |r| r.request_digest = B256::ZERO),
        ("policyDigest", |r| {
            r.policy_digest = PolicyDigest::of(b"other")
        }),
        ("items", |r| r.items.truncate(1)),
        ("account", |r| r.account = Address::ZERO),
        ("readerKey", |r| r.reader_key = FixedBytes::ZERO),
    ];
    for (field, change) in changes {
        let mut other = answer();
        change(&mut other.receipt.body);
        // Signed anew, so that it is the comparison and not the signature that refuses.
        other.receipt = sign(other.receipt.body);
        assert_eq!(verify(&other), mismatch(field));
    }
}

#[test]
fn receipt_is_refused_under_another_key_domain_or_time() {
    let answer = answer();
    let stranger = Address::repeat_byte(1);
    assert!(matches!(
        answer.receipt.verify(&domain(), stranger),
        Err(ReceiptError::Signature(SignatureError::WrongSigner { .. }))
    ));
    let elsewhere = Domain::of_committee(314, Address::repeat_byte(0xcc), 2);
    assert!(
        answer
            .receipt
            .verify(&elsewhere, identity().address())
            .is_err()
    );
    let mut later = answer.receipt;
    later.body.time += 1;
    assert!(later.verify(&domain(), identity().address()).is_err());
}

#[test]
fn shares_digest_is_keccak_of_their_concatenation() {
    assert_eq!(shares_digest(&[vec![1, 2], vec![3]]), keccak256([1, 2, 3]));
    assert_eq!(shares_digest::<Vec<u8>>(&[]), keccak256([]));
}
