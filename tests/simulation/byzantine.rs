//! Members that cheat: what each vice makes of a message that is due, and what it says unasked.

use alloy::{
    primitives::{B256, Bytes, U256, keccak256},
    sol_types::{SolCall, SolInterface},
};
use stheno_chain::contracts::CommitteeContract::{self as abi, CommitteeContractCalls as Call};
use stheno_crypto::dkg::{CeremonyContext, Constant, DealerSeed, Dealing};
use stheno_node::ceremony::{Clock, Participant, Slot, call::Scribe};
use stheno_protocol::ceremony::{
    Accusation, Answer, CeremonyKey, Complaint, Dealing as DealingMessage, Extension, Outcome,
    Phase, RevealedShare,
};

use crate::{
    cast::{self, Person},
    schedule::Dice,
};

/// A way to cheat.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Vice {
    /// As dealer: a polynomial of a lower degree, with the identity as its last commitment.
    LowerDegree,
    /// As dealer: one commitment more than there should be.
    HigherDegree,
    /// As dealer: in a reshare, another secret than its share.
    OtherConstant,
    /// As dealer: somebody else's commitments, whose secret it does not know.
    StolenCommitments,
    /// As dealer: a wrong share to one receiver.
    WrongShareToOne,
    /// As dealer: a wrong share to some.
    WrongShareToSome,
    /// As dealer: bytes that are nothing.
    Garbage,
    /// As dealer: two dealings, in the hope of two branches.
    TwoDealings,
    /// As dealer: none.
    NoDealing,
    /// As dealer: after its time.
    LateDealing,
    /// As dealer: complaints are left without an answer.
    NoAnswer,
    /// As dealer: complaints are answered with something else.
    WrongAnswer,
    /// As dealer: answers nobody asked for.
    UnaskedAnswer,
    /// As receiver: a complaint about one good dealing.
    FalseComplaint,
    /// As receiver: complaints about as many as the contract takes.
    MassComplaint,
    /// As receiver: complaints about more than can be corrupt.
    VoidComplaint,
    /// As receiver: a complaint about a dealing that nobody posted.
    PhantomComplaint,
    /// As receiver: another root over the node keys.
    FalseRoot,
    /// As receiver: another network key.
    FalseKey,
    /// As receiver: another set of dealers.
    FalseSet,
    /// As receiver: a proof that proves nothing.
    FalseProof,
    /// As receiver: nothing.
    NoConfirmation,
    /// As receiver: a ceremony key of low order, and then a good one.
    LowOrderKey,
    /// As receiver: a ceremony key whose secret it does not have.
    ForeignKey,
    /// As receiver: no ceremony key.
    NoKey,
    /// As receiver: wants every phase to last longer.
    Delays,
}

impl Vice {
    pub const ALL: [Self; 26] = [
        Self::LowerDegree,
        Self::HigherDegree,
        Self::OtherConstant,
        Self::StolenCommitments,
        Self::WrongShareToOne,
        Self::WrongShareToSome,
        Self::Garbage,
        Self::TwoDealings,
        Self::NoDealing,
        Self::LateDealing,
        Self::NoAnswer,
        Self::WrongAnswer,
        Self::UnaskedAnswer,
        Self::FalseComplaint,
        Self::MassComplaint,
        Self::VoidComplaint,
        Self::PhantomComplaint,
        Self::FalseRoot,
        Self::FalseKey,
        Self::FalseSet,
        Self::FalseProof,
        Self::NoConfirmation,
        Self::LowOrderKey,
        Self::ForeignKey,
        Self::NoKey,
        Self::Delays,
    ];

    /// Complaints about who did nothing wrong.
    pub const FALSE_COMPLAINTS: [Self; 2] = [Self::FalseComplaint, Self::MassComplaint];

    /// Whether a dealer with it may not count in the end.
    pub fn spoils_dealing(self) -> bool {
        matches!(
            self,
            Self::LowerDegree
                | Self::HigherDegree
                | Self::OtherConstant
                | Self::StolenCommitments
                | Self::WrongShareToOne
                | Self::WrongShareToSome
                | Self::Garbage
                | Self::TwoDealings
                | Self::NoDealing
                | Self::LateDealing
                | Self::NoAnswer
                | Self::WrongAnswer
                | Self::UnaskedAnswer
                | Self::ForeignKey
        )
    }

    /// Whether a receiver with it may not confirm what the others do. Who complains about the wrong
    /// dealer has no complaint left about one that dealt it a wrong share.
    pub fn spoils_confirmation(self) -> bool {
        matches!(
            self,
            Self::FalseRoot
                | Self::FalseKey
                | Self::FalseSet
                | Self::FalseProof
                | Self::NoConfirmation
                | Self::ForeignKey
                | Self::FalseComplaint
                | Self::MassComplaint
                | Self::VoidComplaint
                | Self::PhantomComplaint
        )
    }
}

/// A cheat at work in one ceremony.
pub struct Cheat<'a> {
    pub person: &'a Person,
    pub part: &'a Participant,
    pub vices: &'a [Vice],
    /// The bytes of its seeds.
    pub seeds: &'a [u8],
}

impl Cheat<'_> {
    fn has(&self, vice: Vice) -> bool {
        self.vices.contains(&vice)
    }

    fn scribe(&self) -> Scribe<'_> {
        Scribe {
            domain: cast::domain(),
            committee_id: cast::COMMITTEE,
            ceremony: self.part.machine().record().setting().number,
            identity: &self.person.identity,
        }
    }

    fn context(&self) -> Option<B256> {
        self.part.machine().record().context()
    }

    /// What it sends in place of the call that is due.
    pub fn bend(&self, call: &Bytes, dice: &mut Dice) -> Vec<Bytes> {
        let Ok(decoded) = Call::abi_decode(call) else {
            return vec![call.clone()];
        };
        match decoded {
            Call::postCeremonyKey(c) => self.bend_key(call, &c),
            Call::deal(c) => self.bend_dealing(call, &c, dice).unwrap_or_default(),
            Call::answer(c) => self.bend_answer(call, &c).unwrap_or_default(),
            Call::confirm(c) => self.bend_confirmation(call, c),
            _ => vec![call.clone()],
        }
    }

    fn bend_key(&self, call: &Bytes, c: &abi::postCeremonyKeyCall) -> Vec<Bytes> {
        let record = self.part.machine().record();
        let posts = |key: B256| {
            let proposal = record.proposal().unwrap_or_default();
            self.scribe().post_key(&CeremonyKey {
                ceremony: c.ceremony,
                proposal,
                member: c.member,
                key,
            })
        };
        if self.has(Vice::NoKey) {
            Vec::new()
        } else if self.has(Vice::LowOrderKey) {
            vec![posts(B256::with_last_byte(0)), call.clone()]
        } else if self.has(Vice::ForeignKey) {
            let mut key = keccak256(c.key);
            key.0[31] &= 0x3f;
            vec![posts(key), call.clone()]
        } else {
            vec![call.clone()]
        }
    }

    fn bend_dealing(&self, call: &Bytes, c: &abi::dealCall, dice: &mut Dice) -> Option<Vec<Bytes>> {
        let context = self.context()?;
        let deals = |dealing: Vec<u8>| {
            let message = DealingMessage {
                context,
                dealer: c.dealer,
                dealingHash: keccak256(&dealing),
            };
            self.scribe().deal(&message, &dealing)
        };
        let honest = c.dealing.to_vec();
        let terms = self.part.machine().record().terms()?;
        let commitments = 96 * usize::from(terms.threshold);
        let sealed = |receiver: usize| commitments + 128 + 80 * receiver;
        let members = terms.members.len();
        if self.has(Vice::NoDealing) || self.has(Vice::LateDealing) {
            return None;
        }
        if self.has(Vice::LowerDegree) {
            let mut dealing = honest;
            let last = dealing.get_mut(commitments - 96..commitments)?;
            last.fill(0);
            last[0] = 0xc0;
            return Some(vec![deals(dealing)]);
        }
        if self.has(Vice::HigherDegree) {
            let mut dealing = honest.clone();
            dealing.splice(commitments..commitments, honest[..96].iter().copied());
            return Some(vec![deals(dealing)]);
        }
        if self.has(Vice::OtherConstant) {
            return Some(vec![deals(self.deal(Constant::Fresh, 0)?)]);
        }
        if self.has(Vice::StolenCommitments) {
            let mut dealing = honest;
            // The proof is over other commitments.
            let (head, _) = dealing.split_at_mut(96 * 2.min(usize::from(terms.threshold)));
            head.rotate_left(96);
            dealing[commitments + 20] ^= 1;
            return Some(vec![deals(dealing)]);
        }
        if self.has(Vice::Garbage) {
            let bytes = honest.iter().map(|_| dice.next() as u8).collect();
            return Some(vec![deals(bytes)]);
        }
        if self.has(Vice::TwoDealings) {
            let other = deals(self.deal(Constant::Fresh, 1)?);
            let mut both = vec![call.clone(), other];
            dice.shuffle(&mut both);
            return Some(both);
        }
        if self.has(Vice::WrongShareToOne) || self.has(Vice::WrongShareToSome) {
            let mut dealing = honest;
            let many = match self.has(Vice::WrongShareToOne) {
                true => 1,
                false => dice.between(1, members as u64),
            };
            for _ in 0..many {
                let receiver = dice.below(members as u64) as usize;
                dealing[sealed(receiver) + 40] ^= 1;
            }
            return Some(vec![deals(dealing)]);
        }
        Some(vec![call.clone()])
    }

    /// Another dealing than the one that its seeds give.
    fn deal(&self, constant: Constant<'_>, twist: u8) -> Option<Vec<u8>> {
        let record = self.part.machine().record();
        let context = CeremonyContext::from_bytes(record.context()?.0);
        let dealer = self.part.machine().dealer()?;
        let receivers: Vec<_> = record.keys().values().copied().collect();
        let mut seed = <[u8; 32]>::try_from(self.seeds.get(32..64)?).ok()?;
        seed[0] ^= twist;
        let seed = DealerSeed::from_bytes(seed);
        let threshold = record.terms()?.threshold;
        let dealing = Dealing::deal(&context, dealer, threshold, &receivers, constant, &seed);
        Some(dealing.ok()?.encode())
    }

    fn bend_answer(&self, call: &Bytes, c: &abi::answerCall) -> Option<Vec<Bytes>> {
        if self.has(Vice::NoAnswer) {
            return None;
        }
        if !self.has(Vice::WrongAnswer) {
            return Some(vec![call.clone()]);
        }
        let shares = c.shares.iter().map(|share| RevealedShare {
            receiver: share.receiver,
            share: {
                let mut wrong = share.share;
                wrong.0[31] ^= 1;
                wrong
            },
        });
        let answer = Answer {
            context: self.context()?,
            dealer: c.dealer,
            shares: shares.collect(),
        };
        Some(vec![self.scribe().answer(&answer)])
    }

    fn bend_confirmation(&self, call: &Bytes, mut c: abi::confirmCall) -> Vec<Bytes> {
        if self.has(Vice::NoConfirmation) {
            return Vec::new();
        }
        let honest = c.outcome.clone();
        if self.has(Vice::FalseRoot) {
            c.outcome.keysRoot = keccak256("root");
        }
        if self.has(Vice::FalseKey) {
            let mut key = c.outcome.networkKey.to_vec();
            key[200] ^= 1;
            c.outcome.networkKey = key.into();
        }
        if self.has(Vice::FalseSet) {
            c.outcome.qualified ^= U256::from(1);
        }
        let mut proof = c.proof.to_vec();
        if self.has(Vice::FalseProof) {
            proof[50] ^= 1;
            c.proof = proof.into();
        } else if c.outcome == honest {
            return vec![call.clone()];
        }
        let Some(context) = self.context() else {
            return Vec::new();
        };
        let outcome = Outcome {
            qualified: c.outcome.qualified,
            network_key: c.outcome.networkKey.clone(),
            keys_root: c.outcome.keysRoot,
        };
        let message = outcome.confirmation(context, c.receiver, c.proof.clone());
        c.signature = cast::signature(&self.person.identity, &message);
        vec![c.abi_encode().into()]
    }

    /// What it says unasked, each under a slot of its own so that it says it once.
    pub fn unasked(&self, clock: Clock, dice: &mut Dice) -> Vec<(Slot, Bytes)> {
        let mut says = Vec::new();
        let record = self.part.machine().record();
        let Some(timetable) = record.timetable() else {
            return says;
        };
        let next = timetable.phase_at(clock.head + 1);
        let slot = |name, round| Slot { name, round };
        if next == Some(Phase::Complain)
            && let Some(call) = self.complaint(dice)
        {
            says.push((slot("false complaint", 0), call));
        }
        let over = clock.head + 1 >= timetable.window(Phase::Deal).1;
        if self.has(Vice::LateDealing)
            && over
            && let Some(dealer) = self.part.machine().dealer()
            && let (Some(dealing), Some(context)) = (self.deal(Constant::Fresh, 2), self.context())
        {
            let message = DealingMessage {
                context,
                dealer: dealer.get(),
                dealingHash: keccak256(&dealing),
            };
            says.push((
                slot("late dealing", 0),
                self.scribe().deal(&message, &dealing),
            ));
        }
        if self.has(Vice::UnaskedAnswer)
            && next == Some(Phase::Answer)
            && let (Some(dealer), Some(context)) = (self.part.machine().dealer(), self.context())
        {
            let share = keccak256("share");
            let shares = vec![RevealedShare { receiver: 1, share }];
            let dealer = dealer.get();
            let answer = Answer {
                context,
                dealer,
                shares,
            };
            says.push((slot("unasked answer", 0), self.scribe().answer(&answer)));
        }
        if self.has(Vice::Delays)
            && let (Some(phase), Some(member), Some(context)) =
                (next, self.part.machine().receiver(), self.context())
        {
            let round = record.extensions(phase);
            let message = Extension {
                context,
                phase: phase as u8,
                member: member.get(),
                round,
            };
            let slot = slot("delay", phase as u8 * 16 + round);
            says.push((slot, self.scribe().extend(&message)));
        }
        says
    }

    fn complaint(&self, dice: &mut Dice) -> Option<Bytes> {
        let record = self.part.machine().record();
        let receiver = self.part.machine().receiver()?.get();
        let most = usize::from(match record.origin() {
            Some(origin) => origin.threshold,
            None => record.terms()?.threshold,
        }) - 1;
        let many = if self.has(Vice::VoidComplaint) {
            most + 1
        } else if self.has(Vice::MassComplaint) {
            most
        } else if self.has(Vice::FalseComplaint) || self.has(Vice::PhantomComplaint) {
            1
        } else {
            return None;
        };
        let mut about: Vec<Accusation> = record
            .dealings()
            .iter()
            .map(|(dealer, posted)| Accusation {
                dealer: *dealer,
                dealingHash: posted.hash,
            })
            .collect();
        while about.len() > many {
            about.remove(dice.below(about.len() as u64) as usize);
        }
        if self.has(Vice::PhantomComplaint)
            && let Some(accusation) = about.first_mut()
        {
            accusation.dealingHash = keccak256("phantom");
        }
        if about.is_empty() {
            return None;
        }
        let complaint = Complaint {
            context: record.context()?,
            receiver,
            accusations: about,
        };
        Some(self.scribe().complain(&complaint))
    }
}
