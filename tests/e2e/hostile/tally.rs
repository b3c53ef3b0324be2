//! What came of all schedules, and whether they showed anything.

use std::{collections::BTreeMap, time::Duration};

/// How many are enough to judge shares of grants and denials by.
const MANY: u64 = 500;

/// Refusals that must occur among many.
const EXPECTED: [&str; 9] = [
    "condition_not_met",
    "condition_unknown",
    "no_longer_met",
    "not_final_yet",
    "head_unavailable",
    "chain_unavailable",
    "anchor_unknown",
    "anchor_not_final",
    "anchor_too_old",
];

/// What came of all requests.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) schedules: u64,
    pub(super) requests: u64,
    pub(super) grants: u64,
    /// Requests to which there was one right answer.
    pub(super) calm: u64,
    pub(super) lied_to: u64,
    pub(super) codes: BTreeMap<String, u64>,
    pub(super) failures: Vec<String>,
}

impl Tally {
    /// Prints it, and fails for every failure, and where too little happened to show anything.
    pub(super) fn conclude(&self, took: Duration, count: u64) {
        eprintln!(
            "schedules: {} in {:.1} s: {} requests, {} granted, {} under lies, {} with one right answer; {:?}",
            self.schedules,
            took.as_secs_f64(),
            self.requests,
            self.grants,
            self.lied_to,
            self.calm,
            self.codes
        );
        assert!(self.failures.is_empty(), "{}", self.failures.join("\n"));
        assert_eq!(self.schedules, count);
        if count >= MANY {
            // A test that always denies shows nothing.
            assert!(
                self.grants * 10 >= self.requests,
                "fewer than a tenth was granted"
            );
            for code in EXPECTED {
                assert!(self.codes.contains_key(code), "{code} did not occur");
            }
        }
    }
}
