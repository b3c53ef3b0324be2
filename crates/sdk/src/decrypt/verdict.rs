//! What a round without success means: an end, or patience.

use stheno_protocol::Code;

use crate::{Error, tally::Tally};

/// What a round without success means.
pub(super) enum Verdict {
    Final(Error),
    Later(Error, Later),
}

impl Verdict {
    /// Whether too few nodes serve this epoch, so that the one before may be the one that serves:
    /// at once, or in a while as far as they say that they serve `elsewhere`.
    pub(super) fn is_for_want_of_nodes(&self, elsewhere: bool) -> bool {
        match self {
            Self::Final(error) => matches!(error, Error::TooFewNodes(_)),
            Self::Later(error, _) => elsewhere && matches!(error, Error::TooFewNodes(_)),
        }
    }

    pub(super) fn is_denial(&self) -> bool {
        matches!(self, Self::Final(error) if error.is_denial())
    }
}

/// Why and for how long to wait.
pub(super) struct Later {
    pub(super) why: String,
    /// Seconds, where a node said how many.
    pub(super) pause: Option<u64>,
    pub(super) for_finality: bool,
    /// Nodes serve another epoch than this reader's chain has: one of them is a moment behind.
    pub(super) for_epoch: bool,
    /// The most that a node wants to see final first.
    pub(super) blocks: Option<u64>,
}

/// Denied when so many nodes deny that the others cannot make up a threshold; later when those
/// that ask for patience could.
pub(super) fn verdict(tally: Tally) -> Verdict {
    let tally = Box::new(tally);
    let threshold = usize::from(tally.threshold);
    let beyond = tally.total().saturating_sub(threshold);
    let codes = tally.codes();
    let for_finality = codes.contains(&Code::NotFinalYet);
    // A node that lags by a block still denies what another already sees at its head.
    let may_come =
        tally.shared() + tally.deferred() + if for_finality { tally.denied() } else { 0 };
    if may_come >= threshold && tally.deferred() > 0 {
        let refusals = tally.refusals();
        let blocks = refusals
            .iter()
            .filter_map(|refusal| refusal.problem.blocks_to_wait);
        let blocks = blocks.max();
        let first = refusals
            .into_iter()
            .find(|refusal| refusal.problem.retryable);
        let later = Later {
            why: first
                .as_ref()
                .map(|refusal| refusal.problem.detail.clone())
                .unwrap_or_default(),
            pause: first.and_then(|refusal| refusal.problem.retry_after),
            for_finality,
            for_epoch: codes.contains(&Code::WrongEpoch),
            blocks,
        };
        let error = match for_finality {
            true => Error::NotFinalYet(tally),
            false => Error::TooFewNodes(tally),
        };
        return Verdict::Later(error, later);
    }
    Verdict::Final(if tally.denied() > beyond {
        Error::Denied(tally)
    } else if tally.refused() > beyond {
        Error::Refused(tally)
    } else {
        Error::TooFewNodes(tally)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::{NodeReport, Outcome};
    use stheno_crypto::NodeIndex;
    use stheno_protocol::Problem;

    fn tally(threshold: u16, outcomes: Vec<Outcome>) -> Tally {
        let reports = outcomes
            .into_iter()
            .zip(1..)
            .map(|(outcome, index)| NodeReport {
                node: NodeIndex::new(index).unwrap(),
                endpoint: String::new(),
                outcome,
            });
        Tally {
            threshold,
            reports: reports.collect(),
        }
    }

    fn says(code: Code) -> Outcome {
        Outcome::Refused(Box::new(Problem::new(code, "because")))
    }

    fn down() -> Outcome {
        Outcome::Unreachable {
            why: "connection refused".to_owned(),
        }
    }

    fn error(threshold: u16, outcomes: Vec<Outcome>) -> Error {
        match verdict(tally(threshold, outcomes)) {
            Verdict::Final(error) => error,
            Verdict::Later(..) => panic!("not final"),
        }
    }

    #[test]
    fn verdict_is_denied_when_the_other_nodes_cannot_make_up_a_threshold() {
        let deny = || says(Code::ConditionNotMet);
        assert!(error(3, vec![deny(), deny(), deny(), down(), down()]).is_denial());
        let few = error(3, vec![deny(), deny(), down(), down(), down()]);
        assert!(matches!(few, Error::TooFewNodes(_)), "{few}");
        let words = few.to_string();
        assert!(
            words.contains("0 of 5 nodes gave a share, 3 are needed (2 answered)"),
            "{words}"
        );
        assert!(
            words.contains("nodes 1 and 2 refused") && words.contains("node 5"),
            "{words}"
        );
    }

    #[test]
    fn verdict_is_a_refusal_when_the_request_itself_is_refused() {
        let bad = || says(Code::SignatureInvalid);
        let error = error(3, vec![bad(), bad(), bad(), bad(), down()]);
        assert!(
            matches!(error, Error::Refused(_)) && !error.is_denial(),
            "{error}"
        );
        assert_eq!(error.code(), "signature_invalid");
    }

    #[test]
    fn verdict_is_later_when_patience_can_make_up_a_threshold() {
        let later = || says(Code::NotFinalYet);
        let outcomes = vec![
            later(),
            says(Code::ConditionNotMet),
            says(Code::ConditionNotMet),
        ];
        let Verdict::Later(error, later) = verdict(tally(2, outcomes)) else {
            panic!("final")
        };
        assert!(later.for_finality && matches!(error, Error::NotFinalYet(_)));

        let outcomes = vec![says(Code::Busy), Outcome::Shared, down()];
        let Verdict::Later(error, later) = verdict(tally(2, outcomes)) else {
            panic!("final")
        };
        assert!(!later.for_finality && matches!(error, Error::TooFewNodes(_)));

        let outcomes = vec![says(Code::Busy), down(), down()];
        assert!(matches!(
            verdict(tally(2, outcomes)),
            Verdict::Final(Error::TooFewNodes(_))
        ));
    }
}
