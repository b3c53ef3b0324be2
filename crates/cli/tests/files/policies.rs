//! `stheno policy new` and `import`: policies that come out of a command.

use stheno::Policy;

use super::folder::Folder;

const PASS: &str = "0x9f8F72aA9304c8B593d555F12eF6589cC3A579A2";

#[test]
fn policy_of_each_kind_is_written_and_read_back() {
    let folder = Folder::new();
    let contract = ["--chain", "314", "--contract", PASS];
    let kinds: [(&[&str], &str); 7] = [
        (&["nft"], "\"erc721\""),
        (&["token", "--min", "5"], "\"erc20\""),
        (&["items", "--id", "7", "--id", "9"], "\"erc1155\""),
        (&["condition"], "canRead(address"),
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
