//! What the scheme costs, beside the bare operations that it cannot do without and beside
//! `threshold_crypto`: `cargo bench --profile dist --workspace --bench threshold`.
//!
//! What is compared runs in turn, round by round, so that a machine whose speed drifts is unfair to
//! nobody; times are of the thread's processor, and medians. Machines differ, ratios of one run hold.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use std::hint::black_box;

use ark_bls12_381::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use fixture::*;
use rustix::time::{ClockId, clock_gettime};
use stheno_crypto::{dkg::*, engine::Engine, *};
use threshold_crypto as peer;

const COMMITTEES: [(u16, u16); 3] = [(5, 3), (64, 43), (256, 171)];
/// Rounds of a comparison.
const ROUNDS: usize = 15;
/// A subject is called so often in a round that it takes at least so long, in seconds.
const LEAST: f64 = 0.01;

fn main() {
    shares();
    opening();
    ceremonies();
}

/// Something to be timed.
type Subject<'a> = Box<dyn FnMut() + 'a>;

/// Median processor time of one call of each subject, in seconds.
fn medians<const N: usize>(mut subjects: [Subject<'_>; N]) -> [f64; N] {
    let calls: [u32; N] = std::array::from_fn(|at| {
        subjects[at]();
        let once = time(&mut subjects[at], 1);
        (LEAST / once).clamp(1.0, 1e4) as u32
    });
    let mut times = [const { Vec::new() }; N];
    for _ in 0..ROUNDS {
        for (at, subject) in subjects.iter_mut().enumerate() {
            times[at].push(time(subject, calls[at]));
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}

fn time(subject: &mut Subject<'_>, calls: u32) -> f64 {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    let began = now();
    for _ in 0..calls {
        subject();
    }
    (now() - began) / f64::from(calls)
}

/// Seconds for people.
fn show(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.0} µs", s * 1e6),
        s if s < 0.1 => format!("{:.2} ms", s * 1e3),
        s => format!("{:.0} ms", s * 1e3),
    }
}

/// The bare operations, by blst's own interface: what no implementation can go below.
mod floor {
    #![allow(unsafe_code, reason = "blst's curve arithmetic is a C interface")]

    use ::blst::*;
    use ark_bls12_381::{G1Affine, G2Affine};

    use crate::fixture::{Numbers, compressed, scalar_bytes, uncompressed};

    pub(crate) struct Operands {
        pub(crate) g1: blst_p1,
        pub(crate) g1_affine: blst_p1_affine,
        pub(crate) g2: blst_p2,
        pub(crate) g2_affine: blst_p2_affine,
        pub(crate) scalar: [u8; 32],
        pub(crate) compressed: Vec<u8>,
    }

    impl Operands {
        pub(crate) fn new(p: &G1Affine, q: &G2Affine, numbers: &mut Numbers) -> Self {
            let mut operands = Self {
                g1: blst_p1::default(),
                g1_affine: blst_p1_affine::default(),
                g2: blst_p2::default(),
                g2_affine: blst_p2_affine::default(),
                scalar: scalar_bytes(&numbers.scalar()),
                compressed: compressed(p),
            };
            operands.scalar.reverse();
            // SAFETY: the encodings have the lengths that blst reads.
            unsafe {
                blst_p1_deserialize(&mut operands.g1_affine, uncompressed(p).as_ptr());
                blst_p1_from_affine(&mut operands.g1, &operands.g1_affine);
                blst_p2_deserialize(&mut operands.g2_affine, uncompressed(q).as_ptr());
                blst_p2_from_affine(&mut operands.g2, &operands.g2_affine);
            }
            operands
        }

        pub(crate) fn g1_mul(&self) -> blst_p1 {
            let mut out = blst_p1::default();
            // SAFETY: the scalar has 255 bits in 32 bytes.
            unsafe { blst_p1_mult(&mut out, &self.g1, self.scalar.as_ptr(), 255) };
            out
        }

        pub(crate) fn g2_mul(&self) -> blst_p2 {
            let mut out = blst_p2::default();
            // SAFETY: the scalar has 255 bits in 32 bytes.
            unsafe { blst_p2_mult(&mut out, &self.g2, self.scalar.as_ptr(), 255) };
            out
        }

        pub(crate) fn hash(&self) -> blst_p1 {
            let (message, dst) = ([7; 128], [8; 43]);
            let mut out = blst_p1::default();
            // SAFETY: slices with their lengths, no augmentation.
            unsafe {
                let (m, d) = (message.as_ptr(), dst.as_ptr());
                blst_hash_to_g1(&mut out, m, 128, d, 43, core::ptr::null(), 0);
            }
            out
        }

        pub(crate) fn decode(&self) -> bool {
            let mut out = blst_p1_affine::default();
            // SAFETY: blst reads 48 bytes.
            unsafe {
                blst_p1_uncompress(&mut out, self.compressed.as_ptr());
                blst_p1_affine_in_g1(&out)
            }
        }

        /// The square root alone, without the check of the subgroup.
        pub(crate) fn uncompress(&self) -> blst_p1_affine {
            let mut out = blst_p1_affine::default();
            // SAFETY: blst reads 48 bytes.
            unsafe { blst_p1_uncompress(&mut out, self.compressed.as_ptr()) };
            out
        }

        pub(crate) fn pairing(&self) -> blst_fp12 {
            let mut out = blst_fp12::default();
            // SAFETY: an operand may be the result too.
            unsafe {
                let out = &raw mut out;
                blst_miller_loop(out, &self.g2_affine, &self.g1_affine);
                blst_final_exp(out, out);
            }
            out
        }

        pub(crate) fn msm(&self, points: &[blst_p1_affine], scalars: &[u8]) -> blst_p1 {
            let mut out = blst_p1::default();
            // SAFETY: points and 32-byte scalars lie one after the other, scratch as asked for.
            unsafe {
                let size = blst_p1s_mult_pippenger_scratch_sizeof(points.len());
                let mut scratch = vec![0u64; size.div_ceil(8)];
                blst_p1s_mult_pippenger(
                    &mut out,
                    [points.as_ptr(), core::ptr::null()].as_ptr(),
                    points.len(),
                    [scalars.as_ptr(), core::ptr::null()].as_ptr(),
                    255,
                    scratch.as_mut_ptr(),
                );
            }
            out
        }
    }
}

fn operands() -> floor::Operands {
    let (p, q) = (G1Affine::generator(), G2Affine::generator());
    floor::Operands::new(&p, &q, &mut Numbers(1))
}

/// One share at a node, bytes to bytes.
fn shares() {
    let operands = operands();
    let bare = || {
        assert!(operands.decode());
        black_box(operands.hash());
        for _ in 0..3 {
            black_box(operands.g1_mul());
        }
        black_box(operands.g2_mul());
    };
    let fixture = Fixture::new(1, 1, 1);
    let node = &fixture.nodes[0];
    let reader = fixture.reader.public().to_bytes();
    let share = |engine: Engine| {
        let (node, reader, fixture) = (&node, &reader, &fixture);
        move || {
            engine.scope(|| {
                let reader = ReaderKey::from_bytes(black_box(reader)).unwrap();
                let share = node.share(1, &fixture.id, &reader, &SEED, &[7; 32]);
                black_box(share.encode());
            });
        }
    };
    println!("| one share, bytes to bytes | time | of the floor |\n|---|---|---|");
    let [floor, blst, arkworks] = medians([
        Box::new(bare),
        Box::new(share(Engine::Blst)),
        Box::new(share(Engine::Arkworks)),
    ]);
    println!("| floor: the bare operations | {} | |", show(floor));
    for (engine, time) in [("blst", blst), ("arkworks (portable)", arkworks)] {
        println!("| {engine} | {} | {:.2} × |", show(time), time / floor);
    }
}

/// A reader combines and opens, from bytes; beside it `threshold_crypto` verifies and combines.
fn opening() {
    println!(
        "\n| combine and open | floor | with decoding | ours | of the floor | with decoding \
         | `threshold_crypto` | of ours |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (n, t) in [COMMITTEES[0], COMMITTEES[1], (100, 67), COMMITTEES[2]] {
        let [floor, decoding, ours, peer] = medians([
            bare_opening(t, false),
            bare_opening(t, true),
            our_opening(n, t),
            peer_opening(t),
        ]);
        println!(
            "| {t} of {n} | {} | {} | {} | {:.2} × | {:.2} × | {} | {:.1} × |",
            show(floor),
            show(decoding),
            show(ours),
            ours / floor,
            ours / decoding,
            show(peer),
            peer / ours
        );
    }
}

/// Two sums, `b·C1`, one pairing, `ρ·P2`; and before it, if asked for, the square roots that make
/// points of the bytes of `t` shares, two for each.
fn bare_opening(t: u16, decoding: bool) -> Subject<'static> {
    let operands = operands();
    let mut numbers = Numbers(2);
    let points = vec![operands.g1_affine; t.into()];
    let scalars: Vec<u8> = (0..t)
        .flat_map(|_| scalar_bytes(&numbers.scalar()))
        .collect();
    Box::new(move || {
        for _ in 0..if decoding { 2 * t } else { 0 } {
            black_box(operands.uncompress());
        }
        black_box(operands.msm(&points, &scalars));
        black_box(operands.msm(&points, &scalars));
        black_box(operands.g1_mul());
        black_box(operands.pairing());
        black_box(operands.g2_mul());
    })
}

fn our_opening(n: u16, t: u16) -> Subject<'static> {
    let fixture = Fixture::new(n, t, 2);
    let chosen = Numbers(3).subset(n, t);
    let shares: Vec<_> = fixture
        .shares(&chosen)
        .iter()
        .map(|share| (share.index(), share.encode()))
        .collect();
    Box::new(move || {
        let shares: Vec<Share> = shares
            .iter()
            .map(|(index, bytes)| Share::decode(*index, bytes).unwrap())
            .collect();
        black_box(fixture.open(&shares).unwrap());
    })
}

/// The peer's way: verify each share, combine, decrypt. (Its shares are decoded already.)
fn peer_opening(t: u16) -> Subject<'static> {
    let mut numbers = Numbers(4);
    let coefficients = (0..t)
        .map(|_| peer::IntoFr::into_fr(numbers.next()))
        .collect::<Vec<peer::Fr>>();
    let keys = peer::SecretKeySet::from(peer::poly::Poly::from(coefficients));
    let public = keys.public_keys();
    let ciphertext = public.public_key().encrypt([7; 32]);
    let shares: Vec<_> = (0..usize::from(t))
        .map(|i| {
            let share = keys.secret_key_share(i).decrypt_share(&ciphertext).unwrap();
            (i, public.public_key_share(i), share)
        })
        .collect();
    Box::new(move || {
        for (_, key, share) in &shares {
            assert!(key.verify_decryption_share(share, &ciphertext));
        }
        let shares = shares.iter().map(|(i, _, share)| (*i, share));
        black_box(public.decrypt(shares, &ciphertext).unwrap());
    })
}

/// What a member does in a first ceremony.
fn ceremonies() {
    println!(
        "\n| ceremony | deal | decode and verify one dealing | receive one | its outcome |\n\
         |---|---|---|---|---|"
    );
    for (n, t) in [(5u8, 3u16), (16, 9), (64, 43)] {
        let context = CeremonyContext::from_bytes([1; 32]);
        let secrets: Vec<_> = (1..=n)
            .map(|m| CeremonySecret::from_seed(&[m; 32]))
            .collect();
        let keys: Vec<_> = secrets.iter().map(CeremonySecret::public).collect();
        let seed = DealerSeed::from_bytes([2; 32]);
        let me = index(1);
        let deal = || Dealing::deal(&context, me, t, &keys, Constant::Fresh, &seed).unwrap();
        let bytes = deal().encode();
        let verify = || {
            let dealing = Dealing::decode(&bytes, t, n.into()).unwrap();
            dealing.verify(&context, me, None).unwrap()
        };
        let verified = verify();
        let times = medians([
            Box::new(|| drop(black_box(deal()))),
            Box::new(|| drop(black_box(verify()))),
            Box::new(|| drop(black_box(verified.receive(me, &secrets[0]).unwrap()))),
            Box::new(|| {
                drop(black_box(
                    outcome(Kind::First, &[(me, &verified)], n.into()).unwrap(),
                ));
            }),
        ]);
        let [deal, verify, receive, outcome] = times.map(show);
        println!("| {t} of {n} | {deal} | {verify} | {receive} | {outcome} |");
    }
}
