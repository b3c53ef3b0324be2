//! What was lost since the anchor, when liars show an older head than there is; what was bought since
//! the final block, when liars call the head final.
//!
//! Fewer liars than endpoints that must agree can keep these from agreeing on the newest block. They
//! cannot make a node take an old one for it: more than a minute's lag is no head.

use std::time::Duration;

use alloy::signers::local::PrivateKeySigner;
use libtest_mimic::Trial;
use serde_json::json;
use stheno_protocol::Policy;

use super::{
    mischief::Mischief,
    rights::{Condition, Fact},
    world::{Shape, World},
};
use crate::stage;

pub(super) fn trials() -> Vec<Trial> {
    let trial = stage::patient_trial(
        module_path!(),
        "loss_is_seen_when_fewer_endpoints_than_must_agree_hide_the_head",
        Duration::from_secs(120),
        loss_is_seen_when_fewer_endpoints_than_must_agree_hide_the_head,
    );
    let other = stage::patient_trial(
        module_path!(),
        "purchase_is_not_final_when_fewer_endpoints_than_must_agree_say_so",
        Duration::from_secs(120),
        purchase_is_not_final_when_fewer_endpoints_than_must_agree_say_so,
    );
    vec![trial, other]
}

async fn purchase_is_not_final_when_fewer_endpoints_than_must_agree_say_so() {
    for (endpoints, min_agree) in [(2, 2), (3, 2), (4, 3)] {
        let shape = Shape {
            endpoints,
            min_agree,
        };
        let mut world = World::start(shape).await;
        world.welcome(PrivateKeySigner::from_slice(&[6; 32]).unwrap());
        world.grow(&vec![(Fact::Passes, 1)], 0).await;
        let anchor = world.head().anchor(0);
        world.grow(&Vec::new(), 0).await;
        let rule = Condition::Pass.json(&world.holder, 0);
        let policy = json!({ "version": 1, "rule": rule }).to_string();
        let policy = Policy::from_json(&policy).unwrap();
        for first in 0..endpoints {
            let liars = (0..min_agree - 1).map(|liar| (first + liar) % endpoints);
            let liars = liars.map(|liar| (liar, vec![Mischief::FinalIsHead]));
            world.conduct(&liars.collect::<Vec<_>>());
            world.settle().await;
            let code = world.node.code(&world.request(&policy, vec![anchor])).await;
            assert_eq!(code, "anchor_not_final", "{shape:?}, from {first} on");
        }
        world.node.stop().await;
    }
}

async fn loss_is_seen_when_fewer_endpoints_than_must_agree_hide_the_head() {
    for (endpoints, min_agree) in [(2, 2), (4, 3)] {
        // What liars call final is no newer than the head that they show.
        for hidden in [
            vec![Mischief::OldHead(4)],
            vec![Mischief::OtherTop(4), Mischief::OldFinal(4)],
        ] {
            let shape = Shape {
                endpoints,
                min_agree,
            };
            let mut world = World::start(shape).await;
            world.welcome(PrivateKeySigner::from_slice(&[5; 32]).unwrap());
            world.grow(&vec![(Fact::Passes, 1)], 0).await;
            for _ in 0..6 {
                world.grow(&Vec::new(), 0).await;
            }
            world.finalize(world.head().at);
            let rule = Condition::Pass.json(&world.holder, 0);
            let policy = json!({ "version": 1, "rule": rule }).to_string();
            let policy = Policy::from_json(&policy).unwrap();
            let anchor = world.block(world.head().at - 5).anchor(0);
            let liars = (0..min_agree - 1).map(|liar| (liar, hidden.clone()));
            world.conduct(&liars.collect::<Vec<_>>());
            world.grow(&vec![(Fact::Passes, 0)], 0).await;
            world.grow(&Vec::new(), 0).await;
            world.settle().await;
            let code = world.node.code(&world.request(&policy, vec![anchor])).await;
            assert_ne!(code, "ok", "{shape:?}, {hidden:?}");
            world.node.stop().await;
        }
    }
}
