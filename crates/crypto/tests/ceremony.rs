//! Key ceremonies by their mathematics alone: first, reshare, refresh, and every way to cheat.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod fixture;

use std::collections::BTreeSet;

use fixture::*;
use stheno_crypto::{dkg::*, *};

/// Members with their ceremony keys, one dealer each.
struct Ceremony {
    context: CeremonyContext,
    threshold: u16,
    secrets: Vec<CeremonySecret>,
    keys: Vec<CeremonyKey>,
}

impl Ceremony {
    fn new(number: u8, threshold: u16, members: u8) -> Self {
        let secrets: Vec<_> = (1..=members)
            .map(|member| CeremonySecret::from_seed(&[number ^ member; 32]))
            .collect();
        Self {
            context: CeremonyContext::from_bytes([number; 32]),
            threshold,
            keys: secrets.iter().map(CeremonySecret::public).collect(),
            secrets,
        }
    }

    fn deal(&self, dealer: u16, constant: Constant<'_>) -> Dealing {
        let dealing = Dealing::deal(
            &self.context,
            index(dealer),
            self.threshold,
            &self.keys,
            constant,
            &seed_of(dealer),
        )
        .unwrap();
        // What counts is what is posted.
        Dealing::decode(&dealing.encode(), self.threshold, self.keys.len()).unwrap()
    }

    fn verify(&self, dealer: u16, expected: Option<&NodePublicKey>) -> VerifiedDealing {
        let constant = Constant::Fresh;
        let dealing = self.deal(dealer, constant);
        dealing
            .verify(&self.context, index(dealer), expected)
            .unwrap()
    }

    /// Outcome and everybody's key share.
    fn finish(&self, kind: Kind, dealings: &[VerifiedDealing]) -> (Outcome, Vec<KeyShare>) {
        let qualified: Vec<_> = dealings.iter().map(|d| (d.dealer(), d)).collect();
        let outcome = outcome(kind, &qualified, self.keys.len() as u16).unwrap();
        let shares = (1u16..)
            .zip(&self.secrets)
            .map(|(me, secret)| {
                let received: Vec<_> = dealings
                    .iter()
                    .map(|d| (d.dealer(), d.receive(index(me), secret).unwrap()))
                    .collect();
                let share = combine_shares(kind, index(me), &received).unwrap();
                assert_eq!(share.public_key(), outcome.node_keys[usize::from(me) - 1]);
                share
            })
            .collect();
        (outcome, shares)
    }

    fn first(&self, dealers: &[u16]) -> (Outcome, Vec<KeyShare>) {
        let dealings: Vec<_> = dealers.iter().map(|d| self.verify(*d, None)).collect();
        self.finish(Kind::First, &dealings)
    }

    fn reshare(&self, old: &Outcome, dealers: &[&KeyShare]) -> (Outcome, Vec<KeyShare>) {
        let dealings: Vec<_> = dealers
            .iter()
            .map(|share| {
                let expected = &old.node_keys[usize::from(share.index().get()) - 1];
                self.deal(share.index().get(), Constant::Share(share))
                    .verify(&self.context, share.index(), Some(expected))
                    .unwrap()
            })
            .collect();
        self.finish(Kind::Reshare, &dealings)
    }
}

fn seed_of(dealer: u16) -> DealerSeed {
    DealerSeed::from_bytes([dealer as u8; 32])
}

/// Whether these nodes open a capsule that was sealed to `key`.
fn opens(key: &NetworkKey, threshold: u16, shares: &[&KeyShare]) -> bool {
    let id = identity(key, b"policy", [1; 32]);
    let capsule = Capsule::seal(key, &id, AAD, &Cek::from_bytes([2; 32]), &[3; 32]);
    let reader = ReaderSecret::from_seed(&[4; 32]);
    let answers: Vec<_> = shares
        .iter()
        .map(|share| share.share(1, &id, &reader.public(), &SEED, &[5; 32]))
        .collect();
    let committee = CommitteeKeys {
        threshold,
        network_key: key.clone(),
        node_keys: Default::default(),
    };
    open(&committee, &reader, &id, &capsule, AAD, &answers, &SEED).is_ok()
}

#[test]
fn first_ceremony_makes_a_key_that_any_threshold_of_members_holds() {
    on_every_engine(|| {
        let ceremony = Ceremony::new(1, 3, 5);
        // Dealer 2 was disqualified; as a receiver it is a member all the same.
        let (outcome, shares) = ceremony.first(&[1, 3, 4, 5]);
        assert!(opens(
            &outcome.network_key,
            3,
            &[&shares[0], &shares[1], &shares[4]]
        ));
        assert!(opens(
            &outcome.network_key,
            3,
            &[&shares[3], &shares[2], &shares[1]]
        ));
        assert!(!opens(&outcome.network_key, 2, &[&shares[0], &shares[1]]));
        // Another set of dealers is another key.
        assert_ne!(
            ceremony.first(&[1, 3, 4]).0.network_key,
            outcome.network_key
        );
    });
}

#[test]
fn reshare_keeps_the_key_and_makes_old_shares_useless() {
    on_every_engine(|| {
        let (old, old_shares) = Ceremony::new(1, 2, 3).first(&[1, 2, 3]);
        let key = &old.network_key;

        let wider = Ceremony::new(2, 3, 5);
        let (new, shares) = wider.reshare(&old, &[&old_shares[0], &old_shares[2]]);
        assert_eq!(new.network_key, *key);
        assert!(opens(key, 3, &[&shares[4], &shares[0], &shares[2]]));
        assert!(!opens(key, 3, &[&shares[4], &shares[2], &old_shares[0]]));

        // Other dealers give the same key, and other shares.
        let (other, other_shares) = wider.reshare(&old, &[&old_shares[1], &old_shares[2]]);
        assert_eq!(other.network_key, *key);
        assert!(!opens(key, 3, &[&shares[0], &shares[1], &other_shares[2]]));

        // A refresh is a reshare to the same members; and on to fewer.
        let (refreshed, fresh) =
            Ceremony::new(3, 3, 5).reshare(&new, &[&shares[0], &shares[1], &shares[2]]);
        assert_ne!(refreshed.node_keys, new.node_keys);
        assert!(!opens(key, 3, &[&shares[0], &shares[1], &fresh[2]]));
        let (fewer, few) =
            Ceremony::new(4, 1, 1).reshare(&refreshed, &[&fresh[4], &fresh[1], &fresh[0]]);
        assert_eq!(fewer.network_key, *key);
        assert!(opens(key, 1, &[&few[0]]));
    });
}

#[test]
fn dealing_is_the_same_after_a_restart_and_differs_in_another_context() {
    on_every_engine(|| {
        let ceremony = Ceremony::new(1, 2, 3);
        let dealing = ceremony.deal(1, Constant::Fresh).encode();
        assert_eq!(dealing.len(), Dealing::encoded_len(2, 3));
        assert_eq!(dealing, ceremony.deal(1, Constant::Fresh).encode());

        let mut other = Ceremony::new(1, 2, 3);
        other.context = CeremonyContext::from_bytes([9; 32]);
        let other = other.deal(1, Constant::Fresh).encode();
        // Neither commitments, nor the proof, nor any sealed share is the same.
        for (ours, theirs) in dealing.chunks(16).zip(other.chunks(16)) {
            assert_ne!(ours, theirs);
        }
    });
}

#[test]
fn polynomials_of_one_seed_have_nothing_in_common() {
    // Another threshold, dealer or constant with the same seed and context must not help.
    let ceremony = Ceremony::new(1, 2, 3);
    let share = KeyShare::from_secret_bytes(index(1), &[3; 32]).unwrap();
    let variants = [
        (1, 2, Constant::Fresh),
        (1, 3, Constant::Fresh),
        (2, 2, Constant::Fresh),
        (1, 3, Constant::Share(&share)),
    ];
    let dealings = variants.map(|(dealer, threshold, constant)| {
        let context = &ceremony.context;
        let seed = seed_of(1);
        Dealing::deal(
            context,
            index(dealer),
            threshold,
            &ceremony.keys,
            constant,
            &seed,
        )
        .unwrap()
        .encode()
    });
    for (at, dealing) in dealings.iter().enumerate() {
        for other in &dealings[..at] {
            // The first commitment, the proof's R, and the encapsulated key of the first share.
            assert_ne!(dealing[..96], other[..96]);
            for back in [3 * 80 + 128, 3 * 80] {
                let at = |bytes: &[u8]| bytes[bytes.len() - back..][..32].to_vec();
                assert_ne!(at(dealing), at(other));
            }
        }
    }
}

#[test]
fn dealing_of_another_degree_is_refused() {
    let ceremony = Ceremony::new(1, 2, 3);
    let bytes = ceremony.deal(1, Constant::Fresh).encode();
    for (threshold, receivers) in [(1, 3), (3, 3), (2, 2), (2, 4)] {
        assert_eq!(
            Dealing::decode(&bytes, threshold, receivers),
            Err(DealingError::Malformed(DecodeError::Length {
                want: Dealing::encoded_len(threshold, receivers),
                got: bytes.len(),
            }))
        );
    }
    for (threshold, receivers) in [(0, 3), (4, 3), (1, 1 << 16)] {
        let terms = DealingError::Terms {
            threshold,
            receivers,
        };
        assert_eq!(Dealing::decode(&bytes, threshold, receivers), Err(terms));
    }
}

#[test]
fn dealing_of_another_dealer_or_ceremony_does_not_verify() {
    on_every_engine(|| {
        let ceremony = Ceremony::new(1, 2, 3);
        let dealing = ceremony.deal(1, Constant::Fresh);
        let verify = |dealing: &Dealing, context: u8, dealer: u16| {
            let context = CeremonyContext::from_bytes([context; 32]);
            dealing.verify(&context, index(dealer), None)
        };
        assert!(verify(&dealing, 1, 1).is_ok());
        // A copy is no contribution, so a dealer cannot cancel another's.
        assert_eq!(verify(&dealing, 1, 2), Err(DealingError::Proof));
        assert_eq!(verify(&dealing, 2, 1), Err(DealingError::Proof));

        let bytes = dealing.encode();
        let (commitments, sealed) = (192, bytes.len() - 240);
        for at in (0..bytes.len()).step_by(5) {
            let mut changed = bytes.clone();
            changed[at] ^= 4;
            match Dealing::decode(&changed, 2, 3) {
                Err(error) => {
                    assert!(at < commitments, "{at}");
                    assert!(matches!(error, DealingError::Malformed(_)));
                }
                Ok(changed) => {
                    let verified = verify(&changed, 1, 1);
                    assert_eq!(verified.is_ok(), at >= sealed, "{at}");
                }
            }
        }
    });
}

#[test]
fn reshare_of_something_else_is_refused() {
    on_every_engine(|| {
        let (old, shares) = Ceremony::new(1, 2, 3).first(&[1, 2, 3]);
        let next = Ceremony::new(2, 2, 3);
        let fresh = next.deal(1, Constant::Fresh);
        let expected = Some(&old.node_keys[0]);
        assert_eq!(
            fresh.verify(&next.context, index(1), expected),
            Err(DealingError::Constant)
        );
        // Nor does a dealing whose constant nobody compared count in a reshare.
        let unchecked = fresh.verify(&next.context, index(1), None).unwrap();
        assert_eq!(
            outcome(Kind::Reshare, &[(index(1), &unchecked)], 3),
            Err(OutcomeError::Foreign { dealer: index(1) })
        );
        let constant = Constant::Share(&shares[1]);
        assert_eq!(
            Dealing::deal(
                &next.context,
                index(1),
                2,
                &next.keys,
                constant,
                &seed_of(1)
            ),
            Err(DealingError::Dealer {
                dealer: index(1),
                share: index(2)
            })
        );
    });
}

#[test]
fn spoilt_share_is_noticed_by_its_receiver_alone() {
    on_every_engine(|| {
        let ceremony = Ceremony::new(1, 2, 3);
        let mut bytes = ceremony.deal(1, Constant::Fresh).encode();
        let second = bytes.len() - 160;
        bytes[second + 40] ^= 1;
        let dealing = Dealing::decode(&bytes, 2, 3).unwrap();
        let dealing = dealing.verify(&ceremony.context, index(1), None).unwrap();
        let receive = |me: u16| {
            dealing
                .receive(index(me), &ceremony.secrets[usize::from(me) - 1])
                .map(drop)
        };
        assert_eq!(receive(1), Ok(()));
        assert_eq!(receive(2), Err(ReceiveError::Sealed { dealer: index(1) }));
        assert_eq!(receive(3), Ok(()));
        let nobody = ReceiveError::NoSuchReceiver { receiver: index(4) };
        let error = dealing.receive(index(4), &ceremony.secrets[0]);
        assert_eq!(error.unwrap_err(), nobody);
        // Another member's key does not open it.
        let error = dealing.receive(index(1), &ceremony.secrets[2]);
        assert_eq!(
            error.unwrap_err(),
            ReceiveError::Sealed { dealer: index(1) }
        );
    });
}

#[test]
fn revealed_share_replaces_the_sealed_one() {
    on_every_engine(|| {
        let ceremony = Ceremony::new(1, 3, 5);
        let dealings: Vec<_> = (1..=5).map(|d| ceremony.verify(d, None)).collect();
        let (_, expected) = ceremony.finish(Kind::First, &dealings);
        let reveal = |dealer: u16, receiver: u16| {
            let (dealer, receiver, fresh) = (index(dealer), index(receiver), Constant::Fresh);
            reveal(
                &ceremony.context,
                dealer,
                3,
                receiver,
                fresh,
                &seed_of(dealer.get()),
            )
        };
        // Member 2 has nothing but what was posted in the clear.
        let received: Vec<_> = dealings
            .iter()
            .map(|dealing| {
                let share = reveal(dealing.dealer().get(), 2);
                (
                    dealing.dealer(),
                    dealing.check_revealed(index(2), &share).unwrap(),
                )
            })
            .collect();
        let share = combine_shares(Kind::First, index(2), &received).unwrap();
        assert_eq!(
            share.expose_secret_bytes(),
            expected[1].expose_secret_bytes()
        );

        let dealing = &dealings[0];
        let mismatch = ReceiveError::Mismatch { dealer: index(1) };
        for (receiver, share) in [(3, reveal(1, 2)), (2, reveal(2, 2)), (2, [0xff; 32].into())] {
            let error = dealing.check_revealed(index(receiver), &share).unwrap_err();
            assert_eq!(error, mismatch);
        }
        let nobody = ReceiveError::NoSuchReceiver { receiver: index(6) };
        let error = dealing.check_revealed(index(6), &reveal(1, 6)).unwrap_err();
        assert_eq!(error, nobody);

        // All at once.
        let mut all: Vec<_> = (1..=5).map(|j| (index(j), *reveal(1, j))).collect();
        assert!(dealing.all_revealed_match(&all, &SEED));
        assert!(dealing.all_revealed_match(&[], &SEED));
        assert!(!dealing.all_revealed_match(&[(index(6), *reveal(1, 6))], &SEED));
        for at in 0..5 {
            let right = all[at].1;
            all[at].1[31] ^= 1;
            assert!(!dealing.all_revealed_match(&all, &SEED));
            all[at].1 = [0xff; 32];
            assert!(!dealing.all_revealed_match(&all, &SEED));
            all[at].1 = right;
        }
        // Two errors that cancel in a plain sum.
        let swapped = [(index(1), all[1].1), (index(2), all[0].1)];
        assert!(!dealing.all_revealed_match(&swapped, &SEED));
    });
}

#[test]
fn outcome_refuses_what_does_not_belong_together() {
    let ceremony = Ceremony::new(1, 2, 3);
    let [a, b] = [1, 2].map(|dealer| ceremony.verify(dealer, None));
    let first = |qualified: &[(NodeIndex, &VerifiedDealing)], receivers| {
        outcome(Kind::First, qualified, receivers).map(drop)
    };
    let foreign = |dealer| {
        Err(OutcomeError::Foreign {
            dealer: index(dealer),
        })
    };
    assert_eq!(first(&[], 3), Err(OutcomeError::Empty));
    assert_eq!(first(&[(index(1), &a), (index(2), &b)], 3), Ok(()));
    assert_eq!(first(&[(index(1), &a)], 4), foreign(1));
    assert_eq!(first(&[(index(1), &a), (index(3), &b)], 3), foreign(3));
    assert_eq!(
        first(&[(index(1), &a), (index(1), &a)], 3),
        Err(OutcomeError::DuplicateDealer { dealer: index(1) })
    );
    let elsewhere = Ceremony::new(2, 2, 3).verify(2, None);
    assert_eq!(
        first(&[(index(1), &a), (index(2), &elsewhere)], 3),
        foreign(2)
    );
    let higher = Ceremony::new(1, 3, 3).verify(2, None);
    assert_eq!(first(&[(index(1), &a), (index(2), &higher)], 3), foreign(2));

    let share = |dealing: &VerifiedDealing, me: u16| {
        let secret = &ceremony.secrets[usize::from(me) - 1];
        (
            dealing.dealer(),
            dealing.receive(index(me), secret).unwrap(),
        )
    };
    let combine = |me: u16, shares: &[(NodeIndex, DealtShare)]| {
        combine_shares(Kind::First, index(me), shares).map(drop)
    };
    assert_eq!(combine(1, &[]), Err(OutcomeError::Empty));
    assert_eq!(combine(1, &[share(&a, 1), share(&b, 1)]), Ok(()));
    assert_eq!(combine(1, &[share(&a, 1), share(&b, 2)]), foreign(2));
    assert_eq!(
        combine(1, &[share(&a, 1), share(&a, 1)]),
        Err(OutcomeError::DuplicateDealer { dealer: index(1) })
    );
}

#[test]
fn qualified_dealers_are_all_or_exactly_the_first() {
    let standing = |numbers: &[u16]| numbers.iter().map(|n| index(*n)).collect::<BTreeSet<_>>();
    let some = |numbers: &[u16]| Some(numbers.iter().map(|n| index(*n)).collect::<Vec<_>>());
    let four = standing(&[7, 2, 3, 5]);
    assert_eq!(Kind::First.qualified(&four, 3), some(&[2, 3, 5, 7]));
    assert_eq!(Kind::Reshare.qualified(&four, 3), some(&[2, 3, 5]));
    for kind in [Kind::First, Kind::Reshare] {
        assert_eq!(kind.qualified(&four, 4), some(&[2, 3, 5, 7]));
        assert_eq!(kind.qualified(&four, 5), None);
    }
}

#[test]
fn possession_is_proven_for_one_key_and_message() {
    on_every_engine(|| {
        let share = |bytes| KeyShare::from_secret_bytes(index(1), &[bytes; 32]).unwrap();
        let (ours, other) = (share(1), share(2));
        let proof = ours.prove(&[3; 32], &[4; 32]);
        assert!(ours.public_key().verify_proof(&[3; 32], &proof));
        assert!(!ours.public_key().verify_proof(&[5; 32], &proof));
        assert!(!other.public_key().verify_proof(&[3; 32], &proof));
        // Hedged: with the same randomness another message takes another nonce.
        let next = ours.prove(&[5; 32], &[4; 32]);
        assert_ne!(proof.as_bytes()[..96], next.as_bytes()[..96]);
        for bit in (0..1024).step_by(11) {
            let mut changed = *proof.as_bytes();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = PossessionProof::from_bytes(changed);
            assert!(!ours.public_key().verify_proof(&[3; 32], &changed), "{bit}");
        }
        assert!(
            !ours
                .public_key()
                .verify_proof(&[3; 32], &PossessionProof::from_bytes([0; 128]))
        );
    });
}

#[test]
fn secrets_print_nothing() {
    let share = KeyShare::from_secret_bytes(index(1), &[7; 32]).unwrap();
    for text in [
        format!("{share:?}"),
        format!("{:?}", ReaderSecret::from_seed(&[7; 32])),
        format!("{:?}", Cek::from_bytes([7; 32])),
        format!("{:?}", DealerSeed::from_bytes([7; 32])),
        format!("{:?}", CeremonySecret::from_seed(&[7; 32])),
    ] {
        assert!(text.contains("<redacted>"), "{text}");
        assert!(!text.contains("0707") && !text.contains("7, 7"), "{text}");
    }
}
