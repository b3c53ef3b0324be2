//! Square roots in Fp2, eight at a time, where the processor multiplies eight numbers of 52 bits
//! at once (AVX-512 IFMA): a point of G2 is made of its bytes in a third of the time.
//!
//! What comes from here is a **proposal**: the caller squares it. A wrong one would cost time and
//! change nothing. For public numbers.

use ark_bls12_381::{Fq, Fq2};
use ark_ff::{AdditiveGroup, BigInteger384, Field, PrimeField};

/// How many roots are proposed together.
pub(super) const LANES: usize = 8;

/// Proposes a root of each of these squares; `None` where the processor cannot.
pub(super) fn propose(squares: &[Fq2; LANES]) -> Option<[Fq2; LANES]> {
    // With a² + b² = s² the root of a + b·i is c + b/(2c)·i, where c² = (a + s)/2, or if that is
    // no square −b/(2d) … + d·i, where d² = −(a + s)/2 (Scott, ePrint 2020/1497). From
    // t = x^((p−3)/4) come both the candidate x·t for the root of ± x, and ± its inverse, t.
    let norms = squares.map(|square| square.c0.square() + square.c1.square());
    let powers = power(&norms)?;
    let mut halves = [Fq::ZERO; LANES];
    for ((half, square), (norm, power)) in
        halves.iter_mut().zip(squares).zip(norms.iter().zip(powers))
    {
        *half = (square.c0 + *norm * power) * HALF;
    }
    let inverses = power(&halves)?;
    let mut roots = [Fq2::ZERO; LANES];
    for ((root, square), (half, inverse)) in roots
        .iter_mut()
        .zip(squares)
        .zip(halves.iter().zip(inverses))
    {
        let candidate = *half * inverse;
        let other = square.c1 * inverse * HALF;
        *root = if candidate.square() == *half {
            Fq2::new(candidate, other)
        } else {
            Fq2::new(-other, candidate)
        };
    }
    Some(roots)
}

/// `1/2`.
const HALF: Fq = ark_ff::MontFp!(
    "2001204777610833696708894912867952078278441409969503942666029068062015825245418932221343814564507832018947136279894"
);

/// `x^((p−3)/4)` of each.
#[cfg(target_arch = "x86_64")]
fn power(numbers: &[Fq; LANES]) -> Option<[Fq; LANES]> {
    if std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512ifma") {
        // SAFETY: the processor has what the function needs.
        Some(unsafe { ifma::power(numbers) })
    } else {
        None
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn power(_: &[Fq; LANES]) -> Option<[Fq; LANES]> {
    None
}

#[cfg(target_arch = "x86_64")]
#[allow(
    clippy::indexing_slicing,
    reason = "arrays of fixed lengths, and indices that do not depend on the numbers"
)]
mod ifma {
    use core::arch::x86_64::{
        __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64,
        _mm512_set1_epi64, _mm512_setzero_si512, _mm512_srli_epi64,
    };

    use super::{BigInteger384, Fq, LANES, PrimeField};

    /// Words of a number, of 52 bits each.
    const WORDS: usize = 8;
    const MASK: u64 = (1 << 52) - 1;
    /// The modulus in such words.
    const MODULUS: [u64; WORDS] = words(&Fq::MODULUS.0);
    /// `−1/p` modulo 2^52.
    const INVERSE: u64 = {
        // Newton's iteration doubles the bits that are right.
        let mut inverse = 1u64;
        let mut round = 0;
        while round < 6 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(MODULUS[0].wrapping_mul(inverse)));
            round += 1;
        }
        inverse.wrapping_neg() & MASK
    };
    /// Bits of the window of the exponentiation.
    const WINDOW: usize = 5;

    const fn words(limbs: &[u64; 6]) -> [u64; WORDS] {
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
        words
    }

    /// Eight numbers below `2p`, word by word; in Montgomery's form with `R = 2^416`.
    type Numbers = [__m512i; WORDS];

    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn power(numbers: &[Fq; LANES]) -> [Fq; LANES] {
        // R² mod p, to enter the form.
        let mut square = Fq::from(1u64);
        for _ in 0..2 * 52 * WORDS {
            square += square;
        }
        let square = words(&square.into_bigint().0).map(|word| _mm512_set1_epi64(word as i64));
        let base = times(&pack(numbers), &square);

        // x, x³, x⁵, …
        let twice = times(&base, &base);
        let mut odd = [base; 1 << (WINDOW - 1)];
        for at in 1..odd.len() {
            odd[at] = times(&odd[at - 1], &twice);
        }
        let mut value: Option<Numbers> = None;
        for (squarings, digit) in chain() {
            if let Some(value) = &mut value {
                for _ in 0..squarings {
                    *value = times(value, value);
                }
            }
            if digit != 0 {
                let factor = &odd[digit / 2];
                value = Some(match value {
                    Some(value) => times(&value, factor),
                    None => *factor,
                });
            }
        }

        let mut one = [_mm512_setzero_si512(); WORDS];
        one[0] = _mm512_set1_epi64(1);
        unpack(&times(&value.unwrap_or(one), &one))
    }

    /// How to raise to the power `(p − 3)/4`: so many squarings, then times an odd power; the last
    /// may be 0.
    fn chain() -> Vec<(usize, usize)> {
        let mut exponent = Fq::MODULUS;
        exponent.0[0] -= 3;
        let bit = |at: usize| (exponent.0[at / 64] >> (at % 64) & 1) as usize;
        let mut chain = Vec::new();
        let (mut at, mut squarings) = (381, 0);
        // The two lowest bits, both 0, are the division by 4.
        while at > 2 {
            if bit(at - 1) == 0 {
                squarings += 1;
                at -= 1;
                continue;
            }
            let mut low = at.saturating_sub(WINDOW).max(2);
            while bit(low) == 0 {
                low += 1;
            }
            let digit = (low..at).rev().fold(0, |digit, at| 2 * digit + bit(at));
            chain.push((squarings + at - low, digit));
            (at, squarings) = (low, 0);
        }
        chain.push((squarings, 0));
        chain
    }

    /// `a·b/R`, below `2p` where both factors are: `4p² + R·p < 2p·R`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn times(a: &Numbers, b: &Numbers) -> Numbers {
        let modulus = MODULUS.map(|word| _mm512_set1_epi64(word as i64));
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
        macro_rules! add_product {
            ($factor:expr) => {
                let factor = $factor;
                s0 = _mm512_madd52lo_epu64(s0, factor, b[0]);
                s1 = _mm512_madd52lo_epu64(s1, factor, b[1]);
                s2 = _mm512_madd52lo_epu64(s2, factor, b[2]);
                s3 = _mm512_madd52lo_epu64(s3, factor, b[3]);
                s4 = _mm512_madd52lo_epu64(s4, factor, b[4]);
                s5 = _mm512_madd52lo_epu64(s5, factor, b[5]);
                s6 = _mm512_madd52lo_epu64(s6, factor, b[6]);
                s7 = _mm512_madd52lo_epu64(s7, factor, b[7]);
                let quotient = _mm512_madd52lo_epu64(zero, s0, inverse);
                s0 = _mm512_madd52lo_epu64(s0, quotient, modulus[0]);
                s1 = _mm512_madd52lo_epu64(s1, quotient, modulus[1]);
                s2 = _mm512_madd52lo_epu64(s2, quotient, modulus[2]);
                s3 = _mm512_madd52lo_epu64(s3, quotient, modulus[3]);
                s4 = _mm512_madd52lo_epu64(s4, quotient, modulus[4]);
                s5 = _mm512_madd52lo_epu64(s5, quotient, modulus[5]);
                s6 = _mm512_madd52lo_epu64(s6, quotient, modulus[6]);
                s7 = _mm512_madd52lo_epu64(s7, quotient, modulus[7]);
                // The lowest word is a multiple of 2^52 now: on by a word.
                let carry = _mm512_srli_epi64::<52>(s0);
                s0 = _mm512_madd52hi_epu64(_mm512_add_epi64(s1, carry), factor, b[0]);
                s1 = _mm512_madd52hi_epu64(s2, factor, b[1]);
                s2 = _mm512_madd52hi_epu64(s3, factor, b[2]);
                s3 = _mm512_madd52hi_epu64(s4, factor, b[3]);
                s4 = _mm512_madd52hi_epu64(s5, factor, b[4]);
                s5 = _mm512_madd52hi_epu64(s6, factor, b[5]);
                s6 = _mm512_madd52hi_epu64(s7, factor, b[6]);
                s7 = _mm512_madd52hi_epu64(zero, factor, b[7]);
                s0 = _mm512_madd52hi_epu64(s0, quotient, modulus[0]);
                s1 = _mm512_madd52hi_epu64(s1, quotient, modulus[1]);
                s2 = _mm512_madd52hi_epu64(s2, quotient, modulus[2]);
                s3 = _mm512_madd52hi_epu64(s3, quotient, modulus[3]);
                s4 = _mm512_madd52hi_epu64(s4, quotient, modulus[4]);
                s5 = _mm512_madd52hi_epu64(s5, quotient, modulus[5]);
                s6 = _mm512_madd52hi_epu64(s6, quotient, modulus[6]);
                s7 = _mm512_madd52hi_epu64(s7, quotient, modulus[7]);
            };
        }
        add_product!(a[0]);
        add_product!(a[1]);
        add_product!(a[2]);
        add_product!(a[3]);
        add_product!(a[4]);
        add_product!(a[5]);
        add_product!(a[6]);
        add_product!(a[7]);
        let mut sum = [s0, s1, s2, s3, s4, s5, s6, s7];
        // A word has gathered fewer than 2^6 numbers of 52 bits: carry what is above.
        let mask = _mm512_set1_epi64(MASK as i64);
        for at in 1..WORDS {
            let carry = _mm512_srli_epi64::<52>(sum[at - 1]);
            sum[at - 1] = _mm512_and_si512(sum[at - 1], mask);
            sum[at] = _mm512_add_epi64(sum[at], carry);
        }
        sum
    }

    fn pack(numbers: &[Fq; LANES]) -> Numbers {
        let numbers = numbers.map(|number| words(&number.into_bigint().0));
        core::array::from_fn(|word| {
            let lanes: [u64; LANES] = core::array::from_fn(|lane| numbers[lane][word]);
            // SAFETY: both are 64 bytes, of any value.
            unsafe { core::mem::transmute::<[u64; LANES], __m512i>(lanes) }
        })
    }

    fn unpack(numbers: &Numbers) -> [Fq; LANES] {
        // SAFETY: both are 64 bytes, of any value.
        let numbers =
            numbers.map(|word| unsafe { core::mem::transmute::<__m512i, [u64; LANES]>(word) });
        core::array::from_fn(|lane| {
            let mut limbs = [0u64; 6];
            for (at, word) in numbers.iter().enumerate() {
                let (limb, shift) = (52 * at / 64, 52 * at % 64);
                limbs[limb] |= word[lane] << shift;
                if shift > 12 && limb + 1 < 6 {
                    limbs[limb + 1] |= word[lane] >> (64 - shift);
                }
            }
            // Below 2p, and p itself stands for 0.
            let value = BigInteger384::new(limbs);
            Fq::from_bigint(value).unwrap_or_else(|| {
                let mut value = value;
                ark_ff::BigInteger::sub_with_borrow(&mut value, &Fq::MODULUS);
                Fq::from_bigint(value).unwrap_or_default()
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::differential::{Numbers, cases};

    #[test]
    fn proposed_roots_are_roots_of_every_square_where_the_processor_can() {
        let mut numbers = Numbers(40);
        for _ in 0..cases(500) {
            let roots: [Fq2; LANES] =
                core::array::from_fn(|_| Fq2::new(numbers.fq(), numbers.fq()));
            let Some(proposed) = propose(&roots.map(|root| root.square())) else {
                #[cfg(target_arch = "x86_64")]
                assert!(!std::is_x86_feature_detected!("avx512ifma"));
                return;
            };
            for (proposed, root) in proposed.iter().zip(roots) {
                // Of a square in Fp, the formulas find none where half of a + s is 0.
                let special = root.c0 == Fq::ZERO || root.c1 == Fq::ZERO;
                assert!(*proposed == root || *proposed == -root || special, "{root}");
            }
        }
    }
}
