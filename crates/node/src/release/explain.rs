//! What a policy says of a reader, told without shares.

use std::{net::IpAddr, time::Instant};

use alloy::primitives::Bytes;
use stheno_protocol::{Code, ExplainRequest, Problem};

use super::{Release, too_many};
use crate::limits::household;

/// What an explanation costs the address that asks, in items: up to 64 conditions are read twice.
const COST: usize = 8;

impl Release {
    /// Explains a policy (JSON in, JSON out) to `address`.
    ///
    /// No signature is asked for: nothing is told but what the chain tells anybody. So the address
    /// pays, and the turn is one of those that requests wait for.
    ///
    /// # Errors
    /// [`Problem`]: the first check that fails.
    pub async fn explain(&self, body: &[u8], address: IpAddr) -> Result<Bytes, Problem> {
        let in_flight = self.metrics.began();
        let answer = self.explanation(body, address).await;
        in_flight.answered(answer.as_ref().err().map(|problem| problem.code));
        answer
    }

    async fn explanation(&self, body: &[u8], address: IpAddr) -> Result<Bytes, Problem> {
        self.addresses
            .take(household(address), COST, Instant::now())
            .map_err(|wait| too_many("this address", wait))?;
        let question: ExplainRequest = serde_json::from_slice(body)
            .map_err(|error| Problem::new(Code::Malformed, error.to_string()))?;
        let policy = question.decode_policy()?;
        if policy.requires_account() && question.account.is_none() {
            return Err(Problem::new(
                Code::AccountRequired,
                "accountKind is none, and the policy asks about the reader's account",
            ));
        }
        let _permit = self.turn().await?;
        let explained = self.chains.explain(&policy, &question.subject()).await;
        let explained = explained.map_err(|error| Problem::new(error.code(), error.to_string()))?;
        serde_json::to_vec(&explained)
            .map(Bytes::from)
            .map_err(|error| {
                tracing::error!(%error, "an explanation is no JSON");
                Problem::new(Code::Internal, "the explanation could not be written")
            })
    }
}
