//! `/v1/canary`: anybody gets a share, and it opens nothing but canaries.

use serde_json::{Value, json};
use stheno_crypto::{
    Capsule, Cek, CommitteeKeys, Identity, NetworkId, NetworkKey, PolicyDigest, Share, open,
};
use stheno_protocol::CanaryAnswer;

use crate::double::{Home, Node, Reader, context, domain, item, key_share, policy};

fn question(reader: &Reader) -> Value {
    json!({
        "network": domain().network.to_string(),
        "epoch": 1,
        "readerKey": format!("0x{}", hex::encode(reader.secret.public().to_bytes())),
    })
}

fn canary(network: &NetworkId, key: &NetworkKey) -> Identity {
    Identity::canary(network, &key.fingerprint(), &context().0)
}

#[tokio::test]
async fn canary_share_opens_the_canary_and_no_file() {
    let node = Node::serving().await;
    let reader = Reader::new();
    let (status, said) = node.post_to("/v1/canary", &question(&reader)).await;
    assert_eq!(status, 200, "{said}");
    let answer: CanaryAnswer = serde_json::from_value(said).unwrap();
    assert_eq!((answer.node, answer.epoch), (2, 1));
    let mine = key_share(2);
    let share = Share::decode(mine.index(), &answer.share).unwrap();

    let network = domain().network;
    let network_key = node.home.chain.lock().network_key.clone();
    let identity = canary(&network, &network_key);
    let public = reader.secret.public();
    share
        .verify(&mine.public_key(), &identity, &public)
        .unwrap();
    let other = key_share(1);
    let others = other.share(1, &identity, &public, &[1; 32], &[2; 32]);

    let committee = CommitteeKeys {
        threshold: 2,
        network_key: network_key.clone(),
        node_keys: [&mine, &other]
            .map(|share| (share.index(), share.public_key()))
            .into(),
    };
    let opens = |identity: &Identity| {
        let cek = Cek::from_bytes([9; 32]);
        let capsule = Capsule::seal(&network_key, identity, &[], &cek, &[8; 32]);
        let shares = [share.clone(), others.clone()];
        open(
            &committee,
            &reader.secret,
            identity,
            &capsule,
            &[],
            &shares,
            &[7; 32],
        )
        .is_ok()
    };
    assert!(opens(&identity));
    // A file's identity, and the canary of another ceremony.
    let file = Identity::new(
        &network,
        &network_key.fingerprint(),
        &PolicyDigest::of(&policy().to_cbor()),
        &item(0),
    );
    assert!(!opens(&file));
    assert!(!opens(&Identity::canary(
        &network,
        &network_key.fingerprint(),
        &[1; 32]
    )));
    node.stop().await;
}

#[tokio::test]
async fn canary_is_refused_where_there_is_none() {
    let node = Node::serving().await;
    let reader = Reader::new();
    let with = |field: &str, value: Value| {
        let mut question = question(&reader);
        question[field] = value;
        question
    };
    let other = format!("0x{}", "11".repeat(32));
    for (question, code) in [
        (with("epoch", json!(2)), "wrong_epoch"),
        (with("network", json!(other)), "wrong_network"),
        (
            with("readerKey", json!(format!("0x{}", "00".repeat(48)))),
            "bad_reader_key",
        ),
        // It names no identity.
        (with("context", json!(other)), "malformed"),
        (with("item", json!(other)), "malformed"),
        (json!({}), "malformed"),
    ] {
        let (_, said) = node.post_to("/v1/canary", &question).await;
        assert_eq!(said["code"], code, "{said}");
    }
    node.stop().await;
    let node = Home::without_share().await.run().await;
    let (_, said) = node.post_to("/v1/canary", &question(&reader)).await;
    assert_eq!(said["code"], "not_serving", "{said}");
    node.stop().await;
}

#[tokio::test]
async fn canaries_are_limited_for_one_address() {
    let node = Node::serving().await;
    let reader = Reader::new();
    let mut codes = Vec::new();
    for _ in 0..300 {
        let (_, said) = node.post_to("/v1/canary", &question(&reader)).await;
        codes.push(said["code"].as_str().unwrap_or("ok").to_owned());
    }
    let answered = codes.iter().filter(|code| *code == "ok").count();
    assert!((256..300).contains(&answered), "{answered}");
    assert_eq!(codes.last().unwrap(), "rate_limited");
    node.stop().await;
}
