//! Files stay readable, and nothing is left for later.

use crate::assert_none;
use crate::sources::{Source, everything};

/// Most lines of a file, its unit tests not counted.
const MOST_LINES: usize = 500;
/// Words of unfinished work; in comments, too. In two pieces, since this file is looked at as well.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X:"),
    concat!("unimpl", "emented!("),
    concat!("to", "do!("),
    concat!("db", "g!("),
];
/// Names that say nothing.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "common", "manager", "misc"];

/// Names that a trait of another crate gives: cipher's.
const THEIRS: &[&str] = &["fn get_block_pos("];

fn faults(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        let lines = source.product().lines().count();
        if lines > MOST_LINES {
            faults.push(source.fault(lines, &format!("{lines} lines, {MOST_LINES} are enough")));
        }
        for (number, line) in source.text.lines().enumerate() {
            for word in UNFINISHED.iter().filter(|word| line.contains(*word)) {
                faults.push(source.fault(number + 1, word));
            }
        }
        let stem = source.path.file_stem().unwrap_or_default();
        if EMPTY_NAMES.iter().any(|name| stem == *name) {
            faults.push(source.fault(1, "a name that says nothing"));
        }
        for (number, line) in source.code() {
            let is_theirs = THEIRS.iter().any(|name| line.contains(name));
            if line.contains("fn get_") && !is_theirs {
                faults.push(source.fault(number, "`get_`: a field is called by its name"));
            }
        }
    }
    faults
}

#[test]
fn sources_are_finished_and_of_readable_length() {
    assert_none(&faults(&everything()));
}

#[test]
fn untidiness_is_found_where_it_is() {
    let long = "fn a() {}\n".repeat(MOST_LINES + 1);
    for (path, text) in [
        ("a.rs", long.as_str()),
        ("a.rs", &format!("// {}: later", UNFINISHED[0])),
        ("a.rs", &format!("    {}\"\")", UNFINISHED[3])),
        ("utils.rs", "fn a() {}"),
        ("a.rs", "    pub fn get_name() {}"),
    ] {
        assert_eq!(faults(&[Source::of(path, text)]).len(), 1, "{path}");
    }
    let tested = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}");
    assert_none(&faults(&[Source::of("a.rs", &tested)]));
}
