//! Every chain: each endpoint alone, and what they say together.

use std::time::Duration;

use futures::future::join_all;
use stheno_chain::{
    Block, Chain, ChainConfig, ChainError, HttpOptions, MAX_HEAD_AGE, endpoint_label,
};
use url::Url;

use super::report::Report;
use crate::{Config, clock, config::ChainSection};

/// So many seconds of block time an endpoint may be behind the best one.
const LAG: u64 = 120;
/// So far ahead of this machine's clock a block may be.
const LEAD: u64 = 30;

/// What one endpoint said.
struct Probe {
    label: String,
    seen: Result<Seen, ChainError>,
}

struct Seen {
    chain: Chain,
    finalized: Block,
    head: Block,
}

/// Looks at all chains; gives the committee's own, if it can be read.
pub(super) async fn look(config: &Config, report: &mut Report) -> Option<Chain> {
    let mut home = None;
    for section in &config.chains {
        let probes = join_all(section.rpc.iter().map(|url| probe(section, url))).await;
        endpoints(section, &probes, report).await;
        let together = Chain::connect(section.chain_config(), options(section)).await;
        match together {
            Ok(chain) => {
                heads(&chain, report).await;
                if chain.id() == config.network.chain_id {
                    home = Some(chain);
                }
            }
            Err(error) => report.wrong(
                "chain",
                error,
                "mend or replace the endpoints; a quorum that falls short denies every request",
            ),
        }
    }
    home
}

fn options(section: &ChainSection) -> HttpOptions {
    HttpOptions {
        timeout: Duration::from_millis(section.answer_ms),
        ..HttpOptions::default()
    }
}

async fn probe(section: &ChainSection, url: &Url) -> Probe {
    let seen = async {
        let mut config = ChainConfig::new(section.chain_id, vec![url.clone()]);
        config.finality = section.finality;
        let chain = Chain::connect(config, options(section)).await?;
        let (finalized, head) = futures::try_join!(chain.final_head(), chain.head())?;
        Ok(Seen {
            chain,
            finalized,
            head,
        })
    };
    Probe {
        label: endpoint_label(url),
        seen: seen.await,
    }
}

/// One by one: reachable, of this chain, not behind, of one mind.
async fn endpoints(section: &ChainSection, probes: &[Probe], report: &mut Report) {
    let id = section.chain_id;
    let seen = || probes.iter().filter_map(|probe| probe.seen.as_ref().ok());
    let newest = seen().map(|seen| seen.head.time).max().unwrap_or(0);
    let common = seen()
        .map(|seen| seen.finalized)
        .min_by_key(|block| block.number);
    for probe in probes {
        let label = &probe.label;
        let seen = match &probe.seen {
            Ok(seen) => seen,
            Err(error @ ChainError::WrongChain { .. }) => {
                report.wrong(
                    "chain",
                    error,
                    format_args!("correct the rpc list of chain {id}"),
                );
                continue;
            }
            Err(error) => {
                report.warn(
                    "chain",
                    format_args!("{label} of chain {id} cannot be read: {error}"),
                    "try it by hand; replace it if it stays so",
                );
                continue;
            }
        };
        if let Some(common) = common {
            let there = seen.chain.block_at(common.number).await;
            if !matches!(&there, Ok(Some(block)) if block.hash == common.hash) {
                report.wrong(
                    "chain",
                    format_args!(
                        "{label} has another block {} of chain {id} than the others hold final",
                        common.number
                    ),
                    "one of them lies or is on a fork: compare with a block explorer, and replace it",
                );
                continue;
            }
        }
        let behind = newest.saturating_sub(seen.head.time);
        let what = format!(
            "{label} of chain {id}: head {}, final {}",
            seen.head.number, seen.finalized.number
        );
        if behind > LAG {
            report.warn(
                "chain",
                format_args!("{what}; {behind} s behind the best"),
                "replace it if it stays behind: every answer waits for enough of them",
            );
        } else {
            report.fine("chain", what);
        }
    }
    if probes.len() == 1 {
        report.warn(
            "chain",
            format_args!("chain {id} is read through one endpoint alone"),
            "add endpoints of other operators to its `rpc`: whoever runs this one can lie to the node",
        );
    }
}

/// Together: how old the final head is, and the clock against the newest block.
async fn heads(chain: &Chain, report: &mut Report) {
    let id = chain.id();
    let (finalized, head) = match futures::try_join!(chain.final_head(), chain.head()) {
        Ok(heads) => heads,
        Err(error) => {
            report.wrong(
                "chain",
                error,
                "mend or replace the endpoints; a quorum that falls short denies every request",
            );
            return;
        }
    };
    ages(id, clock::now(), finalized.time, head.time, report);
}

fn ages(id: u64, now: u64, finalized: u64, head: u64, report: &mut Report) {
    let age = now.saturating_sub(finalized);
    let what = format!("the final head of chain {id} is {age} s old");
    if age > MAX_HEAD_AGE {
        report.wrong(
            "chain",
            what,
            "finality has stalled, the endpoints lag, or this machine's clock is ahead",
        );
    } else if age > MAX_HEAD_AGE * 3 / 4 {
        report.warn(
            "chain",
            format_args!("{what}; above {MAX_HEAD_AGE} s the node stops"),
            "see whether the chain's finality lags elsewhere, too",
        );
    } else {
        report.fine("chain", what);
    }
    let lead = head.saturating_sub(now);
    if lead > LEAD {
        report.wrong(
            "clock",
            format_args!("the newest block of chain {id} is {lead} s in the future"),
            "this machine's clock is behind: set it, and let NTP keep it",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_head_is_a_warning_when_it_grows_old_and_wrong_when_it_is() {
        let found = |finalized: u64, head: u64| {
            let mut report = Report::default();
            ages(1, 100_000, finalized, head, &mut report);
            report.marks()
        };
        assert_eq!(found(99_900, 99_990), [("chain", "ok")]);
        assert_eq!(
            found(100_000 - MAX_HEAD_AGE + 10, 99_990),
            [("chain", "warning")]
        );
        assert_eq!(
            found(100_000 - MAX_HEAD_AGE - 10, 99_990),
            [("chain", "wrong")]
        );
        assert_eq!(found(100_010, 100_020), [("chain", "ok")]);
        assert_eq!(
            found(100_010, 100_040),
            [("chain", "ok"), ("clock", "wrong")]
        );
    }
}
