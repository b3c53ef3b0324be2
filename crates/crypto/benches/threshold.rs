//! What the scheme costs, beside the bare operations that it cannot do without and beside
//! `threshold_crypto`. Figures of one run compare with each other; machines differ.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use std::hint::black_box;

use ark_bls12_381::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fixture::*;
use stheno_crypto::{dkg::*, engine::Engine, *};
use threshold_crypto as peer;

const COMMITTEES: [(u16, u16); 3] = [(5, 3), (64, 43), (256, 171)];

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

fn floors(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("floor");
    let mut numbers = Numbers(1);
    let operands =
        floor::Operands::new(&G1Affine::generator(), &G2Affine::generator(), &mut numbers);
    group.bench_function("g1 multiplication", |b| b.iter(|| operands.g1_mul()));
    group.bench_function("g2 multiplication", |b| b.iter(|| operands.g2_mul()));
    group.bench_function("hash to g1", |b| b.iter(|| operands.hash()));
    group.bench_function("decode and check g1", |b| b.iter(|| operands.decode()));
    group.bench_function("pairing", |b| b.iter(|| operands.pairing()));
    group.bench_function("share", |b| {
        b.iter(|| {
            assert!(operands.decode());
            black_box(operands.hash());
            for _ in 0..3 {
                black_box(operands.g1_mul());
            }
            operands.g2_mul()
        });
    });
    for (n, t) in COMMITTEES {
        let points = vec![operands.g1_affine; t.into()];
        let scalars: Vec<u8> = (0..t)
            .flat_map(|_| scalar_bytes(&numbers.scalar()))
            .collect();
        // Two sums, b·C1, one pairing, ρ·P2.
        group.bench_function(BenchmarkId::new("combine and open", n), |b| {
            b.iter(|| {
                black_box(operands.msm(&points, &scalars));
                black_box(operands.msm(&points, &scalars));
                black_box(operands.g1_mul());
                black_box(operands.pairing());
                operands.g2_mul()
            });
        });
    }
    group.finish();
}

fn share(criterion: &mut Criterion) {
    let fixture = Fixture::new(1, 1, 1);
    let node = &fixture.nodes[0];
    let reader = fixture.reader.public().to_bytes();
    let mut group = criterion.benchmark_group("share");
    for engine in Engine::ALL {
        group.bench_function(format!("{engine:?}, bytes to bytes"), |b| {
            engine.scope(|| {
                b.iter(|| {
                    let reader = ReaderKey::from_bytes(black_box(&reader)).unwrap();
                    node.share(1, &fixture.id, &reader, &SEED, &[7; 32])
                        .encode()
                });
            });
        });
    }
    group.finish();
}

fn combine_and_open(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("combine and open");
    for (n, t) in COMMITTEES {
        let fixture = Fixture::new(n, t, 2);
        let chosen = Numbers(3).subset(n, t);
        let shares: Vec<_> = fixture
            .shares(&chosen)
            .iter()
            .map(|share| (share.index(), share.encode()))
            .collect();
        group.bench_function(BenchmarkId::from_parameter(n), |b| {
            b.iter(|| {
                let shares: Vec<Share> = shares
                    .iter()
                    .map(|(index, bytes)| Share::decode(*index, bytes).unwrap())
                    .collect();
                fixture.open(&shares).unwrap()
            });
        });
    }
    group.finish();
}

/// The peer's way: verify each share, combine, decrypt.
fn threshold_crypto(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("threshold_crypto, verify and combine");
    for (n, t) in [(5, 3), (64, 43), (100, 67), (256, 171)] {
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
        group.sample_size(10);
        group.bench_function(BenchmarkId::from_parameter(n), |b| {
            b.iter(|| {
                for (_, key, share) in &shares {
                    assert!(key.verify_decryption_share(share, &ciphertext));
                }
                let shares = shares.iter().map(|(i, _, share)| (*i, share));
                public.decrypt(shares, &ciphertext).unwrap()
            });
        });
        // Ours at the same size.
        let fixture = Fixture::new(n, t, 5);
        let shares = fixture.shares(&Numbers(6).subset(n, t));
        group.bench_function(BenchmarkId::new("ours", n), |b| {
            b.iter(|| fixture.open(&shares).unwrap());
        });
    }
    group.finish();
}

fn ceremony(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ceremony");
    group.sample_size(10);
    for (n, t) in [(5u8, 3u16), (16, 9), (64, 43)] {
        let context = CeremonyContext::from_bytes([1; 32]);
        let secrets: Vec<_> = (1..=n)
            .map(|m| CeremonySecret::from_seed(&[m; 32]))
            .collect();
        let keys: Vec<_> = secrets.iter().map(CeremonySecret::public).collect();
        let seed = DealerSeed::from_bytes([2; 32]);
        let me = index(1);
        let deal = || Dealing::deal(&context, me, t, &keys, Constant::Fresh, &seed).unwrap();
        group.bench_function(BenchmarkId::new("deal", n), |b| b.iter(deal));
        let bytes = deal().encode();
        let verify = || {
            let dealing = Dealing::decode(&bytes, t, n.into()).unwrap();
            dealing.verify(&context, me, None).unwrap()
        };
        group.bench_function(BenchmarkId::new("decode and verify", n), |b| b.iter(verify));
        let verified = verify();
        group.bench_function(BenchmarkId::new("receive", n), |b| {
            b.iter(|| verified.receive(me, &secrets[0]).unwrap());
        });
        group.bench_function(BenchmarkId::new("outcome of one dealing", n), |b| {
            b.iter(|| outcome(Kind::First, &[(me, &verified)], n.into()).unwrap());
        });
    }
    group.finish();
}

criterion_group!(
    benches,
    floors,
    share,
    combine_and_open,
    threshold_crypto,
    ceremony
);
criterion_main!(benches);
