//! Proving keys from servers that are ill, or mean it ill: the next place is asked, and what is broken is
//! put away.

use std::{
    path::Path,
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};

use stheno::{
    circuits::{Circuit, Depth, Group, KeyHash, Leaf, ProvingKey, Secret, Statement, setup},
    crypto::{ItemId, NetworkId},
    private::{LocalProver, Place, ProveError, Prover, Proving, ProvingKeys},
    protocol::{Authorization, Context, Policy, Request, private::tasks},
};

use super::server::{Lie, Server};

fn sound() -> &'static ProvingKey {
    static KEY: OnceLock<ProvingKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let depth = Depth::new(2).unwrap();
        setup(Circuit::new(Statement::MembershipV1, depth), &[1; 32])
    })
}

fn file() -> Vec<u8> {
    sound().to_bytes()
}

/// Its last points change places: each of them is sound, and no proof verifies.
fn swapped() -> Vec<u8> {
    let file = file();
    let (rest, last) = file.split_at(file.len() - 192);
    [rest, &last[96..], &last[..96]].concat()
}

fn name() -> String {
    let hash = sound().verifying_key().hash().to_string();
    format!("{}.proving", &hash[2..])
}

fn secret() -> Secret {
    Secret::from_seed(&[7; 32])
}

fn prover(keys: ProvingKeys) -> LocalProver {
    let mut group = Group::new(sound().circuit().depth);
    group.add(Leaf::of_member(&secret().commitment())).unwrap();
    LocalProver::new(secret(), keys).group(group)
}

/// Proves what a policy asks of this member. A prover hands out nothing that does not verify.
async fn prove(prover: &LocalProver) -> Result<(), ProveError> {
    let mut group = Group::new(sound().circuit().depth);
    group.add(Leaf::of_member(&secret().commitment())).unwrap();
    let policy = format!(
        r#"{{ "version": 1, "rule": {{ "zk": {{
            "circuit": "{}", "key": "{}", "root": "{}", "proof": ":me" }} }} }}"#,
        sound().circuit(),
        sound().verifying_key().hash(),
        group.root().unwrap(),
    );
    let policy = Policy::from_json(&policy).unwrap();
    let request = Request {
        network: NetworkId::from_bytes([0; 32]),
        epoch: 0,
        account: None,
        policy: policy.to_cbor().into(),
        items: vec![ItemId::from_bytes([0; 32])],
        reader_key: Default::default(),
        anchors: Vec::new(),
        issued_at: 0,
        expires_at: 120,
        nonce: Default::default(),
        context: Context::default(),
        authorization: Authorization::None {},
    };
    let task = &tasks(&request, &policy)[0];
    prover.prove(task, group.root().unwrap()).await.map(drop)
}

fn at(server: &Server) -> Place {
    let mut url = server.url.join("/keys/").unwrap();
    url.set_username("me").unwrap();
    url.set_password(Some("secret")).unwrap();
    Place::Server(url)
}

/// Such as a test can wait for.
fn keys() -> ProvingKeys {
    let (stall, deadline) = (Duration::from_millis(700), Duration::from_secs(2));
    ProvingKeys::new().stall(stall).deadline(deadline)
}

fn kept_hash(folder: &Path) -> Option<KeyHash> {
    let text = std::fs::read_to_string(folder.join(name()).with_extension("proving.sha256"));
    Some(text.ok()?.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn ill_server_is_told_and_the_next_place_is_asked() {
    for (lies, why) in [
        (vec![Lie::Status(404)], "the server answered 404"),
        (vec![Lie::Status(500)], "the server answered 500"),
        (vec![Lie::Redirect], "the server answered 302"),
        (vec![Lie::CutAfter(100_000)], ""),
        (vec![Lie::Stalls], "nothing came for 700ms"),
        (vec![Lie::Dribbles], "not all of it came in 2s"),
        (vec![Lie::Endless], "it has more than 67108864 bytes"),
        (
            vec![Lie::Announces(1 << 40)],
            "it has more than 67108864 bytes",
        ),
        (vec![Lie::Announces(1_000_000)], "nothing came for 700ms"),
        (vec![Lie::OtherBytes], "its own hash is 0x"),
    ] {
        let (ill, good) = (Server::start(&file(), &lies), Server::start(&file(), &[]));
        let keys = || keys().pinned(sound().hash()).place(at(&ill));
        let began = Instant::now();
        let error = prove(&prover(keys())).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(20), "{lies:?}");
        assert_eq!(error.code(), "proving_key_missing", "{lies:?}: {error}");
        let text = error.to_string();
        assert!(
            text.contains(why) && text.contains("/keys/: "),
            "{lies:?}: {text}"
        );
        assert!(!text.contains("secret"), "{text}");
        prove(&prover(keys().place(at(&good)))).await.unwrap();
        assert_eq!(good.seen().len(), 1, "{lies:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_at_an_address_is_told_without_its_secrets() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://me:secret@{}/keys", nobody.local_addr().unwrap());
    drop(nobody);
    let place: Place = url.parse().unwrap();
    let error = prove(&prover(keys().place(place))).await.unwrap_err();
    assert_eq!(error.code(), "proving_key_missing");
    let text = error.to_string();
    assert!(
        text.contains("refused") && !text.contains("secret"),
        "{text}"
    );
}

/// A redirect is followed: where a key comes from does not matter.
#[tokio::test(flavor = "multi_thread")]
async fn key_is_fetched_checked_and_tried_once() {
    let server = Server::start(&file(), &[Lie::Redirect, Lie::None]);
    let folder = tempfile::tempdir().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let prover = prover(keys().place(at(&server)).kept_in(folder.path()))
        .observer(move |event| told.lock().unwrap().push(event));
    prove(&prover).await.unwrap();
    assert_eq!(kept_hash(folder.path()), Some(sound().hash()));
    prove(&prover).await.unwrap();
    assert_eq!(server.seen().len(), 2, "the redirect, and the key");
    let events = seen.lock().unwrap();
    let checks = events.iter().filter(|event| **event == Proving::Check);
    assert_eq!(checks.count(), 1);
    let mut bytes = events.iter().filter_map(|event| match event {
        Proving::Key { bytes } => Some(*bytes),
        _ => None,
    });
    assert_eq!(bytes.next_back(), Some(file().len() as u64));
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_at_once_fetch_a_key_once() {
    let server = Server::start(&file(), &[Lie::Dribbles]);
    let slow = ProvingKeys::new().pinned(sound().hash()).place(at(&server));
    let prover = prover(slow);
    let (one, other) = tokio::join!(prove(&prover), prove(&prover));
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(server.seen().len(), 1);
}

/// Its points are sound, and its verifying half is the one: it would have been kept and trusted.
#[tokio::test(flavor = "multi_thread")]
async fn key_that_makes_no_proof_is_never_kept_and_the_next_place_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (bad, good) = (Server::start(&swapped(), &[]), Server::start(&file(), &[]));
    let keys = || keys().kept_in(folder.path()).place(at(&bad));
    let error = prove(&prover(keys())).await.unwrap_err();
    assert_eq!(error.code(), "proving_key_broken", "{error}");
    let text = error.to_string();
    assert!(
        text.contains("put away") && text.contains("/keys/: it makes proofs"),
        "{text}"
    );
    assert!(error.hint().contains("--proving-key-hash"));
    assert_eq!(kept_hash(folder.path()), None);
    prove(&prover(keys().place(at(&good)))).await.unwrap();
    assert_eq!(kept_hash(folder.path()), Some(sound().hash()));
}

/// Trials can miss what fails for some; a hash that was pinned wrongly stands for such a key here.
#[tokio::test(flavor = "multi_thread")]
async fn key_whose_proof_fails_is_put_away_wherever_it_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let (bad, good) = (Server::start(&swapped(), &[]), Server::start(&file(), &[]));
    let broken = KeyHash::of(&swapped());
    let pinned = || keys().pinned(broken).kept_in(folder.path());
    let prover_of_bad = prover(pinned().place(at(&bad)));
    for times in 1..=2 {
        let error = prove(&prover_of_bad).await.unwrap_err();
        assert_eq!(error.code(), "proving_key_broken", "{error}");
        assert_eq!(bad.seen().len(), times, "not taken from memory again");
        assert_eq!(kept_hash(folder.path()), None);
    }
    let both = pinned().pinned(sound().hash());
    let both = prover(both.place(at(&bad)).place(at(&good)));
    prove(&both).await.unwrap();
    assert_eq!(kept_hash(folder.path()), Some(sound().hash()));
    prove(&both).await.unwrap();
    assert_eq!((bad.seen().len(), good.seen().len()), (3, 1));

    // One that was kept at another time.
    std::fs::write(folder.path().join(name()), swapped()).unwrap();
    let hash = folder.path().join(name()).with_extension("proving.sha256");
    std::fs::write(hash, broken.to_string()).unwrap();
    let later = prover(keys().kept_in(folder.path()).place(at(&good)));
    prove(&later).await.unwrap();
    assert_eq!(kept_hash(folder.path()), Some(sound().hash()));
}

#[tokio::test(flavor = "multi_thread")]
async fn pinned_hash_lets_no_other_file_in_not_even_from_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&file(), &[]);
    let from_server = || keys().kept_in(folder.path()).place(at(&server));
    prove(&prover(from_server())).await.unwrap();
    assert_eq!(kept_hash(folder.path()), Some(sound().hash()));

    let other = KeyHash::of(b"another");
    let error = prove(&prover(from_server().pinned(other)))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "proving_key_missing");
    assert!(
        error.to_string().contains("not one that was given"),
        "{error}"
    );
    let from_cache = keys().kept_in(folder.path());
    prove(&prover(from_cache.pinned(other).pinned(sound().hash())))
        .await
        .unwrap();
}
