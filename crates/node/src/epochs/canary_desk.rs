//! `POST /v1/canary`: a share for the canary of an epoch that this node serves.
//!
//! Anybody may have it, since nothing but canaries opens with it. It costs a millisecond, so each
//! address and everybody together get so many a minute.

use std::{net::IpAddr, sync::Arc, time::Instant};

use alloy::primitives::Bytes;
use stheno_crypto::{Identity, ReaderKey};
use stheno_protocol::{CanaryAnswer, CanaryRequest, Code, Domain, Problem};
use tokio::sync::watch;

use crate::{
    limits::{Buckets, household},
    standing::{Epoch, Standing},
};

/// Canaries a minute for one address; the least that a bucket holds is 256.
const PER_ADDRESS: u32 = 60;
/// Canaries a minute for everybody together.
const FOR_ALL: u32 = 1_200;

/// Answers members that try the new shares.
#[derive(Debug)]
pub(crate) struct CanaryDesk {
    domain: Domain,
    standing: watch::Receiver<Standing>,
    addresses: Buckets<IpAddr>,
    everybody: Buckets<()>,
}

impl CanaryDesk {
    pub(crate) fn new(domain: Domain, standing: watch::Receiver<Standing>) -> Self {
        Self {
            domain,
            standing,
            addresses: Buckets::new(PER_ADDRESS),
            everybody: Buckets::new(FOR_ALL),
        }
    }

    /// Answers a question's JSON from `address`.
    ///
    /// # Errors
    /// [`Problem`]: the first check that fails.
    pub(crate) async fn answer(
        &self,
        body: &[u8],
        address: IpAddr,
    ) -> Result<CanaryAnswer, Problem> {
        let question: CanaryRequest = serde_json::from_slice(body)
            .map_err(|error| Problem::new(Code::Malformed, error.to_string()))?;
        if question.network != self.domain.network {
            return Err(Problem::new(
                Code::WrongNetwork,
                format!("this node serves {}", self.domain.network),
            ));
        }
        let epoch = self.epoch(question.epoch)?;
        let reader_key = ReaderKey::from_bytes(question.reader_key.as_slice())
            .map_err(|error| Problem::new(Code::BadReaderKey, format!("readerKey: {error}")))?;
        let now = Instant::now();
        self.addresses
            .take(household(address), 1, now)
            .and_then(|()| self.everybody.take((), 1, now))
            .map_err(|wait| {
                let detail = format!("too many canaries; try again in {wait} s");
                Problem::new(Code::RateLimited, detail).with_retry_after(wait)
            })?;
        let network = self.domain.network;
        let work = move || {
            let identity = Identity::canary(&network, &epoch.fingerprint, &epoch.context.0);
            let share = epoch.held.share(epoch.number, &identity, &reader_key)?;
            Ok::<_, getrandom::Error>(CanaryAnswer {
                node: epoch.index.get(),
                epoch: epoch.number,
                share: Bytes::copy_from_slice(&share.encode()),
            })
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => {
                tracing::error!("a canary's share could not be computed");
                Err(Problem::new(
                    Code::Internal,
                    "the share could not be computed",
                ))
            }
        }
    }

    fn epoch(&self, number: u64) -> Result<Arc<Epoch>, Problem> {
        let standing = self.standing.borrow();
        let served = standing
            .served()
            .ok_or_else(|| Problem::new(Code::NotServing, standing.explanation()))?;
        served
            .epoch(number)
            .map(Arc::clone)
            .ok_or_else(|| Problem::new(Code::WrongEpoch, standing.explanation()))
    }
}
