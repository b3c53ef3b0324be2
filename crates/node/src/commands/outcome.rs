//! How a command ends: a result on stdout, or a fault and its remedy on stderr.

use std::{fmt::Display, process::ExitCode};

use serde_json::Value;

/// Why a command did not do its work.
#[derive(Debug)]
pub struct Failure {
    fault: String,
    hint: Option<String>,
    /// The command did its work, and this is its verdict.
    verdict: bool,
    /// Nobody reads the output any more: nothing is said.
    unheard: bool,
}

impl Failure {
    /// The fault alone.
    pub fn new(fault: impl Display) -> Self {
        Self {
            fault: fault.to_string(),
            hint: None,
            verdict: false,
            unheard: false,
        }
    }

    /// The reader of the output has seen enough, such as `head`: the end is quiet, and the exit
    /// code is the one that a shell gives to a program which SIGPIPE ended.
    pub(super) fn unheard() -> Self {
        Self {
            unheard: true,
            ..Self::new("nobody reads the output any more")
        }
    }

    /// Not an error of the command, but what it was asked to find out: exit code 1.
    pub(super) fn verdict(mut self) -> Self {
        self.verdict = true;
        self
    }

    /// The same fault, with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.fault)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

/// Prints results as sentences or as JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Printer {
    json: bool,
}

#[allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the one place where commands speak"
)]
impl Printer {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// A result: `text` for people, `object` with `--json`.
    pub(super) fn result(self, text: impl Display, object: &Value) {
        if self.json {
            println!("{object}");
        } else {
            println!("{text}");
        }
    }

    /// What a person should know meanwhile.
    pub(super) fn note(self, text: impl Display) {
        eprintln!("{text}");
    }

    pub(super) fn fail(self, failure: &Failure) -> ExitCode {
        if failure.unheard {
            return ExitCode::from(141);
        }
        if self.json {
            let object = serde_json::json!({ "error": failure.fault, "hint": failure.hint });
            eprintln!("{object}");
        } else {
            eprintln!("error: {}", failure.fault);
            if let Some(hint) = &failure.hint {
                eprintln!("hint: {hint}");
            }
        }
        ExitCode::from(if failure.verdict { 1 } else { 2 })
    }
}
