//! What people do: propose, approve, give up.

use alloy::{
    primitives::{Address, B256},
    sol_types::SolCall,
};
use stheno_chain::contracts::CommitteeContract as abi;
use stheno_protocol::ceremony::Approval;

use super::{Stage, World, number_of};
use crate::{cast, contract::State};

impl World {
    pub(super) fn propose(&mut self, members: &[u16], threshold: u16) {
        self.stage
            .note(format_args!("proposed: {threshold} of {members:?}"));
        self.send_proposal(cast::owner(), members, threshold);
        let rivals = self.stage.plan.rivals;
        let reshare = !self.stage.chain.state().epochs.is_empty();
        if reshare && self.stage.dice.chance(rivals) {
            let (members, threshold) = self.new_committee();
            let contract = self.stage.chain.state();
            let by = contract
                .epochs
                .last()
                .map(|epoch| epoch.members[0].operator);
            self.stage
                .note(format_args!("a rival: {threshold} of {members:?}"));
            self.send_proposal(by.unwrap_or_default(), &members, threshold);
        }
    }

    fn send_proposal(&mut self, sender: Address, members: &[u16], threshold: u16) {
        let operators = members.iter().map(|number| {
            self.nodes[usize::from(*number) - 1]
                .person
                .operator
                .address()
        });
        let call = abi::proposeCall {
            committeeId: cast::COMMITTEE,
            threshold,
            operators: operators.collect(),
        };
        let Stage {
            chain, plan, dice, ..
        } = &mut self.stage;
        chain.send(sender, call.abi_encode().into(), None, plan, dice);
    }

    /// Who proposed gives up when keys or approvals do not come; anybody ends what is stale.
    pub(super) fn withdraw(&mut self) {
        let contract = self.stage.chain.state();
        let head = self.stage.chain.head().number;
        let stuck: Vec<(u64, Address)> = contract
            .ceremonies
            .values()
            .filter(|ceremony| match ceremony.state {
                State::Keys | State::Approval => head >= ceremony.proposed_at + 30,
                // Nobody of its members may be there to do it.
                State::Running => ceremony
                    .timetable
                    .is_some_and(|t| head > t.activation() + 40),
                State::Active | State::Failed => false,
            })
            .filter(|ceremony| head % 5 == ceremony.number % 5)
            .map(|ceremony| (ceremony.number, ceremony.proposer))
            .collect();
        for (ceremony, proposer) in stuck {
            let call = abi::failCall {
                committeeId: cast::COMMITTEE,
                ceremony,
            };
            let Stage {
                chain, plan, dice, ..
            } = &mut self.stage;
            chain.send(proposer, call.abi_encode().into(), None, plan, dice);
        }
    }

    /// Operators look at the context that is on the chain and approve.
    pub(super) fn approve(&mut self) {
        let head = self.stage.chain.head().number;
        let mut due = Vec::new();
        for ceremony in self.stage.chain.state().ceremonies.values() {
            let closes = ceremony.timetable.map_or(u64::MAX, |t| t.closes[0]);
            let open = matches!(ceremony.state, State::Approval | State::Running);
            if !open || head >= closes || ceremony.context == B256::ZERO {
                continue;
            }
            let spared = ceremony.terms.dealers.len() > usize::from(ceremony.old_threshold);
            let abstains = self.stage.plan.abstains;
            let abstains = abstains.filter(|_| ceremony.from_epoch > 0 && spared);
            for (dealer, member) in (1..).zip(&ceremony.terms.dealers) {
                let Some(number) = number_of(member.identity) else {
                    continue;
                };
                if abstains == Some(number) {
                    continue;
                }
                if !ceremony.approvals.contains(&dealer) {
                    due.push((ceremony.number, ceremony.context, number));
                }
            }
        }
        for (ceremony, context, number) in due {
            let key = (ceremony, context, number);
            let sent = self.approvals.get(&key);
            if sent.is_some_and(|sent| head < sent + 6)
                || self.stage.dice.chance(self.stage.plan.absences)
            {
                continue;
            }
            self.approvals.insert(key, head);
            self.stage.observer.approves(number, context);
            let operator = &self.nodes[usize::from(number) - 1].person.operator;
            let message = Approval { ceremony, context };
            let call = abi::approveCall {
                committeeId: cast::COMMITTEE,
                ceremony,
                operator: operator.address(),
                signature: cast::signature(operator, &message),
            };
            let sender = operator.address();
            let Stage {
                chain, plan, dice, ..
            } = &mut self.stage;
            chain.send(sender, call.abi_encode().into(), None, plan, dice);
        }
    }
}
