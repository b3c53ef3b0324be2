//! When blocks come.
//!
//! A committee's timetable counts blocks: four windows and the margins between
//! them, about 28 blocks from the last approval to the key. At a block a second
//! that is half a minute of mostly waiting, which a developer would meet at
//! every start. So until the committee serves, the [`Metronome`] makes blocks
//! when there is something to put into them, or nothing to wait for; then it
//! hands over to a block a second.
//!
//! The rules of the ceremony are untouched: no window is shorter in blocks, and
//! in the windows where nodes have something to say the metronome waits for
//! them longer than a block a second would.

use std::time::{Duration, Instant};

use tokio::{sync::watch, task::JoinHandle};
use url::Url;

use super::{
    DevnetError,
    attendance::Attendance,
    ceremony::{Ceremony, State},
    contracts::Contracts,
    control::Control,
    finality::Finality,
};

/// How blocks come until the committee serves; afterwards always one a second.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Pace {
    /// As fast as the nodes have done what a block waits for.
    #[default]
    OnDemand,
    /// When every node that runs has done what it has to at the last block, however slow the machine
    /// is; but no sooner after it than this, which is the time that others have.
    Attended(Duration),
}

/// Seconds between blocks once the committee serves.
pub const BLOCK_SECONDS: u64 = 1;

/// How often the metronome looks.
const TICK: Duration = Duration::from_millis(15);
/// Between blocks that nobody waits for.
const QUICK: Duration = Duration::from_millis(80);
/// Between blocks while something is awaited from outside the ceremony's windows.
const IDLE: Duration = Duration::from_millis(1_000);
/// How long one block of a window waits for messages that are still missing.
const PATIENT: Duration = Duration::from_millis(3_000);
/// Makes the blocks until the committee serves.
#[derive(Debug)]
pub struct Metronome {
    control: Control,
    follow: watch::Sender<Option<Contracts>>,
    attend: watch::Sender<Vec<Url>>,
    task: Option<JoinHandle<()>>,
}

impl Metronome {
    /// Starts it.
    pub fn start(control: Control, pace: Pace, finality: Finality) -> Self {
        let (follow, followed) = watch::channel(None);
        let (attend, attended) = watch::channel(Vec::new());
        let task = match pace {
            Pace::OnDemand => tokio::spawn(on_demand(control.clone(), followed, finality.blocks())),
            Pace::Attended(least) => {
                let attendance = Attendance::new(control.clone(), attended);
                tokio::spawn(attendance.mine(least))
            }
        };
        Self {
            control,
            follow,
            attend,
            task: Some(task),
        }
    }

    /// From now on the ceremonies of this committee are waited for.
    pub fn follow(&self, committee: Contracts) {
        self.follow.send_replace(Some(committee));
    }

    /// From now on these nodes are waited for, by a pace that waits for nodes.
    pub fn attend(&self, nodes: Vec<Url>) {
        self.attend.send_replace(nodes);
    }

    /// Ends it; the chain makes a block a second from now on.
    ///
    /// # Errors
    /// [`DevnetError::Chain`].
    pub async fn hand_over(mut self) -> Result<(), DevnetError> {
        if let Some(task) = self.task.take() {
            task.abort();
            // Cancelled is what it should be.
            let _ = task.await;
        }
        self.control.mine_every(BLOCK_SECONDS).await
    }
}

impl Drop for Metronome {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn on_demand(
    control: Control,
    followed: watch::Receiver<Option<Contracts>>,
    final_after: u64,
) {
    let mut last = Instant::now();
    let mut until_final = 0;
    loop {
        tokio::time::sleep(TICK).await;
        let followed = *followed.borrow();
        let Ok(pending) = control.pending().await else {
            continue;
        };
        let Ok(stage) = stage(&control, followed, final_after).await else {
            continue;
        };
        if last.elapsed() < stage.wait(pending, until_final) {
            continue;
        }
        if control.mine().await.is_ok() {
            last = Instant::now();
            until_final = if pending > 0 {
                final_after
            } else {
                until_final.saturating_sub(1)
            };
        }
    }
}

/// What the next block would be for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// Outside a ceremony's timetable: blocks carry transactions, and make them final.
    Free,
    /// Inside, and nobody has to say anything in the next block.
    Passing,
    /// In a window in which so many messages are missing.
    Gathering { missing: u64 },
}

impl Stage {
    /// How long after the last block the next one may come.
    fn wait(self, pending: u64, until_final: u64) -> Duration {
        match self {
            Self::Free if pending > 0 => TICK,
            Self::Free if until_final > 0 => QUICK,
            Self::Free => IDLE,
            Self::Passing => QUICK,
            Self::Gathering { missing } if pending >= missing => TICK,
            Self::Gathering { .. } => PATIENT,
        }
    }
}

async fn stage(
    control: &Control,
    followed: Option<Contracts>,
    final_after: u64,
) -> Result<Stage, DevnetError> {
    let Some(contracts) = followed else {
        return Ok(Stage::Free);
    };
    let ceremony = Ceremony::latest(control, &contracts).await?;
    let Some(ceremony) = ceremony.filter(|ceremony| ceremony.state == State::Running) else {
        return Ok(Stage::Free);
    };
    let (info, progress) = (ceremony.info, ceremony.progress);
    let next = control.head().await? + 1;

    let [deal, _, _, confirm] = info.opens;
    let [deal_closes, _, _, confirm_closes] = info.closes;
    let windows = [
        (deal..deal_closes, info.dealers, progress.dealt),
        (confirm..confirm_closes, info.size, progress.confirmed),
    ];
    for (window, expected, given) in windows {
        // In its first blocks a window's beginning is not final yet, so nobody speaks.
        if window.contains(&next) && next >= window.start + final_after {
            let given = u64::try_from(given.count_ones()).unwrap_or(u64::MAX);
            let missing = u64::from(expected).saturating_sub(given);
            return Ok(match missing {
                0 => Stage::Passing,
                missing => Stage::Gathering { missing },
            });
        }
    }
    Ok(if next >= confirm_closes {
        // Somebody has to send the activation; its block should not be hurried past.
        Stage::Free
    } else {
        Stage::Passing
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stage_waits_for_missing_messages_and_for_nothing_else() {
        assert_eq!(Stage::Gathering { missing: 3 }.wait(2, 0), PATIENT);
        assert_eq!(Stage::Gathering { missing: 3 }.wait(3, 0), TICK);
        assert_eq!(Stage::Passing.wait(0, 0), QUICK);
    }

    #[test]
    fn stage_makes_transactions_final_quickly_and_then_rests() {
        assert_eq!(Stage::Free.wait(1, 0), TICK);
        assert_eq!(Stage::Free.wait(0, 1), QUICK);
        assert_eq!(Stage::Free.wait(0, 0), IDLE);
    }
}
