//! Who can open a file: two networks, keys of one's own, and changes of both.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use stheno::{
    Client, EncryptOptions, Error, KeyKind, Keyring, PinnedNetwork, Policy, Rewrap, SealTo, Wallet,
    crypto::Cek,
    encrypt_to,
    envelope::{Decryptor, Header, SharedKey, Value, X25519Secret},
    testing::{CHAIN_ID, Committee, Fault},
};

const TEXT: &[u8] = b"for some";

fn richer_than(least: u64) -> Policy {
    Policy::from_json(&format!(
        r#"{{ "version": 1, "rule": {{ "balance": {{ "chain": {CHAIN_ID}, "min": "{least}" }} }} }}"#
    ))
    .unwrap()
}

fn pinned(committee: &Committee) -> PinnedNetwork {
    committee.client().pinned().unwrap().clone()
}

/// A committee whose chain knows a wallet with this balance.
fn committee(number: u64, wallet: &Wallet, balance: u128) -> Committee {
    let committee = Committee::numbered(number, 2, 3).unwrap();
    committee.chain().set_balance(wallet.address(), balance);
    committee.chain().finalize();
    committee
}

fn seal(to: &[SealTo], options: EncryptOptions) -> Vec<u8> {
    let mut envelope = Vec::new();
    encrypt_to(to, TEXT, &mut envelope, options).unwrap();
    envelope
}

async fn open(client: &Client, wallet: &Wallet, envelope: &[u8]) -> Result<Vec<u8>, Error> {
    let mut plaintext = Vec::new();
    client.decrypt(wallet, envelope, &mut plaintext).await?;
    Ok(plaintext)
}

fn open_with(keys: &Keyring, envelope: &[u8]) -> Result<(Vec<u8>, KeyKind), Error> {
    let mut body = envelope;
    let header = Header::read(&mut body).unwrap();
    let (cek, kind) = keys.open(&header)?;
    let mut plaintext = Vec::new();
    Decryptor::new(&header, &cek)?.decrypt(body, &mut plaintext)?;
    Ok((plaintext, kind))
}

fn owner() -> X25519Secret {
    X25519Secret::from_bytes([7; 32])
}

#[tokio::test]
async fn either_of_two_networks_opens_when_the_other_is_gone() {
    let wallet = Wallet::random().unwrap();
    let (a, b) = (committee(1, &wallet, 5), committee(2, &wallet, 5));
    let policy = richer_than(5);
    let to = [&a, &b].map(|one| SealTo::network(pinned(one), policy.clone()));
    let envelope = seal(&to, EncryptOptions::default());
    // Each client knows one of the committees alone; to it the other does not exist.
    for committee in [&a, &b] {
        let client = committee.reading_client();
        assert_eq!(open(&client, &wallet, &envelope).await.unwrap(), TEXT);
        // So it is with a pinned network, which asks no other.
        assert_eq!(
            open(&committee.client(), &wallet, &envelope).await.unwrap(),
            TEXT
        );
    }
    for node in 1..=3 {
        b.set_fault(node, Fault::Down);
    }
    let error = open(&b.reading_client(), &wallet, &envelope).await;
    assert!(matches!(error, Err(Error::NoneOpened(errors)) if errors.len() == 2));
}

#[tokio::test]
async fn either_of_two_policies_at_one_network_opens() {
    let wallet = Wallet::random().unwrap();
    let committee = committee(1, &wallet, 5);
    let network = pinned(&committee);
    let both = [9, 5].map(|least| SealTo::network(network.clone(), richer_than(least)));
    let client = committee.reading_client();
    let envelope = seal(&both, EncryptOptions::default());
    assert_eq!(open(&client, &wallet, &envelope).await.unwrap(), TEXT);
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    assert_eq!(header.recipients()[0].kid(), header.recipients()[1].kid());

    let neither = [9, 6].map(|least| SealTo::network(network.clone(), richer_than(least)));
    let envelope = seal(&neither, EncryptOptions::default());
    let error = open(&client, &wallet, &envelope).await.unwrap_err();
    assert!(error.is_denial(), "{error}");
}

#[tokio::test]
async fn owners_key_opens_what_a_client_sealed() {
    let wallet = Wallet::random().unwrap();
    let committee = committee(1, &wallet, 5);
    let options = EncryptOptions::default()
        .also_to(SealTo::X25519(owner().public()))
        .metadata(Value::Map(vec![("a".into(), 1.into())]));
    let mut envelope = Vec::new();
    committee
        .client()
        .encrypt(&richer_than(5), TEXT, &mut envelope, options)
        .await
        .unwrap();
    let keys = Keyring::new().with_x25519(owner());
    let opened = open_with(&keys, &envelope).unwrap();
    assert_eq!(opened, (TEXT.to_vec(), KeyKind::X25519));
    // The committee is there as before, and the application's map too.
    let client = committee.reading_client();
    assert_eq!(open(&client, &wallet, &envelope).await.unwrap(), TEXT);
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    assert!(header.metadata().is_some());
}

#[test]
fn keyring_tries_every_key_and_names_what_it_lacks() {
    let shared = || SharedKey::from_bytes([3; 32]);
    let to = [
        SealTo::X25519(owner().public()),
        SealTo::Shared(shared().into()),
    ];
    let envelope = seal(&to, EncryptOptions::default());
    let keys = Keyring::new()
        .with_x25519(X25519Secret::from_bytes([1; 32]))
        .with_shared(shared());
    assert_eq!(open_with(&keys, &envelope).unwrap().1, KeyKind::Shared);
    let keys = Keyring::new().with_x25519(X25519Secret::from_bytes([1; 32]));
    assert!(matches!(
        open_with(&keys, &envelope),
        Err(Error::KeyDoesNotOpen {
            x25519: 1,
            shared: 1
        })
    ));
    let cek = Keyring::new().with_cek(Cek::from_bytes([1; 32]));
    assert!(matches!(
        open_with(&cek, &envelope),
        Err(Error::Envelope(_))
    ));
    let shown = format!("{keys:?} {cek:?}");
    assert_eq!(shown.matches("(<redacted>)").count(), 2, "{shown}");
}

#[test]
fn external_key_alone_needs_no_recipient_and_nothing_else_does_without() {
    let options = EncryptOptions::default().cek(Cek::from_bytes([9; 32]));
    let envelope = seal(&[], options);
    let keys = Keyring::new().with_cek(Cek::from_bytes([9; 32]));
    assert_eq!(open_with(&keys, &envelope).unwrap().1, KeyKind::Content);
    let refused = encrypt_to(&[], TEXT, Vec::new(), EncryptOptions::default());
    assert!(matches!(refused, Err(Error::NoRecipient)));
}

#[tokio::test]
async fn rewrap_moves_a_file_from_one_network_to_another() {
    let wallet = Wallet::random().unwrap();
    let (old, new) = (committee(1, &wallet, 5), committee(2, &wallet, 5));
    let to = SealTo::network(pinned(&old), richer_than(5));
    let envelope = seal(&[to], EncryptOptions::default());
    let mut body = envelope.as_slice();
    let header = Header::read(&mut body).unwrap();

    // The old network gives the key out once more, to somebody whom its policy lets read.
    let opened = old
        .reading_client()
        .open(&wallet, &header, &Default::default())
        .await
        .unwrap();
    let change = Rewrap::new()
        .remove_all(&header)
        .also_to(SealTo::network(pinned(&new), richer_than(5)));
    assert!(change.needs_key());
    let moved = change.apply(&header, Some(&opened.cek)).unwrap();
    let moved = [moved.as_bytes(), body].concat();
    assert_eq!(
        open(&new.reading_client(), &wallet, &moved).await.unwrap(),
        TEXT
    );
    assert!(matches!(
        open(&old.reading_client(), &wallet, &moved).await,
        Err(Error::Ledger(_))
    ));
}

#[test]
fn rewrap_is_refused_without_the_key_with_another_and_for_nobody() {
    let to = [SealTo::X25519(owner().public())];
    let envelope = seal(&to, EncryptOptions::default());
    let header = Header::read(&mut envelope.as_slice()).unwrap();
    let [to] = to;
    let add = Rewrap::new().also_to(to);
    assert!(matches!(add.apply(&header, None), Err(Error::KeyNeeded)));
    let other = Cek::from_bytes([1; 32]);
    assert!(matches!(
        add.apply(&header, Some(&other)),
        Err(Error::Envelope(_))
    ));
    let missing = Rewrap::new().remove(1).apply(&header, None);
    assert!(matches!(
        missing,
        Err(Error::NoSuchRecipient {
            number: 2,
            found: 1
        })
    ));
    let nobody = Rewrap::new().remove_all(&header).apply(&header, None);
    assert!(matches!(nobody, Err(Error::Envelope(_))));
}
