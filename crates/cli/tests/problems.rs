//! Every code that is sent or printed is explained, in `stheno help` and in PROBLEMS.md.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use stheno::{
    error::codes as sdk,
    protocol::{Code, problem::Explained},
};
use stheno_cli::codes::{OWN, all, find, nearest};

#[test]
fn codes_are_distinct_and_say_what_helps() {
    let mut seen = BTreeMap::new();
    for explained in all() {
        let code = explained.code;
        assert!(seen.insert(code, explained).is_none(), "{code} twice");
        assert!(code.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        assert!(!explained.title.ends_with('.'), "{code}");
        for sentence in [explained.explanation, explained.remedy] {
            assert!(sentence.ends_with(['.', '?']), "{code}: {sentence}");
        }
    }
}

#[test]
fn nearest_code_is_found_among_all_three_kinds() {
    assert_eq!(nearest("condition_not_mett"), Some("condition_not_met"));
    assert_eq!(nearest("rpc-missing"), Some("rpc_missing"));
    assert_eq!(nearest("output_exist"), Some("output_exists"));
    assert_eq!(nearest("banana"), None);
}

/// Whatever this command or the SDK can say is explained.
#[test]
fn every_code_in_the_sources_is_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used = Vec::new();
    for path in sources(&root.join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        used.extend(literals(&text, "Failure::new("));
        if path.ends_with("failure.rs") {
            used.extend(literals(&text, "Self::new("));
            used.extend(literals(&text, "=> ("));
        }
        if path.ends_with("devnet/error.rs") {
            used.extend(literals(&text, "=> "));
        }
    }
    let text = fs::read_to_string(root.join("../sdk/src/error.rs")).unwrap();
    let (_, text) = text.split_once("pub fn code(&self)").unwrap();
    let (text, _) = text.split_once("pub fn headline").unwrap();
    used.extend(literals(text, "=> "));
    used.extend(literals(text, "map_or("));
    for path in [
        "source/error.rs",
        "storage/error.rs",
        "collection/error.rs",
        "access/error.rs",
        "group/error.rs",
        "group/contract_error.rs",
        "market/error.rs",
        "private/mod.rs",
    ] {
        let text = fs::read_to_string(root.join("../sdk/src").join(path)).unwrap();
        for part in text.split("pub fn code(&self)").skip(1) {
            let (part, _) = part.split_once("pub fn ").unwrap();
            used.extend(literals(part, "=> "));
        }
    }
    assert!(used.len() > 50, "{used:?}");
    for code in used {
        assert!(find(&code).is_some(), "`{code}` is not explained");
    }
}

fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .collect()
}

/// Codes in quotes right behind `marker`.
fn literals(text: &str, marker: &str) -> Vec<String> {
    let behind = text.split(marker).skip(1);
    behind
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split_once('"'))
        .map(|(word, _)| word.to_owned())
        .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .filter(|word| !word.is_empty())
        .collect()
}

/// PROBLEMS.md says what the code says. `STHENO_BLESS=1` writes it.
#[test]
fn problems_md_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../PROBLEMS.md");
    let now = document();
    if std::env::var_os("STHENO_BLESS").is_some() {
        fs::write(&path, &now).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap();
    assert!(
        written == now,
        "PROBLEMS.md is not what the code says; write it with STHENO_BLESS=1"
    );
}

fn document() -> String {
    let mut text = String::from(
        "\
# Problem codes

Every error that a node sends or the `stheno` command prints has a code that stays the same; the
sentence beside it says what is wrong this time. `stheno help CODE` says what stands here. This page
is written from the code by a test; `STHENO_BLESS=1 cargo test --release --workspace --test problems`
writes it again.

## From nodes

A node answers with `application/problem+json` (RFC 9457); the fields stand in
[`crates/protocol/SPEC.md`](crates/protocol/SPEC.md). *Retry* means that the same reader may succeed
with a fresh request and nothing else changed.
",
    );
    for code in Code::ALL {
        let retry = match code.retryable() {
            true => ", retry",
            false => "",
        };
        entry(
            &mut text,
            &code.explained(),
            &format!("HTTP {}{retry}; ", code.status()),
        );
    }
    text += "\n## From the SDK\n\n`stheno::Error::code`, and `code` in the command's JSON.\n";
    sdk::ALL.iter().for_each(|e| entry(&mut text, e, ""));
    text += "\n## From the command\n\n`code` in what `stheno --json` prints to stderr.\n";
    OWN.iter().for_each(|e| entry(&mut text, e, ""));
    text
}

fn entry(text: &mut String, explained: &Explained, more: &str) {
    let Explained {
        code,
        title,
        fault,
        explanation,
        remedy,
    } = explained;
    let fault = fault.as_str();
    write!(
        text,
        "\n### `{code}`\n\n**{title}** ({more}at fault: {fault}). {explanation}\n\n*What to do:* {remedy}\n"
    )
    .unwrap();
}
