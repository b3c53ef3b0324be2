//! The text that the checks look at.

use std::fs;
use std::path::{Path, PathBuf};

/// Every crate that is part of the product, by folder.
pub(crate) const CRATES: &[&str] = &[
    "crypto", "envelope", "protocol", "circuits", "prover", "chain", "node", "sdk", "cli",
];

/// Those that stand beside `crates`, not in it.
const BESIDE: &[&str] = &["circuits"];

/// Files that are tests alone.
const TEST_MODULES: &[&str] = &["tests", "differential", "vectors", "frozen", "board"];

/// A source file.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Source {
    /// For the checks of the checks.
    pub(crate) fn of(path: &str, text: &str) -> Self {
        Self {
            path: path.into(),
            text: text.to_owned(),
        }
    }

    /// The file up to its unit tests.
    pub(crate) fn product(&self) -> &str {
        self.text
            .split("#[cfg(test)]\nmod tests")
            .next()
            .unwrap_or(&self.text)
    }

    /// Its lines of code up to its unit tests, with their numbers.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.product().lines().enumerate();
        lines
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(number, line)| (number + 1, line))
    }

    /// Every line of code with one of these words.
    pub(crate) fn lines_with(&self, words: &[&str]) -> Vec<String> {
        self.code()
            .flat_map(|(number, line)| {
                let found = words.iter().filter(|word| line.contains(*word));
                found
                    .map(move |word| self.fault(number, word))
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    pub(crate) fn fault(&self, line: usize, what: &str) -> String {
        let root = root().canonicalize().unwrap_or_default();
        let path = self.path.canonicalize().unwrap_or(self.path.clone());
        let shown = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .display()
            .to_string();
        format!("{shown}:{line}: {what}")
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.path.file_name().is_some_and(|found| found == name)
    }
}

/// The sources of these crates, without files that are tests alone.
pub(crate) fn sources(crates: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for name in crates {
        let before = found.len();
        let beside = BESIDE.contains(name);
        let folder = root().join(if beside { "." } else { "crates" });
        walk(&folder.join(name).join("src"), "rs", &mut found);
        assert!(found.len() > before, "no sources in {name}");
    }
    found
}

/// The product's sources, Rust and Solidity.
pub(crate) fn everything() -> Vec<Source> {
    let mut found = sources(CRATES);
    walk(&root().join("fuzz/src"), "rs", &mut found);
    walk(&root().join("contracts/src"), "sol", &mut found);
    found
}

fn walk(folder: &Path, end: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let named = |names: &[&str]| {
            path.file_stem()
                .is_some_and(|stem| names.iter().any(|name| stem == *name))
        };
        if path.is_dir() {
            if !named(&["tests"]) {
                walk(&path, end, found);
            }
        } else if path.extension().is_some_and(|found| found == end) && !named(TEST_MODULES) {
            let text = fs::read_to_string(&path).unwrap();
            found.push(Source { path, text });
        }
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn product_ends_where_unit_tests_begin() {
    let source = Source::of(
        "a.rs",
        "fn a() {}\n// fs\n#[cfg(test)]\nmod tests {\n    fs\n}\n",
    );
    assert_eq!(source.code().collect::<Vec<_>>(), [(1, "fn a() {}")]);
    assert!(source.lines_with(&["fs"]).is_empty());
    assert_eq!(source.lines_with(&["fn a"]), ["a.rs:1: fn a"]);
}
