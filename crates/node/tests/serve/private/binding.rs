//! A proof is of one request.

use alloy::primitives::FixedBytes;
use serde_json::json;
use stheno_crypto::{NetworkId, ReaderSecret};
use stheno_protocol::Request;

use super::{
    DEVELOPMENT, MEMBERSHIP, development_node, group, of_contract, of_root, post, presentation,
    proven, refused, request, with, word, zk,
};
use crate::double::{Home, item};

type Change = Box<dyn Fn(&mut Request)>;

#[tokio::test]
async fn proof_is_of_its_own_request_alone() {
    let node = development_node().await;
    let members = group(&[1, 2]);
    let policy = of_root(&members);
    let plain = request(&node.home.chain, &policy, 1);
    let own = presentation(&plain, &members, 1);
    assert_eq!(post(&node, &with(plain.clone(), &own)).await.0, 200);
    let stranger = ReaderSecret::from_seed(&[0x99; 32]).public().to_bytes();
    let changes: [Change; 4] = [
        Box::new(|request| request.items = vec![item(7)]),
        Box::new(|request| request.items.push(item(7))),
        Box::new(move |request| request.reader_key = FixedBytes(stranger)),
        Box::new(|request| request.expires_at += 1),
    ];
    for (at, change) in changes.iter().enumerate() {
        let mut other = with(plain.clone(), &own);
        change(&mut other);
        let (code, found) = refused(&node, &other).await;
        assert_eq!(code, "condition_not_met", "change {at}");
        assert!(found.contains("not one for this request"), "{found}");
    }
    // The same group under another policy is another scope; the same proof for another group.
    let weekly = zk(
        &MEMBERSHIP,
        json!({ "root": members.root().unwrap().to_string(), "period": 604_800 }),
    );
    let other_group = of_root(&group(&[1, 2, 3]));
    for policy in [&weekly, &other_group] {
        let other = Request {
            policy: policy.to_cbor().into(),
            ..with(plain.clone(), &own)
        };
        assert_eq!(refused(&node, &other).await.0, "condition_not_met");
    }
    // Where the proof is right and the group another.
    let bigger = group(&[1, 2, 3]);
    let request = proven(plain, &bigger, 1);
    let (code, found) = refused(&node, &request).await;
    assert_eq!(code, "condition_not_met");
    assert!(found.contains("which is not the group's"), "{found}");
    // Which says that it is the policy's.
    let plain = self::request(&node.home.chain, &policy, 1);
    let mut own = presentation(&plain, &bigger, 1);
    own.root = members.root().unwrap();
    let (code, found) = refused(&node, &with(plain, &own)).await;
    assert_eq!(code, "condition_not_met");
    assert!(found.contains("not one for this request"), "{found}");
    node.stop().await;
}

#[tokio::test]
async fn proof_is_of_its_anchors_and_its_network_alone() {
    let node = development_node().await;
    let group = group(&[1, 2]);
    node.home.chain.lock().roots = vec![(500, word(&group), u64::MAX)];
    let plain = request(&node.home.chain, &of_contract(), 1);
    let earlier = node.home.chain.anchor(plain.anchors[0].number - 1);
    let changes: [Change; 2] = [
        Box::new(move |request| request.anchors = vec![earlier]),
        Box::new(|request| request.network = NetworkId::from_bytes([9; 32])),
    ];
    for (at, change) in changes.iter().enumerate() {
        let mut other = plain.clone();
        change(&mut other);
        let stolen = presentation(&other, &group, 1);
        let (code, found) = refused(&node, &with(plain.clone(), &stolen)).await;
        assert_eq!(code, "condition_not_met", "change {at}");
        assert!(found.contains("not one for this request"), "{found}");
    }
    // The node answers at either anchor.
    let mut other = plain.clone();
    changes[0](&mut other);
    for plain in [plain, other] {
        assert_eq!(post(&node, &proven(plain, &group, 1)).await.0, 200);
    }
    node.stop().await;
}

#[tokio::test]
async fn proof_is_of_its_epoch_alone_while_two_are_served() {
    let node = Home::in_two_epochs().await.run_with("", DEVELOPMENT).await;
    node.until_ready().await;
    let group = group(&[1, 2]);
    let policy = of_root(&group);
    let of_epoch = |epoch| Request {
        epoch,
        ..request(&node.home.chain, &policy, 1)
    };
    for (epoch, other) in [(1, 2), (2, 1)] {
        let plain = of_epoch(epoch);
        let own = presentation(&plain, &group, 1);
        assert_eq!(post(&node, &with(plain.clone(), &own)).await.0, 200);
        let elsewhere = Request {
            epoch: other,
            ..with(plain, &own)
        };
        let (code, found) = refused(&node, &elsewhere).await;
        assert_eq!(code, "condition_not_met", "from {epoch} in {other}");
        assert!(found.contains("not one for this request"), "{found}");
    }
    node.stop().await;
}
