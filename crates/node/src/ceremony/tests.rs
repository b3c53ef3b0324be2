use alloy::primitives::{Bytes, keccak256};
use stheno_crypto::{
    Cek, CommitteeKeys, Identity, ItemId, KeyFingerprint, NetworkId, NodeIndex, PolicyDigest,
    ReaderSecret, dkg::DealingError,
};
use stheno_protocol::ceremony::{Accusation, Outcome};

use super::{
    board::{Board, Old, index},
    qualify::Disqualified,
    report::{Fault, Made, Side},
    *,
};
use crate::store::EpochKeys;

/// Long enough for any ceremony of these windows to end and be final.
const BLOCKS: u64 = 60;

/// Whom a report blames for what.
fn faults(report: &Report) -> Vec<(Side, u16, Fault)> {
    let deviations = report.deviations.iter();
    deviations
        .map(|deviation| (deviation.side, deviation.index, deviation.fault.clone()))
        .collect()
}

fn activated(board: &Board) -> &Outcome {
    match &board.ended {
        Some(Event::Activated { outcome, .. }) => outcome,
        other => panic!("not activated: {other:?}"),
    }
}

fn keys(board: &Board, node: usize) -> &EpochKeys {
    board.nodes[node].machine.outcome().unwrap().1
}

/// Opens a capsule through the shares of these nodes.
fn opens(board: &Board, keys: &EpochKeys, threshold: u16, nodes: &[usize]) -> bool {
    let id = Identity::new(
        &NetworkId::from_bytes([1; 32]),
        &KeyFingerprint::from_bytes([2; 32]),
        &PolicyDigest::from_bytes([3; 32]),
        &ItemId::from_bytes([4; 32]),
    );
    let cek = Cek::from_bytes([5; 32]);
    let capsule = stheno_crypto::Capsule::seal(&keys.network_key, &id, b"aad", &cek, &[6; 32]);
    let reader = ReaderSecret::from_seed(&[7; 32]);
    let shares: Vec<_> = nodes
        .iter()
        .map(|at| {
            let share = board.nodes[*at].kept.as_ref().unwrap();
            share.share(1, &id, &reader.public(), &[8; 32], &[9; 32])
        })
        .collect();
    let node_keys = (1..)
        .map(index)
        .zip(keys.node_keys.iter().cloned())
        .collect();
    let committee = CommitteeKeys {
        threshold,
        network_key: keys.network_key.clone(),
        node_keys,
    };
    let opened = stheno_crypto::open(
        &committee, &reader, &id, &capsule, b"aad", &shares, &[1; 32],
    );
    opened.is_ok_and(|opened| opened.cek.expose_secret() == cek.expose_secret())
}

/// Flips a bit in the share that `dealing` seals for `receiver`.
fn garble(board: &Board, action: Action, receiver: usize) -> Action {
    let Action::Deal {
        mut message,
        mut dealing,
    } = action
    else {
        return action;
    };
    let shares = 96 * usize::from(board.terms.threshold) + 128;
    dealing[shares + 80 * (receiver - 1) + 40] ^= 1;
    message.dealingHash = keccak256(&dealing);
    Action::Deal { message, dealing }
}

#[test]
fn ceremony_of_five_makes_shares_that_open_with_any_three() {
    let mut board = Board::first(5, 3);
    board.run(BLOCKS);
    let outcome = activated(&board).clone();
    assert_eq!(
        outcome.qualified_dealers().collect::<Vec<_>>(),
        [1, 2, 3, 4, 5]
    );
    for node in 0..5 {
        assert_eq!(*board.nodes[node].machine.outcome().unwrap().0, outcome);
        let share = board.nodes[node].kept.as_ref().unwrap();
        assert_eq!(share.public_key(), keys(&board, 0).node_keys[node]);
    }
    let report = board.nodes[0].machine.report(board.head);
    assert_eq!(report.deviations, []);
    assert!(matches!(report.result, Some(Made::Keys { .. })));
    let keys = keys(&board, 0);
    assert!(opens(&board, keys, 3, &[0, 1, 2]));
    assert!(opens(&board, keys, 3, &[4, 1, 3]));
    assert!(!opens(&board, keys, 3, &[0, 1]));
}

#[test]
fn garbled_share_is_complained_about_answered_and_used() {
    let mut board = Board::first(5, 3);
    let template = Board::first(5, 3);
    // Dealer 2 garbles the share of receiver 4.
    board.tamper = Box::new(move |at, action| {
        Some(if at == 1 {
            garble(&template, action, 4)
        } else {
            action
        })
    });
    board.run(BLOCKS);
    let outcome = activated(&board);
    assert_eq!(
        outcome.qualified_dealers().collect::<Vec<_>>(),
        [1, 2, 3, 4, 5]
    );
    let record = board.nodes[0].machine.record();
    let accused: Vec<u16> = record.complaints()[&4].iter().map(|a| a.dealer).collect();
    assert_eq!(accused, [2]);
    assert_eq!(record.complaints().len(), 1);
    assert_eq!(record.answers()[&2].len(), 1);
    assert_eq!(record.answers()[&2][0].receiver, 4);
    assert!(opens(&board, keys(&board, 0), 3, &[3, 0, 2]));
}

#[test]
fn dealer_is_disqualified_when_it_does_not_answer() {
    let mut board = Board::first(5, 3);
    let template = Board::first(5, 3);
    board.tamper = Box::new(move |at, action| match action {
        Action::Answer(_) if at == 1 => None,
        action if at == 1 => Some(garble(&template, action, 4)),
        action => Some(action),
    });
    board.run(BLOCKS);
    let outcome = activated(&board);
    assert_eq!(
        outcome.qualified_dealers().collect::<Vec<_>>(),
        [1, 3, 4, 5]
    );
    let report = board.nodes[0].machine.report(board.head);
    assert_eq!(
        report.dealers[1].disqualified,
        Some(Disqualified::Unanswered { receiver: 4 })
    );
    assert_eq!(
        faults(&report),
        [(Side::Dealer, 2, Fault::Unanswered { receiver: 4 })]
    );
    // It still is a member with a share of its own.
    assert!(opens(&board, keys(&board, 0), 3, &[1, 3, 4]));
}

#[test]
fn dealer_is_disqualified_when_its_answer_is_wrong() {
    let mut board = Board::first(5, 3);
    let template = Board::first(5, 3);
    board.tamper = Box::new(move |at, action| match action {
        Action::Answer(mut answer) if at == 1 => {
            answer.shares[0].share.0[31] ^= 1;
            Some(Action::Answer(answer))
        }
        action if at == 1 => Some(garble(&template, action, 4)),
        action => Some(action),
    });
    board.run(BLOCKS);
    assert_eq!(
        activated(&board).qualified_dealers().collect::<Vec<_>>(),
        [1, 3, 4, 5]
    );
}

#[test]
fn dealer_stays_silent_when_an_answer_would_make_its_polynomial_public() {
    let mut board = Board::first(5, 3);
    let template = Board::first(5, 3);
    // Three complaints against t = 3: one more than it may answer.
    board.tamper = Box::new(move |at, action| {
        Some(if at == 1 {
            (3..=5).fold(action, |action, receiver| {
                garble(&template, action, receiver)
            })
        } else {
            action
        })
    });
    board.run(BLOCKS);
    assert_eq!(
        activated(&board).qualified_dealers().collect::<Vec<_>>(),
        [1, 3, 4, 5]
    );
    assert!(board.nodes[0].machine.record().answers().is_empty());
}

#[test]
fn malformed_dealing_is_disqualified_without_complaints() {
    let mut board = Board::first(5, 3);
    board.tamper = Box::new(|at, action| match action {
        Action::Deal {
            mut message,
            mut dealing,
        } if at == 2 => {
            // The proof of knowledge no longer fits.
            dealing[3 * 96 + 100] ^= 1;
            message.dealingHash = keccak256(&dealing);
            Some(Action::Deal { message, dealing })
        }
        action => Some(action),
    });
    board.run(BLOCKS);
    assert_eq!(
        activated(&board).qualified_dealers().collect::<Vec<_>>(),
        [1, 2, 4, 5]
    );
    let machine = &board.nodes[0].machine;
    let report = machine.report(board.head);
    assert_eq!(
        report.dealers[2].disqualified,
        Some(Disqualified::Malformed)
    );
    assert_eq!(
        faults(&report),
        [(
            Side::Dealer,
            3,
            Fault::MalformedDealing(DealingError::Proof)
        )]
    );
    assert!(machine.record().complaints().is_empty());
}

#[test]
fn complaints_against_more_dealers_than_can_be_corrupt_are_void() {
    let mut board = Board::first(5, 3);
    // Up to the phase Complain.
    while board.head + 1 < board.opens(1) {
        board.run(1);
    }
    let record = board.nodes[0].machine.record();
    let dealings: Vec<_> = record
        .dealings()
        .iter()
        .map(|(d, posted)| (*d, posted.hash))
        .collect();
    assert_eq!(dealings.len(), 5, "all have dealt by now");
    let context = board.context();
    // Whatever a contract may let through: receiver 5 accuses three of five, t − 1 = 2.
    let accusations = dealings.iter().take(3).map(|(dealer, hash)| Accusation {
        dealer: *dealer,
        dealingHash: *hash,
    });
    board.send(
        4,
        Action::Complain(stheno_protocol::ceremony::Complaint {
            context,
            receiver: 5,
            accusations: accusations.collect(),
        }),
    );
    board.run(BLOCKS);
    assert_eq!(
        activated(&board).qualified_dealers().collect::<Vec<_>>(),
        [1, 2, 3, 4, 5]
    );
    let record = board.nodes[0].machine.record();
    assert_eq!(record.complaints()[&5].len(), 3);
    assert!(
        record.answers().is_empty(),
        "nobody reveals anything to a void complaint"
    );
    assert_eq!(
        faults(&Report::of(record, board.head)),
        [(Side::Receiver, 5, Fault::VoidComplaint { accused: 3 })]
    );
}

#[test]
fn silent_members_get_keys_and_the_rest_goes_on() {
    let mut board = Board::first(5, 3);
    board.run(8);
    board.stop(4);
    board.run(BLOCKS);
    // n − ⌊(n − t) / 2⌋ = 4 confirmations are enough.
    let outcome = activated(&board);
    assert!(outcome.qualified_dealers().count() >= 4);
    assert_eq!(keys(&board, 0).node_keys.len(), 5);
    // Back after the end, it finds its share in the record.
    board.restart(4);
    board.run(3);
    let share = board.nodes[4].kept.as_ref().unwrap();
    assert_eq!(share.public_key(), keys(&board, 0).node_keys[4]);
}

#[test]
fn ceremony_fails_when_too_few_confirm() {
    let mut board = Board::first(5, 3);
    board.tamper = Box::new(|at, action| match action {
        Action::Confirm(_) if at < 2 => None,
        action => Some(action),
    });
    board.run(BLOCKS);
    assert_eq!(board.ended, Some(Event::Failed));
    assert_eq!(
        faults(&board.nodes[0].machine.report(board.head)),
        [1, 2].map(|receiver| (Side::Receiver, receiver, Fault::NotConfirmed))
    );
}

#[test]
fn restart_sends_the_same_dealing() {
    let mut board = Board::first(3, 2);
    let mut seen: Vec<Vec<u8>> = Vec::new();
    let (sender, dealings) = std::sync::mpsc::channel();
    board.tamper = Box::new(move |at, action| {
        if let (0, Action::Deal { dealing, .. }) = (at, &action) {
            sender.send(dealing.clone()).unwrap();
            // Lost on the way, the first time.
            return None;
        }
        Some(action)
    });
    for _ in 0..20 {
        board.run(1);
        let before = seen.len();
        seen.extend(dealings.try_iter());
        if seen.len() > before {
            board.restart(0);
        }
    }
    assert!(seen.len() >= 2, "it was due again after the restart");
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn omitted_event_stops_the_machine() {
    let mut board = Board::first(5, 3);
    // Node 1's endpoint leaves out dealer 3's dealing.
    board.shows = Box::new(|at, event| {
        !(at == 0
            && matches!(
                event,
                Event::DealingPart { dealer: 3, .. } | Event::DealingPosted { dealer: 3, .. }
            ))
    });
    board.run(BLOCKS);
    let machine = &mut board.nodes[0].machine;
    let fault = machine.record().fault().cloned();
    assert!(
        matches!(fault, Some(RecordFault::Transcript { .. })),
        "{fault:?}"
    );
    let clock = Clock {
        applied: board.head,
        head: board.head,
    };
    assert!(machine.due(clock).is_empty());
    assert!(board.nodes[0].kept.is_none());
    // The others do not depend on it.
    activated(&board);
}

#[test]
fn forged_message_is_passed_over() {
    let mut honest = Board::first(5, 3);
    honest.run(12);
    let (dealer, hash) = {
        let record = honest.nodes[0].machine.record();
        let (dealer, posted) = record.dealings().first_key_value().unwrap();
        (*dealer, posted.hash)
    };
    let opens = honest.nodes[0].machine.record().timetable().unwrap().opens[1];
    let forged = Event::Complained {
        receiver: 2,
        part: 0,
        parts: 1,
        accusations: vec![Accusation {
            dealer,
            dealingHash: hash,
        }],
        signature: Bytes::from(vec![1; 65]),
    };
    let noted = honest.nodes[0].machine.apply(opens, forged).unwrap();
    assert!(matches!(noted, Noted::Ignored(_)), "{noted:?}");
    honest.run(BLOCKS);
    // Nothing came of it: the transcript still agrees, nobody answered, all count.
    assert_eq!(activated(&honest).qualified_dealers().count(), 5);
    let record = honest.nodes[0].machine.record();
    assert!(record.fault().is_none() && record.complaints().is_empty());
}

#[test]
fn node_does_not_deal_without_its_own_operators_approval() {
    let mut board = Board::first(3, 2);
    let stranger = alloy::primitives::Address::repeat_byte(0x99);
    board.nodes[0].machine.operator_known(stranger);
    board.run(BLOCKS);
    let record = board.nodes[1].machine.record();
    assert!(!record.dealings().contains_key(&1));
    assert!(record.dealings().contains_key(&2));
}

#[test]
fn record_refuses_terms_that_do_not_hash_to_the_proposal() {
    let mut board = Board::first(3, 2);
    let mut setting = board.nodes[0].machine.record().setting().clone();
    setting.windows.margin += 1;
    let mut record = Record::new(setting);
    let mut last = Ok(Noted::Counted);
    for (block, event) in board.log.clone() {
        last = record.apply(block, event);
    }
    assert!(
        matches!(last, Err(RecordFault::Proposal { .. })),
        "{last:?}"
    );
    board.run(1);
}

#[test]
fn record_refuses_a_start_without_consent() {
    let mut board = Board::first(3, 2);
    board.run(8);
    let setting = board.nodes[0].machine.record().setting().clone();
    let mut record = Record::new(setting);
    let mut fault = None;
    for (block, event) in board.log.clone() {
        // The endpoint keeps one approval back.
        let hidden = board.nodes[2].operator.address();
        if matches!(&event, Event::Approved { operator, .. } if *operator == hidden) {
            continue;
        }
        fault = record.apply(block, event).err().or(fault);
    }
    assert!(
        matches!(
            fault,
            Some(RecordFault::Consent {
                needed: 3,
                found: 2
            })
        ),
        "{fault:?}"
    );
}

#[test]
fn reshare_keeps_the_network_key_and_hands_it_to_others() {
    let mut board = Board::first(5, 3);
    board.run(BLOCKS);
    let outcome = activated(&board).clone();
    let old_keys = keys(&board, 0).clone();
    let old = Old {
        numbers: (1..=5).collect(),
        origin: Origin {
            members: board.terms.members.clone(),
            threshold: 3,
            network_key: outcome.network_key.clone(),
            node_keys: old_keys.node_keys.clone(),
        },
        shares: board
            .nodes
            .iter_mut()
            .map(|node| node.kept.take().unwrap())
            .collect(),
    };
    // 2 and 3 stay, 1, 4 and 5 leave, 6 and 7 join.
    let mut board = Board::reshare(old, &[7, 3, 6, 2], 3);
    board.run(BLOCKS);
    let reshared = activated(&board);
    assert_eq!(reshared.network_key, outcome.network_key);
    assert_eq!(reshared.qualified_dealers().collect::<Vec<_>>(), [1, 2, 3]);
    let new_keys = keys(&board, 1);
    assert_eq!(new_keys.network_key, old_keys.network_key);
    assert_eq!(new_keys.node_keys.len(), 4);
    let holders: Vec<usize> = (0..board.nodes.len())
        .filter(|at| board.nodes[*at].kept.is_some())
        .collect();
    assert_eq!(holders.len(), 4);
    assert!(opens(&board, new_keys, 3, &holders[..3]));
    assert!(!opens(&board, new_keys, 3, &holders[..2]));
    let indices: Vec<NodeIndex> = holders
        .iter()
        .map(|at| board.nodes[*at].kept.as_ref().unwrap().index())
        .collect();
    assert_eq!(
        indices
            .iter()
            .copied()
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        4
    );
}
