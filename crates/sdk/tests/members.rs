//! Readers who prove a right and show no account, against a committee in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::{Arc, Mutex};

use stheno::{
    Client, EncryptOptions, Error, Policy, Reader, Wallet,
    circuits::{
        Attributes, Circuit, Depth, Group, Leaf, Phase, ProvingKey, Secret, Statement, setup,
    },
    private::{LocalProver, Place, PrivateReader, Proving, ProvingKeys},
    testing::{CHAIN_ID, Committee},
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
            prover.credential((*attributes).clone())
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
