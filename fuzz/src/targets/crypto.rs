//! Points, scalars, shares, dealings.

use std::sync::LazyLock;

use stheno_crypto::{
    Capsule, Cek, CombinedShare, CommitteeKeys, Encapsulation, Identity, ItemId, ItemKey,
    KeyFingerprint, KeyShare, NetworkId, NetworkKey, NodeIndex, NodePublicKey, PolicyDigest,
    ReaderKey, ReaderSecret, Share, combine, combine_key,
    dkg::{CeremonyContext, CeremonyKey, CeremonySecret, Constant, DealerSeed, Dealing},
    encapsulate, open,
};

use super::frozen;
use crate::{Kind, Target, Verdict};

const SHARES: &str = include_str!("../../../tests/vectors/crypto-share.json");
const ONCHAIN: &str = include_str!("../../../tests/vectors/crypto-onchain.json");

/// A committee of one, what it knows, and what was sealed to it.
struct Scene {
    key: KeyShare,
    network_key: NetworkKey,
    reader: ReaderSecret,
    id: Identity,
    capsule: Capsule,
    share: Share,
}

const CEK: [u8; 32] = [2; 32];
const SIGMA: [u8; 32] = [9; 32];
const AAD: &[u8] = b"header";
const THRESHOLD: u16 = 2;
const RECEIVERS: usize = 3;

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let key = KeyShare::from_secret_bytes(node(1), &[7; 32]).expect("below the group order");
    let network_key = NetworkKey::from_bytes(&key.public_key().to_bytes()).expect("a point");
    let reader = ReaderSecret::from_seed(&[4; 32]);
    let id = Identity::new(
        &NetworkId::derive(314, &[0; 20], 1),
        &network_key.fingerprint(),
        &PolicyDigest::of(b"a policy"),
        &ItemId::from_bytes([1; 32]),
    );
    let cek = Cek::from_bytes(CEK);
    let capsule = Capsule::seal(&network_key, &id, AAD, &cek, &[3; 32]);
    let share = key.share(1, &id, &reader.public(), &[5; 32], &[6; 32]);
    Scene {
        key,
        network_key,
        reader,
        id,
        capsule,
        share,
    }
});

impl Scene {
    fn committee(&self) -> CommitteeKeys {
        CommitteeKeys {
            threshold: 1,
            network_key: self.network_key.clone(),
            node_keys: [(node(1), self.key.public_key())].into(),
        }
    }
}

fn node(index: u16) -> NodeIndex {
    NodeIndex::new(index).expect("an index from 1 on")
}

/// Compressed points of G1.
pub(super) const G1: Target = Target::new(
    "g1",
    Kind::Bytes,
    || {
        let (mut infinity, mut order_three) = (vec![0; 48], vec![0; 48]);
        infinity[0] = 0xc0;
        // (0, 2): on the curve, of order 3.
        order_three[0] = 0x80;
        vec![
            SCENE.reader.public().to_bytes().to_vec(),
            infinity,
            order_three,
        ]
    },
    |input| match ReaderKey::from_bytes(input) {
        Ok(key) => {
            assert_eq!(key.to_bytes(), input, "another spelling of a point");
            Verdict::Accepted
        }
        Err(error) => Verdict::refused(error),
    },
)
.longest(128);

/// Compressed points of G2.
pub(super) const G2: Target = Target::new(
    "g2",
    Kind::Bytes,
    || {
        let mut infinity = vec![0; 96];
        infinity[0] = 0xc0;
        vec![SCENE.network_key.to_bytes().to_vec(), infinity]
    },
    |input| match NodePublicKey::from_bytes(input) {
        Ok(key) => {
            assert_eq!(key.to_bytes(), input, "another spelling of a point");
            let again = NodePublicKey::from_eip2537(&key.to_eip2537());
            assert_eq!(again.as_ref(), Ok(&key));
            Verdict::Accepted
        }
        Err(error) => Verdict::refused(error),
    },
)
.longest(256);

/// Points of G2 as contracts hold them.
pub(super) const G2_EIP2537: Target = Target::new(
    "g2_eip2537",
    Kind::Bytes,
    || vec![SCENE.network_key.to_eip2537().to_vec(), vec![0; 256]],
    |input| match NetworkKey::from_eip2537(input) {
        Ok(key) => {
            assert_eq!(key.to_eip2537(), input, "another spelling of a point");
            let again = NetworkKey::from_bytes(&key.to_bytes());
            assert_eq!(again.as_ref(), Ok(&key));
            Verdict::Accepted
        }
        Err(error) => Verdict::refused(error),
    },
)
.longest(512);

/// Key shares as the vault keeps them.
pub(super) const SCALAR: Target = Target::new(
    "scalar",
    Kind::Bytes,
    || {
        let order = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
        vec![
            SCENE.key.expose_secret_bytes().to_vec(),
            hex::decode(order).unwrap_or_default(),
            vec![0; 32],
        ]
    },
    |input| {
        let Ok(bytes) = <[u8; 32]>::try_from(input) else {
            return Verdict::refused("length");
        };
        match KeyShare::from_secret_bytes(node(1), &bytes) {
            Ok(share) => {
                assert_eq!(*share.expose_secret_bytes(), bytes);
                Verdict::Accepted
            }
            Err(error) => Verdict::refused(error),
        }
    },
)
.longest(40);

/// Members' X25519 keys.
pub(super) const CEREMONY_KEY: Target = Target::new(
    "ceremony_key",
    Kind::Bytes,
    || {
        let low_order = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
        vec![
            CeremonySecret::from_seed(&[1; 32])
                .public()
                .to_bytes()
                .to_vec(),
            hex::decode(low_order).unwrap_or_default(),
            vec![0; 32],
        ]
    },
    |input| match CeremonyKey::from_bytes(input) {
        Ok(key) => {
            assert_eq!(key.to_bytes(), input);
            Verdict::Accepted
        }
        Err(error) => Verdict::refused(error),
    },
)
.longest(40)
.cost(2);

/// A node's answer to one item: decoded, judged, opened with.
pub(super) const SHARE: Target = Target::new(
    "share",
    Kind::Bytes,
    || {
        let mut known = vec![SCENE.share.encode().to_vec()];
        known.extend(frozen(SHARES, "/shares/0/share"));
        known
    },
    |input| match Share::decode(node(1), input) {
        Ok(share) => {
            assert_eq!(share.encode(), input, "another spelling of a share");
            let good = share == SCENE.share;
            let verified = share.verify(&SCENE.key.public_key(), &SCENE.id, &SCENE.reader.public());
            assert_eq!(verified.is_ok(), good, "a share that nobody made verifies");
            let opened = open(
                &SCENE.committee(),
                &SCENE.reader,
                &SCENE.id,
                &SCENE.capsule,
                AAD,
                std::slice::from_ref(&share),
                &[8; 32],
            );
            match opened {
                // C2 serves only to find culprits: a share that is wrong there alone opens.
                Ok(opened) => assert_eq!(opened.cek.expose_secret(), &CEK),
                Err(error) => {
                    assert!(!good);
                    return Verdict::refused(error);
                }
            }
            Verdict::Accepted
        }
        Err(error) => Verdict::refused(error),
    },
)
.longest(600)
.cost(20);

/// A gateway's answer.
pub(super) const COMBINED_SHARE: Target = Target::new(
    "combined_share",
    Kind::Bytes,
    || {
        let combined = combine(
            &SCENE.committee(),
            &SCENE.reader.public(),
            &SCENE.id,
            std::slice::from_ref(&SCENE.share),
            &[8; 32],
        );
        let mut known: Vec<_> = combined
            .iter()
            .map(|combined| combined.share.encode().to_vec())
            .collect();
        known.extend(frozen(SHARES, "/combined"));
        known
    },
    |input| match CombinedShare::decode(input) {
        Ok(share) => {
            assert_eq!(share.encode(), input, "another spelling of a share");
            let (scene, reader) = (&*SCENE, &SCENE.reader);
            match share.open(&scene.network_key, reader, &scene.id, &scene.capsule, AAD) {
                Ok(cek) => {
                    assert_eq!(cek.expose_secret(), &CEK);
                    Verdict::Accepted
                }
                Err(error) => Verdict::refused(error),
            }
        }
        Err(error) => Verdict::refused(error),
    },
)
.longest(400)
.cost(10);

/// A capsule, whatever its bytes: it opens to the key that was sealed, or not at all.
pub(super) const CAPSULE: Target = Target::new(
    "capsule",
    Kind::Bytes,
    || {
        let Capsule { u, v, wrapped } = SCENE.capsule;
        vec![[&u[..], &v, &wrapped].concat()]
    },
    |input| {
        let parts = input.split_first_chunk().and_then(|(u, rest)| {
            let (v, rest) = rest.split_first_chunk()?;
            Some((u, v, <&[u8; 48]>::try_from(rest).ok()?))
        });
        let Some((u, v, wrapped)) = parts else {
            return Verdict::refused("length");
        };
        let capsule = Capsule {
            u: *u,
            v: *v,
            wrapped: *wrapped,
        };
        let opened = open(
            &SCENE.committee(),
            &SCENE.reader,
            &SCENE.id,
            &capsule,
            AAD,
            std::slice::from_ref(&SCENE.share),
            &[8; 32],
        );
        match opened {
            Ok(opened) => {
                assert_eq!(capsule, SCENE.capsule, "another capsule opens");
                assert_eq!(opened.cek.expose_secret(), &CEK);
                Verdict::Accepted
            }
            Err(error) => Verdict::refused(error),
        }
    },
)
.longest(300)
.cost(20);

/// An item's own key as contracts publish it: the one key, or none.
pub(super) const ITEM_KEY: Target = Target::new(
    "item_key",
    Kind::Bytes,
    || {
        let combined = combine_key(
            &SCENE.committee(),
            &SCENE.reader,
            &SCENE.id,
            std::slice::from_ref(&SCENE.share),
            &[8; 32],
        );
        let mut known: Vec<_> = combined
            .iter()
            .map(|combined| combined.key.publish().to_vec())
            .collect();
        known.extend(frozen(ONCHAIN, "/openedKeys/0/key"));
        known.push(vec![0; 128]);
        known
    },
    |input| match ItemKey::from_eip2537(&SCENE.network_key, &SCENE.id, input) {
        Ok(key) => {
            assert_eq!(key.publish(), input, "another spelling of a key");
            let cek = key.open(&SCENE.capsule, AAD);
            assert_eq!(cek.map(|cek| *cek.expose_secret()), Ok(CEK));
            Verdict::Accepted
        }
        Err(error) => Verdict::refused(error),
    },
)
.longest(256)
.cost(10);

/// An encapsulation as contracts hold it: it hides what was sealed, or nothing.
pub(super) const ENCAPSULATION: Target = Target::new(
    "encapsulation",
    Kind::Bytes,
    || {
        let (sealed, _) = encapsulate(&SCENE.network_key, &SCENE.id, &SIGMA);
        let u = sealed.u_to_eip2537();
        u.iter().map(|u| [&u[..], &sealed.v].concat()).collect()
    },
    |input| {
        let Some((u, v)) = input.split_last_chunk() else {
            return Verdict::refused("length");
        };
        let sealed = match Encapsulation::from_eip2537(u, *v) {
            Ok(sealed) => sealed,
            Err(error) => return Verdict::refused(error),
        };
        let again = sealed.u_to_eip2537();
        assert_eq!(again.as_ref().map(|again| &again[..]), Ok(u));
        let combined = combine_key(
            &SCENE.committee(),
            &SCENE.reader,
            &SCENE.id,
            std::slice::from_ref(&SCENE.share),
            &[8; 32],
        );
        let key = combined.expect("a good share").key;
        match key.decapsulate(&sealed) {
            Some(secret) => {
                let (wanted, _) = encapsulate(&SCENE.network_key, &SCENE.id, &SIGMA);
                assert_eq!(sealed, wanted, "another encapsulation opens");
                assert_eq!(secret.expose_secret(), &SIGMA);
                Verdict::Accepted
            }
            None => Verdict::refused("nothing inside"),
        }
    },
)
.longest(400)
.cost(20);

/// A dealer's message of a ceremony.
pub(super) const DEALING: Target = Target::new(
    "dealing",
    Kind::Bytes,
    || {
        let context = CeremonyContext::from_bytes([1; 32]);
        let receivers: Vec<CeremonyKey> = (1..=3)
            .map(|seed| CeremonySecret::from_seed(&[seed; 32]).public())
            .collect();
        (1..=2)
            .filter_map(|dealer| {
                let seed = DealerSeed::from_bytes([dealer; 32]);
                let dealer = node(dealer.into());
                Dealing::deal(
                    &context,
                    dealer,
                    THRESHOLD,
                    &receivers,
                    Constant::Fresh,
                    &seed,
                )
                .ok()
            })
            .map(|dealing| dealing.encode())
            .collect()
    },
    |input| match Dealing::decode(input, THRESHOLD, RECEIVERS) {
        Ok(dealing) => {
            assert_eq!(dealing.encode(), input, "another spelling of a dealing");
            let context = CeremonyContext::from_bytes([1; 32]);
            match dealing.verify(&context, node(1), None) {
                Ok(verified) => {
                    assert_eq!(verified.dealer(), node(1));
                    Verdict::Accepted
                }
                Err(error) => Verdict::refused(error),
            }
        }
        Err(error) => Verdict::refused(error),
    },
)
.longest(1200)
.cost(5);

/// Names of 32 bytes as people write them.
pub(super) const HEX_NAMES: Target = Target::new(
    "hex_names",
    Kind::Text,
    || {
        vec![
            NetworkId::derive(1, &[1; 20], 1).to_string().into_bytes(),
            SCENE.network_key.fingerprint().to_string().into_bytes(),
        ]
    },
    |input| {
        let Ok(text) = std::str::from_utf8(input) else {
            return Verdict::refused("not text");
        };
        match (text.parse::<ItemId>(), text.parse::<KeyFingerprint>()) {
            (Ok(item), Ok(fingerprint)) => {
                assert_eq!(item.as_bytes(), fingerprint.as_bytes());
                assert_eq!(item.to_string(), text.to_ascii_lowercase());
                Verdict::Accepted
            }
            (Err(error), Err(same)) => {
                assert_eq!(error, same);
                Verdict::refused(error)
            }
            _ => panic!("two names of the same form differ about {text}"),
        }
    },
)
.longest(200);
