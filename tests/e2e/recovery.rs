//! Keys that were lost with their machine: backups, restores, and what a doctor says.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use alloy::primitives::{Address, B256};
use serde_json::Value;
use stheno_chain::contracts::CommitteeContract as contract;
use stheno_cli::devnet::{Devnet, ceremony::State, member::Operator};
use stheno_crypto::{KeyShare, NodeIndex};
use stheno_node::{
    backup::{BackupFile, Contents, Head, Method, SharePart},
    vault::UnlockSecret,
};
use zeroize::Zeroizing;

use crate::{
    audit::published_keys,
    command::{Said, run, stheno},
    desk::{Desk, noise},
    reshare,
    someone::Someone,
    stage, trials,
};

trials![
    node_that_lost_its_machine_is_restored_and_serves,
    restore_refuses_whatever_does_not_fit,
    restore_refuses_a_share_that_the_chain_does_not_expect,
    restore_waits_while_a_ceremony_goes_on_in_which_the_node_has_spoken,
    restore_killed_at_any_moment_leaves_no_vault_or_a_whole_one,
    share_comes_back_through_trustees,
    doctor_says_what_is_wrong_and_what_to_do,
];

const PASSPHRASE: &str = "gorgons do not sleep\n";

/// The drill: a backup while the node runs, the machine gone, a restore, and a file that cannot be
/// opened without this node's share.
async fn node_that_lost_its_machine_is_restored_and_serves() {
    const LOST: u16 = 3;
    let mut devnet = stage::alone().await;
    published_keys(&devnet).await;
    let desk = Desk::new(&devnet);
    let operator = devnet.members()[usize::from(LOST) - 1].operator().clone();
    let secret = secret(&desk, PASSPHRASE);
    let file = desk.path("node-3.backup");
    let backup = ["--json", "backup", &file, "--passphrase-file", &secret];
    let said = node(&operator.config(), &backup).await;
    let head = said.expect_done().json();
    assert_eq!((&head["node"], &head["epoch"]), (&LOST.into(), &1.into()));
    assert_eq!(head["shares"], 1);
    let inspected = node(
        &operator.config(),
        &["--json", "backup", "--inspect", &file],
    )
    .await;
    assert_eq!(inspected.expect_done().json(), head);
    assert_eq!(
        fs::metadata(&file).unwrap().len() & !0xffff,
        0,
        "it is small"
    );

    devnet.kill_node(LOST);
    // Everything but the backup is gone, the configuration too.
    let away = operator.dir.with_extension("gone");
    fs::rename(&operator.dir, &away).unwrap();
    let said = node(&operator.config(), &["doctor"]).await;
    said.expect_error(2, &["node.toml"]);
    let restore = ["--json", "restore", &file, "--passphrase-file", &secret];
    let said = node(&operator.config(), &restore).await;
    let restored = said.expect_done().json();
    assert_eq!(
        (&restored["node"], &restored["epoch"]),
        (&LOST.into(), &1.into())
    );
    assert_eq!(restored["identity"], head["identity"]);
    let config = |dir: &Path| fs::read_to_string(dir.join("node.toml")).unwrap();
    assert_eq!(config(&operator.dir), config(&away));
    let pinned = fs::read_to_string(operator.dir.join("data/operator")).unwrap();
    assert_eq!(pinned.trim(), operator.account.to_string());
    // A second one finds a vault, and leaves it alone.
    let before = vault(&operator.dir);
    let said = node(&operator.config(), &restore[1..]).await;
    said.expect_error(2, &["never overwritten"]);
    assert_eq!(vault(&operator.dir), before);

    devnet.start_node(LOST).await.unwrap();
    for other in [1, 2] {
        devnet.kill_node(other);
    }
    let reader = Someone::with_pass(&devnet, "restored").await;
    let original = noise(40, 10_000);
    desk.put("data", &original);
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let said = desk.decrypt(&reader, "data.fee", "copy", &[]).await;
    said.expect_done();
    assert!(desk.read("copy") == original);
    for other in [1, 2] {
        devnet.start_node(other).await.unwrap();
    }
    let said = node(&operator.config(), &["doctor"]).await;
    said.expect_done();
    assert!(
        said.stdout
            .contains("the share of node 3 in epoch 1 is the chain's"),
        "{said:?}"
    );
    fs::remove_dir_all(away).unwrap();
}

/// Nothing is written in any of these.
async fn restore_refuses_whatever_does_not_fit() {
    let devnet = stage::shared().await;
    published_keys(&devnet).await;
    let desk = Desk::new(&devnet);
    let operator = devnet.members()[1].operator();
    let good = secret(&desk, PASSPHRASE);
    let file = desk.path("node-2.backup");
    let backup = ["backup", &file, "--passphrase-file", &good];
    node(&operator.config(), &backup).await.expect_done();
    let said = node(&operator.config(), &backup).await;
    said.expect_error(2, &["never overwritten"]).expect_hint();

    let place = Elsewhere::new(operator);
    let restore = |file: &str, secret: &str| {
        let args = ["restore", file, "--passphrase-file", secret].map(str::to_owned);
        let config = place.config();
        async move { node(&config, &args.each_ref().map(String::as_str)).await }
    };
    let wrong = desk.put("wrong", "gorgons do sleep");
    private(&wrong);
    let said = restore(&file, &wrong).await;
    said.expect_error(2, &["the passphrase does not open"])
        .expect_hint();

    let bytes = desk.read("node-2.backup");
    let mut flipped = bytes.clone();
    flipped[bytes.len() - 100] ^= 4;
    let mut newer = bytes[..bytes.len() - 32].to_vec();
    newer[15] = 9;
    let checksum = <sha2::Sha256 as sha2::Digest>::digest(&newer);
    newer.extend_from_slice(&checksum);
    for (name, bytes, words) in [
        ("flipped", flipped, "missing or changed"),
        (
            "cut",
            bytes[..bytes.len() - 1].to_vec(),
            "missing or changed",
        ),
        ("empty", Vec::new(), "no backup"),
        ("other", b"PK\x03\x04 something else".to_vec(), "no backup"),
        ("newer", newer, "format 9"),
    ] {
        let path = desk.put(name, bytes);
        let said = restore(&path, &good).await;
        said.expect_error(2, &[words]).expect_hint();
    }
    let said = restore(&desk.path("nowhere"), &good).await;
    said.expect_error(2, &["nowhere"]).expect_hint();
    let key = desk.put("key", "ab".repeat(32));
    private(&key);
    let said = node(&place.config(), &["restore", &file, "--key-file", &key]).await;
    said.expect_error(2, &["sealed with a passphrase"])
        .expect_hint();
    let said = node(&place.config(), &["restore", &file]).await;
    said.expect_error(2, &["nobody is there to ask"])
        .expect_hint();

    // Another committee's configuration; a chain that cannot be read.
    let text = fs::read_to_string(place.config()).unwrap();
    place.configure(&text.replace("committee_id = 1", "committee_id = 2"));
    let said = restore(&file, &good).await;
    said.expect_error(2, &["is of network"]).expect_hint();
    place.configure(&text.replace(devnet.rpc().as_str(), "http://127.0.0.1:9/"));
    let said = restore(&file, &good).await;
    said.expect_error(2, &["127.0.0.1:9"]).expect_hint();
    place.configure(&text);
    place.is_untouched();

    // A passphrase that anybody would guess, and the vault's own key, seal no backup.
    let short = desk.put("short", "hunter2");
    private(&short);
    let other = desk.path("other.backup");
    let said = node(
        &operator.config(),
        &["backup", &other, "--passphrase-file", &short],
    )
    .await;
    said.expect_error(2, &["12 characters"]);
    let own = operator.dir.join("vault.key").to_str().unwrap().to_owned();
    let said = node(&operator.config(), &["backup", &other, "--key-file", &own]).await;
    said.expect_error(2, &["opens the vault"]);
    assert!(!Path::new(&other).exists());

    // The identity alone, into the same place.
    let args = [
        "--json",
        "restore",
        &file,
        "--passphrase-file",
        &good,
        "--identity-only",
    ];
    let restored = node(&place.config(), &args).await.expect_done().json();
    assert_eq!(
        (&restored["node"], &restored["shares"]),
        (&Value::Null, &0.into())
    );
}

/// A share of the right epoch and another number, one of an epoch before, and one of a stranger.
async fn restore_refuses_a_share_that_the_chain_does_not_expect() {
    let devnet = stage::shared().await;
    published_keys(&devnet).await;
    let desk = Desk::new(&devnet);
    let operator = devnet.members()[0].operator();
    let good = desk.path("key");
    let file = desk.path("node-1.backup");
    let backup = ["--json", "backup", &file, "--key-file", &good];
    let head = node(&operator.config(), &backup).await.expect_done().json();
    let key: String = String::from_utf8(desk.read("key")).unwrap();
    let mut bytes = [0; 32];
    hex::decode_to_slice(key.trim(), &mut bytes).unwrap();
    let key = UnlockSecret::Key(Zeroizing::new(bytes));
    let call = contract::epochInfoCall {
        committeeId: 1,
        epoch: 1,
    };
    let at = devnet.contracts().committee;
    let context = devnet.control().view(at, &call).await.unwrap().context;

    let opened = BackupFile::read(Path::new(&file))
        .unwrap()
        .open(&key)
        .unwrap();
    assert_eq!(opened.shares[0].context, context);
    let own = opened.identity.clone();
    let real = |index: u16| {
        let scalar = opened.shares[0].key.expose_secret_bytes();
        KeyShare::from_secret_bytes(NodeIndex::new(index).unwrap(), &scalar).unwrap()
    };
    let other = KeyShare::from_secret_bytes(NodeIndex::new(1).unwrap(), &[7; 32]).unwrap();
    let stranger = Zeroizing::new([8; 32]);
    let before = B256::repeat_byte(3);
    for (name, identity, context, share, words) in [
        (
            "another number",
            &own,
            context,
            other,
            "does not match node 1's public key",
        ),
        (
            "another index",
            &own,
            context,
            real(2),
            "does not match node 1's public key",
        ),
        (
            "an epoch before",
            &own,
            before,
            real(1),
            "no share of epoch 1",
        ),
        (
            "a stranger",
            &stranger,
            context,
            real(1),
            "no member of epoch 1",
        ),
    ] {
        let contents = Contents {
            identity: identity.clone(),
            operator: opened.operator,
            shares: vec![SharePart {
                context,
                epoch: 1,
                key: share,
            }],
            configuration: opened.configuration.clone(),
        };
        let head = Head {
            chain_id: head["chainId"].as_u64().unwrap(),
            contract: head["contract"]
                .as_str()
                .unwrap()
                .parse::<Address>()
                .unwrap(),
            committee_id: 1,
            identity: contents.address().unwrap(),
            node: Some(1),
            epoch: Some(1),
            shares: 1,
            created_at: 0,
            program: String::new(),
            sealed: Method::Key,
            salt: [0; 32],
        };
        let path = desk.put(name, BackupFile::seal(head, &contents, &key).unwrap());
        let place = Elsewhere::new(operator);
        let said = node(&place.config(), &["restore", &path, "--key-file", &good]).await;
        said.expect_error(2, &[words]).expect_hint();
        assert!(said.stderr.contains("--identity-only"), "{name}: {said:?}");
        place.is_untouched();
    }
    let place = Elsewhere::new(operator);
    let said = node(&place.config(), &["restore", &file, "--key-file", &good]).await;
    said.expect_done();
    let said = node(&place.config(), &["doctor"]).await;
    assert!(
        said.stdout
            .contains("share of node 1 in epoch 1 is the chain's"),
        "{said:?}"
    );
}

/// A backup has the shares of both epochs while both are served. In a ceremony in which its node has
/// spoken it cannot go on, so it is restored only when somebody says so.
async fn restore_waits_while_a_ceremony_goes_on_in_which_the_node_has_spoken() {
    let mut devnet = reshare::start(3, 2).await;
    let desk = Desk::new(&devnet);
    let operator = devnet.members()[1].operator().clone();
    let key = desk.path("key");
    let metronome = devnet.hurry().await.unwrap();
    devnet.command(1, &["refresh"]).await.unwrap();
    reshare::ends(&devnet, 2, State::Active).await;
    reshare::serves(&devnet, 2, 2).await;
    metronome.hand_over().await.unwrap();
    let both = desk.path("both.backup");
    let backup = ["--json", "backup", &both, "--key-file", &key];
    let head = node(&operator.config(), &backup).await.expect_done().json();
    assert_eq!((&head["shares"], &head["epoch"]), (&2.into(), &2.into()));

    // Of the two the share of the epoch that serves is restored.
    let restore = ["--json", "restore", &both, "--key-file", &key];
    let began = Instant::now();
    let restored = loop {
        let place = Elsewhere::new(&operator);
        let said = node(&place.config(), &restore).await;
        if !said.stderr.contains("not published yet") {
            break said.expect_done().json();
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{said:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    assert_eq!(
        (&restored["epoch"], &restored["shares"]),
        (&2.into(), &1.into())
    );

    let members = devnet.members().iter();
    let accounts: Vec<_> = members
        .map(|member| member.operator().account.to_string())
        .collect();
    let propose = ["--members", &accounts.join(","), "--threshold", "3"];
    let propose = [&["propose"], &propose[..]].concat();
    let config = |node: usize| devnet.members()[node - 1].operator().config();
    let (first, last) = (config(1), config(3));
    devnet.kill_node(3);
    devnet.command(1, &propose).await.unwrap();
    keys_are_final(&devnet, 2).await;
    let report = doctor(&last, 1).await;
    let words = "ceremony 3 waits for this node's key until block";
    assert!(has(&report, "ceremony", "warning", words), "{report}");
    devnet.start_node_only(3).unwrap();
    keys_are_final(&devnet, 3).await;
    let report = doctor(&first, 0).await;
    let words = "ceremony 3 waits for your approval";
    assert!(has(&report, "ceremony", "warning", words), "{report}");
    let place = Elsewhere::new(&operator);
    let said = node(&place.config(), &restore[1..]).await;
    said.expect_error(2, &["ceremony 3 is under way", "has spoken"]);
    assert!(said.stderr.contains("--during-ceremony"), "{said:?}");
    place.is_untouched();
    let anyway = [&restore[..], &["--during-ceremony"]].concat();
    let restored = node(&place.config(), &anyway).await.expect_done().json();
    assert_eq!(restored["epoch"], 2);
    devnet.command(1, &["withdraw"]).await.unwrap();
    devnet.stop().await;
}

/// Waits until so many members have posted their keys for the latest ceremony.
async fn keys_are_final(devnet: &Devnet, count: usize) {
    let began = Instant::now();
    loop {
        let ceremony = devnet.ceremony().await.unwrap().unwrap();
        if ceremony.progress.keys.count_ones() >= count {
            break;
        }
        let words = ceremony.in_words();
        assert!(began.elapsed() < Duration::from_secs(60), "{words}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let head = devnet.control().head().await.unwrap();
    while devnet.control().finalized().await.unwrap() < head {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn restore_killed_at_any_moment_leaves_no_vault_or_a_whole_one() {
    let devnet = stage::shared().await;
    published_keys(&devnet).await;
    let desk = Desk::new(&devnet);
    let operator = devnet.members()[3].operator();
    let key = desk.path("key");
    let file = desk.path("node-4.backup");
    let backup = ["backup", &file, "--key-file", &key];
    node(&operator.config(), &backup).await.expect_done();
    let restore = ["restore", &file, "--key-file", &key];
    let began = Instant::now();
    node(&Elsewhere::new(operator).config(), &restore)
        .await
        .expect_done();
    let whole = began.elapsed();
    let (mut none, mut some) = (0, 0);
    let rounds = 12;
    for round in 0..rounds {
        let place = Elsewhere::new(operator);
        let mut child = command(&place.config(), &restore).spawn().unwrap();
        tokio::time::sleep(whole * (round + 1) / rounds).await;
        child.start_kill().unwrap();
        child.wait().await.unwrap();
        let vault = place.folder.path().join("data/vault");
        match vault.exists() {
            true => {
                some += 1;
                let said = node(&place.config(), &["doctor"]).await;
                let words = "share of node 4 in epoch 1 is the chain's";
                assert!(said.stdout.contains(words), "{round}: {said:?}");
            }
            false => {
                none += 1;
                node(&place.config(), &restore).await.expect_done();
            }
        }
    }
    assert!(
        none > 0,
        "every one of {some} was done before it was killed"
    );
}

/// Two of three trustees, none of whom saw anything before; a backup has the identity alone.
async fn share_comes_back_through_trustees() {
    let devnet = stage::shared().await;
    published_keys(&devnet).await;
    let desk = Desk::new(&devnet);
    let operator = devnet.members()[4].operator();
    let config = operator.config();
    let mut keys = Vec::new();
    for name in ["one", "two", "three", "once"] {
        let path = desk.path(name);
        let said = node(&config, &["--json", "recovery", "keygen", &path]).await;
        keys.push(
            said.expect_done().json()["key"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    let [one, two, three, once] = <[String; 4]>::try_from(keys).unwrap();
    let split = desk.path("split");
    let args = ["recovery", "split", &split, "--threshold", "2"];
    let trustees = ["--trustee", &one, "--trustee", &two, "--trustee", &three];
    node(&config, &[&args[..], &trustees].concat())
        .await
        .expect_done();
    let alone = ["recovery", "split", &desk.path("other"), "--threshold", "1"];
    let said = node(&config, &[&alone[..], &trustees].concat()).await;
    said.expect_error(2, &["one alone would hold the share"]);

    // Another machine, with the identity alone.
    let (file, key) = (desk.path("node-5.backup"), desk.path("key"));
    node(&config, &["backup", &file, "--key-file", &key])
        .await
        .expect_done();
    let place = Elsewhere::new(operator);
    let restore = ["restore", &file, "--key-file", &key, "--identity-only"];
    node(&place.config(), &restore).await.expect_done();
    let report = doctor(&place.config(), 1).await;
    assert!(
        has(&report, "keys", "wrong", "no key share of epoch 1"),
        "{report}"
    );

    let parts = ["part-1", "part-3"].map(|name| desk.path(name));
    for (trustee, part) in ["one", "three"].iter().zip(&parts) {
        let secret = desk.path(trustee);
        let args = [
            "recovery", "open", &split, "--key", &secret, "--to", &once, part,
        ];
        node(&config, &args).await.expect_done();
    }
    let stranger = desk.path("once");
    let (other, to) = (desk.path("part-x"), &once);
    let args = [
        "recovery", "open", &split, "--key", &stranger, "--to", to, &other,
    ];
    let said = node(&config, &args).await;
    said.expect_error(2, &["none of the trustees"])
        .expect_hint();

    let join = |parts: &[&str]| {
        let (secret, split) = (desk.path("once"), split.clone());
        let mut args: Vec<String> = ["recovery", "join", &split, "--key", &secret]
            .map(str::to_owned)
            .to_vec();
        args.extend(parts.iter().map(|part| (*part).to_owned()));
        let config = place.config();
        async move {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            node(&config, &args).await
        }
    };
    let said = join(&[&parts[0]]).await;
    said.expect_error(2, &["2 trustees are needed, and 1 gave"])
        .expect_hint();
    let said = join(&[&parts[0], &parts[0]]).await;
    said.expect_error(2, &["2 trustees are needed"]);
    let mut wrong: Value = serde_json::from_slice(&desk.read("part-3")).unwrap();
    wrong["trustee"] = 2.into();
    let wrong = desk.put("wrong", wrong.to_string());
    let said = join(&[&parts[0], &wrong]).await;
    said.expect_error(2, &["trustee 2 gave back something else"])
        .expect_hint();
    let said = join(&[&parts[0], &split]).await;
    said.expect_error(2, &["is not what `recovery open` writes"])
        .expect_hint();

    join(&[&parts[0], &parts[1]]).await.expect_done();
    let said = node(&place.config(), &["doctor"]).await;
    let words = "the share of node 5 in epoch 1 is the chain's";
    assert!(said.stdout.contains(words), "{said:?}");
}

/// The node runs, then others do not, then it is configured badly.
async fn doctor_says_what_is_wrong_and_what_to_do() {
    let mut devnet = stage::alone().await;
    published_keys(&devnet).await;
    let config = devnet.members()[0].operator().config();
    let report = doctor(&config, 0).await;
    for section in [
        "config", "disk", "keys", "chain", "epoch", "gas", "peers", "clock",
    ] {
        assert!(has(&report, section, "ok", ""), "{section}: {report}");
    }
    assert!(
        has(&report, "chain", "warning", "one endpoint alone"),
        "{report}"
    );
    assert!(
        has(&report, "peers", "ok", "5 of 5 nodes serve"),
        "{report}"
    );

    devnet.kill_node(5);
    let report = doctor(&config, 0).await;
    assert!(
        has(
            &report,
            "peers",
            "warning",
            "4 of 5 nodes serve, 3 are needed: one more"
        ),
        "{report}"
    );
    assert!(
        has(&report, "peers", "warning", "node 5 does not answer"),
        "{report}"
    );
    devnet.kill_node(4);
    devnet.kill_node(3);
    let report = doctor(&config, 1).await;
    assert!(
        has(&report, "peers", "wrong", "nobody can read"),
        "{report}"
    );
    // This node itself; the text says what to do.
    devnet.kill_node(1);
    let said = node(&config, &["doctor"]).await;
    said.expect_error(1, &["things are wrong"]);
    assert!(
        said.stdout
            .contains("✗ peers     this node does not answer"),
        "{said:?}"
    );
    assert!(said.stdout.contains("→ start it with `run`"), "{said:?}");
    for node in [1, 3, 4, 5] {
        devnet.start_node(node).await.unwrap();
    }

    let operator = devnet.members()[0].operator();
    let text = fs::read_to_string(&config).unwrap();
    let mistaken = |from: &str, to: &str| {
        assert!(text.contains(from), "no {from} in {text}");
        let changed = operator.dir.join("mistaken.toml");
        fs::write(&changed, text.replace(from, to)).unwrap();
        changed
    };
    let endpoint = operator.endpoint.as_str();
    let rpc = devnet.rpc().as_str();
    let id = "chain_id = 31415926";
    for (from, to, section, words) in [
        (
            endpoint,
            "https://elsewhere.example/",
            "config",
            "readers are told",
        ),
        (rpc, "http://127.0.0.1:9/", "chain", "127.0.0.1:9"),
        ("vault.key", "other.key", "keys", "other.key"),
        (
            "committee_id = 1",
            "committee_id = 2",
            "epoch",
            "UnknownCommittee",
        ),
        (id, "chain_id = 314", "chain", "serves chain 31415926"),
    ] {
        let report = doctor(&mistaken(from, to), 1).await;
        assert!(has(&report, section, "wrong", words), "{to}: {report}");
    }
    let own = operator.dir.join("vault.key");
    let two = format!("{rpc}\", \"http://127.0.0.1:9/");
    let report = doctor(&mistaken(rpc, &two), 1).await;
    assert!(
        has(&report, "chain", "warning", "http://127.0.0.1:9 of chain"),
        "{report}"
    );
    // A key that opens another vault.
    let other = operator.dir.join("other.key");
    fs::write(&other, "ab".repeat(32)).unwrap();
    private(other.to_str().unwrap());
    let report = doctor(&mistaken("vault.key", "other.key"), 1).await;
    assert!(
        has(&report, "keys", "wrong", "does not open the vault"),
        "{report}"
    );
    fs::remove_file(other).unwrap();
    assert!(own.exists());
    fs::remove_file(operator.dir.join("mistaken.toml")).unwrap();

    // The vault of node 2 in the place of node 1's: another identity under this operator.
    let two = devnet.members()[1].operator();
    let place = Elsewhere::new(two);
    place.take(&two.dir.join("data/vault"), "data/vault");
    place.take(&two.dir.join("vault.key"), "vault.key");
    place.take(&operator.dir.join("data/operator"), "data/operator");
    let report = doctor(&place.config(), 1).await;
    assert!(
        has(&report, "config", "wrong", "names operator"),
        "{report}"
    );
}

/// `stheno node --config … …`
fn command(config: &Path, args: &[&str]) -> tokio::process::Command {
    let mut command = stheno(["node", "--config"]);
    command.arg(config).args(args);
    command.stdout(std::process::Stdio::null());
    command.stderr(std::process::Stdio::null());
    command
}

async fn node(config: &Path, args: &[&str]) -> Said {
    let mut command = stheno(["node", "--config"]);
    run(command.arg(config).args(args)).await
}

/// The report of a doctor that ends with this code.
async fn doctor(config: &Path, code: i32) -> Value {
    let said = node(config, &["--json", "doctor"]).await;
    assert_eq!(said.code, Some(code), "{said:?}");
    let report = said.json();
    assert_eq!(report["ok"], code == 0);
    for check in report["checks"].as_array().unwrap() {
        assert_eq!(check["hint"].is_null(), check["state"] == "ok", "{check}");
    }
    report
}

/// Whether a report has such a line.
fn has(report: &Value, section: &str, state: &str, words: &str) -> bool {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().any(|check| {
        check["section"] == section
            && check["state"] == state
            && check["what"].as_str().unwrap().contains(words)
    })
}

/// A passphrase in a file that nobody else can read.
fn secret(desk: &Desk, passphrase: &str) -> String {
    let path = desk.put("passphrase", passphrase);
    private(&path);
    path
}

fn private(path: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Names and bytes of a vault.
fn vault(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(dir.join("data/vault")).unwrap();
    let mut files: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            (path, bytes)
        })
        .collect();
    files.sort();
    files
}

/// Another machine, with a node's configuration alone.
struct Elsewhere {
    folder: tempfile::TempDir,
}

impl Elsewhere {
    fn new(operator: &Operator) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        place.configure(&fs::read_to_string(operator.config()).unwrap());
        place
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("node.toml")
    }

    fn configure(&self, text: &str) {
        fs::write(self.config(), text).unwrap();
    }

    /// Copies a file, or the files of a folder.
    fn take(&self, from: &Path, to: &str) {
        let to = self.folder.path().join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        if from.is_dir() {
            fs::create_dir_all(&to).unwrap();
            for entry in fs::read_dir(from).unwrap() {
                let entry = entry.unwrap();
                fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        } else {
            fs::copy(from, to).unwrap();
        }
    }

    /// Nothing was made beside the configuration.
    fn is_untouched(&self) {
        let names = fs::read_dir(self.folder.path()).unwrap();
        let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["node.toml"]);
    }
}
