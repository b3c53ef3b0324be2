//! `/v1/explain`: why a policy says what it says, from a real node, and no shares.

use serde_json::{Value, json};
use stheno_protocol::{Account, AccountKind, Context, ExplainRequest, Proofs, Subject};

use crate::double::{self, Home, Node, Reader, item, policy};

fn question(reader: &Reader) -> Value {
    let account = Account {
        address: reader.wallet.address(),
        chain: double::CHAIN_ID,
        kind: AccountKind::Key,
    };
    let subject = Subject {
        account: Some(account),
        item: item(0),
        context: Context::default(),
        proofs: Proofs::default(),
    };
    serde_json::to_value(ExplainRequest::new(&policy(), &subject)).unwrap()
}

#[tokio::test]
async fn explanation_has_both_moments_and_nothing_that_opens() {
    let node = Node::serving().await;
    let reader = Reader::new();
    let question = question(&reader);
    let (status, said) = node.post_to("/v1/explain", &question).await;
    assert_eq!((status, &said["granted"]), (200, &json!(false)), "{said}");
    let leaf = &said["then"]["tree"]["leaf"];
    assert_eq!(leaf["found"], "balance 0");
    assert!(!leaf["remedy"].as_str().unwrap().is_empty(), "{said}");

    // Bought in the newest block: true at the head, and not yet at the final block.
    {
        let mut ledger = node.home.chain.lock();
        ledger.head += 1;
        let (head, me) = (ledger.head, reader.wallet.address());
        ledger.passes.push((head, me, 1));
    }
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    let (_, said) = node.post_to("/v1/explain", &question).await;
    assert_eq!(said["granted"], false);
    assert_eq!(said["then"]["tree"]["truth"], "false");
    assert_eq!(said["now"]["tree"]["truth"], "true");
    assert_eq!(said["now"]["blocks"][0]["number"], 1_001);

    node.home.chain.lock().head += 2;
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    let (_, said) = node.post_to("/v1/explain", &question).await;
    assert_eq!(said["granted"], true);
    let fields: Vec<_> = said.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["granted", "now", "then"]);
    node.stop().await;
}

#[tokio::test]
async fn explanation_is_refused_as_requests_are() {
    let home = Home::new().await;
    let node = home.run_with("", "[limits]\nip_items_per_minute = 1").await;
    node.until_ready().await;
    let question = question(&Reader::new());
    let code = async |change: &dyn Fn(&mut Value)| {
        let mut question = question.clone();
        change(&mut question);
        let (_, problem) = node.post_to("/v1/explain", &question).await;
        problem["code"].as_str().unwrap_or("ok").to_owned()
    };
    assert_eq!(code(&|q| q["more"] = json!(1)).await, "malformed");
    assert_eq!(
        code(&|q| q["policy"] = json!("0xa0")).await,
        "invalid_policy"
    );
    let nobody = |q: &mut Value| {
        q["account"] = json!("0x0000000000000000000000000000000000000000");
        q["accountChain"] = json!(0);
        q["accountKind"] = json!("none");
    };
    assert_eq!(code(&nobody).await, "account_required");
    // A minute's worth is 256 items; each explanation costs 8.
    for _ in 0..29 {
        assert_eq!(code(&|_| {}).await, "ok");
    }
    assert_eq!(code(&|_| {}).await, "rate_limited");
    node.stop().await;
}
