//! Encrypt, be denied, be granted, wait: a client against a committee in the process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::time::Duration;

use stheno::{
    Client, DecryptOptions, EncryptOptions, Error, Event, ItemId, Nobody, Policy, Tuning, Wallet,
    envelope::Cipher,
    protocol::Address,
    testing::{CHAIN_ID, Committee, FakeChain},
};

const PASS: Address = Address::repeat_byte(0xaa);
const TEXT: &[u8] = b"for members only";

fn pass_policy() -> Policy {
    Policy::from_json(&format!(
        r#"{{ "version": 1, "rule": {{ "token": {{
            "chain": {CHAIN_ID}, "standard": "erc721", "contract": "{PASS}", "min": "1" }} }} }}"#
    ))
    .unwrap()
}

async fn sealed(client: &Client, policy: &Policy, options: EncryptOptions) -> Vec<u8> {
    let mut envelope = Vec::new();
    client
        .encrypt(policy, TEXT, &mut envelope, options)
        .await
        .unwrap();
    envelope
}

async fn open(client: &Client, wallet: &Wallet, envelope: &[u8]) -> Result<Vec<u8>, Error> {
    let mut plaintext = Vec::new();
    client.decrypt(wallet, envelope, &mut plaintext).await?;
    Ok(plaintext)
}

/// A committee, a client, a wallet that holds a pass, and a sealed text.
async fn with_pass() -> (Committee, Client, Wallet, Vec<u8>) {
    let committee = Committee::new(3, 5).unwrap();
    let client = committee.client();
    let wallet = Wallet::random().unwrap();
    committee.chain().set_tokens(PASS, wallet.address(), 1);
    committee.chain().finalize();
    let envelope = sealed(&client, &pass_policy(), EncryptOptions::default()).await;
    (committee, client, wallet, envelope)
}

#[tokio::test]
async fn holder_reads_with_either_cipher() {
    let (_, client, wallet, _) = with_pass().await;
    for cipher in [
        Cipher::ChunkedAes256Gcm,
        Cipher::ChunkedChaCha20Poly1305,
        Cipher::Aes256Gcm,
    ] {
        let envelope = sealed(
            &client,
            &pass_policy(),
            EncryptOptions::default().cipher(cipher),
        )
        .await;
        assert_eq!(open(&client, &wallet, &envelope).await.unwrap(), TEXT);
    }
}

#[tokio::test]
async fn holder_reads_without_a_network_file() {
    let (committee, _, wallet, envelope) = with_pass().await;
    let client = committee.reading_client();
    let mut plaintext = Vec::new();
    let decrypted = client
        .decrypt(&wallet, envelope.as_slice(), &mut plaintext)
        .await
        .unwrap();
    assert_eq!(plaintext, TEXT);
    assert_eq!(decrypted.plaintext_len, TEXT.len() as u64);
    assert_eq!(decrypted.receipts.len(), 3);
    assert!(
        decrypted
            .receipts
            .iter()
            .all(|r| r.body.account == wallet.address())
    );
    assert_eq!(decrypted.tally.culprits().count(), 0);
}

#[tokio::test]
async fn stranger_is_denied_by_every_node_and_told_why() {
    let (_, client, _, envelope) = with_pass().await;
    let stranger = Wallet::random().unwrap();
    let error = open(&client, &stranger, &envelope).await.unwrap_err();
    assert!(error.is_denial(), "{error}");
    assert_eq!(error.code(), "condition_not_met");
    assert_eq!(error.headline(), "access denied by 5 of 5 nodes");
    let tally = error.tally().unwrap();
    let refusals = tally.refusals();
    assert_eq!(refusals.len(), 1, "five equal refusals are told once");
    assert_eq!(refusals[0].nodes.len(), 5);
    let condition = refusals[0].conditions().next().unwrap();
    assert!(condition.what.contains("ERC-721"), "{condition:?}");
    assert!(condition.found.contains('0'), "{condition:?}");
}

#[tokio::test]
async fn right_that_is_not_final_yet_is_waited_for() {
    let (committee, client, _, envelope) = with_pass().await;
    let buyer = Wallet::random().unwrap();
    committee.chain().set_tokens(PASS, buyer.address(), 1);

    let chain = committee.chain().clone();
    let later = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(80)).await;
        chain.finalize();
    });
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let options = DecryptOptions::default().observer(move |event| {
        if let Event::Waiting { why, .. } = event {
            tell.send(why.clone()).unwrap();
        }
    });
    let mut plaintext = Vec::new();
    client
        .decrypt_with(&buyer, envelope.as_slice(), &mut plaintext, &options)
        .await
        .unwrap();
    later.await.unwrap();
    assert_eq!(plaintext, TEXT);
    assert!(!told.recv().await.unwrap().is_empty());
}

#[tokio::test]
async fn right_that_does_not_become_final_ends_with_the_blocks_to_wait() {
    let (committee, client, _, envelope) = with_pass().await;
    let buyer = Wallet::random().unwrap();
    committee.chain().set_tokens(PASS, buyer.address(), 1);
    let impatient = client.with_tuning(Tuning {
        finality_patience: Duration::ZERO,
        ..Tuning::default()
    });
    let error = open(&impatient, &buyer, &envelope).await.unwrap_err();
    assert!(
        matches!(error, Error::NotFinalYet(_)) && !error.is_denial(),
        "{error}"
    );
    let blocks = error.tally().unwrap().refusals()[0].problem.blocks_to_wait;
    assert_eq!(blocks, Some(2));
}

#[tokio::test]
async fn right_that_was_sold_a_moment_ago_is_denied() {
    let (committee, client, wallet, envelope) = with_pass().await;
    committee.chain().set_tokens(PASS, wallet.address(), 0);
    let error = open(&client, &wallet, &envelope).await.unwrap_err();
    assert!(error.is_denial(), "{error}");
    assert_eq!(error.code(), "no_longer_met");
}

#[tokio::test]
async fn policy_about_the_reader_needs_a_wallet() {
    let (_, client, _, envelope) = with_pass().await;
    let error = client
        .decrypt(&Nobody, envelope.as_slice(), Vec::new())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::WalletNeeded), "{error}");
}

#[tokio::test]
async fn time_lock_opens_for_anybody_and_tells_no_account() {
    let committee = Committee::new(2, 3).unwrap();
    let client = committee.client();
    let after = committee.chain().head().time + 300;
    let when = i64::try_from(after).unwrap();
    let policy = Policy::from_json(&format!(
        r#"{{ "version": 1, "rule": {{ "time": {{ "chain": {CHAIN_ID}, "after": "{}" }} }} }}"#,
        rfc3339(when)
    ))
    .unwrap();
    let envelope = sealed(&client, &policy, EncryptOptions::default()).await;
    let early = client
        .decrypt(&Nobody, envelope.as_slice(), Vec::new())
        .await
        .unwrap_err();
    assert!(early.is_denial(), "{early}");

    committee.chain().mine(20);
    let mut plaintext = Vec::new();
    // A wallet is at hand, and yet not shown to anybody, since the policy does not ask for it.
    let wallet = Wallet::random().unwrap();
    let decrypted = client
        .decrypt(&wallet, envelope.as_slice(), &mut plaintext)
        .await
        .unwrap();
    assert_eq!(plaintext, TEXT);
    assert!(
        decrypted
            .receipts
            .iter()
            .all(|receipt| receipt.body.account == Address::ZERO)
    );
}

fn rfc3339(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap().to_string()
}

#[tokio::test]
async fn hidden_policy_must_be_brought_by_the_reader() {
    let (_, client, wallet, _) = with_pass().await;
    let envelope = sealed(
        &client,
        &pass_policy(),
        EncryptOptions::default().hide_policy(),
    )
    .await;
    let error = open(&client, &wallet, &envelope).await.unwrap_err();
    assert!(matches!(error, Error::PolicyHidden), "{error}");

    let other = Policy::from_json(&format!(
        r#"{{ "version": 1, "rule": {{ "balance": {{ "chain": {CHAIN_ID}, "min": "1" }} }} }}"#
    ))
    .unwrap();
    for (policy, works) in [(other, false), (pass_policy(), true)] {
        let options = DecryptOptions::default().policy(policy);
        let mut plaintext = Vec::new();
        let result = client
            .decrypt_with(&wallet, envelope.as_slice(), &mut plaintext, &options)
            .await;
        match works {
            true => assert_eq!(
                (result.unwrap().plaintext_len, plaintext.as_slice()),
                (16, TEXT)
            ),
            false => assert!(matches!(result, Err(Error::PolicyMismatch))),
        }
    }
}

#[tokio::test]
async fn items_are_fresh_unless_one_is_given() {
    let (_, client, wallet, _) = with_pass().await;
    let policy = pass_policy();
    let mut items = Vec::new();
    for _ in 0..2 {
        let written = client
            .encrypt(&policy, TEXT, Vec::new(), EncryptOptions::default())
            .await
            .unwrap();
        items.push(written.item);
    }
    assert_ne!(items[0], items[1]);

    let item = ItemId::from_bytes([7; 32]);
    let envelope = sealed(&client, &policy, EncryptOptions::default().item(item)).await;
    let decrypted = client
        .decrypt(&wallet, envelope.as_slice(), Vec::new())
        .await
        .unwrap();
    assert_eq!(decrypted.item, item);
}

#[tokio::test]
async fn anchors_of_several_chains_are_taken_at_one_time() {
    const OTHER: u64 = 8453;
    let committee = Committee::new(3, 5).unwrap();
    let client = committee.client();
    let wallet = Wallet::random().unwrap();
    // The other chain's clock is off by some seconds and its head far ahead.
    let other = FakeChain::new(OTHER, committee.chain().head().time + 7);
    other.set_balance(wallet.address(), 5);
    other.mine(12);
    committee.add_chain(other);
    committee.chain().set_balance(wallet.address(), 5);
    committee.chain().mine(6);
    let policy = Policy::from_json(&format!(
        r#"{{ "version": 1, "rule": {{ "all": [
            {{ "balance": {{ "chain": {CHAIN_ID}, "min": "5" }} }},
            {{ "balance": {{ "chain": {OTHER}, "min": "5" }} }} ] }} }}"#
    ))
    .unwrap();
    let envelope = sealed(&client, &policy, EncryptOptions::default()).await;
    assert_eq!(open(&client, &wallet, &envelope).await.unwrap(), TEXT);
}

#[tokio::test]
async fn confirmations_are_counted_below_the_head() {
    let committee = Committee::new(3, 5).unwrap();
    let client = committee.client();
    let wallet = Wallet::random().unwrap();
    let policy = Policy::from_json(&format!(
        r#"{{ "version": 1, "rule": {{ "balance": {{
            "chain": {CHAIN_ID}, "min": "5", "finality": {{ "confirmations": 1 }} }} }} }}"#
    ))
    .unwrap();
    let envelope = sealed(&client, &policy, EncryptOptions::default()).await;
    // One block is enough for this policy; finality would take two.
    committee.chain().set_balance(wallet.address(), 5);
    committee.chain().mine(1);
    assert_eq!(open(&client, &wallet, &envelope).await.unwrap(), TEXT);
}

#[tokio::test]
async fn writer_refuses_a_network_with_another_key() {
    let (ours, theirs) = (Committee::new(2, 3).unwrap(), Committee::new(2, 3).unwrap());
    // Same place on the chain, another key: what a lying endpoint would make of our network.
    let error = theirs
        .reading_client()
        .pin(ours.network_file())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::WrongKey { .. }), "{error}");
    assert!(
        theirs
            .reading_client()
            .pin(theirs.network_file())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn writer_without_a_network_file_is_refused() {
    let committee = Committee::new(2, 3).unwrap();
    let client = committee.reading_client();
    let error = client
        .encrypt(&pass_policy(), TEXT, Vec::new(), EncryptOptions::default())
        .await;
    assert!(matches!(error, Err(Error::NoNetwork { .. })));
}

#[tokio::test]
async fn network_file_refuses_envelopes_of_other_networks() {
    let (_, client, wallet, envelope) = with_pass().await;
    let other = Committee::numbered(2, 2, 3).unwrap();
    let error = open(&other.client(), &wallet, &envelope).await.unwrap_err();
    let Error::WrongNetwork { wanted, found } = &error else {
        panic!("{error}");
    };
    assert_eq!(*wanted, other.network_file().network_id());
    assert_eq!(*found, [client.network().unwrap().network_id()]);
}

#[tokio::test]
async fn tampered_envelopes_fail_and_write_nothing() {
    let (_, client, wallet, envelope) = with_pass().await;
    let mut opened = 0;
    for at in (0..envelope.len()).step_by(7) {
        let mut bad = envelope.clone();
        bad[at] ^= 0x20;
        let mut plaintext = Vec::new();
        match client
            .decrypt(&wallet, bad.as_slice(), &mut plaintext)
            .await
        {
            // A flip in an advisory field may leave the plaintext as it was.
            Ok(_) => {
                assert_eq!(plaintext, TEXT, "byte {at}");
                opened += 1;
            }
            Err(_) => assert!(plaintext.is_empty(), "byte {at}"),
        }
    }
    assert!(
        opened * 20 < envelope.len() / 7,
        "{opened} flips of {} did no harm",
        envelope.len() / 7
    );
    for cut in [0, 1, 40, envelope.len() - 20, envelope.len() - 1] {
        let mut plaintext = Vec::new();
        let error = client
            .decrypt(&wallet, &envelope[..cut], &mut plaintext)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Envelope(_)), "{cut}: {error}");
        assert!(plaintext.is_empty());
    }
}
