//! Every node in turn, then two and three of five at a time, sends what no honest node sends: the
//! file opens whenever three good nodes are left, and whoever cheats is named, nobody else.
//!
//! The nodes are in this process, so a test may hold their keys: what is sent is signed for as a
//! good answer is. Mischief on the way is in `tests/e2e/reader_in_anger.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use ark_bls12_381::{Fq, Fr, G1Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, PrimeField};
use stheno::{
    Client, EncryptOptions, Error, ItemId, Misbehaviour, Outcome, Policy, Tally, Tuning, Wallet,
    crypto::{Identity, KeyShare, ReaderKey, ReaderSecret},
    protocol::{Answer, Bytes, Code, KeyFingerprint, NetworkId, PolicyDigest, Problem},
    testing::{CHAIN_ID, Committee, Fault},
};

const TEXT: &[u8] = b"the same bytes, whatever some nodes do";
const NODES: u16 = 5;
const THRESHOLD: u16 = 3;
/// How much later than a bad answer a good one comes, so that no bad one comes too late to count.
const LATER: Duration = Duration::from_millis(8);
/// Far more than anything here takes.
const SOON: Duration = Duration::from_secs(6);

/// A fault by name, made anew for each scene.
type Mischief = (&'static str, fn(&Scene) -> Fault);

/// Mischief for which a node is to blame, and is blamed.
const BLAMED: &[Mischief] = &[
    ("garbage", |_| Fault::Garbage),
    ("no share", |_| Fault::shares(|_| vec![])),
    ("an empty share", |_| Fault::shares(|_| vec![Bytes::new()])),
    ("half a share", |_| {
        Fault::shares(|s| vec![s[0].slice(..144)])
    }),
    ("two shares", |_| Fault::shares(|s| [s.clone(), s].concat())),
    ("zeros", |_| Fault::shares(|_| vec![vec![0; 288].into()])),
    ("ones", |_| Fault::shares(|_| vec![vec![0xff; 288].into()])),
    ("the point at infinity", |_| {
        Fault::shares(|s| {
            let infinity = |at: usize| if at.is_multiple_of(96) { 0x40 } else { 0 };
            vec![
                (0..192)
                    .map(infinity)
                    .chain(s[0][192..].iter().copied())
                    .collect(),
            ]
        })
    }),
    ("torsion in C1", |scene| scene.torsion(0)),
    ("torsion in C3", |scene| scene.torsion(96)),
    ("C1 and C3 swapped", |_| {
        Fault::shares(|s| {
            let s = s[0].to_vec();
            vec![[&s[96..192], &s[..96], &s[192..]].concat().into()]
        })
    }),
    ("another node's share", |scene| {
        let keys = scene.keys.clone();
        scene.makes(move |share| {
            let other = share.key.index().get() % NODES + 1;
            let other = &keys.lock().unwrap()[&other];
            share.key = KeyShare::from_secret_bytes(share.key.index(), other).unwrap();
        })
    }),
    ("another item's share", |scene| {
        scene.makes(|share| share.item = ItemId::from_bytes([9; 32]))
    }),
    ("a share under another policy", |scene| {
        scene.makes(|share| share.policy = PolicyDigest::from_bytes([9; 32]))
    }),
    ("a share of another network", |scene| {
        scene.makes(|share| share.network = NetworkId::from_bytes([9; 32]))
    }),
    ("a share under another network key", |scene| {
        scene.makes(|share| share.fingerprint = KeyFingerprint::from_bytes([9; 32]))
    }),
    ("a share for another reader", |scene| {
        scene.makes(|share| share.reader = ReaderSecret::from_seed(&[9; 32]).public())
    }),
    ("a share of a stale epoch", |scene| {
        // A reshare leaves the network key as it is and gives each node another secret: one that
        // is nowhere near the old. Equal differences, weights such as 3 and -3 would cancel.
        scene.makes(|share| {
            let mut stale = *share.key.expose_secret_bytes();
            let index = u8::try_from(share.key.index().get()).unwrap();
            stale[16..].fill(index * 41);
            share.key = KeyShare::from_secret_bytes(share.key.index(), &stale).unwrap();
        })
    }),
    ("a stale epoch", |_| {
        Fault::answer(|answer| answer.epoch -= 1)
    }),
    ("a receipt of a stale epoch", |_| {
        Fault::answer(|answer| answer.receipt.body.epoch -= 1)
    }),
    ("an unsigned answer", |_| {
        Fault::answer(|answer| answer.receipt.signature = vec![0; 65].into())
    }),
    ("the name of another node", |_| {
        Fault::answer(|answer| answer.node = answer.node % NODES + 1)
    }),
    ("the answer to an earlier request", |scene| {
        let earlier = scene.earlier.clone();
        Fault::answer(move |answer| *answer = earlier.lock().unwrap()[&answer.node].clone())
    }),
    ("the share of an earlier request, signed anew", |scene| {
        let earlier = scene.earlier.clone();
        Fault::makes(move |key, _| earlier.lock().unwrap()[&key.index().get()].shares.clone())
    }),
    (
        "the share of an earlier request in today's answer",
        |scene| {
            let earlier = scene.earlier.clone();
            Fault::answer(move |answer| {
                answer.shares = earlier.lock().unwrap()[&answer.node].shares.clone();
            })
        },
    ),
];

/// Mischief that is no lie: the node fails, and nothing more can be said.
const FAILED: &[Mischief] = &[
    ("nobody there", |_| Fault::Down),
    ("silence", |_| Fault::Silent),
    ("an answer that comes too late", |_| {
        Fault::Slow(Duration::from_secs(60))
    }),
];

#[tokio::test]
async fn each_node_in_turn_is_blamed_and_the_file_opens() {
    let scene = Scene::set().await;
    for (name, fault) in BLAMED {
        for node in 1..=NODES {
            let tally = scene.reads(&[node], fault(&scene)).await;
            let tally = tally.unwrap_or_else(|error| panic!("{name} at {node}: {error}"));
            assert_eq!(culprits(&tally), [node], "{name}");
        }
    }
}

#[tokio::test]
async fn each_two_of_five_are_blamed_and_the_file_opens() {
    let scene = Scene::set().await;
    for (name, fault) in BLAMED {
        for (a, b) in (1..=NODES).flat_map(|a| (a + 1..=NODES).map(move |b| (a, b))) {
            let tally = scene.reads(&[a, b], fault(&scene)).await;
            let tally = tally.unwrap_or_else(|error| panic!("{name} at {a} and {b}: {error}"));
            assert_eq!(culprits(&tally), [a, b], "{name}");
            assert_eq!(tally.shared(), 3, "{name}");
        }
    }
}

#[tokio::test]
async fn three_of_five_are_blamed_and_no_file_opens() {
    let scene = Scene::set().await;
    for (name, fault) in BLAMED {
        for evil in [[1, 2, 3], [1, 3, 5], [2, 4, 5], [3, 4, 5]] {
            let error = scene.reads(&evil, fault(&scene)).await.expect_err(name);
            let Error::TooFewNodes(tally) = &error else {
                panic!("{name}: {error}")
            };
            assert_eq!(culprits(tally), evil, "{name}: {error}");
            assert_eq!(tally.shared(), 2, "{name}: {error}");
        }
    }
}

#[tokio::test]
async fn nodes_that_say_nothing_are_done_without_and_named_when_they_are_missed() {
    let mut scene = Scene::set().await;
    scene.tune(|tuning| {
        tuning.status_timeout = Duration::from_millis(700);
        tuning.answer_timeout = Duration::from_millis(700);
    });
    for (name, fault) in FAILED {
        for node in 1..=NODES {
            let other = node % NODES + 1;
            let tally = scene.reads(&[node, other], fault(&scene)).await;
            let tally = tally.unwrap_or_else(|error| panic!("{name} at {node}: {error}"));
            assert_eq!(tally.shared(), 3, "{name}");
        }
        let error = scene
            .reads(&[2, 3, 5], fault(&scene))
            .await
            .expect_err(name);
        let tally = error.tally().unwrap();
        let failed: Vec<u16> = tally.failures().map(|report| report.node.get()).collect();
        assert_eq!(failed, [2, 3, 5], "{name}: {error}");
        assert_eq!(culprits(tally), [0; 0], "{name}: nobody lied");
    }
}

/// "Come back at once", for ever: no reason to keep a reader busy for ever.
#[tokio::test]
async fn nodes_that_put_off_a_reader_are_given_up_in_bounded_time() {
    let scene = Scene::set().await;
    for seconds in [0, 1, u64::MAX] {
        let later = Problem::new(Code::Busy, "later").with_retry_after(seconds);
        let fault = Fault::refuses_with(later, u32::MAX);
        let error = scene.reads(&[1, 2, 3], fault).await.unwrap_err();
        let Error::TooFewNodes(tally) = &error else {
            panic!("{error}")
        };
        assert_eq!((tally.shared(), tally.deferred()), (2, 3), "{error}");
        assert!(error.to_string().contains("nodes 1, 2 and 3"), "{error}");
    }
}

fn culprits(tally: &Tally) -> Vec<u16> {
    let expected = |outcome: &Outcome| {
        matches!(
            outcome,
            Outcome::Misbehaved(
                Misbehaviour::Share | Misbehaviour::Receipt(_) | Misbehaviour::Garbage { .. }
            )
        )
    };
    assert!(tally.culprits().all(|report| expected(&report.outcome)));
    tally.culprits().map(|report| report.node.get()).collect()
}

/// What a share is made from: at first what was asked for.
struct Ingredients {
    key: KeyShare,
    network: NetworkId,
    fingerprint: KeyFingerprint,
    policy: PolicyDigest,
    item: ItemId,
    reader: ReaderKey,
}

impl Ingredients {
    fn share(&self) -> Bytes {
        let identity = Identity::new(&self.network, &self.fingerprint, &self.policy, &self.item);
        let share = self
            .key
            .share(1, &identity, &self.reader, &[7; 32], &[8; 32]);
        share.encode().to_vec().into()
    }
}

/// A committee, and a file that its reader may read.
struct Scene {
    committee: Committee,
    client: Client,
    wallet: Wallet,
    envelope: Vec<u8>,
    /// What each node answered to another request.
    earlier: Arc<Mutex<BTreeMap<u16, Answer>>>,
    /// Every node's secret.
    keys: Arc<Mutex<BTreeMap<u16, [u8; 32]>>>,
}

impl Scene {
    async fn set() -> Self {
        let committee = Committee::new(THRESHOLD, NODES).unwrap();
        let wallet = Wallet::random().unwrap();
        committee.chain().set_balance(wallet.address(), 1);
        committee.chain().finalize();
        let policy = Policy::from_json(&format!(
            r#"{{ "version": 1, "rule": {{ "balance": {{ "chain": {CHAIN_ID}, "min": "1" }} }} }}"#
        ))
        .unwrap();
        let client = committee.client();
        let mut envelope = Vec::new();
        let written = client.encrypt(&policy, TEXT, &mut envelope, EncryptOptions::default());
        written.await.unwrap();
        let mut scene = Self {
            committee,
            client,
            wallet,
            envelope,
            earlier: Arc::default(),
            keys: Arc::default(),
        };
        scene.tune(|_| {});
        let earlier = scene.earlier.clone();
        let note = Fault::answer(move |answer| {
            earlier.lock().unwrap().insert(answer.node, answer.clone());
        });
        scene.everybody(&note).await;
        let keys = scene.keys.clone();
        let note = scene.makes(move |share| {
            let secret = *share.key.expose_secret_bytes();
            keys.lock().unwrap().insert(share.key.index().get(), secret);
        });
        scene.everybody(&note).await;
        let noted = (
            scene.earlier.lock().unwrap().len(),
            scene.keys.lock().unwrap().len(),
        );
        assert_eq!(noted, (usize::from(NODES), usize::from(NODES)));
        scene
    }

    /// All five are asked at once, so that every mischief has its chance.
    fn tune(&mut self, change: impl FnOnce(&mut Tuning)) {
        let mut tuning = Tuning {
            spare: 2,
            answer_timeout: Duration::from_secs(5),
            hedge_after: Duration::from_millis(200),
            patience: Duration::from_millis(300),
            pause: Duration::from_millis(50),
            ..Tuning::default()
        };
        change(&mut tuning);
        self.client = self.committee.client().with_tuning(tuning);
    }

    /// Reads once with this fault at every node, which does no harm.
    async fn everybody(&self, fault: &Fault) {
        (1..=NODES).for_each(|node| self.committee.set_fault(node, fault.clone()));
        // The first three do; the other two are heard when nobody waits any more, or here.
        for silent in [[4, 5], [1, 2]] {
            silent
                .iter()
                .for_each(|node| self.committee.set_fault(*node, Fault::Down));
            self.decrypt().await.unwrap();
            silent
                .iter()
                .for_each(|node| self.committee.set_fault(*node, fault.clone()));
        }
    }

    /// Shares that are made from something else than was asked for.
    fn makes(&self, change: impl Fn(&mut Ingredients) + Send + Sync + 'static) -> Fault {
        let fingerprint = self.committee.network_key().fingerprint();
        Fault::makes(move |key, request| {
            let secret = key.expose_secret_bytes();
            let mut share = Ingredients {
                key: KeyShare::from_secret_bytes(key.index(), &secret).unwrap(),
                network: request.network,
                fingerprint,
                policy: request.policy_digest(),
                item: request.items[0],
                reader: ReaderKey::from_bytes(request.reader_key.as_slice()).unwrap(),
            };
            change(&mut share);
            vec![share.share()]
        })
    }

    /// Torsion of its own at every node: what is equal, weights may cancel.
    fn torsion(&self, component: usize) -> Fault {
        let calls = AtomicU64::new(0);
        Fault::shares(move |mut shares| {
            let mut bytes = shares[0].to_vec();
            let nth = calls.fetch_add(1, Ordering::Relaxed);
            add_torsion(&mut bytes[component..component + 96], nth);
            shares[0] = bytes.into();
            shares
        })
    }

    async fn reads(&self, evil: &[u16], fault: Fault) -> Result<Tally, Error> {
        for node in 1..=NODES {
            let fault = match evil.contains(&node) {
                true => fault.clone(),
                false => Fault::Slow(LATER),
            };
            self.committee.set_fault(node, fault);
        }
        let began = Instant::now();
        let result = self.decrypt().await;
        assert!(began.elapsed() < SOON, "took {:?}", began.elapsed());
        if let Ok(tally) = &result {
            for node in evil {
                let report = &tally.reports[usize::from(*node) - 1];
                assert_ne!(report.outcome, Outcome::Shared, "{report}");
            }
        }
        result
    }

    async fn decrypt(&self) -> Result<Tally, Error> {
        let mut plaintext = Vec::new();
        let sealed = self.envelope.as_slice();
        let result = self
            .client
            .decrypt(&self.wallet, sealed, &mut plaintext)
            .await;
        match &result {
            Ok(_) => assert_eq!(plaintext, TEXT),
            Err(_) => assert!(plaintext.is_empty()),
        }
        Ok(result?.tally)
    }
}

/// Adds the `nth` of some points outside the subgroup to an uncompressed point. Their order is
/// large: weights that three divides would leave nothing of one of order three.
fn add_torsion(bytes: &mut [u8], nth: u64) {
    let fq = |bytes: &[u8]| Fq::from_be_bytes_mod_order(bytes);
    let point = G1Affine::new_unchecked(fq(&bytes[..48]), fq(&bytes[48..]));
    let torsion = (1u64..)
        .filter_map(|x| G1Affine::get_point_from_x_unchecked(Fq::from(x), false))
        .nth(nth as usize)
        .unwrap()
        .mul_bigint(Fr::MODULUS)
        .into_affine();
    let sum = (point.into_group() + torsion).into_affine();
    assert!(sum.is_on_curve() && !sum.is_in_correct_subgroup_assuming_on_curve());
    bytes[..48].copy_from_slice(&sum.x.into_bigint().to_bytes_be());
    bytes[48..].copy_from_slice(&sum.y.into_bigint().to_bytes_be());
}
