use alloy::primitives::{Address, B256};
use stheno_chain::Locator;
use stheno_crypto::{
    KeyShare, NodeIndex,
    dkg::{CeremonySecret, Constant, DealerSeed},
};

use super::*;

fn secret(number: u8) -> CeremonySecret {
    CeremonySecret::from_seed(&[number; 32])
}

fn key(number: u8) -> TrusteeKey {
    TrusteeKey::of(&secret(number))
}

fn seed(number: u8) -> DealerSeed {
    DealerSeed::from_bytes([number; 32])
}

fn share() -> KeyShare {
    KeyShare::from_secret_bytes(NodeIndex::new(4).unwrap(), &[9; 32]).unwrap()
}

fn blank() -> Blank {
    Blank {
        committee: Locator {
            chain_id: 314,
            contract: Address::repeat_byte(1),
            committee_id: 1,
        },
        identity: Address::repeat_byte(2),
        node: NodeIndex::new(4).unwrap(),
        epoch: 7,
        context: B256::repeat_byte(3),
    }
}

/// Split among five trustees, of whom three give it back.
fn split() -> Recovery {
    let trustees = (1..=5).map(key).collect();
    Recovery::split(blank(), trustees, 3, Constant::Share(&share()), &seed(1)).unwrap()
}

/// The operator's one-time key.
const OWN: u8 = 40;

fn part(recovery: &Recovery, trustee: u8) -> Part {
    let part = recovery.part(&secret(trustee), key(OWN), &seed(trustee));
    part.unwrap()
}

#[test]
fn share_comes_back_through_any_three_of_five_trustees() {
    let recovery = split();
    assert_eq!(recovery.check().unwrap(), share().public_key());
    for trustees in [[1, 2, 3], [3, 4, 5], [5, 1, 3]] {
        let parts: Vec<Part> = trustees.iter().map(|t| part(&recovery, *t)).collect();
        let back = recovery.recover(&parts, &secret(OWN)).unwrap();
        assert_eq!(back.index(), share().index());
        assert_eq!(back.expose_secret_bytes(), share().expose_secret_bytes());
    }
    let all: Vec<Part> = (1..=5).map(|t| part(&recovery, t)).collect();
    recovery.recover(&all, &secret(OWN)).unwrap();
}

#[test]
fn share_survives_the_files_it_is_written_in() {
    let recovery = split();
    let text = serde_json::to_string(&recovery).unwrap();
    assert_eq!(serde_json::from_str::<Recovery>(&text).unwrap(), recovery);
    let given = part(&recovery, 2);
    let text = serde_json::to_string(&given).unwrap();
    assert_eq!(serde_json::from_str::<Part>(&text).unwrap(), given);
    let newer = text.replace("part 1", "part 2");
    serde_json::from_str::<Part>(&newer).unwrap_err();
}

#[test]
fn share_does_not_come_back_through_too_few_trustees_or_one_twice() {
    let recovery = split();
    let few = RecoveryError::TooFew {
        needed: 3,
        found: 2,
    };
    let (one, two) = (part(&recovery, 1), part(&recovery, 2));
    let parts = [one.clone(), two.clone()];
    assert_eq!(recovery.recover(&parts, &secret(OWN)).unwrap_err(), few);
    let parts = [one.clone(), two, one];
    assert_eq!(recovery.recover(&parts, &secret(OWN)).unwrap_err(), few);
    assert!(matches!(
        recovery.recover(&[], &secret(OWN)).unwrap_err(),
        RecoveryError::TooFew { found: 0, .. }
    ));
}

#[test]
fn part_that_is_wrong_is_named() {
    let recovery = split();
    let good: Vec<Part> = (1..=3).map(|t| part(&recovery, t)).collect();
    let error = |parts: &[Part]| recovery.recover(parts, &secret(OWN)).unwrap_err();

    // Trustee 2 hands out another number, in a dealing that is well formed.
    let other = KeyShare::from_secret_bytes(NodeIndex::new(2).unwrap(), &[1; 32]).unwrap();
    let context = part_context(&recovery.digest(), &key(OWN));
    let dealing = Dealing::deal(
        &context,
        NodeIndex::new(2).unwrap(),
        1,
        &[key(OWN).key()],
        Constant::Share(&other),
        &seed(2),
    );
    let mut parts = good.clone();
    parts[1].dealing = dealing.unwrap().encode().into();
    assert!(matches!(
        error(&parts),
        RecoveryError::Wrong { trustee: 2, .. }
    ));

    // A bit of what is sealed, a bit of the commitment, a file that was cut.
    for at in [good[2].dealing.len() - 1, 5] {
        let mut parts = good.clone();
        let mut bytes = parts[2].dealing.to_vec();
        bytes[at] ^= 1;
        parts[2].dealing = bytes.into();
        let named = matches!(
            error(&parts),
            RecoveryError::Wrong { trustee: 3, .. } | RecoveryError::Sealed { trustee: 3, .. }
        );
        assert!(named, "{at}");
    }
    let mut parts = good.clone();
    parts[0].dealing = parts[0].dealing.slice(..40);
    assert!(matches!(
        error(&parts),
        RecoveryError::Wrong { trustee: 1, .. }
    ));

    // Somebody else's index; of nobody.
    let mut parts = good.clone();
    parts[0].trustee = 4;
    assert!(matches!(
        error(&parts),
        RecoveryError::Wrong { trustee: 4, .. }
    ));
    for nobody in [0, 6] {
        parts[0].trustee = nobody;
        let said = error(&parts);
        assert!(matches!(said, RecoveryError::Foreign { .. }), "{said}");
    }
}

#[test]
fn part_of_another_share_or_for_another_key_is_refused() {
    let recovery = split();
    let mut parts: Vec<Part> = (1..=3).map(|t| part(&recovery, t)).collect();
    let error = recovery
        .recover(&parts, &secret(41))
        .unwrap_err()
        .to_string();
    assert!(error.contains("sealed to another key"), "{error}");
    let trustees = (1..=5).map(key).collect();
    let other = Recovery::split(blank(), trustees, 3, Constant::Share(&share()), &seed(2)).unwrap();
    parts[0] = part(&other, 1);
    let error = recovery
        .recover(&parts, &secret(OWN))
        .unwrap_err()
        .to_string();
    assert!(error.contains("of another share"), "{error}");
}

#[test]
fn key_of_nobody_opens_no_part() {
    let error = split().part(&secret(6), key(OWN), &seed(6)).unwrap_err();
    assert_eq!(error, RecoveryError::NotATrustee(key(6)));
}

#[test]
fn split_is_refused_when_a_field_of_it_was_changed() {
    let good = split();
    let changed = |change: &dyn Fn(&mut Recovery)| {
        let mut recovery = good.clone();
        change(&mut recovery);
        recovery.check().unwrap_err();
    };
    changed(&|r| r.committee.chain_id = 1);
    changed(&|r| r.committee.committee_id = 2);
    changed(&|r| r.identity = Address::ZERO);
    changed(&|r| r.node = 5);
    changed(&|r| r.node = 0);
    changed(&|r| r.epoch = 8);
    changed(&|r| r.context = B256::ZERO);
    changed(&|r| r.threshold = 2);
    changed(&|r| r.threshold = 4);
    changed(&|r| r.trustees[4] = key(9));
    changed(&|r| r.trustees.swap(0, 1));
    changed(&|r| r.dealing = r.dealing.slice(1..));
}

#[test]
fn share_is_not_split_among_one_or_among_the_same() {
    let split = |trustees: &[u8], threshold| {
        let trustees = trustees.iter().copied().map(key).collect();
        let share = share();
        Recovery::split(
            blank(),
            trustees,
            threshold,
            Constant::Share(&share),
            &seed(1),
        )
    };
    for (trustees, threshold) in [(&[1, 2, 3][..], 1), (&[1, 2], 3), (&[1], 1), (&[], 0)] {
        let error = split(trustees, threshold).unwrap_err();
        assert!(matches!(error, RecoveryError::Terms { .. }), "{error}");
    }
    assert_eq!(
        split(&[1, 2, 1], 2).unwrap_err(),
        RecoveryError::Twice(key(1))
    );
    split(&[1, 2], 2).unwrap();
}

/// No trustee holds the share itself, nor what another holds: the polynomial is not constant.
#[test]
fn no_trustee_holds_the_share_itself() {
    let recovery = split();
    let (dealing, _) = recovery.verify().unwrap();
    let reveal = |trustee: u8| {
        let index = NodeIndex::new(u16::from(trustee)).unwrap();
        let opened = dealing.receive(index, &secret(trustee)).unwrap();
        combine_shares(Kind::First, index, &[(dealing.dealer(), opened)]).unwrap()
    };
    assert_ne!(
        reveal(1).expose_secret_bytes(),
        share().expose_secret_bytes()
    );
    assert_ne!(
        reveal(1).expose_secret_bytes(),
        reveal(2).expose_secret_bytes()
    );
}
