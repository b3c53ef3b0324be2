use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn path(text: &str) -> SafePath {
    SafePath::new(text).unwrap()
}

fn place(system: FileSystem, naming: Naming, text: &str) -> Result<String, ExtractError> {
    Extraction::new(system, naming).place(&path(text))
}

/// Places all of them, one after the other, in one folder.
fn all(system: FileSystem, naming: Naming, texts: &[&str]) -> Vec<Option<String>> {
    let mut extraction = Extraction::new(system, naming);
    texts
        .iter()
        .map(|text| extraction.place(&path(text)).ok())
        .collect()
}

const STRANGE: [&str; 22] = [
    "CON",
    "con.txt",
    "a/NUL",
    "nul .x",
    "COM1",
    "com9.tar.gz",
    "LPT²",
    "CONIN$",
    "aux",
    "PRN.",
    "a.",
    "a ",
    "a. .",
    "10:30.log",
    "file:stream",
    "<a>",
    "\"a\"",
    "a|b",
    "a?",
    "*",
    "a/b.",
    "...",
];

#[test]
fn name_that_windows_does_not_have_is_refused_there_alone() {
    for text in STRANGE {
        let refused = place(FileSystem::WINDOWS, Naming::AsItStands, text);
        assert!(matches!(refused, Err(ExtractError::Name { .. })), "{text}");
        for system in [FileSystem::LINUX, FileSystem::MACOS] {
            assert_eq!(place(system, Naming::AsItStands, text).unwrap(), text);
        }
    }
    for text in [
        "CONSOLE",
        "com",
        "COM10",
        "LPTx",
        "a.con",
        ".hidden",
        "a b",
        "日本語",
        "100%",
    ] {
        assert_eq!(
            place(FileSystem::WINDOWS, Naming::AsItStands, text).unwrap(),
            text
        );
    }
}

#[test]
fn escaped_name_is_one_that_windows_has_and_says_what_it_stands_for() {
    for (text, written) in [
        ("CON", "%43ON"),
        ("aux.c", "%61ux.c"),
        ("a.", "a%2E"),
        ("a. .", "a. %2E"),
        ("10:30.log", "10%3A30.log"),
        ("100%", "100%25"),
        ("d?/e*", "d%3F/e%2A"),
        ("Größe", "Größe"),
    ] {
        assert_eq!(
            place(FileSystem::WINDOWS, Naming::Escaped, text).unwrap(),
            written
        );
    }
    for text in STRANGE {
        let written = place(FileSystem::WINDOWS, Naming::Escaped, text).unwrap();
        assert!(
            written.split('/').all(|name| trouble(name).is_none()),
            "{written}"
        );
        assert_eq!(restored_name(&written).as_deref(), Some(text));
    }
    for bad in ["%", "%4", "%4G", "%+1", "%FF"] {
        assert_eq!(restored_name(bad), None, "{bad}");
    }
}

#[test]
fn names_that_differ_in_case_alone_clash_where_case_is_folded() {
    let texts = [
        "readme",
        "README",
        "Readme/a",
        "readme.md",
        "STRASSE",
        "straße",
        "ΣΑΣ",
        "σας",
        "STRAẞE",
    ];
    let here = all(FileSystem::LINUX, Naming::AsItStands, &texts);
    assert!(
        here.iter()
            .zip(texts)
            .all(|(found, text)| found.as_deref() == Some(text))
    );
    let there = all(FileSystem::WINDOWS, Naming::AsItStands, &texts);
    let refused: Vec<bool> = there.iter().map(Option::is_none).collect();
    assert_eq!(
        refused,
        [false, true, true, false, false, true, false, true, true]
    );
    let escaped = all(FileSystem::WINDOWS, Naming::Escaped, &texts);
    assert_eq!(escaped[1].as_deref(), Some("%52%45%41%44%4D%45"));
    assert_eq!(escaped[2].as_deref(), Some("%52%65%61%64%6D%65/a"));
    assert_eq!(escaped[5].as_deref(), Some("%73%74%72%61%C3%9F%65"));
}

#[test]
fn names_that_differ_in_normalisation_alone_clash_where_that_is_folded() {
    let texts = [
        "é",
        "e\u{301}",
        "가",
        "\u{1100}\u{1161}",
        ".git",
        ".g\u{200c}it",
    ];
    let refused = |system| {
        let places = all(system, Naming::AsItStands, &texts);
        places.iter().map(Option::is_none).collect::<Vec<_>>()
    };
    assert_eq!(
        refused(FileSystem::MACOS),
        [false, true, false, true, false, true]
    );
    assert_eq!(refused(FileSystem::WINDOWS), [false; 6]);
    let escaped = all(FileSystem::MACOS, Naming::Escaped, &texts);
    assert_eq!(escaped[1].as_deref(), Some("%65%CC%81"));
}

#[test]
fn folders_that_differ_in_case_alone_clash_though_their_files_do_not() {
    let texts = ["Data/a", "data/b", "Data/c"];
    let there = all(FileSystem::MACOS, Naming::AsItStands, &texts);
    assert_eq!(there, [Some("Data/a".into()), None, Some("Data/c".into())]);
    let escaped = all(
        FileSystem::MACOS,
        Naming::Escaped,
        &["DATA/x", "Data/a", "DATA/y", "Data/c"],
    );
    let escaped: Vec<_> = escaped.into_iter().flatten().collect();
    assert_eq!(
        escaped,
        ["DATA/x", "%44%61%74%61/a", "DATA/y", "%44%61%74%61/c"]
    );
}

#[test]
fn same_path_has_the_same_place_again() {
    let mut extraction = Extraction::new(FileSystem::ANY, Naming::Escaped);
    let places: Vec<String> = ["A/b", "a/b", "A/b", "a/b"]
        .map(|text| extraction.place(&path(text)).unwrap())
        .to_vec();
    assert_eq!(places[..2], places[2..]);
    assert_ne!(places[0], places[1]);
}

#[test]
fn name_that_is_too_long_once_escaped_is_refused() {
    let long = "%".repeat(200);
    let refused = place(FileSystem::LINUX, Naming::Escaped, &long);
    assert!(matches!(refused, Err(ExtractError::Name { .. })));
    let (first, second) = ("Ü".repeat(120), "ü".repeat(120));
    let places = all(FileSystem::ANY, Naming::Escaped, &[&first, &second]);
    assert_eq!(places, [Some(first), None]);
}

proptest! {
    #[test]
    fn two_paths_never_have_one_place_and_each_comes_back(
        texts in prop::collection::hash_set("[aAbBéÉß%.: ]{1,4}(/[aAé%:]{1,2})?", 1..40),
    ) {
        for system in [FileSystem::LINUX, FileSystem::MACOS, FileSystem::WINDOWS, FileSystem::ANY] {
            let mut extraction = Extraction::new(system, Naming::Escaped);
            let mut folded = HashSet::new();
            for text in &texts {
                // A point or two are no names.
                let Ok(path) = SafePath::new(text.as_str()) else { continue };
                let placed = extraction.place(&path).unwrap();
                let key = if system.folds_case { extraction.folded(&placed) } else { placed.clone() };
                prop_assert!(folded.insert(key), "{}", placed);
                prop_assert_eq!(restored_name(&placed), Some(text.clone()));
                if system.windows_names {
                    prop_assert!(placed.split('/').all(|name| trouble(name).is_none()), "{}", placed);
                }
            }
        }
    }
}
