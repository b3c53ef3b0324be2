//! What holds for every committee: any `t` of `n` open, wrong shares are got around and named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod fixture;

use fixture::*;
use proptest::prelude::*;
use stheno_crypto::{engine::Engine, *};

fn engines() -> impl Strategy<Value = Engine> {
    // The slow engine once in five times.
    (0..5usize).prop_map(|n| Engine::ALL[n.clamp(0, Engine::ALL.len() - 1)])
}

fn committees(most: u16) -> impl Strategy<Value = (u16, u16)> {
    (1..=most).prop_flat_map(|n| (Just(n), 1..=n))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn capsule_opens_for_any_threshold_of_nodes(
        (n, t) in committees(16), number: u64, engine in engines(),
    ) {
        engine.scope(|| {
            let fixture = Fixture::new(n, t, number);
            let chosen = Numbers(number).subset(n, t);
            assert!(fixture.opens(&fixture.shares(&chosen)));
            let opened = fixture.open_without_node_keys(&fixture.shares(&chosen)).unwrap();
            assert!(opened.culprits.is_empty());
        });
    }

    #[test]
    fn capsule_opens_when_enough_shares_are_good_and_the_others_are_named(
        (n, t) in committees(9), number: u64, engine in engines(),
    ) {
        engine.scope(|| {
            let fixture = Fixture::new(n, t, number);
            let mut numbers = Numbers(number);
            let order = numbers.subset(n, n);
            let wrong_count = numbers.next() % (u64::from(n) + 1);
            let wrong: Vec<u16> = numbers.subset(n, wrong_count as u16);
            let other_id = identity(&fixture.keys.network_key, b"policy", [2; 32]);
            let shares: Vec<Share> = order
                .iter()
                .map(|&node| {
                    let id = if wrong.contains(&node) { &other_id } else { &fixture.id };
                    fixture.share_of(node, id, &fixture.reader.public())
                })
                .collect();

            let mut named: Vec<NodeIndex> = wrong.iter().map(|node| index(*node)).collect();
            named.sort();
            let examined = order[..t.into()].iter().any(|node| wrong.contains(node));
            match fixture.open(&shares) {
                Ok(mut opened) => {
                    assert_eq!(opened.cek.expose_secret(), &fixture.cek);
                    opened.culprits.sort();
                    assert_eq!(opened.culprits, if examined { named } else { vec![] });
                }
                Err(OpenError::TooFewShares { need, good, mut culprits }) => {
                    assert!(n - (wrong_count as u16) < t);
                    assert_eq!((need, good), (t, n - wrong_count as u16));
                    culprits.sort();
                    assert_eq!(culprits, named);
                }
                Err(other) => panic!("{other}"),
            }
            // With few members even a reader without the nodes' keys gets around them.
            let blind = fixture.open_without_node_keys(&shares);
            assert_eq!(blind.is_ok(), n - wrong_count as u16 >= t);
        });
    }

    #[test]
    fn bytes_come_back(number: u64, engine in engines()) {
        engine.scope(|| {
            let fixture = Fixture::new(1, 1, number);
            let key = &fixture.keys.network_key;
            assert_eq!(&NetworkKey::from_bytes(&key.to_bytes()).unwrap(), key);
            assert_eq!(&NetworkKey::from_eip2537(&key.to_eip2537()).unwrap(), key);
            let reader = fixture.reader.public();
            assert_eq!(ReaderKey::from_bytes(&reader.to_bytes()).unwrap(), reader);
            let share = &fixture.shares(&[1])[0];
            assert_eq!(&Share::decode(index(1), &share.encode()).unwrap(), share);
            // The same bytes as an independent writer's.
            let (c1, _, _) = parts(share);
            assert_eq!(uncompressed(&c1), share.encode()[..96]);
            let digest = PolicyDigest::of(&number.to_be_bytes());
            assert_eq!(digest.to_string().parse(), Ok(digest));
        });
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = NetworkKey::from_bytes(&bytes);
        let _ = NetworkKey::from_eip2537(&bytes);
        let _ = ReaderKey::from_bytes(&bytes);
        let _ = Share::decode(index(1), &bytes);
        let _ = CombinedShare::decode(&bytes);
        let _ = dkg::CeremonyKey::from_bytes(&bytes);
        let _ = dkg::Dealing::decode(&bytes, 1, 1);
        let _ = String::from_utf8_lossy(&bytes).parse::<ItemId>();
    }
}

#[test]
fn ids_parse_only_as_they_are_shown() {
    let id = ItemId::from_bytes([0xab; 32]);
    assert_eq!(id.to_string(), format!("0x{}", "ab".repeat(32)));
    assert_eq!(
        "ab".repeat(32).parse::<ItemId>(),
        Err(ParseHexError::Prefix)
    );
    let short = ParseHexError::Length { want: 64, got: 63 };
    assert_eq!(id.to_string()[..65].parse::<ItemId>(), Err(short));
    let digit = format!("0x{}g", "ab".repeat(32).split_at(63).0);
    assert_eq!(
        digit.parse::<ItemId>(),
        Err(ParseHexError::Digit { at: 63 })
    );
}
