//! Up to the start of a ceremony: proposal, keys, approvals.

use alloy::primitives::{Address, B256, Bytes};
use stheno_crypto::dkg::CeremonyKey;
use stheno_protocol::ceremony::{
    Approval, CeremonyKey as KeyMessage, CeremonyKind, CeremonyTerms, Member, Refresh, Signed,
    Timetable, Transcript, approvals_needed,
};

use super::{Noted, Proposed, Record, RecordFault, ignored, nth};

impl Record {
    pub(super) fn propose(&mut self, proposed: Proposed) -> Noted {
        if self.proposed.is_some() {
            return Noted::Ignored("a second proposal of the same ceremony".to_owned());
        }
        self.proposed = Some(proposed);
        Noted::Counted
    }

    /// With the last members the terms are complete; they must hash to the proposal.
    pub(super) fn enlist(
        &mut self,
        first: u16,
        members: Vec<Member>,
    ) -> Result<Noted, RecordFault> {
        let Some(proposed) = &self.proposed else {
            return Err(RecordFault::OutOfOrder("members"));
        };
        if self.terms.is_some() || usize::from(first) != self.members.len() + 1 {
            return ignored("members that are known already, or out of order");
        }
        self.members.extend(members);
        if self.members.len() < usize::from(proposed.size) {
            return Ok(Noted::Counted);
        }
        let dealers = match (proposed.kind, &self.setting.origin) {
            (CeremonyKind::First, _) => self.members.clone(),
            (CeremonyKind::Reshare, Some(origin)) => origin.members.clone(),
            (CeremonyKind::Reshare, None) => return Err(RecordFault::NoOrigin),
        };
        let terms = CeremonyTerms {
            network: self.setting.domain.network,
            number: self.setting.number,
            kind: proposed.kind,
            threshold: proposed.threshold,
            members: self.members.clone(),
            dealers,
            windows: self.setting.windows,
        };
        if terms.proposal() != proposed.proposal {
            return Err(RecordFault::Proposal {
                proposal: proposed.proposal,
            });
        }
        self.terms = Some(terms);
        Ok(Noted::Counted)
    }

    pub(super) fn post_key(
        &mut self,
        member: u16,
        key: B256,
        signature: Bytes,
    ) -> Result<Noted, RecordFault> {
        let (Some(proposal), Some(terms)) = (self.proposal(), &self.terms) else {
            return Err(RecordFault::OutOfOrder("a ceremony key"));
        };
        let Some(sender) = nth(&terms.members, member) else {
            return ignored(format_args!(
                "a ceremony key of member {member}, who does not exist"
            ));
        };
        if self.keys.contains_key(&member) {
            return ignored(format_args!("a second ceremony key of member {member}"));
        }
        let message = KeyMessage {
            ceremony: self.setting.number,
            proposal,
            member,
            key,
        };
        let signed = Signed { message, signature };
        if let Err(error) = signed.verify(&self.setting.domain, sender.identity) {
            return ignored(format_args!("a ceremony key of member {member}: {error}"));
        }
        match CeremonyKey::from_bytes(key.as_slice()) {
            Ok(key) => self.keys.insert(member, key),
            Err(error) => {
                return ignored(format_args!("a ceremony key of member {member}: {error}"));
            }
        };
        Ok(Noted::Counted)
    }

    pub(super) fn fix_context(&mut self, context: B256) -> Result<Noted, RecordFault> {
        let Some(terms) = &self.terms else {
            return Err(RecordFault::OutOfOrder("the context"));
        };
        if self.keys.len() != terms.members.len() {
            return Err(RecordFault::OutOfOrder("the context"));
        }
        let keys: Vec<B256> = self
            .keys
            .values()
            .map(|key| B256::from(key.to_bytes()))
            .collect();
        let computed = terms.context(&keys);
        if computed != context {
            return Err(RecordFault::Context { context, computed });
        }
        self.context = Some(context);
        Ok(Noted::Counted)
    }

    pub(super) fn approve(
        &mut self,
        operator: Address,
        signature: Bytes,
    ) -> Result<Noted, RecordFault> {
        let (Some(context), Some(terms)) = (self.context, &self.terms) else {
            return Err(RecordFault::OutOfOrder("an approval"));
        };
        let mut dealers = terms.dealers.iter();
        let Some(dealer) = dealers.find(|dealer| dealer.operator == operator) else {
            return ignored(format_args!(
                "an approval of {operator}, who operates no dealer"
            ));
        };
        let (domain, ceremony) = (&self.setting.domain, self.setting.number);
        let refresh = Signed {
            message: Refresh { ceremony, context },
            signature: signature.clone(),
        };
        let by_node = self.is_refresh() && refresh.verify(domain, dealer.identity).is_ok();
        let message = Approval { ceremony, context };
        let approval = Signed { message, signature };
        if !by_node && let Err(error) = approval.verify(domain, operator) {
            return ignored(format_args!("an approval of {operator}: {error}"));
        }
        self.approvals.insert(operator);
        Ok(Noted::Counted)
    }

    pub(super) fn start(
        &mut self,
        block: u64,
        context: B256,
        start: u64,
    ) -> Result<Noted, RecordFault> {
        let (Some(computed), Some(terms)) = (self.context, &self.terms) else {
            return Err(RecordFault::OutOfOrder("the start"));
        };
        if context != computed {
            return Err(RecordFault::Context { context, computed });
        }
        let old_threshold = self.origin().map_or(0, |origin| origin.threshold);
        let dealers = u16::try_from(terms.dealers.len()).unwrap_or(u16::MAX);
        let needed = approvals_needed(terms.kind, dealers, old_threshold);
        if self.approvals.len() < usize::from(needed) {
            return Err(RecordFault::Consent {
                needed,
                found: self.approvals.len(),
            });
        }
        // The last approval that was needed and the start are in one transaction.
        let expected = Timetable::start(block, &self.setting.windows);
        if start != expected {
            return Err(RecordFault::Timetable {
                expected,
                found: start,
            });
        }
        self.timetable = Some(Timetable::new(start, &self.setting.windows));
        self.transcript = Some(Transcript::start(context));
        Ok(Noted::Counted)
    }
}
