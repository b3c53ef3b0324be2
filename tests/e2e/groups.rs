//! Members who are not named: a group's root deployed, published, changed and revoked, through the
//! command line.

use std::process::Stdio;

use alloy::{primitives::U256, sol_types::SolConstructor};
use serde_json::Value;
use stheno::{
    chain::{
        Chain, ChainConfig, HttpOptions, Sender,
        contracts::{OwnedGroupContract as owned, VotedGroupContract as voted},
    },
    circuits::{Depth, Root, empty_root},
    group::{GroupAsStored, GroupContract, MemberKey},
    protocol::Address,
};
use stheno_cli::devnet::Devnet;

use crate::{
    command::{Said, run, stheno, text},
    desk::Desk,
    gate::{Gate, Passage},
    someone::Someone,
    stage, trials,
};

trials![
    group_is_published_and_who_is_removed_is_out_at_once,
    publication_that_is_killed_at_every_step_is_made_once,
    group_names_what_is_wrong_with_its_contract,
    voters_agree_on_a_root,
];

const CHAIN: u64 = 31_415_926;

/// `stheno group …` against the devnet, as somebody.
async fn group(desk: &Desk, who: &Someone, args: &[&str]) -> Said {
    let mut command = stheno(["group"]);
    command.args(args);
    if ["deploy", "publish"].contains(&args[0]) || args.contains(&"--contract") {
        command.arg("--network").arg(desk.network());
    }
    run(command.env("STHENO_PRIVATE_KEY", who.key())).await
}

/// The same, which succeeds: what it printed.
async fn done(desk: &Desk, who: &Someone, args: &[&str]) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    group(desk, who, &args).await.expect_done().json()
}

/// The same, which fails with a code.
async fn fails(desk: &Desk, who: &Someone, args: &[&str], code: &str, words: &[&str]) {
    let said = group(desk, who, args).await;
    said.expect_error(2, words).expect_hint();
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    let said = group(desk, who, &args).await;
    let error: Value = serde_json::from_str(&said.stderr).unwrap();
    assert_eq!(error["code"], code, "{args:?}: {error}");
}

fn commitment() -> String {
    MemberKey::random().unwrap().commitment().to_string()
}

fn root_of(desk: &Desk, name: &str) -> Root {
    let stored = GroupAsStored::read(desk.path(name).as_ref()).unwrap();
    stored.group.root().unwrap()
}

async fn chain(devnet: &Devnet) -> Chain {
    let config = ChainConfig::new(CHAIN, vec![devnet.rpc().clone()]);
    Chain::connect(config, HttpOptions::default())
        .await
        .unwrap()
}

async fn on_chain(devnet: &Devnet, address: &str) -> GroupContract {
    GroupContract::new(chain(devnet).await, address.parse().unwrap()).at_head()
}

/// Whether a root is valid now, by the chain's clock.
async fn is_valid(contract: &GroupContract, root: &Root) -> bool {
    let now = contract.state().await.unwrap().block.time;
    contract.is_valid(root, now).await.unwrap()
}

async fn group_is_published_and_who_is_removed_is_out_at_once() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let [keeper] = Someone::several(&devnet, ["groups: keeper"]).await;
    let file = desk.path("group.json");
    let [ann, ben, eve] = [commitment(), commitment(), commitment()];
    done(&desk, &keeper, &["create", &file]).await;
    done(&desk, &keeper, &["add", &file, &ann, &ben]).await;
    let deployed = done(&desk, &keeper, &["deploy", &file, "--history", "8"]).await;
    assert_eq!(
        (&deployed["depth"], &deployed["window"]),
        (&20.into(), &3_600.into())
    );
    let address = text(&deployed["contract"]);
    // Once more: it is there.
    let again = done(&desk, &keeper, &["deploy", &file, "--history", "8"]).await;
    assert_eq!(again["contract"], deployed["contract"]);
    let contract = on_chain(&devnet, &address).await;
    assert_eq!(contract.terms().await.unwrap().history, 8);
    assert_eq!(contract.state().await.unwrap().root, None);

    let publish = ["publish", &file, "--contract", &address];
    let first = done(&desk, &keeper, &publish).await;
    assert_eq!(
        (&first["index"], &first["revoking"]),
        (&1.into(), &false.into())
    );
    let one = root_of(&desk, "group.json");
    assert_eq!(contract.state().await.unwrap().root, Some(one));
    assert_eq!(contract.valid_until(&one).await.unwrap(), u64::MAX);
    let again = done(&desk, &keeper, &publish).await;
    assert_eq!(
        (&again["index"], &again["already"]),
        (&1.into(), &true.into())
    );

    // Somebody comes: proofs against the old root are good for the window.
    done(&desk, &keeper, &["add", &file, &eve]).await;
    let second = done(&desk, &keeper, &publish).await;
    assert_eq!(
        (&second["index"], &second["revoking"]),
        (&2.into(), &false.into())
    );
    let two = root_of(&desk, "group.json");
    assert!(is_valid(&contract, &one).await && is_valid(&contract, &two).await);

    // Copies from before somebody goes.
    let notes = |name: &str| format!("{name}.published");
    for name in ["copy.json", "bare.json", "backup.json"] {
        desk.put(name, desk.read("group.json"));
    }
    desk.put(&notes("copy.json"), desk.read(&notes("group.json")));

    // Somebody goes: every older root ends with the change.
    done(&desk, &keeper, &["remove", &file, &eve]).await;
    let third = done(&desk, &keeper, &publish).await;
    assert_eq!(
        (&third["index"], &third["revoking"]),
        (&3.into(), &true.into())
    );
    let three = root_of(&desk, "group.json");
    assert_eq!(
        three, one,
        "a place that is empty is as one that was never given"
    );
    assert!(is_valid(&contract, &three).await && !is_valid(&contract, &two).await);

    // In the copies she stands still, and none of them lets her in again unasked.
    desk.put(&notes("backup.json"), desk.read(&notes("group.json")));
    for (name, words) in [
        ("copy.json", "change 3 of the group"),
        ("bare.json", "FILE.published, which would tell, is missing"),
        ("backup.json", "older than change 3"),
    ] {
        let copy = desk.path(name);
        let stale = ["publish", &copy, "--contract", &address];
        fails(&desk, &keeper, &stale, "group_stale", &[words]).await;
    }
    assert_eq!(contract.state().await.unwrap().index, 3);

    // The same gently: the old root stands for its time.
    done(&desk, &keeper, &["remove", &file, &ben]).await;
    let gently = [&publish[..], &["--keep-old-roots"]].concat();
    let fourth = done(&desk, &keeper, &gently).await;
    assert_eq!(fourth["revoking"], false);
    assert!(is_valid(&contract, &three).await);
    let until = contract.valid_until(&three).await.unwrap();
    let now = contract.state().await.unwrap().block.time;
    assert!(
        (now + 3_000..=now + 3_600).contains(&until),
        "{now} {until}"
    );
    let revoked = done(&desk, &keeper, &[&publish[..], &["--revoke"]].concat()).await;
    assert_eq!(
        (&revoked["index"], &revoked["revoking"]),
        (&5.into(), &true.into())
    );
    assert!(!is_valid(&contract, &three).await);

    let show = ["show", &file, "--contract", &address, "--head"];
    let shown = done(&desk, &keeper, &show).await;
    assert_eq!(shown["contract"]["index"], 5);
    assert_eq!(shown["contract"]["fileIsPublished"], true);
    let owner = keeper.signer.address().to_string().to_lowercase();
    assert_eq!(
        text(&shown["contract"]["keeper"]["owner"]).to_lowercase(),
        owner
    );

    // The last one goes: no root is valid.
    done(&desk, &keeper, &["remove", &file, &ann]).await;
    fails(
        &desk,
        &keeper,
        &gently,
        "group_must_revoke",
        &["end at once"],
    )
    .await;
    let emptied = done(&desk, &keeper, &publish).await;
    assert_eq!(
        (&emptied["root"], &emptied["revoking"]),
        (&Value::Null, &true.into())
    );
    assert_eq!(contract.state().await.unwrap().root, None);
    assert!(!is_valid(&contract, &root_before(&ann)).await);
    let again = done(&desk, &keeper, &publish).await;
    assert_eq!(again["already"], true);
}

/// The root of a group that `member` alone is in, at place 0.
fn root_before(member: &str) -> Root {
    let leaf = stheno::circuits::Leaf::of_member(&member.parse().unwrap());
    let group = stheno::circuits::Group::from_leaves(Depth::D20, [Some(leaf)]);
    group.unwrap().root().unwrap()
}

/// Killed before and after each transaction reaches the chain; then run to its end, and once more.
async fn publication_that_is_killed_at_every_step_is_made_once() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let [keeper] = Someone::several(&devnet, ["groups: killed"]).await;
    let file = desk.path("group.json");
    let [ann, ben] = [commitment(), commitment()];
    done(&desk, &keeper, &["create", &file]).await;
    done(&desk, &keeper, &["add", &file, &ann, &ben]).await;
    let gate = Gate::before(devnet.rpc(), 0).await;
    let rpc = gate.url().to_string();
    let through = |args: &[&str]| {
        let mut command = stheno(["group"]);
        command.args(args).args(["--rpc", &rpc, "--json"]);
        command.args(["--chain", &CHAIN.to_string()]);
        command.env("STHENO_PRIVATE_KEY", keeper.key());
        command
    };
    let killed = async |args: &[&str], passage: Passage| {
        gate.set_rule(move |asked| match asked.method {
            "eth_sendRawTransaction" => passage,
            _ => Passage::Free,
        });
        let mut command = through(args);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        gate.admits_process(child.id().unwrap());
        child.wait().await.unwrap();
        assert!(gate.has_killed(), "it ended before it sent anything");
        gate.open();
    };
    let deploy = ["deploy", file.as_str()];
    killed(&deploy, Passage::KillBefore).await;
    killed(&deploy, Passage::KillAfter).await;
    let deployed = run(&mut through(&deploy)).await.expect_done().json();
    let address = text(&deployed["contract"]);
    assert_eq!(
        address.parse::<Address>().unwrap(),
        keeper.signer.address().create(0)
    );

    let contract = on_chain(&devnet, &address).await;
    let publish = ["publish", &file, "--contract", &address];
    for (index, member) in [(1, None), (2, Some(&ann))] {
        if let Some(member) = member {
            done(&desk, &keeper, &["remove", &file, member]).await;
        }
        killed(&publish, Passage::KillBefore).await;
        killed(&publish, Passage::KillAfter).await;
        let said = run(&mut through(&publish)).await.expect_done().json();
        assert_eq!(said["index"], index, "{said}");
        let state = contract.state().await.unwrap();
        assert_eq!(
            (state.index, state.root),
            (index, Some(root_of(&desk, "group.json")))
        );
    }
}

async fn group_names_what_is_wrong_with_its_contract() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let names = ["groups: owner", "groups: stranger"];
    let [owner, stranger] = Someone::several(&devnet, names).await;
    let file = desk.path("group.json");
    done(&desk, &owner, &["create", &file]).await;
    let deployed = done(&desk, &owner, &["deploy", &file]).await;
    let address = text(&deployed["contract"]);
    let publish = ["publish", &file, "--contract", &address];
    fails(
        &desk,
        &owner,
        &publish,
        "group_empty",
        &["nobody is in the group"],
    )
    .await;
    done(&desk, &owner, &["add", &file, &commitment()]).await;
    fails(
        &desk,
        &stranger,
        &publish,
        "group_not_yours",
        &["belongs to"],
    )
    .await;
    fails(
        &desk,
        &stranger,
        &["deploy", &file],
        "deployment_differs",
        &["was begun by"],
    )
    .await;
    let other_terms = ["deploy", &file, "--window", "2h"];
    fails(
        &desk,
        &owner,
        &other_terms,
        "deployment_differs",
        &["other terms"],
    )
    .await;

    let deep = desk.path("deep.json");
    done(&desk, &owner, &["create", &deep, "--depth", "32"]).await;
    done(&desk, &owner, &["add", &deep, &commitment()]).await;
    let other = ["publish", &deep, "--contract", &address];
    fails(
        &desk,
        &owner,
        &other,
        "group_differs",
        &["depth 20", "depth 32"],
    )
    .await;
    let nothing = format!("0x{}", "77".repeat(20));
    let nowhere = ["publish", &file, "--contract", &nothing];
    fails(&desk, &owner, &nowhere, "no_group", &["no group at"]).await;
    let registry = devnet.contracts().market.registry.to_string();
    let another = ["publish", &file, "--contract", &registry];
    fails(
        &desk,
        &owner,
        &another,
        "no_group",
        &["does not answer as a group"],
    )
    .await;

    // Two keepers with two copies: the second does not undo what the first one published.
    done(&desk, &owner, &publish).await;
    let copy = desk.put("copy.json", desk.read("group.json"));
    done(&desk, &owner, &["add", &copy, &commitment()]).await;
    let published = done(&desk, &owner, &["publish", &copy, "--contract", &address]).await;
    assert_eq!(published["index"], 2);
    done(&desk, &owner, &["add", &file, &commitment()]).await;
    fails(&desk, &owner, &publish, "group_stale", &["change 2"]).await;
    let late = [&publish[..], &["--following", "1"]].concat();
    fails(&desk, &owner, &late, "group_stale", &["has had 2 changes"]).await;
    let meant = [&publish[..], &["--following", "2"]].concat();
    let replaced = done(&desk, &owner, &meant).await;
    assert_eq!(
        (&replaced["index"], &replaced["revoking"]),
        (&3.into(), &true.into())
    );
    let contract = on_chain(&devnet, &address).await;
    assert!(!is_valid(&contract, &root_of(&desk, "copy.json")).await);

    // A contract that calls another root that of an empty tree.
    let sender = Sender::new(chain(&devnet).await, owner.signer.clone());
    let terms = owned::GroupTerms {
        emptyRoot: U256::from(7),
        depth: 20,
        window: 1,
        history: 1,
    };
    let arguments = owned::constructorCall {
        owner_: owner.signer.address(),
        terms,
    };
    let code = [owned::BYTECODE.as_ref(), &arguments.abi_encode()].concat();
    let sent = sender.send(None, code.into(), U256::ZERO).await.unwrap();
    let odd = sent.created.unwrap().to_string();
    let odd = ["publish", &file, "--contract", &odd];
    fails(&desk, &owner, &odd, "group_differs", &["another root"]).await;
}

async fn voters_agree_on_a_root() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let names = [
        "groups: one",
        "groups: two",
        "groups: three",
        "groups: nobody",
    ];
    let [one, two, three, nobody] = Someone::several(&devnet, names).await;
    let mut voters = [&one, &two, &three].map(|voter| voter.signer.address());
    voters.sort();
    let empty = empty_root(Depth::D20).to_bytes();
    let arguments = voted::constructorCall {
        voters_: voters.to_vec(),
        threshold_: U256::from(2),
        terms: voted::GroupTerms {
            emptyRoot: U256::from_be_bytes(empty),
            depth: 20,
            window: 60,
            history: 4,
        },
    };
    let sender = Sender::new(chain(&devnet).await, one.signer.clone());
    let code = [voted::BYTECODE.as_ref(), &arguments.abi_encode()].concat();
    let sent = sender.send(None, code.into(), U256::ZERO).await.unwrap();
    let address = sent.created.unwrap().to_string();

    let file = desk.path("group.json");
    done(&desk, &one, &["create", &file]).await;
    done(&desk, &one, &["add", &file, &commitment()]).await;
    let publish = ["publish", &file, "--contract", &address];
    fails(&desk, &nobody, &publish, "group_not_yours", &["no vote"]).await;
    let first = done(&desk, &one, &publish).await;
    assert_eq!(
        (&first["published"], &first["approvals"]),
        (&false.into(), &1.into())
    );
    let contract = on_chain(&devnet, &address).await;
    assert_eq!(contract.state().await.unwrap().root, None);
    // A voter's second run approves nothing twice.
    let again = done(&desk, &one, &publish).await;
    assert_eq!(
        (&again["already"], &again["approvals"]),
        (&true.into(), &1.into())
    );
    let second = done(&desk, &two, &publish).await;
    assert_eq!(
        (&second["published"], &second["index"]),
        (&true.into(), &1.into())
    );
    let state = contract.state().await.unwrap();
    assert_eq!(state.root, Some(root_of(&desk, "group.json")));
    let late = done(&desk, &three, &publish).await;
    assert_eq!(
        (&late["already"], &late["index"]),
        (&true.into(), &1.into())
    );
    let shown = group(
        &desk,
        &nobody,
        &["show", &file, "--contract", &address, "--head"],
    )
    .await;
    for words in ["2 of 3", "is what was published last"] {
        assert!(
            shown.expect_done().stdout.contains(words),
            "{words}: {shown:?}"
        );
    }
}
