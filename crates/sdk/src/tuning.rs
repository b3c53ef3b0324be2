//! How long to wait for whom.

use std::time::Duration;

/// Limits of time and effort. The default serves a committee spread over the world.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tuning {
    /// How long a node may take to say how it is. Default 4 s.
    pub status_timeout: Duration,
    /// How long a node may take to answer a request. Default 20 s.
    pub answer_timeout: Duration,
    /// How long nothing may happen before more nodes are asked. Default 0.6 s.
    pub hedge_after: Duration,
    /// How many nodes more than needed are asked at once. Default 1.
    pub spare: usize,
    /// How long to wait for a right that is not final yet. Default 3 min.
    pub finality_patience: Duration,
    /// How long to keep asking nodes that say "later" for another reason. Default 30 s.
    pub patience: Duration,
    /// First pause before asking again; later ones grow to fifteen times it. Default 1 s.
    pub pause: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            status_timeout: Duration::from_secs(4),
            answer_timeout: Duration::from_secs(20),
            hedge_after: Duration::from_millis(600),
            spare: 1,
            finality_patience: Duration::from_secs(180),
            patience: Duration::from_secs(30),
            pause: Duration::from_secs(1),
        }
    }
}

impl Tuning {
    /// The pause before round `round`, counted from 1.
    pub(crate) fn pause_before(&self, round: u32) -> Duration {
        let grown = self
            .pause
            .saturating_mul(2_u32.saturating_pow(round.saturating_sub(1).min(5)));
        grown.min(self.pause.saturating_mul(15))
    }
}
