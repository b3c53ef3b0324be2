use std::array::from_fn;

use ark_bls12_381::{Fq2, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, Field};

use super::*;
use crate::engine::{
    affine::Point,
    blst::{LANES, bulk::Crossing},
    differential::{Numbers, cases, walk},
};
/// A number of Montgomery's form, below `K`, in one of the shapes in which it is hardest.
fn lazy(numbers: &mut Numbers, k: u64) -> Words {
    let of_modulus = Words::multiple_of_modulus(k);
    let below = |words: &[u64; WORDS]| words.iter().rev().lt(of_modulus.0.iter().rev());
    let mut less_one = of_modulus;
    less_one.0[0] -= 1;
    let one_more = |mut words: Words| {
        words.0[0] += 1;
        words
    };
    let multiple = Words::multiple_of_modulus(numbers.next() % k);
    let mut words = match numbers.next() % 12 {
        // 0, p, 2p, …, and next to them, on to k·p − 1.
        0 => multiple,
        1 => one_more(multiple),
        2 => less_one,
        3 => ONE,
        // All ones, as far as the highest word allows.
        4 => Words([MASK; WORDS]),
        5 => {
            let mut words = Words([MASK; WORDS]);
            words.0[(numbers.next() % 7) as usize] = 0;
            words
        }
        6 => {
            let mut words = Words::ZERO;
            words.0[(numbers.next() % 7) as usize] = MASK;
            words
        }
        _ => Words(from_fn(|_| numbers.next() & MASK)),
    };
    if !below(&words.0) {
        words.0[7] %= of_modulus.0[7];
    }
    assert!(below(&words.0));
    words
}

/// What stands for 2^416 there.
fn radix() -> Fq {
    Fq::from(2u64).pow([416])
}

/// The number that these words are, whatever their size.
fn value(words: &Words) -> Fq {
    let base = Fq::from(1u64 << 52);
    let from_highest = words.0.iter().rev();
    from_highest.fold(Fq::ZERO, |value, word| value * base + Fq::from(*word))
}

fn assert_below(words: &Words, k: u64) {
    assert!(words.0.iter().all(|word| *word <= MASK), "{words:x?}");
    let bound = Words::multiple_of_modulus(k);
    assert!(words.0.iter().rev().lt(bound.0.iter().rev()), "{words:x?}");
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn store(numbers: &FpLanes) -> [Words; LANES] {
    let mut words = [Words::ZERO; LANES];
    numbers.store(words.each_mut());
    words
}

type Pair = [[Words; LANES]; 2];

/// Sums, differences, products, a sum of two products, and the smallest form.
#[target_feature(enable = "avx512f,avx512ifma")]
fn compute([a, b]: &Pair, [c, d]: &Pair) -> [[Words; LANES]; 6] {
    let [a, b, c, d] = [a, b, c, d].map(|words| FpLanes::load(words.each_ref()));
    [
        a.plus(&b),
        a.minus::<8>(&b),
        a.times(&b),
        sum_of_products([(&a, &b), (&c, &d)]),
        c.canonical(),
        a.squared(),
    ]
    .map(|numbers| store(&numbers))
}

#[test]
fn numbers_agree_with_arkworks_at_every_size_that_is_allowed() {
    if !present() {
        return;
    }
    let radix = radix();
    let by_radix = radix.inverse().unwrap();
    assert_eq!(value(&ONE), radix);
    assert_eq!(value(&R_SQUARED), radix * radix);
    let mut numbers = Numbers(50);
    for _ in 0..cases(100_000) / LANES {
        let mut some = |k| -> [Words; LANES] { from_fn(|_| lazy(&mut numbers, k)) };
        let (a, b, c, d) = (some(8), some(8), some(4), some(2));
        // SAFETY: the processor has what the function needs.
        let [sums, differences, products, both, canonical, squares] =
            unsafe { compute(&[a, b], &[c, d]) };
        for lane in 0..LANES {
            let [a, b, c, d] = [a, b, c, d].map(|words| value(&words[lane]));
            for (words, expected, k) in [
                (sums, a + b, 16),
                (differences, a - b, 16),
                (products, a * b * by_radix, 2),
                (both, (a * b + c * d) * by_radix, 2),
                (canonical, c, 1),
                (squares, a.square() * by_radix, 2),
            ] {
                assert_eq!(value(&words[lane]), expected);
                assert_below(&words[lane], k);
            }
        }
    }
}

#[test]
fn largest_factors_have_a_product_below_two() {
    if !present() {
        return;
    }
    // 2^17·p − 1 squared, and times 2^16·p twice: just below the bound of each.
    let times_modulus = |factor: Words| {
        let mut product = Words::ZERO;
        let mut carry = 0u128;
        for (at, word) in product.0.iter_mut().enumerate() {
            carry += u128::from(factor.0[0]) * u128::from(MODULUS.0[at]);
            *word = carry as u64 & MASK;
            carry >>= 52;
        }
        product
    };
    let [mut half, mut largest] = [Words::ZERO; 2];
    (half.0[0], largest.0[0]) = (1 << 16, 1 << 17);
    let (half, mut largest) = (times_modulus(half), times_modulus(largest));
    largest.0[0] -= 1;
    let (half, largest) = ([half; LANES], [largest; LANES]);
    // SAFETY: the processor has what the function needs.
    let ([_, _, product, _, _, square], [_, _, _, both, ..]) = unsafe {
        (
            compute(&[largest, largest], &[half, half]),
            compute(&[half, largest], &[half, largest]),
        )
    };
    let by_radix = radix().inverse().unwrap();
    for (words, expected) in [
        (product[3], by_radix),
        (square[3], by_radix),
        (both[3], Fq::ZERO),
    ] {
        assert_eq!(value(&words), expected);
        assert_below(&words, 2);
    }
}

/// Sums, differences, products, squares, inverses.
#[target_feature(enable = "avx512f,avx512ifma")]
fn compute_fp2(a: &Fp2Lanes, b: &Fp2Lanes) -> [Fp2Lanes; 5] {
    [
        a.plus(b),
        a.minus::<8>(b),
        a.times(b),
        a.squared(),
        a.inverses(),
    ]
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn load_fp2(words: &[[Words; 2]; LANES]) -> Fp2Lanes {
    Fp2Lanes {
        c0: FpLanes::load(words.each_ref().map(|[c0, _]| c0)),
        c1: FpLanes::load(words.each_ref().map(|[_, c1]| c1)),
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn store_fp2(numbers: &Fp2Lanes) -> [[Words; 2]; LANES] {
    let (c0, c1) = (store(&numbers.c0), store(&numbers.c1));
    from_fn(|lane| [c0[lane], c1[lane]])
}

#[test]
fn fp2_agrees_with_arkworks_at_every_size_that_is_allowed() {
    if !present() {
        return;
    }
    let radix = Fq2::new(radix(), Fq::ZERO);
    let by_radix = radix.inverse().unwrap();
    let value = |[c0, c1]: &[Words; 2]| Fq2::new(value(c0), value(c1));
    let mut numbers = Numbers(51);
    for _ in 0..cases(100_000) / LANES {
        let mut some = |zero: bool| -> [[Words; 2]; LANES] {
            from_fn(|_| {
                loop {
                    let number = [lazy(&mut numbers, 8), lazy(&mut numbers, 8)];
                    if zero || value(&number) != Fq2::ZERO {
                        return number;
                    }
                }
            })
        };
        let (a, b) = (some(false), some(true));
        // SAFETY: the processor has what the functions need.
        let computed =
            unsafe { compute_fp2(&load_fp2(&a), &load_fp2(&b)).map(|numbers| store_fp2(&numbers)) };
        for lane in 0..LANES {
            let (a, b) = (value(&a[lane]), value(&b[lane]));
            let expected = [
                (a + b, 16),
                (a - b, 16),
                (a * b * by_radix, 2),
                (a.square() * by_radix, 2),
                (a.inverse().unwrap() * radix.square(), 2),
            ];
            for (words, (expected, k)) in computed.iter().zip(expected) {
                assert_eq!(value(&words[lane]), expected);
                words[lane].iter().for_each(|words| assert_below(words, k));
            }
        }
    }
}

#[test]
fn numbers_cross_and_come_back() {
    if !present() {
        return;
    }
    let mut numbers = Numbers(52);
    for _ in 0..cases(100_000) / LANES {
        let some: [Fq; LANES] = from_fn(|_| numbers.fq());
        // SAFETY: the processor has what the functions need.
        let back = unsafe { FpLanes::enter(&some).leave() };
        assert_eq!(back, some);
        for number in some {
            let words = Words::whole(&number);
            assert_eq!((value(&words), words.number()), (number, number));
            assert_eq!(words.negated(), Words::whole(&-number));
        }
    }
}

/// Pairs of every kind at every lane, in every number up to a few groups of eight.
#[test]
fn additions_agree_with_arkworks_for_every_pair_at_every_lane() {
    if !present() {
        return;
    }
    let mut numbers = Numbers(53);
    let mut walk = walk::<G2Projective>(&mut numbers);
    let check = |pairs: &[(G2Affine, G2Affine)]| {
        let (first, second): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        let (p, q) = (LanePoint::cross_in(&first), LanePoint::cross_in(&second));
        assert_eq!(LanePoint::cross_out(&p), first);
        let sums = LanePoint::add_all(&p.iter().zip(&q).collect::<Vec<_>>());
        let expected: Vec<_> = pairs.iter().map(|(p, q)| (*p + q).into_affine()).collect();
        assert_eq!(LanePoint::cross_out(&sums), expected);
        // The form is unique: sums are compared, and added again, as they are.
        assert_eq!(sums, LanePoint::cross_in(&expected));
    };
    let mut pair = |kind: u64| {
        let mut point = || loop {
            let point = walk();
            if !point.is_zero() {
                return point;
            }
        };
        let (p, q, zero) = (point(), point(), G2Affine::zero());
        match kind {
            0 => (zero, q),
            1 => (p, zero),
            2 => (zero, zero),
            3 => (p, p),
            4 => (p, -p),
            _ => (p, q),
        }
    };
    // One pair of each kind alone among others, at each lane, of the last lanes some empty.
    for kind in 0..6 {
        for length in 1..=2 * LANES + 1 {
            for at in 0..length {
                let kinds = (0..length).map(|place| if place == at { kind } else { 5 });
                check(&kinds.map(&mut pair).collect::<Vec<_>>());
            }
        }
        check(&(0..13).map(|_| pair(kind)).collect::<Vec<_>>());
    }
    check(&[]);
    // All mixed, over the number that shares an inversion.
    for _ in 0..cases(10) {
        let length = 350 + numbers.next() as usize % 500;
        check(
            &(0..length)
                .map(|_| pair(numbers.next() % 9))
                .collect::<Vec<_>>(),
        );
    }
}
