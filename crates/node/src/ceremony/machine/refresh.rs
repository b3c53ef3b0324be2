//! Consent to new shares for an unchanged committee, which needs no person.

use stheno_protocol::ceremony::{Phase, Refresh};

use super::{Action, Clock, Machine};

impl Machine {
    /// Says whether this node may approve refreshes now, in the place of its operator.
    pub fn approve_refreshes(&mut self, may: bool) {
        self.approves_refreshes = may;
    }

    /// Approves what gives the key to nobody who has it not, and nothing else: the record says so of
    /// terms that it checked. As operators do, until Deal closes: who does not approve does not deal.
    pub(super) fn approve_refresh(&self, clock: Clock) -> Option<Action> {
        if !self.approves_refreshes || !self.record.is_refresh() {
            return None;
        }
        let dealer = usize::from(self.dealer()?.get()) - 1;
        let operator = self.record.terms()?.dealers.get(dealer)?.operator;
        if self.me.operator != Some(operator) || self.record.approvals().contains(&operator) {
            return None;
        }
        let closes = match self.record.timetable() {
            Some(timetable) => timetable.window(Phase::Deal).1,
            None => self.record.consent_closes()?,
        };
        if clock.head + 1 >= closes {
            return None;
        }
        Some(Action::ApproveRefresh(Refresh {
            ceremony: self.record.setting().number,
            context: self.record.context()?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use alloy::{
        primitives::{Address, B256, Bytes},
        signers::{SignerSync, local::PrivateKeySigner},
    };
    use stheno_crypto::{KeyShare, NodeIndex, dkg};
    use stheno_protocol::{
        Domain,
        ceremony::{Approval, CeremonyKind, CeremonyTerms, Member, Message, Windows},
    };

    use super::*;
    use crate::ceremony::{Event, Me, Noted, Origin, RecordFault, Setting, WeightsSeed};

    const WINDOWS: Windows = Windows {
        deal: 4,
        complain: 4,
        answer: 4,
        confirm: 4,
        margin: 3,
        consent_delay: 0,
    };
    const CLOCK: Clock = Clock {
        applied: 12,
        head: 14,
    };

    fn signer(kind: u8, number: u8) -> PrivateKeySigner {
        let mut bytes = [kind; 32];
        bytes[31] = number;
        PrivateKeySigner::from_slice(&bytes).unwrap()
    }

    fn member(number: u8) -> Member {
        Member {
            operator: signer(1, number).address(),
            identity: signer(2, number).address(),
        }
    }

    /// A proposal from members 1, 2 and 3, threshold 2, to these, seen by member 1 up to its context.
    struct Scene {
        domain: Domain,
        context: B256,
        machine: Machine,
    }

    impl Scene {
        fn set(to: &[u8], threshold: u16) -> Self {
            let domain = Domain::of_committee(31_415_926, Address::repeat_byte(0xcc), 1);
            let dealers: Vec<Member> = (1..=3).map(member).collect();
            let terms = CeremonyTerms {
                network: domain.network,
                number: 2,
                kind: CeremonyKind::Reshare,
                threshold,
                members: to.iter().copied().map(member).collect(),
                dealers: dealers.clone(),
                windows: WINDOWS,
            };
            let share = |index| {
                let index = NodeIndex::new(index).unwrap();
                KeyShare::from_secret_bytes(index, &[7; 32])
                    .unwrap()
                    .public_key()
            };
            let origin = Origin {
                members: dealers,
                threshold: 2,
                network_key: Bytes::new(),
                node_keys: (1..=3).map(share).collect(),
            };
            let setting = Setting {
                domain,
                number: 2,
                windows: WINDOWS,
                origin: Some(origin),
                weights_seed: WeightsSeed::from_bytes([9; 32]).into(),
            };
            let me = Me {
                identity: member(1).identity,
                operator: Some(member(1).operator),
            };
            let mut scene = Self {
                domain,
                context: B256::ZERO,
                machine: Machine::new(setting, me),
            };
            scene.begin(&terms, to);
            scene
        }

        fn begin(&mut self, terms: &CeremonyTerms, to: &[u8]) {
            let proposal = terms.proposal();
            self.counts(Event::Proposed {
                kind: terms.kind,
                threshold: terms.threshold,
                size: u16::try_from(terms.members.len()).unwrap(),
                from_epoch: 1,
                proposal,
            });
            self.counts(Event::Members {
                first: 1,
                members: terms.members.clone(),
            });
            let mut keys = Vec::new();
            for (index, number) in (1..).zip(to) {
                let key = dkg::CeremonySecret::from_seed(&[*number; 32]).public();
                let message = stheno_protocol::ceremony::CeremonyKey {
                    ceremony: 2,
                    proposal,
                    member: index,
                    key: B256::from(key.to_bytes()),
                };
                keys.push(message.key);
                self.counts(Event::KeyPosted {
                    member: index,
                    key: message.key,
                    signature: self.sign(&signer(2, *number), &message),
                });
            }
            self.context = terms.context(&keys);
            self.counts(Event::ContextFixed {
                context: self.context,
            });
            self.machine.approve_refreshes(true);
        }

        fn sign(&self, signer: &PrivateKeySigner, message: &impl Message) -> Bytes {
            let signature = signer.sign_hash_sync(&message.digest(&self.domain));
            signature.unwrap().as_bytes().into()
        }

        fn apply(&mut self, event: Event) -> Noted {
            self.machine.apply(12, event).unwrap()
        }

        fn counts(&mut self, event: Event) {
            assert_eq!(self.apply(event), Noted::Counted);
        }

        fn refresh(&self) -> Refresh {
            Refresh {
                ceremony: 2,
                context: self.context,
            }
        }

        /// The event of member `of`'s consent, signed by the node of `by`.
        fn by_node(&self, of: u8, by: u8) -> Event {
            Event::Approved {
                operator: member(of).operator,
                signature: self.sign(&signer(2, by), &self.refresh()),
            }
        }

        fn due(&mut self) -> Vec<Action> {
            let due = self.machine.due(CLOCK);
            let approvals = due.into_iter();
            approvals
                .filter(|action| matches!(action, Action::ApproveRefresh(_)))
                .collect()
        }
    }

    #[test]
    fn refresh_is_approved_once_and_starts_with_the_old_threshold() {
        let mut scene = Scene::set(&[1, 2, 3], 2);
        assert_eq!(scene.due(), [Action::ApproveRefresh(scene.refresh())]);
        scene.counts(scene.by_node(1, 1));
        assert_eq!(scene.due(), []);
        scene.counts(scene.by_node(3, 3));
        let start = Event::Started {
            context: scene.context,
            start: 13,
        };
        scene.counts(start);
    }

    #[test]
    fn refresh_does_not_start_when_a_node_speaks_for_another() {
        let mut scene = Scene::set(&[1, 2, 3], 2);
        scene.counts(scene.by_node(1, 1));
        assert!(matches!(
            scene.apply(scene.by_node(2, 1)),
            Noted::Ignored(_)
        ));
        let start = Event::Started {
            context: scene.context,
            start: 13,
        };
        let fault = scene.machine.apply(12, start).unwrap_err();
        assert_eq!(
            fault,
            RecordFault::Consent {
                needed: 2,
                found: 1
            }
        );
    }

    #[test]
    fn change_of_members_order_or_threshold_is_no_refresh() {
        for (to, threshold) in [
            (&[1, 2, 3, 4][..], 3),
            (&[1, 2, 4], 2),
            (&[2, 1, 3], 2),
            (&[1, 2, 3], 3),
        ] {
            let mut scene = Scene::set(to, threshold);
            assert_eq!(scene.due(), [], "{to:?}");
            for node in 1..=3 {
                let said = scene.apply(scene.by_node(node, node));
                assert!(matches!(said, Noted::Ignored(_)), "{to:?}");
            }
            assert!(scene.machine.record().approvals().is_empty());
        }
    }

    #[test]
    fn refresh_is_left_to_the_operator_when_the_node_may_not() {
        let mut scene = Scene::set(&[1, 2, 3], 2);
        scene.machine.approve_refreshes(false);
        assert_eq!(scene.due(), []);
        let message = Approval {
            ceremony: 2,
            context: scene.context,
        };
        scene.counts(Event::Approved {
            operator: member(2).operator,
            signature: scene.sign(&signer(1, 2), &message),
        });
    }

    #[test]
    fn refresh_is_not_approved_in_the_name_of_an_operator_that_is_not_this_nodes() {
        let mut scene = Scene::set(&[1, 2, 3], 2);
        scene.machine.operator_known(member(2).operator);
        assert_eq!(scene.due(), []);
    }
}
