//! An audit in words.

use std::fmt::Write;

use alloy::hex;
use stheno::protocol::ceremony::{CeremonyKind, Phase};
use stheno_node::ceremony::{
    End, Report,
    qualify::Disqualified,
    report::{Dealer, Fault, Made, Receiver, Side},
};

use super::{audit::Audit, contract::STATES, findings::Finding};

/// The whole report. Writing into a string cannot fail.
pub(super) fn of(audit: &Audit, findings: &[Finding]) -> String {
    let mut text = head(audit);
    if let Some(report) = &audit.report {
        text += &members(audit, report);
    }
    text += "\n";
    if findings.is_empty() {
        text += verdict(audit);
    }
    for finding in findings {
        let _ = writeln!(text, "disagrees: {}", finding.what);
    }
    text
}

fn members(audit: &Audit, report: &Report) -> String {
    let mut text = format!(
        "\n{:<8}  {:<42}  {:<8}  {:<9}  {:<10}  counts\n",
        "dealer", "operator", "approved", "dealt", "complaints"
    );
    for row in &report.dealers {
        text += &dealer(audit, report, row);
    }
    let _ = writeln!(
        text,
        "\n{:<8}  {:<42}  {:<8}  {:<10}  confirmed",
        "receiver", "identity", "key", "complained"
    );
    for row in &report.receivers {
        text += &receiver(audit, report, row);
    }
    if !report.deviations.is_empty() {
        text += "\n";
        for deviation in &report.deviations {
            let side = match deviation.side {
                Side::Dealer => "dealer",
                Side::Receiver => "receiver",
            };
            let _ = writeln!(text, "{side} {} {}", deviation.index, deviation.fault);
        }
    }
    text += &keys(audit, report);
    text
}

/// What was compared, when nothing contradicts.
fn verdict(audit: &Audit) -> &'static str {
    match audit.record.end() {
        Some(End::Active { .. }) => "agrees: the chain has the keys that its log gives\n",
        Some(End::Failed { .. }) => "agrees: the ceremony failed, on the chain as in its log\n",
        None => "agrees so far: the ceremony goes on, on the chain as in its log\n",
    }
}

fn head(audit: &Audit) -> String {
    let (record, locator) = (&audit.record, &audit.locator);
    let mut text = format!(
        "ceremony {} of committee {} of {} on chain {}\n",
        audit.number, locator.committee_id, locator.contract, locator.chain_id
    );
    if let Some(terms) = record.terms() {
        let what = match (terms.kind, record.from_epoch()) {
            (CeremonyKind::Reshare, Some(epoch)) => format!("a reshare of epoch {epoch}"),
            _ => "the first ceremony: a new key".to_owned(),
        };
        let _ = writeln!(
            text,
            "terms     {what}; any {} of {}",
            terms.threshold,
            terms.members.len()
        );
    }
    if let Some(context) = record.context() {
        let _ = writeln!(text, "context   {context}");
    }
    let state = STATES
        .get(usize::from(audit.info.state))
        .unwrap_or(&"unknown");
    let _ = match record.end() {
        Some(End::Active { epoch, block, .. }) => {
            writeln!(text, "state     made epoch {epoch} in block {block}")
        }
        Some(End::Failed { .. }) => writeln!(text, "state     failed"),
        None => writeln!(text, "state     {state}"),
    };
    let _ = writeln!(
        text,
        "log       {} events from block {} on, compared at final block {}",
        audit.events, audit.info.proposedAt, audit.at.number
    );
    let extended: Vec<String> = Phase::ALL
        .into_iter()
        .filter(|phase| record.extensions(*phase) > 0)
        .map(|phase| format!("{phase:?} {} times", record.extensions(phase)))
        .collect();
    if !extended.is_empty() {
        let _ = writeln!(text, "extended  {}", extended.join(", "));
    }
    text
}

fn dealer(audit: &Audit, report: &Report, row: &Dealer) -> String {
    let deviates = |side: Side, name: &str| deviates(report, side, row.index, name);
    let approved = match row.approved {
        true => "yes",
        false => "no",
    };
    let dealt = match row.dealt {
        Some(_) if deviates(Side::Dealer, "malformed_dealing") => "malformed",
        Some(_) => "yes",
        None if audit.record.timetable().is_some() && audit.is_over(Phase::Deal) => "no",
        None => "-",
    };
    let complaints = match row.accused_by.as_slice() {
        [] => "-".to_owned(),
        by => format!("of {}", list(by)),
    };
    let counts = match (&report.result, &row.disqualified) {
        (None, _) => "-",
        (Some(_), None) => "yes",
        (Some(_), Some(Disqualified::Surplus)) => "not needed",
        (Some(_), Some(_)) => "no",
    };
    format!(
        "{:<8}  {:<42}  {approved:<8}  {dealt:<9}  {complaints:<10}  {counts}\n",
        row.index, row.member.operator
    )
}

fn receiver(audit: &Audit, report: &Report, row: &Receiver) -> String {
    let key = match row.posted_key {
        true => "yes",
        false => "no",
    };
    let complained = match row.accused.as_slice() {
        [] => "-".to_owned(),
        accused => format!("of {}", list(accused)),
    };
    format!(
        "{:<8}  {:<42}  {key:<8}  {complained:<10}  {}\n",
        row.index,
        row.member.identity,
        confirmed(audit, report, row)
    )
}

/// In a word or two what a receiver confirmed.
pub(super) fn confirmed(audit: &Audit, report: &Report, row: &Receiver) -> &'static str {
    let over = audit.record.timetable().is_some() && audit.is_over(Phase::Confirm);
    let is = |name: &str| deviates(report, Side::Receiver, row.index, name);
    match row.confirmed {
        None if over => "no",
        None => "-",
        Some(_) if is("other_outcome") => "another outcome",
        Some(_) if is("unproven") => "unproven",
        // Proofs are looked at when Confirm is over.
        Some(_) if !over => "unchecked",
        Some(_) => "yes",
    }
}

fn deviates(report: &Report, side: Side, index: u16, name: &str) -> bool {
    let mut found = report.deviations.iter();
    found.any(|one| one.side == side && one.index == index && Fault::name(&one.fault) == name)
}

fn keys(audit: &Audit, report: &Report) -> String {
    let (outcome, keys) = match &report.result {
        None => return String::new(),
        Some(Made::TooFewDealers { needed, qualified }) => {
            return format!(
                "\nkeys         none: {qualified} dealers count, {needed} are needed\n"
            );
        }
        Some(Made::Broken(why)) => return format!("\nkeys         none: {why}\n"),
        Some(Made::Keys { outcome, keys }) => (outcome, keys),
    };
    let qualified: Vec<u16> = outcome.qualified_dealers().collect();
    let unchanged = match audit.record.origin() {
        Some(_) => ", unchanged by the reshare",
        None => "",
    };
    let mut text = format!("\nqualified    {}\n", list(&qualified));
    let _ = writeln!(
        text,
        "network key  {}\nfingerprint  {}{unchanged}",
        hex::encode_prefixed(keys.network_key.to_bytes()),
        keys.network_key.fingerprint()
    );
    for (index, key) in (1_u16..).zip(&keys.node_keys) {
        let name = format!("X_{index}");
        let _ = writeln!(text, "{name:<11}  {}", hex::encode_prefixed(key.to_bytes()));
    }
    let _ = writeln!(text, "keys root    {}", outcome.keys_root);
    text
}

fn list(indices: &[u16]) -> String {
    let words: Vec<String> = indices.iter().map(u16::to_string).collect();
    words.join(", ")
}
