//! What was found, line by line.

use std::fmt::{Display, Write};

use serde_json::{Value, json};

/// The lines so far.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Line>);

#[derive(Debug)]
struct Line {
    section: &'static str,
    state: State,
    what: String,
    /// What to do; empty where nothing is to be done.
    hint: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Fine,
    Warning,
    Wrong,
}

impl Report {
    /// All is well.
    pub(super) fn fine(&mut self, section: &'static str, what: impl Display) {
        self.add(section, State::Fine, what, "");
    }

    /// Worth a look before it becomes worse.
    pub(super) fn warn(&mut self, section: &'static str, what: impl Display, hint: impl Display) {
        self.add(section, State::Warning, what, hint);
    }

    /// It keeps the node or its committee from working.
    pub(super) fn wrong(&mut self, section: &'static str, what: impl Display, hint: impl Display) {
        self.add(section, State::Wrong, what, hint);
    }

    fn add(&mut self, section: &'static str, state: State, what: impl Display, hint: impl Display) {
        self.0.push(Line {
            section,
            state,
            what: what.to_string(),
            hint: hint.to_string(),
        });
    }

    pub(super) fn count_wrong(&self) -> usize {
        self.count(State::Wrong)
    }

    fn count(&self, state: State) -> usize {
        self.0.iter().filter(|line| line.state == state).count()
    }

    pub(super) fn in_words(&self) -> String {
        let mut text = String::new();
        for line in &self.0 {
            let mark = match line.state {
                State::Fine => '✓',
                State::Warning => '!',
                State::Wrong => '✗',
            };
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{mark} {:<9} {}", line.section, line.what);
            if !line.hint.is_empty() {
                let _ = writeln!(text, "{:11} → {}", "", line.hint);
            }
        }
        text.pop();
        text
    }

    pub(super) fn to_json(&self) -> Value {
        let lines = self.0.iter().map(|line| {
            json!({
                "section": line.section,
                "state": match line.state {
                    State::Fine => "ok",
                    State::Warning => "warning",
                    State::Wrong => "wrong",
                },
                "what": line.what,
                "hint": (!line.hint.is_empty()).then_some(&line.hint),
            })
        });
        json!({
            "ok": self.count_wrong() == 0,
            "warnings": self.count(State::Warning),
            "wrong": self.count_wrong(),
            "checks": lines.collect::<Vec<Value>>(),
        })
    }

    #[cfg(test)]
    pub(super) fn marks(&self) -> Vec<(&'static str, &'static str)> {
        let mark = |state| match state {
            State::Fine => "ok",
            State::Warning => "warning",
            State::Wrong => "wrong",
        };
        self.0
            .iter()
            .map(|line| (line.section, mark(line.state)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_says_what_to_do_under_each_line_that_is_not_well() {
        let mut report = Report::default();
        report.fine("disk", "12 GiB are free");
        report.warn("peers", "node 3 does not answer", "tell its operator");
        report.wrong("clock", "it is 90 s behind", "set it");
        assert_eq!(
            report.in_words(),
            "✓ disk      12 GiB are free\n\
             ! peers     node 3 does not answer\n            → tell its operator\n\
             ✗ clock     it is 90 s behind\n            → set it"
        );
        let json = report.to_json();
        assert_eq!(json["ok"], false);
        assert_eq!((&json["warnings"], &json["wrong"]), (&json!(1), &json!(1)));
        assert_eq!(json["checks"][0]["hint"], Value::Null);
        assert_eq!(json["checks"][2]["hint"], "set it");
    }
}
