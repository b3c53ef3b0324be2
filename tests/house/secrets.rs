//! Secrets are neither copied nor serialised nor printed.
//!
//! Which types are secret is found out: those that hold wiped bytes, a secret scalar or a private
//! key. Those that hold such a type inside another one are listed.

use std::collections::BTreeMap;

use crate::assert_none;
use crate::sources::{CRATES, Source, sources};

/// What a type that is secret by itself holds.
const MATTER: &[&str] = &[
    "Zeroizing<",
    "SecretScalar",
    "StaticSecret",
    "PrivateKeySigner",
    "::PrivateKey",
];
/// What only leads to a secret: references, and channels that one comes through.
const LEADS: &[&str] = &["&", "Sender<", "Receiver<", "Answer<"];

/// Types that are known to be secret; should one of them not be found, the search is wrong.
const KNOWN: &[&str] = &[
    "AskingKey",
    "Attributes",
    "Cek",
    "CeremonySecret",
    "Credential",
    "DealerSeed",
    "DealtShare",
    "HeldShare",
    "IdentityKey",
    "ItemKey",
    "Kek",
    "KeyShare",
    "MemberKey",
    "ReaderSecret",
    "SealSecret",
    "SealingKey",
    "Secret",
    "SecretScalar",
    "SharedKey",
    "UnlockSecret",
    "Vault",
    "Wallet",
    "Witness",
    "X25519Secret",
];

/// Secrets that may be cloned, each for a reason.
const CLONED: &[(&str, &str)] = &[
    (
        "SecretScalar",
        "inside crypto alone, where a share is made of its parts",
    ),
    (
        "IdentityKey",
        "signers of transactions and of receipts each hold it",
    ),
    ("Wallet", "an application hands it to several clients"),
];

/// A type's definition.
struct Definition<'a> {
    name: &'a str,
    line: usize,
    derives: Vec<&'a str>,
    body: String,
    source: &'a Source,
}

impl Definition<'_> {
    /// Whether it owns secret matter.
    fn is_matter(&self) -> bool {
        let leads = |line: &str| LEADS.iter().any(|lead| line.contains(lead));
        let mut owned = self.body.lines().filter(|line| !leads(line));
        owned.any(|line| MATTER.iter().any(|matter| line.contains(matter)))
    }
}

/// Every struct and enum of a file, up to its unit tests.
fn definitions(source: &Source) -> Vec<Definition<'_>> {
    let lines: Vec<&str> = source.product().lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let mut words = line.trim_start().split(' ').skip_while(|word| {
            word.starts_with("pub") || word.starts_with("in") || word.ends_with(')')
        });
        let Some("struct" | "enum") = words.next() else {
            continue;
        };
        let name = words.next().unwrap_or_default();
        let name = name
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .next()
            .unwrap_or_default();
        let indent = line.len() - line.trim_start().len();
        let ends = |line: &&&str| {
            line.trim_end().ends_with(';') || **line == format!("{}}}", " ".repeat(indent))
        };
        let length = lines[at..].iter().position(|line| ends(&line)).unwrap_or(0);
        let attributes = lines[..at]
            .iter()
            .rev()
            .take_while(|line| line.trim_start().starts_with(['#', '/']))
            .filter_map(|line| line.trim().strip_prefix("#[derive(")?.strip_suffix(")]"));
        let body: Vec<&str> = lines[at..=at + length]
            .iter()
            .filter(|line| !line.trim_start().starts_with("//"))
            .copied()
            .collect();
        found.push(Definition {
            name,
            line: at + 1,
            derives: attributes
                .flat_map(|list| list.split(',').map(str::trim))
                .collect(),
            // Without its own name, which stands in it, too.
            body: body.join("\n").replacen(name, "", 1),
            source,
        });
    }
    found
}

/// Definitions that hold secret matter, and those that are known to hold it inside another type.
fn secret<'a, 'd>(all: &'d [Definition<'a>]) -> BTreeMap<&'a str, &'d Definition<'a>> {
    all.iter()
        .filter(|definition| definition.is_matter() || KNOWN.contains(&definition.name))
        .map(|definition| (definition.name, definition))
        .collect()
}

fn faults(all: &[Source]) -> Vec<String> {
    let definitions: Vec<_> = all.iter().flat_map(definitions).collect();
    let secret = secret(&definitions);
    let mut faults = Vec::new();
    for (name, definition) in &secret {
        let mut fault = |what: String| {
            faults.push(
                definition
                    .source
                    .fault(definition.line, &format!("{name} {what}")),
            );
        };
        for derived in &definition.derives {
            let forbidden = match *derived {
                "Copy" | "Serialize" | "Deserialize" | "Display" => true,
                "Clone" => !CLONED.iter().any(|(cloned, _)| cloned == name),
                // What holds secrets inside types that print themselves redacted may.
                "Debug" => definition.is_matter() && !definition.body.contains("SecretScalar"),
                _ => false,
            };
            if forbidden {
                fault(format!("derives {derived}"));
            }
        }
        for source in all {
            for (implemented, trait_name) in ["Copy", "Serialize", "Display", "Debug"]
                .into_iter()
                .filter_map(|name_of| {
                    let head = format!("{name_of} for {name} {{");
                    Some((source.product().split_once(&head)?.1, name_of))
                })
            {
                let body = implemented.split("\n}").next().unwrap_or_default();
                if trait_name != "Debug" {
                    fault(format!("implements {trait_name}"));
                } else if !body.contains("<redacted>") {
                    fault("prints itself without <redacted>".to_owned());
                }
            }
        }
    }
    faults
}

#[test]
fn secret_types_are_neither_copied_nor_serialised_nor_printed() {
    assert_none(&faults(&sources(CRATES)));
}

#[test]
fn secret_types_are_found() {
    let all = sources(CRATES);
    let definitions: Vec<_> = all.iter().flat_map(definitions).collect();
    let found = secret(&definitions);
    for known in KNOWN {
        assert!(
            found.contains_key(known),
            "{known} is not taken for a secret"
        );
    }
    for (cloned, _) in CLONED {
        assert!(found.contains_key(cloned), "{cloned} is no secret");
    }
    assert!(found.len() < 40, "{:?}", found.keys());
}

#[test]
fn secret_that_leaks_is_found() {
    let fault = |text: &str| faults(&[Source::of("bad.rs", text)]);
    let leaks = [
        (
            "#[derive(Clone)]\npub struct A(Zeroizing<[u8; 32]>);",
            "A derives Clone",
        ),
        (
            "#[derive(Debug)]\nstruct A {\n    a: Zeroizing<Vec<u8>>,\n}",
            "A derives Debug",
        ),
        (
            "#[derive(\n#[derive(Eq, Serialize)]\npub(crate) enum A {\n    B(Zeroizing<String>),\n}",
            "A derives Serialize",
        ),
        (
            "struct A(Zeroizing<u8>);\nimpl fmt::Debug for A {\n    f(\"{}\", self.0)\n}",
            "without <redacted>",
        ),
        (
            "struct A(Zeroizing<u8>);\nimpl fmt::Display for A {\n}",
            "A implements Display",
        ),
        (
            "#[derive(Copy)]\nstruct Vault {\n    a: A,\n}",
            "Vault derives Copy",
        ),
    ];
    for (text, expected) in leaks {
        let found = fault(text);
        assert!(
            found.iter().any(|fault| fault.contains(expected)),
            "{expected}: {found:?}"
        );
    }
    let fine = "#[derive(Debug)]\nstruct B {\n    a: A,\n}\nstruct A(Zeroizing<u8>);\n\
        impl fmt::Debug for A {\n    f.write_str(\"A(<redacted>)\")\n}\n\
        #[derive(Clone, Debug)]\nstruct C<'a>(\n    &'a A,\n);";
    assert_none(&fault(fine));
}
