//! Members of a group, who show no account: who gets shares, and what a node makes of bad proofs.

mod binding;
mod credentials;
mod limits;

use std::sync::LazyLock;

use alloy::primitives::U256;
use serde_json::{Value, json};
use stheno_circuits::{
    Circuit, Depth, Group, Inputs, KeyHash, Leaf, PROOF_BYTES, ProvingKey, Secret, Statement,
    Witness, prove,
    rand::{SeedableRng, rngs::StdRng},
    setup,
};
use stheno_protocol::{
    Account, AccountKind, Answer, Authorization, Context, ContextValue, Policy, Presentation,
    Request, private::tasks,
};

use crate::{
    double::{CHAIN_ID, FakeChain, GROUP, Home, Node, Reader, domain, item},
    receipts,
};

/// A small tree, so that a proof takes no time.
const DEPTH: u8 = 3;
const DEVELOPMENT: &str = "[private]\ndevelopment = true\n";

static MEMBERSHIP: LazyLock<ProvingKey> = LazyLock::new(|| key(Statement::MembershipV1, 1));
static CREDENTIAL: LazyLock<ProvingKey> = LazyLock::new(|| key(Statement::CredentialV1, 2));

fn key(statement: Statement, seed: u8) -> ProvingKey {
    setup(
        Circuit::new(statement, Depth::new(DEPTH).unwrap()),
        &[seed; 32],
    )
}

fn secret(number: u8) -> Secret {
    Secret::from_seed(&[number; 32])
}

fn group(numbers: &[u8]) -> Group {
    let mut group = Group::new(Depth::new(DEPTH).unwrap());
    for number in numbers {
        let leaf = Leaf::of_member(&secret(*number).commitment());
        group.add(leaf).unwrap();
    }
    group
}

fn zk(key: &ProvingKey, rest: Value) -> Policy {
    let mut leaf = json!({
        "circuit": key.circuit().to_string(),
        "key": key.verifying_key().hash().to_string(),
        "proof": ":me",
    });
    leaf.as_object_mut()
        .unwrap()
        .extend(rest.as_object().unwrap().clone());
    Policy::from_json(&json!({ "version": 1, "rule": { "zk": leaf } }).to_string()).unwrap()
}

fn of_root(group: &Group) -> Policy {
    zk(
        &MEMBERSHIP,
        json!({ "root": group.root().unwrap().to_string() }),
    )
}

fn of_contract() -> Policy {
    zk(&MEMBERSHIP, json!({ "chain": CHAIN_ID, "group": GROUP }))
}

/// A request without an account, and without a proof.
fn request(chain: &FakeChain, policy: &Policy, items: usize) -> Request {
    let anchors = match policy.chains().is_empty() {
        true => Vec::new(),
        false => vec![chain.final_anchor()],
    };
    Request {
        account: None,
        policy: policy.to_cbor().into(),
        anchors,
        ..Reader::new().request(chain, items)
    }
}

fn presentation(request: &Request, group: &Group, number: u8) -> Presentation {
    let leaf = Leaf::of_member(&secret(number).commitment());
    let witness = Witness::member(secret(number), group.path(&leaf).unwrap());
    present(&MEMBERSHIP, request, group, &secret(number), &witness)
}

fn present(
    key: &ProvingKey,
    request: &Request,
    group: &Group,
    secret: &Secret,
    witness: &Witness,
) -> Presentation {
    presented(key, &inputs(request, group, secret), witness)
}

/// What is to be proven for a request whose policy has one private condition.
fn inputs(request: &Request, group: &Group, secret: &Secret) -> Inputs {
    let policy = request.decode_policy().unwrap();
    let tasks = tasks(request, &policy);
    tasks[0].inputs(group.root().unwrap(), secret.nullifier(&tasks[0].scope))
}

fn presented(key: &ProvingKey, inputs: &Inputs, witness: &Witness) -> Presentation {
    let mut random = StdRng::from_seed([9; 32]);
    let proof = prove(key, inputs, witness, &mut random, &mut |_| ()).unwrap();
    Presentation {
        root: inputs.root,
        nullifier: inputs.nullifier,
        proof: proof.to_bytes(),
        key: key.verifying_key().to_bytes(),
    }
}

/// The same proof in other bytes, as everybody can write it: (-A, -B, C).
fn rewritten(presentation: &Presentation) -> Presentation {
    let mut other = presentation.clone();
    // The bit that tells which of two points with the same x it is.
    for at in [0, 48] {
        other.proof[at] ^= 0x20;
    }
    other
}

fn word(group: &Group) -> U256 {
    U256::from_be_bytes(group.root().unwrap().to_bytes())
}

fn with_bytes(mut request: Request, bytes: Vec<u8>) -> Request {
    request.context = Context::default();
    let value = ContextValue::Bytes(bytes.into());
    request.context.insert("me", value).unwrap();
    request
}

fn with(request: Request, presentation: &Presentation) -> Request {
    with_bytes(request, presentation.to_bytes())
}

/// The request with the proof of a member.
fn proven(request: Request, group: &Group, number: u8) -> Request {
    let presentation = presentation(&request, group, number);
    with(request, &presentation)
}

async fn post(node: &Node, request: &Request) -> (u16, Value) {
    node.post(&serde_json::to_value(request).unwrap()).await
}

/// The code of a refusal, and what the first leaf found.
async fn refused(node: &Node, request: &Request) -> (String, String) {
    let (status, problem) = post(node, request).await;
    assert_ne!(status, 200, "{problem}");
    let code = problem["code"].as_str().unwrap().to_owned();
    let found = problem["leaves"][0]["found"].as_str().unwrap_or_default();
    (code, found.to_owned())
}

async fn development_node() -> Node {
    let node = Home::new().await.run_with("", DEVELOPMENT).await;
    node.until_ready().await;
    node
}

#[tokio::test]
async fn member_gets_a_share_and_leaves_no_trace() {
    let node = development_node().await;
    let group = group(&[1, 2, 3]);
    let policy = of_root(&group);
    for number in [1, 2, 3] {
        let request = proven(request(&node.home.chain, &policy, 2), &group, number);
        let (status, answer) = post(&node, &request).await;
        assert_eq!(status, 200, "{answer}");
        let answer: Answer = serde_json::from_value(answer).unwrap();
        let identity = node.home.chain.lock().identities[1];
        answer.verify(&request, &domain(), 2, identity).unwrap();
        assert_eq!(answer.shares.len(), 2);
        assert!(answer.receipt.body.account.is_zero());
    }
    let home = node.stop().await;
    assert_eq!(receipts(&home).await, 0);
}

#[tokio::test]
async fn key_for_development_is_refused_unless_the_configuration_says_so() {
    let node = Node::serving().await;
    let group = group(&[1]);
    let policy = of_root(&group);
    let request = proven(request(&node.home.chain, &policy, 1), &group, 1);
    let (code, found) = refused(&node, &request).await;
    assert_eq!(code, "condition_unknown");
    assert!(found.contains("a development key"), "{found}");
    node.stop().await;
}

/// Whoever saw a proof can write it otherwise; that gains them nothing. What it costs: `limits`.
#[tokio::test]
async fn proof_in_other_bytes_is_as_good_for_the_same_request_alone() {
    let node = development_node().await;
    let group = group(&[1, 2]);
    let policy = of_root(&group);
    let plain = request(&node.home.chain, &policy, 1);
    let own = presentation(&plain, &group, 1);
    let other = rewritten(&own);
    for presentation in [&own, &other] {
        assert_eq!(post(&node, &with(plain.clone(), presentation)).await.0, 200);
    }
    let mut elsewhere = with(plain, &other);
    elsewhere.items = vec![item(7)];
    assert_eq!(refused(&node, &elsewhere).await.0, "condition_not_met");
    node.stop().await;
}

#[tokio::test]
async fn what_is_no_proof_is_told_as_such() {
    let node = development_node().await;
    let group = group(&[1, 2]);
    let policy = of_root(&group);
    let plain = request(&node.home.chain, &policy, 1);
    let own = presentation(&plain, &group, 1);
    let changed = |change: &dyn Fn(&mut Presentation)| {
        let mut other = own.clone();
        change(&mut other);
        other.to_bytes()
    };
    let infinity_g1 = |proof: &mut [u8; PROOF_BYTES], at: usize| {
        proof[at..at + 48].fill(0);
        proof[at] = 0xc0;
    };
    let order = hex::decode("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001");
    let order = order.unwrap();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("these are 0", Vec::new()),
        ("these are 256", own.to_bytes()[..256].to_vec()),
        ("these are 255", own.to_bytes()[..255].to_vec()),
        (
            "the root is not below",
            [&order[..], &own.to_bytes()[32..]].concat(),
        ),
        (
            "the nullifier is not below",
            [&own.to_bytes()[..32], &order, &own.to_bytes()[64..]].concat(),
        ),
        ("point A is bad", changed(&|p| p.proof[0] ^= 0x80)),
        ("point A is bad", changed(&|p| infinity_g1(&mut p.proof, 0))),
        (
            "point C is bad",
            changed(&|p| infinity_g1(&mut p.proof, 144)),
        ),
        ("point B is bad", changed(&|p| p.proof[48..144].fill(0xff))),
        (
            "and the policy names",
            changed(&|p| p.key = CREDENTIAL.verifying_key().to_bytes()),
        ),
        ("and the policy names", changed(&|p| p.key.push(0))),
        (
            "and the policy names",
            changed(&|p| *p.key.last_mut().unwrap() ^= 1),
        ),
    ];
    for (part, bytes) in cases {
        let (code, found) = refused(&node, &with_bytes(plain.clone(), bytes)).await;
        assert_eq!(code, "condition_unknown", "{part}: {found}");
        assert!(found.contains(part), "{part}: {found}");
    }
    let (code, found) = refused(&node, &plain).await;
    assert_eq!(code, "condition_unknown");
    assert!(found.contains("has no proof `me`"), "{found}");
    // Well formed, and of nothing: another member's nullifier, a point of the subgroup that is another.
    let other = presentation(&plain, &group, 2);
    for bytes in [
        changed(&|p| p.nullifier = other.nullifier),
        changed(&|p| p.proof[..48].copy_from_slice(&other.proof[144..])),
        changed(&|p| p.root = group_root_of_three()),
    ] {
        let (code, found) = refused(&node, &with_bytes(plain.clone(), bytes)).await;
        assert_eq!(code, "condition_not_met", "{found}");
    }
    node.stop().await;
}

fn group_root_of_three() -> stheno_circuits::Root {
    group(&[1, 2, 3]).root().unwrap()
}

#[tokio::test]
async fn key_of_another_circuit_is_refused_though_the_policy_names_it() {
    let node = development_node().await;
    let group = group(&[1]);
    let policy = Policy::from_json(
        &json!({ "version": 1, "rule": { "zk": {
            "circuit": format!("membership-{}-v1", DEPTH + 1),
            "key": MEMBERSHIP.verifying_key().hash().to_string(),
            "root": group.root().unwrap().to_string(),
            "proof": ":me",
        } } })
        .to_string(),
    )
    .unwrap();
    let request = proven(request(&node.home.chain, &policy, 1), &group, 1);
    let (code, found) = refused(&node, &request).await;
    assert_eq!(code, "condition_unknown");
    assert!(
        found.contains("the policy asks for membership-4-v1"),
        "{found}"
    );
    // Nor is a file that is no key, whose hash a policy has.
    let junk = KeyHash::of(b"junk");
    let policy = Policy::from_json(
        &json!({ "version": 1, "rule": { "zk": {
            "circuit": "membership-3-v1", "key": junk.to_string(),
            "root": group.root().unwrap().to_string(), "proof": ":me",
        } } })
        .to_string(),
    )
    .unwrap();
    let plain = self::request(&node.home.chain, &policy, 1);
    let mut presentation = presentation(&plain, &group, 1);
    presentation.key = b"junk".to_vec();
    let (code, found) = refused(&node, &with(plain, &presentation)).await;
    assert_eq!(code, "condition_unknown");
    assert!(found.contains("not a key file"), "{found}");
    node.stop().await;
}

#[tokio::test]
async fn account_beside_a_proof_is_refused() {
    let node = development_node().await;
    let group = group(&[1]);
    let policy = of_root(&group);
    let reader = Reader::new();
    let plain = request(&node.home.chain, &policy, 1);
    let request = Request {
        account: Some(Account {
            address: reader.wallet.address(),
            chain: CHAIN_ID,
            kind: AccountKind::Key,
        }),
        ..proven(plain.clone(), &group, 1)
    };
    let (status, problem) = node.post(&reader.signed(request)).await;
    assert_eq!(
        (status, problem["code"].as_str()),
        (403, Some("condition_unknown"))
    );
    let signed = Request {
        authorization: Authorization::Wallet {
            signature: vec![1; 65].into(),
        },
        ..proven(plain, &group, 1)
    };
    assert_eq!(refused(&node, &signed).await.0, "signature_invalid");
    node.stop().await;
}

#[tokio::test]
async fn root_must_be_valid_at_the_anchor_and_at_the_head() {
    let node = development_node().await;
    let (old, new) = (group(&[1, 2]), group(&[1, 2, 3]));
    let head = node.home.chain.lock().head;
    node.home.chain.lock().roots = vec![(500, word(&old), u64::MAX)];
    let policy = of_contract();
    let ask = |group: &Group, number: u8| {
        let plain = request(&node.home.chain, &policy, 1);
        proven(plain, group, number)
    };
    assert_eq!(post(&node, &ask(&old, 1)).await.0, 200);
    let unknown = refused(&node, &ask(&new, 3)).await;
    assert_eq!(unknown.0, "condition_not_met", "a root that was never set");
    // A member is added: not final yet for the new one, who is told to wait.
    node.home.chain.lock().head = head + 1;
    node.home
        .chain
        .lock()
        .roots
        .push((head + 1, word(&new), u64::MAX));
    let (status, problem) = post(&node, &ask(&new, 3)).await;
    assert_eq!(status, 403, "{problem}");
    assert_eq!(problem["code"], "not_final_yet");
    assert_eq!(
        post(&node, &ask(&old, 1)).await.0,
        200,
        "the old root is valid still"
    );
    // A member is removed after the anchor.
    node.home.chain.lock().roots.push((head + 1, word(&old), 0));
    node.home.chain.lock().head = head + 2;
    let removed = refused(&node, &ask(&old, 1)).await;
    assert_eq!(removed.0, "no_longer_met");
    node.stop().await;
}

#[tokio::test]
async fn root_must_be_valid_until_the_request_ends() {
    let node = development_node().await;
    let group = group(&[1, 2]);
    let plain = request(&node.home.chain, &of_contract(), 1);
    // The group has changed, and what it was before is valid for a time.
    node.home.chain.lock().roots = vec![(500, word(&group), plain.expires_at)];
    let later = Request {
        expires_at: plain.expires_at + 1,
        ..plain.clone()
    };
    assert_eq!(post(&node, &proven(plain, &group, 1)).await.0, 200);
    let (code, found) = refused(&node, &proven(later, &group, 1)).await;
    assert_eq!(code, "condition_not_met");
    assert!(found.contains("which is not the group's"), "{found}");
    node.stop().await;
}

#[tokio::test]
async fn burst_of_proofs_is_judged_one_by_one() {
    let node = development_node().await;
    let group = group(&[1, 2, 3, 4]);
    let policy = of_root(&group);
    let requests: Vec<(bool, Request)> = (0..24_u8)
        .map(|at| {
            let plain = Request {
                items: vec![item(usize::from(at))],
                ..request(&node.home.chain, &policy, 1)
            };
            let mut request = proven(plain, &group, at % 4 + 1);
            let good = at % 6 != 5;
            if !good {
                request.items = vec![item(1_000)];
            }
            (good, request)
        })
        .collect();
    let answers = requests.iter().map(|(_, request)| post(&node, request));
    let answers = futures::future::join_all(answers).await;
    for ((good, _), (status, answer)) in requests.iter().zip(answers) {
        assert_eq!(status == 200, *good, "{answer}");
        if !good {
            assert_eq!(answer["code"], "condition_not_met");
        }
    }
    node.stop().await;
}
