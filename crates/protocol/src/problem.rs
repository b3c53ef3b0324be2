//! Refusals: RFC 9457 problem details with a stable code.

mod code;
mod explained;

pub use code::{Code, UnknownCode};
pub use explained::{Explained, Fault, nearest_code};

use serde::{Deserialize, Serialize};

use crate::LeafReport;

/// A refusal, as a node sends it (`application/problem+json`).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{title}: {detail} ({})", .code.as_str())]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// `urn:stheno:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: Box<str>,
    /// What this code means, in a few words.
    pub title: Box<str>,
    /// HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: Code,
    /// What is wrong this time, in a sentence.
    pub detail: String,
    /// Whether the same reader may succeed with a fresh request and nothing else changed.
    pub retryable: bool,
    /// For `condition_not_met` and its like: the conditions that stand in the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaves: Vec<LeafReport>,
    /// Seconds after which to try again, where the node knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// For `not_final_yet`: blocks until the reader's right is final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks_to_wait: Option<u64>,
}

impl Problem {
    /// A problem with this code; `detail` says what is wrong this time.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:stheno:problem:{}", code.as_str()).into(),
            title: code.title().into(),
            status: code.status(),
            code,
            detail: detail.into(),
            retryable: code.retryable(),
            leaves: Vec::new(),
            retry_after: None,
            blocks_to_wait: None,
        }
    }

    /// Adds the conditions that stand in the way.
    #[must_use]
    pub fn with_leaves(mut self, leaves: Vec<LeafReport>) -> Self {
        self.leaves = leaves;
        self
    }

    /// Adds when to try again.
    #[must_use]
    pub const fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds how many blocks are to be waited.
    #[must_use]
    pub const fn with_blocks_to_wait(mut self, blocks: u64) -> Self {
        self.blocks_to_wait = Some(blocks);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problem_round_trips_with_its_extras() {
        let problem = Problem::new(Code::NotFinalYet, "wait")
            .with_blocks_to_wait(7)
            .with_retry_after(210);
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(json["type"], "urn:stheno:problem:not_final_yet");
        assert_eq!(json["status"], 403);
        assert_eq!(json["retryable"], true);
        assert_eq!(json["blocksToWait"], 7);
        assert_eq!(json["retryAfter"], 210);
        assert!(json.get("leaves").is_none());
        assert_eq!(serde_json::from_value::<Problem>(json).unwrap(), problem);
    }

    #[test]
    fn problem_of_a_newer_node_is_still_understood() {
        let problem: Problem = serde_json::from_str(
            r#"{"type": "urn:x", "title": "T", "status": 418, "code": "teapot", "detail": "D", "retryable": false, "new": 1}"#,
        )
        .unwrap();
        assert_eq!(problem.code, Code::Unrecognized);
        assert_eq!(problem.to_string(), "T: D (unrecognized)");
    }

    #[test]
    fn every_code_is_distinct_and_says_what_it_is_and_what_helps() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL.iter().copied() {
            assert!(seen.insert(code.as_str()), "{code} twice");
            assert_eq!(code.as_str().parse(), Ok(code));
            assert!((400..600).contains(&code.status()), "{code}");
            assert!(!code.title().ends_with('.'), "{code}");
            assert!(code.explanation().ends_with('.'), "{code}");
            assert!(code.remedy().ends_with('.'), "{code}");
            // A server's own trouble passes; a bad request does not by itself.
            if code.status() >= 500 {
                assert!(code.retryable(), "{code}");
            }
        }
    }

    #[test]
    fn unknown_code_names_the_nearest() {
        let error = "condition_not_meet".parse::<Code>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no problem code `condition_not_meet`, did you mean `condition_not_met`?"
        );
        assert_eq!("x".parse::<Code>().unwrap_err().nearest, None);
    }
}
