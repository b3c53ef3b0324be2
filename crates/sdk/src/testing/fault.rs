//! What a node in a test can be made to do wrong.

use std::{fmt, sync::Arc, time::Duration};

use stheno_protocol::{Answer, Bytes, Status};

/// How a node of a test's committee behaves.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Fault {
    /// As it should.
    #[default]
    None,
    /// Connections to it are refused.
    Down,
    /// It says how it is, and then nothing.
    Silent,
    /// It answers that much later.
    Slow(Duration),
    /// It answers requests with something that is no answer.
    Garbage,
    /// It sends other shares than it made, and signs for what it sends.
    Shares(Arc<dyn Fn(Vec<Bytes>) -> Vec<Bytes> + Send + Sync>),
    /// It sends another answer than it signed for.
    Answer(Arc<dyn Fn(&mut Answer) + Send + Sync>),
    /// It says something else of itself.
    Status(Arc<dyn Fn(&mut Status) + Send + Sync>),
}

impl Fault {
    /// [`Fault::Shares`] with this change.
    pub fn shares(change: impl Fn(Vec<Bytes>) -> Vec<Bytes> + Send + Sync + 'static) -> Self {
        Self::Shares(Arc::new(change))
    }

    /// [`Fault::Answer`] with this change.
    pub fn answer(change: impl Fn(&mut Answer) + Send + Sync + 'static) -> Self {
        Self::Answer(Arc::new(change))
    }

    /// [`Fault::Status`] with this change.
    pub fn status(change: impl Fn(&mut Status) + Send + Sync + 'static) -> Self {
        Self::Status(Arc::new(change))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Down => f.write_str("Down"),
            Self::Silent => f.write_str("Silent"),
            Self::Slow(by) => write!(f, "Slow({by:?})"),
            Self::Garbage => f.write_str("Garbage"),
            Self::Shares(_) => f.write_str("Shares(…)"),
            Self::Answer(_) => f.write_str("Answer(…)"),
            Self::Status(_) => f.write_str("Status(…)"),
        }
    }
}
