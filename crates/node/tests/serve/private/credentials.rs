//! Credentials: bounds on attributes, and an end.

use serde_json::json;
use stheno_circuits::{
    Attributes, Bounds, Depth, Group, Inputs, Leaf, Range, Witness, prove,
    rand::{SeedableRng, rngs::StdRng},
};
use stheno_protocol::{Policy, Request};

use super::{
    CREDENTIAL, DEPTH, development_node, inputs, post, presented, refused, request, secret, with,
    zk,
};

/// Credentials of one holder, in one group.
struct Holder {
    group: Group,
    credentials: Vec<Attributes>,
}

impl Holder {
    /// Of the first two attributes and the last second in which each is valid.
    fn of(credentials: &[([u64; 2], u64)]) -> Self {
        let mut group = Group::new(Depth::new(DEPTH).unwrap());
        let credentials = credentials
            .iter()
            .map(|([first, second], expiry)| Attributes {
                values: [*first, *second, 0, 0],
                expiry: *expiry,
            });
        let credentials: Vec<_> = credentials.collect();
        for credential in &credentials {
            group.add(leaf(credential)).unwrap();
        }
        Self { group, credentials }
    }

    fn policy(&self, attributes: serde_json::Value) -> Policy {
        let root = self.group.root().unwrap().to_string();
        zk(
            &CREDENTIAL,
            json!({ "root": root, "attributes": attributes }),
        )
    }

    fn witness(&self, at: usize) -> Witness {
        let credential = &self.credentials[at];
        let path = self.group.path(&leaf(credential)).unwrap();
        Witness::credential(secret(1), path, credential.again())
    }

    /// The request, with a proof of what is true of a credential: what `loosened` makes of what is asked.
    fn ask(&self, request: Request, at: usize, loosened: impl FnOnce(&mut Bounds)) -> Request {
        let mut inputs = inputs(&request, &self.group, &secret(1));
        loosened(inputs.bounds.as_mut().unwrap());
        with(request, &presented(&CREDENTIAL, &inputs, &self.witness(at)))
    }
}

fn leaf(credential: &Attributes) -> Leaf {
    Leaf::of_credential(&secret(1).commitment(), credential)
}

#[tokio::test]
async fn credential_must_be_within_bounds() {
    let node = development_node().await;
    let far = u64::MAX;
    let holder = Holder::of(&[
        ([18, 756], far),
        ([17, 756], far),
        ([65, 700], far),
        ([66, 800], far),
        ([40, 801], far),
        ([40, 699], far),
    ]);
    for (attributes, good, bad) in [
        (json!([{ ">=": 18 }, { "==": 756 }]), vec![0], vec![1, 2]),
        (json!([{ "<=": 65 }]), vec![2, 0], vec![3]),
        (
            json!([{}, { ">=": 700, "<=": 800 }]),
            vec![2, 3],
            vec![4, 5],
        ),
    ] {
        let plain = request(&node.home.chain, &holder.policy(attributes.clone()), 1);
        for at in good {
            let (status, answer) = post(&node, &holder.ask(plain.clone(), at, |_| ())).await;
            assert_eq!(status, 200, "{attributes}, {at}: {answer}");
        }
        for at in bad {
            // It proves what is true, and shows it where something else is asked.
            let asked = holder.ask(plain.clone(), at, |bounds| {
                bounds.ranges = [Range::ANY; 4];
            });
            let (code, found) = refused(&node, &asked).await;
            assert_eq!(code, "condition_not_met", "{attributes}, {at}");
            assert!(found.contains("not one for this request"), "{found}");
        }
    }
    node.stop().await;
}

#[tokio::test]
async fn credential_must_be_valid_until_the_request_ends() {
    let node = development_node().await;
    let end = crate::double::now() + 120;
    let holder = Holder::of(&[([18, 0], end), ([18, 1], end - 1)]);
    let plain = Request {
        expires_at: end,
        ..request(&node.home.chain, &holder.policy(json!([{ ">=": 18 }])), 1)
    };
    let (status, answer) = post(&node, &holder.ask(plain.clone(), 0, |_| ())).await;
    assert_eq!(status, 200, "up to that second: {answer}");
    // Valid still when it is asked, and not when the request ends: that cannot be proven.
    let asked: Inputs = inputs(&plain, &holder.group, &secret(1));
    let mut random = StdRng::from_seed([9; 32]);
    let unproven = prove(
        &CREDENTIAL,
        &asked,
        &holder.witness(1),
        &mut random,
        &mut |_| (),
    );
    assert!(unproven.is_err());
    // For an earlier second it can, of any credential, and that is not what is asked.
    for at in [0, 1] {
        let earlier = holder.ask(plain.clone(), at, |bounds| bounds.now = end - 1);
        let (code, found) = refused(&node, &earlier).await;
        assert_eq!(code, "condition_not_met", "{at}");
        assert!(found.contains("not one for this request"), "{found}");
    }
    node.stop().await;
}
