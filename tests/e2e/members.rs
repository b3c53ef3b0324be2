//! Members of a group of a thousand, who read through five nodes that cannot tell which of them it was.

use std::{collections::BTreeSet, fs::Permissions, os::unix::fs::PermissionsExt, path::Path};

use serde_json::{Value, json};
use stheno::{
    Policy,
    circuits::Leaf,
    group::MemberKey,
    protocol::{Presentation, Request, SignedReceipt, private::tasks},
};

use crate::{
    command::{Said, run, stheno, text},
    desk::{Desk, noise},
    someone::Someone,
    stage,
    tap::Tap,
    trials,
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
    said_with(desk, args, &[]).await
}

async fn said_with(desk: &Desk, args: &[&str], env: &[(&str, &str)]) -> Said {
    let mut command = stheno(args.iter().copied());
    command.env("XDG_CACHE_HOME", desk.path("cache"));
    command.envs(env.iter().copied());
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
    decrypt_with(desk, [key, from, to], more, &[]).await
}

async fn decrypt_with(
    desk: &Desk,
    [key, from, to]: [&str; 3],
    more: &[&str],
    env: &[(&str, &str)],
) -> Said {
    let files = [from, to, key, "group.json", "keys"].map(|name| desk.path(name));
    let [from, to, key, group, keys] = &files;
    let mut args = vec!["decrypt", from, "-o", to, "--rpc", desk.rpc()];
    args.extend(["--member", key, "--group", group, "--proving-keys", keys]);
    args.extend(more);
    said_with(desk, &args, env).await
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

/// 32 bytes to look for.
struct Mark {
    what: &'static str,
    bytes: [u8; 32],
}

/// What tells who the member at a place is. The place itself is a number like others; what a proof would
/// show of it is the neighbour there.
fn marks(keys: &[MemberKey], place: usize) -> Vec<Mark> {
    let leaf = |place: usize| Leaf::of_member(&keys[place].commitment()).to_bytes();
    let key = &keys[place];
    vec![
        mark("secret", *key.secret().expose_bytes()),
        mark("commitment", key.commitment().to_bytes()),
        mark("leaf", leaf(place)),
        mark("neighbour", leaf(place ^ 1)),
    ]
}

const fn mark(what: &'static str, bytes: [u8; 32]) -> Mark {
    Mark { what, bytes }
}

/// Bytes to look in: as they are, and for what is written in digits, in capitals or not.
struct Kept {
    name: String,
    bytes: Vec<u8>,
    small: Vec<u8>,
}

impl Kept {
    fn new(name: &str, bytes: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            bytes: bytes.to_vec(),
            small: bytes.to_ascii_lowercase(),
        }
    }

    fn has(&self, Mark { bytes, .. }: &Mark) -> bool {
        let digits = hex::encode(bytes);
        let within = |text: &[u8], mark: &[u8]| text.windows(mark.len()).any(|at| at == mark);
        within(&self.bytes, bytes) || within(&self.small, digits.as_bytes())
    }

    fn has_none_of(&self, marks: &[Mark]) {
        for mark in marks {
            assert!(!self.has(mark), "{} has the {}", self.name, mark.what);
        }
    }
}

/// Every file of every node: logs, databases, journals.
fn files_below(folder: &Path, into: &mut Vec<Kept>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, into);
        } else if let Ok(bytes) = std::fs::read(&path) {
            into.push(Kept::new(&path.display().to_string(), &bytes));
        }
    }
}

/// The receipts that a reader kept.
fn receipts(desk: &Desk, name: &str) -> Vec<SignedReceipt> {
    let kept: Value = serde_json::from_slice(&desk.read(name)).unwrap();
    let signed: Vec<SignedReceipt> = serde_json::from_value(kept["receipts"].clone()).unwrap();
    assert!(signed.len() >= 3);
    signed
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

    let (chain, key) = (CHAIN.to_string(), text(&made["key"]));
    let new = ["policy", "new", "member", "--chain", &chain];
    let of = ["--contract", &contract, "--key", &key, "--period", "1h"];
    let policy = done(&desk, &[&new[..], &of].concat()).await;
    let policy = encrypt(&desk, &policy, "data.fee").await;
    let tap = Tap::new().await;
    let tapped = [("http_proxy", tap.url())];
    let (ann, ben) = (137, 802);
    for (name, place) in [("ann.key", ann), ("ben.key", ben)] {
        let path = desk.put(name, keys[place].expose_text().as_bytes());
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        let receipts = desk.path(&format!("{name}.receipts"));
        let more = ["--receipts", receipts.as_str(), "--json"];
        let copy = format!("{name}.copy");
        let said = decrypt_with(&desk, [name, "data.fee", &copy], &more, &tapped).await;
        let said = said.expect_done().json();
        assert!(desk.read(&copy) == desk.read("data"));
        let nodes = said["nodes"].as_array().unwrap().iter();
        let shared = nodes.filter(|node| node["outcome"] == "shared").count();
        assert!(shared >= 3, "{said}");
    }
    let both: Vec<Mark> = [ann, ben]
        .into_iter()
        .flat_map(|place| marks(&keys, place))
        .collect();

    // What the nodes signed names nobody, and says the same of both.
    for name in ["ann.key", "ben.key"] {
        for receipt in &receipts(&desk, &format!("{name}.receipts")) {
            assert!(receipt.body.account.is_zero());
            let text = serde_json::to_vec(&receipt).unwrap();
            Kept::new("a receipt", &text).has_none_of(&both);
        }
    }

    // What the nodes were sent, by the readers' own program: a nullifier, and of whom it is, is told
    // by who has the secret alone.
    let sent = tap.sent_to("/v1/reencrypt");
    assert!(sent.len() >= 6, "{} requests", sent.len());
    let mut nullifiers = BTreeSet::new();
    for body in &sent {
        let request: Request = serde_json::from_slice(body).unwrap();
        let task = &tasks(&request, &policy)[0];
        let shown = Presentation::of(task.leaf, &request.context).unwrap();
        let own = |place: usize| keys[place].secret().nullifier(&task.scope);
        assert!([own(ann), own(ben)].contains(&shown.nullifier));
        nullifiers.insert(shown.nullifier.to_bytes());
        let body = Kept::new("a request", body);
        assert!(body.has(&mark("nullifier", shown.nullifier.to_bytes())));
        body.has_none_of(&both);
    }
    assert!(nullifiers.len() >= 2);

    // Somebody reads under their name: of that nodes keep a receipt, which the search has to find.
    let open = json!({ "version": 1, "rule": { "balance": { "chain": CHAIN, "min": "1" } } });
    let open = encrypt(&desk, &open, "open.fee").await;
    let more = ["--receipts", &desk.path("open.receipts")];
    let said = desk.decrypt(&keeper, "open.fee", "open", &more).await;
    said.expect_done();

    // All that was logged and kept, up to now.
    let mut files = Vec::new();
    files_below(devnet.dir(), &mut files);
    for wanted in ["node.log", "node.db"] {
        let found = files.iter().filter(|file| file.name.ends_with(wanted));
        assert_eq!(found.count(), 5, "{wanted}");
    }
    for receipt in receipts(&desk, "open.receipts") {
        let of_node = format!("/node-{}/", receipt.body.node);
        // The one in bytes, the other in digits.
        for there in [
            mark("request", receipt.body.request_digest.0),
            mark("policy", *open.digest().as_bytes()),
        ] {
            let mut files = files.iter().filter(|file| file.name.contains(&of_node));
            let is_found = files.any(|file| file.has(&there));
            assert!(
                is_found,
                "the search misses the {} of {of_node}",
                there.what
            );
        }
    }
    let shown = nullifiers.into_iter();
    let shown: Vec<Mark> = shown.map(|bytes| mark("nullifier", bytes)).collect();
    // Not even that somebody read.
    let digest = [mark("policy", *policy.digest().as_bytes())];
    for file in &files {
        file.has_none_of(&both);
        file.has_none_of(&shown);
        file.has_none_of(&digest);
    }

    // Ben leaves: what he proved with is over at once, for everybody who has the old file.
    std::fs::copy(&file, desk.path("old.json")).unwrap();
    let leaver = keys[ben].commitment().to_string();
    done(&desk, &["group", "remove", &file, &leaver]).await;
    kept(
        &desk,
        &keeper,
        &["group", "publish", &file, "--contract", &contract],
    )
    .await;
    let said = decrypt(&desk, "ben.key", "data.fee", "late", &[]).await;
    said.expect_error(1, &["you are in none of the groups"]);
    let old = [desk.path("old.json")];
    let more = ["--group", old[0].as_str()];
    let said = decrypt(&desk, "ben.key", "data.fee", "late", &more).await;
    said.expect_error(2, &["out of date", "newest file"]);
    let said = decrypt(&desk, "ann.key", "data.fee", "again", &[]).await;
    said.expect_done();
    assert!(desk.read("again") == desk.read("data"));
}

/// An issuer says of somebody that they are 30, until tomorrow.
async fn credential_reads_within_its_bounds_alone() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    desk.put("data", noise(62, 10_000));
    let (file, key) = (desk.path("group.json"), desk.path("ann.key"));
    done(&desk, &["group", "create", &file]).await;
    let made = done(&desk, &["member", "create", "-o", &key]).await;
    let commitment = text(&made["commitment"]);
    let credential = desk.path("credential.json");
    let attributes = desk.put("ann.attributes", "30,756,0,0");
    let issued = [
        "group",
        "add",
        &file,
        &commitment,
        "--attributes-from",
        &attributes,
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
    said.expect_error(1, &["attribute 0 is below the bound"]);
    // Without the credential the secret alone is in no group.
    let said = decrypt(&desk, "ann.key", "adult.fee", "none", &[]).await;
    said.expect_error(1, &["you are in none of the groups"]);
    // Whose credential it is, matters.
    let other = desk.path("eve.key");
    done(&desk, &["member", "create", "-o", &other]).await;
    let said = decrypt(&desk, "eve.key", "adult.fee", "none", &with).await;
    said.expect_error(2, &["credential.json is another member's"]);
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
