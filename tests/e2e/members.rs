//! Members of a group of a thousand, who read through five nodes that cannot tell which of them it was.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use alloy::primitives::{B256, FixedBytes};
use serde_json::{Value, json};
use stheno::{
    Policy,
    circuits::Leaf,
    group::{GroupAsStored, MemberKey},
    private::{LocalProver, Place, Prover, ProvingKeys},
    protocol::{Authorization, Context, ItemId, Request, SignedReceipt, private::tasks},
};
use stheno_cli::devnet::Devnet;

use crate::{
    command::{Said, run, stheno, text},
    desk::{Desk, noise},
    someone::Someone,
    stage, trials,
};

trials![
    one_of_a_thousand_reads_and_nothing_tells_which,
    credential_reads_within_its_bounds_alone,
    members_are_told_what_is_wrong,
];

const CHAIN: u64 = 31_415_926;
const MEMBERS: usize = 1_000;

/// `stheno ARGS --json`, without a wallet, which succeeds: what it printed.
async fn done(desk: &Desk, args: &[&str]) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    said(desk, &args).await.expect_done().json()
}

async fn said(desk: &Desk, args: &[&str]) -> Said {
    let mut command = stheno(args.iter().copied());
    command.env("XDG_CACHE_HOME", desk.path("cache"));
    run(&mut command).await
}

/// The same with the keeper's wallet and the devnet.
async fn kept(desk: &Desk, keeper: &Someone, args: &[&str]) -> Value {
    let mut command = stheno(args.iter().copied());
    command.arg("--network").arg(desk.network()).arg("--json");
    let said = run(command.env("STHENO_PRIVATE_KEY", keeper.key())).await;
    said.expect_done().json()
}

/// `stheno decrypt` as a member of the group in `group.json`.
async fn decrypt(desk: &Desk, key: &str, from: &str, to: &str, more: &[&str]) -> Said {
    let files = [from, to, key, "group.json", "keys"].map(|name| desk.path(name));
    let [from, to, key, group, keys] = &files;
    let mut args = vec!["decrypt", from, "-o", to, "--rpc", desk.rpc()];
    args.extend(["--member", key, "--group", group, "--proving-keys", keys]);
    args.extend(more);
    said(desk, &args).await
}

async fn encrypt(desk: &Desk, policy: &Value, to: &str) -> Policy {
    let policy = desk.put(&format!("{to}.policy.json"), policy.to_string());
    let (from, to) = (desk.path("data"), desk.path(to));
    let network = desk.network().to_str().unwrap();
    let args = [
        "encrypt",
        &from,
        "-o",
        &to,
        "--policy",
        &policy,
        "--network",
        network,
    ];
    done(desk, &args).await;
    Policy::from_json(&std::fs::read_to_string(policy).unwrap()).unwrap()
}

/// What tells who a member is, or that somebody is one: in bytes, and as it is written.
fn marks(key: &MemberKey, nullifier: Option<[u8; 32]>) -> Vec<(&'static str, Vec<u8>)> {
    let leaf = Leaf::of_member(&key.commitment());
    let secret = *key.secret().expose_bytes();
    let values = [
        ("secret", Some(secret)),
        ("commitment", Some(key.commitment().to_bytes())),
        ("leaf", Some(leaf.to_bytes())),
        ("nullifier", nullifier),
    ];
    let mut marks = Vec::new();
    for (name, value) in values {
        if let Some(value) = value {
            marks.push((name, value.to_vec()));
            marks.push((name, hex::encode(value).into_bytes()));
        }
    }
    marks
}

fn holds(text: &[u8], mark: &[u8]) -> bool {
    text.windows(mark.len()).any(|window| window == mark)
}

/// Every file of every node: logs, databases, journals.
fn files_below(folder: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, into);
        } else if let Ok(bytes) = std::fs::read(&path) {
            into.push((path.display().to_string(), bytes));
        }
    }
}

async fn one_of_a_thousand_reads_and_nothing_tells_which() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let keeper = Someone::with_money(&devnet, "members: keeper").await;
    desk.put("data", noise(61, 200_000));

    // A thousand members, of whom two read.
    let (file, list) = (desk.path("group.json"), desk.path("commitments"));
    let keys: Vec<MemberKey> = (0..MEMBERS).map(|_| MemberKey::random().unwrap()).collect();
    let commitments: Vec<String> = keys
        .iter()
        .map(|key| key.commitment().to_string())
        .collect();
    std::fs::write(&list, commitments.join("\n")).unwrap();
    done(&desk, &["group", "create", &file]).await;
    done(&desk, &["group", "add", &file, "--from", &list]).await;
    let deployed = kept(&desk, &keeper, &["group", "deploy", &file]).await;
    let contract = text(&deployed["contract"]);
    kept(
        &desk,
        &keeper,
        &["group", "publish", &file, "--contract", &contract],
    )
    .await;
    let made = done(&desk, &["prove", "keys", &desk.path("keys")]).await;

    let policy = json!({ "version": 1, "rule": { "zk": {
        "circuit": "membership-20-v1", "key": made["key"], "chain": CHAIN, "group": contract,
        "period": 3_600, "proof": ":me",
    } } });
    let policy = encrypt(&desk, &policy, "data.fee").await;
    let (ann, ben) = (&keys[137], &keys[802]);
    for (name, key) in [("ann.key", ann), ("ben.key", ben)] {
        let path = desk.put(name, key.expose_text().as_bytes());
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        let receipts = desk.path(&format!("{name}.receipts"));
        let more = ["--receipts", receipts.as_str(), "--json"];
        let said = decrypt(&desk, name, "data.fee", &format!("{name}.copy"), &more).await;
        let said = said.expect_done().json();
        assert!(desk.read(&format!("{name}.copy")) == desk.read("data"));
        assert_eq!(said["nodes"].as_array().unwrap().len(), 5, "{said}");
    }

    // What the nodes signed names nobody, and says the same of both.
    for name in ["ann.key", "ben.key"] {
        let receipts = desk.read(&format!("{name}.receipts"));
        let receipts: Value = serde_json::from_slice(&receipts).unwrap();
        let signed: Vec<SignedReceipt> =
            serde_json::from_value(receipts["receipts"].clone()).unwrap();
        assert!(signed.len() >= 3);
        for receipt in &signed {
            assert!(receipt.body.account.is_zero());
            let text = serde_json::to_vec(&receipt).unwrap();
            for key in [ann, ben] {
                for (what, mark) in marks(key, None) {
                    assert!(!holds(&text, &mark), "a receipt has the {what}");
                }
            }
        }
    }

    // What the nodes were sent: a proof that another request would not have.
    let request = request(&devnet, &policy);
    let tasks = tasks(&request, &policy);
    let root = GroupAsStored::read(Path::new(&file)).unwrap().group.root();
    let prover = prover(&desk, ann);
    let sent = prover.prove(&tasks[0], root.unwrap()).await.unwrap();
    for (what, mark) in marks(ann, None) {
        assert!(!holds(&sent.to_bytes(), &mark), "a proof shows the {what}");
    }

    // All that was logged and kept, up to now.
    let mut files = Vec::new();
    files_below(devnet.dir(), &mut files);
    for wanted in ["node.log", "node.db"] {
        let found = files.iter().filter(|(name, _)| name.ends_with(wanted));
        assert_eq!(found.count(), 5, "{wanted}");
    }
    for (name, bytes) in &files {
        for key in [ann, ben] {
            let nullifier = key.secret().nullifier(&tasks[0].scope);
            for (what, mark) in marks(key, Some(nullifier.to_bytes())) {
                assert!(!holds(bytes, &mark), "{name} has the {what}");
            }
        }
        // Not even that somebody read.
        let digest = policy.digest();
        assert!(!holds(bytes, digest.as_bytes()), "{name} has the policy");
    }

    // Ben leaves: what he proved with is over at once, for everybody who has the old file.
    std::fs::copy(&file, desk.path("old.json")).unwrap();
    let leaver = ben.commitment().to_string();
    done(&desk, &["group", "remove", &file, &leaver]).await;
    kept(
        &desk,
        &keeper,
        &["group", "publish", &file, "--contract", &contract],
    )
    .await;
    let said = decrypt(&desk, "ben.key", "data.fee", "late", &[]).await;
    said.expect_error(2, &["you are in none of the groups"]);
    let old = [desk.path("old.json")];
    let more = ["--group", old[0].as_str()];
    let said = decrypt(&desk, "ben.key", "data.fee", "late", &more).await;
    said.expect_error(2, &["out of date", "newest file"]);
    let said = decrypt(&desk, "ann.key", "data.fee", "again", &[]).await;
    said.expect_done();
    assert!(desk.read("again") == desk.read("data"));
}

/// What proves for a member of the group in `group.json`.
fn prover(desk: &Desk, key: &MemberKey) -> LocalProver {
    let group = GroupAsStored::read(desk.path("group.json").as_ref()).unwrap();
    let keys = ProvingKeys::new().place(Place::Folder(desk.path("keys").into()));
    LocalProver::new(key.secret().again(), keys).group(group.group)
}

/// A request as the SDK makes it, which is not sent.
fn request(devnet: &Devnet, policy: &Policy) -> Request {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    Request {
        network: devnet.network().network_id(),
        epoch: 1,
        account: None,
        policy: policy.to_cbor().into(),
        items: vec![ItemId::from_bytes([1; 32])],
        reader_key: FixedBytes::repeat_byte(2),
        anchors: Vec::new(),
        issued_at: now,
        expires_at: now + 120,
        nonce: B256::repeat_byte(3),
        context: Context::default(),
        authorization: Authorization::None {},
    }
}

/// Through the SDK: an issuer says of somebody that they are 30, until tomorrow.
async fn credential_reads_within_its_bounds_alone() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    desk.put("data", noise(62, 10_000));
    let (file, key) = (desk.path("group.json"), desk.path("ann.key"));
    done(&desk, &["group", "create", &file]).await;
    let made = done(&desk, &["member", "create", "-o", &key]).await;
    let commitment = text(&made["commitment"]);
    let credential = desk.path("credential.json");
    let issued = [
        "group",
        "add",
        &file,
        &commitment,
        "--attributes",
        "30,756,0,0",
        "--expires",
        "2099-01-01T00:00:00Z",
        "-o",
        &credential,
    ];
    done(&desk, &issued).await;
    let root = text(&done(&desk, &["group", "root", &file]).await["root"]);
    let made = done(
        &desk,
        &[
            "prove",
            "keys",
            &desk.path("keys"),
            "--circuit",
            "credential-20-v1",
        ],
    )
    .await;
    let asking = |attributes: Value| {
        json!({ "version": 1, "rule": { "zk": {
            "circuit": "credential-20-v1", "key": made["key"], "root": root,
            "attributes": attributes, "proof": ":me",
        } } })
    };
    encrypt(
        &desk,
        &asking(json!([{ ">=": 18 }, { "==": 756 }])),
        "adult.fee",
    )
    .await;
    encrypt(&desk, &asking(json!([{ ">=": 65 }])), "old.fee").await;
    let with = ["--credential", credential.as_str()];
    let said = decrypt(&desk, "ann.key", "adult.fee", "copy", &with).await;
    said.expect_done();
    assert!(desk.read("copy") == desk.read("data"));
    let said = decrypt(&desk, "ann.key", "old.fee", "none", &with).await;
    said.expect_error(2, &["attribute 0 is below the bound"]);
    // Without the credential the secret alone is in no group.
    let said = decrypt(&desk, "ann.key", "adult.fee", "none", &[]).await;
    said.expect_error(2, &["you are in none of the groups"]);
    // Whose credential it is, matters.
    let other = desk.path("eve.key");
    done(&desk, &["member", "create", "-o", &other]).await;
    let said = decrypt(&desk, "eve.key", "adult.fee", "none", &with).await;
    said.expect_error(2, &["you are in none of the groups"]);
}

async fn members_are_told_what_is_wrong() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    desk.put("data", b"for members");
    let (file, key) = (desk.path("group.json"), desk.path("ann.key"));
    done(&desk, &["group", "create", &file]).await;
    let made = done(&desk, &["member", "create", "-o", &key]).await;
    done(&desk, &["group", "add", &file, &text(&made["commitment"])]).await;
    let root = text(&done(&desk, &["group", "root", &file]).await["root"]);
    let seed = desk.put("seed", "17".repeat(32));
    let keys = ["prove", "keys", &desk.path("keys"), "--seed", &seed];
    let made = done(&desk, &keys).await;
    assert_eq!(
        done(&desk, &keys).await,
        made,
        "the same seed, the same key"
    );
    let policy = json!({ "version": 1, "rule": { "zk": {
        "circuit": "membership-20-v1", "key": made["key"], "root": root, "proof": ":me",
    } } });
    encrypt(&desk, &policy, "data.fee").await;
    let policy = desk.put("policy.json", policy.to_string());

    let tried = ["prove", "try", &policy, "--member", &key, "--group", &file];
    let place = desk.path("keys");
    let with_keys = [&tried[..], &["--proving-keys", &place]].concat();
    let said = done(&desk, &with_keys).await;
    assert_eq!(said["proven"][0]["root"], root);
    // One of two is enough, and each is told of.
    let other = json!({ "zk": {
        "circuit": "membership-20-v1", "key": made["key"], "root": format!("0x{}", "17".repeat(32)),
        "proof": ":other",
    } });
    let mine = json!({ "zk": {
        "circuit": "membership-20-v1", "key": made["key"], "root": root, "proof": ":me",
    } });
    let either = json!({ "version": 1, "rule": { "any": [other, mine] } });
    let either = desk.put("either.json", either.to_string());
    let mut tried_either = with_keys.clone();
    tried_either[2] = &either;
    let said = done(&desk, &tried_either).await;
    assert_eq!(said["proven"][0]["proof"], "me");
    assert_eq!(said["leftOut"][0]["proof"], "other");
    assert_eq!(said["leftOut"][0]["code"], "other_group");
    // It was kept, so that no place is needed any more; a kept key that was changed is not taken.
    done(&desk, &tried).await;
    let kept = desk.path("cache/stheno/proving-keys");
    for entry in std::fs::read_dir(&kept).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "proving")
        {
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[3_000] ^= 1;
            std::fs::write(path, bytes).unwrap();
        }
    }
    let said = self::said(&desk, &tried).await;
    said.expect_error(2, &["no place was given to look for it"]);

    // Nobody's proof, and no proof at all.
    let empty = desk.path("nowhere");
    std::fs::create_dir(&empty).unwrap();
    let args = [
        "decrypt",
        &desk.path("data.fee"),
        "-o",
        &desk.path("none"),
        "--rpc",
        desk.rpc(),
    ];
    let said = self::said(&desk, &args).await;
    said.expect_error(1, &["has no proof `me`"]);
    let damaged = desk.path("damaged");
    std::fs::create_dir(&damaged).unwrap();
    let name = format!("{}.proving", &text(&made["key"])[2..]);
    let mut bytes = desk.read(&format!("keys/{name}"));
    bytes.truncate(100_000);
    std::fs::write(Path::new(&damaged).join(&name), bytes).unwrap();
    let more = [&tried[..], &["--proving-keys", &damaged]].concat();
    let said = self::said(&desk, &more).await;
    said.expect_error(2, &["was not found", "damaged: "]);
}
