//! Whether a request gets shares, and the shares.
//!
//! One method, [`Release::answer`], with the checks in one order, cheap before
//! dear, and nothing on the chain before the signature holds:
//!
//! size → decode → limits → expiry → per-address limit → policy and reader key
//! decoded → signature or proofs → per-account limit → anchors → policy → shares → receipt.
//!
//! (The size is the HTTP layer's.) A contract account's signature is the one exception: only its
//! chain can check it, so for those the anchors come before the signature, and the address that
//! asks pays for the reads. What is absent: an identity from outside. It
//! is computed here, from the policy bytes that were evaluated.

mod anchors;
mod consent;
mod explain;
mod members;
mod proofs;
mod replay;
mod verdict;

use std::{
    net::IpAddr,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use alloy::primitives::{Address, B256, Bytes};
use lru::LruCache;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use stheno_chain::Chains;
use stheno_circuits::Development;
use stheno_crypto::{Identity, PolicyDigest, ReaderKey};
use stheno_protocol::{
    Answer, Code, Consent, ContractConsent, Domain, Policy, Problem, Receipt, Request,
    SignedReceipt, shares_digest,
};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot, watch};

use crate::{
    clock,
    config::Limits,
    limits::{Buckets, household},
    metrics::Metrics,
    standing::{Epoch, Served, Standing},
    store::Store,
    vault::Vault,
};
use members::Members;
use proofs::{Verified, Verifier};
use replay::Replays;
use verdict::{Judged, Verdicts};

/// Policies that are kept decoded.
const POLICIES: NonZeroUsize = NonZeroUsize::new(1_024).unwrap();
/// What asking a contract account costs the address that asks, in items, until it consents.
const CONSENT_COST: usize = 8;
/// What a proof costs the address that sends it, in items: a bad one takes as long as 8 shares.
const PROOF_COST: usize = 8;
/// What comes back of that if it holds and the policy grants. The rest is what a good one takes, since
/// anybody can make good ones, and a policy that grants.
const PROOF_BACK: usize = 6;
/// Longest wait for a turn to be evaluated.
const MOST_WAIT: Duration = Duration::from_secs(5);

/// What a node needs to decide on requests.
#[derive(Debug)]
pub struct Release {
    domain: Domain,
    vault: Arc<Vault>,
    store: Store,
    chains: Chains,
    standing: watch::Receiver<Standing>,
    metrics: Metrics,
    addresses: Buckets<IpAddr>,
    accounts: Buckets<Address>,
    anonymous: Buckets<()>,
    members: Members,
    policies: Mutex<LruCache<PolicyDigest, Arc<Policy>>>,
    verdicts: Verdicts,
    replays: Replays,
    verifier: Arc<Verifier>,
    evaluations: Semaphore,
    /// Shares are computed here: a thread for each core, since more would only wait for each other.
    cores: ThreadPool,
}

impl Release {
    /// A desk that decides by these limits.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn new(
        domain: Domain,
        vault: Arc<Vault>,
        store: Store,
        chains: Chains,
        standing: watch::Receiver<Standing>,
        metrics: Metrics,
        limits: &Limits,
    ) -> Result<Self, ThreadPoolBuildError> {
        let cores = ThreadPoolBuilder::new()
            .thread_name(|number| format!("shares-{number}"))
            // Whoever waits for what broke off is told so; the others go on.
            .panic_handler(|_| tracing::error!("a computation of shares broke off"))
            .build()?;
        Ok(Self {
            domain,
            vault,
            store,
            chains,
            standing,
            metrics,
            addresses: Buckets::new(limits.ip_items_per_minute),
            accounts: Buckets::new(limits.account_items_per_minute),
            anonymous: Buckets::new(limits.anonymous_items_per_minute),
            members: Members::new(limits.account_items_per_minute),
            policies: Mutex::new(LruCache::new(POLICIES)),
            verdicts: Verdicts::default(),
            replays: Replays::default(),
            verifier: Arc::new(Verifier::new(Development::Refused)),
            evaluations: Semaphore::new(limits.concurrent_evaluations),
            cores,
        })
    }

    /// The same, which takes verifying keys of private conditions as this says. Without, none for
    /// development.
    #[must_use]
    pub fn taking(mut self, development: Development) -> Self {
        self.verifier = Arc::new(Verifier::new(development));
        self
    }

    /// Answers a request's JSON from `address` with an answer's JSON.
    ///
    /// # Errors
    /// [`Problem`]: the first check that fails.
    pub async fn answer(&self, body: &[u8], address: IpAddr) -> Result<Bytes, Problem> {
        let in_flight = self.metrics.began();
        let answer = self.decide(body, address).await;
        in_flight.answered(answer.as_ref().err().map(|problem| problem.code));
        answer
    }

    async fn decide(&self, body: &[u8], address: IpAddr) -> Result<Bytes, Problem> {
        let served = self.served()?;
        let request: Request = serde_json::from_slice(body)
            .map_err(|error| Problem::new(Code::Malformed, error.to_string()))?;
        let epoch = addressed(&request, &self.domain, &served)?;
        let now = clock::now();
        request.check_form(now)?;

        let items = request.items.len();
        let address = household(address);
        self.addresses
            .take(address, items, Instant::now())
            .map_err(|wait| too_many("this address", wait))?;
        let policy = self.policy(&request)?;
        request.check_policy(&policy)?;
        let reader_key = ReaderKey::from_bytes(request.reader_key.as_slice())
            .map_err(|error| Problem::new(Code::BadReaderKey, format!("readerKey: {error}")))?;
        let digest = request.digest(&self.domain);
        match request.check_authorization(&self.domain, digest, &policy, now)? {
            Consent::Given => {}
            Consent::OfContract(asked) => self.ask_account(&request, &asked, address).await?,
        }

        let replay = self.replays.of(digest);
        if let Some(answer) = replay.answer() {
            self.metrics.replayed();
            self.addresses.put_back(&address, items);
            return Ok(answer);
        }
        let verified = self.verify_proofs(&request, &policy, address).await?;
        // A copy of a request, by whomever, is charged to its account once.
        if replay.is_first_charge()
            && let Err(problem) = self.charge_account(&request, &verified)
        {
            replay.was_not_charged();
            return Err(problem);
        }
        let release = self.release(epoch, &request, digest, &policy, &verified, &reader_key);
        let answer = replay.answer_once(release).await?;
        self.replays.weigh(&digest, &replay);
        self.addresses
            .put_back(&address, PROOF_BACK * verified.newly);
        Ok(answer)
    }

    fn served(&self) -> Result<Served, Problem> {
        let standing = self.standing.borrow();
        match standing.served() {
            Some(served) => Ok(served.clone()),
            None => Err(Problem::new(Code::NotServing, standing.explanation())),
        }
    }

    fn policy(&self, request: &Request) -> Result<Arc<Policy>, Problem> {
        let digest = request.policy_digest();
        let kept = |policies: &Mutex<LruCache<_, Arc<Policy>>>| {
            let mut policies = policies.lock().unwrap_or_else(PoisonError::into_inner);
            policies.get(&digest).cloned()
        };
        if let Some(policy) = kept(&self.policies) {
            return Ok(policy);
        }
        let policy = Arc::new(request.decode_policy()?);
        let mut policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        policies.put(digest, Arc::clone(&policy));
        Ok(policy)
    }

    /// Asks a contract account on its chain, at the expense of the address until it consents.
    async fn ask_account(
        &self,
        request: &Request,
        asked: &ContractConsent,
        address: IpAddr,
    ) -> Result<(), Problem> {
        self.addresses
            .take(address, CONSENT_COST, Instant::now())
            .map_err(|wait| too_many("this address", wait))?;
        let _permit = self.turn().await?;
        let anchors = anchors::check(&self.chains, request, clock::now()).await?;
        consent::check(&self.chains, asked, &anchors).await?;
        self.addresses.put_back(&address, CONSENT_COST);
        Ok(())
    }

    /// Verifies the proofs of a request, at the expense of the address.
    async fn verify_proofs(
        &self,
        request: &Request,
        policy: &Policy,
        address: IpAddr,
    ) -> Result<Verified, Problem> {
        if request.account.is_some() || !policy.is_private() {
            return Ok(Verified::default());
        }
        let claims = self.verifier.claims(request, policy);
        let now = Instant::now();
        self.members
            .look(&claims.asked(), request.items.len(), now)
            .map_err(|wait| too_many("this member", wait))?;
        let unverified = claims.unverified();
        if unverified == 0 {
            return self.verifier.verify(&self.cores, request, claims).await;
        }
        self.addresses
            .take(address, PROOF_COST * unverified, now)
            .map_err(|wait| too_many("this address", wait))?;
        let _permit = self.turn().await?;
        self.verifier.verify(&self.cores, request, claims).await
    }

    /// Waits for a turn to be evaluated.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, Problem> {
        let turn = tokio::time::timeout(MOST_WAIT, self.evaluations.acquire()).await;
        turn.map_err(|_| busy())?.map_err(|_| stopping())
    }

    fn charge_account(&self, request: &Request, verified: &Verified) -> Result<(), Problem> {
        let (items, now) = (request.items.len(), Instant::now());
        match request.account {
            Some(account) => self
                .accounts
                .take(account.address, items, now)
                .map_err(|wait| too_many("this account", wait)),
            None if !verified.asked.is_empty() => self
                .members
                .charge(&verified.asked, items, now)
                .map_err(|wait| too_many("this member", wait)),
            None => self
                .anonymous
                .take((), items, now)
                .map_err(|wait| too_many("everybody without an account", wait)),
        }
    }

    async fn release(
        &self,
        epoch: &Arc<Epoch>,
        request: &Request,
        digest: B256,
        policy: &Policy,
        verified: &Verified,
        reader_key: &ReaderKey,
    ) -> Result<Bytes, Problem> {
        {
            let _permit = self.turn().await?;
            let anchors = anchors::check(&self.chains, request, clock::now()).await?;
            self.verdicts
                .check(
                    &self.chains,
                    &Judged {
                        request,
                        policy,
                        proofs: &verified.proofs,
                    },
                    &anchors,
                )
                .await?;
        }
        let keeps = request.account.is_some();
        let _announced = keeps.then(|| self.store.receipts().announce());
        let answer = self.shares(epoch, request, digest, reader_key).await?;
        if keeps {
            // Nothing is released of which there is no durable receipt.
            let kept = self.store.receipts().keep(&answer.receipt).await;
            kept.map_err(|error| {
                tracing::error!(%error, "a receipt could not be kept");
                Problem::new(Code::Internal, "the receipt could not be kept")
            })?;
        }
        self.metrics.released(answer.shares.len());
        serde_json::to_vec(&answer)
            .map(Bytes::from)
            .map_err(|error| {
                tracing::error!(%error, "an answer is no JSON");
                Problem::new(Code::Internal, "the answer could not be written")
            })
    }

    /// The shares and the receipt, on a thread that may be busy for a while: first come, first served.
    async fn shares(
        &self,
        epoch: &Arc<Epoch>,
        request: &Request,
        digest: B256,
        reader_key: &ReaderKey,
    ) -> Result<Answer, Problem> {
        let epoch = Arc::clone(epoch);
        let vault = Arc::clone(&self.vault);
        let domain = self.domain;
        let reader_key = reader_key.clone();
        let receipt = Receipt {
            epoch: epoch.number,
            node: epoch.index.get(),
            request_digest: digest,
            policy_digest: request.policy_digest(),
            items: request.items.clone(),
            account: request
                .account
                .map_or(Address::ZERO, |account| account.address),
            reader_key: request.reader_key,
            anchors: request.anchors.clone(),
            shares_digest: B256::ZERO,
            time: clock::now(),
        };
        let (done, computed) = oneshot::channel();
        self.cores.spawn_fifo(move || {
            // Whoever asked may have gone away while this waited for its turn.
            if !done.is_closed() {
                let _ = done.send(compute(&epoch, &vault, &domain, &reader_key, receipt));
            }
        });
        match computed.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                tracing::error!(%error, "no randomness");
                Err(Problem::new(
                    Code::Internal,
                    "the system gives no randomness",
                ))
            }
            Err(_) => Err(Problem::new(
                Code::Internal,
                "the shares could not be computed",
            )),
        }
    }
}

/// The epoch that a request is for.
fn addressed<'s>(
    request: &Request,
    domain: &Domain,
    served: &'s Served,
) -> Result<&'s Arc<Epoch>, Problem> {
    request.check_addressee(&domain.network, &served.numbers())?;
    let epoch = served.epoch(request.epoch);
    epoch.ok_or_else(|| Problem::new(Code::WrongEpoch, "the epoch is not served"))
}

/// One share per item, and the receipt over them.
fn compute(
    epoch: &Epoch,
    vault: &Vault,
    domain: &Domain,
    reader_key: &ReaderKey,
    mut receipt: Receipt,
) -> Result<Answer, getrandom::Error> {
    let mut shares: Vec<Bytes> = Vec::with_capacity(receipt.items.len());
    for item in &receipt.items {
        let identity = Identity::new(
            &domain.network,
            &epoch.fingerprint,
            &receipt.policy_digest,
            item,
        );
        let share = epoch.held.share(epoch.number, &identity, reader_key)?;
        shares.push(Bytes::copy_from_slice(&share.encode()));
    }
    receipt.shares_digest = shares_digest(&shares);
    let signature = vault.identity().sign(&receipt.digest(domain));
    Ok(Answer {
        node: receipt.node,
        epoch: receipt.epoch,
        anchors: receipt.anchors.clone(),
        shares,
        receipt: SignedReceipt {
            body: receipt,
            signature: Bytes::copy_from_slice(&signature),
        },
    })
}

fn too_many(who: &str, wait: u64) -> Problem {
    let detail = format!("{who} has asked for too many items; try again in {wait} s");
    Problem::new(Code::RateLimited, detail).with_retry_after(wait)
}

fn busy() -> Problem {
    let detail = "the node has as many requests to evaluate as it takes on";
    Problem::new(Code::Busy, detail).with_retry_after(1)
}

fn stopping() -> Problem {
    Problem::new(Code::NotServing, "the node is stopping")
}
