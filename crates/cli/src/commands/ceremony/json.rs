//! An audit for scripts.

use alloy::hex;
use serde_json::{Value, json};
use stheno::protocol::ceremony::{CeremonyKind, Phase};
use stheno_node::ceremony::{
    End, Report,
    qualify::Disqualified,
    report::{Made, Side},
};

use super::{audit::Audit, contract::STATES, findings::Finding, text::confirmed};

/// The whole report.
pub(super) fn of(audit: &Audit, findings: &[Finding]) -> Value {
    let (record, locator) = (&audit.record, &audit.locator);
    let terms = record.terms();
    let report = audit.report.as_ref();
    let made = audit.keys();
    let (epoch, activated) = match record.end() {
        Some(End::Active { epoch, block, .. }) => (Some(*epoch), Some(*block)),
        _ => (None, None),
    };
    json!({
        "agrees": findings.is_empty(),
        "network": locator.network().to_string(),
        "chainId": locator.chain_id,
        "contract": locator.contract,
        "committeeId": locator.committee_id,
        "ceremony": audit.number,
        "state": STATES.get(usize::from(audit.info.state)),
        "kind": terms.map(|terms| match terms.kind {
            CeremonyKind::First => "first",
            CeremonyKind::Reshare => "reshare",
        }),
        "threshold": terms.map(|terms| terms.threshold),
        "fromEpoch": record.from_epoch(),
        "epoch": epoch,
        "activatedAt": activated,
        "context": record.context(),
        "transcript": audit.info.transcript,
        "events": audit.events,
        "comparedAt": audit.at.position(),
        "extensions": Phase::ALL.map(|phase| record.extensions(phase)),
        "dealers": report.map(dealers),
        "receivers": report.map(|report| receivers(audit, report)),
        "qualified": made.map(|(outcome, _)| outcome.qualified_dealers().collect::<Vec<_>>()),
        "noKeys": report.and_then(|report| match &report.result {
            Some(Made::TooFewDealers { needed, qualified }) => {
                Some(format!("{qualified} dealers count, {needed} are needed"))
            }
            Some(Made::Broken(why)) => Some(why.clone()),
            Some(Made::Keys { .. }) | None => None,
        }),
        "networkKey": made.map(|(_, keys)| hex::encode_prefixed(keys.network_key.to_bytes())),
        "networkKeyFingerprint": made.map(|(_, keys)| keys.network_key.fingerprint().to_string()),
        "networkKeyUnchanged": made.and_then(|(outcome, _)| {
            Some(record.origin()?.network_key == outcome.network_key)
        }),
        "nodeKeys": made.map(|(_, keys)| {
            let keys = keys.node_keys.iter();
            keys.map(|key| hex::encode_prefixed(key.to_bytes())).collect::<Vec<_>>()
        }),
        "keysRoot": made.map(|(outcome, _)| outcome.keys_root),
        "deviations": report.map(deviations),
        "findings": findings,
    })
}

fn dealers(report: &Report) -> Vec<Value> {
    let rows = report.dealers.iter().map(|row| {
        let counts = report
            .result
            .is_some()
            .then_some(row.disqualified.is_none());
        json!({
            "index": row.index,
            "operator": row.member.operator,
            "identity": row.member.identity,
            "approved": row.approved,
            "dealingHash": row.dealt,
            "accusedBy": row.accused_by,
            "answered": row.answered,
            "counts": counts,
            "why": row.disqualified.as_ref().map(|why| match why {
                Disqualified::Silent => "silent",
                Disqualified::Malformed => "malformed",
                Disqualified::Unanswered { .. } => "unanswered",
                Disqualified::Surplus => "surplus",
            }),
        })
    });
    rows.collect()
}

fn receivers(audit: &Audit, report: &Report) -> Vec<Value> {
    let rows = report.receivers.iter().map(|row| {
        json!({
            "index": row.index,
            "operator": row.member.operator,
            "identity": row.member.identity,
            "postedKey": row.posted_key,
            "accused": row.accused,
            "void": row.void,
            "confirmed": confirmed(audit, report, row),
        })
    });
    rows.collect()
}

fn deviations(report: &Report) -> Vec<Value> {
    let rows = report.deviations.iter().map(|deviation| {
        json!({
            "side": match deviation.side {
                Side::Dealer => "dealer",
                Side::Receiver => "receiver",
            },
            "index": deviation.index,
            "identity": deviation.identity,
            "fault": deviation.fault.name(),
            "what": deviation.fault.to_string(),
        })
    });
    rows.collect()
}
