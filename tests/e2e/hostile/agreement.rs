//! Who must agree where the configuration does not say, and who is not listened to at all.

use alloy::{primitives::U256, signers::local::PrivateKeySigner};
use serde_json::json;
use stheno_node::{Server, ServerError};
use stheno_protocol::Policy;

use super::{
    CHAIN,
    double::Home,
    mischief::Mischief,
    node::configured,
    rights::{Condition, Fact},
    world::{Shape, World},
};
use crate::trials;

trials![
    majority_must_agree_when_the_configuration_does_not_say,
    node_does_not_start_when_an_endpoint_is_of_another_chain,
];

async fn majority_must_agree_when_the_configuration_does_not_say() {
    for endpoints in [2, 3] {
        let mut world = World::start_with(
            Shape {
                endpoints,
                min_agree: 2,
            },
            None,
        )
        .await;
        world.welcome(PrivateKeySigner::from_slice(&[23; 32]).unwrap());
        // The reader had a pass, has none, and has one again: true at the anchor, or false.
        world.grow(&vec![(Fact::Passes, 1)], 0).await;
        let had = world.head().hash;
        world.grow(&vec![(Fact::Passes, 0)], 0).await;
        world.finalize(world.head().at);
        let rule = Condition::Pass.json(&world.holder, 0);
        let policy = json!({ "version": 1, "rule": rule }).to_string();
        let policy = Policy::from_json(&policy).unwrap();
        let lies = [
            vec![Mischief::Word(U256::ONE)],
            vec![Mischief::StateOf(had)],
            vec![Mischief::FinalIsHead, Mischief::StateOf(had)],
            vec![Mischief::Disguise(had)],
        ];
        for lie in &lies {
            for liar in 0..endpoints {
                world.conduct(&[(liar, lie.clone())]);
                world.settle().await;
                let anchor = world.head().anchor(0);
                let code = world.node.code(&world.request(&policy, vec![anchor])).await;
                let told = match endpoints {
                    2 => "chain_unavailable",
                    _ => "condition_not_met",
                };
                let is_about_heads = matches!(lie.as_slice(), [Mischief::Disguise(_)]);
                let expected = if is_about_heads {
                    "condition_not_met"
                } else {
                    told
                };
                assert_eq!(code, expected, "{liar} of {endpoints}: {lie:?}");
            }
        }
        world.grow(&vec![(Fact::Passes, 1)], 0).await;
        world.finalize(world.head().at);
        let code = async |world: &World| {
            world.settle().await;
            let anchor = world.head().anchor(0);
            world.node.code(&world.request(&policy, vec![anchor])).await
        };
        world.conduct(&[(0, vec![Mischief::Word(U256::ZERO)])]);
        let expected = if endpoints == 3 {
            "ok"
        } else {
            "chain_unavailable"
        };
        assert_eq!(code(&world).await, expected);
        world.conduct(&[]);
        assert_eq!(code(&world).await, "ok");
        world.end("no min_agree").await;
    }
}

async fn node_does_not_start_when_an_endpoint_is_of_another_chain() {
    let shape = Shape {
        endpoints: 3,
        min_agree: 2,
    };
    let mut world = World::start(shape).await;
    for liar in 0..shape.endpoints {
        world.conduct(&[(liar, vec![Mischief::OtherChain])]);
        let home = Home::new().await;
        let config = configured(&home, &world.proxy, shape, Some(2));
        let refused = Server::bind(config).await.map(|_| ()).unwrap_err();
        assert!(matches!(refused, ServerError::Chain(_)), "{refused}");
        let words = refused.to_string();
        let which = format!("(no. {}) serves chain 1, not chain {CHAIN}", liar + 1);
        assert!(words.contains(&which), "{words}");
    }
    world.end("another chain").await;
}
