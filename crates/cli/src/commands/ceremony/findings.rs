//! Where the chain says something else than its log.

use serde::Serialize;
use stheno::{
    crypto::{KeyFingerprint, NetworkKey},
    protocol::ceremony::{Outcome, Phase, confirmation_quorum},
};
use stheno_node::ceremony::{End, RecordFault, Report, report::Made};

use super::{audit::Audit, contract::STATES};

/// One contradiction.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// Of what kind: `log`, `transcript`, `state`, `terms`, `outcome`, `quorum`, `key`.
    pub kind: &'static str,
    /// In words.
    pub what: String,
}

/// Everything that contradicts the log; nothing when the chain says what its log gives. The network
/// key must be the pinned one, if one is pinned.
pub(super) fn of(audit: &Audit, pinned: Option<KeyFingerprint>) -> Vec<Finding> {
    let mut found = Findings(Vec::new());
    found.log(audit);
    found.state(audit);
    found.terms(audit);
    if let Some(report) = &audit.report {
        found.outcome(audit, report);
        found.key(audit, pinned);
    }
    found.0
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, kind: &'static str, what: impl ToString) {
        let what = what.to_string();
        self.0.push(Finding { kind, what });
    }

    /// The log itself.
    fn log(&mut self, audit: &Audit) {
        if audit.events == 0 {
            self.add("log", "the log holds no event of this ceremony");
        }
        match audit.record.fault() {
            Some(fault @ RecordFault::Transcript { .. }) => self.add("transcript", fault),
            Some(fault) => self.add("log", fault),
            None => {}
        }
        for event in &audit.passed_over {
            self.add(
                "log",
                format_args!("the log holds {event}; the contract cannot have accepted it"),
            );
        }
    }

    /// How far it came.
    fn state(&mut self, audit: &Audit) {
        let record = &audit.record;
        let by_log = match record.end() {
            Some(End::Active { .. }) => 4,
            Some(End::Failed { .. }) => 5,
            None if record.timetable().is_some() => 3,
            None if record.context().is_some() => 2,
            None if audit.events > 0 => 1,
            None => 0,
        };
        let found = audit.info.state;
        if found != by_log {
            let word = |state: u8| STATES.get(usize::from(state)).unwrap_or(&"unknown");
            self.add(
                "state",
                format_args!(
                    "the contract calls the ceremony `{}`, by its log it is `{}`",
                    word(found),
                    word(by_log)
                ),
            );
        }
    }

    /// What was agreed on beforehand.
    fn terms(&mut self, audit: &Audit) {
        let (record, info) = (&audit.record, &audit.info);
        if let Some(proposal) = record.proposal().filter(|found| *found != info.proposal) {
            self.add(
                "terms",
                format_args!(
                    "the contract's proposal is {}, the log's {proposal}",
                    info.proposal
                ),
            );
        }
        if let Some(context) = record.context().filter(|found| *found != info.context) {
            self.add(
                "terms",
                format_args!(
                    "the contract's context is {}, the log's {context}",
                    info.context
                ),
            );
        }
        let same = record.timetable().is_none_or(|timetable| {
            timetable.opens == info.opens && timetable.closes == info.closes
        });
        // The contract shows extensions at the block that was compared, as the log does.
        if !same {
            self.add("terms", "the contract's timetable is not the log's");
        }
    }

    /// What it came to.
    fn outcome(&mut self, audit: &Audit, report: &Report) {
        if let Some(Made::Broken(why)) = &report.result {
            self.add("outcome", format_args!("the log gives no keys: {why}"));
        }
        let Some(End::Active {
            epoch,
            outcome,
            block,
        }) = audit.record.end()
        else {
            return;
        };
        match &report.result {
            Some(Made::TooFewDealers { needed, qualified }) => self.add(
                "outcome",
                format_args!(
                    "{qualified} dealers count and {needed} are needed for a key, and the chain has \
                     epoch {epoch} of this ceremony"
                ),
            ),
            Some(Made::Keys { outcome: made, .. }) if made != outcome => self.add(
                "outcome",
                format_args!("epoch {epoch} was activated with {}", differs(made, outcome)),
            ),
            None => self.add(
                "outcome",
                format_args!("the log activates epoch {epoch} of a ceremony that never ran"),
            ),
            Some(Made::Keys { .. } | Made::Broken(_)) => {}
        }
        self.quorum(audit, outcome, *block);
        let Some((epoch, info)) = &audit.epoch else {
            self.add(
                "outcome",
                format_args!("the log activates epoch {epoch}, which the contract does not have"),
            );
            return;
        };
        let network_key = NetworkKey::from_eip2537(&outcome.network_key).map(|key| key.to_bytes());
        let same = info.ceremony == audit.number
            && info.qualified == outcome.qualified
            && info.keysRoot == outcome.keys_root
            && Some(info.context) == audit.record.context()
            && network_key.is_ok_and(|key| info.networkKey.as_ref() == key.as_slice());
        if !same {
            self.add(
                "outcome",
                format_args!("the contract has epoch {epoch} otherwise than it was activated"),
            );
        }
    }

    /// Whether enough members wanted it, and the time had come.
    fn quorum(&mut self, audit: &Audit, outcome: &Outcome, block: u64) {
        let Some(terms) = audit.record.terms() else {
            return;
        };
        let size = u16::try_from(terms.members.len()).unwrap_or(u16::MAX);
        let needed = confirmation_quorum(size, terms.threshold);
        let confirmations = audit.record.confirmations().values();
        let count = confirmations
            .filter(|confirmed| confirmed.outcome == *outcome)
            .count();
        if count < usize::from(needed) {
            self.add(
                "quorum",
                format_args!("it was activated with {count} of {needed} confirmations"),
            );
        }
        let early = audit
            .record
            .timetable()
            .is_some_and(|timetable| block < timetable.window(Phase::Confirm).1);
        if early {
            self.add(
                "quorum",
                format_args!("it was activated in block {block}, before Confirm had closed"),
            );
        }
    }

    /// Whether it is the key that it must be.
    fn key(&mut self, audit: &Audit, pinned: Option<KeyFingerprint>) {
        let Some((_, keys)) = audit.keys() else {
            return;
        };
        let fingerprint = keys.network_key.fingerprint();
        if let Some(pinned) = pinned.filter(|pinned| *pinned != fingerprint) {
            self.add(
                "key",
                format_args!(
                    "the ceremony's network key has the fingerprint {fingerprint}, the network \
                     file pins {pinned}"
                ),
            );
        }
    }
}

fn differs(made: &Outcome, activated: &Outcome) -> String {
    let parts = [
        (made.qualified != activated.qualified, "dealers"),
        (made.network_key != activated.network_key, "network key"),
        (made.keys_root != activated.keys_root, "node keys"),
    ];
    let others: Vec<&str> = parts
        .iter()
        .filter_map(|(differs, what)| differs.then_some(*what))
        .collect();
    format!("other {} than its log gives", others.join(", "))
}
