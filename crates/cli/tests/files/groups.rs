//! `stheno group` and `stheno member`, as far as they need no chain.

use std::{collections::BTreeSet, process::Stdio, time::Instant};

#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use stheno::{
    circuits::{Leaf, Secret},
    group::{Credential, MemberKey, group_from_bytes},
};

use super::folder::{Folder, Said};

/// The commitment of a member whose key is made here, the same for the same number.
fn commitment(number: u64) -> String {
    let mut seed = [9; 32];
    seed[24..].copy_from_slice(&number.to_be_bytes());
    Secret::from_seed(&seed).commitment().to_string()
}

fn group(folder: &Folder, name: &str) -> stheno::circuits::Group {
    group_from_bytes(&folder.read(name)).unwrap()
}

/// A code, and no change of the group's file.
fn refused(folder: &Folder, args: &[&str], code: &str, words: &[&str]) {
    let before = folder
        .path("group.json")
        .exists()
        .then(|| folder.read("group.json"));
    folder.fails(args, words);
    let said = Said::of(
        folder
            .stheno(&[args, &["--json"]].concat())
            .output()
            .unwrap(),
    );
    // Behind a warning about the rights of a key's file, if there is one.
    let told = said.stderr.lines().last().unwrap();
    let error: Value = serde_json::from_str(told).unwrap();
    assert_eq!(error["code"], code, "{args:?}: {error}");
    if let Some(before) = before {
        assert!(folder.read("group.json") == before, "{args:?}");
    }
}

#[test]
fn member_is_made_added_and_removed() {
    let folder = Folder::new();
    let said = folder.done(&["member", "create", "-o", "member.key"]);
    let commitment = said.stdout.trim();
    assert_eq!(said.stderr, "");
    let file = String::from_utf8(folder.read("member.key")).unwrap();
    let lines: Vec<&str> = file.lines().collect();
    assert!(lines[0].starts_with("# created: 20"), "{}", lines[0]);
    assert_eq!(lines[1], format!("# commitment: {commitment}"));
    assert!(lines[2].starts_with("STHENO-MEMBER-KEY-1:"));
    let key = MemberKey::from_text(lines[2]).unwrap();
    assert_eq!(key.commitment().to_string(), commitment);
    #[cfg(unix)]
    {
        let metadata = std::fs::metadata(folder.path("member.key")).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
    let again = folder.done(&["member", "commitment", "member.key"]).stdout;
    assert_eq!(again, said.stdout);
    folder.fails(
        &["member", "create", "-o", "member.key"],
        &["member.key exists already", "--force"],
    );

    let made = folder.json(&["group", "create", "group.json"]);
    assert_eq!(
        (&made["depth"], &made["capacity"]),
        (&20.into(), &1_048_576.into())
    );
    let added = folder.json(&["group", "add", "group.json", commitment]);
    let leaf = Leaf::of_member(&key.commitment()).to_string();
    assert_eq!(added["added"][0]["leaf"], leaf);
    assert_eq!(added["members"], 1);
    let root = folder.done(&["group", "root", "group.json"]).stdout;
    assert_eq!(
        root.trim(),
        group(&folder, "group.json").root().unwrap().to_string()
    );
    assert_eq!(added["root"], root.trim());
    let shown = folder.json(&["group", "show", "group.json", "--members"]);
    assert_eq!(shown["leaves"][0]["leaf"], leaf);
    assert_eq!(shown["root"], root.trim());

    let other = self::commitment(1);
    folder.done(&["group", "add", "group.json", &other]);
    // By the commitment, and by the leaf.
    folder.done(&["group", "remove", "group.json", commitment]);
    let removed = folder.json(&["group", "remove", "group.json", &{
        let other = group(&folder, "group.json");
        other.tree().leaf(1).unwrap().to_string()
    }]);
    assert_eq!(
        (&removed["members"], &removed["places"]),
        (&0.into(), &2.into())
    );
    refused(
        &folder,
        &["group", "root", "group.json"],
        "group_empty",
        &["nobody is in the group"],
    );
    let shown = folder.done(&["group", "show", "group.json"]).stdout;
    assert!(shown.contains("none: nobody is in it"), "{shown}");
}

#[test]
fn credential_is_given_to_the_member_and_its_leaf_to_the_group() {
    let folder = Folder::new();
    folder.done(&["group", "create", "group.json", "--depth", "32"]);
    let said = [
        ("eighteen", "18,0,0,7"),
        ("nineteen", "19,0,0,7"),
        ("numbers", "1,2,3,4"),
    ];
    for (name, attributes) in said {
        folder.put(name, attributes);
    }
    let member = commitment(1);
    let issue = [
        "group",
        "add",
        "group.json",
        &member,
        "--attributes-from",
        "eighteen",
        "--expires",
        "2090-06-30T00:00:00Z",
        "-o",
        "credential.json",
    ];
    let added = folder.json(&issue);
    let text = String::from_utf8(folder.read("credential.json")).unwrap();
    let credential = Credential::from_json(&text).unwrap();
    assert_eq!(credential.attributes.values, [18, 0, 0, 7]);
    assert_eq!(credential.expires(), Some(3_802_464_000)); // date -u -d 2090-06-30 +%s
    assert_eq!(credential.depth.levels(), 32);
    assert_eq!(credential.commitment.to_string(), member);
    let leaf = credential.leaf().to_string();
    assert_eq!(added["added"][0]["leaf"], leaf);
    let stored = String::from_utf8(folder.read("group.json")).unwrap();
    assert!(
        stored.contains(&leaf) && !stored.contains(&member),
        "{stored}"
    );
    #[cfg(unix)]
    {
        let metadata = std::fs::metadata(folder.path("credential.json")).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
    refused(&folder, &issue, "group_duplicate", &[&member, "number 0"]);

    // Killed between the credential and the group: the same command goes on.
    folder.done(&["group", "remove", "group.json", &leaf]);
    assert_eq!(folder.json(&issue)["added"][0]["place"], 1);
    // Another credential does not take the file's place.
    let mut other = issue;
    other[5] = "nineteen";
    refused(
        &folder,
        &other,
        "output_exists",
        &["credential.json exists already"],
    );
    let printed = folder.done(&[
        "group",
        "add",
        "group.json",
        &member,
        "--attributes-from",
        "numbers",
        "-o",
        "-",
    ]);
    let credential = Credential::from_json(&printed.stdout).unwrap();
    assert_eq!(credential.expires(), None);
    // The commitment does not name a credential; its leaf does.
    refused(
        &folder,
        &["group", "remove", "group.json", &member],
        "not_in_group",
        &[&member],
    );
}

#[test]
fn bad_input_changes_nothing_and_is_named() {
    let folder = Folder::new();
    for depth in ["0", "33", "276"] {
        let create = ["group", "create", "group.json", "--depth", depth];
        refused(
            &folder,
            &create,
            "group_depth",
            &["depth", depth, "1 to 32"],
        );
    }
    folder.done(&["group", "create", "group.json"]);
    refused(
        &folder,
        &["group", "create", "group.json", "--depth", "32"],
        "group_exists",
        &["group.json exists already"],
    );
    folder.put("numbers", "1,2,3,4");
    let [one, two] = [1, 2].map(commitment);
    folder.done(&["group", "add", "group.json", &one]);
    let order = format!("0x{}", "f".repeat(64));
    for (text, why) in [
        ("0x12", "64 hexadecimal"),
        (&one[2..], "64 hexadecimal"),
        (order.as_str(), "not below the order"),
        ("stheno1abc", "64 hexadecimal"),
    ] {
        for command in ["add", "remove"] {
            let args = ["group", command, "group.json", text];
            refused(&folder, &args, "not_a_commitment", &[why]);
        }
    }
    let add = |names: &[&str]| -> Vec<String> {
        let args = ["group", "add", "group.json"].iter().chain(names);
        args.map(|arg| (*arg).to_owned()).collect()
    };
    for (args, code, words) in [
        (add(&[&one]), "group_duplicate", &[&*one, "number 0"][..]),
        (add(&[&two, &two]), "group_duplicate", &["already"]),
        (
            add(&["--from", "nothing.txt"]),
            "input_unreadable",
            &["nothing.txt"],
        ),
        (
            add(&[
                &two,
                "--attributes-from",
                "numbers",
                "--expires",
                "2020-01-01",
                "-o",
                "c.json",
            ]),
            "usage",
            &["2020-01-01", "over before"],
        ),
        (
            add(&[
                &two,
                &commitment(3),
                "--attributes-from",
                "numbers",
                "-o",
                "c.json",
            ]),
            "usage",
            &["one member's"],
        ),
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        refused(&folder, &args, code, words);
    }
    refused(
        &folder,
        &["group", "remove", "group.json", &two],
        "not_in_group",
        &[&two],
    );
    refused(
        &folder,
        &["group", "remove", "group.json", &one, &two],
        "not_in_group",
        &[&two],
    );

    folder.put("list.txt", format!("# members\n{two}\n\n{}\n", &two[..60]));
    let from = ["group", "add", "group.json", "--from", "list.txt"];
    refused(&folder, &from, "not_a_commitment", &["list.txt, line 4"]);
    folder.put("list.txt", format!("{two}\n{two}\n"));
    refused(
        &folder,
        &from,
        "group_duplicate",
        &["list.txt, line 2", "line 1"],
    );
    folder.put("list.txt", "# nobody\n");
    refused(&folder, &from, "usage", &["list.txt lists nobody"]);

    for (text, code, words) in [
        ("", "bad_group", &["bad.json", "no group"][..]),
        (
            "{\"depth\":20,\"leaves\":[],\"a\":1}",
            "bad_group",
            &["unknown field"],
        ),
        ("{\"depth\":33,\"leaves\":[]}", "group_depth", &["depth 33"]),
    ] {
        folder.put("bad.json", text);
        for args in [
            &["group", "root", "bad.json"][..],
            &["group", "show", "bad.json"],
            &["group", "add", "bad.json", &one],
        ] {
            refused(&folder, args, code, words);
        }
    }
    for key in ["", "STHENO-MEMBER-KEY-1:00\n", "text\ntext\n"] {
        folder.put("member.key", key);
        let args = ["member", "commitment", "member.key"];
        refused(&folder, &args, "bad_member_key", &["member.key"]);
    }
}

/// What a chain is needed for is refused before one is asked, where that can be told.
#[test]
fn chain_is_named_and_reached_or_the_fault_is() {
    let folder = Folder::new();
    folder.done(&["group", "create", "group.json"]);
    let contract = format!("0x{}", "12".repeat(20));
    let publish = ["group", "publish", "group.json", "--contract", &contract];
    refused(&folder, &publish, "usage", &["chain was not said"]);
    let on = [&publish[..], &["--chain", "314"]].concat();
    refused(&folder, &on, "rpc_missing", &["314"]);
    let deploy = ["group", "deploy", "group.json", "--window", "50000d"];
    refused(&folder, &deploy, "usage", &["2^32 seconds"]);
    refused(
        &folder,
        &["group", "deploy", "none.json"],
        "group_unreadable",
        &["none.json"],
    );
}

/// Commands at once take turns, whatever becomes of one of them.
#[test]
fn commands_at_once_lose_nobody_and_kills_leave_a_whole_group() {
    let folder = Folder::new();
    folder.done(&["group", "create", "group.json"]);
    let add = |number: u64| {
        let commitment = commitment(number);
        let mut command = folder.stheno(&["group", "add", "group.json", &commitment]);
        command.stdout(Stdio::null());
        command
    };
    let children: Vec<_> = (0..8).map(|number| add(number).spawn().unwrap()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(group(&folder, "group.json").members(), 8);

    // Killed after 0, 2, 4 … ms: whole each time, with the member or without.
    let mut sizes = BTreeSet::new();
    for number in 8..40 {
        let mut child = add(number).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis((number - 8) * 2));
        child.kill().unwrap();
        child.wait().unwrap();
        sizes.insert(group(&folder, "group.json").members());
    }
    let before = group(&folder, "group.json").members();
    add(1_000).status().unwrap();
    assert_eq!(group(&folder, "group.json").members(), before + 1);
    assert!(
        sizes.iter().all(|size| (8..=40).contains(size)),
        "{sizes:?}"
    );
}

/// `STHENO_GROUP_MEMBERS` of them, at once; a thousand if it is not set.
#[test]
fn large_group_is_added_at_once_and_grows_in_bounded_time() {
    let members = std::env::var("STHENO_GROUP_MEMBERS").ok();
    let members: u64 = members.map_or(1_000, |count| count.parse().unwrap());
    let folder = Folder::new();
    folder.done(&["group", "create", "group.json"]);
    // Commitments cost two thirds of a leaf; any element below the order is one.
    let list: String = (1..=members)
        .map(|number| format!("0x{number:064x}\n"))
        .collect();
    folder.put("list.txt", list);
    let timed = |what: &str, args: &[&str]| {
        let began = Instant::now();
        let said = folder.json(args);
        println!("{members} members: {what} in {:.2?}", began.elapsed());
        said
    };
    let added = timed(
        "added",
        &["group", "add", "group.json", "--from", "list.txt"],
    );
    assert_eq!(added["members"], members);
    let one = commitment(1);
    let added = timed("one more", &["group", "add", "group.json", &one]);
    assert_eq!(added["added"][0]["place"], members);
    let removed = timed("one less", &["group", "remove", "group.json", &one]);
    assert_eq!(removed["members"], members);
    assert_eq!(removed["places"], members + 1);
    let shown = timed("shown", &["group", "show", "group.json"]);
    assert_eq!(shown["root"], removed["root"]);
}
