//! How a command ends badly: the fault, what each node said, the remedy, an exit code.

use std::{fmt, io::ErrorKind, process::ExitCode};

use serde_json::{Value, json};
use stheno::{
    Error, Outcome, Tally,
    ledger::LedgerError,
    protocol::{LeafReport, Truth},
    tally::name,
};

use crate::{devnet::DevnetError, output::OutputError, redacted::redacted};

/// Why a command did not do its work.
#[derive(Debug)]
pub struct Failure {
    code: &'static str,
    fault: String,
    details: Vec<String>,
    hint: Option<String>,
    /// What each node said, or each fault that was found, for scripts: a name and a list.
    more: Option<(&'static str, Box<Value>)>,
    denied: bool,
    /// The command did its work, and this is its verdict.
    verdict: bool,
    /// Nobody reads the output any more: nothing is said.
    unheard: bool,
}

impl Failure {
    /// A fault with a stable code, for scripts.
    pub fn new(code: &'static str, fault: impl fmt::Display) -> Self {
        Self {
            code,
            fault: fault.to_string(),
            details: Vec::new(),
            hint: None,
            more: None,
            denied: false,
            verdict: false,
            unheard: false,
        }
    }

    /// The reader of the output has seen enough, such as `head`: the end is quiet, and the exit
    /// code is the one that a shell gives to a program which SIGPIPE ended.
    fn unheard() -> Self {
        Self {
            unheard: true,
            ..Self::new("output_closed", "nobody reads the output any more")
        }
    }

    /// The same fault, with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string()).filter(|hint| !hint.is_empty());
        self
    }

    /// The same fault, with lines between it and the hint.
    #[must_use]
    pub fn details(mut self, lines: Vec<String>) -> Self {
        self.details = lines;
        self
    }

    /// The same fault, with one more field of its JSON.
    #[must_use]
    pub fn attach(mut self, name: &'static str, value: Value) -> Self {
        self.more = Some((name, Box::new(value)));
        self
    }

    /// Not an error of the command, but what it was asked to find out: exit code 1.
    #[must_use]
    pub fn verdict(mut self) -> Self {
        self.verdict = true;
        self
    }

    /// Says it on stderr: `error:`, then details, then `hint:`; or one JSON object.
    #[allow(clippy::print_stderr, reason = "the one place where failures are told")]
    pub fn report(&self, as_json: bool) -> ExitCode {
        if self.unheard {
            return ExitCode::from(141);
        }
        if as_json {
            eprintln!("{}", redacted(&self.to_json().to_string()));
        } else {
            eprintln!("error: {}", redacted(&self.fault));
            for line in &self.details {
                eprintln!("  {}", redacted(line));
            }
            if let Some(hint) = &self.hint {
                eprintln!("hint: {}", redacted(hint));
            }
        }
        ExitCode::from(if self.denied || self.verdict { 1 } else { 2 })
    }

    fn to_json(&self) -> Value {
        let mut object = json!({
            "error": self.fault,
            "code": self.code,
            "denied": self.denied,
            "hint": self.hint,
        });
        if let (Some((name, value)), Some(object)) = (&self.more, object.as_object_mut()) {
            object.insert((*name).to_owned(), Value::clone(value));
        }
        object
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fault)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = match &error {
            Error::NotFinalYet(_) => {
                format!("{}, or wait longer with --wait SECONDS", error.hint())
            }
            Error::WalletNeeded => {
                "give --keystore FILE, or set STHENO_PRIVATE_KEY, for the account that may read"
                    .to_owned()
            }
            Error::PolicyHidden => {
                "give --policy FILE, the policy that its author handed out".to_owned()
            }
            Error::Ledger(LedgerError::NoEndpoint { chain_id }) => {
                format!("give --rpc URL, an endpoint of chain {chain_id}")
            }
            _ => error.hint(),
        };
        let mut failure = Self::new(error.code(), error.headline()).hint(hint);
        failure.denied = error.is_denial();
        if let Some(tally) = error.tally() {
            failure.details = tally_lines(tally);
            failure.more = Some(("nodes", Box::new(tally_json(tally))));
        }
        failure
    }
}

macro_rules! from_sdk_errors {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::from(Error::from(error))
            }
        }
    )*};
}

from_sdk_errors!(
    stheno::NetworkFileError,
    stheno::PolicyError,
    stheno::WalletError,
    stheno::access::AccessError,
    stheno::group::GroupError,
    stheno::group::GroupContractError,
    stheno::envelope::EnvelopeError,
    stheno::collection::CollectionError,
    stheno::market::MarketError,
    stheno::storage::StorageError,
    stheno::storage::TransferError
);

impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Self {
        let (code, hint) = match &error {
            OutputError::Write { source, .. } if source.kind() == ErrorKind::BrokenPipe => {
                return Self::unheard();
            }
            OutputError::Full { .. } => (
                "disk_full",
                "make room or choose another disk; nothing was kept of it",
            ),
            OutputError::Exists { .. } => (
                "output_exists",
                "give another name, or --force to replace it",
            ),
            OutputError::Directory { .. } => ("output_is_directory", "give a file name in it"),
            OutputError::Terminal => ("output_is_terminal", "give -o FILE, or send it into a pipe"),
            OutputError::Create { .. } => (
                "output_unwritable",
                "check that its directory exists and is yours",
            ),
            OutputError::Write { .. } => ("output_unwritable", "check the disk's space and rights"),
        };
        Self::new(code, error).hint(hint)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        let devnet = error.downcast_ref::<DevnetError>();
        let code = devnet.map_or("failed", DevnetError::code);
        let hint = devnet.and_then(DevnetError::hint);
        Self::new(code, format_args!("{error:#}")).hint(hint.unwrap_or_default())
    }
}

/// What each node said: each distinct refusal once with its conditions, then who failed and how.
pub fn tally_lines(tally: &Tally) -> Vec<String> {
    let mut lines = Vec::new();
    for refusal in tally.refusals() {
        let nodes = name(&refusal.nodes);
        let conditions: Vec<&LeafReport> = refusal.conditions().collect();
        // The conditions below say what the sentence would.
        let problem = match conditions.is_empty() {
            true => refusal.problem.detail.as_str(),
            false => &refusal.problem.title,
        };
        lines.push(format!("{nodes}: {problem} ({})", refusal.problem.code));
        // An older node may not say which conditions stand in the way; then all are shown.
        let blocking: Vec<&LeafReport> = conditions
            .iter()
            .copied()
            .filter(|leaf| leaf.blocking)
            .collect();
        let shown = if blocking.is_empty() {
            conditions
        } else {
            blocking
        };
        lines.extend(
            shown
                .into_iter()
                .map(|leaf| format!("  {}", condition(leaf))),
        );
    }
    lines.extend(tally.failures().map(ToString::to_string));
    lines
}

/// One condition in words: where it stands, what it asks, what was found, what would do.
fn condition(leaf: &LeafReport) -> String {
    let must = match (leaf.negated, leaf.truth) {
        (_, Truth::Unknown) => "could not be told: ",
        (true, _) => "must not hold: ",
        (false, _) => "not met: ",
    };
    let way_out = match leaf.remedy.as_str() {
        "" => String::new(),
        remedy => format!("; to pass: {remedy}"),
    };
    format!(
        "{must}{} – {} (at {}){way_out}",
        leaf.what, leaf.found, leaf.path
    )
}

/// What each node said, for scripts.
pub fn tally_json(tally: &Tally) -> Value {
    let nodes = tally.reports.iter().map(|report| {
        let mut line = json!({
            "node": report.node.get(),
            "endpoint": report.endpoint,
            "outcome": outcome_word(&report.outcome),
        });
        if let Some(line) = line.as_object_mut() {
            match &report.outcome {
                Outcome::Shared | Outcome::Ready | Outcome::NotNeeded => {}
                Outcome::Refused(problem) => {
                    line.insert("problem".to_owned(), json!(problem));
                }
                other => {
                    line.insert("why".to_owned(), json!(other.to_string()));
                }
            }
        }
        line
    });
    nodes.collect()
}

fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Shared => "shared",
        Outcome::Refused(_) => "refused",
        Outcome::Unreachable { .. } => "unreachable",
        Outcome::Silent { .. } => "silent",
        Outcome::Misbehaved(_) => "misbehaved",
        Outcome::Ready => "ready",
        Outcome::NotNeeded => "not_needed",
        _ => "other",
    }
}
