//! A node without a network: the order of checks, the policy, the share, the receipt.

use std::collections::{BTreeMap, BTreeSet};

use alloy::signers::{SignerSync, local::PrivateKeySigner};
use stheno_crypto::{Identity, KeyFingerprint, KeyShare, ReaderKey};
use stheno_protocol::{
    Answer, ChainId, ChainView, Code, Consent, ContractConsent, Domain, NodeState, Policy, Problem,
    Read, Reading, Receipt, Request, ServedEpoch, SignedReceipt, Status, Subject, Tier, Truth,
    Unknown, Verdict, evaluate, shares_digest,
};
use zeroize::Zeroizing;

use super::{FakeChain, Fault, proofs};
use crate::{Error, entropy::fresh};

/// Most seconds that an anchor may lie behind the final head.
const MAX_ANCHOR_AGE: u64 = 600;

/// One node of a test's committee.
pub(super) struct Node {
    pub(super) key: KeyShare,
    pub(super) identity: PrivateKeySigner,
    pub(super) fault: Fault,
    seed: Zeroizing<[u8; 32]>,
}

/// What a node knows of its surroundings.
pub(super) struct Surroundings<'a> {
    pub(super) domain: Domain,
    /// The newest first.
    pub(super) epochs: &'a [u64],
    pub(super) fingerprint: KeyFingerprint,
    pub(super) chains: &'a BTreeMap<ChainId, FakeChain>,
    pub(super) now: u64,
}

impl Node {
    pub(super) fn new(key: KeyShare) -> Result<Self, Error> {
        let secret: Zeroizing<[u8; 32]> = fresh()?;
        let identity =
            PrivateKeySigner::from_slice(secret.as_ref()).map_err(|error| Error::Entropy {
                why: error.to_string(),
            })?;
        Ok(Self {
            key,
            identity,
            fault: Fault::None,
            seed: fresh()?,
        })
    }

    pub(super) fn status(&self, around: &Surroundings<'_>) -> Status {
        Status {
            network: around.domain.network,
            epoch: around.epochs.first().copied().unwrap_or_default(),
            node: self.key.index().get(),
            epochs: around
                .epochs
                .iter()
                .map(|epoch| ServedEpoch {
                    epoch: *epoch,
                    node: self.key.index().get(),
                })
                .collect(),
            state: NodeState::Serving,
            heads: around.chains.values().map(FakeChain::heads).collect(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Answers as an honest node does, except for [`Fault::Shares`], [`Fault::Makes`] and
    /// [`Fault::Answer`].
    pub(super) fn answer(
        &self,
        request: &Request,
        around: &Surroundings<'_>,
    ) -> Result<Answer, Problem> {
        request.check_addressee(&around.domain.network, around.epochs)?;
        request.check_form(around.now)?;
        let reader_key = ReaderKey::from_bytes(request.reader_key.as_slice())
            .map_err(|error| Problem::new(Code::BadReaderKey, error.to_string()))?;
        let account = request.account.map(|account| account.address);
        let policy = request.decode_policy()?;
        request.check_policy(&policy)?;
        let consent = request.check_authorization(
            &around.domain,
            request.digest(&around.domain),
            &policy,
            around.now,
        )?;
        let anchors = check_anchors(request, around)?;
        if let Consent::OfContract(asked) = consent {
            ask_account(&asked, &anchors, around)?;
        }
        judge(request, &policy, &anchors, around)?;

        let shares = request.items.iter().map(|item| {
            let identity = Identity::new(
                &around.domain.network,
                &around.fingerprint,
                &request.policy_digest(),
                item,
            );
            let entropy = fresh::<32>().map_err(|e| Problem::new(Code::Internal, e.to_string()))?;
            let share = self
                .key
                .share(request.epoch, &identity, &reader_key, &self.seed, &entropy);
            Ok(share.encode().to_vec().into())
        });
        let mut shares = shares.collect::<Result<Vec<_>, Problem>>()?;
        match &self.fault {
            Fault::Shares(change) => shares = change(shares),
            Fault::Makes(make) => shares = make(&self.key, request),
            _ => {}
        }
        let body = Receipt {
            epoch: request.epoch,
            node: self.key.index().get(),
            request_digest: request.digest(&around.domain),
            policy_digest: request.policy_digest(),
            items: request.items.clone(),
            account: account.unwrap_or_default(),
            reader_key: request.reader_key,
            anchors: request.anchors.clone(),
            shares_digest: shares_digest(&shares),
            time: around.now,
        };
        let signature = self
            .identity
            .sign_hash_sync(&body.digest(&around.domain))
            .map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
        let mut answer = Answer {
            node: self.key.index().get(),
            epoch: request.epoch,
            anchors: request.anchors.clone(),
            shares,
            receipt: SignedReceipt {
                body,
                signature: signature.as_bytes().into(),
            },
        };
        if let Fault::Answer(change) = &self.fault {
            change(&mut answer);
        }
        Ok(answer)
    }
}

/// A contract account must accept the signature at its chain's anchor, and at the head.
fn ask_account(
    asked: &ContractConsent,
    anchors: &Places,
    around: &Surroundings<'_>,
) -> Result<(), Problem> {
    for places in [anchors, &heads(anchors, around)] {
        let view = View {
            chains: around.chains,
            places,
        };
        match ContractConsent::judge(&view.read(&asked.read())) {
            Ok(true) => {}
            Ok(false) => {
                let detail = format!("contract account {} does not accept it", asked.account);
                return Err(Problem::new(Code::SignatureInvalid, detail));
            }
            Err(error) => return Err(Problem::new(Code::ChainUnavailable, error.to_string())),
        }
    }
    Ok(())
}

/// The heads of the chains that anchors are on.
fn heads(anchors: &Places, around: &Surroundings<'_>) -> Places {
    let head = |chain| Some(around.chains.get(chain)?.head().number);
    let heads = anchors.keys();
    heads
        .filter_map(|place| Some((*place, head(&place.0)?)))
        .collect()
}

type Places = BTreeMap<(ChainId, Tier), u64>;

/// Anchors must be canonical, deep enough, not too old, and in step with each other.
fn check_anchors(request: &Request, around: &Surroundings<'_>) -> Result<Places, Problem> {
    let mut places = Places::new();
    let mut times = Vec::new();
    for anchor in &request.anchors {
        let chain = around.chains.get(&anchor.chain_id).ok_or_else(|| {
            Problem::new(
                Code::ChainNotConfigured,
                format!("chain {}", anchor.chain_id),
            )
        })?;
        let name = format!("block {} of chain {}", anchor.number, anchor.chain_id);
        let block = chain
            .block_at(anchor.number)
            .filter(|block| block.hash == anchor.hash);
        let block = block.ok_or_else(|| Problem::new(Code::AnchorUnknown, name.clone()))?;
        let deepest = match anchor.confirmations {
            0 => chain.final_head().number,
            blocks => chain.head().number.saturating_sub(blocks),
        };
        if block.number > deepest {
            return Err(Problem::new(Code::AnchorNotFinal, name));
        }
        if block.time + MAX_ANCHOR_AGE < chain.final_head().time {
            return Err(Problem::new(Code::AnchorTooOld, name));
        }
        places.insert((anchor.chain_id, anchor.confirmations), block.number);
        times.push((chain, block));
    }
    let chains: BTreeSet<ChainId> = request
        .anchors
        .iter()
        .map(|anchor| anchor.chain_id)
        .collect();
    let newest = times.iter().map(|(_, block)| block.time).max().unwrap_or(0);
    for (chain, block) in times {
        let next = chain.block_at(block.number + 1);
        let is_last_until = next.is_none_or(|next| next.time > newest);
        if chains.len() > 1 && !is_last_until {
            let detail = format!("block {} of chain {}", block.number, chain.id());
            return Err(Problem::new(Code::AnchorsApart, detail));
        }
    }
    Ok(places)
}

/// The policy must hold at the anchors and at the heads, for every item.
fn judge(
    request: &Request,
    policy: &Policy,
    anchors: &Places,
    around: &Surroundings<'_>,
) -> Result<(), Problem> {
    let heads = heads(anchors, around);
    let proofs = proofs::verified(request, policy);
    for item in &request.items {
        let at = |places: &Places| {
            evaluate(
                policy,
                &Subject {
                    proofs: proofs.clone(),
                    ..request.subject(*item)
                },
                &View {
                    chains: around.chains,
                    places,
                },
            )
        };
        let (then, now) = (at(anchors), at(&heads));
        match (then.granted(), now.granted()) {
            (true, true) => {}
            (true, false) => return Err(refusal(Code::NoLongerMet, &now)),
            (false, true) => {
                let blocks = anchors
                    .values()
                    .zip(heads.values())
                    .map(|(a, h)| h - a)
                    .max();
                return Err(
                    refusal(Code::NotFinalYet, &then).with_blocks_to_wait(blocks.unwrap_or(1))
                );
            }
            (false, false) => {
                let code = match then.truth {
                    Truth::Unknown => Code::ConditionUnknown,
                    _ => Code::ConditionNotMet,
                };
                return Err(refusal(code, &then));
            }
        }
    }
    Ok(())
}

fn refusal(code: Code, verdict: &Verdict) -> Problem {
    Problem::new(code, code.explanation()).with_leaves(verdict.failing().cloned().collect())
}

/// The chains, each place at its block.
struct View<'a> {
    chains: &'a BTreeMap<ChainId, FakeChain>,
    places: &'a Places,
}

impl ChainView for View<'_> {
    fn read(&self, read: &Read) -> Result<Reading, Unknown> {
        let place = read.place();
        let chain = self.chains.get(&place.0).ok_or(Unknown::Missing)?;
        let number = *self.places.get(&place).ok_or(Unknown::Missing)?;
        match read {
            Read::Call { to, data, .. } => chain.call(*to, data, number),
            Read::Balance { of, .. } => chain.balance(*of, number),
            Read::BlockTime { .. } => chain
                .block_at(number)
                .map(|block| Reading::Time(block.time))
                .ok_or(Unknown::Missing),
            Read::BlockNumber { .. } => Ok(Reading::Number(number)),
        }
    }
}
