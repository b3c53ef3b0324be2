//! What proofs cost, and whom.

use alloy::primitives::B256;
use serde_json::json;
use stheno_circuits::{Depth, Group, Leaf, Nullifier};
use stheno_protocol::{Policy, Presentation, Request};

use super::{
    DEPTH, DEVELOPMENT, MEMBERSHIP, group, of_contract, of_root, post, presentation, proven,
    refused, request, rewritten, secret, with, word,
};
use crate::double::{CHAIN_ID, GROUP, Home, Node, item};

/// A bucket that holds 256 items, and does not fill while a test runs.
const OF_ADDRESS: &str = "[limits]\nip_items_per_minute = 1\n";

async fn limited(limits: &str) -> Node {
    let sections = format!("{DEVELOPMENT}{limits}");
    let node = Home::new().await.run_with("", &sections).await;
    node.until_ready().await;
    node
}

/// The same request under another nonce, which no proof is bound to.
fn again(request: &Request, number: u8) -> Request {
    Request {
        nonce: B256::repeat_byte(number),
        ..request.clone()
    }
}

/// A policy that any of these private conditions satisfies.
fn any(leaves: impl Iterator<Item = serde_json::Value>) -> Policy {
    let leaves = leaves.map(|rest| {
        let mut leaf = json!({
            "circuit": MEMBERSHIP.circuit().to_string(),
            "key": MEMBERSHIP.verifying_key().hash().to_string(),
            "proof": ":me",
        });
        let rest = rest.as_object().unwrap().clone();
        leaf.as_object_mut().unwrap().extend(rest);
        json!({ "zk": leaf })
    });
    let rule = json!({ "any": leaves.collect::<Vec<_>>() });
    Policy::from_json(&json!({ "version": 1, "rule": rule }).to_string()).unwrap()
}

/// Sends requests until the address has no more to spend; how many were refused for another reason.
async fn until_limited(node: &Node, mut request: impl FnMut(u8) -> Request) -> usize {
    for number in 1..=200 {
        let (code, _) = refused(node, &request(number)).await;
        if code == "rate_limited" {
            return usize::from(number) - 1;
        }
        assert_eq!(code, "condition_not_met");
    }
    panic!("never limited");
}

#[tokio::test]
async fn copies_of_a_request_are_charged_to_its_member_once() {
    let node =
        limited("[limits]\naccount_items_per_minute = 1\nanonymous_items_per_minute = 0\n").await;
    let group = group(&[1]);
    let policy = of_root(&group);
    let plain = request(&node.home.chain, &policy, 100);
    let own = presentation(&plain, &group, 1);
    let (seen, written) = (with(plain.clone(), &own), with(plain, &rewritten(&own)));
    assert_eq!(post(&node, &seen).await.0, 200);
    for number in 1..=3 {
        for copy in [again(&seen, number), again(&written, number)] {
            assert_eq!(post(&node, &copy).await.0, 200, "copy {number}");
        }
    }
    let more = request(&node.home.chain, &policy, 150);
    assert_eq!(post(&node, &proven(more, &group, 1)).await.0, 200);
    let more = request(&node.home.chain, &policy, 10);
    let code = refused(&node, &proven(more, &group, 1)).await.0;
    assert_eq!(code, "rate_limited", "what is new is charged");
    node.stop().await;
}

#[tokio::test]
async fn copy_with_a_proof_that_was_spoilt_is_verified() {
    let node = limited("").await;
    let group = group(&[1, 2]);
    let plain = request(&node.home.chain, &of_root(&group), 1);
    let own = presentation(&plain, &group, 1);
    assert_eq!(post(&node, &with(plain.clone(), &own)).await.0, 200);
    let other = presentation(&plain, &group, 2);
    let spoilt: [&dyn Fn(&mut Presentation); 3] = [
        // -A alone.
        &|copy| copy.proof[0] ^= 0x20,
        &|copy| copy.proof = other.proof,
        &|copy| copy.nullifier = other.nullifier,
    ];
    for (at, spoil) in spoilt.iter().enumerate() {
        let mut copy = own.clone();
        spoil(&mut copy);
        let code = refused(&node, &with(plain.clone(), &copy)).await.0;
        assert_eq!(code, "condition_not_met", "{at}");
    }
    node.stop().await;
}

#[tokio::test]
async fn copies_cost_their_address_their_items_and_what_is_verified() {
    let node = limited(OF_ADDRESS).await;
    let group = group(&[1]);
    let plain = request(&node.home.chain, &of_root(&group), 1);
    let own = presentation(&plain, &group, 1);
    let (seen, written) = (with(plain.clone(), &own), with(plain, &rewritten(&own)));
    // 1 + 2 each, and 10 for copies that nobody verifies again: 16 of 256.
    for request in [&seen, &written] {
        assert_eq!(post(&node, request).await.0, 200);
    }
    for number in 1..=5 {
        assert_eq!(post(&node, &again(&seen, number)).await.0, 200);
        assert_eq!(post(&node, &again(&written, number)).await.0, 200);
    }
    let rest = request(&node.home.chain, &of_root(&super::group(&[2])), 240);
    let no_root = with(rest.clone(), &own);
    assert_eq!(refused(&node, &no_root).await.0, "condition_not_met");
    assert_eq!(refused(&node, &no_root).await.0, "rate_limited");
    node.stop().await;
}

#[tokio::test]
async fn each_bad_proof_costs_its_address() {
    let node = limited(OF_ADDRESS).await;
    let group = group(&[1, 2]);
    let root = group.root().unwrap().to_string();
    let policy = any((1..=8).map(|period| json!({ "root": root, "period": period })));
    let plain = request(&node.home.chain, &policy, 1);
    let mut bad = presentation(&plain, &group, 1);
    bad.nullifier = Nullifier::from_bytes(&[1; 32]).unwrap();
    let bad = with(plain, &bad);
    // 1 + 8·8 = 65 items each, of 256.
    assert_eq!(until_limited(&node, |number| again(&bad, number)).await, 3);
    node.stop().await;
}

#[tokio::test]
async fn proof_of_a_tree_of_ones_own_is_paid_for() {
    let node = limited(OF_ADDRESS).await;
    let group = group(&[1]);
    let mut own = Group::new(Depth::new(DEPTH).unwrap());
    own.add(Leaf::of_member(&secret(9).commitment())).unwrap();
    node.home.chain.lock().roots = vec![(500, word(&group), u64::MAX)];
    let policy = of_contract();
    let ask = |items: usize| proven(request(&node.home.chain, &policy, items), &own, 9);
    assert_eq!(refused(&node, &ask(200)).await.0, "condition_not_met");
    // 208 are gone; 9 each.
    let asked = until_limited(&node, |number| {
        let mut request = request(&node.home.chain, &policy, 1);
        request.items = vec![item(usize::from(number))];
        proven(request, &own, 9)
    });
    assert_eq!(asked.await, 5);
    node.stop().await;
}

#[tokio::test]
async fn proof_of_another_root_than_the_policys_is_not_verified() {
    let node = limited(OF_ADDRESS).await;
    let (members, own) = (group(&[1]), group(&[9]));
    let plain = request(&node.home.chain, &of_root(&members), 4);
    let own = with(plain.clone(), &presentation(&plain, &own, 9));
    // Nothing but its items: 4 of 256.
    assert_eq!(until_limited(&node, |number| again(&own, number)).await, 64);
    node.stop().await;
}

#[tokio::test]
async fn what_is_the_same_is_verified_once() {
    let node = limited(OF_ADDRESS).await;
    let group = group(&[1]);
    node.home.chain.lock().roots = vec![(500, word(&group), u64::MAX)];
    let fixed = json!({ "root": group.root().unwrap().to_string() });
    let kept = json!({ "chain": CHAIN_ID, "group": GROUP });
    // One leaf twice, and another that asks for the same proof.
    let policy = any([fixed.clone(), kept, fixed].into_iter());
    let plain = request(&node.home.chain, &policy, 248);
    let (status, answer) = post(&node, &proven(plain, &group, 1)).await;
    assert_eq!(status, 200, "248 + 8 of 256: {answer}");
    node.stop().await;
}

#[tokio::test]
async fn member_who_has_nothing_left_is_refused_before_anything_is_verified() {
    let node = limited("[limits]\naccount_items_per_minute = 1\n").await;
    let group = group(&[1, 2]);
    let policy = of_root(&group);
    let all = proven(request(&node.home.chain, &policy, 256), &group, 1);
    assert_eq!(post(&node, &all).await.0, 200);
    let plain = request(&node.home.chain, &policy, 1);
    let mut bad = presentation(&plain, &group, 1);
    bad.proof[0] ^= 0x20;
    let code = refused(&node, &with(plain.clone(), &bad)).await.0;
    assert_eq!(code, "rate_limited", "and not: a bad proof");
    // Nobody else is charged for that.
    assert_eq!(post(&node, &proven(plain, &group, 2)).await.0, 200);
    node.stop().await;
}

#[tokio::test]
async fn member_is_limited_by_the_nullifier_and_others_are_not() {
    let sections = format!(
        "{DEVELOPMENT}[limits]\naccount_items_per_minute = 256\nanonymous_items_per_minute = 0\n"
    );
    let node = Home::new().await.run_with("", &sections).await;
    node.until_ready().await;
    let group = group(&[1, 2]);
    let policy = of_root(&group);
    let ask = |items: usize, number: u8| {
        proven(request(&node.home.chain, &policy, items), &group, number)
    };
    let first = ask(200, 1);
    assert_eq!(post(&node, &first).await.0, 200);
    // Of other items: within one second the same would be a copy.
    assert_eq!(refused(&node, &ask(199, 1)).await.0, "rate_limited");
    assert_eq!(post(&node, &first).await.0, 200, "a copy costs nothing");
    assert_eq!(post(&node, &ask(200, 2)).await.0, 200, "another member");
    node.stop().await;
}
