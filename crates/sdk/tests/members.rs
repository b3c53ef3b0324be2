//! Readers who prove a right and show no account, against a committee in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::{Arc, Mutex};

use stheno::{
    Client, EncryptOptions, Error, Policy, Reader, Wallet,
    bounds::BoxFuture,
    circuits::{
        Attributes, Circuit, Depth, Group, Leaf, Phase, ProvingKey, Root, Secret, Statement, setup,
    },
    private::{LocalProver, Place, PrivateReader, ProveError, Prover, Proving, ProvingKeys},
    protocol::{Address, Presentation, policy::Zk, private::Task},
    testing::{CHAIN_ID, Committee, FakeChain},
};
use tempfile::TempDir;

const TEXT: &[u8] = b"for members";

/// A committee, a folder with proving keys of small circuits, and a group.
struct Scene {
    committee: Committee,
    client: Client,
    keys: TempDir,
    membership: ProvingKey,
    credential: ProvingKey,
    group: Group,
}

fn scene() -> Scene {
    let committee = Committee::new(3, 5).unwrap();
    let client = committee.client();
    let keys = tempfile::tempdir().unwrap();
    let depth = Depth::new(3).unwrap();
    let make = |statement, seed| {
        let key = setup(Circuit::new(statement, depth), &[seed; 32]);
        let name = format!("{}.proving", &key.verifying_key().hash().to_string()[2..]);
        std::fs::write(keys.path().join(name), key.to_bytes()).unwrap();
        key
    };
    let (membership, credential) = (
        make(Statement::MembershipV1, 1),
        make(Statement::CredentialV1, 2),
    );
    let mut group = Group::new(depth);
    for number in 1..=4 {
        group
            .add(Leaf::of_member(&secret(number).commitment()))
            .unwrap();
    }
    Scene {
        committee,
        client,
        keys,
        membership,
        credential,
        group,
    }
}

fn secret(number: u8) -> Secret {
    Secret::from_seed(&[number; 32])
}

impl Scene {
    fn keys(&self) -> ProvingKeys {
        ProvingKeys::new().place(Place::Folder(self.keys.path().to_owned()))
    }

    fn prover(&self, number: u8) -> LocalProver {
        LocalProver::new(secret(number), self.keys()).group(self.group.clone())
    }

    fn zk(&self, key: &ProvingKey, rest: &str) -> String {
        format!(
            r#"{{ "zk": {{ "circuit": "{}", "key": "{}", "root": "{}", "proof": ":me"{rest} }} }}"#,
            key.circuit(),
            key.verifying_key().hash(),
            self.group.root().unwrap(),
        )
    }

    async fn sealed(&self, rule: &str) -> Vec<u8> {
        let policy = format!(r#"{{ "version": 1, "rule": {rule} }}"#);
        let policy = Policy::from_json(&policy).unwrap();
        let mut sealed = Vec::new();
        let options = EncryptOptions::default();
        self.client
            .encrypt(&policy, TEXT, &mut sealed, options)
            .await
            .unwrap();
        sealed
    }

    async fn read(&self, reader: &dyn Reader, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let mut plain = Vec::new();
        self.client.decrypt(reader, sealed, &mut plain).await?;
        Ok(plain)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn member_reads_without_an_account_and_is_told_what_goes_on() {
    let scene = scene();
    let sealed = scene.sealed(&scene.zk(&scene.membership, "")).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let prover = scene
        .prover(2)
        .observer(move |event| told.lock().unwrap().push(event));
    let member = PrivateReader::new(prover);
    assert_eq!(scene.read(&member, &sealed).await.unwrap(), TEXT);
    let phases = [Phase::Check, Phase::Assign, Phase::Prove, Phase::Verify];
    let told = std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(
        told[0],
        Proving::Check,
        "of a key of which nothing is known"
    );
    assert_eq!(told[1..], phases.map(Proving::Proof));
    assert_eq!(
        scene.read(&member, &sealed).await.unwrap(),
        TEXT,
        "a new proof"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_member_is_told_before_anybody_is_asked() {
    let scene = scene();
    let sealed = scene.sealed(&scene.zk(&scene.membership, "")).await;
    let stranger = PrivateReader::new(scene.prover(9));
    let error = scene.read(&stranger, &sealed).await.unwrap_err();
    assert_eq!(error.code(), "not_a_member", "{error}");
    let elsewhere = Group::new(Depth::new(3).unwrap());
    let other = PrivateReader::new(LocalProver::new(secret(1), scene.keys()).group(elsewhere));
    let error = scene.read(&other, &sealed).await.unwrap_err();
    assert_eq!(error.code(), "other_group", "{error}");
    let keyless = LocalProver::new(secret(1), ProvingKeys::new()).group(scene.group.clone());
    let error = scene
        .read(&PrivateReader::new(keyless), &sealed)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "proving_key_missing", "{error}");
    assert!(!error.hint().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn wallet_is_not_shown_to_a_private_condition() {
    let scene = scene();
    let sealed = scene.sealed(&scene.zk(&scene.membership, "")).await;
    let wallet = Wallet::random().unwrap();
    let error = scene.read(&wallet, &sealed).await.unwrap_err();
    assert_eq!(error.code(), "condition_unknown", "{error}");
    let leaf = &error.tally().unwrap().refusals()[0].problem.leaves[0];
    assert!(leaf.found.contains("has no proof `me`"), "{leaf}");
}

#[tokio::test(flavor = "multi_thread")]
async fn either_a_proof_or_an_account_will_do() {
    let scene = scene();
    let balance = format!(r#"{{ "balance": {{ "chain": {CHAIN_ID}, "min": "1" }} }}"#);
    let rule = format!(
        r#"{{ "any": [{}, {balance}] }}"#,
        scene.zk(&scene.membership, "")
    );
    let sealed = scene.sealed(&rule).await;
    let member = PrivateReader::new(scene.prover(3));
    assert_eq!(scene.read(&member, &sealed).await.unwrap(), TEXT);
    let wallet = Wallet::random().unwrap();
    assert!(scene.read(&wallet, &sealed).await.unwrap_err().is_denial());
    scene.committee.chain().set_balance(wallet.address(), 1);
    scene.committee.chain().finalize();
    assert_eq!(scene.read(&wallet, &sealed).await.unwrap(), TEXT);
}

#[tokio::test(flavor = "multi_thread")]
async fn proof_that_cannot_be_made_is_left_out_where_another_will_do() {
    let scene = scene();
    let unknown = scene
        .zk(&scene.membership, r#", "period": 60"#)
        .replace(":me", ":other")
        .replace(
            &scene.group.root().unwrap().to_string(),
            &format!("0x{}", "17".repeat(32)),
        );
    let rule = format!(
        r#"{{ "any": [{unknown}, {}] }}"#,
        scene.zk(&scene.membership, "")
    );
    let sealed = scene.sealed(&rule).await;
    let member = PrivateReader::new(scene.prover(3));
    assert_eq!(scene.read(&member, &sealed).await.unwrap(), TEXT);
}

#[tokio::test(flavor = "multi_thread")]
async fn credential_that_fits_is_found_among_several() {
    let mut scene = scene();
    let said = |age, expiry| Attributes {
        values: [age, 0, 0, 0],
        expiry,
    };
    let (old, expired, young) = (said(40, u64::MAX), said(40, 1), said(12, u64::MAX));
    for attributes in [&young, &expired, &old] {
        let leaf = Leaf::of_credential(&secret(1).commitment(), attributes);
        scene.group.add(leaf).unwrap();
    }
    let sealed = scene
        .sealed(&scene.zk(&scene.credential, r#", "attributes": [{ ">=": 18 }]"#))
        .await;
    let holder = |credentials: &[&Attributes]| {
        let prover = scene.prover(1);
        PrivateReader::new(credentials.iter().fold(prover, |prover, attributes| {
            prover.credential(attributes.again())
        }))
    };
    let all = holder(&[&young, &expired, &old]);
    assert_eq!(scene.read(&all, &sealed).await.unwrap(), TEXT);
    for (credential, why) in [(&young, "below the bound"), (&expired, "has expired")] {
        let error = scene
            .read(&holder(&[credential]), &sealed)
            .await
            .unwrap_err();
        assert_eq!(error.code(), "not_provable");
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn key_is_kept_once_it_was_checked_and_not_taken_when_it_was_changed() {
    let scene = scene();
    let sealed = scene.sealed(&scene.zk(&scene.membership, "")).await;
    let kept = tempfile::tempdir().unwrap();
    let member = |keys: ProvingKeys| {
        let prover = LocalProver::new(secret(1), keys.kept_in(kept.path()));
        PrivateReader::new(prover.group(scene.group.clone()))
    };
    scene.read(&member(scene.keys()), &sealed).await.unwrap();
    scene
        .read(&member(ProvingKeys::new()), &sealed)
        .await
        .unwrap();
    let key = std::fs::read_dir(kept.path()).unwrap();
    let mut key = key.map(|entry| entry.unwrap().path());
    let key = key
        .find(|path| path.extension().unwrap() == "proving")
        .unwrap();
    let mut bytes = std::fs::read(&key).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&key, bytes).unwrap();
    let error = scene
        .read(&member(ProvingKeys::new()), &sealed)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "proving_key_missing");
    // What is elsewhere mends it.
    scene.read(&member(scene.keys()), &sealed).await.unwrap();
    scene
        .read(&member(ProvingKeys::new()), &sealed)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn key_of_another_circuit_under_the_right_name_is_refused() {
    let scene = scene();
    let sealed = scene.sealed(&scene.zk(&scene.membership, "")).await;
    let folder = tempfile::tempdir().unwrap();
    let hash = scene.membership.verifying_key().hash().to_string();
    let path = folder.path().join(format!("{}.proving", &hash[2..]));
    std::fs::write(path, scene.credential.to_bytes()).unwrap();
    let keys = ProvingKeys::new().place(Place::Folder(folder.path().to_owned()));
    let prover = LocalProver::new(secret(1), keys).group(scene.group.clone());
    let error = scene
        .read(&PrivateReader::new(prover), &sealed)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "proving_key_missing");
    assert!(
        error.to_string().contains("its verifying key has the hash"),
        "{error}"
    );
}

/// What was proven, by the names of the proofs, in which group. It can take a long time to get ready.
#[derive(Clone)]
struct Watched {
    prover: Arc<LocalProver>,
    proven: Arc<Mutex<Vec<(String, Root)>>>,
    slow: Option<FakeChain>,
}

impl Watched {
    fn new(prover: LocalProver) -> Self {
        Self {
            prover: Arc::new(prover),
            proven: Arc::default(),
            slow: None,
        }
    }

    fn reader(&self) -> PrivateReader {
        PrivateReader::new(self.clone())
    }

    /// Since it was asked last.
    fn names(&self) -> Vec<String> {
        let proven = std::mem::take(&mut *self.proven.lock().unwrap());
        proven.into_iter().map(|(name, _)| name).collect()
    }
}

impl Prover for Watched {
    fn roots<'a>(
        &'a self,
        leaf: &'a Zk,
        until: u64,
    ) -> BoxFuture<'a, Result<Vec<Root>, ProveError>> {
        self.prover.roots(leaf, until)
    }

    fn prepare<'a>(&'a self, leaf: &'a Zk) -> BoxFuture<'a, Result<(), ProveError>> {
        if let Some(chain) = &self.slow {
            chain.mine(100);
        }
        self.prover.prepare(leaf)
    }

    fn prove<'a>(
        &'a self,
        task: &'a Task<'a>,
        root: Root,
    ) -> BoxFuture<'a, Result<Presentation, ProveError>> {
        let proven = (task.leaf.proof.clone(), root);
        self.proven.lock().unwrap().push(proven);
        self.prover.prove(task, root)
    }
}

impl Scene {
    /// A condition that this scene's members prove, of its own name.
    fn named(&self, name: &str) -> String {
        let rest = format!(r#", "period": {}"#, 1_000 + name.len());
        let named = self.zk(&self.membership, &rest);
        named.replace(":me", &format!(":{name}"))
    }

    /// One that nobody proves.
    fn unknown(&self, name: &str) -> String {
        let root = self.group.root().unwrap().to_string();
        let other = format!("0x{}", "17".repeat(32));
        self.named(name).replace(&root, &other)
    }

    /// One whose group a contract keeps.
    fn kept_by(&self, contract: Address) -> String {
        let root = format!(r#""root": "{}""#, self.group.root().unwrap());
        let group = format!(r#""chain": {CHAIN_ID}, "group": "{contract}""#);
        self.zk(&self.membership, "").replace(&root, &group)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_proven_than_the_rule_asks_for() {
    let scene = scene();
    let watched = Watched::new(scene.prover(3));
    let (a, b) = (scene.named("a"), scene.named("bb"));
    let either = scene.sealed(&format!(r#"{{ "any": [{a}, {b}] }}"#)).await;
    assert_eq!(scene.read(&watched.reader(), &either).await.unwrap(), TEXT);
    assert_eq!(watched.names(), ["a"]);

    // Five do not fit into a request.
    let names = ["a", "bb", "ccc", "dddd", "eeeee"];
    let of = names.map(|name| scene.named(name)).join(", ");
    let some = format!(r#"{{ "at_least": {{ "k": 2, "of": [{of}] }} }}"#);
    let some = scene.sealed(&some).await;
    assert_eq!(scene.read(&watched.reader(), &some).await.unwrap(), TEXT);
    assert_eq!(watched.names(), ["a", "bb"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_proven_where_it_does_not_suffice() {
    let scene = scene();
    let watched = Watched::new(scene.prover(3));
    let rule = format!(
        r#"{{ "all": [{}, {}] }}"#,
        scene.named("a"),
        scene.unknown("bb")
    );
    let sealed = scene.sealed(&rule).await;
    let error = scene.read(&watched.reader(), &sealed).await.unwrap_err();
    assert_eq!(error.code(), "other_group", "{error}");
    assert!(
        error.to_string().contains("`:bb`: none of the groups"),
        "{error}"
    );
    assert!(!error.to_string().contains("`:a`"), "{error}");
    assert!(watched.names().is_empty());

    let either = format!(
        r#"{{ "any": [{}, {}] }}"#,
        scene.unknown("a"),
        scene.unknown("bb")
    );
    let sealed = scene.sealed(&either).await;
    let error = scene.read(&watched.reader(), &sealed).await.unwrap_err();
    for name in ["`:a`: ", "`:bb`: "] {
        assert!(error.to_string().contains(name), "{error}");
    }

    // Beside an account nothing is proven, and without one that does not do.
    let balance = format!(r#"{{ "balance": {{ "chain": {CHAIN_ID}, "min": "1" }} }}"#);
    let any = format!(r#"{{ "any": [{}, {balance}] }}"#, scene.named("a"));
    let sealed = scene
        .sealed(&format!(r#"{{ "all": [{any}, {balance}] }}"#))
        .await;
    let error = scene.read(&watched.reader(), &sealed).await.unwrap_err();
    assert_eq!(error.code(), "wallet_needed", "{error}");
    assert!(watched.names().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn key_that_is_missing_is_done_without_where_another_will_do() {
    let scene = scene();
    let hash = scene.membership.verifying_key().hash().to_string();
    let other = scene
        .named("a")
        .replace(&hash, &format!("0x{}", "18".repeat(32)));
    let sealed = scene
        .sealed(&format!(r#"{{ "any": [{other}, {}] }}"#, scene.named("bb")))
        .await;
    let watched = Watched::new(scene.prover(3));
    assert_eq!(scene.read(&watched.reader(), &sealed).await.unwrap(), TEXT);
    assert_eq!(watched.names(), ["bb"]);
}

/// A request lives two minutes, and here it takes fifty until the key is there.
#[tokio::test(flavor = "multi_thread")]
async fn request_is_made_once_everything_is_ready() {
    let scene = scene();
    let sealed = scene.sealed(&scene.zk(&scene.membership, "")).await;
    let mut watched = Watched::new(scene.prover(3));
    watched.slow = Some(scene.committee.chain().clone());
    assert_eq!(scene.read(&watched.reader(), &sealed).await.unwrap(), TEXT);
}

#[tokio::test(flavor = "multi_thread")]
async fn group_of_a_contract_is_the_one_that_the_contract_has() {
    let scene = scene();
    let contract = Address::repeat_byte(7);
    let sealed = scene.sealed(&scene.kept_by(contract)).await;
    let older = scene.group.clone();
    let mut now = scene.group.clone();
    now.add(Leaf::of_member(&secret(8).commitment())).unwrap();
    let (before, after) = (older.root().unwrap(), now.root().unwrap());
    // The contract has the newer root, and takes no other.
    let chain = scene.committee.chain();
    chain.set_contract(contract, move |data, _| {
        let is_valid = data.len() == 4 + 64 && data[4..36] == after.to_bytes();
        let mut word = [0; 32];
        word[31] = u8::from(is_valid);
        Ok(match data.len() {
            4 => after.to_bytes().to_vec().into(),
            _ => word.to_vec().into(),
        })
    });
    chain.finalize();

    let watched = Watched::new(scene.prover(3).group(now));
    assert_eq!(scene.read(&watched.reader(), &sealed).await.unwrap(), TEXT);
    let proven = watched.proven.lock().unwrap().clone();
    assert_eq!(proven, [("me".to_owned(), after)]);

    let stale = Watched::new(scene.prover(3));
    let error = scene.read(&stale.reader(), &sealed).await.unwrap_err();
    assert_eq!(error.code(), "group_outdated", "{error}");
    assert!(error.hint().contains("newest file"));
    assert!(stale.names().is_empty(), "no node is told of {before}");
}

#[tokio::test(flavor = "multi_thread")]
async fn group_is_not_guessed_where_the_contract_cannot_be_asked() {
    let scene = scene();
    let sealed = scene.sealed(&scene.kept_by(Address::repeat_byte(9))).await;
    let mut other = scene.group.clone();
    other.add(Leaf::of_member(&secret(8).commitment())).unwrap();
    let watched = Watched::new(scene.prover(3).group(other));
    let error = scene.read(&watched.reader(), &sealed).await.unwrap_err();
    assert_eq!(error.code(), "group_ambiguous", "{error}");
    assert!(watched.names().is_empty());
}
