//! How an endpoint does, counted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::endpoint::Fault;

/// What became of the questions to one endpoint since it was connected.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EndpointHealth {
    /// The name that errors call it by.
    pub endpoint: String,
    /// It answered, be it with an error.
    pub answered: u64,
    /// It did not: no connection, no answer in time, or none that could be read.
    pub failed: u64,
    /// It answered something else than enough others did.
    pub contradicted: u64,
}

/// The counters of one endpoint.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    answered: AtomicU64,
    failed: AtomicU64,
    contradicted: AtomicU64,
}

impl Counters {
    /// Counts what came of one question.
    pub(crate) fn count<T>(&self, answer: &Result<T, Fault>) {
        let counter = match answer {
            // Nothing is wrong with an endpoint that says a call reverts.
            Ok(_) | Err(Fault::Error { .. }) => &self.answered,
            Err(_) => &self.failed,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn contradicted(&self) {
        self.contradicted.fetch_add(1, Relaxed);
    }

    pub(crate) fn of(&self, endpoint: &str) -> EndpointHealth {
        EndpointHealth {
            endpoint: endpoint.to_owned(),
            answered: self.answered.load(Relaxed),
            failed: self.failed.load(Relaxed),
            contradicted: self.contradicted.load(Relaxed),
        }
    }
}
