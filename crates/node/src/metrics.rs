//! What the node counts, for Prometheus. No label has a value that a reader chooses.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use alloy::primitives::Address;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use stheno_chain::EndpointHealth;
use stheno_protocol::{ChainId, Code, NodeState};

/// The node's counters. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    requests: Family<Outcome, Counter>,
    seconds: Histogram,
    shares: Counter,
    replays: Counter,
    in_flight: Gauge,
    heads: Family<Head, Gauge>,
    endpoints: Family<Endpoint, Counter>,
    serving: Gauge,
    epoch: Gauge,
    epoch_oldest: Gauge,
    settled: Gauge,
    overdue: Gauge,
    canaries: Family<Canary, Counter>,
    erased: Counter,
    messages: Family<MessageOutcome, Counter>,
    under_way: Gauge,
    ceremonies_at: Gauge,
    record_faults: Counter,
    deviations: Family<DeviationLabels, Counter>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Head {
    chain: u64,
    which: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Endpoint {
    chain: u64,
    endpoint: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Canary {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct DeviationLabels {
    member: String,
    fault: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct MessageOutcome {
    step: &'static str,
    outcome: &'static str,
}

/// A request that is being answered.
#[derive(Debug)]
pub struct InFlight<'m> {
    metrics: &'m Metrics,
    began: Instant,
}

impl InFlight<'_> {
    /// It was answered with shares, or refused.
    pub fn answered(self, refused: Option<Code>) {
        let code = refused.map_or("ok", Code::as_str);
        let inner = &self.metrics.0;
        inner.requests.get_or_create(&Outcome { code }).inc();
        inner.seconds.observe(self.began.elapsed().as_secs_f64());
    }
}

// Also of requests that were cut off.
impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.metrics.0.in_flight.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("stheno");
        let inner = Inner {
            requests: Family::default(),
            seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 17)),
            shares: Counter::default(),
            replays: Counter::default(),
            in_flight: Gauge::default(),
            heads: Family::default(),
            endpoints: Family::default(),
            serving: Gauge::default(),
            epoch: Gauge::default(),
            epoch_oldest: Gauge::default(),
            settled: Gauge::default(),
            overdue: Gauge::default(),
            canaries: Family::default(),
            erased: Counter::default(),
            messages: Family::default(),
            under_way: Gauge::default(),
            ceremonies_at: Gauge::default(),
            record_faults: Counter::default(),
            deviations: Family::default(),
            registry: Registry::default(),
        };
        let i = &inner;
        registry.register(
            "requests",
            "Requests for shares, by outcome",
            i.requests.clone(),
        );
        registry.register(
            "request_seconds",
            "Time to answer a request",
            i.seconds.clone(),
        );
        registry.register("shares", "Shares released", i.shares.clone());
        registry.register(
            "replays",
            "Requests answered again from the cache",
            i.replays.clone(),
        );
        registry.register("in_flight", "Requests being answered", i.in_flight.clone());
        registry.register("chain_block", "Newest block seen", i.heads.clone());
        registry.register(
            "endpoint_questions",
            "Questions to an endpoint of a chain, by what came of them",
            i.endpoints.clone(),
        );
        registry.register("serving", "1 while the node serves", i.serving.clone());
        registry.register(
            "epoch",
            "Newest epoch that the node serves, 0 for none",
            i.epoch.clone(),
        );
        registry.register(
            "epoch_oldest",
            "Oldest epoch that the node serves, 0 for none",
            i.epoch_oldest.clone(),
        );
        registry.register(
            "epoch_settled",
            "1 while the vault holds the share of the active epoch and nothing older",
            i.settled.clone(),
        );
        registry.register(
            "epoch_overdue",
            "1 when the overlap is over and the new epoch is not proven to work: see the log",
            i.overdue.clone(),
        );
        registry.register(
            "canaries",
            "Trials of the shares of a new epoch, by what came of them",
            i.canaries.clone(),
        );
        registry.register(
            "secrets_erased",
            "Key shares and seeds of ceremonies that were erased",
            i.erased.clone(),
        );
        registry.register("messages", "Ceremony messages sent", i.messages.clone());
        registry.register(
            "messages_under_way",
            "Ceremony messages sent and not mined yet",
            i.under_way.clone(),
        );
        registry.register(
            "ceremonies_block",
            "Newest block at which the node had done what ceremonies ask of it",
            i.ceremonies_at.clone(),
        );
        registry.register(
            "record_faults",
            "Times that an endpoint showed an impossible ceremony log",
            i.record_faults.clone(),
        );
        registry.register(
            "deviations",
            "Deviations of members in ceremonies that are over, by the member's identity and fault",
            i.deviations.clone(),
        );
        Self(Arc::new(Inner { registry, ..inner }))
    }
}

impl Metrics {
    /// The text that `/metrics` gives.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = encode(&mut text, &self.0.registry);
        text
    }

    /// A request has come in; it is in flight until the guard is dropped.
    #[must_use]
    pub fn began(&self) -> InFlight<'_> {
        self.0.in_flight.inc();
        InFlight {
            metrics: self,
            began: Instant::now(),
        }
    }

    /// Shares were released.
    pub fn released(&self, shares: usize) {
        self.0.shares.inc_by(shares as u64);
    }

    /// A request was answered from the cache.
    pub fn replayed(&self) {
        self.0.replays.inc();
    }

    /// A chain was looked at.
    pub fn chain(&self, chain: ChainId, finalized: Option<u64>, head: Option<u64>) {
        for (which, number) in [("final", finalized), ("head", head)] {
            if let Some(number) = number.and_then(|number| i64::try_from(number).ok()) {
                self.0
                    .heads
                    .get_or_create(&Head { chain, which })
                    .set(number);
            }
        }
    }

    /// How an endpoint of a chain has done so far.
    pub fn endpoint(&self, chain: ChainId, health: &EndpointHealth) {
        for (outcome, count) in [
            ("answered", health.answered),
            ("failed", health.failed),
            ("contradicted", health.contradicted),
        ] {
            let endpoint = Endpoint {
                chain,
                endpoint: health.endpoint.clone(),
                outcome,
            };
            let counter = self.0.endpoints.get_or_create(&endpoint);
            // Counted elsewhere; it never falls.
            counter.inner().store(count, Ordering::Relaxed);
        }
    }

    /// The node's standing has changed.
    pub fn standing(&self, state: NodeState, epochs: &[u64]) {
        let number = |epoch: Option<&u64>| {
            epoch.map_or(0, |epoch| i64::try_from(*epoch).unwrap_or(i64::MAX))
        };
        self.0.serving.set(i64::from(state == NodeState::Serving));
        self.0.epoch.set(number(epochs.iter().max()));
        self.0.epoch_oldest.set(number(epochs.iter().min()));
    }

    /// Whether the vault holds nothing that is needed no longer.
    pub fn settled(&self, settled: bool) {
        self.0.settled.set(i64::from(settled));
        if settled {
            self.0.overdue.set(0);
        }
    }

    /// Whether the new epoch should have been proven to work by now, and is not.
    pub fn overdue(&self, overdue: bool) {
        self.0.overdue.set(i64::from(overdue));
    }

    /// The shares of a new epoch were tried.
    pub fn canary(&self, opened: bool) {
        let outcome = if opened { "opened" } else { "shut" };
        self.0.canaries.get_or_create(&Canary { outcome }).inc();
    }

    /// A key share, or the seeds of a ceremony, was erased.
    pub fn erased(&self) {
        self.0.erased.inc();
    }

    /// A ceremony message is on its way; [`message`](Self::message) says what became of it.
    pub fn message_leaves(&self) {
        self.0.under_way.inc();
    }

    /// At this head, everything that ceremonies ask of the node was done, or is under way.
    pub fn ceremonies_done(&self, head: u64) {
        self.0
            .ceremonies_at
            .set(i64::try_from(head).unwrap_or(i64::MAX));
    }

    /// A ceremony message was sent, or was not.
    pub fn message(&self, step: &'static str, sent: bool) {
        self.0.under_way.dec();
        let outcome = if sent { "sent" } else { "failed" };
        self.0
            .messages
            .get_or_create(&MessageOutcome { step, outcome })
            .inc();
    }

    /// A member deviated in a ceremony; `fault` is a name of
    /// [`Fault`](crate::ceremony::report::Fault).
    pub fn deviation(&self, member: Address, fault: &'static str) {
        let member = member.to_string();
        self.0
            .deviations
            .get_or_create(&DeviationLabels { member, fault })
            .inc();
    }

    /// An endpoint showed a log that the contract cannot have written.
    pub fn record_fault(&self) {
        self.0.record_faults.inc();
    }
}
