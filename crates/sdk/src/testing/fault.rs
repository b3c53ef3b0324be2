//! What a node in a test can be made to do wrong.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use stheno_crypto::KeyShare;
use stheno_protocol::{Answer, Bytes, Code, Problem, Request, Status};

/// What a node makes instead of its shares, from its key and the request.
type Make = dyn Fn(&KeyShare, &Request) -> Vec<Bytes> + Send + Sync;

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
    /// It refuses requests in these words, so many times; from then on it does as it should.
    Refuses(Arc<Problem>, Arc<AtomicU32>),
    /// It answers requests with something that is no answer.
    Garbage,
    /// It sends other shares than it made, and signs for what it sends.
    Shares(Arc<dyn Fn(Vec<Bytes>) -> Vec<Bytes> + Send + Sync>),
    /// It makes its shares in a way of its own, and signs for them as for good ones.
    Makes(Arc<Make>),
    /// It sends another answer than it signed for.
    Answer(Arc<dyn Fn(&mut Answer) + Send + Sync>),
    /// It says something else of itself.
    Status(Arc<dyn Fn(&mut Status) + Send + Sync>),
}

impl Fault {
    /// [`Fault::Refuses`] with this code, `times` times.
    pub fn refuses(code: Code, times: u32) -> Self {
        Self::refuses_with(Problem::new(code, code.explanation()), times)
    }

    /// [`Fault::Refuses`] with this problem, `times` times.
    pub fn refuses_with(problem: Problem, times: u32) -> Self {
        Self::Refuses(Arc::new(problem), Arc::new(AtomicU32::new(times)))
    }

    /// The refusal that this fault has left, if any.
    pub(super) fn refusal(&self) -> Option<Problem> {
        let Self::Refuses(problem, left) = self else {
            return None;
        };
        let one_less = |left: u32| left.checked_sub(1);
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
            .ok()?;
        Some(Problem::clone(problem))
    }

    /// [`Fault::Shares`] with this change.
    pub fn shares(change: impl Fn(Vec<Bytes>) -> Vec<Bytes> + Send + Sync + 'static) -> Self {
        Self::Shares(Arc::new(change))
    }

    /// [`Fault::Makes`], made so.
    pub fn makes(make: impl Fn(&KeyShare, &Request) -> Vec<Bytes> + Send + Sync + 'static) -> Self {
        Self::Makes(Arc::new(make))
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
            Self::Refuses(problem, left) => write!(f, "Refuses({}, {left:?})", problem.code),
            Self::Garbage => f.write_str("Garbage"),
            Self::Shares(_) => f.write_str("Shares(…)"),
            Self::Makes(_) => f.write_str("Makes(…)"),
            Self::Answer(_) => f.write_str("Answer(…)"),
            Self::Status(_) => f.write_str("Status(…)"),
        }
    }
}
