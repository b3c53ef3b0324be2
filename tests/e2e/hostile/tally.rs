//! What came of all schedules, and whether they showed anything.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::choice::Way;

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

/// What went wrong, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Safety: something was granted that was not to be.
    WrongGrant,
    /// Nobody lied, and the answer was another than the right one.
    WrongRefusal,
    /// The test asked what it should not ask, or panicked.
    Test,
    /// Liveness: a schedule was not done in its time.
    Stuck,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongGrant => "wrong grant (safety)",
            Self::WrongRefusal => "wrong refusal",
            Self::Test => "fault of the test",
            Self::Stuck => "not done in time (liveness)",
        })
    }
}

/// What came of all requests.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) schedules: u64,
    pub(super) requests: u64,
    pub(super) grants: u64,
    /// Requests to which there was one right answer.
    pub(super) calm: u64,
    /// Requests that were asked again, because of a slow machine or endpoint.
    pub(super) again: u64,
    pub(super) lied_to: u64,
    /// Grants at an anchor that is too old, though not by a final head that a liar showed until a
    /// moment ago.
    pub(super) old_by_lie: u64,
    pub(super) codes: BTreeMap<String, u64>,
    /// Requests and grants by how the anchors were chosen.
    pub(super) ways: BTreeMap<Way, [u64; 2]>,
    pub(super) failures: Vec<(Kind, String)>,
}

impl Tally {
    pub(super) fn count(&mut self, way: Way, code: &str, is_lied_to: bool) {
        let is_granted = code == "ok";
        self.requests += 1;
        self.grants += u64::from(is_granted);
        self.lied_to += u64::from(is_lied_to);
        *self.codes.entry(code.to_owned()).or_default() += 1;
        let of_way = self.ways.entry(way).or_default();
        of_way[0] += 1;
        of_way[1] += u64::from(is_granted);
    }

    /// Whether there is nothing to gain from going on.
    pub(super) fn is_hopeless(&self) -> bool {
        let worst = self.failures.iter().map(|(kind, _)| *kind).min();
        worst.is_some_and(|worst| worst < Kind::Stuck) || self.failures.len() >= 3
    }

    /// Prints it, and fails for every failure, and where too little happened to show anything.
    pub(super) fn conclude(&self, took: Duration, count: u64) {
        eprintln!(
            "schedules: {} in {:.1} s: {} requests, {} granted ({} by a liar's old final head), {} under lies, {} with one \
             right answer, {} asked again\n  answers {:?}\n  requests and grants by choice of anchors {:?}",
            self.schedules,
            took.as_secs_f64(),
            self.requests,
            self.grants,
            self.old_by_lie,
            self.lied_to,
            self.calm,
            self.again,
            self.codes,
            self.ways,
        );
        let failures = self.failures.iter();
        let failures: Vec<_> = failures
            .map(|(kind, words)| format!("{kind}: {words}"))
            .collect();
        assert!(failures.is_empty(), "{}", failures.join("\n"));
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
