//! The cookbook in `examples/policies`: every policy over its fixtures, and in its README.

use std::{fs, path::PathBuf};

use serde_json::Value;

use super::folder::Folder;

fn cookbook() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/policies")
}

#[test]
fn policy_of_the_cookbook_says_what_its_fixtures_expect() {
    let mut tried = 0;
    let folder = Folder::new();
    for entry in fs::read_dir(cookbook().join("fixtures")).unwrap() {
        let path = entry.unwrap().path();
        let said = folder.done(&["--json", "policy", "test", path.to_str().unwrap()]);
        let said: Value = serde_json::from_str(&said.stdout).unwrap();
        let expected: Vec<_> = said["cases"]
            .as_array()
            .unwrap()
            .iter()
            .map(|case| case["expected"].as_str().unwrap())
            .collect();
        assert!(expected.contains(&"granted") && expected.contains(&"denied"));
        tried += 1;
    }
    assert!(tried >= 15, "{tried}");
}

#[test]
fn readme_of_the_cookbook_shows_every_policy_as_it_is() {
    let readme = fs::read_to_string(cookbook().join("README.md")).unwrap();
    let mut shown = 0;
    for entry in fs::read_dir(cookbook()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "json") {
            let text = fs::read_to_string(&path).unwrap();
            let block = format!("```json\n{text}```");
            assert!(readme.contains(&block), "{} is not shown", path.display());
            shown += 1;
        }
    }
    assert_eq!(readme.matches("```json").count(), shown);
    let fixtures = fs::read_dir(cookbook().join("fixtures")).unwrap().count();
    assert_eq!(fixtures, shown, "each policy has fixtures");
}
