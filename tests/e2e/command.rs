//! Running `stheno` as a person would, and what came of it.

use std::{
    ffi::OsStr,
    process::{Output, Stdio},
    time::Duration,
};

use tokio::process::Command;

use crate::stage::STHENO;

/// How long one command may take.
const PATIENCE: Duration = Duration::from_secs(100);

/// `stheno` with arguments, and nothing of the tester's own settings.
pub(crate) fn stheno<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(STHENO);
    for (name, _) in std::env::vars_os() {
        let ours = name.to_string_lossy().starts_with("STHENO_");
        if ours && name != "STHENO_ANVIL" {
            command.env_remove(name);
        }
    }
    command.args(args).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// What a command that ended had to say.
#[derive(Debug)]
pub(crate) struct Said {
    /// Its exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it told.
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) async fn run(command: &mut Command) -> Said {
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    Said::from(output.expect("the command ends in time").unwrap())
}

/// A text in what a command printed.
pub(crate) fn text(value: &serde_json::Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("{value}")).to_owned()
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Said {
    /// The one JSON object that it printed.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// Insists that it succeeded.
    pub(crate) fn expect_done(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Insists on an error with this exit code that mentions all of `words`, and does not ramble.
    pub(crate) fn expect_error(&self, code: i32, words: &[&str]) -> &Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.stderr.starts_with("error: "), "{self:?}");
        for word in words {
            let found = self.stderr.to_lowercase().contains(&word.to_lowercase());
            assert!(found, "no `{word}` in: {}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        self
    }

    /// Insists on a second line that tells what to do.
    pub(crate) fn expect_hint(&self) -> &Self {
        let hinted = self.stderr.lines().any(|line| line.starts_with("hint: "));
        assert!(hinted, "no hint in: {}", self.stderr);
        self
    }
}
