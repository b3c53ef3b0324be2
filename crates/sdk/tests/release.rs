//! Keys that become public: refused before their time, given to everybody after, whatever some nodes do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use stheno::{
    Client, DecryptOptions, EncryptOptions, Error, ItemId, Policy, ReleasedKey, Tuning,
    crypto::{Identity, ItemKey, encapsulate},
    envelope::{Header, Recipient},
    protocol::{Address, B256, Bytes, U256},
    testing::{CHAIN_ID, Committee, Fault},
    timed_release_policy,
};

const RELEASES: Address = Address::repeat_byte(0x4e);
const ITEM: [u8; 32] = [0x17; 32];

struct Scene {
    committee: Committee,
    client: Client,
    policy: Policy,
}

/// A committee, and a contract that opens everything at some block.
fn scene(opens_at: u64) -> Scene {
    let committee = Committee::new(3, 5).unwrap();
    committee.chain().set_contract(RELEASES, move |_, block| {
        let word = U256::from(u8::from(block >= opens_at));
        Ok(word.to_be_bytes_vec().into())
    });
    committee.chain().finalize();
    Scene {
        client: committee.client(),
        policy: timed_release_policy(CHAIN_ID, RELEASES).unwrap(),
        committee,
    }
}

impl Scene {
    async fn release(&self) -> Result<ReleasedKey, Error> {
        let locator = self.committee.network_file().locator();
        let (item, options) = (ItemId::from_bytes(ITEM), DecryptOptions::default());
        let asked = self
            .client
            .release_key(&locator, &self.policy, item, &options);
        asked.await
    }

    fn identity(&self) -> Identity {
        Identity::new(
            &self.committee.network_file().network_id(),
            &self.committee.network_key().fingerprint(),
            &self.policy.digest(),
            &ItemId::from_bytes(ITEM),
        )
    }
}

#[tokio::test]
async fn key_is_refused_while_the_policy_does_not_hold() {
    let scene = scene(u64::MAX);
    let error = scene.release().await.unwrap_err();
    assert!(error.is_denial(), "{error}");
    assert_eq!(error.code(), "condition_not_met");
}

#[tokio::test]
async fn key_opens_everything_of_its_item_once_it_is_given_out() {
    let scene = scene(0);
    let released = scene.release().await.unwrap();
    assert_eq!(released.item, ItemId::from_bytes(ITEM));
    assert_eq!(released.receipts.len(), 3);
    assert_eq!(released.key.identity(), &scene.identity());

    // Whoever reads the published bytes has the same key.
    let network_key = scene.committee.network_key();
    let bytes = released.key.publish();
    let public = ItemKey::from_eip2537(network_key, &scene.identity(), &bytes).unwrap();
    let (sealed, _) = encapsulate(network_key, &scene.identity(), &[0x51; 32]);
    assert_eq!(
        public.decapsulate(&sealed).unwrap().expose_secret(),
        &[0x51; 32]
    );

    // And a file that was sealed to the item under the policy.
    let mut envelope = Vec::new();
    let options = EncryptOptions::default().item(ItemId::from_bytes(ITEM));
    let encrypting = scene
        .client
        .encrypt(&scene.policy, &b"text"[..], &mut envelope, options);
    encrypting.await.unwrap();
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    let [Recipient::Threshold(recipient)] = header.recipients() else {
        panic!("one recipient");
    };
    let cek = public.open(recipient.capsule(), &recipient.aad()).unwrap();
    let decryptor = stheno::envelope::Decryptor::new(&header, &cek).unwrap();
    let mut plain = Vec::new();
    let mut body = envelope.as_slice();
    Header::read(&mut body).unwrap();
    decryptor.decrypt(body, &mut plain).unwrap();
    assert_eq!(plain, b"text");
}

#[tokio::test]
async fn call_that_publishes_names_item_and_key() {
    let released = scene(0).release().await.unwrap();
    let call = released.publish_call();
    assert_eq!(call[4..36], ITEM);
    assert_eq!(call[call.len() - 128..], released.key.publish());
}

#[tokio::test]
async fn key_that_is_not_final_yet_is_waited_for() {
    let scene = scene(0);
    let opens_at = scene.committee.chain().head().number + 1;
    let committee = scene.committee.clone();
    committee.chain().set_contract(RELEASES, move |_, block| {
        Ok(U256::from(u8::from(block >= opens_at))
            .to_be_bytes_vec()
            .into())
    });
    let tuning = Tuning {
        pause: Duration::from_millis(5),
        ..Tuning::default()
    };
    let client = committee.client().with_tuning(tuning);
    let waiting = tokio::spawn(async move {
        let locator = committee.network_file().locator();
        let policy = timed_release_policy(CHAIN_ID, RELEASES).unwrap();
        let (item, options) = (ItemId::from_bytes(ITEM), DecryptOptions::default());
        client.release_key(&locator, &policy, item, &options).await
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    scene.committee.chain().finalize();
    let released = waiting.await.unwrap().unwrap();
    assert_eq!(released.key.identity(), &scene.identity());
}

#[tokio::test]
async fn wrong_share_is_got_around_and_its_node_named() {
    let scene = scene(0);
    let first = Arc::new(Mutex::new(None::<Vec<Bytes>>));
    let replay = Fault::shares(move |shares| first.lock().unwrap().get_or_insert(shares).clone());
    scene.committee.set_fault(1, replay);
    scene.release().await.unwrap();
    let released = scene.release().await.unwrap();
    let culprits: Vec<u16> = (released.tally.culprits())
        .map(|report| report.node.get())
        .collect();
    assert_eq!(culprits, [1]);

    // Without the nodes' keys nobody can be named, and still it is the key.
    scene.committee.publish_node_keys(false);
    let released = scene.release().await.unwrap();
    assert_eq!(released.key.identity(), &scene.identity());
}

#[tokio::test]
async fn key_is_not_asked_for_where_the_policy_asks_who_reads() {
    let mut scene = scene(0);
    scene.policy = Policy::from_json(&format!(
        r#"{{ "version": 1, "rule": {{ "balance": {{ "chain": {CHAIN_ID}, "min": "1" }} }} }}"#
    ))
    .unwrap();
    let error = scene.release().await.unwrap_err();
    assert!(matches!(error, Error::NotForEverybody), "{error}");
}

#[tokio::test]
async fn key_of_another_network_is_not_asked_for() {
    let mut scene = scene(0);
    scene.client = Committee::numbered(2, 1, 1).unwrap().client();
    let error = scene.release().await.unwrap_err();
    assert_eq!(error.code(), "wrong_network");
}

#[test]
fn policy_is_the_frozen_one() {
    let vectors = include_str!("../../../tests/vectors/protocol-policies.json");
    let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
    let frozen = vectors["policies"].as_array().unwrap().iter();
    let frozen = frozen.filter(|vector| vector["name"] == "what opens to everybody");
    let [frozen] = frozen.collect::<Vec<_>>()[..] else {
        panic!("one vector");
    };
    let to = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
        .parse()
        .unwrap();
    let policy = timed_release_policy(314, to).unwrap();
    let digest = B256::from(*policy.digest().as_bytes());
    assert_eq!(frozen["digest"], digest.to_string());
}
