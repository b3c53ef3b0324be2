//! The four phases: dealings, complaints, answers, confirmations; and their extension.

use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes, keccak256};
use stheno_crypto::dkg::Dealing;
use stheno_protocol::ceremony::{
    Accusation, Answer, Complaint, Dealing as DealingMessage, Extension, MAX_EXTENSIONS, Message,
    Outcome, Phase, RevealedShare, Signed,
};

use super::{Confirmed, Noted, PostedDealing, Record, RecordFault, ignored, nth};

/// Who speaks: a dealer, or a receiver.
#[derive(Clone, Copy)]
enum Side {
    Dealer,
    Receiver,
}

impl Record {
    /// Parts come in order, in the transaction of the dealing that they make up.
    pub(super) fn dealing_part(&mut self, dealer: u16, part: u16, data: &[u8]) -> Noted {
        let terms = self.terms.as_ref();
        let most = terms.map_or(0, |terms| {
            Dealing::encoded_len(terms.threshold, terms.members.len())
        });
        let bytes = self.parts.dealings.entry(dealer).or_default();
        if part == 0 {
            bytes.clear();
        }
        if bytes.len() + data.len() > most {
            return Noted::Ignored(format!("a dealing of dealer {dealer} that is too long"));
        }
        bytes.extend_from_slice(data);
        Noted::Counted
    }

    pub(super) fn deal(
        &mut self,
        block: u64,
        dealer: u16,
        hash: B256,
        signature: Bytes,
    ) -> Result<Noted, RecordFault> {
        let bytes = self.parts.dealings.remove(&dealer).unwrap_or_default();
        if self.dealings.contains_key(&dealer) {
            return ignored(format_args!("a second dealing of dealer {dealer}"));
        }
        if keccak256(&bytes) != hash {
            return ignored(format_args!(
                "a dealing of dealer {dealer}: its parts are not what was signed"
            ));
        }
        let context = self.running(Phase::Deal)?;
        let message = DealingMessage {
            context,
            dealer,
            dealingHash: hash,
        };
        if let Some(why) = self.refuse(block, Phase::Deal, Side::Dealer, message, signature) {
            return ignored(why);
        }
        let bytes = bytes.into();
        self.dealings.insert(dealer, PostedDealing { hash, bytes });
        self.verdicts = Arc::default();
        Ok(Noted::Counted)
    }

    pub(super) fn complain(
        &mut self,
        block: u64,
        receiver: u16,
        (part, parts): (u16, u16),
        accusations: Vec<Accusation>,
        signature: Bytes,
    ) -> Result<Noted, RecordFault> {
        let pending = self.parts.complaints.entry(receiver).or_default();
        if part == 0 {
            pending.clear();
        }
        pending.extend(accusations);
        if u32::from(part) + 1 < u32::from(parts) {
            return Ok(Noted::Counted);
        }
        let accusations = self.parts.complaints.remove(&receiver).unwrap_or_default();
        if self.complaints.contains_key(&receiver) {
            return ignored(format_args!("a second complaint of receiver {receiver}"));
        }
        let cites_what_is_there = accusations.iter().all(|accusation| {
            let posted = self.dealings.get(&accusation.dealer);
            posted.is_some_and(|posted| posted.hash == accusation.dealingHash)
        });
        if !cites_what_is_there {
            return ignored(format_args!(
                "a complaint of receiver {receiver} about a dealing that is not there"
            ));
        }
        let message = Complaint {
            context: self.running(Phase::Complain)?,
            receiver,
            accusations: accusations.clone(),
        };
        if let Some(why) = self.refuse(block, Phase::Complain, Side::Receiver, message, signature) {
            return ignored(why);
        }
        self.complaints.insert(receiver, accusations);
        Ok(Noted::Counted)
    }

    pub(super) fn answer(
        &mut self,
        block: u64,
        dealer: u16,
        (part, parts): (u16, u16),
        shares: Vec<RevealedShare>,
        signature: Bytes,
    ) -> Result<Noted, RecordFault> {
        let pending = self.parts.answers.entry(dealer).or_default();
        if part == 0 {
            pending.clear();
        }
        pending.extend(shares);
        if u32::from(part) + 1 < u32::from(parts) {
            return Ok(Noted::Counted);
        }
        let shares = self.parts.answers.remove(&dealer).unwrap_or_default();
        if self.answers.contains_key(&dealer) {
            return ignored(format_args!("a second answer of dealer {dealer}"));
        }
        let message = Answer {
            context: self.running(Phase::Answer)?,
            dealer,
            shares: shares.clone(),
        };
        if let Some(why) = self.refuse(block, Phase::Answer, Side::Dealer, message, signature) {
            return ignored(why);
        }
        self.answers.insert(dealer, shares);
        Ok(Noted::Counted)
    }

    pub(super) fn confirm(
        &mut self,
        block: u64,
        receiver: u16,
        outcome: Outcome,
        proof: Bytes,
        signature: Bytes,
    ) -> Result<Noted, RecordFault> {
        if self.confirmations.contains_key(&receiver) {
            return ignored(format_args!("a second confirmation of receiver {receiver}"));
        }
        let context = self.running(Phase::Confirm)?;
        let message = outcome.confirmation(context, receiver, proof.clone());
        if let Some(why) = self.refuse(block, Phase::Confirm, Side::Receiver, message, signature) {
            return ignored(why);
        }
        self.confirmations
            .insert(receiver, Confirmed { outcome, proof });
        Ok(Noted::Counted)
    }

    pub(super) fn vote_extension(
        &mut self,
        block: u64,
        member: u16,
        phase: Phase,
        round: u8,
        signature: Bytes,
    ) -> Result<Noted, RecordFault> {
        if round != self.extensions(phase) || round >= MAX_EXTENSIONS {
            return ignored(format_args!(
                "a wish of member {member} for another extension"
            ));
        }
        if self.has_voted(phase, member) {
            return ignored(format_args!(
                "a second wish of member {member} for one extension"
            ));
        }
        let message = Extension {
            context: self.running(phase)?,
            phase: phase as u8,
            member,
            round,
        };
        if let Some(why) = self.refuse(block, phase, Side::Receiver, message, signature) {
            return ignored(why);
        }
        let votes = self.votes.entry((phase, round)).or_default();
        votes.insert(member);
        let threshold = self
            .terms
            .as_ref()
            .map(|terms| usize::from(terms.threshold));
        if threshold == Some(votes.len())
            && let Some(timetable) = &mut self.timetable
        {
            timetable.extend(phase, &self.setting.windows);
            self.extensions.insert(phase, round + 1);
        }
        Ok(Noted::Counted)
    }

    /// What the contract says of the timetable must follow from the members' votes.
    pub(super) fn phase_extended(
        &mut self,
        phase: Phase,
        closes: u64,
    ) -> Result<Noted, RecordFault> {
        let Some(timetable) = &self.timetable else {
            return Err(RecordFault::OutOfOrder("an extension"));
        };
        let (_, expected) = timetable.window(phase);
        if closes != expected {
            return Err(RecordFault::Timetable {
                expected,
                found: closes,
            });
        }
        Ok(Noted::Counted)
    }

    fn running(&self, phase: Phase) -> Result<B256, RecordFault> {
        match (self.context, self.timetable, &self.end) {
            (Some(context), Some(_), None) => Ok(context),
            _ => Err(RecordFault::OutOfOrder(match phase {
                Phase::Deal => "a dealing",
                Phase::Complain => "a complaint",
                Phase::Answer => "an answer",
                Phase::Confirm => "a confirmation",
            })),
        }
    }

    /// Takes a message into the transcript when it came in time and is its sender's;
    /// else says why not.
    fn refuse<M: Message>(
        &mut self,
        block: u64,
        phase: Phase,
        side: Side,
        message: M,
        signature: Bytes,
    ) -> Option<String> {
        let sender = message.sender();
        let open = self
            .timetable
            .and_then(|timetable| timetable.phase_at(block));
        if open != Some(phase) {
            return Some(format!(
                "a message of {sender} for {phase:?} in block {block}, out of time"
            ));
        }
        let Some(identity) = self.identity(side, sender) else {
            return Some(format!("a message of {sender}, who does not exist"));
        };
        let signed = Signed { message, signature };
        match signed.verify(&self.setting.domain, identity) {
            Ok(message) => {
                if let Some(transcript) = &mut self.transcript {
                    transcript.absorb(message);
                }
                None
            }
            Err(error) => Some(format!("a message of {sender} for {phase:?}: {error}")),
        }
    }

    fn identity(&self, side: Side, index: u16) -> Option<Address> {
        let terms = self.terms.as_ref()?;
        let members = match side {
            Side::Dealer => &terms.dealers,
            Side::Receiver => &terms.members,
        };
        nth(members, index).map(|member| member.identity)
    }
}
