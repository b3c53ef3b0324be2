//! Contracts that answer badly, change, come late or vanish: never a grant, under `not` either.

use alloy::{
    primitives::{Address, Bytes, U256},
    signers::local::PrivateKeySigner,
    sol,
    sol_types::SolCall,
};
use serde_json::{Value, json};
use stheno_protocol::Policy;
use tokio::sync::OnceCell;

use super::{
    CHAIN,
    world::{Shape, World},
};
use crate::{solidity, trials};

trials![
    contract_that_answers_badly_is_unknown_in_every_combination,
    contract_that_is_not_deployed_at_the_anchor_is_waited_for,
    contract_that_is_destroyed_since_the_anchor_grants_nothing,
    proxy_whose_implementation_changed_since_the_anchor_grants_nothing,
];

sol! {
    function pointTo(address implementation);
}

const SHAPE: Shape = Shape {
    endpoints: 3,
    min_agree: 2,
};

async fn contract_that_answers_badly_is_unknown_in_every_combination() {
    let mut world = world().await;
    let unreliable = world.deploy(&code("Unreliable").await).await;
    let stillborn = world.deploy(&code("Stillborn").await).await;
    settled(&mut world).await;
    let uint = |name: &str| {
        (
            format!("{name}() view returns (uint256)"),
            json!({ ">=": "0" }),
        )
    };
    let array = |name: &str| {
        (
            format!("{name}() view returns (uint256[])"),
            json!({ "contains": "1" }),
        )
    };
    let cases = [
        uint("nothing"),
        uint("tooShort"),
        uint("tooMuch"),
        uint("reverts"),
        uint("panics"),
        uint("burnsAllGas"),
        uint("expandsMemory"),
        uint("loops"),
        uint("noSuchFunction"),
        (
            "garbledText() view returns (string)".to_owned(),
            json!({ "contains": "yes" }),
        ),
        array("endlessArray"),
        array("longArray"),
        array("wildOffset"),
        (
            "neither() view returns (bool)".to_owned(),
            json!({ "==": true }),
        ),
    ];
    let mut leaves: Vec<Value> = cases
        .iter()
        .map(|(function, returns)| call(unreliable, function, returns))
        .collect();
    // Nobody ever lived here; what was made here was destroyed by the same transaction.
    let yes = "open(address) view returns (bool)";
    for nobody in [Address::repeat_byte(0xee), stillborn.create(1)] {
        leaves.push(call(nobody, yes, &json!({ "==": true })));
    }
    let (good, bad) = (listed(&world, true), listed(&world, false));
    for leaf in leaves {
        let unknown = [
            leaf.clone(),
            json!({ "not": leaf }),
            json!({ "not": { "not": leaf } }),
            json!({ "any": [leaf, bad] }),
            json!({ "all": [leaf, good] }),
            json!({ "all": [{ "not": leaf }, good] }),
            json!({ "at_least": { "k": 2, "of": [leaf, good, bad] } }),
            json!({ "not": { "any": [leaf, bad] } }),
            json!({ "not": { "all": [leaf, good] } }),
        ];
        for rule in unknown {
            let code = ask(&world, &rule).await;
            assert_eq!(code, "condition_unknown", "{rule}");
        }
        // It spoils nothing that holds, or fails, without it.
        let any = json!({ "any": [leaf, good] });
        assert_eq!(ask(&world, &any).await, "ok", "{any}");
        let all = json!({ "all": [leaf, bad] });
        assert_eq!(ask(&world, &all).await, "condition_not_met", "{all}");
    }
    world.end("bad answers").await;
}

async fn contract_that_is_not_deployed_at_the_anchor_is_waited_for() {
    let mut world = world().await;
    settled(&mut world).await;
    let yes = world.deploy(&code("SaysYes").await).await;
    let no = world.deploy(&code("SaysNo").await).await;
    world.settle().await;
    let told = [
        (open(yes), "not_final_yet", "ok"),
        (
            json!({ "not": open(yes) }),
            "condition_unknown",
            "condition_not_met",
        ),
        (open(no), "condition_unknown", "condition_not_met"),
        (json!({ "not": open(no) }), "not_final_yet", "ok"),
    ];
    for (rule, before, _) in &told {
        assert_eq!(ask(&world, rule).await, *before, "{rule}");
    }
    settled(&mut world).await;
    for (rule, _, after) in &told {
        assert_eq!(ask(&world, rule).await, *after, "{rule}");
    }
    world.end("not deployed yet").await;
}

async fn contract_that_is_destroyed_since_the_anchor_grants_nothing() {
    let mut world = world().await;
    let yes = world.deploy(&code("SaysYes").await).await;
    let no = world.deploy(&code("SaysNo").await).await;
    settled(&mut world).await;
    let rules = [open(yes), json!({ "not": open(no) })];
    for rule in &rules {
        assert_eq!(ask(&world, rule).await, "ok", "{rule}");
    }
    world.destroy(&[yes, no]).await;
    world.settle().await;
    for rule in &rules {
        assert_eq!(ask(&world, rule).await, "head_unavailable", "{rule}");
    }
    settled(&mut world).await;
    for rule in &rules {
        assert_eq!(ask(&world, rule).await, "condition_unknown", "{rule}");
    }
    world.end("destroyed").await;
}

async fn proxy_whose_implementation_changed_since_the_anchor_grants_nothing() {
    let mut world = world().await;
    let yes = world.deploy(&code("SaysYes").await).await;
    let no = world.deploy(&code("SaysNo").await).await;
    let unreliable = world.deploy(&code("Unreliable").await).await;
    let pointer = world.deploy(&code("Pointer").await).await;
    let nobody = Address::repeat_byte(0xee);
    let rules = [open(pointer), json!({ "not": open(pointer) })];
    // What the two say at once, and what when it is final.
    let steps = [
        (yes, None, ["ok", "condition_not_met"]),
        (
            no,
            Some(["no_longer_met", "not_final_yet"]),
            ["condition_not_met", "ok"],
        ),
        (
            yes,
            Some(["not_final_yet", "no_longer_met"]),
            ["ok", "condition_not_met"],
        ),
        (
            unreliable,
            Some(["head_unavailable", "condition_not_met"]),
            ["condition_unknown", "condition_unknown"],
        ),
        (
            yes,
            Some(["not_final_yet", "condition_unknown"]),
            ["ok", "condition_not_met"],
        ),
        (
            nobody,
            Some(["head_unavailable", "condition_not_met"]),
            ["condition_unknown", "condition_unknown"],
        ),
        (
            no,
            Some(["condition_unknown", "not_final_yet"]),
            ["condition_not_met", "ok"],
        ),
    ];
    for (implementation, at_once, when_final) in steps {
        let point = pointToCall { implementation }.abi_encode().into();
        let rich = world.anvil.rich;
        world
            .anvil
            .send(rich, Some(pointer), &point, U256::ZERO)
            .await;
        world.grow(&Vec::new(), 0).await;
        world.settle().await;
        for (rule, expected) in rules.iter().zip(at_once.into_iter().flatten()) {
            assert_eq!(
                ask(&world, rule).await,
                expected,
                "{rule}, {implementation}"
            );
        }
        settled(&mut world).await;
        for (rule, expected) in rules.iter().zip(when_final) {
            assert_eq!(
                ask(&world, rule).await,
                expected,
                "{rule}, {implementation}"
            );
        }
    }
    world.end("a proxy that points elsewhere").await;
}

async fn world() -> World {
    let mut world = World::start(SHAPE).await;
    world.welcome(PrivateKeySigner::from_slice(&[9; 32]).unwrap());
    world
}

/// Everything so far is final, and the node knows.
async fn settled(world: &mut World) {
    world.grow(&Vec::new(), 0).await;
    world.finalize(world.head().at);
    world.settle().await;
}

async fn ask(world: &World, rule: &Value) -> String {
    let policy = json!({ "version": 1, "rule": rule }).to_string();
    let policy = Policy::from_json(&policy).unwrap_or_else(|error| panic!("{error}"));
    let anchor = world.block(world.finalized()).anchor(0);
    let anchors = policy.chains().iter().map(|_| anchor).collect();
    world.node.code(&world.request(&policy, anchors)).await
}

fn call(to: Address, function: &str, returns: &Value) -> Value {
    let args = if function.contains("(address)") {
        json!([":reader"])
    } else {
        json!([])
    };
    json!({ "call": {
        "chain": CHAIN, "to": to, "function": function, "args": args, "returns": returns,
    } })
}

fn open(to: Address) -> Value {
    call(
        to,
        "open(address) view returns (bool)",
        &json!({ "==": true }),
    )
}

fn listed(world: &World, is_there: bool) -> Value {
    let who = if is_there {
        world.holder.reader
    } else {
        world.holder.pass
    };
    json!({ "address": { "in": [who] } })
}

async fn code(contract: &str) -> Bytes {
    static COMPILED: OnceCell<Value> = OnceCell::const_new();
    const SOURCE: &str = "Unreliable.sol";
    let compiled = COMPILED.get_or_init(|| solidity::compile(SOURCE)).await;
    solidity::code(compiled, SOURCE, contract)
}
