//! All at once says what one by one says, about good dealings and every kind of bad one.

use std::{cell::RefCell, collections::HashMap};

use ark_bls12_381::{Fq, Fq2, g2};
use ark_ec::{CurveConfig, CurveGroup};
use ark_ff::One;
use zeroize::Zeroizing;

use super::*;
use crate::{
    DecodeError,
    dkg::{CeremonyKey, Constant, DealerSeed, dealing::share_info, polynomial::Polynomial},
    encoding::g2_to_compressed,
    engine::Engine,
    scalar,
};

const THRESHOLD: u16 = 3;
const COMMITTED: usize = 96 * THRESHOLD as usize;
const SEALED: usize = COMMITTED + 128;
/// Prime factors of the cofactor of G2, and 0 for a point of no small order.
const ORDERS: [u64; 6] = [13, 23, 2713, 11953, 262_069, 0];

/// Numbers that look random, and are the same in every run: splitmix64.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    fn seed(&mut self) -> [u8; 32] {
        std::array::from_fn(|_| self.below(256) as u8)
    }
}

/// The cofactor divided by every power of `prime` in it, in words.
fn without(prime: u64) -> Vec<u64> {
    let divided = |words: &[u64]| {
        let mut rest = 0u128;
        let mut quotient: Vec<u64> = words
            .iter()
            .rev()
            .map(|&word| {
                let part = rest << 64 | u128::from(word);
                rest = part % u128::from(prime);
                (part / u128::from(prime)) as u64
            })
            .collect();
        quotient.reverse();
        (quotient, rest)
    };
    let mut words = g2::Config::COFACTOR.to_vec();
    while let (quotient, 0) = divided(&words) {
        words = quotient;
    }
    words
}

/// A point outside the subgroup, of this order, or (0) of no small one.
fn torsion(order: u64) -> G2Affine {
    (1u64..)
        .filter_map(|x| {
            G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::one()), true)
        })
        .map(|point| point.mul_bigint(Fr::MODULUS).into_affine())
        .map(|point| match order {
            0 => point,
            _ => {
                let mut point = point.mul_bigint(without(order)).into_affine();
                while !point.mul_bigint([order]).is_zero() {
                    point = point.mul_bigint([order]).into_affine();
                }
                point
            }
        })
        .find(|point| !point.is_zero())
        .unwrap()
}

#[test]
fn cofactor_of_g2_has_no_factor_below_13() {
    for prime in [2, 3, 5, 7, 11] {
        assert_eq!(without(prime), g2::Config::COFACTOR, "{prime}");
    }
    for order in &ORDERS[..5] {
        assert_ne!(without(*order), g2::Config::COFACTOR, "{order}");
        let point = torsion(*order);
        assert!(!point.is_zero() && point.is_on_curve());
        assert!(point.mul_bigint([*order]).is_zero());
    }
}

/// What single verification says of a dealing.
type Verdict = Result<VerifiedDealing, DealingError>;

/// Dealers among four receivers, some of whom cheat.
struct Hostile {
    context: CeremonyContext,
    secrets: Vec<CeremonySecret>,
    keys: Vec<CeremonyKey>,
    torsion: Vec<G2Affine>,
    /// What the dealers of index 1 and up deal when they do not cheat.
    dealings: Vec<Vec<u8>>,
    known: RefCell<HashMap<(NodeIndex, Vec<u8>), Verdict>>,
}

impl Hostile {
    fn new(context: u8) -> Self {
        let secrets: Vec<_> = (1..=4)
            .map(|member| CeremonySecret::from_seed(&[member; 32]))
            .collect();
        let context = CeremonyContext::from_bytes([context; 32]);
        let keys: Vec<_> = secrets.iter().map(CeremonySecret::public).collect();
        let deal = |dealer| {
            let seed = Self::seed(dealer);
            Dealing::deal(&context, dealer, THRESHOLD, &keys, Constant::Fresh, &seed)
        };
        Self {
            context,
            dealings: dealers(64)
                .map(|dealer| deal(dealer).unwrap().encode())
                .collect(),
            keys,
            secrets,
            torsion: ORDERS.iter().map(|order| torsion(*order)).collect(),
            known: RefCell::default(),
        }
    }

    fn seed(dealer: NodeIndex) -> DealerSeed {
        DealerSeed::from_bytes([dealer.get() as u8; 32])
    }

    fn good(&self, dealer: NodeIndex) -> Vec<u8> {
        self.dealings[usize::from(dealer.get()) - 1].clone()
    }

    /// The dealing with this added to a commitment and everything else made to fit: the proof
    /// holds, and shares open and are on the polynomial, as far as the subgroup goes.
    fn shifted(&self, dealer: NodeIndex, place: usize, by: &G2Affine) -> Vec<u8> {
        let seed = Self::seed(dealer);
        let polynomial =
            Polynomial::derive(&self.context, dealer, THRESHOLD, Constant::Fresh, &seed);
        let mut commitments = polynomial.commitments();
        commitments[place] = (commitments[place] + by).into_affine();
        let committed: Vec<u8> = commitments.iter().flat_map(g2_to_compressed).collect();
        let nonce = SecretScalar::from(Fr::from(77u8));
        let proof = schnorr::prove(polynomial.constant().unwrap(), &nonce, |r| {
            challenge(&self.context, dealer, &committed, r)
        });
        let mut bytes = committed;
        bytes.extend_from_slice(&proof);
        for (receiver, key) in (1..).zip(&self.keys) {
            let receiver = NodeIndex::new(receiver).unwrap();
            let info = share_info(&self.context, dealer, receiver);
            let share = polynomial.at(receiver);
            let ephemeral = Zeroizing::new([receiver.get() as u8; 32]);
            bytes.extend(key.seal(&info, &bytes[..COMMITTED], share.as_bytes(), ephemeral));
        }
        bytes
    }

    /// The dealing with another share for everybody, sealed as it should be.
    fn wrong_shares(&self, dealer: NodeIndex, change: impl Fn(Fr) -> [u8; 32]) -> Vec<u8> {
        let mut bytes = self.good(dealer);
        let seed = Self::seed(dealer);
        let polynomial =
            Polynomial::derive(&self.context, dealer, THRESHOLD, Constant::Fresh, &seed);
        for (receiver, key) in (1..).zip(&self.keys) {
            let receiver = NodeIndex::new(receiver).unwrap();
            let info = share_info(&self.context, dealer, receiver);
            let share = change(scalar::from_bytes(polynomial.at(receiver).as_bytes()).unwrap());
            let sealed = key.seal(&info, &bytes[..COMMITTED], &share, Zeroizing::new([9; 32]));
            let at = SEALED + 80 * (usize::from(receiver.get()) - 1);
            bytes[at..at + 80].copy_from_slice(&sealed);
        }
        bytes
    }

    /// A dealing with the fault of this number; from [`FAULTS`] on a good one.
    fn dealing(&self, dealer: NodeIndex, fault: usize, numbers: &mut Numbers) -> Vec<u8> {
        let mut bytes = self.good(dealer);
        let torsion = self.torsion[numbers.below(self.torsion.len())];
        let delta = Fr::from(1 + numbers.below(3) as u64);
        match fault {
            0 => return self.shifted(dealer, 0, &torsion),
            1 => return self.shifted(dealer, 1, &torsion),
            2 => return self.shifted(dealer, 2, &-torsion),
            // Off the curve, or another point.
            3 => bytes[96 * numbers.below(3) + 50] ^= 1,
            4 => bytes[96 * numbers.below(3)] ^= 0x80,
            5 => {
                let identity = [&[0xc0][..], &[0; 95]].concat();
                bytes[96..192].copy_from_slice(&identity);
            }
            6 => bytes[COMMITTED] ^= 0x20,
            // R outside the subgroup, or no point.
            7 => {
                let r = encoding::g2_from_compressed(&bytes[COMMITTED..][..96]).unwrap();
                let r = g2_to_compressed(&(r + torsion).into_affine());
                bytes[COMMITTED..][..96].copy_from_slice(&r);
            }
            8 => bytes[COMMITTED..][..96].fill(0),
            9 => bytes[COMMITTED + 96..][..32].fill(0xff),
            // Responses that are wrong by as much, up or down.
            10 | 11 => {
                let z = &mut bytes[COMMITTED + 96..][..32];
                let value = scalar::from_bytes((&*z).try_into().unwrap()).unwrap();
                let value = if fault == 10 {
                    value + delta
                } else {
                    value - delta
                };
                z.copy_from_slice(&scalar::to_bytes(&value));
            }
            12 => bytes.truncate(bytes.len() - 80),
            13 => drop(bytes.drain(..96)),
            14 => bytes.clear(),
            15 => return self.good(NodeIndex::new(dealer.get() % 60 + 1).unwrap()),
            16 => return self.shifted(dealer, 1, &G2Affine::generator()),
            17 => return self.wrong_shares(dealer, |share| scalar::to_bytes(&(share + delta))),
            18 => return self.wrong_shares(dealer, |share| scalar::to_bytes(&(share - delta))),
            19 => return self.wrong_shares(dealer, |_| [0xff; 32]),
            20 => bytes[SEALED..].iter_mut().for_each(|byte| *byte ^= 1),
            _ => {}
        }
        bytes
    }

    /// Whether all at once says the same as one by one; how many were accepted.
    fn compare(&self, posted: &[Posted<'_>], numbers: &mut Numbers) -> [usize; 2] {
        let context = &self.context;
        let seed = numbers.seed();
        let batch = verify_all(context, THRESHOLD, 4, posted, &seed);
        let mut known = self.known.borrow_mut();
        let single: Vec<_> = posted
            .iter()
            .map(|posted| {
                let verdict = || posted.verify(context, THRESHOLD, 4);
                match posted.expected_constant {
                    // Most dealings are good, and the same in every ceremony.
                    None => known
                        .entry((posted.dealer, posted.bytes.to_vec()))
                        .or_insert_with(verdict)
                        .clone(),
                    Some(_) => verdict(),
                }
            })
            .collect();
        assert_eq!(batch, single);

        let verified: Vec<_> = batch.iter().flatten().collect();
        // A receiver that there is not, too.
        let me = numbers.below(5);
        let secret = &self.secrets[me.min(3)];
        let me = NodeIndex::new(me as u16 + 1).unwrap();
        let said = |share: Result<DealtShare, ReceiveError>| {
            share.map(|share| {
                (
                    share.dealer,
                    share.receiver,
                    *share.secret.as_bytes().clone(),
                )
            })
        };
        let received = receive_all(&verified, me, secret, &seed);
        let received: Vec<_> = received.into_iter().map(said).collect();
        let single: Vec<_> = verified
            .iter()
            .map(|dealing| said(dealing.receive(me, secret)))
            .collect();
        assert_eq!(received, single);
        [verified.len(), received.iter().flatten().count()]
    }
}

/// Kinds of bad dealings.
const FAULTS: usize = 21;

fn dealers(count: u16) -> impl Iterator<Item = NodeIndex> {
    (1..=count).map(|number| NodeIndex::new(number).unwrap())
}

fn posted<'a>(dealings: &'a [Vec<u8>], expected: Option<&'a [NodePublicKey]>) -> Vec<Posted<'a>> {
    let dealers = dealers(dealings.len() as u16);
    dealers
        .zip(dealings)
        .enumerate()
        .map(|(at, (dealer, bytes))| Posted {
            dealer,
            bytes,
            expected_constant: expected.map(|keys| &keys[at]),
        })
        .collect()
}

/// 10,240 dealings in 160 ceremonies, and 256 in four on the slow engine.
#[test]
fn verdicts_on_all_at_once_are_those_on_one_by_one() {
    for (engine, ceremonies) in [(Engine::Arkworks, 4), (Engine::Blst, 160)] {
        engine.scope(|| {
            let hostile = Hostile::new(1);
            let mut numbers = Numbers(3);
            let [mut verified, mut received] = [0; 2];
            for ceremony in 0..ceremonies {
                // None, one, a few, or nearly all of the dealers cheat.
                let good = [0, FAULTS * 63, FAULTS * 10, FAULTS / 4][ceremony % 4];
                let dealings: Vec<_> = dealers(64)
                    .map(|dealer| {
                        let fault = match good {
                            0 => FAULTS,
                            _ => numbers.below(FAULTS + good),
                        };
                        hostile.dealing(dealer, fault, &mut numbers)
                    })
                    .collect();
                let [v, r] = hostile.compare(&posted(&dealings, None), &mut numbers);
                verified += v;
                received += r;
            }
            let all = ceremonies * 64;
            assert!(verified > all / 2 && verified < all * 9 / 10, "{verified}");
            assert!(received > all / 4 && received < verified, "{received}");
        });
    }
}

#[test]
fn every_fault_alone_and_beside_its_opposite_is_found() {
    let hostile = Hostile::new(2);
    let mut numbers = Numbers(4);
    for fault in 0..=FAULTS {
        for bad in [vec![0], vec![63], vec![20, 41]] {
            let dealings: Vec<_> = (0..64)
                .zip(dealers(64))
                .map(|(at, dealer)| {
                    let fault = if bad.contains(&at) { fault } else { FAULTS };
                    hostile.dealing(dealer, fault, &mut numbers)
                })
                .collect();
            let [verified, received] = hostile.compare(&posted(&dealings, None), &mut numbers);
            let refused = if fault < 16 { bad.len() } else { 0 };
            assert_eq!(verified, 64 - refused, "fault {fault}");
            assert!(received <= verified);
        }
    }
}

/// What one dealer adds another takes away, so that plain sums come out right.
#[test]
fn faults_that_cancel_are_found_and_named() {
    let hostile = Hostile::new(3);
    let mut numbers = Numbers(5);
    let good: Vec<_> = dealers(64).map(|dealer| hostile.good(dealer)).collect();
    let pair = [NodeIndex::new(8).unwrap(), NodeIndex::new(9).unwrap()];
    for (order, torsion) in ORDERS.iter().zip(&hostile.torsion) {
        for place in 0..3 {
            let mut dealings = good.clone();
            dealings[7] = hostile.shifted(pair[0], place, torsion);
            dealings[8] = hostile.shifted(pair[1], place, &-*torsion);
            let posted = posted(&dealings, None);
            let verdicts = verify_all(&hostile.context, THRESHOLD, 4, &posted, &numbers.seed());
            for (at, verdict) in verdicts.iter().enumerate() {
                match verdict {
                    Err(DealingError::Malformed(DecodeError::NotInSubgroup)) => {
                        assert!(at == 7 || at == 8, "{order}");
                    }
                    verdict => assert!(verdict.is_ok() && at != 7 && at != 8, "{order}"),
                }
            }
        }
    }
    for faults in [[10, 11], [17, 18]] {
        let mut dealings = good.clone();
        for ((at, dealer), fault) in (7..).zip(pair).zip(faults) {
            // The same number of random draws, so the same difference.
            dealings[at] = hostile.dealing(dealer, fault, &mut Numbers(6));
        }
        let [verified, received] = hostile.compare(&posted(&dealings, None), &mut numbers);
        match faults {
            [10, 11] => assert_eq!(verified, 62),
            _ => assert_eq!((verified, received <= 62), (64, true)),
        }
    }
}

#[test]
fn constants_of_a_reshare_are_compared_all_at_once_too() {
    for engine in Engine::ALL {
        engine.scope(|| {
            let hostile = Hostile::new(4);
            let mut numbers = Numbers(7);
            let dealings: Vec<_> = dealers(64)
                .map(|dealer| {
                    let fault = numbers.below(FAULTS * 4);
                    hostile.dealing(dealer, fault, &mut numbers)
                })
                .collect();
            let expected: Vec<_> = (0..64)
                .zip(dealers(64))
                .map(|(at, dealer)| {
                    let seed = Hostile::seed(dealer);
                    let fresh = Constant::Fresh;
                    let polynomial =
                        Polynomial::derive(&hostile.context, dealer, THRESHOLD, fresh, &seed);
                    let key = polynomial.commitments()[0];
                    NodePublicKey(if at % 5 == 0 { -key } else { key })
                })
                .collect();
            let [verified, _] = hostile.compare(&posted(&dealings, Some(&expected)), &mut numbers);
            assert!(verified > 30 && verified < 52, "{verified}");
        });
    }
}

#[test]
fn nothing_at_all_is_fine_and_impossible_terms_are_not() {
    let context = CeremonyContext::from_bytes([1; 32]);
    assert!(verify_all(&context, 3, 4, &[], &[0; 32]).is_empty());
    let secret = CeremonySecret::from_seed(&[1; 32]);
    assert!(receive_all(&[], NodeIndex::new(1).unwrap(), &secret, &[0; 32]).is_empty());
    let bytes = Hostile::new(1).good(NodeIndex::new(1).unwrap());
    for (threshold, receivers) in [(0, 4), (5, 4), (1, 1 << 16)] {
        let verdicts = verify_all(
            &context,
            threshold,
            receivers,
            &posted(std::slice::from_ref(&bytes), None),
            &[0; 32],
        );
        let terms = DealingError::Terms {
            threshold,
            receivers,
        };
        assert_eq!(verdicts, [Err(terms)]);
    }
}
