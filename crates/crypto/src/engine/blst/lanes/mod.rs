//! Numbers modulo `p`, eight at a time, where the processor multiplies eight numbers of 52 bits at
//! once (AVX-512 IFMA); on top of them Fp2, and additions in G2.
//!
//! **Not constant-time: for public numbers.** Montgomery's form with `R = 2^416`, in eight words of
//! 52 bits. `p` is below 2^381, so 35 bits are to spare: sums and differences are not reduced, and
//! every operation says how large what it takes may be, and what it gives is. "Below `k`" means
//! from 0 to less than `k·p`, every word below 2^52.
#![allow(
    clippy::indexing_slicing,
    reason = "arrays of fixed lengths, and indices that do not depend on the numbers"
)]

mod fp2;
mod points;
#[cfg(test)]
mod tests;
mod transposed;

use core::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_alignr_epi64, _mm512_and_si512, _mm512_cmpeq_epi64_mask,
    _mm512_cmplt_epi64_mask, _mm512_load_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64,
    _mm512_mask_blend_epi64, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_srai_epi64,
    _mm512_srli_epi64, _mm512_store_si512, _mm512_sub_epi64,
};

use ark_bls12_381::Fq;
use ark_ff::{BigInteger384, PrimeField};

use self::transposed::transposed;
pub(super) use self::{fp2::Fp2Lanes, points::LanePoint};
use super::LANES;

/// Words of a number, of 52 bits each.
const WORDS: usize = 8;
const MASK: u64 = (1 << 52) - 1;
/// The modulus.
const MODULUS: Words = Words::split(&Fq::MODULUS.0);
/// `−1/p` modulo 2^52.
const INVERSE: u64 = {
    // Newton's iteration doubles the bits that are right.
    let mut inverse = 1u64;
    let mut round = 0;
    while round < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(MODULUS.0[0].wrapping_mul(inverse)));
        round += 1;
    }
    inverse.wrapping_neg() & MASK
};
/// `R mod p`, which stands for 1.
const ONE: Words = Words::power_of_two(416);
/// `R² mod p`, to enter the form.
const R_SQUARED: Words = Words::power_of_two(832);

/// Whether the processor has what this needs; found out once.
pub(super) fn present() -> bool {
    std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512ifma")
}

/// A number in memory: words of 52 bits, the least significant first.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub(super) struct Words([u64; WORDS]);

impl Words {
    const ZERO: Self = Self([0; WORDS]);

    const fn split(limbs: &[u64; 6]) -> Self {
        let mut words = [0; WORDS];
        let mut at = 0;
        while at < WORDS {
            let (limb, shift) = (52 * at / 64, 52 * at % 64);
            let low = limbs[limb] >> shift;
            let high = if shift > 12 && limb + 1 < 6 {
                limbs[limb + 1] << (64 - shift)
            } else {
                0
            };
            words[at] = (low | high) & MASK;
            at += 1;
        }
        Self(words)
    }

    /// `2^exponent mod p`.
    const fn power_of_two(exponent: usize) -> Self {
        let mut words = [1, 0, 0, 0, 0, 0, 0, 0];
        let mut doublings = 0;
        while doublings < exponent {
            let mut less = [0; WORDS];
            let (mut carry, mut borrow) = (0, 0);
            let mut at = 0;
            while at < WORDS {
                let word = 2 * words[at] + carry;
                carry = word >> 52;
                words[at] = word & MASK;
                let difference = words[at].wrapping_sub(MODULUS.0[at]).wrapping_sub(borrow);
                borrow = difference >> 63;
                less[at] = difference & MASK;
                at += 1;
            }
            if borrow == 0 {
                words = less;
            }
            doublings += 1;
        }
        Self(words)
    }

    /// `k·p`, for a small `k`.
    const fn multiple_of_modulus(k: u64) -> Self {
        let mut words = MODULUS.0;
        let (mut carry, mut at) = (0, 0);
        while at < WORDS {
            // The highest word of p has 17 bits, the others 52: no product is above 2^63.
            let word = k * words[at] + carry;
            carry = word >> 52;
            words[at] = word & MASK;
            at += 1;
        }
        Self(words)
    }

    /// The number itself, not in Montgomery's form.
    fn whole(number: &Fq) -> Self {
        Self::split(&number.into_bigint().0)
    }

    /// What [`Self::whole`] takes.
    fn number(&self) -> Fq {
        let mut limbs = [0u64; 6];
        for (at, word) in self.0.iter().enumerate() {
            let (limb, shift) = (52 * at / 64, 52 * at % 64);
            limbs[limb] |= word << shift;
            if shift > 12 && limb + 1 < 6 {
                limbs[limb + 1] |= word >> (64 - shift);
            }
        }
        Fq::from_bigint(BigInteger384::new(limbs)).unwrap_or_default()
    }

    /// `−n` of a number below `p`.
    fn negated(&self) -> Self {
        if *self == Self::ZERO {
            return *self;
        }
        let (mut words, mut borrow) = ([0; WORDS], 0);
        for ((word, its), of_modulus) in words.iter_mut().zip(&self.0).zip(&MODULUS.0) {
            let difference = of_modulus.wrapping_sub(*its).wrapping_sub(borrow);
            borrow = difference >> 63;
            *word = difference & MASK;
        }
        Self(words)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load(&self) -> __m512i {
        // SAFETY: reads 64 bytes, which are aligned.
        unsafe { _mm512_load_si512((&raw const *self).cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn store(&mut self, register: __m512i) {
        // SAFETY: writes 64 bytes, which are aligned.
        unsafe { _mm512_store_si512((&raw mut *self).cast(), register) };
    }
}

/// Eight numbers, word by word: each register holds one word of all of them.
#[derive(Clone, Copy)]
pub(super) struct FpLanes([__m512i; WORDS]);

impl FpLanes {
    /// Eight numbers that lie one by one.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn load(numbers: [&Words; LANES]) -> Self {
        let mut rows = [_mm512_setzero_si512(); LANES];
        for (row, number) in rows.iter_mut().zip(numbers) {
            *row = number.load();
        }
        Self(transposed(rows))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn store(&self, numbers: [&mut Words; LANES]) {
        let rows = transposed(self.0);
        for (row, number) in rows.into_iter().zip(numbers) {
            number.store(row);
        }
    }

    /// The same number in every lane.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn everywhere(number: &Words) -> Self {
        let mut registers = [_mm512_setzero_si512(); WORDS];
        for (register, word) in registers.iter_mut().zip(number.0) {
            *register = _mm512_set1_epi64(word as i64);
        }
        Self(registers)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn zero() -> Self {
        Self([_mm512_setzero_si512(); WORDS])
    }

    /// Into Montgomery's form, below 2.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn enter(numbers: &[Fq; LANES]) -> Self {
        let numbers = numbers.each_ref().map(Words::whole);
        Self::load(numbers.each_ref()).times(&Self::everywhere(&R_SQUARED))
    }

    /// Out of Montgomery's form; takes numbers below 2^32.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn leave(&self) -> [Fq; LANES] {
        let mut numbers = [Words::ZERO; LANES];
        self.whole().store(numbers.each_mut());
        numbers.each_ref().map(Words::number)
    }

    /// The numbers themselves, below 1.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn whole(&self) -> Self {
        let mut one = Self::zero();
        one.0[0] = _mm512_set1_epi64(1);
        self.times(&one).canonical()
    }

    /// Carries what is above 52 bits, of words between −2^63 and 2^63; the numbers are not negative.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn carried(mut self) -> Self {
        let mask = _mm512_set1_epi64(MASK as i64);
        for at in 1..WORDS {
            let carry = _mm512_srai_epi64::<52>(self.0[at - 1]);
            self.0[at - 1] = _mm512_and_si512(self.0[at - 1], mask);
            self.0[at] = _mm512_add_epi64(self.0[at], carry);
        }
        self
    }

    /// Numbers below `a` and `b`: the sums are below `a + b`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn plus(&self, other: &Self) -> Self {
        let mut sum = *self;
        for at in 0..WORDS {
            sum.0[at] = _mm512_add_epi64(sum.0[at], other.0[at]);
        }
        sum.carried()
    }

    /// Numbers below `a` and `K`: the differences are below `a + K`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn minus<const K: u64>(&self, other: &Self) -> Self {
        let multiple = const { Words::multiple_of_modulus(K) };
        let mut difference = *self;
        for at in 0..WORDS {
            // From −2^52 to 2^53.
            let word = _mm512_set1_epi64(multiple.0[at] as i64);
            let word = _mm512_add_epi64(difference.0[at], word);
            difference.0[at] = _mm512_sub_epi64(word, other.0[at]);
        }
        difference.carried()
    }

    /// Numbers below `a` and `b` with `a·b ≤ 2^34`: the products, divided by `R`, are below 2.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn times(&self, other: &Self) -> Self {
        sum_of_products([(self, other)])
    }

    /// Numbers below `2^17`: the squares, divided by `R`, are below 2.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn squared(&self) -> Self {
        square(self)
    }

    /// The same numbers below 1; takes numbers below 4.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn canonical(&self) -> Self {
        self.less_if_not_below::<2>().less_if_not_below::<1>()
    }

    /// Takes `k·p` from the numbers that are not below `K`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn less_if_not_below<const K: u64>(&self) -> Self {
        let multiple = const { Words::multiple_of_modulus(K) };
        let mut less = *self;
        for at in 0..WORDS {
            let word = _mm512_set1_epi64(multiple.0[at] as i64);
            less.0[at] = _mm512_sub_epi64(less.0[at], word);
        }
        let less = less.carried();
        // The sign of a number is that of its highest word.
        let below = _mm512_cmplt_epi64_mask(less.0[WORDS - 1], _mm512_setzero_si512());
        less.or_where(below, self)
    }

    /// In the lanes of the mask, the other's numbers.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn or_where(&self, lanes: u8, other: &Self) -> Self {
        let mut chosen = *self;
        for at in 0..WORDS {
            chosen.0[at] = _mm512_mask_blend_epi64(lanes, chosen.0[at], other.0[at]);
        }
        chosen
    }

    /// In which lanes the words are the same.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn equal(&self, other: &Self) -> u8 {
        let mut lanes = u8::MAX;
        for at in 0..WORDS {
            lanes &= _mm512_cmpeq_epi64_mask(self.0[at], other.0[at]);
        }
        lanes
    }

    /// The numbers `BY` lanes on.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn rotated<const BY: i32>(&self) -> Self {
        let mut rotated = *self;
        for at in 0..WORDS {
            rotated.0[at] = _mm512_alignr_epi64::<BY>(rotated.0[at], rotated.0[at]);
        }
        rotated
    }
}

/// `Σ a_i·b_i/R` of one or two products, below 2: the factors are below `k_i` and `l_i` with
/// `Σ k_i·l_i ≤ 2^34`.
///
/// `Σ a_i·b_i + q·p`, where `q < R` makes it a multiple of `R`, is below `2^34·p² + R·p`, and since
/// `2^34·p < R` below `2·R·p`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sum_of_products<const N: usize>(products: [(&FpLanes, &FpLanes); N]) -> FpLanes {
    const {
        assert!(
            N <= 2,
            "a word gathers at most 48 numbers of 52 bits and eight carries"
        )
    };
    let modulus = FpLanes::everywhere(&MODULUS).0;
    let inverse = _mm512_set1_epi64(INVERSE as i64);
    let zero = _mm512_setzero_si512();
    let [
        mut s0,
        mut s1,
        mut s2,
        mut s3,
        mut s4,
        mut s5,
        mut s6,
        mut s7,
    ] = [zero; WORDS];
    // Written out, since only then all words stay in registers.
    macro_rules! add {
        ($part:ident, $factor:expr, $number:expr) => {
            let (factor, number) = ($factor, $number);
            s0 = $part(s0, factor, number[0]);
            s1 = $part(s1, factor, number[1]);
            s2 = $part(s2, factor, number[2]);
            s3 = $part(s3, factor, number[3]);
            s4 = $part(s4, factor, number[4]);
            s5 = $part(s5, factor, number[5]);
            s6 = $part(s6, factor, number[6]);
            s7 = $part(s7, factor, number[7]);
        };
    }
    macro_rules! row {
        ($at:literal) => {
            for product in 0..N {
                let (a, b) = products[product];
                add!(_mm512_madd52lo_epu64, a.0[$at], &b.0);
            }
            let quotient = _mm512_madd52lo_epu64(zero, s0, inverse);
            add!(_mm512_madd52lo_epu64, quotient, &modulus);
            // The lowest word is a multiple of 2^52 now: on by a word.
            let carry = _mm512_srli_epi64::<52>(s0);
            s0 = _mm512_add_epi64(s1, carry);
            (s1, s2, s3, s4, s5, s6, s7) = (s2, s3, s4, s5, s6, s7, zero);
            for product in 0..N {
                let (a, b) = products[product];
                add!(_mm512_madd52hi_epu64, a.0[$at], &b.0);
            }
            add!(_mm512_madd52hi_epu64, quotient, &modulus);
        };
    }
    row!(0);
    row!(1);
    row!(2);
    row!(3);
    row!(4);
    row!(5);
    row!(6);
    row!(7);
    FpLanes([s0, s1, s2, s3, s4, s5, s6, s7]).carried()
}

/// Numbers below `2^17`: the squares, divided by `R`, are below 2.
///
/// A fifth less work than a product, since `a_i·a_j` is computed once for `i ≠ j`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn square(a: &FpLanes) -> FpLanes {
    let a = &a.0;
    let mut words = [_mm512_setzero_si512(); 2 * WORDS];
    macro_rules! add {
        ($i:literal: $($j:literal)*) => {$(
            words[$i + $j] = _mm512_madd52lo_epu64(words[$i + $j], a[$i], a[$j]);
            words[$i + $j + 1] = _mm512_madd52hi_epu64(words[$i + $j + 1], a[$i], a[$j]);
        )*};
    }
    // Up to 14 numbers of 52 bits in a word, and then twice as many and two more.
    add!(0: 1 2 3 4 5 6 7);
    add!(1: 2 3 4 5 6 7);
    add!(2: 3 4 5 6 7);
    add!(3: 4 5 6 7);
    add!(4: 5 6 7);
    add!(5: 6 7);
    add!(6: 7);
    for word in &mut words {
        *word = _mm512_add_epi64(*word, *word);
    }
    add!(0: 0);
    add!(1: 1);
    add!(2: 2);
    add!(3: 3);
    add!(4: 4);
    add!(5: 5);
    add!(6: 6);
    add!(7: 7);

    // For the lower words, what makes them multiples of 2^52: sixteen more numbers a word, and a
    // carry.
    let modulus = FpLanes::everywhere(&MODULUS).0;
    let inverse = _mm512_set1_epi64(INVERSE as i64);
    let zero = _mm512_setzero_si512();
    macro_rules! reduce {
        ($i:literal) => {
            let quotient = _mm512_madd52lo_epu64(zero, words[$i], inverse);
            reduce!($i quotient: 0 1 2 3 4 5 6 7);
            let carry = _mm512_srli_epi64::<52>(words[$i]);
            words[$i + 1] = _mm512_add_epi64(words[$i + 1], carry);
        };
        ($i:literal $quotient:ident: $($j:literal)*) => {$(
            words[$i + $j] = _mm512_madd52lo_epu64(words[$i + $j], $quotient, modulus[$j]);
            words[$i + $j + 1] =
                _mm512_madd52hi_epu64(words[$i + $j + 1], $quotient, modulus[$j]);
        )*};
    }
    reduce!(0);
    reduce!(1);
    reduce!(2);
    reduce!(3);
    reduce!(4);
    reduce!(5);
    reduce!(6);
    reduce!(7);
    let [_, _, _, _, _, _, _, _, s0, s1, s2, s3, s4, s5, s6, s7] = words;
    FpLanes([s0, s1, s2, s3, s4, s5, s6, s7]).carried()
}
