//! `stheno policy new` and `import`: policies that come out of a command.

use stheno::Policy;

use super::folder::{Folder, Said};

const PASS: &str = "0x9f8F72aA9304c8B593d555F12eF6589cC3A579A2";
const KEY: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";

#[test]
fn policy_of_each_kind_is_written_and_read_back() {
    let folder = Folder::new();
    let contract = ["--chain", "314", "--contract", PASS];
    let kinds: [(&[&str], &str); 12] = [
        (&["nft"], "\"erc721\""),
        (&["token", "--min", "5"], "\"erc20\""),
        (&["items", "--id", "7", "--id", "9"], "\"erc1155\""),
        (&["subscription"], "\":subscription\""),
        (&["subscription", "--id", "7"], "\"7\""),
        (&["grant"], "\"registry\""),
        (&["grant", "--context", "ticket"], "\":ticket\""),
        (
            &["member", "--key", KEY, "--depth", "32", "--period", "1h"],
            "\"period\": 3600",
        ),
        (
            &[
                "storage",
                "--chain",
                "314",
                "--data-set",
                "12",
                "--proven-within",
                "2880",
            ],
            "\"provenWithin\"",
        ),
        (&["balance", "--chain", "314", "--min", "10"], "\"balance\""),
        (&["accounts", PASS], "\"address\""),
        (
            &["lock", "--chain", "314", "--after", "2027-01-01T00:00:00Z"],
            "\"after\"",
        ),
    ];
    for (kind, words) in kinds {
        let is_whole = kind.contains(&"--chain") || kind[0] == "accounts";
        let rest: &[&str] = if is_whole { &[] } else { &contract };
        let said = folder.done(&[&["policy", "new"], kind, rest].concat());
        let policy = Policy::from_json(&said.stdout).unwrap();
        assert_eq!(policy.rule().leaves().count(), 1);
        assert!(said.stdout.contains(words), "{}", said.stdout);
    }
}

#[test]
fn policy_with_a_span_asks_for_both() {
    let folder = Folder::new();
    let until = ["--before", "2027-06-30T00:00:00Z"];
    let nft = ["policy", "new", "nft", "--chain", "314", "--contract", PASS];
    let said = folder.done(&[&nft[..], &until].concat()).stdout;
    let policy = Policy::from_json(&said).unwrap();
    assert_eq!(policy.rule().leaves().count(), 2);

    let accounts = ["policy", "new", "accounts", PASS];
    folder.fails(&[&accounts[..], &until].concat(), &["give --chain ID"]);
    let lock = ["policy", "new", "lock", "--chain", "1"];
    folder.fails(&lock, &["a lock without a time"]);
    folder.fails(
        &[&nft[..], &["--after", "tomorrow"]].concat(),
        &["tomorrow"],
    );
}

#[test]
fn conditions_of_lit_become_a_policy_or_are_refused_by_name() {
    let folder = Folder::new();
    let conditions = format!(
        r#"[{{ "contractAddress": "{PASS}", "standardContractType": "ERC721",
               "chain": "filecoin", "method": "balanceOf", "parameters": [":userAddress"],
               "returnValueTest": {{ "comparator": ">", "value": "0" }} }}]"#
    );
    folder.put("lit.json", &conditions);
    let said = folder.done(&["policy", "import", "--lit", "lit.json"]);
    let policy = Policy::from_json(&said.stdout).unwrap();
    assert_eq!(policy.rule().leaves().count(), 1);
    assert!(said.stderr.contains("at a final block and at the head"));

    folder.put("odd.json", conditions.replace("ERC721", "POAP"));
    let import = ["policy", "import", "--lit"];
    let odd = [&import[..], &["odd.json"]].concat();
    folder.fails(&odd, &["odd.json: [0]: `POAP`"]);
    folder.put("broken.json", "[{]");
    let broken = [&import[..], &["broken.json"]].concat();
    folder.fails(&broken, &["line 1 column 3"]);
}

const FIXTURES: &str = r#"{
  "policy": { "version": 1, "rule": { "token": {
      "chain": 314, "standard": "erc20", "min": "5",
      "contract": "0x00000000000000000000000000000000000000aa" } } },
  "cases": [
    { "name": "five will do", "expect": "granted",
      "reader": "0x00000000000000000000000000000000000000bb",
      "answers": [ { "chain": 314, "to": "0x00000000000000000000000000000000000000aa",
        "call": "balanceOf(address) view returns (uint256)",
        "args": ["0x00000000000000000000000000000000000000bb"], "returns": ["5"] } ] } ] }"#;

#[test]
fn policy_test_tells_what_a_case_says_instead() {
    let folder = Folder::new();
    let test = ["policy", "test", "fixtures.json"];
    folder.put("fixtures.json", FIXTURES);
    let said = folder.done(&test);
    assert!(said.stdout.contains("ok      five will do: granted"));
    assert!(said.stdout.contains("1 of 1 cases as expected"));

    for (answer, says) in [
        (
            r#""returns": ["4"]"#,
            "FAILED  five will do: denied, not granted",
        ),
        (
            r#""fails": "reverted""#,
            "FAILED  five will do: unknown, not granted",
        ),
    ] {
        let fixtures = FIXTURES.replace(r#""returns": ["5"]"#, answer);
        folder.put("fixtures.json", fixtures);
        let said = Said::of(folder.stheno(&test).output().unwrap());
        assert_eq!(said.code, Some(2), "{}", said.stderr);
        assert!(said.stdout.contains(says), "{}", said.stdout);
        said.complains(&["1 of 1 cases say something else"]);
    }
}

#[test]
fn policy_test_refuses_fixtures_that_would_test_nothing() {
    let folder = Folder::new();
    for (old, new, words) in [
        ("00bb\"]", "00cc\"]", "the policy asks what is not answered"),
        (
            "\"returns\": [\"5\"]",
            "\"returns\": [\"x\"]",
            "`x` is no uint256",
        ),
        (
            "\"returns\": [\"5\"]",
            "\"returns\": []",
            "1 are declared, 0 given",
        ),
        (
            "\"returns\": [\"5\"]",
            "\"fails\": \"badly\"",
            "`badly` is no failure",
        ),
        ("\"reader\"", "\"raeder\"", "unknown field `raeder`"),
        (
            "\"min\": \"5\"",
            "\"min\": \"0\"",
            "everybody has at least 0",
        ),
    ] {
        assert!(FIXTURES.contains(old), "{old}");
        folder.put("fixtures.json", FIXTURES.replace(old, new));
        folder.fails(&["policy", "test", "fixtures.json"], &[words]);
    }
    folder.put("fixtures.json", r#"{ "policy": "p.json", "cases": [] }"#);
    folder.fails(
        &["policy", "test", "fixtures.json"],
        &["there are no cases"],
    );
}
