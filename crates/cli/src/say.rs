//! Results: text for people or one JSON object, on stdout unless that carries data.

use std::io::{self, Write};

use serde_json::Value;

/// Says a result on stdout; with `--json` the object instead of the text.
pub fn result(as_json: bool, text: &str, object: &Value) {
    write(&mut io::stdout(), as_json, text, object);
}

/// Says a result on stderr, for when stdout carries the data itself. Without `--json`: nothing.
pub fn beside_data(as_json: bool, object: &Value) {
    if as_json {
        write(&mut io::stderr(), true, "", object);
    }
}

/// A line on stderr.
pub fn note(text: &str) {
    // Nobody is left to tell when stderr is gone.
    let _ = writeln!(io::stderr(), "{text}");
}

fn write(to: &mut impl Write, as_json: bool, text: &str, object: &Value) {
    let text = if as_json {
        object.to_string()
    } else {
        text.trim_end().to_owned()
    };
    // A reader that has seen enough, such as `head`, is no failure.
    let _ = writeln!(to, "{text}");
}
