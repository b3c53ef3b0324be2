//! Blocks that wait for the nodes, as far as those run.
//!
//! A window of a ceremony is four blocks here. With a clock of its own, the chain of a busy machine
//! leaves nodes behind that a slower chain would have heard. So the next block comes when every node
//! says, in its metrics, that at the last one it has nothing left to do but to wait for what it sent.

use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::sync::watch;
use url::Url;

use super::{DevnetError, control::Control};

/// How often nodes are asked.
const TICK: Duration = Duration::from_millis(25);
/// How long one block waits for a node that runs and does not keep up.
const PATIENT: Duration = Duration::from_secs(4);
/// How long a node may take to answer.
const ANSWER: Duration = Duration::from_secs(1);

/// Makes blocks as the nodes keep up.
#[derive(Debug)]
pub struct Attendance {
    control: Control,
    nodes: watch::Receiver<Vec<Url>>,
    http: reqwest::Client,
}

/// What a node's metrics tell of its part in ceremonies.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Progress {
    /// The newest block at which it had done what was due.
    done_at: u64,
    /// Messages that it sent and that are in no block yet.
    under_way: u64,
}

impl Attendance {
    /// Nobody is waited for as long as `nodes` is empty.
    pub fn new(control: Control, nodes: watch::Receiver<Vec<Url>>) -> Self {
        Self {
            control,
            nodes,
            http: reqwest::Client::new(),
        }
    }

    /// Makes blocks for as long as it is polled, none sooner than `least` after the last.
    pub async fn mine(self, least: Duration) {
        loop {
            let began = Instant::now();
            tokio::time::sleep(least).await;
            // Errors are not this task's to report: whoever waits for the chain meets them too.
            while began.elapsed() < PATIENT && !self.all_keep_up().await.unwrap_or(false) {
                tokio::time::sleep(TICK).await;
            }
            let _ = self.control.mine().await;
        }
    }

    async fn all_keep_up(&self) -> Result<bool, DevnetError> {
        let nodes = self.nodes.borrow().clone();
        let head = self.control.head().await?;
        let progress = join_all(nodes.iter().map(|node| self.progress(node))).await;
        // A node that does not run is not waited for.
        let running: Vec<Progress> = progress.into_iter().flatten().collect();
        let under_way: u64 = running.iter().map(|node| node.under_way).sum();
        let done = running.iter().all(|node| node.done_at >= head);
        Ok(done && under_way <= self.control.pending().await?)
    }

    async fn progress(&self, node: &Url) -> Option<Progress> {
        let metrics = node.join("metrics").ok()?;
        let request = self.http.get(metrics).timeout(ANSWER);
        let answer = request.send().await.ok()?;
        Some(Progress::read(&answer.text().await.ok()?))
    }
}

impl Progress {
    /// Absent lines count as zero: a node that has just started.
    fn read(metrics: &str) -> Self {
        let value = |name: &str| {
            metrics
                .lines()
                .filter_map(|line| line.split_once(' '))
                .find(|(found, _)| *found == name)
                .and_then(|(_, value)| value.trim().parse().ok())
                .unwrap_or_default()
        };
        Self {
            done_at: value("stheno_ceremonies_block"),
            under_way: value("stheno_messages_under_way"),
        }
    }
}

#[cfg(test)]
mod tests {
    use stheno_node::metrics::Metrics;

    use super::*;

    #[test]
    fn progress_is_what_the_node_counted() {
        let metrics = Metrics::default();
        assert_eq!(Progress::read(&metrics.render()), Progress::default());
        metrics.ceremonies_done(17);
        metrics.message_leaves();
        metrics.message_leaves();
        metrics.message("deal", true);
        let expected = Progress {
            done_at: 17,
            under_way: 1,
        };
        assert_eq!(Progress::read(&metrics.render()), expected);
    }
}
