//! Trying the shares of a new epoch before the old ones are erased.
//!
//! A random content key is sealed to the committee's key under the identity that the epoch's
//! ceremony reserves. Members are asked for their shares of it; each must verify against its
//! member's public key, so shares of the old epoch do not pass for new ones; `t` of them must open.

use std::{collections::BTreeMap, time::Duration};

use alloy::primitives::FixedBytes;
use futures::{StreamExt, stream};
use reqwest::{Client, redirect};
use stheno_chain::{Committee, CommitteeMember};
use stheno_crypto::{
    Capsule, Cek, CommitteeKeys, Identity, NodeIndex, NodePublicKey, OpenError, ReaderSecret,
    Share, open,
};
use stheno_protocol::{CanaryAnswer, CanaryRequest};
use zeroize::Zeroizing;

use crate::{store::EpochKeys, vault::HeldShare};

/// How long a member may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes of an answer.
const MOST_BYTES: usize = 4_096;

/// Lets canaries out.
#[derive(Clone, Debug)]
pub(crate) struct Canary {
    http: Client,
}

/// Why a canary did not open.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CanaryError {
    /// Too few members gave a good share.
    #[error("{good} of {need} good shares came; {}", faults.join("; "))]
    TooFew {
        good: usize,
        need: u16,
        faults: Vec<String>,
    },
    /// Enough good shares came, and they do not open.
    #[error("good shares do not open: {0}")]
    Shut(OpenError),
    /// What was opened is not what was sealed.
    #[error("it opened to another key than was sealed")]
    Other,
    /// The system gives no randomness.
    #[error("the system gives no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// A computation broke off.
    #[error("a computation broke off")]
    BrokeOff,
}

/// One canary on its way.
struct Flight {
    reserved: Identity,
    reader: ReaderSecret,
    capsule: Capsule,
    sealed: Cek,
}

impl Canary {
    /// # Errors
    /// When the system has no TLS to offer.
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let http = Client::builder()
            .timeout(PATIENCE)
            // A member's word may not send this node elsewhere.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("stheno-node/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http })
    }

    /// Opens a canary through the shares of an epoch's members, this node's own among them if it
    /// has one. Tells whose shares opened it.
    pub(crate) async fn open(
        &self,
        committee: &Committee,
        keys: &EpochKeys,
        own: Option<HeldShare>,
    ) -> Result<Vec<u16>, CanaryError> {
        let flight = Flight::begin(committee, keys)?;
        let mut shares = Vec::new();
        if let Some(held) = &own {
            shares.push(held.share(committee.epoch, &flight.reserved, &flight.reader.public())?);
        }
        let mut faults = Vec::new();
        let need = usize::from(committee.threshold);
        let mine = own.as_ref().map(HeldShare::index);
        let asks: Vec<_> = others(committee, mine)
            .into_iter()
            .map(|member| self.ask(committee, member, &flight))
            .collect();
        let mut asked = stream::iter(asks).buffer_unordered(need + 1);
        while shares.len() < need
            && let Some((member, answer)) = asked.next().await
        {
            let key = keys.node_keys.get(usize::from(member.get()) - 1);
            match answer.and_then(|share| verified(share, key, &flight)) {
                Ok(share) => shares.push(share),
                Err(why) => faults.push(format!("node {member}: {why}")),
            }
        }
        drop(asked);
        if shares.len() < need {
            return Err(CanaryError::TooFew {
                good: shares.len(),
                need: committee.threshold,
                faults,
            });
        }
        let keys = CommitteeKeys {
            threshold: committee.threshold,
            network_key: keys.network_key.clone(),
            node_keys: indexed(&keys.node_keys),
        };
        let opening = tokio::task::spawn_blocking(move || flight.land(&keys, &shares));
        opening.await.map_err(|_| CanaryError::BrokeOff)?
    }

    async fn ask(
        &self,
        committee: &Committee,
        member: &CommitteeMember,
        flight: &Flight,
    ) -> (NodeIndex, Result<Share, String>) {
        (member.index, self.fetch(committee, member, flight).await)
    }

    async fn fetch(
        &self,
        committee: &Committee,
        member: &CommitteeMember,
        flight: &Flight,
    ) -> Result<Share, String> {
        let in_words = |error: reqwest::Error| error.without_url().to_string();
        let mut url = member.endpoint.clone().ok_or("it registered no URL")?;
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let url = url.join("v1/canary").map_err(|error| error.to_string())?;
        let question = CanaryRequest {
            network: committee.network,
            epoch: committee.epoch,
            reader_key: FixedBytes::from(flight.reader.public().to_bytes()),
        };
        let sent = self.http.post(url).json(&question).send().await;
        let mut answer = sent
            .and_then(reqwest::Response::error_for_status)
            .map_err(in_words)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(in_words)? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_BYTES {
                return Err("its answer is too long".to_owned());
            }
        }
        let answer: CanaryAnswer =
            serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        if (answer.epoch, answer.node) != (committee.epoch, member.index.get()) {
            return Err("its answer is another member's, or of another epoch".to_owned());
        }
        Share::decode(member.index, &answer.share).map_err(|error| error.to_string())
    }
}

impl Flight {
    fn begin(committee: &Committee, keys: &EpochKeys) -> Result<Self, getrandom::Error> {
        let fingerprint = keys.network_key.fingerprint();
        let identity = Identity::canary(&committee.network, &fingerprint, &committee.context.0);
        let sealed = Cek::from_bytes(*random()?);
        Ok(Self {
            reader: ReaderSecret::from_seed(&*random()?),
            capsule: Capsule::seal(&keys.network_key, &identity, &[], &sealed, &*random()?),
            reserved: identity,
            sealed,
        })
    }

    fn land(self, keys: &CommitteeKeys, shares: &[Share]) -> Result<Vec<u16>, CanaryError> {
        let weights = random()?;
        let (identity, capsule) = (&self.reserved, &self.capsule);
        let opened = open(keys, &self.reader, identity, capsule, &[], shares, &weights)
            .map_err(CanaryError::Shut)?;
        if opened.cek.expose_secret() != self.sealed.expose_secret() {
            return Err(CanaryError::Other);
        }
        Ok(shares.iter().map(|share| share.index().get()).collect())
    }
}

/// The other members, beginning behind this node, so that not all ask the same first.
fn others(committee: &Committee, mine: Option<NodeIndex>) -> Vec<&CommitteeMember> {
    let (before, behind): (Vec<_>, Vec<_>) = committee
        .members
        .iter()
        .filter(|member| Some(member.index) != mine)
        .partition(|member| Some(member.index) < mine);
    behind.into_iter().chain(before).collect()
}

fn verified(share: Share, key: Option<&NodePublicKey>, flight: &Flight) -> Result<Share, String> {
    let key = key.ok_or("its key is not known")?;
    share
        .verify(key, &flight.reserved, &flight.reader.public())
        .map_err(|error| error.to_string())?;
    Ok(share)
}

fn indexed(keys: &[NodePublicKey]) -> BTreeMap<NodeIndex, NodePublicKey> {
    (1..)
        .zip(keys)
        .filter_map(|(index, key)| Some((NodeIndex::new(index).ok()?, key.clone())))
        .collect()
}

fn random() -> Result<Zeroizing<[u8; 32]>, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes)?;
    Ok(bytes)
}
