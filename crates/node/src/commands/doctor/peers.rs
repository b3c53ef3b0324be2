//! The members' nodes: who answers, as what, and how this machine's clock compares with theirs.

use std::time::{Duration, UNIX_EPOCH};

use alloy::primitives::Address;
use futures::{StreamExt, stream};
use stheno_chain::{Committee, CommitteeMember};
use stheno_protocol::{NodeState, Status};

use super::report::Report;
use crate::clock;

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many are asked at one time.
const AT_ONCE: usize = 32;
/// Readers' requests may be so many seconds ahead of a node's clock, not more.
const MOST_SKEW: u64 = 30;
/// More is worth a look.
const SKEW: u64 = 5;

/// What one member's endpoint said.
struct Peer<'a> {
    member: &'a CommitteeMember,
    said: Result<Said, String>,
}

struct Said {
    status: Status,
    /// Its clock minus this machine's, in seconds, halfway between question and answer.
    skew: Option<i64>,
}

/// Asks every member of the epoch.
pub(super) async fn look(committee: &Committee, identity: Option<Address>, report: &mut Report) {
    let client = match reqwest::Client::builder().timeout(PATIENCE).build() {
        Ok(client) => client,
        Err(error) => {
            report.wrong(
                "peers",
                format_args!("no HTTP client: {error}"),
                "try again",
            );
            return;
        }
    };
    let peers: Vec<Peer<'_>> = stream::iter(&committee.members)
        .map(|member| ask(&client, member))
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut serving = 0;
    for peer in &peers {
        let fault = fault(committee, peer);
        let me = Some(peer.member.identity) == identity;
        match fault {
            None => serving += 1,
            Some(fault) if me => report.wrong(
                "peers",
                format_args!("this node {} at its public endpoint", fault),
                "start it with `run`, and check what stands between it and the world",
            ),
            Some(fault) => report.warn(
                "peers",
                format_args!("node {} {fault}", peer.member.index),
                format_args!("tell its operator {}", peer.member.operator),
            ),
        }
    }
    quorum(serving, peers.len(), committee.threshold, report);
    let skews = peers
        .iter()
        .filter(|peer| Some(peer.member.identity) != identity)
        .filter_map(|peer| peer.said.as_ref().ok()?.skew);
    clock_against(skews.collect(), report);
}

async fn ask<'a>(client: &reqwest::Client, member: &'a CommitteeMember) -> Peer<'a> {
    let said = async {
        let endpoint = member
            .endpoint
            .as_ref()
            .ok_or("has registered no endpoint that can be reached")?;
        let page = endpoint
            .join("v1/status")
            .map_err(|error| format!("has an endpoint without pages: {error}"))?;
        let before = clock::now();
        let silent = |error: reqwest::Error| {
            format!("does not answer at {endpoint}: {}", error.without_url())
        };
        let answer = client.get(page).send().await.map_err(silent)?;
        let after = clock::now();
        let skew = answer
            .headers()
            .get(reqwest::header::DATE)
            .and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok())
            .and_then(|date| date.duration_since(UNIX_EPOCH).ok())
            .and_then(|date| {
                let here = i64::try_from(before.midpoint(after)).ok()?;
                Some(i64::try_from(date.as_secs()).ok()? - here)
            });
        let answer = answer.error_for_status().map_err(silent)?;
        let status = answer
            .json()
            .await
            .map_err(|_| format!("does not answer as a node at {endpoint}"))?;
        Ok(Said { status, skew })
    };
    Peer {
        member,
        said: said.await,
    }
}

/// Why a member's node is none that readers can count on.
fn fault(committee: &Committee, peer: &Peer<'_>) -> Option<String> {
    let status = match &peer.said {
        Ok(said) => &said.status,
        Err(fault) => return Some(fault.clone()),
    };
    if status.network != committee.network {
        return Some(format!("is of another network, {}", status.network));
    }
    if status.state != NodeState::Serving {
        return Some(format!("does not serve: it is {:?}", status.state).to_lowercase());
    }
    let active = committee.epoch;
    // It may have read further than this machine, and it serves the epoch before for a time.
    match status.epochs.iter().find(|served| served.epoch == active) {
        None => Some(format!(
            "serves epoch {}, and {active} is active",
            status.epoch
        )),
        Some(served) if served.node != peer.member.index.get() => Some(format!(
            "calls itself node {} of epoch {active}",
            served.node
        )),
        Some(_) => None,
    }
}

/// How far the committee is from the end.
fn quorum(serving: usize, size: usize, threshold: u16, report: &mut Report) {
    let needed = usize::from(threshold);
    let what = format!("{serving} of {size} nodes serve, {needed} are needed");
    if serving < needed {
        report.wrong(
            "peers",
            format_args!("{what}: nobody can read"),
            "bring nodes back now; tell the other operators",
        );
    } else if serving == needed && serving < size {
        report.warn(
            "peers",
            format_args!("{what}: none may fail"),
            "bring nodes back before another fails; tell the other operators",
        );
    } else if serving == needed + 1 && serving < size {
        report.warn(
            "peers",
            format_args!("{what}: one more may fail"),
            "bring nodes back before others fail; tell the other operators",
        );
    } else {
        report.fine("peers", what);
    }
}

/// The middle of what the peers say, so that one that lies moves nothing.
fn clock_against(mut skews: Vec<i64>, report: &mut Report) {
    skews.sort_unstable();
    let Some(skew) = skews.get(skews.len() / 2).copied() else {
        report.warn(
            "clock",
            "no other node tells its time",
            "compare this machine's clock by hand",
        );
        return;
    };
    let (by, where_to) = match skew {
        0.. => (skew.unsigned_abs(), "behind"),
        _ => (skew.unsigned_abs(), "ahead"),
    };
    let what = format!(
        "this machine is {by} s {where_to}, by the middle of {} other nodes",
        skews.len()
    );
    let hint = "set this machine's clock, and let NTP keep it";
    if by > MOST_SKEW {
        report.wrong("clock", what, hint);
    } else if by > SKEW {
        report.warn("clock", what, hint);
    } else {
        report.fine(
            "clock",
            format_args!(
                "within {SKEW} s of the middle of {} other nodes",
                skews.len()
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quorum_is_a_warning_near_the_threshold_and_wrong_below_it() {
        let found = |serving, size, threshold| {
            let mut report = Report::default();
            quorum(serving, size, threshold, &mut report);
            report.marks()[0].1
        };
        assert_eq!(found(5, 5, 3), "ok");
        assert_eq!(found(4, 5, 3), "warning");
        assert_eq!(found(3, 5, 3), "warning");
        assert_eq!(found(2, 5, 3), "wrong");
        assert_eq!(found(3, 3, 2), "ok");
        assert_eq!(found(3, 3, 3), "ok");
        assert_eq!(found(60, 64, 43), "ok");
        assert_eq!(found(0, 5, 3), "wrong");
    }

    #[test]
    fn clock_is_compared_with_the_middle_of_the_peers() {
        let found = |skews: &[i64]| {
            let mut report = Report::default();
            clock_against(skews.to_vec(), &mut report);
            (report.marks()[0].1, report.in_words())
        };
        assert_eq!(found(&[0, 1, -1, 2]).0, "ok");
        // One that lies does not matter.
        assert_eq!(found(&[0, 9_000, 1]).0, "ok");
        let (state, words) = found(&[40, 41, 39]);
        assert_eq!(state, "wrong");
        assert!(words.contains("40 s behind"), "{words}");
        let (state, words) = found(&[-10, -9, -11]);
        assert_eq!(state, "warning");
        assert!(words.contains("10 s ahead"), "{words}");
        assert_eq!(found(&[]).0, "warning");
    }
}
