//! Following a committee from one epoch to the next: the reader does not notice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::{Arc, Mutex};

use stheno::{
    Client, DecryptOptions, EncryptOptions, Error, Event, Policy, Wallet,
    protocol::{Address, Code},
    testing::{CHAIN_ID, Committee, Fault},
};

const PASS: Address = Address::repeat_byte(0xaa);
const TEXT: &[u8] = b"for members only";

/// A committee in its first epoch, and a file that was sealed to it.
struct Scene {
    committee: Committee,
    client: Client,
    wallet: Wallet,
    envelope: Vec<u8>,
    waits: Arc<Mutex<u32>>,
}

impl Scene {
    async fn set() -> Self {
        let committee = Committee::new(3, 5).unwrap();
        let client = committee.client();
        let wallet = Wallet::random().unwrap();
        committee.chain().set_tokens(PASS, wallet.address(), 1);
        committee.chain().finalize();
        let policy = Policy::from_json(&format!(
            r#"{{ "version": 1, "rule": {{ "token": {{
                "chain": {CHAIN_ID}, "standard": "erc721", "contract": "{PASS}", "min": "1" }} }} }}"#
        ));
        let mut envelope = Vec::new();
        let options = EncryptOptions::default();
        client
            .encrypt(&policy.unwrap(), TEXT, &mut envelope, options)
            .await
            .unwrap();
        Self {
            committee,
            client,
            wallet,
            envelope,
            waits: Arc::default(),
        }
    }

    async fn read(&self) -> Result<Vec<u8>, Error> {
        let waits = Arc::clone(&self.waits);
        let options = DecryptOptions::default().observer(move |event| {
            if matches!(event, Event::Waiting { .. }) {
                *waits.lock().unwrap() += 1;
            }
        });
        let (mut plaintext, envelope) = (Vec::new(), self.envelope.as_slice());
        let read = self
            .client
            .decrypt_with(&self.wallet, envelope, &mut plaintext, &options);
        read.await.map(|_| plaintext)
    }

    fn waits(&self) -> u32 {
        *self.waits.lock().unwrap()
    }
}

#[tokio::test]
async fn reader_whose_chain_lags_is_served_by_the_epoch_before() {
    let scene = Scene::set().await;
    scene.committee.move_on(true, u32::MAX);
    assert_eq!(scene.read().await.unwrap(), TEXT);
    assert_eq!(scene.waits(), 0);
}

#[tokio::test]
async fn reader_follows_at_once_when_the_epoch_it_asked_is_over() {
    let scene = Scene::set().await;
    scene.committee.move_on(false, 1);
    assert_eq!(scene.read().await.unwrap(), TEXT);
    assert_eq!(scene.waits(), 0, "nothing was waited for");
}

#[tokio::test]
async fn reader_waits_for_its_chain_when_the_nodes_are_ahead() {
    let scene = Scene::set().await;
    scene.committee.move_on(false, 5);
    assert_eq!(scene.read().await.unwrap(), TEXT);
    assert!(scene.waits() > 0);
}

#[tokio::test]
async fn reader_follows_when_the_old_members_are_gone() {
    let scene = Scene::set().await;
    // They are asked once, and are somebody else afterwards.
    for node in 1..=5 {
        scene
            .committee
            .set_fault(node, Fault::refuses(Code::NotServing, 1));
    }
    scene.committee.move_on(false, 1);
    assert_eq!(scene.read().await.unwrap(), TEXT);
}

#[tokio::test]
async fn reader_follows_while_it_waits_for_finality() {
    let scene = Scene::set().await;
    let wallet = Wallet::random().unwrap();
    let committee = scene.committee.clone();
    committee.chain().set_tokens(PASS, wallet.address(), 1);
    let scene = Scene { wallet, ..scene };
    let moving = async {
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        committee.move_on(false, 0);
        committee.chain().finalize();
    };
    let (read, ()) = tokio::join!(scene.read(), moving);
    assert_eq!(read.unwrap(), TEXT);
    assert!(scene.waits() > 0);
}

#[tokio::test]
async fn reader_falls_back_to_the_epoch_before_when_nobody_serves_the_next() {
    let scene = Scene::set().await;
    scene.committee.move_on_in_vain();
    assert_eq!(scene.read().await.unwrap(), TEXT);
    // A stranger finds no way in through it.
    let stranger = Scene {
        wallet: Wallet::random().unwrap(),
        ..scene
    };
    assert!(stranger.read().await.is_err());
}

#[tokio::test]
async fn reader_gives_up_on_a_chain_that_never_follows() {
    let scene = Scene::set().await;
    scene.committee.move_on(false, u32::MAX);
    let error = scene.read().await.unwrap_err();
    assert!(matches!(error, Error::TooFewNodes(_)), "{error}");
    assert!(error.tally().unwrap().codes().contains(&Code::WrongEpoch));
}

#[tokio::test]
async fn stranger_is_denied_in_every_epoch() {
    let scene = Scene::set().await;
    scene.committee.move_on(false, 1);
    let stranger = Scene {
        wallet: Wallet::random().unwrap(),
        ..scene
    };
    assert!(stranger.read().await.unwrap_err().is_denial());
}
