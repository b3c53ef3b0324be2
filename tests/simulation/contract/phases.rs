//! The four phases: who may say what, when, and how often.

use alloy::primitives::{Bytes, keccak256};
use stheno_chain::contracts::CommitteeContract as abi;
use stheno_node::ceremony::Event;
use stheno_protocol::ceremony::{
    Accusation, Answer, CeremonyKind, Complaint, Dealing, Extension, MAX_EXTENSIONS, Phase,
    RevealedShare,
};

use super::{
    Ceremony, Contract, Events, PART, Revert, State, digest, entries, identity, outcome, require,
    signed,
};

impl Contract {
    pub(super) fn deal(&mut self, block: u64, c: abi::dealCall) -> Result<Events, Revert> {
        let domain = self.domain;
        let ceremony = self.open(block, c.ceremony, Phase::Deal)?;
        let identity = identity(&ceremony.terms.dealers, c.dealer)?;
        require(!ceremony.dealings.contains_key(&c.dealer), "AlreadyDone")?;
        let (t, n) = (ceremony.terms.threshold, ceremony.terms.members.len());
        require(
            c.dealing.len() == 96 * usize::from(t) + 128 + 80 * n,
            "BadDealingLength",
        )?;
        let hash = keccak256(&c.dealing);
        let message = Dealing {
            context: ceremony.context,
            dealer: c.dealer,
            dealingHash: hash,
        };
        signed(&domain, message.clone(), &c.signature, identity)?;
        ceremony.dealings.insert(c.dealer, hash);
        ceremony.absorb(&message);
        let parts = (0..).zip(c.dealing.chunks(PART)).map(|(part, data)| {
            let data = Bytes::copy_from_slice(data);
            let dealer = c.dealer;
            (c.ceremony, Event::DealingPart { dealer, part, data })
        });
        let mut events: Events = parts.collect();
        let posted = Event::DealingPosted {
            dealer: c.dealer,
            dealing_hash: hash,
            signature: c.signature,
        };
        events.push((c.ceremony, posted));
        Ok(events)
    }

    pub(super) fn complain(&mut self, block: u64, c: abi::complainCall) -> Result<Events, Revert> {
        let domain = self.domain;
        let ceremony = self.open(block, c.ceremony, Phase::Complain)?;
        let identity = identity(&ceremony.terms.members, c.receiver)?;
        require(!ceremony.complained.contains(&c.receiver), "AlreadyDone")?;
        let most = match ceremony.terms.kind {
            CeremonyKind::First => ceremony.terms.threshold - 1,
            CeremonyKind::Reshare => ceremony.old_threshold - 1,
        };
        entries(c.accusations.len(), most)?;
        let accusations: Vec<Accusation> = c
            .accusations
            .iter()
            .map(|a| Accusation {
                dealer: a.dealer,
                dealingHash: a.dealingHash,
            })
            .collect();
        let ascending = accusations.windows(2).all(|w| w[0].dealer < w[1].dealer);
        require(ascending, "NotAscending")?;
        for accusation in &accusations {
            let stored = ceremony.dealings.get(&accusation.dealer);
            require(stored == Some(&accusation.dealingHash), "WrongDealingHash")?;
        }
        let message = Complaint {
            context: ceremony.context,
            receiver: c.receiver,
            accusations: accusations.clone(),
        };
        signed(&domain, message.clone(), &c.signature, identity)?;
        for accusation in &accusations {
            let accusers = ceremony.accusers.entry(accusation.dealer).or_default();
            accusers.insert(c.receiver);
        }
        ceremony.complained.insert(c.receiver);
        ceremony.absorb(&message);
        let complained = Event::Complained {
            receiver: c.receiver,
            part: 0,
            parts: 1,
            accusations,
            signature: c.signature,
        };
        Ok(vec![(c.ceremony, complained)])
    }

    pub(super) fn answer(&mut self, block: u64, c: abi::answerCall) -> Result<Events, Revert> {
        let domain = self.domain;
        let ceremony = self.open(block, c.ceremony, Phase::Answer)?;
        let identity = identity(&ceremony.terms.dealers, c.dealer)?;
        require(!ceremony.answered.contains(&c.dealer), "AlreadyDone")?;
        entries(c.shares.len(), ceremony.terms.threshold - 1)?;
        let shares: Vec<RevealedShare> = c
            .shares
            .iter()
            .map(|s| RevealedShare {
                receiver: s.receiver,
                share: s.share,
            })
            .collect();
        let ascending = shares.windows(2).all(|w| w[0].receiver < w[1].receiver);
        require(ascending, "NotAscending")?;
        let accusers = ceremony.accusers.get(&c.dealer);
        let accused = |receiver| accusers.is_some_and(|set| set.contains(&receiver));
        require(
            shares.iter().all(|s| accused(s.receiver)),
            "NoSuchComplaint",
        )?;
        let message = Answer {
            context: ceremony.context,
            dealer: c.dealer,
            shares: shares.clone(),
        };
        signed(&domain, message.clone(), &c.signature, identity)?;
        ceremony.answered.insert(c.dealer);
        ceremony.absorb(&message);
        let answered = Event::Answered {
            dealer: c.dealer,
            part: 0,
            parts: 1,
            shares,
            signature: c.signature,
        };
        Ok(vec![(c.ceremony, answered)])
    }

    pub(super) fn confirm(&mut self, block: u64, c: abi::confirmCall) -> Result<Events, Revert> {
        let domain = self.domain;
        let key = self.network_key();
        let ceremony = self.open(block, c.ceremony, Phase::Confirm)?;
        let identity = identity(&ceremony.terms.members, c.receiver)?;
        require(!ceremony.confirmed.contains(&c.receiver), "AlreadyDone")?;
        require((1..=256).contains(&c.proof.len()), "BadProofLength")?;
        let outcome = outcome(&c.outcome);
        require(outcome.network_key.len() == 256, "BadNetworkKey")?;
        require(
            key.is_none_or(|key| key == outcome.network_key),
            "NetworkKeyChanged",
        )?;
        let qualified: Vec<u16> = outcome.qualified_dealers().collect();
        let enough = match ceremony.terms.kind {
            CeremonyKind::First => qualified.len() >= usize::from(ceremony.terms.threshold),
            CeremonyKind::Reshare => qualified.len() == usize::from(ceremony.old_threshold),
        };
        let dealt = qualified
            .iter()
            .all(|dealer| ceremony.dealings.contains_key(dealer));
        require(enough && dealt, "BadQualified")?;
        let message = outcome.confirmation(ceremony.context, c.receiver, c.proof.clone());
        signed(&domain, message.clone(), &c.signature, identity)?;
        ceremony.confirmed.insert(c.receiver);
        let count = ceremony.confirmations.entry(digest(&outcome)).or_default();
        *count += 1;
        ceremony.best = ceremony.best.max(*count);
        ceremony.absorb(&message);
        let confirmed = Event::Confirmed {
            receiver: c.receiver,
            outcome,
            proof: c.proof,
            signature: c.signature,
        };
        Ok(vec![(c.ceremony, confirmed)])
    }

    pub(super) fn extend(&mut self, block: u64, c: abi::extendCall) -> Result<Events, Revert> {
        let (domain, windows) = (self.domain, self.windows);
        let phase = *Phase::ALL
            .get(usize::from(c.phase))
            .ok_or("no such phase")?;
        let ceremony = self.open(block, c.ceremony, phase)?;
        let identity = identity(&ceremony.terms.members, c.member)?;
        let round = ceremony.extensions.get(&phase).copied().unwrap_or(0);
        require(round < MAX_EXTENSIONS, "NoMoreExtensions")?;
        let voted = ceremony
            .votes
            .get(&(phase, round))
            .is_some_and(|v| v.contains(&c.member));
        require(!voted, "AlreadyDone")?;
        let message = Extension {
            context: ceremony.context,
            phase: c.phase,
            member: c.member,
            round,
        };
        signed(&domain, message.clone(), &c.signature, identity)?;
        ceremony.absorb(&message);
        let votes = ceremony.votes.entry((phase, round)).or_default();
        votes.insert(c.member);
        let count = votes.len();
        let signed = Event::ExtensionSigned {
            member: c.member,
            phase,
            round,
            signature: c.signature,
        };
        let mut events = vec![(c.ceremony, signed)];
        if count == usize::from(ceremony.terms.threshold)
            && let Some(timetable) = &mut ceremony.timetable
        {
            timetable.extend(phase, &windows);
            let closes = timetable.window(phase).1;
            ceremony.extensions.insert(phase, round + 1);
            events.push((c.ceremony, Event::PhaseExtended { phase, closes }));
        }
        Ok(events)
    }

    fn open(&mut self, block: u64, number: u64, phase: Phase) -> Result<&mut Ceremony, Revert> {
        let ceremony = self.ceremony(number)?;
        require(ceremony.state == State::Running, "WrongState")?;
        let (opens, closes) = ceremony.timetable.map_or((0, 0), |t| t.window(phase));
        require((opens..closes).contains(&block), "PhaseNotOpen")?;
        Ok(ceremony)
    }
}
