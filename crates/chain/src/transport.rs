//! JSON-RPC over HTTP with a time limit and a size limit.

use std::time::Duration;

/// Limits of one endpoint's answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpOptions {
    /// How long one question may take, from sending to the last byte.
    pub timeout: Duration,
    /// Most bytes of an answer's body.
    pub max_answer: usize,
    /// Most bytes of the body of an `eth_getLogs` answer.
    pub max_logs_answer: usize,
    /// For how long a head, once read, is taken for the current one.
    pub head_ttl: Duration,
}

impl Default for HttpOptions {
    /// 10 s, 4 MiB, 32 MiB, 0.5 s.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            max_answer: 4 << 20,
            max_logs_answer: 32 << 20,
            head_ttl: Duration::from_millis(500),
        }
    }
}
