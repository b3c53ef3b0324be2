//! The messages of a member, phase by phase.

use std::collections::BTreeMap;

use alloy::primitives::{B256, keccak256};
use stheno_crypto::{
    KeyShare, NodeIndex,
    dkg::{self, CeremonyContext, Constant, DealtShare, ReceiveError},
};
use stheno_protocol::ceremony::{
    Accusation, Answer, CeremonyKey, CeremonyKind, Complaint, Dealing, Extension, MAX_EXTENSIONS,
    Phase, RevealedShare,
};

use super::{
    super::qualify::{Qualification, accusers, most_accusations, void_complaints},
    Action, Clock, Machine,
};

/// This node's own dealing.
#[derive(Debug)]
pub(super) struct Dealt {
    hash: B256,
    bytes: Vec<u8>,
}

/// What each well-formed dealing held for this node.
pub(super) type Received = BTreeMap<u16, Result<DealtShare, ReceiveError>>;

impl Machine {
    pub(super) fn post_key(&self, clock: Clock) -> Option<Action> {
        let member = self.receiver()?.get();
        if clock.head + 1 >= self.record.consent_closes()? {
            return None;
        }
        if self.record.context().is_some() || self.record.keys().contains_key(&member) {
            return None;
        }
        let key = self.seeds.as_ref()?.secret.public();
        Some(Action::PostKey(CeremonyKey {
            ceremony: self.record.setting().number,
            proposal: self.record.proposal()?,
            member,
            key: B256::from(key.to_bytes()),
        }))
    }

    /// Deals only what this node's own operator approved, with a signature that this node checked:
    /// the approval is over the context, so over exactly these members, windows and keys.
    pub(super) fn deal(&mut self, clock: Clock) -> Option<Action> {
        let dealer = self.dealer()?;
        if !self.is_open(Phase::Deal, clock) || self.record.dealings().contains_key(&dealer.get()) {
            return None;
        }
        if !self.operator_approved(dealer) {
            return None;
        }
        if self
            .receiver()
            .is_some_and(|me| self.lost_its_key(me.get()))
        {
            tracing::error!(
                "this node has lost the seeds of this ceremony, and may have dealt from them; it \
                 does not deal"
            );
            return None;
        }
        let Dealt { hash, bytes } = self.dealt(dealer)?;
        let (hash, dealing) = (*hash, bytes.clone());
        let message = Dealing {
            context: self.record.context()?,
            dealer: dealer.get(),
            dealingHash: hash,
        };
        Some(Action::Deal { message, dealing })
    }

    /// This node's dealing: a function of seed and context, so made once.
    fn dealt(&mut self, dealer: NodeIndex) -> Option<&Dealt> {
        if self.dealt.is_none() {
            let (context, constant, seed) = self.dealing_parts()?;
            let threshold = self.record.terms()?.threshold;
            let receivers: Vec<_> = self.record.keys().values().copied().collect();
            let dealing = dkg::Dealing::deal(
                &CeremonyContext::from_bytes(context.0),
                dealer,
                threshold,
                &receivers,
                constant,
                seed,
            );
            match dealing {
                Ok(dealing) => {
                    let bytes = dealing.encode();
                    let hash = keccak256(&bytes);
                    self.dealt = Some(Dealt { hash, bytes });
                }
                Err(error) => tracing::error!(%error, "this node cannot deal"),
            }
        }
        self.dealt.as_ref()
    }

    fn operator_approved(&self, dealer: NodeIndex) -> bool {
        let terms = self.record.terms();
        let listed = terms
            .and_then(|terms| terms.dealers.get(usize::from(dealer.get()) - 1))
            .map(|member| member.operator);
        match (self.me.operator, listed) {
            (Some(mine), Some(listed)) if mine == listed => self.record.approvals().contains(&mine),
            (Some(mine), Some(listed)) => {
                tracing::error!(%mine, %listed, "the member list names another operator for this node; it does not deal");
                false
            }
            _ => {
                tracing::warn!(
                    "this node's operator is not known; run `stheno-node register` with its key"
                );
                false
            }
        }
    }

    /// Opens the shares in all well-formed dealings, once there can be no more dealings.
    pub(super) fn receive(&mut self, clock: Clock) {
        if self.settled || self.received.is_some() || !self.is_over(Phase::Deal, clock) {
            return;
        }
        let (Some(me), Some(seeds)) = (self.receiver(), &self.seeds) else {
            return;
        };
        let (dealers, dealings): (Vec<u16>, Vec<_>) = self
            .record
            .verdicts()
            .iter()
            .filter_map(|(dealer, verdict)| Some((*dealer, verdict.as_ref().ok()?)))
            .unzip();
        let weights_seed = self.record.setting().weights_seed.as_bytes();
        let received = dkg::receive_all(&dealings, me, &seeds.secret, weights_seed);
        self.received = Some(dealers.into_iter().zip(received).collect());
    }

    pub(super) fn complain(&self, clock: Clock) -> Option<Action> {
        let receiver = self.receiver()?.get();
        if !self.is_over(Phase::Deal, clock)
            || !self.is_open(Phase::Complain, clock)
            || self.record.complaints().contains_key(&receiver)
        {
            return None;
        }
        if self.lost_its_key(receiver) {
            tracing::error!(
                "the ceremony key on the chain is not the one that this node has; it will need a \
                 repair"
            );
            return None;
        }
        let accusations: Vec<Accusation> = self
            .received
            .as_ref()?
            .iter()
            .filter(|(_, share)| share.is_err())
            .filter_map(|(dealer, _)| {
                let posted = self.record.dealings().get(dealer)?;
                Some(Accusation {
                    dealer: *dealer,
                    dealingHash: posted.hash,
                })
            })
            .collect();
        if accusations.is_empty() {
            return None;
        }
        if accusations.len() > most_accusations(&self.record) {
            // More dealers than can be corrupt: it is this node that has lost its key.
            tracing::error!(
                dealers = accusations.len(),
                "no share opens with this node's ceremony key; it will need a repair"
            );
            return None;
        }
        Some(Action::Complain(Complaint {
            context: self.record.context()?,
            receiver,
            accusations,
        }))
    }

    /// Whether the key that dealers sealed to is another than this node's: then no dealer is to
    /// blame, and a share that is revealed would only help others to find the dealer's secret.
    fn lost_its_key(&self, receiver: u16) -> bool {
        let mine = self.seeds.as_ref().map(|seeds| seeds.secret.public());
        mine.as_ref() != self.record.keys().get(&receiver)
    }

    /// Reveals up to `t − 1` shares: that many may all belong to corrupt receivers, who know them.
    /// One more, and the polynomial would be public; then this dealer stays silent.
    pub(super) fn answer(&self, clock: Clock) -> Option<Action> {
        let dealer = self.dealer()?;
        if !self.is_over(Phase::Complain, clock)
            || !self.is_open(Phase::Answer, clock)
            || self.record.answers().contains_key(&dealer.get())
            || !self.record.dealings().contains_key(&dealer.get())
        {
            return None;
        }
        let accusers = accusers(&self.record, &void_complaints(&self.record), dealer.get());
        let threshold = self.record.terms()?.threshold;
        if accusers.is_empty() {
            return None;
        }
        if accusers.len() >= usize::from(threshold) {
            tracing::error!(
                complaints = accusers.len(),
                "too many complaints against this node; it does not answer"
            );
            return None;
        }
        let (context, constant, seed) = self.dealing_parts()?;
        let ceremony = CeremonyContext::from_bytes(context.0);
        let shares = accusers.iter().filter_map(|receiver| {
            let index = NodeIndex::new(*receiver).ok()?;
            let share = dkg::reveal(&ceremony, dealer, threshold, index, constant, seed);
            Some(RevealedShare {
                receiver: *receiver,
                share: B256::from(*share),
            })
        });
        Some(Action::Answer(Answer {
            context,
            dealer: dealer.get(),
            shares: shares.collect(),
        }))
    }

    /// This node's share from each dealer that counts: sealed to it, or revealed in an answer.
    pub(super) fn dealt_shares(
        &self,
        qualification: &Qualification<'_>,
        mut received: Received,
    ) -> Option<Vec<(NodeIndex, DealtShare)>> {
        let me = self.receiver()?;
        let seeds = self.seeds.as_ref()?;
        let mut shares = Vec::with_capacity(qualification.qualified.len());
        for (dealer, dealing) in &qualification.qualified {
            let sealed = received
                .remove(&dealer.get())
                .unwrap_or_else(|| dealing.receive(me, &seeds.secret));
            let share = sealed.or_else(|error| {
                let revealed = self
                    .record
                    .answers()
                    .get(&dealer.get())
                    .and_then(|shares| shares.iter().find(|share| share.receiver == me.get()));
                match revealed {
                    Some(revealed) => dealing.check_revealed(me, &revealed.share.0),
                    None => Err(error),
                }
            });
            match share {
                Ok(share) => shares.push((*dealer, share)),
                Err(error) => {
                    tracing::error!(%error, "this node has no share from a dealer that counts; it will need a repair");
                    return None;
                }
            }
        }
        Some(shares)
    }

    /// The new key share, if it is the one that everybody expects of this node.
    pub(super) fn combine(&self, shares: &[(NodeIndex, DealtShare)]) -> Option<KeyShare> {
        let me = self.receiver()?;
        let kind = self.record.terms()?.kind;
        let expected = self
            .made
            .as_ref()?
            .keys
            .node_keys
            .get(usize::from(me.get()) - 1)?;
        match dkg::combine_shares(kind.into(), me, shares) {
            Ok(share) if share.public_key() == *expected => Some(share),
            Ok(_) => {
                tracing::error!("this node's new share does not match its public key");
                None
            }
            Err(error) => {
                tracing::error!(%error, "this node's new share cannot be put together");
                None
            }
        }
    }

    pub(super) fn keep_share(&self) -> Option<Action> {
        self.new_share.as_ref().map(|_| Action::KeepShare)
    }

    /// Only with the share on disk.
    pub(super) fn confirm(&self, clock: Clock) -> Option<Action> {
        let receiver = self.receiver()?.get();
        if self.kept.is_none()
            || !self.is_open(Phase::Confirm, clock)
            || self.record.confirmations().contains_key(&receiver)
        {
            return None;
        }
        Some(Action::Confirm(self.made.as_ref()?.outcome.clone()))
    }

    /// Finality lags: the open phase is half over, and the phase before is not final yet.
    pub(super) fn extend(&self, clock: Clock) -> Option<Action> {
        let member = self.receiver()?.get();
        let timetable = self.record.timetable()?;
        let phase = timetable.phase_at(clock.head + 1)?;
        let before = match phase {
            Phase::Deal => return None,
            Phase::Complain => Phase::Deal,
            Phase::Answer => Phase::Complain,
            Phase::Confirm => Phase::Answer,
        };
        let (opens, closes) = timetable.window(phase);
        let round = self.record.extensions(phase);
        let late = clock.head >= opens + (closes - opens) / 2;
        if !late
            || self.is_over(before, clock)
            || round >= MAX_EXTENSIONS
            || self.record.has_voted(phase, member)
        {
            return None;
        }
        Some(Action::Extend(Extension {
            context: self.record.context()?,
            phase: phase as u8,
            member,
            round,
        }))
    }

    fn dealing_parts(&self) -> Option<(B256, Constant<'_>, &dkg::DealerSeed)> {
        let constant = match self.record.terms()?.kind {
            CeremonyKind::First => Constant::Fresh,
            CeremonyKind::Reshare => self.held.as_ref()?.constant(),
        };
        let seed = &self.seeds.as_ref()?.dealer;
        Some((self.record.context()?, constant, seed))
    }
}
