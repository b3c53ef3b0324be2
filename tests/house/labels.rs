//! Domain separation tags are unique and prefix-free, and each crate's stand in one place.

use std::collections::BTreeMap;

use crate::assert_none;
use crate::sources::{CRATES, Source, sources};

/// How our tags begin, and the files that may spell them.
const BEGINNINGS: &[(&str, &[&str])] = &[
    ("\"STHENO-V1-", &["labels.rs"]),
    ("b\"stheno-node vault", &["sealing.rs", "keying.rs"]),
    ("b\"stheno sealed", &["sealing.rs"]),
    ("b\"stheno-node backup", &["sealing.rs"]),
    ("b\"stheno backup", &["file.rs"]),
    ("b\"stheno-node recovery", &["recovery.rs"]),
];

/// Every tag in a file: what the macro of crypto's `labels.rs` makes, and what stands written out.
fn tags(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (_, line) in source.code() {
        if let Some(text) = line
            .trim_start()
            .strip_prefix(|c: char| c.is_ascii_uppercase())
            && source.is_called("labels.rs")
            && let Some((_, text)) = text.split_once(" = \"")
            && let Some(text) = text.strip_suffix("\";")
        {
            found.push(format!("STHENO-V1-{text}"));
        }
        for (beginning, _) in BEGINNINGS {
            let start = beginning.trim_start_matches('b').trim_start_matches('"');
            let spelled = line.split_once(beginning).map(|(_, rest)| rest);
            let text = spelled.and_then(|rest| rest.split_once('"'));
            match text {
                // The macro's own prefix is no tag.
                Some(("", _)) | None => {}
                Some((text, _)) => found.push(format!("{start}{text}")),
            }
        }
    }
    found
}

fn clashes(tags: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, tag) in tags.iter().enumerate() {
        for (other_at, other) in tags.iter().enumerate() {
            if at != other_at && other.starts_with(tag.as_str()) {
                faults.push(format!("{tag} is a prefix of {other}, or equal"));
            }
        }
    }
    faults
}

fn strays(all: &[Source]) -> Vec<String> {
    let spelled = |(beginning, homes): &(&str, &[&str])| -> Vec<String> {
        all.iter()
            .filter(|source| !homes.iter().any(|home| source.is_called(home)))
            .flat_map(|source| source.lines_with(&[*beginning]))
            .collect()
    };
    BEGINNINGS.iter().flat_map(spelled).collect()
}

#[test]
fn tags_are_unique_and_prefix_free_across_crates() {
    let mut by_crate: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut all = Vec::new();
    for name in CRATES {
        let found: Vec<String> = sources(&[name]).iter().flat_map(tags).collect();
        all.extend(found.clone());
        by_crate.insert(name, found);
    }
    assert!(by_crate["crypto"].len() >= 17, "{by_crate:?}");
    assert!(!by_crate["envelope"].is_empty(), "{by_crate:?}");
    assert_eq!(by_crate["protocol"].len(), 3, "{by_crate:?}");
    assert!(by_crate["node"].len() >= 3, "{by_crate:?}");
    assert_none(&clashes(&all));
}

#[test]
fn tags_are_spelled_in_their_home_alone() {
    assert_none(&strays(&sources(CRATES)));
}

#[test]
fn tags_that_clash_or_stray_are_found() {
    let text = "labels! {\n    A = \"SEAL\";\n    /// doc\n    B = \"SEAL-KEK\";\n}";
    let tags = tags(&Source::of("labels.rs", text));
    assert_eq!(tags, ["STHENO-V1-SEAL", "STHENO-V1-SEAL-KEK"]);
    assert_eq!(clashes(&tags).len(), 1);
    assert_eq!(clashes(&["a".to_owned(), "a".to_owned()]).len(), 2);
    assert_none(&clashes(&["ab".to_owned(), "ac".to_owned()]));
    let stray = [Source::of("other.rs", "let tag = \"STHENO-V1-X\";")];
    assert_eq!(strays(&stray).len(), 1);
    let written = "pub(crate) const T: &str = \"STHENO-V1-KEY-COMMITMENT\";";
    let written = super::labels::tags(&Source::of("labels.rs", written));
    assert_eq!(written, ["STHENO-V1-KEY-COMMITMENT"]);
}
